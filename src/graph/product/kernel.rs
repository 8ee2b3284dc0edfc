//! The inner loops of a matrix product: a tile of outputs stays in registers while the depth goes by.
//!
//! Operands come packed: `A` in blocks of `M` rows, depth-major (`[depth][M]`); `B` in panels of up to `V`
//! vectors of columns, depth-major (`[depth][vectors][lanes]`). What a block adds to an output is the chain
//! `fma(a_k, b_k, …)` from 0 in the order of the depth, so no bit depends on tiles, threads or the instruction set.

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Isa, LANES, Lanes, Portable};

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

/// Packs the rows in blocks of `M`, then meets every panel with every block.
#[inline(always)]
fn blocks<L: Lanes, const M: usize, const V: usize>(l: L, job: &Strip<'_>, mut target: Target<'_>) {
    let packed = pack::<M>(job);
    for (p, panel) in job.panels.chunks(job.depth * V).enumerate() {
        let vectors = panel.len() / job.depth;
        let from = p * V * LANES;
        for (b, a) in packed.chunks_exact(job.depth).enumerate() {
            let rows = b * M..((b + 1) * M).min(job.rows);
            let place = Place { rows, from, columns: (vectors * LANES).min(job.columns - from) };
            match vectors {
                1 => tile::<L, M, 1>(l, job, a, panel, &mut target, place),
                2 => tile::<L, M, 2>(l, job, a, panel, &mut target, place),
                _ => tile::<L, M, MAX_VECTORS>(l, job, a, panel, &mut target, place),
            }
        }
    }
}

/// `[blocks][depth][M]`; rows beyond the last are zero.
#[inline(always)]
fn pack<const M: usize>(job: &Strip<'_>) -> Vec<[f32; M]> {
    let [down, along] = job.strides;
    let mut packed = Vec::with_capacity(job.rows.div_ceil(M) * job.depth);
    for first in (0..job.rows).step_by(M) {
        let rows = M.min(job.rows - first);
        if rows == M && along == 1 {
            let mut lines = [&job.a[..0]; M];
            for (i, line) in lines.iter_mut().enumerate() {
                *line = &job.a[(first + i) * down..][..job.depth];
            }
            for k in 0..job.depth {
                let mut column = [0.0; M];
                for (c, line) in column.iter_mut().zip(lines) {
                    *c = line[k];
                }
                packed.push(column);
            }
            continue;
        }
        for k in 0..job.depth {
            let mut column = [0.0; M];
            for (i, c) in column.iter_mut().take(rows).enumerate() {
                *c = job.a[(first + i) * down + k * along];
            }
            packed.push(column);
        }
    }
    packed
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
    a: &[[f32; M]],
    panel: &[Vector],
    target: &mut Target<'_>,
    place: Place,
) {
    let Target { out, stride, first } = target;
    let mut sums = [[l.splat(0.0); V]; M];
    let (panel, _) = panel.as_chunks::<V>();
    for (a, b) in a.iter().zip(panel) {
        let mut vectors = [l.splat(0.0); V];
        for (v, b) in vectors.iter_mut().zip(b) {
            *v = l.load(b);
        }
        for i in 0..M {
            let x = l.splat(a[i]);
            for v in 0..V {
                sums[i][v] = l.mul_add(x, vectors[v], sums[i][v]);
            }
        }
    }
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
