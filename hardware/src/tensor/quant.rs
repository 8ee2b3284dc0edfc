//! Fixed-point formats: a real value is `scale · code`, with no zero point (symmetric quantisation).

use schemars::JsonSchema;
use serde::Deserialize;

/// Format of a quantised tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quant {
    /// Real value of one step.
    pub scale: f64,
    /// Bits of a code, sign bit included.
    pub bits: u8,
    /// Whether codes are two's complement; unsigned codes start at 0.
    pub signed: bool,
}

/// How row drivers apply signed codes. Unsigned codes are the same in all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignedInputs {
    /// Bits of the two's complement; the sign bit is a phase of its own that counts negatively. A small negative
    /// number drives every phase.
    #[default]
    TwosComplement,
    /// Bits of the magnitude with the sign of the code on the line: drivers of both polarities, and converters
    /// that take currents of both signs.
    SignMagnitude,
    /// Bits of the magnitude, first of the positive codes, then of the negative ones: drivers of one polarity
    /// and twice the phases.
    TwoPhase,
}

/// What a phase takes from a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Bits of the code as they stand (two's complement where it is negative).
    Bits,
    /// Bits of the magnitude, with the sign of the code.
    Magnitude,
    /// Bits of the magnitude of positive codes.
    Positive,
    /// Bits of the magnitude of negative codes.
    Negative,
}

/// One bit-serial input phase: `bits` bits of the code starting at `shift`, driven as one DAC digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plane {
    /// Weight of the digit is `2^shift`.
    pub shift: u8,
    /// Width of the digit; its magnitude is `0 ..= 2^bits - 1`.
    pub bits: u8,
    /// Whether the phase counts negatively: the sign bit of a two's complement, the phase of negative codes.
    pub negative: bool,
    /// What it takes from a code.
    pub take: Take,
}

impl Plane {
    /// The digit of `code` that this plane drives, in `0 ..= 2^bits - 1`, with either sign where the lines are
    /// driven with both.
    #[must_use]
    #[inline]
    pub const fn digit(self, code: i32) -> i32 {
        let mask = (1 << self.bits) - 1;
        match self.take {
            Take::Bits => (code >> self.shift) & mask,
            Take::Magnitude => ((code.abs() >> self.shift) & mask) * code.signum(),
            Take::Positive => ((if code > 0 { code } else { 0 }) >> self.shift) & mask,
            Take::Negative => ((if code < 0 { -code } else { 0 }) >> self.shift) & mask,
        }
    }
    /// Whether digits have either sign.
    #[must_use]
    #[inline]
    pub const fn bipolar(self) -> bool {
        matches!(self.take, Take::Magnitude)
    }
    /// Signed weight of one digit step.
    #[must_use]
    #[inline]
    pub const fn weight(self) -> i64 {
        let weight = 1i64 << self.shift;
        if self.negative { -weight } else { weight }
    }
}

/// One bit slice of a weight magnitude: `bits` bits starting at `shift`, stored in one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// Weight of one cell level is `2^shift`.
    pub shift: u8,
    /// Width of the slice; the cell holds levels `0 ..= 2^bits - 1`.
    pub bits: u8,
}

impl Slice {
    /// The level of a magnitude in this slice.
    #[must_use]
    #[inline]
    pub const fn level(self, magnitude: u32) -> u32 {
        (magnitude >> self.shift) & ((1 << self.bits) - 1)
    }
    /// Slices of a magnitude of `bits` bits, lowest first, of the given widths; the last width goes on.
    #[must_use]
    pub fn split(bits: u8, widths: &[u8]) -> Vec<Self> {
        let mut slices = Vec::new();
        let mut shift = 0;
        while let Some(width) = widths.get(slices.len()).or(widths.last()).filter(|w| shift < bits && **w > 0) {
            slices.push(Self { shift, bits: (*width).min(bits - shift) });
            shift += width.min(&(bits - shift));
        }
        slices
    }
}

impl Quant {
    /// Smallest and largest code. Signed codes are symmetric (`-127 ..= 127` for 8 bits).
    #[must_use]
    #[inline]
    pub const fn range(self) -> (i32, i32) {
        if self.signed {
            let top = (1i32 << (self.bits - 1)) - 1;
            (-top, top)
        } else {
            (0, (1i32 << self.bits) - 1)
        }
    }
    /// Code of a real value: nearest, ties to even, clipped.
    #[must_use]
    #[inline]
    pub fn code(self, value: f64) -> i32 {
        let (low, high) = self.range();
        (value / self.scale).round_ties_even().clamp(f64::from(low), f64::from(high)) as i32
    }
    /// Real value of a code.
    #[must_use]
    #[inline]
    pub fn value(self, code: i32) -> f64 {
        f64::from(code) * self.scale
    }
    /// The bit-serial phases of a code for a DAC of `dac_bits`, lowest first.
    #[must_use]
    pub fn planes(self, dac_bits: u8, signed: SignedInputs) -> Vec<Plane> {
        let magnitude = if self.signed { self.bits - 1 } else { self.bits };
        let serial = |take, negative| {
            (0..magnitude).step_by(usize::from(dac_bits)).map(move |shift| Plane {
                shift,
                bits: dac_bits.min(magnitude - shift),
                negative,
                take,
            })
        };
        match (self.signed, signed) {
            (false, _) => serial(Take::Bits, false).collect(),
            (true, SignedInputs::TwosComplement) => {
                let sign = Plane { shift: magnitude, bits: 1, negative: true, take: Take::Bits };
                serial(Take::Bits, false).chain([sign]).collect()
            }
            (true, SignedInputs::SignMagnitude) => serial(Take::Magnitude, false).collect(),
            (true, SignedInputs::TwoPhase) => {
                serial(Take::Positive, false).chain(serial(Take::Negative, true)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn planes_rebuild_every_code(bits in 2u8..=12, signed: bool, dac_bits in 1u8..=4, raw: i32) {
            let q = Quant { scale: 1.0, bits, signed };
            let (low, high) = q.range();
            let code = low + (raw.rem_euclid(high - low + 1));
            for how in [SignedInputs::TwosComplement, SignedInputs::SignMagnitude, SignedInputs::TwoPhase] {
                let planes = q.planes(dac_bits, how);
                let sum: i64 = planes.iter().map(|p| p.weight() * i64::from(p.digit(code))).sum();
                proptest::prop_assert_eq!(sum, i64::from(code));
                let within = |p: &Plane| p.digit(code).abs() < 1 << p.bits && (p.bipolar() || p.digit(code) >= 0);
                proptest::prop_assert!(planes.iter().all(within));
            }
        }
        #[test]
        fn slices_rebuild_every_magnitude(bits in 1u8..=15, per_cell in 1u8..=8, raw: u32) {
            let m = raw & ((1 << bits) - 1);
            let sum: u32 = Slice::split(bits, &[per_cell]).iter().map(|s| s.level(m) << s.shift).sum();
            proptest::prop_assert_eq!(sum, m);
        }
        #[test]
        fn quantising_is_within_half_a_step(v in -0.99f64..0.99) {
            let q = Quant { scale: 1.0 / 127.0, bits: 8, signed: true };
            proptest::prop_assert!((q.value(q.code(v)) - v).abs() <= 0.5 * q.scale + 1e-15);
        }
    }
}
