//! `archsim export`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::print;
use crate::circuit::spice::netlist;
use crate::circuit::wires::{Cell, Curve, Drives, End, Lines, Network};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::units::{Ampere, Ohm, Volt};

/// Verbs of `export`.
#[derive(Debug, Subcommand)]
pub enum ExportVerb {
    /// Write a crossbar with its wires as a SPICE netlist of one operating point.
    Spice(SpiceArgs),
}

/// Ends that drive word lines or sense bit lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sides {
    /// Word lines at column 0, bit lines behind the last row.
    One,
    /// Both ends.
    Both,
}

/// Flags of `export spice`.
#[derive(Debug, Args)]
pub struct SpiceArgs {
    /// Conductances in siemens as CSV: a line for each word line, a field for each bit line.
    conductances: PathBuf,
    /// Voltages of the word lines in volt, CSV (default: all at --read-voltage).
    #[arg(long, value_name = "FILE")]
    voltages: Option<PathBuf>,
    /// Voltage of every word line.
    #[arg(long, default_value = "0.2 V", value_name = "VOLTAGE", conflicts_with = "voltages")]
    read_voltage: Volt,
    /// Resistance of a word line between neighbouring cells.
    #[arg(long, default_value = "0 Ohm", value_name = "RESISTANCE")]
    word_segment: Ohm,
    /// Resistance of a bit line between neighbouring cells.
    #[arg(long, default_value = "0 Ohm", value_name = "RESISTANCE")]
    bit_segment: Ohm,
    /// Output resistance of the word-line drivers.
    #[arg(long, default_value = "0 Ohm", value_name = "RESISTANCE")]
    driver: Ohm,
    /// Input resistance of the sense amplifiers.
    #[arg(long, default_value = "0 Ohm", value_name = "RESISTANCE")]
    sense: Ohm,
    /// Where word lines are driven.
    #[arg(long, value_enum, default_value = "one", value_name = "SIDES")]
    drive: Sides,
    /// Where bit lines are sensed.
    #[arg(long, value_enum, default_value = "one", value_name = "SIDES")]
    sensing: Sides,
    /// Access transistor in series with each cell (1T1R).
    #[arg(long, value_name = "RESISTANCE", conflicts_with_all = ["selector_current", "selector_scale"])]
    access: Option<Ohm>,
    /// Current I0 of a selector I0*sinh(V/V0) in series with each cell (1S1R).
    #[arg(long, value_name = "CURRENT", requires = "selector_scale")]
    selector_current: Option<Ampere>,
    /// Voltage V0 of the selector.
    #[arg(long, value_name = "VOLTAGE", requires = "selector_current")]
    selector_scale: Option<Volt>,
    /// Voltage scale of cells whose current is a hyperbolic sine through their conductance at --curve-bias.
    #[arg(long, value_name = "VOLTAGE")]
    curve_scale: Option<Volt>,
    /// Voltage at which the conductances of curved cells are given.
    #[arg(long, default_value = "0 V", value_name = "VOLTAGE", requires = "curve_scale")]
    curve_bias: Volt,
    /// File to write (default: standard output).
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes or prints what is asked for.
pub fn export(verb: &ExportVerb) -> Result<()> {
    let ExportVerb::Spice(args) = verb;
    let table = numbers(&args.conductances)?;
    let cols = table[0].len();
    let rows = table.len();
    let mut problems = Diagnostics::new();
    for (row, line) in table.iter().enumerate().filter(|(_, line)| line.len() != cols) {
        let text = format!("{}: row {row} has {} fields, row 0 has {cols}", args.conductances.display(), line.len());
        problems.push(Diagnostic::error("F041", text).help("one conductance for each bit line"));
    }
    let volts = match &args.voltages {
        None => vec![args.read_voltage.0; rows],
        Some(path) => {
            let volts = numbers(path)?.concat();
            if volts.len() != rows {
                let text = format!("{}: {} voltages for {rows} word lines", path.display(), volts.len());
                problems.push(Diagnostic::error("F041", text).help("one voltage for each word line"));
            }
            volts
        }
    };
    problems.into_result(())?;
    let ends = |sides, ohms, usual: usize| {
        let driven = End::Driven { ohms };
        let mut ends = [driven; 2];
        if matches!(sides, Sides::One) {
            ends[1 - usual] = End::Open;
        }
        ends
    };
    let cell = match (args.access, args.selector_current, args.selector_scale) {
        (Some(access), ..) => Cell::Gated { access: access.0, selected: Vec::new() },
        (_, Some(current), Some(scale)) => Cell::Selector { current: current.0, scale: scale.0 },
        _ => Cell::Resistor,
    };
    let network = Network {
        rows,
        cols,
        g: table.concat(),
        word: Lines { segment: args.word_segment.0, ends: ends(args.drive, args.driver.0, 0), floating: Vec::new() },
        bit: Lines { segment: args.bit_segment.0, ends: ends(args.sensing, args.sense.0, 1), floating: Vec::new() },
        cell,
        curve: args.curve_scale.map_or(Curve::Linear, |v| Curve::Sinh { bias: args.curve_bias.0, scale: v.0 }),
    };
    network.check()?;
    let text = netlist(&network, &Drives::read(&volts, cols));
    let Some(path) = &args.output else {
        print(&text);
        return Ok(());
    };
    fs::write(path, text).map_err(|e| {
        Diagnostic::error("F003", format!("{}: {e}", path.display())).help("check that the folder exists").into()
    })
}

/// Lines of numbers of a CSV file; at least one.
fn numbers(path: &Path) -> Result<Vec<Vec<f64>>> {
    let file = path.display();
    let text = fs::read_to_string(path).map_err(|e| {
        Diagnostics::from(Diagnostic::error("F001", format!("{file}: {e}")).help("check the path of the table"))
    })?;
    let mut problems = Diagnostics::new();
    let mut table = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
        let mut row = Vec::new();
        for field in line.split(',') {
            match field.trim().parse::<f64>() {
                Ok(v) if v.is_finite() => row.push(v),
                _ => problems.push(
                    Diagnostic::error("F040", format!("{file}, line {}: `{}` is no number", n + 1, field.trim()))
                        .help("plain numbers in SI units, for instance 1.5e-6"),
                ),
            }
        }
        table.push(row);
    }
    if table.is_empty() && problems.is_empty() {
        problems.push(Diagnostic::error("F041", format!("{file} holds no numbers")).help("give at least one line"));
    }
    problems.into_result(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(name: &str, text: &str) -> Vec<&'static str> {
        let path = std::env::temp_dir().join(format!("archsim_{}_{name}.csv", std::process::id()));
        fs::write(&path, text).unwrap();
        let all = numbers(&path);
        fs::remove_file(&path).unwrap();
        all.err().map_or(vec![], |all| all.iter().map(|d| d.code).collect())
    }

    #[test]
    fn tables_are_read_with_all_their_mistakes() {
        assert!(codes("good", "# siemens\n1e-6, 2e-6\n\n3e-6,4e-6\n").is_empty());
        assert_eq!(codes("words", "1e-6,x\ninf,2\n"), ["F040", "F040"]);
        assert_eq!(codes("empty", "# nothing\n"), ["F041"]);
        assert_eq!(numbers(Path::new("no such file.csv")).unwrap_err().iter().next().unwrap().code, "F001");
    }
}
