//! BookSim2's table (`ARCHSIM_REFERENCE`), run by run with BookSim2's own packets ([`BookSim2`]).
//!
//! With the same packets every figure of a run that ended is the same, to the last of the six digits that are printed:
//! there is nothing that chance could excuse. Our own packets are compared with theirs by their means over several
//! seeds.

use super::super::measure::run_with;
use super::super::{Config, Measurement, Pattern, Sampling, Status, measure, saturation};
use super::booksim_traffic::BookSim2;
use super::*;

/// A row of the table: a run of BookSim2.
struct Row {
    name: String,
    config: Config,
    throughput: bool,
    stable: bool,
    /// What it measured, by column, where it printed something.
    figures: Vec<(&'static str, f64)>,
    /// Cycles of a packet that no other holds up: those of a way of length nothing, and those of each hop.
    zero: (f64, f64),
}

/// A column of the table, and the same of a measurement of ours.
type Figure = (&'static str, fn(&Measurement) -> f64);

/// The columns that a measurement of ours has too.
const FIGURES: [Figure; 7] = [
    ("accepted_flits_per_node_cycle", |m| m.accepted),
    ("accepted_min_node", |m| m.accepted_least),
    ("packet_latency_avg", |m| m.packet_latency),
    ("packet_latency_min", |m| m.packet_latency_least as f64),
    ("packet_latency_max", |m| m.packet_latency_most as f64),
    ("network_latency_avg", |m| m.network_latency),
    ("hops_avg", |m| m.hops),
];

fn rows() -> Option<Vec<Row>> {
    let Ok(folder) = std::env::var("ARCHSIM_REFERENCE") else {
        eprintln!("SKIPPED: ARCHSIM_REFERENCE is not set, BookSim2's table was not read");
        return None;
    };
    let path = std::path::Path::new(&folder).join("booksim/mesh_latency.csv");
    let mut reader = csv::Reader::from_path(&path).expect("the table is there");
    let header = reader.headers().expect("it has a header").clone();
    let rows = reader.records().map(|record| {
        let record = record.expect("a row");
        let text = |name: &str| record.get(header.iter().position(|h| h == name).expect("a column")).unwrap_or("");
        let number = |name: &str| text(name).parse::<f64>().unwrap_or(f64::NAN);
        let size = text("mesh").split('x').next().and_then(|k| k.parse().ok()).expect("k × k");
        let router = Router {
            vcs: number("num_vcs") as usize,
            buffer: number("vc_buf_size_flits") as usize,
            routing: number("routing_delay") as u32,
            vc_allocation: number("vc_alloc_delay") as u32,
            switch_allocation: number("sw_alloc_delay") as u32,
            credit_delay: number("credit_delay") as u32,
            speculative: text("speculative") == "1",
            wait_for_tail_credit: text("wait_for_tail_credit") == "1",
            traversal: number("switch_traversal_delay") as u32,
            link: number("link_delay") as u32,
            ..Router::default()
        };
        let pattern = match text("traffic") {
            "hotspot" => Pattern::Hotspot(number("hotspot_node") as u32),
            name => Pattern::parse(name).expect("a pattern"),
        };
        let packet = number("packet_size_flits");
        let config = Config {
            topology: Topology::Mesh { width: size, height: size, concentration: 1 },
            routing: Routing::Xy,
            router,
            packet: packet as u32,
            pattern,
            offered: number("offered_flits_per_node_cycle"),
            seed: number("seed") as u64,
            sampling: Sampling::default(),
        };
        let (throughput, stable) = (text("sim_type") == "throughput", text("status") == "ok");
        // a run for throughput is not drained; one that was given up has its figures from several moments
        let told = FIGURES.iter().take(if !stable {
            1
        } else if throughput {
            2
        } else {
            FIGURES.len()
        });
        let config_name = text("config");
        Row {
            name: ["mesh", "config", "traffic", "sim_type", "seed", "offered_flits_per_node_cycle"].map(text).join(" "),
            throughput,
            stable,
            figures: told.map(|(name, _)| (*name, number(name))).collect(),
            // as the table's own description gives them
            zero: if config_name == "D" { (15.0, 3.0) } else { (6.0 + packet, 5.0) },
            config,
        }
    });
    Some(rows.collect())
}

impl Row {
    /// The run with BookSim2's packets, or with ours.
    fn run(&self, theirs: bool, seed: u64) -> Measurement {
        let config = Config { seed, ..self.config.clone() };
        let measured = match theirs {
            true => run_with(&config, !self.throughput, |rate, nodes, targets| {
                BookSim2::new(seed, rate, config.packet, nodes, targets)
            }),
            false if self.throughput => saturation(&config),
            false => measure(&config),
        };
        measured.expect("it measures")
    }
    fn figure(&self, name: &str) -> f64 {
        self.figures.iter().find(|(n, _)| *n == name).map_or(f64::NAN, |(_, v)| *v)
    }
    /// Mean latency of packets that no other holds up.
    fn empty(&self) -> f64 {
        let fabric = self.config.topology.compile(self.config.routing, &self.config.router).expect("a mesh");
        let nodes = fabric.nodes();
        let to = self.config.pattern.table(nodes, self.config.topology.grid()).expect("a pattern");
        let distance = |s: usize, d: usize| (fabric.hops(s, d) - 1) as f64;
        let way: f64 = match &to {
            Some(to) => (0..nodes).map(|s| distance(s, to[s] as usize)).sum::<f64>() / nodes as f64,
            None => (0..nodes * nodes).map(|i| distance(i / nodes, i % nodes)).sum::<f64>() / (nodes * nodes) as f64,
        };
        self.zero.0 + self.zero.1 * way
    }
    /// What is asked of a run with the same packets: throughput within 3 %; latency within 2 % up to 1.5 times that of
    /// an empty network, and then the least latency exactly, within 5 % up to 3 times, and beyond only to be beyond.
    fn holds(&self, m: &Measurement) -> bool {
        let off = |name: &str, ours: f64| (ours / self.figure(name) - 1.0).abs();
        let (unstable, empty) = (m.status == Status::Unstable, self.empty());
        let ratio = self.figure("packet_latency_avg") / empty;
        match ratio {
            _ if self.throughput => off("accepted_flits_per_node_cycle", m.accepted) < 0.03,
            _ if !self.stable || ratio > 3.0 => unstable || m.packet_latency > 3.0 * empty,
            _ if unstable => false,
            _ if ratio < 1.5 => {
                let least = m.packet_latency_least as f64 == self.figure("packet_latency_min");
                least && off("packet_latency_avg", m.packet_latency) < 0.02
            }
            _ => off("packet_latency_avg", m.packet_latency) < 0.05,
        }
    }
    /// The figures that are not the table's in all its six digits.
    fn others(&self, m: &Measurement) -> Vec<String> {
        let ended = (self.stable != (m.status == Status::Ok)).then(|| format!("{:?}", m.status));
        let differ = self.figures.iter().zip(&FIGURES).filter_map(|(&(name, theirs), (_, of))| {
            let last = 10f64.powf(theirs.abs().log10().floor() - 5.0);
            let same = theirs == of(m) || (of(m) - theirs).abs() <= 0.500_001 * last;
            (!same).then(|| format!("{name} {} and {theirs}", of(m)))
        });
        ended.into_iter().chain(differ).collect()
    }
}

/// What `cargo xtask verify clock` reads stands behind `TABLE` and `NOT`.
#[test]
fn a_mesh_does_to_the_last_digit_as_booksim2() {
    let Some(rows) = rows() else { return };
    let (mut hold, mut figures, mut missed) = (0, 0, Vec::new());
    for row in &rows {
        let m = row.run(true, row.config.seed);
        let others = row.others(&m);
        figures += row.figures.len() - others.len();
        hold += usize::from(row.holds(&m));
        if !row.holds(&m) || !others.is_empty() {
            missed.push(format!("{}: {}", row.name, others.join(", ")));
        }
    }
    let all: usize = rows.iter().map(|r| r.figures.len()).sum();
    println!(
        "TABLE with BookSim2's own packets {hold} of {} rows hold, none by chance, and {figures} of their {all} figures \
         are BookSim2's to the last of six digits",
        rows.len()
    );
    missed.iter().for_each(|row| println!("NOT {row}"));
    assert_eq!((rows.len(), hold, missed), (115, 115, vec![]));
}

/// Means of a row with our packets and with BookSim2's over several seeds, and their difference in standard errors.
fn compared(row: &Row, seeds: std::ops::RangeInclusive<u64>) -> Option<(f64, f64, f64)> {
    let of = |m: &Measurement| if row.throughput { m.accepted } else { m.packet_latency };
    let [ours, theirs] = [false, true].map(|theirs| {
        let runs: Vec<Measurement> = seeds.clone().map(|seed| row.run(theirs, seed)).collect();
        let n = runs.len() as f64;
        let mean = runs.iter().map(of).sum::<f64>() / n;
        let variance = runs.iter().map(|m| (of(m) - mean).powi(2)).sum::<f64>() / (n - 1.0);
        runs.iter().all(|m| m.status == Status::Ok).then_some((mean, variance / n))
    });
    let ((ours, a), (theirs, b)) = (ours?, theirs?);
    Some((ours, theirs, (ours - theirs).abs() / (a + b).sqrt().max(1e-9 * theirs)))
}

/// Our packets are other draws of the same law: means over seeds differ by what chance allows. Of about a hundred rows
/// some differ by three standard errors of eight seeds; those have to agree with 32 others. Rows that some seed makes
/// unstable have no mean.
#[test]
#[ignore = "takes a minute; cargo xtask verify clock runs it"]
fn our_own_packets_do_as_those_of_booksim2() {
    let rows = rows().expect("the table is needed");
    let (mut most, mut count, mut again) = (0.0f64, 0, Vec::new());
    for row in rows.iter().filter(|r| r.stable) {
        let Some((.., errors)) = compared(row, 1..=8) else { continue };
        count += 1;
        most = most.max(errors);
        if errors > 3.0 {
            let (ours, theirs, errors) = compared(row, 101..=132).expect("a stable row");
            again.push(format!("{}: {ours:.3} and {theirs:.3}, {errors:.1} with 32 other seeds", row.name));
            assert!(errors < 3.0, "{}", again.join("; "));
        }
    }
    println!(
        "OWN our own packets against BookSim2's, 8 seeds each, {count} rows: means differ by at most {most:.1} standard \
         errors ({})",
        again.join("; ")
    );
    assert!(count > 90, "{count} rows are compared");
}
