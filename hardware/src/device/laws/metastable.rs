//! Drift of metastable switches: a cell is `N` independent two-state switches, of which the share `X` is on and
//! `g = g_min + X·(g_max - g_min)` (generalised metastable switch model, Nugent and Molter, PLoS ONE 9, e85175,
//! 2014). Without bias both flipping rates are constant, so the law after a delay is exact. With
//! `s = exp(-d/τ)` and the rest `X_r`, a switch that was on is on with `q_1 = X_r + (1-X_r)·s`, one that was off
//! with `q_0 = X_r·(1-s)`, and
//!
//! number on = Binomial(N·X_0, q_1) + Binomial(N·(1-X_0), q_0),
//! mean of X = X_r + (X_0-X_r)·s, variance = [X_0·q_1(1-q_1) + (1-X_0)·q_0(1-q_0)]/N.
//!
//! The laws of two delays in a row are the law of their sum. A programmed conductance that is no whole number of
//! switches keeps its remainder, which decays with `s`, so that the mean is exact for it too.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::spec::Checks;
use super::activation::{ActivationSpec, BOLTZMANN_EV, speed};
use super::ageing::Storage;
use super::binomial::Binomial;
use crate::units::{Kelvin, Second, Share, Volt};

/// Card of metastable-switch drift.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetastableSwitchSpec {
    /// Number of switches of a cell.
    pub switches: u32,
    /// Relaxation time of the mean.
    pub tau: Second,
    /// Share of switches that are on at rest.
    pub rest: Share,
    /// Thermal activation of `1/τ`; none by default.
    #[serde(default)]
    pub activation: Option<ActivationSpec>,
}

impl MetastableSwitchSpec {
    pub(super) fn check(&self, at: &str, checks: &mut Checks) {
        checks.within(&format!("{at}.switches"), f64::from(self.switches), 1.0, 1e8);
        checks.positive(&format!("{at}.tau"), self.tau.0);
        checks.within(&format!("{at}.rest"), self.rest.0, 0.0, 1.0);
        if let Some(a) = self.activation {
            a.check(&format!("{at}.activation"), checks);
        }
    }

    /// The card of switches with the time constant `tau` and the thresholds `on`, `off` (both positive magnitudes)
    /// without bias: rates `1/τ/(1 + e^{qV/kT})` each way.
    #[must_use]
    pub fn of_thresholds(switches: u32, tau: Second, on: Volt, off: Volt, temperature: Kelvin) -> Self {
        let rate = |v: Volt| 1.0 / (tau.0 * (1.0 + libm::exp(v.0 / (BOLTZMANN_EV * temperature.0))));
        let (up, down) = (rate(on), rate(off));
        Self { switches, tau: Second(1.0 / (up + down)), rest: Share(up / (up + down)), activation: None }
    }

    /// The law after `delay` at `temperature` for cells of which `on` switches are on.
    #[must_use]
    pub fn after(&self, on: u32, delay: Second, temperature: Kelvin) -> SwitchLaw {
        let left = libm::exp(-delay.0 * speed(self.activation, temperature) / self.tau.0);
        SwitchLaw { stay: self.kept(on, left), rise: self.risen(self.switches - on, left), left }
    }

    const fn kept(&self, on: u32, left: f64) -> Binomial {
        Binomial { trials: on, chance: self.rest.0 + (1.0 - self.rest.0) * left }
    }
    const fn risen(&self, off: u32, left: f64) -> Binomial {
        Binomial { trials: off, chance: self.rest.0 * (1.0 - left) }
    }

    pub(super) fn age(&self, g: &mut [f64], storage: &Storage<'_>) {
        let n = f64::from(self.switches);
        let left = self.after(0, storage.age, storage.temperature).left;
        for (g, cell) in g.iter_mut().zip(storage.cells) {
            // above the window (spread of cells) nothing is known of the switches; the excess decays like the rest
            let level = (*g - storage.window.g_min.0) / storage.span();
            let mut now = self.rest.0 + (level - self.rest.0) * left;
            if storage.chance.scale != 0.0 {
                let on = (level.clamp(0.0, 1.0) * n).round() as u32;
                let law = SwitchLaw { stay: self.kept(on, left), rise: self.risen(self.switches - on, left), left };
                let draw = storage.draw(*cell);
                let count = law.stay.draw(draw, 0) + law.rise.draw(draw, 1);
                now += storage.chance.scale * (count - law.mean()) / n;
            }
            *g = storage.at_level(now);
        }
    }
}

/// Exact law of the number of switches that are on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SwitchLaw {
    /// Those that were on and are on.
    pub stay: Binomial,
    /// Those that were off and are on.
    pub rise: Binomial,
    /// Share `s` of the distance from rest that is left.
    pub left: f64,
}

impl SwitchLaw {
    /// Mean number on.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.stay.mean() + self.rise.mean()
    }
    /// Variance of the number on.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.stay.variance() + self.rise.variance()
    }
    /// Probability of each number on, `0 ..= N`: the convolution of the two laws. Quadratic in `N`.
    #[must_use]
    pub fn probabilities(&self) -> Vec<f64> {
        let (a, b) = (self.stay.probabilities(), self.rise.probabilities());
        let mut sum = vec![0.0; a.len() + b.len() - 1];
        for (i, a) in a.iter().enumerate() {
            for (s, b) in sum[i..].iter_mut().zip(&b) {
                *s += a * b;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::AgeingSpec;
    use super::super::testing::{moments, population};
    use super::*;
    use crate::rng::{Domain, Draw};

    const ROOM: Kelvin = Kelvin(300.0);
    const LAW: MetastableSwitchSpec =
        MetastableSwitchSpec { switches: 60, tau: Second(100.0), rest: Share(0.3), activation: None };

    /// `p(d_1 + d_2)` from every start equals the sum over what lies between.
    #[test]
    fn delays_compose() {
        let table = |d: f64| (0..=60).map(|on| LAW.after(on, Second(d), ROOM).probabilities()).collect::<Vec<_>>();
        let (first, second, whole) = (table(13.0), table(70.0), table(83.0));
        for from in 0..=60 {
            for to in 0..=60 {
                let chained: f64 = (0..=60).map(|k| first[from][k] * second[k][to]).sum();
                assert!((chained - whole[from][to]).abs() < 1e-14, "{from} {to}");
            }
        }
    }

    /// Switches flipped one by one in small steps, nothing known of the closed form.
    #[test]
    fn the_law_is_that_of_single_switches() {
        let (steps, n, runs) = (40, 60_u64, 4000_u64);
        let step = 50.0 / f64::from(steps);
        // probabilities of one step for the embedded chain of the two rates
        let (up, down) = (0.3 / 100.0 * step, 0.7 / 100.0 * step);
        let s = (1.0 - up - down).powi(steps);
        let spec = MetastableSwitchSpec { tau: Second(-50.0 / s.ln()), ..LAW };
        let mut counts = vec![0.0; 61];
        for run in 0..runs {
            let mut on: Vec<bool> = (0..n).map(|i| i < 45).collect();
            for t in 0..steps as u64 {
                for (i, on) in on.iter_mut().enumerate() {
                    let d = Draw { seed: 1, domain: Domain::Drift, element: run * 64 + i as u64, tick: t };
                    *on = if *on { !d.chance(down, 0) } else { d.chance(up, 0) };
                }
            }
            counts[on.iter().filter(|on| **on).count()] += 1.0;
        }
        let p = spec.after(45, Second(50.0), ROOM).probabilities();
        let (mut chi2, mut bins) = (0.0, 0);
        for (count, p) in counts.iter().zip(&p) {
            let expected = p * runs as f64;
            if expected > 5.0 {
                chi2 += (count - expected) * (count - expected) / expected;
                bins += 1;
            }
        }
        // mean `bins`, standard deviation √(2·bins); the rare rest is left out
        assert!(chi2 < f64::from(bins) + 4.0 * f64::from(2 * bins).sqrt(), "{chi2} of {bins}");
    }

    #[test]
    fn cells_have_the_moments_of_the_law() {
        let n = 20_000;
        for (switches, g) in [(60, 1e-5), (1000, 4.7e-6), (5000, 2e-6)] {
            let law = MetastableSwitchSpec { switches, ..LAW };
            let x0 = (g - 1e-6) / 9e-6;
            let exact = law.after((x0 * f64::from(switches)).round() as u32, Second(40.0), ROOM);
            let x: Vec<f64> = population(&AgeingSpec::MetastableSwitches(law), g, 40.0, 300.0, n, 1.0)
                .iter()
                .map(|g| (g - 1e-6) / 9e-6)
                .collect();
            let [mean, variance] = moments(&x);
            let expected = exact.variance() / f64::from(switches).powi(2);
            assert!((mean - (0.3 + (x0 - 0.3) * (-0.4_f64).exp())).abs() < 4.0 * (expected / n as f64).sqrt());
            assert!((variance / expected - 1.0).abs() < 4.0 * (2.0 / n as f64).sqrt(), "{switches}");
        }
    }

    /// Stationary and slow limits of thresholds: both flips equally likely rest in the middle.
    #[test]
    fn thresholds_give_rates() {
        let even = MetastableSwitchSpec::of_thresholds(10, Second(1e-4), Volt(0.2), Volt(0.2), ROOM);
        assert!((even.rest.0 - 0.5).abs() < 1e-15);
        let fold = (0.2 / (BOLTZMANN_EV * 300.0)).exp();
        assert!((even.tau.0 / (1e-4 * (1.0 + fold) / 2.0) - 1.0).abs() < 1e-12);
        let off = MetastableSwitchSpec::of_thresholds(10, Second(1e-4), Volt(0.4), Volt(0.2), ROOM);
        assert!(off.rest.0 < 1e-3);
    }
}
