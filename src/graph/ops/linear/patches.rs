//! The inputs of a convolution as the columns of a matrix, laid out where they are multiplied (im2col,
//! Chellapilla et al., IWFHR 2006, hal:inria-00112631); and the convolution of one channel, where a matrix
//! product would be all layout.

use std::ops::Range;

use super::super::taps::Taps;
use super::kernel::Vector;
use super::product::Columns;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Isa, LANES, Lanes};

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

/// The outputs of one channel and one kernel.
pub fn depthwise(taps: &Taps, channel: &[f32], weights: &[f32], start: f32, out: &mut [f32]) {
    match Isa::best() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the instructions.
        Isa::Avx512(l) => unsafe { convolve_avx512(l, taps, channel, weights, start, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the instructions.
        Isa::Avx2(l) => unsafe { convolve_avx2(l, taps, channel, weights, start, out) },
        Isa::Portable(l) => convolve(l, taps, channel, weights, start, out),
    }
}

/// One channel by one kernel (depthwise): taps in order, as [`super::product`] takes them.
#[inline(always)]
fn convolve<L: Lanes>(l: L, taps: &Taps, channel: &[f32], weights: &[f32], start: f32, out: &mut [f32]) {
    for (vector, part) in out.chunks_mut(LANES).enumerate() {
        let mut sum = l.splat(start);
        for (tap, w) in weights.iter().enumerate() {
            sum = l.mul_add(l.splat(*w), l.load(&taps.read(channel, tap, vector, 0.0)), sum);
        }
        let mut whole = [0.0; LANES];
        l.store(sum, &mut whole);
        part.copy_from_slice(&whole[..part.len()]);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn convolve_avx512(l: Avx512, taps: &Taps, channel: &[f32], weights: &[f32], start: f32, out: &mut [f32]) {
    convolve(l, taps, channel, weights, start, out);
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn convolve_avx2(l: Avx2, taps: &Taps, channel: &[f32], weights: &[f32], start: f32, out: &mut [f32]) {
    convolve(l, taps, channel, weights, start, out);
}
