//! Statistics of cycles: what a model of cells is compared by.

use super::parameters::{FEATURES, Features};

/// Products of features, `[row][column]`.
pub type Square = [Features; FEATURES];

/// Percentile of values (share 0 to 1), linear between neighbours; sorts as far as needed. `NaN` of no values.
#[must_use]
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let place = share * (values.len() - 1) as f64;
    let low = place.floor() as usize;
    let (_, at, above) = values.select_nth_unstable_by(low, f64::total_cmp);
    let (at, next) = (*at, above.iter().copied().fold(f64::INFINITY, f64::min));
    if place == low as f64 { at } else { at + (place - low as f64) * (next - at) }
}

/// Mean over all cycles of `x_t·x_{t-k}ᵀ` for `k` from 0 to `lags`, over sequences one for each device.
#[must_use]
pub fn lag_products(sequences: &[Vec<Features>], lags: usize) -> Vec<Square> {
    let mut sums = vec![[[0.0; FEATURES]; FEATURES]; lags + 1];
    for x in sequences {
        for (k, sum) in sums.iter_mut().enumerate() {
            for (now, past) in x.iter().skip(k).zip(x) {
                for i in 0..FEATURES {
                    for j in 0..FEATURES {
                        sum[i][j] += now[i] * past[j];
                    }
                }
            }
        }
    }
    for (k, sum) in sums.iter_mut().enumerate() {
        let pairs: usize = sequences.iter().map(|x| x.len().saturating_sub(k)).sum();
        sum.as_flattened_mut().iter_mut().for_each(|s| *s /= pairs as f64);
    }
    sums
}

/// Mean and standard deviation of each feature of one device.
pub(super) fn mean_and_deviation(x: &[Features]) -> [Features; 2] {
    let n = x.len() as f64;
    let mean: Features = std::array::from_fn(|j| x.iter().map(|f| f[j]).sum::<f64>() / n);
    let deviation =
        std::array::from_fn(|j| (x.iter().map(|f| (f[j] - mean[j]).powi(2)).sum::<f64>() / (n - 1.0)).sqrt());
    [mean, deviation]
}

/// Sequences with mean 0 and standard deviation 1 in each device, and what was taken out.
pub(super) fn standardised(sequences: &[Vec<Features>]) -> (Vec<Vec<Features>>, Vec<[Features; 2]>) {
    let numbers: Vec<[Features; 2]> = sequences.iter().map(|x| mean_and_deviation(x)).collect();
    let of = |(x, [mean, deviation]): (&Vec<Features>, &[Features; 2])| {
        x.iter().map(|f| std::array::from_fn(|j| (f[j] - mean[j]) / deviation[j])).collect()
    };
    (sequences.iter().zip(&numbers).map(of).collect(), numbers)
}

/// Covariance over the roots of its diagonal.
#[must_use]
pub fn correlations(covariance: &Square, variances: &Square) -> Square {
    std::array::from_fn(|i| std::array::from_fn(|j| covariance[i][j] / (variances[i][i] * variances[j][j]).sqrt()))
}

/// Statistics of a set of cycles, features in the order of [`Features`] (the first a logarithm).
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// Median over all devices and cycles.
    pub medians: Features,
    /// Correlations between devices, of their means.
    pub between_devices: Square,
    /// Correlations within a cycle, standardised in each device.
    pub within_cycles: Square,
    /// Autocorrelation of each feature at lags 1, 2, …, standardised in each device.
    pub autocorrelation: Vec<Features>,
}

impl Statistics {
    /// Of sequences of cycles, one for each device; at least two cycles each and two devices.
    #[must_use]
    pub fn of(sequences: &[Vec<Features>], lags: usize) -> Self {
        let medians = std::array::from_fn(|j| {
            let mut all: Vec<f64> = sequences.iter().flatten().map(|f| f[j]).collect();
            percentile(&mut all, 0.5)
        });
        let (standard, numbers) = standardised(sequences);
        let means: Vec<Features> = numbers.iter().map(|n| n[0]).collect();
        let centre = mean_and_deviation(&means)[0];
        let centred = vec![means.iter().map(|m| std::array::from_fn(|j| m[j] - centre[j])).collect()];
        let spread = lag_products(&centred, 0)[0];
        let products = lag_products(&standard, lags);
        Self {
            medians,
            between_devices: correlations(&spread, &spread),
            within_cycles: correlations(&products[0], &products[0]),
            autocorrelation: products[1..]
                .iter()
                .map(|p| std::array::from_fn(|j| p[j][j] / products[0][j][j]))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        let mut v = [4.0, 1.0, 3.0, 2.0];
        assert_eq!([0.0, 0.5, 0.75, 1.0].map(|p| percentile(&mut v, p)), [1.0, 2.5, 3.25, 4.0]);
        assert!(percentile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn products_of_an_alternating_sequence() {
        let x: Vec<Features> = (0..10).map(|i| [if i % 2 == 0 { 1.0 } else { -1.0 }, 2.0, 0.0, 1.0]).collect();
        let p = lag_products(&[x], 2);
        assert_eq!([p[0][0][0], p[1][0][0], p[2][0][0], p[1][1][3]], [1.0, -1.0, 1.0, 2.0]);
    }
}
