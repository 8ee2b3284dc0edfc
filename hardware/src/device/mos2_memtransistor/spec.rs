//! Card of the MoS2 memtransistor: every number of the compact model by name, with its tag.
//!
//! *published* means that the number stands in the cited work; *secondary* that it was read off a
//! figure by others; *assumed* that it is a design decision of this model, also listed in [`ASSUMED`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::terminals::{StdpSpec, TerminalsSpec};
use crate::units::{Kelvin, Second, Share, Siemens, Volt};

/// Fields whose default is assumed.
pub(in super::super) const ASSUMED: &[&str] = &[
    "window.gated.g_on",
    "window.gated.threshold",
    "window.gated.softness",
    "state.dual_zone.steepness",
    "state.dual_zone.mismatch",
    "iv.scale",
    "iv.saturation",
    "gate.read",
    "gate.write",
    "gate.reference",
    "gate.top",
    "gate.top_ratio",
    "kinetics.pulses_potentiation",
    "kinetics.pulses_depression",
    "kinetics.nonlinearity_potentiation",
    "kinetics.nonlinearity_depression",
    "kinetics.nonlinearity_per_volt",
    "kinetics.reference_amplitude",
    "kinetics.reference_width",
    "kinetics.voltage_scale",
    "kinetics.threshold",
    "kinetics.threshold_softness",
    "kinetics.rate_per_volt",
    "programming.potentiation",
    "programming.depression",
    "programming.width",
    "programming.correction_width",
    "programming.headroom",
    "programming.verify.tries",
    "programming.verify.tolerance",
    "programming.verify.read_time",
    "variation.conductance",
    "variation.threshold",
    "variation.nonlinearity",
    "variation.rate",
    "variation.cycle_to_cycle",
    "variation.stuck_on",
    "read.voltage",
    "read.noise",
    "read.rtn_probability",
    "read.rtn_amplitude",
    "stdp.potentiation",
    "stdp.depression",
    "stdp.tau_potentiation",
    "stdp.tau_depression",
    "retention.tau_fast",
    "retention.tau_slow",
    "retention.fast_share",
    "retention.equilibrium",
    "retention.activation_ev",
    "temperature.reference",
    "temperature.minimum",
    "temperature.maximum",
];

/// Card of the memtransistor. Every group may be left out; its defaults then hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mos2Spec {
    /// Conductances between which the cell is programmed.
    pub window: WindowSpec,
    /// Gate voltages.
    pub gate: GateSpec,
    /// What the state of the cell is.
    pub state: StateSpec,
    /// Current–voltage law.
    pub iv: IvSpec,
    /// How a pulse moves the state.
    pub kinetics: KineticsSpec,
    /// Which pulses program it.
    pub programming: ProgrammingSpec,
    /// Spread between and within cells.
    pub variation: VariationSpec,
    /// Reading and its noise.
    pub read: ReadSpec,
    /// Modulatory terminals.
    pub terminals: TerminalsSpec,
    /// Spike timing.
    pub stdp: StdpSpec,
    /// Loss of the state with time.
    pub retention: RetentionSpec,
    /// Where the laws hold.
    pub temperature: TemperatureSpec,
    /// Where the numbers of the card come from: citation, or `assumed` with the reason.
    pub source: String,
}

impl Default for Mos2Spec {
    fn default() -> Self {
        Self {
            window: WindowSpec::default(),
            gate: GateSpec::default(),
            state: StateSpec::default(),
            iv: IvSpec::default(),
            kinetics: KineticsSpec::default(),
            programming: ProgrammingSpec::default(),
            variation: VariationSpec::default(),
            read: ReadSpec::default(),
            terminals: TerminalsSpec::default(),
            stdp: StdpSpec::default(),
            retention: RetentionSpec::default(),
            temperature: TemperatureSpec::default(),
            source: "gate window: Sangwan et al., Nature 554, 500 (2018); yield: Nat. Commun. 2025, s41467-025-64536-2; other numbers assumed".into(),
        }
    }
}

/// Conductance window at the read bias.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowSpec {
    /// The same window at every gate voltage, given as it is used (below `programming.headroom`).
    Fixed(FixedWindowSpec),
    /// A physical window that the gate tunes, from `G_on(V_G)/R(V_G)` to `G_on(V_G)`.
    Gated(GatedWindowSpec),
}

impl Default for WindowSpec {
    fn default() -> Self {
        Self::Gated(GatedWindowSpec::default())
    }
}

/// A window that does not depend on the gate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedWindowSpec {
    /// Lowest conductance.
    pub g_min: Siemens,
    /// Highest conductance.
    pub g_max: Siemens,
}

/// A window that depends on the gate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatedWindowSpec {
    /// Highest conductance at the reference gate voltage. *Assumed* (scaled cell): 200 nS.
    pub g_on: Siemens,
    /// Threshold voltage of the channel. *Assumed*: -20 V.
    pub threshold: Volt,
    /// Half width of the turn-on. *Assumed*: 5.507 V, with which the highest conductance spans the
    /// published four orders (Sangwan 2018, arXiv:1802.07783) from -50 V to +50 V.
    pub softness: Volt,
    /// Ratio of highest to lowest conductance at the reference gate voltage. *Secondary*: 49, the
    /// geometric mean of 300 (+50 V) and 8 (-50 V), read from Fig. 2 of Sangwan 2018 at 0.5 V.
    pub ratio: f64,
    /// Change of the logarithm of the ratio for each volt of gate. *Secondary*: ln(300/8)/100, same place.
    pub log_ratio_per_volt: f64,
}

impl Default for GatedWindowSpec {
    fn default() -> Self {
        Self {
            g_on: Siemens(200e-9),
            threshold: Volt(-20.0),
            softness: Volt(5.507),
            ratio: 49.0,
            log_ratio_per_volt: 0.036_243,
        }
    }
}

/// Gate voltages; the effective one is `bottom + top_ratio·top`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GateSpec {
    /// Bottom gate while reading. *Assumed*: 0 V.
    pub read: Volt,
    /// Bottom gate while writing. *Assumed*: 0 V.
    pub write: Volt,
    /// Voltage at which `g_on`, `ratio`, rates and nonlinearity of the card are given. *Assumed*: 0 V.
    pub reference: Volt,
    /// Top gate, reading and writing. *Assumed*: 0 V (single gate).
    pub top: Volt,
    /// Top-gate over bottom-gate capacitance. *Assumed*: 0 (single gate).
    pub top_ratio: f64,
}

impl Default for GateSpec {
    fn default() -> Self {
        Self { read: Volt(0.0), write: Volt(0.0), reference: Volt(0.0), top: Volt(0.0), top_ratio: 0.0 }
    }
}

/// What the state of the cell is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateSpec {
    /// Two vacancy-depleted zones, one at each contact, in series with the channel.
    DualZone(DualZoneSpec),
    /// One normalised conductance that follows the (A, B) pulse law of NeuroSim (Chen et al., IEEE TCAD 2018,
    /// doi:10.1109/TCAD.2018.2789723).
    Normalised,
}

impl Default for StateSpec {
    fn default() -> Self {
        Self::DualZone(DualZoneSpec::default())
    }
}

/// `1/G = 1/G_channel + R_left·h(left) + R_right·h(right)` with `h(w) = (exp(k·w) - 1)/(exp(k) - 1)`: a zone
/// modulates the barrier of its contact, so its resistance is exponential in its width.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DualZoneSpec {
    /// Exponent `k` of the resistance of a full zone. *Assumed*: 20, with which the largest published ratio
    /// of the window (300) can be reached between the closing of one zone and the opening of the other.
    pub steepness: f64,
    /// Resistance of the right zone over that of the left one, minus one. *Assumed*: 0 % (equal contacts).
    pub mismatch: Share,
}

impl Default for DualZoneSpec {
    fn default() -> Self {
        Self { steepness: 20.0, mismatch: Share(0.0) }
    }
}

/// `I = g·V_s·sinh(V/V_s)/(1 + |V|/V_sat)`, scaled so that `I/V = g` at the read voltage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IvSpec {
    /// Voltage scale `V_s` of the sinh. *Assumed*: 1 V.
    pub scale: Volt,
    /// Saturation voltage `V_sat`. *Assumed*: 5 V.
    pub saturation: Volt,
    /// Unequal contacts make the cell rectify. None by default (equal contacts).
    pub barriers: Option<BarrierSpec>,
}

impl Default for IvSpec {
    fn default() -> Self {
        Self { scale: Volt(1.0), saturation: Volt(5.0), barriers: None }
    }
}

/// Schottky barriers over the elementary charge. The injecting contact sets the scale of its polarity:
/// `V_s(+) = 2·V_s·left/(left + right)`, `V_s(-) = 2·V_s·right/(left + right)` (*assumed* form).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BarrierSpec {
    /// Barrier of the grounded (left) contact.
    pub left: Volt,
    /// Barrier of the driven (right) contact.
    pub right: Volt,
}

/// How a pulse moves the state.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KineticsSpec {
    /// Reference pulses from the lowest to the highest conductance. *Assumed*: 64 (published for TiOx/MoS2
    /// cells). With two zones both counts are those of single zones up to a common factor, chosen so that
    /// the highest conductance is reached after this many pulses.
    pub pulses_potentiation: f64,
    /// Reference pulses from the highest to the lowest state. *Assumed*: 64.
    pub pulses_depression: f64,
    /// NeuroSim's nonlinearity label of potentiation at the reference gate voltage. *Assumed*: 1.5.
    pub nonlinearity_potentiation: f64,
    /// NeuroSim's nonlinearity label of depression, negative. *Assumed*: -2.5.
    pub nonlinearity_depression: f64,
    /// Decrease of the magnitude of both labels for each volt of write gate. *Assumed*: 0.02 (Lee et al., Adv.
    /// Funct. Mater. 2020, report that a gate improves linearity; no figure).
    pub nonlinearity_per_volt: f64,
    /// Magnitude of the pulse that makes one step of the pulse law. *Assumed*: 5 V.
    pub reference_amplitude: Volt,
    /// Width of the pulse that makes one step. *Assumed*: 1 ms.
    pub reference_width: Second,
    /// Voltage scale `V_0` of the switching rate `sinh(V/V_0)`. *Assumed*: 1 V.
    pub voltage_scale: Volt,
    /// Voltage below which the state does not move. *Assumed*: 3 V (channel of 1 um).
    pub threshold: Volt,
    /// Width of the threshold. *Assumed*: 0.1 V.
    pub threshold_softness: Volt,
    /// Change of the logarithm of the rate for each volt of write gate. *Assumed*: 0 (Lee 2020 and Yuan
    /// et al., Nano Lett. 21, 6432 (2021), report the effect without a figure).
    pub rate_per_volt: f64,
}

impl Default for KineticsSpec {
    fn default() -> Self {
        Self {
            pulses_potentiation: 64.0,
            pulses_depression: 64.0,
            nonlinearity_potentiation: 1.5,
            nonlinearity_depression: -2.5,
            nonlinearity_per_volt: 0.02,
            reference_amplitude: Volt(5.0),
            reference_width: Second(1e-3),
            voltage_scale: Volt(1.0),
            threshold: Volt(3.0),
            threshold_softness: Volt(0.1),
            rate_per_volt: 0.0,
        }
    }
}

/// Which pulses program a cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProgrammingSpec {
    /// Amplitude of a potentiation pulse. *Assumed*: 5 V.
    pub potentiation: Volt,
    /// Amplitude of a depression pulse, of the opposite sign. *Assumed*: -5 V.
    pub depression: Volt,
    /// Width of a pulse. *Assumed*: 1 ms.
    pub width: Second,
    /// Width of the finer pulses that end a train. *Assumed*: 100 us.
    pub correction_width: Second,
    /// Top part of the physical window that targets leave unused, so that weaker cells reach the highest
    /// level too. *Assumed*: 20 %.
    pub headroom: Share,
    /// Read after each train of pulses and correct; `null` programs open loop.
    pub verify: Option<VerifySpec>,
}

impl Default for ProgrammingSpec {
    fn default() -> Self {
        Self {
            potentiation: Volt(5.0),
            depression: Volt(-5.0),
            width: Second(1e-3),
            correction_width: Second(1e-4),
            headroom: Share(0.2),
            verify: Some(VerifySpec::default()),
        }
    }
}

/// Write-verify: read, and correct while the error is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerifySpec {
    /// Most trains of pulses for a cell, the first one included. *Assumed*: 16.
    pub tries: u32,
    /// Accepted error as a share of the window. *Assumed*: 1 %.
    pub tolerance: Share,
    /// Time of the read after each train. *Assumed*: 1 us.
    pub read_time: Second,
}

impl Default for VerifySpec {
    fn default() -> Self {
        Self { tries: 16, tolerance: Share(0.01), read_time: Second(1e-6) }
    }
}

/// Spread between cells (standard deviations, drawn once for a cell) and between pulses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VariationSpec {
    /// Of the logarithm of the highest conductance. *Assumed*: 15 %.
    pub conductance: Share,
    /// Of the threshold voltage. *Assumed*: 0.3 V.
    pub threshold: Volt,
    /// Of both nonlinearity labels. *Assumed*: 0.1.
    pub nonlinearity: f64,
    /// Of the logarithm of the switching rate. *Assumed*: 20 %.
    pub rate: Share,
    /// Of the conductance after one pulse, as a share of the window; grows as the square root of the pulses,
    /// as in NeuroSim. With two zones it acts on the number of pulses, as a share of
    /// `kinetics.pulses_potentiation`. *Assumed*: 2 %.
    pub cycle_to_cycle: Share,
    /// Share of cells that can be programmed. *Published*: 98.8 % (158 of 160 cells, Nat. Commun. 2025,
    /// s41467-025-64536-2; arrays of up to 2048 cells: more than 92 %).
    #[serde(rename = "yield")]
    pub working: Share,
    /// Share of the failed cells that are stuck at the highest conductance; the rest at the lowest. *Assumed*: 50 %.
    pub stuck_on: Share,
}

impl Default for VariationSpec {
    fn default() -> Self {
        Self {
            conductance: Share(0.15),
            threshold: Volt(0.3),
            nonlinearity: 0.1,
            rate: Share(0.2),
            cycle_to_cycle: Share(0.02),
            working: Share(0.988),
            stuck_on: Share(0.5),
        }
    }
}

/// Reading and its noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReadSpec {
    /// Bias at which conductances are given. *Assumed*: 0.1 V.
    pub voltage: Volt,
    /// Standard deviation of one read over its mean. *Assumed*: 1 %.
    pub noise: Share,
    /// Share of cells whose slow telegraph trap is filled during a run. *Assumed*: 5 %.
    pub rtn_probability: Share,
    /// Relative loss of conductance by a filled trap in the lowest state; falls linearly to zero in the
    /// highest one. *Assumed*: 5 %.
    pub rtn_amplitude: Share,
}

impl Default for ReadSpec {
    fn default() -> Self {
        Self { voltage: Volt(0.1), noise: Share(0.01), rtn_probability: Share(0.05), rtn_amplitude: Share(0.05) }
    }
}

/// Loss of the state with time: two exponentials, both activated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSpec {
    /// Fast time constant at the reference temperature. *Assumed*: 1e4 s.
    pub tau_fast: Second,
    /// Slow time constant. *Assumed*: 1e8 s (published bounds: 1e6 s, arXiv:2510.20829, to more than 3 years,
    /// s41467-025-64536-2).
    pub tau_slow: Second,
    /// Share of the fast part. *Assumed*: 10 %.
    pub fast_share: Share,
    /// State that the cell relaxes to, as a share of the window. *Assumed*: 0 %.
    pub equilibrium: Share,
    /// Activation energy of vacancy motion in electronvolt; acts on retention and on switching. *Assumed*: 0.5
    /// (0.48 follows from the published mobility with a hop of 0.316 nm and 1e13 Hz).
    pub activation_ev: f64,
}

impl Default for RetentionSpec {
    fn default() -> Self {
        Self {
            tau_fast: Second(1e4),
            tau_slow: Second(1e8),
            fast_share: Share(0.1),
            equilibrium: Share(0.0),
            activation_ev: 0.5,
        }
    }
}

/// Where the laws of the card hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TemperatureSpec {
    /// Temperature at which the card's rates are given. *Assumed*: 300 K.
    pub reference: Kelvin,
    /// Lowest valid temperature. *Assumed*: 250 K.
    pub minimum: Kelvin,
    /// Highest valid temperature. *Assumed*: 400 K.
    pub maximum: Kelvin,
}

impl Default for TemperatureSpec {
    fn default() -> Self {
        Self { reference: Kelvin(300.0), minimum: Kelvin(250.0), maximum: Kelvin(400.0) }
    }
}
