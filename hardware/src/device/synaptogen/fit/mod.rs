//! The generative half: the model from cycles of measured cells.
//!
//! 1. `y = μ + σ·g`: mean and standard deviation of each feature in each device, and what remains.
//! 2. `marginal`: the quartic `Γ` between normal scores and the sorted `g` of all devices.
//! 3. `autoregression`: `x = Γ⁻¹(g)`, its products over lags, and the Yule–Walker equations.
//! 4. `mixture`: expectation–maximisation on the eight numbers of the devices.
//!
//! The model has freedom that data do not fix (a scale of `x` and of `σ`, a shift of `μ`). A fit stands in the gauge
//! where `x` has unit variance and `g` mean 0 and variance 1; [`Parameters::canonical`] brings any model there.
//! Conduction and the voltages that go with it are not in such data; they stay those of the given base.

mod autoregression;
mod canonical;
mod marginal;
mod mixture;

use super::mixture::DeviceNumbers;
use super::parameters::{FEATURES, Features, Parameters};
use super::statistics::standardised;

/// One measured cycle of one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CycleRecord {
    /// Number of the device.
    pub device: u32,
    /// Number of the cycle; cycles of a device that follow each other here count as successive.
    pub cycle: u32,
    /// Resistance of the high state after the RESET of this cycle, in ohm.
    pub r_hrs: f64,
    /// Voltage of the SET that follows, in volts.
    pub u_set: f64,
    /// Resistance of the low state after it, in ohm.
    pub r_lrs: f64,
    /// Voltage of the RESET that ends the cycle, in volts.
    pub u_reset: f64,
}

/// What a fit is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FitOptions {
    /// Order of the autoregression.
    pub order: usize,
    /// Most components of the mixture; fewer where the devices do not support them.
    pub components: usize,
    /// Seed of the starts of the mixture.
    pub seed: u64,
}

impl Default for FitOptions {
    /// Order 10 and three components, as published.
    fn default() -> Self {
        Self { order: 10, components: 3, seed: 1 }
    }
}

/// Why cycles could not be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Too few devices for a covariance of eight numbers.
    #[error("{found} devices, at least {least} are needed")]
    TooFewDevices {
        /// Devices given.
        found: usize,
        /// Devices needed.
        least: usize,
    },
    /// A device with too few cycles.
    #[error("device {device} has {found} cycles, at least {least} are needed")]
    TooFewCycles {
        /// The device.
        device: u32,
        /// Its cycles.
        found: usize,
        /// Cycles needed.
        least: usize,
    },
    /// A cycle given twice.
    #[error("cycle {cycle} of device {device} is given twice")]
    Repeated {
        /// The device.
        device: u32,
        /// The cycle.
        cycle: u32,
    },
    /// A resistance that is not positive, or a number that is not finite.
    #[error("cycle {cycle} of device {device}: resistances must be positive and all numbers finite")]
    NotPhysical {
        /// The device.
        device: u32,
        /// The cycle.
        cycle: u32,
    },
    /// A feature that never changes.
    #[error("a feature of device {device} is the same in every cycle")]
    Constant {
        /// The device (its place among the devices).
        device: u32,
    },
    /// The marginal law of a feature cannot be mapped by a rising quartic.
    #[error("the law of feature {feature} is too far from a normal one for a quartic map")]
    Marginal {
        /// Index of the feature.
        feature: usize,
    },
    /// The autoregression or the mixture has no positive definite covariance.
    #[error("the {what} of these data is singular: give more cycles or a lower order")]
    Singular {
        /// What is singular.
        what: &'static str,
    },
}

/// What the cycles of devices tell, without the law of the devices.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleFit {
    /// Quartic of each feature.
    pub gamma: [[f64; 5]; FEATURES],
    /// Factor of the covariance of innovations.
    pub innovation: [Features; FEATURES],
    /// The lags.
    pub lags: Vec<[Features; FEATURES]>,
    /// Numbers of each device.
    pub devices: Vec<DeviceNumbers>,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The numbers, for a card.
    pub parameters: Parameters,
    /// Numbers of each device.
    pub devices: Vec<DeviceNumbers>,
    /// Mean logarithm of the likelihood of the devices under the mixture, numbers scaled to unit variance.
    pub log_likelihood: f64,
}

/// Sequences of cycles in model space (the first feature a logarithm), one for each device in ascending order.
///
/// # Errors
/// A cycle twice, a number that is none.
pub fn sequences(records: &[CycleRecord]) -> Result<Vec<Vec<Features>>, FitError> {
    let mut order: Vec<&CycleRecord> = records.iter().collect();
    order.sort_by_key(|r| (r.device, r.cycle));
    let mut out: Vec<Vec<Features>> = Vec::new();
    let mut before: Option<&CycleRecord> = None;
    for r in order {
        let CycleRecord { device, cycle, .. } = *r;
        if before.is_some_and(|b| (b.device, b.cycle) == (device, cycle)) {
            return Err(FitError::Repeated { device, cycle });
        }
        let features = [libm::log10(r.r_hrs), r.u_set, r.r_lrs, r.u_reset];
        if features.iter().any(|f| !f.is_finite()) || r.r_lrs <= 0.0 {
            return Err(FitError::NotPhysical { device, cycle });
        }
        match out.last_mut() {
            Some(last) if before.is_some_and(|b| b.device == device) => last.push(features),
            _ => out.push(vec![features]),
        }
        before = Some(r);
    }
    Ok(out)
}

/// Fits the whole model to measured cycles. What cycling does not show (conduction, `u_max`, `eta`) is taken from
/// `base`.
///
/// # Errors
/// See [`FitError`].
pub fn fit(records: &[CycleRecord], base: &Parameters, options: FitOptions) -> Result<Fit, FitError> {
    fit_sequences(&sequences(records)?, base, options)
}

/// [`fit`] of sequences in model space, one for each device.
///
/// # Errors
/// See [`FitError`].
pub fn fit_sequences(cycles: &[Vec<Features>], base: &Parameters, options: FitOptions) -> Result<Fit, FitError> {
    let least = 2 * mixture::LEAST;
    if cycles.len() < least {
        return Err(FitError::TooFewDevices { found: cycles.len(), least });
    }
    let CycleFit { gamma, innovation, lags, devices } = fit_cycles(cycles, options.order)?;
    let law = mixture::fit(&devices, options)?;
    let parameters = Parameters {
        gamma,
        innovation,
        lags,
        weights: law.weights,
        means: law.means,
        factors: law.factors,
        ..base.clone()
    };
    Ok(Fit { parameters, devices, log_likelihood: law.log_likelihood })
}

/// Fits all but the law of the devices.
///
/// # Errors
/// See [`FitError`].
pub fn fit_cycles(cycles: &[Vec<Features>], order: usize) -> Result<CycleFit, FitError> {
    let least = 4 * (order + 1);
    for (device, x) in cycles.iter().enumerate() {
        if x.len() < least {
            return Err(FitError::TooFewCycles { device: device as u32, found: x.len(), least });
        }
    }
    let (mut standard, numbers) = standardised(cycles);
    // a constant has the spread of rounding
    let still =
        |[mean, spread]: &[Features; 2]| mean.iter().zip(spread).any(|(m, s)| s.is_nan() || *s <= 1e-12 * m.abs());
    if let Some(device) = numbers.iter().position(still) {
        return Err(FitError::Constant { device: device as u32 });
    }
    let gamma = marginal::maps(&standard)?;
    marginal::to_latent(&gamma, &mut standard);
    let (innovation, lags) = autoregression::fit(&standard, order)?;
    let devices = numbers
        .iter()
        .map(|[mean, deviation]| std::array::from_fn(|i| if i < FEATURES { mean[i] } else { deviation[i - FEATURES] }))
        .collect();
    Ok(CycleFit { gamma, innovation, lags, devices })
}

#[cfg(test)]
mod tests;
