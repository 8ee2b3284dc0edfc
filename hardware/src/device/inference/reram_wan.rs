//! Resistive memory of a 48-core chip (Wan and others, Nature 2022, doi:10.1038/s41586-022-04992-8; aihwkit 1.1.0, MIT
//! licence). The conductance is normal about its target; its standard deviation is a quartic in `ρ = g/g_max`, told at
//! 1 second, 1 day and 2 days. Between these the variance goes linearly in the logarithm of time, before the first and
//! after the last it stays (both assumed); what a cell adds after programming is one normal of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Inference, InferenceSpec, Statistics, polynomial};
use crate::device::{Checks, Entry, SpecError};

/// Row of the device table.
pub(in crate::device) const ENTRY: Entry = Entry {
    name: "reram_wan",
    about: "resistive memory of a 48-core chip: spread about the target after 1 s, 1 day, 2 days",
    example: "reram_wan: { cell: { g_min: 1 uS, g_max: 40 uS } }\n",
};

/// Card.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReramWanSpec {
    /// Window, factors and cost.
    pub cell: InferenceSpec,
}

impl ReramWanSpec {
    /// Checks the card and makes the cell.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self) -> Result<Inference<ReramWan>, Vec<SpecError>> {
        self.cell.build(ReramWan, Checks::default())
    }
}

/// The statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReramWan;

/// Times in seconds and the quartics, in microsiemens at a window of 40 uS, constant first.
const TOLD: [(f64, [f64; 5]); 3] = [
    (1.0, [0.348, 16.030, -43.853, 45.393, -16.815]),
    (86_400.0, [0.701, 22.086, -50.773, 47.095, -16.458]),
    (172_800.0, [0.782, 20.274, -43.507, 37.062, -11.934]),
];

/// Variance at a time.
fn variance(target: f64, g_max: f64, age: f64) -> f64 {
    let told = |k: usize| {
        let deviation = polynomial(&TOLD[k].1, target / g_max).max(0.0) * g_max / 40.0;
        deviation * deviation
    };
    let Some(k) = TOLD.iter().position(|(t, _)| age <= *t) else { return told(TOLD.len() - 1) };
    if k == 0 {
        return told(0);
    }
    let (from, to) = (TOLD[k - 1].0, TOLD[k].0);
    let share = libm::log(age / from) / libm::log(to / from);
    told(k - 1) + share * (told(k) - told(k - 1))
}

impl Statistics for ReramWan {
    const NAME: &'static str = ENTRY.name;

    /// The least conductance is assumed: a fortieth of the greatest.
    fn defaults(&self) -> ([f64; 2], f64) {
        ([1.0, 40.0], 1.0)
    }
    fn programming(&self, target: f64, [_, g_max]: [f64; 2]) -> f64 {
        variance(target, g_max, TOLD[0].0).sqrt()
    }
    fn aged(&self, target: f64, error: f64, [_, g_max]: [f64; 2], age: f64, z: f64, scale: f64) -> f64 {
        let added = (variance(target, g_max, age) - variance(target, g_max, TOLD[0].0)).max(0.0);
        target + error + scale * added.sqrt() * z
    }
    /// The deviations contain it.
    fn read(&self, _programmed: f64, _now: f64, _window: [f64; 2], _age: f64) -> f64 {
        0.0
    }
}
