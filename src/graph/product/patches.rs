//! The inputs of a convolution as the columns of a matrix, laid out where they are multiplied (im2col,
//! Chellapilla et al., IWFHR 2006, hal:inria-00112631).

use std::ops::Range;

use super::{Columns, Taps};
use crate::simd::LANES;
use crate::simd::product::Vector;

/// The columns of one sample and group.
pub struct Patches<'a> {
    /// The taps.
    pub taps: &'a Taps,
    /// Inputs `[channels][plane]`.
    pub input: &'a [f32],
    /// Elements of a channel.
    pub plane: usize,
}

impl Columns for Patches<'_> {
    fn fill(&self, depth: Range<usize>, first: usize, vectors: usize, panel: &mut [Vector]) {
        for (line, k) in panel.chunks_exact_mut(vectors).zip(depth) {
            let channel = &self.input[k / self.taps.count * self.plane..][..self.plane];
            for (v, to) in line.iter_mut().enumerate() {
                *to = self.taps.read(channel, k % self.taps.count, first / LANES + v, 0.0);
            }
        }
    }
}
