//! Power step: `Δw = s₊·((b₊ - w)/(b₊ - b₋))^g₊·(1 + σξ)` up and `s₋·((w - b₋)/(b₊ - b₋))^g₋` down. The powers of
//! a cell are `g₊ = γ·(1 + γ_dtod·ξ + r + min(U, 0))` and `g₋ = γ·(1 + γ_dtod·ξ - r - max(U, 0))`, magnitudes where
//! consistency is enforced (aihwkit 1.1.0, MIT licence; Kim and others 2019, arXiv:1907.10228).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::PulsedCell;
use super::super::arithmetic::Arithmetic;
use super::super::cell::{Instance, Parameter, Spread};
use super::{Site, StepLaw};
use crate::device::Checks;

/// Numbers of the law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PowStep {
    /// Mean power.
    pub pow_gamma: f64,
    /// Its spread from cell to cell.
    pub pow_gamma_dtod: f64,
    /// Asymmetry of the powers up and down.
    pub pow_up_down: f64,
    /// Its spread from cell to cell.
    pub pow_up_down_dtod: f64,
}

impl Default for PowStep {
    fn default() -> Self {
        Self { pow_gamma: 1.0, pow_gamma_dtod: 0.1, pow_up_down: 0.0, pow_up_down_dtod: 0.0 }
    }
}

impl StepLaw for PowStep {
    const OWN: usize = 2;

    fn draw(&self, mean: &PulsedCell, cell: &mut Instance, spread: Spread) {
        let gain = 1.0 + spread.normal(Parameter::First, self.pow_gamma_dtod);
        let r = spread.normal(Parameter::Second, self.pow_up_down_dtod);
        let up = self.pow_gamma * (gain + r + self.pow_up_down.min(0.0));
        let down = self.pow_gamma * (gain - r - self.pow_up_down.max(0.0));
        cell.own = if mean.enforce_consistency { [up.abs(), down.abs()] } else { [up, down] };
    }

    #[inline(always)]
    fn increment<A: Arithmetic>(&self, a: A, site: &Site<A>, up: A::Mask, w: A::Number) -> [A::Number; 2] {
        let left = a.select(up, a.sub(site.high, w), a.sub(w, site.low));
        let share = a.div(left, site.span(a));
        let dw = a.mul(site.step, a.power(share, a.select(up, site.own[0], site.own[1])));
        [dw, dw]
    }

    /// Half the window is left in the middle.
    fn granularity(&self, _mean: &PulsedCell) -> f64 {
        libm::pow(0.5, self.pow_gamma)
    }

    fn check(&self, _mean: &PulsedCell, c: &mut Checks) {
        c.within("step.pow_step.pow_gamma", self.pow_gamma, 0.0, 100.0);
        c.within("step.pow_step.pow_up_down", self.pow_up_down, -1.0, 1.0);
        c.not_negative("step.pow_step.pow_gamma_dtod", self.pow_gamma_dtod);
        c.not_negative("step.pow_step.pow_up_down_dtod", self.pow_up_down_dtod);
    }
}
