//! A tree in which every key and value knows where it stands in the text.
//!
//! The tree is the single reading of a file: overrides replace nodes in it, the checker walks it, and the
//! typed structs are deserialised from it, so that every message can underline the words it is about.

use std::ops::Range;
use std::sync::Arc;

use crate::diag::Place;

/// Where a key or value stands: a byte range of one of the [`Sources`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Span {
    /// Index into the sources: 0 is the file, the overrides follow.
    pub source: usize,
    /// Bytes of that source.
    pub range: Range<usize>,
}

/// The texts that spans point into: the file first, then each override.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    texts: Vec<(String, Arc<str>)>,
}

impl Sources {
    /// Adds a text and returns its index.
    pub fn add(&mut self, name: impl Into<String>, text: &str) -> usize {
        self.texts.push((name.into(), text.into()));
        self.texts.len() - 1
    }
    /// The place of a span.
    pub fn place(&self, span: &Span) -> Place {
        let (file, text) = &self.texts[span.source];
        Place { file: file.clone(), text: text.clone(), span: span.range.clone() }
    }
    /// The text of a source.
    pub fn text(&self, source: usize) -> &str {
        &self.texts[source].1
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands; a block map or list is represented by its first line.
    pub span: Span,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Nothing (`~`, `null` or no value at all).
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number with a point or an exponent.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    Seq(Vec<Node>),
    /// A map in the order written.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Kind {
    /// Name for messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::Seq(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl Node {
    /// Whether it is one value that stands in the text.
    pub const fn scalar(&self) -> bool {
        !matches!(self.kind, Kind::Map(_) | Kind::Seq(_) | Kind::Null)
    }
    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|e| &e.value)
    }
    /// The entry of a key of a map.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }
    /// Entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }
    /// The value at a path, or the deepest one above it that exists.
    pub fn nearest(&self, path: &[&str]) -> &Self {
        let mut node = self;
        for key in path {
            match node.child(key) {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }
    /// A child by key, or by number in a list.
    pub fn child(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(_) => self.get(key),
            Kind::Seq(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        }
    }
    /// A child by key, or by number in a list.
    pub fn child_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.kind {
            Kind::Map(entries) => entries.iter_mut().find(|e| e.key == key).map(|e| &mut e.value),
            Kind::Seq(items) => items.get_mut(key.parse::<usize>().ok()?),
            _ => None,
        }
    }
    /// Writes the tree without places, comments and layout: what the chip's hash is taken of. Keys keep
    /// their order, since the order of kinds decides their ids.
    pub fn canonical(&self, out: &mut String) {
        use std::fmt::Write as _;
        match &self.kind {
            Kind::Null => out.push('~'),
            Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            // writing to a String cannot fail
            Kind::Int(n) => {
                let _ = write!(out, "{n}");
            }
            Kind::Float(x) => {
                let _ = write!(out, "{x:?}");
            }
            Kind::Text(t) => {
                let _ = write!(out, "{t:?}");
            }
            Kind::Seq(items) => {
                out.push('[');
                for item in items {
                    item.canonical(out);
                    out.push(',');
                }
                out.push(']');
            }
            Kind::Map(entries) => {
                out.push('{');
                for e in entries {
                    let _ = write!(out, "{:?}:", e.key);
                    e.value.canonical(out);
                    out.push(',');
                }
                out.push('}');
            }
        }
    }
}
