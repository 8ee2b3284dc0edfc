//! The value core: what the crossbars compute, for thousands of samples, without a clock.
//!
//! [`calibrate`] chooses the converters' steps, [`Arrays::program`] writes the weights into cells,
//! [`run()`] reads them for any number of samples.

mod calibrate;
mod cells;
pub(crate) mod chained;
mod converter;
mod current_noise;
mod estimate;
mod full_scale;
mod hardware;
mod mvm;
mod oracle;
mod pack;
mod program;
mod recur;
mod run;
mod stops;
mod stored;
#[doc(hidden)]
pub mod support;
#[cfg(test)]
mod tests;
mod wired;
#[cfg(test)]
mod wired_tests;
mod writing;

pub use calibrate::calibrate;
pub use converter::{Converters, LayerConverter};
pub use estimate::{ASSUMPTION, estimate};
pub use oracle::{LayerTest, chi2_above, column_moments_test};
pub use pack::Grid;
pub use program::Arrays;
pub use run::{Outcome, RunOptions, run};
pub use wired::WireReport;
pub use writing::{Writing, writing};

use crate::id::IdVec;
use crate::lower::LayerId;
use crate::units::{Joule, Kelvin, Second};

/// How much of reality the values see. Each contains the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fidelity {
    /// Exact conductances, no converter limits: equals the quantised integer reference bit for bit.
    Ideal,
    /// Converter resolution and clipping.
    Quantised,
    /// Programming error, device-to-device and cycle-to-cycle spread, stuck cells, drift, read noise.
    Noisy,
}

impl Fidelity {
    /// All, from the least to the most real.
    pub const ALL: [Self; 3] = [Self::Ideal, Self::Quantised, Self::Noisy];
    /// Name in arch files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ideal => "ideal",
            Self::Quantised => "quantised",
            Self::Noisy => "noisy",
        }
    }
    /// The fidelity of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }
}

/// Options of the value core.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueOptions {
    /// What is modelled.
    pub fidelity: Fidelity,
    /// Seed of every draw.
    pub seed: u64,
    /// Factor on all randomness of devices and converters (1 = the card).
    pub noise_scale: f64,
    /// Time since programming.
    pub age: Second,
    /// Temperature.
    pub temperature: Kelvin,
}

/// What one layer did, summed over all samples run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LayerActivity {
    /// Crossbar reads: (block, row group, plane, position, sample), without planes that were skipped and with those
    /// that were repeated.
    pub reads: u64,
    /// The same if data decided nothing.
    pub planned: u64,
    /// Cells that hold a weight met by one input plane.
    pub cell_reads: u64,
    /// Conversions.
    pub conversions: u64,
    /// Conversions that clipped.
    pub clipped: u64,
    /// Sum of absolute codes.
    pub code_sum: u64,
    /// Rounds of conversions that stopped early.
    pub stops: Stops,
    /// Energy in the array: `Σ v²·g·t` over cells and reads.
    pub array_energy: Joule,
    /// Sum of squared deviations of the layer's accumulators from the exact ones, and of the exact ones
    /// squared: their ratio is the layer's noise-to-signal power.
    pub error_power: f64,
    /// See `error_power`.
    pub signal_power: f64,
}

/// Rounds of conversions that end when their codes are known; all 0 where conversions take their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stops {
    /// Rounds: as many conversions at a time as there are converters.
    pub rounds: u64,
    /// Cycles of the core that they took, each round whole ones.
    pub cycles: u64,
    /// Steps of the converters, summed over conversions.
    pub steps: u64,
    /// The same if none had stopped.
    pub planned: u64,
}

impl Stops {
    /// Adds what others took.
    pub(crate) const fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.cycles += other.cycles;
        self.steps += other.steps;
        self.planned += other.planned;
    }
    /// Mean cycles of a round; `None` if none was seen.
    #[must_use]
    pub fn round(&self) -> Option<f64> {
        (self.rounds > 0).then(|| self.cycles as f64 / self.rounds as f64)
    }
    /// Share of a conversion's steps that it took on average; 1 if none was seen.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.planned == 0 { 1.0 } else { self.steps as f64 / self.planned as f64 }
    }
}

impl LayerActivity {
    /// Reads over planned reads; 1 where there are none.
    #[must_use]
    pub fn pace(&self) -> f64 {
        if self.planned == 0 { 1.0 } else { self.reads as f64 / self.planned as f64 }
    }
}

/// Activity of all layers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Activity {
    /// Samples run.
    pub samples: u64,
    /// By layer.
    pub layers: IdVec<LayerId, LayerActivity>,
    /// Whether it was estimated without samples ([`estimate`]).
    pub estimated: bool,
}
