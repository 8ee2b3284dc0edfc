//! Outer-product updates from weight 0 against the means and deviations of the reference.

use super::*;
use crate::device::Chance;
use crate::device::pulsed::{PulseType, PulsedArray, UpdateSpec};

fn settings(mode: &str) -> UpdateSpec {
    let managed = UpdateSpec::default();
    let unmanaged = UpdateSpec { update_bl_management: false, ..managed };
    match mode {
        "sc_um_ublm" => managed,
        "sc_fixed" => UpdateSpec { update_management: false, ..unmanaged },
        "sc_um" => UpdateSpec { desired_bl: 10, ..unmanaged },
        "det_implicit" => UpdateSpec { pulse_type: PulseType::DeterministicImplicit, ..managed },
        "mean_count" => UpdateSpec { pulse_type: PulseType::MeanCount, ..unmanaged },
        other => panic!("no mode {other}"),
    }
}

#[test]
fn updates_have_the_moments_of_the_reference() {
    const REPEATS: usize = 2000;
    let Some(rows) = table("outer_product_update.csv") else { return };
    let mut missed = Vec::new();
    let key = |r: &HashMap<String, String>| ["preset", "update_mode", "noise", "lr"].map(|c| r[c].clone());
    for case in rows.chunk_by(|a, b| key(a) == key(b)) {
        let [preset_name, mode, noise, _] = key(&case[0]);
        let [mut x, mut d] = [vec![], vec![]];
        for r in case {
            let (i, j): (usize, usize) = (r["row"].parse().unwrap(), r["col"].parse().unwrap());
            x.resize(x.len().max(j + 1), 0.0);
            d.resize(d.len().max(i + 1), 0.0);
            (x[j], d[i]) = (r["x"].parse::<f32>().unwrap(), r["d"].parse::<f32>().unwrap());
        }
        let cell = quiet(preset(&preset_name).unwrap().cell(), noise == "c2c");
        let spec = settings(&mode);
        let [ours, tilted] = [&cell, &tilted(&cell)].map(|cell| {
            let mut array = PulsedArray::new(cell, [d.len(), x.len()], 0, Chance { seed: 13, scale: 1.0 }).unwrap();
            let mut samples = vec![Vec::with_capacity(REPEATS); x.len() * d.len()];
            for _ in 0..REPEATS {
                array.set_weights(&vec![0.0; x.len() * d.len()]);
                array.update(&x, &d, number(&case[0], "lr"), &spec);
                for (s, w) in samples.iter_mut().zip(array.weights()) {
                    s.push(w);
                }
            }
            samples.iter().map(|s| Moments::of(s)).collect::<Vec<_>>()
        });
        let mut worst = [0.0_f64; 2];
        for r in case {
            let at = r["row"].parse::<usize>().unwrap() * x.len() + r["col"].parse::<usize>().unwrap();
            let n = number(r, "repeats");
            // a product that stands on a tie of the rounding may fall to either side in f32
            let tie = (number(r, "lr") * number(r, "x") * number(r, "d") / cell.dw_min).abs().fract() - 0.5;
            let tied = mode == "det_implicit" && tie.abs() < 1e-4;
            let slack = if tied { 1.5 * cell.dw_min } else { 0.0 };
            let mean = ours[at].mean.clamp(number(r, "dw_mean") - slack, number(r, "dw_mean") + slack);
            let mut distances = ours[at].distances(&tilted[at], mean, number(r, "dw_std"), n);
            if tied {
                distances[1] = 0.0;
            }
            if distances.iter().any(|d| *d > ERRORS) {
                missed.push(format!("{} ± {} for {r:?}", ours[at].mean, ours[at].deviation));
            }
            worst = [worst[0].max(distances[0]), worst[1].max(distances[1])];
        }
        println!(
            "update {preset_name} {mode} {noise}: mean within {:.1}, deviation within {:.1} standard errors",
            worst[0], worst[1]
        );
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
