//! `archsim run`.

use std::path::PathBuf;

use clap::Args;

use super::progress::Bars;
use super::{CommonArgs, print, warn};
use crate::diag::Result;
use crate::report::run_tables;
use crate::study;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Chip description (YAML).
    arch: PathBuf,
    /// Network (ONNX).
    model: PathBuf,
    #[command(flatten)]
    common: CommonArgs,
}

/// Runs, prints the tables and the place of the report.
pub fn run(args: &RunArgs, json: bool) -> Result<()> {
    let options = args.common.options(&args.arch, &args.model)?;
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
    }
    Ok(())
}
