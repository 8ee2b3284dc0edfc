//! Row 4: `tests/rtl.rs`, run and read.

use super::super::Finding;
use super::super::project::{cargo, passed};

/// Fewest configurations that are asked.
const ASKED: u64 = 200;

/// Row 4: the sequencer of a core in Verilog.
pub fn sequencer() -> Finding {
    measured().unwrap_or_else(Finding::absent)
}

fn measured() -> Result<Finding, String> {
    let (ok, output) = cargo(&["test", "--release", "--package", "archsim", "--test", "rtl", "--", "--nocapture"])?;
    if let Some(why) = output.lines().find(|l| l.starts_with("SKIPPED")) {
        return Err(why.to_owned());
    }
    let said: Vec<&str> = output.lines().filter_map(|l| l.strip_prefix("RTL ")).collect();
    let caught = |side: &str| said.iter().filter(|l| l.starts_with(&format!("caught in the {side}"))).count();
    let compared = said.first().ok_or("the comparison printed nothing")?;
    let configurations = compared.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    let (theirs, ours) = (caught("Verilog"), caught("simulator"));
    Ok(Finding {
        measured: format!("{compared}; caught: {theirs} kinds of a cycle more in the Verilog, {ours} changes on our side"),
        holds: ok && passed(&output) == 1 && configurations >= ASKED && theirs > 0 && ours > 0,
        configuration: "Icarus Verilog, `tests/rtl/`; one to three crossbars with converters of their own or shared, one or two hold banks, serial and pipelined back ends, clocks of core, bus and vector unit divided by 1 to 8; loads, first front ends, ready and sent results of every MVM".into(),
    })
}
