//! The bundled demo data: five minutes of a real ECG with labels by rule.
//!
//! `workloads/ecg208_excerpt.npz` holds the recording, `workloads/ecg.npz` is [`build`] of it. The
//! bundled files hold no reference annotations; [`verify`] compares with the user's own copy of the record.

use std::path::Path;

use indexmap::IndexMap;

use super::annotations::aami_class;
use super::beats::{self, RATE};
use super::container;
use super::dataset::{Dataset, LabelSource, Labels};
use super::detector::{self, Match};
use super::features::{beat_input, rr_input};
use super::prepared::CLASSES;
use super::rule_labels::{self, NORMAL};
use super::wfdb::{self, Lead, read_bounded};
use crate::diag::{Diagnostic, Result};

/// ADC resolution of the MIT-BIH database: 200 counts per mV around 1024.
const GAIN: f64 = 200.0;
const BASELINE: i32 = 1024;
/// First sample of the excerpt in lead MLII of record 208, and its length.
const START: usize = 422_820;
const LENGTH: usize = 108_000;
/// A detection belongs to an annotation no further away than this, 75 ms: half of the 150 ms that
/// ANSI/AAMI EC57 allows.
const TOLERANCE: u32 = 27;
const MAX_FILE: u64 = 1 << 24;
/// Share of N, V and F beats whose rule label agrees with the database, as [`verify`] measures it (a test
/// compares where the record is at hand). It stands here because the excerpt comes without annotations.
pub const LABEL_AGREEMENT: f64 = 484.0 / 497.0;
const ABOUT: &str = "Five minutes of ECG, MIT-BIH Arrhythmia Database record 208, lead MLII, samples 422820 to 530819 \
(Moody & Mark 2001, doi:10.13026/C2F305; Goldberger et al. 2000; Open Data Commons Attribution License v1.0), as \
distributed with scipy 1.11.4 (scipy/misc/ecg.dat). Beats found by archsim's detector, baseline removed, 180 Hz, \
labels normal or ventricular by archsim's rule on the shape of the beat.";

/// Reads the excerpt: array `adc`, ADC counts at 360 Hz.
///
/// # Errors
/// D010 unreadable, D002 to D004 damaged, D009 not an excerpt.
pub fn read_excerpt(path: &Path) -> Result<Lead> {
    let shown = path.display().to_string();
    let arrays = container::read(std::io::Cursor::new(read_bounded(path, MAX_FILE)?), &shown)?;
    let adc = arrays.iter().find(|a| a.name == "adc").and_then(container::RawArray::to_integers);
    let counts = adc
        .filter(|c| !c.is_empty())
        .and_then(|c| c.into_iter().map(|v| i16::try_from(v).ok().map(i32::from)).collect::<Option<Vec<i32>>>());
    match counts {
        Some(counts) => Ok(Lead { counts, baseline: BASELINE, gain: GAIN }),
        None => Err(Diagnostic::error("D009", format!("{shown}: no array `adc` of 16-bit ADC counts")).into()),
    }
}

/// The demo data set: inputs `beat` and `rr`, label masks by rule. Always the same for the same excerpt.
#[must_use]
pub fn build(excerpt: &Lead) -> Dataset {
    let (waves, rr, positions) = detected_beats(excerpt);
    Dataset {
        inputs: IndexMap::from([
            ("beat".to_owned(), beat_input(&waves, &positions).into_dyn()),
            ("rr".to_owned(), rr_input(&rr, &positions).into_dyn()),
        ]),
        labels: Some(Labels::Group(rule_labels::label(&waves))),
        classes: CLASSES.map(str::to_owned).to_vec(),
        label_source: LabelSource::Rule,
        label_agreement: Some(LABEL_AGREEMENT),
        about: ABOUT.to_owned(),
        samples: waves.len(),
        hash: String::new(),
    }
}

type Columns = (Vec<[i16; beats::LENGTH]>, Vec<[f32; 4]>, Vec<u32>);

fn detected_beats(lead: &Lead) -> Columns {
    let mut columns = Columns::default();
    for beat in beats::cut(lead, &detector::detect(lead)) {
        columns.0.push(beat.wave);
        columns.1.push(beat.rr);
        columns.2.push(beat.sample);
    }
    columns
}

/// How detector and rule compare with the reference annotations.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoFigures {
    /// Share of annotated beats that were detected within 75 ms.
    pub sensitivity: f64,
    /// Share of detections that are annotated beats.
    pub predictivity: f64,
    /// Annotated beats, detections, pairs.
    pub detection: [usize; 3],
    /// Share of the detected N, V and F beats whose rule label accepts the annotated class.
    pub agreement: f64,
    /// Rows N, S, V, F, Q as annotated; columns normal, ventricular by rule. Beats of the data set only.
    pub counts: [[usize; 2]; 5],
    /// Samples of the data set that are no annotated beat, labelled normal and ventricular by rule.
    pub spurious: [usize; 2],
}

/// Measures the demo data against record 208 (`208.hea`, `.dat`, `.atr`) in `reference`, a PhysioNet
/// download, from `excerpt`, the bundled recording.
///
/// # Errors
/// As [`read_excerpt`] and [`wfdb::read`]; D012 if the excerpt is not that part of the record.
pub fn verify(reference: &Path, excerpt: &Path) -> Result<DemoFigures> {
    let lead = read_excerpt(excerpt)?;
    let record = wfdb::read(reference, "208", "MLII", RATE)?;
    if record.lead.counts.get(START..START + LENGTH) != Some(&lead.counts[..]) {
        let message = format!("{} is not samples {START} to {} of record 208", excerpt.display(), START + LENGTH - 1);
        return Err(Diagnostic::error("D012", message).into());
    }
    let (annotated, symbols): (Vec<u32>, Vec<u8>) = record
        .annotations
        .iter()
        .filter(|a| (START..START + LENGTH).contains(&(a.sample as usize)))
        .filter_map(|a| Some((a.sample - START as u32, a.beat()?)))
        .unzip();
    let found = detector::detect(&lead);
    let all = Match::new(&annotated, &found, TOLERANCE);
    let (waves, _, positions) = detected_beats(&lead);
    let labels = rule_labels::label(&waves);
    let mut counts = [[0; 2]; 5];
    let mut spurious = [0; 2];
    labels.iter().for_each(|&l| spurious[usize::from(l != NORMAL)] += 1);
    for &(a, d) in &Match::new(&annotated, &positions, TOLERANCE).pairs {
        spurious[usize::from(labels[d] != NORMAL)] -= 1;
        if let Some(row) = aami_class(symbols[a]).and_then(|c| counts.get_mut(c as usize)) {
            row[usize::from(labels[d] != NORMAL)] += 1;
        }
    }
    let right = counts[0][0] + counts[2][1] + counts[3][1];
    let of: usize = [0, 2, 3].iter().map(|&c: &usize| counts[c][0] + counts[c][1]).sum();
    Ok(DemoFigures {
        sensitivity: all.sensitivity(),
        predictivity: all.predictivity(),
        detection: [all.reference, all.detections, all.pairs.len()],
        agreement: right as f64 / of.max(1) as f64,
        counts,
        spurious,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::npz;
    use std::path::PathBuf;

    fn workload(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads").join(name)
    }

    #[test]
    fn bundled_file_is_what_build_makes() {
        let built = build(&read_excerpt(&workload("ecg208_excerpt.npz")).expect("bundled"));
        let stored = npz::load(&workload("ecg.npz")).expect("bundled");
        assert_eq!((stored.samples, &stored.inputs, &stored.labels), (built.samples, &built.inputs, &built.labels));
        assert_eq!((&stored.classes, &stored.about), (&built.classes, &built.about));
        assert_eq!(stored.label_source, LabelSource::Rule);
        assert_eq!(stored.label_agreement, built.label_agreement);
        assert!((480..540).contains(&stored.samples), "{}", stored.samples);
    }

    #[test]
    fn figures_hold_against_the_record() {
        let Some(data) = std::env::var_os("ARCHSIM_DATA") else {
            eprintln!("SKIPPED: figures_hold_against_the_record: ARCHSIM_DATA is not set");
            return;
        };
        let figures = verify(&Path::new(&data).join("mitdb_raw"), &workload("ecg208_excerpt.npz")).expect("record 208");
        eprintln!("{figures:?}");
        assert!(figures.sensitivity >= 0.97 && figures.predictivity >= 0.985, "{figures:?}");
        assert!(figures.agreement >= 0.96, "{figures:?}");
        assert!((figures.agreement - LABEL_AGREEMENT).abs() < 5e-5, "{figures:?}");
    }

    #[test]
    fn another_recording_is_not_the_excerpt() {
        let missing = read_excerpt(&workload("no_such_file.npz")).expect_err("missing");
        assert_eq!(missing.iter().next().map(|d| d.code), Some("D010"));
        let other = read_excerpt(&workload("ecg.npz")).expect_err("no adc");
        assert_eq!(other.iter().next().map(|d| d.code), Some("D009"));
    }
}
