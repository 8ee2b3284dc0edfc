//! Phase-change memory, statistics of a million-cell array (Nandakumar and others, ICECS 2019,
//! doi:10.1109/ICECS46596.2019.8964852; Joshi and others 2020, doi:10.1038/s41467-020-16108-9; aihwkit 1.1.0, MIT
//! licence). With `ρ = g/g_max`, in microsiemens:
//! - programming `σ = (0.26348 + 1.9650ρ - 1.1731ρ²)·g_max/25`;
//! - drift `(t/t₀)^(-ν)`, `t = age + t₀`, `t₀ = 20 s`, `ν = |μ + sξ|`, `μ = clamp(-0.0155 ln ρ + 0.0244, 0.049, 0.1)`,
//!   `s = clamp(-0.0125 ln ρ - 0.0059, 0.008, 0.045)` of the target;
//! - read `σ = g·min(0.0088/ρ^0.65, 0.2)·sqrt(ln((t + t_r)/(2t_r)))`, `t_r = 250 ns`, `ρ` as programmed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Inference, InferenceSpec, Statistics, gathered, polynomial, power_law};
use crate::device::{Checks, Entry, SpecError};

/// Row of the device table.
pub(in crate::device) const ENTRY: Entry = Entry {
    name: "pcm",
    about: "phase-change memory: programming error, power-law drift, 1/f read noise (array statistics)",
    example: "pcm: { cell: { g_min: 0.5 uS, g_max: 25 uS } }\n",
};

/// Card.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PcmSpec {
    /// Window, factors and cost.
    pub cell: InferenceSpec,
}

impl PcmSpec {
    /// Checks the card and makes the cell.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self) -> Result<Inference<PcmLike>, Vec<SpecError>> {
        self.cell.build(PcmLike, Checks::default())
    }
}

/// The statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PcmLike;

/// Time between programming and the first read, in seconds.
const START: f64 = 20.0;

impl Statistics for PcmLike {
    const NAME: &'static str = ENTRY.name;

    /// The least conductance is assumed: two hundredths of the greatest.
    fn defaults(&self) -> ([f64; 2], f64) {
        ([0.5, 25.0], START)
    }
    fn programming(&self, target: f64, [_, g_max]: [f64; 2]) -> f64 {
        polynomial(&[0.26348, 1.9650, -1.1731], target / g_max) * g_max / 25.0
    }
    fn aged(&self, target: f64, error: f64, [_, g_max]: [f64; 2], age: f64, z: f64, scale: f64) -> f64 {
        let ln = libm::log((target / g_max).max(1e-7));
        let mean = (-0.0155 * ln + 0.0244).clamp(0.049, 0.1);
        let deviation = (-0.0125 * ln - 0.0059).clamp(0.008, 0.045);
        power_law(target + error, scale * (mean + deviation * z), age, START)
    }
    fn read(&self, programmed: f64, now: f64, [_, g_max]: [f64; 2], age: f64) -> f64 {
        let q = (0.0088 / libm::pow((programmed / g_max).max(0.0), 0.65).max(1e-3)).min(0.2);
        now * q * gathered(age + START, 250e-9)
    }
}
