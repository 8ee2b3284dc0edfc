//! One gauge for models that generate the same cycles: latent variables of unit variance, standardised features of
//! mean 0 and variance 1.

use crate::device::synaptogen::algebra::{cholesky, product, transposed};
use crate::device::synaptogen::parameters::{FEATURES, Features, Parameters};
use crate::device::synaptogen::{Latent, moments};

const WIDTH: usize = 2 * FEATURES;

impl Parameters {
    /// The same model in the gauge of a fit; `None` if the covariance of a component is not positive definite.
    #[must_use]
    pub fn canonical(&self) -> Option<Self> {
        let variance = Latent::of(self).autocovariance(0)[0];
        let scale: Features = std::array::from_fn(|j| variance[j][j].sqrt());
        let of = std::array::from_fn::<_, FEATURES, _>(|j| moments(&self.gamma[j], variance[j][j]));
        let gamma = std::array::from_fn(|j| {
            std::array::from_fn(|power| {
                let shift = if power == 4 { of[j].mean } else { 0.0 };
                (self.gamma[j][power] * scale[j].powi(4 - power as i32) - shift) / of[j].deviation
            })
        });
        let square = |a: &[Features; FEATURES], column: &Features| {
            std::array::from_fn(|i| std::array::from_fn(|j| a[i][j] * column[j] / scale[i]))
        };
        // (μ, σ) become (μ + σ·mean, σ·deviation)
        let moved = |v: &[f64; WIDTH]| {
            std::array::from_fn(|i| {
                if i < FEATURES { v[i] + v[i + FEATURES] * of[i].mean } else { v[i] * of[i - FEATURES].deviation }
            })
        };
        let factors = self.factors.iter().map(|c| {
            // columns move as vectors do
            let columns: Vec<[f64; WIDTH]> = (0..WIDTH).map(|k| moved(&std::array::from_fn(|i| c[i][k]))).collect();
            let turned = columns.as_flattened();
            let covariance = product(&transposed(turned, WIDTH), turned, WIDTH);
            let factor = cholesky(&covariance, WIDTH)?;
            Some(std::array::from_fn(|i| std::array::from_fn(|j| factor[i * WIDTH + j])))
        });
        Some(Self {
            gamma,
            innovation: square(&self.innovation, &[1.0; FEATURES]),
            lags: self.lags.iter().map(|a| square(a, &scale)).collect(),
            means: self.means.iter().map(moved).collect(),
            factors: factors.collect::<Option<_>>()?,
            ..self.clone()
        })
    }
}
