//! Studies: compositions of all stages. `run` takes one chip and one network through everything;
//! `compare` puts runs side by side; `inspect` stops at a stage and prints it.

mod assemble;
mod compare;
mod evaluate;
mod fit;
mod floorplan;
mod inputs;
mod inspect;
#[cfg(test)]
mod network_tests;
mod quant_flags;
mod run;
mod session;
mod structure;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use assemble::{Answers, Results, confusion_rows, describe_placement, prediction_rows};
pub use compare::{Comparison, compare, compare_rows};
pub use fit::{Chips, Fitted, Scheduled};
pub use floorplan::floorplan;
pub use inputs::DRAWN_SAMPLES;
pub use inspect::inspect;
pub use quant_flags::QuantFlags;
pub use run::{Done, read_run, run_and_write, simulate, to_json};
pub use session::{Session, predictions};

use crate::arch::WhenTooSmall;
use crate::exec::Fidelity;
use crate::units::Second;

/// Samples used for calibration when no calibration file is given: the first ones of the data, labels unseen.
pub const CALIBRATION_SAMPLES: usize = 256;
/// Samples of the batch from which interval and batch latency are taken.
pub const BATCH: usize = 100;

/// Everything that decides a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOptions {
    /// Chip description.
    pub arch: PathBuf,
    /// Network.
    pub model: PathBuf,
    /// Data file; `None`: beside the model.
    pub data: Option<PathBuf>,
    /// Number of samples to draw instead of reading data.
    pub drawn: Option<usize>,
    /// Whether values are run at all; without them there are no samples, no calibration and no accuracy,
    /// and the array energy is an estimate ([`crate::exec::estimate`]).
    pub values: bool,
    /// Time one inference alone: there is no interval and no throughput then.
    pub single: bool,
    /// Calibration file; `None`: the first [`CALIBRATION_SAMPLES`] samples of the data.
    pub calibration: Option<PathBuf>,
    /// Use only the first samples.
    pub samples: Option<usize>,
    /// Seed of every draw.
    pub seed: u64,
    /// Fidelity; `None`: the chip's default.
    pub fidelity: Option<Fidelity>,
    /// Factor on all randomness.
    pub noise_scale: f64,
    /// Time since programming; `None`: the chip's default.
    pub age: Option<Second>,
    /// Overrides of the arch file.
    pub set: Vec<(String, String)>,
    /// Dynamic dimensions.
    pub dims: BTreeMap<String, usize>,
    /// Mapper; `None`: the chip's default.
    pub mapper: Option<String>,
    /// Number of chips; `None`: the arch file's.
    pub chips: Option<Chips>,
    /// What to do when the network does not fit; `None`: the chip's default.
    pub when_too_small: Option<WhenTooSmall>,
    /// Quantisation, where it differs from the chip's defaults.
    pub quantisation: QuantFlags,
    /// Folder of run folders.
    pub output: PathBuf,
    /// Repeat a run that exists.
    pub force: bool,
    /// Folder in which folds of crossbars with wires are kept.
    pub folds: Option<PathBuf>,
    /// Samples of the run that is traced, back to back; `None`: there is no trace.
    pub trace: Option<usize>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            arch: PathBuf::new(),
            model: PathBuf::new(),
            data: None,
            drawn: None,
            values: true,
            single: false,
            calibration: None,
            samples: None,
            seed: 0,
            fidelity: None,
            noise_scale: 1.0,
            age: None,
            set: Vec::new(),
            dims: BTreeMap::new(),
            mapper: None,
            chips: None,
            when_too_small: None,
            quantisation: QuantFlags::default(),
            output: PathBuf::from("reports/runs"),
            force: false,
            folds: None,
            trace: None,
        }
    }
}

/// Someone who watches long work.
pub trait Progress: Sync {
    /// A stage of `total` units begins.
    fn start(&self, what: &str, total: u64);
    /// `n` units are done.
    fn set(&self, n: u64);
    /// The stage is over.
    fn finish(&self);
}

/// Nobody watches.
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: &str, _: u64) {}
    fn set(&self, _: u64) {}
    fn finish(&self) {}
}
