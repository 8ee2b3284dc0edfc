//! Programming by trains of identical pulses, with optional verification.
//!
//! The controller knows the nominal cell: it looks up how many steps lie between the conductance it read and
//! the target, and applies coarse pulses and then fine ones. The real cell has its own law, so the outcome is
//! read and corrected until it is in range, the tries are used up, or trains move it the wrong way (a cell whose
//! own window ends before the target).

use super::Mos2Memtransistor;
use super::spread::Cell;
use super::state::State;
use crate::device::{Chance, Device, Programming};
use crate::rng::{Domain, Draw};
use crate::units::{Joule, Second};

/// Intervals of the controller's tables of the nominal law.
const INTERVALS: usize = 1024;
/// A correction covers at most this share of the way through the window. Assumed; keeps a cell with two zones
/// from being driven past its turning point by one wrong guess.
const LARGEST_CORRECTION: f64 = 1.0 / 16.0;

/// After so many trains in a row that moved the cell the wrong way the controller gives up: the cell is past the
/// turning point of its zones. Assumed; one such train may be noise.
const MOST_CONTRARY: u32 = 2;

/// Conductance of the nominal cell along the way up or down.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    /// Conductance after `i·step` steps, rising.
    g: Vec<f64>,
    step: f64,
    /// Whether position 0 is the highest conductance.
    falling: bool,
}

impl Path {
    /// Tabulates `conductance(x)` for `x` in [0, `length`]. Near the turning point of two zones the way down
    /// first rises a little, since the right zone closes; the table is flat there.
    pub(super) fn new(length: f64, falling: bool, conductance: impl Fn(f64) -> f64) -> Self {
        let step = length / INTERVALS as f64;
        let mut g: Vec<f64> = (0..=INTERVALS).map(|i| conductance(i as f64 * step)).collect();
        if falling {
            g.reverse();
        }
        for i in 1..g.len() {
            g[i] = g[i].max(g[i - 1]);
        }
        Self { g, step, falling }
    }

    /// Steps from the start of the path to conductance `g`.
    pub(super) fn position(&self, g: f64) -> f64 {
        let i = self.g.partition_point(|&x| x < g).clamp(1, INTERVALS);
        let (low, high) = (self.g[i - 1], self.g[i]);
        let share = if high > low { ((g - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
        let x = (i as f64 - 1.0 + share) * self.step;
        if self.falling { INTERVALS as f64 * self.step - x } else { x }
    }
}

/// A train: coarse and fine pulses of one polarity.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Train {
    coarse: f64,
    fine: f64,
    steps: f64,
}

impl Mos2Memtransistor {
    /// The train whose nominal effect comes closest to `steps`.
    fn train(&self, steps: f64) -> Train {
        let (coarse_step, fine_step) = if steps >= 0.0 { self.up } else { self.down };
        let wanted = steps.abs();
        // the slack keeps a whole number of steps whole in spite of rounding
        let coarse = (wanted / coarse_step + 1e-9).floor();
        let mut fine = ((wanted - coarse * coarse_step) / fine_step).round().max(0.0);
        let mut coarse = coarse;
        if fine * fine_step >= coarse_step - 1e-12 {
            (coarse, fine) = (coarse + 1.0, 0.0);
        }
        Train { coarse, fine, steps: (coarse * coarse_step + fine * fine_step).copysign(steps) }
    }

    /// Mean write conductance along a train: Gauss's two-point rule on panels of at most eight steps.
    pub(super) fn mean_write_conductance(&self, cell: &Cell, start: State, steps: f64) -> f64 {
        let panels = (steps.abs() / 8.0).ceil().clamp(1.0, 16.0);
        let half = 0.5 / 3.0_f64.sqrt();
        let mut sum = 0.0;
        for panel in 0..panels as u32 {
            for offset in [0.5 - half, 0.5 + half] {
                let s = cell.kinetics.moved(start, steps * (f64::from(panel) + offset) / panels);
                sum += self.write_channel.conductance(s);
            }
        }
        cell.write_gain * sum / (2.0 * panels)
    }

    /// Applies a train to a cell: adds its cost, returns the state after it.
    fn apply(&self, cell: &Cell, s: State, train: Train, noise: f64, cost: &mut Programming) -> State {
        let p = &self.spec.programming;
        let up = train.steps >= 0.0;
        let time = train.coarse * p.width.0 + train.fine * p.correction_width.0;
        let v = if up { p.potentiation } else { p.depression };
        let g = match cell.stuck {
            None => self.mean_write_conductance(cell, s, train.steps),
            Some(_) => cell.write_gain * self.write_channel.conductance(s),
        };
        cost.pulses += (train.coarse + train.fine) as u64;
        cost.energy += Joule(g * self.factor(v.0) * v.0 * time);
        cost.time += Second(time);
        self.stepped(cell, s, train.steps, noise)
    }

    /// State of a cell after `steps` steps of the nominal cell, with a standard normal times the scale of chance.
    pub(super) fn stepped(&self, cell: &Cell, s: State, steps: f64, noise: f64) -> State {
        if cell.stuck.is_some() || steps == 0.0 {
            return s;
        }
        // square-root rule: n pulses have n times the variance of one
        let spread = noise * self.spec.variation.cycle_to_cycle.0 * libm::sqrt(steps.abs());
        if self.is_dual_zone() {
            let real = steps + spread * self.spec.kinetics.pulses_potentiation;
            cell.kinetics.moved(s, if steps >= 0.0 { real.max(0.0) } else { real.min(0.0) })
        } else {
            let moved = cell.kinetics.moved(s, steps);
            State { left: (moved.left - spread).clamp(0.0, 1.0), right: 0.0 }
        }
    }

    /// Programs one cell from its lowest state and returns its conductance.
    pub(super) fn program_cell(&self, target: f64, address: u64, chance: Chance, cost: &mut Programming) -> f64 {
        let cell = self.cell(address, chance);
        let mut state = match cell.stuck {
            Some(true) => self.highest,
            _ => State::LOWEST,
        };
        let conductance = |s: State| cell.read_gain * self.read_channel.conductance(s);
        let draw = |attempt: u32, lane: u16| {
            if chance.scale == 0.0 {
                return 0.0;
            }
            let d = Draw { seed: chance.seed, domain: Domain::Program, element: address, tick: u64::from(attempt) };
            d.normal(lane) * chance.scale
        };
        let train = self.train(self.rise.position(target));
        state = self.apply(&cell, state, train, draw(0, 0), cost);
        if let Some(verify) = self.spec.programming.verify {
            let window = self.window().g_max.0 - self.window().g_min.0;
            let tolerance = verify.tolerance.0 * window;
            let (mut before, mut upwards, mut contrary) = (f64::NAN, true, 0);
            for attempt in 1..=verify.tries {
                let g = conductance(state);
                let v = self.spec.read.voltage.0;
                cost.energy += Joule(g * v * v * verify.read_time.0);
                cost.time += verify.read_time;
                let read = g * (1.0 + self.spec.read.noise.0 * draw(attempt - 1, 1));
                contrary = if (read < before) == upwards && !before.is_nan() { contrary + 1 } else { 0 };
                if (read - target).abs() <= tolerance || attempt == verify.tries || contrary == MOST_CONTRARY {
                    break;
                }
                before = read;
                let wanted = if read < target {
                    (self.rise.position(target) - self.rise.position(read)).max(0.0)
                } else {
                    -(self.fall.position(target) - self.fall.position(read)).max(0.0)
                };
                let limit = LARGEST_CORRECTION * self.spec.kinetics.pulses_potentiation;
                let train = self.train(wanted.clamp(-limit, limit));
                if train.steps == 0.0 {
                    break;
                }
                upwards = train.steps > 0.0;
                state = self.apply(&cell, state, train, draw(attempt, 0), cost);
            }
        }
        let g = conductance(state);
        g * self.telegraph(g, address, chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Mos2Spec, StateSpec};
    use crate::units::{Kelvin, Share};

    const CERTAIN: Chance = Chance { seed: 1, scale: 0.0 };

    fn build(change: impl Fn(&mut Mos2Spec)) -> Mos2Memtransistor {
        let mut spec = Mos2Spec::default();
        change(&mut spec);
        spec.build(Kelvin(300.0)).unwrap()
    }

    #[test]
    fn paths_invert_their_law() {
        let up = Path::new(10.0, false, |x| x * x);
        let down = Path::new(10.0, true, |x| 100.0 - x * x);
        for x in [0.0, 0.3, 5.0, 9.99, 10.0] {
            assert!((up.position(x * x) - x).abs() < 0.01);
            assert!((down.position(100.0 - x * x) - x).abs() < 0.01);
        }
        assert_eq!(up.position(1e9), 10.0);
        assert_eq!(down.position(-1.0), 10.0);
    }

    /// NeuroSim's write energy V²·(G_before + G_after)/2·t for one pulse of a linear cell.
    #[test]
    fn energy_of_a_train_is_the_integral_of_power() {
        let d = build(|s| {
            s.state = StateSpec::Normalised;
            s.programming.verify = None;
        });
        let mut cost = Programming::default();
        let g = d.program_cell(d.read_channel.on, 7, CERTAIN, &mut cost);
        assert!((g / d.read_channel.on - 1.0).abs() < 1e-9);
        assert_eq!(cost.pulses, 64);
        // the same integral by the trapezoidal rule on the device's own current law
        let (mut sum, n) = (0.0, 64_000);
        for i in 0..=n {
            let weight = if i == 0 || i == n { 0.5 } else { 1.0 };
            let s = d.kinetics.moved(State::LOWEST, 64.0 * f64::from(i) / f64::from(n));
            sum += weight * d.current(d.write_channel.conductance(s), crate::units::Volt(5.0)) * 5.0;
        }
        let energy = sum * 64e-3 / f64::from(n);
        assert!((cost.energy.0 / energy - 1.0).abs() < 1e-4, "{} {energy}", cost.energy.0);
        assert!((cost.time.0 - 64e-3).abs() < 1e-12);
    }

    /// NeuroSim's cycle-to-cycle rule: n pulses leave a spread of sigma·(Gmax - Gmin)·sqrt(n).
    #[test]
    fn open_loop_spread_follows_the_square_root_rule() {
        let d = build(|s| {
            s.state = StateSpec::Normalised;
            s.programming.verify = None;
            s.variation = crate::device::VariationSpec {
                conductance: Share(0.0),
                threshold: crate::units::Volt(0.0),
                nonlinearity: 0.0,
                rate: Share(0.0),
                cycle_to_cycle: Share(0.01),
                working: Share(1.0),
                stuck_on: Share(0.0),
            };
            s.read.rtn_probability = Share(0.0);
        });
        let w = d.window();
        let span = d.read_channel.on - w.g_min.0;
        let state = d.kinetics.moved(State::LOWEST, 20.0);
        let target = d.read_channel.conductance(state);
        let n = 20_000;
        let (mut sum, mut square) = (0.0, 0.0);
        for cell in 0..n {
            let g = d.program_cell(target, cell, Chance { seed: 3, scale: 1.0 }, &mut Programming::default());
            let z = (g - target) / (span * 0.01 * 20.0_f64.sqrt());
            sum += z;
            square += z * z;
        }
        let n = n as f64;
        // five standard errors; the target is hit to a thousandth of the window by construction of the table
        assert!((sum / n).abs() < 5.0 / n.sqrt() + 0.02, "{}", sum / n);
        assert!((square / n - 1.0).abs() < 5.0 * (2.0 / n).sqrt() + 1e-3, "{}", square / n);
    }

    /// Verification brings working cells whose window contains the target into range.
    #[test]
    fn verification_narrows_the_spread() {
        let spread = |verify: bool| {
            let d = build(|s| {
                s.read.rtn_probability = Share(0.0);
                s.variation.working = Share(1.0);
                if !verify {
                    s.programming.verify = None;
                }
            });
            let w = d.window();
            let target = 0.5 * (w.g_min.0 + w.g_max.0);
            let n = 2000;
            let sum: f64 = (0..n)
                .map(|c| d.program_cell(target, c, Chance { seed: 9, scale: 1.0 }, &mut Programming::default()))
                .map(|g| ((g - target) / (w.g_max.0 - w.g_min.0)).powi(2))
                .sum();
            (sum / n as f64).sqrt()
        };
        let (open, closed) = (spread(false), spread(true));
        eprintln!("rms error in windows: {open} open loop, {closed} verified");
        assert!(closed < 0.25 * open && closed < 0.05, "{closed} against {open}");
    }

    #[test]
    fn a_stuck_cell_stays_where_it_is() {
        let d = build(|s| {
            s.variation.working = Share(0.0);
            s.variation.stuck_on = Share(1.0);
            s.variation.conductance = Share(0.0);
            s.variation.threshold = crate::units::Volt(0.0);
            s.read.rtn_probability = Share(0.0);
        });
        let mut cost = Programming::default();
        let g = d.program_cell(d.window().g_min.0, 5, Chance { seed: 1, scale: 1.0 }, &mut cost);
        assert!((g / d.read_channel.on - 1.0).abs() < 1e-9);
    }
}
