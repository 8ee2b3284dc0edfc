//! Random telegraph noise: a trap that captures after `τ_c` on average when empty and emits after `τ_e` when
//! filled. With `λ = 1/τ_c + 1/τ_e` and the occupancy at rest `p = τ_e/(τ_c + τ_e)` (Machlup, J. Appl. Phys. 25,
//! 341 (1954)):
//!
//! * after any interval `t`: P(filled | filled) = p + (1-p)·e^{-λt}, P(filled | empty) = p·(1 - e^{-λt});
//! * autocovariance `A²·p(1-p)·e^{-λ|t|}`, one-sided spectral density `4A²·p(1-p)·λ/(λ² + (2πf)²)`.
//!
//! Traps whose `ln λ` is spread evenly between two corners add up to `1/f` between them (McWhorter 1957): the
//! variance of each e-fold of frequency is the same.

use std::f64::consts::TAU;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::spec::Checks;
use crate::rng::{Domain, Draw};
use crate::units::{Hertz, Second, Share};

/// Card of one trap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrapSpec {
    /// Mean time to capture τ_c of an empty trap.
    pub capture: Second,
    /// Mean time to emission τ_e of a filled trap.
    pub emission: Second,
    /// How much less the cell conducts while the trap is filled.
    pub amplitude: Share,
}

impl TrapSpec {
    /// Notes every mistake; `at` is the path of this group.
    pub(crate) fn check(&self, at: &str, checks: &mut Checks) {
        checks.positive(&format!("{at}.capture"), self.capture.0);
        checks.positive(&format!("{at}.emission"), self.emission.0);
        checks.within(&format!("{at}.amplitude"), self.amplitude.0, 0.0, 1.0);
    }

    /// Relaxation rate λ in 1/s.
    #[must_use]
    pub fn rate(&self) -> f64 {
        1.0 / self.capture.0 + 1.0 / self.emission.0
    }
    /// Occupancy at rest.
    #[must_use]
    pub fn occupancy(&self) -> f64 {
        self.emission.0 / (self.capture.0 + self.emission.0)
    }
    /// Probability that the trap is filled `interval` after it was found `filled`; at rest without such knowledge.
    #[must_use]
    pub fn filled_after(&self, filled: Option<bool>, interval: Second) -> f64 {
        let p = self.occupancy();
        let Some(filled) = filled else { return p };
        let left = libm::exp(-self.rate() * interval.0);
        p + (f64::from(u8::from(filled)) - p) * left
    }
    /// Variance of the relative conductance.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let p = self.occupancy();
        self.amplitude.0 * self.amplitude.0 * p * (1.0 - p)
    }
    /// Autocovariance of the relative conductance.
    #[must_use]
    pub fn autocovariance(&self, lag: Second) -> f64 {
        self.variance() * libm::exp(-self.rate() * lag.0.abs())
    }
    /// One-sided spectral density of the relative conductance, 1/Hz.
    #[must_use]
    pub fn density(&self, f: Hertz) -> f64 {
        let w = TAU * f.0;
        4.0 * self.variance() * self.rate() / (self.rate() * self.rate() + w * w)
    }
}

/// Traps of one cell and their states: relative conductance as a process in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Flicker {
    traps: Vec<TrapSpec>,
    filled: Vec<bool>,
    /// Address of the draws; the tick counts the moments asked for.
    draw: Draw,
}

impl Flicker {
    /// The traps of the cell at `address` in the world of `seed`, at rest. At most 65 536.
    #[must_use]
    pub fn at_rest(traps: Vec<TrapSpec>, address: u64, seed: u64) -> Self {
        let filled = vec![false; traps.len()];
        let mut flicker = Self { traps, filled, draw: Draw { seed, domain: Domain::Rtn, element: address, tick: 0 } };
        flicker.move_all(|_, _| None, Second(0.0));
        flicker
    }

    /// `n` traps of occupancy ½ with rates spread evenly in the logarithm between `2π·low` and `2π·high` (at the
    /// middle of their strata), so that the relative conductance has the given variance. Flicker noise between the
    /// two frequencies: density `variance/(f·ln(high/low))`.
    #[must_use]
    pub fn one_over_f(n: u32, low: Hertz, high: Hertz, variance: f64) -> Vec<TrapSpec> {
        let amplitude = Share(libm::sqrt(4.0 * variance / f64::from(n)));
        (0..n)
            .map(|i| {
                let part = (f64::from(i) + 0.5) / f64::from(n);
                let rate = TAU * low.0 * libm::pow(high / low, part);
                TrapSpec { capture: Second(2.0 / rate), emission: Second(2.0 / rate), amplitude }
            })
            .collect()
    }

    fn move_all(&mut self, known: impl Fn(&[bool], usize) -> Option<bool>, interval: Second) {
        for i in 0..self.traps.len() {
            let p = self.traps[i].filled_after(known(&self.filled, i), interval);
            self.filled[i] = self.draw.chance(p, i as u16);
        }
        self.draw.tick += 1;
    }

    /// Lets an interval of any length pass.
    pub fn wait(&mut self, interval: Second) {
        self.move_all(|filled, i| Some(filled[i]), interval);
    }

    /// Conductance now over that with all traps empty.
    #[must_use]
    pub fn factor(&self) -> f64 {
        1.0 - self.traps.iter().zip(&self.filled).filter(|(_, f)| **f).map(|(t, _)| t.amplitude.0).sum::<f64>()
    }

    /// One-sided spectral density of the sum of the traps, 1/Hz.
    #[must_use]
    pub fn density(traps: &[TrapSpec], f: Hertz) -> f64 {
        traps.iter().map(|t| t.density(f)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAP: TrapSpec = TrapSpec { capture: Second(3e-3), emission: Second(1e-3), amplitude: Share(0.2) };

    /// The closed form over `t` equals that over parts of `t` one after the other.
    #[test]
    fn transitions_compose() {
        for filled in [false, true] {
            let half = TRAP.filled_after(Some(filled), Second(4e-4));
            let then = half * TRAP.filled_after(Some(true), Second(9e-4))
                + (1.0 - half) * TRAP.filled_after(Some(false), Second(9e-4));
            assert!((then - TRAP.filled_after(Some(filled), Second(13e-4))).abs() < 1e-15);
            assert!((TRAP.filled_after(Some(filled), Second(1.0)) - 0.25).abs() < 1e-15);
        }
    }

    /// Occupancy and autocorrelation of sampled traces at several sampling intervals.
    #[test]
    fn traces_have_the_exact_autocorrelation() {
        let n = 200_000;
        for step in [1e-4, 7e-4, 3e-3] {
            let mut cell = Flicker::at_rest(vec![TRAP], 5, 11);
            let trace: Vec<f64> = (0..n)
                .map(|_| {
                    cell.wait(Second(step));
                    (1.0 - cell.factor()) / 0.2 - 0.25
                })
                .collect();
            let keep = (-TRAP.rate() * step).exp();
            // integrated autocorrelation: a correlated trace has fewer independent samples
            let independent = n as f64 * (1.0 - keep) / (1.0 + keep);
            let mean = trace.iter().sum::<f64>() / n as f64;
            assert!(mean.abs() < 4.0 * (0.1875 / independent).sqrt(), "{step}: {mean}");
            for lag in [1, 2, 5] {
                let c = trace.windows(lag + 1).map(|w| w[0] * w[lag]).sum::<f64>() / (n - lag) as f64 / 0.1875;
                assert!((c - keep.powi(lag as i32)).abs() < 4.0 * 1.5 / independent.sqrt(), "{step} {lag}: {c}");
            }
        }
    }

    /// The density is the cosine transform of the autocovariance and integrates to the variance.
    #[test]
    fn the_spectrum_belongs_to_the_autocovariance() {
        for f in [0.0, 30.0, 200.0, 1500.0] {
            let (step, mut sum) = (1e-6, 0.0);
            for i in 0..40_000 {
                let t = (f64::from(i) + 0.5) * step;
                sum += 4.0 * TRAP.autocovariance(Second(t)) * (TAU * f * t).cos() * step;
            }
            assert!((sum / TRAP.density(Hertz(f)) - 1.0).abs() < 1e-4, "{f}");
        }
    }

    #[test]
    fn many_traps_make_one_over_f() {
        let traps = Flicker::one_over_f(60, Hertz(1.0), Hertz(1e6), 1e-4);
        assert!((traps.iter().map(TrapSpec::variance).sum::<f64>() / 1e-4 - 1.0).abs() < 1e-12);
        for f in [10.0, 1e2, 1e3, 1e4, 1e5] {
            let ideal = 1e-4 / (f * 1e6_f64.ln());
            let ratio = Flicker::density(&traps, Hertz(f)) / ideal;
            // the corners cut off 2/π·atan(low/f) and the like: 6 % a decade inside them
            assert!((ratio - 1.0).abs() < 0.07, "{f}: {ratio}");
        }
    }
}
