//! The rows of crossbar electricity and converters.

mod chain;
mod converters;
mod encodings;
mod sweep;
mod throughput;
mod wires;

use super::{Finding, Row};

/// Every row.
pub const ROWS: &[Row] = &[
    Row {
        number: "1",
        measure: "IR drop against `reference/crossbar_ir` (7 exact cases)",
        asked: "currents to 1e-9 relative, device currents and source power too where given",
        find: wires::reference,
    },
    Row {
        number: "2",
        measure: "IR drop against ngspice, 8 × 8 to 64 × 64, all topologies",
        asked: "linear to 1e-6, non-linear to 1e-4",
        find: wires::spice,
    },
    Row {
        number: "3",
        measure: "folding a crossbar (all outputs) and one vector, one core; one vector side by side with badcrossbar, cold",
        asked: "128 × 128 ≤ 40 ms at 1 Ω, ≤ 60 ms at 5 Ω; 256 × 256 ≤ 500 ms; one vector at 512 × 512 ≤ 100 ms and ≤ 50 MB; ≥ 50 × badcrossbar at 256 and 512",
        find: wires::speed,
    },
    Row {
        number: "4",
        measure: "all crossbars of ResNet-18 (128 × 128, 2 bits per cell, differential) folded, cold",
        asked: "≤ 2 minutes on two cores; warm: cached by content",
        find: wires::resnet,
    },
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
    Row {
        number: "11",
        measure: "ECG accuracy against wire resistance, array size, ADC bits and slice width",
        asked: "one sweep, a CSV and a figure in `reports/`, with the physical explanation",
        find: sweep::row,
    },
];

fn or_absent(find: impl FnOnce() -> Result<Finding, String>) -> Finding {
    find().unwrap_or_else(Finding::absent)
}
