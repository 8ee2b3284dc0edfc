//! The analog chain on a 512 × 512 crossbar: time of a vector, share of the processor's peaks.
//!
//! `cargo bench --bench chain` prints, for each setting and batch, the least processor time of several runs on one
//! thread: multiply-adds of weights and inputs a second beside the rate of a loop that does nothing but fused
//! multiply-adds of `f32` (beyond 100 % where products are taken of bytes), and products of bytes a second beside the
//! rate of blocks that stay in the first-level cache. With `-- FOLDER`, outputs of batch 256 are written there.
//! `benches/peers/aihwkit_read.sh` runs aihwkit in turn with it and compares them.

mod common;

use std::hint::black_box;

use archsim::circuit::chain::{BoundManagement, Chain, ChainOptions, ChainState, NoiseManagement, WeightNoise};
use archsim::rng::{element, read_tick};
use archsim::simd::bytes::Multiplier;
use archsim::simd::{Body, DOUBLES, Doubles, Isa, run};
use common::best;

const SIZE: usize = 512;
const RUNS: usize = 60;

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

/// Products of bytes a second of one core.
fn byte_peak(by: Multiplier) -> f64 {
    const BLOCKS: usize = 1000;
    by.spin(1) as f64 * BLOCKS as f64 / best(RUNS, || by.spin(BLOCKS))
}

/// Number `i` of the weights and inputs, of −1 … 1: the finaliser of MurmurHash3 (public domain), 24 bits of it.
fn value(i: usize) -> f32 {
    let mut h = i as u32;
    h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    ((h ^ (h >> 16)) >> 8) as f32 / 8_388_608.0 - 1.0
}

fn main() {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    alone.install(measure);
}

fn measure() {
    let folder = std::env::args().skip(1).find(|a| !a.starts_with('-')).map(std::path::PathBuf::from);
    let by = Multiplier::best(Isa::best());
    let weights: Vec<f32> = (0..SIZE * SIZE).map(value).collect();
    for (name, options) in settings() {
        for batch in [1, 64, 256] {
            let chain = Chain::new(Isa::best(), &options, &weights, [SIZE, SIZE], 1, element(0, 0, 0, 0, false, 0));
            let x: Vec<f32> = (SIZE * SIZE..).take(batch * SIZE).map(value).collect();
            let mut out = vec![0.0; batch * SIZE];
            let mut sample = 0;
            let (peak, byte_peak) = (peak(), byte_peak(by));
            let mut state = ChainState::default();
            let seconds = best(RUNS, || {
                let ticks: Vec<u64> = (sample..sample + batch).map(|s| read_tick(s, 0, 0)).collect();
                sample += batch;
                chain.read(&x, &ticks, &mut state, black_box(&mut out))
            });
            if let (Some(folder), 256) = (&folder, batch) {
                // the first samples, whatever was read before
                let ticks: Vec<u64> = (0..batch).map(|s| read_tick(s, 0, 0)).collect();
                chain.read(&x, &ticks, &mut state, &mut out);
                let bytes: Vec<u8> = out.iter().flat_map(|y| y.to_le_bytes()).collect();
                std::fs::write(folder.join(name), bytes).expect("the folder takes files");
            }
            let rate = (batch * SIZE * SIZE) as f64 / seconds;
            let bytes = rate * chain.byte_products() as f64;
            println!(
                "{name} {batch} {:.3} us a vector, {:.1} G multiply-adds/s, {:.0} % of {:.1} G/s in f32; {} {:.0} G byte products/s, {:.0} % of {:.0} G/s",
                seconds / batch as f64 * 1e6,
                rate / 1e9,
                100.0 * rate / peak,
                peak / 1e9,
                by.name(),
                bytes / 1e9,
                100.0 * bytes / byte_peak,
                byte_peak / 1e9
            );
        }
    }
}
