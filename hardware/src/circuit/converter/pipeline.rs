//! Pipeline: a stage for each bit but the last, all at work on successive inputs.
//!
//! The first code comes as many cycles after its input as there are bits, then one code each cycle
//! ([`AdcKind::cycles`]). Stages: [`super::residue`].

pub use super::residue::StageMismatch;
use super::residue::{DRAWS, transfer};
use super::{Converter, Instance, Transfer};
use crate::cost::AdcKind;

/// A pipeline converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pipeline {
    bits: u8,
    mismatch: StageMismatch,
}

impl Pipeline {
    /// A converter of 1 to 16 bits.
    #[must_use]
    pub const fn new(bits: u8, mismatch: StageMismatch) -> Self {
        Self { bits, mismatch }
    }
}

impl Converter for Pipeline {
    fn kind(&self) -> AdcKind {
        AdcKind::Pipeline
    }
    fn bits(&self) -> u8 {
        self.bits
    }
    fn is_ideal(&self) -> bool {
        self.mismatch.is_ideal()
    }
    fn transfer(&self, instance: Instance) -> Transfer {
        let count = u32::from(self.bits) - 1;
        let stages: Vec<_> = (0..count).map(|s| self.mismatch.stage(instance, s * DRAWS)).collect();
        transfer(&stages, self.mismatch.last(instance, count * DRAWS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Share;

    #[test]
    fn stages_are_drawn_apart() {
        let pipeline = Pipeline::new(8, StageMismatch { capacitor: Share(0.02), ..StageMismatch::default() });
        let one = pipeline.transfer(Instance::new(1, 1));
        assert_ne!(one, pipeline.transfer(Instance::new(1, 2)));
        assert_eq!(one, pipeline.transfer(Instance::new(1, 1)));
        assert_eq!(Pipeline::new(8, StageMismatch::default()).transfer(Instance::new(1, 1)), Transfer::ideal(8));
    }
}
