//! A network-on-chip, flit by flit: input-queued virtual-channel wormhole routers with credit flow control.
//!
//! - *Router* (Dally, IEEE TPDS 3(2), 1992, doi:10.1109/71.127260; Peh and Dally, HPCA 2001,
//!   doi:10.1109/HPCA.2001.903268): every input port has private buffers for its virtual channels (VCs). A head flit
//!   is routed, takes a free VC of the next hop, and then each flit competes for the crossbar, crosses it and the link.
//!   [`Router`] gives the cycles of each stage. With all of them 1 a hop takes 5 cycles, as in BookSim2 (Jiang et al.,
//!   ISPASS 2013, doi:10.1109/ISPASS.2013.6557149), whose `iq_router` is what timing and arbitration follow, to the
//!   cycle (`tests::booksim`): a flit that wins the crossbar in cycle t is in the buffer of the next router in
//!   t + traversal + link + 1, and its credit can be used by the router before it in t + 1 + link + `credit_delay`.
//! - *Arbitration* is a separable match of VCs and of ports: [`Allocator`].
//! - *Routes* are tables of admissible output VCs by router and destination, made once ([`Fabric`]); a route depends on
//!   nothing else, so routers can be visited in any order. Nothing a router does reaches another in the same cycle.
//! - *Speed*: VCs that wait are bits of words, delays are calendars of fixed length, routers without work are not
//!   visited, and the loop allocates no memory once its packets have found their places. Where allocators take a cycle
//!   each and nothing is out of the ordinary, routers are gone through stage by stage, from lists that are written
//!   without a branch (`plain`).
//!
//! A larger simulation drives a network itself: [`Network::turn`], and [`Fabric::seat`] where its nodes stand at their
//! routers.
//!
//! [`measure()`] runs synthetic [`Pattern`]s as BookSim2 does; [`Trace`]s go in and come out; [`Network::deadlock`]
//! names packets that wait for each other in a circle.

mod calendar;
mod config;
mod deadlock;
mod drive;
mod fabric;
mod matching;
mod measure;
mod multicast;
mod network;
mod packets;
mod plain;
mod router;
mod source;
mod stages;
mod state;
mod topology;
mod trace;
mod traffic;

#[cfg(test)]
mod tests;

pub use config::{Allocator, Config, Router, Sampling};
pub use deadlock::{Deadlock, Waiting};
pub use fabric::{Fabric, MAX_NODES, Peer, SLOTS};
pub use measure::{Measurement, Status, curve, measure, saturation};
pub use network::Network;
pub use packets::{Arrival, Destination, Endpoints, Request};
pub use topology::{Routing, Topology};
pub use trace::{Trace, TracePacket, replay};
use traffic::Bernoulli;
pub use traffic::Pattern;
