//! The values of a run: what the crossbars answered, set against the two references and the labels.

use ndarray::Array2;

use super::Progress;
use super::assemble::{Answers, confusion_rows, prediction_rows};
use super::session::{Session, predictions};
use crate::device::Programming;
use crate::diag::Result;
use crate::exec::{self, Activity, Fidelity, ValueOptions, WireReport};
use crate::report::{ConfusionRow, PredictionRow, SummaryRow, score};
use crate::units::Joule;

/// Samples whose accumulators are also computed exactly, for the signal-to-noise ratio of every layer.
const COMPARED_SAMPLES: usize = 32;

/// Outputs of the chip and of its references, `[samples, outputs]`, and what the chip did for them.
pub struct Evaluated {
    chip: Array2<f32>,
    float: Array2<f32>,
    quantised: Array2<f32>,
    /// What the crossbars did.
    pub activity: Activity,
    /// What writing the weights cost; `None` where cells are ideal.
    programming: Option<Programming>,
    /// Conversions by which the converters were calibrated, and their energy.
    calibration: (u64, Joule),
    /// What folding the wires of the crossbars found.
    pub wires: WireReport,
}

/// Runs both references and the crossbars on the samples of `session`.
///
/// # Errors
/// When the data do not fit, or the chip cannot hold the weights as asked.
pub fn evaluate(session: &Session, values: &ValueOptions, progress: &dyn Progress) -> Result<Evaluated> {
    let float = session.float(progress)?;
    let quantised = session.reference(progress)?;
    progress.start("programming", 1);
    let arrays = session.arrays(values)?;
    progress.finish();
    let how = exec::RunOptions { compared_samples: COMPARED_SAMPLES, ..exec::RunOptions::default() };
    let outcome = session.values(&arrays, 0..session.data.samples, &how, progress)?;
    let programming = (values.fidelity == Fidelity::Noisy).then_some(arrays.programming);
    let calibration = session.calibration_cost(&arrays);
    let wires = arrays.wires;
    let exec::Outcome { logits: chip, activity, .. } = outcome;
    Ok(Evaluated { chip, float, quantised, activity, programming, calibration, wires })
}

impl Evaluated {
    /// Fills the columns of the summary that come from values; returns the rows of confusion and predictions.
    pub fn report(&self, session: &Session, key: &str, s: &mut SummaryRow) -> (Vec<ConfusionRow>, Vec<PredictionRow>) {
        let (chip, float, quantised) =
            (predictions(&self.chip), predictions(&self.float), predictions(&self.quantised));
        s.agreement_float = Some(agreement(&chip, &float));
        s.agreement_quantised = Some(agreement(&chip, &quantised));
        (s.rms_error_float, s.snr_float_db) = deviation(&self.chip, &self.float);
        (s.rms_error_quantised, s.snr_quantised_db) = deviation(&self.chip, &self.quantised);
        if let Some(cost) = self.programming {
            s.program_pulses = cost.pulses;
            s.program_energy_j = cost.energy.si();
            s.program_time_s = cost.time.si();
        }
        (s.calibration_conversions, s.calibration_energy_j) = (self.calibration.0, self.calibration.1.si());
        let classes = session.class_names();
        let masks = session.label_masks();
        let mut confusion = Vec::new();
        if let Some(masks) = &masks {
            let mine = score(&chip, masks, &classes);
            let (float, quantised) = (score(&float, masks, &classes), score(&quantised, masks, &classes));
            s.accuracy = Some(mine.accuracy);
            s.accuracy_lo95 = Some(mine.interval.0);
            s.accuracy_hi95 = Some(mine.interval.1);
            s.macro_f1 = mine.macro_f1;
            s.accuracy_float = Some(float.accuracy);
            s.macro_f1_float = float.macro_f1;
            s.accuracy_quantised = Some(quantised.accuracy);
            s.macro_f1_quantised = quantised.macro_f1;
            confusion = confusion_rows(key, &mine, &classes);
        }
        let answers =
            Answers { classes: &classes, labels: masks.as_deref(), chip: &chip, float: &float, quantised: &quantised };
        (confusion, prediction_rows(&answers))
    }
}

fn agreement(a: &[usize], b: &[usize]) -> f64 {
    let same = a.iter().zip(b).filter(|(x, y)| x == y).count();
    same as f64 / a.len().max(1) as f64
}

/// Root mean square of `got − wanted` relative to that of `wanted`, and the same as a ratio of powers in
/// decibels. Nothing where the reference is 0 throughout; no ratio where both are equal.
fn deviation(got: &Array2<f32>, wanted: &Array2<f32>) -> (Option<f64>, Option<f64>) {
    let (mut error, mut signal) = (0.0, 0.0);
    for (g, w) in got.iter().zip(wanted) {
        error += (f64::from(*g) - f64::from(*w)).powi(2);
        signal += f64::from(*w).powi(2);
    }
    if signal == 0.0 {
        return (None, None);
    }
    (Some((error / signal).sqrt()), (error > 0.0).then(|| 10.0 * (signal / error).log10()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::testing::Builder;
    use crate::rng::{Domain, Draw};
    use crate::study::{RunOptions, Silent, simulate};
    use ndarray::array;

    /// A block of a mobile network (depthwise convolution, hard swish, squeeze and excitation) before a classifier
    /// that ends in a softmax: the chip leaves the softmax out and is compared with a reference that does so too.
    #[test]
    fn a_network_with_a_softmax_is_compared_at_its_logits() {
        let random = |count: usize, element| -> Vec<f32> {
            let draw = |tick| Draw { seed: 4, domain: Domain::Explore, element, tick }.uniform(0);
            (0..count as u64).map(|tick| (3.0 * draw(tick) - 1.5) as f32).collect()
        };
        let b = Builder::new(13)
            .input("x", &["N", "4", "10"])
            .weights("w1", &[8, 4, 1], &random(32, 1))
            .weights("w2", &[8, 1, 3], &random(24, 2))
            .weights("b2", &[8], &random(8, 3))
            .weights("w3", &[8, 8, 1], &random(64, 4))
            .weights("w4", &[8, 3], &random(24, 5))
            .node("Conv", &["x", "w1"], &["c1"], |a| a)
            .node("HardSwish", &["c1"], &["h1"], |a| a)
            .node("Conv", &["h1", "w2", "b2"], &["c2"], |a| a.int("group", 8).ints("pads", &[1, 1]))
            .node("HardSwish", &["c2"], &["h2"], |a| a)
            .node("GlobalAveragePool", &["h2"], &["g"], |a| a)
            .node("Conv", &["g", "w3"], &["c3"], |a| a)
            .node("HardSigmoid", &["c3"], &["e"], |a| a)
            .node("Mul", &["h2", "e"], &["m"], |a| a)
            .node("GlobalAveragePool", &["m"], &["p"], |a| a)
            .node("Flatten", &["p"], &["f"], |a| a)
            .node("MatMul", &["f", "w4"], &["l"], |a| a)
            .node("Softmax", &["l"], &["s"], |a| a)
            .node("Identity", &["s"], &["y"], |a| a)
            .output("y", &["N", "3"]);
        let file = std::env::temp_dir().join(format!("archsim-softmax-{}.onnx", std::process::id()));
        std::fs::write(&file, b.bytes()).expect("written");
        let options = RunOptions {
            arch: std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("arch/isaac_ce.yaml"),
            model: file.clone(),
            drawn: Some(8),
            fidelity: Some(Fidelity::Quantised),
            ..RunOptions::default()
        };
        let done = simulate(&options, &Silent);
        std::fs::remove_file(&file).expect("removed");
        let done = done.unwrap_or_else(|e| panic!("{e}"));
        let ratio = done.report.summary.snr_float_db.expect("both have values");
        assert!(ratio > 25.0, "{ratio} dB");
        assert_eq!(done.warnings.iter().filter(|d| d.code == "M020").count(), 1, "the softmax is named once");
    }

    #[test]
    fn deviation_by_hand() {
        let wanted = array![[3.0, 4.0], [0.0, 0.0]];
        let (rms, snr) = deviation(&array![[3.0, 4.0], [0.3, 0.4]], &wanted);
        assert!((rms.unwrap() - 0.1).abs() < 1e-6 && (snr.unwrap() - 20.0).abs() < 1e-5);
        assert_eq!(deviation(&wanted, &wanted), (Some(0.0), None));
        assert_eq!(deviation(&wanted, &Array2::zeros((2, 2))), (None, None));
    }
}
