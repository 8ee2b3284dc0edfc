//! YAML text into the tree.
//!
//! Hostile input is bounded: at most [`MAX_BYTES`] bytes, [`MAX_DEPTH`] levels, and [`MAX_NODES`] nodes
//! after aliases are expanded.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::tree::{Entry, Kind, Node, Sources, Span};
use crate::diag::{Diagnostic, Diagnostics};

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of maps and lists.
pub const MAX_DEPTH: usize = 32;
/// Most keys, values and collections, aliases expanded.
pub const MAX_NODES: usize = 100_000;

/// What the YAML reader delivers before spans are turned into byte ranges.
enum Raw {
    Scalar(Kind),
    Seq(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct RawVisitor;
        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Scalar(Kind::Null))
            }
            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Scalar(Kind::Null))
            }
            fn visit_bool<E>(self, b: bool) -> Result<Raw, E> {
                Ok(Raw::Scalar(Kind::Bool(b)))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Raw, E> {
                Ok(Raw::Scalar(Kind::Int(n.into())))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Raw, E> {
                Ok(Raw::Scalar(Kind::Int(n.into())))
            }
            fn visit_i128<E>(self, n: i128) -> Result<Raw, E> {
                Ok(Raw::Scalar(Kind::Int(n)))
            }
            fn visit_u128<E>(self, n: u128) -> Result<Raw, E> {
                Ok(Raw::Scalar(i128::try_from(n).map_or(Kind::Float(n as f64), Kind::Int)))
            }
            fn visit_f64<E>(self, x: f64) -> Result<Raw, E> {
                Ok(Raw::Scalar(Kind::Float(x)))
            }
            fn visit_str<E>(self, t: &str) -> Result<Raw, E> {
                Ok(Raw::Scalar(Kind::Text(t.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Raw::Seq(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw::Map(entries))
            }
        }
        d.deserialize_any(RawVisitor)
    }
}

/// Reads one text into a tree.
///
/// # Errors
/// `A001` for text that is not YAML or beyond the limits, `A002` for every key that stands twice.
pub(crate) fn parse(sources: &Sources, source: usize) -> Result<Node, Diagnostics> {
    let text = sources.text(source);
    if text.len() > MAX_BYTES {
        let d = Diagnostic::error("A001", format!("the file is larger than the {MAX_BYTES} bytes that are read"));
        let d = d.help("a chip description has some kilobytes; is this the file you meant?");
        return Err(d.at(sources.place(&Span { source, range: 0..0 })).into());
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_documents: 2,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    let raw: Spanned<Raw> = serde_saphyr::from_str_with_options(text, options).map_err(|e| {
        let range = e.location().map_or(0..0, |l| range(text, &l));
        let message = e.without_snippet().to_string();
        let beyond = ["budget breached", "recursion limit", "limit exceeded"].iter().any(|w| message.contains(w));
        let help = if beyond {
            format!(
                "a chip needs no more than {MAX_DEPTH} levels and {MAX_NODES} values; the file is damaged or hostile"
            )
        } else {
            "maps are `key: value`, one a line, and levels are indented with spaces".into()
        };
        Diagnostic::error("A001", format!("this is not readable as YAML: {message}"))
            .label("here")
            .help(help)
            .at(sources.place(&Span { source, range }))
    })?;
    let mut all = Diagnostics::new();
    let node = place_raw(raw, text, source, sources, &mut all);
    all.into_result(node)
}

/// The byte range of a location, within the text and without trailing white space.
fn range(text: &str, location: &Location) -> Range<usize> {
    let floor = |i: usize| (0..=i.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let span = location.span();
    let start = floor(span.byte_offset().map_or_else(|| offset(text, location), |b| b as usize));
    let end = floor(start.saturating_add(span.byte_len().map_or(0, |b| b as usize)));
    start..start + text[start..end].trim_end().len()
}

/// The byte of a line and column, both counted from one; the column in characters.
fn offset(text: &str, location: &Location) -> usize {
    let (line, column) = (location.line().max(1) as usize, location.column().max(1) as usize);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = text[start..].lines().next().unwrap_or_default();
    start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(i, _)| i)
}

fn place_raw(raw: Spanned<Raw>, text: &str, source: usize, sources: &Sources, all: &mut Diagnostics) -> Node {
    let mut span = Span { source, range: range(text, &raw.defined) };
    let kind = match raw.value {
        Raw::Scalar(kind) => kind,
        Raw::Seq(items) => Kind::Seq(items.into_iter().map(|i| place_raw(i, text, source, sources, all)).collect()),
        Raw::Map(pairs) => {
            let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
            for (key, value) in pairs {
                let key_span = Span { source, range: range(text, &key.defined) };
                if entries.iter().any(|e| e.key == key.value) {
                    all.push(
                        Diagnostic::error("A002", format!("the key `{}` stands twice in the same map", key.value))
                            .label("second time")
                            .help("keep one of the two")
                            .at(sources.place(&key_span)),
                    );
                }
                let value = place_raw(value, text, source, sources, all);
                entries.push(Entry { key: key.value, key_span, value });
            }
            Kind::Map(entries)
        }
    };
    if matches!(kind, Kind::Map(_) | Kind::Seq(_)) {
        let line = text[span.range.start..].find('\n').map_or(text.len(), |n| span.range.start + n);
        let end = if span.range.end > span.range.start { span.range.end.min(line) } else { line };
        span.range.end = span.range.start + text[span.range.start..end].trim_end().len();
    }
    Node { kind, span }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Sources, Node), Diagnostics> {
        let mut sources = Sources::default();
        let id = sources.add("t.yaml", text);
        parse(&sources, id).map(|n| (sources, n))
    }

    #[test]
    fn spans_are_bytes_even_after_wide_characters() {
        let text = "µ: \"ü\"\nb: { c: [1, 2.5, x y] } # ä\n";
        let (_, root) = read(text).unwrap();
        let c = root.get("b").unwrap().entry("c").unwrap();
        assert_eq!(&text[c.key_span.range.clone()], "c");
        let Kind::Seq(items) = &c.value.kind else { panic!("not a list: {c:?}") };
        assert_eq!(items[0].kind, Kind::Int(1));
        assert_eq!(items[1].kind, Kind::Float(2.5));
        assert_eq!(items[2].kind, Kind::Text("x y".into()));
        assert_eq!(&text[items[2].span.range.clone()], "x y");
    }

    #[test]
    fn every_duplicate_is_reported() {
        let all = read("a: 1\nb: { c: 1, c: 2 }\na: 3\n").unwrap_err();
        assert_eq!(all.iter().map(|d| d.code).collect::<Vec<_>>(), ["A002", "A002"]);
    }

    #[test]
    fn hostile_text_is_refused() {
        let deep = "[".repeat(200_000);
        assert_eq!(read(&deep).unwrap_err().iter().next().unwrap().code, "A001");
        let long = "a".repeat(MAX_BYTES + 1);
        assert_eq!(read(&long).unwrap_err().iter().next().unwrap().code, "A001");
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for i in 1..12 {
            let item = format!("*a{}", i - 1);
            bomb += &format!("a{i}: &a{i} [{}]\n", vec![item; 9].join(","));
        }
        assert_eq!(read(&bomb).unwrap_err().iter().next().unwrap().code, "A001");
    }

    #[test]
    fn canonical_form_ignores_comments_and_layout_only() {
        let form = |t: &str| {
            let mut s = String::new();
            read(t).unwrap().1.canonical(&mut s);
            s
        };
        assert_eq!(form("a: 1 # x\nb: {c: d}\n"), form("a: 1\nb:\n  c: d\n"));
        assert_ne!(form("a: 1\n"), form("a: 2\n"));
        assert_ne!(form("a: 1\n"), form("a: \"1\"\n"));
    }
}
