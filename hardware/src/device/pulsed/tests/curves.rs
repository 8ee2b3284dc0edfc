//! Trains of single pulses: noise-free curves, and means and deviations of many cells.

use super::*;
use crate::device::Chance;
use crate::device::pulsed::{PulsedArray, trajectory};

/// One curve of the reference.
struct Curve {
    name: String,
    cell: PulsedCell,
    up: usize,
    down: usize,
}

fn curves() -> Vec<Curve> {
    let Some(index) = table("pulse_index.csv") else { return Vec::new() };
    let curve = |row: &HashMap<String, String>| {
        let fields: Value = serde_json::from_str(&row["parameters"].replace('\'', "\"")).unwrap();
        let cell = cell(&row["class"], &fields);
        let count = |c: &str| row[c].parse().unwrap();
        Curve { name: row["name"].clone(), cell, up: count("n_up"), down: count("n_down") }
    };
    index.iter().map(curve).collect()
}

/// The presets are the cells of the reference.
#[test]
fn presets_have_the_published_numbers() {
    let found: Vec<_> = curves().into_iter().filter_map(|c| preset(&c.name).map(|p| (p, c.cell))).collect();
    assert!(found.is_empty() || found.len() == PulsedPreset::ALL.len());
    for (preset, cell) in found {
        let (ours, theirs) = (serde_json::to_value(preset.cell()).unwrap(), serde_json::to_value(&cell).unwrap());
        for (name, value) in theirs.as_object().unwrap() {
            let near = match (value.as_f64(), ours[name].as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-12,
                _ => *value == ours[name],
            };
            assert!(near, "{preset:?}: {name} is {}, not {value}", ours[name]);
        }
    }
}

/// The curve of the mean cell in `f64`: up, then down, from weight 0.
fn noise_free(cell: &PulsedCell, up: usize, down: usize) -> Vec<f64> {
    let cell = quiet(cell.clone(), false);
    let cell = cell.step.resolved(&cell);
    let reference = cell.reference(&cell.nominal());
    let mut w = trajectory(&cell, reference, true, up);
    w.resize(up + 1, *w.last().unwrap());
    let mut back = trajectory(&cell, *w.last().unwrap(), false, down);
    back.resize(down + 1, *back.last().unwrap());
    w.extend(&back[1..]);
    w.iter().map(|w| w - reference).collect()
}

#[test]
fn noise_free_curves() {
    for c in curves() {
        let ours = noise_free(&c.cell, c.up, c.down);
        let theirs = table(&format!("pulse_{}_quiet.csv", c.name)).unwrap();
        let worst = theirs
            .iter()
            .map(|row| (ours[row["pulse"].parse::<usize>().unwrap()] - number(row, "w")).abs())
            .fold(0.0, f64::max);
        // sums of ten thousand equal steps in f32 upstream
        let summed = c.name.starts_with("Idealized") || c.name.starts_with("GokmenVlasov");
        println!("noise-free {}: largest difference {worst:.1e} at {} pulses", c.name, theirs.len());
        assert!(worst <= if summed { 1.5e-4 } else { 2e-6 }, "{}: {worst}", c.name);
    }
}

/// Cells of the array and their pulses, against the samples of the reference.
fn noisy(file: &str, samples: f64, seed: u64, prepare: impl Fn(PulsedCell) -> PulsedCell) {
    const SHAPE: [usize; 2] = [16, 256];
    let mut missed = Vec::new();
    for c in curves() {
        let theirs = table(&format!("pulse_{}_{file}.csv", c.name)).unwrap();
        let cell = prepare(c.cell);
        let mut arrays =
            [&cell, &tilted(&cell)].map(|c| PulsedArray::new(c, SHAPE, 0, Chance { seed, scale: 1.0 }).unwrap());
        let (mut worst, mut done) = ([0.0_f64; 2], 0);
        for row in &theirs {
            let pulse: usize = row["pulse"].parse().unwrap();
            while done < pulse {
                done += 1;
                let way = if done <= c.up { 1 } else { -1 };
                for array in &mut arrays {
                    array.pulse(&[way; SHAPE[0] * SHAPE[1]]);
                }
            }
            let [ours, tilted] = arrays.each_ref().map(|a| Moments::of(&a.weights()));
            let distances = ours.distances(&tilted, number(row, "w_mean"), number(row, "w_std"), samples);
            if distances.iter().any(|d| *d > ERRORS) {
                missed.push(format!("{} after {pulse}: {} ± {} for {row:?}", c.name, ours.mean, ours.deviation));
            }
            worst = [worst[0].max(distances[0]), worst[1].max(distances[1])];
        }
        println!(
            "{file} {}: mean within {:.1}, deviation within {:.1} standard errors at {} points",
            c.name,
            worst[0],
            worst[1],
            theirs.len()
        );
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn noise_from_pulse_to_pulse() {
    noisy("c2c", 1000.0, 11, |c| quiet(c, true));
}

#[test]
fn spread_from_cell_to_cell() {
    noisy("full", 2000.0, 12, |c| PulsedCell { lifetime: 0.0, ..c });
}
