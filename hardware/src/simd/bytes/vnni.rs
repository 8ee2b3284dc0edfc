//! Sums of products of bytes by AVX-512 VNNI: 64 of them an instruction.

use std::arch::x86_64::*;

use super::multiplier::{Sum, Term};
use super::{Quad, TILE};

/// Proof that the processor multiplies bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vnni(());

impl Vnni {
    /// The token, if this processor has the instructions.
    #[must_use]
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")).then_some(Self(()))
    }

    pub(super) fn sum(self, terms: &[Term<'_>], rows: usize, out: &mut Sum) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            match rows {
                1 => sum_of::<1>(terms, out),
                2..=8 => sum_of::<8>(terms, out),
                _ => sum_of::<TILE>(terms, out),
            }
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

/// `M` rows: enough independent chains to hide the latency of the instruction. A tile has all its rows, whether they
/// are in use or not.
#[target_feature(enable = "avx512f,avx512vnni")]
fn sum_of<const M: usize>(terms: &[Term<'_>], out: &mut Sum) {
    let mut sums = [[_mm512_setzero_si512(); 1]; M];
    for (a, b) in terms {
        for k in 0..TILE {
            let words = std::array::from_fn(|m| a.0[m][k] as u32);
            // SAFETY: this function has the instructions.
            unsafe { step(&mut sums, words, [&b[k]]) };
        }
    }
    for (out, [sum]) in out.iter_mut().zip(sums) {
        // SAFETY: sixteen `i32`.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sum) };
    }
}
