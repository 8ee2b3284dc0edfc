//! Rows of the network-on-chip. Tables, timelines and laws stand in the tests of `archsim::noc`; here they are run and
//! what they print is read.

use super::super::Finding;
use super::super::project::{cargo, passed};

/// Output of tests whose names begin so, and whether all passed; `flags` go to the test program.
pub(super) fn tests(name: &str, flags: &[&str]) -> Result<(bool, String), String> {
    let mut words = vec!["test", "--release", "--package", "archsim", "--lib", name, "--", "--nocapture"];
    words.extend(flags);
    cargo(&words)
}

/// The row from what was found, or from why nothing was.
pub(super) fn finding(found: Result<(String, bool), String>, configuration: &str) -> Finding {
    match found {
        Ok((measured, holds)) => Finding { measured, holds, configuration: configuration.into() },
        Err(why) => Finding::absent(why),
    }
}

/// Row 1: every row of BookSim2's table, and our own packets beside theirs.
pub fn table() -> Finding {
    let found = tests("noc::tests::booksim::", &["--include-ignored"]).and_then(|(ok, output)| {
        let of = |word: &'static str| {
            let said = output.lines().filter_map(move |l| l.split_once(word)).map(|(_, said)| said.trim());
            said.collect::<Vec<_>>()
        };
        let (sum, own, missed) = (of("TABLE "), of("OWN "), of("NOT "));
        if sum.is_empty() {
            return Err("the table was not run: is ARCHSIM_REFERENCE set?".into());
        }
        Ok(([sum, own, missed.clone()].concat().join("; "), ok && missed.is_empty()))
    });
    finding(
        found,
        "each of BookSim2's runs with its own seed and packet by packet: its generators and the order in which it draws are written anew in `src/noc/tests/booksim_traffic.rs`; runs that BookSim2 gave up are given up, throughput of those is compared all the same",
    )
}

/// Cycles a second that are asked.
const ASKED: f64 = 200_000.0;

/// Row 5, the network's half.
pub fn speed() -> Finding {
    let found = cargo(&["bench", "--quiet", "--package", "archsim", "--bench", "noc"]).and_then(|(_, output)| {
        let line = output.lines().find(|l| l.contains("uniform 0.15:")).ok_or("the bench printed no rate")?;
        let best =
            line.split_once(" cycles/s best").and_then(|(l, _)| l.split_whitespace().last()?.parse::<f64>().ok());
        let best = best.ok_or("the bench printed no rate")?;
        Ok((format!("{line}; BookSim2 recorded 4,100 on a busy core"), best >= ASKED))
    });
    finding(
        found,
        "4 virtual channels of 8 flits, one thread, processor time, best and median of 301 runs of 20,000 cycles",
    )
}

/// How many tests of a module pass, all of them or not.
pub(super) fn passing(name: &str) -> Result<(String, bool), String> {
    let (ok, output) = tests(name, &[])?;
    let passed = passed(&output);
    Ok((format!("{passed} tests of {name} pass"), ok && passed > 0))
}

/// Row 6, the network's half.
pub fn timelines() -> Finding {
    finding(
        passing("noc::tests::timelines"),
        "mesh, concentrated mesh, torus, ring, bus, tree, fat tree, H-tree and multicast, each at t - 1 and t",
    )
}

/// Row 7, the network's half.
pub fn invariants() -> Finding {
    let both = passing("noc::tests::laws").and_then(|(laws, a)| {
        let (deadlocks, b) = passing("noc::tests::deadlocks")?;
        Ok((format!("{laws}; {deadlocks}"), a && b))
    });
    finding(
        both,
        "13 shapes and routings x 4 routers, audited every cycle; three orders of routers, 1 and 3 threads; a ring, a square and two trees of copies that deadlock",
    )
}
