//! The row of converters: populations of every kind.

use super::super::Finding;
use super::super::project::{cargo, passed};

/// What the row must have heard of.
const PARTS: &[&str] = &[
    "SAR",
    "flash",
    "ramp",
    "ideal SNDR",
    "sigma-delta SQNR",
    "pipeline",
    "cyclic",
    "oscillator 7 bit, reset",
    "oscillator 7 bit, free-running",
    "sense amplifier",
];

/// Row 9.
pub fn statistics() -> Finding {
    statistics_row().unwrap_or_else(Finding::absent)
}

fn statistics_row() -> Result<Finding, String> {
    let (ok, output) =
        cargo(&["test", "--package", "archsim-hardware", "--lib", "circuit::converter", "--", "--nocapture"])?;
    let lines: Vec<&str> = output.lines().filter_map(|l| l.split_once("row9 ")).map(|(_, l)| l).collect();
    // in the order of the list, not of the threads that measured
    let found: Vec<&str> = PARTS.iter().filter_map(|p| lines.iter().find(|l| l.starts_with(p)).copied()).collect();
    Ok(Finding {
        measured: format!("{}; {} tests of converters passed", found.join("; "), passed(&output)),
        holds: ok && found.len() == PARTS.len(),
        configuration: "hardware/src/circuit/converter: transfers of drawn instances; tolerance five standard errors of a standard deviation, 1/√(2n) each, at the worst of all levels; 4.5 standard errors between two populations".into(),
    })
}
