//! What a traced run wrote down: who held which part from when to when, how full the buffers were, what the stages
//! waited for. All times are cycles of the chip.
//!
//! A *message* is one job of a route: the bytes that a stage moves for one output position (or the vector operation on
//! them). It holds the parts of its way one after the other; [`Hold::route`] and [`Hold::job`] join what belongs
//! together. Nobody overtakes on a route, so that the `n`-th grant of each part is the `n`-th job. What of its way
//! leads over the mesh has a beginning and an end of its own ([`MessageTime`]).

use super::timeline::{Owner, StallCause};
use crate::arch::{TileId, XbarId};
use crate::cost::PartKind;
use crate::id::Id;
use crate::noc::{Trace, TracePacket};
use crate::sched::{ChannelId, Machine, StageId};

/// The records of a traced run; empty of any other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    /// The parts that work for one job at a time.
    pub servers: Vec<TracedServer>,
    /// The ways of messages.
    pub routes: Vec<TracedRoute>,
    /// Every hold of every server; those of one server follow one another in time. Of a mesh that runs flit by flit a
    /// link is held while flits of a message follow one another without a gap: a message may hold it several times.
    pub holds: Vec<Hold>,
    /// Every change of the number of positions in a buffer, in time order.
    pub fillings: Vec<Filling>,
    /// Every time that a stage stood still, in the order in which they ended.
    pub stalls: Vec<Stall>,
    /// The cycle from which nothing is written down any more, because there were too many records; before it all is.
    pub cut: Option<u64>,
    /// Course of every message over the mesh, in order of its start, also of those behind the cut.
    pub messages: Vec<MessageTime>,
    /// The cycle from which messages are left out, because there were more than four million; before it all are there.
    pub messages_cut: Option<u64>,
}

/// A part that works for one job at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TracedServer {
    /// Whose part.
    pub owner: Owner,
    /// Which part.
    pub part: PartKind,
    /// Number among the equal parts of its owner (links of a chip: those to the east, then those to the west).
    pub lane: u32,
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Input of a position into the input register of a crossbar.
    Load {
        /// The crossbar.
        xbar: XbarId,
    },
    /// Operands of a digital stage from its buffer, or a position of a network input from the global buffer.
    Read,
    /// Result of a crossbar to the vector unit.
    Result {
        /// The crossbar.
        xbar: XbarId,
    },
    /// Vector operation of a stage.
    Operate,
    /// A position into the buffer of a channel.
    Deliver {
        /// The channel.
        channel: ChannelId,
    },
    /// A position of the network output into the global buffer.
    Store,
}

impl Errand {
    /// One word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Load { .. } => "load",
            Self::Read => "read",
            Self::Result { .. } => "result",
            Self::Operate => "operate",
            Self::Deliver { .. } => "deliver",
            Self::Store => "store",
        }
    }
}

/// The way of the messages of one errand of one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TracedRoute {
    /// The stage.
    pub stage: StageId,
    /// What for.
    pub errand: Errand,
    /// Bytes of a message; lane operations of a vector operation.
    pub amount: u64,
    /// Output position of the first job, and from one job to the next (copies of a layer take positions in turn).
    pub first: u64,
    /// See `first`.
    pub step: u64,
    /// Output positions of the stage in a sample.
    pub positions: u64,
}

/// A part that was held for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Index of the part in [`Recording::servers`].
    pub server: u32,
    /// Index of the way in [`Recording::routes`].
    pub route: u32,
    /// Number of the job on its way.
    pub job: u64,
    /// Cycle of the grant; of a mesh that runs flit by flit, of the first flit on the link.
    pub from: u64,
    /// Cycle of the release; not later than the next grant.
    pub until: u64,
}

/// How full a buffer became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filling {
    /// The channel.
    pub channel: ChannelId,
    /// The cycle.
    pub cycle: u64,
    /// Producer positions in the buffer from then on.
    pub held: u64,
}

/// A time in which the next position of a stage waited for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// The stage.
    pub stage: StageId,
    /// What it waited for.
    pub cause: StallCause,
    /// First cycle.
    pub from: u64,
    /// First cycle after it.
    pub until: u64,
}

/// The course of one message over the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageTime {
    /// The stage that sends it.
    pub stage: StageId,
    /// Tile that it comes from.
    pub from: TileId,
    /// Tile that it goes to; perhaps the same, by way of its router.
    pub to: TileId,
    /// Its flits.
    pub flits: u64,
    /// Cycle in which it was offered to the mesh.
    pub start: u64,
    /// Cycle in which its last flit had arrived.
    pub end: u64,
}

impl Recording {
    /// Sample and output position that a job of a route is for.
    #[must_use]
    pub fn position(&self, route: u32, job: u64) -> (u64, u64) {
        let r = &self.routes[route as usize];
        let all = r.first + job * r.step;
        (all / r.positions, all % r.positions)
    }

    /// The messages as packets that [`crate::noc::replay`] sends again: the node of a tile is its place on the mesh,
    /// row by row, chips side by side on one mesh. A message without bytes is no packet.
    #[must_use]
    pub fn packets(&self, machine: &Machine) -> Trace {
        let node = |tile: TileId| {
            let t = &machine.tiles[tile];
            (t.y * machine.mesh.grid[0] + t.x) as u32
        };
        let sent = self.messages.iter().filter(|m| m.flits > 0);
        let packet = |m: &MessageTime| TracePacket {
            cycle: m.start,
            source: node(m.from),
            destinations: vec![node(m.to)],
            flits: u32::try_from(m.flits).unwrap_or(u32::MAX),
        };
        Trace { packets: sent.map(packet).collect() }
    }

    /// Puts the records of a later part of a network behind these: `begin` cycles later, its stages and channels behind
    /// `stages` and `channels` others. Parts of the chip are the same. Behind a cut nothing is taken over.
    pub fn append(&mut self, later: Self, stages: usize, channels: usize, begin: u64) {
        let routes = self.routes.len() as u32;
        let stage = |id: StageId| StageId::new(id.index() + stages);
        let channel = |id: ChannelId| ChannelId::new(id.index() + channels);
        self.servers = later.servers;
        self.routes.extend(later.routes.into_iter().map(|r| TracedRoute {
            stage: stage(r.stage),
            errand: match r.errand {
                Errand::Deliver { channel: c } => Errand::Deliver { channel: channel(c) },
                other => other,
            },
            ..r
        }));
        if self.messages_cut.is_none() {
            self.messages_cut = later.messages_cut.map(|c| c + begin);
            let moved =
                |m: MessageTime| MessageTime { stage: stage(m.stage), start: m.start + begin, end: m.end + begin, ..m };
            self.messages.extend(later.messages.into_iter().map(moved));
        }
        if self.cut.is_some() {
            return;
        }
        self.cut = later.cut.map(|c| c + begin);
        let moved = |h: Hold| Hold { route: h.route + routes, from: h.from + begin, until: h.until + begin, ..h };
        self.holds.extend(later.holds.into_iter().map(moved));
        let moved = |f: Filling| Filling { channel: channel(f.channel), cycle: f.cycle + begin, ..f };
        self.fillings.extend(later.fillings.into_iter().map(moved));
        let moved = |s: Stall| Stall { stage: stage(s.stage), from: s.from + begin, until: s.until + begin, ..s };
        self.stalls.extend(later.stalls.into_iter().map(moved));
    }
}
