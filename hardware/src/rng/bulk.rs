//! Addressed standard normals in bulk, the same bits at every vector width.
//!
//! One family of draws ([`Draw`]) yields a line of normals: column `64·j + 16·k + b` is output `k` of
//! Philox lane `16·j + b`. Outputs 0 and 1 are the two Box–Muller normals of words 0 and 1, outputs 2 and
//! 3 those of words 2 and 3 (Box and Muller 1958, doi:10.1214/aoms/1177706645). Sixteen lanes are made at
//! once and land in place, without a transpose.
//!
//! The radius is `sqrt(-2 ln u)` with `u = (⌊w/2⌋ + ½)·2⁻³¹`, so the largest normal is
//! `sqrt(64 ln 2) = 6.66`; the angle has 30 bits within its quadrant. Logarithm, sine and cosine are
//! polynomials by Chebyshev interpolation on the reduced range (relative error 1.4e-7, 3e-9, 3e-8 before
//! rounding), evaluated with separate multiplications and additions in a fixed order.

use super::Draw;
use crate::simd::functions::{horner, ln_each};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Isa, LANES, Lanes, Portable};

/// Columns that one step of sixteen Philox lanes yields.
pub const GROUP: usize = 4 * LANES;

/// Largest number of columns of one family: 16-bit lanes, four normals each.
pub const MAX_COLUMNS: usize = 4 << 16;

/// Philox4x32-10 of the sixteen lanes from `lane` (a multiple of 16) on; see [`super::philox4x32`].
#[inline(always)]
fn philox16<L: Lanes>(l: L, key: [u32; 2], element: u64, tick: u64, lane: u32) -> [L::Word; 4] {
    let counter = [
        l.splat_wide(element as u32),
        l.counter_wide(upper(element, lane & 0xff)),
        l.splat_wide(tick as u32),
        l.splat_wide(upper(tick, lane >> 8)),
    ];
    philox_rounds(l, key, counter)
}

/// Upper word of half a counter: 24 bits of the address and eight of the lane.
const fn upper(word: u64, lane: u32) -> u32 {
    ((word >> 32) as u32 & 0x00ff_ffff) | (lane << 24)
}

/// The ten rounds of Philox4x32 on sixteen counters.
#[inline(always)]
pub(super) fn philox_rounds<L: Lanes>(l: L, key: [u32; 2], counter: [L::Wide; 4]) -> [L::Word; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let (m0, m1) = (l.splat_wide(super::philox::M0), l.splat_wide(super::philox::M1));
    let mut key = key;
    for _ in 0..10 {
        let p0 = l.mul_wide(c0, m0);
        let p1 = l.mul_wide(c2, m1);
        c0 = l.xor3_wide(l.high_wide(p1), c1, l.splat_wide(key[0]));
        c1 = p1;
        c2 = l.xor3_wide(l.high_wide(p0), c3, l.splat_wide(key[1]));
        c3 = p0;
        key = [key[0].wrapping_add(super::philox::W0), key[1].wrapping_add(super::philox::W1)];
    }
    [l.narrow(c0), l.narrow(c1), l.narrow(c2), l.narrow(c3)]
}

/// Two independent standard normals from each of some pairs of random words, of radius and angle.
#[inline(always)]
pub(super) fn box_muller<L: Lanes, const V: usize>(l: L, pairs: [[L::Word; 2]; V]) -> [[L::Float; 2]; V] {
    let (mut u, mut a, mut z) = ([l.splat(0.0); V], [l.splat(0.0); V], [l.splat(0.0); V]);
    for (i, [radius, angle]) in pairs.into_iter().enumerate() {
        let half = l.float_of_word(l.shr::<1>(radius));
        u[i] = l.mul(l.add(half, l.splat(0.5)), l.splat(1.0 / (1u32 << 31) as f32));
        // the low 30 bits are an angle in [-1/2, 1/2) quarter turns, the top two choose the quadrant
        a[i] = l.mul(l.float_of_word(l.shl::<2>(angle)), l.splat(1.0 / 4_294_967_296.0));
        z[i] = l.mul(a[i], a[i]);
    }
    let log = ln_each(l, u);
    let odd = horner::<L, false, V, 4>(l, z, [-0.004_602_149, 0.079_680_22, -0.645_963_5, std::f32::consts::FRAC_PI_2]);
    let even = horner::<L, false, V, 4>(l, z, [-0.020_408_158, 0.253_598_57, -1.233_697, 1.0]);
    let mut normals = [[l.splat(0.0); 2]; V];
    for (i, [_, angle]) in pairs.into_iter().enumerate() {
        let r = l.sqrt(l.max(l.mul(l.splat(-2.0), log[i]), l.splat(0.0)));
        let sine = l.bits_of_float(l.mul(a[i], odd[i]));
        let cosine = l.xor(l.bits_of_float(even[i]), l.and(angle, l.splat_word(1 << 31)));
        let swap = l.and(l.xor(sine, cosine), l.sar::<31>(l.shl::<1>(angle)));
        normals[i] = [l.mul(r, l.float_of_bits(l.xor(cosine, swap))), l.mul(r, l.float_of_bits(l.xor(sine, swap)))];
    }
    normals
}

/// The four normals of the four words of each lane.
#[inline(always)]
pub(super) fn normals_of_words<L: Lanes>(l: L, [w0, w1, w2, w3]: [L::Word; 4]) -> [L::Float; 4] {
    let [[n0, n1], [n2, n3]] = box_muller(l, [[w0, w1], [w2, w3]]);
    [n0, n1, n2, n3]
}

/// The 64 normals of the lanes `16·group ..`, or only the first 32 if `HALF` (the rest is 0).
#[inline(always)]
pub(crate) fn normals64<L: Lanes, const HALF: bool>(
    l: L,
    key: [u32; 2],
    element: u64,
    tick: u64,
    group: u32,
) -> [L::Float; 4] {
    let [w0, w1, w2, w3] = philox16(l, key, element, tick, group * LANES as u32);
    if HALF {
        let [[n0, n1]] = box_muller(l, [[w0, w1]]);
        return [n0, n1, l.splat(0.0), l.splat(0.0)];
    }
    normals_of_words(l, [w0, w1, w2, w3])
}

/// Four normals of each of sixteen neighbouring elements from `element` (a multiple of 16) on, each at its own
/// tick below 2³²: those of Philox lane `lane`, which [`Draw::normals`] gives in double precision.
#[inline(always)]
pub(crate) fn normals_of16<L: Lanes>(l: L, key: [u32; 2], element: u64, ticks: L::Word, lane: u8) -> [L::Float; 4] {
    const COUNT: [i32; LANES] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    let counters = [
        l.widen(l.add_word(l.splat_word(element as u32), l.load_word(&COUNT))),
        l.splat_wide(upper(element, u32::from(lane))),
        l.widen(ticks),
        l.splat_wide(0),
    ];
    normals_of_words(l, philox_rounds(l, key, counters))
}

/// What a line is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Law {
    Normal,
    Uniform,
}

/// The 64 uniforms of the lanes `16·group ..`: column `64·j + 16·k + b` is word `k` of Philox lane `16·j + b`.
#[inline(always)]
fn uniforms64<L: Lanes>(l: L, key: [u32; 2], element: u64, tick: u64, group: u32) -> [L::Float; 4] {
    let mut uniforms = [l.splat(0.0); 4];
    for (u, w) in uniforms.iter_mut().zip(philox16(l, key, element, tick, group * LANES as u32)) {
        let whole = l.add(l.float_of_word(l.shr::<9>(w)), l.splat(0.5));
        *u = l.mul(whole, l.splat(1.0 / (1u32 << 23) as f32));
    }
    uniforms
}

#[inline(always)]
fn fill_body<L: Lanes>(l: L, law: Law, draw: Draw, out: &mut [f32]) {
    let key = draw.key();
    for (group, chunk) in out.chunks_mut(GROUP).enumerate() {
        let values = match law {
            Law::Normal => normals64::<L, false>(l, key, draw.element, draw.tick, group as u32),
            Law::Uniform => uniforms64(l, key, draw.element, draw.tick, group as u32),
        };
        let (whole, rest) = chunk.as_chunks_mut::<LANES>();
        for (part, n) in whole.iter_mut().zip(values) {
            l.store(n, part);
        }
        if !rest.is_empty() {
            let mut buffer = [0.0; LANES];
            l.store(values[whole.len()], &mut buffer);
            rest.copy_from_slice(&buffer[..rest.len()]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn fill_avx512(l: Avx512, law: Law, draw: Draw, out: &mut [f32]) {
    fill_body(l, law, draw, out);
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fill_avx2(l: Avx2, law: Law, draw: Draw, out: &mut [f32]) {
    fill_body(l, law, draw, out);
}
fn fill_portable(l: Portable, law: Law, draw: Draw, out: &mut [f32]) {
    fill_body(l, law, draw, out);
}

/// Fills `out` with the standard normals of the columns `0 .. out.len()` of a family of draws. The value
/// of a column depends on the draw and the column alone. At most [`MAX_COLUMNS`] columns.
pub fn fill_normals(draw: Draw, out: &mut [f32]) {
    fill_normals_with(Isa::best(), draw, out);
}

/// [`fill_normals`] on a chosen instruction set; all give the same bits.
pub fn fill_normals_with(isa: Isa, draw: Draw, out: &mut [f32]) {
    fill(isa, Law::Normal, draw, out);
}

/// Fills `out` with uniforms of the open interval (0, 1), 23 bits each, in the manner of [`fill_normals_with`].
pub fn fill_uniforms_with(isa: Isa, draw: Draw, out: &mut [f32]) {
    fill(isa, Law::Uniform, draw, out);
}

fn fill(isa: Isa, law: Law, draw: Draw, out: &mut [f32]) {
    debug_assert!(out.len() <= MAX_COLUMNS);
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the features.
        Isa::Avx512(l) => unsafe { fill_avx512(l, law, draw, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the features.
        Isa::Avx2(l) => unsafe { fill_avx2(l, law, draw, out) },
        Isa::Portable(l) => fill_portable(l, law, draw, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Domain;
    use crate::simd::{Body, Vectors, run};

    fn draw(element: u64, tick: u64) -> Draw {
        Draw { seed: 2026, domain: Domain::Read, element, tick }
    }

    /// Draws for the tests of the law.
    const SAMPLES: usize = 12_800_000;

    fn visit(mut f: impl FnMut(f32)) {
        let mut line = vec![0.0; 6400];
        for tick in 0..SAMPLES / line.len() {
            fill_normals(draw(3, tick as u64), &mut line);
            line.iter().for_each(|z| f(*z));
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let mut expected = vec![0.0; 5000];
        fill_normals_with(Isa::Portable(Portable), draw(0x00ab_cdef_0123_4567, 0x0012_3456_789a_bcde), &mut expected);
        for isa in Isa::all() {
            let mut got = vec![0.0; 5000];
            fill_normals_with(isa, draw(0x00ab_cdef_0123_4567, 0x0012_3456_789a_bcde), &mut got);
            assert!(got.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{}", isa.name());
        }
    }

    /// Each column against the double-precision formula on the words of its documented lane.
    #[test]
    fn columns_have_their_documented_address() {
        let d = draw(77, 5);
        let mut line = vec![0.0; 64 * 20];
        fill_normals(d, &mut line);
        for (column, z) in line.iter().enumerate() {
            let (j, k, b) = (column / 64, column / 16 % 4, column % 16);
            let words = d.words((16 * j + b) as u16);
            let (radius, angle) = (words[k / 2 * 2], words[k / 2 * 2 + 1]);
            let u = (f64::from(radius >> 1) + 0.5) / (1u64 << 31) as f64;
            let theta = f64::from((angle << 2) as i32) / (1u64 << 32) as f64 * std::f64::consts::FRAC_PI_2;
            let r = (-2.0 * u.ln()).sqrt();
            let cosine = if angle >> 31 == 1 { -theta.cos() } else { theta.cos() };
            let pair = [r * cosine, r * theta.sin()];
            let swapped = (angle >> 30) & 1 == 1;
            let expected = pair[(k % 2) ^ usize::from(swapped)];
            assert!((f64::from(*z) - expected).abs() < 2e-6, "column {column}: {z} against {expected}");
        }
    }

    /// One lane of many elements, each at its tick, against the same in double precision.
    #[test]
    fn elements_have_their_own_ticks() {
        struct Both;
        impl Body for Both {
            type Output = Vec<f32>;
            #[inline(always)]
            fn run<L: Vectors>(self, l: L) -> Vec<f32> {
                let ticks = std::array::from_fn(|i| 1000 * i as i32 + 7);
                let normals = normals_of16(l, draw(0, 0).key(), 0x12_3456_7890, l.load_word(&ticks), 3);
                let mut out = vec![0.0; 4 * LANES];
                for (n, to) in normals.into_iter().zip(out.as_chunks_mut().0) {
                    l.store(n, to);
                }
                out
            }
        }
        let expected = Both.run(Portable);
        for isa in Isa::all() {
            let got = run(isa, Both);
            assert!(got.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{}", isa.name());
        }
        for i in 0..LANES {
            let precise = draw(0x12_3456_7890 + i as u64, 1000 * i as u64 + 7).normals(3);
            for (k, z) in precise.into_iter().enumerate() {
                assert!((f64::from(expected[LANES * k + i]) - z).abs() < 2e-6, "normal {k} of element {i}");
            }
        }
    }

    #[test]
    fn moments_are_those_of_the_normal_law() {
        let mut sums = [0.0f64; 4];
        let (mut lag, mut last) = (0.0, 0.0);
        visit(|z| {
            let z = f64::from(z);
            let mut power = 1.0;
            for s in &mut sums {
                power *= z;
                *s += power;
            }
            lag += z * last;
            last = z;
        });
        let n = SAMPLES as f64;
        let expected = [0.0, 1.0, 0.0, 3.0];
        let spread = [1.0, 2.0, 15.0, 96.0f64];
        for i in 0..4 {
            let error = (sums[i] / n - expected[i]) / (spread[i] / n).sqrt();
            assert!(error.abs() < 4.5, "moment {}: {error} standard errors", i + 1);
        }
        assert!((lag / n.sqrt()).abs() < 4.5, "neighbouring columns are correlated");
    }

    /// Chi-square of a histogram with 120 bins of width 0.05 and both tails beyond 3.
    #[test]
    fn histogram_follows_the_normal_law() {
        let mut counts = vec![0u64; 122];
        visit(|z| counts[((f64::from(z) + 3.0) / 0.05 + 1.0).floor().clamp(0.0, 121.0) as usize] += 1);
        let cdf = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
        let mut chi2 = 0.0;
        for (bin, count) in counts.iter().enumerate() {
            let low = if bin == 0 { 0.0 } else { cdf(-3.0 + 0.05 * (bin as f64 - 1.0)) };
            let high = if bin == 121 { 1.0 } else { cdf(-3.0 + 0.05 * bin as f64) };
            let expected = (high - low) * SAMPLES as f64;
            chi2 += (*count as f64 - expected).powi(2) / expected;
        }
        // 121 degrees of freedom: mean 121, standard deviation 15.6
        assert!((60.0..190.0).contains(&chi2), "chi-square {chi2}");
    }

    /// Counts beyond 3, 4 and 5 standard deviations against the normal law, both signs.
    #[test]
    fn tails_are_those_of_the_normal_law() {
        let mut counts = [[0u64; 2]; 3];
        visit(|z| {
            for (i, limit) in [3.0, 4.0, 5.0].into_iter().enumerate() {
                if z.abs() > limit {
                    counts[i][usize::from(z < 0.0)] += 1;
                }
            }
        });
        for (i, limit) in [3.0f64, 4.0, 5.0].into_iter().enumerate() {
            let expected = 0.5 * libm::erfc(limit / std::f64::consts::SQRT_2) * SAMPLES as f64;
            for count in counts[i] {
                let error = (count as f64 - expected).abs();
                assert!(error < 4.5 * expected.sqrt() + 2.0, "{count} beyond {limit}, {expected} expected");
            }
        }
    }

    #[test]
    fn uniforms_are_the_words_of_their_lane() {
        let d = draw(12, 34);
        for isa in Isa::all() {
            let mut line = vec![0.0; 64 * 5 + 9];
            fill_uniforms_with(isa, d, &mut line);
            for (column, u) in line.iter().enumerate() {
                let (j, k, b) = (column / 64, column / 16 % 4, column % 16);
                let word = d.words((16 * j + b) as u16)[k];
                assert_eq!(*u, ((word >> 9) as f32 + 0.5) / 8_388_608.0, "{} column {column}", isa.name());
            }
        }
    }
}
