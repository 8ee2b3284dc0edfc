//! Writing of data files; the layout is that of [`super::npz`].

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;

use ndarray::{Array1, arr0};
use ndarray_npy::{NpzWriter, WriteNpzError};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime};

use super::dataset::{Dataset, Labels};
use crate::diag::{Diagnostic, Diagnostics, Result};

/// The bytes of a data file. The same data set always gives the same bytes.
///
/// # Errors
/// When the arrays cannot be encoded (a failure of the writer, not of the data).
pub fn to_bytes(data: &Dataset) -> std::result::Result<Vec<u8>, WriteNpzError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut npz = NpzWriter::new_with_options(Cursor::new(Vec::new()), options);
    let bytes = |text: &str| Array1::from(text.as_bytes().to_vec());
    for (name, values) in &data.inputs {
        npz.add_array(name.as_str(), values)?;
    }
    match &data.labels {
        Some(Labels::Class(l)) => npz.add_array("label", &Array1::from(l.clone()))?,
        Some(Labels::Group(l)) if data.classes.len() <= 8 => {
            npz.add_array("label_mask", &l.iter().map(|&m| m as u8).collect::<Array1<u8>>())?;
        }
        Some(Labels::Group(l)) => npz.add_array("label_mask", &Array1::from(l.clone()))?,
        None => {}
    }
    if !data.classes.is_empty() {
        npz.add_array("classes", &bytes(&data.classes.join("\n")))?;
    }
    npz.add_array("label_source", &bytes(data.label_source.as_str()))?;
    if let Some(share) = data.label_agreement {
        npz.add_array("label_agreement", &arr0(share))?;
    }
    npz.add_array("about", &bytes(&data.about))?;
    Ok(npz.finish()?.into_inner())
}

/// Writes a data file: under a temporary name beside it, then renamed, so no half file is ever seen.
///
/// # Errors
/// F003 when the file cannot be written.
pub fn save(data: &Dataset, path: &Path) -> Result<()> {
    let failed = |e: String| {
        Diagnostics::from(
            Diagnostic::error("F003", format!("{}: the data file cannot be written: {e}", path.display()))
                .help("check that its folder exists and may be written, or choose another with --output"),
        )
    };
    let bytes = to_bytes(data).map_err(|e| failed(e.to_string()))?;
    let mut name = path.file_name().ok_or_else(|| failed("the path names no file".to_owned()))?.to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = File::create(&part)
        .and_then(|mut f| f.write_all(&bytes).and_then(|()| f.sync_all()))
        .and_then(|()| std::fs::rename(&part, path));
    written.map_err(|e| {
        // Best effort: the first error is the one to report.
        let _ = std::fs::remove_file(&part);
        failed(e.to_string())
    })
}
