//! Priced storage: registers of a core, buffer of a tile, global buffer of the chip.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, DramSpec, GatingSpec, Part, PartKind, Provenance};
use crate::units::{Bytes, Joule, JoulePerByte, Latency, Second, SquareMicron, Watt};

/// Input or output register of a core.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterSpec {
    /// Capacity.
    pub capacity: Bytes,
    /// Time of one access.
    pub latency: Latency,
    /// Energy of reading.
    pub read: JoulePerByte,
    /// Energy of writing.
    pub write: JoulePerByte,
    /// Static power.
    pub leakage: Watt,
    /// Area.
    pub area: SquareMicron,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

impl RegisterSpec {
    /// Prices of the register as `kind`.
    #[must_use]
    pub fn part(&self, kind: PartKind) -> Part {
        read_write(kind, (self.read, self.write), self.leakage, self.area, (&self.source, &self.assumed))
    }
}

/// Technology of a buffer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum BufferSpec {
    /// Embedded DRAM; without `refresh` its refresh belongs to `leakage` and takes no time.
    Edram(BufferCard),
    /// Static RAM.
    Sram(BufferCard),
}

/// Memory at the edge of the chip.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum MemorySpec {
    /// On-chip buffer at the corner of the mesh: network inputs come from it, results go to it.
    GlobalBuffer(BufferCard),
    /// Dynamic memory beside the chip, with its controller at the corner of the mesh.
    Dram(DramSpec),
}

/// A buffer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BufferCard {
    /// Capacity.
    pub capacity: Bytes,
    /// Bytes that a port moves in each cycle.
    pub width: Bytes,
    /// Ports: accesses, each a read or a write, at a time; default 1.
    #[serde(default)]
    pub ports: Option<u32>,
    /// Refresh of a dynamic memory, which takes its ports and has a price; default: none of its own.
    #[serde(default)]
    pub refresh: Option<RefreshSpec>,
    /// Access time before the first byte.
    pub latency: Latency,
    /// Energy of reading.
    pub read: JoulePerByte,
    /// Energy of writing.
    pub write: JoulePerByte,
    /// Static power.
    pub leakage: Watt,
    /// Area.
    pub area: SquareMicron,
    /// Power and clock gates; default: none.
    #[serde(default)]
    pub gating: Option<GatingSpec>,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

/// Refresh of a memory as a whole: each `interval` nothing else happens in it for `duration`. An access is not cut
/// short; a refresh that finds one under way follows it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshSpec {
    /// Time from one refresh to the next: for how long the cells keep their charge.
    pub interval: Second,
    /// Time of one: rows that are refreshed one after the other times the cycle time of a row.
    pub duration: Latency,
    /// Energy of one.
    pub energy: Joule,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

impl BufferSpec {
    /// The card, and the name of the technology in the arch file.
    #[must_use]
    pub const fn card(&self) -> (&BufferCard, &'static str) {
        match self {
            Self::Edram(card) => (card, "edram"),
            Self::Sram(card) => (card, "sram"),
        }
    }
}

impl BufferCard {
    /// Prices of the buffer as `kind`.
    #[must_use]
    pub fn part(&self, kind: PartKind) -> Part {
        let mut part =
            read_write(kind, (self.read, self.write), self.leakage, self.area, (&self.source, &self.assumed));
        if let Some(refresh) = &self.refresh {
            let provenance = Provenance { source: &refresh.source, assumed: &refresh.assumed };
            part.energy.push((Action::Refresh, provenance.price("energy", refresh.energy)));
        }
        part.gated(self.gating.as_ref())
    }
}

/// A part that is counted in bytes read and bytes written.
fn read_write(
    kind: PartKind,
    (read, write): (JoulePerByte, JoulePerByte),
    leakage: Watt,
    area: SquareMicron,
    (source, assumed): (&str, &[String]),
) -> Part {
    let energy = [(Action::Read, Joule(read.si())), (Action::Write, Joule(write.si()))];
    Provenance { source, assumed }.part(kind, 1, &energy, leakage, area)
}
