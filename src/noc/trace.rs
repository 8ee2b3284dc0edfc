//! Traces: packets with their cycles, into a network and out of it.

use std::collections::VecDeque;
use std::fmt;

use super::measure::watch;
use super::packets::{Arrival, Destination, Endpoints, MAX_FLITS, Request};
use super::{Bernoulli, Config, Network};
use crate::diag::{Diagnostic, Result};

/// Last cycle in which a packet may come into being: it leaves room for the cycles that it takes.
const LAST: u64 = 1 << 48;
/// Most packets of a trace that is drawn: some 4 GB.
const MOST_PACKETS: u64 = 1 << 26;
/// Most cycles of all its nodes together: some seconds.
const MOST_CYCLES: u64 = 1 << 32;

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

impl TracePacket {
    /// What is wrong with it for a network of so many nodes.
    #[must_use]
    pub fn fault(&self, nodes: usize) -> Option<String> {
        let known = |n: &u32| (*n as usize) < nodes;
        match self.destinations.iter().find(|n| !known(n)) {
            _ if self.cycle > LAST => {
                Some(format!("cycle {} lies behind cycle {LAST}, the last that a packet may have", self.cycle))
            }
            _ if !known(&self.source) => {
                Some(format!("there is no node {}; nodes are 0 to {}", self.source, nodes - 1))
            }
            Some(to) => Some(format!("there is no node {to} to send to; nodes are 0 to {}", nodes - 1)),
            None if self.destinations.is_empty() => Some("it has no destination".into()),
            None if !(1..=MAX_FLITS).contains(&self.flits) => {
                Some(format!("a packet of {} flits; from 1 to {MAX_FLITS}", self.flits))
            }
            None => None,
        }
    }
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
    /// R170 for settings that do not fit, or more than a trace can hold.
    pub fn synthetic(config: &Config, cycles: u64) -> Result<Self> {
        config.check()?;
        let nodes = config.topology.compile(config.routing, &config.router)?.nodes();
        let wanted = cycles as f64 * nodes as f64 * config.offered / f64::from(config.packet);
        if cycles.saturating_mul(nodes as u64) > MOST_CYCLES || wanted > MOST_PACKETS as f64 {
            return Err(Diagnostic::error("R170", format!("a trace of {cycles} cycles: some {wanted:.1e} packets"))
                .help(format!("at most {MOST_PACKETS} packets in {MOST_CYCLES} cycles of all {nodes} nodes together"))
                .into());
        }
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
    /// R172 for the first packet with a fault.
    pub fn check(&self, nodes: usize) -> Result<()> {
        let fault = self.packets.iter().enumerate().find_map(|(i, p)| Some((i, p.fault(nodes)?)));
        fault.map_or(Ok(()), |(i, fault)| {
            let problem = Diagnostic::error("R172", format!("packet {} of the trace: {fault}", i + 1));
            Err(problem.help("mend the packet, or take a network that has these nodes").into())
        })
    }
}

/// Nodes that send a trace.
struct Script {
    queues: Vec<VecDeque<Request>>,
    arrivals: Vec<Arrival>,
}

impl Script {
    /// What the nodes have to send.
    fn new(nodes: usize, trace: &Trace) -> Self {
        let mut queues = vec![VecDeque::new(); nodes];
        let mut packets: Vec<&TracePacket> = trace.packets.iter().collect();
        packets.sort_by_key(|p| p.cycle);
        for p in packets {
            let mut receivers = p.destinations.clone();
            receivers.sort_unstable();
            receivers.dedup();
            let to = if let [one] = receivers[..] { Destination::One(one) } else { Destination::Many(receivers) };
            queues[p.source as usize].push_back(Request { created: p.cycle, to, flits: p.flits, tag: 0 });
        }
        Self { queues, arrivals: Vec::new() }
    }
    /// Arrivals that are to come, one for each receiver.
    fn expected(&self) -> usize {
        let receivers = |r: &Request| if let Destination::Many(all) = &r.to { all.len() } else { 1 };
        self.queues.iter().flatten().map(receivers).sum()
    }
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
    let mut script = Script::new(network.fabric().nodes(), trace);
    let expected = script.expected();
    (0..network.fabric().nodes() as u32).for_each(|n| network.wake(n));
    let mut steps = 0u64;
    while script.arrivals.len() < expected {
        network.step(&mut script);
        network.skip();
        steps += 1;
        if steps.is_multiple_of(WATCH) {
            watch(network)?;
        }
    }
    let mut arrivals = script.arrivals;
    arrivals.sort_by_key(|a| (a.arrived, a.destination));
    Ok(arrivals)
}

#[cfg(test)]
mod tests {
    use super::super::{Pattern, Router, Routing, Sampling, Topology};
    use super::*;

    fn network() -> Network {
        let (mesh, router) = (Topology::Mesh { width: 3, height: 3, concentration: 1 }, Router::default());
        Network::new(mesh.compile(Routing::Xy, &router).expect("a mesh"), router).expect("it can be built")
    }

    fn packet(cycle: u64, [source, to]: [u32; 2], flits: u32) -> TracePacket {
        TracePacket { cycle, source, destinations: vec![to], flits }
    }

    /// Idle cycles are left out: packets that are far apart arrive as they do alone, and at once.
    #[test]
    fn late_packets_do_not_wait() {
        let far = 1 << 47;
        let packets =
            vec![packet(0, [0, 8], 3), packet(5, [2, 0], 1), packet(far, [0, 8], 3), packet(far + 5, [2, 0], 1)];
        let arrivals = replay(&mut network(), &Trace { packets }).expect("all arrives");
        let times: Vec<u64> = arrivals.iter().map(|a| a.arrived).collect();
        assert_eq!([times[0] + far, times[1] + far], times[2..]);
    }

    proptest::proptest! {
        /// What is left out changes nothing.
        #[test]
        fn idle_cycles_make_no_difference(
            all in proptest::collection::vec((0u64..300, 0u32..9, 0u32..9, 1u32..6), 1..30),
        ) {
            let packets: Vec<_> = all.into_iter().map(|(cycle, from, to, flits)| packet(cycle, [from, to], flits)).collect();
            let (mut plain, trace) = (network(), Trace { packets });
            let mut script = Script::new(9, &trace);
            (0..9).for_each(|n| plain.wake(n));
            while script.arrivals.len() < trace.packets.len() {
                plain.step(&mut script);
            }
            script.arrivals.sort_by_key(|a| (a.arrived, a.destination));
            proptest::prop_assert_eq!(replay(&mut network(), &trace).expect("all arrives"), script.arrivals);
        }
    }

    #[test]
    fn faults_are_named() {
        let last = TracePacket { destinations: vec![], ..packet(0, [0, 1], 1) };
        for (p, what) in [
            (packet(0, [9, 1], 1), "no node 9; nodes are 0 to 8"),
            (packet(0, [0, 9], 1), "no node 9 to send to"),
            (packet(0, [0, 1], 0), "0 flits; from 1 to 16777216"),
            (packet(0, [0, 1], u32::MAX), "4294967295 flits"),
            (packet(u64::MAX, [0, 1], 1), "cycle 18446744073709551615 lies behind"),
            (last, "no destination"),
        ] {
            let wrong = Trace { packets: vec![packet(0, [0, 1], 1), p] }.check(9).expect_err(what).to_string();
            assert!(wrong.contains("packet 2 of the trace") && wrong.contains(what), "{wrong}");
        }
        let topology = Topology::Ring { nodes: 8 };
        let config = Config {
            topology,
            routing: Routing::Natural,
            router: Router::default(),
            packet: 1,
            pattern: Pattern::Uniform,
            offered: 0.1,
            seed: 0,
            sampling: Sampling::default(),
        };
        assert!(Trace::synthetic(&config, u64::MAX).is_err() && Trace::synthetic(&config, 100).is_ok());
    }
}
