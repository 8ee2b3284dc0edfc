//! Arrays of memtransistors written pulse by pulse.
//!
//! The same laws as [`super::Kinetics`] over arrays (`kernel`): increments of the state are worked out in single
//! precision (relative error 1e-6, far below the noise of a pulse) and added up without loss. Energy of a pulse:
//! `v·I(v)·t` at the mean of the write conductances before and after it, as in NeuroSim
//! (doi:10.1109/TCAD.2018.2789723).

use super::kernel::{Effects, Kernel, Laws, States};
use super::{Mos2Memtransistor, State};
use crate::device::{Cells, Chance, Programming, Pulse};
use crate::rng::{Domain, Draw, fill_cell_normals};
use crate::simd::LANES;
use crate::units::{Joule, Second};

/// Parameters and state of each cell, in blocks; the last one may hold cells that nobody asked for.
#[derive(Debug)]
pub(super) struct Mos2Cells {
    device: Mos2Memtransistor,
    chance: Chance,
    addresses: Vec<u64>,
    states: Vec<States>,
    laws: Vec<Laws>,
    /// Factor on conductances at the read gate voltage.
    read_gain: Vec<f64>,
    /// Normals of four successive ticks and the number of that group of ticks.
    normals: Vec<f32>,
    group: Option<u64>,
    effects: Vec<Effects>,
}

impl Mos2Cells {
    /// The cells at `addresses` in their lowest state (or where they are stuck).
    pub(super) fn new(device: &Mos2Memtransistor, addresses: &[u64], chance: Chance) -> Self {
        let blocks = addresses.len().div_ceil(LANES);
        let mut padded = addresses.to_vec();
        padded.resize(blocks * LANES, 0);
        let mut made = Self {
            device: device.clone(),
            chance,
            states: vec![States::default(); blocks],
            laws: vec![Laws::default(); blocks],
            read_gain: Vec::with_capacity(addresses.len()),
            normals: vec![0.0; if chance.scale == 0.0 { 0 } else { 4 * padded.len() }],
            group: None,
            effects: vec![Effects::default(); blocks],
            addresses: padded,
        };
        for (i, address) in addresses.iter().enumerate() {
            let (b, i) = (i / LANES, i % LANES);
            let cell = device.cell(*address, chance);
            let state = if cell.stuck == Some(true) { device.highest } else { State::LOWEST };
            let alive = if cell.stuck.is_some() { 0.0 } else { 1.0 };
            let [refill, grow] = [cell.kinetics.potentiation, cell.kinetics.depression].map(|law| law.end_and_rate());
            let laws = &mut made.laws[b];
            (laws.refill_end[i], laws.grow_end[i]) = (refill[0] as f32, grow[0] as f32);
            laws.refill_rate[i] = (alive * cell.kinetics.rate * refill[1]) as f32;
            laws.grow_rate[i] = (alive * cell.kinetics.rate * grow[1]) as f32;
            laws.alive[i] = alive as f32;
            laws.write_gain[i] = cell.write_gain as f32;
            // both ends of the zones are exact in single precision; the highest state is not
            let states = &mut made.states[b];
            for (zone, width) in [(&mut states.left, state.left), (&mut states.right, state.right)] {
                zone[0][i] = width as f32;
                zone[1][i] = (width - f64::from(width as f32)) as f32;
            }
            states.written[i] = device.write_channel.conductance(state) as f32;
            made.read_gain.push(cell.read_gain);
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

    /// Notes what each pulse does to a nominal cell; returns how many there are and their time.
    fn note(&mut self, pulses: &[Pulse]) -> (u64, f64) {
        let d = &self.device;
        let (mut last, mut steps, mut work) = (Pulse::default(), 0.0, 0.0);
        let (mut applied, mut time) = (0, 0.0);
        for (block, pulses) in self.effects.iter_mut().zip(pulses.chunks(LANES)) {
            // mostly a whole block has the same pulse
            if same(pulses, last) {
                let real = if last.voltage.0 == 0.0 { 0 } else { pulses.len() };
                applied += real as u64;
                time += real as f64 * last.width.0;
                block.steps[..pulses.len()].fill(steps);
                block.work[..pulses.len()].fill(work);
                continue;
            }
            for (i, p) in pulses.iter().enumerate() {
                if *p != last {
                    last = *p;
                    steps = d.rate.steps(p.voltage, p.width) as f32;
                    work = (d.factor(p.voltage.0) * p.voltage.0 * p.width.0) as f32;
                }
                (block.steps[i], block.work[i]) = (steps, work);
                if p.voltage.0 != 0.0 {
                    applied += 1;
                    time += p.width.0;
                }
            }
        }
        (applied, time)
    }
}

/// Whether all pulses are `wanted`, to the bit; without a branch for each of them.
fn same(pulses: &[Pulse], wanted: Pulse) -> bool {
    let bits = |p: &Pulse| [p.voltage.0.to_bits(), p.width.0.to_bits()];
    let [v, t] = bits(&wanted);
    let apart = pulses.iter().fold(0, |apart, p| apart | (bits(p)[0] ^ v) | (bits(p)[1] ^ t));
    apart == 0
}

impl Cells for Mos2Cells {
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        let (applied, time) = self.note(pulses);
        let noisy = self.chance.scale != 0.0;
        if noisy && self.group != Some(tick >> 2) {
            let draw = Draw { seed: self.chance.seed, domain: Domain::PulseNoise, element: 0, tick: tick >> 2 };
            fill_cell_normals(draw, &self.addresses, &mut self.normals);
            self.group = Some(tick >> 2);
        }
        let [spread_of_steps, spread_of_state] = self.spread();
        let normals = self.normals.as_chunks().0;
        let blocks = self.effects.len();
        let kernel = Kernel {
            spread_of_steps,
            spread_of_state,
            resistance: self.device.write_channel.series(),
            states: &mut self.states,
            laws: &self.laws,
            normals: if noisy { &normals[(tick & 3) as usize * blocks..][..blocks] } else { &[] },
            effects: &self.effects,
        };
        Programming { pulses: applied, energy: Joule(kernel.run()), time: Second(time) }
    }

    fn pulse_metered(&mut self, pulses: &[Pulse], tick: u64, energy: &mut [f64]) -> Programming {
        let total = self.pulse(pulses, tick);
        for (energy, states) in energy.chunks_mut(LANES).zip(&self.states) {
            energy.iter_mut().zip(states.spent).for_each(|(e, spent)| *e += f64::from(spent));
        }
        total
    }

    fn conductance(&self, out: &mut [f64]) {
        for (cell, (out, gain)) in out.iter_mut().zip(&self.read_gain).enumerate() {
            let (states, i) = (&self.states[cell / LANES], cell % LANES);
            let width = |zone: &[[f32; LANES]; 2]| f64::from(zone[0][i]) + f64::from(zone[1][i]);
            let state = State { left: width(&states.left), right: width(&states.right) };
            let g = self.device.read_channel.conductance(state);
            *out = g * gain * self.device.telegraph(g, self.addresses[cell], self.chance);
        }
    }
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

    /// What single cells spent adds up to what all did, and the meter moves no cell.
    #[test]
    fn meters_of_cells_add_up() {
        for d in both() {
            let n = 37;
            let addresses: Vec<u64> = (0..n as u64).collect();
            let (mut plain, mut metered) = (d.cells(&addresses, REAL).unwrap(), d.cells(&addresses, REAL).unwrap());
            let train: Vec<Pulse> = (0..n).map(|i| pulse([5.0, 0.0, -4.5][i % 3])).collect();
            let (mut energy, mut sum) = (vec![0.0; n], 0.0);
            for tick in 0..5 {
                sum += plain.pulse(&train, tick).energy.0;
                metered.pulse_metered(&train, tick, &mut energy);
            }
            assert!((energy.iter().sum::<f64>() / sum - 1.0).abs() < 1e-12);
            assert!(energy.iter().enumerate().all(|(i, e)| (*e > 0.0) == (i % 3 != 1)));
            assert_eq!(read(&*plain, n), read(&*metered, n));
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
        assert!(
            mean.abs() < 5.0 / n.sqrt() + 0.01 && (square - 1.0).abs() < 5.0 * (2.0 / n).sqrt() + 0.01,
            "{mean} {square}"
        );
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
