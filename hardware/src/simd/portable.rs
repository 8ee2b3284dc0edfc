//! Plain Rust, for processors without AVX2 and for other architectures.

use super::{LANES, Lanes};

/// Plain Rust on arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portable;

#[inline(always)]
fn map<A: Copy, B: Copy + Default>(a: [A; LANES], f: impl Fn(A) -> B) -> [B; LANES] {
    let mut out = [B::default(); LANES];
    for (o, a) in out.iter_mut().zip(a) {
        *o = f(a);
    }
    out
}

#[inline(always)]
fn zip<A: Copy, B: Copy + Default>(a: [A; LANES], b: [A; LANES], f: impl Fn(A, A) -> B) -> [B; LANES] {
    let mut out = [B::default(); LANES];
    for i in 0..LANES {
        out[i] = f(a[i], b[i]);
    }
    out
}

/// What [`Lanes::expand`] yields.
pub(super) fn spread(lanes: u16, from: &[f32; LANES]) -> [f32; LANES] {
    let mut next = from.iter();
    std::array::from_fn(|i| if lanes >> i & 1 == 1 { next.next().copied().unwrap_or(0.0) } else { 0.0 })
}

impl Lanes for Portable {
    type Float = [f32; LANES];
    type Word = [u32; LANES];
    type Wide = [u64; LANES];

    #[inline(always)]
    fn splat(self, v: f32) -> Self::Float {
        [v; LANES]
    }
    #[inline(always)]
    fn load(self, v: &[f32; LANES]) -> Self::Float {
        *v
    }
    #[inline(always)]
    fn store(self, v: Self::Float, to: &mut [f32; LANES]) {
        *to = v;
    }
    #[inline(always)]
    fn add(self, a: Self::Float, b: Self::Float) -> Self::Float {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Self::Float, b: Self::Float) -> Self::Float {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Self::Float, b: Self::Float) -> Self::Float {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: Self::Float, b: Self::Float) -> Self::Float {
        zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn mul_add_exact(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        self.add(self.mul(a, b), c)
    }
    #[inline(always)]
    fn mul_add(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float {
        let mut out = c;
        for i in 0..LANES {
            out[i] = a[i].mul_add(b[i], c[i]);
        }
        out
    }
    #[inline(always)]
    fn sqrt(self, a: Self::Float) -> Self::Float {
        map(a, f32::sqrt)
    }
    #[inline(always)]
    fn round(self, a: Self::Float) -> Self::Float {
        map(a, f32::round_ties_even)
    }
    #[inline(always)]
    fn min(self, a: Self::Float, b: Self::Float) -> Self::Float {
        zip(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn max(self, a: Self::Float, b: Self::Float) -> Self::Float {
        zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn count_unequal(self, a: Self::Float, b: Self::Float) -> u32 {
        zip(a, b, |a, b| u32::from(a != b)).iter().sum()
    }

    #[inline(always)]
    fn bits_of_float(self, a: Self::Float) -> Self::Word {
        map(a, f32::to_bits)
    }
    #[inline(always)]
    fn float_of_bits(self, a: Self::Word) -> Self::Float {
        map(a, f32::from_bits)
    }
    #[inline(always)]
    fn float_of_word(self, a: Self::Word) -> Self::Float {
        map(a, |a| a as i32 as f32)
    }
    #[inline(always)]
    fn word_of_float(self, a: Self::Float) -> Self::Word {
        map(a, |a| a as i32 as u32)
    }

    #[inline(always)]
    fn expand(self, lanes: u16, from: &[f32; LANES]) -> Self::Float {
        spread(lanes, from)
    }
    #[inline(always)]
    fn splat_word(self, v: u32) -> Self::Word {
        [v; LANES]
    }
    #[inline(always)]
    fn load_word(self, v: &[i32; LANES]) -> Self::Word {
        map(*v, |v| v as u32)
    }
    #[inline(always)]
    fn store_word(self, v: Self::Word, to: &mut [i32; LANES]) {
        *to = map(v, |v| v as i32);
    }
    #[inline(always)]
    fn and(self, a: Self::Word, b: Self::Word) -> Self::Word {
        zip(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn xor(self, a: Self::Word, b: Self::Word) -> Self::Word {
        zip(a, b, |a, b| a ^ b)
    }
    #[inline(always)]
    fn add_word(self, a: Self::Word, b: Self::Word) -> Self::Word {
        zip(a, b, u32::wrapping_add)
    }
    #[inline(always)]
    fn sub_word(self, a: Self::Word, b: Self::Word) -> Self::Word {
        zip(a, b, u32::wrapping_sub)
    }
    #[inline(always)]
    fn mul_word(self, a: Self::Word, b: Self::Word) -> Self::Word {
        zip(a, b, u32::wrapping_mul)
    }
    #[inline(always)]
    fn abs_word(self, a: Self::Word) -> Self::Word {
        map(a, |a| (a as i32).unsigned_abs())
    }
    #[inline(always)]
    fn shl<const N: u32>(self, a: Self::Word) -> Self::Word {
        map(a, |a| a << N)
    }
    #[inline(always)]
    fn shr<const N: u32>(self, a: Self::Word) -> Self::Word {
        map(a, |a| a >> N)
    }
    #[inline(always)]
    fn sar<const N: u32>(self, a: Self::Word) -> Self::Word {
        map(a, |a| ((a as i32) >> N) as u32)
    }

    #[inline(always)]
    fn splat_wide(self, v: u32) -> Self::Wide {
        [u64::from(v); LANES]
    }
    #[inline(always)]
    fn widen(self, a: Self::Word) -> Self::Wide {
        a.map(u64::from)
    }
    #[inline(always)]
    fn counter_wide(self, base: u32) -> Self::Wide {
        let mut out = [0; LANES];
        for (b, o) in out.iter_mut().enumerate() {
            *o = u64::from(base.wrapping_add((b as u32) << 24));
        }
        out
    }
    #[inline(always)]
    fn mul_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        zip(a, b, |a, b| (a & 0xffff_ffff) * (b & 0xffff_ffff))
    }
    #[inline(always)]
    fn high_wide(self, a: Self::Wide) -> Self::Wide {
        map(a, |a| a >> 32)
    }
    #[inline(always)]
    fn xor3_wide(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide {
        zip(zip(a, b, |a, b| a ^ b), c, |a, b| a ^ b)
    }
    #[inline(always)]
    fn narrow(self, a: Self::Wide) -> Self::Word {
        map(a, |a| a as u32)
    }
}
