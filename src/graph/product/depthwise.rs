//! The convolution of one channel by one kernel, where a matrix product would be all layout.
//!
//! With a stride of 1 the channel is copied once into a raster with its padding around it. There the inputs of
//! neighbouring positions stand side by side at every tap, also across the ends of lines; what is computed
//! beyond the ends is left out of the result. Taps follow in the order that [`super::product()`] takes them, and the
//! bias comes last.

use super::Taps;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Isa, LANES, Lanes};
use crate::tensor::Window;

/// How the channels of one layer are read.
pub struct Depthwise<'a> {
    taps: &'a Taps,
    raster: Option<Raster>,
}

/// A channel with its padding around it.
struct Raster {
    /// Elements, with room for a vector that begins at the last.
    elements: usize,
    /// Length of a line of the channel that is inside, and where each line begins in the channel and in the raster.
    line: usize,
    lines: Vec<(usize, usize)>,
    /// Distance of every tap.
    offsets: Vec<usize>,
    /// Length of a line of the output, and where each begins in the raster.
    row: usize,
    rows: Vec<usize>,
}

/// Indices of all lines of a tensor of shape `outer`, in order.
fn counted(outer: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    (0..outer.iter().product()).map(move |mut i: usize| {
        let mut at = vec![0; outer.len()];
        for (a, n) in at.iter_mut().zip(outer).rev() {
            *a = i % n;
            i /= n;
        }
        at
    })
}

impl Raster {
    fn new(w: &Window) -> Option<Self> {
        let last = w.output.len().checked_sub(1)?;
        if w.stride.iter().any(|s| *s != 1) {
            return None;
        }
        let shape: Vec<usize> = (0..=last).map(|d| w.output[d] + (w.kernel[d] - 1) * w.dilation[d]).collect();
        let place = |at: &[usize]| at.iter().zip(&shape).fold(0, |sum, (a, n)| sum * n + a);
        let line = w.input[last].min(shape[last].saturating_sub(w.pad[last]));
        let lines = counted(&w.input[..last]).enumerate().filter_map(|(i, at)| {
            let mut at: Vec<usize> = at.iter().zip(&w.pad).map(|(a, p)| a + p).collect();
            at.push(w.pad[last]);
            at.iter().zip(&shape).all(|(a, n)| a < n).then(|| (i * w.input[last], place(&at)))
        });
        let offset = |tap: Vec<usize>| place(&tap.iter().zip(&w.dilation).map(|(t, d)| t * d).collect::<Vec<_>>());
        let rows = counted(&w.output[..last]).map(|mut at| {
            at.push(0);
            place(&at)
        });
        Some(Self {
            elements: shape.iter().product::<usize>() + LANES,
            line,
            lines: lines.collect(),
            offsets: counted(&w.kernel).map(offset).collect(),
            row: w.output[last],
            rows: rows.collect(),
        })
    }

    #[inline(always)]
    fn convolve<L: Lanes>(&self, l: L, channel: &[f32], weights: &[f32], bias: f32, out: &mut [f32]) {
        let mut raster = vec![0.0f32; self.elements];
        for (from, to) in &self.lines {
            raster[*to..to + self.line].copy_from_slice(&channel[*from..from + self.line]);
        }
        let end = self.rows.last().map_or(0, |r| r + self.row);
        let mut sums = vec![[0.0f32; LANES]; end.div_ceil(LANES)];
        for (v, to) in sums.iter_mut().enumerate() {
            let mut sum = l.splat(0.0);
            for (w, offset) in weights.iter().zip(&self.offsets) {
                let inputs =
                    raster[v * LANES + offset..].first_chunk().expect("the raster ends with room for a vector");
                sum = l.mul_add(l.splat(*w), l.load(inputs), sum);
            }
            l.store(l.add(sum, l.splat(bias)), to);
        }
        for (to, from) in out.chunks_exact_mut(self.row).zip(&self.rows) {
            to.copy_from_slice(&sums.as_flattened()[*from..from + self.row]);
        }
    }
}

impl<'a> Depthwise<'a> {
    /// The reading of a window, whose taps are given too.
    #[must_use]
    pub fn new(window: &Window, taps: &'a Taps) -> Self {
        Self { taps, raster: Raster::new(window) }
    }

    /// The outputs of one channel and one kernel.
    pub fn convolve(&self, isa: Isa, channel: &[f32], weights: &[f32], bias: f32, out: &mut [f32]) {
        match isa {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the token proves that the processor has the instructions.
            Isa::Avx512(l) => unsafe { avx512(l, self, channel, weights, bias, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the token proves that the processor has the instructions.
            Isa::Avx2(l) => unsafe { avx2(l, self, channel, weights, bias, out) },
            Isa::Portable(l) => self.body(l, channel, weights, bias, out),
        }
    }

    #[inline(always)]
    fn body<L: Lanes>(&self, l: L, channel: &[f32], weights: &[f32], bias: f32, out: &mut [f32]) {
        if let Some(raster) = &self.raster {
            return raster.convolve(l, channel, weights, bias, out);
        }
        for (vector, part) in out.chunks_mut(LANES).enumerate() {
            let mut sum = l.splat(0.0);
            for (tap, w) in weights.iter().enumerate() {
                sum = l.mul_add(l.splat(*w), l.load(&self.taps.read(channel, tap, vector, 0.0)), sum);
            }
            let mut whole = [0.0; LANES];
            l.store(l.add(sum, l.splat(bias)), &mut whole);
            part.copy_from_slice(&whole[..part.len()]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn avx512(l: Avx512, d: &Depthwise<'_>, channel: &[f32], weights: &[f32], bias: f32, out: &mut [f32]) {
    d.body(l, channel, weights, bias, out);
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(l: Avx2, d: &Depthwise<'_>, channel: &[f32], weights: &[f32], bias: f32, out: &mut [f32]) {
    d.body(l, channel, weights, bias, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// The chain of fused operations over the gather table, to the bit.
        #[test]
        fn every_window_gives_the_chain(
            input in proptest::collection::vec(1usize..12, 1..4), kernel in 1usize..4, stride in 1usize..3,
            dilation in 1usize..3, pad in 0usize..3,
        ) {
            let reach = (kernel - 1) * dilation + 1;
            let d = input.len();
            let output: Option<Vec<usize>> =
                input.iter().map(|n| (n + 2 * pad).checked_sub(reach).map(|r| r / stride + 1)).collect();
            let Some(output) = output else { return Ok(()) };
            let window = Window {
                channels: 1, input, output, kernel: vec![kernel; d], stride: vec![stride; d],
                dilation: vec![dilation; d], pad: vec![pad; d],
            };
            let channel: Vec<f32> = (0..window.input_positions()).map(|i| (i as f32 * 0.37).sin()).collect();
            let weights: Vec<f32> = (0..window.rows()).map(|i| (i as f32 * 0.71).cos()).collect();
            let read = |i: &u32| channel.get(*i as usize).copied().unwrap_or(0.0);
            let one = |taps: &[u32]| taps.iter().zip(&weights).fold(0.0f32, |s, (t, w)| w.mul_add(read(t), s)) + 0.25;
            let want: Vec<f32> = window.gather().chunks_exact(weights.len()).map(one).collect();
            let taps = Taps::new(&window);
            for isa in Isa::all() {
                let mut out = vec![f32::NAN; want.len()];
                Depthwise::new(&window, &taps).convolve(isa, &channel, &weights, 0.25, &mut out);
                proptest::prop_assert_eq!(&out, &want, "{}", isa.name());
            }
        }
    }
}
