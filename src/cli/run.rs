//! `archsim run`.

use std::path::PathBuf;

use clap::Args;

use super::progress::Bars;
use super::{CommonArgs, print, warn};
use crate::diag::{Diagnostic, Result};
use crate::report::{TRACE_FILES, run_tables};
use crate::study;

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct RunArgs {
    /// Chip description (YAML).
    arch: PathBuf,
    /// Network (ONNX).
    model: PathBuf,
    /// Write trace.json (for ui.perfetto.dev) and trace.vcd (for GTKWave) into the report folder: what every part did
    /// in every cycle of one inference; and packets.csv (for archsim noc --trace), its messages over the mesh.
    #[arg(long)]
    trace: bool,
    /// Trace N inferences back to back.
    #[arg(long, value_name = "N", requires = "trace", default_value_t = 1)]
    trace_samples: usize,
    #[command(flatten)]
    common: CommonArgs,
}

/// Runs, prints the tables and the place of the report.
pub fn run(args: &RunArgs, json: bool) -> Result<()> {
    let mut options = args.common.options(&args.arch, &args.model)?;
    if args.trace_samples == 0 {
        return Err(Diagnostic::error("F002", "--trace-samples 0 leaves nothing to trace")
            .help("give at least 1, or leave it out to trace one inference")
            .into());
    }
    options.trace = args.trace.then_some(args.trace_samples);
    let bars = Bars::new();
    let done = study::run_and_write(&options, &bars)?;
    warn(&done.warnings);
    if json {
        print(&format!("{:#}\n", study::to_json(&done)));
    } else {
        print(&run_tables(&done.report));
        print(&format!(
            "{} {}\n",
            if done.reused { "report (already there):" } else { "report:" },
            done.folder.display()
        ));
        if args.trace {
            let [json, waves, packets] = TRACE_FILES.map(|name| done.folder.join(name).display().to_string());
            print(&format!("trace: {json} (open it in ui.perfetto.dev), {waves} (gtkwave {waves}), {packets}\n"));
        }
    }
    Ok(())
}
