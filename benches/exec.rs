//! Value core: time of a cell-read (one cell met by one input plane) on a network of the size of a
//! heartbeat classifier, and of one bulk normal.

use std::hint::black_box;
use std::time::Instant;

use archsim::exec::support::{Parameters, chip, heartbeat, samples, tile};
use archsim::exec::{Arrays, Fidelity, RunOptions, ValueOptions, calibrate, run};
use archsim::rng::{Domain, Draw, fill_normals_with};
use archsim::simd::Isa;
use archsim::units::{Kelvin, Second};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const SAMPLES: usize = 512;
/// The clock of a shared machine wanders: the best of this many runs is printed beside criterion's mean.
const BEST_OF: usize = 15;

fn values(c: &mut Criterion) {
    let graph = heartbeat();
    let p = Parameters::default();
    let (chip, tiled) = (chip(&p), tile(&graph, &p));
    let x = samples(&graph, SAMPLES, 1);
    let inputs = [x.view()];
    let converters = calibrate(&graph, &tiled, &chip, &inputs, 0..32).expect("the network fits the chip");
    let mut group = c.benchmark_group("exec");
    group.sample_size(10);
    for fidelity in [Fidelity::Ideal, Fidelity::Quantised, Fidelity::Noisy] {
        let options =
            ValueOptions { fidelity, seed: 1, noise_scale: 1.0, age: Second(0.0), temperature: Kelvin(300.0) };
        let arrays = Arrays::program(&graph, &tiled, &chip, &converters, &options).expect("the network fits the chip");
        for isa in Isa::all() {
            let how = RunOptions { isa, ..RunOptions::default() };
            let once = || {
                run(&graph, &tiled, &arrays, &inputs, 0..SAMPLES, &how, &|_| ()).expect("the samples fit the network")
            };
            let activity = once().activity;
            let reads: u64 = activity.layers.iter().map(|l| l.cell_reads).sum();
            let conversions: u64 = activity.layers.iter().map(|l| l.conversions).sum();
            let best = (0..BEST_OF)
                .map(|_| {
                    let start = Instant::now();
                    black_box(once());
                    start.elapsed().as_secs_f64()
                })
                .fold(f64::INFINITY, f64::min);
            println!(
                "{fidelity:?} {}: {reads} cell-reads, {conversions} conversions, {} threads: best {:.4} ns for a cell-read, {:.1} us for a sample",
                isa.name(),
                rayon::current_num_threads(),
                best / reads as f64 * 1e9,
                best / SAMPLES as f64 * 1e6
            );
            group.throughput(Throughput::Elements(reads));
            group.bench_function(format!("{fidelity:?} {}", isa.name()), |b| b.iter(&once));
        }
    }
    group.finish();
}

fn normals(c: &mut Criterion) {
    let mut out = vec![0.0; 4096];
    let mut group = c.benchmark_group("normals");
    group.throughput(Throughput::Elements(out.len() as u64));
    for isa in Isa::all() {
        let mut tick = 0;
        group.bench_function(isa.name(), |b| {
            b.iter(|| {
                tick += 1;
                fill_normals_with(isa, Draw { seed: 1, domain: Domain::Read, element: 1, tick }, black_box(&mut out));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, values, normals);
criterion_main!(benches);
