//! The right-hand side of a product in fixed point, laid out once, and the product.

use rayon::prelude::*;

use super::grid::{BIAS, DIGITS, Most, factor, levels};
use super::join::Join;
use super::multiplier::Session;
use super::rows::Rows;
use super::{Block, DEPTH, Multiplier, Quad, Sums, TILE, WEIGHTS, pairs, place};
use crate::simd::{Isa, LANES, run};

/// Most elements of a column: sums of three products of bytes stay within `i32`.
pub const MAX_DEPTH: usize = 16_384;
/// Rows that a tile of columns meets while it stays in a first-level cache; theirs stay in one of the second level.
const STRIP: usize = 8 * TILE;
/// Products of fewer multiplications stay on one thread.
const ALONE: usize = 1 << 20;

/// Columns as digits, `[column / 16][element / 64][digit][16]` of quads, most significant digit first.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    depth: usize,
    columns: usize,
    digits: usize,
    quads: Vec<Quad>,
    /// Worth of one step of every column, and what the 128 of every digit of a vector adds, for vectors of 1 to 3
    /// digits; up to the next multiple of sixteen.
    units: Vec<f64>,
    bias: [Vec<f64>; DIGITS],
}

/// Weights that the pairs of `x` against `w` digits have.
fn weights(x: usize, w: usize) -> usize {
    pairs(x, w).map(|([i, j], _)| i + j + 1).max().unwrap_or(0)
}

impl Columns {
    /// Lays out `columns` columns of `depth` elements, `[column][element]`. Each has a grid of its own, after its
    /// largest magnitude; whole levels of a scale of up to 7 bits take one digit, and digits that are 0 everywhere
    /// none. A column with an element that is not finite has no results but NaN.
    ///
    /// # Panics
    /// If a column has more than [`MAX_DEPTH`] elements or they do not fill the columns.
    #[must_use]
    pub fn new(isa: Isa, values: &[f32], [columns, depth]: [usize; 2]) -> Self {
        assert!(depth <= MAX_DEPTH && values.len() == columns * depth, "columns of {depth} elements");
        let lines = || values.chunks(depth.max(1));
        let whole = levels(values, run(isa, Most(values)));
        let own = |line: &[f32]| match run(isa, Most(line)) {
            most if most.is_finite() => f64::from(factor(most)),
            _ => f64::NAN,
        };
        let steps: Vec<f64> = lines().map(|line| whole.unwrap_or_else(|| own(line))).collect();
        let on_grid = |(line, steps): (&[f32], &f64)| -> Vec<i32> {
            line.iter().map(|v| (f64::from(*v) * steps).round_ties_even() as i32).collect()
        };
        let numbers: Vec<Vec<i32>> = lines().zip(&steps).map(on_grid).collect();
        // the lowest digits that are 0 everywhere are left out
        let used = numbers.iter().flatten().fold(0, |u, q| u | q);
        let spare = if whole.is_some() { 2 } else { (used.trailing_zeros() as usize / 8).min(DIGITS - 1) };
        let digits = DIGITS - spare;
        let shift = if whole.is_some() { 0 } else { 8 * spare };
        let padded = columns.next_multiple_of(TILE);
        let mut made = Self {
            depth,
            columns,
            digits,
            quads: vec![Quad([[0; 4]; LANES]); padded / LANES * digits * depth.div_ceil(DEPTH) * TILE],
            units: steps.iter().map(|s| f64::from(1u32 << shift) / s).collect(),
            bias: Default::default(),
        };
        made.units.resize(padded, 0.0);
        let mut sums = vec![[0i64; DIGITS]; padded];
        for (c, line) in numbers.iter().enumerate() {
            for (k, q) in line.iter().enumerate() {
                let biased = (q >> shift) + BIAS[digits];
                for (j, sum) in sums[c][..digits].iter_mut().enumerate() {
                    let digit = ((biased >> (8 * (digits - 1 - j))) & 0xff) - 128;
                    let at = ((c / LANES * depth.div_ceil(DEPTH) + k / DEPTH) * digits + j) * TILE;
                    let [word, byte] = place(k);
                    made.quads[at + word].0[c % LANES][byte] = digit as i8;
                    *sum += i64::from(digit);
                }
            }
        }
        made.bias = std::array::from_fn(|x| {
            let lowest = weights(x + 1, digits) - 1;
            let power = |[i, j]: [usize; 2]| 256i64.pow((lowest - i - j) as u32);
            let bias =
                |sums: &[i64; DIGITS]| pairs(x + 1, digits).map(|(p, _)| 128 * power(p) * sums[p[1]]).sum::<i64>();
            sums.iter().map(|sums| bias(sums) as f64).collect()
        });
        made
    }

    /// Products of bytes that stand for one product with a vector of `x` digits.
    #[must_use]
    pub fn byte_products(&self, x: usize) -> usize {
        pairs(x, self.digits).count()
    }

    /// `out[r, c] = Σ_k x[r, k] · w[c, k]`, one line a vector, to the accuracy of [`super`].
    ///
    /// # Panics
    /// If the vectors have not the depth of the columns or `out` not a line for each.
    pub fn product(&self, isa: Isa, multiplier: Multiplier, rows: &Rows, out: &mut [f32]) {
        assert_eq!(out.len(), rows.len() * self.columns, "one line a vector");
        if self.depth == 0 || out.is_empty() {
            return out.fill(0.0);
        }
        assert_eq!(rows.depth, self.depth, "vectors as long as columns");
        let work = out.len().saturating_mul(self.depth);
        let threads = if work < ALONE { 1 } else { rayon::current_num_threads() };
        let share = rows.len().div_ceil(threads).next_multiple_of(TILE).min(STRIP);
        let strip = |(n, out): (usize, &mut [f32])| self.strip(isa, multiplier, rows, n * share, out);
        if threads == 1 {
            out.chunks_mut(share * self.columns).enumerate().for_each(strip);
        } else {
            out.par_chunks_mut(share * self.columns).enumerate().for_each(strip);
        }
    }

    /// The results of the vectors from `first` on that `out` has lines for.
    fn strip(&self, isa: Isa, multiplier: Multiplier, rows: &Rows, first: usize, out: &mut [f32]) {
        let digits @ [x, w] = [rows.digits, self.digits];
        let weights = weights(x, w);
        // what stands below the last weight
        let below = f64::from(1u32 << (8 * (x + w - 1 - weights)));
        let steps = self.depth.div_ceil(DEPTH);
        let count = out.len() / self.columns;
        let session = Session::new(multiplier, digits, count.min(TILE));
        let mut join = Join {
            isa,
            weights,
            scale: below,
            rows: &rows.units[first..][..count],
            columns: &self.units,
            bias: &self.bias[x - 1],
            stride: self.columns,
            out,
        };
        // lines that are joined at a time, all of them within the steps of a block
        let share = TILE.div_ceil(steps).max(4);
        let mut sums = Sums([[[0; LANES]; TILE]; WEIGHTS]);
        let mut last = None;
        for (tile, columns) in self.quads.chunks_exact(w * steps * TILE).enumerate() {
            for row in (0..count).step_by(TILE) {
                let block = Block { rows: count.min(TILE), a: rows.tile((first + row) / TILE), b: columns };
                session.sums(&block, &mut sums, &mut |sums, step| {
                    if let Some(at) = last {
                        join.lines(sums, at, step * share..(step + 1) * share);
                    }
                });
                last = Some([row, tile * LANES]);
            }
        }
        if let Some(at) = last {
            join.lines(&sums, at, 0..TILE);
        }
    }
}
