//! Cycles a second of a flit-accurate mesh on one core: 8 × 8, uniform traffic, single-flit packets.
//!
//! `cargo bench --bench noc` prints the least and the median processor time of several runs. The router is the default
//! one: four virtual channels of eight flits, every stage one cycle.

mod common;

use archsim::noc::{Config, Pattern, Router, Routing, Sampling, Topology, measure};
use common::seconds;

/// Runs at a load: most at the one that is asked for, over half a minute, because machines have slow minutes.
const LOADS: [(f64, usize); 3] = [(0.05, 41), (0.15, 301), (0.3, 41)];

fn main() {
    for (offered, runs) in LOADS {
        let config = Config {
            topology: Topology::Mesh { width: 8, height: 8, concentration: 1 },
            routing: Routing::Xy,
            router: Router::default(),
            packet: 1,
            pattern: Pattern::Uniform,
            offered,
            seed: 1,
            // ten periods and no end before
            sampling: Sampling { period: 2000, warmup: 1, most: 10, settled: 0.0, unstable: 500.0 },
        };
        let mut rates: Vec<f64> = (0..runs)
            .map(|_| {
                let start = seconds();
                let measured = measure(&config).expect("the mesh is stable");
                measured.cycles as f64 / (seconds() - start)
            })
            .collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "mesh 8 x 8 uniform {offered}: {:.0} cycles/s best, {:.0} cycles/s median",
            rates[runs - 1],
            rates[runs / 2]
        );
    }
}
