//! The rows of the clock that there are so far: those of the network-on-chip.

mod noc;
mod rtl;

use super::Row;

/// The rows that can be measured. `a` marks the half of a row that is the network's; the other half is not there.
pub const ROWS: &[Row] = &[
    Row {
        number: "1",
        measure: "BookSim2 table (`reference/booksim`, 115 rows)",
        asked: "minimum packet latency exact on the lightly loaded rows; mean latency within 2 % (or 3 standard errors over our seeds) under 1.5 × zero load, 5 % up to 3 ×; above that, or where the table says unstable, ours exceeds 3 × too; throughput rows within 3 %",
        find: noc::table,
    },
    Row {
        number: "4",
        measure: "RTL cross-check: the sequencer of a core in Verilog",
        asked: "identical cycle numbers, ≥ 200 random configurations incl. stalls, an ADC shared by two crossbars, two clocks; the Verilog is written from the doc comments, not generated; a one-cycle mutation on either side is caught",
        find: rtl::sequencer,
    },
    Row {
        number: "5a",
        measure: "speed of the network-on-chip: 8 × 8 mesh, uniform 0.15, single-flit",
        asked: "≥ 200,000 cycles per second on one core",
        find: noc::speed,
    },
    Row {
        number: "6a",
        measure: "each topology and multicast",
        asked: "each with a hand-drawn timeline checked at t - 1 and t",
        find: noc::timelines,
    },
    Row {
        number: "7a",
        measure: "invariants of the network-on-chip",
        asked: "flits conserved; no resource double-booked; identical results for any component order, thread count; deadlock found and named on three constructed cases",
        find: noc::invariants,
    },
];
