//! Run folders: written under a temporary name, renamed when complete, so that a killed run leaves
//! nothing that looks like a report. What a killed run does leave, the next one of that name removes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rows::{ComponentRow, ConfusionRow, LayerRow, LinkRow, PredictionRow, SummaryRow};
use super::trace::{TRACE_FILES, Traced};
use crate::diag::{Diagnostic, Result};

/// Everything a run reports.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunReport {
    /// `summary.csv`.
    pub summary: SummaryRow,
    /// `layers.csv`.
    pub layers: Vec<LayerRow>,
    /// `components.csv`.
    pub components: Vec<ComponentRow>,
    /// `links.csv`.
    pub links: Vec<LinkRow>,
    /// `confusion.csv`.
    pub confusion: Vec<ConfusionRow>,
    /// `predictions.csv`.
    pub predictions: Vec<PredictionRow>,
    /// `manifest.json`: every option and hash needed to repeat the run, and its warnings.
    pub manifest: serde_json::Value,
}

impl RunReport {
    /// Name of the run's folder: `<arch>-<workload>-<key>`.
    #[must_use]
    pub fn folder_name(&self) -> String {
        format!("{}-{}-{}", self.summary.arch, self.summary.workload, self.summary.run_key)
    }
}

/// The files of a report: name and text.
///
/// # Errors
/// `F003` if a row cannot be written as CSV.
pub fn files(report: &RunReport) -> Result<Vec<(&'static str, String)>> {
    let mut manifest =
        serde_json::to_string_pretty(&report.manifest).map_err(|e| failed(Path::new("manifest.json"), &e))?;
    manifest.push('\n');
    Ok(vec![
        ("summary.csv", to_csv(std::slice::from_ref(&report.summary))?),
        ("layers.csv", to_csv(&report.layers)?),
        ("components.csv", to_csv(&report.components)?),
        ("links.csv", to_csv(&report.links)?),
        ("confusion.csv", to_csv(&report.confusion)?),
        ("predictions.csv", to_csv(&report.predictions)?),
        ("manifest.json", manifest),
    ])
}

/// Writes `report` below `parent`, with the files of a trace if there is one, and returns the run's folder. An older
/// report of the same key is replaced.
///
/// # Errors
/// `F003` with the path when anything cannot be written, or when something else has the name; no folder of that name is
/// left half-written.
pub fn write(report: &RunReport, parent: &Path, traced: Option<&Traced<'_>>) -> Result<PathBuf> {
    let folder = parent.join(report.folder_name());
    check_folder(&folder)?;
    let trace = |draft: &Path| match traced {
        Some(traced) => traced.write(|name| Ok(io::BufWriter::new(fs::File::create(draft.join(name))?))),
        None => Ok(()),
    };
    write_with(&folder, &files(report)?, trace)?;
    Ok(folder)
}

/// The files that every run folder has; the last says that it is one.
const RUN_FILES: [&str; 7] =
    ["summary.csv", "layers.csv", "components.csv", "links.csv", "confusion.csv", "predictions.csv", MANIFEST];
const MANIFEST: &str = "manifest.json";

/// Whether a folder holds a whole run: its files, and a trace of `traced` samples where one is asked for.
#[must_use]
pub fn complete(folder: &Path, traced: Option<usize>) -> bool {
    // every file of a report has a header at least
    let there = |name: &str| fs::metadata(folder.join(name)).is_ok_and(|m| m.is_file() && m.len() > 0);
    let manifest = || fs::read(folder.join(MANIFEST)).ok();
    let samples = || -> Option<u64> {
        let manifest: serde_json::Value = serde_json::from_slice(&manifest()?).ok()?;
        manifest["trace"]["samples"].as_u64()
    };
    RUN_FILES.into_iter().all(there)
        && traced.is_none_or(|n| TRACE_FILES.into_iter().all(there) && samples() == Some(n as u64))
}

/// Writes a set of text files as one folder, all or nothing.
///
/// # Errors
/// `F003` with the path; also when something has the name that has not the first of these files.
pub fn write_files(folder: &Path, files: &[(&str, String)]) -> Result<()> {
    if let Some((mark, _)) = files.first() {
        refuse_other(folder, mark)?;
    }
    write_with(folder, files, |_| Ok(()))
}

/// As [`write_files`], with what `more` writes into the folder.
fn write_with(folder: &Path, files: &[(&str, String)], more: impl Fn(&Path) -> io::Result<()>) -> Result<()> {
    let parent = folder.parent().unwrap_or_else(|| Path::new("."));
    let name = folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let own = std::process::id();
    let (draft, old) = (parent.join(format!(".{name}.{own}.part")), parent.join(format!(".{name}.{own}.old.part")));
    remove_leftovers(parent, &name);
    let attempt = || -> io::Result<()> {
        fs::create_dir_all(&draft)?;
        for (file, text) in files {
            fs::write(draft.join(file), text)?;
        }
        more(&draft)?;
        // the older one goes away whole: a kill here leaves no half of it under its name
        let replaced = folder.exists();
        if replaced {
            fs::rename(folder, &old)?;
        }
        fs::rename(&draft, folder).inspect_err(|_| {
            if replaced {
                let _ = fs::rename(&old, folder);
            }
        })?;
        if replaced { fs::remove_dir_all(&old) } else { Ok(()) }
    };
    attempt().map_err(|e| {
        let _ = fs::remove_dir_all(&draft);
        failed(folder, &e).into()
    })
}

/// Removes what killed processes left of the folder `name`: `.NAME.PID.part` and `.NAME.PID.old.part`, where no process
/// has that number any more. Where that cannot be known, or a leftover cannot be removed, it stays.
fn remove_leftovers(parent: &Path, name: &str) {
    let own = std::process::id();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let Some(middle) = file
            .to_str()
            .and_then(|f| f.strip_prefix('.')?.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".part"))
        else {
            continue;
        };
        let number = middle.strip_suffix(".old").unwrap_or(middle);
        // a process that had our number before us is gone
        if number.parse::<u32>().is_ok_and(|pid| pid == own || gone(pid)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether certainly no process of this system that still runs has the number.
fn gone(pid: u32) -> bool {
    // of another system, or without rights, /proc does not even show this process
    if !cfg!(target_os = "linux") || !Path::new("/proc/self/stat").exists() {
        return false;
    }
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        // `number (name) state ...`; one that was killed stays as Z until its parent asks for it
        Ok(stat) => stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with(['Z', 'X'])),
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

/// Refuses a name that something else than a run has: it would be replaced.
///
/// # Errors
/// `F003` when there is a file of that name, or a folder that is neither empty nor a run's.
pub fn check_folder(folder: &Path) -> Result<()> {
    refuse_other(folder, MANIFEST)
}

/// Refuses a name that is not free and does not belong to a folder with the file `mark`.
fn refuse_other(folder: &Path, mark: &str) -> Result<()> {
    let empty = || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if !folder.exists() || folder.join(mark).is_file() || folder.is_dir() && empty() {
        return Ok(());
    }
    let what = if folder.is_dir() { format!("a folder without `{mark}`") } else { "a file".into() };
    let message = format!("`{}` is {what}, so no report that could be replaced", folder.display());
    Err(Diagnostic::error("F003", message)
        .help("move it away or delete it, or choose another folder with --output")
        .into())
}

/// Refuses a place below which no folder can be made, before long work begins.
///
/// # Errors
/// `F003` when the nearest part of the path that exists is not a folder.
pub fn check_place(parent: &Path) -> Result<()> {
    match parent.ancestors().find(|p| p.exists()) {
        Some(there) if !there.is_dir() => {
            let message =
                format!("reports cannot be written to `{}`: `{}` is a file", parent.display(), there.display());
            Err(Diagnostic::error("F003", message).help("choose a folder with --output").into())
        }
        _ => Ok(()),
    }
}

fn failed(folder: &Path, error: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic::error("F003", format!("cannot write the report folder `{}`: {error}", folder.display()))
        .help("check that the place exists, is a folder and may be written, or choose another with --output")
}

/// Rows as CSV text with a header, also where there is no row; floats in their shortest form that reads back to the
/// same bits.
fn csv_text<T: Serialize + Default>(rows: &[T]) -> std::result::Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    if rows.is_empty() {
        writer.serialize(T::default())?;
    }
    let bytes = writer.into_inner().map_err(|e| csv::Error::from(std::io::Error::other(e.to_string())))?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if rows.is_empty() {
        // names of columns hold no line break: what follows the first one is the row
        text.truncate(text.find('\n').map_or(text.len(), |end| end + 1));
    }
    Ok(text)
}

/// Rows of any report type as CSV text.
///
/// # Errors
/// `F003` if a row cannot be written as CSV.
pub fn to_csv<T: Serialize + Default>(rows: &[T]) -> Result<String> {
    csv_text(rows).map_err(|e| failed(Path::new("csv"), &e).into())
}

/// What helps where a folder is no whole run.
const AGAIN: &str = "give a folder written by `archsim run`; if it is one, it is damaged: run it again with --force";

/// Reads the summary and predictions of a finished run folder.
///
/// # Errors
/// `F004` when the folder is no complete run.
pub fn read(folder: &Path) -> Result<RunReport> {
    let mut summary: Vec<SummaryRow> = read_csv(&folder.join("summary.csv"))?;
    let Some(summary) = summary.pop() else {
        return Err(Diagnostic::error("F004", format!("`{}` has no row", folder.join("summary.csv").display()))
            .help(AGAIN)
            .into());
    };
    Ok(RunReport {
        summary,
        layers: read_csv(&folder.join("layers.csv"))?,
        components: read_csv(&folder.join("components.csv"))?,
        links: read_csv(&folder.join("links.csv"))?,
        confusion: read_csv(&folder.join("confusion.csv"))?,
        predictions: read_csv(&folder.join("predictions.csv"))?,
        manifest: serde_json::Value::Null,
    })
}

fn read_csv<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    if !path.exists() {
        return Err(Diagnostic::error("F004", format!("this is no finished run: `{}` is missing", path.display()))
            .help(AGAIN)
            .into());
    }
    let broken = |e: csv::Error| {
        Diagnostic::error("F004", format!("`{}` is not a report of this version: {e}", path.display())).help(AGAIN)
    };
    let mut reader = csv::Reader::from_path(path).map_err(broken)?;
    let mut rows = Vec::new();
    for row in reader.deserialize() {
        rows.push(row.map_err(broken)?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_back_equal() {
        let parent = std::env::temp_dir().join(format!("archsim-folder-{}", std::process::id()));
        let mut report = RunReport::default();
        report.summary.arch = "a".into();
        report.summary.workload = "w".into();
        report.summary.run_key = "k".into();
        report.summary.energy_j = 1.234_567_890_123e-9;
        report.summary.accuracy = Some(0.1 + 0.2);
        report.layers.push(LayerRow { layer: "conv, one".into(), snr_db: None, ..LayerRow::default() });
        let folder = write(&report, &parent, None).unwrap();
        assert!(folder.ends_with("a-w-k"));
        let back = read(&folder).unwrap();
        assert_eq!(back.summary, report.summary);
        assert_eq!(back.layers, report.layers);
        // nothing but the run's folder is left
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 1);
        fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn a_table_without_rows_has_its_header() {
        let report = RunReport::default();
        for (name, text) in files(&report).unwrap() {
            let lines = if name == "summary.csv" { 2 } else { 1 };
            assert_eq!(text.lines().count(), lines, "{name}: {text}");
            assert!(text.ends_with('\n'), "{name}");
        }
        let header = to_csv::<PredictionRow>(&[]).unwrap();
        assert_eq!(header, "sample,label,predicted,predicted_float,predicted_quantised,right\n");
        assert!(to_csv(&[PredictionRow::default()]).unwrap().starts_with(&header));
        let parent = std::env::temp_dir().join(format!("archsim-header-{}", std::process::id()));
        let folder = write(&report, &parent, None).unwrap();
        let back = read(&folder).unwrap();
        assert!(back.links.is_empty() && back.confusion.is_empty() && back.predictions.is_empty());
        fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn leftovers_of_killed_runs_are_removed() {
        let parent = std::env::temp_dir().join(format!("archsim-leftovers-{}", std::process::id()));
        // numbers of processes end below 2^22
        let (dead, living, own) = (u32::MAX, 1, std::process::id());
        let report = RunReport::default();
        let name = report.folder_name();
        let part = |name: &str, pid: u32, old: &str| parent.join(format!(".{name}.{pid}{old}.part"));
        let goes = [part(&name, dead, ""), part(&name, dead, ".old"), part(&name, own, "")];
        let stays = [part(&name, living, ""), part("other", dead, ""), parent.join(format!(".{name}.x.part"))];
        for folder in goes.iter().chain(&stays) {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join("trace.json"), "[").unwrap();
        }
        for _ in 0..2 {
            let folder = write(&report, &parent, None).unwrap();
            assert!(complete(&folder, None) && !folder.join("trace.json").exists());
        }
        let known = cfg!(target_os = "linux");
        assert!(goes.iter().all(|f| !f.exists() || !known), "{goes:?}");
        assert!(stays.iter().all(|f| f.exists()), "{stays:?}");
        if known {
            assert_eq!(fs::read_dir(&parent).unwrap().count(), stays.len() + 1);
        }
        fs::remove_dir_all(&parent).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_ended_is_gone_before_its_parent_asks() {
        assert!(!gone(std::process::id()) && gone(u32::MAX));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert!(!gone(child.id()));
        child.kill().unwrap();
        let begun = std::time::Instant::now();
        while !gone(child.id()) {
            assert!(begun.elapsed().as_secs() < 60, "still there");
            std::thread::yield_now();
        }
        child.wait().unwrap();
    }

    #[test]
    fn what_is_no_run_is_not_replaced() {
        let parent = std::env::temp_dir().join(format!("archsim-foreign-{}", std::process::id()));
        let report = RunReport::default();
        let folder = parent.join(report.folder_name());
        // an empty folder holds nothing that could be lost
        fs::create_dir_all(&folder).unwrap();
        write(&report, &parent, None).unwrap();
        assert!(complete(&folder, None));
        fs::remove_dir_all(&folder).unwrap();
        let refused = || {
            let problem = write(&report, &parent, None).unwrap_err();
            let first = problem.iter().next().unwrap();
            assert_eq!((first.code, problem.exit_code()), ("F003", 2));
            assert!(first.message.contains(&folder.display().to_string()), "{}", first.message);
        };
        fs::write(&folder, "mine").unwrap();
        refused();
        assert_eq!(fs::read_to_string(&folder).unwrap(), "mine");
        fs::remove_file(&folder).unwrap();
        fs::create_dir_all(folder.join("thesis")).unwrap();
        refused();
        assert!(write_files(&folder, &[("compare.csv", String::new())]).is_err());
        assert!(folder.join("thesis").exists());
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 1);
        fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn a_damaged_run_is_not_complete_and_says_what_helps() {
        let parent = std::env::temp_dir().join(format!("archsim-damaged-{}", std::process::id()));
        let report = RunReport::default();
        assert_eq!(files(&report).unwrap().iter().map(|f| f.0).collect::<Vec<_>>(), RUN_FILES);
        for name in RUN_FILES {
            let folder = write(&report, &parent, None).unwrap();
            assert!(complete(&folder, None));
            fs::write(folder.join(name), "").unwrap();
            assert!(!complete(&folder, None), "{name} is empty");
            fs::remove_file(folder.join(name)).unwrap();
            assert!(!complete(&folder, None), "{name} is missing");
            if name != MANIFEST {
                let problem = read(&folder).unwrap_err();
                let first = problem.iter().next().unwrap();
                assert_eq!((first.code, problem.exit_code()), ("F004", 2));
                assert!(first.help.as_deref().unwrap().contains("--force"), "{first:?}");
            }
            fs::remove_dir_all(&folder).unwrap();
        }
        // a row that is none
        let folder = write(&report, &parent, None).unwrap();
        fs::write(folder.join("links.csv"), "run_key,path\nk\n").unwrap();
        let problem = read(&folder).unwrap_err();
        assert!(problem.iter().next().unwrap().help.as_deref().unwrap().contains("--force"));
        fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn an_unwritable_place_is_an_error_and_leaves_nothing() {
        let parent = std::env::temp_dir().join(format!("archsim-blocked-{}", std::process::id()));
        fs::write(&parent, "a file, not a folder").unwrap();
        let problem = write(&RunReport::default(), &parent, None).unwrap_err();
        assert_eq!(problem.exit_code(), 2);
        for place in [parent.clone(), parent.join("below/it")] {
            assert_eq!(check_place(&place).unwrap_err().iter().next().map(|d| d.code), Some("F003"));
        }
        assert!(check_place(&std::env::temp_dir().join("archsim-not-there/yet")).is_ok());
        fs::remove_file(&parent).unwrap();
    }
}
