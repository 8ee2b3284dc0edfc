//! Arrays of memtransistors written pulse by pulse.
//!
//! The same laws as [`super::Kinetics`] over arrays: increments of the state are worked out in single precision
//! (relative error 1e-6, far below the noise of a pulse) and added up in double precision, so that the smallest
//! disturbances are not lost. Energy of a pulse: `v·I(v)·t` at the mean of the write conductances before and after
//! it, as in NeuroSim (doi:10.1109/TCAD.2018.2789723).

use super::{Mos2Memtransistor, State};
use crate::device::{Cells, Chance, Programming, Pulse};
use crate::rng::{Domain, Draw, fill_cell_normals};
use crate::simd::{Body, Doubles, Isa, run};
use crate::units::{Joule, Second};

/// Partial sums of the energy: a fixed number, so that the sum has the same bits on every instruction set.
const SUMS: usize = 16;

/// What a pulse does to a nominal cell.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Effect {
    /// Steps of the pulse law, positive ones potentiate.
    steps: f32,
    /// Energy for each siemens of write conductance.
    work: f32,
}

/// Parameters and state of each cell.
#[derive(Debug)]
pub(super) struct Mos2Cells {
    device: Mos2Memtransistor,
    chance: Chance,
    addresses: Vec<u64>,
    left: Vec<f64>,
    right: Vec<f64>,
    law: Laws,
    /// Factor on conductances at the read gate voltage, a frozen trap apart.
    read_gain: Vec<f64>,
    /// Factor on conductances at the write gate voltage.
    write_gain: Vec<f32>,
    /// Write conductance after the last pulse, over `write_gain`.
    written: Vec<f32>,
    /// Normals of four successive ticks and the number of that group of ticks.
    normals: Vec<f32>,
    group: Option<u64>,
    effects: Vec<Effect>,
}

/// Ends and rates of the pulse laws of each cell; both rates are 0 where it is stuck.
#[derive(Debug, Default)]
struct Laws {
    refill_end: Vec<f32>,
    refill_rate: Vec<f32>,
    grow_end: Vec<f32>,
    grow_rate: Vec<f32>,
}

impl Mos2Cells {
    /// The cells at `addresses` in their lowest state (or where they are stuck).
    pub(super) fn new(device: &Mos2Memtransistor, addresses: &[u64], chance: Chance) -> Self {
        let n = addresses.len();
        let mut made = Self {
            device: device.clone(),
            chance,
            addresses: addresses.to_vec(),
            left: Vec::with_capacity(n),
            right: Vec::with_capacity(n),
            law: Laws::default(),
            read_gain: Vec::with_capacity(n),
            write_gain: Vec::with_capacity(n),
            written: Vec::with_capacity(n),
            normals: vec![0.0; if chance.scale == 0.0 { 0 } else { 4 * n }],
            group: None,
            effects: Vec::with_capacity(n),
        };
        for address in addresses {
            let cell = device.cell(*address, chance);
            let state = if cell.stuck == Some(true) { device.highest } else { State::LOWEST };
            let alive = if cell.stuck.is_some() { 0.0 } else { cell.kinetics.rate };
            made.left.push(state.left);
            made.right.push(state.right);
            let ([refill_end, refill_rate], [grow_end, grow_rate]) =
                (cell.kinetics.potentiation.end_and_rate(), cell.kinetics.depression.end_and_rate());
            made.law.refill_end.push(refill_end as f32);
            made.law.refill_rate.push((refill_rate * alive) as f32);
            made.law.grow_end.push(grow_end as f32);
            made.law.grow_rate.push((grow_rate * alive) as f32);
            made.read_gain.push(cell.read_gain);
            made.write_gain.push(cell.write_gain as f32);
            made.written.push(device.write_channel.conductance(state) as f32);
        }
        made
    }

    /// Standard deviations of a pulse of one step: of the steps (two zones) or of the state (one).
    fn spread(&self) -> [f32; 2] {
        let spread = self.device.spec.variation.cycle_to_cycle.0 * self.chance.scale;
        if self.device.is_dual_zone() {
            [(spread * self.device.spec.kinetics.pulses_potentiation) as f32, 0.0]
        } else {
            [0.0, spread as f32]
        }
    }
}

impl Cells for Mos2Cells {
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        let d = &self.device;
        let (mut last, mut effect) = (Pulse::default(), Effect::default());
        let (mut applied, mut time) = (0_u64, 0.0);
        self.effects.clear();
        self.effects.extend(pulses.iter().map(|p| {
            if *p != last {
                last = *p;
                effect = Effect {
                    steps: d.rate.steps(p.voltage, p.width) as f32,
                    work: (d.factor(p.voltage.0) * p.voltage.0 * p.width.0) as f32,
                };
            }
            let real = p.voltage.0 != 0.0;
            applied += u64::from(real);
            time += if real { p.width.0 } else { 0.0 };
            effect
        }));
        let noisy = self.chance.scale != 0.0;
        if noisy && self.group != Some(tick >> 2) {
            let draw = Draw { seed: self.chance.seed, domain: Domain::PulseNoise, element: 0, tick: tick >> 2 };
            fill_cell_normals(draw, &self.addresses, &mut self.normals);
            self.group = Some(tick >> 2);
        }
        let n = self.addresses.len();
        let [spread_of_steps, spread_of_state] = self.spread();
        let energy = run(
            Isa::best(),
            Kernel {
                spread_of_steps,
                spread_of_state,
                resistance: self.device.write_channel.series(),
                left: &mut self.left,
                right: &mut self.right,
                law: &self.law,
                write_gain: &self.write_gain,
                written: &mut self.written,
                normals: if noisy { &self.normals[(tick & 3) as usize * n..][..n] } else { &[] },
                effects: &self.effects,
            },
        );
        Programming { pulses: applied, energy: Joule(energy), time: Second(time) }
    }

    fn conductance(&self, out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            let state = State { left: self.left[i], right: self.right[i] };
            let g = self.device.read_channel.conductance(state);
            *out = g * self.read_gain[i] * self.device.telegraph(g, self.addresses[i], self.chance);
        }
    }
}

/// Conductance of a channel in single precision: `1/(channel + left·h(l) + right·h(r))`, or linear in the left zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series {
    /// Resistances of the channel, of a full left and of a full right zone.
    pub ohms: [f32; 3],
    /// Exponent of a full zone; 0 for the normalised state.
    pub steepness: f32,
    /// Conductances of the lowest and highest normalised state.
    pub ends: [f32; 2],
}

/// One pulse on every cell.
struct Kernel<'a> {
    spread_of_steps: f32,
    spread_of_state: f32,
    resistance: Series,
    left: &'a mut [f64],
    right: &'a mut [f64],
    law: &'a Laws,
    write_gain: &'a [f32],
    written: &'a mut [f32],
    normals: &'a [f32],
    effects: &'a [Effect],
}

impl Body for Kernel<'_> {
    type Output = f64;
    /// Plain arithmetic, compiled for each instruction set; nothing is fused, so the bits are the same.
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) -> f64 {
        match (self.normals.is_empty(), self.resistance.steepness > 0.0) {
            (true, true) => self.pass::<false, true>(),
            (true, false) => self.pass::<false, false>(),
            (false, true) => self.pass::<true, true>(),
            (false, false) => self.pass::<true, false>(),
        }
    }
}

impl Kernel<'_> {
    #[inline(always)]
    fn pass<const NOISY: bool, const ZONES: bool>(self) -> f64 {
        let n = self.left.len();
        let (left, right, written) = (&mut self.left[..n], &mut self.right[..n], &mut self.written[..n]);
        let (refill_end, refill_rate) = (&self.law.refill_end[..n], &self.law.refill_rate[..n]);
        let (grow_end, grow_rate) = (&self.law.grow_end[..n], &self.law.grow_rate[..n]);
        let (gain, effects) = (&self.write_gain[..n], &self.effects[..n]);
        let normals = if NOISY { &self.normals[..n] } else { self.normals };
        let Series { ohms, steepness, ends } = self.resistance;
        let (empty, full) = (exp(-steepness), 1.0 / (1.0 - exp(-steepness)));
        let mut sums = [0.0_f64; SUMS];
        let mut begin = 0;
        while begin < n {
            let block = (n - begin).min(SUMS);
            for (lane, sum) in sums.iter_mut().enumerate().take(block) {
                let i = begin + lane;
                let Effect { steps, work } = effects[i];
                let up = steps >= 0.0;
                let size = steps.abs();
                let z = if NOISY { normals[i] * size.sqrt() } else { 0.0 };
                let x = if NOISY { (size + self.spread_of_steps * z).max(0.0) } else { size };
                let (l, r) = (left[i], right[i]);
                let (closing, opening) = if up { (l, r) } else { (r, l) };
                let refilled =
                    closing + f64::from((closing as f32 - 1.0 + refill_end[i]) * expm1(-x * refill_rate[i]));
                let grown = opening - f64::from((grow_end[i] - opening as f32) * expm1(-x * grow_rate[i]));
                let (refilled, grown) = (refilled.max(0.0), grown.min(1.0));
                let (mut l, r) = if up { (refilled, grown) } else { (grown, refilled) };
                if NOISY && !ZONES {
                    let alive = if grow_rate[i] > 0.0 { self.spread_of_state } else { 0.0 };
                    l = (l - f64::from(alive * z)).clamp(0.0, 1.0);
                }
                (left[i], right[i]) = (l, r);
                let (l, r) = (l as f32, r as f32);
                let after = if ZONES {
                    let zone = |w: f32| (exp(steepness * (w - 1.0)) - empty) * full;
                    1.0 / (ohms[0] + ohms[1] * zone(l) + ohms[2] * zone(r))
                } else {
                    ends[0] + (ends[1] - ends[0]) * (1.0 - l)
                };
                *sum += f64::from(0.5 * (written[i] + after) * gain[i] * work);
                written[i] = after;
            }
            begin += SUMS;
        }
        sums.iter().sum()
    }
}

/// `(2^n, e^r - 1)` with `e^y = 2^n·e^r`, `|r| ≤ ln 2/2`; relative error 2e-7 for `y` in [-87, 0].
#[inline(always)]
fn parts(y: f32) -> (f32, f32) {
    // adding 1.5·2^23 leaves the nearest integer in the low bits
    const SHIFT: f32 = 12_582_912.0;
    let y = y.max(-87.0);
    let shifted = y * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    // ln 2 in two parts, of which the first times n is exact
    let r = (y - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let mut q = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
        q = q * r + c;
    }
    let power = f32::from_bits(shifted.to_bits().wrapping_sub(SHIFT.to_bits()).wrapping_add(127) << 23);
    (power, r + r * r * q)
}

/// `e^y - 1` for `y ≤ 0`.
#[inline(always)]
fn expm1(y: f32) -> f32 {
    let (power, rest) = parts(y);
    power * rest + (power - 1.0)
}

/// `e^y` for `y ≤ 0`.
#[inline(always)]
fn exp(y: f32) -> f32 {
    let (power, rest) = parts(y);
    power * rest + power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Device, Mos2Spec, StateSpec};
    use crate::units::{Kelvin, Volt};

    const CERTAIN: Chance = Chance { seed: 1, scale: 0.0 };
    const REAL: Chance = Chance { seed: 1, scale: 1.0 };

    fn device(state: StateSpec) -> Mos2Memtransistor {
        Mos2Spec { state, ..Mos2Spec::default() }.build(Kelvin(300.0)).unwrap()
    }

    fn both() -> [Mos2Memtransistor; 2] {
        [device(StateSpec::default()), device(StateSpec::Normalised)]
    }

    fn read(cells: &dyn Cells, n: usize) -> Vec<f64> {
        let mut g = vec![0.0; n];
        cells.conductance(&mut g);
        g
    }

    fn pulse(v: f64) -> Pulse {
        Pulse { voltage: Volt(v), width: Second(1e-3) }
    }

    #[test]
    fn exponentials_are_exponentials() {
        for i in 0..4000 {
            let y = -20.0 * (i as f32 / 4000.0).powi(3);
            assert!((f64::from(exp(y)) / f64::from(y).exp() - 1.0).abs() < 5e-7, "{y}");
            assert!((f64::from(expm1(y)) - f64::from(y).exp_m1()).abs() <= 5e-7 * f64::from(y).exp_m1().abs(), "{y}");
        }
    }

    /// Without chance an array of cells is the closed form of the nominal cell, pulse by pulse.
    #[test]
    fn arrays_follow_the_closed_form() {
        for d in both() {
            let n = 21;
            let mut cells = d.cells(&(0..n as u64).collect::<Vec<_>>(), CERTAIN).unwrap();
            let mut states = vec![State::LOWEST; n];
            for tick in 0..60 {
                let train: Vec<Pulse> = (0..n).map(|i| pulse([5.0, -4.6, 4.4, 0.0, 1.0][(i + tick / 7) % 5])).collect();
                let before: f64 = states.iter().map(|s| d.conductance(*s).0).sum();
                for (s, p) in states.iter_mut().zip(&train) {
                    *s = d.pulse(*s, p.voltage, p.width);
                }
                let cost = cells.pulse(&train, tick as u64);
                assert!(before > 0.0 && cost.energy.0 > 0.0);
                assert_eq!(cost.pulses, train.iter().filter(|p| p.voltage.0 != 0.0).count() as u64);
                for (g, s) in read(&*cells, n).iter().zip(&states) {
                    assert!((g / d.conductance(*s).0 - 1.0).abs() < 2e-5, "{g} {}", d.conductance(*s));
                }
            }
        }
    }

    /// A slice, its order and its length change no cell.
    #[test]
    fn cells_belong_to_their_addresses() {
        for d in both() {
            let addresses: Vec<u64> = (0..45).map(|i| crate::rng::element(2, 3, i, 1, false, 0)).collect();
            let train = |n: usize, tick: u64| vec![pulse(if tick < 9 { 5.0 } else { -5.0 }); n];
            let outcome = |from: usize, to: usize| {
                let mut cells = d.cells(&addresses[from..to], REAL).unwrap();
                for tick in 0..14 {
                    cells.pulse(&train(to - from, tick), tick);
                }
                read(&*cells, to - from)
            };
            assert_eq!(outcome(0, 45), [outcome(0, 19), outcome(19, 45)].concat());
        }
    }

    /// n pulses leave sigma·sqrt(n) of the window, and their energy is the integral of the power.
    #[test]
    fn noise_and_energy_of_trains() {
        let mut spec = Mos2Spec { state: StateSpec::Normalised, ..Mos2Spec::default() };
        spec.variation = crate::device::VariationSpec {
            conductance: crate::units::Share(0.0),
            threshold: Volt(0.0),
            nonlinearity: 0.0,
            rate: crate::units::Share(0.0),
            cycle_to_cycle: crate::units::Share(0.005),
            working: crate::units::Share(1.0),
            stuck_on: crate::units::Share(0.0),
        };
        spec.read.rtn_probability = crate::units::Share(0.0);
        // an almost linear law hands every error on unchanged
        spec.kinetics.nonlinearity_potentiation = 0.01;
        let d = spec.build(Kelvin(300.0)).unwrap();
        let n = 20_000;
        let mut cells = d.cells(&(0..n as u64).collect::<Vec<_>>(), REAL).unwrap();
        let mut energy = 0.0;
        for tick in 0..16 {
            energy += cells.pulse(&vec![pulse(5.0); n], tick).energy.0;
        }
        let (low, high) = (d.conductance(State::LOWEST).0, d.conductance(d.highest()).0);
        let wanted = d.conductance(d.pulse(State::LOWEST, Volt(5.0), Second(16e-3))).0;
        let z: Vec<f64> = read(&*cells, n).iter().map(|g| (g - wanted) / ((high - low) * 0.005 * 4.0)).collect();
        let n = n as f64;
        let (mean, square) = (z.iter().sum::<f64>() / n, z.iter().map(|z| z * z).sum::<f64>() / n);
        // the law contracts errors by 1/(64·126) a pulse, and the first pulses cannot go below the lowest state
        assert!(mean.abs() < 5.0 / n.sqrt() + 0.01 && (square - 1.0).abs() < 5.0 * (2.0 / n).sqrt() + 0.01, "{mean} {square}");
        let mean_power = d.current(0.5 * (low + wanted), Volt(5.0)) * 5.0;
        assert!((energy / n / (mean_power * 16e-3) - 1.0).abs() < 1e-3, "{energy}");
    }

    #[test]
    fn stuck_cells_do_not_move() {
        let mut spec = Mos2Spec::default();
        spec.variation.working = crate::units::Share(0.0);
        for state in [StateSpec::default(), StateSpec::Normalised] {
            let d = Mos2Spec { state, ..spec.clone() }.build(Kelvin(300.0)).unwrap();
            let mut cells = d.cells(&(0..50).collect::<Vec<_>>(), REAL).unwrap();
            let before = read(&*cells, 50);
            cells.pulse(&[pulse(5.0); 50], 3);
            assert_eq!(before, read(&*cells, 50));
        }
    }
}
