//! Cyclic (algorithmic): one stage whose residue goes round until all bits are taken.
//!
//! Every bit meets the same capacitors, amplifier and comparators, so that errors repeat where those of a
//! pipeline are independent. One cycle for each bit. Stage: [`super::residue`].

use super::residue::{DRAWS, StageMismatch, transfer};
use super::{Converter, Instance, Transfer};
use crate::cost::AdcKind;

/// A cyclic converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cyclic {
    bits: u8,
    mismatch: StageMismatch,
}

impl Cyclic {
    /// A converter of 1 to 16 bits.
    #[must_use]
    pub const fn new(bits: u8, mismatch: StageMismatch) -> Self {
        Self { bits, mismatch }
    }
}

impl Converter for Cyclic {
    fn kind(&self) -> AdcKind {
        AdcKind::Cyclic
    }
    fn bits(&self) -> u8 {
        self.bits
    }
    fn is_ideal(&self) -> bool {
        self.mismatch.is_ideal()
    }
    fn transfer(&self, instance: Instance) -> Transfer {
        let stage = self.mismatch.stage(instance, 0);
        transfer(&vec![stage; usize::from(self.bits) - 1], self.mismatch.last(instance, DRAWS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::converter::Linearity;
    use crate::units::Share;

    #[test]
    fn one_error_shows_at_every_scale() {
        let mismatch = StageMismatch { capacitor: Share(0.01), ..StageMismatch::default() };
        let levels = Cyclic::new(8, mismatch).transfer(Instance::new(1, 5)).levels(255);
        let line = Linearity::of(&levels);
        // the two thresholds of the first pass make the two largest steps, in the same direction
        let (low, high) = (line.dnl[62..66].iter(), line.dnl[188..193].iter());
        let sum = |w: std::slice::Iter<'_, f64>| w.sum::<f64>();
        assert!(sum(low) * sum(high) > 0.0);
        assert_eq!(Cyclic::new(8, StageMismatch::default()).transfer(Instance::new(1, 5)), Transfer::ideal(8));
    }
}
