//! The rows of crossbar electricity and converters.

mod converters;
mod encodings;

use super::Row;

/// Every row.
pub const ROWS: &[Row] = &[
    Row {
        number: "9",
        measure: "ADC statistics",
        asked: "SAR, flash, ramp: σ(DNL), σ(INL) equal the closed form for their mismatch; all ideal: SNDR = 6.02 N + 1.76 dB; sigma-delta: its SQNR law; the others against a separately written direct behavioural Monte-Carlo",
        find: converters::statistics,
    },
    Row {
        number: "10",
        measure: "column noise on every encoding of weights and inputs",
        asked: "moments and distribution equal the per-cell oracle (χ², p > 1e-3, seeds fixed); outputs identical for 1 and 2 threads, any batch, with and without AVX-512",
        find: encodings::noise,
    },
];
