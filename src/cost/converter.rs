//! Priced parts at the edges of a crossbar: row DACs, sample-and-hold. Column ADCs: `circuit::converter`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, Part, PartKind, Provenance};
use crate::tensor::SignedInputs;
use crate::units::{Joule, Latency, SquareMicron, Watt};

/// Digital-to-analog converters that drive the word lines.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum DacSpec {
    /// Inputs are applied digit by digit, lowest first; each digit is a voltage level.
    BitSerial(BitSerialDac),
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
    /// Settling time.
    pub latency: Latency,
    /// Energy of one row driven for one digit.
    pub drive: Joule,
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

impl DacSpec {
    /// The only kind there is so far.
    #[must_use]
    pub const fn bit_serial(&self) -> &BitSerialDac {
        let Self::BitSerial(dac) = self;
        dac
    }
    /// Prices of one DAC, `count` of them in a core.
    #[must_use]
    pub fn part(&self, count: usize) -> Part {
        let d = self.bit_serial();
        Provenance { source: &d.source, assumed: &d.assumed }.part(
            PartKind::Dac,
            count,
            &[(Action::Drive, d.drive)],
            d.leakage,
            d.area,
        )
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
