//! Rows on the project itself: a fresh clone, the test suites, the example report.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::Finding;
use crate::root;

/// A clone of the committed state in a temporary folder, removed when dropped. Builds go to a target
/// folder of its own, so that a clean clone is really built.
struct Clone {
    folder: PathBuf,
}

impl Clone {
    fn new(name: &str) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("archsim-verify-{name}-{}", std::process::id()));
        let done = Command::new("git")
            .args(["clone", "--quiet"])
            .arg(root())
            .arg(&folder)
            .output()
            .map_err(|e| format!("git: {e}"))?;
        if done.status.success() {
            Ok(Self { folder })
        } else {
            Err(String::from_utf8_lossy(&done.stderr).into_owned())
        }
    }
}

impl Drop for Clone {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The command of the README's section `heading`.
fn readme_command(heading: &str) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(root().join("README.md")).map_err(|e| e.to_string())?;
    let section = text.split(&format!("## {heading}")).nth(1).ok_or("the README has no such section")?;
    let block =
        section.split("```sh\n").nth(1).and_then(|b| b.split("```").next()).ok_or("the section has no command")?;
    let line = block.lines().next().unwrap_or_default();
    Ok(line.split_whitespace().map(str::to_string).collect())
}

/// Runs a command: whether it succeeded, and what it printed.
pub fn run(command: &[String], folder: &Path) -> Result<(bool, String), String> {
    let (program, args) = command.split_first().ok_or("empty command")?;
    let done = Command::new(program)
        .args(args)
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    let mut text = String::from_utf8_lossy(&done.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&done.stderr));
    Ok((done.status.success(), text))
}

/// Row 1.
pub fn fresh_clone() -> Finding {
    fresh_clone_row().unwrap_or_else(Finding::absent)
}

fn fresh_clone_row() -> Result<Finding, String> {
    let clone = Clone::new("run")?;
    let command = readme_command("Run it")?;
    let (ok, output) = run(&command, &clone.folder)?;
    if !ok {
        return Err(format!(
            "`{}` failed: {}",
            command.join(" "),
            output.lines().rev().take(5).collect::<Vec<_>>().join(" / ")
        ));
    }
    let runs = clone.folder.join("reports/runs");
    let folder = fs::read_dir(&runs)
        .map_err(|e| e.to_string())?
        .flatten()
        .map(|e| e.path())
        .find(|p| p.is_dir())
        .ok_or("no run folder")?;
    let report = archsim::report::read(&folder).map_err(|e| e.to_string())?;
    let s = &report.summary;
    let accuracy = s.accuracy.zip(s.accuracy_lo95.zip(s.accuracy_hi95));
    let complete = s.latency_cycles > 0
        && s.latency_s > 0.0
        && s.energy_j > 0.0
        && s.area_mm2 > 0.0
        && accuracy.is_some()
        && s.macro_f1.is_some()
        && s.accuracy_float.is_some()
        && s.accuracy_quantised.is_some();
    let (a, (lo, hi)) = accuracy.unwrap_or_default();
    Ok(Finding {
        measured: format!(
            "exit 0; {} cycles, {:.4e} s, {:.4e} J, {:.4} mm², accuracy {a:.4} ({lo:.4} to {hi:.4}), macro-F1 {:.4}, float {:.4}, quantised {:.4}",
            s.latency_cycles,
            s.latency_s,
            s.energy_j,
            s.area_mm2,
            s.macro_f1.unwrap_or_default(),
            s.accuracy_float.unwrap_or_default(),
            s.accuracy_quantised.unwrap_or_default()
        ),
        holds: complete,
        configuration: format!("`{}` in a clone; {} samples, {} labels", command.join(" "), s.samples, s.label_source),
    })
}

/// Tests passed in the output of `cargo test`.
pub fn passed(output: &str) -> usize {
    output.lines().filter_map(|l| l.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<usize>().ok()).sum()
}

/// Runs cargo in the repository.
pub fn cargo(args: &[&str]) -> Result<(bool, String), String> {
    let words: Vec<String> = std::iter::once("cargo").chain(args.iter().copied()).map(str::to_string).collect();
    run(&words, &root())
}

/// Row 7.
pub fn timing() -> Finding {
    timing_row().unwrap_or_else(Finding::absent)
}

fn timing_row() -> Result<Finding, String> {
    let (ok, output) = cargo(&["test", "--release", "--package", "archsim", "--lib", "sim::"])?;
    let n = passed(&output);
    let laws = output.lines().filter(|l| l.contains("law") && l.ends_with("ok")).count();
    let probes = output.lines().filter(|l| l.contains("probe") && l.ends_with("ok")).count();
    Ok(Finding {
        measured: format!(
            "{n} tests of the timing core passed, {laws} of them laws over random configurations, {probes} probes"
        ),
        holds: ok && laws >= 3 && probes >= 1,
        configuration: "event run against the laws of PIMSIM-NN (with and without double sampling) and ISAAC".into(),
    })
}

/// Row 8.
pub fn side_by_side() -> Finding {
    side_by_side_row().unwrap_or_else(Finding::absent)
}

fn side_by_side_row() -> Result<Finding, String> {
    let options = |arch: &str| archsim::study::RunOptions {
        arch: root().join("arch").join(arch),
        model: root().join("workloads/ecg.onnx"),
        ..archsim::study::RunOptions::default()
    };
    let mut runs = Vec::new();
    for arch in ["mos2_tile.yaml", "hfox_tile.yaml"] {
        runs.push(archsim::study::simulate(&options(arch), &archsim::study::Silent).map_err(|e| e.to_string())?);
    }
    let rows = archsim::study::compare_rows(&runs).map_err(|e| e.to_string())?;
    let shown: Vec<String> = ["energy", "latency", "area", "accuracy"]
        .iter()
        .filter_map(|m| {
            let r = rows.iter().find(|r| r.metric == *m)?;
            Some(format!("{m} {:.4e} / {:.4e} {}", r.baseline?, r.other?, r.unit))
        })
        .collect();
    let assumed = runs[1].report.summary.assumed_energy_share;
    let (fresh, _) = cargo(&["run", "--release", "--package", "xtask", "--", "generate", "--check"])?;
    Ok(Finding {
        measured: format!(
            "{}; hfox_tile: {:.1} % of the energy on assumed constants; example report up to date: {fresh}",
            shown.join(", "),
            100.0 * assumed
        ),
        holds: shown.len() == 4 && fresh && assumed <= 0.30,
        configuration: "mos2_tile / hfox_tile, demo beats, noisy, seed 0".into(),
    })
}

/// Row 9.
pub fn bad_input() -> Finding {
    bad_input_row().unwrap_or_else(Finding::absent)
}

fn bad_input_row() -> Result<Finding, String> {
    let folder = root().join("tests/golden");
    let cases = fs::read_dir(&folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?
        .flatten()
        .filter_map(|e| fs::read_to_string(e.path()).ok())
        .map(|text| text.matches("? 2").count())
        .sum::<usize>();
    let (golden, output) = cargo(&["test", "--release", "--package", "archsim", "--test", "golden"])?;
    let (fuzz, fuzz_output) = cargo(&["test", "--release", "--package", "archsim", "--test", "fuzz"])?;
    Ok(Finding {
        measured: format!(
            "{cases} transcripts with exit code 2 ({}); fuzz: {} targets passed",
            if golden { "all as written" } else { output.lines().last().unwrap_or("failed") },
            passed(&fuzz_output)
        ),
        holds: golden && fuzz && cases >= 25,
        configuration: "arch, ONNX, npz and flags; tests/golden, tests/fuzz.rs".into(),
    })
}

/// Row 10.
pub fn tests() -> Finding {
    tests_row().unwrap_or_else(Finding::absent)
}

fn tests_row() -> Result<Finding, String> {
    let clone = Clone::new("test")?;
    let command = readme_command("Test it")?;
    let begun = Instant::now();
    let (ok, output) = run(&command, &clone.folder)?;
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    let skipped = output.lines().filter(|l| l.contains("SKIPPED")).count();
    Ok(Finding {
        measured: format!(
            "{} tests passed in {minutes:.1} minutes, build included; {skipped} skipped{}",
            passed(&output),
            if ok { "" } else { "; FAILED" }
        ),
        holds: ok && minutes < 15.0,
        configuration: format!("`{}` in a clone without a target folder", command.join(" ")),
    })
}

/// Seconds that all threads of this process have had a processor.
pub fn process_time() -> Result<f64, String> {
    let mut ticks = 0.0;
    let text = fs::read_to_string("/proc/self/stat").map_err(|e| e.to_string())?;
    // user and system time are the 12th and 13th field after the name, in hundredths of a second
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.for_each(|f| ticks += f.parse().unwrap_or(f64::NAN));
    Ok(ticks / 100.0)
}
