//! MoS2 memtransistor: lateral cell whose sulfur vacancies are moved by drain pulses and whose window is tuned
//! by a gate (Sangwan et al., Nature 554, 500 (2018); charge transport: Spetzler et al., Adv. Electron. Mater.
//! 2024, doi:10.1002/aelm.202300635). Compact model in closed form:
//!
//! * `window`: gate-dependent conductance window and the zones in series behind it;
//! * `pulse_law`: exponential pulse law and NeuroSim's nonlinearity label;
//! * `state`: two depleted zones (default) or one normalised conductance, and the switching rate;
//! * `programming`: trains of pulses with verification, their energy and time;
//! * `bulk`: arrays of cells written pulse by pulse;
//! * `terminals`: modulatory terminals and spike timing;
//! * `waveform`: I–V loops;
//! * `fit`: the card from measured trains of pulses;
//! * `cells`: cells under pulses of any voltage and width;
//! * `spread`: what differs between cells;
//! * here: current, read noise, retention.
//!
//! **Current.** `I = g·v_r·f(v)/f(v_r)`, `f(v) = V_s·sinh(v/V_s)/(1 + |v|/V_sat)`, `v_r` the read voltage.
//! **Read noise.** Gaussian, proportional to the mean. Slow telegraph states are frozen at programming.
//! **Retention.** `g - g_eq` decays as `c·exp(-t/τ1) + (1-c)·exp(-t/τ2)`, both rates activated.

mod build;
mod bulk;
mod check;
mod fit;
mod kernel;
mod least_squares;
mod programming;
mod pulse_law;
mod spec;
mod spread;
mod state;
mod terminals;
mod waveform;
mod window;

pub use fit::{PulseFit, PulseRead, fit_pulses};
pub use pulse_law::{LABELS, PulseLaw, curvature_of_label, label_of_curvature};
pub(super) use spec::ASSUMED;
pub use spec::{
    BarrierSpec, DualZoneSpec, FixedWindowSpec, GateSpec, GatedWindowSpec, IvSpec, KineticsSpec, Mos2Spec,
    ProgrammingSpec, ReadSpec, RetentionSpec, StateSpec, TemperatureSpec, VariationSpec, VerifySpec, WindowSpec,
};
pub use state::{Kinetics, Rate, State};
pub use terminals::{StdpSpec, TerminalsSpec};
pub use waveform::Mos2Sample;

use super::spec::Entry;
use super::{Cells, Chance, Device, Programming, Pulse, Window, one_by_one};
use crate::units::{Kelvin, Second, Siemens, Volt};
use programming::Path;
use window::Channel;

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "mos2_memtransistor",
    about: "gate-tunable MoS2 memtransistor: vacancy-depleted zones or normalised pulse law, sinh conduction",
    example: "\
mos2_memtransistor:
  window: { gated: { g_on: 200 nS, ratio: 49 } }
  state: { dual_zone: { steepness: 20 } }
  gate: { read: 0 V, write: 0 V }
  programming: { potentiation: 5 V, depression: -5 V, width: 1 ms, verify: { tries: 16, tolerance: 1 % } }
  variation: { conductance: 15 %, cycle_to_cycle: 2 %, yield: 98.8 % }
  read: { voltage: 0.1 V, noise: 1 % }
",
};

/// A memtransistor at one chip temperature; made by [`Mos2Spec::build`].
#[derive(Debug, Clone, PartialEq)]
pub struct Mos2Memtransistor {
    spec: Mos2Spec,
    /// Effective gate voltages.
    read_gate: f64,
    write_gate: f64,
    read_channel: Channel,
    write_channel: Channel,
    /// Laws of the nominal cell.
    kinetics: Kinetics,
    rate: Rate,
    /// State of the highest conductance that potentiation reaches from the lowest state.
    highest: State,
    /// Steps of a coarse and a fine pulse, potentiating and depressing.
    up: (f64, f64),
    down: (f64, f64),
    /// The nominal cell from the lowest to the highest conductance, and back.
    rise: Path,
    fall: Path,
}

impl Mos2Memtransistor {
    /// State of the nominal cell after a pulse of any voltage and width.
    #[must_use]
    pub fn pulse(&self, state: State, v: Volt, width: Second) -> State {
        self.kinetics.moved(state, self.rate.steps(v, width))
    }

    /// Conductance of the nominal cell in a state, at the read bias and read gate.
    #[must_use]
    pub fn conductance(&self, state: State) -> Siemens {
        Siemens(self.read_channel.conductance(state))
    }

    /// State of the highest conductance that potentiation reaches from the lowest state.
    #[must_use]
    pub const fn highest(&self) -> State {
        self.highest
    }

    fn is_dual_zone(&self) -> bool {
        matches!(self.spec.state, StateSpec::DualZone(_))
    }

    /// `I/(g·1 S)`: current of a cell of unit conductance.
    fn factor(&self, v: f64) -> f64 {
        let bias = self.spec.read.voltage.0;
        bias * self.spec.iv.shape(v) / self.spec.iv.shape(bias)
    }
}

impl IvSpec {
    /// `V_s·sinh(v/V_s)/(1 + |v|/V_sat)` with the scale of the polarity.
    fn shape(&self, v: f64) -> f64 {
        let scale = match self.barriers {
            None => self.scale.0,
            Some(b) => 2.0 * self.scale.0 * if v >= 0.0 { b.left.0 } else { b.right.0 } / (b.left.0 + b.right.0),
        };
        scale * libm::sinh(v / scale) / (1.0 + v.abs() / self.saturation.0)
    }
}

impl RetentionSpec {
    /// Share of the distance from equilibrium that is left after `age` at a temperature.
    fn left(&self, age: Second, temperature: Kelvin, reference: Kelvin) -> f64 {
        let faster = state::arrhenius(self.activation_ev, temperature, reference);
        let part = |tau: Second| libm::exp(-age.0 * faster / tau.0);
        self.fast_share.0 * part(self.tau_fast) + (1.0 - self.fast_share.0) * part(self.tau_slow)
    }
}

impl Device for Mos2Memtransistor {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }
    fn window(&self) -> Window {
        let c = &self.read_channel;
        let used = 1.0 - self.spec.programming.headroom.0;
        Window { g_min: Siemens(c.off), g_max: Siemens(c.off + used * (c.on - c.off)) }
    }
    fn read_bias(&self) -> Option<Volt> {
        Some(self.spec.read.voltage)
    }
    fn levels(&self) -> Option<u32> {
        Some(self.spec.kinetics.pulses_potentiation as u32 + 1)
    }
    fn temperature_range(&self) -> [Kelvin; 2] {
        [self.spec.temperature.minimum, self.spec.temperature.maximum]
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        one_by_one(target, cells, achieved, |target, cell, cost| self.program_cell(target, cell, chance, cost))
    }
    fn pulses(&self) -> Option<[Pulse; 2]> {
        let p = &self.spec.programming;
        Some([p.potentiation, p.depression].map(|voltage| Pulse { voltage, width: p.width }))
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        Some(Box::new(bulk::Mos2Cells::new(self, cells, chance)))
    }
    /// Equal contacts only: unequal barriers rectify.
    fn symmetric(&self) -> bool {
        self.spec.iv.barriers.is_none_or(|b| b.left == b.right)
    }
    /// Relaxes to the equilibrium state of the nominal window; stuck cells do not age.
    fn age(&self, g: &mut [f64], cells: &[u64], age: Second, temperature: Kelvin, chance: Chance) {
        let r = &self.spec.retention;
        let left = r.left(age, temperature, self.spec.temperature.reference);
        let rest = self.read_channel.off + r.equilibrium.0 * (self.read_channel.on - self.read_channel.off);
        for (g, cell) in g.iter_mut().zip(cells) {
            if self.stuck(*cell, chance).is_none() {
                *g = rest + (*g - rest) * left;
            }
        }
    }
    fn read_moments(&self, g: &[f64], v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        // the chord of the sinh at v = 0 is its slope
        let bias = self.spec.read.voltage.0;
        let chord = if v.0 == 0.0 { bias / self.spec.iv.shape(bias) } else { self.factor(v.0) / v.0 };
        let noise = self.spec.read.noise.0 * chance.scale;
        for ((g, mean), variance) in g.iter().zip(mean).zip(variance) {
            *mean = g * chord;
            *variance = (noise * *mean) * (noise * *mean);
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * self.factor(v.0)
    }
}

#[cfg(test)]
mod tests;
