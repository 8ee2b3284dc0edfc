//! Piecewise linear step: `Δw = s·L(t)·(1 + σξ)`, where `L` goes through nodes that stand at equal distances over
//! the cell's own window, `t = (w - b₋)/(b₊ - b₋)·(n - 1)` (aihwkit 1.1.0, MIT licence).
//!
//! `L(t) = L₀ + Σ κₖ·max(0, t - k)` with the changes of slope `κₖ`: no look-up, one form for any arithmetic.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::PulsedCell;
use super::super::arithmetic::Arithmetic;
use super::{Site, StepLaw};
use crate::device::Checks;

/// Nodes of the law, as factors of the step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PiecewiseStep {
    /// Factors of up steps, from the least weight to the greatest.
    pub piecewise_up: Vec<f64>,
    /// Factors of down steps, from the least weight to the greatest; as many.
    pub piecewise_down: Vec<f64>,
}

impl Default for PiecewiseStep {
    fn default() -> Self {
        Self { piecewise_up: vec![1.0], piecewise_down: vec![1.0] }
    }
}

/// Change of slope at node `k`.
fn bend(nodes: &[f64], k: usize) -> f64 {
    let slope = |k: usize| nodes[k + 1] - nodes[k];
    if k == 0 { slope(0) } else { slope(k) - slope(k - 1) }
}

impl StepLaw for PiecewiseStep {
    #[inline(always)]
    fn increment<A: Arithmetic>(&self, a: A, site: &Site<A>, up: A::Mask, w: A::Number) -> [A::Number; 2] {
        let (ups, downs) = (&self.piecewise_up[..], &self.piecewise_down[..]);
        let mut level = a.select(up, a.number(ups[0]), a.number(downs[0]));
        let last = ups.len() - 1;
        let t = a.mul(a.div(a.sub(w, site.low), site.span(a)), a.number(last as f64));
        for k in 0..last {
            let beyond = a.max(a.sub(t, a.number(k as f64)), a.number(0.0));
            let slope = a.select(up, a.number(bend(ups, k)), a.number(bend(downs, k)));
            level = a.add(level, a.mul(slope, beyond));
        }
        let dw = a.mul(site.step, level);
        [dw, dw]
    }

    /// The middle node of the up steps.
    fn granularity(&self, _mean: &PulsedCell) -> f64 {
        self.piecewise_up[self.piecewise_up.len() / 2]
    }

    fn check(&self, _mean: &PulsedCell, c: &mut Checks) {
        let (field, n) = ("step.piecewise_step.piecewise_up", self.piecewise_up.len());
        c.require(
            (1..=64).contains(&n) && n == self.piecewise_down.len(),
            field,
            "`piecewise_up` and `piecewise_down` need as many nodes each, 1 to 64",
            "give both lists the same length",
        );
        let all = || self.piecewise_up.iter().chain(&self.piecewise_down);
        c.require(
            all().all(|v| v.is_finite() && *v >= 0.0),
            field,
            "nodes must not be negative",
            "give factors from 0 up",
        );
        c.require(
            self.piecewise_up.get(n / 2).is_some_and(|v| *v > 0.0),
            field,
            "the middle node of `piecewise_up` must be greater than 0: updates are reckoned in it",
            "give a step in the middle",
        );
    }
}
