//! `archsim device plot`.

use std::path::PathBuf;

use clap::Args;

use super::device::DeviceArgs;
use super::print;
use crate::diag::{Diagnostic, Result, nearest};
use crate::report::plot::{DevicePlot, PlotOptions, device_panels, svg};

/// Most cells of a chart.
const MOST: u64 = 1_000_000;

/// Flags of `device plot`.
#[derive(Debug, Args)]
pub struct PlotArgs {
    #[command(flatten)]
    device: DeviceArgs,
    /// What is drawn: iv, pulses, spread, drift or noise (default: everything that the device has).
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Cells in histograms and fans.
    #[arg(long, default_value_t = 2000, value_name = "N")]
    cells: u64,
    /// File to write (default: standard output).
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Draws a device.
pub fn plot(args: &PlotArgs) -> Result<()> {
    let kinds: Vec<DevicePlot> = match args.kind.as_deref() {
        None => DevicePlot::ALL.map(|k| k.1).into(),
        Some(name) => vec![kind(name)?],
    };
    if !(1..=MOST).contains(&args.cells) {
        return Err(Diagnostic::error("F002", format!("--cells {} is not between 1 and {MOST}", args.cells))
            .help("some thousand cells make a smooth histogram")
            .into());
    }
    let (device, chance) = args.device.open()?;
    let options = PlotOptions { chance, cells: args.cells, temperature: args.device.temperature };
    let panels: Vec<_> = kinds.iter().filter_map(|k| device_panels(&*device, *k, &options)).flatten().collect();
    if panels.is_empty() {
        return Err(Diagnostic::error("F002", format!("`{}` is not written by pulses", device.kind()))
            .help("other kinds: iv, spread, drift, noise")
            .into());
    }
    let drawing = svg(&panels);
    let Some(path) = &args.output else {
        print(&drawing);
        return Ok(());
    };
    std::fs::write(path, drawing).map_err(|e| {
        Diagnostic::error("F003", format!("cannot write the drawing `{}`: {e}", path.display()))
            .help("check that the folder exists and may be written")
            .into()
    })
}

fn kind(name: &str) -> Result<DevicePlot> {
    DevicePlot::ALL.iter().find(|(n, _)| *n == name).map(|(_, k)| *k).ok_or_else(|| {
        let names = DevicePlot::ALL.map(|(n, _)| n);
        let meant = nearest(name, names).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        Diagnostic::error("F002", format!("there is no kind of chart `{name}`"))
            .help(format!("one of {}{meant}", names.join(", ")))
            .into()
    })
}
