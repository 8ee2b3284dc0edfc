//! Card of the table device: measured pulses and what surrounds them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::laws::{AgeingSpec, EnduranceSpec, StuckSpec, TrapSpec};
use super::super::spec::Checks;
use crate::units::{Kelvin, Second, Share, Siemens, Volt};

/// Fields whose default is assumed.
pub(in super::super) const ASSUMED: &[&str] = &[
    "programming.verify.tries",
    "programming.verify.tolerance",
    "programming.verify.read_time",
    "read.voltage",
    "read.noise",
    "temperature.minimum",
    "temperature.maximum",
];

/// Card of a device given by its measured pulses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TableSpec {
    /// The measured table, if it stands in the card itself.
    pub rows: Vec<PulseRow>,
    /// CSV file with the table, beside the chip's file.
    pub file: Option<String>,
    /// Pulses with which the table was measured and the cells are written.
    pub pulses: TablePulsesSpec,
    /// How targets are met.
    pub programming: TableProgrammingSpec,
    /// Spread between cells; none by default.
    pub variation: TableVariationSpec,
    /// Reading and its noise.
    pub read: TableReadSpec,
    /// How programmed cells age; not at all by default.
    pub ageing: AgeingSpec,
    /// Wear by write cycles; none by default.
    pub endurance: EnduranceSpec,
    /// Stuck cells; none by default.
    pub stuck: StuckSpec,
    /// Levels that can be told apart, if that is known.
    pub levels: Option<u32>,
    /// Where the table holds.
    pub temperature: TableTemperatureSpec,
    /// Where the numbers come from: citation, or `assumed` with the reason.
    pub source: String,
}

impl Default for TableSpec {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            file: None,
            pulses: TablePulsesSpec::default(),
            programming: TableProgrammingSpec { verify: Some(TableVerifySpec::default()) },
            variation: TableVariationSpec::default(),
            read: TableReadSpec::default(),
            ageing: AgeingSpec::None,
            endurance: EnduranceSpec::default(),
            stuck: StuckSpec::default(),
            levels: None,
            temperature: TableTemperatureSpec::default(),
            source: "assumed".into(),
        }
    }
}

/// What one pulse does at one conductance, over many repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PulseRow {
    /// Which of the two pulses.
    pub pulse: PulseDirection,
    /// Magnitude of its voltage, if the table knows several; else that of `pulses`.
    #[serde(default)]
    pub voltage: Option<Volt>,
    /// Conductance before the pulse.
    pub g: Siemens,
    /// Mean change of the conductance; not negative for `up`, not positive for `down`.
    pub mean: Siemens,
    /// Standard deviation of the change from pulse to pulse.
    pub spread: Siemens,
}

/// Whether a pulse raises or lowers the conductance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PulseDirection {
    /// Raises it.
    Up,
    /// Lowers it.
    Down,
}

/// The two nominal pulses; both must be given.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TablePulsesSpec {
    /// Raises the conductance.
    pub up: TablePulseSpec,
    /// Lowers the conductance; of the other polarity.
    pub down: TablePulseSpec,
}

/// One rectangular pulse.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TablePulseSpec {
    /// Voltage across the cell.
    pub voltage: Volt,
    /// Width.
    pub width: Second,
}

/// How targets are met.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableProgrammingSpec {
    /// Verification; `null` programs open loop.
    pub verify: Option<TableVerifySpec>,
}

/// Verification after a train of pulses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TableVerifySpec {
    /// Reads, each but the last followed by a correcting train. *Assumed*: 16.
    pub tries: u32,
    /// Largest accepted deviation as a share of the window. *Assumed*: 1 %.
    pub tolerance: Share,
    /// Duration of a verifying read. *Assumed*: 100 ns.
    pub read_time: Second,
}

impl Default for TableVerifySpec {
    fn default() -> Self {
        Self { tries: 16, tolerance: Share(0.01), read_time: Second(100e-9) }
    }
}

/// Spread between cells.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TableVariationSpec {
    /// Standard deviation of the logarithm of a factor on all conductances of a cell.
    pub conductance: Share,
    /// Standard deviation of the logarithm of a factor on all steps of a cell.
    pub step: Share,
}

/// Reading. The cell is linear: `I = g·v`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TableReadSpec {
    /// Voltage of verifying reads. *Assumed*: 0.1 V.
    pub voltage: Volt,
    /// Standard deviation of a read relative to its mean. *Assumed*: 0.
    pub noise: Share,
    /// Slow traps of each cell, frozen for a run; none by default.
    pub traps: Vec<TrapSpec>,
}

impl Default for TableReadSpec {
    fn default() -> Self {
        Self { voltage: Volt(0.1), noise: Share(0.0), traps: Vec::new() }
    }
}

/// Temperatures between which the table is taken to hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TableTemperatureSpec {
    /// Lowest. *Assumed*: 273 K.
    pub minimum: Kelvin,
    /// Highest. *Assumed*: 398 K.
    pub maximum: Kelvin,
}

impl Default for TableTemperatureSpec {
    fn default() -> Self {
        Self { minimum: Kelvin(273.0), maximum: Kelvin(398.0) }
    }
}

impl TableSpec {
    /// Notes every mistake of single fields.
    pub(super) fn check(&self, temperature: Kelvin, c: &mut Checks) {
        match &self.file {
            Some(file) if self.rows.is_empty() => {
                c.require(false, "file", format!("`{file}` has not been read"), "give the table under `rows`");
            }
            _ => c.require(
                !self.rows.is_empty(),
                "rows",
                "there is no table",
                "give `file: pulses.csv`, or `rows: [ { pulse: up, g: …, mean: …, spread: … }, … ]`",
            ),
        }
        for (i, row) in self.rows.iter().enumerate() {
            c.not_negative(&format!("rows.{i}.g"), row.g.0);
            c.not_negative(&format!("rows.{i}.spread"), row.spread.0);
            let signed = if row.pulse == PulseDirection::Up { row.mean.0 } else { -row.mean.0 };
            c.require(
                signed >= 0.0 && signed.is_finite(),
                &format!("rows.{i}.mean"),
                format!("a mean step of {} has the wrong sign for its pulse", row.mean),
                "`up` rows raise the conductance, `down` rows lower it; smooth the means if this is noise",
            );
            if let Some(v) = row.voltage {
                c.positive(&format!("rows.{i}.voltage"), v.0);
            }
        }
        for (name, pulse) in [("up", self.pulses.up), ("down", self.pulses.down)] {
            c.require(
                pulse.voltage.0 != 0.0 && pulse.voltage.0.is_finite(),
                &format!("pulses.{name}.voltage"),
                format!("the pulse `{name}` has no voltage"),
                format!("give `pulses: {{ {name}: {{ voltage: 1 V, width: 100 ns }} }}`"),
            );
            c.positive(&format!("pulses.{name}.width"), pulse.width.0);
        }
        c.require(
            self.pulses.up.voltage.0 * self.pulses.down.voltage.0 <= 0.0,
            "pulses.down.voltage",
            "both pulses have the same polarity",
            "give one of them a minus sign, also where the technology is unipolar: only V² enters energies",
        );
        if let Some(v) = &self.programming.verify {
            c.within("programming.verify.tries", f64::from(v.tries), 1.0, 65536.0);
            c.positive("programming.verify.tolerance", v.tolerance.0);
            c.not_negative("programming.verify.read_time", v.read_time.0);
        }
        c.within("variation.conductance", self.variation.conductance.0, 0.0, 1.0);
        c.within("variation.step", self.variation.step.0, 0.0, 1.0);
        c.not_negative("read.voltage", self.read.voltage.0);
        c.within("read.noise", self.read.noise.0, 0.0, 1.0);
        for (i, trap) in self.read.traps.iter().enumerate() {
            trap.check(&format!("read.traps.{i}"), c);
        }
        let taken: f64 = self.read.traps.iter().map(|t| t.amplitude.0).sum();
        c.require(taken < 1.0, "read.traps", "filled traps leave no conductance", "lower their amplitudes");
        self.ageing.check("ageing", c);
        self.endurance.check("endurance", c);
        self.stuck.check("stuck", c);
        if let Some(levels) = self.levels {
            c.within("levels", f64::from(levels), 2.0, 65536.0);
        }
        c.positive("temperature.minimum", self.temperature.minimum.0);
        c.temperature(temperature, self.temperature.minimum, self.temperature.maximum);
    }
}
