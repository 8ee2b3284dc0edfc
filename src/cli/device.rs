//! `archsim device`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::{device_fit, device_plot, device_replay, print};
use crate::arch::limits::KELVINS;
use crate::arch::{card_str, load_card};
use crate::device::{Chance, DEVICES, Device, DeviceSpec, Entry};
use crate::diag::{Diagnostic, Result, nearest};
use crate::units::Kelvin;

/// Verbs of `device`.
#[derive(Debug, Subcommand)]
pub enum DeviceVerb {
    /// List the device models.
    List,
    /// Show a device model: what it is and an example for an arch file.
    Show {
        /// Name of the model.
        name: String,
    },
    /// Draw a device as SVG: currents, pulse trains, spreads, drift, read noise.
    Plot(device_plot::PlotArgs),
    /// Print what becomes of one cell, given its address: programming, pulse by pulse, ageing.
    Replay(device_replay::ReplayArgs),
    /// Fit the generative cell to cycling data and write its card.
    Fit(device_fit::FitArgs),
}

/// Which device, in which random world.
#[derive(Debug, Args)]
pub struct DeviceArgs {
    /// Name of a model, with the card of its example.
    #[arg(required_unless_present = "card", conflicts_with = "card")]
    name: Option<String>,
    /// File with a card, as it stands below the name of a device in an arch file.
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    /// Seed of every random draw.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Factor on all randomness of the device.
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    noise_scale: f64,
    /// Temperature of the chip.
    #[arg(long, default_value = "300 K", value_name = "TEMPERATURE")]
    pub temperature: Kelvin,
}

impl DeviceArgs {
    /// The device and its random world.
    pub fn open(&self) -> Result<(Arc<dyn Device>, Chance)> {
        if !(self.noise_scale.is_finite() && self.noise_scale >= 0.0) {
            return Err(Diagnostic::error(
                "F002",
                format!("--noise-scale {} is not a number from 0", self.noise_scale),
            )
            .help("1 is the device card, 0 switches chance off")
            .into());
        }
        // a law beyond its temperatures gives numbers that mean nothing
        if !KELVINS.contains(&self.temperature.si()) {
            let message = format!("--temperature {} is out of range", self.temperature);
            let help = format!("give a temperature from {} K to {} K", KELVINS.start(), KELVINS.end());
            return Err(Diagnostic::error("F002", message).help(help).into());
        }
        let (_, device) = match (&self.card, &self.name) {
            (Some(path), _) => load_card(path, self.temperature)?,
            (None, name) => example(entry(name.as_deref().unwrap_or_default())?, self.temperature)?,
        };
        Ok((device, Chance { seed: self.seed, scale: self.noise_scale }))
    }
}

/// The row of a model.
fn entry(name: &str) -> Result<&'static Entry> {
    DEVICES.iter().find(|d| d.name == name).ok_or_else(|| {
        let meant =
            nearest(name, DEVICES.iter().map(|d| d.name)).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        Diagnostic::error("F002", format!("there is no device model `{name}`"))
            .help(format!("`archsim device list` names them{meant}"))
            .into()
    })
}

/// The example card of a model.
fn example(entry: &Entry, temperature: Kelvin) -> Result<(DeviceSpec, Arc<dyn Device>)> {
    card_str(&format!("example of {}", entry.name), entry.example, temperature)
}

/// Everything about a model, with the card of its example.
fn shown(entry: &Entry) -> Result<serde_json::Value> {
    let (spec, device) = example(entry, Kelvin(300.0))?;
    let (window, [coldest, hottest]) = (device.window(), device.temperature_range());
    let pulse = |p: crate::device::Pulse| serde_json::json!({ "voltage_v": p.voltage.0, "width_s": p.width.0 });
    Ok(serde_json::json!({
        "name": entry.name,
        "about": entry.about,
        "example": entry.example,
        "card": spec,
        "source": spec.source(),
        "assumed": spec.assumed(),
        "g_min_s": window.g_min.0,
        "g_max_s": window.g_max.0,
        "read_bias_v": device.read_bias().map(|v| v.0),
        "levels": device.levels(),
        // a model without limit has none in JSON
        "temperature_k": [Some(coldest.0), hottest.0.is_finite().then_some(hottest.0)],
        "pulses": device.pulses().map(|p| p.map(pulse)),
    }))
}

/// Prints the device table or one entry, draws a device, replays a cell.
pub fn device(verb: &DeviceVerb, json: bool) -> Result<()> {
    match verb {
        DeviceVerb::List if json => {
            let all: Vec<_> = DEVICES.iter().map(|d| serde_json::json!({ "name": d.name, "about": d.about })).collect();
            print(&format!("{:#}\n", serde_json::Value::from(all)));
        }
        DeviceVerb::List => {
            for d in DEVICES {
                print(&format!("{:22} {}\n", d.name, d.about));
            }
        }
        DeviceVerb::Show { name } => {
            let d = entry(name)?;
            if json {
                print(&format!("{:#}\n", shown(d)?));
            } else {
                print(&format!("{}: {}\n\n{}", d.name, d.about, d.example));
            }
        }
        DeviceVerb::Plot(args) => device_plot::plot(args)?,
        DeviceVerb::Replay(args) => device_replay::replay(args, json)?,
        DeviceVerb::Fit(args) => device_fit::run(args, json)?,
    }
    Ok(())
}
