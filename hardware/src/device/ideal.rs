//! The ideal cell: any conductance of its window, exactly, for ever; `I = g·v`.
//!
//! It is the reference that every other cell must reach when its chance is switched off.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::{Checks, Entry, SpecError};
use super::{Chance, Device, Programming, Window};
use crate::units::{Kelvin, Second, Siemens, Volt};

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "ideal",
    about: "exact linear conductances without spread, noise or cost of programming",
    example: "ideal: { g_min: 2 nS, g_max: 200 nS }\n",
};

/// Card of an ideal cell. The window has no default: it sets the currents of the array.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdealSpec {
    /// Conductance of the lowest level.
    pub g_min: Siemens,
    /// Conductance of the highest level.
    pub g_max: Siemens,
}

impl IdealSpec {
    /// Checks the card and makes the cell.
    ///
    /// # Errors
    /// A window that is empty or negative.
    pub fn build(&self) -> Result<Ideal, Vec<SpecError>> {
        let mut checks = Checks::default();
        checks.not_negative("g_min", self.g_min.0);
        checks.require(
            self.g_max > self.g_min && self.g_max.0.is_finite(),
            "g_max",
            format!("`g_max` ({}) must be greater than `g_min` ({})", self.g_max, self.g_min),
            "exchange the two, or raise `g_max`",
        );
        checks.finish(|| Ideal { window: Window { g_min: self.g_min, g_max: self.g_max } })
    }
}

/// The ideal cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ideal {
    window: Window,
}

impl Device for Ideal {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }
    fn window(&self) -> Window {
        self.window
    }
    /// Copies the targets; free of cost.
    fn program(&self, target: &[f64], _cells: &[u64], _chance: Chance, achieved: &mut [f64]) -> Programming {
        achieved.copy_from_slice(target);
        Programming::default()
    }
    fn age(&self, _g: &mut [f64], _cells: &[u64], _age: Second, _temperature: Kelvin, _chance: Chance) {}
    fn read_moments(&self, g: &[f64], _v: Volt, _chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        mean.copy_from_slice(g);
        variance.fill(0.0);
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * v.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_window_is_refused() {
        let errors = IdealSpec { g_min: Siemens(2e-7), g_max: Siemens(2e-7) }.build().unwrap_err();
        assert_eq!(errors[0].field, "g_max");
        assert!(IdealSpec { g_min: Siemens(-1.0), g_max: Siemens(1e-6) }.build().is_err());
    }
}
