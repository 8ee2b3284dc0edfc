//! Normals of many cells at one tick, each at its own address: what a pulse on a whole array draws.
//!
//! Philox lane 0 of an address and tick yields four normals, the columns 0, 16, 32 and 48 of
//! [`super::fill_normals`]. A caller with one normal for each pulse spends them on four successive pulses.

use super::bulk::box_muller;
use super::{Draw, philox};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Isa, LANES, Lanes, Portable};

/// Philox4x32-10 of sixteen addresses; plain arithmetic on arrays, which compilers turn into vectors.
#[inline(always)]
fn philox16(key: [u32; 2], elements: &[u64; LANES], tick: u64) -> [[u32; LANES]; 4] {
    let mut c = [[0; LANES]; 4];
    for i in 0..LANES {
        c[0][i] = elements[i] as u32;
        c[1][i] = (elements[i] >> 32) as u32 & 0x00ff_ffff;
        c[2][i] = tick as u32;
        c[3][i] = (tick >> 32) as u32 & 0x00ff_ffff;
    }
    let mut key = key;
    for _ in 0..10 {
        for i in 0..LANES {
            let p0 = u64::from(c[0][i]) * u64::from(philox::M0);
            let p1 = u64::from(c[2][i]) * u64::from(philox::M1);
            c[0][i] = (p1 >> 32) as u32 ^ c[1][i] ^ key[0];
            c[2][i] = (p0 >> 32) as u32 ^ c[3][i] ^ key[1];
            c[1][i] = p1 as u32;
            c[3][i] = p0 as u32;
        }
        key = [key[0].wrapping_add(philox::W0), key[1].wrapping_add(philox::W1)];
    }
    c
}

#[inline(always)]
fn body<L: Lanes>(l: L, draw: Draw, elements: &[u64], out: &mut [f32]) {
    let (key, n) = (draw.key(), elements.len());
    for (group, cells) in elements.chunks(LANES).enumerate() {
        let mut padded = [0; LANES];
        padded[..cells.len()].copy_from_slice(cells);
        let words = philox16(key, &padded, draw.tick).map(|w| l.load_word(&w.map(u32::cast_signed)));
        let normals = [box_muller(l, words[0], words[1]), box_muller(l, words[2], words[3])];
        let mut buffer = [0.0; LANES];
        for (k, z) in normals.into_iter().flatten().enumerate() {
            l.store(z, &mut buffer);
            out[k * n + group * LANES..][..cells.len()].copy_from_slice(&buffer[..cells.len()]);
        }
    }
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
