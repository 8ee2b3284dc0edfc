//! Rows on what a traced run writes down: its laws over random programs, and the files of the ECG run, read by others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::Finding;
use super::super::project::{cargo, run};
use super::noc::{finding, passing};
use crate::root;

/// Laws of `trace.json`, which the tests of the repository hold it to as well.
#[path = "../../../../tests/trace/laws.rs"]
mod laws;

/// Row 7, the event run's half.
pub fn invariants() -> Finding {
    let all = ["holds", "laws", "flow::deadlock"].map(|name| passing(&format!("sim::tests::{name}")));
    let joined = all.into_iter().try_fold((String::new(), true), |(text, good), one| {
        let (said, holds) = one?;
        Ok((if text.is_empty() { said } else { format!("{text}; {said}") }, good && holds))
    });
    finding(
        joined,
        "64 random programs on two tiles or chips, clocks of their own, shared converters: holds of a part never overlap, each message passes its way once and in order, one for each position; busy cycles are the sums of holds, stalls and peaks those of the records; watched and unwatched runs give the same. 40 more, audited after every event: positions sent, left, arrived and freed in order, never more than places, nothing left over at the end; three orders of what happens in a cycle and the plain one give the same course; 1 and 3 threads; a fork, two joins and a loop that deadlock",
    )
}

/// A folder that is removed when dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Row 8: the trace of the ECG run.
pub fn files() -> Finding {
    finding(traced(), "`archsim run arch/mos2_tile.yaml workloads/ecg.onnx --trace`; GTKWave's vcd2fst and fst2vcd")
}

fn traced() -> Result<(String, bool), String> {
    let folder = Folder(std::env::temp_dir().join(format!("archsim-verify-trace-{}", std::process::id())));
    let place = folder.0.to_string_lossy().into_owned();
    let program = ["run", "--quiet", "--release", "--package", "archsim", "--"];
    let flags = ["run", "arch/mos2_tile.yaml", "workloads/ecg.onnx", "--trace", "--output", place.as_str()];
    let (ok, output) = cargo(&[&program[..], &flags[..]].concat())?;
    if !ok {
        return Err(output.lines().last().unwrap_or("the run failed").to_owned());
    }
    let mut runs = fs::read_dir(&folder.0).map_err(|e| e.to_string())?.flatten().map(|e| e.path());
    let of_run = runs.next().ok_or("no run folder")?;
    let json = fs::read_to_string(of_run.join("trace.json")).map_err(|e| e.to_string())?;
    let laws = laws::check(&json);
    let said = match &laws {
        Ok(c) => format!(
            "trace.json: {} processes, {} tracks, {} slices, {} flows, {} counters; in time order, no two slices of a track overlap, every flow begins and ends in slices",
            c.processes, c.tracks, c.slices, c.flows, c.counters
        ),
        Err(law) => format!("trace.json: {law}"),
    };
    let complete = laws.is_ok_and(|c| c.tracks > 20 && c.flows > 0 && c.counters > 0);
    let (read, same) = waves(&of_run.join("trace.vcd"))?;
    Ok((format!("{said}; {read}"), complete && same))
}

/// Wires of a VCD, and how often their values change, the first ones not counted.
fn counted(vcd: &str) -> (usize, usize) {
    let (mut wires, mut changes, mut begun) = (0, 0, false);
    for line in vcd.lines() {
        match line.chars().next() {
            Some('#') => begun = line != "#0",
            Some('0' | '1' | 'b') if begun => changes += 1,
            _ => wires += usize::from(line.trim_start().starts_with("$var")),
        }
    }
    (wires, changes)
}

/// What GTKWave's reader makes of a VCD: its own format, and from that a VCD again with the same wires and changes.
fn waves(vcd: &Path) -> Result<(String, bool), String> {
    if Command::new("vcd2fst").arg("--help").output().is_err() {
        return Err("vcd2fst of GTKWave is not installed (tests/install-simulators.sh)".into());
    }
    let fst = vcd.with_extension("fst");
    let words = |program: &str, files: [&Path; 2], flag: &str| -> Vec<String> {
        let [from, to] = files.map(|p| p.to_string_lossy().into_owned());
        [program.to_owned(), from, flag.to_owned(), to].into_iter().filter(|w| !w.is_empty()).collect()
    };
    let (there, said) = run(&words("vcd2fst", [vcd, &fst], ""), &root())?;
    let again = vcd.with_extension("again");
    let (back, _) = run(&words("fst2vcd", [&fst, &again], "-o"), &root())?;
    if !there || !back {
        return Ok((format!("vcd2fst refuses it: {said}"), false));
    }
    let read = |path: &Path| fs::read_to_string(path).map_err(|e| e.to_string());
    let (ours, theirs) = (counted(&read(vcd)?), counted(&read(&again)?));
    let (wires, changes) = ours;
    let same = ours == theirs && wires > 0;
    Ok((
        format!(
            "trace.vcd: {wires} wires, {changes} changes, {} in GTKWave's own format",
            if same { "the same".to_owned() } else { format!("{theirs:?}") }
        ),
        same,
    ))
}
