//! Side by side: the first run is the baseline, each other is set against it.
//!
//! Accuracy differences are paired by sample: runs of one model on the same data with one seed share
//! their random draws wherever a cell keeps its logical address, so the interval is that of the
//! per-sample difference. Everything else is exact, and so is its difference.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::run::Done;
use crate::diag::{Diagnostic, Result};
use crate::report::{CompareRow, SummaryRow, paired_difference, to_csv, write_files};

/// A comparison and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Rows, all metrics of the second run first, then of the third, ….
    pub rows: Vec<CompareRow>,
    /// Folder with `compare.csv`.
    pub folder: PathBuf,
}

/// Metric name, unit, and how to read it off a summary.
type Metric = (&'static str, &'static str, fn(&SummaryRow) -> Option<f64>);

/// The metrics compared, in order.
const METRICS: &[Metric] = &[
    ("energy", "J", |s| Some(s.energy_j)),
    ("energy_dynamic", "J", |s| Some(s.energy_dynamic_j)),
    ("energy_leakage", "J", |s| Some(s.energy_leakage_j)),
    ("latency", "s", |s| Some(s.latency_s)),
    ("interval", "s", |s| s.interval_cycles.map(|c| c / s.clock_hz)),
    ("throughput", "1/s", |s| s.throughput_inf_s),
    ("power", "W", |s| Some(s.power_w)),
    ("efficiency", "TOPS/W", |s| Some(s.tops_w)),
    ("area", "mm2", |s| Some(s.area_mm2)),
    ("crossbars_used", "", |s| Some(s.crossbars_used as f64)),
    ("utilisation", "", |s| Some(s.utilisation)),
    ("assumed_energy_share", "", |s| Some(s.assumed_energy_share)),
    ("macro_f1", "", |s| s.macro_f1),
    ("agreement_float", "", |s| s.agreement_float),
];

/// Those that samples decide: what is compared is exact for these samples alone.
const SAMPLED: [&str; 3] = ["macro_f1", "agreement_float", "accuracy"];

/// Sets every run after the first against the first.
///
/// # Errors
/// `R020` when the runs are not of one model on the same samples.
pub fn compare_rows(runs: &[Done]) -> Result<Vec<CompareRow>> {
    let Some((base, others)) = runs.split_first().filter(|(_, o)| !o.is_empty()) else {
        return Err(Diagnostic::error("F002", "`compare` needs at least two runs")
            .help("give two arch files and a network, or two run folders")
            .into());
    };
    let mut rows = Vec::new();
    for other in others {
        let (a, b) = (&base.report.summary, &other.report.summary);
        if (&a.model_hash, &a.data_hash, a.samples) != (&b.model_hash, &b.data_hash, b.samples) {
            return Err(Diagnostic::error(
                "R020",
                format!(
                    "run {} ({}, {} samples) and run {} ({}, {} samples) are not of one model on the same data",
                    a.run_key, a.workload, a.samples, b.run_key, b.workload, b.samples
                ),
            )
            .help("run both with the same network, --data and --samples")
            .into());
        }
        rows.extend(METRICS.iter().map(|(name, unit, read)| row(a, b, name, unit, read(a), read(b))));
        rows.push(accuracy_row(base, other));
    }
    Ok(rows)
}

/// Compares `runs` and writes `compare.csv` into a folder below `output`.
///
/// # Errors
/// As [`compare_rows`]; `F003` when the file cannot be written.
pub fn compare(runs: &[Done], output: &Path) -> Result<Comparison> {
    let rows = compare_rows(runs)?;
    let mut hash = Sha256::new();
    for run in runs {
        hash.update(run.report.summary.run_key.as_bytes());
    }
    let key: String = hash.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect();
    let workload = runs.first().map_or("", |r| r.report.summary.workload.as_str());
    let folder = output.join(format!("compare-{workload}-{key}"));
    write_files(&folder, &[("compare.csv", to_csv(&rows)?)])?;
    Ok(Comparison { rows, folder })
}

fn row(a: &SummaryRow, b: &SummaryRow, name: &str, unit: &str, x: Option<f64>, y: Option<f64>) -> CompareRow {
    let both = x.zip(y);
    CompareRow {
        metric: name.into(),
        unit: unit.into(),
        baseline_arch: a.arch.clone(),
        other_arch: b.arch.clone(),
        baseline: x,
        other: y,
        difference: both.map(|(x, y)| y - x),
        ratio: both.filter(|(x, _)| *x != 0.0).map(|(x, y)| y / x),
        lo95: None,
        hi95: None,
        paired_samples: SAMPLED.contains(&name).then_some(a.samples).filter(|n| *n > 0),
    }
}

fn accuracy_row(base: &Done, other: &Done) -> CompareRow {
    let (a, b) = (&base.report.summary, &other.report.summary);
    let mut out = row(a, b, "accuracy", "", a.accuracy, b.accuracy);
    let right = |done: &Done| done.report.predictions.iter().map(|p| p.right).collect::<Option<Vec<bool>>>();
    if let (Some(x), Some(y)) = (right(base), right(other))
        && !x.is_empty()
    {
        let (difference, lo, hi) = paired_difference(&x, &y);
        out.difference = Some(difference);
        // the normal law has no width, and so no bounds, where no sample differs
        let bounded = lo < hi;
        (out.lo95, out.hi95) = (bounded.then_some(lo), bounded.then_some(hi));
        out.paired_samples = Some(x.len() as u64);
    }
    out
}
