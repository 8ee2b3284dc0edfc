//! The matrix product that weighted operators and the analog chain share: `out = start + A · B`, blocked for the
//! caches.
//!
//! `A` is any strided matrix. `B` fills panels on request ([`Columns`]), so that a convolution lays out its
//! inputs where they are multiplied and its result stands channel-first at once. Blocking as in Goto and
//! van de Geijn, ACM TOMS 34(3), 2008, doi:10.1145/1356052.1356053.

mod kernel;

use std::ops::Range;

use rayon::prelude::*;

pub use kernel::Vector;
use kernel::{Strip, Target, panel_vectors, strip};

use super::{Isa, LANES};

/// Depth of a block: longer chains load and store sums less often (98 % of the peak against 95 % at 256, measured on
/// 512 × 512).
const DEPTH: usize = 512;
/// Vectors of a block of `B` (1 MiB): it stays in a second-level cache.
const BLOCK: usize = (1 << 20) / size_of::<Vector>();
/// Most rows of a strip: packed, they stay in a second-level cache.
const STRIP: usize = 128;
/// Products of fewer multiplications stay on one thread.
const ALONE: usize = 1 << 20;

/// A matrix somewhere in memory: element `(row, column)` at `row · strides[0] + column · strides[1]`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// The elements.
    pub data: &'a [f32],
    /// Distance of neighbouring rows, and of neighbouring columns.
    pub strides: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// A matrix of rows of `columns` elements, or the transpose of one.
    #[must_use]
    pub const fn new(data: &'a [f32], columns: usize, transposed: bool) -> Self {
        Self { data, strides: if transposed { [1, columns] } else { [columns, 1] } }
    }
}

/// The right-hand side of a product.
pub trait Columns: Sync {
    /// Writes rows `depth` of the columns from `first` on, `[depth][vectors][lanes]`; zero beyond the last
    /// column. `first` is a multiple of [`LANES`].
    fn fill(&self, depth: Range<usize>, first: usize, vectors: usize, panel: &mut [Vector]);
}

/// A matrix of `columns` columns.
pub struct Plain<'a> {
    /// The elements.
    pub matrix: Matrix<'a>,
    /// Columns.
    pub columns: usize,
}

impl Columns for Plain<'_> {
    fn fill(&self, depth: Range<usize>, first: usize, vectors: usize, panel: &mut [Vector]) {
        let Matrix { data, strides: [down, along] } = self.matrix;
        for v in 0..vectors {
            let from = first + v * LANES;
            let count = LANES.min(self.columns.saturating_sub(from));
            let lines = panel.iter_mut().skip(v).step_by(vectors).zip(depth.clone());
            if along == 1 && count == LANES {
                for (line, k) in lines {
                    line.copy_from_slice(&data[k * down + from..][..LANES]);
                }
            } else {
                for (line, k) in lines {
                    line[count..].fill(0.0);
                    for (i, x) in line[..count].iter_mut().enumerate() {
                        *x = data[k * down + (from + i) * along];
                    }
                }
            }
        }
    }
}

/// Sizes of a product: `A` is `[rows, depth]`, `B` is `[depth, columns]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Rows of `A` and of the result.
    pub rows: usize,
    /// Columns of `A`, rows of `B`.
    pub depth: usize,
    /// Columns of `B` and of the result.
    pub columns: usize,
}

/// `out[r, c] = start[r] + Σ_k a[r, k] · b[k, c]`; `out` is row-major.
pub fn product(size: Size, a: Matrix<'_>, b: &dyn Columns, start: &[f32], out: &mut [f32]) {
    product_with(Isa::best(), size, a, b, start, out);
}

/// As [`product`], on a given instruction set; the result is the same to the bit.
pub fn product_with(isa: Isa, size: Size, a: Matrix<'_>, b: &dyn Columns, start: &[f32], out: &mut [f32]) {
    blocks(isa, size, a, Blocks::Filled { columns: b, buffer: Vec::new() }, start, out);
}

/// A right-hand side that is laid out once for many products.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    isa: Isa,
    depth: usize,
    columns: usize,
    panels: Vec<Vector>,
}

impl Packed {
    /// Lays out `columns` columns of `depth` elements for an instruction set.
    #[must_use]
    pub fn new(isa: Isa, depth: usize, columns: usize, b: &dyn Columns) -> Self {
        let mut panels = Vec::with_capacity(depth * columns.div_ceil(LANES));
        for block in shapes(isa, depth, columns) {
            let at = panels.len();
            panels.resize(at + block.vectors(), [0.0; LANES]);
            block.fill(isa, b, 1, &mut panels[at..]);
        }
        Self { isa, depth, columns, panels }
    }

    /// `out[r, c] = start[r] + Σ_k a[r, k] · b[k, c]` for `rows` rows; the bits of [`product`].
    pub fn product(&self, rows: usize, a: Matrix<'_>, start: &[f32], out: &mut [f32]) {
        let size = Size { rows, depth: self.depth, columns: self.columns };
        blocks(self.isa, size, a, Blocks::Stored(&self.panels), start, out);
    }
}

/// A block of the right-hand side: some depths of some columns.
struct Shape {
    depth: Range<usize>,
    columns: Range<usize>,
}

impl Shape {
    fn vectors(&self) -> usize {
        self.depth.len() * self.columns.len().div_ceil(LANES)
    }

    /// Lays out the panels of the block, one behind the other.
    fn fill(&self, isa: Isa, b: &dyn Columns, threads: usize, panels: &mut [Vector]) {
        let full = panel_vectors(isa);
        let fill = |(p, panel): (usize, &mut [Vector])| {
            let first = self.columns.start + p * full * LANES;
            b.fill(self.depth.clone(), first, panel.len() / self.depth.len(), panel);
        };
        if threads == 1 {
            panels.chunks_mut(self.depth.len() * full).enumerate().for_each(fill);
        } else {
            panels.par_chunks_mut(self.depth.len() * full).enumerate().for_each(fill);
        }
    }
}

/// The blocks of a right-hand side in the order in which a product meets them.
fn shapes(isa: Isa, depth: usize, columns: usize) -> impl Iterator<Item = Shape> {
    let full = panel_vectors(isa);
    let wide = (BLOCK / depth.clamp(1, DEPTH) / full).max(1) * full * LANES;
    (0..columns).step_by(wide).flat_map(move |first| {
        (0..depth).step_by(DEPTH).map(move |from| Shape {
            depth: from..(from + DEPTH).min(depth),
            columns: first..(first + wide).min(columns),
        })
    })
}

/// Where the panels of each block come from.
enum Blocks<'a> {
    Filled { columns: &'a dyn Columns, buffer: Vec<Vector> },
    Stored(&'a [Vector]),
}

impl Blocks<'_> {
    /// Panels of the next block.
    fn next(&mut self, isa: Isa, shape: &Shape, threads: usize) -> &[Vector] {
        match self {
            Self::Filled { columns, buffer } => {
                buffer.resize(shape.vectors().max(buffer.len()), [0.0; LANES]);
                let panels = &mut buffer[..shape.vectors()];
                shape.fill(isa, *columns, threads, panels);
                panels
            }
            Self::Stored(all) => {
                let (panels, rest) = all.split_at(shape.vectors());
                *all = rest;
                panels
            }
        }
    }
}

fn blocks(isa: Isa, size: Size, a: Matrix<'_>, mut b: Blocks<'_>, start: &[f32], out: &mut [f32]) {
    let Size { rows, depth, columns } = size;
    if rows == 0 || columns == 0 {
        return;
    }
    if depth == 0 {
        out.chunks_exact_mut(columns).zip(start).for_each(|(row, s)| row.fill(*s));
        return;
    }
    let threads =
        if rows.saturating_mul(depth).saturating_mul(columns) < ALONE { 1 } else { rayon::current_num_threads() };
    let share = rows.div_ceil(threads).next_multiple_of(8).min(STRIP);
    for shape in shapes(isa, depth, columns) {
        let panels = b.next(isa, &shape, threads);
        let from = shape.depth.start;
        let compute = |(s, out): (usize, &mut [f32])| {
            let job = Strip {
                a: &a.data[s * share * a.strides[0] + from * a.strides[1]..],
                strides: a.strides,
                rows: out.len() / columns,
                depth: shape.depth.len(),
                panels,
                columns: shape.columns.len(),
                start: (from == 0).then(|| &start[s * share..]),
            };
            strip(isa, &job, Target { out, stride: columns, first: shape.columns.start });
        };
        if threads == 1 {
            out.chunks_mut(share * columns).enumerate().for_each(compute);
        } else {
            out.par_chunks_mut(share * columns).enumerate().for_each(compute);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Domain, Draw};

    fn random(count: usize, element: u64) -> Vec<f32> {
        let draw = |tick| Draw { seed: 1, domain: Domain::Explore, element, tick }.uniform(0);
        (0..count as u64).map(|tick| (draw(tick) * 2.0 - 1.0) as f32).collect()
    }

    /// Bits of a product by the definition: one chain of fused operations for each output.
    fn chain(size: Size, a: Matrix<'_>, b: Matrix<'_>, start: &[f32]) -> Vec<u32> {
        let at = |m: Matrix<'_>, r: usize, c: usize| m.data[r * m.strides[0] + c * m.strides[1]];
        let one = |r: usize, c: usize| (0..size.depth).fold(start[r], |s, k| at(a, r, k).mul_add(at(b, k, c), s));
        (0..size.rows).flat_map(|r| (0..size.columns).map(move |c| one(r, c).to_bits())).collect()
    }

    #[test]
    fn every_instruction_set_blocking_and_thread_count_gives_the_chain() {
        let sizes = [(1, 1, 1), (3, 5, 17), (8, 300, 48), (13, 257, 100), (130, 70, 33), (2, 0, 3), (5, 9000, 400)];
        for (rows, depth, columns) in sizes {
            let size = Size { rows, depth, columns };
            let (x, y, start) = (random(rows * depth, 1), random(depth * columns, 2), random(rows, 3));
            for (ta, tb) in [(false, false), (true, true)] {
                let a = Matrix::new(&x, if ta { rows } else { depth }, ta);
                let b = Matrix::new(&y, if tb { depth } else { columns }, tb);
                let want = chain(size, a, b, &start);
                for isa in Isa::all() {
                    for threads in [1, 3] {
                        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                        let mut out = vec![f32::NAN; rows * columns];
                        let columns = Plain { matrix: b, columns };
                        pool.install(|| product_with(isa, size, a, &columns, &start, &mut out));
                        let got: Vec<u32> = out.iter().map(|v| v.to_bits()).collect();
                        assert_eq!(got, want, "{} {size:?} on {threads} thread(s)", isa.name());
                        out.fill(f32::NAN);
                        let packed = Packed::new(isa, depth, size.columns, &columns);
                        pool.install(|| packed.product(rows, a, &start, &mut out));
                        let got: Vec<u32> = out.iter().map(|v| v.to_bits()).collect();
                        assert_eq!(got, want, "packed, {} {size:?} on {threads} thread(s)", isa.name());
                    }
                }
            }
        }
    }
}
