//! Priced links between chips that stand in a row.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, Part, PartKind, Provenance};
use crate::units::{ByteRate, Joule, JoulePerByte, Latency, SquareMicron, Watt};

/// Links of a chip to its neighbours.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ChipLinkSpec {
    /// Serial point-to-point links at the east and west side of a chip, half of them on each.
    Serial(SerialLink),
}

/// Serial links. A message is gathered at the gateway before it is sent, and moves at the rate of one link.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SerialLink {
    /// Links of one chip; half of them (at least one) lead to each neighbour. Mesh rows share them in turn.
    pub links: u32,
    /// Data rate of one link in each direction.
    pub bandwidth: ByteRate,
    /// Time from the first byte sent to the first byte received.
    pub latency: Latency,
    /// Energy of moving data.
    pub transfer: JoulePerByte,
    /// Static power of one link.
    pub leakage: Watt,
    /// Area of one link.
    pub area: SquareMicron,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

impl ChipLinkSpec {
    /// The only kind there is so far.
    #[must_use]
    pub const fn serial(&self) -> &SerialLink {
        let Self::Serial(link) = self;
        link
    }
    /// Prices of the links of one chip.
    #[must_use]
    pub fn part(&self) -> Part {
        let l = self.serial();
        let energy = [(Action::Transfer, Joule(l.transfer.si()))];
        let provenance = Provenance { source: &l.source, assumed: &l.assumed };
        provenance.part(PartKind::ChipLink, l.links as usize, &energy, l.leakage, l.area)
    }
}
