//! Rows on whole networks.

use std::path::{Path, PathBuf};

use archsim::data::bytes;
use archsim::exec::Fidelity;
use archsim::study::{Chips, QuantFlags, RunOptions, Session, Silent, simulate};

use super::super::Finding;
use super::super::ecg::{outside, scored};
use super::super::project::cargo;
use super::or_absent;
use crate::root;

/// Folder of the unpacked ONNX suite: where the variable says, or where the script puts it.
pub fn suite() -> Result<PathBuf, String> {
    let fetched = root().join("target/onnx-suite/onnx/backend/test/data");
    let folder = std::env::var_os("ARCHSIM_ONNX_SUITE").map_or(fetched, PathBuf::from);
    let missing = || "the ONNX suite is not there: run tests/fetch_onnx_suite.sh".to_string();
    folder.is_dir().then_some(folder).ok_or_else(missing)
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Runs some tests of `tests/real_models.rs`: whether they pass, and what they print about networks.
fn real_tests(name: &str) -> Result<(bool, Vec<String>), String> {
    let (ok, output) = cargo(&[
        "test",
        "--release",
        "--package",
        "archsim",
        "--test",
        "real_models",
        name,
        "--",
        "--nocapture",
        "--test-threads",
        "1",
    ])?;
    if let Some(line) = output.lines().find(|l| l.contains("SKIPPED")) {
        return Err(line.to_string());
    }
    let said = |l: &&str| l.contains("differs by") || l.contains("the same class at");
    let own = |l: &str| l.rsplit_once("... ").map_or(l, |(_, own)| own).to_string();
    let lines = output.lines().filter(said).map(own);
    Ok((ok, lines.collect()))
}

/// Row 3.
pub fn light() -> Finding {
    or_absent(|| {
        let (equal, lines) = real_tests("light_models")?;
        let folder = suite()?.join("light");
        let mut models: Vec<PathBuf> =
            std::fs::read_dir(&folder).map_err(|e| e.to_string())?.flatten().map(|e| e.path()).collect();
        models.retain(|p| p.extension().is_some_and(|e| e == "onnx"));
        models.sort();
        let mut mapped = Vec::new();
        let mut wrong = Vec::new();
        for model in &models {
            let options = RunOptions {
                arch: root().join("arch/isaac_ce.yaml"),
                model: model.clone(),
                values: false,
                single: true,
                set: vec![("tile.buffer.edram.capacity".into(), "2 MiB".into())],
                chips: Some(Chips::Auto),
                ..RunOptions::default()
            };
            match simulate(&options, &Silent) {
                Ok(done) => {
                    let s = done.report.summary;
                    let complete = s.energy_j > 0.0 && s.latency_s > 0.0 && s.area_mm2 > 0.0;
                    let text = format!(
                        "{} {:.3e} J {:.3e} s {:.0} mm² on {} chip(s)",
                        stem(model),
                        s.energy_j,
                        s.latency_s,
                        s.area_mm2,
                        s.chips
                    );
                    if complete { mapped.push(text) } else { wrong.push(text) }
                }
                Err(e) => wrong.push(format!("{}: {}", stem(model), e.to_string().lines().next().unwrap_or_default())),
            }
        }
        Ok(Finding {
            measured: format!(
                "outputs equal: {equal} ({} networks); mapped {} of {}: {}{}",
                lines.len(),
                mapped.len(),
                models.len(),
                mapped.join("; "),
                if wrong.is_empty() { String::new() } else { format!("; NOT: {}", wrong.join("; ")) }
            ),
            holds: equal && lines.len() == 9 && models.len() == 9 && mapped.len() == 9,
            configuration: "light_* of onnx 1.19.1; arch/isaac_ce.yaml, tile buffers of 2 MiB, as many chips as needed, --values off --single".into(),
        })
    })
}

/// The networks of row 4, with sizes for the dimensions that the files leave open.
const REAL: [(&str, &[(&str, usize)]); 3] = [
    ("silero_vad", &[("sequence_length", 8)]),
    ("ppocr_angle", &[("x.2", 48), ("x.3", 192)]),
    ("ecg_codec_int8", &[("batch", 1)]),
];

/// Row 4.
pub fn real() -> Finding {
    or_absent(|| {
        let folder = std::env::var_os("ARCHSIM_REAL_MODELS").map(PathBuf::from);
        let folder =
            folder.ok_or("ARCHSIM_REAL_MODELS is not set; benches/peers/onnxruntime_models.py FOLDER makes it")?;
        let (float, mut lines) = real_tests("onnxruntime")?;
        let same_class = |line: &String| {
            let counts = line.split("has the same class at ").nth(1)?.split(" positions").next()?;
            let (same, all) = counts.split_once(" of ")?;
            Some(same == all)
        };
        let classes: Vec<bool> = lines.iter().filter_map(same_class).collect();
        let mut simulated = 0;
        // what is left with fine codes that clip nothing shows how much of the deviation is that of the codes
        let fine = QuantFlags {
            calibration: Some("min_max".into()),
            weight_bits: Some(16),
            activation_bits: Some(16),
            ..QuantFlags::default()
        };
        let runs = REAL.iter().flat_map(|(name, sizes)| {
            let also = (!name.ends_with("int8")).then(|| (name, sizes, fine.clone()));
            [(name, sizes, QuantFlags::default())].into_iter().chain(also)
        });
        for (name, sizes, quantisation) in runs {
            let own = quantisation == QuantFlags::default();
            let bits = if own { "" } else { " with 16 bits and min_max" };
            let options = RunOptions {
                arch: root().join("arch/isaac_ce.yaml"),
                model: folder.join(format!("{name}.onnx")),
                drawn: Some(2),
                chips: Some(Chips::Auto),
                single: true,
                set: vec![("tile.buffer.edram.capacity".into(), "2 MiB".into())],
                fidelity: Some(Fidelity::Quantised),
                dims: sizes.iter().map(|(n, v)| ((*n).to_string(), *v)).collect(),
                quantisation,
                ..RunOptions::default()
            };
            match simulate(&options, &Silent) {
                Ok(done) => {
                    let s = done.report.summary;
                    simulated += usize::from(own);
                    lines.push(format!(
                        "{name} at quantised{bits}: rms error {:.4} of the float rms, SNR {:.1} dB, {:.3e} J, {:.3e} s",
                        s.rms_error_float.unwrap_or(f64::NAN),
                        s.snr_float_db.unwrap_or(f64::NAN),
                        s.energy_j,
                        s.latency_s
                    ));
                }
                Err(e) => lines
                    .push(format!("{name}{bits} NOT simulated: {}", e.to_string().lines().next().unwrap_or_default())),
            }
        }
        Ok(Finding {
            measured: lines.join("; "),
            holds: float && !classes.is_empty() && classes.iter().all(|same| *same) && simulated == 3,
            configuration: "tests/real_models.rs against onnxruntime 1.31.1; arch/isaac_ce.yaml with tile buffers of 2 MiB, `--data random:2 --fidelity quantised`"
                .into(),
        })
    })
}

/// Row 5.
pub fn mnist() -> Finding {
    or_absent(|| {
        let folder = outside()?.join("mnist");
        let load = |split: &str| bytes::read(&bytes::MNIST, &folder, split).map_err(|e| e.to_string());
        let (test, train) = (load("test")?, load("train")?);
        let calibration = train.spread(archsim::study::CALIBRATION_SAMPLES);
        let accuracy = |weights: Option<u8>| -> Result<(f64, f64, f64), String> {
            let options = RunOptions {
                arch: root().join("arch/mos2_tile.yaml"),
                model: root().join("workloads/mnist_cnn.onnx"),
                chips: Some(Chips::Auto),
                quantisation: QuantFlags { weight_bits: weights, ..QuantFlags::default() },
                set: vec![("chip.grid".into(), "[6, 6]".into())],
                ..RunOptions::default()
            };
            let s = Session::open_on(&options, test.clone(), calibration.clone()).map_err(|e| e.to_string())?;
            let of = |l: archsim::diag::Result<_>| l.map(|l| scored(&s, &l).accuracy).map_err(|e| e.to_string());
            let values = super::super::ecg::values(&s, Fidelity::Quantised, 1.0);
            let arrays = s.arrays(&values).map_err(|e| e.to_string())?;
            let how = archsim::exec::RunOptions::default();
            let chip = s.values(&arrays, 0..s.data.samples, &how, &Silent).map(|o| o.logits);
            Ok((of(s.float(&Silent))?, of(s.reference(&Silent))?, of(chip)?))
        };
        let (float, eight, chip8) = accuracy(None)?;
        let (_, four, chip4) = accuracy(Some(4))?;
        Ok(Finding {
            measured: format!(
                "float {float:.4}; 8/8 bits {eight:.4} ({:+.4}); 4-bit weights {four:.4} ({:+.4}); with the converters of the chip {chip8:.4} and {chip4:.4}",
                eight - float,
                four - float
            ),
            holds: eight >= float - 0.003 && four >= float - 0.01,
            configuration: format!(
                "workloads/mnist_cnn.onnx, {} digits, calibrated on {} of the training digits",
                test.samples, calibration.samples
            ),
        })
    })
}
