//! Which inputs the taps of a sliding window read, laid out for vectors of output positions.

use crate::simd::LANES;
use crate::tensor::Window;

/// Which inputs of one channel the taps of every output position read.
pub struct Taps {
    /// `[taps][vectors]`: the input of each of sixteen positions, [`Window::PADDING`] for none.
    index: Vec<[u32; LANES]>,
    /// Where the sixteen inputs of an element of `index` stand side by side, the first of them.
    start: Vec<u32>,
    /// Vectors of positions.
    vectors: usize,
    positions: usize,
    /// Taps of one channel.
    pub count: usize,
}

impl Taps {
    /// The taps of a window; its channels do not matter.
    #[must_use]
    pub fn new(window: &Window) -> Self {
        let count: usize = window.kernel.iter().product();
        let vectors = window.positions().div_ceil(LANES);
        let mut index = vec![[Window::PADDING; LANES]; count * vectors];
        for (tap, lines) in index.chunks_exact_mut(vectors.max(1)).enumerate() {
            fill(window, tap, lines.as_flattened_mut());
        }
        let side_by_side = |i: &[u32; LANES]| i[0] != Window::PADDING && i.iter().zip(i[0]..).all(|(a, b)| *a == b);
        let start = index.iter().map(|i| if side_by_side(i) { i[0] } else { Window::PADDING }).collect();
        Self { index, start, vectors, positions: window.positions(), count }
    }

    /// The inputs of one channel that sixteen positions read at a tap.
    #[inline]
    #[must_use]
    pub fn read(&self, channel: &[f32], tap: usize, vector: usize, padding: f32) -> [f32; LANES] {
        let at = tap * self.vectors + vector;
        if let Some(whole) = channel.get(self.start[at] as usize..).and_then(<[f32]>::first_chunk) {
            return *whole;
        }
        self.index[at].map(|i| channel.get(i as usize).copied().unwrap_or(padding))
    }

    /// For every output position of one channel, `f` over what its taps read, in the order of the taps.
    pub fn fold(&self, channel: &[f32], start: f32, padding: f32, f: impl Fn(f32, f32) -> f32, out: &mut [f32]) {
        for (vector, part) in out.chunks_mut(LANES).enumerate() {
            let mut sums = [start; LANES];
            for tap in 0..self.count {
                let inputs = self.read(channel, tap, vector, padding);
                for (s, x) in sums.iter_mut().zip(inputs) {
                    *s = f(*s, x);
                }
            }
            part.copy_from_slice(&sums[..part.len()]);
        }
    }

    /// Number of taps of each position that lie inside the input.
    #[must_use]
    pub fn inside(&self) -> Vec<usize> {
        let mut count = vec![0; self.vectors * LANES];
        for lines in self.index.chunks_exact(self.vectors.max(1)) {
            for (n, i) in count.iter_mut().zip(lines.as_flattened()) {
                *n += usize::from(*i != Window::PADDING);
            }
        }
        count.truncate(self.positions);
        count
    }
}

/// The input of every position at one tap.
fn fill(window: &Window, tap: usize, positions: &mut [u32]) {
    let d = window.output.len();
    // what each dimension adds to the index at each of its output coordinates
    let (mut tap, mut stride) = (tap, 1usize);
    let mut parts: Vec<Vec<Option<usize>>> = vec![vec![]; d];
    for i in (0..d).rev() {
        let offset = tap % window.kernel[i] * window.dilation[i];
        tap /= window.kernel[i];
        let part = |at: usize| {
            let at = (at * window.stride[i] + offset).checked_sub(window.pad[i])?;
            (at < window.input[i]).then_some(at * stride)
        };
        parts[i] = (0..window.output[i]).map(part).collect();
        stride *= window.input[i];
    }
    let Some((last, outer)) = parts.split_last() else { return };
    let mut at = vec![0; outer.len()];
    let lines = outer.iter().map(Vec::len).product();
    for line in positions.chunks_mut(last.len()).take(lines) {
        let base = outer.iter().zip(&at).try_fold(0, |sum, (part, i)| Some(sum + part[*i]?));
        if let Some(base) = base {
            for (to, part) in line.iter_mut().zip(last) {
                *to = part.map_or(Window::PADDING, |p| (base + p) as u32);
            }
        }
        for i in (0..at.len()).rev() {
            at[i] += 1;
            if at[i] < outer[i].len() {
                break;
            }
            at[i] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn taps_read_what_the_gather_table_says(
            input in proptest::collection::vec(1usize..20, 1..4), kernel in 1usize..4, stride in 1usize..3,
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
            let (taps, table) = (Taps::new(&window), window.gather());
            let channel: Vec<f32> = (0..window.input_positions()).map(|i| i as f32).collect();
            let read = |i: &u32| channel.get(*i as usize).copied().unwrap_or(-7.0);
            for tap in 0..taps.count {
                for p in 0..window.positions() {
                    let got = taps.read(&channel, tap, p / LANES, -7.0)[p % LANES];
                    proptest::prop_assert_eq!(got, read(&table[p * taps.count + tap]));
                }
            }
            let inside: Vec<usize> = table
                .chunks_exact(taps.count)
                .map(|t| t.iter().filter(|i| **i != Window::PADDING).count())
                .collect();
            proptest::prop_assert_eq!(taps.inside(), inside);
            let mut out = vec![0.0; window.positions()];
            taps.fold(&channel, 0.0, 0.0, |a, b| a + b, &mut out);
            let sums: Vec<f32> = table
                .chunks_exact(taps.count)
                .map(|t| t.iter().filter_map(|i| channel.get(*i as usize)).sum())
                .collect();
            proptest::prop_assert_eq!(out, sums);
        }
    }
}
