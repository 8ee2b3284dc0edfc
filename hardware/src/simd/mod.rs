//! Sixteen-lane vectors for the hot loops: one generic body, three instruction sets, the same bits.
//!
//! A body is written once over [`Lanes`], marked `#[inline(always)]`, and instantiated inside functions
//! that enable AVX-512, AVX2 or nothing ([`Isa::best`] chooses at run time; a plain x86-64 build is
//! SSE2). Every operation is a single correctly rounded IEEE 754 operation or integer arithmetic, so all
//! instruction sets agree to the bit; the one exception is [`Lanes::mul_add_exact`], which may be fused
//! and is only for operands whose exact result is representable.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod bytes;
mod doubles;
pub mod functions;
mod masks;
mod portable;
pub mod product;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
pub use doubles::{Body, DOUBLES, Doubles, run};
pub use masks::{Masks, Vectors};
pub use portable::Portable;

/// Number of lanes of every vector.
pub const LANES: usize = 16;

/// Operations on sixteen lanes. The implementing type is a token that proves the instruction set exists.
pub trait Lanes: Copy {
    /// Sixteen `f32`.
    type Float: Copy;
    /// Sixteen `u32` or `i32`.
    type Word: Copy;
    /// Sixteen 32-bit words, each in the low half of a 64-bit lane (the high half is arbitrary).
    type Wide: Copy;

    /// The same number in all lanes.
    fn splat(self, v: f32) -> Self::Float;
    /// Loads sixteen numbers.
    fn load(self, v: &[f32; LANES]) -> Self::Float;
    /// Stores sixteen numbers.
    fn store(self, v: Self::Float, to: &mut [f32; LANES]);
    /// Sum.
    fn add(self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// Difference.
    fn sub(self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// Product.
    fn mul(self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// Quotient.
    fn div(self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a·b + c` where product and sum are exactly representable, so that fusing changes nothing.
    fn mul_add_exact(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    /// `a·b + c` rounded once, on every instruction set.
    fn mul_add(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    /// Square root.
    fn sqrt(self, a: Self::Float) -> Self::Float;
    /// Nearest integer, ties to even.
    fn round(self, a: Self::Float) -> Self::Float;
    /// Smaller of two (no NaN).
    fn min(self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// Larger of two (no NaN).
    fn max(self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// Number of lanes that differ.
    fn count_unequal(self, a: Self::Float, b: Self::Float) -> u32;

    /// Bit pattern.
    fn bits_of_float(self, a: Self::Float) -> Self::Word;
    /// Number of a bit pattern.
    fn float_of_bits(self, a: Self::Word) -> Self::Float;
    /// Nearest `f32` of signed words.
    fn float_of_word(self, a: Self::Word) -> Self::Float;
    /// Signed words of floats that are integers; what they are for others depends on the instruction set.
    fn word_of_float(self, a: Self::Float) -> Self::Word;

    /// Numbers of `from` one after the other in the lanes whose bit is set in `lanes`, 0 in the others.
    fn expand(self, lanes: u16, from: &[f32; LANES]) -> Self::Float;

    /// The same word in all lanes.
    fn splat_word(self, v: u32) -> Self::Word;
    /// Loads sixteen words.
    fn load_word(self, v: &[i32; LANES]) -> Self::Word;
    /// Stores sixteen words.
    fn store_word(self, v: Self::Word, to: &mut [i32; LANES]);
    /// Bitwise and.
    fn and(self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Bitwise exclusive or.
    fn xor(self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Wrapping sum.
    fn add_word(self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Wrapping difference.
    fn sub_word(self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Low half of the product.
    fn mul_word(self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Absolute value of signed words.
    fn abs_word(self, a: Self::Word) -> Self::Word;
    /// Shift left.
    fn shl<const N: u32>(self, a: Self::Word) -> Self::Word;
    /// Logical shift right.
    fn shr<const N: u32>(self, a: Self::Word) -> Self::Word;
    /// Arithmetic shift right.
    fn sar<const N: u32>(self, a: Self::Word) -> Self::Word;

    /// The same word in all wide lanes.
    fn splat_wide(self, v: u32) -> Self::Wide;
    /// Words as wide lanes.
    fn widen(self, a: Self::Word) -> Self::Wide;
    /// Lane `b` holds `base + b·2^24` (wrapping): Philox counters of sixteen neighbouring lanes.
    fn counter_wide(self, base: u32) -> Self::Wide;
    /// 64-bit product of the low halves.
    fn mul_wide(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// High half of each 64-bit lane.
    fn high_wide(self, a: Self::Wide) -> Self::Wide;
    /// Bitwise exclusive or of three.
    fn xor3_wide(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide;
    /// Low halves as words, lane by lane.
    fn narrow(self, a: Self::Wide) -> Self::Word;
}

/// An instruction set that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512 (F, DQ, BW, VL).
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// Plain Rust.
    Portable(Portable),
}

impl Isa {
    /// The widest instruction set of this processor. The detection is cached by the standard library.
    #[must_use]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(token) = Avx512::detect() {
                return Self::Avx512(token);
            }
            if let Some(token) = Avx2::detect() {
                return Self::Avx2(token);
            }
        }
        Self::Portable(Portable)
    }

    /// Every instruction set of this processor, widest first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(Avx512::detect().map(Self::Avx512));
            all.extend(Avx2::detect().map(Self::Avx2));
        }
        all.push(Self::Portable(Portable));
        all
    }

    /// Name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            Self::Portable(_) => "portable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f32; LANES] = [0.5, 1.5, 2.5, -0.5, -1.5, 3.25, 1e6, 7.0, 0.1, 0.2, 0.3, 100.0, 4.0, 9.0, 2.0, 3.0];
    const B: [f32; LANES] = [1.5, -2.5, 2.5, 8.0, 0.1, 1.0, -1e6, 7.0, 3.0, 5.0, 0.7, 0.01, 2.0, 3.0, -4.0, 1e-3];

    fn everything<L: Lanes>(l: L) -> Vec<u32> {
        let (a, b) = (l.load(&A), l.load(&B));
        let (wa, wb) = (l.bits_of_float(a), l.bits_of_float(b));
        let mut out = vec![l.count_unequal(a, b)];
        let mut float = |v: L::Float| {
            let mut to = [0.0; LANES];
            l.store(v, &mut to);
            out.extend(to.map(f32::to_bits));
        };
        float(l.add(a, b));
        float(l.sub(a, b));
        float(l.mul(a, b));
        float(l.div(a, b));
        float(l.mul_add_exact(l.round(a), l.round(b), l.splat(3.0)));
        float(l.mul_add(a, b, l.splat(0.1)));
        float(l.sqrt(l.max(a, l.splat(0.0))));
        float(l.round(a));
        float(l.expand(0b1010_0110_0000_1111, &B));
        float(l.min(a, b));
        float(l.max(a, b));
        float(l.float_of_word(wa));
        float(l.float_of_bits(l.xor(wa, wb)));
        let mut word = |v: L::Word| {
            let mut to = [0; LANES];
            l.store_word(v, &mut to);
            out.extend(to.map(|w| w as u32));
        };
        word(l.word_of_float(l.round(a)));
        word(l.and(wa, l.splat_word(0xff00_ff00)));
        word(l.add_word(wa, wb));
        word(l.sub_word(wa, wb));
        word(l.mul_word(wa, l.splat_word(0x9E37_79B9)));
        word(l.abs_word(l.word_of_float(l.round(a))));
        word(l.shl::<3>(wa));
        word(l.shr::<5>(wb));
        word(l.sar::<7>(wb));
        word(l.load_word(&[-7; LANES]));
        let w = l.mul_wide(l.counter_wide(0x1234_5678), l.splat_wide(0xD251_1F53));
        word(l.narrow(w));
        word(l.narrow(l.high_wide(w)));
        word(l.narrow(l.xor3_wide(w, l.splat_wide(1), l.counter_wide(0xff00_0003))));
        out
    }

    #[test]
    fn instruction_sets_agree() {
        let expected = everything(Portable);
        for isa in Isa::all() {
            let got = match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512(l) => everything(l),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2(l) => everything(l),
                Isa::Portable(l) => everything(l),
            };
            assert_eq!(got, expected, "{}", isa.name());
        }
    }

    #[test]
    fn portable_means_what_it_says() {
        let l = Portable;
        assert_eq!(l.round(A)[..5], [0.0, 2.0, 2.0, -0.0, -2.0]);
        assert_eq!(l.counter_wide(5)[3] as u32, 5 + (3 << 24));
        assert_eq!(l.count_unequal(A, B), 14);
        let near = 1.0 + f32::EPSILON;
        let most = -1.0 - 2.0 * f32::EPSILON;
        assert_eq!(Lanes::mul_add(l, [near; LANES], [near; LANES], [most; LANES])[0], f32::EPSILON * f32::EPSILON);
    }
}
