//! Cells of Synaptogen: million cells a second on one core, least processor time of several runs.
//!
//! `cargo bench --bench synaptogen` prints one line for each measure: cycles of SET and complete RESET, pulses that
//! switch nothing, reads with noise. `benches/peers/synaptogen.sh` runs the PyPI package in turn with it.

mod common;

use std::hint::black_box;

use archsim::device::synaptogen::{CellArray, Model, NoiseLaw, Parameters, Voltages};
use common::best;

const CELLS: usize = 1 << 20;
const RUNS: usize = 9;

fn main() {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    alone.install(measure);
}

fn measure() {
    let model = Model::new(Parameters::default());
    let say = |name: &str, seconds: f64| println!("{name} {:.2} M cells/s", CELLS as f64 / seconds / 1e6);
    say("create", best(2, || CellArray::new(&model, 1, 0, CELLS)));
    let mut cells = CellArray::new(&model, 1, 0, CELLS);
    let mut cycle = |u: f32| {
        best(RUNS, || {
            cells.apply(Voltages::All(-2.0));
            cells.apply(Voltages::All(u));
        })
    };
    say("cycle", cycle(2.0));
    say("partial", cycle(1.0));
    say("idle", best(RUNS, || cells.apply(Voltages::All(black_box(0.1)))));
    let voltages: Vec<f32> = (0..CELLS).map(|i| 0.2 * i as f32 / CELLS as f32).collect();
    say("idle_each", best(RUNS, || cells.apply(Voltages::Each(black_box(&voltages)))));
    let mut out = vec![0.0; CELLS];
    let mut tick = 0;
    say(
        "read",
        best(RUNS, || {
            tick += 1;
            cells.read(Voltages::All(0.2), NoiseLaw::default(), tick, black_box(&mut out));
        }),
    );
}
