//! Geometry of a sliding window: which inputs an output position reads, and when they are there.
//!
//! One description serves the value core (im2col indices), the timing core (how many producer
//! positions must exist before an output position can start, how many may be forgotten after it)
//! and the energy ledger (bytes loaded). Positions run in raster order, last dimension fastest.

/// A window over `channels` feature maps of shape `input`; a dense layer is the window without
/// spatial dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Input channels.
    pub channels: usize,
    /// Spatial input shape; empty for a dense layer.
    pub input: Vec<usize>,
    /// Spatial output shape.
    pub output: Vec<usize>,
    /// Kernel extent in each spatial dimension.
    pub kernel: Vec<usize>,
    /// Step in each dimension.
    pub stride: Vec<usize>,
    /// Distance between kernel taps in each dimension.
    pub dilation: Vec<usize>,
    /// Padding in front of each dimension; padding behind follows from `output`.
    pub pad: Vec<usize>,
}

impl Window {
    /// Marks a tap that falls into the padding.
    pub const PADDING: u32 = u32::MAX;

    /// The window of a dense layer over `features` inputs.
    #[must_use]
    pub const fn dense(features: usize) -> Self {
        Self {
            channels: features,
            input: vec![],
            output: vec![],
            kernel: vec![],
            stride: vec![],
            dilation: vec![],
            pad: vec![],
        }
    }
    /// Crossbar rows: inputs of one output position, channel-major (`[channel][kernel…]`, as ONNX stores weights).
    #[must_use]
    pub fn rows(&self) -> usize {
        self.channels * self.kernel.iter().product::<usize>()
    }
    /// Output positions.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.output.iter().product()
    }
    /// Input positions (spatial points of the producer).
    #[must_use]
    pub fn input_positions(&self) -> usize {
        self.input.iter().product()
    }
    /// Input features, channel-first.
    #[must_use]
    pub fn features(&self) -> usize {
        self.channels * self.input_positions()
    }

    /// Coordinates of a raster index in `shape`.
    fn unravel(mut index: usize, shape: &[usize]) -> Vec<usize> {
        let mut at = vec![0; shape.len()];
        for (a, n) in at.iter_mut().zip(shape).rev() {
            *a = index % n;
            index /= n;
        }
        at
    }

    /// For every position and row the index of the input feature it reads, or [`Self::PADDING`];
    /// shape `[positions, rows]`, features channel-first.
    #[must_use]
    pub fn gather(&self) -> Vec<u32> {
        let taps: usize = self.kernel.iter().product();
        let plane = self.input_positions();
        let mut table = Vec::with_capacity(self.positions() * self.rows());
        let tap_at: Vec<Vec<usize>> = (0..taps).map(|t| Self::unravel(t, &self.kernel)).collect();
        for position in 0..self.positions() {
            let out = Self::unravel(position, &self.output);
            let spatial: Vec<Option<usize>> = tap_at.iter().map(|tap| self.input_index(&out, tap)).collect();
            for channel in 0..self.channels {
                table.extend(spatial.iter().map(|s| s.map_or(Self::PADDING, |s| (channel * plane + s) as u32)));
            }
        }
        table
    }

    fn input_index(&self, out: &[usize], tap: &[usize]) -> Option<usize> {
        let mut index = 0;
        for d in 0..self.input.len() {
            let at = out[d] * self.stride[d] + tap[d] * self.dilation[d];
            let at = at.checked_sub(self.pad[d]).filter(|a| *a < self.input[d])?;
            index = index * self.input[d] + at;
        }
        Some(index)
    }

    /// Number of producer positions, in raster order, that must exist before `position` can start.
    #[must_use]
    pub fn need(&self, position: usize) -> usize {
        let out = Self::unravel(position, &self.output);
        let last = out.iter().enumerate().fold(0, |index, (d, at)| {
            let end = at * self.stride[d] + (self.kernel[d] - 1) * self.dilation[d];
            index * self.input[d] + end.saturating_sub(self.pad[d]).min(self.input[d] - 1)
        });
        last + 1
    }

    /// Raster index of the first input that an output position may read.
    fn first(&self, out: &[usize]) -> usize {
        out.iter().enumerate().fold(0, |index, (d, at)| {
            let start = (at * self.stride[d]).saturating_sub(self.pad[d]).min(self.input[d] - 1);
            index * self.input[d] + start
        })
    }

    /// Number of producer positions, in raster order, that no position after `position` reads.
    #[must_use]
    pub fn free(&self, position: usize) -> usize {
        let next = position + 1;
        if next >= self.positions() {
            return self.input_positions();
        }
        let out = Self::unravel(next, &self.output);
        let mut bound = self.first(&out);
        // a later outer line starts again at 0 in the inner dimensions and may reach back before this one
        for d in 0..self.input.len().saturating_sub(1) {
            if out[d] + 1 < self.output[d] {
                let mut line = out[..=d].to_vec();
                line[d] += 1;
                line.resize(self.input.len(), 0);
                bound = bound.min(self.first(&line));
            }
        }
        bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(input: Vec<usize>, kernel: usize, stride: usize, dilation: usize, pad: usize) -> Option<Window> {
        let reach = (kernel - 1) * dilation + 1;
        let output: Option<Vec<usize>> =
            input.iter().map(|n| (n + 2 * pad).checked_sub(reach).map(|r| r / stride + 1)).collect();
        let d = input.len();
        Some(Window {
            channels: 2,
            input,
            output: output?,
            kernel: vec![kernel; d],
            stride: vec![stride; d],
            dilation: vec![dilation; d],
            pad: vec![pad; d],
        })
    }

    proptest::proptest! {
        /// `need` and `free` agree with what the gather table really reads.
        #[test]
        fn need_and_free_bound_the_gather_table(h in 1usize..7, w in 3usize..9, two: bool, kernel in 1usize..4, stride in 1usize..4, dilation in 1usize..3, pad in 0usize..3) {
            let input = if two { vec![h + 2, w] } else { vec![w] };
            let Some(win) = window(input, kernel, stride, dilation, pad) else { return Ok(()) };
            let table = win.gather();
            let plane = win.input_positions();
            let reads: Vec<Vec<usize>> = table.chunks(win.rows()).map(|r| r.iter().filter(|i| **i != Window::PADDING).map(|i| *i as usize % plane).collect()).collect();
            for p in 0..win.positions() {
                let last = reads[p].iter().max().map_or(0, |m| m + 1);
                proptest::prop_assert!(win.need(p) >= last);
                let first_later = reads[p + 1..].iter().flatten().min().copied().unwrap_or(plane);
                proptest::prop_assert!(win.free(p) <= first_later, "free({}) = {} but {} is read later", p, win.free(p), first_later);
            }
            proptest::prop_assert_eq!(win.free(win.positions() - 1), plane);
        }
    }

    #[test]
    fn dense_reads_everything_once() {
        let w = Window::dense(5);
        assert_eq!((w.rows(), w.positions(), w.need(0), w.free(0)), (5, 1, 1, 1));
        assert_eq!(w.gather(), vec![0, 1, 2, 3, 4]);
    }
}
