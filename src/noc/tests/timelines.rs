//! Timelines drawn by hand. With every stage at one cycle a flit that leaves its node in cycle 0 is in the buffer of
//! the first router in 2; there it is routed (2), gets a VC (3), the crossbar (4), crosses it (5), is on the link (6),
//! and in the next buffer in 7. So n routers on links of one cycle take 2 + 5 n, and each further flit one more.

use super::super::{Allocator, Endpoints, Request, packets::Destination};
use super::*;

/// A node that sends one packet, and when flits come.
struct One {
    request: Option<Request>,
    source: u32,
    flits: Vec<(u32, u64)>,
}

impl Endpoints for One {
    fn next(&mut self, node: u32) -> Option<Request> {
        if node == self.source { self.request.take() } else { None }
    }
    fn flit(&mut self, node: u32, cycle: u64) {
        self.flits.push((node, cycle));
    }
}

/// Checks that the head arrives in cycle `at`: nothing is there after cycle `at` − 1, the flit after cycle `at`.
fn head_arrives(topology: Topology, router: Router, from: u32, to: u32, at: u64) {
    let fabric = topology.compile(Routing::Natural, &router).expect("the shape is possible");
    let mut network = Network::new(fabric, router).expect("the router is possible");
    let request = Request { created: 0, to: Destination::One(to), flits: 3, tag: 0 };
    let mut nodes = One { request: Some(request), source: from, flits: Vec::new() };
    for _ in 0..at {
        network.step(&mut nodes);
    }
    assert!(nodes.flits.is_empty(), "{topology:?} {from} to {to}: something arrived by cycle {}", at - 1);
    network.step(&mut nodes);
    assert_eq!(nodes.flits, [(to, at)], "{topology:?} {from} to {to}");
    network.step(&mut nodes);
    network.step(&mut nodes);
    assert_eq!(nodes.flits, [(to, at), (to, at + 1), (to, at + 2)], "body and tail follow");
}

#[test]
fn every_shape_keeps_its_timeline() {
    let r = Router::default();
    let mesh = Topology::Mesh { width: 4, height: 4, concentration: 1 };
    head_arrives(mesh, r, 5, 5, 7);
    head_arrives(mesh, r, 0, 3, 22);
    head_arrives(mesh, r, 12, 3, 7 + 5 * 6);
    let concentrated = Topology::Mesh { width: 2, height: 2, concentration: 4 };
    head_arrives(concentrated, r, 0, 3, 7);
    head_arrives(concentrated, r, 0, 15, 17);
    // links of two cycles: in the next buffer in 8 instead of 7; the wrap is one of them
    let torus = Topology::Torus { width: 4, height: 4 };
    head_arrives(torus, r, 0, 3, 7 + 6);
    head_arrives(torus, r, 0, 15, 7 + 12);
    // three down, not five up
    head_arrives(Topology::Ring { nodes: 8 }, r, 0, 5, 22);
    head_arrives(Topology::Bus { nodes: 8 }, r, 0, 5, 7);
    // up, up, down, down
    head_arrives(Topology::Tree { arity: 2, levels: 3 }, r, 0, 7, 27);
    head_arrives(Topology::Tree { arity: 2, levels: 3 }, r, 6, 7, 7);
    head_arrives(Topology::FatTree { arity: 2, levels: 3 }, r, 0, 7, 27);
    head_arrives(Topology::FatTree { arity: 4, levels: 2 }, r, 0, 15, 17);
    // one up and one down on links of two cycles
    head_arrives(Topology::HTree { levels: 2 }, r, 0, 15, 7 + 12);
    // two levels up and down, of two and four cycles: 6 + 8 + 8 + 6
    head_arrives(Topology::HTree { levels: 3 }, r, 0, 63, 7 + 28);
}

#[test]
fn every_stage_takes_its_cycles() {
    let mesh = Topology::Mesh { width: 3, height: 1, concentration: 1 };
    let r = Router::default();
    // two hops and the last router: three routers
    head_arrives(mesh, Router { routing: 4, ..r }, 0, 2, 17 + 3 * 3);
    head_arrives(mesh, Router { routing: 0, ..r }, 0, 2, 17 - 3);
    head_arrives(mesh, Router { vc_allocation: 3, ..r }, 0, 2, 17 + 3 * 2);
    head_arrives(mesh, Router { traversal: 2, ..r }, 0, 2, 17 + 3);
    // every link, those of the nodes too
    head_arrives(mesh, Router { link: 3, ..r }, 0, 2, 17 + 4 * 2);
    head_arrives(mesh, Router { speculative: true, ..r }, 0, 2, 17 - 3);
    head_arrives(mesh, Router { traversal: 0, ..r }, 0, 2, 17 - 3);
    head_arrives(mesh, Router { link: 0, ..r }, 0, 2, 17 - 4);
}

/// A VC in a switch allocator of two cycles asks again when it is out of it: a flit every second cycle.
#[test]
fn a_slow_switch_allocator_halves_the_rate_of_a_packet() {
    let router = Router { switch_allocation: 2, ..Router::default() };
    let fabric = Topology::Mesh { width: 2, height: 1, concentration: 1 }.compile(Routing::Xy, &router).unwrap();
    let got = arrivals(fabric, router, vec![packet(0, 0, &[1], 4)]);
    assert_eq!(got[0].arrived, 12 + 2 + 3 * 2);
}

/// The loop of a credit: granted in t, in the next buffer in t + 3, granted there in t + 3 at the earliest, its credit
/// back and usable in t + 6. Four places for eight flits: 0 to 3, then 6 to 9.
#[test]
fn credits_take_their_way() {
    for (credit_delay, last) in [(1, 9), (2, 10), (4, 12)] {
        let router = Router { vcs: 1, buffer: 4, credit_delay, ..Router::default() };
        let fabric = Topology::Mesh { width: 2, height: 1, concentration: 1 }.compile(Routing::Xy, &router).unwrap();
        let got = arrivals(fabric, router, vec![packet(0, 0, &[1], 8)]);
        assert_eq!(got[0].arrived, 12 + last, "credit delay {credit_delay}");
    }
}

/// Two packets on one output: its VCs are two, its link is one; their flits take turns.
#[test]
fn a_link_is_shared_flit_by_flit() {
    for allocator in [Allocator::Islip { iterations: 1 }, Allocator::RoundRobin] {
        let router = Router { switch_allocator: allocator, ..Router::default() };
        let fabric = Topology::Ring { nodes: 3 }.compile(Routing::Natural, &router).unwrap();
        let got = arrivals(fabric, router, vec![packet(0, 0, &[1], 3), packet(0, 2, &[1], 3)]);
        // both heads are in router 1 in 7 and get their VCs in 8 and 9 or 8; grants from 9 on, six in a row
        let ends: Vec<u64> = got.iter().map(|a| a.arrived).collect();
        assert_eq!(ends, [16, 17], "{allocator:?}");
    }
}

/// A bus carries one flit a cycle in all: grants 4, 6, 8 and 5, 7, 9, each three cycles before the arrival.
#[test]
fn a_bus_is_shared_flit_by_flit() {
    let router = Router::default();
    let fabric = Topology::Bus { nodes: 4 }.compile(Routing::Natural, &router).unwrap();
    let got = arrivals(fabric, router, vec![packet(0, 0, &[2], 3), packet(0, 1, &[3], 3)]);
    assert_eq!(got.iter().map(|a| (a.destination, a.arrived)).collect::<Vec<_>>(), [(2, 11), (3, 12)]);
}

/// To the east and to the north: VCs in 3 and 4, the crossbar in 4 and 5, so the second copy is a cycle behind.
#[test]
fn a_multicast_is_copied_where_ways_part() {
    let router = Router::default();
    let mesh = Topology::Mesh { width: 4, height: 4, concentration: 1 };
    let fabric = mesh.compile(Routing::Xy, &router).unwrap();
    let got = arrivals(fabric.clone(), router, vec![packet(0, 0, &[1, 4], 1)]);
    assert_eq!(got.iter().map(|a| (a.destination, a.arrived)).collect::<Vec<_>>(), [(1, 12), (4, 13)]);
    // copied after two common hops: one copy is as if alone, at the fork the node itself comes last in port order
    let got = arrivals(fabric, router, vec![packet(0, 0, &[2, 3], 1)]);
    assert_eq!(got.iter().map(|a| (a.destination, a.arrived)).collect::<Vec<_>>(), [(2, 18), (3, 22)]);
}

/// Two branches of one input share its port of the crossbar: a packet of 3 flits for two takes 6 grants, 4 to 9.
#[test]
fn branches_take_turns() {
    let router = Router::default();
    let fabric = Topology::Mesh { width: 3, height: 1, concentration: 1 }.compile(Routing::Xy, &router).unwrap();
    let got = arrivals(fabric, router, vec![packet(0, 1, &[0, 2], 3)]);
    // grants east 4, 6, 8 and west 5, 7, 9; a tail that waits for nobody arrives two grants of three cycles later
    assert_eq!(got.iter().map(|a| (a.destination, a.arrived)).collect::<Vec<_>>(), [(2, 14), (0, 15)]);
}

/// On a bus all receivers hear the same passage, once all branches have their VCs: one a cycle, 3 to 5.
#[test]
fn a_bus_broadcasts_in_one_passage() {
    let router = Router::default();
    let fabric = Topology::Bus { nodes: 4 }.compile(Routing::Natural, &router).unwrap();
    let mut network = Network::new(fabric, router).unwrap();
    let trace = Trace { packets: vec![packet(0, 0, &[1, 2, 3], 1), packet(40, 0, &[1, 2, 3], 6)] };
    let got = super::super::replay(&mut network, &trace).unwrap();
    assert_eq!(got.len(), 6);
    // the long packet: all branches abreast from its second flit on, three receivers in far fewer than 18 passages
    assert!(got[5].arrived <= 40 + 7 + 2 + 2 + 5, "{got:?}");
}
