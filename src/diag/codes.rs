//! The table of diagnostic codes. `archsim explain CODE` prints a row; codes are never reused.
//!
//! `A` arch file, `M` model, `D` data, `F` flags, `P` mapping, `R` run.

/// One documented code.
#[derive(Debug)]
pub struct Code {
    /// The code, for instance `A001`.
    pub code: &'static str,
    /// What it says in a few words.
    pub title: &'static str,
    /// When it arises and what to do.
    pub text: &'static str,
}

const fn code(code: &'static str, title: &'static str, text: &'static str) -> Code {
    Code { code, title, text }
}

/// Every code, in order.
pub const CODES: &[Code] = &[
    code(
        "D001",
        "data file cannot be read",
        "The file given with --data is missing, is not a regular file, or may not be read.",
    ),
    code(
        "D002",
        "damaged data file",
        "The file is not a readable .npz: not a zip, cut short, a wrong checksum, or an entry that is not a .npy array. Write it with numpy.savez or `archsim data`.",
    ),
    code(
        "D003",
        "data file too large",
        "All arrays of a data file together may take 4 GiB unpacked (and 1024 arrays). Store fewer samples.",
    ),
    code(
        "D004",
        "element type not supported",
        "Inputs are float32, float64 or integers; labels are integers; texts are UTF-8 bytes (uint8) or fixed-length strings. Convert the array before storing it.",
    ),
    code(
        "D005",
        "array lengths differ",
        "The first axis of every input and of the labels is the sample, so all must be equally long.",
    ),
    code(
        "D006",
        "value is not finite",
        "An input holds NaN, infinity, or a number beyond 32-bit floats. The message names the array, the sample and the value.",
    ),
    code(
        "D007",
        "label out of range",
        "A label is not a class index (`label`) or not a set of classes (`label_mask`) of those named in `classes`.",
    ),
    code(
        "D008",
        "no samples",
        "The data file has no input array, or its inputs have no sample. Arrays are named after the network's inputs.",
    ),
    code(
        "D009",
        "description not understood",
        "One of the reserved arrays `classes`, `label_source`, `label_agreement`, `about` has the wrong form, or both `label` and `label_mask` are given.",
    ),
    code(
        "D010",
        "record cannot be read",
        "A file of an ECG record (.hea, .dat, .atr) or of a prepared beat folder is missing or cannot be read.",
    ),
    code(
        "D011",
        "record header not understood",
        "The .hea file is damaged or describes something that is not read: several segments, other formats than 212, other folders.",
    ),
    code(
        "D012",
        "signal does not fit its header",
        "The .dat file has another length, checksum or invalid samples. It was cut short or damaged; fetch it again.",
    ),
    code(
        "D013",
        "annotations damaged",
        "The .atr file ends in the middle, runs backwards in time or beyond the signal. Fetch it again.",
    ),
    code(
        "D014",
        "lead or sampling rate",
        "The record has no lead of the wanted name, or another sampling rate than 360 Hz. Records 102 and 104 of the MIT-BIH database have no lead MLII.",
    ),
    code("D015", "no usable beat", "No annotated beat of the record has its full window inside the signal."),
    code(
        "D016",
        "prepared beats inconsistent",
        "The flat arrays of a prepared beat folder do not belong together: their sizes differ or a class is not 0 to 4.",
    ),
    code(
        "F001",
        "file cannot be read",
        "The named file is missing or may not be read. Check the path; paths are relative to the folder the command runs in.",
    ),
    code(
        "F002",
        "flag out of range",
        "A flag has a value that the command cannot use. The message names the flag, the value and the range.",
    ),
    code(
        "F003",
        "output cannot be written",
        "The run folder could not be created or a report file not be written. Nothing half-written is left behind: files appear under their final name only when complete.",
    ),
];

/// The documentation of a code, if it exists.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|c| c.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        for (i, c) in CODES.iter().enumerate() {
            assert!(CODES[..i].iter().all(|d| d.code != c.code), "{} stands twice", c.code);
        }
    }
}
