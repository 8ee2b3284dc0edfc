//! `cargo xtask verify TOPIC`: measures what is claimed and writes it to `docs/verification/`.
//!
//! A row never holds a result written by hand: it is measured each time. Rows that need outside data
//! say so when the data are absent, and do not hold.

mod circuit;
mod clock;
mod devices;
mod ecg;
mod foundation;
mod noise;
mod onnx;
mod project;

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use crate::root;

/// What a row found.
pub struct Finding {
    /// What was measured, with numbers.
    pub measured: String,
    /// Whether it is as asked.
    pub holds: bool,
    /// What it was measured on.
    pub configuration: String,
}

impl Finding {
    /// A row that could not be measured, with the reason.
    pub fn absent(why: impl std::fmt::Display) -> Self {
        Self { measured: format!("not measured: {why}"), holds: false, configuration: String::new() }
    }
}

/// One row of a topic.
pub struct Row {
    number: &'static str,
    measure: &'static str,
    asked: &'static str,
    find: fn() -> Finding,
}

/// Topics and their rows.
const TOPICS: &[(&str, &[Row])] = &[
    ("foundation", foundation::ROWS),
    ("onnx", onnx::ROWS),
    ("circuit", circuit::ROWS),
    ("devices", devices::ROWS),
    ("clock", clock::ROWS),
];

/// Runs the rows of a topic and prints the table.
pub fn verify(topic: &str, only: Option<&str>) -> ExitCode {
    let Some((_, all_rows)) = TOPICS.iter().find(|(name, _)| *name == topic) else {
        eprintln!("there is no topic `{topic}`; topics: {}", TOPICS.iter().map(|t| t.0).collect::<Vec<_>>().join(", "));
        return ExitCode::from(2);
    };
    let rows: Vec<&Row> = all_rows.iter().filter(|r| only.is_none_or(|n| n == r.number)).collect();
    if rows.is_empty() {
        eprintln!("there is no such row; rows: {}", all_rows.iter().map(|r| r.number).collect::<Vec<_>>().join(", "));
        return ExitCode::from(2);
    }
    let mut text = format!(
        "# Verification: {topic}\n\nWritten by `cargo xtask verify {topic}`; every figure is measured by that command.\n\n| # | measure | asked | measured | holds | configuration |\n|---|---|---|---|---|---|\n",
    );
    let head = text.len();
    let mut all = true;
    for row in rows {
        let begun = Instant::now();
        let finding = (row.find)();
        all &= finding.holds;
        let holds = if finding.holds { "yes" } else { "NO" };
        println!(
            "{:>3}  {}  [{:.0} s]\n     asked:    {}\n     measured: {}\n     holds:    {holds}\n     on:       {}\n",
            row.number,
            row.measure,
            begun.elapsed().as_secs_f64(),
            row.asked,
            finding.measured,
            finding.configuration
        );
        text.push_str(&format!(
            "| {} | {} | {} | {} | {holds} | {} |\n",
            row.number, row.measure, row.asked, finding.measured, finding.configuration
        ));
    }
    let place = root().join(format!("docs/verification/{topic}.md"));
    // a single row replaces its own line of the page and leaves the others as they were measured
    if only.is_some()
        && let Ok(old) = fs::read_to_string(&place)
    {
        let line = |page: &str, row: &Row| {
            let begins = format!("| {} |", row.number);
            page.lines().find(|l| l.starts_with(&begins)).map(|l| format!("{l}\n"))
        };
        let lines: String = all_rows.iter().filter_map(|row| line(&text, row).or_else(|| line(&old, row))).collect();
        text.truncate(head);
        text.push_str(&lines);
    }
    if let Err(e) = fs::create_dir_all(place.parent().unwrap_or(&place)).and_then(|()| fs::write(&place, text)) {
        eprintln!("cannot write {}: {e}", place.display());
        return ExitCode::FAILURE;
    }
    if all {
        ExitCode::SUCCESS
    } else {
        eprintln!("not every row holds");
        ExitCode::FAILURE
    }
}
