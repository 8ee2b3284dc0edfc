//! Soft bounds: the linear step that vanishes exactly at the cell's own bound, `Δw = s·(1 - w/b)·(1 + σξ)` or
//! `s·(1 - w/b + σξ)` (aihwkit 1.1.0, MIT licence; Fusi and Abbott 2007, doi:10.1038/nn1859).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::PulsedCell;
use super::super::arithmetic::Arithmetic;
use super::{Site, StepLaw, saturating};
use crate::device::Checks;

/// Numbers of the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SoftBounds {
    /// Whether noise is proportional to the step.
    pub mult_noise: bool,
}

impl Default for SoftBounds {
    fn default() -> Self {
        Self { mult_noise: true }
    }
}

impl StepLaw for SoftBounds {
    #[inline(always)]
    fn increment<A: Arithmetic>(&self, a: A, site: &Site<A>, up: A::Mask, w: A::Number) -> [A::Number; 2] {
        let bound = a.select(up, site.high, site.low);
        saturating(a, site.step, a.div(w, bound), self.mult_noise)
    }

    fn check(&self, mean: &PulsedCell, c: &mut Checks) {
        super::bounds_around_zero(mean, false, c);
    }
}
