//! Against 100,000 cells of aihwkit 1.1.0 (`ARCHSIM_REFERENCE`); seeds were fixed before the first comparison.

use super::*;

const CELLS: u64 = 20_000;
const ERRORS: f64 = 4.0;

/// Samples of a technology at a target (siemens) and a time: `None` as programmed.
type Sample = Box<dyn Fn(Siemens, Option<Second>, u64) -> f64>;

fn sampler<S: Statistics>(cell: Inference<S>) -> Sample {
    let chance = Chance { seed: 21, scale: 1.0 };
    Box::new(move |target, age, i| cell.sample(target, age, i, 0, chance).0 * MICRO)
}

/// Every row of the table lies within four standard errors of both samples.
#[test]
fn conductances_have_the_moments_of_the_reference() {
    let Some(folder) = std::env::var_os("ARCHSIM_REFERENCE").map(std::path::PathBuf::from) else {
        println!("SKIPPED: conductances of aihwkit, ARCHSIM_REFERENCE is not set");
        return;
    };
    let mut reader = csv::Reader::from_path(folder.join("aihwkit/inference_conductance.csv")).unwrap();
    let models: [(&str, Sample); 3] = [
        ("PCMLike_gmax25", sampler(PcmSpec::default().build().unwrap())),
        ("Hermes2", sampler(HermesSpec::default().build().unwrap())),
        ("ReRamWan", sampler(ReramWanSpec::default().build().unwrap())),
    ];
    let mut worst = [[0.0_f64; 2]; 3];
    let mut missed = Vec::new();
    let mut rows = 0;
    for record in reader.records().map(Result::unwrap) {
        let number = |k: usize| record[k].parse::<f64>().unwrap();
        let k = models.iter().position(|(name, _)| *name == &record[0]).unwrap();
        let age = (&record[2] != "programmed").then(|| Second(number(2)));
        let g: Vec<f64> = (0..CELLS).map(|i| models[k].1(Siemens(number(1) / MICRO), age, i)).collect();
        let n = CELLS as f64;
        let mean = g.iter().sum::<f64>() / n;
        let central = |p: i32| g.iter().map(|g| (g - mean).powi(p)).sum::<f64>() / n;
        let (deviation, kurtosis) = (central(2).sqrt(), central(4) / central(2).powi(2));
        let each = 1.0 / n + 1.0 / 100_000.0;
        let distances = [
            (mean - number(3)).abs() / (deviation * each.sqrt()),
            (deviation - number(4)).abs() / (deviation * ((kurtosis - 1.0) / 4.0 * each).sqrt()),
        ];
        if distances.iter().any(|d| *d > ERRORS) {
            missed.push(format!("{record:?}: {mean} ± {deviation}"));
        }
        worst[k] = std::array::from_fn(|i| worst[k][i].max(distances[i]));
        rows += 1;
    }
    for ((name, _), [mean, deviation]) in models.iter().zip(worst) {
        println!("inference {name}: mean within {mean:.1}, deviation within {deviation:.1} standard errors");
    }
    assert!(rows == 144 && missed.is_empty(), "{rows} rows, {missed:#?}");
}

/// A cell that is programmed and aged through the trait is the cell that the statistics sample.
#[test]
fn ageing_finds_the_target_again() {
    let cell = PcmSpec::default().build().unwrap();
    let chance = Chance { seed: 3, scale: 1.0 };
    for i in 0..500 {
        let target = 2.0 + 23.0 * (i as f64 / 500.0);
        let mut g = [0.0];
        cell.program(&[target / MICRO], &[i], chance, &mut g);
        let found = cell.target(g[0] * MICRO, i, chance);
        assert!((found / target - 1.0).abs() < 1e-9, "{found} for {target}");
        cell.age(&mut g, &[i], Second(1e6), Kelvin(300.0), chance);
        let error = cell.error(target, i, chance);
        let expected = cell.aged(target, error, 1e6, i, chance);
        assert!((g[0] * MICRO / expected - 1.0).abs() < 1e-9);
    }
}

/// The mean exponents of the reference at targets far from the clamps (100,000 cells there).
#[test]
fn drift_exponents() {
    let exponent = |s: &dyn Fn(f64) -> f64| -libm::log(s(1e6));
    let share = |target: f64, age: f64| PcmLike.aged(target, 0.0, [0.5, 25.0], age, 0.0, 1.0) / target;
    let nu = exponent(&|t| share(2.5, t)) / libm::log((1e6 + 20.0) / 20.0);
    assert!((nu - 0.060_19).abs() < 3e-4, "{nu}");
    let share = |age: f64| hermes_mean(12.42, age) / 12.42;
    let nu = exponent(&share) / libm::log((1e6 + 300.0) / 300.0);
    assert!((nu - 0.050_36).abs() < 1e-4, "{nu}");
}

fn hermes_mean(target: f64, age: f64) -> f64 {
    let cell = HermesSpec::default().build().unwrap();
    cell.aged(target, 0.0, age, 0, Chance { seed: 0, scale: 0.0 })
}

/// One file per technology, each in the table of devices.
#[test]
fn every_technology_is_in_the_table() {
    for entry in [PCM, HERMES, RERAM_WAN, RERAM_CMO, RRAM_MILO] {
        assert!(crate::device::DEVICES.iter().any(|e| e.name == entry.name), "{}", entry.name);
    }
}
