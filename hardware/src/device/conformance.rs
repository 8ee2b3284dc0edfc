//! What every entry of the device table must hold to, whatever its physics.

use std::sync::Arc;

use super::{Chance, DEVICES, Device, DeviceSpec, Programming};
use crate::units::{Kelvin, Second, Volt};

const ROOM: Kelvin = Kelvin(300.0);
const CERTAIN: Chance = Chance { seed: 1, scale: 0.0 };
const REAL: Chance = Chance { seed: 1, scale: 1.0 };
/// Finest pulse of any entry, as a share of the window: how closely a target is met without chance.
const GRANULARITY: f64 = 5e-3;

fn every_device(check: impl Fn(&str, &dyn Device)) {
    for entry in DEVICES {
        check(entry.name, &*build(entry.example, ROOM).unwrap());
    }
}

fn build(example: &str, temperature: Kelvin) -> Option<Arc<dyn Device>> {
    serde_saphyr::from_str::<DeviceSpec>(example).unwrap().build(temperature).ok()
}

fn span(d: &dyn Device) -> f64 {
    d.window().g_max.0 - d.window().g_min.0
}

/// The conductance nearest to `share` of the window that the cell can be programmed to.
fn at(d: &dyn Device, share: f64) -> f64 {
    d.window().g_min.0 + span(d) * if d.analog() { share } else { share.round() }
}

/// `n` targets from the lowest to the highest conductance.
fn ramp(d: &dyn Device, n: usize) -> Vec<f64> {
    (0..n).map(|i| at(d, i as f64 / (n - 1) as f64)).collect()
}

fn program(d: &dyn Device, target: &[f64], cells: &[u64], chance: Chance) -> (Vec<f64>, Programming) {
    let mut achieved = vec![f64::NAN; target.len()];
    let cost = d.program(target, cells, chance, &mut achieved);
    (achieved, cost)
}

#[test]
fn windows_are_not_empty() {
    every_device(|name, d| {
        let w = d.window();
        assert!(0.0 <= w.g_min.0 && w.g_min < w.g_max && w.g_max.0.is_finite(), "{name}: {w:?}");
        assert!(d.levels().is_none_or(|n| n >= 2), "{name}");
    });
}

#[test]
fn without_chance_targets_are_met_in_order() {
    every_device(|name, d| {
        let target = ramp(d, 257);
        let cells: Vec<u64> = (0..257).collect();
        let (g, cost) = program(d, &target, &cells, CERTAIN);
        for (g, t) in g.iter().zip(&target) {
            assert!((g - t).abs() <= GRANULARITY * span(d), "{name}: {g} for {t}");
            let w = d.window();
            assert!(*g >= w.g_min.0 * (1.0 - 1e-9) && *g <= w.g_max.0 * (1.0 + 1e-9), "{name}: {g} out of {w:?}");
        }
        assert!(g.windows(2).all(|p| p[1] >= p[0] - 1e-12 * span(d)), "{name}: programming is not monotone");
        assert!(cost.energy.0 >= 0.0 && cost.time.0 >= 0.0, "{name}: {cost:?}");
    });
}

/// The mean outcome rises with the target, and no outcome is absurd.
#[test]
fn with_chance_programming_is_monotone_in_the_mean() {
    every_device(|name, d| {
        let cells: Vec<u64> = (0..500).collect();
        let mut targets = ramp(d, 9);
        targets.dedup();
        let means: Vec<f64> = targets
            .iter()
            .map(|t| {
                let (g, cost) = program(d, &vec![*t; 500], &cells, REAL);
                assert!(g.iter().all(|g| *g > 0.0 && *g < 5.0 * d.window().g_max.0), "{name} at {t}");
                assert!(cost.energy.0 >= 0.0 && cost.time.0 >= 0.0, "{name}: {cost:?}");
                g.iter().sum::<f64>() / 500.0
            })
            .collect();
        assert!(means.windows(2).all(|p| p[1] > p[0]), "{name}: {means:?}");
    });
}

/// Outcomes depend on addresses alone: slices, their order and repetition change no bit.
#[test]
fn outcomes_belong_to_addresses() {
    every_device(|name, d| {
        let target = ramp(d, 300);
        let cells: Vec<u64> = (0..300).map(|i| crate::rng::element(3, i, 7, 1, i % 2 == 0, 0)).collect();
        let whole = program(d, &target, &cells, REAL);
        let (mut parts, mut cost) = (vec![0.0; 300], Programming::default());
        for (from, to) in [(170, 300), (0, 1), (1, 170)] {
            let (g, c) = program(d, &target[from..to], &cells[from..to], REAL);
            parts[from..to].copy_from_slice(&g);
            cost.pulses += c.pulses;
            cost.energy += c.energy;
            cost.time += c.time;
        }
        assert!(whole.0.iter().zip(&parts).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}");
        assert_eq!(whole.1.pulses, cost.pulses, "{name}");
        assert!((whole.1.energy.0 - cost.energy.0).abs() <= 1e-9 * cost.energy.0, "{name}");
        assert!((whole.1.time.0 - cost.time.0).abs() <= 1e-9 * cost.time.0, "{name}");

        let aged = |from: usize, to: usize| {
            let mut g = whole.0[from..to].to_vec();
            d.age(&mut g, &cells[from..to], Second(1e5), ROOM, REAL);
            g
        };
        assert_eq!(aged(0, 300), [aged(0, 120), aged(120, 300)].concat(), "{name}");
    });
}

/// Another seed or address is another cell, unless the technology has no spread at all.
#[test]
fn seeds_and_addresses_matter() {
    every_device(|name, d| {
        let target = vec![at(d, 0.5); 50];
        let (low, high): (Vec<u64>, Vec<u64>) = ((0..50).collect(), (50..100).collect());
        let (first, other) = (program(d, &target, &low, REAL).0, program(d, &target, &high, REAL).0);
        let reseeded = program(d, &target, &low, Chance { seed: 2, scale: 1.0 }).0;
        // technologies without any spread between healthy cells
        let certain = ["ideal", "sram"].contains(&name);
        assert_eq!(first == other, certain, "{name}");
        assert_eq!(first == reseeded, certain, "{name}");
    });
}

/// `Chance::scale` goes from the nominal cell to the card's spread without a jump.
#[test]
fn spread_grows_with_the_scale_of_chance() {
    every_device(|name, d| {
        let cells: Vec<u64> = (0..400).collect();
        let target = vec![at(d, 0.6); 400];
        let median = |scale: f64| {
            let (g, _) = program(d, &target, &cells, Chance { seed: 5, scale });
            let mut e: Vec<f64> = g.iter().map(|g| (g / target[0] - 1.0).abs()).collect();
            e.sort_by(f64::total_cmp);
            e[200]
        };
        let [none, little, full] = [0.0, 0.01, 1.0].map(median);
        assert!(none <= little + GRANULARITY && little <= full + GRANULARITY, "{name}: {none} {little} {full}");
        assert!(little < none + 0.02, "{name}: {little} at one hundredth of the spread");
    });
}

#[test]
fn ageing_starts_at_nothing_and_goes_one_way() {
    every_device(|name, d| {
        let cells: Vec<u64> = (0..9).collect();
        let fresh = ramp(d, 9);
        let aged = |t: f64, temperature: Kelvin| {
            let mut g = fresh.clone();
            d.age(&mut g, &cells, Second(t), temperature, CERTAIN);
            g
        };
        for (g, f) in aged(0.0, ROOM).iter().zip(&fresh) {
            assert!((g / f - 1.0).abs() < 1e-12, "{name}");
        }
        let change = |g: &[f64]| -> Vec<f64> { g.iter().zip(&fresh).map(|(g, f)| (g - f).abs()).collect() };
        let mut before = vec![0.0; 9];
        for t in [1.0, 1e2, 1e4, 1e6, 1e8] {
            let (g, now) = (aged(t, ROOM), change(&aged(t, ROOM)));
            assert!(now.iter().zip(&before).all(|(n, b)| *n >= b - 1e-12 * span(d)), "{name} at {t} s");
            assert!(g.iter().all(|g| *g > 0.0 && *g <= d.window().g_max.0 * (1.0 + 1e-9)), "{name}");
            let hot = change(&aged(t, Kelvin(350.0)));
            assert!(hot.iter().zip(&now).all(|(h, n)| *h >= n - 1e-12 * span(d)), "{name}: heat slows ageing");
            before = now;
        }
    });
}

/// A card is refused by a chip that is colder or hotter than its laws.
#[test]
fn temperatures_out_of_range_are_refused() {
    for entry in DEVICES {
        let [low, high] = build(entry.example, ROOM).unwrap().temperature_range();
        assert!(low <= ROOM && ROOM <= high, "{}", entry.name);
        if high.0.is_finite() {
            assert!(build(entry.example, low).is_some() && build(entry.example, high).is_some());
            assert!(build(entry.example, Kelvin(low.0 - 1.0)).is_none(), "{}", entry.name);
            assert!(build(entry.example, Kelvin(high.0 + 1.0)).is_none(), "{}", entry.name);
        }
    }
}

#[test]
fn read_moments_agree_with_the_current() {
    every_device(|name, d| {
        let g = ramp(d, 17);
        let (mut mean, mut variance) = (vec![0.0; 17], vec![0.0; 17]);
        for v in [-0.3, -0.05, 0.05, 0.1, 0.2, 0.5] {
            d.read_moments(&g, Volt(v), REAL, &mut mean, &mut variance);
            for ((g, mean), variance) in g.iter().zip(&mean).zip(&variance) {
                assert!((mean * v / d.current(*g, Volt(v)) - 1.0).abs() < 1e-12, "{name}: {g} at {v}");
                assert!(*variance >= 0.0 && variance.sqrt() < 0.5 * mean, "{name}: noise {variance} of {mean}");
            }
            let full = variance.clone();
            d.read_moments(&g, Volt(v), Chance { seed: 1, scale: 0.5 }, &mut mean, &mut variance);
            assert!(full.iter().zip(&variance).all(|(f, h)| (f * 0.25 - h).abs() <= 1e-12 * f), "{name}");
            d.read_moments(&g, Volt(v), CERTAIN, &mut mean, &mut variance);
            assert!(variance.iter().all(|v| *v == 0.0), "{name}");
        }
        d.read_moments(&g, Volt(0.0), REAL, &mut mean, &mut variance);
        assert!(mean.iter().chain(&variance).all(|x| x.is_finite()), "{name} at 0 V");
    });
}

/// No current without voltage, none against it, more with more; conductances are those of the read bias.
#[test]
fn currents_make_sense() {
    every_device(|name, d| {
        for g in ramp(d, 5) {
            assert_eq!(d.current(g, Volt(0.0)), 0.0, "{name}");
            let mut before = 0.0;
            for step in 1..=20 {
                let v = 0.05 * f64::from(step);
                let (i, back) = (d.current(g, Volt(v)), d.current(g, Volt(-v)));
                assert!(i > before && back < 0.0, "{name}: {i} at {v} V");
                assert!(!d.symmetric() || (i + back).abs() <= 1e-12 * i, "{name}: not odd at {v} V");
                before = i;
            }
            let bias = d.read_bias().unwrap_or(Volt(0.1));
            assert!((d.current(g, bias) / (g * bias.0) - 1.0).abs() < 1e-12, "{name}");
        }
    });
}

/// A cell that is not symmetric rectifies: current rises with the voltage in both polarities, one of them conducts
/// better at every voltage, and the difference vanishes with the voltage.
#[test]
fn asymmetric_cells_rectify() {
    let card = "mos2_memtransistor: { iv: { barriers: { left: 0.30 V, right: 0.15 V } } }";
    let d = build(card, ROOM).unwrap();
    assert!(!d.symmetric());
    for g in ramp(&*d, 5) {
        let current = |v: f64| d.current(g, Volt(v)).abs();
        assert_eq!(current(0.0), 0.0);
        for step in 1..=40 {
            let (v, before) = (0.05 * f64::from(step), 0.05 * f64::from(step - 1));
            assert!(current(v) > current(before) && current(-v) > current(-before), "not monotone at {v} V");
            assert!(d.current(g, Volt(v)) > 0.0 && d.current(g, Volt(-v)) < 0.0);
            assert!(current(-v) > current(v), "the lower barrier conducts worse at {v} V");
        }
        assert!((current(1e-4) / current(-1e-4) - 1.0).abs() < 1e-6);
    }
}

/// One element, one file or folder, one row: nothing in the folder is left out of the table.
#[test]
fn every_file_of_the_folder_is_in_the_table() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/device");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !["mod", "spec", "conformance", "laws", "programming", "curves", "inference", "state_equation"]
            .contains(&name.as_str())
        {
            assert!(DEVICES.iter().any(|e| e.name == name), "`{name}` is not in DEVICES");
        }
    }
}
