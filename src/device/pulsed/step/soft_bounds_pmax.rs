//! Soft bounds told by the outcome of a train: `p_max` up pulses lead from the lower to the upper end of the
//! range, with curvature `alpha`. The bound beyond the range is `range_min + B`,
//! `B = (range_max - range_min)/(1 - e^(-p_max·alpha))`; then `dw_min = B·alpha`, `up_down = 1 + 2·range_min/B`
//! and soft bounds from `range_min` (aihwkit 1.1.0, MIT licence).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::PulsedCell;
use super::super::arithmetic::Arithmetic;
use super::{Site, SoftBounds, StepLaw};
use crate::device::Checks;

/// Numbers of the law. `w_min`, `w_max`, `dw_min` and `up_down` of the cell follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SoftBoundsPmax {
    /// Pulses from the lower to the upper end of the range.
    pub p_max: f64,
    /// Curvature: share of the way to the bound that one pulse covers.
    pub alpha: f64,
    /// Lower end of the range.
    pub range_min: f64,
    /// Upper end of the range.
    pub range_max: f64,
    /// Whether noise is proportional to the step.
    pub mult_noise: bool,
}

impl Default for SoftBoundsPmax {
    fn default() -> Self {
        Self { p_max: 1000.0, alpha: 0.0005, range_min: -1.0, range_max: 1.0, mult_noise: true }
    }
}

impl SoftBoundsPmax {
    /// The cell with its bounds and step.
    pub(super) fn resolved(&self, cell: &PulsedCell) -> PulsedCell {
        let bound = (self.range_max - self.range_min) / -libm::expm1(-self.p_max * self.alpha);
        PulsedCell {
            w_min: self.range_min,
            w_max: self.range_min + bound,
            dw_min: bound * self.alpha,
            up_down: 1.0 + 2.0 * self.range_min / bound,
            ..cell.clone()
        }
    }
}

impl StepLaw for SoftBoundsPmax {
    #[inline(always)]
    fn increment<A: Arithmetic>(&self, a: A, site: &Site<A>, up: A::Mask, w: A::Number) -> [A::Number; 2] {
        SoftBounds { mult_noise: self.mult_noise }.increment(a, site, up, w)
    }

    fn check(&self, _mean: &PulsedCell, c: &mut Checks) {
        c.positive("step.soft_bounds_pmax.p_max", self.p_max);
        c.positive("step.soft_bounds_pmax.alpha", self.alpha);
        c.require(
            self.range_max > self.range_min,
            "step.soft_bounds_pmax.range_max",
            "`range_max` must be greater than `range_min`",
            "exchange the two",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::trajectory;
    use super::super::StepSpec;
    use super::*;

    /// The definition: `p_max` pulses up from the lower end reach the upper end (to the second order of alpha).
    #[test]
    fn a_train_of_p_max_pulses_crosses_the_range() {
        let law = SoftBoundsPmax { p_max: 300.0, alpha: 0.004, range_min: -0.9, range_max: 0.8, mult_noise: true };
        let cell = law.resolved(&PulsedCell { step: StepSpec::SoftBoundsPmax(law), ..PulsedCell::default() });
        let w = *trajectory(&cell, -0.9, true, 300).last().unwrap();
        // alpha counts in the exponent, a pulse covers the share alpha of what is left
        let crossed = -0.9 + 1.7 * (1.0 - (1.0 - 0.004_f64).powi(300)) / -libm::expm1(-1.2);
        assert!((w - crossed).abs() < 1e-9 && (w - 0.8).abs() < 2e-3, "{w} {crossed}");
    }
}
