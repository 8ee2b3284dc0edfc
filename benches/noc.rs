//! Cycles a second of a flit-accurate mesh: 8 × 8, uniform traffic of 0.15 single-flit packets a node and cycle.
//!
//! `cargo bench --bench noc`, one thread. The router is the default one: four virtual channels of eight flits, every
//! stage one cycle.

use archsim::noc::{Config, Pattern, Router, Routing, Sampling, Topology, measure};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const CYCLES: u64 = 20_000;

fn mesh(c: &mut Criterion) {
    let mut group = c.benchmark_group("noc");
    group.sample_size(10).throughput(Throughput::Elements(CYCLES));
    for offered in [0.05, 0.15, 0.3] {
        let config = Config {
            topology: Topology::Mesh { width: 8, height: 8, concentration: 1 },
            routing: Routing::Xy,
            router: Router::default(),
            packet: 1,
            pattern: Pattern::Uniform,
            offered,
            seed: 1,
            sampling: Sampling { period: CYCLES / 4, warmup: 1, most: 4, settled: 0.0, unstable: 500.0 },
        };
        group.bench_function(format!("mesh 8x8 uniform {offered}"), |b| b.iter(|| measure(&config)));
    }
    group.finish();
}

criterion_group!(benches, mesh);
criterion_main!(benches);
