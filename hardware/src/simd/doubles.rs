//! Eight `f64` lanes on the same tokens as [`super::Lanes`].
//!
//! [`Doubles::mul_add`] is fused everywhere (one rounding), so that all instruction sets agree to the bit; a
//! processor without such an instruction calculates it in software, slowly.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};
use super::{Isa, Portable, Vectors};

/// Number of lanes of a vector of `f64`.
pub const DOUBLES: usize = 8;

/// Operations on eight `f64`.
pub trait Doubles: Copy {
    /// Eight `f64`.
    type Double: Copy;
    /// Vectors that the register file holds.
    const VECTORS: usize;

    /// The same number in all lanes.
    fn splat_f64(self, v: f64) -> Self::Double;
    /// Loads eight numbers.
    fn load_f64(self, v: &[f64; DOUBLES]) -> Self::Double;
    /// Stores eight numbers.
    fn store_f64(self, v: Self::Double, to: &mut [f64; DOUBLES]);
    /// Loads eight signed words as numbers.
    fn load_i32(self, v: &[i32; DOUBLES]) -> Self::Double;
    /// Stores the nearest `f32` of eight numbers.
    fn store_f32(self, v: Self::Double, to: &mut [f32; DOUBLES]);
    /// Difference.
    fn sub_f64(self, a: Self::Double, b: Self::Double) -> Self::Double;
    /// Product.
    fn mul_f64(self, a: Self::Double, b: Self::Double) -> Self::Double;
    /// `a·b + c` with one rounding.
    fn mul_add(self, a: Self::Double, b: Self::Double, c: Self::Double) -> Self::Double;
    /// Asks for a cache line that is needed soon.
    fn prefetch<T>(self, place: &T);
    /// `max(a, |b|)` where `a` is not negative (no NaN).
    fn max_abs(self, a: Self::Double, b: Self::Double) -> Self::Double;
}

/// A body that runs on any instruction set; [`run`] instantiates it for each.
pub trait Body {
    /// What it returns.
    type Output;
    /// Does the work; must be `#[inline(always)]` so that it is compiled for the instruction set.
    fn run<L: Vectors>(self, l: L) -> Self::Output;
}

/// Runs a body on an instruction set.
pub fn run<B: Body>(isa: Isa, body: B) -> B::Output {
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the features.
        Isa::Avx512(l) => unsafe { run_avx512(l, body) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the token proves that the processor has the features.
        Isa::Avx2(l) => unsafe { run_avx2(l, body) },
        Isa::Portable(l) => body.run(l),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,fma,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx512<B: Body>(l: Avx512, body: B) -> B::Output {
    body.run(l)
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx2<B: Body>(l: Avx2, body: B) -> B::Output {
    body.run(l)
}

#[cfg(target_arch = "x86_64")]
impl Doubles for Avx512 {
    type Double = __m512d;
    const VECTORS: usize = 32;

    #[inline(always)]
    fn splat_f64(self, v: f64) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_set1_pd(v) }
    }
    #[inline(always)]
    fn load_f64(self, v: &[f64; DOUBLES]) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_loadu_pd(v.as_ptr()) }
    }
    #[inline(always)]
    fn store_f64(self, v: Self::Double, to: &mut [f64; DOUBLES]) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_storeu_pd(to.as_mut_ptr(), v) }
    }
    #[inline(always)]
    fn load_i32(self, v: &[i32; DOUBLES]) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_cvtepi32_pd(_mm256_loadu_si256(v.as_ptr().cast())) }
    }
    #[inline(always)]
    fn store_f32(self, v: Self::Double, to: &mut [f32; DOUBLES]) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), _mm512_cvtpd_ps(v)) }
    }
    #[inline(always)]
    fn sub_f64(self, a: Self::Double, b: Self::Double) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_sub_pd(a, b) }
    }
    #[inline(always)]
    fn mul_f64(self, a: Self::Double, b: Self::Double) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_mul_pd(a, b) }
    }
    #[inline(always)]
    fn mul_add(self, a: Self::Double, b: Self::Double, c: Self::Double) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_fmadd_pd(a, b, c) }
    }
    #[inline(always)]
    fn prefetch<T>(self, place: &T) {
        // SAFETY: prefetching has no effect on memory.
        unsafe { _mm_prefetch::<_MM_HINT_T0>((&raw const *place).cast()) }
    }
    #[inline(always)]
    fn max_abs(self, a: Self::Double, b: Self::Double) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { _mm512_max_pd(a, _mm512_abs_pd(b)) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Doubles for Avx2 {
    type Double = [__m256d; 2];
    const VECTORS: usize = 8;

    #[inline(always)]
    fn splat_f64(self, v: f64) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_set1_pd(v); 2] }
    }
    #[inline(always)]
    fn load_f64(self, v: &[f64; DOUBLES]) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_loadu_pd(v.as_ptr()), _mm256_loadu_pd(v.as_ptr().add(4))] }
    }
    #[inline(always)]
    fn store_f64(self, v: Self::Double, to: &mut [f64; DOUBLES]) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            _mm256_storeu_pd(to.as_mut_ptr(), v[0]);
            _mm256_storeu_pd(to.as_mut_ptr().add(4), v[1]);
        }
    }
    #[inline(always)]
    fn load_i32(self, v: &[i32; DOUBLES]) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let half = |n: usize| _mm256_cvtepi32_pd(_mm_loadu_si128(v.as_ptr().add(n).cast()));
            [half(0), half(4)]
        }
    }
    #[inline(always)]
    fn store_f32(self, v: Self::Double, to: &mut [f32; DOUBLES]) {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            _mm_storeu_ps(to.as_mut_ptr(), _mm256_cvtpd_ps(v[0]));
            _mm_storeu_ps(to.as_mut_ptr().add(4), _mm256_cvtpd_ps(v[1]));
        }
    }
    #[inline(always)]
    fn sub_f64(self, a: Self::Double, b: Self::Double) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_sub_pd(a[0], b[0]), _mm256_sub_pd(a[1], b[1])] }
    }
    #[inline(always)]
    fn mul_f64(self, a: Self::Double, b: Self::Double) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_mul_pd(a[0], b[0]), _mm256_mul_pd(a[1], b[1])] }
    }
    #[inline(always)]
    fn mul_add(self, a: Self::Double, b: Self::Double, c: Self::Double) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe { [_mm256_fmadd_pd(a[0], b[0], c[0]), _mm256_fmadd_pd(a[1], b[1], c[1])] }
    }
    #[inline(always)]
    fn prefetch<T>(self, place: &T) {
        // SAFETY: prefetching has no effect on memory.
        unsafe { _mm_prefetch::<_MM_HINT_T0>((&raw const *place).cast()) }
    }
    #[inline(always)]
    fn max_abs(self, a: Self::Double, b: Self::Double) -> Self::Double {
        // SAFETY: the token exists only where the instruction set was detected.
        unsafe {
            let sign = _mm256_set1_pd(-0.0);
            [_mm256_max_pd(a[0], _mm256_andnot_pd(sign, b[0])), _mm256_max_pd(a[1], _mm256_andnot_pd(sign, b[1]))]
        }
    }
}

impl Doubles for Portable {
    type Double = [f64; DOUBLES];
    const VECTORS: usize = 8;

    #[inline(always)]
    fn splat_f64(self, v: f64) -> Self::Double {
        [v; DOUBLES]
    }
    #[inline(always)]
    fn load_f64(self, v: &[f64; DOUBLES]) -> Self::Double {
        *v
    }
    #[inline(always)]
    fn store_f64(self, v: Self::Double, to: &mut [f64; DOUBLES]) {
        *to = v;
    }
    #[inline(always)]
    fn load_i32(self, v: &[i32; DOUBLES]) -> Self::Double {
        v.map(f64::from)
    }
    #[inline(always)]
    fn store_f32(self, v: Self::Double, to: &mut [f32; DOUBLES]) {
        *to = v.map(|v| v as f32);
    }
    #[inline(always)]
    fn sub_f64(self, a: Self::Double, b: Self::Double) -> Self::Double {
        std::array::from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn mul_f64(self, a: Self::Double, b: Self::Double) -> Self::Double {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn mul_add(self, a: Self::Double, b: Self::Double, c: Self::Double) -> Self::Double {
        std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
    }
    #[inline(always)]
    fn prefetch<T>(self, _: &T) {}
    #[inline(always)]
    fn max_abs(self, a: Self::Double, b: Self::Double) -> Self::Double {
        std::array::from_fn(|i| if b[i].abs() > a[i] { b[i].abs() } else { a[i] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Everything;
    impl Body for Everything {
        type Output = Vec<u64>;
        #[inline(always)]
        fn run<L: Doubles>(self, l: L) -> Vec<u64> {
            let a = l.load_f64(&[0.1, -0.2, 3.0, 1e-300, 7.7, -1e9, 0.0, 2.5]);
            let b = l.load_f64(&[0.3, 5.0, -0.7, 1e-20, 1.0 / 3.0, 1e-9, -4.0, -2.5]);
            let mut out = Vec::new();
            for v in [
                l.sub_f64(a, b),
                l.mul_f64(a, b),
                l.mul_add(a, b, l.splat_f64(0.1)),
                l.max_abs(l.splat_f64(0.2), a),
                l.max_abs(l.splat_f64(0.0), b),
                l.load_i32(&[0, -1, 7, i32::MIN, i32::MAX, 1 << 24, -5, 99]),
            ] {
                let mut to = [0.0; DOUBLES];
                l.store_f64(v, &mut to);
                out.extend(to.map(f64::to_bits));
            }
            let mut to = [0.0; DOUBLES];
            l.store_f32(l.mul_f64(a, b), &mut to);
            out.extend(to.map(|v| u64::from(v.to_bits())));
            out
        }
    }

    #[test]
    fn instruction_sets_agree() {
        let expected = Everything.run(Portable);
        for isa in Isa::all() {
            assert_eq!(run(isa, Everything), expected, "{}", isa.name());
        }
        // fused: the product is not rounded
        assert_eq!(f64::from_bits(expected[16]), 0.1f64.mul_add(0.3, 0.1));
        assert_eq!(f64::from_bits(expected[43]), f64::from(i32::MIN));
        assert_eq!(f32::from_bits(expected[48] as u32), (0.1 * 0.3) as f32);
    }
}
