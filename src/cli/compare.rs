//! `archsim compare`.

use std::path::PathBuf;

use clap::Args;

use super::progress::Bars;
use super::{CommonArgs, print, warn};
use crate::diag::{Diagnostic, Result};
use crate::report::compare_table;
use crate::study;

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Chip descriptions (YAML) followed by the network (ONNX), or two or more run folders. The first is the baseline.
    #[arg(required = true, num_args = 2..)]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    common: CommonArgs,
}

/// Compares and prints the tables; `compare.csv` goes into a folder of its own below the output folder.
pub fn compare(args: &CompareArgs, json: bool) -> Result<()> {
    let folders = args.inputs.iter().all(|p| p.is_dir());
    if let (Some(run), Some(other)) =
        (args.inputs.iter().find(|p| p.is_dir()), args.inputs.iter().find(|p| !p.is_dir()))
    {
        let what = if other.exists() { "is a file" } else { "does not exist" };
        let message = format!("`{}` is a folder and `{}` {what}", run.display(), other.display());
        return Err(Diagnostic::error("F002", message)
            .help("give run folders alone, or arch files and a network")
            .into());
    }
    let bars = Bars::new();
    let runs = if folders {
        args.inputs.iter().map(|p| study::read_run(p)).collect::<Result<Vec<_>>>()?
    } else {
        let Some((model, archs)) = args.inputs.split_last() else { return Ok(()) };
        if archs.len() < 2 {
            return Err(Diagnostic::error(
                "F002",
                "`compare` needs at least two arch files and a network, or two run folders",
            )
            .help("for instance archsim compare arch/mos2_tile.yaml arch/hfox_tile.yaml workloads/ecg.onnx")
            .into());
        }
        archs
            .iter()
            .map(|arch| study::run_and_write(&args.common.options(arch, model)?, &bars))
            .collect::<Result<Vec<_>>>()?
    };
    for done in &runs {
        warn(&done.warnings);
    }
    let comparison = study::compare(&runs, &args.common.output)?;
    if json {
        print(&format!("{:#}\n", serde_json::json!(comparison.rows)));
    } else {
        for rows in comparison.rows.chunk_by(|a, b| a.other_arch == b.other_arch) {
            print(&compare_table(rows));
        }
        print(&format!("report: {}\n", comparison.folder.display()));
    }
    Ok(())
}
