//! Elementary functions on sixteen lanes, the same bits on every instruction set.

use super::Lanes;

/// `a·b + c`, rounded once if `FUSED`, else twice.
#[inline(always)]
fn product_sum<L: Lanes, const FUSED: bool>(l: L, a: L::Float, b: L::Float, c: L::Float) -> L::Float {
    if FUSED { l.mul_add(a, b, c) } else { l.add(l.mul(a, b), c) }
}

/// Horner's rule on several vectors at once, highest coefficient first, fused or not. A chain of operations takes
/// a processor's time for its length; several side by side take hardly more.
#[inline(always)]
pub fn horner<L: Lanes, const FUSED: bool, const V: usize, const N: usize>(
    l: L,
    x: [L::Float; V],
    coefficients: [f32; N],
) -> [L::Float; V] {
    let mut value = [l.splat(coefficients[0]); V];
    for c in &coefficients[1..] {
        for i in 0..V {
            value[i] = product_sum::<L, FUSED>(l, value[i], x[i], l.splat(*c));
        }
    }
    value
}

/// `ln u` for positive normal `u` up to 1.4e-7 (relative, before rounding); a polynomial by Chebyshev interpolation.
#[inline(always)]
pub fn ln<L: Lanes>(l: L, u: L::Float) -> L::Float {
    let [log] = ln_each::<L, 1>(l, [u]);
    log
}

/// [`ln`] of several vectors.
#[inline(always)]
pub fn ln_each<L: Lanes, const V: usize>(l: L, u: [L::Float; V]) -> [L::Float; V] {
    let [exponent, mut log] = logarithm::<L, false, V>(l, u);
    for i in 0..V {
        log[i] = l.add(l.mul(exponent[i], l.splat(std::f32::consts::LN_2)), log[i]);
    }
    log
}

/// Logarithm to the base 2 of several vectors of positive normal numbers, fused.
#[inline(always)]
pub fn log2_each<L: Lanes, const V: usize>(l: L, u: [L::Float; V]) -> [L::Float; V] {
    let [exponent, mut log] = logarithm::<L, true, V>(l, u);
    for i in 0..V {
        log[i] = l.mul_add(log[i], l.splat(std::f32::consts::LOG2_E), exponent[i]);
    }
    log
}

/// Exponents and natural logarithms of the rest, which lies in [sqrt(1/2), sqrt(2)).
#[inline(always)]
fn logarithm<L: Lanes, const FUSED: bool, const V: usize>(l: L, u: [L::Float; V]) -> [[L::Float; V]; 2] {
    let (mut exponent, mut t) = (u, u);
    for i in 0..V {
        // u = 2^e · m; 0x3f3504f3 is sqrt(1/2)
        let bits = l.bits_of_float(u[i]);
        let e = l.sar::<23>(l.sub_word(bits, l.splat_word(0x3f35_04f3)));
        t[i] = l.sub(l.float_of_bits(l.sub_word(bits, l.shl::<23>(e))), l.splat(1.0));
        exponent[i] = l.float_of_word(e);
    }
    // ln(1 + t) = t - t²/2 + t³·Q(t)
    let mut q = horner::<L, FUSED, V, 7>(
        l,
        t,
        [0.090_487_84, -0.140_308_92, 0.147_039, -0.166_027_19, 0.199_842_23, -0.250_007_03, 0.333_334_15],
    );
    for i in 0..V {
        let square = l.mul(t[i], t[i]);
        let tail = product_sum::<L, FUSED>(l, t[i], q[i], l.splat(-0.5));
        q[i] = if FUSED { l.mul_add(square, tail, t[i]) } else { l.add(t[i], l.mul(square, tail)) };
    }
    [exponent, q]
}

/// `exp x` of several vectors, fused, the argument kept within ±87 where the result is a normal number: Taylor's
/// series to the seventh power on |r| ≤ ln(2)/2 (relative error below 6e-9 before rounding), times a power of two.
#[inline(always)]
pub fn exp_each<L: Lanes, const V: usize>(l: L, x: [L::Float; V]) -> [L::Float; V] {
    // ln 2 in two parts: the first has so few bits that its product with an exponent is exact
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    let (mut n, mut r) = (x, x);
    for i in 0..V {
        let x = l.max(l.min(x[i], l.splat(87.0)), l.splat(-87.0));
        n[i] = l.round(l.mul(x, l.splat(std::f32::consts::LOG2_E)));
        r[i] = l.mul_add(n[i], l.splat(-LOW), l.mul_add(n[i], l.splat(-HIGH), x));
    }
    const TAYLOR: [f32; 8] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let mut power = horner::<L, true, V, 8>(l, r, TAYLOR);
    for i in 0..V {
        let exponent = l.shl::<23>(l.word_of_float(n[i]));
        power[i] = l.float_of_bits(l.add_word(l.bits_of_float(power[i]), exponent));
    }
    power
}

/// `2^x`, relative error below 2e-7 (6e-8 of the polynomial, the rest rounding); `x` is held in [-126, 126].
#[inline(always)]
pub fn exp2<L: Lanes>(l: L, x: L::Float) -> L::Float {
    let [power] = exp2_each::<L, false, 1>(l, [x]);
    power
}

/// [`exp2`] of several vectors; fused, it takes fewer operations and other bits.
#[inline(always)]
pub fn exp2_each<L: Lanes, const FUSED: bool, const V: usize>(l: L, x: [L::Float; V]) -> [L::Float; V] {
    let (mut whole, mut part) = (x, x);
    for i in 0..V {
        let x = l.max(l.min(x[i], l.splat(126.0)), l.splat(-126.0));
        whole[i] = l.round(x);
        part[i] = l.sub(x, whole[i]);
    }
    const SERIES: [f32; 7] =
        [0.000_154_614_45, 0.001_340_042_8, 0.009_618_057, 0.055_503_27, 0.240_226_5, std::f32::consts::LN_2, 1.0];
    let mut power = horner::<L, FUSED, V, 7>(l, part, SERIES);
    for i in 0..V {
        let exponent = l.shl::<23>(l.word_of_float(whole[i]));
        power[i] = l.float_of_bits(l.add_word(l.bits_of_float(power[i]), exponent));
    }
    power
}

/// Lanes of `a` where `mask` has all bits set, of `b` where it has none.
#[inline(always)]
pub fn select<L: Lanes>(l: L, mask: L::Word, a: L::Float, b: L::Float) -> L::Float {
    let (a, b) = (l.bits_of_float(a), l.bits_of_float(b));
    l.float_of_bits(l.xor(b, l.and(l.xor(a, b), mask)))
}

/// Bits set in each word.
#[inline(always)]
pub fn count_ones<L: Lanes>(l: L, a: L::Word) -> L::Word {
    let masked = |a, mask| l.and(a, l.splat_word(mask));
    let pairs = l.sub_word(a, masked(l.shr::<1>(a), 0x5555_5555));
    let fours = l.add_word(masked(pairs, 0x3333_3333), masked(l.shr::<2>(pairs), 0x3333_3333));
    let bytes = masked(l.add_word(fours, l.shr::<4>(fours)), 0x0f0f_0f0f);
    l.shr::<24>(l.mul_word(bytes, l.splat_word(0x0101_0101)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Body, Isa, LANES, Portable, Vectors, run};

    #[test]
    fn exponentials_and_logarithms_are_those_of_f64() {
        let l = Portable;
        for i in -8600..8600 {
            let x = i as f32 * 0.01;
            let y = exp_each(l, [[x; LANES]])[0][3];
            assert!((f64::from(y) / f64::from(x).exp() - 1.0).abs() < 3e-7, "exp {x}: {y}");
            let u = x.exp();
            if u.is_normal() {
                let error = (f64::from(ln(l, [u; LANES])[0]) - f64::from(u).ln()).abs();
                assert!(error < 3e-7 * f64::from(x).abs().max(1.0), "ln {u}");
                let (log, exact) = (log2_each(l, [[u; LANES]])[0][7], f64::from(u).log2());
                assert!((f64::from(log) - exact).abs() < 3e-7 * exact.abs().max(1.0), "log2 {u}");
            }
        }
        let [high, low] = exp_each(l, [[f32::INFINITY; LANES], [-1e30; LANES]]);
        assert!(high[0].is_finite() && low[0] > 0.0);
    }

    #[test]
    fn words_are_counted_and_lanes_chosen() {
        let l = Portable;
        for w in [0, 1, 0x8000_0000, 0xdead_beef, u32::MAX] {
            assert_eq!(count_ones(l, [w; LANES])[7], w.count_ones());
        }
        let mut mask = [0; LANES];
        mask[4] = u32::MAX;
        let chosen = select(l, mask, [1.5; LANES], [-2.0; LANES]);
        assert_eq!((chosen[4], chosen[5]), (1.5, -2.0));
    }

    struct Both([f32; LANES]);
    impl Body for Both {
        type Output = [[f32; LANES]; 5];
        #[inline(always)]
        fn run<L: Vectors>(self, l: L) -> Self::Output {
            let mut out = [[0.0; LANES]; 5];
            let x = l.load(&self.0);
            l.store(exp2(l, x), &mut out[0]);
            l.store(ln(l, x), &mut out[1]);
            l.store(log2_each(l, [x])[0], &mut out[2]);
            l.store(exp_each(l, [x])[0], &mut out[3]);
            l.store(exp2_each::<L, true, 1>(l, [x])[0], &mut out[4]);
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
                for made in [expected[0][i], expected[4][i]] {
                    assert!((f64::from(made) / power - 1.0).abs() < 2e-7, "2^{x}");
                }
                assert!((f64::from(expected[1][i]) - log).abs() < 3e-7 * log.abs().max(1.0), "ln {x}");
            }
        }
    }
}
