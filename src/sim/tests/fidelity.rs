//! The error of the message level against the flit level: networks that ship with archsim, and synthetic traffic.
//!
//! Each line that begins with `FIDELITY:` says what both give and the error of the first relative to the second.
//! `cargo xtask verify clock` runs these tests, the long ones too, and reads the lines.

use std::path::Path;
use std::time::Instant;

use super::flit::{WayOf, flitwise, send};
use super::shipped::arch;
use super::*;
use crate::rng::{Domain, Draw};
use crate::sim::MessageTime;
use crate::study::{RunOptions, Session};

/// Samples of the run that gives the interval.
const BATCH: usize = 12;

/// A figure of both levels, and the error of the first in percent of the second.
fn pair(link: f64, flit: f64) -> String {
    format!("{} against {} ({:+.2} %)", round(link), round(flit), 100.0 * (link - flit) / flit)
}

fn round(x: f64) -> String {
    if x.fract() == 0.0 { format!("{x}") } else { format!("{x:.1}") }
}

fn mean(messages: &[MessageTime]) -> f64 {
    messages.iter().map(|m| m.end - m.start).sum::<u64>() as f64 / messages.len() as f64
}

/// No message is faster than alone on the mesh.
fn none_is_too_fast(messages: &[MessageTime], m: &Machine) {
    for t in messages {
        let (a, b) = (m.tiles[t.from], m.tiles[t.to]);
        let k = (a.x.abs_diff(b.x) + a.y.abs_diff(b.y)) as u64;
        let alone = (k + 1) * m.mesh.router + k * m.mesh.link + t.flits.saturating_sub(1);
        assert!(t.end - t.start >= alone, "{t:?} takes at least {alone} cycles");
    }
}

/// One level: the traced run of one sample, the interval of a batch, and the seconds of a run of one sample, of three
/// the fastest.
fn course(program: &Program) -> (Timeline, f64, f64) {
    let timed = || {
        let begun = Instant::now();
        run(program, &SimOptions::default()).expect("it runs");
        begun.elapsed().as_secs_f64()
    };
    let seconds = (0..3).map(|_| timed()).fold(f64::INFINITY, f64::min);
    let single = run(program, &SimOptions { trace: true, ..SimOptions::default() }).expect("it runs");
    let batch = run(program, &SimOptions { samples: BATCH, ..SimOptions::default() }).expect("it runs");
    (single, batch.interval(), seconds)
}

/// Runs a shipped network on a shipped chip at both levels.
fn compare(chip: &str, network: &str, mapper: &str) {
    let options = RunOptions {
        arch: arch(chip),
        model: Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("workloads/{network}.onnx")),
        values: false,
        mapper: Some(mapper.into()),
        ..RunOptions::default()
    };
    let session = Session::open(&options).unwrap_or_else(|e| panic!("{network} on {chip}: {e}"));
    let mut program = session.program;
    assert_eq!(program.machine.mesh.flits, None, "message by message, unless the arch file says otherwise");
    let (link, link_interval, link_seconds) = course(&program);
    program.machine = flitwise(program.machine, 4);
    let (flit, flit_interval, flit_seconds) = course(&program);
    assert_eq!(link.counts, flit.counts, "{network} on {chip}");
    assert_eq!(link.recording.messages.len(), flit.recording.messages.len());
    none_is_too_fast(&link.recording.messages, &program.machine);
    none_is_too_fast(&flit.recording.messages, &program.machine);
    eprintln!(
        "FIDELITY: {network} on {chip}, {mapper}: latency {} cycles, interval {}, mean of {} messages {}; {:.1} times the time of the event run",
        pair(link.cycles as f64, flit.cycles as f64),
        pair(link_interval, flit_interval),
        flit.recording.messages.len(),
        pair(mean(&link.recording.messages), mean(&flit.recording.messages)),
        flit_seconds / link_seconds
    );
}

#[test]
fn ecg() {
    compare("mos2_tile", "ecg", "sequential");
}

#[test]
fn small_networks_on_one_or_many_copies() {
    compare("isaac_ce", "mnist_cnn", "sequential");
    compare("isaac_ce", "mnist_cnn", "balanced_pipeline:copies=8");
}

#[test]
#[ignore = "takes minutes"]
fn larger_networks() {
    compare("isaac_ce", "ecg_transformer", "sequential");
    compare("isaac_ce", "kws", "balanced_pipeline:copies=8");
    compare("isaac_ce", "vgg8", "balanced_pipeline:copies=4");
}

/// The setting of an arch file reaches the timing core, and one that cannot be is told.
#[test]
fn the_arch_file_says_how_messages_cross_the_mesh() {
    let open = |set: &[(&str, &str)]| {
        let options = RunOptions {
            arch: arch("mos2_tile"),
            model: Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads/ecg.onnx"),
            values: false,
            set: set.iter().map(|(key, value)| (format!("chip.noc.mesh.{key}"), (*value).into())).collect(),
            ..RunOptions::default()
        };
        Session::open(&options).map(|s| s.program.machine.mesh.flits)
    };
    let flits = open(&[("fidelity", "flit")]).expect("it loads").expect("flit by flit");
    assert_eq!(flits.virtual_channels, 4);
    let set = [("fidelity", "flit"), ("virtual_channels", "2"), ("allocator", "round_robin")];
    let flits = open(&set).expect("it loads").expect("flit by flit");
    assert_eq!((flits.virtual_channels, flits.allocator), (2, crate::cost::MeshAllocator::RoundRobin));
    assert_eq!(open(&[("fidelity", "link")]).expect("it loads"), None);
    let wrong = open(&[("fidelity", "flit"), ("virtual_channels", "13"), ("router.latency", "0 cycles")]);
    let codes: Vec<_> = wrong.expect_err("two mistakes").iter().map(|d| d.code).collect();
    assert_eq!(codes, ["A048", "A048"]);
}

/// Messages of 16 flits on 8 × 8 tiles, `each` of every sender, at a load in flits of a node and cycle.
fn synthetic(name: &str, load: f64, each: u64, target: impl Fn(u64, u64) -> usize) {
    let mut m = machine([8, 8], QUICK_TILE);
    m.mesh = MeshTiming { flit_bytes: 4, router: 2, link: 1, buffer_flits: 8, ..m.mesh };
    let period = 16.0 / load;
    let mut ways: Vec<WayOf> = Vec::new();
    let mut starts = Vec::new();
    for from in 0..64u64 {
        for n in 0..each {
            let to = target(from, n);
            if to != from as usize {
                let d = Draw { seed: 11, domain: Domain::Explore, element: from, tick: n };
                starts.push((((n as f64 + d.uniform(0)) * period) as u64, ways.len() as u32));
                ways.push((from as usize, to, 64));
            }
        }
    }
    let (link, _) = send(&m, &ways, &starts, false, |_, _| {});
    let by_flits = flitwise(m.clone(), 4);
    let (flit, _) = send(&by_flits, &ways, &starts, false, |_, _| {});
    assert_eq!((link.len(), flit.len()), (ways.len(), ways.len()));
    none_is_too_fast(&link, &m);
    none_is_too_fast(&flit, &m);
    let last = |all: &[MessageTime]| all.iter().map(|m| m.end).max().unwrap_or(0) as f64;
    eprintln!(
        "FIDELITY: {name} at {load} flits a node and cycle, 8 x 8 tiles, {} messages of 16 flits: mean {} cycles, all there in {}",
        ways.len(),
        pair(mean(&link), mean(&flit)),
        pair(last(&link), last(&flit))
    );
}

#[test]
fn synthetic_traffic() {
    let uniform = |from, n| {
        let d = Draw { seed: 12, domain: Domain::Explore, element: from, tick: n };
        (d.uniform(0) * 64.0) as usize
    };
    for load in [0.05, 0.15, 0.25] {
        synthetic("uniform", load, 40, uniform);
    }
    for load in [0.05, 0.15] {
        synthetic("transpose", load, 40, |from, _| (from % 8 * 8 + from / 8) as usize);
    }
    for load in [0.005, 0.012] {
        synthetic("many to one", load, 20, |_, _| 27);
    }
}
