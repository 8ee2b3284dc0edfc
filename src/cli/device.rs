//! `archsim device`.

use clap::Subcommand;

use super::print;
use crate::device::DEVICES;
use crate::diag::{Diagnostic, Result, nearest};

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
}

/// Prints the device table or one entry.
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
            let Some(d) = DEVICES.iter().find(|d| d.name == name) else {
                let meant = nearest(name, DEVICES.iter().map(|d| d.name))
                    .map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                return Err(Diagnostic::error("F002", format!("there is no device model `{name}`"))
                    .help(format!("`archsim device list` names them{meant}"))
                    .into());
            };
            print(&format!("{}: {}\n\n{}", d.name, d.about, d.example));
        }
    }
    Ok(())
}
