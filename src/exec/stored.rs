//! What the cells of a block store of its weight codes, and how an offset is taken back.
//!
//! A column stores codes without sign ([`Encoding::stored`]), cut into slices. A complemented slice of width `n`
//! holds `2^n − 1 − level`, so that complementing slices is an exclusive or of the stored code with a mask of
//! their bits, and
//!
//! `Σ x·w = Σ_slices ± 2^shift · Σ x·level + (mask − offset) · Σ x`
//!
//! with the minus for complemented slices. `Σ x` is counted, exactly, or read from a unit column whose cells all
//! hold one level.

use std::ops::Range;

use super::converter::LayerConverter;
use super::pack::Run;
use crate::lower::{Block, MvmOp, TiledLayer};
use crate::tensor::{Encoding, Slice};

/// Bits behind the point of a converter step with which a counted sum is subtracted, where the step is no whole
/// number of accumulator steps (assumed width of the correction).
const FRACTION: u32 = 8;

/// What a block stores.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// Codes, `[polarity][row][col]`.
    pub(super) codes: Vec<Vec<u16>>,
    /// Bits stored complemented, for each column.
    pub(super) masks: Vec<u16>,
}

impl Stored {
    /// What `block` stores.
    pub(super) fn new(layer: &TiledLayer, encoding: Encoding, block: &Block, op: &MvmOp) -> Self {
        let weights = op.block(block.rows.clone(), block.cols.clone());
        let of = |negative| weights.iter().map(|w| encoding.stored(*w, layer.weight_bits, negative)).collect();
        let mut codes: Vec<Vec<u16>> = [false, true][..encoding.polarities()].iter().map(|p| of(*p)).collect();
        let width = block.cols.len();
        let mut masks = vec![0; width];
        if encoding.inverts() {
            for (col, mask) in masks.iter_mut().enumerate() {
                *mask =
                    complemented(&layer.slices, codes[0].iter().skip(col).step_by(width).copied(), block.rows.len());
            }
            for row in codes[0].chunks_mut(width) {
                row.iter_mut().zip(&masks).for_each(|(code, mask)| *code ^= mask);
            }
        }
        Self { codes, masks }
    }

    /// Largest sum of levels of a slice that some rows (of the block) of a column and polarity hold; of the two
    /// polarities together where `both`.
    pub(super) fn largest(&self, slice: Slice, rows: Range<usize>, both: bool) -> u64 {
        let width = self.masks.len();
        let sum = |codes: &[u16], col: usize| -> u64 {
            let of_rows = codes[rows.start * width..rows.end * width].iter().skip(col).step_by(width);
            of_rows.map(|c| u64::from(slice.level(u32::from(*c)))).sum()
        };
        let of_column = |col: usize| {
            let sums = self.codes.iter().map(|codes| sum(codes, col));
            if both { sums.sum() } else { sums.max().unwrap_or(0) }
        };
        (0..width).map(of_column).max().unwrap_or(0)
    }
}

/// Bits of the slices whose levels, summed over a column of so many rows, exceed half of what it could hold.
pub(super) fn complemented(slices: &[Slice], codes: impl Iterator<Item = u16> + Clone, rows: usize) -> u16 {
    let full = |s: &Slice| (1u32 << s.bits) - 1;
    let level = |s: &Slice| codes.clone().map(|c| u64::from(s.level(u32::from(c)))).sum::<u64>();
    let over = slices.iter().filter(|s| 2 * level(s) > u64::from(full(s)) * rows as u64);
    over.map(|s| (full(s) << s.shift) as u16).sum()
}

/// Accumulators fine enough for the offset to be taken back in whole steps.
pub(super) fn corrected(converter: LayerConverter, layer: &TiledLayer, encoding: Encoding) -> LayerConverter {
    let finer = match encoding {
        Encoding::Pair(_) => 0,
        Encoding::Offset { .. } if encoding.counts_digits() => {
            if converter.lsb == 1.0 {
                0
            } else {
                FRACTION
            }
        }
        Encoding::Offset { .. } => {
            let exponent = converter.exponents.last().map_or(0, |e| u32::from(*e));
            unit_bits(layer, encoding).saturating_sub(exponent)
        }
    };
    LayerConverter {
        lsb: converter.lsb / 2f64.powi(finer as i32),
        exponents: converter.exponents.iter().map(|e| e + finer as u8).collect(),
        ..converter
    }
}

/// Binary logarithm of what a row of the unit column adds to an accumulator.
fn unit_bits(layer: &TiledLayer, encoding: Encoding) -> u32 {
    let top = layer.slices.last().map_or(0, |s| u32::from(s.shift));
    top + u32::from(encoding.unit_level(layer.weight_bits, &layer.slices)).ilog2()
}

/// How the offset is taken back from the accumulators of a block.
#[derive(Debug, Clone)]
pub(super) struct Correction {
    /// Lane of the unit column in an accumulator slot, and the shift from its code to a sum of inputs in
    /// accumulator steps; without one the digits are counted.
    unit: Option<(usize, u32)>,
    /// Factor of the sum of the inputs, for each output of the block.
    factors: Vec<i64>,
    /// Complemented columns: lane, output of the block, shift.
    complemented: Vec<(usize, usize, u8)>,
    /// Accumulator steps of one converter step.
    lsb: f64,
}

impl Correction {
    /// The correction of a block whose outputs stand at `runs`; none where pairs have no offset.
    pub(super) fn new(
        layer: &TiledLayer,
        encoding: Encoding,
        block: &Block,
        stored: &Stored,
        runs: &[Run],
        converter: &LayerConverter,
    ) -> Option<Self> {
        let Encoding::Offset { .. } = encoding else { return None };
        let offset = i64::from(encoding.offset(layer.weight_bits));
        let mut complemented = Vec::new();
        for run in runs.iter().filter(|r| !r.unit) {
            let bit = 1 << layer.slices[run.slice].shift;
            let first = run.output - block.cols.start;
            let inside = (0..run.len).filter(|i| stored.masks[first + i] & bit != 0);
            complemented.extend(inside.map(|i| (run.lane + i, first + i, run.shift)));
        }
        let unit = runs.iter().find(|r| r.unit);
        Some(Self {
            unit: unit.map(|run| (run.lane, u32::from(run.shift) - unit_bits(layer, encoding))),
            factors: stored.masks.iter().map(|m| i64::from(*m) - offset).collect(),
            complemented,
            lsb: converter.lsb,
        })
    }

    /// Whether the sum of the inputs is counted.
    pub(super) const fn counts(&self) -> bool {
        self.unit.is_none()
    }

    /// Corrects the outputs of a block at one position: `slot` holds its codes, `counted` the sum of its inputs.
    pub(super) fn apply(&self, slot: &[i32], counted: i64, out: &mut [i64]) {
        for (lane, output, shift) in &self.complemented {
            // added once as it stands: taken back twice
            out[*output] -= i64::from(slot[*lane]) << (shift + 1);
        }
        for (out, factor) in out.iter_mut().zip(&self.factors) {
            *out += match self.unit {
                Some((lane, shift)) => (factor * i64::from(slot[lane])) << shift,
                None => ((factor * counted) as f64 / self.lsb).round_ties_even() as i64,
            };
        }
    }
}
