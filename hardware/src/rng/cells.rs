//! Normals of many cells at one tick, each at its own address: what a pulse on a whole array draws.
//!
//! Philox lane 0 of an address and tick yields four normals, the columns 0, 16, 32 and 48 of
//! [`super::fill_normals`]. A caller with one normal for each pulse spends them on four successive pulses.

use super::Draw;
use super::bulk::{normals_of_words, philox_rounds};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Isa, LANES, Lanes, Portable};

#[inline(always)]
fn body<L: Lanes>(l: L, draw: Draw, elements: &[u64], out: &mut [f32]) {
    let (key, n) = (draw.key(), elements.len());
    let (whole, rest) = elements.as_chunks::<LANES>();
    for (group, cells) in whole.iter().enumerate() {
        for (k, z) in normals(l, key, draw.tick, cells).into_iter().enumerate() {
            if let Some(place) = out[k * n + group * LANES..].first_chunk_mut() {
                l.store(z, place);
            }
        }
    }
    let mut cells = [0; LANES];
    cells[..rest.len()].copy_from_slice(rest);
    for (k, z) in normals(l, key, draw.tick, &cells).into_iter().enumerate() {
        let mut buffer = [0.0; LANES];
        l.store(z, &mut buffer);
        out[k * n + n - rest.len()..][..rest.len()].copy_from_slice(&buffer[..rest.len()]);
    }
}

/// Four normals of each of sixteen addresses.
#[inline(always)]
fn normals<L: Lanes>(l: L, key: [u32; 2], tick: u64, cells: &[u64; LANES]) -> [L::Float; 4] {
    let (mut low, mut high) = ([0; LANES], [0; LANES]);
    for i in 0..LANES {
        low[i] = cells[i] as i32;
        high[i] = ((cells[i] >> 32) as u32 & 0x00ff_ffff) as i32;
    }
    let counter = [
        l.widen(l.load_word(&low)),
        l.widen(l.load_word(&high)),
        l.splat_wide(tick as u32),
        l.splat_wide((tick >> 32) as u32 & 0x00ff_ffff),
    ];
    normals_of_words(l, philox_rounds(l, key, counter))
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn body_avx512(l: Avx512, draw: Draw, elements: &[u64], out: &mut [f32]) {
    body(l, draw, elements, out);
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn body_avx2(l: Avx2, draw: Draw, elements: &[u64], out: &mut [f32]) {
    body(l, draw, elements, out);
}
fn body_portable(l: Portable, draw: Draw, elements: &[u64], out: &mut [f32]) {
    body(l, draw, elements, out);
}

/// Four standard normals for each of `elements` at the seed, domain and tick of `draw` (its own element does
/// not count): number `k` of element `i` goes to `out[k·n + i]`, `n = elements.len()`, `out` has `4·n` places.
pub fn fill_cell_normals(draw: Draw, elements: &[u64], out: &mut [f32]) {
    fill_cell_normals_with(Isa::best(), draw, elements, out);
}

/// [`fill_cell_normals`] on a chosen instruction set; all give the same bits.
pub fn fill_cell_normals_with(isa: Isa, draw: Draw, elements: &[u64], out: &mut [f32]) {
    debug_assert_eq!(out.len(), 4 * elements.len());
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the features.
        Isa::Avx512(l) => unsafe { body_avx512(l, draw, elements, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the features.
        Isa::Avx2(l) => unsafe { body_avx2(l, draw, elements, out) },
        Isa::Portable(l) => body_portable(l, draw, elements, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Domain, fill_normals};

    /// Every cell has the normals of its own line, on every instruction set.
    #[test]
    fn cells_have_the_columns_of_their_lines() {
        let elements: Vec<u64> = (0..37).map(|i| 0x00ab_0000_1234_0000 + (i << 12)).collect();
        let draw = Draw { seed: 5, domain: Domain::PulseNoise, element: 0, tick: 0x0012_3456_789a_bcde };
        for isa in Isa::all() {
            let mut out = vec![0.0; 4 * elements.len()];
            fill_cell_normals_with(isa, draw, &elements, &mut out);
            for (i, element) in elements.iter().enumerate() {
                let mut line = [0.0; 64];
                fill_normals(Draw { element: *element, ..draw }, &mut line);
                for k in 0..4 {
                    assert_eq!(out[k * elements.len() + i].to_bits(), line[16 * k].to_bits(), "{}", isa.name());
                }
            }
        }
    }
}
