//! `archsim data`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::print;
use super::progress::Bars;
use crate::data::bytes::{self, ByteSet};
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
    /// Turn handwritten digits (prepared bytes, or the unpacked MNIST files) into a data file.
    Mnist(SplitArgs),
    /// Turn spoken digits (prepared log-mel bytes) into a data file.
    Kws(SplitArgs),
}

/// What a set of prepared splits needs.
#[derive(Debug, Args)]
pub struct SplitArgs {
    /// Folder with SPLIT_x.u8 and SPLIT_y.u8.
    folder: PathBuf,
    /// Split to read.
    #[arg(long, default_value = "test", value_name = "NAME")]
    split: String,
    /// Data file to write.
    #[arg(short, long, value_name = "FILE.npz")]
    output: PathBuf,
}

/// Imports and writes a data file.
pub fn data(verb: &DataVerb, json: bool) -> Result<()> {
    match verb {
        DataVerb::Mitdb { folder, output, records } => import_mitdb(folder, output, records, json),
        DataVerb::Mnist(args) => import_bytes(&bytes::MNIST, args, json),
        DataVerb::Kws(args) => import_bytes(&bytes::KWS, args, json),
    }
}

fn import_bytes(set: &ByteSet, args: &SplitArgs, json: bool) -> Result<()> {
    let dataset = bytes::read(set, &args.folder, &args.split)?;
    npz::save(&dataset, &args.output)?;
    print(&if json {
        format!("{:#}\n", serde_json::json!({ "file": args.output, "samples": dataset.samples }))
    } else {
        format!("{} samples written to {}\n", dataset.samples, args.output.display())
    });
    Ok(())
}

fn import_mitdb(folder: &Path, output: &Path, records: &[u16], json: bool) -> Result<()> {
    let bars = Bars::new();
    let imported = mitdb::import(folder, (!records.is_empty()).then_some(records), &mut |_, done, total| {
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
