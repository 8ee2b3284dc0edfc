//! ISAAC as `arch/isaac.yaml` describes it (Shafiee et al., ISCA 2016, doi:10.1109/ISCA.2016.12): its pipeline, its
//! throughput and power at full use, its buffers. What is printed behind `ISAAC` is read by `cargo xtask verify clock`.

use std::collections::BTreeMap;

use super::shipped::{arch, open, reference, weights};
use super::*;
use crate::arch::Chip;
use crate::cost::{Action, PartKind};
use crate::energy::{Ledger, area, settle};
use crate::exec::{Activity, estimate};
use crate::onnx::testing::Builder;
use crate::sched::machine as timing;
use crate::study::Session;
use crate::tensor::Window;

/// Cycles of the chip to one of ISAAC's 100 ns.
const CYCLE: u64 = 128;

/// Two convolutions of one pixel, 128 to 128 to 16 channels: the second is one full crossbar, fed by the first.
fn two_layers() -> Session {
    let network = Builder::new(13)
        .input("x", &["N", "128", "12"])
        .weights("w1", &[128, 128, 1], &weights(128 * 128, 1))
        .weights("w2", &[16, 128, 1], &weights(16 * 128, 2))
        .node("Conv", &["x", "w1"], &["a"], |a| a)
        .node("Conv", &["a", "w2"], &["y"], |a| a)
        .output("y", &["N", "16", "12"]);
    open("isaac", &network, "two")
}

/// Positions of 64 channels, and taps of the kernel: 1024 rows on 8 crossbars, 64 outputs on 4.
const LENGTH: usize = 24;
const TAPS: usize = 16;

/// A convolution that fills a third of a tile, every window inside of the input.
fn third_of_a_tile() -> Session {
    let network = Builder::new(13)
        .input("x", &["N", "64", &(LENGTH + TAPS - 1).to_string()])
        .weights("w", &[64, 64, TAPS as i64], &weights(64 * 64 * TAPS, 3))
        .node("Conv", &["x", "w"], &["y"], |a| a)
        .output("y", &["N", "64", &LENGTH.to_string()]);
    open("isaac", &network, "third")
}

/// The weighted stages of a session's program: their units and vector operations.
fn layers(s: &Session) -> Vec<(Vec<MvmUnit>, u64)> {
    let of = |stage: &Stage| match &stage.work {
        Work::Mvm { replicas, vector_ops, .. } => Some((replicas[0].clone(), *vector_ops)),
        _ => None,
    };
    s.program.stages.iter().filter_map(of).collect()
}

/// Cycles of 100 ns that something between two cycles of the chip touches.
fn touched((start, end): (u64, u64)) -> u64 {
    end.div_ceil(CYCLE) - start / CYCLE
}

#[test]
fn an_output_takes_22_cycles_and_the_next_comes_16_later() {
    let s = two_layers();
    let (units, _) = &layers(&s)[1];
    assert_eq!((units.len(), units[0].steps, units[0].rounds, units[0].conversions), (1, 16, 1, 129));
    let options = SimOptions { samples: 2, trace: true, whole: true, ..SimOptions::default() };
    let t = run(&s.program, &options).expect("runs");
    let stage = s.program.stages.enumerate().filter(|(_, s)| matches!(s.work, Work::Mvm { .. })).nth(1);
    let stage = stage.expect("two layers").0.index();
    let positions: Vec<_> = (0..12).map(|p| position(&t, stage, p)).collect();
    let ticks = positions[0].1 - positions[0].0;
    println!(
        "ISAAC: pipeline: latency of an output {} cycles of 100 ns from eDRAM read to eDRAM write ({ticks} cycles of 1.28 GHz), \
         interval {} cycles",
        touched(positions[0]),
        (positions[1].1 - positions[0].1) / CYCLE
    );
    for (p, at) in positions.iter().enumerate() {
        assert_eq!(touched(*at), 22, "position {p}: {at:?}");
        assert_eq!(at.1 - positions[0].1, 16 * CYCLE * p as u64, "position {p}");
    }
    // twelve outputs of each sample, one after the other
    assert_eq!(t.finished[1] - t.finished[0], 12 * 16 * CYCLE);
}

/// A chain over all tiles of a chip, three copies of the convolution on each: every crossbar has a full block.
fn full(chip: &Chip, layer: &(Vec<MvmUnit>, u64)) -> Draft {
    const COPIES: usize = 3;
    let mut d = Draft::new(timing(chip));
    let (units, vector_ops) = layer;
    let bytes = 2 * 64;
    let window = Window {
        channels: 1,
        input: vec![LENGTH],
        output: vec![LENGTH],
        kernel: vec![TAPS],
        stride: vec![1],
        dilation: vec![1],
        pad: vec![TAPS - 1],
    };
    let mut before = d.stage("input x", 0, LENGTH, Work::Source { bytes });
    let [columns, rows] = chip.grid;
    // row by row, forth and back: from one tile to its neighbour
    for at in 0..columns * rows {
        let (y, x) = (at / columns, at % columns);
        let tile = y * columns + if y % 2 == 0 { x } else { columns - 1 - x };
        let first = chip.xbars.enumerate().find(|(_, x)| chip.cores[x.core].tile.index() == tile);
        let first = first.expect("tiles have crossbars").0.index();
        let on = |copy: usize| -> Vec<MvmUnit> {
            let number = |i: usize| XbarId::new(first + copy * units.len() + i);
            let place = |(i, u): (usize, &MvmUnit)| MvmUnit { xbar: number(i), core: chip.xbars[number(i)].core, ..*u };
            units.iter().enumerate().map(place).collect()
        };
        let work =
            Work::Mvm { layer: LayerId::new(at), replicas: (0..COPIES).map(on).collect(), vector_ops: *vector_ops };
        let stage = d.stage(&format!("conv {at}"), tile, LENGTH, work);
        d.join(before, stage, Need::Window(window.clone()), 2 * TAPS, bytes);
        before = stage;
    }
    let last = d.program.stages[before].tile.index();
    let sink = d.stage("output", last, LENGTH, Work::Sink { bytes });
    d.join(before, sink, Need::Same, 4, bytes);
    d
}

/// What a full chip does in a second once its pipeline is full.
struct Full {
    tops: f64,
    /// Cycles of 100 ns between samples.
    interval: f64,
    /// Share of the time in which a crossbar is read.
    used: f64,
    /// Energy of one sample, leakage over the interval.
    ledger: Ledger,
    seconds: f64,
}

fn at_full_use(grid: &str, samples: usize) -> Full {
    let set = [("chip.grid".to_owned(), grid.to_owned())];
    let chip = crate::arch::load(&arch("isaac"), &set).unwrap_or_else(|e| panic!("{e}"));
    let s = third_of_a_tile();
    let d = full(&chip, &layers(&s)[0]);
    let one = estimate(&s.quant, &s.tiled, &s.chip).unwrap_or_else(|e| panic!("{e}"));
    let layer = *one.layers.iter().next().expect("one layer");
    let activity =
        Activity { samples: 1, layers: chip.tiles.iter().map(|_| layer).collect(), estimated: one.estimated };
    let mut t = run(&d.program, &SimOptions { samples, ..SimOptions::default() }).expect("runs");
    // the median over the second half: the last sample has nobody behind it and is a few cycles of the chip early
    let mut gaps: Vec<u64> = t.finished.windows(2).map(|w| w[1] - w[0]).skip(samples / 2).collect();
    gaps.sort_unstable();
    let interval = gaps[gaps.len() / 2] as f64;
    let converted: u64 = t.counts.iter().filter(|((_, _, a, _), _)| *a == Action::Convert).map(|(_, n)| n).sum();
    // 129 conversions of each of 16 steps are one product of 128 rows by 16 weights of 8 columns
    let products = converted as f64 / (129.0 * 16.0) / samples as f64;
    let seconds = interval / chip.clock.si();
    // what the pipeline takes to fill is not charged: every sample costs its counts and leaks for an interval
    t.cycles = (interval * samples as f64).round() as u64;
    let ledger = settle(&chip, &d.program, &t, &activity).unwrap_or_else(|e| panic!("{e}"));
    Full {
        tops: 2.0 * products * 128.0 * 16.0 / seconds * 1e-12,
        interval: interval / CYCLE as f64,
        used: products * 16.0 * CYCLE as f64 / interval / chip.xbars.len() as f64,
        ledger,
        seconds,
    }
}

/// Watts of the component table, by our kinds of parts.
const TABLE: [(PartKind, f64); 12] = [
    (PartKind::Crossbar, 2016.0 * 2.4e-3),
    (PartKind::Dac, 2016.0 * 4e-3),
    (PartKind::SampleHold, 2016.0 * 0.01e-3),
    (PartKind::Adc, 2016.0 * 16e-3),
    (PartKind::ShiftAdd, 2016.0 * 0.2e-3),
    (PartKind::InputRegister, 2016.0 * 1.24e-3),
    (PartKind::OutputRegister, 2016.0 * 0.23e-3),
    (PartKind::Buffer, 168.0 * 20.7e-3),
    (PartKind::Bus, 168.0 * 7e-3),
    (PartKind::VectorUnit, 168.0 * 2.65e-3),
    (PartKind::Router, 168.0 * 10.5e-3),
    (PartKind::ChipLink, 10.4),
];

/// One row of tiles: a twelfth of the throughput of the chip.
#[test]
fn a_row_of_tiles_reaches_its_share_of_the_peak() {
    let f = at_full_use("[14, 1]", 24);
    assert_eq!(f.interval, (LENGTH / 3 * 16) as f64, "three positions every 16 cycles");
    assert!((f.used - 1.0).abs() < 1e-12, "{}", f.used);
    assert!((f.tops - 41.288 / 12.0).abs() < 1e-3, "{}", f.tops);
}

/// The whole chip: 16128 crossbars, 168 layers one behind the other.
#[test]
#[ignore = "takes seconds; run by `cargo xtask verify clock`"]
fn the_whole_chip_reaches_the_peak() {
    let f = at_full_use("[14, 12]", 48);
    let power = f.ledger.total().si() / f.seconds;
    println!(
        "ISAAC: full use: {:.2} TOPS, every crossbar read {:.2} % of the time, {} cycles of 100 ns for 24 positions of each of \
         168 layers",
        f.tops,
        100.0 * f.used,
        f.interval
    );
    let by_kind: BTreeMap<_, f64> =
        f.ledger.by_kind().into_iter().map(|(k, (a, b))| (k, (a.si() + b.si()) / f.seconds)).collect();
    let parts = TABLE
        .iter()
        .map(|(kind, watts)| format!("{} {:.3} ({watts:.3})", kind.name(), by_kind.get(kind).copied().unwrap_or(0.0)));
    println!("ISAAC: power of that run: {power:.2} W; by part in W (table): {}", parts.collect::<Vec<_>>().join(", "));
    let listed: f64 = TABLE.iter().filter_map(|(kind, _)| by_kind.get(kind)).sum();
    assert!((listed - power).abs() < 1e-9 * power, "a part that is not in the table draws power");
    assert_eq!(f.interval, (LENGTH / 3 * 16) as f64, "three positions every 16 cycles");
    assert!((f.tops - 41.29).abs() < 0.01, "{}", f.tops);
}

/// Power at the rates of the table, and area, of the parts of the arch file. The table's own sums are rounded to three
/// digits: 0.2 %.
#[test]
fn parts_add_up_to_the_table() {
    let s = third_of_a_tile();
    let chip = &s.chip;
    let core = chip.core_kinds.iter().next().expect("one kind");
    let one = estimate(&s.quant, &s.tiled, chip).unwrap_or_else(|e| panic!("{e}"));
    let layer = one.layers.iter().next().expect("one layer");
    let read = layer.array_energy.si() / layer.reads as f64;
    let tile = &chip.tile_kind;
    // actions in 100 ns
    let core_parts: [(&crate::cost::Part, &[(Action, f64)]); 6] = [
        (&core.dac, &[(Action::Drive, 1024.0)]),
        (&core.sample_hold, &[(Action::Sample, 1032.0)]),
        (&core.adc.part, &[(Action::Convert, 1032.0)]),
        (&core.shift_add, &[(Action::Add, 1032.0)]),
        (&core.input_register, &[(Action::Read, 128.0), (Action::Write, 128.0)]),
        (&core.output_register, &[(Action::Read, 16.0), (Action::Write, 16.0)]),
    ];
    let tile_parts: [(&crate::cost::Part, &[(Action, f64)]); 4] = [
        (&tile.buffer, &[(Action::Read, 1536.0), (Action::Write, 192.0)]),
        (&tile.bus, &[(Action::Transfer, 1728.0)]),
        (&tile.vector, &[(Action::Operate, tile.vector_lanes as f64)]),
        (&chip.noc.router, &[(Action::Route, 2.0 * CYCLE as f64)]),
    ];
    let watts = |(part, actions): (&crate::cost::Part, &[(Action, f64)])| {
        let spent: f64 = actions.iter().map(|(a, n)| part.price(*a).expect("priced").value.si() * n).sum();
        spent / 100e-9 + part.leakage.value.si() * part.count as f64
    };
    let link = &chip.chip_link.as_ref().expect("has links").part;
    let mut found: BTreeMap<PartKind, f64> = BTreeMap::new();
    found.extend(core_parts.map(|p| (p.0.kind, 2016.0 * watts(p))));
    found.extend(tile_parts.map(|p| (p.0.kind, 168.0 * watts(p))));
    found.insert(PartKind::ChipLink, link.leakage.value.si() * link.count as f64);
    found.insert(PartKind::Crossbar, 2016.0 * 8.0 * read / 100e-9);
    for (kind, table) in TABLE {
        // the cells conduct what random weights make of them, the others are prices
        let tolerance = if kind == PartKind::Crossbar { 2e-2 } else { 2e-3 };
        assert!((found[&kind] / table - 1.0).abs() < tolerance, "{kind:?}: {} W against {table} W", found[&kind]);
    }
    let power: f64 = found.values().sum();
    let square: f64 = area(chip).iter().map(|r| r.area.si() * 1e-6).sum();
    let (mut table_power, mut table_area) = (65.8, 85.4);
    if let Some(lines) = reference("isaac/isaac_components.csv") {
        let total = lines.iter().find(|l| l.starts_with("chip,chip total")).expect("a total");
        let fields: Vec<f64> = total.split(',').filter_map(|f| f.parse().ok()).collect();
        (table_power, table_area) = (fields[0] * 1e-3, fields[1]);
    }
    println!(
        "ISAAC: parts of arch/isaac.yaml at the rates of the table: {power:.2} W (table {table_power} W), {square:.2} mm2 \
         (table {table_area} mm2)"
    );
    assert!((power / table_power - 1.0).abs() < 2e-3, "{power} W");
    assert!((square / table_area - 1.0).abs() < 2e-3, "{square} mm2");
}

/// A convolution behind a producer that yields a position every 16 cycles: input side, kernel, input channels.
struct Layer {
    side: usize,
    kernel: usize,
    channels: usize,
}

/// Producer, consumer and their channel.
fn pair(s: &Session, layer: &Layer, capacity: usize) -> (Draft, ChannelId) {
    let mut d = Draft::new(timing(&s.chip));
    let Layer { side, kernel, channels } = *layer;
    let (unit, vector_ops) = (&layers(s)[1].0[0], layers(s)[1].1);
    let positions = side * side;
    let (need, outputs) = if kernel == side {
        (Need::All, 1)
    } else {
        let both = |n: usize| vec![n; 2];
        let (input, output) = (both(side), both(side));
        let (kernel, pad) = (both(kernel), both(kernel / 2));
        (
            Need::Window(Window { channels: 1, input, output, kernel, stride: both(1), dilation: both(1), pad }),
            positions,
        )
    };
    // one crossbar each, in tiles side by side
    let of_tile = |tile: usize| {
        let xbar = s.chip.xbars.enumerate().find(|(_, x)| s.chip.cores[x.core].tile.index() == tile).expect("there").0;
        mvm(vec![MvmUnit { xbar, core: s.chip.xbars[xbar].core, ..*unit }], vector_ops)
    };
    let source = d.stage("input x", 0, positions, Work::Source { bytes: 32 });
    let producer = d.stage("producer", 0, positions, of_tile(0));
    let consumer = d.stage("consumer", 1, outputs, of_tile(1));
    let sink = d.stage("output", 1, outputs, Work::Sink { bytes: 32 });
    d.join(source, producer, Need::Same, 4, 32);
    let channel = d.join(producer, consumer, need, capacity, 2 * channels as u64);
    d.join(consumer, sink, Need::Same, 4, 32);
    (d, channel)
}

/// The buffer of a layer: peak words without a limit, and whether the rule's positions are enough and no fewer.
fn occupancy(s: &Session, layer: &Layer) -> u64 {
    let Layer { side, kernel, channels } = *layer;
    let rule = side * (kernel - 1) + kernel;
    let options = SimOptions { samples: 2, ..SimOptions::default() };
    let (free, channel) = pair(s, layer, 4 * side * side);
    let free = run(&free.program, &options).expect("runs");
    assert_eq!(free.peaks[channel], rule as u64, "{side} x {side} of {channels} channels");
    let (tight, _) = pair(s, layer, rule);
    let tight = run(&tight.program, &options).expect("runs");
    assert_eq!(tight.finished, free.finished, "the rule's buffer costs no time");
    let (small, _) = pair(s, layer, rule - 1);
    assert_eq!(run(&small.program, &options).expect_err("too small").code, "R001");
    free.peaks[channel] * channels as u64
}

const fn conv(side: usize, channels: usize) -> Layer {
    Layer { side, kernel: 3, channels }
}

/// VGG-16 (Simonyan and Zisserman 2015): inputs of its convolutions 3 x 3, and its first dense layer.
const VGG: [Layer; 10] = [
    conv(14, 512),
    Layer { side: 7, kernel: 7, channels: 512 },
    conv(28, 256),
    conv(28, 512),
    conv(56, 128),
    conv(56, 256),
    conv(112, 64),
    conv(112, 128),
    conv(224, 3),
    conv(224, 64),
];

fn buffers(layers: &[Layer]) -> Vec<String> {
    let s = two_layers();
    let one =
        |l: &Layer| format!("{} x {} x {} kernel {}: {} words", l.side, l.side, l.channels, l.kernel, occupancy(&s, l));
    layers.iter().map(one).collect()
}

#[test]
fn small_layers_hold_the_words_of_the_rule() {
    buffers(&VGG[..3]);
}

#[test]
#[ignore = "takes seconds; run by `cargo xtask verify clock`"]
fn vgg_layers_hold_the_words_of_the_rule() {
    println!("ISAAC: peak words in buffers: {}", buffers(&VGG).join("; "));
}
