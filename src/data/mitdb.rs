//! Import of the MIT-BIH Arrhythmia Database from a user's own PhysioNet download.
//!
//! Moody GB, Mark RG, IEEE Eng Med Biol 20(3):45-50, 2001; doi:10.13026/C2F305; ODC-By 1.0.

use std::path::Path;

use super::annotations::aami_class;
use super::beats;
use super::dataset::Dataset;
use super::prepared::BeatTable;
use super::wfdb;
use crate::diag::{Diagnostic, Diagnostics, Result};

/// Records read by default: the test half DS2 of the inter-patient split of de Chazal, O'Dwyer, Reilly
/// (2004), doi:10.1109/TBME.2004.827359, without 202. Records 201 (in DS1) and 202 are the same person,
/// so 202 is not an unseen patient.
pub const TEST_RECORDS: [u16; 21] =
    [100, 103, 105, 111, 113, 117, 121, 123, 200, 210, 212, 213, 214, 219, 221, 222, 228, 231, 232, 233, 234];
const LEAD: &str = "MLII";

/// What an import gave.
#[derive(Debug, Clone)]
pub struct Import {
    /// Inputs `beat` and `rr`, labels N, S, V, F, Q.
    pub dataset: Dataset,
    /// Records read.
    pub records: Vec<u16>,
    /// Default records that are not in the folder.
    pub missing: Vec<u16>,
}

/// The beats of one record, with the reference annotations as R positions and classes.
///
/// # Errors
/// As [`wfdb::read`]; D015 if no beat has a full window.
pub fn read_record(folder: &Path, record: u16) -> Result<BeatTable> {
    let read = wfdb::read(folder, &record.to_string(), LEAD, beats::RATE)?;
    let (peaks, symbols): (Vec<u32>, Vec<u8>) =
        read.annotations.iter().filter_map(|a| Some((a.sample, a.beat()?))).unzip();
    let mut table = BeatTable::default();
    for beat in beats::cut(&read.lead, &peaks) {
        let symbol = symbols[beat.index];
        let Some(class) = aami_class(symbol) else { continue };
        table.waves.push(beat.wave);
        table.rr.push(beat.rr);
        table.samples.push(beat.sample);
        table.classes.push(class);
        table.records.push(record);
        table.symbols.push(symbol);
    }
    if table.waves.is_empty() {
        let message = format!("{}: record {record} has no beat with a full window", folder.display());
        return Err(Diagnostic::error("D015", message).into());
    }
    Ok(table)
}

/// Imports records of a folder: those named, or the [`TEST_RECORDS`] that are there. `progress` is told
/// the record about to be read, how many are done and how many there are.
///
/// # Errors
/// Every unreadable record (D010 to D015); a named record that is missing; no record at all.
pub fn import(folder: &Path, records: Option<&[u16]>, progress: &mut dyn FnMut(u16, usize, usize)) -> Result<Import> {
    let there = |r: &u16| folder.join(format!("{r}.hea")).is_file();
    let (wanted, missing): (Vec<u16>, Vec<u16>) = match records {
        Some(named) => (named.to_vec(), Vec::new()),
        None => TEST_RECORDS.into_iter().partition(there),
    };
    if wanted.is_empty() {
        let message = format!("{}: no record of the test set is there (no 100.hea, ...)", folder.display());
        return Err(Diagnostic::error("D010", message)
            .help("download https://physionet.org/content/mitdb/1.0.0/ and give the folder with the .hea files")
            .into());
    }
    let mut found = Diagnostics::new();
    let mut all = BeatTable::default();
    for (done, &record) in wanted.iter().enumerate() {
        progress(record, done, wanted.len());
        if wanted[..done].contains(&record) {
            found.push(Diagnostic::error("D010", format!("record {record} is named twice")));
            continue;
        }
        match read_record(folder, record) {
            Ok(table) => {
                all.waves.extend(table.waves);
                all.rr.extend(table.rr);
                all.samples.extend(table.samples);
                all.classes.extend(table.classes);
                all.records.extend(table.records);
                all.symbols.extend(table.symbols);
            }
            Err(e) => found.extend(e),
        }
    }
    let names: Vec<String> = wanted.iter().map(u16::to_string).collect();
    let about = format!(
        "MIT-BIH Arrhythmia Database v1.0.0 (doi:10.13026/C2F305, ODC-By 1.0), lead {LEAD}, baseline removed, \
         180 Hz, beats cut at the reference annotations, AAMI classes; records {}.",
        names.join(" ")
    );
    let dataset = found.into_result(all)?.dataset(about);
    Ok(Import { dataset, records: wanted, missing })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::prepared;
    use std::path::PathBuf;

    /// The folder of outside data; tests that need it say loudly that they did not run.
    fn outside(test: &str) -> Option<PathBuf> {
        let folder = std::env::var_os("ARCHSIM_DATA").map(PathBuf::from);
        if folder.is_none() {
            eprintln!("SKIPPED: {test}: ARCHSIM_DATA is not set");
        }
        folder
    }

    #[test]
    fn beats_equal_the_prepared_ones() {
        let Some(data) = outside("beats_equal_the_prepared_ones") else { return };
        for (record, split, count) in [(100, "ds2_test", 2271), (208, "ds1_train", 2953)] {
            let ours = read_record(&data.join("mitdb_raw"), record).expect("record");
            let all = prepared::read(&data.join("ecg"), split).expect("prepared split");
            let rows: Vec<usize> = (0..all.records.len()).filter(|&i| all.records[i] == record).collect();
            assert_eq!((ours.waves.len(), rows.len()), (count, count));
            let (mut equal, mut worst) = (0, 0);
            for (i, &row) in rows.iter().enumerate() {
                assert_eq!(
                    (ours.samples[i], ours.symbols[i], ours.classes[i]),
                    (all.samples[row], all.symbols[row], all.classes[row])
                );
                for (a, b) in ours.rr[i].iter().zip(&all.rr[row]) {
                    assert!((a - b).abs() < 1e-6, "rr of beat {i}: {a} {b}");
                }
                for (a, b) in ours.waves[i].iter().zip(&all.waves[row]) {
                    equal += usize::from(a == b);
                    worst = worst.max((i32::from(*a) - i32::from(*b)).abs());
                }
            }
            eprintln!("record {record}: {equal} of {} values equal, worst {worst} µV", count * beats::LENGTH);
            assert!(worst <= 1);
            assert!(equal * 10_000 >= count * beats::LENGTH * 9_999);
        }
    }

    #[test]
    fn import_reads_what_is_there() {
        let Some(data) = outside("import_reads_what_is_there") else { return };
        let mut seen = Vec::new();
        let got =
            import(&data.join("mitdb_raw"), None, &mut |r, done, all| seen.push((r, done, all))).expect("one record");
        assert_eq!((got.records, got.missing.len(), seen), (vec![100], 20, vec![(100, 0, 1)]));
        assert_eq!(got.dataset.inputs["beat"].shape(), [2271, 2, 128]);
    }

    #[test]
    fn an_empty_folder_is_explained() {
        let folder = std::env::temp_dir().join(format!("archsim-mitdb-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("temp folder");
        let codes = |records| {
            let e = import(&folder, records, &mut |_, _, _| ()).expect_err("nothing there");
            e.iter().map(|d| d.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(None), ["D010"]);
        assert_eq!(codes(Some(&[100, 101, 100])), ["D010", "D010", "D010"]);
        std::fs::remove_dir_all(&folder).expect("temp folder");
    }
}
