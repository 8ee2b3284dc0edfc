//! Exponential step: `Δw = s·y(z)·(1 + σξ)` with `y₊ = max(0, 1 - A₊·e^(γ₊z))` up and
//! `y₋ = max(0, 1 - A₋·e^(-γ₋z))` down, `z = 2a·w/(b₊ - b₋) + b`. With complex noise
//! `Δw = s·y + σ·(|s·y| + add + slope·|w|)·ξ` instead (Gong and others 2018, doi:10.1038/s41467-018-04485-1;
//! Nandakumar and others 2020, doi:10.3389/fnins.2020.00406; aihwkit 1.1.0, MIT licence).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::PulsedCell;
use super::super::arithmetic::{Arithmetic, Scalar};
use super::{Site, StepLaw};
use crate::device::Checks;

/// Numbers of the law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExpStep {
    /// Factor of the exponential of up steps.
    pub a_up: f64,
    /// Factor of the exponential of down steps.
    pub a_down: f64,
    /// Rate of up steps.
    pub gamma_up: f64,
    /// Rate of down steps.
    pub gamma_down: f64,
    /// Scale of the weight.
    pub a: f64,
    /// Offset of the weight.
    pub b: f64,
    /// Noise of a pulse that does not depend on step or weight; in weight, times `dw_min_std`.
    pub dw_min_std_add: f64,
    /// Noise of a pulse proportional to the weight, times `dw_min_std`.
    pub dw_min_std_slope: f64,
}

impl Default for ExpStep {
    fn default() -> Self {
        Self {
            a_up: 0.00081,
            a_down: 0.36833,
            gamma_up: 12.44625,
            gamma_down: 12.78785,
            a: 0.244,
            b: 0.2425,
            dw_min_std_add: 0.0,
            dw_min_std_slope: 0.0,
        }
    }
}

impl StepLaw for ExpStep {
    #[inline(always)]
    fn increment<A: Arithmetic>(&self, a: A, site: &Site<A>, up: A::Mask, w: A::Number) -> [A::Number; 2] {
        let n = |v: f64| a.number(v);
        let z = a.add(a.mul(n(2.0 * self.a), a.div(w, site.span(a))), n(self.b));
        let rate = a.select(up, n(self.gamma_up), n(-self.gamma_down));
        let factor = a.select(up, n(self.a_up), n(self.a_down));
        let y = a.max(a.sub(n(1.0), a.mul(factor, a.exp(a.mul(rate, z)))), n(0.0));
        let dw = a.mul(site.step, y);
        if self.dw_min_std_add == 0.0 && self.dw_min_std_slope == 0.0 {
            return [dw, dw];
        }
        let magnitude = |v| a.max(v, a.sub(n(0.0), v));
        let spread = a.add(n(self.dw_min_std_add), a.mul(n(self.dw_min_std_slope), magnitude(w)));
        [dw, a.add(magnitude(dw), spread)]
    }

    /// The down step at weight 0.
    fn granularity(&self, mean: &PulsedCell) -> f64 {
        let site = Site { low: mean.w_min, high: mean.w_max, step: 1.0, own: [0.0; 2] };
        self.increment(Scalar, &site, false, 0.0)[0]
    }

    fn check(&self, mean: &PulsedCell, c: &mut Checks) {
        for (field, v) in [
            ("step.exp_step.dw_min_std_add", self.dw_min_std_add),
            ("step.exp_step.dw_min_std_slope", self.dw_min_std_slope),
        ] {
            c.not_negative(field, v);
        }
        for (field, v) in [
            ("step.exp_step.a_up", self.a_up),
            ("step.exp_step.a_down", self.a_down),
            ("step.exp_step.gamma_up", self.gamma_up),
            ("step.exp_step.gamma_down", self.gamma_down),
            ("step.exp_step.a", self.a),
            ("step.exp_step.b", self.b),
        ] {
            c.within(field, v, -1e6, 1e6);
        }
        c.require(
            mean.w_max > mean.w_min && self.granularity(mean) > 0.0,
            "step.exp_step.a_down",
            "the down step at weight 0 vanishes; updates are reckoned in it",
            "choose `a_down` below exp(gamma_down·b)",
        );
    }
}
