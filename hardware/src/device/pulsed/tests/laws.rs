//! What needs no reference: bits that do not depend on threads or vector width, upsets, defects, pairs.

use super::super::{OneSidedArray, PulsedArray, PulsedSpec, RefreshSpec, UpdateSpec};
use super::*;
use crate::device::{Chance, Device, Pulse};
use crate::simd::Isa;
use crate::units::Volt;

const CHANCE: Chance = Chance { seed: 5, scale: 1.0 };

/// Odd shapes, trains of more than one word, every kind of law that calculates differently.
#[test]
fn bits_depend_on_neither_threads_nor_vectors() {
    let shape = [37, 75];
    let line = |n: usize, k: f32| (0..n).map(|i| ((i as f32 + k) * 0.37).sin()).collect::<Vec<f32>>();
    let spec = UpdateSpec { desired_bl: 40, update_bl_management: false, ..UpdateSpec::default() };
    for preset in [PulsedPreset::ReramSb, PulsedPreset::ReramEs, PulsedPreset::Ecram, PulsedPreset::Pcm] {
        let run = |isa: Isa, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut array = PulsedArray::new(&preset.cell(), shape, 0, CHANCE).unwrap().on(isa);
                let pulses: Vec<u64> = (0..4)
                    .map(|k| array.update(&line(shape[1], k as f32), &line(shape[0], 9.0 - k as f32), 0.05, &spec))
                    .collect();
                array.decay(1.0);
                (pulses, array.weights().into_iter().map(f32::to_bits).collect::<Vec<_>>())
            })
        };
        let expected = run(Isa::best(), 1);
        assert!(expected.0.iter().all(|n| *n > 0), "{preset:?}");
        for isa in Isa::all() {
            assert!(run(isa, 2) == expected, "{preset:?} on {}", isa.name());
        }
    }
}

/// An array of part of the columns holds the same cells.
#[test]
fn cells_belong_to_addresses() {
    let cell = PulsedPreset::ReramArrayOm.cell();
    let wide = PulsedArray::new(&cell, [3, 40], 0, CHANCE).unwrap();
    let narrow = PulsedArray::new(&cell, [3, 7], 0, CHANCE).unwrap();
    for (row, part) in wide.highs().chunks(40).zip(narrow.highs().chunks(7)) {
        assert_eq!(row[..7], *part);
    }
}

/// Decay is a power of the mini-batches, diffusion a random walk, reset a normal about the reset weight.
#[test]
fn upsets_follow_their_closed_forms() {
    let mut cell = quiet(PulsedPreset::GokmenVlasov.cell(), true);
    (cell.lifetime, cell.diffusion, cell.reset, cell.reset_std) = (50.0, 0.003, 0.1, 0.02);
    let n = 40_000;
    let make = || PulsedArray::new(&cell, [200, 200], 0, CHANCE).unwrap();
    let mut array = make();
    array.set_weights(&vec![0.8; n]);
    for _ in 0..20 {
        array.decay(1.0);
    }
    let expected = 0.1 + 0.7 * 0.98_f64.powi(20);
    assert!(array.weights().iter().all(|w| (f64::from(*w) - expected).abs() < 1e-5));
    let mut array = make();
    for _ in 0..16 {
        array.diffuse();
    }
    let walked = Moments::of(&array.weights());
    let [mean, deviation] = walked.distances(&walked, 0.0, 0.003 * 4.0, 1e12);
    assert!(mean < ERRORS && deviation < ERRORS, "{} ± {}", walked.mean, walked.deviation);
    let mut array = make();
    array.reset(|i| i % 2 == 0);
    let chosen: Vec<f32> = array.weights().into_iter().step_by(2).collect();
    let reset = Moments::of(&chosen);
    let [mean, deviation] = reset.distances(&reset, 0.1, 0.02, 1e12);
    assert!(mean < ERRORS && deviation < ERRORS, "{} ± {}", reset.mean, reset.deviation);
    assert!(array.weights().into_iter().skip(1).step_by(2).all(|w| w == 0.0));
}

/// A corrupt cell stands still within its range; as many are corrupt as the card says.
#[test]
fn corrupt_cells_stand_still() {
    let cell = PulsedCell {
        corrupt_devices_prob: 0.2,
        corrupt_devices_range: 0.05,
        write_noise_std: 0.0,
        ..PulsedPreset::ReramSb.cell()
    };
    let n = 40_000;
    let mut array = PulsedArray::new(&cell, [200, 200], 0, CHANCE).unwrap();
    let before = array.weights();
    array.pulse(&vec![3; n]);
    let stuck = before.iter().zip(array.weights()).filter(|(a, b)| **a == *b).count() as f64;
    assert!((stuck / n as f64 - 0.2).abs() < 5.0 * (0.16 / n as f64).sqrt(), "{stuck}");
    let still = |i: usize| array.lows()[i] == array.highs()[i];
    assert!((0..200).filter(|i| still(*i)).all(|i| array.weights()[i].abs() <= 0.05));
}

/// Pairs move one cell each way; a refresh keeps the weight and makes room.
#[test]
fn pairs_are_refreshed() {
    let mut cell = quiet(PulsedPreset::GokmenVlasov.cell(), false);
    (cell.dw_min, cell.reset_std) = (1.0 / 128.0, 0.0);
    let mut pair = OneSidedArray::new(&cell, [2, 3], 0, Chance { seed: 1, scale: 0.0 }).unwrap();
    let spec = UpdateSpec { desired_bl: 31, fixed_bl: true, ..UpdateSpec::default() };
    let (x, d) = ([1.0; 3], [1.0; 2]);
    for _ in 0..5 {
        pair.update(&x, &d, 20.0 / 128.0, &spec);
        pair.update(&x, &d.map(|d| -d), 15.0 / 128.0, &spec);
    }
    let [plus, minus] = pair.cells().map(PulsedArray::weights);
    for ((p, m), w) in plus.iter().zip(&minus).zip(pair.weights()) {
        assert_eq!([*p, *m, w], [75.0 / 128.0, 100.0 / 128.0, -25.0 / 128.0]);
    }
    let refresh = RefreshSpec { read_noise: 0.0, ..RefreshSpec::default() };
    assert_eq!(pair.refresh(&refresh), 6);
    assert!(pair.weights().iter().all(|w| *w == -25.0 / 128.0), "{:?}", pair.weights());
    assert!(pair.cells()[0].weights().iter().all(|p| *p == 0.0));
    assert_eq!(pair.refresh(&refresh), 0);
}

/// Half the voltage leaves a cell alone, nominal pulses follow its curve, and writing costs `V²·G·t`.
#[test]
fn pulses_of_a_chip_follow_the_curve() {
    let spec = PulsedSpec { preset: Some(PulsedPreset::Ecram), ..PulsedSpec::default() };
    let device = spec.build().unwrap();
    let [up, down] = device.pulses().unwrap();
    let mut cells = device.cells(&[4], Chance { seed: 1, scale: 0.0 }).unwrap();
    let mut g = [0.0; 2];
    cells.conductance(&mut g[..1]);
    assert!((g[0] / spec.g_min.0 - 1.0).abs() < 1e-12);
    let cost = cells.pulse(&[Pulse { voltage: Volt(0.5 * up.voltage.0), ..up }], 0);
    cells.conductance(&mut g[1..]);
    assert!(g[0] == g[1] && cost.energy.0 > 0.0);
    let cost = cells.pulse(&[up], 1);
    assert!((cost.energy.0 / (1.44 * g[0] * 50e-9) - 1.0).abs() < 1e-12);
    cells.conductance(&mut g[1..]);
    // s·(1 - γ·w/w_max) at the least weight, in siemens over a window of 2 weights
    let step = 0.002 * (1.0 + 0.1153 * 0.8276 / 1.1724) / 2.0 * 48e-6;
    assert!(((g[1] - g[0]) / step - 1.0).abs() < 1e-9, "{} {step}", g[1] - g[0]);
    cells.pulse(&[down], 2);
    cells.conductance(&mut g[..1]);
    assert!(g[0] < g[1]);
}

/// Mistakes of a card, all at once and under their paths.
#[test]
fn mistakes_are_found_together() {
    let cell = PulsedCell { dw_min: -1.0, w_min: 0.1, ..PulsedPreset::ReramSb.cell() };
    let spec = PulsedSpec { preset: Some(PulsedPreset::Pcm), cell: Some(Box::new(cell)), ..PulsedSpec::default() };
    let fields: Vec<String> = spec.build().unwrap_err().into_iter().map(|e| e.field).collect();
    assert_eq!(fields, ["preset", "cell.dw_min", "cell.w_min"]);
}
