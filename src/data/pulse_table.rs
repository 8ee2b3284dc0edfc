//! Measured pulses as CSV: one line a pulse and conductance, with the unit of each column in its heading.
//!
//! ```csv
//! # 128 cells, 50 cycles each
//! pulse, voltage [V], g [uS], mean [nS], spread [nS]
//! up,    1.2,         1.0,    72,        30
//! down,  1.2,         1.0,    -5,        10
//! ```
//!
//! `pulse` is `up` or `down`; `g` the conductance before the pulse, `mean` and `spread` mean and standard deviation
//! of its change. `voltage` (a magnitude) may be left out; lines that begin with `#` are comments.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::device_files::text;
use crate::device::{PulseDirection, PulseRow};
use crate::diag::{Diagnostic, Diagnostics, Result, nearest};
use crate::units::{Siemens, Volt};

/// Columns, and whether one may be left out.
const COLUMNS: [(&str, bool); 5] =
    [("pulse", false), ("voltage", true), ("g", false), ("mean", false), ("spread", false)];
/// An example heading for messages.
const HEADING: &str = "pulse, voltage [V], g [uS], mean [nS], spread [nS]";

/// Where a column of [`COLUMNS`] stands, and its unit in SI units.
type Place = Option<(usize, f64)>;

/// Reads a table of pulses.
///
/// # Errors
/// D090 the file cannot be read, D091 its heading, D092 its lines, D093 it has none.
pub fn read(path: &Path) -> Result<Vec<PulseRow>> {
    parse(&text(path)?, &path.display().to_string())
}

/// The table in a text; `file` names it in messages.
///
/// # Errors
/// All mistakes of the lines at once: D091 to D093.
pub fn parse(text: &str, file: &str) -> Result<Vec<PulseRow>> {
    // lines of another length are told by us, with what is missing
    let mut reader =
        ReaderBuilder::new().comment(Some(b'#')).trim(Trim::All).flexible(true).from_reader(text.as_bytes());
    let heading = reader.headers().map_err(|e| Diagnostic::error("D091", format!("{file}: {e}")))?.clone();
    let mut lines = Lines { text, at: 0, line: 1 };
    let places = columns(&heading, lines.of(&heading), file)?;
    let (mut rows, mut found) = (Vec::new(), Diagnostics::new());
    for record in reader.records() {
        match record {
            Ok(record) => match row(&record, lines.of(&record), &heading, &places, file) {
                Ok(row) => rows.push(row),
                Err(e) => found.extend(e),
            },
            Err(e) => {
                found.push(Diagnostic::error("D092", format!("{file}: {e}")).help("write the file as UTF-8 text"))
            }
        }
    }
    if rows.is_empty() && found.is_empty() {
        found.push(
            Diagnostic::error("D093", format!("{file}: there is no line below the heading"))
                .help("each line is one pulse at one conductance, for instance `up, 1.2, 1.0, 72, 30`"),
        );
    }
    found.into_result(rows)
}

/// Counts lines. The reader's own count of a record is that of the comments and empty lines before it.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// Line on which a record begins; records come in order.
    fn of(&mut self, record: &StringRecord) -> usize {
        let mut start = record.position().map_or(0, |p| p.byte() as usize);
        while let Some(line) = self.text.get(start..).and_then(|rest| rest.split_inclusive('\n').next()) {
            if !line.trim().is_empty() && !line.starts_with('#') {
                break;
            }
            start += line.len();
        }
        self.line += self.text.get(self.at..start).map_or(0, |passed| passed.matches('\n').count());
        self.at = start;
        self.line
    }
}

/// Where each column stands.
fn columns(heading: &StringRecord, line: usize, file: &str) -> Result<[Place; COLUMNS.len()]> {
    let mut places: [Place; COLUMNS.len()] = Default::default();
    let mut found = Diagnostics::new();
    let mut wrong = |column: usize, what: String, help: String| {
        let place = format!("{file}, line {line}, column {}: {what}", column + 1);
        found.push(Diagnostic::error("D091", place).help(help));
    };
    for (at, field) in heading.iter().enumerate() {
        let (name, unit) = match field.split_once('[') {
            Some((name, unit)) => (name.trim(), unit.trim_end_matches(']').trim()),
            None => (field, ""),
        };
        let Some(i) = COLUMNS.iter().position(|(n, _)| *n == name) else {
            let known = COLUMNS.map(|(n, _)| n);
            let meant = nearest(name, known).map_or(String::new(), |n| format!("did you mean `{n}`? "));
            wrong(at, format!("unknown column `{field}`"), format!("{meant}the heading is `{HEADING}`"));
            continue;
        };
        if places[i].is_some() {
            wrong(at, format!("the column `{name}` stands twice"), "delete one of them".into());
        }
        let one = format!("1 {unit}");
        let factor = match name {
            "pulse" => unit.is_empty().then_some(1.0),
            "voltage" => one.parse::<Volt>().ok().map(Volt::si),
            _ => one.parse::<Siemens>().ok().map(Siemens::si),
        };
        if factor.is_none() {
            let help = format!("units stand in the heading: `{HEADING}`");
            wrong(at, format!("`{field}` does not name the unit of its column"), help);
        }
        places[i] = Some((at, factor.unwrap_or(1.0)));
    }
    for (i, (name, optional)) in COLUMNS.iter().enumerate() {
        if places[i].is_none() && !optional {
            wrong(heading.len(), format!("there is no column `{name}`"), format!("the heading is `{HEADING}`"));
        }
    }
    found.into_result(places)
}

/// One line.
fn row(record: &StringRecord, line: usize, heading: &StringRecord, places: &[Place], file: &str) -> Result<PulseRow> {
    let mut found = Diagnostics::new();
    if record.len() != heading.len() {
        let what = format!("{file}, line {line}: {} fields under {} columns", record.len(), heading.len());
        return Err(Diagnostic::error("D092", what).help("give one field for each column of the heading").into());
    }
    let mut wrong = |at: usize, what: String, help: &str| {
        let place = format!("{file}, line {line}, column {} (`{}`): {what}", at + 1, &heading[at]);
        found.push(Diagnostic::error("D092", place).help(help));
    };
    let mut number = |place: &Place| {
        place.map(|(at, factor)| match record[at].parse::<f64>() {
            Ok(value) if value.is_finite() => value * factor,
            _ => {
                let what = format!("`{}` is not a number", &record[at]);
                wrong(at, what, "write a finite number; its unit stands in the heading");
                0.0
            }
        })
    };
    let voltage = number(&places[1]).map(Volt);
    // the heading has these three, or we were not here
    let [g, mean, spread] = [2, 3, 4].map(|i| Siemens(number(&places[i]).unwrap_or_default()));
    let pulse = match places[0].map(|(at, _)| (at, &record[at])) {
        Some((at, word)) if word != "up" && word != "down" => {
            wrong(at, format!("`{word}` is no pulse"), "write `up` for one that raises the conductance, or `down`");
            PulseDirection::Up
        }
        Some((_, "down")) => PulseDirection::Down,
        _ => PulseDirection::Up,
    };
    found.into_result(PulseRow { pulse, voltage, g, mean, spread })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        parse(text, "p.csv").unwrap_err().iter().map(|d| format!("{} {}", d.code, d.message)).collect()
    }

    #[test]
    fn units_stand_in_the_heading() {
        let text =
            "# cells of wafer 3\npulse, spread [pS], g [uS], mean [nS], voltage [mV]\nup, 500, 1.5e0, 72, 1200\n";
        let rows = parse(text, "p.csv").unwrap();
        assert_eq!(rows.len(), 1);
        let r = rows[0];
        assert_eq!((r.pulse, r.voltage), (PulseDirection::Up, Some(Volt(1.2))));
        for (got, expected) in [(r.g, 1.5e-6), (r.mean, 72e-9), (r.spread, 5e-10)] {
            assert!((got.0 / expected - 1.0).abs() < 1e-12);
        }
        let without = parse("pulse,g [S],mean [S],spread [S]\ndown,1,-1,0\n", "p.csv").unwrap();
        assert_eq!(
            (without[0].pulse, without[0].voltage, without[0].mean),
            (PulseDirection::Down, None, Siemens(-1.0))
        );
    }

    #[test]
    fn headings_are_explained() {
        assert_eq!(
            messages("puls, g, mean [V], spread [nS], spread [nS]\n"),
            [
                "D091 p.csv, line 1, column 1: unknown column `puls`",
                "D091 p.csv, line 1, column 2: `g` does not name the unit of its column",
                "D091 p.csv, line 1, column 3: `mean [V]` does not name the unit of its column",
                "D091 p.csv, line 1, column 5: the column `spread` stands twice",
                "D091 p.csv, line 1, column 6: there is no column `pulse`",
            ]
        );
        let help = parse("puls,g [S],mean [S],spread [S]\n", "p.csv").unwrap_err().iter().next().unwrap().help.clone();
        assert!(help.unwrap().starts_with("did you mean `pulse`?"));
    }

    #[test]
    fn every_wrong_field_is_told_with_line_and_column() {
        let text = "pulse,g [uS],mean [nS],spread [nS]\n# comment\nup,1,2,3\nsideways,1,x,nan\nup,1,2\n\nup,1,2,inf\n";
        assert_eq!(
            messages(text),
            [
                "D092 p.csv, line 4, column 3 (`mean [nS]`): `x` is not a number",
                "D092 p.csv, line 4, column 4 (`spread [nS]`): `nan` is not a number",
                "D092 p.csv, line 4, column 1 (`pulse`): `sideways` is no pulse",
                "D092 p.csv, line 5: 3 fields under 4 columns",
                "D092 p.csv, line 7, column 4 (`spread [nS]`): `inf` is not a number",
            ]
        );
        assert_eq!(messages("pulse,g [uS],mean [nS],spread [nS]\n").len(), 1);
        assert!(messages("")[0].starts_with("D091"));
    }
}
