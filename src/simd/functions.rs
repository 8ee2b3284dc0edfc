//! Elementary functions on sixteen lanes: polynomials by Chebyshev interpolation on a reduced range, in separate
//! multiplications and additions, so that every instruction set gives the same bits.

use super::Lanes;

/// Horner's rule, highest coefficient first, multiply then add.
#[inline(always)]
pub fn horner<L: Lanes, const N: usize>(l: L, x: L::Float, coefficients: [f32; N]) -> L::Float {
    let mut value = l.splat(coefficients[0]);
    for c in &coefficients[1..] {
        value = l.add(l.mul(value, x), l.splat(*c));
    }
    value
}

/// `ln u` for positive normal numbers, relative error 1.4e-7 before rounding.
#[inline(always)]
pub fn ln<L: Lanes>(l: L, u: L::Float) -> L::Float {
    // u = 2^e · m with m in [sqrt(1/2), sqrt(2)); 0x3f3504f3 is sqrt(1/2)
    let bits = l.bits_of_float(u);
    let exponent = l.sar::<23>(l.sub_word(bits, l.splat_word(0x3f35_04f3)));
    let t = l.sub(l.float_of_bits(l.sub_word(bits, l.shl::<23>(exponent))), l.splat(1.0));
    // ln(1 + t) = t - t²/2 + t³·Q(t)
    let q = horner(
        l,
        t,
        [0.090_487_84, -0.140_308_92, 0.147_039, -0.166_027_19, 0.199_842_23, -0.250_007_03, 0.333_334_15],
    );
    let square = l.mul(t, t);
    let tail = l.mul(square, l.sub(l.mul(t, q), l.splat(0.5)));
    l.add(l.mul(l.float_of_word(exponent), l.splat(std::f32::consts::LN_2)), l.add(t, tail))
}

/// `2^x`, relative error below 2e-7 (6e-8 of the polynomial, the rest rounding); `x` is held in [-126, 126].
#[inline(always)]
pub fn exp2<L: Lanes>(l: L, x: L::Float) -> L::Float {
    let x = l.max(l.min(x, l.splat(126.0)), l.splat(-126.0));
    let whole = l.round(x);
    let power = horner(
        l,
        l.sub(x, whole),
        [0.000_154_614_45, 0.001_340_042_8, 0.009_618_057, 0.055_503_27, 0.240_226_5, std::f32::consts::LN_2, 1.0],
    );
    l.float_of_bits(l.add_word(l.bits_of_float(power), l.shl::<23>(l.word_of_float(whole))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Body, Isa, LANES, Portable, Vectors, run};

    struct Both([f32; LANES]);
    impl Body for Both {
        type Output = [[f32; LANES]; 2];
        #[inline(always)]
        fn run<L: Vectors>(self, l: L) -> Self::Output {
            let mut out = [[0.0; LANES]; 2];
            let x = l.load(&self.0);
            l.store(exp2(l, x), &mut out[0]);
            l.store(ln(l, x), &mut out[1]);
            out
        }
    }

    #[test]
    fn functions_are_within_their_errors_on_every_instruction_set() {
        for step in 0..2000 {
            let x: [f32; LANES] = std::array::from_fn(|i| (step * 16 + i) as f32 * 0.0039 + 0.001);
            let expected = Both(x).run(Portable);
            for isa in Isa::all() {
                assert_eq!(run(isa, Both(x)), expected, "{}", isa.name());
            }
            for (i, x) in x.into_iter().enumerate() {
                let (power, log) = (f64::from(x.min(126.0)).exp2(), f64::from(x).ln());
                assert!((f64::from(expected[0][i]) / power - 1.0).abs() < 2e-7, "2^{x}");
                assert!((f64::from(expected[1][i]) - log).abs() < 3e-7 * log.abs().max(1.0), "ln {x}");
            }
        }
    }
}
