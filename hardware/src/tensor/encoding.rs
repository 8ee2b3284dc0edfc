//! How signed weights stand in columns of cells that hold no sign.
//!
//! *Differential pairs* store the magnitude of a weight `w` of `b` bits in the column of its sign. *Offset*
//! (biased) weights store `w + 2^(b−1)`, and the sum of the inputs times `2^(b−1)` is subtracted from what a
//! column yields: `Σ x·w = Σ x·(w + 2^(b−1)) − 2^(b−1)·Σ x`. With *inversion* a column whose stored levels sum
//! to more than half of what it could hold is stored complemented, so that no column sum exceeds half of the
//! full range and a converter needs one bit less (Shafiee et al., ISCA 2016, section V, doi:10.1109/ISCA.2016.12).

use super::Slice;

/// Where the two columns of a differential pair are subtracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subtraction {
    /// Currents of the pair are subtracted before one bipolar conversion.
    Analog,
    /// Each column is converted by itself; codes are subtracted.
    Digital,
}

/// Where the sum of the inputs comes from that takes the offset back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputSum {
    /// Adders beside the row drivers count the digits: exact.
    Counted,
    /// A column of equal cells, one on each crossbar beside its bit lines, converted like the others.
    UnitColumn,
}

/// How a signed weight becomes columns of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Two columns, one for each sign.
    Pair(Subtraction),
    /// One column of biased weights.
    Offset {
        /// Where the sum of the inputs comes from.
        sum: InputSum,
        /// Whether columns that are more than half full are stored complemented.
        inversion: bool,
    },
}

impl Encoding {
    /// Columns of one slice of a logical column.
    #[must_use]
    pub const fn polarities(self) -> usize {
        match self {
            Self::Pair(_) => 2,
            Self::Offset { .. } => 1,
        }
    }
    /// Conversions of one slice of a logical column.
    #[must_use]
    pub const fn conversions(self) -> usize {
        match self {
            Self::Pair(Subtraction::Digital) => 2,
            Self::Pair(Subtraction::Analog) | Self::Offset { .. } => 1,
        }
    }
    /// Unit columns of a crossbar: 0 or 1.
    #[must_use]
    pub const fn unit_columns(self) -> usize {
        matches!(self, Self::Offset { sum: InputSum::UnitColumn, .. }) as usize
    }
    /// Whether input digits are counted by adders.
    #[must_use]
    pub const fn counts_digits(self) -> bool {
        matches!(self, Self::Offset { sum: InputSum::Counted, .. })
    }
    /// Whether columns may be stored complemented.
    #[must_use]
    pub const fn inverts(self) -> bool {
        matches!(self, Self::Offset { inversion: true, .. })
    }
    /// Whether converters take currents of both signs.
    #[must_use]
    pub const fn bipolar(self) -> bool {
        matches!(self, Self::Pair(Subtraction::Analog))
    }
    /// What is added to a weight of so many bits before it is stored: 0 for pairs.
    #[must_use]
    pub const fn offset(self, weight_bits: u8) -> u16 {
        match self {
            Self::Pair(_) => 0,
            Self::Offset { .. } => 1 << (weight_bits - 1),
        }
    }
    /// Whether a weight of 0 can be stored. Weights of one bit are ±1: a pair can leave both cells erased, one
    /// biased cell cannot.
    #[must_use]
    pub const fn has_zero(self, weight_bits: u8) -> bool {
        matches!(self, Self::Pair(_)) || weight_bits > 1
    }
    /// Slices of what is stored, lowest first, of the given widths; the last width goes on.
    ///
    /// Binary weights stand for `2·level − 1` when they are biased: one slice of one bit and shift 1.
    #[must_use]
    pub fn slices(self, weight_bits: u8, widths: &[u8]) -> Vec<Slice> {
        match self {
            Self::Pair(_) => Slice::split(weight_bits.saturating_sub(1).max(1), widths),
            Self::Offset { .. } if weight_bits == 1 => vec![Slice { shift: 1, bits: 1 }],
            Self::Offset { .. } => Slice::split(weight_bits, widths),
        }
    }
    /// Level of the cells of a unit column: that of the offset in the highest slice, or the lowest that is not
    /// erased where no column may be more than half full.
    #[must_use]
    pub fn unit_level(self, weight_bits: u8, slices: &[Slice]) -> u16 {
        let top = slices.last().map_or(0, |s| s.shift);
        if self.inverts() { 1 } else { (self.offset(weight_bits) >> top).max(1) }
    }
    /// What a column of polarity `negative` stores of a weight, before any complement.
    #[must_use]
    pub const fn stored(self, weight: i16, weight_bits: u8, negative: bool) -> u16 {
        match self {
            Self::Pair(_) if (weight < 0) == negative => weight.unsigned_abs(),
            Self::Pair(_) => 0,
            Self::Offset { .. } => (weight as i32 + (1 << (weight_bits - 1))) as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSET: Encoding = Encoding::Offset { sum: InputSum::UnitColumn, inversion: false };

    proptest::proptest! {
        #[test]
        fn cells_rebuild_every_weight(bits in 1u8..=16, widths in proptest::collection::vec(1u8..=8, 1..4), raw: i16) {
            let top = (1i32 << (bits - 1)) - 1;
            let w = if bits == 1 { 1 - 2 * i32::from(raw & 1) } else { i32::from(raw).rem_euclid(2 * top + 1) - top };
            for encoding in [Encoding::Pair(Subtraction::Digital), OFFSET] {
                let slices = encoding.slices(bits, &widths);
                let read = |negative| -> i32 {
                    let stored = u32::from(encoding.stored(w as i16, bits, negative));
                    slices.iter().map(|s| (s.level(stored) as i32) << s.shift).sum()
                };
                let sum = if encoding.polarities() == 2 { read(false) - read(true) } else { read(false) };
                proptest::prop_assert_eq!(sum - i32::from(encoding.offset(bits)), w);
                proptest::prop_assert!(slices.iter().all(|s| widths.contains(&s.bits) || *s == slices[slices.len() - 1]));
            }
        }
    }

    #[test]
    fn isaac_takes_one_column_where_a_pair_takes_two() {
        let slices = OFFSET.slices(16, &[2]);
        assert_eq!((slices.len() * OFFSET.polarities(), OFFSET.unit_level(16, &slices)), (8, 2));
        let inverted = Encoding::Offset { sum: InputSum::UnitColumn, inversion: true };
        assert_eq!(inverted.unit_level(16, &slices), 1);
        let pair = Encoding::Pair(Subtraction::Digital);
        assert_eq!(pair.slices(16, &[2]).len() * pair.polarities(), 16);
    }

    #[test]
    fn mixed_slices_go_on_with_the_last_width() {
        let bits: Vec<u8> = OFFSET.slices(8, &[2, 2, 3]).iter().map(|s| s.bits).collect();
        assert_eq!(bits, [2, 2, 3, 1]);
    }
}
