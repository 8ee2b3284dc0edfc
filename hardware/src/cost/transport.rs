//! Priced transport: bus of a tile, routers and links of the mesh.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Action, GatingSpec, Part, PartKind, Provenance};
use crate::units::{Bytes, Hertz, Joule, JoulePerByte, Latency, SquareMicron, Watt};

/// The bus between the buffer and the cores of a tile.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BusSpec {
    /// Its own clock, a whole part of the chip's; default: the chip's. A transfer begins and ends at its edges.
    #[serde(default)]
    pub clock: Option<Hertz>,
    /// Bytes moved in each cycle.
    pub width: Bytes,
    /// Time from grant to first byte; cycles are those of its own clock.
    pub latency: Latency,
    /// Energy of moving data.
    pub transfer: JoulePerByte,
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

impl BusSpec {
    /// Prices of the bus of one tile.
    #[must_use]
    pub fn part(&self) -> Part {
        Provenance { source: &self.source, assumed: &self.assumed }
            .part(PartKind::Bus, 1, &[(Action::Transfer, Joule(self.transfer.si()))], self.leakage, self.area)
            .gated(self.gating.as_ref())
    }
}

/// The network between tiles.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum NocSpec {
    /// Two-dimensional mesh with one router at each tile, x before y.
    Mesh(MeshSpec),
}

impl NocSpec {
    /// The only kind there is so far.
    #[must_use]
    pub const fn mesh(&self) -> &MeshSpec {
        let Self::Mesh(mesh) = self;
        mesh
    }
}

/// A mesh.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeshSpec {
    /// Size of a flit; a link moves one in each cycle.
    pub flit: Bytes,
    /// Flits that a router buffers at each input; with `fidelity: flit`, in each of its virtual channels.
    pub buffer_flits: u32,
    /// How messages cross the mesh in a run; default: `link`.
    #[serde(default)]
    pub fidelity: Option<MeshFidelity>,
    /// Virtual channels of a router input, 1 to 12; only with `fidelity: flit`; default: 4 (assumed).
    #[serde(default)]
    pub virtual_channels: Option<u32>,
    /// How flits are matched with virtual channels and with the crossbar of a router; only with `fidelity: flit`;
    /// default: `islip` (assumed).
    #[serde(default)]
    pub allocator: Option<MeshAllocator>,
    /// The router of a tile.
    pub router: RouterSpec,
    /// A link between neighbours, one direction.
    pub link: LinkSpec,
}

/// How messages cross the mesh in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum MeshFidelity {
    /// Message by message: each reserves one link after the other for all its flits.
    #[default]
    Link,
    /// Flit by flit: virtual-channel wormhole routers with credits.
    Flit,
}

/// How requests are matched in a router of the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum MeshAllocator {
    /// iSLIP of one iteration: resources grant, requesters accept, both round-robin.
    #[default]
    Islip,
    /// Separable, input first, round-robin.
    RoundRobin,
}

/// A router.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouterSpec {
    /// Time through the router.
    pub latency: Latency,
    /// Energy of one flit passing.
    pub route: Joule,
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

/// A link.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkSpec {
    /// Time over the link.
    pub latency: Latency,
    /// Energy of one flit passing.
    pub traverse: Joule,
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

impl RouterSpec {
    /// Prices of one router.
    #[must_use]
    pub fn part(&self) -> Part {
        Provenance { source: &self.source, assumed: &self.assumed }.part(
            PartKind::Router,
            1,
            &[(Action::Route, self.route)],
            self.leakage,
            self.area,
        )
    }
}

impl LinkSpec {
    /// Prices of one link.
    #[must_use]
    pub fn part(&self) -> Part {
        Provenance { source: &self.source, assumed: &self.assumed }
            .part(PartKind::Link, 1, &[(Action::Traverse, self.traverse)], self.leakage, self.area)
            .gated(self.gating.as_ref())
    }
}
