//! Prices of hardware parts: energy of each action, leakage, area, each with its source.

mod actions;
mod adc_kind;
pub mod adc_law;
mod chip_link;
mod converter;
mod digital;
mod dram;
mod gating;
mod leakage_law;
mod node;
mod provenance;
mod storage;
mod transport;

pub use actions::{ACTIONS, Action, ActionRow, CountedBy, PartKind};
pub use adc_kind::{AdcKind, Cycles};
pub use chip_link::{ChipLinkSpec, SerialLink};
pub use converter::{BitSerialDac, DacMismatch, DacSpec, SampleHoldSpec};
pub use digital::{ControlSpec, ShiftAddSpec, VectorSpec};
pub use dram::{DramSpec, DramTimes};
pub use gating::{ClockTreeSpec, Gating, GatingSpec, PowerGateSpec, PowerGating};
pub use leakage_law::LeakageTemperature;
pub use node::{Node, NodeFactors, NodeScaling, Process};
pub use provenance::Provenance;
pub use storage::{BufferCard, BufferSpec, MemorySpec, RefreshSpec, RegisterSpec};
pub use transport::{BusSpec, LinkSpec, MeshAllocator, MeshFidelity, MeshSpec, NocSpec, RouterSpec};

use crate::units::{Joule, SquareMicron, Watt};

/// Where a number comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A publication, data sheet or table.
    Cited(String),
    /// Nobody's number but ours, with the reasoning.
    Assumed(String),
}

impl Source {
    /// Whether the number rests on an assumption.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        matches!(self, Self::Assumed(_))
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cited(text) => f.write_str(text),
            Self::Assumed(why) => write!(f, "assumed: {why}"),
        }
    }
}

/// A number with its source.
#[derive(Debug, Clone, PartialEq)]
pub struct Price<T> {
    /// The number.
    pub value: T,
    /// Its source.
    pub source: Source,
}

/// One hardware part and what it costs. Energies are per action as counted by [`ACTIONS`].
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Energy of each of its actions.
    pub energy: Vec<(Action, Price<Joule>)>,
    /// Static power of one instance.
    pub leakage: Price<Watt>,
    /// Area of one instance.
    pub area: Price<SquareMicron>,
    /// Instances for each owner (core, tile, mesh node).
    pub count: usize,
    /// Gates, if it has any.
    pub gating: Option<Gating>,
}

impl Part {
    /// The price of one action, if the part has it.
    #[must_use]
    pub fn price(&self, action: Action) -> Option<&Price<Joule>> {
        self.energy.iter().find(|(a, _)| *a == action).map(|(_, p)| p)
    }
}
