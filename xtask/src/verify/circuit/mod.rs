//! The rows of circuits: wires, converters, columns.

mod chart;
mod sweep;
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
        number: "11",
        measure: "ECG accuracy against wire resistance, array size, ADC bits and slice width",
        asked: "one sweep, a CSV and a figure in `reports/`, with the physical explanation",
        find: sweep::row,
    },
];

fn or_absent(find: impl FnOnce() -> Result<Finding, String>) -> Finding {
    find().unwrap_or_else(Finding::absent)
}
