//! Crossbar electrics: what the converters of a crossbar make of the rows that are driven, and its wires.

pub mod chain;
mod columns;
mod columns_tests;
pub mod converter;
mod fluctuation;
mod levels;
pub mod spice;
mod spice_tests;
pub mod wires;

pub use columns::{Clip, ColumnGroup, Columns, Conversions, Line, ROWS, ReadNoise, Tables, Tile};
pub use fluctuation::{Bands, Flicker, Pace, Slow, Telegraph};
pub use levels::quads;
