//! Sources: unbounded queues of packets, of which only the first is held; the rest is asked for when its turn comes.
//!
//! A head takes the next free VC with a credit after the one taken last; each cycle one flit leaves.

use super::Network;
use super::network::Flit;
use super::packets::{Destination, Endpoints, Label, Packet};
use super::router::{bits, first_from};

/// What a node has to send.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The packet in hand.
    pub(super) packet: u32,
    /// Flits of it that have not left.
    left: u32,
    /// VC of the packet in hand, once its head has left; of the one before until then.
    vc: u8,
    /// Whether the head has left.
    begun: bool,
    /// VCs of the router's input port, as in [`State`](super::router::State).
    pub(super) free: u64,
    pub(super) stocked: u64,
    closing: u64,
    /// VCs in all.
    vcs: u8,
}

impl Source {
    pub(super) const fn new(vcs: usize) -> Self {
        let all = if vcs >= 64 { u64::MAX } else { (1 << vcs) - 1 };
        let vcs = vcs as u8;
        Self { packet: 0, left: 0, vc: vcs - 1, begun: false, free: all, stocked: all, closing: 0, vcs }
    }
}

impl Source {
    /// Whether it has a packet in hand.
    pub(super) const fn holds(&self) -> bool {
        self.left > 0
    }
    /// The next packet takes the first VC that is free.
    pub(super) const fn forget(&mut self) {
        self.vc = self.vcs - 1;
    }
    /// Writes down all but the packet.
    pub(super) fn state(&self, out: &mut Vec<u64>) {
        out.extend([u64::from(self.left), u64::from(self.vc), u64::from(self.begun)]);
        out.extend([self.free, self.stocked, self.closing]);
    }
}

impl Network {
    /// Asks a node again that had no next packet.
    pub fn wake(&mut self, node: u32) {
        if self.sources[node as usize].left == 0 {
            self.ready[node as usize] = self.ready[node as usize].min(self.now);
        }
    }

    #[inline]
    pub(super) fn source_credit(&mut self, to: u32) {
        let (node, vc) = ((to >> 6) as usize, to as usize & 63);
        let credits = &mut self.source_credits[node * self.fabric.vcs + vc];
        *credits += 1;
        let source = &mut self.sources[node];
        source.stocked |= 1 << vc;
        if source.closing & (1 << vc) != 0 && *credits as usize == self.settings.buffer {
            source.closing &= !(1 << vc);
            source.free |= 1 << vc;
        }
    }

    /// Every source that can sends a flit.
    pub(super) fn send(&mut self, nodes: &mut impl Endpoints) {
        for first in (0..self.ready.len()).step_by(64) {
            let some = &self.ready[first..self.ready.len().min(first + 64)];
            let ready = some.iter().rev().fold(0, |set, ready| set << 1 | u64::from(*ready <= self.now));
            for n in bits(ready) {
                self.send_from(first + n, nodes);
            }
        }
    }

    fn send_from(&mut self, n: usize, nodes: &mut impl Endpoints) {
        if self.sources[n].left == 0 {
            self.fetch(n, self.now, nodes);
            if self.ready[n] > self.now {
                return;
            }
        }
        let source = &mut self.sources[n];
        let head = !source.begun;
        if head {
            let open = source.free & source.stocked;
            if open == 0 {
                return;
            }
            source.vc = first_from(open, source.vc + 1) as u8;
            source.free &= !(1 << source.vc);
            source.begun = true;
            self.packets[source.packet].injected = self.now;
        } else if source.stocked & (1 << source.vc) == 0 {
            return;
        }
        source.left -= 1;
        let (vc, tail, packet) = (source.vc, source.left == 0, source.packet);
        let credits = &mut self.source_credits[n * self.fabric.vcs + vc as usize];
        *credits -= 1;
        if *credits == 0 {
            source.stocked &= !(1 << vc);
        }
        if tail {
            source.begun = false;
            if self.settings.wait_for_tail_credit { source.closing |= 1 << vc } else { source.free |= 1 << vc }
        }
        let (router, port) = self.fabric.homes[n];
        let wire = self.fabric.latency[router as usize * self.fabric.ports + port as usize];
        let to = (router << 6) + port * self.fabric.vcs as u32 + u32::from(vc);
        let flit = Flit::new(packet, head, tail);
        if self.fabric.seated {
            self.receive(to, flit);
        } else {
            self.arriving.enter(self.now + 1 + u64::from(wire), (to, flit));
        }
        self.injected += 1;
        if tail {
            nodes.sent(self.packets[packet].tag, self.now);
            self.fetch(n, self.now + 1, nodes);
        }
    }

    /// Takes the next packet of a node in hand, from cycle `from` on.
    fn fetch(&mut self, n: usize, from: u64, nodes: &mut impl Endpoints) {
        let Some(request) = nodes.next(n as u32) else {
            self.ready[n] = u64::MAX;
            return;
        };
        debug_assert!(request.flits > 0, "a packet has a flit");
        let first = request.created.max(from);
        let (destination, several) = match request.to {
            Destination::One(d) => (d, false),
            Destination::Many(list) if list.len() == 1 => (list[0], false),
            Destination::Many(list) => (self.packets.set(self.fabric.nodes, list.into_iter()), true),
        };
        let packet = Packet {
            created: request.created,
            first,
            injected: 0,
            tag: request.tag,
            source: n as u32,
            flits: request.flits,
            left: request.flits,
        };
        let packet = self.packets.add(packet, Label { destination, several, hops: 0 });
        let source = &mut self.sources[n];
        (source.packet, source.left) = (packet, request.flits);
        self.ready[n] = first;
    }
}
