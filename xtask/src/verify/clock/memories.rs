//! Half of row 6: memories and the bus. Timelines and the machines that are stepped cycle by cycle stand in the tests
//! of `archsim::sim`; here they are run and what they print is counted.

use super::super::Finding;
use super::super::project::passed;
use super::noc::{finding, tests};

/// What must be drawn, by the words with which its timelines begin.
const DRAWN: [&str; 7] =
    ["one port", "two ports", "rest of a refresh", "postponed refresh", "refresh of two ports", "bus", "DRAM"];

/// Row 6, memories and bus: DRAM, ports and refresh of buffers, shared bus.
pub fn timelines() -> Finding {
    let found = tests("sim::tests::memories", &["--test-threads=1"]).and_then(|(ports, first)| {
        let (banks, second) = tests("sim::tests::dram", &["--test-threads=1"])?;
        let output = first + &second;
        // the name of a test that runs stands before its first line
        let drawn: Vec<&str> = output.lines().filter_map(|l| l.split_once("TIMELINE ")).map(|(_, what)| what).collect();
        let moments: usize =
            drawn.iter().filter_map(|l| l.rsplit_once(": ")?.1.split(' ').next()?.parse::<usize>().ok()).sum();
        let all = DRAWN.iter().all(|name| drawn.iter().any(|line| line.starts_with(name)));
        let tests = passed(&output);
        let measured = format!("{} timelines, {moments} moments, {tests} tests pass", drawn.len());
        Ok((measured, ports && banks && all && moments > 0))
    });
    finding(
        found,
        "one and two ports, ports that are kept for the bus, refresh met, postponed and of both ports; bus: one cycle, in turn, own clock; DRAM: row miss, hit and conflict, two banks, two rows, write then read, refresh met and postponed; each job not over at t - 1 and over at t; 400 random cases each against machines stepped cycle by cycle",
    )
}
