//! Sense amplifier: one comparator, 1 bit.
//!
//! Its threshold stands at half the step; its offset is the converter's offset.

use super::{Converter, Instance, Transfer};
use crate::cost::AdcKind;

/// A sense amplifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SenseAmp;

impl Converter for SenseAmp {
    fn kind(&self) -> AdcKind {
        AdcKind::SenseAmp
    }
    fn bits(&self) -> u8 {
        1
    }
    fn is_ideal(&self) -> bool {
        true
    }
    fn transfer(&self, _: Instance) -> Transfer {
        Transfer::ideal(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decides_at_half_a_step() {
        let t = SenseAmp.transfer(Instance::new(1, 1));
        assert_eq!([-1.0, 0.499, 0.5, 7.0].map(|u| t.code(u)), [0, 0, 1, 1]);
        assert_eq!(t.shifted(0.2).code(0.6), 0);
    }
}
