//! Converters between the analog columns and the digital world, one file for each kind.
//!
//! Inputs are measured in steps (LSB) of the ideal converter: code `k` of an ideal converter of `N` bits
//! answers to inputs from `k − ½` to `k + ½`, the lowest and the highest code also to everything beyond.
//! What sets one *instance* of a converter apart from the ideal one is its [`Transfer`], the exact
//! piecewise constant function from input to code, drawn once for each instance. From it follow the
//! transition levels `T[1..2^N − 1]` and everything that data sheets derive from them ([`Linearity`]).
//! Noise is Gaussian and referred to the input ([`Converter::noise`]); it is drawn anew for each conversion.

mod array;
mod card;
mod cyclic;
mod dac;
mod flash;
mod linearity;
mod oscillator;
mod pipeline;
mod ramp;
mod residue;
mod sar;
mod second_tests;
mod sense_amp;
mod sigma_delta;
mod statistics_tests;
mod transfer;

pub use card::{AdcModel, AdcSpec, Common, FullScalePer, FullScaleSpec};
pub use cyclic::Cyclic;
pub use dac::{DacModel, PulseWidthDac, VoltageDac};
pub use flash::{Flash, FlashMismatch};
pub use linearity::Linearity;
pub use oscillator::{Oscillator, OscillatorPhase};
pub use pipeline::{Pipeline, StageMismatch};
pub use ramp::{Ramp, RampMismatch};
pub use sar::{Sar, SarMismatch};
pub use sense_amp::SenseAmp;
pub use sigma_delta::SigmaDelta;
pub use transfer::{Lookup, Transfer};

use crate::cost::AdcKind;
use crate::rng::{Domain, Draw};

/// One converter among many. Its draws are a function of these numbers alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instance {
    /// Seed of the run.
    pub seed: u64,
    /// Logical address of the array it belongs to ([`crate::rng::element`]).
    pub element: u64,
    /// Number among the converters of the array.
    pub number: u32,
    /// Factor on every spread; 0 gives the nominal converter.
    pub scale: f64,
}

/// Draw with which the offset of a converter is drawn; kinds count their own from 0.
const OFFSET: u32 = (1 << 24) - 1;

impl Instance {
    /// A converter of its own with the full spread.
    #[must_use]
    pub const fn new(seed: u64, element: u64) -> Self {
        Self { seed, element, number: 0, scale: 1.0 }
    }
    /// Normal number `index` (below 2²⁴) of this instance, times its scale.
    #[must_use]
    pub fn normal(&self, index: u32) -> f64 {
        let tick = (u64::from(self.number) << 24) | u64::from(index);
        self.scale * Draw { seed: self.seed, domain: Domain::AdcMismatch, element: self.element, tick }.normal(0)
    }
    /// The static offset of the instance in standard deviations.
    #[must_use]
    pub fn offset(&self) -> f64 {
        self.normal(OFFSET)
    }
}

/// Behaviour of a kind of analog-to-digital converter.
pub trait Converter: std::fmt::Debug + Send + Sync {
    /// Its kind.
    fn kind(&self) -> AdcKind;
    /// Resolution.
    fn bits(&self) -> u8;
    /// Codes over the input axis of an instance, without noise.
    fn transfer(&self, instance: Instance) -> Transfer;
    /// Whether every instance is the ideal converter, but for its noise.
    fn is_ideal(&self) -> bool;
    /// Rms random error that the principle itself adds in each conversion, in LSB at the input.
    fn noise(&self) -> f64 {
        0.0
    }
    /// Converts inputs one after the other with an instance; conversion `first + i` has its own draw of
    /// Gaussian noise of `noise` LSB, to which [`Self::noise`] is added in squares.
    fn convert(&self, instance: Instance, first: u64, noise: f64, input: &[f64], codes: &mut [u32]) {
        let transfer = self.transfer(instance);
        let sigma = noise.hypot(self.noise()) * instance.scale;
        let Instance { seed, element, .. } = instance;
        for (i, (u, code)) in input.iter().zip(codes).enumerate() {
            let z = match sigma > 0.0 {
                true => Draw { seed, domain: Domain::AdcThermal, element, tick: first + i as u64 }.normal(0),
                false => 0.0,
            };
            *code = transfer.code(u + sigma * z);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_every_part_of_the_address() {
        let one = Instance::new(1, 2);
        let z = one.normal(3);
        for other in [
            Instance { seed: 2, ..one }.normal(3),
            Instance { element: 3, ..one }.normal(3),
            Instance { number: 1, ..one }.normal(3),
            one.normal(4),
        ] {
            assert_ne!(z, other);
        }
        assert_eq!(Instance { scale: 2.0, ..one }.normal(3), 2.0 * z);
    }

    #[test]
    fn noise_is_drawn_for_each_conversion() {
        let sar = Sar::new(8, SarMismatch::default());
        let n = 40_000;
        let (input, mut codes) = (vec![100.0; n], vec![0; n]);
        sar.convert(Instance::new(5, 6), 0, 3.0, &input, &mut codes);
        let mean = codes.iter().map(|c| f64::from(*c)).sum::<f64>() / n as f64;
        let variance = codes.iter().map(|c| (f64::from(*c) - mean).powi(2)).sum::<f64>() / n as f64;
        // the noise and the rounding of codes; five standard errors
        let expected = 9.0 + 1.0 / 12.0;
        assert!((mean - 100.0).abs() < 5.0 * (expected / n as f64).sqrt());
        assert!((variance / expected - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt());
        let mut again = vec![0; 10];
        sar.convert(Instance::new(5, 6), 7, 3.0, &input[..10], &mut again);
        assert_eq!(again, codes[7..17]);
    }
}
