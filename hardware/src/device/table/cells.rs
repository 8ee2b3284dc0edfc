//! Cells of a table, written pulse by pulse.

use std::sync::Arc;

use super::law::{Cell, Law};
use crate::device::{Cells, Chance, Programming, Pulse};
use crate::rng::{Domain, Draw};
use crate::units::{Joule, Second};

/// Cells with their own factors, each at a conductance of the table.
#[derive(Debug)]
pub(super) struct TableCells {
    pub law: Arc<Law>,
    pub chance: Chance,
    pub addresses: Vec<u64>,
    pub cells: Vec<Cell>,
    /// Position of each cell on the conductance axis of the table.
    pub state: Vec<f64>,
}

impl Cells for TableCells {
    /// A pulse wider or narrower than the nominal one counts as so many nominal pulses in a row, the last of them
    /// in part.
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        let mut cost = Programming::default();
        for (i, pulse) in pulses.iter().enumerate() {
            if pulse.voltage.0 == 0.0 || pulse.width.0 <= 0.0 {
                continue;
            }
            let before = self.law.conductance(&self.cells[i], self.state[i]);
            let draw = Draw { seed: self.chance.seed, domain: Domain::PulseTable, element: self.addresses[i], tick };
            let (up, mut left) = self.law.count(*pulse);
            let mut lane = 0u16;
            while left > 0.0 {
                let z = if self.chance.scale == 0.0 { 0.0 } else { self.chance.scale * draw.normal(lane) };
                self.state[i] =
                    self.law.moved(&self.cells[i], self.state[i], up, pulse.voltage.0.abs(), left.min(1.0), z);
                left -= 1.0;
                lane = lane.wrapping_add(1);
            }
            let after = self.law.conductance(&self.cells[i], self.state[i]);
            let volts = pulse.voltage.0;
            cost.pulses += 1;
            cost.energy += Joule(volts * volts * 0.5 * (before + after) * pulse.width.0);
            cost.time += Second(pulse.width.0);
        }
        cost
    }

    fn conductance(&self, out: &mut [f64]) {
        for ((out, cell), state) in out.iter_mut().zip(&self.cells).zip(&self.state) {
            *out = self.law.conductance(cell, *state);
        }
    }
}
