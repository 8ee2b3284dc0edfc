//! `archsim map`.

use std::path::PathBuf;

use clap::Args;

use super::{CommonArgs, print, warn};
use crate::diag::Result;
use crate::report::{draw, floorplan_text};
use crate::study;

/// Arguments of `map`.
#[derive(Debug, Args)]
pub struct MapArgs {
    /// Chip description (YAML).
    arch: PathBuf,
    /// Network (ONNX).
    model: PathBuf,
    /// Draw the floorplan into a file ending in .svg or .html.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    common: CommonArgs,
}

/// Places the network, prints the floorplan and draws it if asked to.
pub fn map(args: &MapArgs, json: bool) -> Result<()> {
    let (plan, warnings) = study::floorplan(&args.common.options(&args.arch, &args.model)?)?;
    warn(&warnings);
    if let Some(path) = &args.svg {
        draw(&plan, path)?;
    }
    if json {
        print(&format!("{:#}\n", serde_json::json!(plan)));
    } else {
        print(&floorplan_text(&plan));
    }
    Ok(())
}
