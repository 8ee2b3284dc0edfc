//! Card of the 1T1R cell of hafnium oxide: every number by name, with its tag.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conditions::HfOxConditionsSpec;
use crate::device::Checks;
use crate::units::{Ampere, Hertz, Kelvin, Ohm, Second, Share, Volt};

/// Fields whose default is assumed.
pub(in super::super) const ASSUMED: &[&str] = &[
    "levels",
    "access_resistance",
    "programming.set",
    "programming.width",
    "programming.verify.tries",
    "programming.verify.tolerance",
    "programming.verify.read_time",
    "variation.stuck_lrs",
    "variation.stuck_hrs",
    "read.noise",
    "relaxation.drift",
    "relaxation.spread",
    "relaxation.onset",
    "relaxation.activation_ev",
    "temperature.reference",
    "temperature.minimum",
    "temperature.maximum",
];

/// Card of the cell. Every group may be left out; its defaults then hold. *Synaptogen* below is the
/// parameter set of Hennen et al., Front. Neurosci. 16, 941753 (2022) and IEEE TED 2024,
/// doi:10.1109/TED.2024.3427616 (MIT licence), from which the statistics were generated (4096 cells, 100 cycles).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfOxSpec {
    /// Low-resistance state.
    pub lrs: LrsSpec,
    /// High-resistance state.
    pub hrs: HrsSpec,
    /// Levels that can be told apart. *Assumed*: 4 (two bits).
    pub levels: u32,
    /// Resistance of the access transistor, contained in the resistances above. *Assumed*: 1 kOhm.
    pub access_resistance: Ohm,
    /// Voltage scale of the sinh conduction of the high-resistance state. *Derived* from the polynomials of
    /// Synaptogen: 0.47 V (conductance at 1 V is 1.9 times that at 0.2 V).
    pub iv_scale: Volt,
    /// Pulses that program the cell.
    pub programming: HfOxProgrammingSpec,
    /// States measured under several programming conditions; where given, those of the card's own pulses replace
    /// `lrs` and `hrs`.
    pub conditions: HfOxConditionsSpec,
    /// Thresholds of switching, for cells that are written pulse by pulse.
    pub switching: HfOxSwitchingSpec,
    /// Stuck cells.
    pub variation: HfOxVariationSpec,
    /// Reading and its noise.
    pub read: HfOxReadSpec,
    /// Relaxation after programming.
    pub relaxation: RelaxationSpec,
    /// Where the laws hold.
    pub temperature: HfOxTemperatureSpec,
    /// Where the numbers of the card come from: citation, or `assumed` with the reason.
    pub source: String,
}

impl Default for HfOxSpec {
    fn default() -> Self {
        Self {
            lrs: LrsSpec::default(),
            hrs: HrsSpec::default(),
            levels: 4,
            access_resistance: Ohm(1000.0),
            iv_scale: Volt(0.47),
            programming: HfOxProgrammingSpec::default(),
            conditions: HfOxConditionsSpec::default(),
            switching: HfOxSwitchingSpec::default(),
            variation: HfOxVariationSpec::default(),
            read: HfOxReadSpec::default(),
            relaxation: RelaxationSpec::default(),
            temperature: HfOxTemperatureSpec::default(),
            source: "states, spread and read noise: Synaptogen, doi:10.1109/TED.2024.3427616; other numbers assumed"
                .into(),
        }
    }
}

/// Law of the resistance of the low-resistance state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LrsLaw {
    /// Normal.
    #[default]
    Normal,
    /// Log-normal; spreads are then those of `ln R`. Weakly programmed cells, whose two tails are alike.
    LogNormal,
}

/// Low-resistance state: by default a normal law of the resistance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LrsSpec {
    /// Median resistance at the read bias. *Published* (Synaptogen): 4521 Ohm.
    pub resistance: Ohm,
    /// Law of the resistance. *Published* (abstract of a 2013 study of pulsed 1T1R arrays; Synaptogen agrees): normal.
    pub law: LrsLaw,
    /// Relative spread from cycle to cycle. *Published* (Synaptogen, median cell): 3.2 %.
    pub cycle_to_cycle: Share,
    /// Relative spread of cell means. *Published* (Synaptogen): 4.4 %.
    pub device_to_device: Share,
    /// Correlation of successive cycles of a cell. *Published* (Synaptogen): 0.34.
    pub correlation: f64,
}

impl Default for LrsSpec {
    fn default() -> Self {
        Self {
            resistance: Ohm(4521.0),
            law: LrsLaw::Normal,
            cycle_to_cycle: Share(0.032),
            device_to_device: Share(0.044),
            correlation: 0.34,
        }
    }
}

/// High-resistance state: a log-normal law of the resistance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HrsSpec {
    /// Median resistance at the read bias. *Published* (Synaptogen): 75.3 kOhm.
    pub resistance: Ohm,
    /// Spread from cycle to cycle in decades. *Published* (Synaptogen, median cell): 0.182.
    pub cycle_to_cycle_decades: f64,
    /// Spread of cell means in decades. *Published* (Synaptogen): 0.078.
    pub device_to_device_decades: f64,
    /// Correlation of successive cycles of a cell. *Published* (Synaptogen): 0.09.
    pub correlation: f64,
}

impl Default for HrsSpec {
    fn default() -> Self {
        Self {
            resistance: Ohm(75.3e3),
            cycle_to_cycle_decades: 0.182,
            device_to_device_decades: 0.078,
            correlation: 0.09,
        }
    }
}

/// A try is a SET to the low-resistance state and a partial RESET to the target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfOxProgrammingSpec {
    /// Magnitude of the SET pulse. *Assumed*: 1.5 V (the loops behind Synaptogen are swept to 1.5 V).
    pub set: Volt,
    /// Magnitude of the RESET pulse. *Published* (Synaptogen, voltage of a complete RESET): 1.46 V.
    pub reset: Volt,
    /// Width of a pulse. *Assumed*: 100 ns.
    pub width: Second,
    /// Compliance current of the SET, needed where `conditions.compliance` is a table.
    pub compliance: Option<Ampere>,
    /// Read after each try and repeat; `null` takes the first try.
    pub verify: Option<HfOxVerifySpec>,
}

impl Default for HfOxProgrammingSpec {
    fn default() -> Self {
        Self {
            set: Volt(1.5),
            reset: Volt(1.46),
            width: Second(100e-9),
            compliance: None,
            verify: Some(HfOxVerifySpec::default()),
        }
    }
}

/// Write-verify: repeat while the error is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfOxVerifySpec {
    /// Most tries for a cell. *Assumed*: 16.
    pub tries: u32,
    /// Accepted error of the conductance as a share of the window. *Assumed*: 5 %.
    pub tolerance: Share,
    /// Time of the read after each try. *Assumed*: 50 ns.
    pub read_time: Second,
}

impl Default for HfOxVerifySpec {
    fn default() -> Self {
        Self { tries: 16, tolerance: Share(0.05), read_time: Second(50e-9) }
    }
}

/// Thresholds of switching, normal between cells and between cycles. *Published* (Synaptogen), each number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfOxSwitchingSpec {
    /// Magnitude of the median SET threshold: 0.667 V.
    pub set: Volt,
    /// Its spread from cycle to cycle: 0.059 V.
    pub set_cycle: Volt,
    /// Its spread between cells: 0.045 V.
    pub set_device: Volt,
    /// Correlation of its successive cycles: 0.15.
    pub set_correlation: f64,
    /// Median RESET threshold: 0.731 V.
    pub reset: Volt,
    /// Its spread from cycle to cycle: 0.032 V.
    pub reset_cycle: Volt,
    /// Its spread between cells: 0.033 V.
    pub reset_device: Volt,
    /// Correlation of its successive cycles: 0.19.
    pub reset_correlation: f64,
    /// Exponent of the conductance along a RESET: 3.0567.
    pub exponent: f64,
}

impl Default for HfOxSwitchingSpec {
    fn default() -> Self {
        Self {
            set: Volt(0.667),
            set_cycle: Volt(0.059),
            set_device: Volt(0.045),
            set_correlation: 0.15,
            reset: Volt(0.731),
            reset_cycle: Volt(0.032),
            reset_device: Volt(0.033),
            reset_correlation: 0.19,
            exponent: 3.0567,
        }
    }
}

impl HfOxSwitchingSpec {
    /// Notes what is wrong with the group, and pulses of the card too weak to switch nearly every cell (four spreads).
    pub(super) fn check(&self, p: &HfOxProgrammingSpec, c: &mut Checks) {
        for (name, pulse, median, cycle, device, correlation) in [
            ("set", p.set, self.set, self.set_cycle, self.set_device, self.set_correlation),
            ("reset", p.reset, self.reset, self.reset_cycle, self.reset_device, self.reset_correlation),
        ] {
            c.positive(&format!("switching.{name}"), median.0);
            c.not_negative(&format!("switching.{name}_cycle"), cycle.0);
            c.not_negative(&format!("switching.{name}_device"), device.0);
            c.within(&format!("switching.{name}_correlation"), correlation, -0.99, 0.99);
            c.require(
                pulse.0 >= median.0 + 4.0 * libm::hypot(cycle.0, device.0),
                &format!("programming.{name}"),
                format!("`programming.{name}` ({pulse}) leaves cells unswitched whose threshold is high"),
                "raise it by some spreads above the threshold in `switching`, or lower the threshold",
            );
        }
        c.positive("switching.exponent", self.exponent);
    }
}

/// Stuck cells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfOxVariationSpec {
    /// Share of cells stuck in the low-resistance state. *Assumed*: 0.1 %.
    pub stuck_lrs: Share,
    /// Share of cells stuck in the high-resistance state. *Assumed*: 0.1 %.
    pub stuck_hrs: Share,
}

impl Default for HfOxVariationSpec {
    fn default() -> Self {
        Self { stuck_lrs: Share(0.001), stuck_hrs: Share(0.001) }
    }
}

/// Reading and its noise: thermal and shot noise in a bandwidth, and a part proportional to the current.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfOxReadSpec {
    /// Bias at which resistances are given. *Published* (Synaptogen): 0.2 V.
    pub voltage: Volt,
    /// Bandwidth of thermal and shot noise. *Published* (Synaptogen, default of its code): 100 MHz.
    pub bandwidth: Hertz,
    /// Further noise of one read over its mean. *Assumed*: 0.5 %.
    pub noise: Share,
}

impl Default for HfOxReadSpec {
    fn default() -> Self {
        Self { voltage: Volt(0.2), bandwidth: Hertz(1e8), noise: Share(0.005) }
    }
}

/// Relaxation of the resistance with the logarithm of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelaxationSpec {
    /// Relative loss of conductance for each decade of time. *Assumed*: 0.2 %.
    pub drift: Share,
    /// Spread of the logarithm of conductance for each decade of time. *Assumed*: 1 %.
    pub spread: Share,
    /// Time at which relaxation sets in at the reference temperature. *Assumed*: 1 s.
    pub onset: Second,
    /// Activation energy of the onset in electronvolt. *Assumed*: 1.0.
    pub activation_ev: f64,
}

impl Default for RelaxationSpec {
    fn default() -> Self {
        Self { drift: Share(0.002), spread: Share(0.01), onset: Second(1.0), activation_ev: 1.0 }
    }
}

/// Where the laws of the card hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfOxTemperatureSpec {
    /// Temperature at which the card is given. *Assumed*: 300 K (the read noise of Synaptogen is at 300 K).
    pub reference: Kelvin,
    /// Lowest valid temperature. *Assumed*: 250 K.
    pub minimum: Kelvin,
    /// Highest valid temperature. *Assumed*: 400 K.
    pub maximum: Kelvin,
}

impl Default for HfOxTemperatureSpec {
    fn default() -> Self {
        Self { reference: Kelvin(300.0), minimum: Kelvin(250.0), maximum: Kelvin(400.0) }
    }
}
