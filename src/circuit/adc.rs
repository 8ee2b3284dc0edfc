//! Transfer of a uniform analog-to-digital converter.
//!
//! Mid-tread: code 0 is centred on zero and every code `k` on `k·step`. Ties go to the even code; codes
//! saturate. A bipolar converter uses the symmetric codes `±(2^(bits-1) - 1)` (one code of 2^bits is left out,
//! so that the transfer is odd), a unipolar one `0 … 2^bits - 1`.

/// Highest resolution: codes stay far below the 2^22 up to which the rounding of [`code`] is exact.
pub const MAX_BITS: u8 = 20;

/// `1.5·2^23`: adding it to an `f32` below 2^22 in magnitude leaves no fraction bits, rounded half to even.
const ROUNDER: f32 = 12_582_912.0;

/// Code of a sum and whether it lay more than half a step beyond the outermost code. All of the arithmetic of
/// the converter, without branch or library call, so that loops over it vectorise on any processor.
#[inline(always)]
#[must_use]
pub fn code(sum: f32, step: f32, low: f32, high: f32) -> (i32, bool) {
    let q = sum / step;
    let clipped = (q > high + 0.5) | (q < low - 0.5);
    // the integer stands in the low bits of the sum with the rounder
    let bits = (q.max(low).min(high) + ROUNDER).to_bits() as i32;
    (bits.wrapping_sub(ROUNDER.to_bits() as i32), clipped)
}

/// Static transfer of a converter; sums and step are in the same unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdcTransfer {
    /// Resolution, 1 to [`MAX_BITS`]; the sign is one of them if `bipolar` (then at least 2).
    pub bits: u8,
    /// Whether negative sums have codes.
    pub bipolar: bool,
    /// Width of one code; greater than zero.
    pub step: f64,
}

impl AdcTransfer {
    /// The converter whose highest code is centred on `full_scale` (greater than zero).
    #[must_use]
    pub fn with_full_scale(bits: u8, bipolar: bool, full_scale: f64) -> Self {
        let unit = Self { bits, bipolar, step: 1.0 };
        Self { step: full_scale / f64::from(unit.range()[1].max(1)), ..unit }
    }

    /// Lowest and highest code.
    #[must_use]
    pub fn range(&self) -> [i32; 2] {
        debug_assert!((1 + u8::from(self.bipolar)..=MAX_BITS).contains(&self.bits));
        if self.bipolar {
            let top = (1 << (self.bits - 1)) - 1;
            [-top, top]
        } else {
            [0, (1 << self.bits) - 1]
        }
    }

    /// Converts `sums` into `codes` (equal length) and returns how many clipped. The arithmetic is that of
    /// `f32` with `step` rounded to it. A sum that is not a number becomes the lowest code.
    pub fn convert(&self, sums: &[f32], codes: &mut [i32]) -> u64 {
        assert_eq!(sums.len(), codes.len(), "one code for each sum");
        let [low, high] = self.range().map(|c| c as f32);
        let step = self.step as f32;
        let mut clipped = 0;
        for (sum, out) in sums.iter().zip(codes) {
            let (c, beyond) = code(*sum, step, low, high);
            *out = c;
            clipped += u64::from(beyond);
        }
        clipped
    }

    /// Value that a code stands for.
    #[must_use]
    pub fn value(&self, code: i32) -> f64 {
        f64::from(code) * self.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(t: AdcTransfer, sum: f32) -> (i32, u64) {
        let mut codes = [0];
        let clipped = t.convert(&[sum], &mut codes);
        (codes[0], clipped)
    }

    #[test]
    fn ranges_are_those_of_the_resolution() {
        assert_eq!(AdcTransfer { bits: 8, bipolar: true, step: 1.0 }.range(), [-127, 127]);
        assert_eq!(AdcTransfer { bits: 8, bipolar: false, step: 1.0 }.range(), [0, 255]);
        assert_eq!(AdcTransfer { bits: 1, bipolar: false, step: 1.0 }.range(), [0, 1]);
        assert_eq!(AdcTransfer { bits: MAX_BITS, bipolar: false, step: 1.0 }.range(), [0, 1_048_575]);
    }

    #[test]
    fn ties_go_to_the_even_code() {
        let t = AdcTransfer { bits: 6, bipolar: true, step: 2.0 };
        for (sum, code) in [(1.0, 0), (3.0, 2), (5.0, 2), (7.0, 4), (-1.0, 0), (-3.0, -2), (-5.0, -2), (0.0, 0)] {
            assert_eq!(one(t, sum), (code, 0), "{sum}");
        }
    }

    /// Decision levels lie half a step on either side of a code's centre, one float apart from each other.
    #[test]
    fn steps_are_uniform() {
        let t = AdcTransfer { bits: 8, bipolar: true, step: 4.0 };
        for k in -127..127_i32 {
            let edge = (k as f32 + 0.5) * 4.0;
            assert_eq!(one(t, edge.next_down()).0, k);
            assert_eq!(one(t, edge.next_up()).0, k + 1);
            assert_eq!(t.value(one(t, k as f32 * 4.0).0), f64::from(k) * 4.0);
        }
    }

    #[test]
    fn saturates_and_counts() {
        let t = AdcTransfer::with_full_scale(8, true, 100.0);
        let step = t.step as f32;
        assert_eq!(one(t, 100.0), (127, 0));
        assert_eq!(one(t, -100.0), (-127, 0));
        assert_eq!(one(t, 100.0 + 0.49 * step), (127, 0));
        assert_eq!(one(t, 100.0 + 0.51 * step), (127, 1));
        assert_eq!(one(t, f32::INFINITY), (127, 1));
        assert_eq!(one(t, -1e30), (-127, 1));
        let unipolar = AdcTransfer::with_full_scale(4, false, 15.0);
        assert_eq!(one(unipolar, -0.4), (0, 0));
        assert_eq!(one(unipolar, -0.6), (0, 1));
        assert_eq!(one(unipolar, f32::NAN).0, 0);
    }

    /// Sums that are whole codes come out unchanged up to the highest resolution.
    #[test]
    fn whole_numbers_are_exact() {
        let t = AdcTransfer { bits: MAX_BITS, bipolar: true, step: 1.0 };
        let sums: Vec<f32> = (-524_287..=524_287).step_by(97).map(|i| i as f32).collect();
        let mut codes = vec![0; sums.len()];
        assert_eq!(t.convert(&sums, &mut codes), 0);
        assert!(sums.iter().zip(&codes).all(|(s, c)| *s == *c as f32));
    }

    proptest::proptest! {
        /// Monotone, odd, within range, and within half a step unless clipped.
        #[test]
        fn transfer_is_that_of_a_uniform_converter(
            bits in 2u8..=14, step in 1e-3f32..1e3, a in -1e5f32..1e5, b in -1e5f32..1e5,
        ) {
            let t = AdcTransfer { bits, bipolar: true, step: f64::from(step) };
            let ((x, beyond), (y, _)) = (one(t, a), one(t, b));
            proptest::prop_assert!((a <= b) == (x <= y) || x == y);
            proptest::prop_assert_eq!(one(t, -a).0, -x);
            let [low, high] = t.range();
            proptest::prop_assert!((low..=high).contains(&x));
            let q = f64::from(a / step);
            if beyond == 0 {
                proptest::prop_assert!((q - f64::from(x)).abs() <= 0.5 + 1e-6);
            } else {
                proptest::prop_assert!(x == low || x == high);
            }
            proptest::prop_assert_eq!(f64::from(x), q.clamp(f64::from(low), f64::from(high)).round_ties_even());
        }
    }
}
