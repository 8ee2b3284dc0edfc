//! Fixed-point formats: a real value is `scale · code`, with no zero point (symmetric quantisation).

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

/// One bit-serial input phase: `bits` bits of the code starting at `shift`, driven as one DAC digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plane {
    /// Weight of the digit is `2^shift`.
    pub shift: u8,
    /// Width of the digit; the DAC drives `0 ..= 2^bits - 1`.
    pub bits: u8,
    /// The sign plane of a two's complement code counts negatively.
    pub negative: bool,
}

impl Plane {
    /// The digit of `code` that this plane drives, always in `0 ..= 2^bits - 1`.
    #[must_use]
    pub const fn digit(self, code: i32) -> u32 {
        ((code >> self.shift) as u32) & ((1 << self.bits) - 1)
    }
    /// Signed weight of one digit step.
    #[must_use]
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
    pub const fn level(self, magnitude: u32) -> u32 {
        (magnitude >> self.shift) & ((1 << self.bits) - 1)
    }
    /// Slices of a magnitude of `bits` bits for cells of `bits_per_cell` bits, lowest first.
    #[must_use]
    pub fn split(bits: u8, bits_per_cell: u8) -> Vec<Self> {
        (0..bits)
            .step_by(usize::from(bits_per_cell))
            .map(|shift| Self { shift, bits: bits_per_cell.min(bits - shift) })
            .collect()
    }
}

impl Quant {
    /// Smallest and largest code. Signed codes are symmetric (`-127 ..= 127` for 8 bits).
    #[must_use]
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
    pub fn code(self, value: f64) -> i32 {
        let (low, high) = self.range();
        (value / self.scale).round_ties_even().clamp(f64::from(low), f64::from(high)) as i32
    }
    /// Real value of a code.
    #[must_use]
    pub fn value(self, code: i32) -> f64 {
        f64::from(code) * self.scale
    }
    /// The bit-serial phases of a code for a DAC of `dac_bits`, lowest first; the sign bit is a phase of its own.
    #[must_use]
    pub fn planes(self, dac_bits: u8) -> Vec<Plane> {
        let magnitude = if self.signed { self.bits - 1 } else { self.bits };
        let mut planes: Vec<Plane> = (0..magnitude)
            .step_by(usize::from(dac_bits))
            .map(|shift| Plane { shift, bits: dac_bits.min(magnitude - shift), negative: false })
            .collect();
        if self.signed {
            planes.push(Plane { shift: magnitude, bits: 1, negative: true });
        }
        planes
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
            let sum: i64 = q.planes(dac_bits).iter().map(|p| p.weight() * i64::from(p.digit(code))).sum();
            proptest::prop_assert_eq!(sum, i64::from(code));
        }
        #[test]
        fn slices_rebuild_every_magnitude(bits in 1u8..=15, per_cell in 1u8..=8, raw: u32) {
            let m = raw & ((1 << bits) - 1);
            let sum: u32 = Slice::split(bits, per_cell).iter().map(|s| s.level(m) << s.shift).sum();
            proptest::prop_assert_eq!(sum, m);
        }
        #[test]
        fn quantising_is_within_half_a_step(v in -0.99f64..0.99) {
            let q = Quant { scale: 1.0 / 127.0, bits: 8, signed: true };
            proptest::prop_assert!((q.value(q.code(v)) - v).abs() <= 0.5 * q.scale + 1e-15);
        }
    }
}
