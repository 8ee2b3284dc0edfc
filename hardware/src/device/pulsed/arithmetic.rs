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
    /// `base^power`; a negative base counts as zero.
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
        libm::pow(base.max(0.0), power)
    }
    fn select(self, mask: bool, a: f64, b: f64) -> f64 {
        if mask { a } else { b }
    }
}

/// Vectors that are calculated side by side: alone, each would wait for its own chain of operations.
pub(super) const ABREAST: usize = 4;

/// [`ABREAST`] vectors of `f32`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abreast<L>(pub L);

/// An operation on each of the vectors.
macro_rules! each {
    ($i:ident => $operation:expr) => {
        [
            {
                const $i: usize = 0;
                $operation
            },
            {
                const $i: usize = 1;
                $operation
            },
            {
                const $i: usize = 2;
                $operation
            },
            {
                const $i: usize = 3;
                $operation
            },
        ]
    };
}
pub(super) use each;

impl<L: Lanes> Arithmetic for Abreast<L> {
    type Number = [L::Float; ABREAST];
    type Mask = [L::Word; ABREAST];

    #[inline(always)]
    fn number(self, v: f64) -> Self::Number {
        [self.0.splat(v as f32); ABREAST]
    }
    #[inline(always)]
    fn add(self, a: Self::Number, b: Self::Number) -> Self::Number {
        each!(I => self.0.add(a[I], b[I]))
    }
    #[inline(always)]
    fn sub(self, a: Self::Number, b: Self::Number) -> Self::Number {
        each!(I => self.0.sub(a[I], b[I]))
    }
    #[inline(always)]
    fn mul(self, a: Self::Number, b: Self::Number) -> Self::Number {
        each!(I => self.0.mul(a[I], b[I]))
    }
    #[inline(always)]
    fn div(self, a: Self::Number, b: Self::Number) -> Self::Number {
        each!(I => self.0.div(a[I], b[I]))
    }
    #[inline(always)]
    fn max(self, a: Self::Number, b: Self::Number) -> Self::Number {
        each!(I => self.0.max(a[I], b[I]))
    }
    #[inline(always)]
    fn exp(self, x: Self::Number) -> Self::Number {
        functions::exp_each(self.0, x)
    }
    /// By logarithm and exponential; a base below the least normal number counts as that.
    #[inline(always)]
    fn power(self, base: Self::Number, power: Self::Number) -> Self::Number {
        let base = self.max(base, [self.0.splat(f32::MIN_POSITIVE); ABREAST]);
        let power = self.mul(power, functions::log2_each(self.0, base));
        functions::exp2_each::<L, true, ABREAST>(self.0, power)
    }
    #[inline(always)]
    fn select(self, mask: Self::Mask, a: Self::Number, b: Self::Number) -> Self::Number {
        each!(I => functions::select(self.0, mask[I], a[I], b[I]))
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
            let wide = Abreast(Portable).power([[x as f32; LANES]; ABREAST], [[p as f32; LANES]; ABREAST])[1][5];
            assert!((f64::from(wide) - Scalar.power(x, p)).abs() < 1e-6, "{x}^{p}: {wide}");
        }
        assert!(Abreast(Portable).power([[0.0; LANES]; ABREAST], [[2.0; LANES]; ABREAST])[3][0] < 1e-30);
    }
}
