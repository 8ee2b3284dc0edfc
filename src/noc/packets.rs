//! Packets on their way, and what nodes see of them.

/// Where a packet goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// One node.
    One(u32),
    /// Several nodes, by a tree of copies made in routers.
    Many(Vec<u32>),
}

/// Most flits of a packet of a trace or measurement: some seconds of simulation.
pub(super) const MAX_FLITS: u32 = 1 << 24;

/// A packet that a node wants to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Cycle in which it exists; not before that of the request before.
    pub created: u64,
    /// Where it goes.
    pub to: Destination,
    /// Its flits, from 1.
    pub flits: u32,
    /// What the node knows it by.
    pub tag: u64,
}

/// A packet that has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Who sent it.
    pub source: u32,
    /// Who received it.
    pub destination: u32,
    /// Cycle in which it came into being.
    pub created: u64,
    /// Cycle in which it stood first in the queue of its source.
    pub first: u64,
    /// Cycle in which its head left the source.
    pub injected: u64,
    /// Cycle in which its tail arrived.
    pub arrived: u64,
    /// Its flits.
    pub flits: u32,
    /// What its source knows it by.
    pub tag: u64,
    /// Routers that its head passed.
    pub hops: u16,
}

/// The nodes of a network: where packets come from and go to. What happens in one cycle is told in no particular order.
pub trait Endpoints {
    /// The next packet of a node, in order of creation. Asked again when the tail of the one before has left, and after
    /// `None` only when [`Network::wake`](super::Network::wake) says so.
    fn next(&mut self, node: u32) -> Option<Request>;
    /// The tail of a packet has left its source.
    fn sent(&mut self, _tag: u64, _cycle: u64) {}
    /// A flit has arrived.
    fn flit(&mut self, _node: u32, _cycle: u64) {}
    /// Whether it wants to see the flits on links between routers ([`Self::crosses`]).
    fn watches(&self) -> bool {
        false
    }
    /// A flit of a packet with this tag has won the crossbar of a router and leaves by the link behind a port.
    fn crosses(&mut self, _router: u32, _port: u32, _tag: u64, _cycle: u64) {}
    /// A packet has arrived whole.
    fn packet(&mut self, _arrival: &Arrival) {}
}

/// A packet in the network or first in the queue of its source.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Packet {
    pub(super) created: u64,
    pub(super) first: u64,
    pub(super) injected: u64,
    pub(super) tag: u64,
    pub(super) source: u32,
    pub(super) flits: u32,
    /// Flits that have not arrived.
    pub(super) left: u32,
}

/// What routers look at in a packet, by itself so that it is small.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Label {
    /// Its node, or the place of its set of nodes.
    pub(super) destination: u32,
    /// Whether it has a set of destinations.
    pub(super) several: bool,
    /// Routers that its head has left.
    pub(super) hops: u16,
}

/// Packets by number, numbers used again.
#[derive(Debug, Clone, Default)]
pub(super) struct Packets {
    list: Vec<Packet>,
    /// Of each packet.
    pub(super) labels: Vec<Label>,
    unused: Vec<u32>,
    /// Sets of destinations, one bit a node.
    sets: Vec<Vec<u64>>,
    unused_sets: Vec<u32>,
}

impl Packets {
    /// A new packet.
    pub(super) fn add(&mut self, packet: Packet, label: Label) -> u32 {
        if let Some(i) = self.unused.pop() {
            (self.list[i as usize], self.labels[i as usize]) = (packet, label);
            i
        } else {
            self.list.push(packet);
            self.labels.push(label);
            self.list.len() as u32 - 1
        }
    }
    pub(super) fn remove(&mut self, i: u32) {
        self.list[i as usize].left = 0;
        let Label { destination, several, .. } = self.labels[i as usize];
        if several {
            self.unused_sets.push(destination);
        }
        self.unused.push(i);
    }
    /// A set of nodes, and its place.
    pub(super) fn set(&mut self, nodes: usize, members: impl Iterator<Item = u32>) -> u32 {
        let place = self.unused_sets.pop().unwrap_or_else(|| {
            self.sets.push(Vec::new());
            self.sets.len() as u32 - 1
        });
        let set = &mut self.sets[place as usize];
        set.clear();
        set.resize(nodes.div_ceil(64), 0);
        for n in members {
            set[n as usize / 64] |= 1 << (n % 64);
        }
        place
    }
    /// Members of a set in order.
    pub(super) fn members(&self, set: u32) -> impl Iterator<Item = u32> + '_ {
        let words = &self.sets[set as usize];
        words.iter().enumerate().flat_map(|(w, &bits)| super::router::bits(bits).map(move |b| (w * 64 + b) as u32))
    }
    /// All packets that exist.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.list.iter().filter(|p| p.left > 0)
    }
}

impl std::ops::Index<u32> for Packets {
    type Output = Packet;
    #[inline]
    fn index(&self, i: u32) -> &Packet {
        &self.list[i as usize]
    }
}
impl std::ops::IndexMut<u32> for Packets {
    #[inline]
    fn index_mut(&mut self, i: u32) -> &mut Packet {
        &mut self.list[i as usize]
    }
}
