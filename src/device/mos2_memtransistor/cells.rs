//! Cells under pulses of any voltage and width.
//!
//! A pulse makes `x` steps of the pulse law by the switching rate; what chance adds grows as the square root of
//! `x`, as in trains. Its energy is `∫V·I·dt` with the conductance at the write gate along the way.

use super::Mos2Memtransistor;
use super::spread::Cell;
use super::state::State;
use crate::device::{Cells, Chance, Programming, Pulse};
use crate::rng::{Domain, Draw};
use crate::units::Joule;

/// Cells with what their addresses drew.
#[derive(Debug)]
pub(super) struct Mos2Cells {
    device: Mos2Memtransistor,
    chance: Chance,
    cells: Vec<One>,
}

#[derive(Debug)]
struct One {
    address: u64,
    cell: Cell,
    state: State,
}

impl Mos2Cells {
    /// The cells at `addresses` in their lowest states.
    pub(super) fn new(device: &Mos2Memtransistor, addresses: &[u64], chance: Chance) -> Self {
        let one = |address: &u64| {
            let cell = device.cell(*address, chance);
            let state = if cell.stuck == Some(true) { device.highest } else { State::LOWEST };
            One { address: *address, cell, state }
        };
        Self { device: device.clone(), chance, cells: addresses.iter().map(one).collect() }
    }
}

impl Cells for Mos2Cells {
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        let (d, chance) = (&self.device, self.chance);
        let mut cost = Programming::default();
        for (one, pulse) in self.cells.iter_mut().zip(pulses).filter(|(_, p)| p.voltage.0 != 0.0) {
            let steps = d.rate.steps(pulse.voltage, pulse.width);
            let g = match one.cell.stuck {
                None => d.mean_write_conductance(&one.cell, one.state, steps),
                Some(_) => one.cell.write_gain * d.write_channel.conductance(one.state),
            };
            cost.pulses += 1;
            cost.energy += Joule(g * d.factor(pulse.voltage.0) * pulse.voltage.0 * pulse.width.0);
            cost.time += pulse.width;
            let noise = if chance.scale == 0.0 {
                0.0
            } else {
                let draw = Draw { seed: chance.seed, domain: Domain::Pulse, element: one.address, tick };
                draw.normal(0) * chance.scale
            };
            one.state = d.stepped(&one.cell, one.state, steps, noise);
        }
        cost
    }
    fn conductance(&self, out: &mut [f64]) {
        for (g, one) in out.iter_mut().zip(&self.cells) {
            let own = one.cell.read_gain * self.device.read_channel.conductance(one.state);
            *g = own * self.device.telegraph(own, one.address, self.chance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::programming::{ApproachSpec, LookupSpec, Scheme, SchemeSpec, WriteVerifySpec};
    use crate::device::{Device, Mos2Spec, StateSpec};
    use crate::units::{Kelvin, Second, Share, Volt};

    fn build(state: StateSpec) -> Mos2Memtransistor {
        Mos2Spec { state, ..Mos2Spec::default() }.build(Kelvin(300.0)).unwrap()
    }

    const CERTAIN: Chance = Chance { seed: 1, scale: 0.0 };
    const REAL: Chance = Chance { seed: 1, scale: 1.0 };

    /// Without chance pulses are those of the nominal cell, whatever their voltage and width.
    #[test]
    fn nominal_cells_follow_the_law() {
        for state in [StateSpec::Normalised, StateSpec::default()] {
            let d = build(state);
            let mut cells = d.cells(&[3], CERTAIN).unwrap();
            let mut s = State::LOWEST;
            for (tick, (v, width)) in [(5.0, 1e-3), (5.2, 2e-3), (-4.0, 5e-4), (2.0, 1e-3)].into_iter().enumerate() {
                let cost = cells.pulse(&[Pulse { voltage: Volt(v), width: Second(width) }], tick as u64);
                s = d.pulse(s, Volt(v), Second(width));
                let mut g = [0.0];
                cells.conductance(&mut g);
                assert!((g[0] / d.conductance(s).0 - 1.0).abs() < 1e-12);
                assert!(cost.energy.0 > 0.0 && cost.time.0 == width && cost.pulses == 1);
            }
        }
    }

    /// Cells in any slice are the same, and pulses of 0 V leave them alone.
    #[test]
    fn cells_belong_to_their_addresses() {
        let d = build(StateSpec::default());
        let addresses: Vec<u64> = (0..40).collect();
        let [up, _] = d.pulses().unwrap();
        let after = |slice: &[u64]| {
            let mut cells = d.cells(slice, REAL).unwrap();
            for tick in 0..8 {
                cells.pulse(&vec![up; slice.len()], tick);
                cells.pulse(&vec![Pulse::default(); slice.len()], tick + 100);
            }
            let mut g = vec![0.0; slice.len()];
            cells.conductance(&mut g);
            g
        };
        assert_eq!(after(&addresses), [after(&addresses[..7]), after(&addresses[7..])].concat());
    }

    /// The general scheme brings the cells into range as the device's own controller does.
    #[test]
    fn schemes_program_memtransistors() {
        let d = build(StateSpec::Normalised);
        let spec = WriteVerifySpec {
            approach: ApproachSpec::Lookup(LookupSpec::Pulses),
            tolerance: Share(0.01),
            ..WriteVerifySpec::default()
        };
        let scheme = Scheme::new(&d, &SchemeSpec::WriteVerify(spec)).unwrap();
        let w = d.window();
        let target: Vec<f64> =
            (0..500).map(|i| w.g_min.0 + (w.g_max.0 - w.g_min.0) * (0.1 + 0.6 * i as f64 / 500.0)).collect();
        let addresses: Vec<u64> = (0..500).collect();
        let out = scheme.outcome(&d, &target, &addresses, REAL);
        // 1.2 % of the cells are stuck and a few end below their target
        assert!(out.unconverged() < 0.08, "{}", out.unconverged());
        let certain = scheme.outcome(&d, &target, &addresses, CERTAIN);
        for (g, t) in certain.conductance.iter().zip(&target) {
            assert!((g - t).abs() <= 0.01 * (w.g_max.0 - w.g_min.0));
        }
    }
}
