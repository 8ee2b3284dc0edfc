//! Power-law drift `g(t) = g·(1 + t/t_0)^-ν`, as structural relaxation of phase-change cells is described
//! (Ielmini et al., IEEE TED 2007; Nandakumar et al., ICECS 2019). The exponent is
//! `ν = max(0, ν_0 + ν_1·ln(g/g_max)) + σ·z` with one normal `z` for a cell, so that `ln(g(t)/g)` is normal with
//! mean `-ν̄·L` and standard deviation `σ·L`, `L = ln(1 + t/t_0)`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::spec::Checks;
use super::activation::{ActivationSpec, speed};
use super::ageing::Storage;
use crate::units::Second;

/// Card of power-law drift.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerLawSpec {
    /// Mean exponent ν_0 at the top of the window.
    pub exponent: f64,
    /// Change ν_1 of the exponent for each e-fold of `g/g_max`; 0 by default.
    #[serde(default)]
    pub exponent_per_efold: f64,
    /// Standard deviation of the exponent between cells; 0 by default.
    #[serde(default)]
    pub spread: f64,
    /// Time t_0 from which the law counts.
    pub onset: Second,
    /// Thermal activation of `1/t_0`; none by default.
    #[serde(default)]
    pub activation: Option<ActivationSpec>,
}

impl PowerLawSpec {
    pub(super) fn check(&self, at: &str, checks: &mut Checks) {
        checks.within(&format!("{at}.exponent"), self.exponent, 0.0, 2.0);
        checks.within(&format!("{at}.exponent_per_efold"), self.exponent_per_efold, -1.0, 1.0);
        checks.within(&format!("{at}.spread"), self.spread, 0.0, 1.0);
        checks.positive(&format!("{at}.onset"), self.onset.0);
        if let Some(a) = self.activation {
            a.check(&format!("{at}.activation"), checks);
        }
    }

    /// Mean exponent of a cell programmed to `g` in a window that ends at `g_max`.
    #[must_use]
    pub fn mean_exponent(&self, g: f64, g_max: f64) -> f64 {
        // cells below a millionth of the window drift like those at it: the logarithm has no floor of its own
        (self.exponent + self.exponent_per_efold * libm::log((g / g_max).max(1e-6))).max(0.0)
    }

    pub(super) fn age(&self, g: &mut [f64], storage: &Storage<'_>) {
        let folds = libm::log1p(storage.age.0 * speed(self.activation, storage.temperature) / self.onset.0);
        for (g, cell) in g.iter_mut().zip(storage.cells) {
            let exponent = self.mean_exponent(*g, storage.window.g_max.0) + storage.spread(*cell, self.spread);
            *g *= libm::exp(-exponent * folds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{moments, population};
    use super::super::{ActivationSpec, AgeingSpec};
    use super::*;
    use crate::units::Kelvin;

    const LAW: PowerLawSpec = PowerLawSpec {
        exponent: 0.05,
        exponent_per_efold: -0.0155,
        spread: 0.012,
        onset: Second(20.0),
        activation: None,
    };

    /// The logarithm of the drift is normal with the closed-form moments; four standard errors.
    #[test]
    fn the_logarithm_is_normal() {
        let n = 20_000;
        let folds = (1.0_f64 + 1e5 / 20.0).ln();
        let nu = 0.05 + 0.0155 * 5.0_f64.ln();
        let logs: Vec<f64> =
            population(&AgeingSpec::PowerLaw(LAW), 2e-6, 1e5, 300.0, n, 1.0).iter().map(|g| (g / 2e-6).ln()).collect();
        let [mean, variance] = moments(&logs);
        let sigma = 0.012 * folds;
        assert!((mean + nu * folds).abs() < 4.0 * sigma / (n as f64).sqrt());
        assert!((variance / (sigma * sigma) - 1.0).abs() < 4.0 * (2.0 / n as f64).sqrt());
        let certain = population(&AgeingSpec::PowerLaw(LAW), 2e-6, 1e5, 300.0, 1, 0.0)[0];
        assert!((certain / (2e-6 * 5001.0_f64.powf(-nu)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn heat_shortens_the_onset() {
        let activation = ActivationSpec { energy_ev: 0.3, reference: Kelvin(300.0) };
        let hot = AgeingSpec::PowerLaw(PowerLawSpec { activation: Some(activation), ..LAW });
        let speed = activation.speed(Kelvin(350.0));
        let [at_350, at_300] =
            [population(&hot, 5e-6, 1e3, 350.0, 1, 0.0), population(&hot, 5e-6, 1e3 * speed, 300.0, 1, 0.0)];
        assert!((at_350[0] / at_300[0] - 1.0).abs() < 1e-12);
    }
}
