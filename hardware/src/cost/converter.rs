//! Priced parts at the edges of a crossbar: row DACs, sample-and-hold. Column ADCs: `circuit::converter`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, Part, PartKind, Provenance};
use crate::tensor::SignedInputs;
use crate::units::{Joule, Latency, Share, SquareMicron, Watt};

/// Digital-to-analog converters that drive the word lines.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum DacSpec {
    /// Inputs are applied digit by digit, lowest first; each digit is a voltage level.
    BitSerial(BitSerialDac),
    /// As `bit_serial`, with the current-voltage law and the noise of the cells at each of the voltages. With as many
    /// bits as activations have there is one phase.
    Amplitude(BitSerialDac),
    /// As `bit_serial`, but each digit is a pulse of the read voltage that lasts so many read times of the crossbar
    /// (`t_read`); a phase takes `2^bits - 1` of them. With as many bits as activations have there is one phase.
    PulseWidth(BitSerialDac),
}

/// A DAC that applies one digit of the input at a time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BitSerialDac {
    /// Bits of one digit.
    pub bits: u8,
    /// DACs of each crossbar; fewer than its rows means that rows are read in groups.
    pub per_crossbar: u32,
    /// How signed inputs are applied.
    #[serde(default)]
    pub signed: SignedInputs,
    /// Whether a plane all of whose digits are 0 in a row group takes neither time nor a conversion (the registers
    /// tell before it is driven).
    #[serde(default)]
    pub skip_zero_planes: bool,
    /// How DACs differ from each other, drawn once for each; default: not at all.
    #[serde(default)]
    pub mismatch: Option<DacMismatch>,
    /// Settling time.
    pub latency: Latency,
    /// Energy of one row driven for one digit.
    pub drive: Joule,
    /// Energy of adding one digit to the sum of the inputs; needed where biased weights are taken back by counting.
    #[serde(default)]
    pub count: Option<Joule>,
    /// Static power of one DAC.
    pub leakage: Watt,
    /// Area of one DAC.
    pub area: SquareMicron,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

/// Spreads between DACs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DacMismatch {
    /// Standard deviation of a unit element of a voltage DAC, as a share of it.
    pub element: Share,
    /// Standard deviation of the amplitude of a voltage DAC.
    pub gain: Share,
    /// Standard deviation of what the edges add to a pulse, in units of time.
    pub edge: f64,
}

impl DacSpec {
    /// Its numbers, of whichever kind.
    #[must_use]
    pub const fn card(&self) -> &BitSerialDac {
        match self {
            Self::BitSerial(dac) | Self::Amplitude(dac) | Self::PulseWidth(dac) => dac,
        }
    }
    /// Name of its kind in an arch file.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::BitSerial(_) => "bit_serial",
            Self::Amplitude(_) => "amplitude",
            Self::PulseWidth(_) => "pulse_width",
        }
    }
    /// Prices of one DAC, `count` of them in a core.
    #[must_use]
    pub fn part(&self, count: usize) -> Part {
        let d = self.card();
        let energy: Vec<_> =
            [(Action::Drive, d.drive)].into_iter().chain(d.count.map(|e| (Action::Count, e))).collect();
        Provenance { source: &d.source, assumed: &d.assumed }.part(PartKind::Dac, count, &energy, d.leakage, d.area)
    }
}

/// Sample-and-hold of the columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleHoldSpec {
    /// Banks: 1, or 2 for sampling one plane while the last one is converted.
    pub banks: u8,
    /// Time to sample.
    pub latency: Latency,
    /// Energy of sampling one column.
    pub sample: Joule,
    /// Static power for one column of one bank.
    pub leakage: Watt,
    /// Area for one column of one bank.
    pub area: SquareMicron,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

impl SampleHoldSpec {
    /// Prices of the circuit of one column, `count` of them in a core.
    #[must_use]
    pub fn part(&self, count: usize) -> Part {
        Provenance { source: &self.source, assumed: &self.assumed }.part(
            PartKind::SampleHold,
            count,
            &[(Action::Sample, self.sample)],
            self.leakage,
            self.area,
        )
    }
}
