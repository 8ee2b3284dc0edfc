//! Row on the speed of the event run.

use std::time::Instant;

use archsim::sched::Program;
use archsim::sim::{SimOptions, Timeline, run};
use archsim::study::{Chips, RunOptions, Session};

use super::super::Finding;
use super::super::onnx::{LARGE_BUFFER, suite};
use super::noc::finding;
use crate::root;

/// Samples of a batch, as in every report.
const BATCH: usize = 100;
/// Samples of the run without folding, and of the folded one that must equal it.
const PLAIN: usize = 4;
/// Seconds that are asked.
const ASKED: f64 = 2.0;

/// A run and the least seconds of nine: machines have slow minutes.
fn timed(program: &Program, samples: usize, whole: bool) -> Result<(Timeline, f64), String> {
    let options = SimOptions { samples, whole, ..SimOptions::default() };
    let mut least = f64::INFINITY;
    let mut last = Timeline::default();
    for _ in 0..9 {
        let begun = Instant::now();
        last = run(program, &options).map_err(|e| e.to_string())?;
        least = least.min(begun.elapsed().as_secs_f64());
    }
    Ok((last, least))
}

/// Row 5, the timing core's half.
pub fn resnet50() -> Finding {
    finding(
        measured(),
        "light_resnet50 of onnx 1.19.1 on arch/isaac_ce.yaml, tile buffers of 1 MiB, as many chips as needed; the event run alone, one thread, least of nine runs",
    )
}

fn measured() -> Result<(String, bool), String> {
    let (key, value) = LARGE_BUFFER.split_once('=').ok_or("a setting has a value")?;
    let options = RunOptions {
        arch: root().join("arch/isaac_ce.yaml"),
        model: suite()?.join("light/light_resnet50.onnx"),
        values: false,
        single: true,
        set: vec![(key.into(), value.into())],
        chips: Some(Chips::Auto),
        ..RunOptions::default()
    };
    let session = Session::open(&options).map_err(|e| e.to_string())?;
    let (batch, folded) = timed(&session.program, BATCH, false)?;
    let (plain, seconds) = timed(&session.program, PLAIN, true)?;
    let (same, _) = timed(&session.program, PLAIN, false)?;
    let equal = (same.cycles, &same.finished, &same.counts, &same.busy)
        == (plain.cycles, &plain.finished, &plain.counts, &plain.busy);
    let measured = format!(
        "{BATCH} samples folded: {folded:.2} s for {:.3e} cycles on {} chip(s); plain, {PLAIN} samples: {seconds:.2} s, {:.2} million cycles and {:.1} million events a second (PIMSIM-NN: 0.44 million cycles); {PLAIN} samples folded and plain {}",
        batch.cycles as f64,
        session.chip.chips,
        plain.cycles as f64 / seconds * 1e-6,
        plain.events as f64 / seconds * 1e-6,
        if equal { "give the same" } else { "DIFFER" }
    );
    Ok((measured, folded < ASKED && equal))
}
