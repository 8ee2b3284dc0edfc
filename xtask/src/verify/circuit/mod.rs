//! The rows of crossbar electricity and converters.

mod converters;

use super::Row;

/// Every row.
pub const ROWS: &[Row] = &[Row {
    number: "9",
    measure: "ADC statistics",
    asked: "SAR, flash, ramp: σ(DNL), σ(INL) equal the closed form for their mismatch; all ideal: SNDR = 6.02 N + 1.76 dB; sigma-delta: its SQNR law; the others against a separately written direct behavioural Monte-Carlo",
    find: converters::statistics,
}];
