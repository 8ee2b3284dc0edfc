//! Cross-field rules: small functions over the typed file, each mistake underlined where it stands.

mod chip;
mod core;
mod crossbar;
mod gating;
mod latency;
mod memory;
mod noise;
mod parts;
mod wires;

pub use chip::{MAX_CHIPS, MAX_DIVIDER};

use super::ArchFile;
use super::tree::{Kind, Node, Sources, Span};
use crate::diag::{Diagnostic, Diagnostics, nearest};

/// What a rule sees and where it reports.
pub(crate) struct Ctx<'a> {
    /// The typed file.
    pub file: &'a ArchFile,
    /// The tree it came from.
    pub root: &'a Node,
    /// The texts of the tree.
    pub sources: &'a Sources,
    /// Findings so far.
    pub all: Diagnostics,
}

/// The rules in order of their codes.
const RULES: &[fn(&mut Ctx<'_>)] = &[
    chip::version,
    chip::names,
    chip::clock_and_temperature,
    chip::clock_domains,
    chip::grid,
    chip::chips,
    chip::tile_cores,
    chip::bus_vector_noc,
    chip::flit_mesh,
    chip::defaults,
    crossbar::size,
    crossbar::device,
    crossbar::read,
    crossbar::levels,
    noise::twice,
    noise::slow,
    noise::dacs,
    noise::chains,
    core::crossbars,
    core::converters,
    core::adc_models,
    core::adc_against_clock,
    core::registers,
    parts::sources,
    parts::prices,
    parts::storage,
    latency::parts,
    latency::reads,
    parts::unused,
    memory::buffers,
    wires::ranges,
    wires::assumed,
    gating::gates,
    gating::leakage_temperature,
    gating::technology,
];

/// Applies every rule.
pub(crate) fn apply(file: &ArchFile, root: &Node, sources: &Sources) -> Diagnostics {
    let mut ctx = Ctx { file, root, sources, all: Diagnostics::new() };
    for rule in RULES {
        rule(&mut ctx);
    }
    ctx.all
}

impl Ctx<'_> {
    /// Reports something about the value at a path: a scalar is underlined itself, a collection by its key,
    /// and what does not exist by the last key above it that does.
    pub fn at(&mut self, path: &[&str], diagnostic: Diagnostic) {
        let place = self.sources.place(&self.span(path));
        self.all.push(diagnostic.at(place));
    }
    /// Where a path is underlined.
    pub fn span(&self, path: &[&str]) -> Span {
        let (mut node, mut key) = (self.root, &self.root.span);
        for part in path {
            let Some(child) = node.child(part) else { return key.clone() };
            key = node.entry(part).map_or(&child.span, |e| &e.key_span);
            node = child;
        }
        let collection = matches!(node.kind, Kind::Map(_) | Kind::Seq(_)) || node.span.range.is_empty();
        if collection { key.clone() } else { node.span.clone() }
    }
    /// Reports `message` at a path unless `good`; the path's dotted form stands before the message.
    pub fn require(&mut self, good: bool, code: &'static str, path: &[&str], message: &str, expected: &str) {
        if !good {
            let d = Diagnostic::error(code, format!("`{}`: {message}", path.join(".")))
                .label(format!("{expected} was expected"));
            self.at(path, d);
        }
    }
    /// Reports a name that does not exist, with the nearest one that does.
    pub fn unknown<'n>(&mut self, path: &[&str], what: &str, name: &str, names: impl Iterator<Item = &'n String>) {
        let names: Vec<&str> = names.map(String::as_str).collect();
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => format!("no {what} is described"),
            None => format!("described are: {}", names.join(", ")),
        };
        let message = format!("`{}`: there is no {what} called `{name}`", path.join("."));
        // the name itself is the key in maps of counts and the value elsewhere
        let span = match path.last().is_some_and(|last| *last == name) {
            true => self.key_span(path),
            false => self.span(path),
        };
        let d = Diagnostic::error("A011", message).label("not described in this file").help(help);
        self.all.push(d.at(self.sources.place(&span)));
    }
    fn key_span(&self, path: &[&str]) -> Span {
        let Some((last, above)) = path.split_last() else { return self.root.span.clone() };
        let parent = self.root.nearest(above);
        parent.entry(last).map_or_else(|| self.span(path), |e| e.key_span.clone())
    }
}
