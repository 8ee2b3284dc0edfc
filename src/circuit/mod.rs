//! Crossbar electrics: what the converters of a crossbar make of the rows that are driven, and its wires.

mod columns;
pub mod converter;
pub mod spice;
mod spice_tests;
pub mod wires;

pub use columns::{Clip, ColumnGroup, Columns, Conversions, Line, ROWS, ReadNoise, Tables, Tile};
