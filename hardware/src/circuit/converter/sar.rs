//! Successive approximation: a binary search with a capacitor array.
//!
//! The array is binary weighted (McCreary, Gray, IEEE JSSC 1975, doi:10.1109/JSSC.1975.1050629); its units
//! deviate at random. The search compares the input with the level of the code tried, from the highest
//! bit down; a level that stands beyond what earlier decisions left open decides nothing any more.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Converter, Instance, Transfer, array};
use crate::cost::AdcKind;
use crate::units::Share;

/// Spread of a capacitor array.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SarMismatch {
    /// Standard deviation of a unit capacitor, as a share of it.
    pub capacitor: Share,
}

/// A SAR converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sar {
    bits: u8,
    mismatch: SarMismatch,
}

impl Sar {
    /// A converter of 1 to 16 bits.
    #[must_use]
    pub const fn new(bits: u8, mismatch: SarMismatch) -> Self {
        Self { bits, mismatch }
    }
}

impl Converter for Sar {
    fn kind(&self) -> AdcKind {
        AdcKind::Sar
    }
    fn bits(&self) -> u8 {
        self.bits
    }
    fn is_ideal(&self) -> bool {
        self.mismatch.capacitor.0 == 0.0
    }
    fn transfer(&self, instance: Instance) -> Transfer {
        let tried = array::levels(self.bits, self.mismatch.capacitor.0, instance, 0);
        let mut levels = vec![0.0; tried.len()];
        // the interval of inputs that reach a node of the search, and the node's code
        let mut open = vec![(f64::NEG_INFINITY, f64::INFINITY, 0u32, self.bits)];
        while let Some((low, high, code, bits)) = open.pop() {
            let Some(bit) = bits.checked_sub(1) else { continue };
            let middle = code | 1 << bit;
            // half a step down, so that codes round
            let level = (tried[middle as usize] - 0.5).clamp(low, high);
            levels[middle as usize] = level;
            open.push((low, level, code, bit));
            open.push((level, high, middle, bit));
        }
        Transfer::counting(levels.split_off(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search itself, step by step.
    fn search(bits: u8, tried: &[f64], input: f64) -> u32 {
        let mut code = 0;
        for bit in (0..bits).rev() {
            if input >= tried[(code | 1u32 << bit) as usize] - 0.5 {
                code |= 1 << bit;
            }
        }
        code
    }

    #[test]
    fn the_transfer_is_what_the_search_finds() {
        // a spread that makes codes disappear
        for (seed, sigma) in [(1, 0.0), (2, 0.05), (3, 0.3), (4, 0.6)] {
            let sar = Sar::new(6, SarMismatch { capacitor: Share(sigma) });
            let instance = Instance::new(seed, 77);
            let (transfer, tried) = (sar.transfer(instance), array::levels(6, sigma, instance, 0));
            for i in -500..7000 {
                let input = f64::from(i) * 0.01 + 0.003;
                assert_eq!(transfer.code(input), search(6, &tried, input), "σ {sigma}, input {input}");
            }
            assert_eq!(sar.is_ideal(), transfer == Transfer::ideal(6));
        }
    }
}
