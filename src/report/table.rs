//! Tables for a terminal.

use comfy_table::{CellAlignment, LineStyle, Table, presets};

use super::folder::RunReport;
use super::rows::CompareRow;
use crate::units::{Hertz, Joule, Second, Watt};

/// A table with a plain look: header underlined, no boxes.
pub(super) fn plain(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─')));
    table.set_header(header.to_vec());
    for (i, name) in header.iter().enumerate() {
        if i > 0
            && *name != "remark"
            && let Some(column) = table.column_mut(i)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn percent(v: f64) -> String {
    format!("{:.2} %", 100.0 * v)
}
fn maybe(v: Option<f64>) -> String {
    v.map_or_else(|| "–".into(), percent)
}

/// The tables printed after a run.
#[must_use]
pub fn run_tables(report: &RunReport) -> String {
    let s = &report.summary;
    let mut main = plain(&["", "value", "remark"]);
    let mut row = |name: &str, value: String, remark: String| {
        main.add_row([name.to_string(), value, remark]);
    };
    row(
        "latency of one inference",
        Second(s.latency_s).to_string(),
        format!("{} cycles at {}", s.latency_cycles, Hertz(s.clock_hz)),
    );
    if let (Some(interval), Some(rate), Some(each)) = (s.interval_cycles, s.throughput_inf_s, s.interval_100_s) {
        row(
            "interval, pipeline full",
            Second(interval / s.clock_hz).to_string(),
            format!("{interval:.0} cycles; {rate:.4} inferences/s; batch of 100: {} each", Second(each)),
        );
    }
    row(
        "energy of one inference",
        Joule(s.energy_j).to_string(),
        format!(
            "dynamic {}, leakage {}; {} on assumed constants",
            Joule(s.energy_dynamic_j),
            Joule(s.energy_leakage_j),
            percent(s.assumed_energy_share)
        ),
    );
    row(
        "power while inferring",
        Watt(s.power_w).to_string(),
        match s.tops {
            Some(tops) => format!("{tops:.4} TOPS, {:.4} TOPS/W", s.tops_w),
            None => format!("{:.4} TOPS/W", s.tops_w),
        },
    );
    row(
        "area",
        format!("{:.4} mm²", s.area_mm2),
        match s.segments {
            0 | 1 => format!("{} of {} crossbars hold weights", s.crossbars_used, s.crossbars_total),
            _ => format!("{} crossbars hold {} blocks of weights in turn", s.crossbars_total, s.crossbars_used),
        },
    );
    if s.chips > 1 {
        row("chips", s.chips.to_string(), "side by side; latency, energy and area are those of all of them".into());
    }
    if let (Some(time), Some(energy), Some(latency), Some(batch), Some(each)) =
        (s.write_time_s, s.write_energy_j, s.latency_written_s, s.batch_100_written_s, s.energy_100_written_j)
    {
        row(
            "writing the crossbars anew",
            Joule(energy).to_string(),
            format!(
                "{} segments take turns; {} for all writes, row by row, from a sample of cells",
                s.segments,
                Second(time)
            ),
        );
        row(
            "with writes",
            Second(latency).to_string(),
            format!(
                "latency of one inference; batch of 100: {} instead of {}, {} for each inference",
                Second(batch),
                Second(s.batch_100_s.unwrap_or_default()),
                Joule(each)
            ),
        );
    }
    if s.program_pulses > 0 {
        row(
            "programming, once",
            Joule(s.program_energy_j).to_string(),
            format!("{} pulses, {} if one cell follows the other", s.program_pulses, Second(s.program_time_s)),
        );
    }
    if s.calibration_conversions > 0 {
        row(
            "calibrating the ADCs, once",
            Joule(s.calibration_energy_j).to_string(),
            format!("{} conversions of the calibration samples", s.calibration_conversions),
        );
    }
    if let (Some(a), Some(lo), Some(hi)) = (s.accuracy, s.accuracy_lo95, s.accuracy_hi95) {
        let against = match (s.label_source.as_str(), s.label_agreement) {
            ("rule", Some(share)) => format!("against rule labels ({} agreement with the database)", percent(share)),
            ("rule", None) => "against rule labels".into(),
            (source, _) => format!("against {source} labels"),
        };
        row(
            "accuracy",
            percent(a),
            format!("95 % interval {} to {}; {} samples {against}", percent(lo), percent(hi), s.samples),
        );
        row(
            "macro-F1",
            s.macro_f1.map_or_else(|| "–".into(), |f| format!("{f:.4}")),
            format!(
                "float {}, quantised {}",
                s.macro_f1_float.map_or_else(|| "–".into(), |f| format!("{f:.4}")),
                s.macro_f1_quantised.map_or_else(|| "–".into(), |f| format!("{f:.4}"))
            ),
        );
        row(
            "accuracy, references",
            maybe(s.accuracy_float),
            format!("float; quantised {}", maybe(s.accuracy_quantised)),
        );
    }
    if s.agreement_float.is_some() {
        row(
            "same answer as float",
            maybe(s.agreement_float),
            format!("quantised reference: {}", maybe(s.agreement_quantised)),
        );
    }

    // every line of a dynamic memory tells the same
    let rows = report.components.iter().find_map(|c| Some([c.row_hits?, c.row_misses?, c.row_conflicts?]));
    if let Some([hits, misses, conflicts]) = rows {
        let all = hits + misses + conflicts;
        row(
            "rows of the memory found open",
            percent(hits as f64 / all.max(1) as f64),
            format!("{hits} hits, {misses} misses, {conflicts} conflicts in one inference"),
        );
    }
    if s.accuracy.is_none() && s.rms_error_float.is_some() {
        let snr = |v: Option<f64>| v.map_or_else(|| "equal".into(), |v| format!("{v:.1} dB"));
        row(
            "deviation from float",
            maybe(s.rms_error_float),
            format!(
                "rms of all outputs, relative; signal to noise {}; quantised reference: {}, {}",
                snr(s.snr_float_db),
                maybe(s.rms_error_quantised),
                snr(s.snr_quantised_db)
            ),
        );
    }
    if s.fidelity == "none" {
        row("array energy", "estimated".into(), crate::exec::ASSUMPTION.into());
    }

    let mut out = format!(
        "{} on {} ({} fidelity, {} samples, seed {})\n{main}\n",
        s.workload, s.arch, s.fidelity, s.samples, s.seed
    );
    if !report.confusion.is_empty() {
        out.push_str(&format!("{}\n", class_table(report)));
    }
    out.push_str(&format!("{}\n", energy_table(report)));
    out
}

fn class_table(report: &RunReport) -> Table {
    let mut table = plain(&["label", "samples", "sensitivity", "predictivity", "F1"]);
    let mut label = "";
    for row in &report.confusion {
        if row.true_class != label {
            label = &row.true_class;
            let count: u64 = report.confusion.iter().filter(|r| r.true_class == label).map(|r| r.count).sum();
            let rates = report.confusion.iter().find(|r| r.true_class == label && r.f1.is_some());
            table.add_row([
                label.to_string(),
                count.to_string(),
                maybe(rates.and_then(|r| r.sensitivity)),
                maybe(rates.and_then(|r| r.positive_predictivity)),
                rates.and_then(|r| r.f1).map_or_else(|| "–".into(), |f| format!("{f:.4}")),
            ]);
        }
    }
    table
}

/// Energy by kind of part, largest first.
fn energy_table(report: &RunReport) -> Table {
    let mut kinds: Vec<(&str, f64, f64)> = Vec::new();
    for c in &report.components {
        match kinds.iter_mut().find(|k| k.0 == c.kind) {
            Some(k) => {
                k.1 += c.energy_j;
                k.2 += c.leakage_j;
            }
            None => kinds.push((&c.kind, c.energy_j, c.leakage_j)),
        }
    }
    kinds.sort_by(|a, b| (b.1 + b.2).total_cmp(&(a.1 + a.2)));
    let total: f64 = kinds.iter().map(|k| k.1 + k.2).sum();
    let mut table = plain(&["part", "dynamic", "leakage", "share"]);
    for (kind, dynamic, leakage) in kinds.into_iter().filter(|k| k.1 + k.2 > 0.0) {
        table.add_row([
            kind.to_string(),
            Joule(dynamic).to_string(),
            Joule(leakage).to_string(),
            percent((dynamic + leakage) / total),
        ]);
    }
    table
}

/// The table of a comparison.
#[must_use]
pub fn compare_table(rows: &[CompareRow]) -> String {
    let (first, second) = rows.first().map_or(("", ""), |r| (r.baseline_arch.as_str(), r.other_arch.as_str()));
    let mut table = plain(&["metric", first, second, "difference", "ratio", "95 % interval"]);
    let number = |v: Option<f64>| v.map_or_else(|| "–".into(), |v| format!("{v:.5e}"));
    for r in rows {
        table.add_row([
            if r.unit.is_empty() { r.metric.clone() } else { format!("{} / {}", r.metric, r.unit) },
            number(r.baseline),
            number(r.other),
            number(r.difference),
            r.ratio.map_or_else(|| "–".into(), |v| format!("{v:.4}")),
            match (r.lo95, r.hi95) {
                (Some(lo), Some(hi)) => format!("{lo:+.5} to {hi:+.5}"),
                // what samples decide is exact for them alone
                _ if r.difference.is_none() || r.paired_samples.is_some() => "–".into(),
                _ => "exact".into(),
            },
        ]);
    }
    format!("{table}\n")
}
