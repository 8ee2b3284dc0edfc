//! Resistive memory with a programming spread alone: `σ = max(4.782321 - 0.009107·g, 0)` microsiemens from 50 to 225
//! microsiemens (Milo and others, IRPS 2021, doi:10.1109/IRPS46558.2021.9405119; fit as in CrossSim 3.2, BSD licence).
//! Nothing is published here of drift and read noise; the cell has none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Inference, InferenceSpec, Statistics};
use crate::device::{Checks, Entry, SpecError};

/// Row of the device table.
pub(in crate::device) const ENTRY: Entry = Entry {
    name: "rram_milo",
    about: "resistive memory with measured programming spread, without drift or read noise",
    example: "rram_milo: { cell: { g_min: 50 uS, g_max: 225 uS } }\n",
};

/// Card.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RramMiloSpec {
    /// Window, factors and cost.
    pub cell: InferenceSpec,
}

impl RramMiloSpec {
    /// Checks the card and makes the cell.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self) -> Result<Inference<RramMilo>, Vec<SpecError>> {
        self.cell.build(RramMilo, Checks::default())
    }
}

/// The statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RramMilo;

impl Statistics for RramMilo {
    const NAME: &'static str = ENTRY.name;

    fn defaults(&self) -> ([f64; 2], f64) {
        ([50.0, 225.0], 1.0)
    }
    fn programming(&self, target: f64, _window: [f64; 2]) -> f64 {
        (4.782_321 - 0.009_107 * target).max(0.0)
    }
    fn aged(&self, target: f64, error: f64, _window: [f64; 2], _age: f64, _z: f64, _scale: f64) -> f64 {
        target + error
    }
    fn read(&self, _programmed: f64, _now: f64, _window: [f64; 2], _age: f64) -> f64 {
        0.0
    }
}
