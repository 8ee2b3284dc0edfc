//! Spread between cells: every parameter of a cell is a draw addressed by the cell.

use super::Mos2Memtransistor;
use super::spec::WindowSpec;
use super::state::Kinetics;
use super::window::g_on;
use crate::device::Chance;
use crate::rng::{Domain, Draw};

/// Parameter index of a draw in [`Domain::DeviceToDevice`]. Part of the reproducibility contract: append only.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Parameter {
    Conductance = 0,
    Threshold = 1,
    Potentiation = 2,
    Depression = 3,
    Rate = 4,
}

/// What one cell is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    /// Factor on conductances at the read gate voltage.
    pub read_gain: f64,
    /// Factor on conductances at the write gate voltage.
    pub write_gain: f64,
    /// How pulses move it.
    pub kinetics: Kinetics,
    /// Stuck in the highest (`true`) or lowest (`false`) state.
    pub stuck: Option<bool>,
}

impl Mos2Memtransistor {
    /// The cell at an address.
    pub(super) fn cell(&self, address: u64, chance: Chance) -> Cell {
        if chance.scale == 0.0 {
            return Cell { read_gain: 1.0, write_gain: 1.0, kinetics: self.kinetics, stuck: None };
        }
        let draw = |p: Parameter| {
            Draw { seed: chance.seed, domain: Domain::DeviceToDevice, element: address, tick: p as u64 }.normal(0)
                * chance.scale
        };
        let v = &self.spec.variation;
        let gain = libm::exp(v.conductance.0 * draw(Parameter::Conductance));
        let shift = v.threshold.0 * draw(Parameter::Threshold);
        // the threshold acts through the gate law alone: a fixed window does not feel it
        let turned = |gate: f64| match &self.spec.window {
            WindowSpec::Fixed(_) => gain,
            WindowSpec::Gated(w) => {
                let reference = self.spec.gate.reference.0;
                gain * g_on(w, gate, reference, shift) / g_on(w, gate, reference, 0.0)
            }
        };
        let kinetics = Kinetics {
            potentiation: self.kinetics.potentiation.shifted(v.nonlinearity * draw(Parameter::Potentiation)),
            depression: self.kinetics.depression.shifted(v.nonlinearity * draw(Parameter::Depression)),
            rate: libm::exp(v.rate.0 * draw(Parameter::Rate)),
        };
        let read_gain = turned(self.read_gate);
        Cell {
            read_gain,
            write_gain: if self.write_gate == self.read_gate { read_gain } else { turned(self.write_gate) },
            kinetics,
            stuck: self.stuck(address, chance),
        }
    }

    /// Whether the cell is stuck, and where.
    pub(super) fn stuck(&self, address: u64, chance: Chance) -> Option<bool> {
        let v = &self.spec.variation;
        let draw = Draw { seed: chance.seed, domain: Domain::StuckAt, element: address, tick: 0 };
        draw.chance((1.0 - v.working.0) * chance.scale, 0).then(|| draw.chance(v.stuck_on.0, 1))
    }

    /// Factor by which a filled slow trap lowers the conductance `g` of the cell; its occupancy is frozen for a
    /// run, so that the noise of a column stays Gaussian.
    pub(super) fn telegraph(&self, g: f64, address: u64, chance: Chance) -> f64 {
        let r = &self.spec.read;
        let draw = Draw { seed: chance.seed, domain: Domain::Rtn, element: address, tick: 0 };
        if draw.chance(r.rtn_probability.0 * chance.scale, 0) {
            let c = &self.read_channel;
            let level = ((g - c.off) / (c.on - c.off)).clamp(0.0, 1.0);
            1.0 - r.rtn_amplitude.0 * (1.0 - level)
        } else {
            1.0
        }
    }
}
