//! The MoS2 chip with values written over, for tests of the arch file.
#![cfg(test)]

use super::{Chip, load_str};

/// Its file.
pub(super) const MOS2: &str = include_str!("../../arch/mos2_tile.yaml");

/// The chip, or its mistakes.
pub(super) fn with(sets: &[(&str, &str)]) -> crate::diag::Result<Chip> {
    let sets: Vec<(String, String)> = sets.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    load_str("t.yaml", MOS2, &sets)
}

/// The chip, which has none.
pub(super) fn good(sets: &[(&str, &str)]) -> Chip {
    with(sets).unwrap_or_else(|e| panic!("{e}"))
}
