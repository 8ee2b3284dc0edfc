//! Square matrices in rows of eight lanes: product and inverse.

use crate::simd::{Body, DOUBLES, Doubles, Isa, run};

/// A matrix whose rows are padded with zeros to whole vectors.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Matrix {
    size: usize,
    /// Vectors of a row.
    width: usize,
    lanes: Vec<[f64; DOUBLES]>,
}

impl Matrix {
    /// Becomes the zero matrix of `size` rows and `cols` columns.
    pub(super) fn reset(&mut self, size: usize, cols: usize) {
        (self.size, self.width) = (size, cols.div_ceil(DOUBLES));
        self.lanes.clear();
        self.lanes.resize(size * self.width, [0.0; DOUBLES]);
    }
    /// A row with its padding.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        self.lanes[row * self.width..(row + 1) * self.width].as_flattened()
    }
    /// A row with its padding.
    pub(super) fn row_mut(&mut self, row: usize) -> &mut [f64] {
        self.lanes[row * self.width..(row + 1) * self.width].as_flattened_mut()
    }

    /// Inverts in place by Gauss–Jordan without exchanges, which the diagonal dominance of what is inverted here
    /// (`1 + K·D`, `K` symmetric positive, `D` a positive diagonal) makes stable.
    pub(super) fn invert(&mut self, isa: Isa) {
        run(isa, Invert(self));
    }
    /// `self = a·b` for the first `cols` columns of `b`.
    pub(super) fn product(&mut self, isa: Isa, a: &Self, b: &Self, cols: usize) {
        self.reset(a.size, b.width * DOUBLES);
        run(isa, Product { to: self, a, b, width: cols.div_ceil(DOUBLES) });
    }
}

struct Invert<'a>(&'a mut Matrix);

impl Body for Invert<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, l: L) {
        let Matrix { size, width, lanes } = self.0;
        let (size, width) = (*size, *width);
        let mut pivot_row = vec![[0.0; DOUBLES]; width];
        for p in 0..size {
            let (block, lane) = (p / DOUBLES, p % DOUBLES);
            let row = &mut lanes[p * width..(p + 1) * width];
            let inverse = l.splat_f64(1.0 / row[block][lane]);
            row[block][lane] = 1.0;
            for v in row.iter_mut() {
                l.store_f64(l.mul_f64(l.load_f64(v), inverse), v);
            }
            pivot_row.copy_from_slice(row);
            for (i, row) in lanes.chunks_exact_mut(width).enumerate() {
                if i == p {
                    continue;
                }
                let factor = l.splat_f64(-row[block][lane]);
                row[block][lane] = 0.0;
                for (v, pivot) in row.iter_mut().zip(&pivot_row) {
                    l.store_f64(l.mul_add(factor, l.load_f64(pivot), l.load_f64(v)), v);
                }
            }
        }
    }
}

/// Rows whose sums stand in registers together.
const TALL: usize = 4;

struct Product<'a> {
    to: &'a mut Matrix,
    a: &'a Matrix,
    b: &'a Matrix,
    width: usize,
}

impl Body for Product<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, l: L) {
        let Self { to, a, b, width } = self;
        for first in (0..a.size).step_by(TALL) {
            let rows: [&[f64]; TALL] = std::array::from_fn(|t| a.row((first + t).min(a.size - 1)));
            for block in 0..width {
                let mut sums = [l.splat_f64(0.0); TALL];
                for k in 0..b.size {
                    let v = l.load_f64(&b.lanes[k * b.width + block]);
                    for t in 0..TALL {
                        sums[t] = l.mul_add(l.splat_f64(rows[t][k]), v, sums[t]);
                    }
                }
                for (t, sum) in sums.into_iter().enumerate().take(a.size - first) {
                    l.store_f64(sum, &mut to.lanes[(first + t) * to.width + block]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        for size in [1, 3, 8, 21] {
            let mut a = Matrix::default();
            a.reset(size, size);
            for i in 0..size {
                for j in 0..size {
                    a.row_mut(i)[j] = 1.0 / (1 + i + 2 * j) as f64 + if i == j { 3.0 } else { 0.0 };
                }
            }
            let mut expected: Option<Matrix> = None;
            for isa in Isa::all() {
                let (mut inverse, mut one) = (a.clone(), Matrix::default());
                inverse.invert(isa);
                one.product(isa, &a, &inverse, size);
                for i in 0..size {
                    for j in 0..size {
                        let wanted = if i == j { 1.0 } else { 0.0 };
                        assert!((one.row(i)[j] - wanted).abs() < 1e-14, "{size} {i} {j}: {}", one.row(i)[j]);
                    }
                }
                assert_eq!(expected.get_or_insert(inverse.clone()), &inverse, "{}", isa.name());
            }
        }
    }
}
