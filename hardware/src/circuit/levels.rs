//! Column sums of whole cell levels in integers, where the processor multiplies bytes (AVX-512 VNNI).
//!
//! Noise-free conductances are whole levels and digits are at most eight bits, so products of bytes summed in `i32`
//! are exact, and so are the same sums in `f32` ([`super::columns`]): both give the same bits, and this one is four
//! times as fast. Four rows stand in a word, as `vpdpbusd` takes them.

use super::columns::{Line, ROWS};
use crate::simd::LANES;
use crate::simd::bytes::Quad;
#[cfg(target_arch = "x86_64")]
use crate::simd::bytes::{Vnni, step};

/// The panel of a noise-free group, `[line][row]`, as bytes `[line][row / 4]`; `None` if it is not whole levels that
/// fit bytes.
#[must_use]
pub fn quads(panel: &[Line], rows: usize) -> Option<Vec<Quad>> {
    let byte = |v: f32| (v.fract() == 0.0 && v.abs() <= 127.0).then_some(v as i8);
    let mut out = Vec::with_capacity(panel.len().div_ceil(4));
    for line in panel.chunks(rows.max(1)) {
        for four in line.chunks(4) {
            let mut quad = Quad([[0; 4]; LANES]);
            for (row, levels) in four.iter().enumerate() {
                for (to, v) in quad.0.iter_mut().zip(levels.0) {
                    to[row] = byte(v)?;
                }
            }
            out.push(quad);
        }
    }
    Some(out)
}

/// Digits of a tile, four rows in a word: `[row / 4][plane]`. Digits are integers 0 … 255.
pub(super) fn words(digits: &[[f32; ROWS]]) -> Vec<[u32; ROWS]> {
    // the last bits of 2²³ + digit are the digit
    let bits = |d: f32| (d + 8_388_608.0).to_bits() & 0xff;
    let mut words = vec![[0; ROWS]; digits.len().div_ceil(4)];
    for (word, four) in words.iter_mut().zip(digits.chunks(4)) {
        for (row, digits) in four.iter().enumerate() {
            for (w, d) in word.iter_mut().zip(digits) {
                *w |= bits(*d) << (8 * row);
            }
        }
    }
    words
}

/// Sums of all lines of a group for eight planes, `[line][plane]`; `quads` is `[line][row / 4]`.
#[cfg(target_arch = "x86_64")]
pub(super) fn sums(_: Vnni, quads: &[Quad], words: &[[u32; ROWS]], out: &mut [[Line; ROWS]]) {
    let depth = words.len();
    for (lines, out) in quads.chunks(2 * depth.max(1)).zip(out.chunks_mut(2)) {
        let (first, second) = lines.split_at(depth);
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { if second.is_empty() { sums_of([first], words, out) } else { sums_of([first, second], words, out) } }
    }
}

/// `V` lines at once: enough independent chains to hide the latency of the instruction.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vnni")]
fn sums_of<const V: usize>(quads: [&[Quad]; V], words: &[[u32; ROWS]], out: &mut [[Line; ROWS]]) {
    use std::arch::x86_64::*;
    let mut sums = [[_mm512_setzero_si512(); V]; ROWS];
    let quads = quads.map(|q| &q[..words.len()]);
    for (k, word) in words.iter().enumerate() {
        // SAFETY: this function has the instructions.
        unsafe { step(&mut sums, *word, quads.map(|q| &q[k])) };
    }
    for v in 0..V {
        for m in 0..ROWS {
            // SAFETY: a line is sixteen `f32`, aligned.
            unsafe { _mm512_store_ps(out[v][m].0.as_mut_ptr(), _mm512_cvtepi32_ps(sums[m][v])) };
        }
    }
}
