//! The grid that numbers stand on.
//!
//! Steps are chosen with seven significant bits: small integers and dyadic fractions of the largest number then stand
//! on the grid themselves, and their products come out exactly, at the price of 1.6 % of the range.

use crate::simd::{Body, Doubles};

/// Most digits of a number.
pub(super) const DIGITS: usize = 3;

/// Largest magnitude that 0 … 3 digits of −128 … 127 write, with either sign.
pub(super) const LARGEST: [i32; DIGITS + 1] = [0, 127, 127 * 257, 127 * 65_793];

/// What is added to a number of 0 … 3 digits so that each of its bytes is a digit plus 128.
pub(super) const BIAS: [i32; DIGITS + 1] = [0, 0x80, 0x8080, 0x80_8080];

/// Largest magnitude on a grid of three digits, with room for roundings.
const FULL: f32 = 8_355_000.0;

/// Steps in one, so that no number up to `largest` leaves the grid of three digits.
pub(super) fn factor(largest: f32) -> f32 {
    // beyond 2^126 a step would leave the normal numbers
    let steps = (FULL / largest).min(2f32.powi(126));
    f32::from_bits(steps.to_bits() & 0xfffe_0000)
}

/// Largest magnitude, not finite if any element is not.
pub(super) struct Most<'a>(pub &'a [f32]);

impl Body for Most<'_> {
    type Output = f32;
    #[inline(always)]
    fn run<L: Doubles>(self, _: L) -> f32 {
        // without their sign, numbers are in the order of their bits, and what is no number is above all
        f32::from_bits(self.0.iter().map(|v| v.to_bits() & 0x7fff_ffff).fold(0, u32::max))
    }
}

/// Digits that write whole numbers up to `largest`, if three do.
pub(super) fn digits(largest: f32) -> Option<usize> {
    (1..=DIGITS).find(|n| largest <= LARGEST[*n] as f32)
}

/// Levels in one, if the numbers are whole levels of a symmetric scale of 1 to 7 bits: one digit each.
pub(super) fn levels(values: &[f32], largest: f32) -> Option<f64> {
    let whole = |v: f32, levels: f64| {
        let at = f64::from(v) * levels;
        // as far from it as the rounding of the level to `f32`
        (at - at.round()).abs() <= at.abs() * f64::from(f32::EPSILON)
    };
    (1..8)
        .map(|bits| f64::from((1 << bits) - 1) / f64::from(largest))
        .find(|levels| levels.is_finite() && values.iter().all(|v| whole(*v, *levels)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, run};

    #[test]
    fn nothing_leaves_the_grid_and_little_of_it_is_lost() {
        for i in 0..10_000 {
            let largest = 1.0 + i as f32 / 10_000.0;
            let most = largest * factor(largest);
            assert!(most <= LARGEST[3] as f32 && most > FULL * (1.0 - 1.0 / 64.0), "{largest}");
        }
        assert!((f32::MAX * factor(f32::MAX)) > 8e6);
        assert!(factor(0.0).is_finite() && factor(1e-38).is_finite());
        assert_eq!(
            (factor(1.0), digits(127.0), digits(127.5), digits(1e7)),
            (127.0 * 65_536.0, Some(1), Some(2), None)
        );
    }

    #[test]
    fn levels_are_found() {
        for bits in 1..8 {
            let most = (1 << bits) - 1;
            let scale = 0.37;
            let values: Vec<f32> = (-most..=most).map(|k| k as f32 / most as f32 * scale).collect();
            let levels = levels(&values, scale).expect("levels");
            assert!((levels * f64::from(scale) - f64::from(most)).abs() < 1e-6, "{bits}: {levels}");
        }
        assert_eq!(levels(&[1.0, 0.3], 1.0), None);
        assert_eq!(levels(&[0.0], 0.0), None);
    }

    #[test]
    fn most_finds_what_is_no_number() {
        let mut values: Vec<f32> = (0..100).map(|i| i as f32 - 60.0).collect();
        for isa in Isa::all() {
            assert_eq!(run(isa, Most(&values)), 60.0);
        }
        values[37] = f32::NAN;
        for isa in Isa::all() {
            assert!(!run(isa, Most(&values)).is_finite());
        }
    }
}
