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
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use indexmap::IndexMap;
use ndarray::ArrayD;
use sha2::{Digest, Sha256};

use super::container::{self, MAX_UNPACKED, RawArray};
use super::dataset::{Dataset, LabelSource, Labels};
use crate::diag::{Diagnostic, Diagnostics, Result};

pub use super::npz_write::{save, to_bytes};

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
        return Err(Diagnostic::error("D003", message).help("store fewer samples").into());
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
                    found.push(length_error(file, &array.name, n, &format!("`{first}`"), *expected));
                }
                inputs.insert(array.name.clone(), values);
            }
            (Ok(_), None) => found.push(Diagnostic::error(
                "D005",
                format!("{file}: input `{}` is a single number; its first axis must be the sample", array.name),
            )),
            (Err(e), _) => found.extend(e),
        }
    }
    let samples = match samples {
        Some((name, 0)) => {
            found.push(
                Diagnostic::error("D008", format!("{file}: input `{name}` holds no sample"))
                    .help("the first axis of every input is the sample; store at least one"),
            );
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
        Some(Err(e)) => {
            found.extend(e);
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
        Some(Err(e)) => {
            found.extend(e);
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
        .help("write the file with `archsim data` or as its documentation says")
}

fn length_error(file: &str, name: &str, n: usize, first: &str, expected: usize) -> Diagnostic {
    Diagnostic::error("D005", format!("{file}: array `{name}` has {n} samples and {first} {expected}"))
        .help("the first axis of every input and of the labels is the sample; all must be equally long")
}

fn input(array: &RawArray, file: &str) -> Result<ArrayD<f32>> {
    let values = array.to_f32().ok_or_else(|| {
        Diagnostic::error("D004", format!("{file}: input `{}` is text", array.name))
            .help(format!("inputs are numbers; reserved names for text are {}", RESERVED[2..].join(", ")))
    })?;
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        let per = (values.len() / array.shape.first().copied().unwrap_or(1).max(1)).max(1);
        let value = values.iter().nth(at).copied().unwrap_or(f32::NAN);
        let message =
            format!("{file}: input `{}` holds {value} in sample {} (value {})", array.name, at / per, at % per);
        return Err(Diagnostic::error("D006", message).help("every value must be a finite 32-bit float").into());
    }
    Ok(values)
}

fn text(array: &RawArray, file: &str) -> Result<String> {
    array.to_text().ok_or_else(|| bad(file, &format!("`{}` is not text (UTF-8 bytes as uint8)", array.name)).into())
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
        let count = if group {
            128 - largest.max(0).leading_zeros() as usize
        } else {
            usize::try_from(largest + 1).unwrap_or(0)
        };
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
        let help = if unnamed {
            "give the names of the classes in `classes`"
        } else {
            "`classes` fixes the number of classes"
        };
        found.push(Diagnostic::error("D007", message).help(help));
        return None;
    }
    let values = values.into_iter().map(|v| v as u32).collect();
    Some((name, if group { Labels::Group(values) } else { Labels::Class(values) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, arr0, array};
    use ndarray_npy::{NpzWriter, WriteNpzError};
    use proptest::prelude::*;

    fn sample() -> Dataset {
        Dataset {
            inputs: IndexMap::from([
                (
                    "beat".to_owned(),
                    ArrayD::from_shape_fn(vec![3, 2, 4], |i| (i[0] * 8 + i[1] * 4 + i[2]) as f32 - 7.5),
                ),
                ("rr".to_owned(), array![[0.1f32], [0.2], [0.3]].into_dyn()),
            ]),
            labels: Some(Labels::Group(vec![1, 12, 1])),
            classes: ["N", "S", "V", "F", "Q"].map(str::to_owned).to_vec(),
            label_source: LabelSource::Rule,
            label_agreement: Some(0.9635),
            about: "made µp".to_owned(),
            samples: 3,
            hash: String::new(),
        }
    }

    /// A container made by hand, for files that the writer would never make.
    fn npz(fill: impl FnOnce(&mut NpzWriter<Cursor<Vec<u8>>>) -> std::result::Result<(), WriteNpzError>) -> Vec<u8> {
        let mut writer = NpzWriter::new_compressed(Cursor::new(Vec::new()));
        fill(&mut writer).expect("in memory");
        writer.finish().expect("in memory").into_inner()
    }
    fn codes(bytes: &[u8]) -> Vec<&'static str> {
        from_bytes(bytes, "t.npz").map_or_else(|e| e.iter().map(|d| d.code).collect(), |_| Vec::new())
    }

    #[test]
    fn what_is_written_is_read() {
        let path = std::env::temp_dir().join(format!("archsim-npz-{}.npz", std::process::id()));
        save(&sample(), &path).expect("temp folder");
        let read = load(&path).expect("just written");
        let (bytes, want) = (std::fs::read(&path).expect("there"), sample());
        std::fs::remove_file(&path).expect("there");
        assert_eq!((&read.inputs, &read.labels, &read.classes), (&want.inputs, &want.labels, &want.classes));
        assert_eq!((read.label_source, read.label_agreement), (want.label_source, want.label_agreement));
        assert_eq!((read.about, read.samples), (want.about, 3));
        assert_eq!(read.hash.len(), 64);
        assert_eq!(read.hash, from_bytes(&bytes, "t").expect("same bytes").hash);
        assert_eq!(bytes, to_bytes(&sample()).expect("in memory"), "the same data give the same bytes");
    }

    #[test]
    fn the_hash_is_sha256() {
        // FIPS 180-2, appendix B.1.
        let hash = sha256(&mut Cursor::new(b"abc")).expect("in memory");
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn every_number_type_becomes_a_float() {
        let bytes = npz(|w| {
            w.add_array("a", &array![[1.5f64, -2.0], [0.25, 3.0]])?;
            w.add_array("b", &array![-3i8, 100])?;
            w.add_array("c", &array![65535u16, 1])?;
            w.add_array("d", &Array2::from_shape_fn((2, 3), |(i, j)| (10 * i + j) as i64 - 5).reversed_axes().t())?;
            w.add_array("e", &array![true, false])?;
            w.add_array("label", &array![0i64, 2])
        });
        let read = from_bytes(&bytes, "t").expect("well formed");
        assert_eq!(read.inputs["a"], array![[1.5f32, -2.0], [0.25, 3.0]].into_dyn());
        assert_eq!(read.inputs["b"], array![-3.0f32, 100.0].into_dyn());
        assert_eq!(read.inputs["c"], array![65535.0f32, 1.0].into_dyn());
        assert_eq!(read.inputs["d"], array![[-5.0f32, -4.0, -3.0], [5.0, 6.0, 7.0]].into_dyn());
        assert_eq!(read.inputs["e"], array![1.0f32, 0.0].into_dyn());
        assert_eq!((read.labels, read.classes.len()), (Some(Labels::Class(vec![0, 2])), 3));
        assert_eq!(read.label_source, LabelSource::Database);
    }

    #[test]
    fn fortran_order_is_understood() {
        let columns = Array2::from_shape_fn((2, 3), |(i, j)| (10 * i + j) as f32);
        let fortran = columns.t().as_standard_layout().into_owned().reversed_axes();
        let bytes = npz(|w| w.add_array("x", &fortran));
        assert_eq!(from_bytes(&bytes, "t").expect("well formed").inputs["x"], columns.into_dyn());
    }

    #[test]
    fn every_mistake_has_its_code() {
        let x = array![[1.0f32], [2.0]];
        macro_rules! extra {
            ($name:literal, $values:expr) => {
                codes(&npz(|w| {
                    w.add_array("x", &x)?;
                    w.add_array($name, &$values)
                }))
            };
        }
        assert_eq!(codes(b"not a zip"), ["D002"]);
        assert_eq!(codes(&[]), ["D002"]);
        assert_eq!(extra!("y", array![1.0f32, 2.0, 3.0]), ["D005"]);
        assert_eq!(extra!("y", arr0(1.0f32)), ["D005"]);
        assert_eq!(extra!("y", array![1.0f32, f32::NAN]), ["D006"]);
        assert_eq!(extra!("y", array![1e300f64, 0.0]), ["D006"]);
        assert_eq!(extra!("label", array![0i32, 1, 1]), ["D005"]);
        assert_eq!(extra!("label", array![0i32, -1]), ["D007"]);
        assert_eq!(extra!("label", array![0i64, i64::MAX]), ["D007"]);
        assert_eq!(extra!("label", array![0u64, u64::MAX]), ["D007"]);
        assert_eq!(extra!("label", array![0.0f32, 1.0]), ["D004"]);
        assert_eq!(extra!("label_mask", array![0u8, 1]), ["D007"]);
        assert_eq!(extra!("label_mask", array![1u64, 1 << 40]), ["D009"]);
        assert_eq!(extra!("classes", array![0xffu8, 0xfe]), ["D009"]);
        assert_eq!(extra!("label_agreement", arr0(1.5f64)), ["D009"]);
        assert_eq!(codes(&npz(|w| w.add_array("x", &Array2::<f32>::zeros((0, 4))))), ["D008"]);
        assert_eq!(codes(&npz(|w| w.add_array("label", &array![0u8]))), ["D008"]);
        let both = npz(|w| {
            w.add_array("x", &x)?;
            w.add_array("y", &array![f32::INFINITY, 0.0, 0.0])?;
            w.add_array("label", &array![0u8, 1])?;
            w.add_array("label_mask", &array![1u8, 1])
        });
        assert_eq!(codes(&both), ["D006", "D009"], "all mistakes at once");
        let out = npz(|w| {
            w.add_array("x", &x)?;
            w.add_array("classes", &Array1::from(b"a\nb".to_vec()))?;
            w.add_array("label", &array![0u8, 2])
        });
        assert_eq!(codes(&out), ["D007"]);
        let message = from_bytes(&out, "t.npz").expect_err("label 2").to_string();
        assert!(message.contains("is 2 in sample 1; expected 0 to 1"), "{message}");
    }

    #[test]
    fn missing_files_and_folders_are_refused() {
        for path in ["/no/such/file.npz", "/"] {
            let error = load(Path::new(path)).expect_err("not a file");
            assert_eq!(error.iter().next().map(|d| d.code), Some("D001"));
            assert_eq!(error.exit_code(), 2);
        }
        let error = save(&sample(), Path::new("/no/such/folder/x.npz")).expect_err("no folder");
        assert_eq!(error.iter().next().map(|d| d.code), Some("F003"));
    }

    proptest! {
        #[test]
        fn cut_files_never_panic(keep in 0.0..1.0f64) {
            let whole = to_bytes(&sample()).expect("in memory");
            let cut = &whole[..(whole.len() as f64 * keep) as usize];
            prop_assert_eq!(codes(cut), vec!["D002"]);
        }
        #[test]
        fn damaged_files_never_panic(at in 0.0..1.0f64, with in proptest::collection::vec(any::<u8>(), 1..6)) {
            let mut bytes = to_bytes(&sample()).expect("in memory");
            let at = (bytes.len() as f64 * at) as usize;
            for (b, w) in bytes[at..].iter_mut().zip(with) {
                *b = w;
            }
            let _ = from_bytes(&bytes, "t");
        }
    }
}
