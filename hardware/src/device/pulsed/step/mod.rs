//! Step laws: what one pulse adds to the weight of a cell. One file each.

mod constant;
mod exp_step;
mod linear;
mod piecewise;
mod pow_step;
mod soft_bounds;
mod soft_bounds_pmax;
mod soft_bounds_reference;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use constant::ConstantStep;
pub use exp_step::ExpStep;
pub use linear::LinearStep;
pub use piecewise::PiecewiseStep;
pub use pow_step::PowStep;
pub use soft_bounds::SoftBounds;
pub use soft_bounds_pmax::SoftBoundsPmax;
pub use soft_bounds_reference::SoftBoundsReference;

use super::PulsedCell;
use super::arithmetic::Arithmetic;
use super::cell::{Instance, Spread};
use crate::device::Checks;

/// How a pulse moves the weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepSpec {
    /// The same step everywhere.
    ConstantStep(ConstantStep),
    /// A step that falls linearly with the weight.
    LinearStep(LinearStep),
    /// A linear step that vanishes at the cell's own bounds.
    SoftBounds(SoftBounds),
    /// Soft bounds told by the pulses that cross a range.
    SoftBoundsPmax(SoftBoundsPmax),
    /// Soft bounds beside a reference cell.
    SoftBoundsReference(SoftBoundsReference),
    /// A step exponential in the weight.
    ExpStep(ExpStep),
    /// A step that is a power of the distance from the bound.
    PowStep(PowStep),
    /// A step through nodes.
    PiecewiseStep(PiecewiseStep),
}

impl Default for StepSpec {
    fn default() -> Self {
        Self::ConstantStep(ConstantStep::default())
    }
}

/// What a law sees of a cell.
#[derive(Clone, Copy)]
pub(super) struct Site<A: Arithmetic> {
    /// Least weight.
    pub low: A::Number,
    /// Greatest weight.
    pub high: A::Number,
    /// Step of the pulse's direction, negative downwards.
    pub step: A::Number,
    /// The law's own numbers.
    pub own: [A::Number; 2],
}

impl<A: Arithmetic> Site<A> {
    /// Width of the window, not zero even where a corrupt cell has none.
    #[inline(always)]
    fn span(&self, a: A) -> A::Number {
        a.max(a.sub(self.high, self.low), a.number(1e-20))
    }
}

/// A step law.
pub(super) trait StepLaw: Sync {
    /// How many numbers of its own a cell has.
    const OWN: usize = 0;
    /// Draws them.
    fn draw(&self, mean: &PulsedCell, cell: &mut Instance, spread: Spread) {
        let _ = (mean, cell, spread);
    }
    /// What a pulse adds to weight `w` without noise, and what unit noise is multiplied with (besides `dw_min_std`).
    fn increment<A: Arithmetic>(&self, a: A, site: &Site<A>, up: A::Mask, w: A::Number) -> [A::Number; 2];
    /// Weight of a reference cell that reading subtracts, if there is one.
    fn reference<A: Arithmetic>(&self, a: A, own: [A::Number; 2]) -> Option<A::Number> {
        let _ = (a, own);
        None
    }
    /// Step that updates are reckoned in, in `dw_min`.
    fn granularity(&self, mean: &PulsedCell) -> f64 {
        let _ = mean;
        1.0
    }
    /// Notes the mistakes of the numbers.
    fn check(&self, mean: &PulsedCell, c: &mut Checks) {
        let _ = (mean, c);
    }
}

/// Step and noise of a law `s·(1 - x)`: noise follows the step, or not.
#[inline(always)]
fn saturating<A: Arithmetic>(a: A, step: A::Number, x: A::Number, proportional: bool) -> [A::Number; 2] {
    let dw = a.mul(step, a.sub(a.number(1.0), x));
    [dw, if proportional { dw } else { step }]
}

/// Laws that divide by bounds need zero strictly between them, unless their slopes are `flat`.
fn bounds_around_zero(mean: &PulsedCell, flat: bool, c: &mut Checks) {
    c.require(
        flat || (mean.w_min < 0.0 && mean.w_max > 0.0),
        "w_min",
        "this step law needs `w_min` below 0 and `w_max` above 0",
        "shift the weights, or choose `constant_step`, `exp_step`, `pow_step` or `piecewise_step`",
    );
}

/// Calls a generic function with the law inside a [`StepSpec`].
macro_rules! with_law {
    ($spec:expr, $law:ident => $body:expr) => {
        match $spec {
            $crate::device::pulsed::StepSpec::ConstantStep($law) => $body,
            $crate::device::pulsed::StepSpec::LinearStep($law) => $body,
            $crate::device::pulsed::StepSpec::SoftBounds($law) => $body,
            $crate::device::pulsed::StepSpec::SoftBoundsReference($law) => $body,
            $crate::device::pulsed::StepSpec::ExpStep($law) => $body,
            $crate::device::pulsed::StepSpec::PowStep($law) => $body,
            $crate::device::pulsed::StepSpec::PiecewiseStep($law) => $body,
            $crate::device::pulsed::StepSpec::SoftBoundsPmax(told) => {
                let $law = &told.law();
                $body
            }
        }
    };
}
pub(super) use with_law;

impl StepSpec {
    pub(super) fn draw(&self, mean: &PulsedCell, cell: &mut Instance, spread: Spread) {
        with_law!(self, law => law.draw(mean, cell, spread));
    }
    pub(super) fn granularity(&self, mean: &PulsedCell) -> f64 {
        with_law!(self, law => law.granularity(mean))
    }
    pub(super) fn check(&self, mean: &PulsedCell, c: &mut Checks) {
        if let Self::SoftBoundsPmax(told) = self {
            told.check(c);
        }
        with_law!(self, law => law.check(mean, c));
    }
    /// The cell with the bounds and the step that a law derives.
    pub(super) fn resolved(&self, cell: &PulsedCell) -> PulsedCell {
        match self {
            Self::SoftBoundsPmax(law) => law.resolved(cell),
            // a reference of nothing is no plane of an array
            Self::SoftBoundsReference(law) if law.is_absent() => {
                PulsedCell { step: Self::SoftBounds(SoftBounds { mult_noise: law.mult_noise }), ..cell.clone() }
            }
            _ => cell.clone(),
        }
    }
}
