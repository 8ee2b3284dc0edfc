//! Flash: one comparator for each transition, references from a resistor ladder.
//!
//! `2^N` resistors stand between the two ends of the range; first order in their spread `σ_R` the taps have
//! the covariance `σ_R²·(min(k, l) − k·l/2^N)`, and each comparator adds an offset of its own. The code is the
//! number of comparators that respond (a counting encoder), so that offsets may exchange neighbours.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Converter, Instance, Transfer};
use crate::cost::AdcKind;
use crate::units::Share;

/// Spread of ladder and comparators.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FlashMismatch {
    /// Standard deviation of a resistor, as a share of it.
    pub resistor: Share,
    /// Standard deviation of a comparator's offset in LSB.
    pub comparator_lsb: f64,
}

/// A flash converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flash {
    bits: u8,
    mismatch: FlashMismatch,
}

impl Flash {
    /// A converter of 1 to 16 bits.
    #[must_use]
    pub const fn new(bits: u8, mismatch: FlashMismatch) -> Self {
        Self { bits, mismatch }
    }
}

impl Converter for Flash {
    fn kind(&self) -> AdcKind {
        AdcKind::Flash
    }
    fn bits(&self) -> u8 {
        self.bits
    }
    fn is_ideal(&self) -> bool {
        self.mismatch == FlashMismatch::default()
    }
    fn transfer(&self, instance: Instance) -> Transfer {
        let count = 1u32 << self.bits;
        let mut taps: Vec<f64> = vec![0.0];
        let mut sum = 0.0;
        for r in 0..count {
            sum += (1.0 + self.mismatch.resistor.0 * instance.normal(r)).max(0.0);
            taps.push(sum);
        }
        let step = f64::from(count) / sum;
        let comparator = |k: u32| self.mismatch.comparator_lsb * instance.normal(count + k);
        // half a step down, so that codes round
        Transfer::counting((1..count).map(|k| taps[k as usize] * step - 0.5 + comparator(k)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_the_ladder_are_fixed() {
        let flash = Flash::new(4, FlashMismatch { resistor: Share(0.05), comparator_lsb: 0.0 });
        assert!(!flash.is_ideal() && Flash::new(4, FlashMismatch::default()).is_ideal());
        let levels = flash.transfer(Instance::new(3, 1)).levels(15);
        assert!(levels.windows(2).all(|w| w[0] < w[1]));
        // the last tap is one resistor from the top
        assert!((levels[14] - 14.5).abs() < 0.3 && levels != Transfer::ideal(4).levels(15));
    }

    #[test]
    fn exchanged_comparators_count() {
        let flash = Flash::new(5, FlashMismatch { resistor: Share(0.0), comparator_lsb: 2.0 });
        let instance = Instance::new(9, 9);
        let own = |k: u32| f64::from(k) - 0.5 + 2.0 * instance.normal(32 + k);
        let transfer = flash.transfer(instance);
        for i in -100..3400 {
            let input = f64::from(i) * 0.01;
            assert_eq!(transfer.code(input), (1..32).filter(|k| own(*k) <= input).count() as u32);
        }
    }
}
