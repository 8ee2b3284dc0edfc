//! The latent process from cycle to cycle, `x_n = Σ A_i·x_{n-i} + L·e_n` with standard normal `e`, and what follows
//! from it exactly. With the companion matrix `F` of `s_n = (x_n … x_{n-p+1})` the covariance of a cold start after
//! `n` cycles is `Σ_{k≤n} F^k·Q·F^kᵀ`; the stationary one is its limit, summed by doubling the number of terms.

use super::algebra::{product, transposed};
use super::parameters::{FEATURES, Features, Parameters};

/// Doublings that suffice for any stationary process a card may hold: 2^40 terms.
const DOUBLINGS: usize = 40;

/// The autoregression of a set of parameters.
#[derive(Debug, Clone)]
pub struct Latent {
    /// Size of the companion matrix.
    size: usize,
    companion: Vec<f64>,
    /// Covariance of the innovations in the upper left corner.
    noise: Vec<f64>,
}

impl Latent {
    /// The process of the parameters.
    #[must_use]
    pub fn of(p: &Parameters) -> Self {
        let size = FEATURES * p.lags.len();
        let (mut companion, mut noise) = (vec![0.0; size * size], vec![0.0; size * size]);
        for i in 0..FEATURES {
            for (lag, a) in p.lags.iter().enumerate() {
                companion[i * size + FEATURES * lag..][..FEATURES].copy_from_slice(&a[i]);
            }
            for j in 0..FEATURES {
                noise[i * size + j] = (0..FEATURES).map(|k| p.innovation[i][k] * p.innovation[j][k]).sum();
            }
        }
        for i in FEATURES..size {
            companion[i * size + i - FEATURES] = 1.0;
        }
        Self { size, companion, noise }
    }

    /// Largest absolute eigenvalue of the companion matrix, from the growth of its powers (Gelfand's formula).
    #[must_use]
    pub fn spectral_radius(&self) -> f64 {
        let mut power = self.companion.clone();
        let (mut log, mut exponent) = (0.0, 1.0);
        for _ in 0..DOUBLINGS {
            let norm = power.iter().map(|v| v * v).sum::<f64>().sqrt();
            if norm == 0.0 {
                return 0.0;
            }
            log += norm.ln() / exponent;
            power.iter_mut().for_each(|v| *v /= norm);
            power = product(&power, &power, self.size);
            exponent *= 2.0;
        }
        log.exp()
    }

    /// `F·s·Fᵀ + Q`.
    fn step(&self, s: &[f64]) -> Vec<f64> {
        let moved =
            product(&product(&self.companion, s, self.size), &transposed(&self.companion, self.size), self.size);
        moved.iter().zip(&self.noise).map(|(m, q)| m + q).collect()
    }

    /// Covariance of the whole stationary state.
    fn stationary(&self) -> Vec<f64> {
        let n = self.size;
        let (mut sum, mut power) = (self.noise.clone(), self.companion.clone());
        for _ in 0..DOUBLINGS {
            let more = product(&product(&power, &sum, n), &transposed(&power, n), n);
            let change = more.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            sum.iter_mut().zip(&more).for_each(|(s, m)| *s += m);
            if change < 1e-18 {
                break;
            }
            power = product(&power, &power, n);
        }
        sum
    }

    fn corner(&self, s: &[f64], block: usize) -> [Features; FEATURES] {
        std::array::from_fn(|i| std::array::from_fn(|j| s[i * self.size + FEATURES * block + j]))
    }

    /// Stationary `E[x_t·x_{t-k}ᵀ]` for `k` from 0 to `lags`.
    #[must_use]
    pub fn autocovariance(&self, lags: usize) -> Vec<[Features; FEATURES]> {
        let mut s = self.stationary();
        let mut out = vec![self.corner(&s, 0)];
        for _ in 0..lags {
            s = product(&self.companion, &s, self.size);
            out.push(self.corner(&s, 0));
        }
        out
    }

    /// Covariance of `x` at each of the cycles `0 .. cycles` of a cell that begins without history.
    #[must_use]
    pub fn cold_start(&self, cycles: usize) -> Vec<[Features; FEATURES]> {
        let mut s = self.noise.clone();
        (0..cycles)
            .map(|_| {
                let now = self.corner(&s, 0);
                s = self.step(&s);
                now
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process of one lag and no coupling: variance `l²/(1-a²)`, radius `a`.
    #[test]
    fn one_lag_has_its_closed_form() {
        let diagonal = |v: [f64; 4]| std::array::from_fn(|i| std::array::from_fn(|j| if i == j { v[i] } else { 0.0 }));
        let a = [0.5, -0.9, 0.1, 0.0];
        let p =
            Parameters { innovation: diagonal([1.0, 2.0, 3.0, 4.0]), lags: vec![diagonal(a)], ..Parameters::default() };
        let latent = Latent::of(&p);
        assert!((latent.spectral_radius() - 0.9).abs() < 1e-10);
        let c = latent.autocovariance(3);
        for i in 0..4 {
            let variance = ((i + 1) as f64).powi(2) / (1.0 - a[i] * a[i]);
            for (k, c) in c.iter().enumerate() {
                assert!((c[i][i] - variance * a[i].powi(k as i32)).abs() < 1e-12);
            }
        }
        assert!((latent.cold_start(2)[1][1][1] - 4.0 * (1.0 + 0.81)).abs() < 1e-12);
    }
}
