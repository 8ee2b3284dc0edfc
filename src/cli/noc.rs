//! `archsim noc`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::noc_trace::read;
use super::print;
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::noc::{
    Allocator, Arrival, Config, Measurement, Network, Pattern, Router, Routing, Sampling, Status, Topology, Trace,
    curve, replay, saturation,
};

/// Arguments of `noc`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct NocArgs {
    /// Shape: mesh:8x8, cmesh:4x4x4 (with 4 nodes a router), torus:8x8, ring:8, bus:8, tree:2x3 (branches x levels),
    /// fat_tree:2x3 or h_tree:2.
    #[arg(default_value = "mesh:8x8")]
    topology: String,
    /// Way through it: xy, yx, west_first or adaptive on grids, natural elsewhere.
    #[arg(long, default_value = "natural", value_name = "NAME")]
    routing: String,
    /// Virtual channels of a port.
    #[arg(long, default_value_t = 4, value_name = "N")]
    vcs: usize,
    /// Flits that the buffer of a virtual channel holds.
    #[arg(long, default_value_t = 8, value_name = "N")]
    buffers: usize,
    /// Flits of a packet.
    #[arg(long, default_value_t = 1, value_name = "N")]
    packet: u32,
    /// Cycles of route computation, VC allocation, switch allocation, switch traversal, link and credit.
    #[arg(long, default_value = "1,1,1,1,1,1", value_name = "R,V,S,T,L,C", value_delimiter = ',')]
    stages: Vec<u32>,
    /// Heads ask for the crossbar while they ask for a virtual channel.
    #[arg(long)]
    speculative: bool,
    /// A virtual channel takes no packet before the one before has left the next buffer.
    #[arg(long)]
    wait_for_tail_credit: bool,
    /// How requests are matched: islip, islip:N for N iterations, or round_robin.
    #[arg(long, default_value = "islip", value_name = "NAME")]
    allocator: String,
    /// Who sends to whom: uniform, transpose, hotspot:NODE, bit_complement, neighbour or tornado.
    #[arg(long, default_value = "uniform", value_name = "NAME")]
    traffic: String,
    /// Flits that a node offers in a cycle, one measurement for each.
    #[arg(long, default_value = "0.05,0.1,0.15,0.2,0.25,0.3,0.35,0.4", value_name = "X,...", value_delimiter = ',')]
    offered: Vec<f64>,
    /// Measure what is accepted and wait for nothing, however long packets wait.
    #[arg(long)]
    throughput: bool,
    /// Seed of injection and destinations.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print comma-separated values instead of a table.
    #[arg(long)]
    csv: bool,
    /// Send the packets of a file instead: a header, and lines of cycle,source,destinations,flits, with spaces between
    /// destinations.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write the packets that the first of the offered loads sends in so many cycles, as --trace reads them.
    #[arg(long, value_name = "CYCLES", conflicts_with = "trace")]
    write_trace: Option<u64>,
}

/// Columns of a measurement.
const COLUMNS: [&str; 11] = [
    "offered_flits_node_cycle",
    "status",
    "accepted_flits_node_cycle",
    "accepted_least",
    "packets",
    "packet_latency_cycles",
    "least",
    "most",
    "network_latency_cycles",
    "hops",
    "cycles",
];

impl NocArgs {
    /// Whether it prints packets, as --trace reads them.
    pub const fn writes_trace(&self) -> bool {
        self.write_trace.is_some()
    }
}

/// Measures the loads, or replays a trace, and prints what came of it.
pub fn noc(args: &NocArgs, json: bool) -> Result<()> {
    let config = config(args)?;
    if let Some(path) = &args.trace {
        let fabric = config.topology.compile(config.routing, &config.router)?;
        let trace = read(path, fabric.nodes())?;
        let mut network = Network::new(fabric, config.router)?;
        return print_arrivals(&replay(&mut network, &trace)?, json);
    }
    let first = args.offered.first().copied().unwrap_or(0.1);
    if let Some(cycles) = args.write_trace {
        print(&Trace::synthetic(&Config { offered: first, ..config }, cycles)?.to_string());
        return Ok(());
    }
    let measured = if args.throughput {
        args.offered.iter().map(|&offered| saturation(&Config { offered, ..config.clone() })).collect::<Result<_>>()?
    } else {
        curve(&config, &args.offered)?
    };
    print_measured(&measured, args.csv, json);
    Ok(())
}

/// The measurement that the flags describe, every mistake in them at once.
fn config(args: &NocArgs) -> Result<Config> {
    let mut problems = Diagnostics::new();
    let topology = note(Topology::parse(&args.topology), &mut problems);
    let routing = note(Routing::parse(&args.routing), &mut problems);
    let pattern = note(Pattern::parse(&args.traffic), &mut problems);
    let allocator = note(Allocator::parse(&args.allocator), &mut problems);
    let stages: Option<[u32; 6]> = args.stages.clone().try_into().ok();
    if stages.is_none() {
        problems.push(
            Diagnostic::error("F002", format!("--stages has {} numbers", args.stages.len()))
                .help("six: route computation, VC allocation, switch allocation, switch traversal, link, credit"),
        );
    }
    let (Some(topology), Some(routing), Some(pattern), Some(allocator), Some(stages)) =
        (topology, routing, pattern, allocator, stages)
    else {
        return Err(problems);
    };
    let [routing_cycles, vc_allocation, switch_allocation, traversal, link, credit_delay] = stages;
    let router = Router {
        vcs: args.vcs,
        buffer: args.buffers,
        routing: routing_cycles,
        vc_allocation,
        switch_allocation,
        traversal,
        link,
        credit_delay,
        speculative: args.speculative,
        wait_for_tail_credit: args.wait_for_tail_credit,
        vc_allocator: allocator,
        switch_allocator: allocator,
    };
    let offered = args.offered.first().copied().unwrap_or(0.1);
    let sampling = Sampling::default();
    Ok(Config { topology, routing, router, packet: args.packet, pattern, offered, seed: args.seed, sampling })
}

/// The value, or its findings added to the others.
fn note<T>(value: Result<T>, problems: &mut Diagnostics) -> Option<T> {
    value.map_err(|e| problems.extend(e)).ok()
}

/// How a measurement ended, in a word.
const fn word(m: &Measurement) -> &'static str {
    match m.status {
        Status::Ok if m.packets == 0 => "no_packet",
        Status::Ok => "ok",
        Status::Unstable => "unstable",
    }
}

/// The fields of a measurement as text, in the order of [`COLUMNS`].
fn fields(m: &Measurement) -> [String; COLUMNS.len()] {
    // without a packet nothing is known of packets
    let of_packets = |text: String| if m.packets == 0 { String::new() } else { text };
    [
        m.offered.to_string(),
        word(m).to_string(),
        format!("{:.5}", m.accepted),
        format!("{:.5}", m.accepted_least),
        m.packets.to_string(),
        of_packets(format!("{:.3}", m.packet_latency)),
        of_packets(m.packet_latency_least.to_string()),
        of_packets(m.packet_latency_most.to_string()),
        of_packets(format!("{:.3}", m.network_latency)),
        of_packets(format!("{:.3}", m.hops)),
        m.cycles.to_string(),
    ]
}

fn print_measured(measured: &[Measurement], csv: bool, json: bool) {
    if json {
        let all: Vec<_> = measured
            .iter()
            .map(|m| {
                let any = m.packets > 0;
                json!({
                    "offered_flits_node_cycle": m.offered,
                    "status": word(m),
                    "accepted_flits_node_cycle": m.accepted,
                    "accepted_least": m.accepted_least,
                    "packets": m.packets,
                    "packet_latency_cycles": m.packet_latency,
                    "least": any.then_some(m.packet_latency_least),
                    "most": any.then_some(m.packet_latency_most),
                    "network_latency_cycles": m.network_latency,
                    "hops": m.hops,
                    "cycles": m.cycles,
                })
            })
            .collect();
        return print(&format!("{:#}\n", serde_json::Value::from(all)));
    }
    if csv {
        print(&format!("{}\n", COLUMNS.join(",")));
        measured.iter().for_each(|m| print(&format!("{}\n", fields(m).join(","))));
        return;
    }
    print("offered  status    accepted   latency    least     most   network    hops\n");
    for m in measured {
        let [offered, status, accepted, _, _, latency, least, most, network, hops, _] = fields(m);
        print(&format!(
            "{offered:<8} {status:<8} {accepted:>9} {latency:>9} {least:>8} {most:>8} {network:>9} {hops:>7}\n"
        ));
    }
    print("flits a node and cycle; latencies in cycles, packets' own and without the wait in the source\n");
}

/// One line for each packet and receiver.
fn print_arrivals(arrivals: &[Arrival], json: bool) -> Result<()> {
    if json {
        let all: Vec<_> = arrivals
            .iter()
            .map(|a| {
                json!({
                    "source": a.source, "destination": a.destination, "flits": a.flits, "created": a.created,
                    "injected": a.injected, "arrived": a.arrived, "hops": a.hops,
                })
            })
            .collect();
        print(&format!("{:#}\n", serde_json::Value::from(all)));
        return Ok(());
    }
    print("source,destination,flits,created,injected,arrived,hops\n");
    for a in arrivals {
        let numbers = [a.created, a.injected, a.arrived].map(|n| n.to_string()).join(",");
        print(&format!("{},{},{},{numbers},{}\n", a.source, a.destination, a.flits, a.hops));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_packet_nothing_is_said_of_packets() {
        let config = Config {
            topology: Topology::Ring { nodes: 8 },
            routing: Routing::Natural,
            router: Router::default(),
            packet: 1,
            pattern: Pattern::Uniform,
            offered: 1e-5,
            seed: 0,
            sampling: Sampling { period: 10, warmup: 1, most: 3, ..Sampling::default() },
        };
        let m = saturation(&config).expect("runs");
        let fields = fields(&m);
        assert_eq!((m.packets, fields[1].as_str()), (0, "no_packet"));
        assert!(fields[5..10].iter().all(String::is_empty), "{fields:?}");
    }
}
