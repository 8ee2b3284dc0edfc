//! BookSim2's table (`ARCHSIM_REFERENCE`), the rows of a 4 × 4 mesh that take little time; `cargo xtask verify clock`
//! runs all of it.

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
            packet: packet as u16,
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

fn seeds(row: &Row, count: u64) -> Vec<Measurement> {
    let run = |seed| {
        let config = Config { seed, ..row.config.clone() };
        if row.throughput { saturation(&config) } else { measure(&config) }.expect("it measures")
    };
    (1..=count).map(run).collect()
}

fn mean(of: impl Iterator<Item = f64>) -> f64 {
    let all: Vec<f64> = of.collect();
    all.iter().sum::<f64>() / all.len() as f64
}

/// Least latency exact, throughput within 3 %, mean latency at the table's mean number of hops within 2 % or three
/// standard errors of the difference between one run and the mean of ours.
#[test]
fn a_mesh_does_as_booksim2() {
    const SEEDS: u64 = 4;
    let Some(rows) = rows() else { return };
    let mut tried = 0;
    for (name, row) in rows.iter().filter(|(name, r)| name.starts_with("4x4") && r.stable) {
        let light = row.config.offered <= 0.3 && row.latency < 1.5 * (row.zero.0 + 2.5 * row.zero.1);
        let quick = !row.throughput || name.contains(",B,") || name.contains(",C,");
        if !(if row.throughput { quick } else { light }) {
            continue;
        }
        tried += 1;
        let runs = seeds(row, SEEDS);
        assert!(runs.iter().all(|m| m.status == Status::Ok), "{name}");
        if row.throughput {
            let accepted = mean(runs.iter().map(|m| m.accepted));
            assert!((accepted / row.accepted - 1.0).abs() < 0.03, "{name}: {accepted} against {}", row.accepted);
            continue;
        }
        let least = runs.iter().map(|m| m.packet_latency_least).min();
        assert_eq!(least, Some(row.least), "{name}");
        let hops = row.hops.expect("stable rows have hops");
        let at_hops = |m: &Measurement| m.packet_latency + row.zero.1 * (hops - m.hops);
        let ours = mean(runs.iter().map(at_hops));
        let spread = mean(runs.iter().map(|m| (at_hops(m) - ours).powi(2))) * SEEDS as f64 / (SEEDS - 1) as f64;
        let error = (spread * (1.0 + 1.0 / SEEDS as f64)).sqrt();
        let off = ours - row.latency;
        assert!(off.abs() < (0.02 * row.latency).max(3.0 * error), "{name}: {ours} against {}, ± {error}", row.latency);
    }
    assert!(tried > 40, "{tried} rows are tried");
}

/// A saturated network of configuration D falls into one of two cycles; the table's run is in one of them to 1e-4.
#[test]
fn saturation_falls_into_the_cycle_of_booksim2() {
    let Some(rows) = rows() else { return };
    let (_, row) = rows
        .iter()
        .find(|(_, r)| r.throughput && r.config.router.speculative && matches!(r.config.pattern, Pattern::Hotspot(_)))
        .expect("the row of a speculating router");
    let nearest = seeds(row, 4).iter().map(|m| (m.accepted / row.accepted - 1.0).abs()).fold(1.0, f64::min);
    assert!(nearest < 1e-3, "{nearest}");
}
