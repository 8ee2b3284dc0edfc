//! Laws that cards share: how programmed cells drift, lose their state, wear out, flicker and stick.
//!
//! * ageing, one of [`AgeingSpec`] in a card: [`PowerLawSpec`], [`StretchedExponentialSpec`], [`ArrheniusSpec`],
//!   [`MetastableSwitchSpec`], [`GenerativeSpec`];
//! * wear: [`EnduranceSpec`]; defects: [`StuckSpec`]; flicker: [`TrapSpec`] and superpositions of traps.
//!
//! A card holds the spec of a law as a field, hands its `check` the path of that field, and calls the law from
//! its `Device`. Laws know conductances, seconds, kelvins and addresses, and nothing of pulses.

mod activation;
mod ageing;
mod arrhenius;
mod binomial;
mod endurance;
mod generative;
mod metastable;
mod power_law;
mod stretched_exponential;
mod stuck;
mod telegraph;
#[cfg(test)]
mod testing;

pub use activation::{ActivationSpec, BOLTZMANN_EV};
pub use ageing::{AgeingSpec, Storage};
pub use arrhenius::{ArrheniusSpec, BakeFit, StateLifeSpec};
pub use binomial::{Binomial, NORMAL_VARIANCE};
pub use endurance::{ClosingSpec, EnduranceSpec, WeibullSpec};
pub use generative::{DriftGenerator, DriftTraining, GenerativeSpec, Mlp, Observation, SwitchOracle, TrainingReport};
pub use metastable::{MetastableSwitchSpec, SwitchLaw};
pub use power_law::PowerLawSpec;
pub use stretched_exponential::StretchedExponentialSpec;
pub use stuck::{ClusterSpec, StuckAt, StuckCellSpec, StuckMap, StuckSpec};
pub use telegraph::{Flicker, TrapSpec};
