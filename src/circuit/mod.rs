//! Column currents and converters: what happens between the word lines and the shift-and-add.

mod adc;
mod columns;

pub use adc::{AdcTransfer, MAX_BITS, code};
pub use columns::{Clip, ColumnGroup, Columns, Conversions, Line, ROWS, ReadNoise, Tile};
