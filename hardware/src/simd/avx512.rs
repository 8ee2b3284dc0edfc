//! AVX-512: one register of sixteen lanes.

use std::arch::x86_64::*;

use super::{LANES, Lanes};

/// Proof that the processor has AVX-512 F, DQ, BW and VL, and what [`super::Avx2`] proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Avx512(());

impl Avx512 {
    /// The token, if this processor has the instructions.
    #[must_use]
    pub fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && super::Avx2::detect().is_some();
        found.then_some(Self(()))
    }
}

/// Even and odd 64-bit lanes stand in two registers: lane `2i` of a word vector is lane `i` of the first.
impl Lanes for Avx512 {
    type Float = __m512;
    type Word = __m512i;
    type Wide = [__m512i; 2];

    #[inline(always)]
    fn splat(self, v: f32) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_set1_ps(v) }
    }
    #[inline(always)]
    fn load(self, v: &[f32; LANES]) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_loadu_ps(v.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, v: Self::Float, to: &mut [f32; LANES]) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), v) }
    }
    #[inline(always)]
    fn add(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::Float, b: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn mul_add_exact(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn mul_add(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        self.mul_add_exact(a, b, c)
    }
    #[inline(always)]
    fn sqrt(self, a: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_sqrt_ps(a) }
    }
    #[inline(always)]
    fn round(self, a: Self::Float) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn count_unequal(self, a: Self::Float, b: Self::Float) -> u32 {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { u32::from(_mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(a, b)).count_ones() }
    }
    #[inline(always)]
    fn bits_of_float(self, a: Self::Float) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_castps_si512(a) }
    }
    #[inline(always)]
    fn float_of_bits(self, a: Self::Word) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_castsi512_ps(a) }
    }
    #[inline(always)]
    fn float_of_word(self, a: Self::Word) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn word_of_float(self, a: Self::Float) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_cvtps_epi32(a) }
    }
    #[inline(always)]
    fn expand(self, lanes: u16, from: &[f32; LANES]) -> Self::Float {
        // SAFETY: the token exists only where the instruction set was detected; no lane reads beyond sixteen.
        unsafe { _mm512_maskz_expandloadu_ps(lanes, from.as_ptr()) }
    }
    #[inline(always)]
    fn splat_word(self, v: u32) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_set1_epi32(v as i32) }
    }
    #[inline(always)]
    fn load_word(self, v: &[i32; LANES]) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_loadu_epi32(v.as_ptr()) }
    }
    #[inline(always)]
    fn store_word(self, v: Self::Word, to: &mut [i32; LANES]) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_storeu_epi32(to.as_mut_ptr(), v) }
    }
    #[inline(always)]
    fn and(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_and_si512(a, b) }
    }
    #[inline(always)]
    fn xor(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_xor_si512(a, b) }
    }
    #[inline(always)]
    fn add_word(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_add_epi32(a, b) }
    }
    #[inline(always)]
    fn sub_word(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_sub_epi32(a, b) }
    }
    #[inline(always)]
    fn mul_word(self, a: Self::Word, b: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_mullo_epi32(a, b) }
    }
    #[inline(always)]
    fn abs_word(self, a: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_abs_epi32(a) }
    }
    #[inline(always)]
    fn shl<const N: u32>(self, a: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_slli_epi32::<N>(a) }
    }
    #[inline(always)]
    fn shr<const N: u32>(self, a: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_srli_epi32::<N>(a) }
    }
    #[inline(always)]
    fn sar<const N: u32>(self, a: Self::Word) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_srai_epi32::<N>(a) }
    }
    #[inline(always)]
    fn splat_wide(self, v: u32) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm512_set1_epi64(i64::from(v)); 2] }
    }
    #[inline(always)]
    fn widen(self, a: Self::Word) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [a, _mm512_srli_epi64::<32>(a)] }
    }
    #[inline(always)]
    fn counter_wide(self, base: u32) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let even = _mm512_setr_epi64(0, 2 << 24, 4 << 24, 6 << 24, 8 << 24, 10 << 24, 12 << 24, 14 << 24);
            let base = _mm512_set1_epi64(i64::from(base));
            [_mm512_add_epi64(base, even), _mm512_add_epi64(_mm512_add_epi64(base, even), _mm512_set1_epi64(1 << 24))]
        }
    }
    #[inline(always)]
    fn mul_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm512_mul_epu32(a[0], b[0]), _mm512_mul_epu32(a[1], b[1])] }
    }
    #[inline(always)]
    fn high_wide(self, a: Self::Wide) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm512_srli_epi64::<32>(a[0]), _mm512_srli_epi64::<32>(a[1])] }
    }
    #[inline(always)]
    fn xor3_wide(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            const XOR3: i32 = 0x96;
            [_mm512_ternarylogic_epi64::<XOR3>(a[0], b[0], c[0]), _mm512_ternarylogic_epi64::<XOR3>(a[1], b[1], c[1])]
        }
    }
    #[inline(always)]
    fn narrow(self, a: Self::Wide) -> Self::Word {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_mask_blend_epi32(0xAAAA, a[0], _mm512_slli_epi64::<32>(a[1])) }
    }
}
