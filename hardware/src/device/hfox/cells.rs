//! 1T1R cells written pulse by pulse: SET above one threshold, RESET by degrees above another.
//!
//! **SET** is abrupt: a positive pulse of at least the cell's `U_SET` brings it to its low-resistance state, and a new
//! cycle begins. **RESET** goes by degrees: a negative pulse beyond `U_RESET` brings the nominal conductance to
//! `g_H + (g_L - g_H)·(1 - d)^η`, `d = (|V| - U_RESET)/(V_max - U_RESET)`, `V_max` the voltage of a complete RESET:
//! the power law with which the current of a RESET falls in Synaptogen (`η` published). A later pulse that reaches no
//! deeper moves nothing. The width of a pulse sets its energy alone: the measured cells were swept slowly.
//! **Chance.** Both thresholds are normal, between cells and between cycles; the level that a pulse reaches has the
//! spread of programming at that level. Successive cycles are correlated as published. Stuck cells stay.

use super::HfOx;
use crate::device::{Cells, Chance, Device, Programming, Pulse};
use crate::rng::{Domain, Draw};
use crate::units::{Joule, Volt};

/// Lanes of the draws of a cycle.
const LRS: usize = 0;
const HRS: usize = 1;
const SET: usize = 2;
const RESET: usize = 3;

/// One cell.
#[derive(Debug, Clone)]
struct Cell {
    address: u64,
    stuck: bool,
    /// Normals of the cell: level, `U_SET`, `U_RESET`.
    own: [f64; 3],
    /// Normals of its cycle.
    cycle: [f64; 4],
    /// How far it is RESET: 0 low-, 1 high-resistance state.
    depth: f64,
    g: f64,
}

/// Cells of a card.
#[derive(Debug)]
pub(super) struct HfOxCells {
    device: HfOx,
    cells: Vec<Cell>,
    chance: Chance,
}

impl HfOxCells {
    /// Cells in their high-resistance state.
    pub(super) fn new(device: &HfOx, addresses: &[u64], chance: Chance) -> Self {
        let mut all = Self { device: device.clone(), cells: Vec::with_capacity(addresses.len()), chance };
        for &address in addresses {
            let normal = |domain, tick, lane: usize| all.normal(domain, address, tick, lane);
            let stuck = device.stuck(address, chance);
            let mut cell = Cell {
                address,
                stuck: stuck.is_some(),
                own: [0, 1, 2].map(|tick| normal(Domain::DeviceToDevice, tick, 0)),
                // programming draws lanes 0 and 1 of this address
                cycle: [LRS, HRS, SET, RESET].map(|lane| normal(Domain::Program, 0, 4 + lane)),
                depth: 1.0,
                g: 0.0,
            };
            cell.g = stuck.unwrap_or_else(|| all.level(&cell));
            all.cells.push(cell);
        }
        all
    }

    fn normal(&self, domain: Domain, element: u64, tick: u64, lane: usize) -> f64 {
        if self.chance.scale == 0.0 {
            return 0.0;
        }
        self.chance.scale * Draw { seed: self.chance.seed, domain, element, tick }.normal(lane as u16)
    }

    /// Conductance of a cell at its depth.
    fn level(&self, cell: &Cell) -> f64 {
        let (w, d) = (self.device.window(), cell.depth);
        let falling = libm::pow(1.0 - d, self.device.spec.switching.exponent);
        let target = w.g_min.0 + (w.g_max.0 - w.g_min.0) * falling;
        let law = self.device.law(target);
        let z = ((1.0 - d) * cell.cycle[LRS] + d * cell.cycle[HRS]) / libm::hypot(1.0 - d, d);
        target * law.factor(law.tries * z + law.cells * cell.own[0])
    }

    /// One pulse on cell `i`.
    fn apply(&mut self, i: usize, pulse: Pulse, tick: u64) -> Programming {
        let (spec, v) = (&self.device.spec, pulse.voltage.0);
        let mut cell = self.cells[i].clone();
        let before = cell.g;
        let s = &spec.switching;
        let [set, reset] = [
            s.set.0 + s.set_device.0 * cell.own[1] + s.set_cycle.0 * cell.cycle[SET],
            s.reset.0 + s.reset_device.0 * cell.own[2] + s.reset_cycle.0 * cell.cycle[RESET],
        ];
        let mut abrupt = false;
        if v > 0.0 && v >= set && cell.depth > 0.0 && !cell.stuck {
            let memory = [spec.lrs.correlation, spec.hrs.correlation, s.set_correlation, s.reset_correlation];
            for (lane, rho) in memory.into_iter().enumerate() {
                let fresh = self.normal(Domain::Pulse, cell.address, tick, lane);
                cell.cycle[lane] = rho * cell.cycle[lane] + libm::sqrt(1.0 - rho * rho) * fresh;
            }
            cell.depth = 0.0;
            cell.g = self.level(&cell);
            // the current of a SET is that after it from its beginning on
            abrupt = true;
        } else if v < 0.0 && -v > reset && !cell.stuck {
            let complete = spec.programming.reset.0 - reset;
            let depth = if complete > 0.0 { ((-v - reset) / complete).min(1.0) } else { 1.0 };
            if depth > cell.depth {
                cell.depth = depth;
                cell.g = self.level(&cell).min(before);
            }
        }
        let power = |g: f64| self.device.current(g, Volt(v)) * v;
        let mean = if abrupt { power(cell.g) } else { 0.5 * (power(before) + power(cell.g)) };
        self.cells[i] = cell;
        Programming { pulses: 1, energy: Joule(mean * pulse.width.0), time: pulse.width }
    }
}

impl Cells for HfOxCells {
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        let mut total = Programming::default();
        for (i, pulse) in pulses.iter().enumerate().filter(|(_, p)| p.voltage.0 != 0.0) {
            let cost = self.apply(i, *pulse, tick);
            total.pulses += cost.pulses;
            total.energy += cost.energy;
            total.time += cost.time;
        }
        total
    }
    fn conductance(&self, out: &mut [f64]) {
        for (g, cell) in out.iter_mut().zip(&self.cells) {
            *g = cell.g;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{HfOxSpec, HfOxVariationSpec};
    use crate::units::{Kelvin, Second, Share};

    const REAL: Chance = Chance { seed: 61, scale: 1.0 };
    const N: usize = 20_000;

    fn build(change: impl Fn(&mut HfOxSpec)) -> HfOx {
        let mut spec = HfOxSpec {
            variation: HfOxVariationSpec { stuck_lrs: Share(0.0), stuck_hrs: Share(0.0) },
            ..HfOxSpec::default()
        };
        change(&mut spec);
        spec.build(Kelvin(300.0)).unwrap()
    }

    fn cells(d: &HfOx, chance: Chance) -> Box<dyn Cells> {
        d.cells(&(0..N as u64).collect::<Vec<_>>(), chance).unwrap()
    }

    fn pulsed(cells: &mut dyn Cells, voltage: f64, tick: u64) -> Vec<f64> {
        let mut g = vec![0.0; N];
        cells.pulse(&[Pulse { voltage: Volt(voltage), width: Second(1e-7) }; N], tick);
        cells.conductance(&mut g);
        g
    }

    fn moments(x: &[f64]) -> [f64; 2] {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        [mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt()]
    }

    /// The share of cells that a pulse switches is the normal law of the published thresholds (0.667 V and 0.731 V,
    /// 0.059 and 0.032 V between cycles, 0.045 and 0.033 V between cells).
    #[test]
    fn thresholds_are_normal() {
        let d = build(|_| ());
        let below = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
        for (v, middle, spread) in [
            (0.55, 0.667, 0.059_f64.hypot(0.045)),
            (0.667, 0.667, 0.059_f64.hypot(0.045)),
            (0.75, 0.667, 0.059_f64.hypot(0.045)),
            (-0.7, 0.731, 0.032_f64.hypot(0.033)),
            (-0.76, 0.731, 0.032_f64.hypot(0.033)),
        ] {
            let mut cells = cells(&d, REAL);
            if v < 0.0 {
                pulsed(&mut *cells, 1.5, 0);
            }
            let mut before = vec![0.0; N];
            cells.conductance(&mut before);
            let after = pulsed(&mut *cells, v, 1);
            // a RESET barely beyond its threshold lowers nothing that can be told: its level is that before, or above
            let moved = after.iter().zip(&before).filter(|(a, b)| a != b).count() as f64 / N as f64;
            let p = below((v.abs() - middle) / spread);
            let error = (p * (1.0 - p) / N as f64).sqrt();
            let few = if v > 0.0 { 0.0 } else { 0.5 * p };
            assert!(moved - p < 4.5 * error && p - moved < 4.5 * error + few, "{v} V: {moved}, {p} expected");
            assert_eq!(pulsed(&mut *cells, v, 2), after, "the same pulse again moves nothing");
        }
    }

    /// A complete cycle leaves the states of programming, with the published correlation from cycle to cycle.
    #[test]
    fn complete_cycles_have_the_measured_states() {
        let d = build(|s| (s.lrs.device_to_device, s.hrs.device_to_device_decades) = (Share(0.0), 0.0));
        let mut cells = cells(&d, REAL);
        let mut seen: [Vec<Vec<f64>>; 2] = [Vec::new(), Vec::new()];
        for cycle in 0..2 {
            seen[0].push(pulsed(&mut *cells, 1.5, 2 * cycle).iter().map(|g| 1.0 / g).collect());
            seen[1].push(pulsed(&mut *cells, -1.6, 2 * cycle + 1).iter().map(|g| -g.log10()).collect());
        }
        for (states, middle, spread, memory) in
            [(&seen[0], 4521.0, 4521.0 * 0.032, 0.34), (&seen[1], 75.3e3_f64.log10(), 0.182, 0.09)]
        {
            let n = N as f64;
            let [[a, sa], [b, sb]] = [0, 1].map(|i| moments(&states[i]));
            for (mean, s) in [(a, sa), (b, sb)] {
                assert!((mean - middle).abs() < 4.5 * spread / n.sqrt(), "{mean}, {middle} expected");
                assert!((s / spread - 1.0).abs() < 4.5 / (2.0 * n).sqrt(), "{s}, {spread} expected");
            }
            let products = states[0].iter().zip(&states[1]).map(|(x, y)| (x - a) * (y - b)).sum::<f64>();
            let correlation = products / (n * sa * sb);
            assert!((correlation - memory).abs() < 4.5 / n.sqrt(), "{correlation}, {memory} expected");
        }
    }

    /// Without chance a RESET goes by degrees along its power law, and only ever deeper.
    #[test]
    fn resets_go_by_degrees() {
        let d = build(|_| ());
        let w = d.window();
        let mut cells = cells(&d, Chance { scale: 0.0, ..REAL });
        assert_eq!(pulsed(&mut *cells, 0.6, 0)[0], w.g_min.0, "too weak to SET");
        let g = pulsed(&mut *cells, 1.5, 1)[0];
        assert!((g / w.g_max.0 - 1.0).abs() < 1e-12);
        let mut before = g;
        for (tick, v) in [0.72, 0.8, 0.9, 1.2, 1.46, 2.0].into_iter().enumerate() {
            let g = pulsed(&mut *cells, -v, 2 + tick as u64)[0];
            let left = 1.0 - ((v - 0.731) / (1.46 - 0.731)).clamp(0.0, 1.0);
            let wanted = w.g_min.0 + (w.g_max.0 - w.g_min.0) * left.powf(3.0567);
            assert!((g / wanted - 1.0).abs() < 1e-9 && g <= before, "{v} V: {g}, {wanted} expected");
            before = g;
        }
        assert_eq!(pulsed(&mut *cells, -0.9, 20)[0], before, "a weaker pulse raises nothing");
        // the cost of one complete cycle is that of programming, which counts it the same way
        let mut one = d.cells(&[3], Chance { scale: 0.0, ..REAL }).unwrap();
        let [set, reset] = d.pulses().unwrap();
        let (first, second) = (one.pulse(&[set], 0), one.pulse(&[reset], 1));
        let powers = d.lrs_power;
        assert!((first.energy.0 / (powers[0] * set.width.0) - 1.0).abs() < 1e-9);
        let low = d.current(w.g_min.0, reset.voltage) * reset.voltage.0;
        assert!((second.energy.0 / (0.5 * (powers[1] + low) * reset.width.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn stuck_cells_stay() {
        let d = build(|s| s.variation.stuck_lrs = Share(1.0));
        let mut cells = cells(&d, REAL);
        assert!(pulsed(&mut *cells, -1.6, 0).iter().all(|g| *g == d.window().g_max.0));
    }
}
