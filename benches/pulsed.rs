//! Pulsed arrays of 512 × 512: time of a pulse with noise from pulse to pulse, and of an outer-product update.
//!
//! `cargo bench --bench pulsed` prints the least processor time of several runs on one thread.
//! `benches/peers/aihwkit_update.sh` runs aihwkit in turn with it.

mod common;

use archsim::device::{
    Chance, ConstantStep, ExpStep, LinearStep, PiecewiseStep, PowStep, PulsedArray, PulsedCell, PulsedPreset,
    SoftBounds, SoftBoundsReference, StepSpec, UpdateSpec,
};
use archsim::rng::{Domain, Draw, fill_normals};
use common::seconds;

const SIZE: usize = 512;
const CHANCE: Chance = Chance { seed: 1, scale: 1.0 };

/// Every law that is calculated on its own, by name.
fn laws() -> [(&'static str, StepSpec); 7] {
    let nodes = PiecewiseStep { piecewise_up: vec![1.0, 1.2, 0.8], piecewise_down: vec![0.5, 1.0, 1.5] };
    [
        ("constant", StepSpec::ConstantStep(ConstantStep {})),
        ("linear", StepSpec::LinearStep(LinearStep::default())),
        ("soft_bounds", StepSpec::SoftBounds(SoftBounds::default())),
        ("soft_bounds_reference", StepSpec::SoftBoundsReference(SoftBoundsReference::default())),
        ("exp", StepSpec::ExpStep(ExpStep::default())),
        ("pow", StepSpec::PowStep(PowStep::default())),
        ("piecewise", StepSpec::PiecewiseStep(nodes)),
    ]
}

/// Least and median of some times, in nanoseconds.
fn least_and_median(mut times: Vec<f64>) -> [f64; 2] {
    times.sort_by(f64::total_cmp);
    [times[0] * 1e9, times[times.len() / 2] * 1e9]
}

fn main() {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    alone.install(measure);
}

fn measure() {
    let cells = SIZE * SIZE;
    for (name, step) in laws() {
        let cell = PulsedCell { step, ..PulsedCell::default() };
        let mut array = PulsedArray::new(&cell, [SIZE, SIZE], 0, CHANCE).expect("a sound cell");
        let counts = [vec![1; cells], vec![-1; cells]];
        let once = |k: usize| {
            let start = seconds();
            array.pulse(&counts[k % 2]);
            (seconds() - start) / cells as f64
        };
        let [least, median] = least_and_median((0..301).map(once).collect());
        println!("pulse {name} {least:.3} {median:.3} ns a pulse");
    }
    let cell = PulsedPreset::ReramSb.cell();
    let mut array = PulsedArray::new(&cell, [SIZE, SIZE], 0, CHANCE).expect("a sound cell");
    let mut coincidences = 0;
    let runs = 201;
    let once = |k: u64| {
        let line = |element: u64, deviation: f32| {
            let mut line = vec![0.0; SIZE];
            fill_normals(Draw { seed: 7, domain: Domain::InitWeights, element, tick: k }, &mut line);
            line.iter_mut().for_each(|v| *v *= deviation);
            line
        };
        let (x, d) = (line(0, 0.3), line(1, 0.05));
        let start = seconds();
        coincidences += array.update(&x, &d, 0.01, &UpdateSpec::default());
        (seconds() - start) / cells as f64
    };
    let [least, median] = least_and_median((0..runs).map(once).collect());
    println!("update {least:.3} {median:.3} ns a device");
    println!("coincidences {:.4}", coincidences as f64 / (runs as f64 * cells as f64));
}
