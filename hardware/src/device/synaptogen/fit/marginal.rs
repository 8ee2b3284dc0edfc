//! Marginal maps: the quartic that takes normal scores to the sorted values, by least squares over all of them.

use super::FitError;
use crate::device::synaptogen::algebra::{backward, cholesky, forward};
use crate::device::synaptogen::marginal::{Inverse, horner};
use crate::device::synaptogen::parameters::{FEATURES, Features};

/// Normal scores `Φ⁻¹((i + ½)/n)` of the lower half of `n` sorted values, by Newton steps from one to the next.
fn lower_scores(n: usize) -> Vec<f64> {
    let mut z = -8.0f64;
    (0..n / 2)
        .map(|i| {
            let goal = (i as f64 + 0.5) / n as f64;
            // Φ is convex below 0: from the left the first step overshoots, the rest fall towards the root
            for _ in 0..100 {
                let below = 0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2) - goal;
                let density = libm::exp(-0.5 * z * z) * 0.398_942_280_401_432_7;
                let step = (below / density).clamp(-0.5, 0.5);
                z -= step;
                if step.abs() < 1e-9 {
                    break;
                }
            }
            z
        })
        .collect()
}

/// The quartic of each feature, highest power first, from values of mean 0 and deviation 1 in each device.
pub(super) fn maps(standard: &[Vec<Features>]) -> Result<[[f64; 5]; FEATURES], FitError> {
    let n: usize = standard.iter().map(Vec::len).sum();
    let half = lower_scores(n);
    let score = |i: usize| {
        if i < half.len() {
            half[i]
        } else if i >= n - half.len() {
            -half[n - 1 - i]
        } else {
            0.0
        }
    };
    let mut gamma = [[0.0; 5]; FEATURES];
    for (j, map) in gamma.iter_mut().enumerate() {
        let mut values: Vec<f64> = standard.iter().flatten().map(|f| f[j]).collect();
        values.sort_unstable_by(f64::total_cmp);
        let (mut normal, mut right) = ([0.0; 25], [0.0; 5]);
        for (i, g) in values.iter().enumerate() {
            let z = score(i);
            let powers = [z * z * z * z, z * z * z, z * z, z, 1.0];
            for a in 0..5 {
                right[a] += powers[a] * g;
                for b in 0..5 {
                    normal[5 * a + b] += powers[a] * powers[b];
                }
            }
        }
        let l = cholesky(&normal, 5).ok_or(FitError::Singular { what: "normal scores" })?;
        forward(&l, 5, &mut right);
        backward(&l, 5, &mut right);
        *map = right;
        // a map that falls within two standard deviations cannot be undone
        let rises = (-20..20).all(|i| horner(map, 0.1 * f64::from(i)) < horner(map, 0.1 * f64::from(i + 1)));
        if !rises {
            return Err(FitError::Marginal { feature: j });
        }
    }
    Ok(gamma)
}

/// Undoes the maps.
pub(super) fn to_latent(gamma: &[[f64; 5]; FEATURES], sequences: &mut [Vec<Features>]) {
    let inverses = gamma.map(|map| Inverse::of(&map));
    for features in sequences.iter_mut().flatten() {
        for (value, inverse) in features.iter_mut().zip(&inverses) {
            *value = inverse.at(*value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_normal_quantiles() {
        for n in [10, 11, 1_000_000] {
            for (i, z) in lower_scores(n).into_iter().enumerate().step_by(n / 10) {
                let p = 0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2);
                assert!((p * n as f64 - i as f64 - 0.5).abs() < 1e-6, "{i} of {n}: {z}");
            }
        }
    }
}
