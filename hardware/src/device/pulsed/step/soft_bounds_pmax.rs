//! Soft bounds told by a range and a curvature: `p_max` pulses of curvature `alpha` are what the range
//! `range_max - range_min` counts as. With `B = (range_max - range_min)/(1 - e^(-p_max·alpha))` the bounds are
//! `range_min` and `range_min + B`, `dw_min = B·alpha` and `up_down = 1 + 2·range_min/B` (aihwkit 1.1.0, MIT licence;
//! with soft bounds that vanish at their own bound the train itself ends beyond the range, as it does there).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::PulsedCell;
use super::SoftBounds;
use crate::device::Checks;

/// Numbers of the law. `w_min`, `w_max`, `dw_min` and `up_down` of the cell follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SoftBoundsPmax {
    /// Pulses that the range counts.
    pub p_max: f64,
    /// Curvature: step in units of the distance of the bounds.
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

impl SoftBoundsPmax {
    /// The law that moves the weight.
    pub(in super::super) fn law(&self) -> SoftBounds {
        SoftBounds { mult_noise: self.mult_noise }
    }

    /// Notes the mistakes of the numbers.
    pub(in super::super) fn check(&self, c: &mut Checks) {
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
