//! Deadlocks made on purpose, and the circle that is named.

use super::super::Waiting;
use super::*;

/// Sends packets, runs long, and returns the routers and ports of the circle.
fn circle(fabric: Fabric, router: Router, packets: Vec<TracePacket>) -> Vec<Waiting> {
    let mut network = Network::new(fabric, router).expect("the router is possible");
    let problems = super::super::replay(&mut network, &Trace { packets }).expect_err("it must not end");
    let text = problems.to_string();
    assert!(text.contains("R171") && text.contains("waits for"), "{text}");
    network.deadlock().expect("it stays as it is").circle
}

/// One VC of two flits.
fn small() -> Router {
    Router { vcs: 1, buffer: 2, ..Router::default() }
}

/// A ring with one class of VCs: each packet fills a link and wants the next.
#[test]
fn a_ring_without_a_dateline() {
    let mut f = Fabric::new(4, 3, 4, &small()).unwrap();
    for n in 0..4 {
        f.connect((n, 0), ((n + 1) % 4, 1), 1);
        f.attach(n, n, 2, 1);
    }
    let up = f.on(0);
    f.route(|_, _| up).unwrap();
    let packets: Vec<_> = (0..4).map(|n| packet(0, n, &[(n + 2) % 4], 8)).collect();
    let circle = circle(f.clone(), small(), packets.clone());
    assert_eq!(circle.len(), 8);
    for (a, b) in circle.iter().zip(circle.iter().cycle().skip(1)) {
        if a.seeks {
            // a head at the input from below wants the link up, which the packet of the router itself holds
            assert_eq!((a.port, a.source), (1, Some((a.router as u32 + 3) % 4)), "{circle:?}");
            assert_eq!((b.router, b.port, b.source), (a.router, 2, Some(a.router as u32)), "{circle:?}");
        } else {
            // and that one waits for the buffer of the next router, where its own head stands
            assert_eq!((b.router, b.port, b.source), ((a.router + 1) % 4, 1, a.source), "{circle:?}");
        }
    }
    // the same with a spiral of two VCs arrives
    let safe = Router { vcs: 2, ..small() };
    let ring = Topology::Ring { nodes: 4 }.compile(Routing::Natural, &safe).unwrap();
    assert_eq!(arrivals(ring, safe, packets).len(), 4);
}

/// Four packets on a square, each around its corner to the right: X-Y and Y-X mixed.
#[test]
fn four_corners_of_a_square() {
    let mut f = Fabric::new(4, 5, 4, &small()).unwrap();
    // routers 0 1 / 2 3; ports as in a mesh
    f.connect((0, 0), (1, 1), 1);
    f.connect((2, 0), (3, 1), 1);
    f.connect((0, 2), (2, 3), 1);
    f.connect((1, 2), (3, 3), 1);
    (0..4).for_each(|n| f.attach(n, n, 4, 1));
    let [east, west, north, south] = [0, 1, 2, 3].map(|p| f.on(p));
    // round and round: 0 to 1 to 3 to 2 to 0
    f.route(|r, _| [east, north, south, west][r]).unwrap();
    let packets = vec![packet(0, 0, &[3], 8), packet(0, 1, &[2], 8), packet(0, 3, &[0], 8), packet(0, 2, &[1], 8)];
    let circle = circle(f, small(), packets.clone());
    let routers: Vec<usize> = circle.iter().filter(|w| w.seeks).map(|w| w.router).collect();
    let begin = routers.iter().position(|&r| r == 0).expect("router 0 is in it");
    assert_eq!([&routers[begin..], &routers[..begin]].concat(), [0, 1, 3, 2]);
    // one order of dimensions for all: it arrives
    let mesh = Topology::Mesh { width: 2, height: 2, concentration: 1 }.compile(Routing::Xy, &small()).unwrap();
    assert_eq!(arrivals(mesh, small(), packets).len(), 4);
}

/// Two trees, each with the branch that the other wants, and packets that no buffer holds.
#[test]
fn two_trees_of_copies() {
    let line = Topology::Mesh { width: 4, height: 1, concentration: 1 };
    let packets = vec![packet(0, 1, &[0, 3], 12), packet(0, 2, &[0, 3], 12)];
    let tight = Router { buffer: 4, ..small() };
    let named = circle(line.compile(Routing::Xy, &tight).unwrap(), tight, packets.clone());
    let sources: std::collections::BTreeSet<_> = named.iter().filter_map(|w| w.source).collect();
    assert_eq!(sources, [1, 2].into(), "{named:?}");
    assert!(named.iter().all(|w| w.router == 1 || w.router == 2), "{named:?}");
    // buffers that hold a packet: one waits, then both arrive at both
    let large = Router { buffer: 12, ..small() };
    assert_eq!(arrivals(line.compile(Routing::Xy, &large).unwrap(), large, packets).len(), 4);
}

/// Long waits that end are no deadlock.
#[test]
fn waiting_alone_is_no_deadlock() {
    let router = Router { vcs: 2, buffer: 2, wait_for_tail_credit: true, ..Router::default() };
    for (topology, routing) in SHAPES {
        let fabric = topology.compile(routing, &router).unwrap();
        let nodes = fabric.nodes() as u32;
        let mut network = Network::new(fabric, router).unwrap();
        // everybody to everybody at once, packets of twelve flits
        let packets =
            (0..nodes).flat_map(|s| (0..nodes).map(move |d| packet(0, s, &[(s * 3 + d) % nodes], 12))).collect();
        let got =
            super::super::replay(&mut network, &Trace { packets }).unwrap_or_else(|e| panic!("{topology:?}: {e}"));
        assert_eq!(got.len(), (nodes * nodes) as usize);
    }
}
