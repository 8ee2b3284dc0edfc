//! The arch file: schema, loading with all mistakes at once, cross-checks, and the resolved [`Chip`].
//!
//! Text becomes a tree with places (`yaml`, `tree`), overrides replace nodes, the generated schema checks the
//! structure (`check`), the typed file is read from the tree (`de`, `file`), rules check what no schema
//! can say (`rules`), and names become dense ids (`resolve`).

mod card;
mod check;
mod chip;
mod de;
mod describe;
mod file;
pub mod limits;
mod load;
mod memory;
mod resolve;
mod rules;
#[cfg(test)]
mod adc_tests;
#[cfg(test)]
mod clock_tests;
#[cfg(test)]
mod gating_tests;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tree;
mod wires;
mod yaml;

pub use crate::tensor::{Encoding, InputSum, Subtraction};
pub use card::{card_str, load_card};
use chip::burst;
pub use chip::*;
pub use describe::describe;
pub use file::{
    ArchFile, BackEndSpec, CalibrationSpec, ChipSpec, CoreSpec, CrossbarSpec, DefaultsSpec, FORMAT_VERSION,
    FidelitySpec, InputSumSpec, MapperSpec, NoiseSpec, OffsetSpec, QuantisationSpec, SubtractionSpec, TileSpec,
    WeightsSpec, WhenTooSmallSpec,
};
pub use load::{Resolve, load, load_str, load_with};
pub use memory::{Dram, Memory, Refresh};
pub use rules::{MAX_CHIPS, MAX_DIVIDER};
pub use wires::{AccessSpec, LineOrderSpec, SelectorSpec, SidesSpec, Wires, WiresFrom, WiresSpec};
pub use yaml::{MAX_BYTES, MAX_DEPTH, MAX_NODES};

/// The JSON schema of the arch file, as committed in `arch/schema.json`: pretty, ending with a newline.
#[must_use]
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&check::schema_value()).expect("a JSON value has a text form");
    text.push('\n');
    text
}
