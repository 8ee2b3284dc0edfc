//! Memory cells: conductance window, programming, ageing, read noise, I–V. Devices know volts and
//! seconds; they know nothing of cycles, arrays or networks.
//!
//! The trait works on *slices of cells*, never on one cell, so that dynamic dispatch costs nothing.

mod hfox;
mod ideal;
mod mos2_memtransistor;
mod spec;

pub use hfox::*;
pub use ideal::{Ideal, IdealSpec};
pub use mos2_memtransistor::*;
pub use spec::{DEVICES, DeviceSpec, Entry, SpecError};

use std::fmt::Debug;

use crate::units::{Joule, Kelvin, Second, Siemens, Volt};

/// Conductance window of a cell at its read bias.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Conductance of the lowest level.
    pub g_min: Siemens,
    /// Conductance of the highest level.
    pub g_max: Siemens,
}

/// Which random world a programming, ageing or read happens in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// Seed of the run.
    pub seed: u64,
    /// Factor on every standard deviation and defect probability; 1 is the card's own, 0 switches chance off.
    pub scale: f64,
}

/// What programming a slice cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Programming {
    /// Pulses applied in all.
    pub pulses: u64,
    /// Energy spent in the cells.
    pub energy: Joule,
    /// Time if the cells are programmed one after another.
    pub time: Second,
}

/// A cell technology with its parameters. Conductances are in siemens; `cells` are the logical
/// addresses ([`crate::rng::element`]) that make draws independent of where a cell ends up.
pub trait Device: Debug + Send + Sync {
    /// Name of the entry in the device table.
    fn kind(&self) -> &'static str;
    /// Conductance window at the read bias, nominal device.
    fn window(&self) -> Window;
    /// Programs cells from their lowest state to `target` and writes what was achieved:
    /// device-to-device spread, programming error and stuck cells included.
    /// `target`, `cells` and `achieved` have equal length.
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming;
    /// Ages programmed cells in place by `age` at `temperature` (drift, retention).
    fn age(&self, g: &mut [f64], cells: &[u64], age: Second, temperature: Kelvin, chance: Chance);
    /// Mean and variance (over reads) of the chord conductance `I(v)/v` of each cell at read voltage `v`.
    /// The noise of one read is Gaussian with these moments and independent between cells and reads.
    fn read_moments(&self, g: &[f64], v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]);
    /// Current of a cell of (small-signal) conductance `g` at voltage `v`, without noise; in amperes.
    fn current(&self, g: f64, v: Volt) -> f64;
}
