//! A bit-sliced crossbar of 512 × 512 weights: time of a cell-read on one thread.
//!
//! Weights of eight bits in four slices of two bits, differential; inputs of seven bits, one at a time; an 8-bit
//! converter for each slice; 64 vectors. Only cells that hold a weight are counted: both cells of a pair, every slice,
//! every plane. `cargo bench --bench sliced` prints the least processor time of several runs, from codes to outputs.

mod common;

use archsim::arch::{Encoding, Subtraction};
use archsim::exec::support::{Builder, Parameters, chip, samples, tile};
use archsim::exec::{Arrays, Fidelity, RunOptions, ValueOptions, calibrate, run};
use archsim::tensor::{Quant, Window};
use archsim::units::{Kelvin, Second};

const SIZE: usize = 512;
const BATCH: usize = 64;
const RUNS: usize = 9;

fn main() {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    alone.install(measure);
}

fn measure() {
    let quant = Quant { scale: 1.0 / 64.0, bits: 7, signed: false };
    let mut network = Builder::new(&[SIZE], quant, 8, 7);
    let input = network.graph.output();
    network.mvm(input, Window::dense(SIZE), SIZE, None);
    let graph = network.graph;
    let x = samples(&graph, BATCH, 1);
    let inputs = [x.view()];
    for subtraction in [Subtraction::Analog, Subtraction::Digital] {
        let p = Parameters {
            block: [SIZE, SIZE],
            group: SIZE,
            cell_bits: 2,
            encoding: Encoding::Pair(subtraction),
            ..Parameters::default()
        };
        let (chip, tiled) = (chip(&p), tile(&graph, &p));
        let converters = calibrate(&graph, &tiled, &chip, &inputs, 0..8).expect("the network fits the chip");
        for fidelity in [Fidelity::Quantised, Fidelity::Noisy] {
            let options =
                ValueOptions { fidelity, seed: 1, noise_scale: 1.0, age: Second(0.0), temperature: Kelvin(300.0) };
            let arrays =
                Arrays::program(&graph, &tiled, &chip, &converters, &options).expect("the network fits the chip");
            let how = RunOptions::default();
            let mut outputs = Vec::new();
            for (form, arrays) in [("f32", arrays.clone().in_floats()), ("bytes", arrays)] {
                if (fidelity, form) == (Fidelity::Noisy, "bytes") {
                    continue;
                }
                let once = || run(&graph, &tiled, &arrays, &inputs, 0..BATCH, &how, &|_| ()).expect("the samples fit");
                let outcome = once();
                let reads: u64 = outcome.activity.layers.iter().map(|l| l.cell_reads).sum();
                outputs.push(outcome.logits);
                let seconds = common::best(RUNS, once);
                println!(
                    "{fidelity:?} {subtraction:?} {form} {:.4} ns a cell-read, {reads} cell-reads",
                    seconds / reads as f64 * 1e9
                );
            }
            assert!(outputs.windows(2).all(|w| w[0] == w[1]), "both forms give the same bits");
        }
    }
}
