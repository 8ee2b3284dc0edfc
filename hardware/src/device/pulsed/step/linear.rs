//! Linear step: `Δw = s·(1 - c·w)·(1 + σξ)`, or `s·(1 - c·w + σξ)` where noise does not follow the step.
//! `c₊ = γ₊/B₊` and `c₋ = γ₋/B₋` with the mean bounds or the cell's own as `B`, so that steps shrink towards the
//! bound they lead to (aihwkit 1.1.0, MIT licence).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::PulsedCell;
use super::super::arithmetic::Arithmetic;
use super::super::cell::{Instance, Parameter, Spread};
use super::{Site, StepLaw, saturating};
use crate::device::Checks;

/// Numbers of the law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinearStep {
    /// Share of the up step that is lost on the way from 0 to the greatest weight.
    pub gamma_up: f64,
    /// Its standard deviation from cell to cell.
    pub gamma_up_dtod: f64,
    /// Share of the down step that is lost on the way from 0 to the least weight.
    pub gamma_down: f64,
    /// Its standard deviation from cell to cell.
    pub gamma_down_dtod: f64,
    /// Whether steps of some cells may grow towards the bound.
    pub allow_increasing: bool,
    /// Whether slopes refer to the mean bounds rather than the cell's own.
    pub mean_bound_reference: bool,
    /// Whether noise is proportional to the step.
    pub mult_noise: bool,
}

impl Default for LinearStep {
    fn default() -> Self {
        Self {
            gamma_up: 0.0,
            gamma_up_dtod: 0.05,
            gamma_down: 0.0,
            gamma_down_dtod: 0.05,
            allow_increasing: false,
            mean_bound_reference: true,
            mult_noise: true,
        }
    }
}

impl StepLaw for LinearStep {
    const OWN: usize = 2;

    fn draw(&self, mean: &PulsedCell, cell: &mut Instance, spread: Spread) {
        let bounds = if self.mean_bound_reference { [mean.w_max, mean.w_min] } else { [cell.high, cell.low] };
        let slope = |parameter, gamma: f64, deviation: f64, bound: f64| {
            let gamma = gamma + spread.normal(parameter, deviation);
            let gamma = if self.allow_increasing { gamma } else { gamma.abs() };
            if bound == 0.0 { 0.0 } else { gamma / bound }
        };
        cell.own = [
            slope(Parameter::First, self.gamma_up, self.gamma_up_dtod, bounds[0]),
            slope(Parameter::Second, self.gamma_down, self.gamma_down_dtod, bounds[1]),
        ];
    }

    #[inline(always)]
    fn increment<A: Arithmetic>(&self, a: A, site: &Site<A>, up: A::Mask, w: A::Number) -> [A::Number; 2] {
        let slope = a.select(up, site.own[0], site.own[1]);
        saturating(a, site.step, a.mul(slope, w), self.mult_noise)
    }

    fn check(&self, mean: &PulsedCell, c: &mut Checks) {
        for (field, v) in [
            ("step.linear_step.gamma_up_dtod", self.gamma_up_dtod),
            ("step.linear_step.gamma_down_dtod", self.gamma_down_dtod),
        ] {
            c.not_negative(field, v);
        }
        let flat =
            self.gamma_up == 0.0 && self.gamma_down == 0.0 && self.gamma_up_dtod == 0.0 && self.gamma_down_dtod == 0.0;
        super::bounds_around_zero(mean, flat, c);
    }
}
