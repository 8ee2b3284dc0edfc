//! Cycling data of memory cells: a CSV file with one line for each cycle of each device.
//!
//! | column | meaning |
//! |---|---|
//! | `device` | number of the device |
//! | `cycle` | number of the cycle |
//! | `r_hrs` | resistance of the high state after the RESET of this cycle, in ohm |
//! | `u_set` | voltage of the SET that follows, in volts (negative) |
//! | `r_lrs` | resistance of the low state after it, in ohm |
//! | `u_reset` | voltage of the RESET that ends the cycle, in volts |
//!
//! Columns stand in any order, others are passed over; capitals make no difference. Lines come in any order.

use std::io::Read;
use std::path::Path;

use crate::device::synaptogen::fit::CycleRecord;
use crate::diag::{Diagnostic, Diagnostics, Result};

const COLUMNS: [&str; 6] = ["device", "cycle", "r_hrs", "u_set", "r_lrs", "u_reset"];
/// Mistakes that are listed; more say no more.
const LISTED: usize = 20;

/// Reads a file of cycles.
///
/// # Errors
/// D080 where it cannot be read, D081 for missing columns, D082 for every value that is none (the first 20).
pub fn load(path: &Path) -> Result<Vec<CycleRecord>> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|e| unreadable(&name, &e.to_string()))?;
    read(std::io::BufReader::new(file), &name)
}

/// Reads cycles from a source of text. `name` is used in messages.
///
/// # Errors
/// As [`load`].
pub fn read(source: impl Read, name: &str) -> Result<Vec<CycleRecord>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source);
    let header = reader.headers().map_err(|e| unreadable(name, &e.to_string()))?;
    let places = COLUMNS.map(|c| header.iter().position(|h| h.eq_ignore_ascii_case(c)));
    let missing: Vec<&str> = COLUMNS.iter().zip(places).filter(|(_, p)| p.is_none()).map(|(c, _)| *c).collect();
    if !missing.is_empty() {
        let message = format!(
            "{name}, line 1: no column {}",
            missing.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")
        );
        return Err(Diagnostic::error("D081", message)
            .help(format!("the first line names the columns: {}", COLUMNS.join(",")))
            .into());
    }
    let places = places.map(Option::unwrap_or_default);
    let mut found = Diagnostics::new();
    let (mut mistakes, mut out) = (0, Vec::new());
    for record in reader.records() {
        let record = record.map_err(|e| unreadable(name, &e.to_string()))?;
        let mut values = [0.0; COLUMNS.len()];
        for (i, (value, place)) in values.iter_mut().zip(places).enumerate() {
            let text = record.get(place).unwrap_or_default();
            let parsed = text.parse::<f64>().ok().filter(|v| v.is_finite());
            let whole = |v: &f64| i >= 2 || (0.0..=f64::from(u32::MAX)).contains(v) && v.fract() == 0.0;
            let positive = |v: &f64| !COLUMNS[i].starts_with("r_") || *v > 0.0;
            if let Some(v) = parsed.filter(whole).filter(positive) {
                *value = v;
                continue;
            }
            mistakes += 1;
            let line = record.position().map_or(0, csv::Position::line);
            found.push(
                Diagnostic::error(
                    "D082",
                    format!(
                        "{name}, line {line}, column {} (`{}`): `{text}` is not {}",
                        place + 1,
                        COLUMNS[i],
                        wanted(i)
                    ),
                )
                .help("mend the value, or leave the line out: cycles that follow each other count as successive"),
            );
        }
        if mistakes >= LISTED {
            break;
        }
        let [device, cycle, r_hrs, u_set, r_lrs, u_reset] = values;
        out.push(CycleRecord { device: device as u32, cycle: cycle as u32, r_hrs, u_set, r_lrs, u_reset });
    }
    if mistakes > 0 { Err(found) } else { Ok(out) }
}

fn wanted(column: usize) -> &'static str {
    match COLUMNS[column] {
        "device" | "cycle" => "a whole number from 0 on",
        "r_hrs" | "r_lrs" => "a resistance above 0 ohm",
        _ => "a voltage in volts",
    }
}

fn unreadable(name: &str, why: &str) -> Diagnostics {
    Diagnostic::error("D080", format!("{name}: the cycles cannot be read: {why}"))
        .help("cycling data are CSV text with a line of column names; check the path")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order() {
        let text =
            "U_RESET, cycle,device,note,R_LRS,R_HRS,U_SET\n0.73,5,2,x,4520,75e3,-0.67\n0.7,4,2,,4500,60000,-0.7\n";
        let got = read(text.as_bytes(), "c.csv").unwrap();
        let first = CycleRecord { device: 2, cycle: 5, r_hrs: 75e3, u_set: -0.67, r_lrs: 4520.0, u_reset: 0.73 };
        assert_eq!((got.len(), got[0]), (2, first));
    }

    #[test]
    fn mistakes_have_their_line_and_column() {
        let text = "device,cycle,r_hrs,u_set,r_lrs,u_reset\n1,0,1e5,-0.6,4500,0.7\n1,x,-5,-0.6,4500,nan\n";
        let wrong = read(text.as_bytes(), "c.csv").unwrap_err();
        let messages: Vec<&str> = wrong.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(messages.len(), 3);
        assert!(messages[0].contains("line 3, column 2 (`cycle`): `x`"), "{messages:?}");
        assert!(messages[1].contains("line 3, column 3 (`r_hrs`): `-5`"), "{messages:?}");
        assert!(wrong.iter().all(|d| d.code == "D082" && d.help.is_some()));
        let short = read("device,cycle,r_hrs\n".as_bytes(), "c.csv").unwrap_err();
        assert!(short.iter().any(|d| d.code == "D081" && d.message.contains("`u_set`, `r_lrs`, `u_reset`")));
        let ragged = read("device,cycle,r_hrs,u_set,r_lrs,u_reset\n1,2\n".as_bytes(), "c.csv").unwrap_err();
        assert!(ragged.iter().all(|d| d.code == "D080"));
    }
}
