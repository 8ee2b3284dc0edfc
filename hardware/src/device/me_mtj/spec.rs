//! Card of the magnetoelectric junction: every number by name, with its tag.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Junction, MeMtj};
use crate::device::{Checks, SpecError};
use crate::units::{Farad, Kelvin, Ohm, Second, Share, Volt};

/// Fields whose default is assumed.
pub(in super::super) const ASSUMED: &[&str] = &[
    "resistance.parallel",
    "resistance.tmr",
    "resistance.half_voltage",
    "barrier.stability",
    "barrier.critical",
    "barrier.exponent",
    "barrier.attempt",
    "barrier.field",
    "barrier.transfer",
    "precession.period",
    "precession.coherence",
    "programming.voltage",
    "programming.width",
    "programming.capacitance",
    "programming.tries",
    "programming.read_time",
    "variation.resistance",
    "variation.tmr",
    "variation.stability",
    "variation.critical",
    "read.voltage",
    "read.noise",
    "temperature.reference",
    "temperature.minimum",
    "temperature.maximum",
];

/// Card of the cell. Every group may be left out; its defaults then hold. No set of numbers of one device was published
/// in full: all defaults are orders of magnitude of perpendicular junctions with voltage-controlled anisotropy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MeMtjSpec {
    /// Resistances of the two states.
    pub resistance: MtjResistanceSpec,
    /// Barrier between the states.
    pub barrier: MtjBarrierSpec,
    /// Motion without a barrier.
    pub precession: MtjPrecessionSpec,
    /// Pulses that program the cell.
    pub programming: MtjProgrammingSpec,
    /// Spread between cells.
    pub variation: MtjVariationSpec,
    /// Reading and its noise.
    pub read: MtjReadSpec,
    /// Where the laws hold.
    pub temperature: MtjTemperatureSpec,
    /// Where the numbers of the card come from: citation, or `assumed` with the reason.
    pub source: String,
}

impl Default for MeMtjSpec {
    fn default() -> Self {
        Self {
            resistance: MtjResistanceSpec::default(),
            barrier: MtjBarrierSpec::default(),
            precession: MtjPrecessionSpec::default(),
            programming: MtjProgrammingSpec::default(),
            variation: MtjVariationSpec::default(),
            read: MtjReadSpec::default(),
            temperature: MtjTemperatureSpec::default(),
            source: "assumed: orders of magnitude of perpendicular junctions".into(),
        }
    }
}

/// Resistances of the two states: `R_AP = R_P·(1 + TMR(V))`, `TMR(V) = TMR/(1 + (V/V_h)²)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MtjResistanceSpec {
    /// Resistance of the parallel state. *Assumed*: 50 kOhm.
    pub parallel: Ohm,
    /// Tunnel magnetoresistance at no voltage. *Assumed*: 100 %.
    pub tmr: Share,
    /// Voltage `V_h` at which it has fallen to half. *Assumed*: 0.5 V.
    pub half_voltage: Volt,
}

impl Default for MtjResistanceSpec {
    fn default() -> Self {
        Self { parallel: Ohm(50e3), tmr: Share(1.0), half_voltage: Volt(0.5) }
    }
}

/// Barrier between the states, see [`Junction`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MtjBarrierSpec {
    /// Barrier over thermal energy at the reference temperature. *Assumed*: 50; some 10 for a superparamagnetic
    /// junction.
    pub stability: f64,
    /// Voltage that takes the barrier away. *Assumed*: 1.4 V.
    pub critical: Volt,
    /// Exponent of the barrier in voltage. *Assumed*: 1 (anisotropy linear in voltage).
    pub exponent: f64,
    /// Attempt time. *Assumed*: 1 ns.
    pub attempt: Second,
    /// Field that favours the parallel state, in units of the anisotropy field. *Assumed*: 0.
    pub field: f64,
    /// Change of that field for each volt. *Assumed*: 0.
    pub transfer: f64,
}

impl Default for MtjBarrierSpec {
    fn default() -> Self {
        Self { stability: 50.0, critical: Volt(1.4), exponent: 1.0, attempt: Second(1e-9), field: 0.0, transfer: 0.0 }
    }
}

/// Motion of the magnetisation without a barrier.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MtjPrecessionSpec {
    /// Period. *Assumed*: 1.4 ns (half of it, 0.5 to 1 ns, switches).
    pub period: Second,
    /// Time after which the phase is lost. *Assumed*: 20 ns.
    pub coherence: Second,
}

impl Default for MtjPrecessionSpec {
    fn default() -> Self {
        Self { period: Second(1.4e-9), coherence: Second(20e-9) }
    }
}

/// One kind of pulse, which toggles; a read after each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MtjProgrammingSpec {
    /// Voltage of the pulse. *Assumed*: 1.6 V.
    pub voltage: Volt,
    /// Width of the pulse. *Assumed*: 0.7 ns (half a period).
    pub width: Second,
    /// Capacitance charged with each pulse. *Assumed*: 1 fF.
    pub capacitance: Farad,
    /// Most pulses for a cell. *Assumed*: 8.
    pub tries: u32,
    /// Time of the read before each pulse. *Assumed*: 5 ns.
    pub read_time: Second,
}

impl Default for MtjProgrammingSpec {
    fn default() -> Self {
        Self { voltage: Volt(1.6), width: Second(0.7e-9), capacitance: Farad(1e-15), tries: 8, read_time: Second(5e-9) }
    }
}

/// Spread between cells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MtjVariationSpec {
    /// Spread of the logarithm of the resistance. *Assumed*: 5 %.
    pub resistance: Share,
    /// Relative spread of the magnetoresistance. *Assumed*: 3 %.
    pub tmr: Share,
    /// Relative spread of the barrier. *Assumed*: 5 %.
    pub stability: Share,
    /// Relative spread of the critical voltage. *Assumed*: 2 %.
    pub critical: Share,
}

impl Default for MtjVariationSpec {
    fn default() -> Self {
        Self { resistance: Share(0.05), tmr: Share(0.03), stability: Share(0.05), critical: Share(0.02) }
    }
}

/// Reading and its noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MtjReadSpec {
    /// Bias at which conductances are given. *Assumed*: 0.1 V.
    pub voltage: Volt,
    /// Noise of one read over its mean, beside what a crossbar adds. *Assumed*: 0.5 %.
    pub noise: Share,
}

impl Default for MtjReadSpec {
    fn default() -> Self {
        Self { voltage: Volt(0.1), noise: Share(0.005) }
    }
}

/// Where the laws of the card hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MtjTemperatureSpec {
    /// Temperature at which the barrier is given. *Assumed*: 300 K.
    pub reference: Kelvin,
    /// Lowest valid temperature. *Assumed*: 250 K.
    pub minimum: Kelvin,
    /// Highest valid temperature. *Assumed*: 400 K.
    pub maximum: Kelvin,
}

impl Default for MtjTemperatureSpec {
    fn default() -> Self {
        Self { reference: Kelvin(300.0), minimum: Kelvin(250.0), maximum: Kelvin(400.0) }
    }
}

impl MeMtjSpec {
    /// Checks the card and makes the cell for a chip at `temperature`.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self, temperature: Kelvin) -> Result<MeMtj, Vec<SpecError>> {
        let mut c = Checks::default();
        let (r, b, p) = (&self.resistance, &self.barrier, &self.programming);
        for (field, value) in [
            ("resistance.parallel", r.parallel.0),
            ("resistance.tmr", r.tmr.0),
            ("resistance.half_voltage", r.half_voltage.0),
            ("barrier.critical", b.critical.0),
            ("barrier.exponent", b.exponent),
            ("barrier.attempt", b.attempt.0),
            ("precession.period", self.precession.period.0),
            ("precession.coherence", self.precession.coherence.0),
            ("programming.voltage", p.voltage.0),
            ("programming.width", p.width.0),
            ("read.voltage", self.read.voltage.0),
            ("temperature.reference", self.temperature.reference.0),
            ("temperature.minimum", self.temperature.minimum.0),
        ] {
            c.positive(field, value);
        }
        for (field, value) in [
            ("barrier.stability", b.stability),
            ("programming.capacitance", p.capacitance.0),
            ("programming.read_time", p.read_time.0),
        ] {
            c.not_negative(field, value);
        }
        for (field, share) in [
            ("variation.resistance", self.variation.resistance.0),
            ("variation.tmr", self.variation.tmr.0),
            ("variation.stability", self.variation.stability.0),
            ("variation.critical", self.variation.critical.0),
            ("read.noise", self.read.noise.0),
        ] {
            c.within(field, share, 0.0, 0.2);
        }
        c.within("barrier.field", b.field, -1.0, 1.0);
        c.require(b.transfer.is_finite(), "barrier.transfer", "`barrier.transfer` is no number", "give a number");
        c.require(p.tries >= 1, "programming.tries", "`tries` must be at least 1", "give 1 or more");
        c.temperature(temperature, self.temperature.minimum, self.temperature.maximum);
        let junction = self.junction(temperature);
        let certain = [false, true].map(|s| junction.probability(s, p.voltage, p.width));
        c.require(
            certain.iter().all(|p| *p > 0.5),
            "programming",
            format!("the pulse switches with probabilities of {:.3} and {:.3} only", certain[0], certain[1]),
            "choose a pulse that switches more often than not, near half a period above the critical voltage",
        );
        c.finish(|| MeMtj { spec: self.clone(), junction, temperature })
    }

    /// Law of the nominal junction at a temperature.
    fn junction(&self, temperature: Kelvin) -> Junction {
        let b = &self.barrier;
        Junction {
            stability: b.stability * (self.temperature.reference / temperature),
            critical: b.critical,
            exponent: b.exponent,
            attempt: b.attempt,
            field: b.field,
            transfer: b.transfer,
            period: self.precession.period,
            coherence: self.precession.coherence,
        }
    }
}
