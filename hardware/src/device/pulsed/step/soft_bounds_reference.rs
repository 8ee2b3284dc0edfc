//! Soft bounds beside a reference cell: the pulsed weight `v` obeys soft bounds, and what is read is `w = v - q`.
//! The reference `q = reference_mean + reference_std·ξ`, plus, if it is subtracted, the symmetry point
//! `(s₊ - s₋)/(s₊/b₊ - s₋/b₋)` where up and down steps are equal (Gong and others 2022,
//! doi:10.1109/IEDM45625.2022.10019569; aihwkit 1.1.0, MIT licence).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::PulsedCell;
use super::super::arithmetic::Arithmetic;
use super::super::cell::{Instance, Parameter, Spread};
use super::{Site, SoftBounds, StepLaw};
use crate::device::Checks;

/// Numbers of the law.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SoftBoundsReference {
    /// Spread of the slope of up steps.
    pub slope_up_dtod: f64,
    /// Spread of the slope of down steps.
    pub slope_down_dtod: f64,
    /// Mean weight of the reference.
    pub reference_mean: f64,
    /// Its standard deviation from cell to cell.
    pub reference_std: f64,
    /// Whether the symmetry point is part of the reference.
    pub subtract_symmetry_point: bool,
    /// Whether noise is proportional to the step.
    pub mult_noise: bool,
}

impl SoftBoundsReference {
    /// Whether the law is that of soft bounds without a reference.
    pub(super) fn is_absent(&self) -> bool {
        let spreads = [self.slope_up_dtod, self.slope_down_dtod, self.reference_mean, self.reference_std];
        spreads == [0.0; 4] && !self.subtract_symmetry_point
    }
}

impl StepLaw for SoftBoundsReference {
    const OWN: usize = 1;

    fn draw(&self, _mean: &PulsedCell, cell: &mut Instance, spread: Spread) {
        // both slopes come before the reference, at addresses that no other number of the law takes
        cell.high /= (1.0 + spread.normal(Parameter::First, self.slope_up_dtod)).abs();
        cell.low /= (1.0 + spread.normal(Parameter::Second, self.slope_down_dtod)).abs();
        let slope = cell.up / cell.high - cell.down / cell.low;
        let symmetric = self.subtract_symmetry_point && slope != 0.0 && slope.is_finite();
        let point = if symmetric { (cell.up - cell.down) / slope } else { 0.0 };
        cell.own[0] = point + self.reference_mean + spread.normal(Parameter::Reference, self.reference_std);
    }

    #[inline(always)]
    fn increment<A: Arithmetic>(&self, a: A, site: &Site<A>, up: A::Mask, w: A::Number) -> [A::Number; 2] {
        SoftBounds { mult_noise: self.mult_noise }.increment(a, site, up, w)
    }

    #[inline(always)]
    fn reference<A: Arithmetic>(&self, _a: A, own: [A::Number; 2]) -> Option<A::Number> {
        Some(own[0])
    }

    fn check(&self, mean: &PulsedCell, c: &mut Checks) {
        for (field, v) in [
            ("step.soft_bounds_reference.slope_up_dtod", self.slope_up_dtod),
            ("step.soft_bounds_reference.slope_down_dtod", self.slope_down_dtod),
            ("step.soft_bounds_reference.reference_std", self.reference_std),
        ] {
            c.not_negative(field, v);
        }
        super::bounds_around_zero(mean, false, c);
    }
}
