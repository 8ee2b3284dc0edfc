//! Rows on the ECG workload: float figures, demo data, exactness, quantisation.

use std::path::PathBuf;

use archsim::data::{self, Dataset};
use archsim::exec::{Fidelity, RunOptions as RunHow, ValueOptions};
use archsim::report::{Score, score};
use archsim::study::{RunOptions, Session, Silent, predictions};

use super::Finding;
use crate::root;

/// The networks of the three seeds.
pub const SEEDS: [&str; 3] = ["ecg.onnx", "ecg_seed1.onnx", "ecg_seed2.onnx"];

/// Folder of the outside data sets.
pub fn outside() -> Result<PathBuf, String> {
    Ok(std::env::var_os("ARCHSIM_DATA").map(PathBuf::from).ok_or("ARCHSIM_DATA is not set")?)
}

/// The same, with the heartbeats in it.
pub fn data_folder() -> Result<PathBuf, String> {
    let folder = outside()?;
    if folder.join("ecg").is_dir() { Ok(folder) } else { Err(format!("{} has no folder `ecg`", folder.display())) }
}

/// A session of one network on the shipped MoS2 tile with `ds2_test`, calibrated on beats of `ds1_train`.
pub fn session(model: &str, set: &[(&str, &str)]) -> Result<Session, String> {
    let folder = data_folder()?.join("ecg");
    let load = |split: &str| data::prepared::dataset(&folder, split).map_err(|e| e.to_string());
    let (test, train) = (load("ds2_test")?, load("ds1_train")?);
    session_on(model, set, test, &train)
}

fn session_on(model: &str, set: &[(&str, &str)], test: Dataset, train: &Dataset) -> Result<Session, String> {
    let options = RunOptions {
        arch: root().join("arch/mos2_tile.yaml"),
        model: root().join("workloads").join(model),
        set: set.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect(),
        ..RunOptions::default()
    };
    Session::open_on(&options, test, train.spread(archsim::study::CALIBRATION_SAMPLES)).map_err(|e| e.to_string())
}

/// Options of the value core for a fidelity, everything else as the chip has it.
pub fn values(session: &Session, fidelity: Fidelity, noise_scale: f64) -> ValueOptions {
    let options = RunOptions { fidelity: Some(fidelity), noise_scale, ..RunOptions::default() };
    session.value_options(&options)
}

/// Score of logits against the labels of a session.
pub fn scored(session: &Session, logits: &ndarray::Array2<f32>) -> Score {
    score(&predictions(logits), &session.label_masks().unwrap_or_default(), &session.class_names())
}

/// F1 of a class.
pub fn f1(score: &Score, class: &str) -> f64 {
    score.classes.iter().find(|c| c.name == class).map_or(0.0, |c| c.f1)
}

fn try_find(find: impl FnOnce() -> Result<Finding, String>) -> Finding {
    find().unwrap_or_else(Finding::absent)
}

/// Evaluations on the test set that `workloads/train/README.md` lists.
fn looks_at_the_test_set() -> Result<usize, String> {
    let text = std::fs::read_to_string(root().join("workloads/train/README.md")).map_err(|e| e.to_string())?;
    let section = text.split("## Looks at").nth(1).ok_or("workloads/train/README.md lists no looks at the test set")?;
    let row = |line: &&str| line.strip_prefix("| ").is_some_and(|l| l.starts_with(|c: char| c.is_ascii_digit()));
    Ok(section.lines().filter(row).count())
}

/// Row 2.
pub fn float_reference() -> Finding {
    try_find(|| {
        let mut scores = Vec::new();
        for model in SEEDS {
            let s = session(model, &[])?;
            scores.push(scored(&s, &s.float(&Silent).map_err(|e| e.to_string())?));
        }
        let mean = |f: &dyn Fn(&Score) -> f64| scores.iter().map(f).sum::<f64>() / scores.len() as f64;
        let each =
            |f: &dyn Fn(&Score) -> f64| scores.iter().map(|s| format!("{:.4}", f(s))).collect::<Vec<_>>().join(", ");
        let (accuracy, macro_f1) = (mean(&|s| s.accuracy), mean(&|s| s.macro_f1.unwrap_or(f64::NAN)));
        let classes: Vec<String> =
            ["N", "S", "V", "F"].iter().map(|c| format!("F1({c}) {:.4}", mean(&|s| f1(s, c)))).collect();
        let looks = looks_at_the_test_set()?;
        Ok(Finding {
            measured: format!(
                "accuracy {accuracy:.4} ({}), macro-F1 {macro_f1:.4} ({}), {}; looks at ds2_test on the way: {looks}",
                each(&|s| s.accuracy),
                each(&|s| s.macro_f1.unwrap_or(f64::NAN)),
                classes.join(", ")
            ),
            holds: looks == 1
                && accuracy >= 0.93
                && macro_f1 >= 0.55
                && mean(&|s| f1(s, "N")) >= 0.96
                && mean(&|s| f1(s, "V")) >= 0.85,
            configuration: format!(
                "{} beats of 15 patients, networks of seeds 0, 1, 2; macro-F1 over N, S, V, F",
                scores[0].samples
            ),
        })
    })
}

/// Row 2b.
pub fn demo() -> Finding {
    try_find(|| {
        let figures =
            data::demo::verify(&data_folder()?.join("mitdb_raw"), &root().join("workloads/ecg208_excerpt.npz"))
                .map_err(|e| e.to_string())?;
        Ok(Finding {
            measured: format!(
                "sensitivity {:.4}, predictivity {:.4} ({} annotated, {} detected, {} paired within 75 ms); rule labels agree on {:.4} of the N, V, F beats",
                figures.sensitivity,
                figures.predictivity,
                figures.detection[0],
                figures.detection[1],
                figures.detection[2],
                figures.agreement
            ),
            holds: figures.sensitivity >= 0.97 && figures.predictivity >= 0.985 && figures.agreement >= 0.96,
            configuration: "record 208, MLII, samples 422,820 to 530,819, against its annotations".into(),
        })
    })
}

/// Row 3.
pub fn ideal() -> Finding {
    try_find(|| {
        let mut parts = Vec::new();
        let mut holds = true;
        for model in SEEDS {
            let s = session(model, &[])?;
            let options = values(&s, Fidelity::Ideal, 1.0);
            let reference = s.reference(&Silent).map_err(|e| e.to_string())?;
            let arrays = s.arrays(&options).map_err(|e| e.to_string())?;
            let chip =
                s.values(&arrays, 0..s.data.samples, &RunHow::default(), &Silent).map_err(|e| e.to_string())?.logits;
            let different = reference.iter().zip(&chip).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
            holds &= different == 0 && reference.dim() == chip.dim() && reference.nrows() == 33_626;
            parts.push(format!("{different} of {} logits differ", reference.len()));
        }
        Ok(Finding {
            measured: parts.join("; "),
            holds,
            configuration: "33,626 beats, mos2_tile, networks of seeds 0, 1, 2".into(),
        })
    })
}

/// Row 4.
pub fn quantisation() -> Finding {
    try_find(|| {
        let mut parts = Vec::new();
        let mut holds = true;
        for model in SEEDS {
            let s = session(model, &[])?;
            let float = scored(&s, &s.float(&Silent).map_err(|e| e.to_string())?);
            let quantised = scored(&s, &s.reference(&Silent).map_err(|e| e.to_string())?);
            let f1 = [&float, &quantised].map(|s| s.macro_f1.unwrap_or(f64::NAN));
            let (accuracy, macro_f1) = (float.accuracy - quantised.accuracy, f1[0] - f1[1]);
            holds &= accuracy.abs() <= 0.005 && macro_f1.abs() <= 0.01;
            parts.push(format!(
                "accuracy {:.4} → {:.4} ({:+.4}), macro-F1 {:.4} → {:.4} ({:+.4})",
                float.accuracy, quantised.accuracy, -accuracy, f1[0], f1[1], -macro_f1
            ));
        }
        Ok(Finding {
            measured: parts.join("; "),
            holds,
            configuration:
                "8-bit weights and activations, calibrated on 256 beats of ds1_train; each of the three networks".into(),
        })
    })
}
