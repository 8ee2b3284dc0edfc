//! The rows of the clock: the network-on-chip, the sequencer of a core, the event run, and the chips of others.

mod data_time;
mod fidelity;
mod gating;
mod memories;
mod noc;
mod rtl;
mod timeline;
mod traces;
mod yardsticks;

use super::Row;

/// The rows. A letter marks a part of a row: `a` that of the network-on-chip.
pub const ROWS: &[Row] = &[
    Row {
        number: "1",
        measure: "BookSim2 table (`reference/booksim`, 115 rows)",
        asked: "minimum packet latency exact on the lightly loaded rows; mean latency within 2 % under 1.5 × zero load, 5 % up to 3 ×; above that, or where the table says unstable, ours exceeds 3 × too; throughput rows within 3 %",
        find: noc::table,
    },
    Row {
        number: "1b",
        measure: "the mesh in runs: `link` against `flit`",
        asked: "the error of the message level against the flit level stated; counts the same; messages without contention as fast at both",
        find: fidelity::link_against_flit,
    },
    Row {
        number: "2",
        measure: "ISAAC (`arch/isaac.yaml`)",
        asked: "22-cycle latency and 16-cycle interval per output from the event run; 41.3 TOPS reached by an event run at full use; component table sums to 65.8 W and 85.4 mm², and the event run's power at full use stated beside it; peak buffer occupancy equals (Nx(Ky−1)+Kx)·Nif words on VGG layers",
        find: yardsticks::isaac,
    },
    Row {
        number: "3",
        measure: "PUMA recorded runs (`reference/puma/puma_runs.csv`) with `arch/puma.yaml`",
        asked: "MVM law exact (1,800 cycles); `mlps` total cycles within 5 %; `mlp_l4`: MVM part exact, transport part reported beside PUMA's with the reason; energy of crossbar, ADC, DAC, shift-add within 5 % on the recorded counts",
        find: yardsticks::puma,
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
        number: "5b",
        measure: "speed of the event run: ResNet-50",
        asked: "`light_resnet50` timeline < 2 s folded, and the plain run's cycles per second stated against PIMSIM-NN's 0.44 M",
        find: timeline::resnet50,
    },
    Row {
        number: "6a",
        measure: "each topology and multicast",
        asked: "each with a hand-drawn timeline checked at t - 1 and t",
        find: noc::timelines,
    },
    Row {
        number: "6b",
        measure: "DRAM, eDRAM ports and refresh, shared bus",
        asked: "each with a hand-drawn timeline checked at t - 1 and t",
        find: memories::timelines,
    },
    Row {
        number: "6c",
        measure: "gating",
        asked: "a hand-drawn timeline checked at t - 1 and t",
        find: gating::timelines,
    },
    Row {
        number: "7a",
        measure: "invariants of the network-on-chip",
        asked: "flits conserved; no resource double-booked; identical results for any component order, thread count; deadlock found and named on three constructed cases",
        find: noc::invariants,
    },
    Row {
        number: "7b",
        measure: "invariants of the event run",
        asked: "words and tokens conserved; no resource double-booked; identical results for any component order, thread count; deadlock found and named on three constructed cases",
        find: traces::invariants,
    },
    Row {
        number: "8",
        measure: "traces",
        asked: "a screenshot-ready Perfetto trace of the ECG run, opened and looked at; VCD opens in GTKWave's parser",
        find: traces::files,
    },
    Row {
        number: "9",
        measure: "time that data decide (build list, item 4)",
        asked: "zero-skipping, early ADC termination and write-verify length change time as the data say",
        find: data_time::measured,
    },
];
