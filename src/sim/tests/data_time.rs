//! Time that data decide: a ramp that stops drawn by hand, one that always stops with the same code, and the heartbeat
//! network on a shipped chip.

use std::path::PathBuf;

use super::super::Owner;
use super::super::build::build;
use super::shipped::arch;
use super::*;
use crate::arch::WhenTooSmall;
use crate::cost::PartKind;
use crate::exec::support::{Builder, Parameters, chip, tile};
use crate::exec::{self, Arrays, Fidelity, ValueOptions, calibrate};
use crate::lower::{QOp, WeightCodes};
use crate::map::place;
use crate::report::RunReport;
use crate::sched::{Pace, emit};
use crate::study::{RunOptions, Silent, simulate};
use crate::tensor::{Quant, Window};
use crate::units::{Kelvin, Second};

/// Positions of the layer that are done by the end of cycle `t`.
fn done(program: &Program, t: u64) -> u64 {
    let mut setup = build(program, 1, false);
    setup.world.run(t, 1, true);
    setup.world.stages[1].done
}

/// Two positions, each of two steps of two rounds; a front end and an addition take a cycle, a conversion 8 if nothing
/// stops it. With 3.5 cycles on average the rounds of the first MVM take 3, those of the second 4. The source writes
/// both positions in 5-7, then they are loaded.
///
/// ```text
/// cycle      7  8  9  10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40
/// load      |0 |1 |
/// front        |0 |0 |              |1 |              |1 |
/// convert         |0 ----- |0 ----- |0 ----- |0 ----- |1 -------- |1 -------- |1 -------- |1 -------- |
/// add                      |0 |     |0 |     |0 |     |0 |        |1 |        |1 |        |1 |        |1 |
/// result                                                 |0 |                                            |1 |
/// vector                                                    |0 |                                            |1 |
/// ```
///
/// A bank is free when the last code of its step is taken: in 15 and 21. The results are ready in 22 and 38, and
/// through the vector unit in 24 and 40; without stopping, 20 and 36 cycles later.
#[test]
fn a_ramp_that_stops_by_hand() {
    let mut d = one_layer(machine([1, 1], QUICK_TILE), 2, mvm(vec![unit(0, 0, 2, 2)], 64));
    d.program.machine.cores[CoreId::new(0)].convert = 8;
    let stopped = d.program.paced(|_| Pace { steps: 1.0, convert: Some(3.5) });
    let mut moments = 0;
    for (program, ends) in [(&d.program, [44, 76]), (&stopped, [24, 40])] {
        for (n, end) in (0u64..).zip(ends) {
            assert_eq!((done(program, end - 1), done(program, end)), (n, n + 1), "position {n} in {end}");
            moments += 1;
        }
    }
    let t = Draft { program: stopped }.run(1);
    let times: Vec<_> = t.mvms.iter().map(|m| (m.begun, m.ready)).collect();
    assert_eq!(times, [(8, 22), (15, 38)]);
    let busy = t.busy[&(Owner::Xbar(XbarId::new(0)), PartKind::Adc)];
    assert_eq!(busy, 4 * 3 + 4 * 4, "four rounds of each MVM");
    println!("DATA: a ramp drawn by hand, {moments} moments at t - 1 and t");
}

/// Twelve inputs of six bits, all ones, and weights of 3 on five outputs, in two row groups: every plane of every group
/// gives every column 6 · 3 = 18, which a converter of 6 bits with a step of 1 knows after 18 + 32 + 1 = 51 of its 64
/// cycles. Three rounds on two converters, 6 · 2 steps; a front end of 4 cycles, one addition of a cycle left behind
/// the last round, one bank: 12 · (4 + 3 · 51 + 1) = 1896 cycles from the first front end, then the output register.
#[test]
fn codes_that_are_all_the_same_by_hand() {
    let p = Parameters {
        block: [12, 5],
        group: 6,
        adc_bits: 6,
        adcs: 2,
        convert: 64,
        early_stop: true,
        ..Parameters::default()
    };
    let mut b = Builder::new(&[12], Quant { scale: 1.0, bits: 6, signed: false }, 5, 1);
    let input = b.graph.output();
    let layer = b.mvm(input, Window::dense(12), 5, None);
    let QOp::Mvm(op) = &mut b.graph.nodes[layer].op else { unreachable!("just added") };
    op.weights = WeightCodes::new(5, vec![3; 60]);
    let (graph, chip) = (b.graph, chip(&p));
    let tiled = tile(&graph, &p);
    let x = ndarray::Array2::from_elem((3, 12), 63.0f32);
    let (seed, noise_scale, age, temperature) = (1, 1.0, Second(0.0), Kelvin(300.0));
    let values = ValueOptions { fidelity: Fidelity::Quantised, seed, noise_scale, age, temperature };
    let converters = calibrate(&graph, &tiled, &chip, &[x.view()], 0..3).unwrap();
    let arrays = Arrays::program(&graph, &tiled, &chip, &converters, &values).unwrap();
    let how = exec::RunOptions::default();
    let layers = exec::run(&graph, &tiled, &arrays, &[x.view()], 0..3, &how, &|_| ()).unwrap().activity.layers;
    let stops = layers[LayerId::new(0)].stops;
    assert_eq!((stops.rounds, stops.round(), stops.share()), (3 * 12 * 3, Some(51.0), 51.0 / 64.0));
    let program = emit(&graph, &tiled, &place("sequential", &graph, &tiled, &chip).unwrap(), &chip).unwrap();
    let paced = program.paced(|l| Pace { steps: layers[l].pace(), convert: layers[l].stops.round() });
    let time = |program: &Program| {
        let t = Draft { program: program.clone() }.run(1);
        (t.mvms[0].ready - t.mvms[0].begun, t.cycles)
    };
    let ((early, first), (whole, last)) = (time(&paced), time(&program));
    assert_eq!((early, whole), (12 * (4 + 3 * 51 + 1) + 1, 12 * (4 + 3 * 64 + 1) + 1));
    assert_eq!(last - first, 12 * 3 * (64 - 51), "nothing else waits");
    println!("DATA: codes that are all 18, an MVM of {early} cycles instead of {whole}, as by hand");
}

/// A run of the heartbeat network on the MoS2 chip, for some samples.
fn heartbeats(set: &[(&str, &str)], more: RunOptions) -> RunReport {
    let options = RunOptions {
        arch: arch("mos2_tile"),
        model: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/workloads/ecg.onnx")),
        samples: Some(40),
        fidelity: Some(Fidelity::Noisy),
        set: set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..more
    };
    simulate(&options, &Silent).unwrap_or_else(|e| panic!("{e}")).report
}

/// Single-slope converters of 8 bits at 1 GHz, a comparator for each pair of columns.
fn ramp(stop: &str) -> String {
    format!(
        "{{ ramp: {{ bits: 8, per_crossbar: 64, clock: 1 GHz, noise_lsb: 0.25, full_scale: {{ percentile: 99.9 % }}, {stop} source: 'assumed: a test' }} }}"
    )
}

/// Energy, busy cycles and number of the conversions of each crossbar.
fn conversions(r: &RunReport) -> Vec<(f64, u64, f64)> {
    let rows = r.components.iter().filter(|c| c.kind == "adc" && c.action == "convert");
    rows.map(|c| (c.energy_j, c.busy_cycles, c.count)).collect()
}

#[test]
fn heartbeats_take_the_time_of_their_data() {
    let skip = ("cores.macro.dac.bit_serial.skip_zero_planes", "true");
    let (whole, stops) = (ramp(""), ramp("early_stop: true,"));
    let of = |ramp: &str, others: &[(&str, &str)]| {
        heartbeats(&[&[("cores.macro.adc", ramp)], others].concat(), RunOptions::default())
    };
    let (all, skipped) = (of(&whole, &[]), of(&whole, &[skip]));
    let (early, both) = (of(&stops, &[]), of(&stops, &[skip]));
    for (without, with) in [(&all, &early), (&skipped, &both)] {
        assert_eq!(without.predictions, with.predictions, "not a value changes");
        let error = |r: &RunReport| r.summary.rms_error_quantised.map(f64::to_bits);
        assert!(error(with) == error(without) && error(with).is_some(), "not a bit of their deviations either");
        let (whole, some) = (conversions(without), conversions(with));
        assert!(whole.len() == some.len() && !whole.is_empty());
        for ((energy, busy, n), (less, fewer, same)) in whole.into_iter().zip(some) {
            assert!(n == same && n > 0.0, "{n} and {same} conversions");
            // one price and one clock: energy and busy cycles shrink alike, but for a part of a cycle of 256
            let (energy, busy) = (less / energy, fewer as f64 / busy as f64);
            assert!(energy < 0.95 && (energy - busy).abs() * 256.0 < 1.0, "{energy} and {busy}");
        }
        assert!(with.summary.latency_s < without.summary.latency_s);
        assert!(with.summary.energy_j < without.summary.energy_j);
        assert!(with.summary.assumed_energy_share >= without.summary.assumed_energy_share * 0.9);
    }
    assert!(skipped.summary.latency_s < all.summary.latency_s && both.summary.latency_s < early.summary.latency_s);
    let us = |r: &RunReport| format!("{:.2} us", r.summary.latency_s * 1e6);
    let energy = |r: &RunReport| conversions(r).iter().map(|c| c.0).sum::<f64>();
    let share = energy(&early) / energy(&all);
    println!(
        "DATA: ECG, latency {} as planned, {} without planes of zeros, {} with ramps that stop ({:.1} % of a conversion), {} with both",
        us(&all),
        us(&skipped),
        us(&early),
        100.0 * share,
        us(&both)
    );
}

/// Cells are written until they hold their value: a row takes as long as its slowest cell, so pulses are counted and
/// no more.
#[test]
fn writing_takes_as_many_pulses_as_its_cells_need() {
    let key = "devices.synapse.mos2_memtransistor.programming.verify.tolerance";
    let write = |tolerance| {
        let reload = RunOptions { when_too_small: Some(WhenTooSmall::Reload), ..RunOptions::default() };
        let one = [("chip.grid", "[1, 1]"), ("tile.cores.macro", "2"), (key, tolerance)];
        let summary = heartbeats(&one, reload).summary;
        assert!(summary.segments > 1, "{} segments", summary.segments);
        (summary.write_time_s.expect("segments are written"), summary.segments)
    };
    let ((close, segments), (loose, _)) = (write("1 %"), write("20 %"));
    assert!(0.0 < loose && loose < close, "{loose} s and {close} s");
    println!("DATA: write and verify, {segments} segments in {close:.3} s to 1 %, in {loose:.3} s to 20 %");
}
