//! Cells with one state `x` that follows `dx/dt = rate(x, v)` and conducts `i = current(x, v)`: what the compact
//! models of the field have in common. A model gives the two laws and the bounds of its state ([`StateEquation`]);
//! integration, pulses, programming, spread and waveforms are here.
//!
//! **Spread.** Between cells current and rate differ by log-normal factors; from pulse to pulse the rate does. Noise
//! of the state itself is up to the model. **Ageing.** None: without voltage nothing moves in these models, and they
//! know no read noise.

mod cells;
mod integrate;
mod programming;

pub use programming::{CorrectionSpec, StateProgrammingSpec};

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::{Checks, SpecError};
use super::{Cells, Chance, Device, Programming, Pulse, Window, one_by_one};
use crate::units::{Kelvin, Second, Share, Siemens, Volt};
use cells::StateCells;
use integrate::{Ramp, advance};
use programming::Times;

/// The laws of a model, in SI units.
pub trait StateEquation: Debug + Clone + Send + Sync + 'static {
    /// Name of the entry in the device table.
    const NAME: &'static str;
    /// Change of the state in a second at state `x` and voltage `v`.
    fn rate(&self, x: f64, v: f64) -> f64;
    /// Current in amperes.
    fn current(&self, x: f64, v: f64) -> f64;
    /// States of the lowest and of the highest conductance.
    fn bounds(&self) -> [f64; 2];
    /// State whose chord conductance at voltage `bias` is `g`; not clipped to the bounds.
    fn state_of(&self, g: f64, bias: f64) -> f64;
    /// Standard deviation of the state after a second of diffusion at this state and voltage.
    fn noise(&self, x: f64, v: f64) -> f64 {
        let _ = (x, v);
        0.0
    }
    /// Time between two draws of that diffusion, in seconds.
    fn noise_step(&self) -> f64 {
        f64::INFINITY
    }
    /// Temperatures at which the laws hold.
    fn temperature_range(&self) -> [Kelvin; 2] {
        [Kelvin(0.0), Kelvin(f64::INFINITY)]
    }
}

/// Spread between and within cells: standard deviations of logarithms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StateVariationSpec {
    /// Of the current of a cell. *Assumed*: 5 %.
    pub conductance: Share,
    /// Of the rate of a cell. *Assumed*: 10 %.
    pub rate: Share,
    /// Of the rate of a pulse. *Assumed*: 5 %.
    pub cycle_to_cycle: Share,
}

impl Default for StateVariationSpec {
    fn default() -> Self {
        Self { conductance: Share(0.05), rate: Share(0.1), cycle_to_cycle: Share(0.05) }
    }
}

impl StateVariationSpec {
    pub(in crate::device) fn check(&self, c: &mut Checks) {
        c.not_negative("variation.conductance", self.conductance.0);
        c.not_negative("variation.rate", self.rate.0);
        c.not_negative("variation.cycle_to_cycle", self.cycle_to_cycle.0);
    }
}

/// One sample of the response to a waveform.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateSample {
    /// State, in the unit of the model.
    pub state: f64,
    /// Current in amperes.
    pub current: f64,
}

/// A memory cell made of a [`StateEquation`].
#[derive(Debug, Clone)]
pub struct StateDevice<Q> {
    law: Q,
    bias: f64,
    programming: StateProgrammingSpec,
    variation: StateVariationSpec,
    times: Times,
}

impl<Q: StateEquation> StateDevice<Q> {
    /// A cell whose numbers have been checked.
    ///
    /// # Errors
    /// SET pulses that do not cross the range.
    pub(super) fn new(
        law: Q,
        bias: Volt,
        programming: StateProgrammingSpec,
        variation: StateVariationSpec,
    ) -> Result<Self, Vec<SpecError>> {
        let times = Times::new(&law, programming.set).map_err(|e| vec![e])?;
        Ok(Self { law, bias: bias.0, programming, variation, times })
    }

    /// The laws of the nominal cell.
    pub const fn law(&self) -> &Q {
        &self.law
    }

    /// State of the nominal cell after a rectangular pulse on state `x`, and the energy in joules.
    #[must_use]
    pub fn pulse(&self, x: f64, pulse: Pulse) -> (f64, f64) {
        let v = pulse.voltage.0;
        advance(&self.law, x, Ramp { from: v, to: v, time: pulse.width.0 }, 1.0)
    }

    /// Response of the nominal cell to a voltage that is linear between `points` of rising time, from state
    /// `start`; one sample for each point.
    #[must_use]
    pub fn waveform(&self, start: f64, points: &[(Second, Volt)]) -> Vec<StateSample> {
        let mut state = start;
        let mut before: Option<(f64, f64)> = None;
        points
            .iter()
            .map(|(t, v)| {
                if let Some((t0, from)) = before {
                    state = advance(&self.law, state, Ramp { from, to: v.0, time: t.0 - t0 }, 1.0).0;
                }
                before = Some((t.0, v.0));
                StateSample { state, current: self.law.current(state, v.0) }
            })
            .collect()
    }

    /// Chord conductance at the read bias.
    fn chord(&self, x: f64) -> f64 {
        self.law.current(x, self.bias) / self.bias
    }
}

impl<Q: StateEquation> Device for StateDevice<Q> {
    fn kind(&self) -> &'static str {
        Q::NAME
    }
    fn window(&self) -> Window {
        let [g_min, g_max] = self.law.bounds().map(|x| Siemens(self.chord(x)));
        Window { g_min, g_max }
    }
    fn read_bias(&self) -> Option<Volt> {
        Some(Volt(self.bias))
    }
    fn temperature_range(&self) -> [Kelvin; 2] {
        self.law.temperature_range()
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        one_by_one(target, cells, achieved, |target, cell, cost| self.program_cell(target, cell, chance, cost))
    }
    fn pulses(&self) -> Option<[Pulse; 2]> {
        let p = &self.programming;
        Some([p.set, p.reset].map(|voltage| Pulse { voltage, width: p.width }))
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        Some(Box::new(StateCells::new(self, cells, chance)))
    }
    /// Without voltage nothing moves.
    fn age(&self, _: &mut [f64], _: &[u64], _: Second, _: Kelvin, _: Chance) {}
    fn read_moments(&self, g: &[f64], v: Volt, _: Chance, mean: &mut [f64], variance: &mut [f64]) {
        // nothing flows at 0 V; the moments of the read bias stand in
        let v = if v.0 == 0.0 { self.bias } else { v.0 };
        for ((g, mean), variance) in g.iter().zip(mean).zip(variance) {
            (*mean, *variance) = (self.current(*g, Volt(v)) / v, 0.0);
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        self.law.current(self.law.state_of(g, self.bias), v.0)
    }
}
