//! Sums of products of bytes by AVX-512 VNNI: 64 of them an instruction.

use std::arch::x86_64::*;

use super::{Block, Quad, Sums, TILE, Tile};
use crate::simd::LANES;

/// Proof that the processor multiplies bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vnni(());

/// Rows at a time: with two tiles of columns, enough independent chains to hide the latency of the instruction.
const ROWS: usize = 8;

impl Vnni {
    /// The token, if this processor has the instructions.
    #[must_use]
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")).then_some(Self(()))
    }

    pub(super) fn sums(self, block: &Block<'_>, out: &mut Sums) {
        for first in (0..block.rows).step_by(ROWS) {
            // SAFETY: the token exists only where the instruction set was detected.
            unsafe { rows(block.a[first / TILE], first, block.b, out) }
        }
    }
}

/// Adds the products of four elements of `M` rows and of `V` tiles of columns.
///
/// # Safety
/// The processor has AVX-512 F and VNNI.
#[inline(always)]
pub(crate) unsafe fn step<const M: usize, const V: usize>(
    sums: &mut [[__m512i; V]; M],
    words: [u32; M],
    quads: [&Quad; V],
) {
    // SAFETY: the caller vouches for the instructions; a quad is 64 bytes, aligned.
    unsafe {
        let mut b = [_mm512_setzero_si512(); V];
        for v in 0..V {
            b[v] = _mm512_load_si512(quads[v].0.as_ptr().cast());
        }
        for m in 0..M {
            let a = _mm512_set1_epi32(words[m] as i32);
            for v in 0..V {
                sums[m][v] = _mm512_dpbusd_epi32(sums[m][v], a, b[v]);
            }
        }
    }
}

/// [`ROWS`] rows from `first` on; a tile has all its rows, whether they are in use or not.
#[target_feature(enable = "avx512f,avx512vnni")]
fn rows(a: &[Tile], first: usize, [b0, b1]: [&[Quad]; 2], out: &mut Sums) {
    let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
    let (b0, _) = b0.as_chunks::<TILE>();
    let (b1, _) = b1.as_chunks::<TILE>();
    for ((tile, b0), b1) in a.iter().zip(b0).zip(b1) {
        let tile: &[[[u8; 4]; TILE]; ROWS] = tile.0[first % TILE..].first_chunk().expect("half a tile");
        for k in 0..TILE {
            let words = std::array::from_fn(|m| u32::from_le_bytes(tile[m][k]));
            // SAFETY: this function has the instructions.
            unsafe { step(&mut sums, words, [&b0[k], &b1[k]]) };
        }
    }
    for (m, sums) in sums.iter().enumerate() {
        for (out, sum) in out.0.iter_mut().zip(sums) {
            let to: &mut [i32; LANES] = &mut out[first + m];
            // SAFETY: sixteen `i32`.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), *sum) };
        }
    }
}
