//! Card of the generative cell: every number by name, with its tag.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parameters::Parameters;
use super::{Model, Synaptogen};
use crate::device::{Checks, SpecError};
use crate::units::{Hertz, Kelvin, Second, Share, Volt};

/// Fields whose default is assumed.
pub(in crate::device) const ASSUMED: &[&str] = &[
    "levels",
    "programming.width",
    "programming.approach",
    "programming.step",
    "programming.verify.tries",
    "programming.verify.pulses",
    "programming.verify.tolerance",
    "programming.verify.read_time",
    "temperature.minimum",
    "temperature.maximum",
];

/// Card of the generative cell. Every group may be left out; its defaults then hold. *Published* numbers are those of
/// the PyPI package `synaptogen` 0.2.0 (MIT licence, doi:10.1109/TED.2024.3427616). No time, pulse width, temperature
/// or retention is in the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SynaptogenSpec {
    /// Numbers of the model.
    pub parameters: ParametersSpec,
    /// Order of the published autoregression, 1 to 10. *Published*: 10.
    pub order: u32,
    /// Which of the published implementations the order of the lags follows.
    pub parity: Parity,
    /// Levels that can be told apart. *Assumed*: 16.
    pub levels: u32,
    /// How a conductance is reached.
    pub programming: SynaptogenProgrammingSpec,
    /// Reading and its noise.
    pub read: SynaptogenReadSpec,
    /// Where the card may be used.
    pub temperature: SynaptogenTemperatureSpec,
    /// Where the numbers of the card come from: citation, or `assumed` with the reason.
    pub source: String,
}

impl Default for SynaptogenSpec {
    fn default() -> Self {
        Self {
            parameters: ParametersSpec::Published,
            order: 10,
            parity: Parity::default(),
            levels: 16,
            programming: SynaptogenProgrammingSpec::default(),
            read: SynaptogenReadSpec::default(),
            temperature: SynaptogenTemperatureSpec::default(),
            source: "Synaptogen 0.2.0 (MIT), doi:10.1109/TED.2024.3427616; programming scheme assumed".into(),
        }
    }
}

/// Where the numbers of the model come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParametersSpec {
    /// The published ones.
    Published,
    /// Those of a fit to other cells.
    Fitted(Box<Parameters>),
}

/// Order of the lags. The package holds two that differ; its files mean the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// Newest cycle by lag 1: the vectorised implementations, consistent between the published orders.
    #[default]
    Vectorised,
    /// Lags reversed, as in the type `Cell` of the Julia implementation: nearly the same marginals, less memory
    /// from one cycle to the next.
    PerCell,
}

/// A try is a SET and partial RESET pulses of rising voltage. Each aims part of the way from the conductance read to
/// the target, by the curve of the nominal cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SynaptogenProgrammingSpec {
    /// Voltage of a SET. *Published* (documentation of the package): -2 V.
    pub set: Volt,
    /// Width of a pulse, for energy and time only. *Assumed*: 100 ns.
    pub width: Second,
    /// Share of the distance to the target that a pulse leaves. *Assumed*: 50 %.
    pub approach: Share,
    /// Least rise of the voltage from pulse to pulse. *Assumed*: 1 mV.
    pub step: Volt,
    /// Read after each pulse; `null` for one pulse at the voltage of the nominal cell.
    pub verify: Option<SynaptogenVerifySpec>,
}

impl Default for SynaptogenProgrammingSpec {
    fn default() -> Self {
        Self {
            set: Volt(-2.0),
            width: Second(100e-9),
            approach: Share(0.5),
            step: Volt(1e-3),
            verify: Some(SynaptogenVerifySpec::default()),
        }
    }
}

/// When programming is content.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SynaptogenVerifySpec {
    /// Most tries for a cell. *Assumed*: 16.
    pub tries: u32,
    /// Most RESET pulses of a try. *Assumed*: 64.
    pub pulses: u32,
    /// Accepted error of the conductance as a share of the window. *Assumed*: 0.4 %.
    pub tolerance: Share,
    /// Time of the read after each pulse. *Assumed*: 50 ns.
    pub read_time: Second,
}

impl Default for SynaptogenVerifySpec {
    fn default() -> Self {
        Self { tries: 16, pulses: 64, tolerance: Share(0.004), read_time: Second(50e-9) }
    }
}

/// Reading. Its voltage is the `u_read` of the model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SynaptogenReadSpec {
    /// Bandwidth of thermal and shot noise. *Published*: 100 MHz.
    pub bandwidth: Hertz,
}

impl Default for SynaptogenReadSpec {
    fn default() -> Self {
        Self { bandwidth: Hertz(1e8) }
    }
}

/// Where the card may be used. The model was fitted at room temperature; only the Johnson noise follows the chip's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SynaptogenTemperatureSpec {
    /// Lowest valid temperature. *Assumed*: 273 K.
    pub minimum: Kelvin,
    /// Highest valid temperature. *Assumed*: 358 K.
    pub maximum: Kelvin,
}

impl Default for SynaptogenTemperatureSpec {
    fn default() -> Self {
        Self { minimum: Kelvin(273.0), maximum: Kelvin(358.0) }
    }
}

impl SynaptogenSpec {
    /// The numbers of the model in the order of lags that the card asks for.
    #[must_use]
    pub fn resolved(&self) -> Parameters {
        let mut p = match &self.parameters {
            ParametersSpec::Published => Parameters::published(self.order as usize),
            ParametersSpec::Fitted(p) => (**p).clone(),
        };
        if self.parity == Parity::PerCell {
            p.lags.reverse();
        }
        p
    }

    /// Checks the card and makes the cell for a chip at `temperature`.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self, temperature: Kelvin) -> Result<Synaptogen, Vec<SpecError>> {
        let mut c = Checks::default();
        let parameters = self.resolved();
        match self.parameters {
            ParametersSpec::Published => c.within("order", f64::from(self.order), 1.0, 10.0),
            ParametersSpec::Fitted(_) => parameters.check(&mut c, "parameters.fitted"),
        }
        c.within("levels", f64::from(self.levels), 2.0, 65536.0);
        let p = &self.programming;
        c.require(
            p.set.0 < 0.0,
            "programming.set",
            format!("`programming.set` is {}; a SET takes a negative voltage", p.set),
            "write it with a minus sign",
        );
        c.positive("programming.width", p.width.0);
        c.within("programming.approach", p.approach.0, 0.0, 0.99);
        c.positive("programming.step", p.step.0);
        if let Some(v) = &p.verify {
            for (field, n) in [("programming.verify.tries", v.tries), ("programming.verify.pulses", v.pulses)] {
                c.require(n >= 1, field, format!("`{field}` must be at least 1"), "or write `verify: null`");
            }
            c.positive("programming.verify.tolerance", v.tolerance.0);
            c.not_negative("programming.verify.read_time", v.read_time.0);
        }
        c.not_negative("read.bandwidth", self.read.bandwidth.0);
        c.positive("temperature.minimum", self.temperature.minimum.0);
        c.temperature(temperature, self.temperature.minimum, self.temperature.maximum);
        if c.clean() {
            let device = Synaptogen::new(self, Model::new(parameters), temperature);
            c.require(
                device.is_usable(),
                "parameters.fitted",
                "the nominal cell of these parameters cannot be reset in part: its RESET voltage must lie below `u_max` \
                 and its high resistance above its low one",
                "check the units of the fitted data: log10 of ohm, V, ohm, V",
            );
            return c.finish(|| device);
        }
        Err(c.errors())
    }
}
