//! Crossbar electrics: what the converters of a crossbar make of the rows that are driven.

mod columns;
pub mod wires;

pub use columns::{Clip, ColumnGroup, Columns, Conversions, Line, ROWS, ReadNoise, Tile};
