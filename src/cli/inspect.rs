//! `archsim inspect`.

use std::path::PathBuf;

use clap::Args;

use super::{CommonArgs, print};
use crate::diag::Result;
use crate::study;

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Chip description (YAML) or network (ONNX).
    file: PathBuf,
    /// Network, when the first file is a chip: needed by the stages from `quantised` on.
    model: Option<PathBuf>,
    /// Stage: arch, model, graph, folded, quantised, tiled, placement or program (default: what the file is).
    #[arg(long)]
    stage: Option<String>,
    #[command(flatten)]
    common: CommonArgs,
}

/// Prints one stage as text.
pub fn inspect(args: &InspectArgs) -> Result<()> {
    let is_model = |p: &PathBuf| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
    let (arch, model) = match (&args.model, is_model(&args.file)) {
        (Some(model), _) => (Some(args.file.clone()), Some(model.clone())),
        (None, true) => (None, Some(args.file.clone())),
        (None, false) => (Some(args.file.clone()), None),
    };
    let default = if arch.is_some() { "arch" } else { "graph" };
    let options = args.common.options(&arch.clone().unwrap_or_default(), &model.clone().unwrap_or_default())?;
    let text = study::inspect(arch.is_some(), model.is_some(), args.stage.as_deref().unwrap_or(default), &options)?;
    print(&text);
    Ok(())
}
