//! The right-hand side of a product in fixed point, laid out once, and the product.

use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::grid::{BIAS, DIGITS, Most, factor, levels};
use super::multiplier::Session;
use super::rows::Rows;
use super::{BLOCK, Block, DEPTH, Multiplier, Quad, Sums, TILE};
use crate::simd::{Body, Doubles, Isa, LANES, run};

/// Most elements of a column: sums of three products of bytes stay within `i32`.
pub const MAX_DEPTH: usize = 16_384;
/// Groups of digits that are taken.
const GROUPS: usize = 4;
/// Products of fewer multiplications stay on one thread.
const ALONE: usize = 1 << 20;

/// Columns as digits, `[column / 16][digit][element / 4]` of quads, least significant digit first.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    depth: usize,
    columns: usize,
    digits: usize,
    quads: Vec<Quad>,
    /// Worth of one step of every column, and what the 128 of every digit of a vector adds, for vectors of 1 to 3
    /// digits; up to the next multiple of [`BLOCK`].
    units: Vec<f64>,
    bias: [Vec<f64>; DIGITS],
}

/// Groups of `x` digits against `w`.
fn groups(x: usize, w: usize) -> usize {
    (x + w - 1).min(GROUPS)
}

/// Digits of the left-hand side in group `s`: all but the third in the last group.
fn partners(x: usize, w: usize, s: usize) -> RangeInclusive<usize> {
    s.saturating_sub(w - 1)..=s.min(x - 1).min(4 - s.max(2))
}

impl Columns {
    /// Lays out `columns` columns of `depth` elements, `[column][element]`. Each has a grid of its own, after its largest
    /// magnitude; whole levels of a scale of up to 7 bits take one digit, and digits that are 0 everywhere none. A
    /// column with an element that is not finite has no results but NaN.
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
        let padded = columns.next_multiple_of(BLOCK);
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
                    let at = made.at(c / LANES, j) + k / 4;
                    made.quads[at].0[c % LANES][k % 4] = digit as i8;
                    *sum += i64::from(digit);
                }
            }
        }
        made.bias = std::array::from_fn(|x| {
            let x = x + 1;
            let group = |sums: &[i64; DIGITS], s: usize| partners(x, digits, s).map(|i| 128 * sums[s - i]).sum::<i64>();
            let bias = |sums| (0..groups(x, digits)).fold(0, |b, s| 256 * b + group(sums, s)) as f64;
            sums.iter().map(bias).collect()
        });
        made
    }

    /// First quad of digit `j` of a tile of columns.
    fn at(&self, tile: usize, j: usize) -> usize {
        (tile * self.digits + self.digits - 1 - j) * self.depth.div_ceil(DEPTH) * TILE
    }

    /// Products of bytes that stand for one product with a vector of `x` digits.
    #[must_use]
    pub fn byte_products(&self, x: usize) -> usize {
        (0..groups(x, self.digits)).map(|s| partners(x, self.digits, s).count()).sum()
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
        let compute = |(block, out): (usize, &mut [f32])| self.block(isa, multiplier, rows, block, out);
        let work = out.len().saturating_mul(self.depth);
        if work < ALONE || rayon::current_num_threads() == 1 {
            out.chunks_mut(BLOCK * self.columns).enumerate().for_each(compute);
        } else {
            out.par_chunks_mut(BLOCK * self.columns).enumerate().for_each(compute);
        }
    }

    /// The results of 32 vectors.
    fn block(&self, isa: Isa, multiplier: Multiplier, rows: &Rows, block: usize, out: &mut [f32]) {
        let count = out.len() / self.columns;
        let session = Session::new(multiplier, count);
        let (x, w) = (rows.digits, self.digits);
        let groups = groups(x, w);
        let mut sums = [Sums([[[0; LANES]; BLOCK]; 2]); GROUPS];
        // what stands below the last group
        let below = f64::from(1u32 << (8 * (x + w - 1 - groups)));
        let scales: [f64; BLOCK] =
            std::array::from_fn(|r| rows.units.get(block * BLOCK + r).map_or(0.0, |unit| unit * below));
        for first in (0..self.columns).step_by(BLOCK) {
            for (s, sums) in sums[..groups].iter_mut().enumerate() {
                let i = partners(x, w, s);
                let (start, end) = (*i.start(), *i.end() + 1);
                let a = [0, 1].map(|t| rows.run(2 * block + t, start..end));
                let b = [0, 1].map(|t| &self.quads[self.at(first / LANES + t, s - start)..][..TILE * a[0].len()]);
                session.sums(&Block { rows: count, a, b }, sums);
            }
            let width = BLOCK.min(self.columns - first);
            let join = Join {
                sums: &sums,
                scales: &scales[..count],
                units: self.units[first..].first_chunk().expect("padded"),
                bias: self.bias[x - 1][first..].first_chunk().expect("padded"),
                place: [self.columns, first, width],
                out,
            };
            match groups {
                1 => run(isa, Groups::<1>(join)),
                2 => run(isa, Groups::<2>(join)),
                3 => run(isa, Groups::<3>(join)),
                _ => run(isa, Groups::<GROUPS>(join)),
            }
        }
    }
}

/// The sums of a block and where they go.
struct Join<'a> {
    sums: &'a [Sums; GROUPS],
    scales: &'a [f64],
    units: &'a [f64; BLOCK],
    bias: &'a [f64; BLOCK],
    /// Elements of a line of `out`, first column, columns.
    place: [usize; 3],
    out: &'a mut [f32],
}

/// Joins `G` groups: exact in `f64`, rounded to `f32` once.
struct Groups<'a, const G: usize>(Join<'a>);

impl<const G: usize> Body for Groups<'_, G> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) {
        let Join { sums, scales, units, bias, place: [stride, first, width], out } = self.0;
        for (r, scale) in scales.iter().enumerate() {
            let mut line = [0.0; BLOCK];
            for (c, line) in line.chunks_exact_mut(LANES).enumerate() {
                let groups: [&[i32; LANES]; G] = std::array::from_fn(|g| &sums[g].0[c][r]);
                for l in 0..LANES {
                    let mut sum = f64::from(groups[0][l]);
                    for group in &groups[1..] {
                        sum = sum * 256.0 + f64::from(group[l]);
                    }
                    let at = c * LANES + l;
                    line[l] = ((sum - bias[at]) * (units[at] * scale)) as f32;
                }
            }
            let out = &mut out[r * stride + first..][..width];
            match out.first_chunk_mut::<BLOCK>() {
                Some(out) => *out = line,
                None => out.copy_from_slice(&line[..width]),
            }
        }
    }
}
