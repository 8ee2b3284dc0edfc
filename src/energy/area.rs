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
