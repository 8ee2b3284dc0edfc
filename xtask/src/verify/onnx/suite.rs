//! Rows that the test suites measure.

use super::super::Finding;
use super::super::project::{cargo, passed};
use super::or_absent;

/// Counts of one folder of the ONNX suite, as the line of `tests/onnx_suite` gives them.
struct Tally {
    listed: usize,
    passed: usize,
    total: usize,
}

/// Runs the suite once: whether it is as the list of known models says, and its lines.
fn run() -> Result<(bool, String), String> {
    let (ok, output) =
        cargo(&["test", "--release", "--package", "archsim", "--test", "onnx_suite", "--", "--nocapture"])?;
    match output.lines().find(|l| l.contains("SKIPPED")) {
        Some(line) => Err(line.to_string()),
        None => Ok((ok, output)),
    }
}

fn tally(output: &str, folder: &str) -> Result<Tally, String> {
    let begins = format!("onnx-suite {folder}: on the list ");
    let line = output.lines().find_map(|l| l.split_once(begins.as_str())).ok_or("the suite printed no counts")?.1;
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let after = |word: &str| line.split_once(word).and_then(|(_, rest)| number(rest));
    let found = || Some(Tally { listed: number(line)?, passed: after("passed ")?, total: after(" of ")? });
    found().ok_or_else(|| format!("unreadable counts: {line}"))
}

/// Row 1.
pub fn nodes() -> Finding {
    or_absent(|| {
        let (as_listed, output) = run()?;
        let t = tally(&output, "node")?;
        let share = t.passed as f64 / t.listed.max(1) as f64;
        Ok(Finding {
            measured: format!(
                "{} of {} on the list pass ({:.2} %); {:.1} % of all {}; what does not pass is as listed: {as_listed}",
                t.passed,
                t.listed,
                100.0 * share,
                100.0 * t.passed as f64 / t.total.max(1) as f64,
                t.total
            ),
            holds: as_listed && share >= 0.97 && t.total == 1615,
            configuration: "tests/onnx_suite, reasons in known.tsv; rtol 1e-3, atol 1e-7".into(),
        })
    })
}

/// Row 2.
pub fn networks() -> Finding {
    or_absent(|| {
        let (as_listed, output) = run()?;
        let (torch, simple) = (tally(&output, "pytorch-converted")?, tally(&output, "simple")?);
        let share = torch.passed as f64 / torch.total.max(1) as f64;
        Ok(Finding {
            measured: format!(
                "pytorch-converted {} of {} ({:.1} %); simple: {} of {} tensor-only, {} refused by name; as listed: {as_listed}",
                torch.passed,
                torch.total,
                100.0 * share,
                simple.passed,
                simple.listed,
                simple.total - simple.listed
            ),
            holds: as_listed
                && share >= 0.95
                && (simple.passed, simple.listed) == (7, 7)
                && (torch.total, simple.total) == (82, 23),
            configuration: "tests/onnx_suite".into(),
        })
    })
}

/// Row 8.
pub fn mapping() -> Finding {
    or_absent(|| {
        let (ok, output) = cargo(&["test", "--release", "--package", "archsim", "--test", "mapping"])?;
        let held = |name: &str| output.lines().any(|l| l.contains(name) && l.ends_with("... ok"));
        let vgg = held("copies_of_the_vgg_networks_follow_isaacs_rule");
        Ok(Finding {
            measured: format!(
                "{} tests of mapping laws pass; ISAAC's copies on VGG A, B, D, E: {vgg}",
                passed(&output)
            ),
            holds: ok && vgg && passed(&output) >= 9,
            configuration: "tests/mapping.rs: random networks, chips and every mapper; copies worked out by hand"
                .into(),
        })
    })
}
