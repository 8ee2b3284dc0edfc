//! Networks on chips of the `arch` folder, taken through every stage without values.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::onnx::testing::Builder;
use crate::rng::{Domain, Draw};
use crate::study::{RunOptions, Session, Silent, simulate};

/// Values between -1 and 1, the same for the same `element`.
pub(super) fn weights(count: usize, element: u64) -> Vec<f32> {
    let draw = |tick| Draw { seed: 6, domain: Domain::Explore, element, tick }.uniform(0);
    (0..count as u64).map(|tick| (2.0 * draw(tick) - 1.0) as f32).collect()
}

/// The file of a chip.
pub(super) fn arch(chip: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("arch/{chip}.yaml"))
}

/// The network on the chip `arch/NAME.yaml`, placed layer after layer.
pub(super) fn open(chip: &str, network: &Builder, name: &str) -> Session {
    // tests of one process may write the same network at once
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let number = (std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
    let file = std::env::temp_dir().join(format!("archsim-{chip}-{name}-{}-{}.onnx", number.0, number.1));
    std::fs::write(&file, network.bytes()).expect("written");
    let options = RunOptions {
        arch: arch(chip),
        model: file.clone(),
        values: false,
        mapper: Some("sequential".into()),
        ..RunOptions::default()
    };
    let session = Session::open(&options);
    std::fs::remove_file(&file).expect("removed");
    session.unwrap_or_else(|e| panic!("{e}"))
}

/// A table of the reference folder, line by line; says so where there is none.
pub(super) fn reference(file: &str) -> Option<Vec<String>> {
    let Ok(folder) = std::env::var("ARCHSIM_REFERENCE") else {
        eprintln!("SKIPPED: ARCHSIM_REFERENCE is not set, {file} was not read");
        return None;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join(file)).expect("the table is there");
    Some(text.lines().map(str::to_owned).collect())
}

#[test]
fn a_trained_network_answers_on_both_chips_as_it_does_in_float() {
    for chip in ["isaac", "puma"] {
        let options = RunOptions {
            arch: arch(chip),
            model: Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads/breast_cancer.onnx"),
            samples: Some(20),
            ..RunOptions::default()
        };
        let done = simulate(&options, &Silent).unwrap_or_else(|e| panic!("{chip}: {e}"));
        let s = done.report.summary;
        assert_eq!(s.agreement_float, Some(1.0), "{chip}");
        assert!(s.snr_float_db.is_some_and(|db| db > 50.0), "{chip}: {:?}", s.snr_float_db);
        assert!(s.latency_s > 0.0 && s.energy_j > 0.0, "{chip}");
    }
}
