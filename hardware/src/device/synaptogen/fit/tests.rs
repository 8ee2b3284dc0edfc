//! Cycles of the published model, fitted: the whole way in small, the size of the verification row elsewhere.

use super::*;
use crate::device::synaptogen::{CellArray, MixtureMoments, Model, Statistics};

/// Sequences of the published model after a warm-up.
fn generated(devices: usize, cycles: usize, seed: u64) -> Vec<Vec<Features>> {
    CellArray::new(&Model::new(Parameters::default()), seed, 0, devices).cycles(150, cycles)
}

fn records(sequences: &[Vec<Features>]) -> Vec<CycleRecord> {
    let mut out = Vec::new();
    for (device, x) in sequences.iter().enumerate() {
        for (cycle, f) in x.iter().enumerate().rev() {
            out.push(CycleRecord {
                device: device as u32 + 7,
                cycle: 2 * cycle as u32,
                r_hrs: libm::exp10(f[0]),
                u_set: f[1],
                r_lrs: f[2],
                u_reset: f[3],
            });
        }
    }
    out
}

#[test]
fn a_fit_generates_what_it_was_fitted_to() {
    let data = generated(256, 1000, 3);
    let base = Parameters::default();
    let fit = fit(&records(&data), &base, FitOptions::default()).unwrap();
    assert_eq!(fit.devices.len(), 256);
    let again = CellArray::new(&Model::new(fit.parameters.clone()), 4, 0, 256).cycles(150, 1000);
    let (a, b) = (Statistics::of(&data, 20), Statistics::of(&again, 20));
    for j in 0..FEATURES {
        assert!((b.medians[j] / a.medians[j] - 1.0).abs() < 0.01, "{:?} {:?}", a.medians, b.medians);
        for i in 0..FEATURES {
            let (a, b) = (a.within_cycles[i][j], b.within_cycles[i][j]);
            assert!((a - b).abs() < 0.02, "{i} {j}: {a} {b}");
        }
    }
    for (lag, (a, b)) in a.autocorrelation.iter().zip(&b.autocorrelation).enumerate() {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.03), "lag {lag}: {a:?} {b:?}");
    }
    // the moments of the mixture are those of the devices
    let m = MixtureMoments::of(&fit.parameters);
    for i in 0..2 * FEATURES {
        let mean = fit.devices.iter().map(|d| d[i]).sum::<f64>() / 256.0;
        assert!((m.mean[i] / mean - 1.0).abs() < 1e-6);
    }
}

#[test]
fn the_gauge_changes_nothing_that_is_seen() {
    let p = Parameters::default();
    let c = p.canonical().unwrap();
    let latent = crate::device::synaptogen::Latent::of(&c).autocovariance(0)[0];
    for (j, (row, gamma)) in latent.iter().zip(&c.gamma).enumerate() {
        assert!((row[j] - 1.0).abs() < 1e-12);
        let m = crate::device::synaptogen::moments(gamma, 1.0);
        assert!(m.mean.abs() < 1e-12 && (m.deviation - 1.0).abs() < 1e-12);
    }
    // the same device and the same innovations through both: innovations keep their meaning, numbers move
    let (old, new) = (Model::new(p.clone()), Model::new(c));
    let of = std::array::from_fn::<_, FEATURES, _>(|j| {
        let variance = crate::device::synaptogen::Latent::of(&p).autocovariance(0)[0][j][j];
        crate::device::synaptogen::moments(&p.gamma[j], variance)
    });
    let device = p.means[1];
    let moved = std::array::from_fn(|i| {
        if i < FEATURES {
            device[i] + device[i + FEATURES] * of[i].mean
        } else {
            device[i] * of[i - FEATURES].deviation
        }
    });
    let e = |n: u64| std::array::from_fn(|j| libm::sin((5 * n + j as u64) as f64));
    let mut cells =
        [(&old, super::super::Cell::new(&old, device, e(0))), (&new, super::super::Cell::new(&new, moved, e(0)))];
    for _ in 0..30 {
        for (model, cell) in &mut cells {
            cell.apply(model, -10.0, e);
            cell.apply(model, 10.0, e);
        }
        let [a, b] = [cells[0].1.features(), cells[1].1.features()];
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-11 * a.abs().max(1.0)), "{a:?} {b:?}");
    }
}

#[test]
fn bad_data_are_named() {
    let data = generated(40, 60, 1);
    let all = records(&data);
    let base = Parameters::default();
    let fails = |r: &[CycleRecord]| fit(r, &base, FitOptions { order: 2, ..FitOptions::default() }).unwrap_err();
    let twice = [&all[..], &all[5..6]].concat();
    assert_eq!(fails(&twice), FitError::Repeated { device: all[5].device, cycle: all[5].cycle });
    let mut negative = all.clone();
    negative[70].r_hrs = -1.0;
    assert_eq!(fails(&negative), FitError::NotPhysical { device: negative[70].device, cycle: negative[70].cycle });
    assert_eq!(fails(&all[..600]), FitError::TooFewDevices { found: 10, least: 32 });
    let mut still = all.clone();
    still.iter_mut().filter(|r| r.device == 9).for_each(|r| r.u_set = -0.6);
    assert_eq!(fails(&still), FitError::Constant { device: 2 });
    let short: Vec<CycleRecord> = all.iter().filter(|r| r.device != 8 || r.cycle < 10).copied().collect();
    assert_eq!(fails(&short), FitError::TooFewCycles { device: 1, found: 5, least: 12 });
}
