//! Retention with temperature: the state is lost exponentially, with a life and an activation energy that
//! depend on the state. At the position `x` of the window at which a cell was programmed,
//! `ln τ_0(x)` and `E(x)` go linearly from the low to the high state, and
//! `x(t) = x_r + (x - x_r)·exp(-t/τ(x, T))`, `τ(x, T) = τ_0(x)·exp(E(x)/k·(1/T - 1/T_0))·e^{σz}`.
//!
//! A bake test asks when the state has moved by a given share of the window; from the times to failure at
//! several temperatures [`BakeFit`] gets the activation energy back by a line through `ln t` against `1/kT`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::spec::Checks;
use super::activation::{ActivationSpec, BOLTZMANN_EV};
use super::ageing::Storage;
use crate::units::{Kelvin, Second, Share};

/// Life of one end of the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateLifeSpec {
    /// Time constant at the reference temperature.
    pub tau: Second,
    /// Activation energy in eV.
    pub energy_ev: f64,
}

/// Card of state-dependent retention.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrheniusSpec {
    /// Life of the lowest conductance.
    pub low: StateLifeSpec,
    /// Life of the highest conductance.
    pub high: StateLifeSpec,
    /// Rest as a share of the window; 0 by default.
    #[serde(default)]
    pub rest: Share,
    /// Temperature at which the time constants hold.
    pub reference: Kelvin,
    /// Standard deviation of `ln τ` between cells; 0 by default.
    #[serde(default)]
    pub spread: f64,
}

impl ArrheniusSpec {
    pub(super) fn check(&self, at: &str, checks: &mut Checks) {
        for (end, life) in [("low", self.low), ("high", self.high)] {
            checks.positive(&format!("{at}.{end}.tau"), life.tau.0);
            checks.within(&format!("{at}.{end}.energy_ev"), life.energy_ev, 0.0, 5.0);
        }
        checks.within(&format!("{at}.rest"), self.rest.0, 0.0, 1.0);
        checks.positive(&format!("{at}.reference"), self.reference.0);
        checks.within(&format!("{at}.spread"), self.spread, 0.0, 10.0);
    }

    /// Time constant of a median cell programmed to the position `level` (0 to 1) of the window.
    #[must_use]
    pub fn tau(&self, level: f64, temperature: Kelvin) -> Second {
        let between = |low: f64, high: f64| low + (high - low) * level;
        let tau = libm::exp(between(libm::log(self.low.tau.0), libm::log(self.high.tau.0)));
        let energy_ev = between(self.low.energy_ev, self.high.energy_ev);
        Second(tau / ActivationSpec { energy_ev, reference: self.reference }.speed(temperature))
    }

    /// When a median cell programmed to `level` has moved by `loss` (share of the window); `None` if it never
    /// moves so far.
    #[must_use]
    pub fn time_to_failure(&self, level: f64, loss: Share, temperature: Kelvin) -> Option<Second> {
        let left = 1.0 - loss.0 / (level - self.rest.0).abs();
        (left > 0.0).then(|| self.tau(level, temperature) * -libm::log(left))
    }

    pub(super) fn age(&self, g: &mut [f64], storage: &Storage<'_>) {
        let rest = storage.at_level(self.rest.0);
        for (g, cell) in g.iter_mut().zip(storage.cells) {
            let tau = self.tau(storage.level(*g), storage.temperature).0;
            let lives = storage.age.0 / tau * libm::exp(-storage.spread(*cell, self.spread));
            *g = rest + (*g - rest) * libm::exp(-lives);
        }
    }
}

/// Arrhenius line through times to failure: `ln t = ln t_∞ + E/(kT)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BakeFit {
    /// Activation energy in eV.
    pub energy_ev: f64,
    /// Natural logarithm of the time (seconds) to which the line goes at infinite temperature.
    pub ln_limit: f64,
}

impl BakeFit {
    /// Least squares in `ln t` over the bakes; `None` with fewer than two temperatures.
    #[must_use]
    pub fn of(bakes: &[(Kelvin, Second)]) -> Option<Self> {
        let n = bakes.len() as f64;
        let points = bakes.iter().map(|(k, t)| (1.0 / (BOLTZMANN_EV * k.0), libm::log(t.0)));
        let (sx, sy) = points.clone().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        let (xm, ym) = (sx / n, sy / n);
        let (sxx, sxy) = points.fold((0.0, 0.0), |(a, b), (x, y)| (a + (x - xm) * (x - xm), b + (x - xm) * (y - ym)));
        (sxx > 0.0).then(|| Self { energy_ev: sxy / sxx, ln_limit: ym - sxy / sxx * xm })
    }

    /// Time to failure at a temperature.
    #[must_use]
    pub fn time(&self, temperature: Kelvin) -> Second {
        Second(libm::exp(self.ln_limit + self.energy_ev / (BOLTZMANN_EV * temperature.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::AgeingSpec;
    use super::super::testing::population;
    use super::*;

    const YEAR: f64 = 31_557_600.0;
    const LAW: ArrheniusSpec = ArrheniusSpec {
        low: StateLifeSpec { tau: Second(30.0 * YEAR), energy_ev: 1.4 },
        high: StateLifeSpec { tau: Second(10.0 * YEAR), energy_ev: 1.1 },
        rest: Share(0.25),
        reference: Kelvin(358.0),
        spread: 0.5,
    };

    /// Bakes of simulated cells, each until its state has moved by a tenth of the window, give the activation
    /// energy of the card and its life at the temperature of use.
    #[test]
    fn bakes_give_the_activation_energy_back() {
        for (g, level) in [(1e-5, 1.0), (1e-6, 0.0)] {
            let bakes: Vec<(Kelvin, Second)> = [423.0, 448.0, 473.0, 498.0]
                .map(|kelvin| {
                    // when the median cell fails, found on the cells themselves by bisection in ln t
                    let (mut low, mut high) = (0.0_f64, 40.0_f64);
                    for _ in 0..80 {
                        let middle = 0.5 * (low + high);
                        let now = population(&AgeingSpec::Arrhenius(LAW), g, middle.exp(), kelvin, 1, 0.0)[0];
                        if (now - g).abs() < 0.1 * 9e-6 { low = middle } else { high = middle }
                    }
                    (Kelvin(kelvin), Second(low.exp()))
                })
                .into();
            let fit = BakeFit::of(&bakes).unwrap();
            let life = if level == 1.0 { LAW.high } else { LAW.low };
            assert!((fit.energy_ev - life.energy_ev).abs() < 1e-9, "{fit:?}");
            let expected = LAW.time_to_failure(level, Share(0.1), Kelvin(358.0)).unwrap();
            assert!((fit.time(Kelvin(358.0)) / expected - 1.0).abs() < 1e-9);
            assert!((expected.0 / (life.tau.0 * -(1.0 - 0.1 / (level - 0.25_f64).abs()).ln()) - 1.0).abs() < 1e-12);
        }
        assert!(BakeFit::of(&[(Kelvin(300.0), Second(1.0)); 2]).is_none());
        assert!(LAW.time_to_failure(0.3, Share(0.1), Kelvin(400.0)).is_none());
    }

    /// At the median time to failure half of the cells have failed.
    #[test]
    fn half_of_the_cells_fail_by_the_median_time() {
        let t = LAW.time_to_failure(1.0, Share(0.1), Kelvin(400.0)).unwrap();
        let g = population(&AgeingSpec::Arrhenius(LAW), 1e-5, t.0, 400.0, 10_000, 1.0);
        let failed = g.iter().filter(|g| 1e-5 - **g > 0.1 * 9e-6).count() as f64;
        assert!((failed - 5000.0).abs() < 4.0 * 50.0, "{failed}");
    }
}
