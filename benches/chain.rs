//! The analog chain on a 512 × 512 crossbar: time of a vector, share of the processor's peak.
//!
//! `cargo bench --bench chain` prints, for each setting and batch, the least processor time of several runs
//! on one thread beside the rate of a loop that does nothing but fused multiply-adds. `benches/peers/aihwkit_read.sh` runs aihwkit in
//! turn with it.

mod common;

use std::hint::black_box;

use archsim::circuit::chain::{BoundManagement, Chain, ChainOptions, ChainState, NoiseManagement, WeightNoise};
use archsim::rng::{element, read_tick};
use archsim::simd::{Body, DOUBLES, Doubles, Isa, run};
use common::best;

const SIZE: usize = 512;
const RUNS: usize = 30;

/// The settings that are compared, by name.
fn settings() -> [(&'static str, ChainOptions); 3] {
    let converters = ChainOptions {
        inp_res: 1.0 / 126.0,
        out_res: 1.0 / 510.0,
        out_bound: 20.0,
        out_noise: 0.0,
        noise_management: NoiseManagement::AbsMax,
        bound_management: BoundManagement::None,
        ..ChainOptions::default()
    };
    let noisy = ChainOptions { w_noise: 0.0175, w_noise_type: WeightNoise::PcmRead, ir_drop: 1.0, ..converters };
    [("ideal", ChainOptions { is_perfect: true, ..converters }), ("converters", converters), ("noisy", noisy)]
}

/// Independent chains of fused multiply-adds, as many as registers hold.
struct Fused(usize);

impl Body for Fused {
    type Output = f64;
    #[inline(always)]
    fn run<L: Doubles>(self, l: L) -> f64 {
        let (a, b) = (l.splat_f64(black_box(0.999)), l.splat_f64(black_box(0.001)));
        let mut sums = [l.splat_f64(1.0); 12];
        for _ in 0..self.0 {
            for s in &mut sums {
                *s = l.mul_add(*s, a, b);
            }
        }
        let mut total = 0.0;
        for s in sums {
            let mut lanes = [0.0; DOUBLES];
            l.store_f64(s, &mut lanes);
            total += lanes.iter().sum::<f64>();
        }
        total
    }
}

/// `f32` multiply-adds a second of one core: a vector holds twice as many of them as of `f64`.
fn peak() -> f64 {
    const STEPS: usize = 200_000;
    (STEPS * 12 * 2 * DOUBLES) as f64 / best(RUNS, || run(Isa::best(), Fused(STEPS)))
}

fn main() {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    alone.install(measure);
}

fn measure() {
    let value = |i: usize| ((i as f32 * 0.618_034).fract() - 0.5) * 2.0;
    let weights: Vec<f32> = (0..SIZE * SIZE).map(value).collect();
    for (name, options) in settings() {
        for batch in [1, 64, 256] {
            let chain = Chain::new(Isa::best(), &options, &weights, [SIZE, SIZE], 1, element(0, 0, 0, 0, false, 0));
            let x: Vec<f32> = (0..batch * SIZE).map(|i| value(i + 17)).collect();
            let mut out = vec![0.0; batch * SIZE];
            let mut sample = 0;
            let peak = peak();
            let mut state = ChainState::default();
            let seconds = best(RUNS, || {
                let ticks: Vec<u64> = (sample..sample + batch).map(|s| read_tick(s, 0, 0)).collect();
                sample += batch;
                chain.read(&x, &ticks, &mut state, black_box(&mut out))
            });
            let rate = (batch * SIZE * SIZE) as f64 / seconds;
            println!(
                "{name} {batch} {:.3} us a vector, {:.1} G multiply-adds/s, {:.0} % of {:.1} G/s",
                seconds / batch as f64 * 1e6,
                rate / 1e9,
                100.0 * rate / peak,
                peak / 1e9
            );
        }
    }
}
