//! The backend test suite of ONNX 1.19.1: single operators, and small models converted from PyTorch.
//!
//! `tests/fetch_onnx_suite.sh` fetches it; the variable `ARCHSIM_ONNX_SUITE` may name another place. The models that do
//! not pass stand with their reasons in `tests/onnx_suite/known.tsv`, and that list must be true: a model outside it
//! that does not pass is a failure, and so is a model in it that passes.

#[path = "onnx_suite/suite.rs"]
mod suite;

use std::collections::BTreeMap;
use std::fmt::Write;

use suite::{Case, Outcome, Tally};

/// Models that are known not to pass, each with its reason.
fn known() -> BTreeMap<&'static str, &'static str> {
    let text = include_str!("onnx_suite/known.tsv");
    text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t')).collect()
}

#[test]
fn models_pass_except_the_known_ones() {
    let Some(root) = suite::root() else {
        println!("SKIPPED: the ONNX suite is not there; run tests/fetch_onnx_suite.sh or set ARCHSIM_ONNX_SUITE");
        return;
    };
    let mut cases: Vec<Case> = Vec::new();
    for folder in ["node", "pytorch-converted", "simple"] {
        let found = suite::run(&root, folder);
        assert!(!found.is_empty(), "{} has no folder `{folder}` with models", root.display());
        println!("{}", Tally::of(&found).line(folder));
        cases.extend(found);
    }
    let known = known();
    let mut list = String::new();
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case.name.as_str();
        match (&case.outcome, known.get(name)) {
            (Outcome::Passed, Some(_)) => wrong.push(format!("{name} passes, although the list says it does not")),
            (Outcome::Passed, None) => {}
            (Outcome::Failed(why) | Outcome::Refused(why), listed) => {
                let kind = if matches!(case.outcome, Outcome::Failed(_)) { "fails" } else { "refused" };
                let _ = writeln!(list, "{name}\t{kind}: {why}");
                if listed.is_none() {
                    wrong.push(format!("{name} {kind}: {why}"));
                }
            }
        }
    }
    for name in known.keys().filter(|n| !cases.iter().any(|c| c.name == **n)) {
        wrong.push(format!("{name} stands in the list, but there is no such model"));
    }
    let fresh = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("known.tsv");
    std::fs::write(&fresh, list).expect("the target folder can be written");
    assert!(wrong.is_empty(), "{}\nwhat does not pass now stands in {}", wrong.join("\n"), fresh.display());
}
