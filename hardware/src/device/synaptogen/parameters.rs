//! Numbers of the generative model, and the checks they must pass.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::published;
use crate::device::Checks;
use crate::units::Volt;

/// Number of features of a cycle.
pub const FEATURES: usize = 4;

/// One number for each feature of a cycle: `log10` of the high resistance in ohm, SET voltage, low resistance in
/// ohm, RESET voltage.
pub type Features = [f64; FEATURES];

/// Numbers of the model. [`Default`] are the published ones of order 10.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Voltage at or above which a RESET is complete.
    pub u_max: Volt,
    /// Voltage at which resistances are defined.
    pub u_read: Volt,
    /// Exponent of the RESET transition.
    pub eta: f64,
    /// Current in A of the extrapolated end of high resistance, polynomial in volts, highest power first.
    pub high: Vec<f64>,
    /// Current in A of the extrapolated end of low resistance, likewise.
    pub low: Vec<f64>,
    /// Quartic of each feature from the latent normal to the standardised feature, highest power first.
    pub gamma: [[f64; 5]; FEATURES],
    /// Weights of the mixture of devices; divided by their sum.
    pub weights: Vec<f64>,
    /// Means of its components: means and then standard deviations of the features of a device.
    pub means: Vec<[f64; 2 * FEATURES]>,
    /// Lower Cholesky factors of the covariances of its components.
    pub factors: Vec<[[f64; 2 * FEATURES]; 2 * FEATURES]>,
    /// Lower Cholesky factor of the covariance of the innovations.
    pub innovation: [Features; FEATURES],
    /// Matrices of the autoregression, newest lag first; rows are outputs.
    pub lags: Vec<[Features; FEATURES]>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self::published(10)
    }
}

impl Parameters {
    /// The published numbers with an autoregression of order 1 to 10 (held in this range).
    #[must_use]
    pub fn published(order: usize) -> Self {
        let blocks = published::VAR[order.clamp(1, published::VAR.len()) - 1].as_chunks::<16>().0;
        let square = |b: &[f64; 16]| std::array::from_fn(|i| std::array::from_fn(|j| b[FEATURES * i + j]));
        Self {
            u_max: Volt(published::U_MAX),
            u_read: Volt(published::U_READ),
            eta: published::ETA,
            high: published::HIGH.to_vec(),
            low: published::LOW.to_vec(),
            gamma: published::GAMMA,
            weights: published::WEIGHTS.to_vec(),
            means: published::MEANS.to_vec(),
            factors: published::FACTORS.to_vec(),
            innovation: square(&blocks[0]),
            lags: blocks[1..].iter().map(square).collect(),
        }
    }

    /// Notes what is wrong; `at` is the path of the parameters in the card.
    pub(super) fn check(&self, c: &mut Checks, at: &str) {
        let path = |field: &str| format!("{at}.{field}");
        c.positive(&path("u_max"), self.u_max.0);
        c.positive(&path("u_read"), self.u_read.0);
        c.positive(&path("eta"), self.eta);
        for (field, polynomial) in [("high", &self.high), ("low", &self.low)] {
            c.require(
                (2..=16).contains(&polynomial.len())
                    && polynomial.iter().all(|v| v.is_finite())
                    && polynomial.last() == Some(&0.0),
                &path(field),
                format!("`{field}` must be 2 to 16 coefficients, highest power first, without current at 0 V"),
                "end the list with 0",
            );
        }
        let chord = |p: &[f64]| p.iter().fold(0.0, |sum, c| sum * self.u_read.0 + c) / self.u_read.0;
        c.require(
            chord(&self.low) > chord(&self.high) && chord(&self.low) > 0.0,
            &path("low"),
            "`low` must conduct better than `high` at `u_read`",
            "exchange the two",
        );
        let all = self.weights.len();
        c.require(
            all >= 1 && self.weights.iter().all(|w| *w >= 0.0) && self.weights.iter().sum::<f64>() > 0.0,
            &path("weights"),
            "`weights` must hold at least one weight, none negative, not all zero",
            "one component of weight 1 is a single normal law",
        );
        for (field, n) in [("means", self.means.len()), ("factors", self.factors.len())] {
            c.require(
                n == all,
                &path(field),
                format!("`{field}` has {n} entries, `weights` {all}"),
                "each component of the mixture has a weight, a mean and a factor",
            );
        }
        c.require(
            (1..=64).contains(&self.lags.len()),
            &path("lags"),
            format!("the autoregression has order {}, 1 to 64 are possible", self.lags.len()),
            "give one 4 × 4 matrix for each lag",
        );
        let mut numbers = (self.gamma.as_flattened().iter())
            .chain(&self.weights)
            .chain(self.means.as_flattened())
            .chain(self.factors.as_flattened().as_flattened())
            .chain(self.innovation.as_flattened())
            .chain(self.lags.as_flattened().as_flattened());
        let above = |m: &[&[f64]]| m.iter().enumerate().any(|(i, row)| row[i + 1..].iter().any(|v| *v != 0.0));
        let lower = !above(&self.innovation.each_ref().map(|r| &r[..]))
            && self.factors.iter().all(|f| !above(&f.each_ref().map(|r| &r[..])));
        c.require(
            lower,
            at,
            "`innovation` and `factors` must be lower triangular",
            "give Cholesky factors, rows first, with zeros above the diagonal",
        );
        let usable = numbers.all(|v| v.is_finite());
        c.require(usable, at, "every number of the model must be finite", "mend those that are not");
        if c.clean() {
            let radius = super::Latent::of(self).spectral_radius();
            c.require(
                radius < 1.0,
                &path("lags"),
                format!("the autoregression is not stationary: its spectral radius is {radius:.4}"),
                "fit a lower order, or more cycles",
            );
        }
    }
}
