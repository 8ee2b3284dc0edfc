//! Area: every instance of every part, summed.

use super::{instances, part_of};
use crate::arch::Chip;
use crate::cost::PartKind;
use crate::units::SquareMicron;

/// Area of all parts of one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AreaRow {
    /// Kind of part.
    pub kind: PartKind,
    /// Number of parts on the chip.
    pub count: usize,
    /// Area of all of them.
    pub area: SquareMicron,
    /// How much of it rests on assumed numbers.
    pub assumed: SquareMicron,
}

/// Area by kind of part, in the order of [`PartKind`]; the sum is the chip's area.
#[must_use]
pub fn area(chip: &Chip) -> Vec<AreaRow> {
    let mut rows: Vec<AreaRow> = Vec::new();
    for (owner, kind) in instances(chip) {
        let Some(part) = part_of(chip, owner, kind) else { continue };
        let area = part.area.value * part.count as f64;
        let assumed = if part.area.source.is_assumed() { area } else { SquareMicron(0.0) };
        match rows.iter_mut().find(|r| r.kind == kind) {
            Some(row) => {
                row.count += part.count;
                row.area += area;
                row.assumed += assumed;
            }
            None => rows.push(AreaRow { kind, count: part.count, area, assumed }),
        }
    }
    rows.sort_by_key(|r| r.kind);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 85.4 mm² of ISAAC-CE (ISCA 2016) are 168 tiles and the HyperTransport links; the global buffer at the
    /// corner is archsim's own. Tolerance 0.2 %: the table's entries are rounded to two digits.
    #[test]
    fn a_chip_like_isaac_has_the_area_of_isaac() {
        let chip = crate::arch::load_str("t", include_str!("../../arch/isaac_ce.yaml"), &[]).unwrap();
        let of = |kind| area(&chip).iter().find(|r| r.kind == kind).map_or(0.0, |r| r.area.si() * 1e-6);
        let total: f64 = area(&chip).iter().map(|r| r.area.si() * 1e-6).sum();
        let published = total - of(PartKind::Memory);
        assert!((published / 85.4 - 1.0).abs() < 2e-3, "{published} mm²");
        assert!((of(PartKind::ChipLink) - 22.88).abs() < 1e-9);
        // 2016 cores with 8 ADCs of 1200 µm² each
        assert!((of(PartKind::Adc) - 2016.0 * 8.0 * 1.2e-3).abs() < 1e-9);
        // two chips have twice of everything
        let mut two = chip.clone();
        two.repeat(2);
        let both: f64 = area(&two).iter().map(|r| r.area.si() * 1e-6).sum();
        assert!((both / total - 2.0).abs() < 1e-12);
    }
}
