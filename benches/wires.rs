//! Crossbars with wires on one core: folding all outputs, and one vector.
//!
//! Prints the best of some runs (the clock of a shared machine wanders) beside criterion's statistics;
//! `benches/peers/badcrossbar.sh` reads the lines that begin with `cold`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use archsim::circuit::wires::{Bench, Drives, Folder, Network, solve};
use archsim::simd::Isa;
use criterion::{Criterion, criterion_group, criterion_main};

const BEST_OF: usize = 7;

/// Cells of 1 to 25 µS in an order without pattern: the fractions of multiples of the golden ratio. The peer's script
/// makes the same.
fn crossbar(size: usize, ohm: f64) -> Network {
    let g = (0..size * size).map(|at| 1e-6 + 24e-6 * (at as f64 * 0.618_033_988_749_894_9).fract()).collect();
    Network::passive(size, size, g, ohm, ohm)
}

/// Best time of some calls.
fn best<T>(mut once: impl FnMut() -> T) -> (Duration, T) {
    let mut timed = || {
        let start = Instant::now();
        let value = black_box(once());
        (start.elapsed(), value)
    };
    let first = timed();
    (1..BEST_OF).map(|_| timed()).fold(first, |a, b| if b.0 < a.0 { b } else { a })
}

fn wires(c: &mut Criterion) {
    let mut group = c.benchmark_group("wires");
    group.sample_size(10);
    for (size, ohm) in [(128, 1.0), (128, 5.0), (256, 1.0), (256, 5.0)] {
        let network = crossbar(size, ohm);
        for isa in Isa::all().into_iter().filter(|isa| isa.name() != "portable") {
            let mut folder = Folder::default();
            let mut once = || folder.fold(&network, isa).expect("the crossbar is sound");
            let (time, folded) = best(&mut once);
            println!(
                "fold {size} x {size} at {ohm} Ohm, {}: best {:.1} ms, error below {:.0e}",
                isa.name(),
                time.as_secs_f64() * 1e3,
                folded.error_bound
            );
            group.bench_function(format!("fold {size} {ohm} Ohm {}", isa.name()), |b| b.iter(&mut once));
        }
    }
    for (size, ohm) in [(256, 2.0), (512, 1.0), (512, 5.0), (1024, 2.0)] {
        let network = crossbar(size, ohm);
        let drives = Drives::read(&vec![0.2; size], size);
        // cold: nothing prepared, nothing allocated
        let (cold, solution) = best(|| solve(&network, &drives).expect("the crossbar is sound"));
        println!("cold {size} {ohm} {:.6} s, first current {:.12e} A", cold.as_secs_f64(), solution.col_currents[0]);
        let mut bench = Bench::default();
        let mut once = || bench.solve(&network, &drives, Isa::best()).expect("the crossbar is sound");
        group.bench_function(format!("one vector {size} {ohm} Ohm"), |b| b.iter(&mut once));
    }
    group.finish();
}

criterion_group!(benches, wires);
criterion_main!(benches);
