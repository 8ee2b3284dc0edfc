//! Cells that follow a state equation, written pulse by pulse.

use std::sync::Arc;

use super::integrate::{Ramp, advance};
use super::{StateDevice, StateEquation};
use crate::device::{Cells, Chance, Programming, Pulse};
use crate::rng::{Domain, Draw};
use crate::units::Joule;

/// Most segments of a pulse in which the noise of the state is drawn anew.
const MOST_SEGMENTS: f64 = 64.0;

/// Parameter index of a draw in [`Domain::DeviceToDevice`]. Part of the reproducibility contract: append only.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Parameter {
    Conductance = 0,
    Rate = 1,
}

/// What one cell is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    address: u64,
    /// Factor on the current.
    pub gain: f64,
    /// Factor on the rate.
    speed: f64,
}

impl<Q: StateEquation> StateDevice<Q> {
    /// The cell at an address.
    pub(super) fn cell(&self, address: u64, chance: Chance) -> Cell {
        if chance.scale == 0.0 {
            return Cell { address, gain: 1.0, speed: 1.0 };
        }
        let draw = |p: Parameter| {
            Draw { seed: chance.seed, domain: Domain::DeviceToDevice, element: address, tick: p as u64 }.normal(0)
        };
        let spread = |sigma: f64, p| libm::exp(chance.scale * sigma * draw(p));
        let v = &self.variation;
        Cell {
            address,
            gain: spread(v.conductance.0, Parameter::Conductance),
            speed: spread(v.rate.0, Parameter::Rate),
        }
    }

    /// State of a cell after a pulse, and its energy.
    pub(super) fn apply(&self, cell: Cell, x: f64, pulse: Pulse, tick: u64, chance: Chance) -> (f64, f64) {
        let (v, width) = (pulse.voltage.0, pulse.width.0);
        if v == 0.0 || width <= 0.0 {
            return (x, 0.0);
        }
        let speed = if chance.scale == 0.0 {
            cell.speed
        } else {
            let draw = Draw { seed: chance.seed, domain: Domain::PulseNoise, element: cell.address, tick };
            cell.speed * libm::exp(chance.scale * self.variation.cycle_to_cycle.0 * draw.normal(0))
        };
        let law = &self.law;
        let noisy = chance.scale != 0.0 && law.noise(x, v) > 0.0;
        let segments = if noisy { (width / law.noise_step()).ceil().clamp(1.0, MOST_SEGMENTS) } else { 1.0 };
        let ramp = Ramp { from: v, to: v, time: width / segments };
        let [a, b] = law.bounds();
        let (mut x, mut energy) = (x, 0.0);
        for segment in 0..segments as u16 {
            let (moved, spent) = advance(law, x, ramp, speed);
            x = moved;
            energy += spent * cell.gain;
            if noisy {
                let draw = Draw { seed: chance.seed, domain: Domain::GapNoise, element: cell.address, tick };
                let kick = law.noise(x, v) * libm::sqrt(ramp.time) * draw.normal(segment);
                x = (x + chance.scale * kick).clamp(a.min(b), a.max(b));
            }
        }
        (x, energy)
    }
}

/// Cells with their states.
#[derive(Debug)]
pub(super) struct StateCells<Q> {
    device: Arc<StateDevice<Q>>,
    chance: Chance,
    cells: Vec<(Cell, f64)>,
}

impl<Q: StateEquation> StateCells<Q> {
    /// The cells at `addresses` in their lowest state.
    pub(super) fn new(device: &StateDevice<Q>, addresses: &[u64], chance: Chance) -> Self {
        let lowest = device.law.bounds()[0];
        let cells = addresses.iter().map(|a| (device.cell(*a, chance), lowest)).collect();
        Self { device: Arc::new(device.clone()), chance, cells }
    }

    /// Applies the pulses; `meter` hears of each cell that had one and what it spent.
    fn each(&mut self, pulses: &[Pulse], tick: u64, mut meter: impl FnMut(usize, f64)) -> Programming {
        let mut cost = Programming::default();
        for (i, ((cell, x), pulse)) in self.cells.iter_mut().zip(pulses).enumerate() {
            if pulse.voltage.0 != 0.0 {
                let (moved, energy) = self.device.apply(*cell, *x, *pulse, tick, self.chance);
                *x = moved;
                meter(i, energy);
                cost.pulses += 1;
                cost.energy += Joule(energy);
                cost.time += pulse.width;
            }
        }
        cost
    }
}

impl<Q: StateEquation> Cells for StateCells<Q> {
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        self.each(pulses, tick, |_, _| ())
    }
    fn pulse_metered(&mut self, pulses: &[Pulse], tick: u64, energy: &mut [f64]) -> Programming {
        self.each(pulses, tick, |cell, spent| energy[cell] += spent)
    }
    fn conductance(&self, out: &mut [f64]) {
        for ((cell, x), out) in self.cells.iter().zip(out) {
            *out = cell.gain * self.device.chord(*x);
        }
    }
}
