//! Rows on the generative cell.

use std::time::Instant;

use archsim::device::synaptogen::fit::{CycleFit, Fit, FitOptions, fit_cycles, fit_sequences};
use archsim::device::synaptogen::{
    CellArray, DeviceNumbers, FEATURES, Features, MixtureMoments, Model, Parameters, Statistics,
};

use super::super::Finding;
use super::super::project::{cargo, run};
use super::or_absent;
use crate::root;

/// Row 1.
pub fn reference() -> Finding {
    or_absent(|| {
        let (ok, output) = cargo(&[
            "test",
            "--release",
            "--package",
            "archsim-hardware",
            "--lib",
            "device::synaptogen::",
            "--",
            "--nocapture",
        ])?;
        if let Some(line) = output.lines().find(|l| l.contains("SKIPPED")) {
            return Err(line.to_string());
        }
        let held = [
            ("exact_consequences", "consequences to 1e-10"),
            ("loops_without_randomness", "zero-noise loops"),
            ("pulses_with_given_numbers", "pulses (states and counters equal, 1e-9 in f64, 5e-5 in f32)"),
            ("the_converter", "converter"),
            ("populations_have_the_published_statistics", "population"),
        ];
        let passed =
            |test: &str| output.lines().any(|l| l.contains(test) && l.ends_with(" ok")) || ok && output.contains(test);
        let told = output.lines().find(|l| l.contains(" statistics, the furthest")).unwrap_or_default();
        Ok(Finding {
            measured: format!(
                "{}; {}",
                held.map(|(test, what)| format!("{what}: {}", if passed(test) { "ok" } else { "NO" })).join(", "),
                told.trim_start_matches("test ")
            ),
            holds: ok && held.iter().all(|(test, _)| passed(test)),
            configuration: "f64 cell and f32 arrays of every instruction set of this processor; seeds 101 to 112, 4096 devices, 100 cycles dropped, 256 kept; standard deviations between seeds pooled by degrees of freedom with the reference's 4".into(),
        })
    })
}

/// Row 2.
pub fn side_by_side() -> Finding {
    or_absent(|| {
        let (ok, output) = run(&["bash".into(), "benches/peers/synaptogen.sh".into()], &root())?;
        let lines: Vec<&str> = output.lines().filter(|l| l.contains(": archsim ")).collect();
        if lines.is_empty() {
            return Err(format!("the peer could not be run: {}", output.lines().last().unwrap_or_default()));
        }
        Ok(Finding {
            measured: lines.join("; "),
            holds: ok && lines.len() == 6,
            configuration: "1,048,576 cells, one core, taking turns, least processor time of three turns; ratios asked against both forms of the package".into(),
        })
    })
}

const DEVICES: usize = 512;
const CYCLES: usize = 6000;
/// Cycles before the first that counts: the published cold start is over by then.
const WARM_UP: usize = 200;
const LAGS: usize = 20;
/// Parts of the data whose fits give standard errors.
const PARTS: usize = 64;

/// Row 3.
pub fn fit() -> Finding {
    or_absent(|| {
        let truth = Parameters::default();
        let data = CellArray::new(&Model::new(truth.clone()), 2026, 0, DEVICES).cycles(WARM_UP, CYCLES);
        let begun = Instant::now();
        let fit = fit_sequences(&data, &truth, FitOptions::default()).map_err(|e| e.to_string())?;
        let seconds = begun.elapsed().as_secs_f64();
        let (statistics, same) = compare(&data, &fit.parameters);
        let truth = truth.canonical().ok_or("the published mixture is singular")?;
        let (errors, close) = against(&data, &fit, &truth)?;
        Ok(Finding {
            measured: format!("fit in {seconds:.1} s; {statistics}; {errors}"),
            holds: same && close && seconds < 60.0,
            configuration: format!(
                "{DEVICES} devices × {CYCLES} cycles of the published model after {WARM_UP} of warm-up; the fit then generates as many, correlations between devices are those of its mixture; standard errors from {PARTS} parts of the data"
            ),
        })
    })
}

/// Statistics of the data beside those of what the fit generates.
fn compare(data: &[Vec<Features>], fitted: &Parameters) -> (String, bool) {
    // as many cycles: the mean of a device takes its share of slow correlations
    let again = CellArray::new(&Model::new(fitted.clone()), 7, 0, DEVICES).cycles(WARM_UP, CYCLES);
    let (a, b) = (Statistics::of(data, LAGS), Statistics::of(&again, LAGS));
    let largest = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        let mut most = 0.0f64;
        for (x, y) in pairs {
            most = most.max((x - y).abs());
        }
        most
    };
    let median = (0..FEATURES).map(|j| (b.medians[j] / a.medians[j] - 1.0).abs()).fold(0.0, f64::max);
    let flat = |s: &[Features]| s.as_flattened().to_vec();
    let within = largest(&mut flat(&a.within_cycles).into_iter().zip(flat(&b.within_cycles)));
    // 512 further devices would differ by 0.04 of chance alone: the law of the fit itself
    let law = MixtureMoments::of(fitted).correlation;
    let between = largest(&mut (0..FEATURES * FEATURES).map(|i| {
        let (i, j) = (i / FEATURES, i % FEATURES);
        (a.between_devices[i][j], law[i][j])
    }));
    let memory = largest(&mut flat(&a.autocorrelation).into_iter().zip(flat(&b.autocorrelation)));
    (
        format!(
            "largest difference of medians {:.2} % (asked 1 %), of correlations within cycles {within:.4} and between devices {between:.4} (0.02), of autocorrelations to lag {LAGS} {memory:.4} (0.03)",
            100.0 * median
        ),
        median <= 0.01 && within <= 0.02 && between <= 0.02 && memory <= 0.03,
    )
}

/// What of a model is compared with another in the same gauge: the maps at five places, lags and innovations.
fn cycle_numbers(
    gamma: &[[f64; 5]; FEATURES],
    innovation: &[Features; FEATURES],
    lags: &[[Features; FEATURES]],
) -> Vec<f64> {
    let at = |map: &[f64; 5], x: f64| map.iter().fold(0.0, |sum, c| sum * x + c);
    let maps = gamma.iter().flat_map(|map| [-2.0, -1.0, 0.0, 1.0, 2.0].map(|x| at(map, x)));
    maps.chain(innovation.as_flattened().iter().copied())
        .chain(lags.as_flattened().as_flattened().iter().copied())
        .collect()
}

/// Means, deviations and correlations of devices.
fn device_numbers(m: &MixtureMoments) -> Vec<f64> {
    let correlations = (0..2 * FEATURES).flat_map(|i| (0..i).map(move |j| m.correlation[i][j]));
    m.mean.iter().chain(&m.deviation).copied().chain(correlations).collect()
}

/// The fit beside the generating model, in standard errors.
fn against(data: &[Vec<Features>], fit: &Fit, truth: &Parameters) -> Result<(String, bool), String> {
    let numbers = |f: &CycleFit| cycle_numbers(&f.gamma, &f.innovation, &f.lags);
    let p = &fit.parameters;
    let (own, want) =
        (cycle_numbers(&p.gamma, &p.innovation, &p.lags), cycle_numbers(&truth.gamma, &truth.innovation, &truth.lags));
    let parts: Vec<Vec<f64>> = data
        .chunks(DEVICES / PARTS)
        .map(|part| fit_cycles(part, truth.lags.len()).map(|f| numbers(&f)).map_err(|e| e.to_string()))
        .collect::<Result<_, _>>()?;
    let cycles = worst(&own, &want, |i| {
        let mean = parts.iter().map(|p| p[i]).sum::<f64>() / PARTS as f64;
        let square: f64 = parts.iter().map(|p| (p[i] - mean).powi(2)).sum();
        (square / (PARTS * (PARTS - 1)) as f64).sqrt()
    });
    // the jackknife: what the numbers of devices become without one part of them
    let without: Vec<Vec<f64>> = (0..PARTS)
        .map(|part| {
            let size = DEVICES / PARTS;
            let rest: Vec<DeviceNumbers> = [&fit.devices[..part * size], &fit.devices[(part + 1) * size..]].concat();
            device_numbers(&MixtureMoments::of_devices(&rest))
        })
        .collect();
    let devices = worst(&device_numbers(&MixtureMoments::of(p)), &device_numbers(&MixtureMoments::of(truth)), |i| {
        let mean = without.iter().map(|w| w[i]).sum::<f64>() / PARTS as f64;
        let square: f64 = without.iter().map(|w| (w[i] - mean).powi(2)).sum();
        (square * (PARTS - 1) as f64 / PARTS as f64).sqrt()
    });
    Ok((
        format!(
            "furthest from the generating model: {:.1} standard errors of {} numbers of cycles, {:.1} of {} of devices (asked 4)",
            cycles.0, cycles.1, devices.0, devices.1
        ),
        cycles.0 <= 4.0 && devices.0 <= 4.0,
    ))
}

/// Largest distance in standard errors, and of how many numbers that are not fixed.
fn worst(own: &[f64], want: &[f64], error: impl Fn(usize) -> f64) -> (f64, usize) {
    let mut most = (0.0f64, 0);
    for (i, (a, b)) in own.iter().zip(want).enumerate() {
        let e = error(i);
        if e > 0.0 {
            most = (most.0.max((a - b).abs() / e), most.1 + 1);
        }
    }
    most
}
