//! Prepared sets of byte samples: `SPLIT_x.u8` (one sample after the other, row-major) and `SPLIT_y.u8`
//! (one class index a sample). For MNIST also the files of the original distribution (IDX).

use std::path::Path;

use indexmap::IndexMap;
use ndarray::{ArrayD, Axis, IxDyn};

use super::dataset::{Dataset, LabelSource, Labels};
use super::wfdb::read_bounded;
use crate::diag::{Diagnostic, Diagnostics, Result};

const MAX_FILE: u64 = 1 << 30;

/// A set of samples that the workloads are trained on.
#[derive(Debug)]
pub struct ByteSet {
    /// Name of the network input.
    pub input: &'static str,
    /// Shape of a sample as the network takes it.
    pub shape: &'static [usize],
    /// Number of classes, named by their index.
    pub classes: u8,
    /// What the data are, source and licence.
    pub about: &'static str,
    /// Original files of a split, images and labels, where there are any: split, file, file.
    pub idx: &'static [[&'static str; 3]],
}

/// Handwritten digits, 28 × 28, grey values 0 to 255.
pub const MNIST: ByteSet = ByteSet {
    input: "image",
    shape: &[1, 28, 28],
    classes: 10,
    about: "MNIST digits, LeCun Y, Cortes C, Burges CJC, CC BY-SA 3.0; pixel values 0 to 255",
    idx: &[
        ["train", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
        ["test", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
    ],
};

/// Spoken digits, 64 frames × 32 mel bands, 0 to 255 for −70 to 0 dB under the clip's maximum.
pub const KWS: ByteSet = ByteSet {
    input: "mel",
    shape: &[1, 64, 32],
    classes: 10,
    about: "Free Spoken Digit Dataset (Jackson Z et al.), CC BY-SA 4.0; log-mel spectra, -70 to 0 dB as 0 to 255",
    idx: &[],
};

/// Reads a split of a folder. Samples come in turn over the classes, so that the first few hold all of them.
///
/// # Errors
/// D040 file missing, D041 the files do not fit each other or the set, D042 not an IDX file.
pub fn read(set: &ByteSet, folder: &Path, split: &str) -> Result<Dataset> {
    let idx = set.idx.iter().find(|[name, images, _]| *name == split && folder.join(images).exists());
    let pair = match idx {
        Some([_, images, labels]) => [(images, 3), (labels, 1)]
            .map(|(file, axes)| file_of(folder, file).and_then(|bytes| idx_payload(&bytes, axes, &folder.join(file)))),
        None => ["x", "y"].map(|part| file_of(folder, &format!("{split}_{part}.u8"))),
    };
    let mut found = Diagnostics::new();
    let [x, y] = pair.map(|bytes| {
        bytes.unwrap_or_else(|e| {
            found.extend(e);
            Vec::new()
        })
    });
    if found.has_errors() {
        return Err(found);
    }
    let shown = folder.join(split).display().to_string();
    let each: usize = set.shape.iter().product();
    let wrong = |what: String| {
        Diagnostic::error("D041", format!("{shown}: {what}")).help(format!(
            "a sample has {each} bytes (shape {:?}) and a class from 0 to {}",
            set.shape,
            set.classes - 1
        ))
    };
    if y.is_empty() || x.len() != y.len() * each {
        found.push(wrong(format!("{} bytes of samples and {} labels do not belong together", x.len(), y.len())));
    }
    if let Some(at) = y.iter().position(|&c| c >= set.classes) {
        found.push(wrong(format!("label {} of sample {at} is no class", y[at])));
    }
    let order = in_turn(&y);
    let shape: Vec<usize> = std::iter::once(y.len()).chain(set.shape.iter().copied()).collect();
    let Ok(values) = ArrayD::from_shape_vec(IxDyn(&shape), x.iter().map(|&b| f32::from(b)).collect()) else {
        return Err(found);
    };
    found.into_result(Dataset {
        inputs: IndexMap::from([(set.input.to_owned(), values.select(Axis(0), &order))]),
        labels: Some(Labels::Class(order.iter().map(|&i| u32::from(y[i])).collect())),
        classes: (0..set.classes).map(|c| c.to_string()).collect(),
        label_source: LabelSource::Database,
        label_agreement: None,
        about: format!("{}; split {split}.", set.about),
        samples: y.len(),
        hash: String::new(),
    })
}

/// The first sample of every class, then the second of every class, and so on.
fn in_turn(classes: &[u8]) -> Vec<usize> {
    let mut seen = [0usize; 256];
    let mut order: Vec<(usize, u8, usize)> = Vec::with_capacity(classes.len());
    for (at, &class) in classes.iter().enumerate() {
        order.push((seen[usize::from(class)], class, at));
        seen[usize::from(class)] += 1;
    }
    order.sort_unstable();
    order.into_iter().map(|(_, _, at)| at).collect()
}

fn file_of(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let path = folder.join(name);
    if !path.is_file() {
        return Err(Diagnostic::error("D040", format!("{}: the file is missing", path.display()))
            .help("the folder holds SPLIT_x.u8 and SPLIT_y.u8, or the unpacked files of the original distribution")
            .into());
    }
    read_bounded(&path, MAX_FILE)
}

/// The bytes behind the header of an IDX file of unsigned bytes with `axes` axes
/// (format: the MNIST distribution; two zero bytes, type 8, number of axes, one big-endian length an axis).
fn idx_payload(bytes: &[u8], axes: usize, path: &Path) -> Result<Vec<u8>> {
    let header = 4 + 4 * axes;
    let lengths = bytes.get(4..header).filter(|_| bytes[..4] == [0, 0, 8, axes as u8]);
    let count = lengths.and_then(|l| {
        l.chunks_exact(4).try_fold(1usize, |n, c| n.checked_mul(u32::from_be_bytes([c[0], c[1], c[2], c[3]]) as usize))
    });
    if count.is_none_or(|n| bytes.len() - header != n) {
        let message = format!("{}: not an IDX file of bytes with {axes} axes, or cut short", path.display());
        return Err(Diagnostic::error("D042", message).help("unpack the .gz file first, or fetch it again").into());
    }
    Ok(bytes[header..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const TINY: ByteSet =
        ByteSet { input: "x", shape: &[1, 2], classes: 3, about: "tiny", idx: &[["test", "images", "labels"]] };

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("archsim-bytes-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("temp folder");
        path
    }
    fn codes(set: &ByteSet, folder: &Path, split: &str) -> Vec<&'static str> {
        read(set, folder, split).map_or_else(|e| e.iter().map(|d| d.code).collect(), |_| Vec::new())
    }

    #[test]
    fn samples_come_in_turn_over_the_classes() {
        let folder = folder("turn");
        let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("temp file");
        put("a_x.u8", &[10, 11, 20, 21, 30, 31, 40, 255]);
        put("a_y.u8", &[0, 0, 2, 1]);
        let data = read(&TINY, &folder, "a").expect("well formed");
        assert_eq!(data.inputs["x"].shape(), [4, 1, 2]);
        assert_eq!(
            data.inputs["x"].iter().copied().collect::<Vec<_>>(),
            [10.0, 11.0, 40.0, 255.0, 30.0, 31.0, 20.0, 21.0]
        );
        assert_eq!(data.labels, Some(Labels::Class(vec![0, 1, 2, 0])));
        assert_eq!((data.classes.join(""), data.about.as_str()), ("012".to_owned(), "tiny; split a."));
        put("a_y.u8", &[0, 3, 2]);
        assert_eq!(codes(&TINY, &folder, "a"), ["D041", "D041"]);
        assert_eq!(codes(&TINY, &folder, "b"), ["D040", "D040"]);
        std::fs::remove_dir_all(&folder).expect("temp folder");
    }

    #[test]
    fn original_files_are_read_and_checked() {
        let folder = folder("idx");
        let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("temp file");
        put("images", &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4]);
        put("labels", &[0, 0, 8, 1, 0, 0, 0, 2, 2, 0]);
        let data = read(&TINY, &folder, "test").expect("well formed");
        assert_eq!(data.inputs["x"].iter().copied().collect::<Vec<_>>(), [3.0, 4.0, 1.0, 2.0]);
        for bad in [&[0, 0, 8, 1, 0, 0, 0, 3, 2, 0][..], &[0, 0, 8, 1, 0], &[0, 0, 9, 1, 0, 0, 0, 2, 2, 0], &[]] {
            put("labels", bad);
            assert_eq!(codes(&TINY, &folder, "test"), ["D042"], "{bad:?}");
        }
        std::fs::remove_dir_all(&folder).expect("temp folder");
    }

    #[test]
    fn the_excerpt_is_the_beginning_of_the_test_digits() {
        let Some(data) = std::env::var_os("ARCHSIM_DATA").map(PathBuf::from) else {
            eprintln!("SKIPPED: the_excerpt_is_the_beginning_of_the_test_digits: ARCHSIM_DATA is not set");
            return;
        };
        let all = read(&MNIST, &data.join("mnist"), "test").expect("prepared split");
        let some = crate::data::npz::load(Path::new("workloads/mnist.npz")).expect("shipped");
        assert_eq!((all.samples, some.samples), (2000, 500));
        let digits = |set: &Dataset| -> std::collections::BTreeSet<Vec<u32>> {
            set.inputs["image"].axis_iter(Axis(0)).map(|d| d.iter().map(|v| v.to_bits()).collect()).collect()
        };
        assert!(digits(&all).is_superset(&digits(&some)));
        let spoken = read(&KWS, &data.join("kws_fsdd"), "test").expect("prepared split");
        assert_eq!((spoken.samples, spoken.inputs["mel"].shape()), (500, &[500, 1, 64, 32][..]));
        assert_eq!(spoken.first(10).labels, Some(Labels::Class((0..10).collect())));
    }
}
