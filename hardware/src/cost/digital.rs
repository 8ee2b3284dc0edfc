//! Priced digital logic: shift-and-add, vector unit, control.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, GatingSpec, Part, PartKind, Provenance};
use crate::units::{Hertz, Joule, Latency, SquareMicron, Watt};

/// Shift-and-add units behind the ADCs of a core.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftAddSpec {
    /// Units in each core; they share the core's codes.
    pub units: u32,
    /// Time of one addition.
    pub latency: Latency,
    /// Energy of adding one code.
    pub add: Joule,
    /// Static power of one unit.
    pub leakage: Watt,
    /// Area of one unit.
    pub area: SquareMicron,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

impl ShiftAddSpec {
    /// Prices of one unit.
    #[must_use]
    pub fn part(&self) -> Part {
        Provenance { source: &self.source, assumed: &self.assumed }.part(
            PartKind::ShiftAdd,
            self.units as usize,
            &[(Action::Add, self.add)],
            self.leakage,
            self.area,
        )
    }
}

/// The vector unit of a tile: partial sums, bias, requantisation, activations, pooling.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VectorSpec {
    /// Its own clock, a whole part of the chip's; default: the chip's. An operation starts at its edges.
    #[serde(default)]
    pub clock: Option<Hertz>,
    /// Operations in each cycle of its own clock.
    pub lanes: u32,
    /// Pipeline depth; cycles are those of its own clock.
    pub latency: Latency,
    /// Energy of one operation of one lane.
    pub operate: Joule,
    /// Static power of one lane.
    pub leakage: Watt,
    /// Area of one lane.
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

impl VectorSpec {
    /// Prices of one lane.
    #[must_use]
    pub fn part(&self) -> Part {
        Provenance { source: &self.source, assumed: &self.assumed }
            .part(
                PartKind::VectorUnit,
                self.lanes as usize,
                &[(Action::Operate, self.operate)],
                self.leakage,
                self.area,
            )
            .gated(self.gating.as_ref())
    }
}

/// Control logic of a tile; it costs power as long as the tile is on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlSpec {
    /// Power while the tile is on.
    pub leakage: Watt,
    /// Area.
    pub area: SquareMicron,
    /// Where the constants come from, or `assumed: reason`.
    pub source: String,
    /// Constants that the source does not cover.
    #[serde(default)]
    pub assumed: Vec<String>,
}

impl ControlSpec {
    /// Prices of the control logic of one tile.
    #[must_use]
    pub fn part(&self) -> Part {
        Provenance { source: &self.source, assumed: &self.assumed }.part(
            PartKind::Control,
            1,
            &[],
            self.leakage,
            self.area,
        )
    }
}
