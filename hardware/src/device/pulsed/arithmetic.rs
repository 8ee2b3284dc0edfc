//! What step laws are written in: one `f64` of a cell in a chip, or sixteen `f32` of an array, the same law.

use crate::simd::Lanes;
use crate::simd::functions;

/// Numbers that a step law calculates with.
pub(super) trait Arithmetic: Copy {
    /// A number, or one for each lane.
    type Number: Copy;
    /// Yes or no, or one for each lane.
    type Mask: Copy;

    /// A constant.
    fn number(self, v: f64) -> Self::Number;
    /// Sum.
    fn add(self, a: Self::Number, b: Self::Number) -> Self::Number;
    /// Difference.
    fn sub(self, a: Self::Number, b: Self::Number) -> Self::Number;
    /// Product.
    fn mul(self, a: Self::Number, b: Self::Number) -> Self::Number;
    /// Quotient.
    fn div(self, a: Self::Number, b: Self::Number) -> Self::Number;
    /// Larger of two.
    fn max(self, a: Self::Number, b: Self::Number) -> Self::Number;
    /// `e^x`.
    fn exp(self, x: Self::Number) -> Self::Number;
    /// `base^power` for a base that is not negative.
    fn power(self, base: Self::Number, power: Self::Number) -> Self::Number;
    /// `a` where the mask says yes, else `b`.
    fn select(self, mask: Self::Mask, a: Self::Number, b: Self::Number) -> Self::Number;
}

/// One `f64`, with the functions of `libm`: the same bits on every platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalar;

impl Arithmetic for Scalar {
    type Number = f64;
    type Mask = bool;

    fn number(self, v: f64) -> f64 {
        v
    }
    fn add(self, a: f64, b: f64) -> f64 {
        a + b
    }
    fn sub(self, a: f64, b: f64) -> f64 {
        a - b
    }
    fn mul(self, a: f64, b: f64) -> f64 {
        a * b
    }
    fn div(self, a: f64, b: f64) -> f64 {
        a / b
    }
    fn max(self, a: f64, b: f64) -> f64 {
        a.max(b)
    }
    fn exp(self, x: f64) -> f64 {
        libm::exp(x)
    }
    fn power(self, base: f64, power: f64) -> f64 {
        libm::pow(base, power)
    }
    fn select(self, mask: bool, a: f64, b: f64) -> f64 {
        if mask { a } else { b }
    }
}

impl<L: Lanes> Arithmetic for L {
    type Number = L::Float;
    type Mask = L::Word;

    #[inline(always)]
    fn number(self, v: f64) -> L::Float {
        self.splat(v as f32)
    }
    #[inline(always)]
    fn add(self, a: L::Float, b: L::Float) -> L::Float {
        Lanes::add(self, a, b)
    }
    #[inline(always)]
    fn sub(self, a: L::Float, b: L::Float) -> L::Float {
        Lanes::sub(self, a, b)
    }
    #[inline(always)]
    fn mul(self, a: L::Float, b: L::Float) -> L::Float {
        Lanes::mul(self, a, b)
    }
    #[inline(always)]
    fn div(self, a: L::Float, b: L::Float) -> L::Float {
        Lanes::div(self, a, b)
    }
    #[inline(always)]
    fn max(self, a: L::Float, b: L::Float) -> L::Float {
        Lanes::max(self, a, b)
    }
    #[inline(always)]
    fn exp(self, x: L::Float) -> L::Float {
        functions::exp(self, x)
    }
    /// By logarithm and exponential; a base below the least normal number counts as that.
    #[inline(always)]
    fn power(self, base: L::Float, power: L::Float) -> L::Float {
        let base = Lanes::max(self, base, self.splat(f32::MIN_POSITIVE));
        functions::exp(self, Lanes::mul(self, power, functions::ln(self, base)))
    }
    #[inline(always)]
    fn select(self, mask: L::Word, a: L::Float, b: L::Float) -> L::Float {
        functions::select(self, mask, a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{LANES, Portable};

    #[test]
    fn both_arithmetics_agree() {
        for i in 1..200 {
            let (x, p) = (0.005 * f64::from(i), 0.3 + 0.01 * f64::from(i));
            let wide = Arithmetic::power(Portable, [x as f32; LANES], [p as f32; LANES])[5];
            assert!((f64::from(wide) - Scalar.power(x, p)).abs() < 1e-6, "{x}^{p}: {wide}");
        }
        assert!(Arithmetic::power(Portable, [0.0; LANES], [2.0; LANES])[0] < 1e-30);
    }
}
