//! `archsim device fit`: a card from measured cells.

use std::path::PathBuf;

use clap::Args;

use super::print;
use crate::data::cycles;
use crate::device::DeviceSpec;
use crate::device::synaptogen::fit::{FitOptions, fit};
use crate::device::synaptogen::{Parameters, ParametersSpec, SynaptogenSpec};
use crate::diag::{Diagnostic, Result};

/// Flags of `device fit`.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// Cycling data (CSV): device, cycle, r_hrs and r_lrs in ohm, u_set and u_reset in volts.
    cycles: PathBuf,
    /// Order of the autoregression over cycles.
    #[arg(long, default_value_t = 10, value_name = "N")]
    order: usize,
    /// Most populations of devices.
    #[arg(long, default_value_t = 3, value_name = "N")]
    components: usize,
    /// Seed of the starts of the populations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Card to write, as it stands below the name of a device in an arch file.
    #[arg(short, long, value_name = "FILE", default_value = "card.yaml")]
    output: PathBuf,
    /// Write over a file that exists.
    #[arg(long)]
    force: bool,
}

/// Fits the generative cell to cycling data and writes its card.
pub fn run(args: &FitArgs, json: bool) -> Result<()> {
    let shown = args.output.display();
    if args.output.exists() && !args.force {
        let d = Diagnostic::error("F003", format!("`{shown}` exists"));
        return Err(d.help("give another --output, or --force").into());
    }
    if !(1..=40).contains(&args.order) || !(1..=16).contains(&args.components) {
        let text = format!("--order {} with --components {}", args.order, args.components);
        return Err(Diagnostic::error("F002", text).help("an order of 1 to 40, 1 to 16 components").into());
    }
    let records = cycles::load(&args.cycles)?;
    let options = FitOptions { order: args.order, components: args.components, seed: args.seed };
    let fitted = fit(&records, &Parameters::default(), options).map_err(|e| {
        Diagnostic::error("D083", format!("{}: {e}", args.cycles.display()))
            .help("cycles of one kind of cell, hundreds of each device; `archsim device fit --help` names the columns")
    })?;
    let name = args.cycles.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let (devices, components) = (fitted.devices.len(), fitted.parameters.weights.len());
    let card = DeviceSpec::Synaptogen(Box::new(SynaptogenSpec {
        parameters: ParametersSpec::Fitted(Box::new(fitted.parameters)),
        order: args.order as u32,
        source: format!("fit to {name}: {devices} devices, {} cycles; conduction as published", records.len()),
        ..SynaptogenSpec::default()
    }));
    // JSON is YAML; a card of numbers and texts is valid JSON
    let text = serde_json::to_string_pretty(&card).unwrap_or_default() + "\n";
    let part = args.output.with_extension("part");
    std::fs::write(&part, text)
        .and_then(|()| std::fs::rename(&part, &args.output))
        .map_err(|e| Diagnostic::failure("F003", format!("`{shown}` cannot be written: {e}")))?;
    let (cycles, likelihood) = (records.len(), fitted.log_likelihood);
    if json {
        let told = serde_json::json!({ "devices": devices, "cycles": cycles, "components": components, "log_likelihood": likelihood, "card": args.output });
        print(&format!("{told:#}\n"));
    } else {
        print(&format!(
            "{devices} devices, {cycles} cycles: order {}, {components} populations, mean log-likelihood of a device {likelihood:.3}\nwritten: {shown}\nsee it: archsim device plot --card {shown} -o card.svg\n",
            args.order
        ));
    }
    Ok(())
}
