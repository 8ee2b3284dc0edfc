//! Yule–Walker: with `C_k = E[x_t·x_{t-k}ᵀ]` the lags solve `C_j = Σ_i A_i·C_{j-i}` for `j` from 1 to `p`, and the
//! innovations have the covariance `C_0 - Σ A_i·C_iᵀ`.
//!
//! The mean of a device over `T` cycles was taken out of its values, which lowers every `C_k` by its variance, the
//! long-run covariance `Σ_k C_k` over `T`. It is put back with that of a first solution.

use super::FitError;
use crate::device::synaptogen::Latent;
use crate::device::synaptogen::algebra::{backward, cholesky, forward};
use crate::device::synaptogen::parameters::{FEATURES, Features, Parameters};
use crate::device::synaptogen::statistics::{Square, lag_products};

/// Lags over which the long-run covariance is summed.
const LONG: usize = 500;

/// Factor of the innovations and the lags.
type Solution = (Square, Vec<Square>);

/// Fits latent sequences.
pub(super) fn fit(latent: &[Vec<Features>], order: usize) -> Result<Solution, FitError> {
    let mut products = lag_products(latent, order);
    let (innovation, lags) = solve(&products)?;
    let first = Latent::of(&Parameters { innovation, lags, ..Parameters::default() });
    if first.spectral_radius() >= 1.0 {
        return Err(FitError::Singular { what: "autoregression" });
    }
    let long = first.autocovariance(LONG);
    let each: f64 = latent.iter().map(|x| 1.0 / x.len() as f64).sum::<f64>() / latent.len() as f64;
    for product in &mut products {
        for i in 0..FEATURES {
            for j in 0..FEATURES {
                let sum: f64 = long[0][i][j] + long[1..].iter().map(|c| c[i][j] + c[j][i]).sum::<f64>();
                product[i][j] += sum * each;
            }
        }
    }
    // the latent variables have unit variance by definition
    let scale: Features = std::array::from_fn(|i| products[0][i][i].sqrt());
    for product in &mut products {
        for i in 0..FEATURES {
            for j in 0..FEATURES {
                product[i][j] /= scale[i] * scale[j];
            }
        }
    }
    solve(&products)
}

fn solve(products: &[Square]) -> Result<Solution, FitError> {
    let singular = FitError::Singular { what: "autoregression" };
    let order = products.len() - 1;
    let n = FEATURES * order;
    // E[x_{t-a}·x_{t-b}ᵀ] = C_{b-a}, and C_{-k} = C_kᵀ
    let covariance = |a: usize, b: usize, i: usize, j: usize| {
        if b >= a { products[b - a][i][j] } else { products[a - b][j][i] }
    };
    let matrix: Vec<f64> = (0..n * n)
        .map(|at| {
            let (row, column) = (at / n, at % n);
            covariance(row / FEATURES, column / FEATURES, row % FEATURES, column % FEATURES)
        })
        .collect();
    let l = cholesky(&matrix, n).ok_or_else(|| singular.clone())?;
    let mut lags = vec![[[0.0; FEATURES]; FEATURES]; order];
    for i in 0..FEATURES {
        let mut row: Vec<f64> = (0..n).map(|c| products[1 + c / FEATURES][i][c % FEATURES]).collect();
        forward(&l, n, &mut row);
        backward(&l, n, &mut row);
        for (c, value) in row.into_iter().enumerate() {
            lags[c / FEATURES][i][c % FEATURES] = value;
        }
    }
    let rest: Vec<f64> = (0..FEATURES * FEATURES)
        .map(|at| {
            let (i, j) = (at / FEATURES, at % FEATURES);
            let known = |(a, c): (&Square, &Square)| (0..FEATURES).map(|k| a[i][k] * c[j][k]).sum::<f64>();
            products[0][i][j] - lags.iter().zip(&products[1..]).map(known).sum::<f64>()
        })
        .collect();
    // symmetric but for rounding: the lower half is what the factor reads
    let factor = cholesky(&rest, FEATURES).ok_or(singular)?;
    let innovation = std::array::from_fn(|i| std::array::from_fn(|j| factor[FEATURES * i + j]));
    Ok((innovation, lags))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exact autocovariances of the published process give its lags back.
    #[test]
    fn exact_products_give_the_process_back() {
        let p = Parameters::default();
        let (innovation, lags) = solve(&Latent::of(&p).autocovariance(10)).unwrap();
        let all = |l: &[Square]| l.as_flattened().as_flattened().to_vec();
        for (a, b) in all(&lags).iter().zip(all(&p.lags)) {
            assert!((a - b).abs() < 1e-10);
        }
        for (a, b) in innovation.as_flattened().iter().zip(p.innovation.as_flattened()) {
            assert!((a - b).abs() < 1e-10);
        }
    }
}
