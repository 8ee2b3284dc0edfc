//! Driving a network from a larger simulation.
//!
//! [`Network::step`] begins a cycle with what arrives and ends it with what sources and routers do. Who offers packets
//! in a cycle and acts on arrivals in a cycle wants it the other way round: [`Network::turn`] does the work of this
//! cycle, with all that was offered in it, and then tells what arrives in the next. An idle network need not be turned:
//! [`Network::skip_to`] goes on to the cycle in which something is offered again.

use super::packets::Endpoints;
use super::router::bits;
use super::source::Source;
use super::{Network, Peer};

impl Network {
    /// The work of cycle [`Self::now`], and what arrives in the next, which is then the present one. Any number of
    /// turns is as many steps: only the border between two of them is elsewhere.
    pub fn turn(&mut self, nodes: &mut impl Endpoints) {
        self.work(nodes);
        self.arrive(nodes);
    }

    /// Shows the flits that routers have sent to others in this cycle, whose work is done: of all that are on their
    /// way, those whose wires are as long as the cycles that they still need.
    #[inline(never)]
    pub(super) fn show(&self, nodes: &mut impl Endpoints) {
        for (ahead, day) in (0u32..).zip(self.arriving.days_from(self.now)) {
            for (to, flit) in day {
                let (router, vc) = ((to >> 6) as usize, *to as usize & 63);
                if let Peer::Router { router, port } = self.fabric.peer(router, vc / self.fabric.vcs)
                    && self.blocks[router as usize].wires[port as usize].flit == ahead
                {
                    nodes.crosses(router, port, self.packets[flit.packet()].tag, self.now);
                }
            }
        }
    }

    /// No source is asked for packets before [`Self::wake`] says so. For a network that has nothing to send yet.
    pub fn rest(&mut self) {
        self.ready.fill(u64::MAX);
    }

    /// Whether nothing moves any more: no flit is on its way, no source holds a packet, no credit is to come.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_still() && self.ready.iter().all(|ready| *ready == u64::MAX)
    }

    /// Whether no flit and no credit is on its way.
    fn is_still(&self) -> bool {
        self.is_empty() && self.credits.days_from(self.now).all(<[_]>::is_empty)
    }

    /// Whose turn it is, in routers and sources, is as in a new network. Does nothing if the network is not idle. Turns
    /// move with every packet, so a network that keeps them seldom comes back to a state it was in.
    pub fn forget(&mut self) {
        if !self.is_idle() {
            return;
        }
        for (w, word) in self.touched.iter_mut().enumerate() {
            for b in bits(std::mem::take(word)) {
                let block = &mut self.blocks[w * 64 + b];
                (block.turns, block.medium) = ([[0; 5]; 64], 0);
            }
        }
        self.sources.iter_mut().for_each(Source::forget);
    }

    /// Leaves out the cycles before `cycle`, in which nothing happens. Does nothing if the network is not idle or
    /// `cycle` is past.
    pub fn skip_to(&mut self, cycle: u64) {
        if cycle > self.now && self.is_idle() {
            self.now = cycle;
        }
    }

    /// Leaves out the cycles before a source next has a packet, if nothing is on its way.
    pub(super) fn skip(&mut self) {
        if self.is_still() {
            let next = self.ready.iter().copied().filter(|ready| *ready != u64::MAX).min();
            self.now = self.now.max(next.unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::packets::{Arrival, Destination, Request};
    use super::super::{Router, Routing, Topology};
    use super::*;

    /// A packet of node 0 for node 3 in each of the given cycles; arrivals with the cycle in which they are told.
    struct Nodes {
        waiting: Vec<Request>,
        told: Vec<u64>,
        /// Start of the packet, and router, port and cycles since then of each of its flits on a link.
        start: u64,
        crossed: Vec<(u32, u32, u64)>,
    }

    impl Endpoints for Nodes {
        fn next(&mut self, node: u32) -> Option<Request> {
            if node == 0 { self.waiting.pop() } else { None }
        }
        fn packet(&mut self, arrival: &Arrival) {
            self.told.push(arrival.arrived);
        }
        fn watches(&self) -> bool {
            true
        }
        fn crosses(&mut self, router: u32, port: u32, tag: u64, cycle: u64) {
            assert_eq!(tag, self.start);
            self.crossed.push((router, port, cycle - tag));
        }
    }

    fn network() -> Network {
        let router = Router { routing: 0, speculative: true, credit_delay: 0, ..Router::default() };
        let mut fabric =
            Topology::Mesh { width: 2, height: 2, concentration: 1 }.compile(Routing::Xy, &router).expect("a mesh");
        fabric.seat();
        Network::new(fabric, router).expect("the router is possible")
    }

    /// Three routers of two cycles, two links of one, five flits: 3 * 2 + 2 + 4 cycles after the offer.
    #[test]
    fn a_packet_offered_in_a_cycle_is_there_after_its_way_and_not_before() {
        let mut n = network();
        let mut nodes = Nodes { waiting: vec![], told: vec![], start: 0, crossed: vec![] };
        assert!(!n.is_idle(), "sources are asked at first");
        n.rest();
        for start in [0, 112, 1000] {
            n.skip_to(start);
            assert_eq!(n.now(), start);
            nodes.start = start;
            nodes.waiting.push(Request { created: start, to: Destination::One(3), flits: 5, tag: start });
            n.wake(0);
            for _ in 0..11 {
                n.turn(&mut nodes);
            }
            assert!(nodes.told.is_empty(), "nothing is there a cycle before");
            n.turn(&mut nodes);
            assert_eq!((n.now(), nodes.told.pop()), (start + 12, Some(start + 12)));
            let now = n.now();
            n.skip_to(now + 50);
            assert!(n.is_idle() || n.now() == now, "a credit is still on its way");
            while !n.is_idle() {
                n.turn(&mut nodes);
            }
            assert!(n.now() <= start + 15, "the last credit takes two cycles");
            // east from 0, and north from 1 three cycles later; the ways into and out of nodes are no links
            let mut seen = std::mem::take(&mut nodes.crossed);
            seen.sort_unstable();
            let expected: Vec<_> = (0..5).map(|n| (0, 0, n)).chain((3..8).map(|n| (1, 2, n))).collect();
            assert_eq!(seen, expected);
        }
    }
}
