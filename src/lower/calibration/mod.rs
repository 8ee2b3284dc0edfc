//! How a measured range becomes the largest magnitude that codes represent; one file each, one table.

mod entropy;
mod min_max;
mod mse;
mod percentile;

use super::Range;

/// A rule for the largest magnitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// The largest magnitude that was seen: nothing is clipped.
    MinMax,
    /// The magnitude that a share of all values (above 0, at most 1) does not exceed.
    Percentile(f64),
    /// The least mean squared error between values and codes.
    Mse,
    /// The least Kullback-Leibler divergence between the histograms of values and codes.
    Entropy,
}

/// Makes a method from the share that `percentile` takes.
pub type Constructor = fn(f64) -> Method;

/// Names and what they stand for.
pub const METHODS: &[(&str, Constructor)] = &[
    ("min_max", |_| Method::MinMax),
    ("percentile", Method::Percentile),
    ("mse", |_| Method::Mse),
    ("entropy", |_| Method::Entropy),
];

impl Method {
    /// The method of a name, with the share that `percentile` takes.
    #[must_use]
    pub fn parse(name: &str, share: f64) -> Option<Self> {
        METHODS.iter().find(|(n, _)| *n == name).map(|(_, make)| make(share))
    }
}

/// The largest magnitude that codes of `bits` bits (sign included where `signed`) represent.
#[must_use]
pub fn limit(range: &Range, method: Method, bits: u8, signed: bool) -> f64 {
    let codes = top(bits, signed);
    match method {
        Method::MinMax => min_max::limit(range),
        Method::Percentile(share) => percentile::limit(range, share),
        Method::Mse => mse::limit(range, codes),
        Method::Entropy => entropy::limit(range, codes),
    }
}

/// Largest code.
const fn top(bits: u8, signed: bool) -> u32 {
    (1 << (bits - signed as u8)) - 1
}

#[cfg(test)]
pub(super) mod testing {
    use super::Range;

    /// A range of the magnitudes at equally spaced quantiles of a distribution.
    pub fn range(quantile: impl Fn(f64) -> f64) -> Range {
        const COUNT: usize = 20_000;
        Range::of((0..COUNT).map(|i| quantile((i as f64 + 0.5) / COUNT as f64) as f32))
    }
    /// Magnitudes of a Laplace distribution of scale 1, which are exponential.
    pub fn laplace() -> Range {
        range(|p| -(1.0 - p).ln())
    }
    /// Magnitudes of a standard normal distribution, by the inverse of the error function as a series of
    /// Newton steps.
    pub fn gauss() -> Range {
        range(|p| {
            let mut x = 1.0;
            for _ in 0..60 {
                let density = (2.0 / std::f64::consts::PI).sqrt() * (-x * x / 2.0f64).exp();
                x = (x - ((libm::erf(x / 2.0f64.sqrt()) - p) / density).clamp(-0.5, 0.5)).max(0.0);
            }
            x
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_names_and_agree_on_a_range_of_nothing() {
        for (name, make) in METHODS {
            assert_eq!(Method::parse(name, 0.5), Some(make(0.5)));
            assert_eq!(limit(&Range::of([0.0, 0.0]), make(0.9), 8, true), 0.0, "{name}");
        }
        assert_eq!(Method::parse("median", 0.5), None);
        assert_eq!((top(8, true), top(8, false), top(2, true), top(16, false)), (127, 255, 1, 65535));
    }

    /// A uniform distribution has no tail that clipping could give up.
    #[test]
    fn a_uniform_distribution_is_not_clipped() {
        let range = testing::range(|p| 3.0 * p);
        for (name, make) in METHODS {
            for bits in [4, 8] {
                let got = limit(&range, make(1.0), bits, false);
                assert!((2.7..3.01).contains(&got), "{name} at {bits} bits: {got}");
            }
        }
    }
}
