//! Against numbers of aihwkit 1.1.0 (`ARCHSIM_REFERENCE`); every seed was fixed before the first comparison.

mod curves;
mod laws;
mod peer;
mod updates;

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use super::{
    ConstantStep, ExpStep, LinearStep, PowStep, PulsedCell, PulsedPreset, SoftBoundsPmax, SoftBoundsReference, StepSpec,
};

/// Allowed distance in standard errors.
const ERRORS: f64 = 4.0;

/// Normals that aihwkit draws from on a processor: a list of 32,768, made once for a tile (`rng.h` of its source), so
/// that the noise of all its devices and pulses has a mean with the standard error `1/sqrt(32768)`.
const LIST: f64 = 32768.0;

/// Rows of a reference table by column name.
fn table(file: &str) -> Option<Vec<HashMap<String, String>>> {
    let Some(folder) = std::env::var_os("ARCHSIM_REFERENCE").map(|f| PathBuf::from(f).join("aihwkit")) else {
        println!("SKIPPED: {file} of aihwkit, ARCHSIM_REFERENCE is not set");
        return None;
    };
    let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
    Some(reader.deserialize().map(Result::unwrap).collect())
}

fn number(row: &HashMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// The preset that aihwkit calls so.
fn preset(name: &str) -> Option<PulsedPreset> {
    use PulsedPreset::{
        Capacitor, Ecram, EcramMo, GokmenVlasov, Idealized, Pcm, ReramArrayHfo2, ReramArrayOm, ReramEs, ReramSb,
    };
    let all = [
        ("ReRamES", ReramEs),
        ("ReRamSB", ReramSb),
        ("ReRamArrayOM", ReramArrayOm),
        ("ReRamArrayHfO2", ReramArrayHfo2),
        ("Capacitor", Capacitor),
        ("EcRam", Ecram),
        ("EcRamMO", EcramMo),
        ("Idealized", Idealized),
        ("GokmenVlasov", GokmenVlasov),
        ("PCM", Pcm),
    ];
    all.into_iter().find(|(n, _)| name == format!("{n}PresetDevice")).map(|(_, p)| p)
}

/// A cell from the fields that aihwkit gives it.
fn cell(class: &str, fields: &Value) -> PulsedCell {
    fn part<T: serde::de::DeserializeOwned + serde::Serialize + Default>(fields: &Value) -> T {
        let known = serde_json::to_value(T::default()).unwrap();
        let mut own = serde_json::Map::new();
        for (name, value) in fields.as_object().unwrap() {
            let name = name.replace("A_", "a_");
            if known.get(&name).is_some() {
                own.insert(name, value.clone());
            }
        }
        serde_json::from_value(Value::Object(own)).unwrap()
    }
    let step = match class {
        "ConstantStepDevice" => StepSpec::ConstantStep(ConstantStep {}),
        "LinearStepDevice" => StepSpec::LinearStep(part::<LinearStep>(fields)),
        "SoftBoundsPmaxDevice" => StepSpec::SoftBoundsPmax(part::<SoftBoundsPmax>(fields)),
        "SoftBoundsReferenceDevice" => StepSpec::SoftBoundsReference(part::<SoftBoundsReference>(fields)),
        "ExpStepDevice" => StepSpec::ExpStep(part::<ExpStep>(fields)),
        "PowStepDevice" => StepSpec::PowStep(part::<PowStep>(fields)),
        other => panic!("no law for {other}"),
    };
    PulsedCell { step, ..part::<PulsedCell>(fields) }
}

/// The same cell without spread from cell to cell, and without noise from pulse to pulse.
fn quiet(mut cell: PulsedCell, noise: bool) -> PulsedCell {
    let c = &mut cell;
    for spread in [&mut c.w_max_dtod, &mut c.w_min_dtod, &mut c.dw_min_dtod, &mut c.up_down_dtod, &mut c.lifetime] {
        *spread = 0.0;
    }
    if !noise {
        (c.dw_min_std, c.write_noise_std) = (0.0, 0.0);
    }
    match &mut c.step {
        StepSpec::LinearStep(s) => (s.gamma_up_dtod, s.gamma_down_dtod) = (0.0, 0.0),
        StepSpec::PowStep(s) => (s.pow_gamma_dtod, s.pow_up_down_dtod) = (0.0, 0.0),
        StepSpec::SoftBoundsReference(s) => s.reference_std = 0.0,
        _ => {}
    }
    cell
}

/// The cell under noise whose mean is one standard error of [`LIST`]: noise `σξ` on a step `s` is a step
/// `s·(1 + σ/√n)`.
fn tilted(cell: &PulsedCell) -> PulsedCell {
    let mut tilted = cell.step.resolved(cell);
    let factor = 1.0 + tilted.dw_min_std / LIST.sqrt();
    tilted.dw_min *= factor;
    tilted.write_noise_std /= factor;
    if let StepSpec::SoftBoundsPmax(told) = &tilted.step {
        tilted.step = StepSpec::SoftBounds(told.law());
    }
    tilted
}

/// Mean, standard deviation and the squared standard errors of both for one number of the sample.
struct Moments {
    mean: f64,
    deviation: f64,
    kurtosis: f64,
    n: f64,
}

impl Moments {
    fn of(sample: &[f32]) -> Self {
        let n = sample.len() as f64;
        let mean = sample.iter().map(|w| f64::from(*w)).sum::<f64>() / n;
        let central = |p: i32| sample.iter().map(|w| (f64::from(*w) - mean).powi(p)).sum::<f64>() / n;
        let variance = central(2);
        let kurtosis = if variance > 0.0 { central(4) / (variance * variance) } else { 3.0 };
        Self { mean, deviation: (variance * n / (n - 1.0)).sqrt(), kurtosis, n }
    }

    /// Distances of mean and deviation from those of another sample of `n`, in standard errors of both. `tilted` is
    /// the sample under noise whose mean is off by one standard error of upstream's list of normals ([`LIST`]).
    fn distances(&self, tilted: &Self, mean: f64, deviation: f64, n: f64) -> [f64; 2] {
        let each = 1.0 / self.n + 1.0 / n;
        // what f32 sums upstream leave open
        let rounding = 2e-6 + 1e-5 * self.mean.abs();
        let sigma = self.deviation.max(deviation);
        let of_mean = (sigma * sigma * each).sqrt().hypot(tilted.mean - self.mean) + rounding;
        let of_list = (tilted.deviation - self.deviation).hypot(sigma / (2.0 * LIST).sqrt());
        let of_deviation = (sigma * ((self.kurtosis - 1.0) / 4.0 * each).sqrt()).hypot(of_list) + rounding;
        [(self.mean - mean).abs() / of_mean, (self.deviation - deviation).abs() / of_deviation]
    }
}
