//! Rows on pulsed cells and on the statistics of programmed ones.

use super::super::Finding;
use super::super::project::{cargo, run};
use super::or_absent;
use crate::root;

/// Lines of a test of the library that begin with one of `kinds`, and whether all passed.
fn said(test: &str, kinds: &[&str]) -> Result<(bool, Vec<String>), String> {
    let arguments = ["test", "--release", "--package", "archsim-hardware", "--lib", test, "--", "--nocapture"];
    let (ok, output) = cargo(&arguments)?;
    if let Some(line) = output.lines().find(|l| l.contains("SKIPPED") && l.contains("ARCHSIM_REFERENCE")) {
        return Err(line.to_string());
    }
    let wanted = |l: &&str| kinds.iter().any(|k| l.starts_with(k));
    // the name of the test stands before the first line that it prints
    let line = |l: &'_ str| l.split_once(" ... ").map_or(l, |(_, rest)| rest).to_string();
    Ok((ok, output.lines().map(line).filter(|l| wanted(&l.as_str())).collect()))
}

/// Row 4.
pub fn reference() -> Finding {
    or_absent(|| {
        let kinds = ["noise-free ", "c2c ", "full ", "update "];
        let (curves, mut lines) = said("device::pulsed::tests", &kinds)?;
        let (statistics, more) = said("device::inference::tests", &["inference "])?;
        lines.extend(more);
        let script = ["bash".into(), "benches/peers/aihwkit_devices.sh".into()];
        let (peer, output) = run(&script, &root())?;
        let drawn: Vec<&str> = output.lines().filter(|l| l.contains("peer ") && l.contains("standard")).collect();
        if drawn.is_empty() {
            return Err(format!("the peer could not be run: {}", output.lines().last().unwrap_or_default()));
        }
        let expected = lines.len() == 15 * 3 + 64 + 3 && drawn.len() == 12;
        lines.extend(drawn.iter().map(|l| l.to_string()));
        Ok(Finding {
            holds: curves && statistics && peer && expected,
            measured: lines.join("; "),
            configuration: "numbers of aihwkit 1.1.0: 15 noise-free curves in f64, the same with noise and with spread on 4,096 cells in f32, updates 2,000 times, 20,000 programmed cells; `peer` lines are drawn by the PyPI package in this run; standard errors of both samples, and of the list of 32,768 normals that upstream draws all noise of a tile from".into(),
        })
    })
}

/// Row 7.
pub fn speed() -> Finding {
    or_absent(|| {
        let (ok, output) = run(&["bash".into(), "benches/peers/aihwkit_update.sh".into()], &root())?;
        let lines: Vec<&str> = output.lines().filter(|l| l.contains(" asked: ")).collect();
        if lines.is_empty() {
            return Err(format!("the peer could not be run: {}", output.lines().last().unwrap_or_default()));
        }
        Ok(Finding {
            measured: lines.join("; "),
            holds: ok && lines.len() == 8,
            configuration: "512 × 512, one thread each, taking turns, least processor time of nine turns; pulses with noise from pulse to pulse on every cell; update: ReRamSB with write noise, BL 31, rate 0.01, update and length management, x ~ N(0, 0.3), d ~ N(0, 0.05)".into(),
        })
    })
}
