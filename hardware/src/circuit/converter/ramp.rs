//! Single slope: a ramp rises step by step and a counter stops when the ramp has passed the input.
//!
//! The ramp is made of unit steps that deviate at random and are not normalised to their sum, hence a random
//! walk: first order the covariance of its levels is `σ_s²·min(k, l) + σ_g²·k·l`, where `σ_g` is the spread of
//! the slope from converter to converter. A bow (finite output resistance of the current source) is the same
//! for all. The comparator's offset is the converter's offset.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Converter, Instance, Transfer};
use crate::cost::AdcKind;
use crate::units::Share;

/// Deviations of a ramp.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RampMismatch {
    /// Standard deviation of one step of the ramp, as a share of it.
    pub step: Share,
    /// Standard deviation of the slope between converters, as a share of it.
    pub slope: Share,
    /// Height of the ramp's bow at mid-scale in LSB, equal for all converters.
    pub bow_lsb: f64,
}

/// A ramp converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    bits: u8,
    mismatch: RampMismatch,
}

impl Ramp {
    /// A converter of 1 to 16 bits.
    #[must_use]
    pub const fn new(bits: u8, mismatch: RampMismatch) -> Self {
        Self { bits, mismatch }
    }
}

impl Converter for Ramp {
    fn kind(&self) -> AdcKind {
        AdcKind::Ramp
    }
    fn bits(&self) -> u8 {
        self.bits
    }
    fn is_ideal(&self) -> bool {
        self.mismatch == RampMismatch::default()
    }
    fn transfer(&self, instance: Instance) -> Transfer {
        let count = 1u32 << self.bits;
        let slope = 1.0 + self.mismatch.slope.0 * instance.normal(0);
        let (mut ramp, mut reached) = (0.0, f64::NEG_INFINITY);
        let level = |k: u32| {
            ramp += 1.0 + self.mismatch.step.0 * instance.normal(k);
            let x = f64::from(k) / f64::from(count);
            let level = slope * ramp + 4.0 * x * (1.0 - x) * self.mismatch.bow_lsb - 0.5;
            // the counter has stopped at the first passage: a ramp that goes back makes no lower code
            reached = level.max(reached);
            reached
        };
        Transfer::counting((1..count).map(level).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::converter::Linearity;

    #[test]
    fn a_bow_is_a_parabola_of_inl() {
        let ramp = Ramp::new(8, RampMismatch { bow_lsb: 3.0, ..RampMismatch::default() });
        let line = Linearity::of(&ramp.transfer(Instance::new(0, 0)).levels(255));
        // the terminals stand 1/256 inside the ends, where the bow is 0.047 LSB high
        let end = 4.0 * 3.0 * (1.0 / 256.0) * (255.0 / 256.0);
        assert!((line.inl[127] - (3.0 - end)).abs() < 1e-12);
        assert!((line.inl[63] + line.inl[191] - 2.0 * (2.25 - end)).abs() < 1e-12);
    }

    #[test]
    fn the_counter_stops_at_the_first_passage() {
        let ramp = Ramp::new(5, RampMismatch { step: Share(1.5), ..RampMismatch::default() });
        let instance = Instance::new(4, 4);
        let mut walk = vec![0.0];
        for k in 1..32 {
            walk.push(walk[k - 1] + 1.0 + 1.5 * instance.normal(k as u32));
        }
        assert!(walk.windows(2).any(|w| w[1] < w[0]), "the example goes back");
        let transfer = ramp.transfer(instance);
        for i in -300..4000 {
            let input = f64::from(i) * 0.0101;
            let stopped = (1..32).find(|k| walk[*k] - 0.5 > input).unwrap_or(32) - 1;
            assert_eq!(transfer.code(input), stopped as u32, "{input}");
        }
    }
}
