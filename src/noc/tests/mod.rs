//! Tests of whole networks: timelines drawn by hand, laws that hold in every cycle, deadlocks, and BookSim2's table.

mod booksim;
mod booksim_traffic;
mod deadlocks;
mod laws;
mod timelines;

use super::{Arrival, Fabric, Network, Router, Routing, Topology, Trace, TracePacket};

/// A packet of a trace.
fn packet(cycle: u64, source: u32, destinations: &[u32], flits: u32) -> TracePacket {
    TracePacket { cycle, source, destinations: destinations.to_vec(), flits }
}

/// What arrives of a trace in a fabric.
fn arrivals(fabric: Fabric, router: Router, packets: Vec<TracePacket>) -> Vec<Arrival> {
    let mut network = Network::new(fabric, router).expect("the router is possible");
    super::replay(&mut network, &Trace { packets }).expect("all arrives")
}

/// Every shape with a routing that suits it, small.
const SHAPES: [(Topology, Routing); 13] = [
    (Topology::Mesh { width: 4, height: 3, concentration: 1 }, Routing::Xy),
    (Topology::Mesh { width: 4, height: 4, concentration: 1 }, Routing::Yx),
    (Topology::Mesh { width: 4, height: 4, concentration: 1 }, Routing::WestFirst),
    (Topology::Mesh { width: 4, height: 4, concentration: 1 }, Routing::Adaptive),
    (Topology::Mesh { width: 2, height: 3, concentration: 4 }, Routing::Xy),
    (Topology::Torus { width: 4, height: 5 }, Routing::Xy),
    (Topology::Torus { width: 5, height: 4 }, Routing::Yx),
    (Topology::Ring { nodes: 7 }, Routing::Natural),
    (Topology::Bus { nodes: 8 }, Routing::Natural),
    (Topology::Tree { arity: 3, levels: 2 }, Routing::Natural),
    (Topology::Tree { arity: 2, levels: 4 }, Routing::Natural),
    (Topology::FatTree { arity: 2, levels: 3 }, Routing::Natural),
    (Topology::HTree { levels: 2 }, Routing::Natural),
];
