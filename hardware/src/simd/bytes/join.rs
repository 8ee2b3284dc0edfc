//! Sums of products of digits become results.

use std::ops::Range;

use super::{Sums, TILE};
use crate::simd::{Body, DOUBLES, Doubles, Isa, LANES, Vectors, run};

/// What the results of some vectors are made of besides sums, and where they go.
pub(super) struct Join<'a> {
    pub isa: Isa,
    /// Weights that the sums have: powers of 256, the last of which is worth `scale`.
    pub weights: usize,
    pub scale: f64,
    /// Worth of a step of every vector.
    pub rows: &'a [f64],
    /// Worth of a step of every column and what is taken off it, up to the next multiple of sixteen.
    pub columns: &'a [f64],
    pub bias: &'a [f64],
    /// Columns of a line of `out`.
    pub stride: usize,
    pub out: &'a mut [f32],
}

/// A block of sums: its first vector and column.
pub(super) type At = [usize; 2];

impl Join<'_> {
    /// Makes results of lines of a block of sums; those that there are no vectors for are left out.
    pub fn lines(&mut self, sums: &Sums, [row, column]: At, lines: Range<usize>) {
        let lines = lines.start..lines.end.min(TILE).min(self.rows.len() - row);
        if lines.is_empty() {
            return;
        }
        let (isa, weights) = (self.isa, self.weights);
        let lines = &mut Lines { of: self, sums, row, column, lines };
        match weights {
            1 => run(isa, Weights::<1>(lines)),
            2 => run(isa, Weights::<2>(lines)),
            3 => run(isa, Weights::<3>(lines)),
            _ => run(isa, Weights::<4>(lines)),
        }
    }
}

struct Lines<'a, 'b> {
    of: &'a mut Join<'b>,
    sums: &'a Sums,
    row: usize,
    column: usize,
    lines: Range<usize>,
}

/// Joins the sums of `N` weights: exact in `f64`, rounded to `f32` once. By reference: copies of what was just written
/// wait until it has left the pipeline, and with it all products before.
struct Weights<'a, 'b, 'c, const N: usize>(&'a mut Lines<'b, 'c>);

impl<const N: usize> Body for Weights<'_, '_, '_, N> {
    type Output = ();
    #[inline(always)]
    fn run<L: Vectors>(self, l: L) {
        let Lines { of, sums: Sums(sums), row, column, lines } = self.0;
        let (row, column) = (*row, *column);
        let (stride, scale, power) = (of.stride, of.scale, l.splat_f64(256.0));
        let columns = of.columns[column..][..LANES].as_chunks().0;
        let bias = of.bias[column..][..LANES].as_chunks().0;
        let rows = &of.rows[row..][lines.clone()];
        let out = of.out[(row + lines.start) * stride..].chunks_mut(stride);
        for ((n, unit), out) in lines.clone().zip(rows).zip(out) {
            let unit = l.splat_f64(unit * scale);
            let out = &mut out[column..];
            let mut part = [0.0; LANES];
            let line = out.first_chunk_mut().unwrap_or(&mut part).as_chunks_mut().0;
            for h in 0..LANES / DOUBLES {
                let mut joined = l.load_i32(&sums[0][n].as_chunks().0[h]);
                for sums in &sums[1..N] {
                    joined = Doubles::mul_add(l, joined, power, l.load_i32(&sums[n].as_chunks().0[h]));
                }
                joined = l.sub_f64(joined, l.load_f64(&bias[h]));
                l.store_f32(l.mul_f64(joined, l.mul_f64(l.load_f64(&columns[h]), unit)), &mut line[h]);
            }
            if out.len() < LANES {
                out.iter_mut().zip(part).for_each(|(to, v)| *to = v);
            }
        }
    }
}
