//! BookSim2's table (`ARCHSIM_REFERENCE`): the rows of a 4 × 4 mesh that take little time, and, for `cargo xtask verify
//! clock`, all of it.
//!
//! Each row of the table is one run of BookSim2. At light loads it has some hundred packets, and its mean latency is off
//! by what their ways are longer or shorter than the mean; so ours is taken at the table's mean number of hops, cycles a
//! hop times the difference added. The standard error is that of the difference between one run and the mean of ours.

use super::super::{Config, Measurement, Pattern, Sampling, Status, measure, saturation};
use super::*;

/// A row of the table.
struct Row {
    config: Config,
    throughput: bool,
    stable: bool,
    accepted: f64,
    latency: f64,
    least: u64,
    hops: Option<f64>,
    /// Cycles of a packet that no other holds up: those of a way of length nothing, and those of each hop.
    zero: (f64, f64),
}

fn rows() -> Option<Vec<(String, Row)>> {
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
            seed: 0,
            sampling: Sampling::default(),
        };
        let row = Row {
            throughput: text("sim_type") == "throughput",
            stable: text("status") == "ok",
            accepted: number("accepted_flits_per_node_cycle"),
            latency: number("packet_latency_avg"),
            least: number("packet_latency_min") as u64,
            hops: text("hops_avg").parse().ok(),
            // as the table's own description gives them
            zero: if text("config") == "D" { (15.0, 3.0) } else { (6.0 + packet, 5.0) },
            config,
        };
        (record.iter().take(20).collect::<Vec<_>>().join(","), row)
    });
    Some(rows.collect())
}

/// What a row says of us.
struct Verdict {
    /// Our mean latency, or accepted flits where the row is of throughput, relative to the table, less one.
    off: f64,
    /// Within the tolerance without regard to chance.
    plainly: bool,
    /// Within the tolerance or three standard errors.
    holds: bool,
    text: String,
}

/// Runs a row with several seeds. Throughput is asked within 3 %; latency within 2 % up to 1.5 times that of an empty
/// network, and then the least latency exactly, within 5 % up to 3 times, and beyond only to be beyond as well.
fn judge(name: &str, row: &Row, seeds: u64) -> Verdict {
    let run = |seed| {
        let config = Config { seed, ..row.config.clone() };
        if row.throughput { saturation(&config) } else { measure(&config) }.expect("it measures")
    };
    let runs: Vec<Measurement> = (1..=seeds).map(run).collect();
    let mean = |of: &dyn Fn(&Measurement) -> f64| runs.iter().map(of).sum::<f64>() / seeds as f64;
    // standard error of the difference between one run and the mean of ours
    let error = |of: &dyn Fn(&Measurement) -> f64| {
        let variance = runs.iter().map(|m| (of(m) - mean(of)).powi(2)).sum::<f64>() / (seeds - 1) as f64;
        (variance * (1.0 + 1.0 / seeds as f64)).sqrt()
    };
    if row.throughput {
        let (accepted, error) = (mean(&|m| m.accepted), error(&|m| m.accepted));
        let off = accepted / row.accepted - 1.0;
        let text = format!("{name}: accepts {accepted:.5}, BookSim2 {:.5}, standard error {error:.5}", row.accepted);
        let plainly = off.abs() < 0.03;
        return Verdict { off, plainly, holds: plainly || (accepted - row.accepted).abs() < 3.0 * error, text };
    }
    let fabric = row.config.topology.compile(row.config.routing, &row.config.router).expect("a mesh");
    let nodes = fabric.nodes();
    let to = row.config.pattern.table(nodes, row.config.topology.grid()).expect("a pattern");
    let distance = |s: usize, d: usize| (fabric.hops(s, d) - 1) as f64;
    let way: f64 = match &to {
        Some(to) => (0..nodes).map(|s| distance(s, to[s] as usize)).sum::<f64>() / nodes as f64,
        None => (0..nodes * nodes).map(|i| distance(i / nodes, i % nodes)).sum::<f64>() / (nodes * nodes) as f64,
    };
    let empty = row.zero.0 + row.zero.1 * way;
    let raw = mean(&|m| m.packet_latency);
    let unstable = runs.iter().any(|m| m.status == Status::Unstable);
    let text = format!("{name}: {raw:.3} cycles, BookSim2 {:.3}, empty {empty:.3}", row.latency);
    let ratio = row.latency / empty;
    if !row.stable || ratio > 3.0 {
        let holds = unstable || raw > 3.0 * empty;
        return Verdict { off: raw / row.latency - 1.0, plainly: holds, holds, text };
    }
    let hops = row.hops.expect("stable rows have hops");
    let at_hops = |m: &Measurement| m.packet_latency + row.zero.1 * (hops - m.hops);
    let ours = mean(&at_hops);
    let error = error(&at_hops);
    let least = runs.iter().map(|m| m.packet_latency_least).min();
    let exact = ratio >= 1.5 || least == Some(row.least);
    let tolerance = if ratio < 1.5 { 0.02 } else { 0.05 };
    let plainly = !unstable && exact && (raw / row.latency - 1.0).abs() < tolerance;
    let by_chance = (ours - row.latency).abs() < (tolerance * row.latency).max(3.0 * error);
    let text = format!("{text}; at its hops {ours:.3}, standard error {error:.3}, least {least:?} and {}", row.least);
    Verdict { off: ours / row.latency - 1.0, plainly, holds: !unstable && exact && by_chance, text }
}

#[test]
fn a_mesh_does_as_booksim2() {
    let Some(rows) = rows() else { return };
    let small = |(name, r): &&(String, Row)| {
        name.starts_with("4x4") && r.stable && (r.throughput || r.config.offered <= 0.25 && r.latency < 30.0)
    };
    let mut tried = 0;
    for (name, row) in rows.iter().filter(small) {
        let verdict = judge(name, row, 4);
        assert!(verdict.holds, "{}", verdict.text);
        tried += 1;
    }
    assert!(tried > 40, "{tried} rows are tried");
}

#[test]
#[ignore = "takes minutes; cargo xtask verify clock runs it"]
fn the_whole_table() {
    let rows = rows().expect("the table is needed");
    let (mut hold, mut plainly, mut worst) = (0, 0, 0.0f64);
    for (name, row) in &rows {
        let verdict = judge(name, row, 8);
        if !verdict.plainly {
            println!("{} {}", if verdict.holds { "BY CHANCE" } else { "NOT" }, verdict.text);
        }
        if row.throughput {
            worst = worst.max(verdict.off.abs());
        }
        hold += u32::from(verdict.holds);
        plainly += u32::from(verdict.plainly);
    }
    println!(
        "TABLE {hold} of {} rows hold; {plainly} of them without regard to chance; throughput off by at most {:.2} %",
        rows.len(),
        worst * 100.0
    );
    assert_eq!(rows.len(), 115);
}

/// A saturated network of configuration D falls into one of two cycles; the table's run is in one of them.
#[test]
fn saturation_falls_into_the_cycle_of_booksim2() {
    let Some(rows) = rows() else { return };
    let (_, row) = rows
        .iter()
        .find(|(_, r)| r.throughput && r.config.router.speculative && matches!(r.config.pattern, Pattern::Hotspot(_)))
        .expect("the row of a speculating router");
    let accepted = |seed| saturation(&Config { seed, ..row.config.clone() }).expect("it measures").accepted;
    let nearest = (0..6).map(|seed| (accepted(seed) / row.accepted - 1.0).abs()).fold(1.0, f64::min);
    assert!(nearest < 1e-3, "{nearest}");
}
