//! `archsim data`.

use std::path::PathBuf;

use clap::Subcommand;

use super::print;
use super::progress::Bars;
use crate::data::{mitdb, npz};
use crate::diag::Result;
use crate::study::Progress;

/// Verbs of `data`.
#[derive(Debug, Subcommand)]
pub enum DataVerb {
    /// Turn a PhysioNet download of the MIT-BIH Arrhythmia Database into a data file of the ECG network.
    Mitdb {
        /// Folder with the .hea, .dat and .atr files.
        folder: PathBuf,
        /// Data file to write.
        #[arg(short, long, default_value = "mitdb.npz", value_name = "FILE.npz")]
        output: PathBuf,
        /// Records, for instance 100,103 (default: the test records of the inter-patient split, without 202).
        #[arg(long, value_delimiter = ',', value_name = "NUMBERS")]
        records: Vec<u16>,
    },
}

/// Imports and writes a data file.
pub fn data(verb: &DataVerb, json: bool) -> Result<()> {
    let DataVerb::Mitdb { folder, output, records } = verb;
    let bars = Bars::new();
    let imported = mitdb::import(folder, (!records.is_empty()).then_some(records.as_slice()), &mut |_, done, total| {
        if done == 0 {
            bars.start("records", total as u64);
        }
        bars.set(done as u64);
    });
    bars.finish();
    let imported = imported?;
    npz::save(&imported.dataset, output)?;
    if json {
        print(&format!(
            "{:#}\n",
            serde_json::json!({ "file": output, "samples": imported.dataset.samples, "missing_records": imported.missing })
        ));
    } else {
        print(&format!("{} beats written to {}\n", imported.dataset.samples, output.display()));
        if !imported.missing.is_empty() {
            let missing: Vec<String> = imported.missing.iter().map(ToString::to_string).collect();
            print(&format!("records not in the folder: {}\n", missing.join(", ")));
        }
    }
    Ok(())
}
