//! Beat annotations of a PhysioNet record (`.atr`, the MIT format).
//!
//! The file is a list of little-endian 16-bit words: 6 bits of code, 10 bits of time since the last
//! annotation. SKIP is followed by a 32-bit time difference (high word first), AUX by text that is
//! padded to an even length; NUM, SUB and CHN qualify the annotation before them; a zero word ends the
//! list. Layout and codes: WFDB Applications Guide, `annot(5)`, and `ecgcodes.h` (PhysioNet).

use crate::diag::{Diagnostic, Result};

const SKIP: u16 = 59;
const NUM: u16 = 60;
const SUB: u16 = 61;
const CHN: u16 = 62;
const AUX: u16 = 63;

/// One annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Annotation {
    /// Position in samples of the record.
    pub sample: u32,
    /// Code 1 to 58.
    pub code: u8,
}

impl Annotation {
    /// The symbol of a beat annotation that belongs to an AAMI class, as in `N L R e j A a J S V E F / f Q`.
    /// Rhythm changes, noise marks, flutter waves and non-conducted P waves give `None`.
    #[must_use]
    pub const fn beat(&self) -> Option<u8> {
        Some(match self.code {
            1 => b'N',
            2 => b'L',
            3 => b'R',
            4 => b'a',
            5 => b'V',
            6 => b'F',
            7 => b'J',
            8 => b'A',
            9 => b'S',
            10 => b'E',
            11 => b'j',
            12 => b'/',
            13 => b'Q',
            34 => b'e',
            38 => b'f',
            _ => return None,
        })
    }
}

/// The class index (N, S, V, F, Q = 0 to 4) of a beat symbol after ANSI/AAMI EC57, as used by
/// de Chazal, O'Dwyer, Reilly (2004), doi:10.1109/TBME.2004.827359.
#[must_use]
pub const fn aami_class(symbol: u8) -> Option<u32> {
    Some(match symbol {
        b'N' | b'L' | b'R' | b'e' | b'j' => 0,
        b'S' | b'A' | b'a' | b'J' => 1,
        b'V' | b'E' => 2,
        b'F' => 3,
        b'Q' | b'/' | b'f' => 4,
        _ => return None,
    })
}

/// Decodes an annotation file. `file` is used in messages.
///
/// # Errors
/// D013 if the file ends inside an annotation, time leaves the 32-bit range or runs backwards.
pub fn decode(bytes: &[u8], file: &str) -> Result<Vec<Annotation>> {
    let broken = |at: usize, what: &str| {
        Diagnostic::error("D013", format!("{file}: {what} at byte {}", 2 * at))
            .help("fetch the file again; PhysioNet lists its SHA-256 in SHA256SUMS.txt")
    };
    let words: Vec<u16> = bytes.chunks_exact(2).map(|w| u16::from_le_bytes([w[0], w[1]])).collect();
    let mut annotations: Vec<Annotation> = Vec::new();
    let (mut at, mut time) = (0, 0i64);
    while let Some(&word) = words.get(at) {
        let (code, field) = (word >> 10, word & 0x3ff);
        match code {
            0 if field == 0 => return Ok(annotations),
            SKIP => {
                let (Some(&high), Some(&low)) = (words.get(at + 1), words.get(at + 2)) else {
                    return Err(broken(at, "the file ends inside a time skip").into());
                };
                time += i64::from((u32::from(high) << 16 | u32::from(low)).cast_signed());
                at += 2;
            }
            NUM | SUB | CHN => {}
            AUX => at += usize::from(field).div_ceil(2),
            _ => {
                time += i64::from(field);
                let Ok(sample) = u32::try_from(time) else {
                    return Err(broken(at, "an annotation lies outside the record").into());
                };
                if annotations.last().is_some_and(|last| last.sample > sample) {
                    return Err(broken(at, "annotations run backwards in time").into());
                }
                annotations.push(Annotation { sample, code: code as u8 });
            }
        }
        at += 1;
    }
    Err(broken(words.len(), "the closing zero word is missing, so the file was cut short").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_le_bytes()).collect()
    }

    #[test]
    fn skips_and_text_are_passed_over() {
        // Rhythm change with the text "(N\0", normal beat 77, a skip of 70 000, then a PVC 10 later.
        let words = [
            28 << 10 | 18,
            AUX << 10 | 3,
            0x4e28,
            0,
            1 << 10 | 59,
            SUB << 10 | 1,
            SKIP << 10,
            1,
            4464,
            5 << 10 | 10,
            0,
        ];
        let read = decode(&bytes(&words), "t").expect("well formed");
        let seen: Vec<_> = read.iter().map(|a| (a.sample, a.beat())).collect();
        assert_eq!(seen, [(18, None), (77, Some(b'N')), (70_087, Some(b'V'))]);
    }

    #[test]
    fn cut_files_are_refused() {
        for words in [&[1 << 10 | 5][..], &[SKIP << 10, 1], &[SKIP << 10, 0xffff, 0xfff0, 1 << 10 | 1, 0]] {
            let error = decode(&bytes(words), "t").expect_err("broken");
            assert_eq!(error.iter().next().map(|d| d.code), Some("D013"));
        }
    }

    #[test]
    fn every_beat_symbol_has_a_class() {
        let symbols: Vec<u8> = (0..64).filter_map(|code| Annotation { sample: 0, code }.beat()).collect();
        assert_eq!(symbols.len(), 15);
        assert!(symbols.iter().all(|&s| aami_class(s).is_some()));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&data, "t");
        }
    }
}
