//! From text to chip: tree, overrides, structural check, typed file, rules, dense ids.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::check::{check, has_place};
use super::de::NodeDe;
use super::tree::{Entry, Kind, Node, Sources, Span};
use super::yaml::{MAX_BYTES, parse};
use super::{ArchFile, Chip, resolve, rules};
use crate::device::DeviceSpec;
use crate::diag::{Diagnostic, Diagnostics, Result, nearest};

/// Loads a chip from a file. Each override is a dotted path (`cores.macro.adc.sar.bits`, numbers for list
/// items) with the YAML text that replaces the value there; the path must exist in the file.
///
/// The chip's hash is the SHA-256 of the tree after overrides, in canonical form: comments, layout and
/// the way a value was set do not change it; any value, name or order of keys does.
///
/// # Errors
/// `F001` if the file cannot be read, `F010` and `F011` for overrides, `A…` for everything wrong in it.
pub fn load(path: &Path, overrides: &[(String, String)]) -> Result<Chip> {
    load_with(path, overrides, &|_, _| Ok(()))
}

/// Reads what a device card names by `file:`, relative to a folder, into the card.
pub type Resolve<'r> = &'r dyn Fn(&mut DeviceSpec, &Path) -> Result<()>;

/// As [`load`], with `resolve` for cards that name files; what it reads counts in the chip's hash.
///
/// # Errors
/// As [`load`], and those of `resolve`.
pub fn load_with(path: &Path, overrides: &[(String, String)], resolve: Resolve<'_>) -> Result<Chip> {
    let folder = path.parent().unwrap_or(Path::new("."));
    load_text(&path.display().to_string(), &read_text(path, "arch file")?, overrides, &|card| resolve(card, folder))
}

/// The text of a file, as much of it as is ever parsed.
pub(super) fn read_text(path: &Path, what: &str) -> Result<String> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    // one byte more than is allowed: enough for the parser to refuse, however long the file
    let limit = MAX_BYTES as u64 + 1;
    std::fs::File::open(path).and_then(|f| f.take(limit).read_to_end(&mut bytes)).map_err(|e| {
        Diagnostic::error("F001", format!("the {what} `{name}` cannot be read: {e}"))
            .help("paths are relative to the folder the command runs in")
    })?;
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let line = e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
        Diagnostic::error("A001", format!("`{name}` is not UTF-8 text: byte {at}, in line {line}, fits no character"))
            .help("save the file as UTF-8; a chip description (YAML) stands before the network (ONNX)")
    })?;
    Ok(text)
}

/// Loads a chip from text; `name` stands for the file in messages. Never panics, whatever the text.
///
/// # Errors
/// As [`load`].
pub fn load_str(name: &str, text: &str, overrides: &[(String, String)]) -> Result<Chip> {
    load_text(name, text, overrides, &|_| Ok(()))
}

fn load_text(
    name: &str,
    text: &str,
    overrides: &[(String, String)],
    resolve_card: &dyn Fn(&mut DeviceSpec) -> Result<()>,
) -> Result<Chip> {
    let (mut file, root, sources, mut found) = read(name, text, overrides)?;
    let mut from_files = String::new();
    for card in file.devices.values_mut() {
        let written = card.clone();
        match resolve_card(card) {
            Ok(()) if *card == written => {}
            // a card of numbers and texts is valid JSON
            Ok(()) => from_files.push_str(&serde_json::to_string(card).unwrap_or_default()),
            Err(e) => found.extend(e),
        }
    }
    found.extend(rules::apply(&file, &root, &sources));
    if found.has_errors() {
        return Err(found);
    }
    let mut canonical = String::new();
    root.canonical(&mut canonical);
    canonical.push_str(&from_files);
    let mut hash = String::with_capacity(64);
    for byte in Sha256::digest(canonical.as_bytes()) {
        // writing to a String cannot fail
        let _ = write!(hash, "{byte:02x}");
    }
    resolve::chip(&file, hash, found)
}

type Read = (ArchFile, Node, Sources, Diagnostics);

fn read(name: &str, text: &str, overrides: &[(String, String)]) -> Result<Read> {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    let mut root = parse(&sources, id)?;
    let mut found = Diagnostics::new();
    for (path, value) in overrides {
        set(&mut root, &mut sources, path, value, &mut found);
    }
    found.extend(check(&root, &sources));
    found.into_result(())?;
    let file = ArchFile::deserialize(NodeDe(&root)).map_err(|e| {
        let span = e.span.unwrap_or_else(|| root.span.clone());
        Diagnostic::error("A009", e.message).label("cannot be used").at(sources.place(&span))
    })?;
    Ok((file, root, sources, Diagnostics::new()))
}

/// Replaces the node at a dotted path, or adds the key at its end where there may be one.
fn set(root: &mut Node, sources: &mut Sources, path: &str, value: &str, found: &mut Diagnostics) {
    let id = sources.add(format!("--set {path}"), value);
    let mut new = match parse(sources, id) {
        Ok(node) => node,
        Err(inner) => {
            let why = inner.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; ");
            let d = Diagnostic::error("F011", format!("the value of `--set {path}={value}` cannot be read: {why}"));
            return found.push(d.help("write a YAML value, for instance `0.2 V` or `[2, 2]`"));
        }
    };
    if new.span.range.is_empty() {
        new.span = Span { source: id, range: 0..value.len() };
    }
    let mut node = root;
    let mut done: Vec<&str> = Vec::new();
    for key in path.split('.') {
        if node.child(key).is_none() {
            let last = done.len() + 1 == path.split('.').count();
            if let (true, Kind::Map(entries)) = (last && has_place(&done, key), &mut node.kind) {
                // an optional key that the file leaves at its default
                entries.push(Entry { key: key.to_owned(), key_span: new.span.clone(), value: new });
                return;
            }
            let above = if done.is_empty() { "the file".to_owned() } else { format!("`{}`", done.join(".")) };
            let names: Vec<&str> = node.entries().iter().map(|e| e.key.as_str()).collect();
            let help = match (nearest(key, names.iter().copied()), &node.kind) {
                (Some(near), _) => format!("did you mean `{}`?", [&done[..], &[near]].concat().join(".")),
                (None, Kind::Map(_)) => format!("keys there: {}", names.join(", ")),
                (None, Kind::Seq(items)) => format!("items there: 0 to {}", items.len().saturating_sub(1)),
                (None, _) => "that is a plain value with nothing below it".to_owned(),
            };
            let message = format!("`--set {path}`: there is no `{key}` in {above}");
            return found.push(Diagnostic::error("F010", message).help(help));
        }
        done.push(key);
        // what is not a scalar is underlined by its key, and that of the file stands before the old value
        if let (Kind::Map(entries), true) = (&mut node.kind, done.len() == path.split('.').count() && !new.scalar())
            && let Some(entry) = entries.iter_mut().find(|e| e.key == key)
        {
            entry.key_span = new.span.clone();
        }
        let Some(child) = node.child_mut(key) else { return };
        node = child;
    }
    *node = new;
}

/// The device table's names that a file uses, for tests that demand an example of each.
#[cfg(test)]
pub(super) fn device_variants(text: &str) -> Vec<String> {
    let (_, root, ..) = read("t", text, &[]).expect("a shipped file loads");
    let devices = root.get("devices").map(|d| d.entries().to_vec()).unwrap_or_default();
    devices.iter().filter_map(|d| d.value.entries().first().map(|v| v.key.clone())).collect()
}

/// Every dotted path of a text, for tests that override each.
#[cfg(test)]
pub(super) fn paths(text: &str) -> Vec<String> {
    fn walk(node: &Node, path: &str, all: &mut Vec<String>) {
        for e in node.entries() {
            let path = if path.is_empty() { e.key.clone() } else { format!("{path}.{}", e.key) };
            walk(&e.value, &path, all);
            all.push(path);
        }
    }
    let (_, root, ..) = read("t", text, &[]).expect("a shipped file loads");
    let mut all = Vec::new();
    walk(&root, "", &mut all);
    all
}

/// Shared by the resolver: a device of a checked file.
pub(super) fn build_device(file: &ArchFile, name: &str) -> Result<Arc<dyn crate::device::Device>> {
    let fail = |why: String| Diagnostics::from(Diagnostic::error("A014", format!("device `{name}`: {why}")));
    let card = file.devices.get(name).ok_or_else(|| fail("not described".into()))?;
    card.build(file.temperature).map_err(|errors| {
        fail(errors.into_iter().map(|e| format!("{}: {}", e.field, e.message)).collect::<Vec<_>>().join("; "))
    })
}
