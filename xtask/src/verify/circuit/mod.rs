//! The rows of crossbar electricity and converters.

mod encodings;

use super::Row;

/// Every row.
pub const ROWS: &[Row] = &[Row {
    number: "10",
    measure: "column noise on every encoding of weights and inputs",
    asked: "moments and distribution equal the per-cell oracle (χ², p > 1e-3, seeds fixed); outputs identical for 1 and 2 threads, any batch, with and without AVX-512",
    find: encodings::noise,
}];
