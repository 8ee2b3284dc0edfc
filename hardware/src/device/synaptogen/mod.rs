//! Synaptogen: a generative model of one-transistor-one-resistor cells of hafnium oxide (Hennen et al., IEEE Trans.
//! Electron Devices 2024, doi:10.1109/TED.2024.3427616; parameters of the PyPI package `synaptogen` 0.2.0, MIT).
//!
//! * `mixture`: what differs between devices, `(μ, σ) = m_k + C_k·z`;
//! * `latent`: what differs between cycles, `x_n = Σ A_i·x_{n-i} + L·e_n`; `marginal`: `y = μ + σ·Γ(x)`;
//! * `conduction`: `I = (1-r)·I_L(U) + r·I_H(U)`; `read`: its noise, and the converter;
//! * `cell`: the state machine of pulses, in double precision; `array` and `kernel`: sixteen cells at a time;
//! * `fit`: the model from cycles of measured cells; `statistics`: what is compared;
//! * `spec`, `programming` and here: the entry of the device table.
//!
//! **As a device.** A negative voltage sets, a positive one resets. `chance.scale` shrinks devices towards the mean of
//! the mixture and innovations towards 0, so that at 0 every cell is the nominal one. The polynomials of conduction
//! are not odd, since a cell switches at negative voltages; reads are of positive voltage, and [`Device::current`]
//! continues them as an odd function. Energies of pulses follow the polynomials in both polarities, outside
//! their range with the chord conductance of its end. The model knows no retention: [`Device::age`] changes nothing.

mod algebra;
mod array;
mod cell;
mod conduction;
pub mod fit;
mod kernel;
mod latent;
mod marginal;
mod mixture;
mod parameters;
mod programming;
#[rustfmt::skip]
mod published;
mod read;
mod spec;
mod statistics;

pub use array::{BANK, CellArray, Voltages};
pub use cell::{Cell, Model, State};
pub use conduction::Conduction;
pub use latent::Latent;
pub use marginal::{Moments, moments};
pub use mixture::{DeviceNumbers, MixtureMoments};
pub use parameters::{FEATURES, Features, Parameters};
pub use read::{NoiseLaw, Quantiser};
pub(super) use spec::ASSUMED;
pub use spec::{
    ParametersSpec, Parity, SynaptogenProgrammingSpec, SynaptogenReadSpec, SynaptogenSpec, SynaptogenTemperatureSpec,
    SynaptogenVerifySpec,
};
pub use statistics::{Square, Statistics, correlations, lag_products, percentile};

use std::sync::Arc;

use super::spec::Entry;
use super::{Cells, Chance, Device, Programming, Pulse, Window, one_by_one};
use crate::units::{Kelvin, Second, Siemens, Volt};
use programming::{Nominal, Pulsed};

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "synaptogen",
    about: "generative 1T1R hafnium-oxide cell: device mixture, cycle-to-cycle autoregression, partial RESET",
    example: "\
synaptogen:
  parameters: published
  order: 10
  parity: vectorised
  programming: { set: -2 V, width: 100 ns, step: 1 mV, verify: { tries: 16, tolerance: 0.4 % } }
  read: { bandwidth: 100 MHz }
",
};

/// The generative cell at one chip temperature; made by [`SynaptogenSpec::build`].
#[derive(Debug, Clone)]
pub struct Synaptogen {
    spec: SynaptogenSpec,
    model: Arc<Model>,
    noise: NoiseLaw,
    nominal: Nominal,
}

impl Synaptogen {
    fn new(spec: &SynaptogenSpec, model: Model, temperature: Kelvin) -> Self {
        Self {
            nominal: Nominal::of(&model),
            noise: NoiseLaw { temperature, bandwidth: spec.read.bandwidth },
            spec: spec.clone(),
            model: Arc::new(model),
        }
    }

    fn is_usable(&self) -> bool {
        self.nominal.is_usable()
    }

    /// The model behind the device, for arrays of cells.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    fn bias(&self) -> f64 {
        self.model.parameters.u_read.0
    }
}

impl Device for Synaptogen {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }
    fn window(&self) -> Window {
        let [g_min, g_max] = self.nominal.window();
        Window { g_min: Siemens(g_min), g_max: Siemens(g_max) }
    }
    fn read_bias(&self) -> Option<Volt> {
        Some(self.model.parameters.u_read)
    }
    fn levels(&self) -> Option<u32> {
        Some(self.spec.levels)
    }
    fn temperature_range(&self) -> [Kelvin; 2] {
        [self.spec.temperature.minimum, self.spec.temperature.maximum]
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        one_by_one(target, cells, achieved, |target, cell, cost| self.program_cell(target, cell, chance, cost))
    }
    fn pulses(&self) -> Option<[Pulse; 2]> {
        let p = &self.spec.programming;
        Some([p.set, self.model.parameters.u_max].map(|voltage| Pulse { voltage, width: p.width }))
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        Some(Box::new(Pulsed::new(&self.model, cells, chance)))
    }
    fn age(&self, _: &mut [f64], _: &[u64], _: Second, _: Kelvin, _: Chance) {}
    fn read_moments(&self, g: &[f64], v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        // nothing flows at 0 V; the moments of the read bias stand in
        let v = if v.0 == 0.0 { self.bias() } else { v.0 };
        for ((g, mean), variance) in g.iter().zip(mean).zip(variance) {
            let i = self.current(*g, Volt(v));
            *mean = i / v;
            *variance = chance.scale * chance.scale * self.noise.variance(i, v) / (v * v);
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        let c = &self.model.conduction;
        c.clamped(c.state_of_conductance(g), v.0.abs()).copysign(v.0)
    }
}

#[cfg(test)]
mod population_tests;
#[cfg(test)]
mod tests;
