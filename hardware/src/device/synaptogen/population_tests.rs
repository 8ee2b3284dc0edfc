//! Statistics of generated populations against `stats_features.json`: 12 seeds fixed beforehand, each 4096 devices, 100
//! cycles dropped and 256 kept. Held: 4 pooled standard deviations between seeds or 1 % (0.01 for correlations),
//! whichever is larger. The reference has 4 seeds; standard deviations are pooled by their degrees of freedom.

use serde_json::Value;

use super::marginal::Inverse;
use super::tests::{json, numbers};
use super::*;

const SEEDS: [u64; 12] = [101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112];
/// Degrees of freedom of the standard deviations of the reference and of ours.
const FREEDOM: [f64; 2] = [3.0, (SEEDS.len() - 1) as f64];
const NAMES: [&str; 4] = ["log10_R_HRS", "U_SET_V", "R_LRS_ohm", "U_RESET_V"];
const SHARES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/// Whether an entry is a correlation.
type Group = (String, bool, Vec<f64>);

fn percentiles(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    SHARES.map(|s| percentile(&mut values, s)).to_vec()
}

fn centred(sequences: &mut [Vec<Features>]) {
    let n: usize = sequences.iter().map(Vec::len).sum();
    for j in 0..FEATURES {
        let mean = sequences.iter().flatten().map(|f| f[j]).sum::<f64>() / n as f64;
        sequences.iter_mut().flatten().for_each(|f| f[j] -= mean);
    }
}

/// Everything of the file for one seed, by its path in the file.
fn population(seed: u64) -> Vec<Group> {
    let p = Parameters::default();
    let mut array = CellArray::new(&Model::new(p.clone()), seed, 0, 4096);
    let data = array.cycles(100, 256);
    let mut out: Vec<Group> = Vec::new();
    let mut medians = vec![[0.0; FEATURES]; data.len()];
    for (j, name) in NAMES.iter().enumerate() {
        let of = |x: &Vec<Features>| x.iter().map(|f| f[j]).collect::<Vec<f64>>();
        for (median, x) in medians.iter_mut().zip(&data) {
            median[j] = percentile(&mut of(x), 0.5);
        }
        let mut put = |group: &str, values: Vec<f64>| out.push((format!("{group}/{name}"), false, values));
        put("pooled_percentiles", percentiles(data.iter().flatten().map(|f| f[j])));
        put("d2d_percentiles_of_device_median", percentiles(medians.iter().map(|m| m[j])));
        let deviations = data.iter().map(|x| statistics::mean_and_deviation(x)[1][j]);
        put("d2d_percentiles_of_device_c2c_std", percentiles(deviations));
        let away = data.iter().zip(&medians).flat_map(|(x, m)| x.iter().map(move |f| f[j] - m[j]));
        put("c2c_percentiles_of_deviation_from_device_median", percentiles(away));
    }
    let mut spread = [medians];
    centred(&mut spread);
    let covariance = lag_products(&spread, 0)[0];
    let flat = |s: Square| s.as_flattened().to_vec();
    out.push(("d2d_correlation_of_device_medians_4x4".into(), true, flat(correlations(&covariance, &covariance))));

    let mut standard = data.clone();
    for (cell, x) in standard.iter_mut().enumerate() {
        let device = array.device(cell).map(f64::from);
        x.iter_mut().for_each(|f| *f = std::array::from_fn(|j| (f[j] - device[j]) / device[FEATURES + j]));
    }
    let mut latent = standard.clone();
    let inverses = p.gamma.map(|map| Inverse::of(&map));
    latent.iter_mut().flatten().for_each(|f| *f = std::array::from_fn(|j| inverses[j].at(f[j])));
    for j in 0..FEATURES {
        let n = (4096 * 256) as f64;
        let sum = |power: i32, mean: f64| standard.iter().flatten().map(|f| (f[j] - mean).powi(power)).sum::<f64>() / n;
        let mean = sum(1, 0.0);
        let deviation = sum(2, mean).sqrt();
        let moments = [mean, deviation, sum(3, mean) / deviation.powi(3), sum(4, mean) / deviation.powi(4)];
        out.push((format!("standardised_feature_mean_std_skew_kurt/{}", NAMES[j]), false, moments.to_vec()));
    }
    centred(&mut standard);
    centred(&mut latent);
    let (seen, hidden) = (lag_products(&standard, 20), lag_products(&latent, 10));
    out.push(("c2c_correlation_same_cycle_4x4".into(), true, flat(correlations(&seen[0], &seen[0]))));
    let next = correlations(&seen[1], &seen[0]);
    out.push(("c2c_cross_correlation_lag1_rows_now_cols_previous_4x4".into(), true, flat(next)));
    for (j, name) in NAMES.iter().enumerate() {
        let of = |p: &[Square]| p[1..].iter().map(|c| c[j][j] / p[0][j][j]).collect::<Vec<f64>>();
        out.push((format!("autocorrelation_standardised_feature_lag_1_to_20/{name}"), true, of(&seen)));
        out.push((format!("latent_autocorrelation_lag_1_to_10/{name}"), true, of(&hidden)));
    }
    let negative = |j: usize| (0..4096).filter(|c| array.device(*c)[FEATURES + j] < 0.0).count() as f64 / 4096.0;
    out.push(("fraction_negative_c2c_sigma".into(), false, (0..FEATURES).map(negative).collect()));
    let share = |holds: &dyn Fn(&Features) -> bool| {
        vec![data.iter().flatten().filter(|f| holds(f)).count() as f64 / (4096.0 * 256.0)]
    };
    let least = 1.0 / Conduction::of(&p).g_low;
    out.push(("fraction_R_LRS_below_LLRS_resistance".into(), false, share(&|f| f[2] < least)));
    out.push(("fraction_U_RESET_above_Umax".into(), false, share(&|f| f[3] >= p.u_max.0)));
    out.push(("fraction_of_set_pulses_at_minus_2V_that_would_fail".into(), false, share(&|f| f[1] < -2.0)));
    out.push(("fraction_of_draws_with_U_RESET_above_2V".into(), false, share(&|f| f[3] > 2.0)));
    let read = |resistance: &dyn Fn(&Features) -> f64| percentiles(data.iter().flatten().map(|f| 0.2 / resistance(f)));
    out.push(("I_0p2V_HRS_percentiles_A".into(), false, read(&|f| 10f64.powf(f[0]))));
    out.push(("I_0p2V_LRS_percentiles_A".into(), false, read(&|f| f[2])));
    out
}

fn mean_and_spread(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    [mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()]
}

#[test]
fn populations_have_the_published_statistics() {
    let Some(file) = json("stats_features.json") else { return };
    let seeds = SEEDS.map(population);
    let (mut entries, mut worst) = (0, (0.0, String::new()));
    for (group, (path, correlation, first)) in seeds[0].iter().enumerate() {
        let theirs = path.split('/').fold(&file["results"], |v: &Value, key| &v[key]);
        let (means, spreads) = (numbers(&theirs["mean"]), numbers(&theirs["std_over_seeds"]));
        assert_eq!(means.len(), first.len(), "{path}");
        for (i, (want, spread)) in means.iter().zip(&spreads).enumerate() {
            let [got, own] = mean_and_spread(&seeds.each_ref().map(|s| s[group].2[i]));
            let [theirs, ours] = FREEDOM;
            let pooled = ((theirs * spread * spread + ours * own * own) / (theirs + ours)).sqrt();
            // what is 0 by construction is 0 up to rounding
            let held = (4.0 * pooled).max(if *correlation { 0.01 } else { 0.01 * want.abs() }).max(1e-12);
            let off = (got - want).abs() / held;
            assert!(off <= 1.0, "{path} [{i}]: {got} for {want}, held to {held}");
            entries += 1;
            if off > worst.0 {
                worst = (off, format!("{path} [{i}]"));
            }
        }
    }
    println!("{entries} statistics, the furthest at {:.2} of its tolerance ({})", worst.0, worst.1);
    assert_eq!(entries, seeds[0].iter().map(|g| g.2.len()).sum::<usize>());
    assert!(entries > 250);
}
