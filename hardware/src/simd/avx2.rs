//! AVX2: two registers of eight lanes.

use std::arch::x86_64::*;

use super::{LANES, Lanes};

/// Proof that the processor has AVX2, FMA and the bit instructions of their time (BMI1, BMI2, LZCNT, POPCNT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    /// The token, if this processor has the instructions.
    #[must_use]
    pub fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        found.then_some(Self(()))
    }
}

/// Even and odd 64-bit lanes of each half stand in two registers: `[even low, odd low, even high, odd high]`.
impl Lanes for Avx2 {
    type Float = [__m256; 2];
    type Word = [__m256i; 2];
    type Wide = [__m256i; 4];

    #[inline(always)]
    fn splat(self, v: f32) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_set1_ps(v); 2] }
    }
    #[inline(always)]
    fn load(self, v: &[f32; LANES]) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_loadu_ps(v.as_ptr()), _mm256_loadu_ps(v.as_ptr().add(8))] }
    }
    #[inline(always)]
    fn store(self, v: Self::Float, to: &mut [f32; LANES]) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), v[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), v[1]);
        }
    }
    #[inline(always)]
    fn add(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn sub(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn mul(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn div(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn min(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn max(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn mul_add_exact(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }
    #[inline(always)]
    fn mul_add(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        self.mul_add_exact(a, b, c)
    }
    #[inline(always)]
    fn sqrt(self, a: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_sqrt_ps(a[0]), _mm256_sqrt_ps(a[1])] }
    }
    #[inline(always)]
    fn round(self, a: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            [
                _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a[0]),
                _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a[1]),
            ]
        }
    }
    #[inline(always)]
    fn count_unequal(self, a: Self::Float, b: Self::Float) -> u32 {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let low = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(a[0], b[0])) as u32;
            let high = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(a[1], b[1])) as u32;
            low.count_ones() + high.count_ones()
        }
    }
    #[inline(always)]
    fn bits_of_float(self, a: Self::Float) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_castps_si256(a[0]), _mm256_castps_si256(a[1])] }
    }
    #[inline(always)]
    fn float_of_bits(self, a: Self::Word) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_castsi256_ps(a[0]), _mm256_castsi256_ps(a[1])] }
    }
    #[inline(always)]
    fn float_of_word(self, a: Self::Word) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_cvtepi32_ps(a[0]), _mm256_cvtepi32_ps(a[1])] }
    }
    #[inline(always)]
    fn word_of_float(self, a: Self::Float) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_cvtps_epi32(a[0]), _mm256_cvtps_epi32(a[1])] }
    }
    #[inline(always)]
    fn expand(self, lanes: u16, from: &[f32; LANES]) -> Self::Float {
        self.load(&super::portable::spread(lanes, from))
    }
    #[inline(always)]
    fn splat_word(self, v: u32) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_set1_epi32(v as i32); 2] }
    }
    #[inline(always)]
    fn load_word(self, v: &[i32; LANES]) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let at = v.as_ptr().cast::<__m256i>();
            [_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))]
        }
    }
    #[inline(always)]
    fn store_word(self, v: Self::Word, to: &mut [i32; LANES]) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let at = to.as_mut_ptr().cast::<__m256i>();
            _mm256_storeu_si256(at, v[0]);
            _mm256_storeu_si256(at.add(1), v[1]);
        }
    }
    #[inline(always)]
    fn and(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_and_si256(a[0], b[0]), _mm256_and_si256(a[1], b[1])] }
    }
    #[inline(always)]
    fn xor(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_xor_si256(a[0], b[0]), _mm256_xor_si256(a[1], b[1])] }
    }
    #[inline(always)]
    fn add_word(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])] }
    }
    #[inline(always)]
    fn sub_word(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_sub_epi32(a[0], b[0]), _mm256_sub_epi32(a[1], b[1])] }
    }
    #[inline(always)]
    fn mul_word(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_mullo_epi32(a[0], b[0]), _mm256_mullo_epi32(a[1], b[1])] }
    }
    #[inline(always)]
    fn abs_word(self, a: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_abs_epi32(a[0]), _mm256_abs_epi32(a[1])] }
    }
    #[inline(always)]
    fn shl<const N: u32>(self, a: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let by = _mm_cvtsi32_si128(N as i32);
            [_mm256_sll_epi32(a[0], by), _mm256_sll_epi32(a[1], by)]
        }
    }
    #[inline(always)]
    fn shr<const N: u32>(self, a: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let by = _mm_cvtsi32_si128(N as i32);
            [_mm256_srl_epi32(a[0], by), _mm256_srl_epi32(a[1], by)]
        }
    }
    #[inline(always)]
    fn sar<const N: u32>(self, a: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let by = _mm_cvtsi32_si128(N as i32);
            [_mm256_sra_epi32(a[0], by), _mm256_sra_epi32(a[1], by)]
        }
    }
    #[inline(always)]
    fn splat_wide(self, v: u32) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_set1_epi64x(i64::from(v)); 4] }
    }
    #[inline(always)]
    fn widen(self, a: Self::Word) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [a[0], _mm256_srli_epi64::<32>(a[0]), a[1], _mm256_srli_epi64::<32>(a[1])] }
    }
    #[inline(always)]
    fn counter_wide(self, base: u32) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let base = _mm256_set1_epi64x(i64::from(base));
            let even = _mm256_add_epi64(base, _mm256_setr_epi64x(0, 2 << 24, 4 << 24, 6 << 24));
            let (one, eight) = (_mm256_set1_epi64x(1 << 24), _mm256_set1_epi64x(8 << 24));
            let odd = _mm256_add_epi64(even, one);
            [even, odd, _mm256_add_epi64(even, eight), _mm256_add_epi64(odd, eight)]
        }
    }
    #[inline(always)]
    fn mul_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            [
                _mm256_mul_epu32(a[0], b[0]),
                _mm256_mul_epu32(a[1], b[1]),
                _mm256_mul_epu32(a[2], b[2]),
                _mm256_mul_epu32(a[3], b[3]),
            ]
        }
    }
    #[inline(always)]
    fn high_wide(self, a: Self::Wide) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            [
                _mm256_srli_epi64::<32>(a[0]),
                _mm256_srli_epi64::<32>(a[1]),
                _mm256_srli_epi64::<32>(a[2]),
                _mm256_srli_epi64::<32>(a[3]),
            ]
        }
    }
    #[inline(always)]
    fn xor3_wide(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let mut out = a;
            for i in 0..4 {
                out[i] = _mm256_xor_si256(_mm256_xor_si256(a[i], b[i]), c[i]);
            }
            out
        }
    }
    #[inline(always)]
    fn narrow(self, a: Self::Wide) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            [
                _mm256_blend_epi32::<0xAA>(a[0], _mm256_slli_epi64::<32>(a[1])),
                _mm256_blend_epi32::<0xAA>(a[2], _mm256_slli_epi64::<32>(a[3])),
            ]
        }
    }
}
