//! Card of a pulsed cell in a chip: its numbers in weights, and what they are in siemens, volts and seconds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pulsed, PulsedCell, PulsedPreset};
use crate::device::{Checks, Entry, SpecError};
use crate::units::{Second, Share, Siemens, Volt};

/// Row of the device table.
pub(in crate::device) const ENTRY: Entry = Entry {
    name: "pulsed",
    about: "cell written by identical pulses: eight step laws, ten presets, as in aihwkit",
    example: "\
pulsed:
  preset: reram_sb
  g_min: 2 uS
  g_max: 50 uS
  pulse: { up: 1.2 V, down: 1.2 V, width: 50 ns }
  verify: { tries: 40, tolerance: 2 %, read_time: 50 ns }
  read: { voltage: 0.1 V, noise: 0.5 % }
",
};

/// Fields whose default is assumed: the family is published in weights, without volts or siemens.
pub(in crate::device) const ASSUMED: &[&str] = &[
    "g_min",
    "g_max",
    "pulse.up",
    "pulse.down",
    "pulse.width",
    "verify.tries",
    "verify.tolerance",
    "verify.read_time",
    "read.voltage",
    "read.noise",
];

/// Card of the cell. Weight `w_min` stands for `g_min`, `w_max` for `g_max`, linearly between.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PulsedSpec {
    /// A cell by name; `reram_sb` where neither this nor `cell` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<PulsedPreset>,
    /// Numbers of a cell of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<Box<PulsedCell>>,
    /// Conductance of the least mean weight. *Assumed*: 2 uS.
    pub g_min: Siemens,
    /// Conductance of the greatest mean weight. *Assumed*: 50 uS.
    pub g_max: Siemens,
    /// The pulses.
    pub pulse: PulsedPulseSpec,
    /// Verification after pulse trains; `null` for one train by the mean cell's curve.
    pub verify: Option<PulsedVerifySpec>,
    /// Reading.
    pub read: PulsedReadSpec,
    /// What a mini-batch lasts: turns lifetime and diffusion, which are told in mini-batches, into seconds.
    /// Without it cells do not age.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_time: Option<Second>,
    /// Where the numbers come from.
    pub source: String,
}

impl Default for PulsedSpec {
    fn default() -> Self {
        Self {
            preset: None,
            cell: None,
            g_min: Siemens(2e-6),
            g_max: Siemens(50e-6),
            pulse: PulsedPulseSpec::default(),
            verify: Some(PulsedVerifySpec::default()),
            read: PulsedReadSpec::default(),
            batch_time: None,
            source:
                "cell: aihwkit 1.1.0 (MIT licence) and the papers its presets cite; volts, siemens, seconds assumed"
                    .into(),
        }
    }
}

/// Pulses of a cell. Their polarity is that of the direction: up positive, down negative.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PulsedPulseSpec {
    /// Magnitude of an up pulse. *Assumed*: 1.2 V.
    pub up: Volt,
    /// Magnitude of a down pulse. *Assumed*: 1.2 V.
    pub down: Volt,
    /// Width of either. *Assumed*: 50 ns.
    pub width: Second,
}

impl Default for PulsedPulseSpec {
    fn default() -> Self {
        Self { up: Volt(1.2), down: Volt(1.2), width: Second(50e-9) }
    }
}

/// Verification.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PulsedVerifySpec {
    /// Trains at most. *Assumed*: 40.
    pub tries: u32,
    /// Accepted distance of the conductance read from the target, in windows. *Assumed*: 2 %.
    pub tolerance: Share,
    /// Duration of a verifying read. *Assumed*: 50 ns.
    pub read_time: Second,
}

impl Default for PulsedVerifySpec {
    fn default() -> Self {
        Self { tries: 40, tolerance: Share(0.02), read_time: Second(50e-9) }
    }
}

/// Reading; the cell is linear.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PulsedReadSpec {
    /// Voltage of a verifying read. *Assumed*: 0.1 V.
    pub voltage: Volt,
    /// Noise of a read relative to the conductance. *Assumed*: 0.5 %.
    pub noise: Share,
}

impl Default for PulsedReadSpec {
    fn default() -> Self {
        Self { voltage: Volt(0.1), noise: Share(0.005) }
    }
}

impl PulsedSpec {
    /// The numbers of the cell.
    #[must_use]
    pub fn numbers(&self) -> PulsedCell {
        self.cell.as_deref().cloned().unwrap_or_else(|| self.preset.unwrap_or_default().cell())
    }

    /// Checks the card and makes the cell.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self) -> Result<Pulsed, Vec<SpecError>> {
        let mut c = Checks::default();
        c.require(
            self.preset.is_none() || self.cell.is_none(),
            "preset",
            "`preset` and `cell` both tell the cell's numbers",
            "remove one of them",
        );
        c.positive("g_min", self.g_min.0);
        c.require(
            self.g_max > self.g_min && self.g_max.0.is_finite(),
            "g_max",
            format!("`g_max` ({}) must be greater than `g_min` ({})", self.g_max, self.g_min),
            "exchange the two, or raise `g_max`",
        );
        c.positive("pulse.up", self.pulse.up.0);
        c.positive("pulse.down", self.pulse.down.0);
        c.positive("pulse.width", self.pulse.width.0);
        if let Some(v) = &self.verify {
            c.require(v.tries >= 1, "verify.tries", "`tries` must be at least 1", "or write `verify: null`");
            c.positive("verify.tolerance", v.tolerance.0);
            c.not_negative("verify.read_time", v.read_time.0);
        }
        c.positive("read.voltage", self.read.voltage.0);
        c.within("read.noise", self.read.noise.0, 0.0, 0.4);
        if let Some(t) = self.batch_time {
            c.positive("batch_time", t.0);
        }
        let numbers = self.numbers().checked(&mut c);
        let built = numbers.and_then(|cell| Pulsed::new(self.clone(), cell, &mut c));
        match built {
            Some(pulsed) if c.clean() => Ok(pulsed),
            _ => Err(c.errors()),
        }
    }
}
