//! Where something is drawn: a process for the layers, the buffers between them, the global buffer, each tile and each
//! chip, in it a track for each component, in an order in which a position passes them.

use crate::arch::{Chip, CoreId, TileId, XbarId};
use crate::cost::PartKind;
use crate::id::Id;
use crate::sched::{Program, StageId};
use crate::sim::{Owner, TracedServer};

/// A group of tracks, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// What the layers do.
    Layers,
    /// What stands in the buffers between them; counters, no tracks.
    Buffers,
    /// The global buffer.
    Memory,
    /// A tile.
    Tile(TileId),
    /// Links of a chip to its neighbours.
    Chip(usize),
}

/// A component of a group, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Component {
    /// A layer.
    Layer(StageId, Course),
    /// A port, bus, vector unit: its rank, what it is, and its number among equal ones.
    Part(u8, PartKind, u32),
    /// A crossbar.
    Xbar(CoreId, XbarId, Spot),
    /// A link of the mesh to a neighbour.
    Link(TileId),
}

/// Which course of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Course {
    /// Its positions in work.
    Works,
    /// What it waits for.
    Waits,
}

/// Where in a crossbar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    /// Vectors in the input register that no front end has begun.
    Input,
    /// MVMs from their first front end until the output register has the result.
    Mvm,
    /// Results in the output register that the bus has not moved yet.
    Output,
}

/// Where something is drawn.
pub(super) type Place = (Group, Component);

/// The place of a part that messages hold.
pub(super) fn place(server: &TracedServer) -> Place {
    let rank = match server.part {
        PartKind::Buffer => 0,
        PartKind::Bus => 1,
        PartKind::VectorUnit => 2,
        _ => 3,
    };
    let part = Component::Part(rank, server.part, server.lane);
    match server.owner {
        Owner::Memory => (Group::Memory, part),
        Owner::Tile(t) => (Group::Tile(t), part),
        Owner::Link(from, to) => (Group::Tile(from), Component::Link(to)),
        Owner::Chip(c) => (Group::Chip(c), part),
        // crossbars and cores are no servers; should they be, they are drawn beside the layers
        Owner::Xbar(_) | Owner::Core(_) => (Group::Layers, part),
    }
}

/// Names of places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) chip: &'a Chip,
    pub(super) program: &'a Program,
}

impl Names<'_> {
    /// Name of a group.
    pub(super) fn group(&self, group: Group) -> String {
        match group {
            Group::Layers => "layers".into(),
            Group::Buffers => "buffers between layers".into(),
            Group::Memory => "global buffer".into(),
            Group::Tile(t) => {
                let at = self.chip.tiles.get(t).map_or_else(String::new, |p| format!(" (column {}, row {})", p.x, p.y));
                match self.chip.chips {
                    1 => format!("tile {}{at}", t.index()),
                    _ => format!("chip {}, tile {}{at}", self.chip.chip_of(t), t.index()),
                }
            }
            Group::Chip(c) => format!("chip {c} to its neighbours"),
        }
    }
    /// Name of a component within its group.
    pub(super) fn component(&self, component: Component) -> String {
        let layer = |s: StageId| self.program.stages[s].name.as_str();
        let xbar = |core: CoreId, xbar: XbarId| {
            let (core, xbar) = (&self.chip.cores[core], &self.chip.xbars[xbar]);
            format!("core {} crossbar {}", core.index, xbar.index)
        };
        match component {
            Component::Layer(s, Course::Works) => layer(s).into(),
            Component::Layer(s, Course::Waits) => format!("{}: waits", layer(s)),
            Component::Part(_, PartKind::Buffer, _) => "buffer port".into(),
            Component::Part(_, PartKind::Bus, _) => "bus".into(),
            Component::Part(_, PartKind::VectorUnit, _) => "vector unit".into(),
            Component::Part(_, PartKind::Memory, _) => "port".into(),
            Component::Part(_, PartKind::ChipLink, lane) => format!("link {lane}"),
            Component::Part(_, other, lane) => format!("{} {lane}", other.name()),
            Component::Xbar(c, x, Spot::Input) => format!("{}: input", xbar(c, x)),
            Component::Xbar(c, x, Spot::Mvm) => xbar(c, x),
            Component::Xbar(c, x, Spot::Output) => format!("{}: output", xbar(c, x)),
            Component::Link(to) => format!("link to tile {}", to.index()),
        }
    }
}
