//! Circuits around the cells: converters.

mod adc;

pub use adc::{AdcTransfer, MAX_BITS, code};
