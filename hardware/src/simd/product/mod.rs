//! The matrix product of weighted operators in floating point: `out = A · B + bias`, blocked for the
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

/// Depth of a block.
const DEPTH: usize = 128;
/// Columns of a block beside which [`DEPTH`] is meant: with fewer, blocks are as much deeper.
const COLUMNS: usize = 128;
/// Fewest columns that a block is made deeper for.
const FEWEST: usize = 16;
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

/// `out[r, c] = Σ_k a[r, k] · b[k, c] + bias[r]`; `out` is row-major. Every block of the depth is one chain of fused
/// operations from 0, blocks are added in order and the bias last. Short chains lose less: over a depth of 900 a third
/// of the rounding error of a single chain. The blocks are those of onnxruntime (MLAS, strides of `sgemm`), so that
/// convolutions and products of activations have its bits.
pub fn product(size: Size, a: Matrix<'_>, b: &dyn Columns, bias: &[f32], out: &mut [f32]) {
    product_with(Isa::best(), size, a, b, bias, out);
}

/// Depth of the blocks of a product.
const fn block_depth(size: Size) -> usize {
    let (mut columns, mut depth) = (COLUMNS, DEPTH);
    while size.columns < size.depth && columns > FEWEST && columns / 2 >= size.columns {
        columns /= 2;
        depth *= 2;
    }
    depth
}

/// As [`product`], on a given instruction set; the result is the same to the bit.
pub fn product_with(isa: Isa, size: Size, a: Matrix<'_>, b: &dyn Columns, bias: &[f32], out: &mut [f32]) {
    let Size { rows, depth, columns } = size;
    if rows == 0 || columns == 0 {
        return;
    }
    if depth == 0 {
        out.chunks_exact_mut(columns).zip(bias).for_each(|(row, b)| row.fill(*b));
        return;
    }
    let threads =
        if rows.saturating_mul(depth).saturating_mul(columns) < ALONE { 1 } else { rayon::current_num_threads() };
    let share = rows.div_ceil(threads).next_multiple_of(8).min(STRIP);
    let mut buffer = Vec::new();
    for shape in shapes(isa, depth, columns, block_depth(size)) {
        buffer.resize(shape.vectors().max(buffer.len()), [0.0; LANES]);
        shape.fill(isa, b, threads, &mut buffer[..shape.vectors()]);
        let panels = &buffer[..shape.vectors()];
        let from = shape.depth.start;
        let compute = |(s, out): (usize, &mut [f32])| {
            let job = Strip {
                a: &a.data[s * share * a.strides[0] + from * a.strides[1]..],
                strides: a.strides,
                rows: out.len() / columns,
                depth: shape.depth.len(),
                panels,
                columns: shape.columns.len(),
                goes_on: from > 0,
                bias: (shape.depth.end == depth).then(|| &bias[s * share..]),
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
fn shapes(isa: Isa, depth: usize, columns: usize, block: usize) -> impl Iterator<Item = Shape> {
    let full = panel_vectors(isa);
    let wide = (BLOCK / depth.clamp(1, block) / full).max(1) * full * LANES;
    (0..columns).step_by(wide).flat_map(move |first| {
        (0..depth).step_by(block).map(move |from| Shape {
            depth: from..(from + block).min(depth),
            columns: first..(first + wide).min(columns),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Domain, Draw};

    fn random(count: usize, element: u64) -> Vec<f32> {
        let draw = |tick| Draw { seed: 1, domain: Domain::Explore, element, tick }.uniform(0);
        (0..count as u64).map(|tick| (draw(tick) * 2.0 - 1.0) as f32).collect()
    }

    /// Bits of a product by the definition: for each output one chain of fused operations a block.
    fn chains(size: Size, block: usize, a: Matrix<'_>, b: Matrix<'_>, bias: &[f32]) -> Vec<u32> {
        let at = |m: Matrix<'_>, r: usize, c: usize| m.data[r * m.strides[0] + c * m.strides[1]];
        let depths: Vec<usize> = (0..size.depth).collect();
        let one = |r: usize, c: usize| {
            let blocks = depths.chunks(block);
            let chain = |block: &[usize]| block.iter().fold(0.0f32, |s, k| at(a, r, *k).mul_add(at(b, *k, c), s));
            blocks.map(chain).reduce(|sum, block| sum + block).unwrap_or(0.0) + bias[r]
        };
        (0..size.rows).flat_map(|r| (0..size.columns).map(move |c| (r, c))).map(|(r, c)| one(r, c).to_bits()).collect()
    }

    /// Blocks as MLAS cuts them: 128 deep, and deeper where the columns are few and fewer than the depth.
    #[test]
    fn blocks_grow_deeper_beside_few_columns() {
        let depth = |depth, columns| block_depth(Size { rows: 1, depth, columns });
        assert_eq!([depth(896, 500), depth(640, 5000), depth(500, 32), depth(1000, 65)], [128, 128, 512, 128]);
        assert_eq!([depth(9000, 64), depth(9000, 1), depth(10, 8), depth(10, 500)], [256, 1024, 1024, 128]);
    }

    /// Against double precision: no more than the error of chains of 128 with a margin, which one chain of 4096
    /// exceeds.
    #[test]
    fn blocks_round_less_than_one_chain() {
        let (depth, columns) = (4096, 200);
        let size = Size { rows: 4, depth, columns };
        let (x, y) = (random(4 * depth, 7), random(depth * columns, 8));
        let mut out = vec![0.0; 4 * columns];
        let b = Matrix::new(&y, columns, false);
        product(size, Matrix::new(&x, depth, false), &Plain { matrix: b, columns }, &[0.0; 4], &mut out);
        let (mut blocks, mut single) = (0.0f64, 0.0f64);
        for (i, got) in out.iter().enumerate() {
            let terms = || (0..depth).map(|k| (x[i / columns * depth + k], y[k * columns + i % columns]));
            let exact: f64 = terms().map(|(a, b)| f64::from(a) * f64::from(b)).sum();
            let chain = terms().fold(0.0f32, |s, (a, b)| a.mul_add(b, s));
            blocks += (f64::from(*got) - exact).powi(2);
            single += (f64::from(chain) - exact).powi(2);
        }
        assert!(blocks.sqrt() < 0.5 * single.sqrt(), "{} against {}", blocks.sqrt(), single.sqrt());
    }

    #[test]
    fn every_instruction_set_blocking_and_thread_count_gives_the_chains() {
        let sizes = [(1, 1, 1), (3, 5, 17), (8, 300, 48), (13, 257, 100), (130, 70, 33), (2, 0, 3), (5, 9000, 400)];
        for (rows, depth, columns) in sizes {
            let size = Size { rows, depth, columns };
            let (x, y, bias) = (random(rows * depth, 1), random(depth * columns, 2), random(rows, 3));
            for (ta, tb) in [(false, false), (true, true)] {
                let a = Matrix::new(&x, if ta { rows } else { depth }, ta);
                let b = Matrix::new(&y, if tb { depth } else { columns }, tb);
                let want = chains(size, block_depth(size), a, b, &bias);
                for isa in Isa::all() {
                    for threads in [1, 3] {
                        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                        let mut out = vec![f32::NAN; rows * columns];
                        let columns = Plain { matrix: b, columns };
                        pool.install(|| product_with(isa, size, a, &columns, &bias, &mut out));
                        let got: Vec<u32> = out.iter().map(|v| v.to_bits()).collect();
                        assert_eq!(got, want, "{} {size:?} on {threads} thread(s)", isa.name());
                    }
                }
            }
        }
    }
}
