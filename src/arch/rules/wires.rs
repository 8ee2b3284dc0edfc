//! Rules of the wires of crossbars.

use super::Ctx;
use crate::arch::AccessSpec;
use crate::cost::{Provenance, Source};
use crate::diag::Diagnostic;

/// Largest resistance of a segment or an end in ohm: beyond it a line is no line.
const MAX_OHM: f64 = 1e9;

/// A070: resistances and selectors that can be solved.
pub(super) fn ranges(ctx: &mut Ctx<'_>) {
    for (name, spec) in &ctx.file.crossbars {
        let Some(wires) = &spec.wires else { continue };
        for (field, ohm) in wires.resistances() {
            let good = (0.0..=MAX_OHM).contains(&ohm.0);
            let path = ["crossbars", name, "wires", field];
            ctx.require(good, "A070", &path, "the resistance is out of range", "0 Ohm to 1 GOhm");
        }
        if let AccessSpec::Selector(selector) = wires.access {
            for (field, value) in [("current", selector.current.0), ("scale", selector.scale.0)] {
                let path = ["crossbars", name, "wires", "access", "selector", field];
                let good = value > 0.0 && value.is_finite();
                ctx.require(good, "A070", &path, "the selector is out of range", "more than 0");
            }
        }
    }
}

/// A071 (a warning): resistances that are assumed.
pub(super) fn assumed(ctx: &mut Ctx<'_>) {
    for (name, spec) in &ctx.file.crossbars {
        let Some(wires) = &spec.wires else { continue };
        let provenance = Provenance { source: &wires.source, assumed: &wires.assumed };
        let resistances = wires.resistances();
        let assumed = resistances.iter().map(|r| r.0).filter(|r| matches!(provenance.source(&[r]), Source::Assumed(_)));
        let assumed: Vec<&str> = assumed.collect();
        if !assumed.is_empty() {
            let message = format!("resistances of crossbar `{name}` are assumed: {}", assumed.join(", "));
            let d = Diagnostic::warning("A071", message).label("assumed");
            ctx.at(&["crossbars", name, "wires"], d.help("give measured values where they matter"));
        }
    }
}
