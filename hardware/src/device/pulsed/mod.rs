//! Cells written by identical pulses: the family of step laws of aihwkit, its presets, and arrays of such cells
//! under the pulsed outer-product update.
//!
//! A cell has a weight `w` between bounds of its own. One pulse adds a step whose mean depends on the weight by one of
//! eight laws ([`StepSpec`], a file each in `step/`), with noise from pulse to pulse, and the sum is clipped to the
//! bounds. What is read is the weight itself, or with write noise a value drawn about it at every pulse. Steps, bounds
//! and laws differ from cell to cell ([`PulsedCell`]).
//!
//! Two forms of the same laws: cells of a chip in `f64`, one address each ([`Pulsed`], the `pulsed` entry of the device
//! table), and arrays of weights in `f32`, 64 cells at a time ([`PulsedArray`]), for training.
//!
//! Source of laws and numbers: PyPI aihwkit 1.1.0 (IBM, MIT licence) and the papers named at each law and preset.

mod arithmetic;
mod array;
mod card;
mod cell;
mod chip;
mod firing;
mod kernel;
mod one_sided;
mod presets;
mod scalar;
mod step;
#[cfg(test)]
mod tests;
mod update;

pub use array::PulsedArray;
pub(super) use card::{ASSUMED, ENTRY};
pub use card::{PulsedPulseSpec, PulsedReadSpec, PulsedSpec, PulsedVerifySpec};
pub use cell::PulsedCell;
pub use chip::Pulsed;
pub use one_sided::{OneSidedArray, RefreshSpec};
pub use presets::PulsedPreset;
#[cfg(test)]
use scalar::trajectory;
pub use step::{
    ConstantStep, ExpStep, LinearStep, PiecewiseStep, PowStep, SoftBounds, SoftBoundsPmax, SoftBoundsReference,
    StepSpec,
};
pub use update::{PulseType, UpdateSpec};
