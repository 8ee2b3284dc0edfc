//! Comparison and choice on sixteen lanes, for bodies in which lanes take different ways. A mask has one
//! bit for each lane, lane 0 lowest, so that the logic of ways is that of integers.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};
use super::{Doubles, LANES, Lanes, Portable};

/// Lanes that differ in what they do.
pub trait Masks: Lanes {
    /// Lanes with `a <= b`; none where one is NaN.
    fn less_equal(self, a: Self::Float, b: Self::Float) -> u16;
    /// Lanes with `a > b`; none where one is NaN.
    fn greater(self, a: Self::Float, b: Self::Float) -> u16;
    /// `a` in the lanes of the mask, `b` in the others.
    fn select(self, mask: u16, a: Self::Float, b: Self::Float) -> Self::Float;
}

/// Everything that a body may ask of an instruction set.
pub trait Vectors: Lanes + Doubles + Masks {}
impl<T: Lanes + Doubles + Masks> Vectors for T {}

#[cfg(target_arch = "x86_64")]
impl Masks for Avx512 {
    #[inline(always)]
    fn less_equal(self, a: Self::Float, b: Self::Float) -> u16 {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    fn greater(self, a: Self::Float, b: Self::Float) -> u16 {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b) }
    }
    #[inline(always)]
    fn select(self, mask: u16, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_mask_blend_ps(mask, b, a) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Masks for Avx2 {
    #[inline(always)]
    fn less_equal(self, a: Self::Float, b: Self::Float) -> u16 {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let low = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(a[0], b[0]));
            let high = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(a[1], b[1]));
            (low | (high << 8)) as u16
        }
    }
    #[inline(always)]
    fn greater(self, a: Self::Float, b: Self::Float) -> u16 {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let low = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(a[0], b[0]));
            let high = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(a[1], b[1]));
            (low | (high << 8)) as u16
        }
    }
    #[inline(always)]
    fn select(self, mask: u16, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let lanes = |m: u16| {
                let all = _mm256_set1_epi32(i32::from(m));
                _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(all, bits), bits))
            };
            [_mm256_blendv_ps(b[0], a[0], lanes(mask)), _mm256_blendv_ps(b[1], a[1], lanes(mask >> 8))]
        }
    }
}

impl Masks for Portable {
    #[inline(always)]
    fn less_equal(self, a: Self::Float, b: Self::Float) -> u16 {
        (0..LANES).fold(0, |mask, i| mask | (u16::from(a[i] <= b[i]) << i))
    }
    #[inline(always)]
    fn greater(self, a: Self::Float, b: Self::Float) -> u16 {
        (0..LANES).fold(0, |mask, i| mask | (u16::from(a[i] > b[i]) << i))
    }
    #[inline(always)]
    fn select(self, mask: u16, a: Self::Float, b: Self::Float) -> Self::Float {
        let mut out = b;
        for i in 0..LANES {
            if mask >> i & 1 == 1 {
                out[i] = a[i];
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Body, Isa, run};
    use super::*;

    const A: [f32; LANES] =
        [0.5, f32::NAN, 2.5, -0.5, -1.5, 3.25, 1e6, 7.0, 0.1, 0.2, f32::INFINITY, 100.0, 4.0, 9.0, -0.0, 3.0];
    const B: [f32; LANES] =
        [1.5, -2.5, 2.5, 8.0, 0.1, 1.0, -1e6, 7.0, 3.0, f32::NAN, 0.7, 0.01, 2.0, 3.0, 0.0, f32::NEG_INFINITY];

    struct Everything;
    impl Body for Everything {
        type Output = (u16, u16, Vec<u32>);
        #[inline(always)]
        fn run<L: Vectors>(self, l: L) -> Self::Output {
            let (a, b) = (l.load(&A), l.load(&B));
            let mut out = Vec::new();
            for v in [l.div(b, a), l.select(0b1010_0110_0101_1101, a, b)] {
                let mut to = [0.0; LANES];
                l.store(v, &mut to);
                out.extend(to.map(f32::to_bits));
            }
            let mut words = [0; LANES];
            l.store_word(l.narrow(l.mul_wide(l.widen(l.bits_of_float(b)), l.splat_wide(3))), &mut words);
            out.extend(words.map(|w| w as u32));
            (l.less_equal(a, b), l.greater(a, b), out)
        }
    }

    #[test]
    fn instruction_sets_agree_and_mean_what_they_say() {
        let expected = Everything.run(Portable);
        for isa in Isa::all() {
            let (le, gt, values) = run(isa, Everything);
            assert_eq!((le, gt), (expected.0, expected.1), "{}", isa.name());
            // a quotient that is NaN may have any sign
            for (a, b) in values.iter().zip(&expected.2) {
                assert!(a == b || f32::from_bits(*a).is_nan() && f32::from_bits(*b).is_nan(), "{}", isa.name());
            }
        }
        for i in 0..LANES {
            assert_eq!(expected.0 >> i & 1 == 1, A[i] <= B[i]);
            assert_eq!(expected.1 >> i & 1 == 1, A[i] > B[i]);
            let chosen = if 0b1010_0110_0101_1101u16 >> i & 1 == 1 { A[i] } else { B[i] };
            assert_eq!(expected.2[LANES + i], chosen.to_bits());
            assert_eq!(expected.2[2 * LANES + i], B[i].to_bits().wrapping_mul(3));
        }
    }
}
