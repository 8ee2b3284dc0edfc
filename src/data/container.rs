//! The `.npz` container: a zip of `.npy` arrays, read with bounds because files may be hostile.
//!
//! Guards: entries and header lengths are limited; a header is checked for nesting before it is parsed
//! (the parser recurses); memory grows with the bytes that really unpack, never with a size a header
//! claims; the sum over all arrays is limited to [`MAX_UNPACKED`].

use std::io::{Cursor, Read, Seek};

use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use ndarray_npy::npy::header::Header;
use zip::ZipArchive;

use crate::diag::{Diagnostic, Diagnostics, Result};

/// Largest sum of array sizes in bytes (counted as at least four bytes an element) that is unpacked.
pub const MAX_UNPACKED: u64 = 4 << 30;
const MAX_ENTRIES: usize = 1024;
const MAX_HEADER: usize = 1 << 16;
const MAX_BRACKETS: usize = 16;
const MAX_AXES: usize = 8;

/// Element type of a stored array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// IEEE float of 4 or 8 bytes.
    Float(usize),
    /// Two's complement integer of 1, 2, 4 or 8 bytes.
    Signed(usize),
    /// Unsigned integer of 1, 2, 4 or 8 bytes; booleans count as one byte.
    Unsigned(usize),
    /// Fixed-length byte string.
    Bytes(usize),
    /// Fixed-length string of this many 32-bit code points.
    Unicode(usize),
}

impl Element {
    /// The element of a numpy descriptor such as `<f4` and whether it is big-endian.
    fn parse(descriptor: &str) -> Option<(Self, bool)> {
        let big = descriptor.starts_with('>');
        let rest = descriptor.strip_prefix(['<', '>', '|', '=']).unwrap_or(descriptor);
        let mut letters = rest.chars();
        let letter = letters.next()?;
        let size: usize = letters.as_str().parse().ok()?;
        let element = match (letter, size) {
            ('f', 4 | 8) => Self::Float(size),
            ('i', 1 | 2 | 4 | 8) => Self::Signed(size),
            ('u', 1 | 2 | 4 | 8) | ('b', 1) => Self::Unsigned(size),
            ('S', 1..=65536) => Self::Bytes(size),
            ('U', 1..=65536) => Self::Unicode(size),
            _ => return None,
        };
        Some((element, big))
    }
    const fn bytes(self) -> usize {
        match self {
            Self::Float(n) | Self::Signed(n) | Self::Unsigned(n) | Self::Bytes(n) => n,
            Self::Unicode(n) => 4 * n,
        }
    }
}

/// One array of the container, still in its stored bytes.
#[derive(Debug, Clone)]
pub struct RawArray {
    /// Name without `.npy`.
    pub name: String,
    /// Element type.
    pub element: Element,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    big: bool,
    fortran: bool,
    data: Vec<u8>,
}

impl RawArray {
    fn numbers(&self) -> impl Iterator<Item = [u8; 8]> + '_ {
        // Widened to eight little-endian bytes; signed values are sign-extended.
        let size = self.element.bytes();
        let signed = matches!(self.element, Element::Signed(_));
        self.data.chunks_exact(size).map(move |chunk| {
            let mut wide = [0u8; 8];
            for (i, byte) in wide.iter_mut().enumerate().take(size.min(8)) {
                *byte = if self.big { chunk[size - 1 - i] } else { chunk[i] };
            }
            if signed && size < 8 && wide[size - 1] & 0x80 != 0 {
                wide[size..].fill(0xff);
            }
            wide
        })
    }
    /// The values as `f32`, row-major; `None` for text.
    #[must_use]
    pub fn to_f32(&self) -> Option<ArrayD<f32>> {
        let values: Vec<f32> = match self.element {
            Element::Float(4) => self.numbers().map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            Element::Float(_) => self.numbers().map(|b| f64::from_le_bytes(b) as f32).collect(),
            Element::Signed(_) => self.numbers().map(|b| i64::from_le_bytes(b) as f32).collect(),
            Element::Unsigned(_) => self.numbers().map(|b| u64::from_le_bytes(b) as f32).collect(),
            Element::Bytes(_) | Element::Unicode(_) => return None,
        };
        let array = ArrayD::from_shape_vec(IxDyn(&self.shape).set_f(self.fortran), values).ok()?;
        Some(if self.fortran { array.as_standard_layout().into_owned() } else { array })
    }
    /// The value of a float64 array with one element.
    #[must_use]
    pub fn scalar_f64(&self) -> Option<f64> {
        (self.element == Element::Float(8) && self.data.len() == 8)
            .then(|| self.numbers().next().map(f64::from_le_bytes))
            .flatten()
    }
    /// The values of an integer array of at most one axis; `None` for another type or shape.
    #[must_use]
    pub fn to_integers(&self) -> Option<Vec<i128>> {
        if self.shape.len() > 1 {
            return None;
        }
        match self.element {
            Element::Signed(_) => Some(self.numbers().map(|b| i64::from_le_bytes(b).into()).collect()),
            Element::Unsigned(_) => Some(self.numbers().map(|b| u64::from_le_bytes(b).into()).collect()),
            _ => None,
        }
    }
    /// The text of an array: bytes as UTF-8, or an array of strings, one line each.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        let trim = |s: String| s.trim_end_matches('\0').to_owned();
        match self.element {
            Element::Unsigned(1) if self.shape.len() == 1 => String::from_utf8(self.data.clone()).ok(),
            Element::Bytes(n) if self.shape.len() <= 1 => {
                let items: Option<Vec<String>> =
                    self.data.chunks_exact(n).map(|c| String::from_utf8(c.to_vec()).ok().map(trim)).collect();
                items.map(|i| i.join("\n"))
            }
            Element::Unicode(n) if self.shape.len() <= 1 => {
                let point = |c: &[u8]| {
                    let word = [c[0], c[1], c[2], c[3]];
                    char::from_u32(if self.big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
                };
                let items: Option<Vec<String>> = self
                    .data
                    .chunks_exact(4 * n)
                    .map(|c| c.chunks_exact(4).map(point).collect::<Option<String>>().map(trim))
                    .collect();
                items.map(|i| i.join("\n"))
            }
            _ => None,
        }
    }
}

/// Reads every array of a container. `file` is only used in messages.
///
/// # Errors
/// D002 damaged or not a container, D003 too large, D004 element type not supported.
pub fn read<R: Read + Seek>(reader: R, file: &str) -> Result<Vec<RawArray>> {
    let damaged = |what: String| {
        Diagnostic::error("D002", format!("{file}: {what}"))
            .help("write the file with numpy.savez or `archsim data`; a copy cut short in a download looks like this")
    };
    let mut zip = ZipArchive::new(reader)
        .map_err(|e| Diagnostics::from(damaged(format!("not a readable .npz (zip) file: {e}"))))?;
    if zip.len() > MAX_ENTRIES {
        let message = format!("{file}: {} arrays, at most {MAX_ENTRIES} are read", zip.len());
        return Err(Diagnostic::error("D003", message).help("keep only the arrays that the network takes").into());
    }
    let mut found = Diagnostics::new();
    let mut arrays = Vec::new();
    let mut left = MAX_UNPACKED;
    for index in 0..zip.len() {
        let mut entry = match zip.by_index(index) {
            Ok(entry) => entry,
            Err(e) => {
                found.push(damaged(format!("entry {index} cannot be unpacked: {e}")));
                continue;
            }
        };
        let name = entry.name().strip_suffix(".npy").unwrap_or(entry.name()).to_owned();
        match read_array(&mut entry, name, file, &mut left) {
            Ok(array) => arrays.push(array),
            Err(e) => found.extend(e),
        }
    }
    found.into_result(arrays)
}

fn read_array<R: Read>(entry: &mut R, name: String, file: &str, left: &mut u64) -> Result<RawArray> {
    let damaged = |what: String| {
        Diagnostics::from(
            Diagnostic::error("D002", format!("{file}: array `{name}`: {what}"))
                .help("write the array again with numpy.save or numpy.savez; the file is damaged"),
        )
    };
    let header = read_header(entry).map_err(|what| damaged(format!("not a readable .npy array: {what}")))?;
    let descriptor = header.type_descriptor.as_string().cloned();
    let Some((element, big)) = descriptor.as_deref().and_then(Element::parse) else {
        let shown: String = descriptor.unwrap_or_else(|| "structured".to_owned()).chars().take(40).collect();
        return Err(Diagnostic::error("D004", format!("{file}: array `{name}` has element type {shown}"))
            .help("store float32, float64 or an integer type; text as uint8 bytes or fixed-length strings")
            .into());
    };
    if header.shape.len() > MAX_AXES {
        return Err(damaged(format!("{} axes, at most {MAX_AXES} are read", header.shape.len())));
    }
    // Empty axes count as one, since the other axes must still be addressable.
    let cells = header.shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d.max(1) as u64));
    let Some(cost) = cells.and_then(|n| n.checked_mul(element.bytes().max(4) as u64)).filter(|c| c <= left) else {
        let message = format!("{file}: array `{name}` of shape {:?} is too large", header.shape);
        return Err(Diagnostic::error("D003", message)
            .help(format!("all arrays together may take {} GiB unpacked; store fewer samples", MAX_UNPACKED >> 30))
            .into());
    };
    *left -= cost;
    let count = if header.shape.contains(&0) { 0 } else { cells.unwrap_or(0) };
    let bytes = count * element.bytes() as u64;
    let mut data = Vec::new();
    // One byte more than announced shows trailing bytes; reading to the end also checks the CRC.
    entry.take(bytes + 1).read_to_end(&mut data).map_err(|e| damaged(format!("its data cannot be unpacked: {e}")))?;
    if data.len() as u64 != bytes {
        let have = if (data.len() as u64) < bytes { "fewer" } else { "more" };
        return Err(damaged(format!("{have} bytes than shape {:?} needs ({bytes})", header.shape)));
    }
    Ok(RawArray { name, element, shape: header.shape, big, fortran: header.layout.is_fortran(), data })
}

fn read_header<R: Read>(entry: &mut R) -> std::result::Result<Header, String> {
    let mut bytes = vec![0; 10];
    entry.read_exact(&mut bytes).map_err(|e| e.to_string())?;
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err("it does not begin with the .npy magic".to_owned());
    }
    let mut length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    if bytes[6] >= 2 {
        let mut high = [0; 2];
        entry.read_exact(&mut high).map_err(|e| e.to_string())?;
        length |= usize::from(u16::from_le_bytes(high)) << 16;
        bytes.extend(high);
    }
    if length > MAX_HEADER {
        return Err(format!("its header is {length} bytes long"));
    }
    let start = bytes.len();
    bytes.resize(start + length, 0);
    entry.read_exact(&mut bytes[start..]).map_err(|e| e.to_string())?;
    if bytes[start..].iter().filter(|b| b"([{".contains(b)).count() > MAX_BRACKETS {
        return Err("its header is nested; structured types are not read".to_owned());
    }
    // the reader's own message shows the header over several lines
    Header::from_reader(&mut Cursor::new(bytes))
        .map_err(|_| "its header is not a dictionary of descr, fortran_order and shape".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn codes(bytes: &[u8]) -> Vec<&'static str> {
        read(Cursor::new(bytes), "t").map_or_else(|e| e.iter().map(|d| d.code).collect(), |_| Vec::new())
    }

    /// A zip with one entry of these bytes.
    fn entry(bytes: &[u8]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("x.npy", SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated))
            .expect("in memory");
        zip.write_all(bytes).expect("in memory");
        zip.finish().expect("in memory").into_inner()
    }
    fn npy(dict: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(dict.len() + 1).expect("short").to_le_bytes());
        bytes.extend(dict.as_bytes());
        bytes.push(b'\n');
        bytes.extend(data);
        bytes
    }

    #[test]
    fn hostile_headers_are_refused() {
        let of = |descr: &str, shape: &str| {
            codes(&entry(&npy(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"), &[0; 8])))
        };
        assert!(of("<f4", "(2,)").is_empty());
        assert_eq!(of("<f4", "(3,)"), ["D002"], "data cut short");
        assert_eq!(of("<f4", "(1,)"), ["D002"], "data left over");
        assert_eq!(of("<f4", "(4294967296, 4294967296)"), ["D003"], "overflow");
        assert_eq!(of("<f4", "(1073741825,)"), ["D003"]);
        assert_eq!(of("<f4", "(0, 18446744073709551615, 3)"), ["D003"], "no array of that shape");
        assert_eq!(of("<f4", "(99999999999999999999999,)"), ["D002"]);
        assert_eq!(of("<f4", "(-2,)"), ["D002"]);
        assert_eq!(of("<f4", "(1,1,1,1,1,1,1,1,2)"), ["D002"]);
        for element in ["<f2", "<c8", "|O", "<M8[ns]", "<f0", "", "<U9999999999"] {
            assert_eq!(of(element, "(2,)"), ["D004"], "{element}");
        }
        assert_eq!(codes(&entry(&npy(&"(".repeat(60_000), &[]))), ["D002"], "nesting");
        assert_eq!(
            codes(&entry(&npy(
                "{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (1,), }",
                &[0; 8]
            ))),
            ["D004"]
        );
        assert_eq!(codes(&entry(b"\x93NUMPY\x02\x00\xff\xff\xff\xff")), ["D002"]);
        assert_eq!(codes(&entry(b"")), ["D002"]);
    }

    #[test]
    fn arrays_of_strings_serve_as_text() {
        let wide: Vec<u8> = "N\0SV".chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
        let array = npy("{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }", &wide);
        let arrays = read(Cursor::new(entry(&array)), "t").expect("well formed");
        assert_eq!(arrays[0].to_text().as_deref(), Some("N\nSV"));
        let array = npy("{'descr': '|S3', 'fortran_order': False, 'shape': (), }", b"ab\0");
        let arrays = read(Cursor::new(entry(&array)), "t").expect("well formed");
        assert_eq!(arrays[0].to_text().as_deref(), Some("ab"));
    }

    proptest! {
        #[test]
        fn damaged_array_headers_never_panic(at in 0usize..80, with in "[0-9(){}<>,:' a-z]{1,9}") {
            let mut bytes = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", &[0; 8]);
            let at = (10 + at).min(bytes.len());
            let end = (at + with.len()).min(bytes.len());
            bytes.splice(at..end, with.bytes());
            let _ = read(Cursor::new(entry(&bytes)), "t");
        }
    }
}
