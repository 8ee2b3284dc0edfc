//! Laws that hold in every cycle and for every order: flits and credits conserved, nothing booked twice.

use std::collections::BTreeSet;

use super::super::router::bits;
use super::super::traffic::Bernoulli;
use super::super::{Allocator, Config, Endpoints, Pattern, Request, Sampling, curve, packets::Destination};
use super::*;

/// Routers that differ in every setting.
fn routers() -> Vec<Router> {
    let r = Router { wait_for_tail_credit: true, buffer: 3, ..Router::default() };
    vec![
        r,
        Router { routing: 0, speculative: true, credit_delay: 0, buffer: 5, ..r },
        Router { routing: 0, speculative: true, credit_delay: 0, traversal: 0, link: 0, ..r },
        Router { routing: 3, vc_allocation: 2, switch_allocation: 3, traversal: 2, link: 2, credit_delay: 3, ..r },
        Router {
            vc_allocator: Allocator::RoundRobin,
            switch_allocator: Allocator::Islip { iterations: 3 },
            vcs: 2,
            ..r
        },
    ]
}

/// Synthetic traffic, every seventh packet to several nodes where `spread`.
struct Mixed {
    traffic: Bernoulli,
    nodes: u32,
    spread: bool,
    sent: Vec<u64>,
    expected: u64,
    arrived: u64,
}

impl Endpoints for Mixed {
    fn next(&mut self, node: u32) -> Option<Request> {
        let mut request = self.traffic.packet(node)?;
        if request.created > 400 {
            return None;
        }
        let count = &mut self.sent[node as usize];
        *count += 1;
        if self.spread && count.is_multiple_of(7) {
            let to: BTreeSet<u32> = (0..3).map(|i| (node * 5 + i * 3 + *count as u32) % self.nodes).collect();
            self.expected += to.len() as u64 - 1;
            request.to = Destination::Many(to.into_iter().collect());
        }
        self.expected += 1;
        Some(request)
    }
    fn packet(&mut self, _: &Arrival) {
        self.arrived += 1;
    }
}

/// Credits, flits on links, flits in buffers and credits on their way make up the buffer of every channel; no output VC
/// has two owners, and no link carries two flits at once.
fn audit(n: &Network) {
    let buffer = n.settings.buffer;
    let mut flits = vec![0usize; n.blocks.len() << 6];
    let mut credits = vec![0usize; n.blocks.len() << 6];
    let mut home = 0;
    let mut ejecting = vec![0usize; n.fabric.nodes << 6];
    for (arriving, leaving) in n.arriving.days_from(n.now).zip(n.leaving.days_from(n.now)) {
        assert!(arriving.iter().all(|(to, _)| *to < n.edge) && leaving.iter().all(|(to, _)| *to >= n.edge));
        let mut taken = BTreeSet::new();
        for &(to, _) in arriving.iter().chain(leaving) {
            let link = if to < n.edge { (to >> 6, n.port_of[to as usize & 63]) } else { (to >> 6, u8::MAX) };
            assert!(taken.insert(link), "two flits on a link in one cycle");
            if to < n.edge {
                flits[to as usize] += 1;
            } else {
                ejecting[(to - n.edge) as usize] += 1;
            }
            home += 1;
        }
    }
    for &to in n.credits.days_from(n.now).flatten().filter(|&&to| to < n.edge) {
        credits[to as usize] += 1;
    }
    for (r, block) in n.blocks.iter().enumerate() {
        let mut owned = 0u64;
        for k in 0..n.fabric.ports * n.fabric.vcs {
            home += block.vcs[k].len as usize;
            let s = &block.state;
            let bit = 1 << k;
            assert_eq!(s.filled & bit != 0, block.vcs[k].len > 0);
            assert_eq!(block.state.stocked & bit != 0, block.vcs[k].credits > 0);
            let held = match (s.active & bit != 0, s.multicast & bit != 0) {
                (false, _) => 0,
                (true, false) => 1 << block.vcs[k].out,
                (true, true) => bits(n.under_way[r << 6 | k]).fold(0, |m, o| m | 1 << n.branch_at(r, k, o).out),
            };
            assert_eq!(owned & held, 0, "an output VC with two owners");
            owned |= held;
            let wire = block.wires[n.port_of[k] as usize];
            if wire.ahead < n.edge {
                let behind = (wire.ahead + u32::from(n.vc_of[k])) as usize;
                let there = n.blocks[behind >> 6].vcs[behind & 63].len as usize;
                let all = block.vcs[k].credits as usize + flits[behind] + there + credits[r << 6 | k];
                assert_eq!(all, buffer, "router {r} output VC {k}");
            } else if wire.ahead != u32::MAX {
                let behind = (wire.ahead - n.edge + u32::from(n.vc_of[k])) as usize;
                let all = block.vcs[k].credits as usize + ejecting[behind] + credits[r << 6 | k];
                assert_eq!(all, buffer, "router {r} output VC {k} to a node");
            }
        }
        assert_eq!(owned & (block.state.free | block.state.closing), 0, "an owned VC is free");
    }
    let (injected, copied, ejected) = n.counted();
    assert_eq!(injected + copied, ejected + home as u64, "flits are conserved");
}

#[test]
fn nothing_is_lost_or_booked_twice() {
    for (topology, routing) in SHAPES {
        for (i, router) in routers().into_iter().enumerate() {
            let fabric = topology.compile(routing, &router).expect("the shape is possible");
            let nodes = fabric.nodes();
            let mut network = Network::new(fabric, router).expect("the router is possible");
            // packets that fit a buffer: longer ones to several nodes may deadlock
            let traffic = Bernoulli::new(i as u64, 0.15, 3, nodes, None);
            let mut mixed =
                Mixed { traffic, nodes: nodes as u32, spread: true, sent: vec![0; nodes], expected: 0, arrived: 0 };
            for cycle in 0..6000 {
                network.step(&mut mixed);
                if cycle < 500 {
                    audit(&network);
                }
            }
            assert!(network.deadlock().is_none(), "{topology:?}: {}", network.deadlock().unwrap());
            assert!(mixed.expected > 300, "there was traffic");
            assert_eq!(mixed.arrived, mixed.expected, "{topology:?} {routing:?} {router:?}");
            assert!(network.is_empty());
            audit(&network);
            let idle = network.blocks.iter().all(|b| b.state.active | b.state.seeking | b.state.routing == 0);
            assert!(idle, "every VC is given back");
        }
    }
}

fn config(topology: Topology, routing: Routing, router: Router) -> Config {
    let sampling = Sampling { period: 300, ..Sampling::default() };
    Config { topology, routing, router, packet: 3, pattern: Pattern::Uniform, offered: 0.3, seed: 7, sampling }
}

/// The same arrivals whatever the order in which routers are visited.
#[test]
fn the_order_of_routers_does_not_matter() {
    for (topology, routing) in SHAPES {
        for router in routers() {
            let mut trace = Trace::synthetic(&config(topology, routing, router), 200).expect("traffic");
            let nodes = topology.nodes() as u32;
            for (i, p) in trace.packets.iter_mut().enumerate().filter(|(i, _)| i % 9 == 0) {
                p.destinations = (0..4).map(|k| (i as u32 * 7 + k * 5) % nodes).collect();
            }
            let run = |order: fn(u32) -> Vec<u32>| {
                let fabric = topology.compile(routing, &router).expect("the shape is possible");
                let routers = fabric.routers() as u32;
                let mut network = Network::new(fabric, router).expect("the router is possible");
                if !order(routers).is_empty() {
                    network.visit_in(order(routers));
                }
                super::super::replay(&mut network, &trace).expect("all arrives")
            };
            let straight = run(|_| Vec::new());
            assert!(straight.len() >= trace.packets.len());
            assert_eq!(straight, run(|n| (0..n).rev().collect()), "{topology:?}");
            let odd_first = run(|n| (0..n).filter(|r| r % 2 == 1).chain((0..n).filter(|r| r % 2 == 0)).collect());
            assert_eq!(straight, odd_first, "{topology:?}");
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let config = config(Topology::Torus { width: 4, height: 4 }, Routing::Xy, Router::default());
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| curve(&config, &[0.05, 0.1, 0.2, 0.3])).expect("it measures")
    };
    assert_eq!(run(1), run(3));
}

/// No circle in the dependencies of channels, for every deterministic or turn-model route (Dally and Seitz 1987).
#[test]
fn routes_have_no_circle() {
    for (topology, routing) in SHAPES.into_iter().filter(|(_, r)| *r != Routing::Adaptive) {
        let fabric = topology.compile(routing, &Router::default()).expect("the shape is possible");
        let mut edges = BTreeSet::new();
        for node in 0..fabric.nodes() {
            for r in 0..fabric.routers() {
                for j in bits(fabric.wish(r, node)) {
                    if let super::super::Peer::Router { router, .. } = fabric.peer(r, j / fabric.vcs) {
                        let next = fabric.wish(router as usize, node);
                        edges.extend(bits(next).map(|j2| ((r, j), (router as usize, j2))));
                    }
                }
            }
        }
        loop {
            let ends: BTreeSet<_> = edges.iter().map(|(_, b)| *b).collect();
            let before = edges.len();
            edges.retain(|(a, _)| ends.contains(a));
            if edges.len() == before {
                break;
            }
        }
        assert!(edges.is_empty(), "{topology:?} {routing:?}: {:?}", edges.first());
    }
}

/// Every route is as short as the shape allows.
#[test]
fn routes_are_shortest() {
    for (topology, routing) in SHAPES {
        let router = Router { wait_for_tail_credit: true, ..Router::default() };
        let fabric = topology.compile(routing, &router).expect("the shape is possible");
        for from in 0..fabric.nodes() {
            // breadth first over links
            let mut distance = vec![usize::MAX; fabric.routers()];
            let mut queue = std::collections::VecDeque::from([fabric.home(from)]);
            distance[fabric.home(from)] = 1;
            while let Some(r) = queue.pop_front() {
                for p in 0..fabric.ports() {
                    if let super::super::Peer::Router { router, .. } = fabric.peer(r, p)
                        && distance[router as usize] == usize::MAX
                    {
                        distance[router as usize] = distance[r] + 1;
                        queue.push_back(router as usize);
                    }
                }
            }
            for to in 0..fabric.nodes() {
                assert_eq!(fabric.hops(from, to), distance[fabric.home(to)], "{topology:?} {from} to {to}");
            }
        }
    }
}
