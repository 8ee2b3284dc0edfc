//! What the shared reference leaves out, against numbers that `benches/peers/aihwkit_devices.py` has aihwkit 1.1.0 draw
//! (`ARCHSIM_AIHWKIT_DEVICES` names its output).

use super::super::{OneSidedArray, PiecewiseStep, PulsedArray, SoftBounds, UpdateSpec};
use super::*;
use crate::device::{Chance, DriftCompensation, HermesSpec, ReramCmoSpec, Scope};
use crate::units::{Second, Siemens};

const CHANCE: Chance = Chance { seed: 31, scale: 1.0 };
const CELLS: usize = 4000;

struct Told {
    point: f64,
    target: f64,
    mean: f64,
    deviation: f64,
    samples: f64,
}

/// The cell of the script: no spread from cell to cell.
fn cell(step: StepSpec, noise: f64) -> PulsedCell {
    let still = PulsedCell { w_max: 0.8, w_min: -0.5, dw_min: 0.01, dw_min_std: noise, step, ..PulsedCell::default() };
    quiet(still, true)
}

/// Weights of many cells after each of the pulses told: 120 up, then down.
fn curve(cell: &PulsedCell, paired: bool, told: &[Told]) -> Vec<Moments> {
    let single =
        UpdateSpec { desired_bl: 1, update_management: false, update_bl_management: false, ..UpdateSpec::default() };
    let shape = [CELLS, 1];
    let mut array = PulsedArray::new(cell, shape, 0, CHANCE).unwrap();
    let mut pair = OneSidedArray::new(cell, shape, 0, CHANCE).unwrap();
    let mut done = 0;
    let mut after = |t: &Told| {
        while f64::from(done) < t.point {
            let d = [if done < 120 { -1.0 } else { 1.0 }; CELLS];
            if paired {
                pair.update(&[1.0], &d, 1.0, &single);
            } else {
                array.update(&[1.0], &d, 1.0, &single);
            }
            done += 1;
        }
        Moments::of(&if paired { pair.weights() } else { array.weights() })
    };
    told.iter().map(&mut after).collect()
}

/// Our moments of a case, and those under noise that is off as much as upstream's list may be.
fn ours(case: &str, told: &[Told]) -> [Vec<Moments>; 2] {
    let noise = if case.contains("quiet") { 0.0 } else { 0.5 };
    let pulsed = |step, paired| {
        let cell = cell(step, noise);
        [curve(&cell, paired, told), curve(&tilted(&cell), paired, told)]
    };
    let drawn = |sample: &dyn Fn(&Told, u64) -> Siemens| {
        let moments = |t| Moments::of(&(0..50_000).map(|i| (sample(t, i).0 * 1e6) as f32).collect::<Vec<_>>());
        [told.iter().map(moments).collect(), told.iter().map(moments).collect()]
    };
    let age = |t: &Told| (t.point >= 0.0).then_some(Second(t.point));
    if case.starts_with("soft_bounds") {
        pulsed(StepSpec::SoftBounds(SoftBounds { mult_noise: case.ends_with("mult") }), false)
    } else if case.starts_with("piecewise") {
        let law = PiecewiseStep { piecewise_up: vec![1.0, 0.6, 0.9, 0.3], piecewise_down: vec![0.2, 0.7, 0.5, 1.1] };
        pulsed(StepSpec::PiecewiseStep(law), false)
    } else if case.starts_with("one_sided") {
        pulsed(StepSpec::SoftBounds(SoftBounds::default()), true)
    } else if case == "hermes1" {
        let cell = HermesSpec { devices: 1, ..HermesSpec::default() }.build().unwrap();
        drawn(&|t, i| cell.sample(Siemens(t.target / 1e6), age(t), i, 0, CHANCE))
    } else if case == "cmo" {
        let cell = ReramCmoSpec::default().build().unwrap();
        drawn(&|t, i| cell.sample(Siemens(t.target / 1e6), age(t), i, 0, CHANCE))
    } else {
        let scope = if case.ends_with("global") { Scope::Global } else { Scope::PerColumn };
        let baseline = DriftCompensation::new(&[3.0, -2.0, 0.5, -6.0, 4.0, 0.25], 3, scope);
        let factors = baseline.factors(&[2.0, -1.0, 0.45, -4.0, 2.5, 0.2]);
        let moments = |t: &Told| Moments::of(&[factors[t.point as usize] as f32; 2]);
        [told.iter().map(moments).collect(), told.iter().map(moments).collect()]
    }
}

#[test]
fn peer() {
    let Some(file) = std::env::var_os("ARCHSIM_AIHWKIT_DEVICES") else {
        println!("SKIPPED: ARCHSIM_AIHWKIT_DEVICES is not set");
        return;
    };
    let mut cases: Vec<(String, Vec<Told>)> = Vec::new();
    for record in csv::Reader::from_path(file).unwrap().records().map(Result::unwrap) {
        let number = |k: usize| record[k].parse::<f64>().unwrap();
        let told =
            Told { point: number(1), target: number(2), mean: number(3), deviation: number(4), samples: number(5) };
        match cases.last_mut() {
            Some((name, rows)) if *name == record[0] => rows.push(told),
            _ => cases.push((record[0].to_string(), vec![told])),
        }
    }
    assert_eq!(cases.len(), 12);
    let mut missed = Vec::new();
    for (case, told) in &cases {
        let [plain, tilted] = ours(case, told);
        let mut worst = [0.0_f64; 2];
        for ((ours, tilted), t) in plain.iter().zip(&tilted).zip(told) {
            // one sample has no deviation, and ours of it must have none either
            let [mean, deviation] = ours.distances(tilted, t.mean, t.deviation, t.samples);
            worst = [worst[0].max(mean), worst[1].max(deviation)];
            if mean > ERRORS || deviation > ERRORS {
                missed.push(format!("{case} at {}, {}: {} ± {}", t.point, t.target, ours.mean, ours.deviation));
            }
        }
        println!("peer {case}: mean within {:.1}, deviation within {:.1} standard errors", worst[0], worst[1]);
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
