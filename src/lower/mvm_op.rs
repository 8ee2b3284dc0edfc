//! A weighted layer in integers: weight codes, what every position reads, and how an accumulator becomes
//! a code or a real value.

use std::ops::Range;

use super::layout::{Layout, Order};
use crate::tensor::{Quant, Window};

/// Weight codes in as few bytes as their bits allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightCodes {
    /// Codes of at most 8 bits.
    I8(Vec<i8>),
    /// Codes of at most 16 bits.
    I16(Vec<i16>),
}

impl WeightCodes {
    /// No codes yet, with room for `count` of `bits` bits.
    #[must_use]
    pub fn with_capacity(bits: u8, count: usize) -> Self {
        if bits <= 8 { Self::I8(Vec::with_capacity(count)) } else { Self::I16(Vec::with_capacity(count)) }
    }
    /// Codes of `bits` bits.
    #[must_use]
    pub fn new(bits: u8, codes: impl IntoIterator<Item = i16>) -> Self {
        let mut all = Self::with_capacity(bits, 0);
        all.extend(codes.into_iter());
        all
    }
    /// Appends codes, which must fit the bits.
    pub fn extend(&mut self, codes: impl Iterator<Item = i16>) {
        match self {
            Self::I8(v) => v.extend(codes.map(|code| code as i8)),
            Self::I16(v) => v.extend(codes),
        }
    }
    /// The code at a place.
    #[must_use]
    pub fn get(&self, at: usize) -> i16 {
        match self {
            Self::I8(v) => i16::from(v[at]),
            Self::I16(v) => v[at],
        }
    }
    /// Number of codes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::I8(v) => v.len(),
            Self::I16(v) => v.len(),
        }
    }
    /// Whether there is no code.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// All codes in order.
    pub fn iter(&self) -> impl Iterator<Item = i16> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }
}

/// A weighted layer: `acc[o] = bias[o] + Σ_r weight(o, r) · x[r]` at every position.
#[derive(Debug, Clone, PartialEq)]
pub struct MvmOp {
    /// Which inputs each position reads; `window.rows()` is the number of weight rows of all groups together.
    pub window: Window,
    /// Whether the window slides over the *output* (a transposed convolution: its `input` is the spatial shape
    /// that the layer yields, its `output` the one that it reads).
    pub spreads: bool,
    /// How positions and channels stand in its input and output.
    pub order: Order,
    /// Positions of one sample: those of the window, or the vectors that a matrix product takes one by one.
    pub positions: usize,
    /// Groups of channels that do not mix: group `g` joins the `g`-th part of the rows to the `g`-th of the outputs.
    pub groups: usize,
    /// Weight codes, shape `[outputs, rows / groups]`, row-major: the blocks on the diagonal alone.
    pub weights: WeightCodes,
    /// Output channels.
    pub outputs: usize,
    /// Bits of the weight codes, sign included.
    pub weight_bits: u8,
    /// Bias in accumulator steps of each output channel.
    pub bias: Vec<i64>,
    /// Real value of one accumulator step of each output channel (input scale × weight scale).
    pub acc_scale: Vec<f64>,
    /// Whether negative results become 0 (a fused rectifier).
    pub relu: bool,
}

impl MvmOp {
    /// Weight rows of all groups.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.window.rows()
    }
    /// Rows that reach one output.
    #[must_use]
    pub fn group_rows(&self) -> usize {
        self.rows() / self.groups.max(1)
    }
    /// Rows that reach an output.
    #[must_use]
    pub fn rows_of(&self, output: usize) -> Range<usize> {
        let (rows, group) = (self.group_rows(), output * self.groups / self.outputs.max(1));
        group * rows..(group + 1) * rows
    }
    /// Code of the weight between a row and an output: 0 between groups.
    #[must_use]
    pub fn weight(&self, output: usize, row: usize) -> i16 {
        let rows = self.rows_of(output);
        if rows.contains(&row) { self.weights.get(output * rows.len() + row - rows.start) } else { 0 }
    }
    /// Codes of some rows and outputs, `[row][output]`, zeros between groups included.
    #[must_use]
    pub fn block(&self, rows: Range<usize>, outputs: Range<usize>) -> Vec<i16> {
        let mut codes = vec![0; rows.len() * outputs.len()];
        for (c, output) in outputs.clone().enumerate() {
            let own = self.rows_of(output);
            let first = output * own.len();
            for row in rows.start.max(own.start)..rows.end.min(own.end) {
                codes[(row - rows.start) * outputs.len() + c] = self.weights.get(first + row - own.start);
            }
        }
        codes
    }
    /// Elements of one input sample.
    #[must_use]
    pub fn features(&self) -> usize {
        match self.order {
            Order::ChannelLast => self.positions * self.window.channels,
            _ if self.spreads => self.window.channels * self.window.positions(),
            _ => self.window.features(),
        }
    }
    /// How its output stands.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        Layout { order: self.order, positions: self.positions, channels: self.outputs }
    }
    /// Code of one output from its accumulator, in units of `acc_scale` (a real number because a
    /// converter's step need not be a whole number of accumulator steps). The one place where an
    /// accumulator becomes an activation: reference and crossbar path both call it.
    #[must_use]
    pub fn requantise(&self, output: usize, accumulator: f64, quant: Quant) -> i32 {
        quant.code(self.value(output, accumulator))
    }
    /// Real value of one output.
    #[must_use]
    pub fn real(&self, output: usize, accumulator: f64) -> f32 {
        self.value(output, accumulator) as f32
    }
    fn value(&self, output: usize, accumulator: f64) -> f64 {
        let value = (accumulator + self.bias[output] as f64) * self.acc_scale[output];
        if self.relu { value.max(0.0) } else { value }
    }
}

/// Which input feature every position and row of a weighted layer reads, without a table of all of them:
/// the taps of one channel, which all others repeat `plane` features on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taps {
    /// Features of channel 0, `[position][tap]`, or [`Window::PADDING`].
    table: Vec<u32>,
    taps: usize,
    /// Distance of two channels.
    plane: u32,
    /// Elements of one input sample.
    pub features: usize,
}

impl Taps {
    /// The taps of a layer.
    #[must_use]
    pub fn new(op: &MvmOp) -> Self {
        if op.order == Order::ChannelLast {
            let table = (0..op.positions).map(|p| (p * op.window.channels) as u32).collect();
            return Self { table, taps: 1, plane: 1, features: op.features() };
        }
        let one = Window { channels: 1, ..op.window.clone() };
        let taps = one.rows();
        if op.spreads {
            // an element of the output reads through tap t the position whose tap t falls on it
            let mut table = vec![Window::PADDING; one.input_positions() * taps];
            for (position, reads) in one.gather().chunks_exact(taps.max(1)).enumerate() {
                for (tap, at) in reads.iter().enumerate().filter(|(_, at)| **at != Window::PADDING) {
                    table[*at as usize * taps + tap] = position as u32;
                }
            }
            return Self { table, taps, plane: one.positions() as u32, features: op.features() };
        }
        let plane = one.input_positions() as u32;
        Self { table: one.gather(), taps, plane, features: op.features() }
    }

    /// Replaces `out` by the features that some rows read at a position; padding reads feature
    /// [`Self::features`], one behind the last.
    pub fn rows(&self, position: usize, rows: Range<usize>, out: &mut Vec<u32>) {
        out.clear();
        let taps = &self.table[position * self.taps..(position + 1) * self.taps];
        let mut from = rows.start % self.taps;
        let mut base = (rows.start / self.taps) as u32 * self.plane;
        let mut left = rows.len();
        while left > 0 {
            let part = &taps[from..(from + left).min(self.taps)];
            out.extend(part.iter().map(|t| if *t == Window::PADDING { self.features as u32 } else { t + base }));
            left -= part.len();
            from = 0;
            base += self.plane;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(window: Window, order: Order, positions: usize, groups: usize, outputs: usize) -> MvmOp {
        let count = outputs * window.rows() / groups;
        MvmOp {
            weights: WeightCodes::new(8, (0..count).map(|i| i as i16 + 1)),
            window,
            spreads: false,
            order,
            positions,
            groups,
            outputs,
            weight_bits: 8,
            bias: vec![0; outputs],
            acc_scale: vec![1.0; outputs],
            relu: false,
        }
    }

    proptest::proptest! {
        #[test]
        fn taps_repeat_the_gather_table(h in 3usize..6, w in 3usize..7, channels in 1usize..4, pad in 0usize..2, from in 0usize..20, count in 0usize..20) {
            let window = Window {
                channels, input: vec![h, w], output: vec![h + 2 * pad - 2, w + 2 * pad - 1], kernel: vec![3, 2],
                stride: vec![1, 1], dilation: vec![1, 1], pad: vec![pad, pad],
            };
            let op = op(window.clone(), Order::ChannelFirst, window.positions(), 1, 1);
            let (taps, gather, rows) = (Taps::new(&op), window.gather(), window.rows());
            let range = from.min(rows)..(from + count).min(rows);
            let mut out = vec![];
            for p in 0..window.positions() {
                taps.rows(p, range.clone(), &mut out);
                let whole = &gather[p * rows..(p + 1) * rows][range.clone()];
                let want: Vec<u32> =
                    whole.iter().map(|t| if *t == Window::PADDING { window.features() as u32 } else { *t }).collect();
                proptest::prop_assert_eq!(&out, &want);
            }
        }
    }

    #[test]
    fn vectors_stand_one_behind_the_other() {
        let op = op(Window::dense(3), Order::ChannelLast, 4, 1, 2);
        let mut out = vec![];
        Taps::new(&op).rows(2, 1..3, &mut out);
        assert_eq!((out, op.features()), (vec![7, 8], 12));
    }

    #[test]
    fn groups_do_not_mix() {
        let op = op(Window::dense(6), Order::ChannelFirst, 1, 3, 6);
        assert_eq!((op.rows_of(0), op.rows_of(3), op.rows_of(5)), (0..2, 2..4, 4..6));
        let row = |o| (0..6).map(|r| op.weight(o, r)).collect::<Vec<_>>();
        assert_eq!(row(3), [0, 0, 7, 8, 0, 0]);
        assert_eq!(row(4), [0, 0, 0, 0, 9, 10]);
        assert_eq!(op.block(3..5, 2..5), [6, 8, 0, 0, 0, 9]);
    }
}
