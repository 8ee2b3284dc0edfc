//! Wrong input, golden transcripts: every mistake gives one clear message and exit code 2, and writes nothing.
//!
//! `tests/golden/*.trycmd` are the transcripts. Each runs in a folder of its own that `inputs.rs` fills: a sound
//! chip, network and data file, and beside them files that differ from these in one place. After an intended
//! change of a message, `TRYCMD=overwrite cargo test --test golden` writes the transcripts anew; read the diff.

#[path = "golden/inputs.rs"]
mod inputs;
/// The builder of small models of the unit tests.
#[allow(dead_code, reason = "the unit tests use more of it than these do")]
#[path = "../src/onnx/testing.rs"]
mod testing;

// `testing.rs` finds these under the names it has inside the crate
pub use archsim::diag;
pub use archsim::onnx::{Limits, Model, read_bytes};

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The transcripts; each has a test and what fills its folder.
const TRANSCRIPTS: [&str; 4] = ["arch", "data", "flags", "onnx"];

/// Fewest commands over all transcripts.
const FEWEST: usize = 100;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Every file and folder below `folder` with its length and time of change.
fn listing(folder: &Path, all: &mut BTreeMap<PathBuf, (u64, std::time::SystemTime)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            listing(&path, all);
        }
        all.insert(path, (meta.len(), meta.modified().unwrap()));
    }
}

/// Runs one transcript and checks that its folder is afterwards as it was before.
fn check(name: &str, fill: fn(&Path)) {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden").join(name);
    let _ = fs::remove_dir_all(&place);
    let folder = place.join(format!("{name}.in"));
    fs::create_dir_all(&folder).unwrap();
    fill(&folder);
    let (file, copy) = (sources().join(format!("{name}.trycmd")), place.join(format!("{name}.trycmd")));
    fs::copy(&file, &copy).unwrap();

    let mut before = BTreeMap::new();
    listing(&folder, &mut before);
    let overwrite = std::env::var_os("TRYCMD").is_some_and(|v| v == "overwrite");
    let outcome = std::panic::catch_unwind(|| {
        trycmd::TestCases::new()
            .register_bin("archsim", Path::new(env!("CARGO_BIN_EXE_archsim")))
            .env("NO_COLOR", "1")
            .case(&copy)
            .run();
    });
    if overwrite {
        fs::copy(&copy, &file).unwrap();
    }
    let mut after = BTreeMap::new();
    listing(&folder, &mut after);
    let changed: Vec<&Path> = before
        .iter()
        .chain(&after)
        .filter(|(p, _)| before.get(*p) != after.get(*p))
        .map(|(p, _)| p.as_path())
        .collect();
    assert!(changed.is_empty(), "{name}: a command that failed has left or changed {changed:#?}");
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    // some inputs are large on paper
    fs::remove_dir_all(&place).unwrap();
}

#[test]
fn arch_files() {
    check("arch", inputs::arch);
}

#[test]
fn models() {
    check("onnx", inputs::onnx);
}

#[test]
fn data_files() {
    check("data", inputs::data);
}

#[test]
fn flags() {
    check("flags", inputs::flags);
}

/// The inputs that the others are made from run: what each message finds is the one thing that was changed.
#[test]
fn the_sound_inputs_run() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden_sound");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    inputs::sound(&folder);
    let run = |seed: &str| {
        archsim().args(["run", "chip.yaml", "net.onnx", "--seed", seed]).current_dir(&folder).output().unwrap()
    };
    let done = run("0");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(fs::read_dir(folder.join("reports/runs")).unwrap().count(), 1);
    // a place that cannot become the run's folder: nothing half-written stays
    let runs = folder.join("reports/runs");
    fs::remove_dir_all(&runs).unwrap();
    fs::write(&runs, "a file").unwrap();
    let refused = run("0");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).starts_with("F003"));
    assert_eq!(fs::read_dir(folder.join("reports")).unwrap().count(), 1);
    fs::remove_dir_all(&folder).unwrap();
}

fn archsim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_archsim"))
}

/// A full disk is an error, a reader that has gone is none.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_told() {
    for verb in ["schema", "explain"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let done = archsim().arg(verb).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{told}");
        assert!(told.starts_with("F003") && told.contains("standard output"), "{told}");
        assert_eq!(told.matches("F003").count(), 1, "{told}");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = archsim().arg(verb).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(done.status.code(), Some(0));
        assert!(done.stderr.is_empty());
    }
}

/// `explain` prints JSON if asked to, one code or all.
#[test]
fn codes_are_explained_in_json() {
    let told = |args: &[&str]| -> serde_json::Value {
        let done = archsim().arg("explain").args(args).arg("--json").output().unwrap();
        assert!(done.status.success());
        serde_json::from_slice(&done.stdout).unwrap()
    };
    let one = told(&["A004"]);
    assert_eq!(one["code"], "A004");
    assert!(one["title"].is_string() && one["text"].is_string());
    let all = told(&[]);
    assert!(all.as_array().unwrap().contains(&one));
}

/// Transcripts hold wrong input only, no message is cut off, and no path of this machine.
#[test]
fn transcripts_are_of_wrong_input() {
    let mut commands = 0;
    let mut found: Vec<String> = Vec::new();
    for entry in fs::read_dir(sources()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "trycmd") {
            continue;
        }
        found.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2).filter(|p| p[0].starts_with("$ ")) {
            commands += 1;
            assert_eq!(pair[1], "? 2", "{}: {}", path.display(), pair[0]);
        }
        for word in ["panicked", "RUST_BACKTRACE", "/tmp", "/home", env!("CARGO_MANIFEST_DIR")] {
            assert!(!text.contains(word), "{} holds `{word}`", path.display());
        }
    }
    found.sort();
    assert_eq!(found, TRANSCRIPTS, "a transcript that no test runs");
    assert!(commands >= FEWEST, "{commands} commands, fewer than {FEWEST}");
}
