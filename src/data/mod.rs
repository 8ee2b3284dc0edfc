//! Samples and labels: the data files a network is run on, and how ECG data files are made.
//!
//! [`npz`] reads and writes data files. The rest turns ECG recordings into them: a PhysioNet record
//! ([`wfdb`], [`annotations`]) or the bundled excerpt with the project's own [`detector`] and
//! [`rule_labels`] is cut into [`beats`], from which [`features`] makes the network's inputs; [`bytes`] reads digits.
//! [`device_files`] reads what device cards name: [`pulse_table`]s and trained generators of drift.
//! [`cycles`] reads the measured cycles of memory cells.

pub mod annotations;
pub mod beats;
pub mod bytes;
pub mod container;
pub mod cycles;
pub mod dataset;
pub mod demo;
pub mod detector;
pub mod device_files;
pub mod features;
pub mod filter;
pub mod mitdb;
pub mod npz;
mod npz_write;
pub mod prepared;
pub mod pulse_table;
pub mod rule_labels;
pub mod wfdb;

pub use dataset::{Dataset, LabelSource, Labels};
