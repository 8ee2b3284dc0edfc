//! Memory cells: conductance window, programming, ageing, read noise, I–V. Devices know volts and
//! seconds; they know nothing of cycles, arrays or networks.
//!
//! The trait works on *slices of cells*, never on one cell, so that dynamic dispatch costs nothing.

#[cfg(test)]
mod conformance;
pub mod curves;
mod hfox;
mod hfox_weak_reset;
mod ideal;
mod me_mtj;
pub mod laws;
mod inference;
mod mos2_memtransistor;
pub mod programming;
mod pulsed;
mod linear_ion_drift;
mod spec;
mod table;
mod sram;
mod stanford_pku;
mod state_equation;
mod vteam;
pub mod synaptogen;

pub use hfox::{
    BinaryCells, BinaryStates, ComplianceConditionSpec, HfOx, HfOxConditionsSpec, HfOxProgrammingSpec, HfOxReadSpec,
    HfOxSpec, HfOxSwitchingSpec, HfOxTemperatureSpec, HfOxVariationSpec, HfOxVerifySpec, HrsSpec, LrsLaw, LrsSpec,
    RelaxationSpec, ResetConditionSpec,
};
pub use hfox_weak_reset::{
    ExponentialLaw, FlickerSpec, GrowthSpec, HfOxWeakReset, HfOxWeakResetSpec, LogNormalLaw, NormalLaw,
    WeakProgrammingSpec, WeakReadSpec, WeakResetCell, WeakTelegraphSpec,
};
pub use ideal::{Ideal, IdealSpec};
pub use inference::compensation::{DriftCompensation, Scope};
pub use inference::{
    Acceptance, Hermes, HermesSpec, Inference, InferenceSpec, PcmLike, PcmSpec, ReramCmo, ReramCmoSpec, ReramWan,
    ReramWanSpec, RramMilo, RramMiloSpec, Statistics, WriteSpec,
};
pub use linear_ion_drift::{DriftWindowSpec, ExponentSpec, LinearIonDrift, LinearIonDriftSpec, ProdromakisSpec};
pub use me_mtj::{
    BitStream, Junction, Logistic, MeMtj, MeMtjSpec, MtjBarrierSpec, MtjPrecessionSpec, MtjProgrammingSpec,
    MtjReadSpec, MtjResistanceSpec, MtjTemperatureSpec, MtjVariationSpec, NeelBrown, Telegraph, standardised,
};
pub use mos2_memtransistor::*;
pub use pulsed::*;
pub(crate) use spec::Checks;
pub use spec::{DEVICES, DeviceSpec, Entry, SpecError};
pub use sram::{Sram, SramSpec};
pub use stanford_pku::{StanfordPku, StanfordPkuSpec};
pub use state_equation::{
    CorrectionSpec, StateDevice, StateEquation, StateProgrammingSpec, StateSample, StateVariationSpec,
};
pub use table::{
    PulseDirection, PulseRow, Table, TableProgrammingSpec, TablePulseSpec, TablePulsesSpec, TableReadSpec, TableSpec,
    TableTemperatureSpec, TableVariationSpec, TableVerifySpec,
};
pub use vteam::{TeamWindowSpec, Vteam, VteamConduction, VteamSpec};

use std::fmt::Debug;

use crate::units::{Joule, Kelvin, Second, Siemens, Volt};

/// Conductance window of a cell at its read bias ([`Device::read_bias`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Conductance of the lowest level.
    pub g_min: Siemens,
    /// Conductance of the highest level.
    pub g_max: Siemens,
}

/// Which random world a programming, ageing or read happens in. A cell is made of addressed draws alone:
/// the same address in the same world is the same cell, in whatever slice it is handed over.
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

/// One voltage pulse on a cell, in the polarity of its technology.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pulse {
    /// Voltage across the cell; 0 leaves it alone.
    pub voltage: Volt,
    /// Width of a rectangular pulse.
    pub width: Second,
}

/// Cells written pulse by pulse, each with the parameters and the state that its address drew.
/// Made by [`Device::cells`] in their lowest state, or in their highest where pulses only lower it step by step.
pub trait Cells: Debug + Send {
    /// Applies one pulse to each cell, `pulses[i]` to cell `i`; `tick` addresses what chance adds, so
    /// that no tick is used twice for a cell. Energy and time are those of all cells together.
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming;
    /// As [`Cells::pulse`], and adds to `energy[i]` what cell `i` spent, in joules.
    fn pulse_metered(&mut self, pulses: &[Pulse], tick: u64, energy: &mut [f64]) -> Programming {
        // cells know nothing of each other: one after another they do what they do together
        let mut alone = vec![Pulse::default(); pulses.len()];
        let mut total = Programming::default();
        for (i, pulse) in pulses.iter().enumerate().filter(|(_, p)| p.voltage.0 != 0.0) {
            alone[i] = *pulse;
            let cost = self.pulse(&alone, tick);
            alone[i] = Pulse::default();
            energy[i] += cost.energy.0;
            total.pulses += cost.pulses;
            total.energy += cost.energy;
            total.time += cost.time;
        }
        total
    }
    /// Chord conductance of each cell at the read bias, without read noise, in siemens.
    fn conductance(&self, out: &mut [f64]);
}

/// Programs cells that know nothing of each other: `program` takes target, address and what has been spent, and yields
/// the conductance achieved.
fn one_by_one(
    target: &[f64],
    cells: &[u64],
    achieved: &mut [f64],
    mut program: impl FnMut(f64, u64, &mut Programming) -> f64,
) -> Programming {
    let mut cost = Programming::default();
    for ((target, cell), achieved) in target.iter().zip(cells).zip(achieved) {
        *achieved = program(*target, *cell, &mut cost);
    }
    cost
}

/// A cell technology with its parameters. Conductances are in siemens; `cells` are the logical
/// addresses ([`crate::rng::element`]) that make draws independent of where a cell ends up. The
/// conductance of a cell is always its chord conductance `I/v` at the read bias.
pub trait Device: Debug + Send + Sync {
    /// Name of the entry in the device table.
    fn kind(&self) -> &'static str;
    /// Conductance window at the read bias, nominal device.
    fn window(&self) -> Window;
    /// Voltage at which conductances are given; `None` if the cell is linear and any will do.
    fn read_bias(&self) -> Option<Volt> {
        None
    }
    /// Levels that the technology tells apart, if that is limited.
    fn levels(&self) -> Option<u32> {
        None
    }
    /// Whether any conductance of the window can be programmed. A digital cell says no and takes the nearer end.
    fn analog(&self) -> bool {
        true
    }
    /// Temperatures between which [`Device::age`] holds. Callers check; outside, the laws extrapolate.
    fn temperature_range(&self) -> [Kelvin; 2] {
        [Kelvin(0.0), Kelvin(f64::INFINITY)]
    }
    /// Programs cells from their lowest state to `target` and writes what was achieved:
    /// device-to-device spread, programming error, stuck cells and frozen telegraph states included.
    /// With `chance.scale` 0 every target of the window is met up to the finest pulse.
    /// `target`, `cells` and `achieved` have equal length.
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming;
    /// Nominal pulses that raise and that lower the conductance, where the technology is written by pulses.
    fn pulses(&self) -> Option<[Pulse; 2]> {
        None
    }
    /// Cells to be written pulse by pulse, `None` where the card knows only the outcome of programming.
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        let _ = (cells, chance);
        None
    }
    /// Ages programmed cells in place (drift, retention): `g` as programmed becomes `g` at `age` after
    /// programming, at constant `temperature`. Ages do not add up by repeated calls.
    fn age(&self, g: &mut [f64], cells: &[u64], age: Second, temperature: Kelvin, chance: Chance);
    /// Mean and variance (over reads) of the chord conductance `I(v)/v` of each cell at read voltage `v`.
    /// The noise of one read is Gaussian with these moments and independent between cells and reads.
    fn read_moments(&self, g: &[f64], v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]);
    /// Whether the current is odd in the voltage. A cell with unequal contacts says no: it rectifies, and its
    /// current need only rise with the voltage in either polarity.
    fn symmetric(&self) -> bool {
        true
    }
    /// Current of a cell of conductance `g` (at the read bias) at voltage `v`, without noise; in amperes.
    fn current(&self, g: f64, v: Volt) -> f64;
}
