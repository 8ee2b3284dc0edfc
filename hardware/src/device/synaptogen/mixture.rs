//! Mixture of normal laws of the eight numbers of a device: a component is chosen by its weight, and
//! `(μ, σ) = m_k + C_k·z` with eight standard normals `z`.

use super::parameters::{FEATURES, Parameters};

/// Numbers of a device: means of its four features, then their standard deviations.
pub type DeviceNumbers = [f64; 2 * FEATURES];

const WIDTH: usize = 2 * FEATURES;

/// Index of the component of a uniform number: the first whose cumulative weight reaches it.
pub(super) fn component(weights: &[f64], uniform: f64) -> usize {
    let all: f64 = weights.iter().sum();
    let mut sum = 0.0;
    let reached = weights.iter().position(|w| {
        sum += w / all;
        sum >= uniform
    });
    reached.unwrap_or(weights.len() - 1)
}

/// `m_k + C_k·z`.
pub(super) fn device(p: &Parameters, k: usize, z: DeviceNumbers) -> DeviceNumbers {
    std::array::from_fn(|i| p.means[k][i] + (0..=i).map(|j| p.factors[k][i][j] * z[j]).sum::<f64>())
}

/// Mean, standard deviations and correlations of the whole mixture.
#[derive(Debug, Clone, PartialEq)]
pub struct MixtureMoments {
    /// Mean.
    pub mean: DeviceNumbers,
    /// Standard deviation.
    pub deviation: DeviceNumbers,
    /// Correlations.
    pub correlation: [DeviceNumbers; WIDTH],
}

impl MixtureMoments {
    /// From a mean and a covariance.
    pub(super) fn new(mean: DeviceNumbers, covariance: &[DeviceNumbers; WIDTH]) -> Self {
        let deviation: DeviceNumbers = std::array::from_fn(|i| covariance[i][i].sqrt());
        let correlation =
            std::array::from_fn(|i| std::array::from_fn(|j| covariance[i][j] / (deviation[i] * deviation[j])));
        Self { mean, deviation, correlation }
    }

    /// Of given devices, at least two.
    #[must_use]
    pub fn of_devices(devices: &[DeviceNumbers]) -> Self {
        let n = devices.len() as f64;
        let mean: DeviceNumbers = std::array::from_fn(|i| devices.iter().map(|d| d[i]).sum::<f64>() / n);
        let product = |i: usize, j: usize| devices.iter().map(|d| (d[i] - mean[i]) * (d[j] - mean[j])).sum::<f64>() / n;
        Self::new(mean, &std::array::from_fn(|i| std::array::from_fn(|j| product(i, j))))
    }

    /// Of the mixture of a set of parameters, exact.
    #[must_use]
    pub fn of(p: &Parameters) -> Self {
        let mean = mean(p);
        let all: f64 = p.weights.iter().sum();
        let mut covariance = [[0.0; WIDTH]; WIDTH];
        for ((w, m), c) in p.weights.iter().zip(&p.means).zip(&p.factors) {
            for i in 0..WIDTH {
                for j in 0..WIDTH {
                    let within: f64 = (0..WIDTH).map(|k| c[i][k] * c[j][k]).sum();
                    covariance[i][j] += w / all * (within + (m[i] - mean[i]) * (m[j] - mean[j]));
                }
            }
        }
        Self::new(mean, &covariance)
    }
}

/// Mean of the mixture: the nominal device.
pub(super) fn mean(p: &Parameters) -> DeviceNumbers {
    let all: f64 = p.weights.iter().sum();
    std::array::from_fn(|i| p.weights.iter().zip(&p.means).map(|(w, m)| w / all * m[i]).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_chosen_by_their_weights() {
        let weights = [0.2, 0.0, 0.6];
        assert_eq!(component(&weights, 0.0), 0);
        assert_eq!(component(&weights, 0.25), 0);
        assert_eq!(component(&weights, 0.26), 2);
        assert_eq!(component(&weights, 0.999_999_999_999), 2);
        let n = 100_000;
        let first = (0..n).filter(|i| component(&weights, (f64::from(*i) + 0.5) / f64::from(n)) == 0).count();
        assert_eq!(first, 25_000);
    }
}
