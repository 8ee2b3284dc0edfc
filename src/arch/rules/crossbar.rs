//! Rules of crossbars and their cells.

use super::Ctx;
use crate::device::DeviceSpec;
use crate::diag::Diagnostic;

/// Most word or bit lines of a crossbar: far above any array built, and small enough that a block's
/// integer column sums stay exact in single precision.
const MAX_LINES: u32 = 4096;

/// A013, A015, A081: size, bits of a cell, widths of slices.
pub(super) fn size(ctx: &mut Ctx<'_>) {
    if ctx.file.crossbars.is_empty() {
        ctx.require(false, "A012", &["crossbars"], "no crossbar is described", "at least one");
    }
    for (name, spec) in &ctx.file.crossbars {
        for (field, lines) in [("rows", spec.rows), ("cols", spec.cols)] {
            let message = format!("a crossbar with {lines} {field} cannot be built");
            let good = (1..=MAX_LINES).contains(&lines);
            ctx.require(good, "A013", &["crossbars", name, field], &message, &format!("1 to {MAX_LINES}"));
        }
        let message = format!("{} bits in one cell", spec.bits_per_cell);
        let good = (1..=8).contains(&spec.bits_per_cell);
        ctx.require(good, "A015", &["crossbars", name, "bits_per_cell"], &message, "1 to 8");
        for (i, bits) in spec.slices.iter().enumerate() {
            let message = format!("a slice of {bits} bits in cells of {} bits", spec.bits_per_cell);
            let good = (1..=spec.bits_per_cell).contains(bits);
            let expected = format!("1 to {}", spec.bits_per_cell);
            ctx.require(good, "A081", &["crossbars", name, "slices", &i.to_string()], &message, &expected);
        }
    }
}

/// A011, A014: the cell exists and its card can be built.
pub(super) fn device(ctx: &mut Ctx<'_>) {
    for (name, spec) in &ctx.file.crossbars {
        if !ctx.file.devices.contains_key(&spec.device) {
            ctx.unknown(&["crossbars", name, "device"], "device", &spec.device, ctx.file.devices.keys());
        }
    }
    for (name, card) in &ctx.file.devices {
        let Err(errors) = card.build(ctx.file.temperature) else { continue };
        // the key of the variant stands between the name and the fields
        let variant = ctx.root.nearest(&["devices", name]).entries().first().map_or("", |e| e.key.as_str());
        for e in errors {
            let mut path = vec!["devices", name, variant];
            path.extend(e.field.split('.').filter(|f| !f.is_empty()));
            let d = Diagnostic::error("A014", format!("`{}`: {}", path.join("."), e.message));
            // a card that does not hold at this temperature is a matter of the chip's own line
            let of_chip = path.last() == Some(&"temperature") && ctx.root.nearest(&path).get("temperature").is_none();
            let path = if of_chip { vec!["temperature"] } else { path };
            ctx.at(&path, d.label("cannot be built so").help(e.help));
        }
    }
}

/// Highest read voltage: above it every known cell is written, not read.
const MAX_READ: f64 = 100.0;

/// A016: the read bias.
pub(super) fn read(ctx: &mut Ctx<'_>) {
    for (name, spec) in &ctx.file.crossbars {
        let good = spec.v_read.si() > 0.0 && spec.v_read.si() <= MAX_READ;
        let path = ["crossbars", name, "v_read"];
        ctx.require(good, "A016", &path, "the read voltage is out of range", "above 0 V, at most 100 V");
        let path = ["crossbars", name, "t_read"];
        ctx.require(spec.t_read.si() > 0.0, "A016", &path, "the read time is not positive", "more than 0 s");
    }
}

/// A039 (a warning): a cell is asked for more levels than its card tells apart.
pub(super) fn levels(ctx: &mut Ctx<'_>) {
    for (name, spec) in &ctx.file.crossbars {
        let Some(levels) = ctx.file.devices.get(&spec.device).and_then(DeviceSpec::levels) else { continue };
        let asked = 1_u64 << spec.bits_per_cell.min(63);
        if asked > u64::from(levels) {
            let path = ["crossbars", name, "bits_per_cell"];
            let device = &spec.device;
            let message = format!("`{}`: {asked} levels of a cell of {levels} levels", path.join("."));
            let help = format!("levels of device `{device}` will overlap; store fewer bits in a cell");
            ctx.at(&path, Diagnostic::warning("A039", message).label("more than the card tells apart").help(help));
        }
    }
}
