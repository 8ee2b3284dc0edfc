//! The rows of crossbar electricity and converters.

mod chain;
mod converters;
mod encodings;
mod throughput;

use super::{Finding, Row};

/// Every row.
pub const ROWS: &[Row] = &[
    Row {
        number: "5",
        measure: "analog chain against `reference/aihwkit` forward cases",
        asked: "the deterministic cases to 1e-5; noisy ones: entries within 4 standard errors, pooled standard-deviation ratio within 1 % per case",
        find: chain::reference,
    },
    Row {
        number: "6",
        measure: "512 × 512 read throughput, one thread, side by side with aihwkit: ideal, 7b DAC + 9b ADC, PCM read noise + IR drop",
        asked: "≥ 10 ×, ≥ 8 ×, ≥ 20 × at batch 256",
        find: throughput::side_by_side,
    },
    Row {
        number: "7",
        measure: "512 × 512 weights, bit-sliced (4×2 bits, differential), bit-serial (7 planes), 8-bit per-slice ADC, batch 64, one thread",
        asked: "≤ 0.03 ns per cell-read noise-free, ≤ 0.06 ns with read noise, ≤ 0.01 ns on integer levels where the processor has VNNI (equal bits)",
        find: throughput::sliced,
    },
    Row {
        number: "8",
        measure: "roofline: share of a measured fused-multiply-add loop's peak",
        asked: "≥ 50 % for batch ≥ 64, ideal",
        find: throughput::roofline,
    },
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

fn or_absent(find: impl FnOnce() -> Result<Finding, String>) -> Finding {
    find().unwrap_or_else(Finding::absent)
}
