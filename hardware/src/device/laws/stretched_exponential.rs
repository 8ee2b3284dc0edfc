//! Stretched-exponential relaxation `g(t) = g_r + (g - g_r)·exp(-(t/τ)^β)` (Kohlrausch; for resistive memory
//! e.g. Chang et al., ACS Nano 2011): a rest `g_r` in the window, `ln τ` normal between cells.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::spec::Checks;
use super::activation::{ActivationSpec, speed};
use super::ageing::Storage;
use crate::units::{Second, Share};

/// Card of stretched-exponential relaxation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StretchedExponentialSpec {
    /// Time constant of the median cell.
    pub tau: Second,
    /// Exponent, above 0 and at most 1; 1 is a plain exponential.
    pub beta: f64,
    /// Rest as a share of the window; 0 by default.
    #[serde(default)]
    pub rest: Share,
    /// Standard deviation of `ln τ` between cells; 0 by default.
    #[serde(default)]
    pub spread: f64,
    /// Thermal activation of `1/τ`; none by default.
    #[serde(default)]
    pub activation: Option<ActivationSpec>,
}

impl StretchedExponentialSpec {
    pub(super) fn check(&self, at: &str, checks: &mut Checks) {
        checks.positive(&format!("{at}.tau"), self.tau.0);
        checks.within(&format!("{at}.beta"), self.beta, 1e-3, 1.0);
        checks.within(&format!("{at}.rest"), self.rest.0, 0.0, 1.0);
        checks.within(&format!("{at}.spread"), self.spread, 0.0, 10.0);
        if let Some(a) = self.activation {
            a.check(&format!("{at}.activation"), checks);
        }
    }

    pub(super) fn age(&self, g: &mut [f64], storage: &Storage<'_>) {
        let rest = storage.at_level(self.rest.0);
        let times = storage.age.0 * speed(self.activation, storage.temperature) / self.tau.0;
        let nominal = libm::pow(times, self.beta);
        for (g, cell) in g.iter_mut().zip(storage.cells) {
            let power = nominal * libm::exp(self.beta * storage.spread(*cell, self.spread));
            *g = rest + (*g - rest) * libm::exp(-power);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::AgeingSpec;
    use super::super::testing::{moments, population};
    use super::*;

    /// `ln(-ln left)` is a straight line in `ln t`: Kohlrausch's plot has slope β and meets 0 at τ.
    #[test]
    fn kohlrausch_plot() {
        let law =
            StretchedExponentialSpec { tau: Second(1e4), beta: 0.37, rest: Share(0.2), spread: 0.0, activation: None };
        let rest = 1e-6 + 0.2 * 9e-6;
        for age in [1.0_f64, 1e2, 1e4, 1e5] {
            let g = population(&AgeingSpec::StretchedExponential(law), 9e-6, age, 300.0, 1, 1.0)[0];
            let plot = (-((g - rest) / (9e-6 - rest)).ln()).ln();
            assert!((plot - 0.37 * (age / 1e4).ln()).abs() < 1e-9, "{age}");
        }
    }

    /// A log-normal τ: the share of cells that are below the median cell's value is one half, and the law of
    /// the spread is normal in the plot of Kohlrausch.
    #[test]
    fn the_spread_of_tau_is_log_normal() {
        let law =
            StretchedExponentialSpec { tau: Second(1e4), beta: 0.5, rest: Share(0.0), spread: 0.8, activation: None };
        let n = 20_000;
        let plot: Vec<f64> = population(&AgeingSpec::StretchedExponential(law), 9e-6, 3e3, 300.0, n, 1.0)
            .iter()
            .map(|g| (-((g - 1e-6) / 8e-6).ln()).ln())
            .collect();
        let [mean, variance] = moments(&plot);
        let sigma = 0.5 * 0.8;
        assert!((mean - 0.5 * 0.3_f64.ln()).abs() < 4.0 * sigma / (n as f64).sqrt());
        assert!((variance / (sigma * sigma) - 1.0).abs() < 4.0 * (2.0 / n as f64).sqrt());
    }
}
