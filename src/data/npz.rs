//! Data files: `.npz` with named inputs and reserved arrays for labels and descriptions.
//!
//! | array | type | meaning |
//! |---|---|---|
//! | any other name | f32, f64 or integer `[n, ...]` | network input of that name |
//! | `label` | integer `[n]` | class index |
//! | `label_mask` | u8, u16 or u32 `[n]` | instead of `label`: bit set of acceptable classes |
//! | `classes` | UTF-8 bytes `[*]`, one name a line (or an array of strings) | class names |
//! | `label_source` | text | `database`, `rule` or `none` |
//! | `label_agreement` | f64 scalar | share of rule labels that agree with the reference |
//! | `about` | text | what the data are, source, licence |

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use indexmap::IndexMap;
use ndarray::{Array1, ArrayD, arr0};
use ndarray_npy::{NpzWriter, WriteNpzError};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime};

use super::container::{self, MAX_UNPACKED, RawArray};
use super::dataset::{Dataset, LabelSource, Labels};
use crate::diag::{Diagnostic, Diagnostics, Result};

const RESERVED: [&str; 6] = ["label", "label_mask", "classes", "label_source", "label_agreement", "about"];
const MAX_CLASSES: usize = 65_536;

/// Reads a data file.
///
/// # Errors
/// Everything wrong with the file at once, codes D001 to D009.
pub fn load(path: &Path) -> Result<Dataset> {
    let file = path.display().to_string();
    let unreadable = |e: String| {
        Diagnostics::from(
            Diagnostic::error("D001", format!("{file}: the data file cannot be read: {e}"))
                .help("check the path; it is relative to the folder the command runs in"),
        )
    };
    let meta = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?;
    if !meta.is_file() {
        return Err(unreadable("it is not a regular file".to_owned()));
    }
    if meta.len() > MAX_UNPACKED {
        let message = format!("{file}: {} bytes, at most {MAX_UNPACKED} are read", meta.len());
        return Err(Diagnostic::error("D003", message).into());
    }
    let mut handle = File::open(path).map_err(|e| unreadable(e.to_string()))?;
    let hash = sha256(&mut handle).map_err(|e| unreadable(e.to_string()))?;
    handle.seek(SeekFrom::Start(0)).map_err(|e| unreadable(e.to_string()))?;
    read(BufReader::new(handle), &file, hash)
}

/// Reads a data file from memory. `name` is used in messages.
///
/// # Errors
/// As [`load`].
pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Dataset> {
    let hash = sha256(&mut Cursor::new(bytes)).unwrap_or_default();
    read(Cursor::new(bytes), name, hash)
}

fn sha256<R: Read>(reader: &mut R) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match reader.read(&mut block)? {
            0 => return Ok(hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()),
            n => hasher.update(&block[..n]),
        }
    }
}

fn read<R: Read + Seek>(reader: R, file: &str, hash: String) -> Result<Dataset> {
    let arrays = container::read(reader, file)?;
    let mut found = Diagnostics::new();
    let find = |name: &str| arrays.iter().find(|a| a.name == name);
    let mut inputs = IndexMap::new();
    let mut samples = None;
    for array in arrays.iter().filter(|a| !RESERVED.contains(&a.name.as_str())) {
        match (input(array, file), array.shape.first()) {
            (Ok(values), Some(&n)) => {
                let (first, expected) = samples.get_or_insert((array.name.clone(), n));
                if *expected != n {
                    found.push(length_error(file, &array.name, n, first, *expected));
                }
                inputs.insert(array.name.clone(), values);
            }
            (Ok(_), None) => found.push(Diagnostic::error(
                "D005",
                format!("{file}: input `{}` is a single number; its first axis must be the sample", array.name),
            )),
            (Err(d), _) => found.push(d),
        }
    }
    let samples = match samples {
        Some((name, 0)) => {
            found.push(Diagnostic::error("D008", format!("{file}: input `{name}` holds no sample")));
            0
        }
        Some((_, n)) => n,
        None => {
            if !found.has_errors() {
                found.push(
                    Diagnostic::error("D008", format!("{file}: there is no input array"))
                        .help("name the arrays after the inputs of the network; their first axis is the sample"),
                );
            }
            0
        }
    };
    let mut classes = match find("classes").map(|a| text(a, file)) {
        Some(Ok(t)) => t.lines().map(str::to_owned).collect(),
        Some(Err(d)) => {
            found.push(d);
            Vec::new()
        }
        None => Vec::new(),
    };
    let labels = match labels(find("label"), find("label_mask"), &mut classes, file, &mut found) {
        Some((name, l)) => {
            if samples > 0 && l.len() != samples {
                found.push(length_error(file, name, l.len(), "the inputs", samples));
            }
            Some(l)
        }
        None => None,
    };
    let mut word = |name: &str| match find(name).map(|a| text(a, file)) {
        Some(Ok(t)) => Some(t),
        Some(Err(d)) => {
            found.push(d);
            None
        }
        None => None,
    };
    let about = word("about").unwrap_or_default();
    let stated = word("label_source");
    let label_source = match (stated.as_deref().map(str::trim), &labels) {
        (_, None) => LabelSource::None,
        (None, Some(_)) => LabelSource::Database,
        (Some(w), Some(_)) => LabelSource::from_word(w).unwrap_or_else(|| {
            found.push(bad(file, &format!("label_source is `{w}`; expected database, rule or none")));
            LabelSource::Database
        }),
    };
    let label_agreement = find("label_agreement").and_then(|a| agreement(a, file, &mut found));
    let all = Dataset { inputs, labels, classes, label_source, label_agreement, about, samples, hash };
    found.into_result(all)
}

fn bad(file: &str, what: &str) -> Diagnostic {
    Diagnostic::error("D009", format!("{file}: {what}"))
}

fn length_error(file: &str, name: &str, n: usize, first: &str, expected: usize) -> Diagnostic {
    Diagnostic::error("D005", format!("{file}: array `{name}` has {n} samples, `{first}` has {expected}"))
        .help("the first axis of every input and of the labels is the sample; all must be equally long")
}

fn input(array: &RawArray, file: &str) -> std::result::Result<ArrayD<f32>, Diagnostic> {
    let values = array.to_f32().ok_or_else(|| {
        Diagnostic::error("D004", format!("{file}: input `{}` is text", array.name))
            .help(format!("inputs are numbers; reserved names for text are {}", RESERVED[2..].join(", ")))
    })?;
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        let per = (values.len() / array.shape.first().copied().unwrap_or(1).max(1)).max(1);
        let value = values.iter().nth(at).copied().unwrap_or(f32::NAN);
        let message = format!("{file}: input `{}` holds {value} in sample {} (value {})", array.name, at / per, at % per);
        return Err(Diagnostic::error("D006", message).help("every value must be a finite 32-bit float"));
    }
    Ok(values)
}

fn text(array: &RawArray, file: &str) -> std::result::Result<String, Diagnostic> {
    array.to_text().ok_or_else(|| bad(file, &format!("`{}` is not text (UTF-8 bytes as uint8)", array.name)))
}

fn agreement(array: &RawArray, file: &str, found: &mut Diagnostics) -> Option<f64> {
    // Shares are stored with at least single precision; text and arrays of several values are refused.
    let value = array.to_f32().filter(|v| v.len() == 1).and_then(|v| v.first().copied()).map(f64::from);
    let exact = array.scalar_f64().or(value);
    if !exact.is_some_and(|v| (0.0..=1.0).contains(&v)) {
        found.push(bad(file, "label_agreement must be one number from 0 to 1"));
        return None;
    }
    exact
}

fn labels(
    label: Option<&RawArray>,
    mask: Option<&RawArray>,
    classes: &mut Vec<String>,
    file: &str,
    found: &mut Diagnostics,
) -> Option<(&'static str, Labels)> {
    let (name, array) = match (label, mask) {
        (Some(_), Some(_)) => {
            found.push(bad(file, "both `label` and `label_mask` are given; keep one"));
            return None;
        }
        (Some(a), None) => ("label", a),
        (None, Some(a)) => ("label_mask", a),
        (None, None) => return None,
    };
    let Some(values) = array.to_integers().filter(|_| array.shape.len() == 1) else {
        found.push(
            Diagnostic::error("D004", format!("{file}: `{name}` must be an integer array with one axis"))
                .help(format!("it has {:?} and shape {:?}", array.element, array.shape)),
        );
        return None;
    };
    let group = name == "label_mask";
    let unnamed = classes.is_empty();
    if unnamed {
        let largest = values.iter().copied().max().unwrap_or(0);
        let count = if group { 128 - largest.max(0).leading_zeros() as usize } else { usize::try_from(largest + 1).unwrap_or(0) };
        *classes = (0..count.min(MAX_CLASSES)).map(|c| c.to_string()).collect();
    }
    if group && classes.len() > 32 {
        found.push(bad(file, &format!("label_mask serves at most 32 classes, there are {}", classes.len())));
        return None;
    }
    let limit = if group { 1i128 << classes.len() } else { classes.len() as i128 };
    let lowest = i128::from(group);
    if let Some(at) = values.iter().position(|&v| v < lowest || v >= limit) {
        let message = format!("{file}: `{name}` is {} in sample {at}; expected {lowest} to {}", values[at], limit - 1);
        let help = if unnamed { "give the names of the classes in `classes`" } else { "`classes` fixes the number of classes" };
        found.push(Diagnostic::error("D007", message).help(help));
        return None;
    }
    let values = values.into_iter().map(|v| v as u32).collect();
    Some((name, if group { Labels::Group(values) } else { Labels::Class(values) }))
}

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
        Diagnostics::from(Diagnostic::error("F003", format!("{}: the data file cannot be written: {e}", path.display())))
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
