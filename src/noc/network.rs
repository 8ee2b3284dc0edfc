//! The network: its state, and a cycle of it.

use super::calendar::Calendar;
use super::matching::Matching;
use super::multicast::Branch;
use super::packets::{Endpoints, Packets};
use super::plain::Agenda;
use super::router::{Block, Vc, Wire, bits};
use super::source::Source;
use super::{Arrival, Fabric, Peer, Router};
use crate::diag::Result;
use crate::simd::{self, Body, Isa, Vectors};

/// A flit: the number of its packet, and whether it is its head and its tail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flit(u32);

impl Flit {
    pub(super) const fn new(packet: u32, head: bool, tail: bool) -> Self {
        Self(packet << 2 | (head as u32) << 1 | tail as u32)
    }
    pub(super) const fn packet(self) -> u32 {
        self.0 >> 2
    }
    pub(super) const fn head(self) -> bool {
        self.0 & 2 != 0
    }
    pub(super) const fn tail(self) -> bool {
        self.0 & 1 != 0
    }
    /// The same flit of a copy of its packet.
    pub(super) const fn of(self, packet: u32) -> Self {
        Self(packet << 2 | self.0 & 3)
    }
}

/// A network-on-chip in the middle of its work.
///
/// VCs of all routers have one number each: router << 6 | VC. Behind them, from `edge` on, come the VCs of nodes:
/// `edge` + node << 6 | VC. A link has the same number for the flits it brings and the credits it brings.
#[derive(Debug, Clone)]
pub struct Network {
    pub(super) fabric: Fabric,
    pub(super) settings: Router,
    pub(super) now: u64,
    pub(super) edge: u32,
    /// Bits of the number of a VC in its router, and of a place in a buffer, where flits are kept.
    slot_shift: u32,
    buffer_shift: u32,
    pub(super) blocks: Vec<Block>,
    /// Flits behind the first in the buffers of input VCs, a power of two of places each: see [`Self::seat`].
    flits: Vec<Flit>,
    /// The VCs of port 0.
    pub(super) of_port: u64,
    /// Port of a VC.
    pub(super) port_of: [u8; 64],
    /// Its number at the port.
    pub(super) vc_of: [u8; 64],
    /// VCs whose route is found in a cycle: by router and cycle modulo the stage.
    pub(super) route_due: Vec<u64>,
    pub(super) vc_due: Vec<u64>,
    pub(super) switch_due: Vec<u64>,
    /// VC that stands for an input port in the switch allocator: by input and output.
    pub(super) label: Vec<u8>,
    pub(super) matching: Matching,
    /// Copies of packets with several destinations: by input VC and output port, made when the first is sent.
    pub(super) branches: Vec<Branch>,
    /// Ports with a branch that has not sent its tail: by input VC.
    pub(super) under_way: Vec<u64>,
    /// Output VCs that branches still want: by input VC.
    pub(super) wishes: Vec<u64>,
    pub(super) awake: Vec<u64>,
    /// Routers that had work since turns were forgotten.
    pub(super) touched: Vec<u64>,
    /// Order in which routers are visited; by number where there is none.
    order: Option<Vec<u32>>,
    /// Routers that are visited in this cycle.
    pub(super) visited: Vec<u32>,
    /// What they have to do, where they are plain.
    pub(super) agenda: Agenda,
    isa: Isa,
    pub(super) sources: Vec<Source>,
    /// Free places in the buffer of its router: by node and VC.
    pub(super) source_credits: Vec<u16>,
    /// Cycle from which a source has something to send.
    pub(super) ready: Vec<u64>,
    /// Flits on their way to routers, and to nodes.
    pub(super) arriving: Calendar<(u32, Flit)>,
    pub(super) leaving: Calendar<(u32, Flit)>,
    pub(super) credits: Calendar<u32>,
    pub(super) packets: Packets,
    pub(super) injected: u64,
    pub(super) ejected: u64,
    /// Flits that exist more by copies in routers.
    pub(super) copied: u64,
}

/// A cycle of plain routers, with the bit instructions of the processor.
struct Visits<'a>(&'a mut Network);

impl Body for Visits<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Vectors>(self, _: L) {
        self.0.visit_plain();
    }
}

impl Network {
    /// An empty network of a fabric.
    ///
    /// # Errors
    /// R170 for settings out of range, see [`Router::check`].
    pub fn new(fabric: Fabric, settings: Router) -> Result<Self> {
        settings.check()?;
        let (routers, ports, vcs) = (fabric.routers, fabric.ports, fabric.vcs);
        let edge = (routers << 6) as u32;
        let slot_shift = (ports * vcs).next_power_of_two().trailing_zeros();
        let buffer_shift = settings.buffer.next_power_of_two().trailing_zeros();
        let links = fabric.peers.iter().filter(|p| **p != Peer::Open).count() + fabric.nodes;
        let longest = fabric.latency.iter().copied().max().unwrap_or(1);
        let every = (0..ports).fold(0, |m, p| m | fabric.on(p));
        let (mut port_of, mut vc_of) = ([0; 64], [0; 64]);
        for k in 0..ports * vcs {
            (port_of[k], vc_of[k]) = ((k / vcs) as u8, (k % vcs) as u8);
        }
        let mut blocks = vec![Block::new(every, settings.buffer as u16); routers];
        for (i, (peer, &cycles)) in fabric.peers.iter().zip(&fabric.latency).enumerate() {
            let (ahead, read) = match *peer {
                Peer::Open => (u32::MAX, 0),
                Peer::Router { router, port } => ((router << 6) + port * vcs as u32, settings.credit_delay),
                Peer::Node(n) => (edge + (n << 6), 0),
            };
            blocks[i / ports].wires[i % ports] =
                Wire { ahead, flit: settings.traversal + 1 + cycles, credit: 1 + cycles + read };
        }
        Ok(Self {
            edge,
            slot_shift,
            buffer_shift,
            blocks,
            flits: vec![Flit::default(); routers << slot_shift << buffer_shift],
            of_port: fabric.on(0),
            port_of,
            vc_of,
            route_due: vec![0; routers * settings.routing as usize],
            vc_due: vec![0; routers * settings.vc_allocation as usize],
            switch_due: vec![0; routers * settings.switch_allocation as usize],
            label: vec![0; ports * ports],
            matching: Matching::new(),
            branches: Vec::new(),
            under_way: Vec::new(),
            wishes: Vec::new(),
            awake: vec![0; routers.div_ceil(64)],
            touched: vec![0; routers.div_ceil(64)],
            order: None,
            visited: Vec::with_capacity(routers),
            agenda: Agenda::new(routers),
            isa: Isa::best(),
            sources: vec![Source::new(vcs); fabric.nodes],
            source_credits: vec![settings.buffer as u16; fabric.nodes * vcs],
            ready: vec![0; fabric.nodes],
            arriving: Calendar::new(settings.traversal + 1 + longest, links),
            leaving: Calendar::new(settings.traversal + 1 + longest, fabric.nodes),
            credits: Calendar::new(1 + longest + settings.credit_delay, links),
            packets: Packets::default(),
            injected: 0,
            ejected: 0,
            copied: 0,
            now: 0,
            fabric,
            settings,
        })
    }

    /// Visits routers in another order, each of them once; results are the same.
    ///
    /// # Panics
    /// If a router is missing or there twice.
    pub fn visit_in(&mut self, order: Vec<u32>) {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..self.fabric.routers as u32), "every router is visited once");
        self.order = Some(order);
    }
    /// The cycle that comes next.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }
    /// What it was made of.
    #[must_use]
    pub const fn fabric(&self) -> &Fabric {
        &self.fabric
    }
    /// Flits that went over the link behind a port.
    #[must_use]
    pub fn carried(&self, router: usize, port: usize) -> u64 {
        self.blocks[router].carried[port]
    }
    /// Flits that sources have sent, copies that routers have made, flits that nodes have received.
    #[must_use]
    pub const fn counted(&self) -> (u64, u64, u64) {
        (self.injected, self.copied, self.ejected)
    }
    /// Where a flit behind the first in the buffer of an input VC stands: by router, place and VC, so that buffers of
    /// few flits share lines of the cache.
    #[inline(always)]
    const fn seat(&self, r: usize, k: usize, place: u16) -> usize {
        let place = place as usize & ((1 << self.buffer_shift) - 1);
        (r << self.buffer_shift | place) << self.slot_shift | k
    }
    /// Flit `n` of the buffer of an input VC, from 0.
    pub(super) fn flit(&self, r: usize, k: usize, n: u16) -> Flit {
        let Vc { front, second, .. } = self.blocks[r].vcs[k & 63];
        match n {
            0 => front,
            _ => self.flits[self.seat(r, k, second.wrapping_add(n - 1))],
        }
    }
    /// Output VCs that the packet at the front of an input VC may take.
    #[inline(always)]
    pub(super) fn wish<const PLAIN: bool>(&self, r: usize, k: usize) -> u64 {
        let block = &self.blocks[r];
        if !PLAIN && block.state.multicast & (1 << k) != 0 {
            return self.wishes[r << 6 | k];
        }
        self.fabric.set(block.vcs[k & 63].wish)
    }
    /// Whether no flit is in a router or on a link.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.injected + self.copied == self.ejected
    }

    /// One cycle: flits and credits arrive, sources send, routers work. Neither sees what another does in it.
    pub fn step(&mut self, nodes: &mut impl Endpoints) {
        self.arrive(nodes);
        self.work(nodes);
    }

    /// Credits and flits of a cycle arrive.
    #[inline(always)]
    pub(super) fn arrive(&mut self, nodes: &mut impl Endpoints) {
        let now = self.now;
        let mut day = self.credits.take(now);
        for &to in &day {
            self.credit(to);
        }
        self.credits.give_back(now, std::mem::take(&mut day));
        let day = self.arriving.take(now);
        for &(to, flit) in &day {
            self.receive(to, flit);
        }
        self.arriving.give_back(now, day);
        let day = self.leaving.take(now);
        for &(to, flit) in &day {
            self.eject(to - self.edge, flit, nodes);
        }
        self.leaving.give_back(now, day);
    }

    /// Sources and routers do what they have to do in a cycle; then it is over.
    #[inline(always)]
    pub(super) fn work(&mut self, nodes: &mut impl Endpoints) {
        self.send(nodes);
        if self.is_plain() {
            simd::run(self.isa, Visits(self))
        } else {
            let visited = self.rouse();
            visited.iter().for_each(|r| self.visit(*r as usize));
            self.visited = visited;
        }
        if nodes.watches() {
            self.show(nodes);
        }
        self.now += 1;
    }

    /// Routers that have something to do in this cycle, in the order in which they are visited. They fall asleep.
    #[inline(always)]
    pub(super) fn rouse(&mut self) -> Vec<u32> {
        let mut visited = std::mem::take(&mut self.visited);
        visited.clear();
        match &self.order {
            Some(order) => {
                visited.extend(order.iter().filter(|r| self.awake[**r as usize / 64] & (1 << (*r % 64)) != 0))
            }
            None => (0u32..).zip(&self.awake).for_each(|(w, awake)| {
                visited.extend(bits(*awake).map(|b| w * 64 + b as u32));
            }),
        }
        for (touched, awake) in self.touched.iter_mut().zip(&mut self.awake) {
            *touched |= std::mem::take(awake);
        }
        visited
    }

    /// A credit comes back: to a router, or to a source.
    #[inline(always)]
    fn credit(&mut self, to: u32) {
        if to >= self.edge {
            return self.source_credit(to - self.edge);
        }
        let (r, j) = ((to >> 6) as usize, to as usize & 63);
        let block = &mut self.blocks[r];
        let (state, vc) = (&mut block.state, &mut block.vcs[j]);
        vc.credits += 1;
        let bit = 1 << j;
        let mut news = vc.credits == 1;
        if news {
            state.stocked |= bit;
            if (state.free | state.closing) & bit == 0 {
                state.credited |= 1 << vc.owner & state.active & !state.multicast;
            }
        }
        if state.closing & bit != 0 && vc.credits as usize == self.settings.buffer {
            state.closing &= !bit;
            state.free |= bit;
            news = true;
        }
        // most credits come to a VC that has others: they change nothing for anybody who waits
        if news {
            self.wake_router(r);
        }
    }

    #[inline]
    pub(super) fn wake_router(&mut self, r: usize) {
        self.awake[r / 64] |= 1 << (r % 64);
    }

    /// A flit enters the buffer of an input VC.
    #[inline(always)]
    pub(super) fn receive(&mut self, to: u32, flit: Flit) {
        let (r, k) = ((to >> 6) as usize, to as usize & 63);
        let vc = &mut self.blocks[r].vcs[k];
        debug_assert!((vc.len as usize) < self.settings.buffer, "credits keep a buffer from overflowing");
        vc.len += 1;
        if vc.len == 1 {
            vc.front = flit;
        } else {
            let place = vc.second.wrapping_add(vc.len - 2);
            let seat = self.seat(r, k, place);
            self.flits[seat] = flit;
        }
        let state = &mut self.blocks[r].state;
        let bit = 1 << k;
        state.filled |= bit;
        if (state.routing | state.seeking | state.active) & bit == 0 {
            debug_assert!(flit.head(), "an idle VC begins with a head");
            self.begin(r, k, flit, self.now);
        }
        self.wake_router(r);
    }

    /// A flit leaves the network.
    #[inline]
    fn eject(&mut self, to: u32, flit: Flit, nodes: &mut impl Endpoints) {
        let (node, vc) = (to >> 6, to & 63);
        self.ejected += 1;
        let (router, port) = self.fabric.homes[node as usize];
        let back =
            1 + self.fabric.latency[router as usize * self.fabric.ports + port as usize] + self.settings.credit_delay;
        self.credits.enter(self.now + u64::from(back), (router << 6) + port * self.fabric.vcs as u32 + vc);
        nodes.flit(node, self.now);
        let label = self.packets.labels[flit.packet() as usize];
        let packet = &mut self.packets[flit.packet()];
        packet.left -= 1;
        if flit.tail() {
            debug_assert!(packet.left == 0, "a packet arrives whole");
            let arrival = Arrival {
                source: packet.source,
                destination: label.destination,
                created: packet.created,
                first: packet.first,
                injected: packet.injected,
                arrived: self.now,
                flits: packet.flits,
                tag: packet.tag,
                hops: label.hops,
            };
            self.packets.remove(flit.packet());
            nodes.packet(&arrival);
        }
    }
}
