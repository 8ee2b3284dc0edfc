//! Identities that every run must keep, on the shipped chips and the shipped network.

use std::collections::BTreeSet;
use std::path::PathBuf;

use archsim::energy::{Ledger, settle};
use archsim::exec::{Fidelity, RunOptions as RunHow};
use archsim::report::run_tables;
use archsim::study::{RunOptions, Session, Silent, simulate};

fn options(arch: &str, set: &[(&str, String)]) -> RunOptions {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    RunOptions {
        arch: root.join("arch").join(arch),
        model: root.join("workloads/ecg.onnx"),
        samples: Some(6),
        fidelity: Some(Fidelity::Noisy),
        set: set.iter().map(|(k, v)| ((*k).to_string(), v.clone())).collect(),
        ..RunOptions::default()
    }
}

fn ledger(arch: &str, set: &[(&str, String)]) -> Ledger {
    let options = options(arch, set);
    let session = Session::open(&options).unwrap();
    let values = session.value_options(&options);
    let arrays = session.arrays(&values).unwrap();
    let outcome = session.values(&arrays, 0..session.data.samples, &RunHow::default(), &Silent).unwrap();
    settle(&session.chip, &session.program, &session.time(1).unwrap(), &outcome.activity).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

#[test]
fn sums_by_component_and_by_layer_equal_the_total() {
    for arch in ["mos2_tile.yaml", "hfox_tile.yaml"] {
        let ledger = ledger(arch, &[]);
        let total = ledger.total().si();
        assert!(total > 0.0);
        let by_kind: f64 = ledger.by_kind().values().map(|(d, l)| d.si() + l.si()).sum();
        let by_stage: f64 = ledger.by_stage().values().map(|e| e.si()).sum::<f64>() + ledger.leakage().si();
        assert!(close(by_kind, total), "{arch}: {by_kind} by part, {total} in all");
        assert!(close(by_stage, total), "{arch}: {by_stage} by layer, {total} in all");
    }
}

/// Planes without a digit take neither conversions nor time, and what the timing core counts is what values asked for.
#[test]
fn skipped_planes_save_time_and_conversions() {
    let key = "cores.macro.dac.bit_serial.skip_zero_planes";
    let of = |set: &[(&str, String)]| simulate(&options("mos2_tile.yaml", set), &Silent).unwrap().report;
    let (all, some) = (of(&[]), of(&[(key, "true".into())]));
    assert!(some.summary.latency_s < all.summary.latency_s && some.summary.energy_j < all.summary.energy_j);
    let converted = |r: &archsim::report::RunReport| -> f64 {
        r.components.iter().filter(|c| c.kind == "adc" && c.action == "convert").map(|c| c.count).sum()
    };
    assert!(converted(&some) < 0.9 * converted(&all), "{} of {}", converted(&some), converted(&all));
}

#[test]
fn the_files_add_up_too() {
    let report = simulate(&options("mos2_tile.yaml", &[]), &Silent).unwrap().report;
    let total = report.summary.energy_j;
    let layers: f64 = report.layers.iter().map(|l| l.energy_j).sum();
    let components: f64 = report.components.iter().map(|c| c.energy_j + c.leakage_j).sum();
    assert!(close(layers, total) && close(components, total), "{layers} {components} {total}");
    let confusion: u64 = report.confusion.iter().map(|c| c.count).sum();
    assert_eq!(confusion, report.summary.samples);
}

/// The dynamic memory of `docs/memories.md`: each row that was not open has been activated, and each inference begins
/// with rows that nobody has opened.
#[test]
fn a_dynamic_memory_tells_what_its_rows_were() {
    let page = include_str!("../docs/memories.md");
    let from = page.find("dram:\n").unwrap();
    let memory = page[from..].split("```").next().unwrap();
    let report = simulate(&options("mos2_tile.yaml", &[("chip.memory", memory.into())]), &Silent).unwrap().report;
    let (dram, others): (Vec<_>, Vec<_>) = report.components.iter().partition(|c| c.row_hits.is_some());
    let [rows] = &dram
        .iter()
        .map(|c| [c.row_hits, c.row_misses, c.row_conflicts])
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()[..]
    else {
        panic!("every row of it says the same: {dram:?}")
    };
    let [hits, misses, conflicts] = rows.map(Option::unwrap);
    let activated: f64 = dram.iter().filter(|c| c.action == "activate").map(|c| c.count).sum();
    assert_eq!((misses + conflicts) as f64, activated);
    assert!(hits > 0 && misses > 0, "{rows:?}");
    assert!(dram.iter().all(|c| c.path == dram[0].path) && others.iter().all(|c| c.path != dram[0].path));
    let said = format!("{hits} hits, {misses} misses, {conflicts} conflicts");
    assert!(run_tables(&report).contains(&said), "{said}");
    let plain = simulate(&options("mos2_tile.yaml", &[]), &Silent).unwrap().report;
    assert!(plain.components.iter().all(|c| c.row_hits.is_none()) && !run_tables(&plain).contains("conflicts"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 8, failure_persistence: None, ..Default::default() })]
    /// Bias time is in seconds and everything else is counted: the clock moves time and leakage only.
    #[test]
    fn scaling_the_clock_leaves_dynamic_energy_alone(mhz in 20u32..4000) {
        let plain = ledger("mos2_tile.yaml", &[]);
        let scaled = ledger("mos2_tile.yaml", &[("clock", format!("{mhz} MHz"))]);
        proptest::prop_assert!(close(plain.dynamic().si(), scaled.dynamic().si()), "{} and {}", plain.dynamic(), scaled.dynamic());
    }
    /// Buffers and mesh move data at other times, never other data.
    #[test]
    fn buffers_and_mesh_leave_values_alone(kib in 48u32..256, width in 1usize..6) {
        let base = simulate(&options("mos2_tile.yaml", &[]), &Silent).unwrap().report;
        let set = [("tile.buffer.edram.capacity", format!("{kib} KiB")), ("chip.grid", format!("[{width}, 8]"))];
        let other = simulate(&options("mos2_tile.yaml", &set), &Silent).unwrap().report;
        proptest::prop_assert_eq!(base.predictions, other.predictions);
    }
}
