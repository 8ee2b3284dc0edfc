//! Traces: packets with their cycles, into a network and out of it.

use std::collections::VecDeque;
use std::fmt;

use super::measure::watch;
use super::packets::{Arrival, Destination, Endpoints, Request};
use super::{Bernoulli, Config, Network};
use crate::diag::{Diagnostic, Diagnostics, Result};

/// A packet of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracePacket {
    /// Cycle in which it comes into being.
    pub cycle: u64,
    /// Who sends it.
    pub source: u32,
    /// Who receives it.
    pub destinations: Vec<u32>,
    /// Its flits.
    pub flits: u32,
}

/// Packets, those of a node in order of their cycles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The packets.
    pub packets: Vec<TracePacket>,
}

/// As `archsim noc --trace` reads it: a header, and a line for each packet.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cycle,source,destinations,flits")?;
        for p in &self.packets {
            let to: Vec<String> = p.destinations.iter().map(u32::to_string).collect();
            writeln!(f, "{},{},{},{}", p.cycle, p.source, to.join(" "), p.flits)?;
        }
        Ok(())
    }
}

impl Trace {
    /// The packets that the nodes of a measurement offer in the first cycles: what `measure` sends.
    ///
    /// # Errors
    /// R170 for settings that do not fit.
    pub fn synthetic(config: &Config, cycles: u64) -> Result<Self> {
        config.check()?;
        let nodes = config.topology.compile(config.routing, &config.router)?.nodes();
        let targets = config.pattern.table(nodes, config.topology.grid())?;
        let rate = config.offered / f64::from(config.packet);
        let mut traffic = Bernoulli::new(config.seed, rate, config.packet, nodes, targets);
        let mut packets = Vec::new();
        for source in 0..nodes as u32 {
            while let Some(Request { created, to: Destination::One(to), flits, .. }) = traffic.packet(source)
                && created < cycles
            {
                packets.push(TracePacket { cycle: created, source, destinations: vec![to], flits });
            }
        }
        packets.sort_by_key(|p| (p.cycle, p.source));
        Ok(Self { packets })
    }

    /// What is wrong with a trace for a network of so many nodes.
    ///
    /// # Errors
    /// R172 for each packet without flits or receivers, or of nodes that do not exist.
    pub fn check(&self, nodes: usize) -> Result<()> {
        let mut problems = Diagnostics::new();
        for (i, p) in self.packets.iter().enumerate() {
            let known = |n: &u32| (*n as usize) < nodes;
            if p.flits == 0 || p.destinations.is_empty() || !known(&p.source) || !p.destinations.iter().all(known) {
                problems.push(
                    Diagnostic::error("R172", format!("packet {} of the trace: {p:?}", i + 1))
                        .help(format!("a packet has a flit and a receiver, and nodes are 0 to {}", nodes - 1)),
                );
            }
        }
        problems.into_result(())
    }
}

/// Nodes that send a trace.
struct Script {
    queues: Vec<VecDeque<Request>>,
    arrivals: Vec<Arrival>,
}

impl Endpoints for Script {
    fn next(&mut self, node: u32) -> Option<Request> {
        self.queues[node as usize].pop_front()
    }
    fn packet(&mut self, arrival: &Arrival) {
        self.arrivals.push(*arrival);
    }
}

/// Cycles between two looks for packets that wait for each other.
const WATCH: u64 = 1024;

/// Sends a trace through a network until all has arrived: one arrival for each receiver, in order of arrival and then
/// of receivers.
///
/// # Errors
/// R172 for a trace that does not fit, R171 where packets deadlock.
pub fn replay(network: &mut Network, trace: &Trace) -> Result<Vec<Arrival>> {
    trace.check(network.fabric().nodes())?;
    let mut script = Script { queues: vec![VecDeque::new(); network.fabric().nodes()], arrivals: Vec::new() };
    let mut packets: Vec<&TracePacket> = trace.packets.iter().collect();
    packets.sort_by_key(|p| p.cycle);
    let mut expected = 0;
    for p in packets {
        let mut receivers = p.destinations.clone();
        receivers.sort_unstable();
        receivers.dedup();
        expected += receivers.len();
        let to = if let [one] = receivers[..] { Destination::One(one) } else { Destination::Many(receivers) };
        script.queues[p.source as usize].push_back(Request { created: p.cycle, to, flits: p.flits, tag: 0 });
    }
    (0..network.fabric().nodes() as u32).for_each(|n| network.wake(n));
    let from = network.now();
    while script.arrivals.len() < expected {
        network.step(&mut script);
        if (network.now() - from).is_multiple_of(WATCH) {
            watch(network)?;
        }
    }
    let mut arrivals = script.arrivals;
    arrivals.sort_by_key(|a| (a.arrived, a.destination));
    Ok(arrivals)
}
