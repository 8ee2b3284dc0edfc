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

    /// Copies the lower triangle to the upper.
    pub(super) fn mirror(&mut self) {
        let stride = self.width * DOUBLES;
        let flat = self.lanes.as_flattened_mut();
        for rows in (0..self.size).step_by(DOUBLES) {
            for cols in (0..=rows).step_by(DOUBLES) {
                for row in rows..(rows + DOUBLES).min(self.size) {
                    for col in cols..(cols + DOUBLES).min(row) {
                        flat[col * stride + row] = flat[row * stride + col];
                    }
                }
            }
        }
    }

    /// Inverts in place by Gauss–Jordan without exchanges, which the diagonal dominance of what is inverted here
    /// (`1 + K·D`, `K` symmetric positive, `D` a positive diagonal) makes stable. [`BLOCK`] pivots are taken at once.
    pub(super) fn invert(&mut self, isa: Isa, room: &mut InvertRoom) {
        let (size, width) = (self.size, self.width);
        let InvertRoom { pivot, left, right, result } = room;
        for first in (0..size).step_by(BLOCK) {
            let count = BLOCK.min(size - first);
            let block = first / DOUBLES..(first + count).div_ceil(DOUBLES);
            pivot.reset(count, count);
            left.reset(size, count);
            right.reset(count, size);
            for row in 0..size {
                let from = &mut self.lanes[row * width..(row + 1) * width];
                if (first..first + count).contains(&row) {
                    pivot.row_mut(row - first).copy_from_slice(from[block.clone()].as_flattened());
                    right.lanes[(row - first) * width..][..width].copy_from_slice(from);
                    from.fill([0.0; DOUBLES]);
                } else {
                    let to = left.row_mut(row);
                    to.copy_from_slice(from[block.clone()].as_flattened());
                    to.iter_mut().for_each(|v| *v = -*v);
                    from[block.clone()].fill([0.0; DOUBLES]);
                }
            }
            run(isa, Invert(pivot));
            result.reset(count, size);
            run(isa, Product { to: result, a: pivot, b: right, width, triangle: false });
            for row in 0..count {
                result.lanes[row * width..][block.clone()].as_flattened_mut().copy_from_slice(pivot.row(row));
            }
            run(isa, Product { to: self, a: left, b: result, width, triangle: false });
            self.lanes[first * width..(first + count) * width].copy_from_slice(&result.lanes);
        }
    }
    /// `self = a·b` where the product is symmetric: its lower triangle, and some of the rest.
    pub(super) fn lower_product(&mut self, isa: Isa, a: &Self, b: &Self) {
        self.reset(a.size, b.width * DOUBLES);
        run(isa, Product { to: self, a, b, width: b.width, triangle: true });
    }
}

/// Pivots of a block: enough to make the update a matrix product, few enough to stay in the first cache.
const BLOCK: usize = 32;

/// Reusable room of [`Matrix::invert`].
#[derive(Debug, Default)]
pub(super) struct InvertRoom {
    pivot: Matrix,
    left: Matrix,
    right: Matrix,
    result: Matrix,
}

/// Inverts a small matrix pivot by pivot.
struct Invert<'a>(&'a mut Matrix);

impl Body for Invert<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, l: L) {
        let Matrix { size, width, lanes } = self.0;
        let (size, width) = (*size, *width);
        let mut pivot_row = [[0.0; DOUBLES]; BLOCK / DOUBLES];
        let pivot_row = &mut pivot_row[..width];
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
                for (v, pivot) in row.iter_mut().zip(&*pivot_row) {
                    l.store_f64(l.mul_add(factor, l.load_f64(pivot), l.load_f64(v)), v);
                }
            }
        }
    }
}

/// `to += a·b` for the first `width` vectors of the rows.
struct Product<'a> {
    to: &'a mut Matrix,
    a: &'a Matrix,
    b: &'a Matrix,
    width: usize,
    /// Leave out what lies wholly above the diagonal.
    triangle: bool,
}

impl Body for Product<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(mut self, l: L) {
        // as many sums in registers as there are, with room for the factors
        if L::VECTORS >= 24 { tiles::<L, 8, 2>(l, &mut self) } else { tiles::<L, 4, 1>(l, &mut self) }
    }
}

#[inline(always)]
fn tiles<L: Doubles, const TALL: usize, const WIDE: usize>(l: L, job: &mut Product<'_>) {
    let mut block = 0;
    while block < job.width {
        let wide = block + WIDE <= job.width;
        let start = if job.triangle { block * DOUBLES / TALL * TALL } else { 0 };
        let mut row = start;
        while row < job.a.size {
            match (row + TALL <= job.a.size, wide) {
                (true, true) => tile::<L, TALL, WIDE>(l, job, row, block),
                (true, false) => tile::<L, TALL, 1>(l, job, row, block),
                (false, true) => (row..job.a.size).for_each(|row| tile::<L, 1, WIDE>(l, job, row, block)),
                (false, false) => (row..job.a.size).for_each(|row| tile::<L, 1, 1>(l, job, row, block)),
            }
            row += TALL;
        }
        block += if wide { WIDE } else { 1 };
    }
}

#[inline(always)]
fn tile<L: Doubles, const TALL: usize, const WIDE: usize>(l: L, job: &mut Product<'_>, row: usize, block: usize) {
    let Product { to, a, b, .. } = job;
    let stride = to.width;
    let mut sums: [[L::Double; WIDE]; TALL] =
        std::array::from_fn(|t| std::array::from_fn(|w| l.load_f64(&to.lanes[(row + t) * stride + block + w])));
    let rows: [&[f64]; TALL] = std::array::from_fn(|t| &a.row(row + t)[..b.size]);
    for (k, from) in b.lanes.chunks_exact(b.width).enumerate() {
        let v: [L::Double; WIDE] = std::array::from_fn(|w| l.load_f64(&from[block + w]));
        for t in 0..TALL {
            let factor = l.splat_f64(rows[t][k]);
            for w in 0..WIDE {
                sums[t][w] = l.mul_add(factor, v[w], sums[t][w]);
            }
        }
    }
    for (t, sums) in sums.into_iter().enumerate() {
        for (w, sum) in sums.into_iter().enumerate() {
            l.store_f64(sum, &mut to.lanes[(row + t) * stride + block + w]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        for size in [1, 3, 8, 21, 43, 70] {
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
                inverse.invert(isa, &mut InvertRoom::default());
                one.reset(size, size);
                run(isa, Product { to: &mut one, a: &a, b: &inverse, width: inverse.width, triangle: false });
                let mut lower = Matrix::default();
                lower.lower_product(isa, &a, &inverse);
                lower.mirror();
                for i in 0..size {
                    for j in 0..size {
                        assert_eq!(lower.row(i)[j], one.row(i.max(j))[i.min(j)]);
                        let wanted = if i == j { 1.0 } else { 0.0 };
                        assert!((one.row(i)[j] - wanted).abs() < 1e-14, "{size} {i} {j}: {}", one.row(i)[j]);
                    }
                }
                assert_eq!(expected.get_or_insert(inverse.clone()), &inverse, "{}", isa.name());
            }
        }
    }
}
