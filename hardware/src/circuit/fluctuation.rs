//! Slow noise of cells: 1/f noise and random telegraph noise, parted into what stands still and what is new at a read.
//!
//! Reads of one run see a cell during a time that an array of columns does not know. [`Bands::hold`] parts it: what
//! moves more slowly has one value for a cell and a run, drawn at programming; what moves faster is averaged over the
//! read time `T` and new at every read. Both are exact in the column sums: the first is state of the cells, the second
//! Gaussian and independent between cells and reads. What moves at about `hold` has no such law and is refused.
//!
//! **1/f** (Hooge, doi:10.1016/0375-9601(69)90076-0): relative fluctuations of density `K/f` have the variance
//! `K·ln(f₂/f₁)` between `f₁` and `f₂`: `from … 1/hold` stands still, `1/hold … 1/2T` is new at every read.
//!
//! **Telegraph** ([`TrapSpec`]: occupancy `p`, amplitude `a`, autocovariance `a²·p(1−p)·exp(−t/τ)`). With `τ` from ten
//! times `hold` on the state is drawn with probability `p`; up to a hundredth of `T` a read has the mean `1 − a·p` and
//! the variance `a²·2p(1−p)·(τ/T)·(1 − (τ/T)(1 − exp(−T/τ)))`, Gaussian but for cumulants of the order of `τ/T`.

use crate::device::laws::TrapSpec;
use crate::rng::{Domain, Draw};
use crate::units::{Hertz, Second, Share};

/// 1/f noise of a cell's conductance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flicker {
    /// Density of the relative fluctuation at 1 Hz, `K`, in 1 (squared share).
    pub density: f64,
    /// Lowest frequency: one over the time since cells were measured to be at their target.
    pub from: Hertz,
}

/// Random telegraph noise of a cell with one trap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Telegraph {
    /// Share of the cells that have a trap.
    pub share: Share,
    /// The trap.
    pub trap: TrapSpec,
}

/// Slow noise with the times that part it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// 1/f noise.
    pub flicker: Option<Flicker>,
    /// Telegraph noise.
    pub telegraph: Option<Telegraph>,
    /// Slower than this stands still during a run.
    pub hold: Second,
    /// Time over which a read averages.
    pub read: Second,
}

/// What slow noise does to one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slow {
    /// Conductance over that without slow noise, during the run.
    pub factor: f64,
    /// Variance of a read over the squared conductance.
    pub variance: f64,
}

/// How fast a trap is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One state for a run.
    Still,
    /// Averaged within a read.
    Fast,
    /// Neither: no law for whole columns.
    Between,
}

impl Telegraph {
    /// Correlation time.
    #[must_use]
    pub fn tau(&self) -> Second {
        Second(1.0 / self.trap.rate())
    }
    /// Variance of the mean over a time `t`, over the squared conductance.
    #[must_use]
    pub fn variance_of_mean(&self, t: Second) -> f64 {
        let x = self.tau().0 / t.0;
        2.0 * self.trap.variance() * x * (1.0 + x * libm::expm1(-1.0 / x))
    }
    /// Whether a law for whole columns holds.
    #[must_use]
    pub fn pace(&self, hold: Second, read: Second) -> Pace {
        match self.tau().0 {
            tau if tau >= 10.0 * hold.0 => Pace::Still,
            tau if tau <= 0.01 * read.0 => Pace::Fast,
            _ => Pace::Between,
        }
    }
}

impl Flicker {
    /// Relative variance between two frequencies.
    #[must_use]
    pub fn variance(&self, from: Hertz, to: Hertz) -> f64 {
        self.density * libm::log(to.0 / from.0).max(0.0)
    }
}

impl Bands {
    /// What the cell `element` of a world of `seed` has, spreads scaled by `scale`. A trap of pace
    /// [`Pace::Between`] counts as fast: callers refuse it.
    #[must_use]
    pub fn of(&self, seed: u64, element: u64, scale: f64) -> Slow {
        let draw = |tick| Draw { seed, domain: Domain::SlowNoise, element, tick };
        let mut slow = Slow { factor: 1.0, variance: 0.0 };
        let parting = Hertz(1.0 / self.hold.0);
        if let Some(flicker) = self.flicker {
            let still = flicker.variance(flicker.from, parting).sqrt();
            slow.factor += still * scale * draw(0).normal(0);
            slow.variance += flicker.variance(parting, Hertz(0.5 / self.read.0)) * scale * scale;
        }
        if let Some(noise) = self.telegraph
            && draw(1).chance(noise.share.0 * scale, 0)
        {
            let (filled, amplitude) = (noise.trap.occupancy(), noise.trap.amplitude.0);
            match noise.pace(self.hold, self.read) {
                Pace::Still => slow.factor *= if draw(2).chance(filled, 0) { 1.0 - amplitude } else { 1.0 },
                _ => {
                    slow.factor *= 1.0 - amplitude * filled;
                    slow.variance += noise.variance_of_mean(self.read);
                }
            }
        }
        slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAP: Telegraph = Telegraph {
        share: Share(0.3),
        trap: TrapSpec { capture: Second(3e-3), emission: Second(1e-3), amplitude: Share(0.2) },
    };

    /// A trap followed flip by flip has the variance of means of the law.
    #[test]
    fn means_over_a_time_have_the_variance_of_the_law() {
        for t in [1e-4, 1e-3, 1e-2] {
            let (mut sum, mut square, n) = (0.0, 0.0, 20_000u64);
            for cell in 0..n {
                let draw = |k: u64| Draw { seed: 5, domain: Domain::Rtn, element: cell, tick: k }.uniform(0);
                let mut filled = draw(0) < TRAP.trap.occupancy();
                let (mut now, mut low, mut k) = (0.0, 0.0, 1);
                while now < t {
                    let stay = -libm::log(draw(k)) * if filled { TRAP.trap.emission.0 } else { TRAP.trap.capture.0 };
                    let until = (now + stay).min(t);
                    low += if filled { until - now } else { 0.0 };
                    (now, filled, k) = (until, !filled, k + 1);
                }
                let mean = TRAP.trap.amplitude.0 * low / t;
                (sum, square) = (sum + mean, square + mean * mean);
            }
            let n = n as f64;
            let variance = square / n - (sum / n).powi(2);
            let law = TRAP.variance_of_mean(Second(t));
            // the kurtosis of these means is below 4: five standard errors of a variance
            assert!((variance / law - 1.0).abs() < 5.0 * (3.0 / n).sqrt(), "{t}: {variance} for {law}");
        }
    }

    /// Sums of Lorentzians, ten a decade, are 1/f: their variance within a band is that of the law.
    #[test]
    fn a_decade_of_relaxations_has_the_variance_of_its_band() {
        let flicker = Flicker { density: 1e-4, from: Hertz(1.0) };
        let per_decade = 10.0;
        // each Lorentzian of equal variance, one-sided S = 4σ²τ/(1 + (2πfτ)²), together K/f
        let each = flicker.density * std::f64::consts::LN_10 / per_decade;
        let band = |low: f64, high: f64| -> f64 {
            (-80..80)
                .map(|i| {
                    let corner = libm::exp10(2.5 + f64::from(i) / per_decade);
                    each * (libm::atan(high / corner) - libm::atan(low / corner)) * std::f64::consts::FRAC_2_PI
                })
                .sum()
        };
        let law = flicker.variance(Hertz(10.0), Hertz(1e4));
        assert!((band(10.0, 1e4) / law - 1.0).abs() < 1e-3, "{} {law}", band(10.0, 1e4));
    }

    #[test]
    fn cells_have_the_moments_of_the_bands() {
        let bands = Bands {
            flicker: Some(Flicker { density: 1e-4, from: Hertz(1.0) }),
            telegraph: Some(TRAP),
            hold: Second(5e-5),
            read: Second(1e-8),
        };
        let n = 40_000;
        let factors: Vec<f64> = (0..n).map(|i| bands.of(3, i, 1.0).factor).collect();
        let mean = factors.iter().sum::<f64>() / n as f64;
        let variance = factors.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / n as f64;
        let filled = 0.3 * 0.25;
        let still = 1e-4 * 2e4f64.ln();
        let expected = still * (1.0 - 0.36 * filled) + 0.04 * filled * (1.0 - filled);
        assert!((mean - (1.0 - 0.2 * filled)).abs() < 5.0 * (expected / n as f64).sqrt());
        // the kurtosis of the mixture is below 8
        assert!((variance / expected - 1.0).abs() < 5.0 * (7.0 / n as f64).sqrt(), "{variance} {expected}");
        let fast = bands.of(3, 0, 1.0).variance;
        assert!((fast / (1e-4 * (0.5e8f64 / 2e4).ln()) - 1.0).abs() < 1e-12);
        assert_eq!(bands.of(3, 7, 0.0), Slow { factor: 1.0, variance: 0.0 });
    }

    #[test]
    fn traps_are_still_fast_or_between() {
        let pace = |hold, read| TRAP.pace(Second(hold), Second(read));
        assert_eq!([pace(7e-5, 1e-8), pace(1e-2, 1e-1), pace(1e-3, 1e-8)], [Pace::Still, Pace::Fast, Pace::Between]);
    }
}
