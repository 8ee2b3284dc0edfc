//! PUMA as `arch/puma.yaml` describes it, beside recorded runs of PUMA's simulator (`puma_runs.csv` of the reference
//! folder). What is printed behind `PUMA` is read by `cargo xtask verify clock`.

use std::collections::BTreeMap;

use super::shipped::{open, reference, weights};
use super::*;
use crate::cost::{Action, PartKind};
use crate::exec::estimate;
use crate::onnx::testing::Builder;
use crate::study::Session;

/// Dense layers of these widths with a sigmoid behind each, as PUMA's compiler was given them.
fn perceptron(name: &str, widths: &[usize]) -> Session {
    let mut b = Builder::new(13).input("x", &["N", &widths[0].to_string()]);
    let mut x = "x".to_owned();
    for (n, pair) in widths.windows(2).enumerate() {
        let [w, m, y] = ["w", "m", "y"].map(|letter| format!("{letter}{n}"));
        let shape = [pair[0] as i64, pair[1] as i64];
        b = b.weights(&w, &shape, &weights(pair[0] * pair[1], n as u64));
        b = b.node("MatMul", &[&x, &w], &[&m], |a| a).node("Sigmoid", &[&m], &[&y], |a| a);
        x = y;
    }
    let last = widths.last().expect("widths").to_string();
    open("puma", &b.output(&x, &["N", &last]), name)
}

const MLPS: [usize; 4] = [256, 256, 128, 10];
const MLP_L4: [usize; 5] = [1024, 1024, 2048, 1024, 10];

/// A product of 16 steps, in cycles: what the simulator charges.
const PRODUCT: u64 = 1800;

/// Cycles of one sample.
fn cycles(s: &Session) -> u64 {
    s.time(1).unwrap_or_else(|e| panic!("{e}")).cycles
}

/// Changes every unit of a program.
fn with_units(program: &Program, change: impl Fn(&mut MvmUnit)) -> Program {
    let mut program = program.clone();
    for stage in program.stages.iter_mut() {
        if let Work::Mvm { replicas, .. } = &mut stage.work {
            replicas.iter_mut().flatten().for_each(&change);
        }
    }
    program
}

/// Cycles that products take in a run of one sample: what the run loses with every bit less, and two stages more for
/// each layer, which stand one behind the other.
fn products(s: &Session) -> u64 {
    let one = with_units(&s.program, |u| u.steps = 1);
    let less = run(&one, &SimOptions::default()).expect("runs").cycles;
    let layers = s.program.stages.iter().filter(|s| matches!(s.work, Work::Mvm { .. })).count() as u64;
    let lost = cycles(s) - less;
    assert_eq!(lost, layers * 15 * 100, "every product is waited for");
    lost + layers * 3 * 100
}

/// A product by itself: the core of the chip, nothing to carry to it and from it.
fn product(s: &Session, steps: u64) -> u64 {
    let first = s.program.stages.iter().find_map(|s| match &s.work {
        Work::Mvm { replicas, .. } => Some(replicas[0][0]),
        _ => None,
    });
    let unit = MvmUnit { load_bytes: 0, result_bytes: 0, steps, ..first.expect("a layer") };
    let mut machine = s.program.machine.clone();
    machine.tiles.iter_mut().for_each(|t| (t.bus_latency, t.buffer_latency) = (0, 0));
    (machine.memory.latency, machine.mesh.router) = (0, 0);
    let mut d = Draft::new(machine);
    let source = d.stage("input x", 0, 1, Work::Source { bytes: 0 });
    let layer = d.stage("layer", 0, 1, mvm(vec![unit], 0));
    let sink = d.stage("output", 0, 1, Work::Sink { bytes: 0 });
    d.join(source, layer, Need::Same, 1, 0);
    d.join(layer, sink, Need::Same, 1, 0);
    let (start, end) = position(&d.run(1), 1, 0);
    end - start
}

#[test]
fn a_product_takes_1800_cycles() {
    let s = perceptron("law", &[128, 10]);
    let taken = product(&s, 16);
    println!("PUMA: product of 16 bits: {taken} cycles");
    assert_eq!(taken, PRODUCT);
    for steps in [1, 2, 8] {
        assert_eq!(product(&s, steps), (steps + 2) * 100, "{steps} bits");
    }
}

/// What PUMA's simulator recorded for a network: item to value and share of the dynamic energy in percent.
fn recorded(network: &str) -> Option<BTreeMap<String, (f64, Option<f64>)>> {
    let lines = reference("puma/puma_runs.csv")?;
    let of = |line: &String| {
        let fields: Vec<&str> = line.split(',').collect();
        let value = fields.get(3)?.parse().ok()?;
        (fields[0] == network).then(|| (fields[2].to_owned(), (value, fields[4].parse().ok())))
    };
    Some(lines.iter().filter_map(of).collect())
}

#[test]
fn mlps_takes_the_cycles_of_the_recorded_run() {
    let s = perceptron("mlps", &MLPS);
    let (all, products) = (cycles(&s), products(&s));
    assert_eq!(products, 3 * PRODUCT);
    let theirs = recorded("mlps").map_or(5857.0, |r| r["cycles"].0);
    let off = 100.0 * (all as f64 / theirs - 1.0);
    println!(
        "PUMA: mlps: {all} cycles (recorded {theirs}, {off:+.1} %), of them {products} in 3 products and {} around them \
         (recorded {})",
        all - products,
        theirs as u64 - products
    );
    assert!(off.abs() < 5.0, "{off} %");
}

/// Flits of results that come to the tile of a layer from other tiles.
fn remote_flits(s: &Session, layer: usize) -> u64 {
    let machine = &s.program.machine;
    let weighted = s.program.stages.iter().filter(|s| matches!(s.work, Work::Mvm { .. })).nth(layer);
    let stage = weighted.expect("a layer");
    let Work::Mvm { replicas, .. } = &stage.work else { return 0 };
    let remote = replicas[0].iter().filter(|u| machine.cores[u.core].tile != stage.tile);
    remote.map(|u| u.result_bytes.div_ceil(machine.mesh.flit_bytes)).sum()
}

/// Four layers of 328 matrices: the products are PUMA's, what is around them is not.
#[test]
#[ignore = "takes seconds for five million weights; run by `cargo xtask verify clock`"]
fn mlp_l4_has_the_products_of_the_recorded_run() {
    let s = perceptron("mlp_l4", &MLP_L4);
    let (all, products) = (cycles(&s), products(&s));
    let theirs = recorded("mlp_l4").map_or(12948.0, |r| r["cycles"].0) as u64;
    println!(
        "PUMA: mlp_l4: {all} cycles (recorded {theirs}), of them {products} in products, as many as PUMA's 4 x {PRODUCT}, and \
         {} around them (recorded {}): the vector unit of one tile adds the partial sums of up to 128 crossbars, and 640 bytes \
         of each, {} flits in all for the second layer, come over the last link one after the other, where PUMA adds 16-bit \
         words in every core and charges a packet 31 cycles whatever else is on its way",
        all - products,
        theirs - 4 * PRODUCT,
        remote_flits(&s, 1)
    );
    assert_eq!(products, 4 * PRODUCT);
}

/// Energy of one event as PUMA's simulator counts them.
fn events(s: &Session) -> [(&'static str, f64); 4] {
    let core = s.chip.core_kinds.iter().next().expect("one kind");
    let price = |part: &crate::cost::Part, action| part.price(action).expect("priced").value.si();
    let layers = estimate(&s.quant, &s.tiled, &s.chip).unwrap_or_else(|e| panic!("{e}")).layers;
    let layer = layers.iter().next().expect("a layer");
    [
        // a read of ours is one of eight physical crossbars side by side
        ("xbar_mvm", layer.array_energy.si() / layer.reads as f64 / 8.0),
        ("adc", price(&core.adc.part, Action::Convert)),
        ("dac", price(&core.dac, Action::Drive)),
        ("alu_sna", price(&core.shift_add, Action::Add)),
    ]
}

/// Energy of the same events by the constants of PUMA's simulator: power times 100 ns for a crossbar, times 1 ns for
/// all else.
fn constants() -> Option<BTreeMap<&'static str, f64>> {
    let lines = reference("puma/puma_components_simulator.csv")?;
    let power = |component: &str, condition: &str| {
        let row = lines.iter().map(|l| l.split(',').collect::<Vec<_>>());
        let mut row = row.filter(|f| f[1].starts_with(component) && f[2] == condition);
        let milliwatts: f64 = row.next().expect("a component")[4].parse().expect("milliwatts");
        1e-3 * milliwatts
    };
    let events = [
        ("xbar_mvm", power("crossbar MVM", "128x128") * 100e-9),
        ("adc", power("ADC", "8 b") * 1e-9),
        ("dac", power("DAC", "1 b") * 1e-9),
        ("alu_sna", power("shift-and-add", "") * 1e-9),
    ];
    Some(events.into())
}

/// Prices times recorded counts give the recorded energies: within 5 % of the counts times the constants of the
/// simulator, and these give the shares that it printed, which it cuts after a few digits.
#[test]
fn prices_give_the_recorded_energies() {
    let s = perceptron("prices", &[256, 128]);
    let Some(constants) = constants() else { return };
    for network in ["mlps", "mlp_l4"] {
        let Some(recorded) = recorded(network) else { return };
        let dynamic = recorded["dynamic_energy (J)"].0;
        let mut told = Vec::new();
        for (item, energy) in events(&s) {
            let (count, percent) = recorded[item];
            let percent = percent.expect("a share");
            let (ours, theirs) = (energy * count, constants[item] * count);
            told.push(format!(
                "{item} {:.4} nJ ({:.4} nJ, {:+.2} %)",
                ours * 1e9,
                theirs * 1e9,
                100.0 * (ours / theirs - 1.0)
            ));
            let share = 100.0 * theirs / dynamic;
            let digit = if percent < 10.0 { 0.01 } else { 0.1 };
            assert!((percent..percent + digit).contains(&share), "{network} {item}: {share} % and {percent} % printed");
            assert!((ours / theirs - 1.0).abs() < 0.05, "{network} {item}: {ours} J against {theirs} J");
        }
        println!("PUMA: energy on the recorded counts of {network} (PUMA's): {}", told.join(", "));
    }
}

/// Our own counts of `mlps`: seven matrices where PUMA charges eight, no conversion of columns without a weight, and 16
/// additions for 16 bits where PUMA's runs through 18 stages.
#[test]
fn own_counts_differ_from_the_recorded_ones_for_known_reasons() {
    let s = perceptron("counts", &MLPS);
    let t = s.time(1).unwrap_or_else(|e| panic!("{e}"));
    let of = |part: PartKind| -> u64 {
        let mine = t.counts.iter().filter(|((_, p, a, _), _)| *p == part && *a != Action::Count);
        mine.map(|(_, n)| n).sum()
    };
    let layers = estimate(&s.quant, &s.tiled, &s.chip).unwrap_or_else(|e| panic!("{e}")).layers;
    let reads: u64 = layers.iter().map(|l| l.reads).sum();
    let ours = [
        ("xbar_mvm", 8 * reads),
        ("adc", of(PartKind::Adc)),
        ("dac", of(PartKind::Dac)),
        ("alu_sna", of(PartKind::ShiftAdd)),
    ];
    // the last of seven matrices has ten columns of weights in use, 80 of 1024
    let columns = 16 * (6 * 1024 + 80);
    assert_eq!(ours.map(|(_, n)| n), [7 * 8 * 16, columns, 7 * 16 * 128, columns]);
    let Some(recorded) = recorded("mlps") else { return };
    let full = 16 * 8 * 1024;
    assert_eq!(
        ["xbar_mvm", "adc", "dac", "alu_sna"].map(|i| recorded[i].0 as u64),
        [8 * 8 * 16, full, 8 * 16 * 128, full / 16 * 18]
    );
    let told = ours.map(|(item, n)| format!("{item} {n} ({})", recorded[item].0));
    println!("PUMA: own counts of mlps (recorded): {}", told.join(", "));
}
