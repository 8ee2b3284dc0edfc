//! Signals of a PhysioNet record: header `.hea` and a format 212 signal file `.dat`.
//!
//! Parsing and decoding are the `wfdb` crate's. Its header parser (0.1.6) panics where a closing
//! parenthesis stands before the opening one, so lines with unpaired ones are refused here first. Sizes, the file
//! name, the length and the header's checksum of every signal are checked before a sample is used.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use wfdb::signal::{Format212Decoder, FormatDecoder, INVALID_SAMPLE};
use wfdb::{Header, SignalFormat};

use super::annotations::{self, Annotation};
use crate::diag::{Diagnostic, Diagnostics, Result};

const MAX_HEADER: u64 = 1 << 16;
/// A day at 360 Hz in two leads is 93 MB; anything larger is not a record of this kind.
const MAX_SIGNAL: u64 = 1 << 28;
const MAX_SIGNALS: usize = 16;

/// One lead of a record in ADC counts.
#[derive(Debug, Clone)]
pub struct Lead {
    /// ADC counts.
    pub counts: Vec<i32>,
    /// Count of 0 mV.
    pub baseline: i32,
    /// Counts per mV.
    pub gain: f64,
}

/// A record: the wanted lead and the annotations.
#[derive(Debug, Clone)]
pub struct Record {
    /// The lead asked for.
    pub lead: Lead,
    /// All annotations in time order.
    pub annotations: Vec<Annotation>,
}

/// Reads a bounded file. Shared with the other readers of this layer.
pub(super) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let failed = |e: String| {
        Diagnostics::from(Diagnostic::error("D010", format!("{}: cannot be read: {e}", path.display())).help(
            "an ECG record needs its .hea, .dat and .atr file in the folder; see https://physionet.org/content/mitdb/",
        ))
    };
    let file = File::open(path).map_err(|e| failed(e.to_string()))?;
    if !file.metadata().is_ok_and(|m| m.is_file()) {
        return Err(failed("it is not a regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| failed(e.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(failed(format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// Reads record `name` of a folder: the lead of that description and the `.atr` annotations.
///
/// # Errors
/// D010 file missing, D011 header, D012 signal, D013 annotations, D014 lead or rate.
pub fn read(folder: &Path, name: &str, lead: &str, rate: f64) -> Result<Record> {
    let path = folder.join(format!("{name}.hea"));
    let shown = path.display().to_string();
    let header = header(&read_bounded(&path, MAX_HEADER)?, &shown)?;
    let wrong = |code, what: String| Diagnostics::from(Diagnostic::error(code, format!("{shown}: {what}")));
    let signals = header.signals().unwrap_or_default();
    if header.metadata().sampling_frequency() != rate {
        let have = header.metadata().sampling_frequency();
        return Err(wrong("D014", format!("sampled at {have} Hz, expected {rate} Hz")));
    }
    let Some(index) = signals.iter().position(|s| s.description() == Some(lead)) else {
        let have: Vec<&str> = signals.iter().filter_map(|s| s.description()).collect();
        return Err(wrong("D014", format!("there is no lead {lead}, only {}", have.join(", "))));
    };
    let file = signals[index].file_name();
    let interleaved = signals.iter().all(|s| {
        s.file_name() == file
            && s.format() == SignalFormat::Format212
            && s.samples_per_frame() == 1
            && s.byte_offset() == 0
    });
    if !interleaved {
        return Err(wrong("D011", "only leads interleaved in one format 212 file are read".to_owned()));
    }
    if file.contains(['/', '\\']) || file.starts_with('.') {
        return Err(wrong("D011", format!("the signal file `{file}` must lie in the same folder")));
    }
    let data = folder.join(file);
    let data_shown = data.display().to_string();
    let mut leads = decode(&read_bounded(&data, MAX_SIGNAL)?, signals.len(), &data_shown)?;
    verify(&header, &leads, &data_shown)?;
    let atr = folder.join(format!("{name}.atr"));
    let annotations = annotations::decode(&read_bounded(&atr, MAX_SIGNAL)?, &atr.display().to_string())?;
    let counts = leads.swap_remove(index);
    if let Some(last) = annotations.last().filter(|a| a.sample as usize >= counts.len()) {
        let message = format!("{}: an annotation at sample {} lies behind the signal", atr.display(), last.sample);
        return Err(Diagnostic::error("D013", message).into());
    }
    let info = &signals[index];
    Ok(Record { lead: Lead { counts, baseline: info.baseline(), gain: info.adc_gain() }, annotations })
}

fn header(bytes: &[u8], file: &str) -> Result<Header> {
    let wrong = |what: String| {
        let d = Diagnostic::error("D011", format!("{file}: {what}"));
        Diagnostics::from(d.help("the file is damaged or no WFDB header; fetch it again"))
    };
    let text = std::str::from_utf8(bytes).map_err(|e| wrong(format!("it is not a text: {e}")))?;
    for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().starts_with('#')) {
        if let Some(field) = line.split_whitespace().find(|f| unpaired(f)) {
            return Err(wrong(format!("line {}: parentheses of `{field}` are not paired", i + 1)));
        }
    }
    let header = Header::from_reader(&mut &*bytes).map_err(|e| wrong(e.to_string()))?;
    match header.signals() {
        Some(s) if (1..=MAX_SIGNALS).contains(&s.len()) => {}
        Some(s) => return Err(wrong(format!("{} signals, 1 to {MAX_SIGNALS} are read", s.len()))),
        None => return Err(wrong("records of several segments are not read".to_owned())),
    }
    if !header.metadata().sampling_frequency().is_finite()
        || header.signals().unwrap_or_default().iter().any(|s| !s.adc_gain().is_finite())
    {
        return Err(wrong("the sampling frequency and the gains must be finite".to_owned()));
    }
    Ok(header)
}

/// Whether a field has a `)` without a `(` before it, or a `/` between the two. Every part that the
/// parser cuts out at a `/` then has its parentheses in order.
fn unpaired(field: &str) -> bool {
    let mut open = false;
    field.chars().any(|c| match c {
        '(' => std::mem::replace(&mut open, true),
        ')' => !std::mem::replace(&mut open, false),
        '/' => open,
        _ => false,
    })
}

fn decode(bytes: &[u8], signals: usize, file: &str) -> Result<Vec<Vec<i32>>> {
    let samples = bytes.len() / 3 * 2 + bytes.len() % 3 / 2;
    let mut flat = vec![0; samples];
    let mut source = bytes;
    let read = Format212Decoder::new().decode_buf(&mut source, &mut flat);
    if !matches!(read, Ok(n) if n == samples) || !samples.is_multiple_of(signals) {
        let message = format!("{file}: {} bytes are not a whole number of frames of {signals} leads", bytes.len());
        return Err(Diagnostic::error("D012", message).help("the file was cut short; fetch it again").into());
    }
    if let Some(at) = flat.iter().position(|&s| s == INVALID_SAMPLE) {
        let message = format!("{file}: lead {} has no valid value at sample {}", at % signals, at / signals);
        return Err(Diagnostic::error("D012", message).into());
    }
    Ok((0..signals).map(|s| flat.iter().skip(s).step_by(signals).copied().collect()).collect())
}

/// Compares length and 16-bit checksums with the header, where it states them.
fn verify(header: &Header, leads: &[Vec<i32>], file: &str) -> Result<()> {
    let mut found = Diagnostics::new();
    let have = leads.first().map_or(0, Vec::len);
    if let Some(want) = header.metadata().num_samples.filter(|&n| n != 0 && n != have as u64) {
        found.push(
            Diagnostic::error("D012", format!("{file}: {have} samples a lead, the header states {want}"))
                .help("the file was cut short or belongs to another header; fetch it again"),
        );
        return found.into_result(());
    }
    for (i, (lead, info)) in leads.iter().zip(header.signals().unwrap_or_default()).enumerate() {
        let sum = lead.iter().fold(0i16, |s, &v| s.wrapping_add(v as i16));
        if let Some(stated) = info.checksum().filter(|&c| c as i16 != sum) {
            found.push(
                Diagnostic::error("D012", format!("{file}: checksum of lead {i} is {sum}, the header states {stated}"))
                    .help("the file is damaged; fetch it again"),
            );
        }
    }
    found.into_result(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str =
        "7 2 360 2\n7.dat 212 200 11 1024 995 -30 0 MLII\n7.dat 212 200(0)/mV 11 0 1 3 0 V5\n# note )(\n";

    #[test]
    fn a_small_record_is_read_and_checked() {
        let folder = std::env::temp_dir().join(format!("archsim-wfdb-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("temp folder");
        // Frames (-10, 1), (-20, 2) in format 212.
        let pack = |a: i32, b: i32| [a as u8, ((a >> 8 & 15) | (b >> 8 & 15) << 4) as u8, b as u8];
        let data: Vec<u8> = [pack(-10, 1), pack(-20, 2)].concat();
        let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("temp file");
        put("7.hea", HEADER.as_bytes());
        put("7.dat", &data);
        put("7.atr", &[1, 4, 0, 0]);
        let record = read(&folder, "7", "MLII", 360.0).expect("well formed");
        assert_eq!(record.lead.counts, [-10, -20]);
        assert_eq!((record.lead.baseline, record.lead.gain), (1024, 200.0));
        assert_eq!(record.annotations, [Annotation { sample: 1, code: 1 }]);
        let code = |r: Result<Record>| r.err().and_then(|e| e.iter().next().map(|d| d.code));
        assert_eq!(code(read(&folder, "7", "V1", 360.0)), Some("D014"));
        assert_eq!(code(read(&folder, "7", "MLII", 250.0)), Some("D014"));
        assert_eq!(code(read(&folder, "8", "MLII", 360.0)), Some("D010"));
        put("7.dat", &[pack(-10, 1), pack(-21, 2)].concat());
        assert_eq!(code(read(&folder, "7", "MLII", 360.0)), Some("D012"));
        put("7.dat", &data[..3]);
        assert_eq!(code(read(&folder, "7", "MLII", 360.0)), Some("D012"));
        put("7.dat", &data);
        put("7.hea", HEADER.replace("200(0)/mV", ")200(0/mV").as_bytes());
        assert_eq!(code(read(&folder, "7", "MLII", 360.0)), Some("D011"));
        put("7.hea", HEADER.replace("7.dat", "../7.dat").as_bytes());
        assert_eq!(code(read(&folder, "7", "MLII", 360.0)), Some("D011"));
        std::fs::remove_dir_all(&folder).expect("temp folder");
    }

    #[test]
    fn parentheses_that_break_the_parser_are_refused() {
        for field in [")200(1", "200)(1#", "(1/)2(", "1/2)3(", "a/b)c/(1/2", "((", "200(1", ")"] {
            // "200(1" is left to the parser, which takes it for a description.
            assert_eq!(unpaired(field), field != "200(1", "{field}");
            for text in [
                format!("7 1 {field}\n7.dat 212 200\n"),
                format!("7 1\n7.dat 212 {field}\n"),
                format!("7 1 360\u{a0}{field}\n"),
            ] {
                assert!(header(text.as_bytes(), "t").is_err() || !unpaired(field), "{text}");
            }
        }
        for field in ["200(1024)/mV", "360/100(5)", "69", "x)("] {
            assert_eq!(unpaired(field), field == "x)(", "{field}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(at in 0usize..120, with in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut bytes = HEADER.as_bytes().to_vec();
            let at = at.min(bytes.len());
            let end = (at + with.len()).min(bytes.len());
            bytes.splice(at..end, with);
            let _ = header(&bytes, "t");
        }
        #[test]
        fn no_symbols_panic(fields in proptest::collection::vec("[0-9()/x:+.-]{1,8}", 1..12)) {
            let line = fields.join(" ");
            let _ = header(format!("7 1 {line}\n7.dat 212 {line}\n").as_bytes(), "t");
            let _ = header(format!("7 1\n7.dat {line}\n").as_bytes(), "t");
            let _ = header(format!("{line} 1\n7.dat {line}\n").as_bytes(), "t");
        }
    }
}
