//! The inner loops of a matrix product: a tile of outputs stays in registers while the depth goes by.
//!
//! `A` is read row by row, where it stands or copied; `B` comes in panels of up to `V` vectors of columns,
//! depth-major (`[depth][vectors][lanes]`). What a block adds to an output is the chain `fma(a_k, b_k, …)` from 0 in
//! the order of the depth, so no bit depends on tiles, threads or the instruction set.

#[cfg(target_arch = "x86_64")]
use super::super::{Avx2, Avx512};
use super::super::{Isa, LANES, Lanes, Portable};

/// Vector of columns.
pub type Vector = [f32; LANES];

/// Most vectors of a panel on any instruction set.
pub const MAX_VECTORS: usize = 3;

/// A strip of output rows to be computed for one block of the depth and of the columns.
pub struct Strip<'a> {
    /// First element of `A` in the strip and block.
    pub a: &'a [f32],
    /// Distance of neighbouring rows and of neighbouring depths in `a`.
    pub strides: [usize; 2],
    /// Rows of the strip.
    pub rows: usize,
    /// Depth of the block.
    pub depth: usize,
    /// Panels of the block, one behind the other, all but the last of full width.
    pub panels: &'a [Vector],
    /// Columns of the block.
    pub columns: usize,
    /// Whether it adds to what stands in the output.
    pub goes_on: bool,
    /// What is added to each row after the last block.
    pub bias: Option<&'a [f32]>,
}

/// Where the outputs of a strip stand: row `r`, column `c` at `r · stride + first + c`.
pub struct Target<'a> {
    /// The rows.
    pub out: &'a mut [f32],
    /// Elements of a row.
    pub stride: usize,
    /// First column of the block.
    pub first: usize,
}

/// Vectors of a full panel.
#[must_use]
pub const fn panel_vectors(isa: Isa) -> usize {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512(_) => MAX_VECTORS,
        _ => 1,
    }
}

/// Computes a strip.
pub fn strip(isa: Isa, job: &Strip<'_>, target: Target<'_>) {
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the instructions.
        Isa::Avx512(l) => unsafe { strip_avx512(l, job, target) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the instructions.
        Isa::Avx2(l) => unsafe { strip_avx2(l, job, target) },
        Isa::Portable(l) => strip_portable(l, job, target),
    }
}

// Tiles as large as the register file takes beside one vector of `A` and the vectors of `B`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn strip_avx512(l: Avx512, job: &Strip<'_>, target: Target<'_>) {
    blocks::<_, 8, MAX_VECTORS>(l, job, target);
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn strip_avx2(l: Avx2, job: &Strip<'_>, target: Target<'_>) {
    blocks::<_, 6, 1>(l, job, target);
}
fn strip_portable(l: Portable, job: &Strip<'_>, target: Target<'_>) {
    blocks::<_, 4, 1>(l, job, target);
}

/// Rows whose elements stand side by side and that are no further apart than this are read where they stand; further
/// apart they would meet in few sets of the caches.
const NEAR: usize = 1024;

/// Meets every panel with every block of `M` rows.
#[inline(always)]
fn blocks<L: Lanes, const M: usize, const V: usize>(l: L, job: &Strip<'_>, mut target: Target<'_>) {
    let [down, along] = job.strides;
    let copied;
    let (a, down) = if along == 1 && down <= NEAR {
        (job.a, down)
    } else {
        copied = copy(job);
        (copied.as_slice(), job.depth)
    };
    for (p, panel) in job.panels.chunks(job.depth * V).enumerate() {
        let vectors = panel.len() / job.depth;
        let from = p * V * LANES;
        for first in (0..job.rows).step_by(M) {
            let rows = first..(first + M).min(job.rows);
            // beyond the last row stands the last row again; what it gives is not stored
            let mut lines = [&a[..0]; M];
            for (i, line) in lines.iter_mut().enumerate() {
                *line = &a[(first + i).min(job.rows - 1) * down..][..job.depth];
            }
            let place = Place { rows, from, columns: (vectors * LANES).min(job.columns - from) };
            match vectors {
                1 => tile::<L, M, 1>(l, job, lines, panel, &mut target, place),
                2 => tile::<L, M, 2>(l, job, lines, panel, &mut target, place),
                _ => tile::<L, M, MAX_VECTORS>(l, job, lines, panel, &mut target, place),
            }
        }
    }
}

/// The rows side by side, `[rows][depth]`.
fn copy(job: &Strip<'_>) -> Vec<f32> {
    let [down, along] = job.strides;
    let mut rows = Vec::with_capacity(job.rows * job.depth);
    if along == 1 {
        for r in 0..job.rows {
            rows.extend_from_slice(&job.a[r * down..][..job.depth]);
        }
    } else {
        for r in 0..job.rows {
            rows.extend(job.a[r * down..].iter().step_by(along).take(job.depth));
        }
    }
    rows
}

/// Rows and columns of the block that a tile covers.
struct Place {
    rows: std::ops::Range<usize>,
    from: usize,
    columns: usize,
}

/// One tile of `M` rows and `V` vectors of columns.
#[inline(always)]
fn tile<L: Lanes, const M: usize, const V: usize>(
    l: L,
    job: &Strip<'_>,
    rows: [&[f32]; M],
    panel: &[Vector],
    target: &mut Target<'_>,
    place: Place,
) {
    let Target { out, stride, first } = target;
    let sums = chains::<L, M, V>(l, rows, panel);
    for (sums, r) in sums.iter().zip(place.rows) {
        let row = &mut out[r * *stride + *first + place.from..][..place.columns];
        for (s, part) in sums.iter().zip(row.chunks_mut(LANES)) {
            let mut s = *s;
            if job.goes_on {
                let mut have = [0.0; LANES];
                have[..part.len()].copy_from_slice(part);
                s = l.add(l.load(&have), s);
            }
            if let Some(bias) = job.bias {
                s = l.add(s, l.splat(bias[r]));
            }
            match part.first_chunk_mut::<LANES>() {
                Some(whole) => l.store(s, whole),
                None => {
                    let mut v = [0.0; LANES];
                    l.store(s, &mut v);
                    part.copy_from_slice(&v[..part.len()]);
                }
            }
        }
    }
}

/// The chain of every output. By itself, so that sums stand nowhere but in registers.
#[inline(always)]
fn chains<L: Lanes, const M: usize, const V: usize>(l: L, rows: [&[f32]; M], panel: &[Vector]) -> [[L::Float; V]; M] {
    let mut sums = [[l.splat(0.0); V]; M];
    let (panel, _) = panel.as_chunks::<V>();
    for (k, b) in panel.iter().enumerate() {
        let mut vectors = [l.splat(0.0); V];
        for v in 0..V {
            vectors[v] = l.load(&b[v]);
        }
        for i in 0..M {
            let x = l.splat(rows[i][k]);
            for v in 0..V {
                sums[i][v] = l.mul_add(x, vectors[v], sums[i][v]);
            }
        }
    }
    let mut done = [[l.splat(0.0); V]; M];
    for i in 0..M {
        for v in 0..V {
            done[i][v] = sums[i][v];
        }
    }
    done
}
