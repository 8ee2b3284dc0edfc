//! Expectation–maximisation of a mixture of normal laws (Dempster, Laird, Rubin 1977) on the numbers of devices, from
//! several starts. Numbers are scaled to unit variance; a component must hold [`LEAST`] devices, since fewer give a
//! spurious likelihood without bound.

use super::{FitError, FitOptions};
use crate::device::synaptogen::algebra::{cholesky, forward};
use crate::device::synaptogen::mixture::DeviceNumbers;
use crate::device::synaptogen::parameters::FEATURES;
use crate::rng::{Domain, Draw};

const WIDTH: usize = 2 * FEATURES;
/// Fewest devices of a component: twice the numbers of a device.
pub(super) const LEAST: usize = 2 * WIDTH;
const STARTS: u64 = 12;
const STEPS: usize = 500;
/// Gain of the mean log-likelihood at which the steps end.
const GAIN: f64 = 1e-10;
/// Added to variances, relative to those of all devices, against rounding.
const FLOOR: f64 = 1e-9;

/// A mixture of normal laws.
#[derive(Debug, Clone)]
pub(super) struct Law {
    pub weights: Vec<f64>,
    pub means: Vec<DeviceNumbers>,
    pub factors: Vec<[DeviceNumbers; WIDTH]>,
    pub log_likelihood: f64,
}

/// Fits at most as many components as asked, the heaviest first.
pub(super) fn fit(devices: &[DeviceNumbers], options: FitOptions) -> Result<Law, FitError> {
    let n = devices.len() as f64;
    let mean: DeviceNumbers = std::array::from_fn(|i| devices.iter().map(|d| d[i]).sum::<f64>() / n);
    let scale: DeviceNumbers =
        std::array::from_fn(|i| (devices.iter().map(|d| (d[i] - mean[i]).powi(2)).sum::<f64>() / n).sqrt());
    let scaled: Vec<DeviceNumbers> =
        devices.iter().map(|d| std::array::from_fn(|i| (d[i] - mean[i]) / scale[i])).collect();
    let best = (1..=options.components.max(1)).rev().find_map(|components| {
        (0..STARTS)
            .filter_map(|start| maximise(&scaled, begin(&scaled, components, options.seed, start)?))
            .max_by(|a, b| a.log_likelihood.total_cmp(&b.log_likelihood))
    });
    let mut law = best.ok_or(FitError::Singular { what: "mixture of devices" })?;
    let mut order: Vec<usize> = (0..law.weights.len()).collect();
    order.sort_by(|a, b| law.weights[*b].total_cmp(&law.weights[*a]));
    law.weights = order.iter().map(|k| law.weights[*k]).collect();
    law.means = order.iter().map(|k| std::array::from_fn(|i| mean[i] + scale[i] * law.means[*k][i])).collect();
    law.factors = order
        .iter()
        .map(|k| std::array::from_fn(|i| std::array::from_fn(|j| scale[i] * law.factors[*k][i][j])))
        .collect();
    Ok(law)
}

/// Distant devices as means (k-means++), the covariance of all for each component.
fn begin(devices: &[DeviceNumbers], components: usize, seed: u64, start: u64) -> Option<Law> {
    let mut means: Vec<DeviceNumbers> = Vec::new();
    let mut distance = vec![1.0; devices.len()];
    for tick in 0..components as u64 {
        let all: f64 = distance.iter().sum();
        let mut left = Draw { seed, domain: Domain::FitStart, element: start, tick }.uniform(0) * all;
        let chosen = distance.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        let mean = devices[chosen.unwrap_or(devices.len() - 1)];
        means.push(mean);
        for (d, x) in distance.iter_mut().zip(devices) {
            let own: f64 = (0..WIDTH).map(|i| (x[i] - mean[i]).powi(2)).sum();
            *d = if tick == 0 { own } else { d.min(own) };
        }
    }
    let one = vec![1.0; devices.len()];
    let (_, _, factor) = weighted(devices, &one)?;
    let weights = vec![1.0 / components as f64; components];
    Some(Law { weights, means, factors: vec![factor; components], log_likelihood: f64::NEG_INFINITY })
}

/// Weight, mean and factor of the covariance of devices with shares.
fn weighted(devices: &[DeviceNumbers], shares: &[f64]) -> Option<(f64, DeviceNumbers, [DeviceNumbers; WIDTH])> {
    let all: f64 = shares.iter().sum();
    let mut mean = [0.0; WIDTH];
    for (x, s) in devices.iter().zip(shares) {
        for i in 0..WIDTH {
            mean[i] += s * x[i] / all;
        }
    }
    let mut covariance = [0.0; WIDTH * WIDTH];
    for (x, s) in devices.iter().zip(shares) {
        for i in 0..WIDTH {
            for j in 0..=i {
                covariance[i * WIDTH + j] += s / all * (x[i] - mean[i]) * (x[j] - mean[j]);
            }
        }
    }
    for i in 0..WIDTH {
        covariance[i * WIDTH + i] += FLOOR;
    }
    let factor = cholesky(&covariance, WIDTH)?;
    Some((all, mean, std::array::from_fn(|i| std::array::from_fn(|j| factor[i * WIDTH + j]))))
}

/// Steps from a start to a maximum; `None` if a component runs empty.
fn maximise(devices: &[DeviceNumbers], mut law: Law) -> Option<Law> {
    let components = law.weights.len();
    let mut shares = vec![vec![0.0; devices.len()]; components];
    for _ in 0..STEPS {
        let constants: Vec<f64> = (law.weights.iter().zip(&law.factors))
            .map(|(w, l)| {
                let volume: f64 = (0..WIDTH).map(|i| libm::log(l[i][i])).sum();
                libm::log(*w) - volume - 0.5 * WIDTH as f64 * libm::log(std::f64::consts::TAU)
            })
            .collect();
        let mut total = 0.0;
        let mut logs = vec![0.0; components];
        for (d, x) in devices.iter().enumerate() {
            for k in 0..components {
                let mut z: DeviceNumbers = std::array::from_fn(|i| x[i] - law.means[k][i]);
                forward(law.factors[k].as_flattened(), WIDTH, &mut z);
                logs[k] = constants[k] - 0.5 * z.iter().map(|z| z * z).sum::<f64>();
            }
            let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logs.iter().map(|l| libm::exp(l - most)).sum();
            total += most + libm::log(sum);
            for k in 0..components {
                shares[k][d] = libm::exp(logs[k] - most) / sum;
            }
        }
        let gained = total / devices.len() as f64 - law.log_likelihood;
        law.log_likelihood = total / devices.len() as f64;
        for (k, shares) in shares.iter().enumerate() {
            let (all, mean, factor) = weighted(devices, shares)?;
            if all < LEAST as f64 {
                return None;
            }
            (law.weights[k], law.means[k], law.factors[k]) = (all / devices.len() as f64, mean, factor);
        }
        if gained < GAIN {
            break;
        }
    }
    Some(law)
}
