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
            s.macro_f1 = Some(mine.macro_f1);
            s.accuracy_float = Some(float.accuracy);
            s.macro_f1_float = Some(float.macro_f1);
            s.accuracy_quantised = Some(quantised.accuracy);
            s.macro_f1_quantised = Some(quantised.macro_f1);
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
    use ndarray::array;

    #[test]
    fn deviation_by_hand() {
        let wanted = array![[3.0, 4.0], [0.0, 0.0]];
        let (rms, snr) = deviation(&array![[3.0, 4.0], [0.3, 0.4]], &wanted);
        assert!((rms.unwrap() - 0.1).abs() < 1e-6 && (snr.unwrap() - 20.0).abs() < 1e-5);
        assert_eq!(deviation(&wanted, &wanted), (Some(0.0), None));
        assert_eq!(deviation(&wanted, &Array2::zeros((2, 2))), (None, None));
    }
}
