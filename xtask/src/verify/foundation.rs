//! The rows of the foundation.

use super::{Row, ecg, noise, project};

/// Every row.
pub const ROWS: &[Row] = &[
    Row {
        number: "1",
        measure: "fresh clone, the README's run command",
        asked: "exit 0; summary complete",
        find: project::fresh_clone,
    },
    Row {
        number: "2",
        measure: "float reference on ds2_test, mean of three seeds",
        asked: "accuracy ≥ 0.93, macro-F1 (N, S, V, F) ≥ 0.55, F1(N) ≥ 0.96, F1(V) ≥ 0.85; no choice made on ds2_test, so one look at it (a prototype reached 0.943 and 0.60)",
        find: ecg::float_reference,
    },
    Row {
        number: "2b",
        measure: "demo set: R-peak detector and rule labels",
        asked: "sensitivity ≥ 0.97, predictivity ≥ 0.985, agreement ≥ 0.96",
        find: ecg::demo,
    },
    Row {
        number: "3",
        measure: "fidelity ideal against the quantised integer reference",
        asked: "every logit equal bit for bit, 33,626 beats",
        find: ecg::ideal,
    },
    Row {
        number: "4",
        measure: "8-bit weights and activations against float, ds2_test",
        asked: "≤ 0.005 accuracy, ≤ 0.01 macro-F1",
        find: ecg::quantisation,
    },
    Row {
        number: "5",
        measure: "noisy on the shipped MoS2 tile",
        asked: "drop per class stated; noise × 3 drops more; column moments equal the per-cell oracle (p > 1e-3, every layer); same bits for 1 and 2 threads and any batch size",
        find: noise::noisy,
    },
    Row {
        number: "6",
        measure: "all 33,626 beats, noisy, two threads",
        asked: "≤ 0.1 ns per cell-read",
        find: noise::speed,
    },
    Row {
        number: "7",
        measure: "timing laws, probes, producer–consumer pair",
        asked: "all tests of the timing core pass; laws exact for 20 or more random configurations each",
        find: project::timing,
    },
    Row {
        number: "8",
        measure: "compare mos2_tile and hfox_tile on the ECG network",
        asked: "energy, latency, area, accuracy side by side; example report up to date; ≤ 30 % of hfox_tile's energy assumed",
        find: project::side_by_side,
    },
    Row {
        number: "9",
        measure: "bad input",
        asked: "≥ 25 golden transcripts; fuzz run of the arch and ONNX loaders without a panic",
        find: project::bad_input,
    },
    Row {
        number: "10",
        measure: "README's test command in a clean clone",
        asked: "green, under 15 minutes",
        find: project::tests,
    },
];
