//! The part of the row on closed forms that is about magnetic tunnel junctions.

use super::super::Finding;
use super::super::project::{cargo, passed};

/// What the part must have heard of.
const PARTS: &[&str] =
    &["switching", "successive bits", "diffusion in place", "retention", "telegraph", "noise of bits", "calibration"];

/// `me_mtj`'s part of row 9.
pub fn closed_forms() -> Finding {
    measure().unwrap_or_else(Finding::absent)
}

fn measure() -> Result<Finding, String> {
    let (ok, output) =
        cargo(&["test", "--package", "archsim-hardware", "--lib", "device::me_mtj", "--", "--nocapture"])?;
    let lines: Vec<&str> = output.lines().filter_map(|l| l.split_once("row9 me_mtj ")).map(|(_, l)| l).collect();
    // in the order of the list, not of the threads that measured
    let found: Vec<&str> = PARTS.iter().filter_map(|p| lines.iter().find(|l| l.starts_with(p)).copied()).collect();
    Ok(Finding {
        measured: format!("me_mtj: {}; {} tests passed", found.join("; "), passed(&output)),
        holds: ok && found.len() == PARTS.len(),
        configuration:
            "hardware/src/device/me_mtj: 20 000 cells for each condition, seeds fixed; allowed 4.5 standard errors"
                .into(),
    })
}
