//! Binomial counts: exact probabilities, and draws by address.
//!
//! A draw inverts the distribution function where the variance `n·q·(1-q)` is at most 250 (always for
//! `n ≤ 1000`), and rounds a normal to the nearest count beyond. There the error of the distribution function is
//! the skewness term of Edgeworth's expansion, at most `|1-2q|/(6·√(2π)·σ) ≤ 0.0043`, plus terms of order `1/σ²`.

use crate::rng::Draw;

/// Variance up to which draws are exact: the largest for which the probability of 0 is no denormal number.
pub const NORMAL_VARIANCE: f64 = 250.0;

/// Number of successes among `trials` of probability `chance` each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Binomial {
    /// Number of trials.
    pub trials: u32,
    /// Probability of success, 0 to 1.
    pub chance: f64,
}

impl Binomial {
    /// Mean count.
    #[must_use]
    pub fn mean(&self) -> f64 {
        f64::from(self.trials) * self.chance
    }
    /// Variance of the count.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.mean() * (1.0 - self.chance)
    }

    /// Probability of each count `0 ..= trials`, by recursion from the mode outwards, normalised.
    #[must_use]
    pub fn probabilities(&self) -> Vec<f64> {
        let (n, q) = (self.trials as usize, self.chance);
        let mut p = vec![0.0; n + 1];
        let mode = ((n as f64 + 1.0) * q).floor().clamp(0.0, n as f64) as usize;
        p[mode] = 1.0;
        for k in mode..n {
            p[k + 1] = p[k] * ((n - k) as f64 / (k + 1) as f64) * (q / (1.0 - q));
        }
        for k in (0..mode).rev() {
            p[k] = p[k + 1] * ((k + 1) as f64 / (n - k) as f64) * ((1.0 - q) / q);
        }
        let sum: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= sum);
        p
    }

    /// The count drawn at an address.
    #[must_use]
    pub fn draw(&self, draw: Draw, lane: u16) -> f64 {
        let n = f64::from(self.trials);
        if self.trials == 0 || self.chance <= 0.0 {
            return 0.0;
        }
        if self.chance >= 1.0 {
            return n;
        }
        if self.variance() > NORMAL_VARIANCE {
            let count = self.mean() + libm::sqrt(self.variance()) * draw.normal(lane);
            return count.round().clamp(0.0, n);
        }
        // the rarer outcome is counted, so that the walk is short and its start no denormal number
        let rare = self.chance.min(1.0 - self.chance);
        let odds = rare / (1.0 - rare);
        let mut left = draw.uniform(lane);
        let mut p = libm::exp(n * libm::log1p(-rare));
        let mut k = 0.0;
        while left > p && k < n {
            left -= p;
            p *= (n - k) / (k + 1.0) * odds;
            k += 1.0;
        }
        if rare < self.chance { n - k } else { k }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Domain;

    #[test]
    fn probabilities_are_the_binomial_formula() {
        for (trials, chance) in [(0, 0.3), (1, 0.3), (12, 0.0), (12, 1.0), (40, 0.07), (40, 0.93)] {
            let b = Binomial { trials, chance };
            let n = trials as i32;
            let mut choose = 1.0;
            for (k, p) in b.probabilities().iter().enumerate() {
                let formula = choose * chance.powi(k as i32) * (1.0 - chance).powi(n - k as i32);
                assert!((p - formula).abs() < 1e-14, "{b:?} {k}: {p} {formula}");
                choose *= f64::from(n - k as i32) / (k + 1) as f64;
            }
        }
        let large = Binomial { trials: 100_000, chance: 0.3 }.probabilities();
        let mean: f64 = large.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
        assert!((mean / 30_000.0 - 1.0).abs() < 1e-12);
    }

    /// Kolmogorov distance between drawn counts and the exact law; 1.95/√n is its 0.1 % quantile.
    fn distance(b: Binomial, n: u64) -> f64 {
        let mut counts = vec![0.0; b.trials as usize + 1];
        for element in 0..n {
            let d = Draw { seed: 8, domain: Domain::Drift, element, tick: u64::from(b.trials) };
            counts[b.draw(d, 0) as usize] += 1.0 / n as f64;
        }
        let (mut worst, mut sum) = (0.0_f64, 0.0);
        for (c, p) in counts.iter().zip(b.probabilities()) {
            sum += c - p;
            worst = worst.max(sum.abs());
        }
        worst
    }

    #[test]
    fn draws_follow_the_exact_law() {
        let n = 20_000;
        for (trials, chance) in [(1, 0.4), (7, 0.02), (64, 0.5), (999, 0.97), (1000, 0.5), (100_000, 0.001)] {
            let d = distance(Binomial { trials, chance }, n);
            assert!(d < 1.95 / (n as f64).sqrt(), "{trials} {chance}: {d}");
        }
    }

    /// The stated error of the normal branch, free of sampling: rounded normal against exact law.
    #[test]
    fn the_normal_branch_errs_as_stated() {
        for (trials, chance) in [(1001_u32, 0.501), (2000, 0.15), (30_000, 0.009), (200_000, 0.3)] {
            let b = Binomial { trials, chance };
            if b.variance() <= NORMAL_VARIANCE {
                continue;
            }
            let (mut sum, mut worst, sigma) = (0.0, 0.0_f64, b.variance().sqrt());
            for (k, p) in b.probabilities().iter().enumerate() {
                sum += p;
                let z = (k as f64 + 0.5 - b.mean()) / sigma;
                worst = worst.max((sum - 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)).abs());
            }
            let skew = (1.0 - 2.0 * chance).abs() / (6.0 * std::f64::consts::TAU.sqrt() * sigma);
            assert!(worst < skew + 0.1 / b.variance(), "{b:?}: {worst} against {skew}");
            assert!(worst < 0.0047, "{b:?}: {worst}");
        }
    }
}
