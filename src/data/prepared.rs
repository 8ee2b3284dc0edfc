//! The prepared beat folder: flat little-endian arrays `SPLIT_x.i16`, `_y.u8`, `_rec.u16`, `_rr.f32`,
//! `_samp.u32`, `_sym.u8`, one entry per beat, the beats of a record together and in time order.

use std::path::Path;

use indexmap::IndexMap;
use ndarray::{Array2, Array3, ArrayD, Axis, concatenate};

use super::beats::LENGTH;
use super::dataset::{Dataset, LabelSource, Labels};
use super::features::{beat_input, rr_input};
use super::wfdb::read_bounded;
use crate::diag::{Diagnostic, Diagnostics, Result};

/// Class names in the order of the class index (AAMI).
pub const CLASSES: [&str; 5] = ["N", "S", "V", "F", "Q"];
const MAX_FILE: u64 = 1 << 30;

/// Beats of one or several recordings.
#[derive(Debug, Clone, Default)]
pub struct BeatTable {
    /// Waveforms, microvolts, 180 Hz.
    pub waves: Vec<[i16; LENGTH]>,
    /// RR before, after, local mean, record mean; seconds.
    pub rr: Vec<[f32; 4]>,
    /// R position, samples at 360 Hz.
    pub samples: Vec<u32>,
    /// Class index.
    pub classes: Vec<u32>,
    /// Record number.
    pub records: Vec<u16>,
    /// Symbol of the annotation.
    pub symbols: Vec<u8>,
}

impl BeatTable {
    /// The network inputs and labels. Inputs are computed record by record.
    #[must_use]
    pub fn dataset(&self, about: String) -> Dataset {
        let mut beats: Vec<Array3<f32>> = Vec::new();
        let mut rrs: Vec<Array2<f32>> = Vec::new();
        let mut start = 0;
        for record in self.records.chunk_by(|a, b| a == b) {
            let range = start..start + record.len();
            start = range.end;
            beats.push(beat_input(&self.waves[range.clone()], &self.samples[range.clone()]));
            rrs.push(rr_input(&self.rr[range.clone()], &self.samples[range]));
        }
        let (beat, rr) = (join(beats, &[0, 2, LENGTH]), join(rrs, &[0, 4]));
        Dataset {
            inputs: IndexMap::from([("beat".to_owned(), beat), ("rr".to_owned(), rr)]),
            labels: Some(Labels::Class(self.classes.clone())),
            classes: CLASSES.map(str::to_owned).to_vec(),
            label_source: LabelSource::Database,
            label_agreement: None,
            about,
            samples: self.waves.len(),
            hash: String::new(),
        }
    }
}

fn join<D: ndarray::Dimension + ndarray::RemoveAxis>(
    parts: Vec<ndarray::Array<f32, D>>,
    empty: &[usize],
) -> ArrayD<f32> {
    let views: Vec<_> = parts.iter().map(|p| p.view()).collect();
    concatenate(Axis(0), &views).map_or_else(|_| ArrayD::zeros(empty), ndarray::Array::into_dyn)
}

/// Reads a split (`ds1_train`, `ds2_test`, ...) of a prepared folder.
///
/// # Errors
/// D010 file missing, D016 the arrays do not fit each other.
pub fn read(folder: &Path, split: &str) -> Result<BeatTable> {
    let mut found = Diagnostics::new();
    let mut get = |suffix: &str| match read_bounded(&folder.join(format!("{split}_{suffix}")), MAX_FILE) {
        Ok(bytes) => bytes,
        Err(e) => {
            found.extend(e);
            Vec::new()
        }
    };
    let [x, y, rec, rr, samp, sym] = ["x.i16", "y.u8", "rec.u16", "rr.f32", "samp.u32", "sym.u8"].map(&mut get);
    if found.has_errors() {
        return Err(found);
    }
    let shown = folder.join(split).display().to_string();
    let n = y.len();
    for (name, have, each) in
        [("x", &x, 2 * LENGTH), ("rec", &rec, 2), ("rr", &rr, 16), ("samp", &samp, 4), ("sym", &sym, 1)]
    {
        if have.len() != n * each {
            let message = format!("{shown}: `{name}` has {} bytes, {n} beats need {}", have.len(), n * each);
            found.push(Diagnostic::error("D016", message));
        }
    }
    if n == 0 {
        found.push(Diagnostic::error("D016", format!("{shown}: the split holds no beat")));
    }
    if let Some(at) = y.iter().position(|&c| usize::from(c) >= CLASSES.len()) {
        found.push(Diagnostic::error("D016", format!("{shown}: class {} of beat {at}; expected 0 to 4", y[at])));
    }
    let words = |b: &[u8]| b.chunks_exact(2).map(|w| i16::from_le_bytes([w[0], w[1]])).collect::<Vec<_>>();
    let longs = |b: &[u8]| b.chunks_exact(4).map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]])).collect::<Vec<_>>();
    let table = BeatTable {
        waves: words(&x).chunks_exact(LENGTH).map(|w| std::array::from_fn(|t| w[t])).collect(),
        rr: longs(&rr).chunks_exact(4).map(|w| std::array::from_fn(|k| f32::from_bits(w[k]))).collect(),
        samples: longs(&samp),
        classes: y.into_iter().map(u32::from).collect(),
        records: words(&rec).into_iter().map(i16::cast_unsigned).collect(),
        symbols: sym,
    };
    if let Some(at) = table.rr.iter().position(|r| r.iter().any(|v| !v.is_finite())) {
        found.push(Diagnostic::error("D006", format!("{shown}: `rr` of beat {at} is not finite")));
    }
    found.into_result(table)
}

/// A split of a prepared folder as a data set with inputs `beat` and `rr` and the database's labels.
///
/// # Errors
/// As [`read`].
pub fn dataset(folder: &Path, split: &str) -> Result<Dataset> {
    let table = read(folder, split)?;
    Ok(table.dataset(format!("MIT-BIH Arrhythmia Database (ODC-By 1.0), split {split}, AAMI classes.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_and_checked() {
        let folder = std::env::temp_dir().join(format!("archsim-prepared-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("temp folder");
        let put = |name: &str, bytes: Vec<u8>| std::fs::write(folder.join(name), bytes).expect("temp file");
        put("a_x.i16", (0..2 * LENGTH as i16).flat_map(|v| (v - 9).to_le_bytes()).collect());
        put("a_y.u8", vec![0, 2]);
        put("a_rec.u16", vec![100, 0, 200, 0]);
        put("a_rr.f32", (0..8).flat_map(|v| (0.5 + v as f32).to_le_bytes()).collect());
        put("a_samp.u32", [370u32, 80].iter().flat_map(|v| v.to_le_bytes()).collect());
        put("a_sym.u8", b"NV".to_vec());
        let table = read(&folder, "a").expect("well formed");
        assert_eq!((table.waves[1][0], table.rr[1][3], table.samples[0], table.records[1]), (119, 7.5, 370, 200));
        let data = table.dataset(String::new());
        assert_eq!((data.samples, data.inputs["beat"].shape()), (2, &[2, 2, 128][..]));
        assert_eq!(data.labels, Some(Labels::Class(vec![0, 2])));
        // Each record begins anew: the first beat is its own median, so the difference is zero.
        assert!(data.inputs["beat"].index_axis(Axis(1), 1).iter().all(|&v| v == 0.0));
        put("a_y.u8", vec![0, 5]);
        put("a_samp.u32", vec![1, 2, 3]);
        let codes: Vec<_> = read(&folder, "a").expect_err("broken").iter().map(|d| d.code).collect();
        assert_eq!(codes, ["D016", "D016"]);
        std::fs::remove_file(folder.join("a_sym.u8")).expect("temp file");
        assert_eq!(read(&folder, "a").expect_err("missing").iter().next().map(|d| d.code), Some("D010"));
        std::fs::remove_dir_all(&folder).expect("temp folder");
    }
}
