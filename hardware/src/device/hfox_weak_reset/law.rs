//! Laws of the population, cut off at the ends of an interval and sampled through their inverse:
//! `x = F⁻¹(F(low) + u·(F(high) - F(low)))` for a uniform `u` of (0, 1).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::device::Checks;
use crate::units::Ohm;

/// Normal law between `low` and `high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalLaw<T> {
    /// Mean of the law before it is cut off.
    pub mean: T,
    /// Standard deviation of the law before it is cut off.
    pub deviation: T,
    /// Least value.
    pub low: T,
    /// Largest value.
    pub high: T,
}

/// Exponential law above `offset`, between `low` and `high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentialLaw {
    /// Where the law begins.
    pub offset: f64,
    /// Mean distance from the offset before the law is cut off.
    pub scale: f64,
    /// Least value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
}

/// Log-normal law between `low` and `high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogNormalLaw {
    /// Median of the law before it is cut off.
    pub median: f64,
    /// Standard deviation of the natural logarithm before the law is cut off.
    pub sigma: f64,
    /// Least value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
}

impl From<NormalLaw<Ohm>> for NormalLaw<f64> {
    fn from(l: NormalLaw<Ohm>) -> Self {
        Self { mean: l.mean.0, deviation: l.deviation.0, low: l.low.0, high: l.high.0 }
    }
}

/// What is left of a law: its ends, the shares of the whole law below them, the median of the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    median: f64,
}

/// A law with its distribution function, its inverse and the interval that it is cut to.
pub(super) trait Law {
    /// Distribution function of the whole law.
    fn cdf(&self, x: f64) -> f64;
    /// Its inverse.
    fn inverse(&self, p: f64) -> f64;
    /// Interval that is left of it.
    fn range(&self) -> [f64; 2];
    /// Width of the law, which must be positive.
    fn width(&self) -> f64;

    /// What is left of the law.
    fn cut(&self) -> Cut {
        let [low, high] = self.range();
        let [from, to] = [self.cdf(low), self.cdf(high)];
        let mut cut = Cut { low, high, from, to, median: 0.0 };
        cut.median = self.quantile(&cut, 0.5);
        cut
    }
    /// Value below which a share `u` of the cut population lies.
    fn quantile(&self, cut: &Cut, u: f64) -> f64 {
        self.inverse(cut.from + u * (cut.to - cut.from)).clamp(cut.low, cut.high)
    }
    /// Value of a cell: `scale` times its distance from the median of the population.
    fn scaled(&self, cut: &Cut, u: f64, scale: f64) -> f64 {
        if scale == 0.0 {
            return cut.median;
        }
        (cut.median + scale * (self.quantile(cut, u) - cut.median)).clamp(cut.low, cut.high)
    }
    /// Notes what is wrong with the numbers of the law.
    fn check(&self, field: &str, least: f64, c: &mut Checks) {
        let [low, high] = self.range();
        let wide = self.width() > 0.0 && self.width().is_finite();
        c.require(wide, field, format!("the width of `{field}` must be greater than zero"), "give a positive width");
        c.require(
            !wide || least <= low && low < high && high.is_finite() && self.cdf(high) > self.cdf(low),
            field,
            format!("`{field}` is cut to {low} to {high}, where nothing of the law or what cannot be is left"),
            format!("choose {least} ≤ low < high around the middle of the law"),
        );
    }
}

impl Law for NormalLaw<f64> {
    fn cdf(&self, x: f64) -> f64 {
        normal_cdf((x - self.mean) / self.deviation)
    }
    fn inverse(&self, p: f64) -> f64 {
        self.mean + self.deviation * normal_quantile(p)
    }
    fn range(&self) -> [f64; 2] {
        [self.low, self.high]
    }
    fn width(&self) -> f64 {
        self.deviation
    }
}

impl Law for ExponentialLaw {
    fn cdf(&self, x: f64) -> f64 {
        -libm::expm1(-((x - self.offset) / self.scale).max(0.0))
    }
    fn inverse(&self, p: f64) -> f64 {
        self.offset - self.scale * libm::log1p(-p)
    }
    fn range(&self) -> [f64; 2] {
        [self.low, self.high]
    }
    fn width(&self) -> f64 {
        self.scale
    }
}

impl Law for LogNormalLaw {
    fn cdf(&self, x: f64) -> f64 {
        normal_cdf(libm::log(x / self.median) / self.sigma)
    }
    fn inverse(&self, p: f64) -> f64 {
        self.median * libm::exp(self.sigma * normal_quantile(p))
    }
    fn range(&self) -> [f64; 2] {
        [self.low, self.high]
    }
    fn width(&self) -> f64 {
        self.sigma
    }
}

/// Distribution function of the standard normal law.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Its inverse: the approximation 26.2.23 of Abramowitz and Stegun (error below 4.5e-4), then Halley's
/// iteration on the distribution function, whose error goes with the third power.
fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p);
    if tail <= 0.0 {
        return if p < 0.5 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let t = libm::sqrt(-2.0 * libm::log(tail));
    let above = (0.010_328 * t + 0.802_853) * t + 2.515_517;
    let below = ((0.001_308 * t + 0.189_269) * t + 1.432_788) * t + 1.0;
    // the quantile of the lower tail; the upper one is its mirror image
    let mut x = above / below - t;
    for _ in 0..2 {
        let density = libm::exp(-0.5 * x * x) / libm::sqrt(std::f64::consts::TAU);
        let step = (normal_cdf(x) - tail) / density;
        x -= step / (1.0 + 0.5 * x * step);
    }
    if p < 0.5 { x } else { -x }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of the standard normal law from tables (Abramowitz and Stegun, table 26.5; scipy 1.17.1 beyond).
    #[test]
    fn quantiles_of_the_normal_law() {
        for (p, x) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.9, 1.281_551_565_544_600_5),
            (1e-3, -3.090_232_306_167_813),
            (1e-10, -6.361_340_902_404_056),
        ] {
            assert!((normal_quantile(p) - x).abs() < 1e-9, "{p}: {} for {x}", normal_quantile(p));
        }
        for i in 1..2000 {
            let p = f64::from(i) / 2000.0;
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-14, "{p}");
        }
    }

    fn inverts(law: &impl Law) {
        let cut = law.cut();
        for i in 0..=100 {
            let u = f64::from(i) / 100.0;
            let x = law.quantile(&cut, u);
            assert!(cut.low <= x && x <= cut.high);
            assert!(((law.cdf(x) - cut.from) / (cut.to - cut.from) - u).abs() < 1e-9, "{u}: {x}");
        }
        assert_eq!(law.scaled(&cut, 0.9, 0.0), law.quantile(&cut, 0.5));
        assert!((law.scaled(&cut, 0.9, 1.0) - law.quantile(&cut, 0.9)).abs() <= 1e-12 * cut.high);
        assert_eq!(law.scaled(&cut, 0.999, 50.0), cut.high);
    }

    #[test]
    fn cut_laws_invert_their_distribution() {
        inverts(&NormalLaw { mean: 6988.0, deviation: 381.7, low: 6252.0, high: 7897.0 });
        inverts(&ExponentialLaw { offset: 3.7e-5, scale: 6.6e-4, low: 3.74e-5, high: 7.6e-3 });
        inverts(&LogNormalLaw { median: 542.5, sigma: 0.803, low: 41.0, high: 2000.0 });
    }
}
