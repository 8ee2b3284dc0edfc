//! Resistive memory with a conductive metal oxide over hafnium oxide (IBM Zurich; Falcone and others 2025,
//! arXiv:2502.04524; numbers of aihwkit 1.1.0, MIT licence). In microsiemens and seconds:
//! - programming `σ = c₀ + c₁·g` by acceptance range;
//! - relaxation `g - 0.08900206·ln t + (0.04201137·ln t + 0.41183342)·ξ`, clamped to the window;
//! - read `σ = 0.0277316483·log₁₀ g·sqrt(ln((t + t_r)/(2t_r)))`, `t_r = 1 us`.
//!
//! The spread of the relaxation jumps as soon as time begins, as upstream; it is told from 1 s on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Inference, InferenceSpec, Statistics, gathered};
use crate::device::{Checks, Entry, SpecError};

/// Row of the device table.
pub(in crate::device) const ENTRY: Entry = Entry {
    name: "reram_cmo",
    about: "resistive memory with conductive metal oxide: programming by acceptance range, relaxation, read noise",
    example: "reram_cmo: { acceptance: narrow, cell: { g_min: 9 uS, g_max: 88.2 uS } }\n",
};

/// Acceptance range of programming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// 0.2 %.
    #[default]
    Narrow,
    /// 2 %.
    Wide,
}

/// Card.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReramCmoSpec {
    /// Acceptance range of programming.
    pub acceptance: Acceptance,
    /// Window, factors and cost.
    pub cell: InferenceSpec,
}

impl ReramCmoSpec {
    /// Checks the card and makes the cell.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self) -> Result<Inference<ReramCmo>, Vec<SpecError>> {
        let line = match self.acceptance {
            Acceptance::Narrow => [0.000_811_07, 0.001_068_79],
            Acceptance::Wide => [0.011_218_539_1, 0.011_290_274_18],
        };
        self.cell.build(ReramCmo { line }, Checks::default())
    }
}

/// The statistics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReramCmo {
    /// Programming deviation: constant and slope.
    line: [f64; 2],
}

impl Statistics for ReramCmo {
    const NAME: &'static str = ENTRY.name;

    fn defaults(&self) -> ([f64; 2], f64) {
        ([9.0, 88.199_997], 1.0)
    }
    fn programming(&self, target: f64, _window: [f64; 2]) -> f64 {
        self.line[0] + self.line[1] * target
    }
    fn aged(&self, target: f64, error: f64, [g_min, g_max]: [f64; 2], age: f64, z: f64, scale: f64) -> f64 {
        let ln = libm::log(age).max(0.0);
        let shift = -0.089_002_06 * ln + (0.042_011_37 * ln + 0.411_833_42) * z;
        (target + error + scale * shift).clamp(g_min, g_max)
    }
    fn read(&self, _programmed: f64, now: f64, _window: [f64; 2], age: f64) -> f64 {
        0.027_731_648_3 * libm::log10(now.max(1.0)) * gathered(age, 1e-6)
    }
}
