//! Latency and throughput under synthetic traffic, measured as BookSim2 does.
//!
//! Warm-up periods, then periods until the means of packet latency and throughput since the warm-up have changed by
//! less than 5 % three times in a row, or there have been enough of them; then every packet that came into being before
//! the end is waited for, while nodes go on sending. Packet latency counts from the cycle in which a packet comes into
//! being, so it includes the wait in its source; network latency from the cycle in which its head leaves. A measurement
//! is given up where the mean latency, with what is still on its way counted at its age, is above 500 cycles.

use rayon::prelude::*;

use super::packets::{Arrival, Endpoints, Packet, Request};
use super::{Bernoulli, Config, Network};
use crate::diag::{Diagnostic, Result};

/// How a measurement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It settled, or reached its most periods, and all its packets arrived.
    Ok,
    /// Latency grew beyond the bound: the latencies given are lower bounds.
    Unstable,
}

/// What a network does with an offered load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Flits that a node offers in a cycle.
    pub offered: f64,
    /// How it ended.
    pub status: Status,
    /// Flits that a node receives in a cycle, mean over nodes.
    pub accepted: f64,
    /// The same of the node that receives least.
    pub accepted_least: f64,
    /// Packets that were measured.
    pub packets: u64,
    /// Mean packet latency in cycles, NaN without a packet.
    pub packet_latency: f64,
    /// Least packet latency in cycles.
    pub packet_latency_least: u64,
    /// Greatest packet latency in cycles.
    pub packet_latency_most: u64,
    /// Mean network latency in cycles.
    pub network_latency: f64,
    /// Mean number of routers that a packet passes.
    pub hops: f64,
    /// Cycles that were simulated.
    pub cycles: u64,
}

/// Where the packets of a measurement come from.
pub(super) trait Traffic {
    /// The next packet of a node, as [`Endpoints::next`] asks for it.
    fn packet(&mut self, node: u32) -> Option<Request>;
    /// The tail of a packet has left its source.
    fn sent(&mut self, _tag: u64) {}
    /// A cycle begins.
    fn begin(&mut self, _network: &mut Network) {}
}

impl Traffic for Bernoulli {
    fn packet(&mut self, node: u32) -> Option<Request> {
        Self::packet(self, node)
    }
}

/// The nodes during a measurement.
struct Probe<T> {
    traffic: T,
    /// Packets that came first in the queue of their source before this cycle do not count.
    from: u64,
    /// Packets that came into being in this cycle or later do not count.
    until: u64,
    /// Counted packets that have not arrived, once `until` is known.
    open: u64,
    received: Vec<u64>,
    counting: bool,
    packets: u64,
    latency: u64,
    network: u64,
    hops: u64,
    least: u64,
    most: u64,
}

impl<T: Traffic> Probe<T> {
    fn clear(&mut self) {
        self.received.fill(0);
        (self.packets, self.latency, self.network, self.hops, self.least, self.most) = (0, 0, 0, 0, u64::MAX, 0);
    }
    const fn counts(&self, first: u64, created: u64) -> bool {
        first >= self.from && created < self.until
    }
    fn mean(&self) -> f64 {
        self.latency as f64 / self.packets as f64
    }
    fn step(&mut self, network: &mut Network) {
        self.traffic.begin(network);
        network.step(self);
    }
}

impl<T: Traffic> Endpoints for Probe<T> {
    fn next(&mut self, node: u32) -> Option<Request> {
        let request = self.traffic.packet(node);
        if self.until != u64::MAX && request.as_ref().is_some_and(|r| r.created < self.until) {
            self.open += 1;
        }
        request
    }
    fn sent(&mut self, tag: u64, _: u64) {
        self.traffic.sent(tag);
    }
    fn flit(&mut self, node: u32, _: u64) {
        self.received[node as usize] += u64::from(self.counting);
    }
    fn packet(&mut self, a: &Arrival) {
        if !self.counts(a.first, a.created) {
            return;
        }
        let latency = a.arrived - a.created;
        self.packets += 1;
        self.latency += latency;
        self.network += a.arrived - a.injected;
        self.hops += u64::from(a.hops);
        self.least = self.least.min(latency);
        self.most = self.most.max(latency);
        self.open = self.open.saturating_sub(1);
    }
}

/// Mean latency of the packets that arrived and the flits that are on their way at their age, as BookSim2 weighs them.
fn latency_with_travellers<T: Traffic>(probe: &Probe<T>, network: &Network) -> f64 {
    let now = network.now;
    let (mut sum, mut count) = (probe.latency, probe.packets);
    for p in network.packets.iter().filter(|p: &&Packet| p.first < now) {
        sum += (now - p.created) * u64::from(p.left);
        count += u64::from(p.left);
    }
    sum as f64 / count.max(1) as f64
}

/// Cycles of draining after which stability is looked at again.
const DRAIN_CHECK: u64 = 1000;

/// Measures latency at an offered load.
///
/// # Errors
/// R170 for settings that do not fit, R171 where packets deadlock.
pub fn measure(config: &Config) -> Result<Measurement> {
    run(config, true)
}

/// Measures what the network accepts, however long packets wait: nothing is given up and nothing drained.
///
/// # Errors
/// As [`measure()`].
pub fn saturation(config: &Config) -> Result<Measurement> {
    run(config, false)
}

/// Measures latency at several offered loads, side by side on the threads there are; the results do not depend on them.
///
/// # Errors
/// As [`measure()`].
pub fn curve(config: &Config, offered: &[f64]) -> Result<Vec<Measurement>> {
    offered.par_iter().map(|&offered| measure(&Config { offered, ..config.clone() })).collect()
}

fn run(config: &Config, by_latency: bool) -> Result<Measurement> {
    run_with(config, by_latency, |rate, nodes, targets| {
        Bernoulli::new(config.seed, rate, config.packet, nodes, targets)
    })
}

/// The same with other packets: `traffic` is told the packets that a node begins in a cycle on average, the number of
/// nodes, and where each sends to if not everywhere.
pub(super) fn run_with<T: Traffic>(
    config: &Config,
    by_latency: bool,
    traffic: impl FnOnce(f64, usize, Option<Vec<u32>>) -> T,
) -> Result<Measurement> {
    config.check()?;
    let fabric = config.topology.compile(config.routing, &config.router)?;
    let nodes = fabric.nodes();
    let targets = config.pattern.table(nodes, config.topology.grid())?;
    let rate = config.offered / f64::from(config.packet);
    let mut network = Network::new(fabric, config.router)?;
    let mut probe = Probe {
        traffic: traffic(rate, nodes, targets),
        from: 0,
        until: u64::MAX,
        open: 0,
        received: vec![0; nodes],
        counting: true,
        packets: 0,
        latency: 0,
        network: 0,
        hops: 0,
        least: u64::MAX,
        most: 0,
    };
    let sampling = config.sampling;
    let (mut settled, mut status, mut reset) = (0, Status::Ok, 0);
    let (mut latency_before, mut accepted_before) = (0.0, 0.0);
    for period in 0..sampling.most {
        let warming = period < sampling.warmup;
        if period == sampling.warmup || warming && period % 2 == 0 {
            probe.clear();
            reset = network.now;
            if !warming {
                probe.from = reset;
            }
        }
        for _ in 0..sampling.period {
            probe.step(&mut network);
        }
        watch(&network)?;
        let latency = probe.mean();
        let accepted = probe.received.iter().sum::<u64>() as f64 / (network.now - reset) as f64;
        let steady = |new: f64, old: f64| ((new - old) / new).abs() <= sampling.settled;
        let both = (!by_latency || steady(latency, latency_before)) && steady(accepted, accepted_before);
        (latency_before, accepted_before) = (latency, accepted);
        if by_latency && latency_with_travellers(&probe, &network) > sampling.unstable {
            status = Status::Unstable;
            break;
        }
        settled = if !warming && both { settled + 1 } else { 0 };
        if settled == 3 {
            break;
        }
    }
    let end = network.now;
    if by_latency && status == Status::Ok {
        status = drain(&mut network, &mut probe, sampling.unstable)?;
    }
    let per_cycle = |flits: u64| flits as f64 / (end - reset) as f64;
    Ok(Measurement {
        offered: config.offered,
        status,
        accepted: per_cycle(probe.received.iter().sum()) / nodes as f64,
        accepted_least: per_cycle(probe.received.iter().copied().min().unwrap_or(0)),
        packets: probe.packets,
        packet_latency: probe.mean(),
        packet_latency_least: probe.least,
        packet_latency_most: probe.most,
        network_latency: probe.network as f64 / probe.packets as f64,
        hops: probe.hops as f64 / probe.packets as f64,
        cycles: network.now,
    })
}

/// Waits for all packets that count.
fn drain<T: Traffic>(network: &mut Network, probe: &mut Probe<T>, unstable: f64) -> Result<Status> {
    (probe.until, probe.counting) = (network.now, false);
    probe.open = network.packets.iter().filter(|p| probe.counts(p.first, p.created)).count() as u64;
    let mut steps = 0;
    while probe.open > 0 {
        probe.step(network);
        steps += 1;
        if steps % DRAIN_CHECK == 0 {
            watch(network)?;
            if latency_with_travellers(probe, network) > unstable {
                return Ok(Status::Unstable);
            }
        }
    }
    Ok(Status::Ok)
}

/// Looks for packets that wait for each other.
pub(super) fn watch(network: &Network) -> Result<()> {
    match network.deadlock() {
        None => Ok(()),
        Some(circle) => Err(Diagnostic::failure("R171", circle.to_string())
            .help("more virtual channels, another routing, or buffers that hold a whole packet")
            .into()),
    }
}
