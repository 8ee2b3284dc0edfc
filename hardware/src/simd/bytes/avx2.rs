//! Sums of products of bytes by AVX2: bytes become 16 bits, pairs of which are multiplied and added exactly.

use std::arch::x86_64::*;

use super::TILE;
use super::multiplier::{Sum, Term};
use crate::simd::{Avx2, LANES};

/// Rows at a time: eight sums, four vectors of columns and the rows fill the registers.
const ROWS: usize = 2;

pub(super) fn sum(_: Avx2, terms: &[Term<'_>], rows: usize, out: &mut Sum) {
    for (pair, out) in out.as_chunks_mut::<ROWS>().0.iter_mut().enumerate().take(rows.div_ceil(ROWS)) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { sum_of(terms, ROWS * pair, out) };
    }
}

/// Two rows against sixteen columns: each register holds four columns, two sums each.
#[target_feature(enable = "avx2")]
fn sum_of(terms: &[Term<'_>], first: usize, out: &mut [[i32; LANES]; ROWS]) {
    let zero = _mm256_setzero_si256();
    let mut sums = [[zero; 4]; ROWS];
    for (a, b) in terms {
        let lines: &[[i32; TILE]; ROWS] = a.0[first..].first_chunk().expect("two rows");
        for k in 0..TILE {
            let (columns, _) = b[k].0.as_chunks::<4>();
            let mut w = [zero; 4];
            for (w, four) in w.iter_mut().zip(columns) {
                // SAFETY: four columns of four bytes.
                *w = _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(four.as_ptr().cast()) });
            }
            for m in 0..ROWS {
                let x = _mm256_unpacklo_epi8(_mm256_set1_epi32(lines[m][k]), zero);
                for v in 0..4 {
                    sums[m][v] = _mm256_add_epi32(sums[m][v], _mm256_madd_epi16(x, w[v]));
                }
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        for (out, sum) in out.chunks_exact_mut(4).zip(sums) {
            let mut halves = [0; 8];
            // SAFETY: eight `i32`.
            unsafe { _mm256_storeu_si256(halves.as_mut_ptr().cast(), sum) };
            for (out, pair) in out.iter_mut().zip(halves.chunks_exact(2)) {
                *out = pair[0] + pair[1];
            }
        }
    }
}
