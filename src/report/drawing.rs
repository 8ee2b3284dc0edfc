//! A floorplan as a drawing (SVG): tiles filled by layer, links by load, a legend.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::diag::{Diagnostic, Result};
use crate::map::{Floorplan, TilePlan};

/// Side of a tile and distance to the next, in drawing units.
const TILE: usize = 56;
const GAP: usize = 14;
/// Columns up to which tiles are drawn twice as large.
const FEW: usize = 8;
/// Room around everything, and between chips.
const MARGIN: usize = 24;
const BETWEEN: usize = 30;
/// Height of the heading, and of a line and width of a column of the legend.
const HEAD: usize = 48;
const LINE: usize = 18;
const ENTRY: usize = 250;

/// Colour of a layer: hues apart by the golden angle, so that neighbours in the network differ most. Written as
/// red, green and blue, which every drawing program reads.
fn colour(layer: usize) -> String {
    let hue = (layer as f64 * 137.508) % 360.0;
    let (saturation, lightness) = (0.5 + 0.15 * (layer % 2) as f64, 0.62 + 0.08 * (layer % 3) as f64);
    let part = |n: f64| {
        let k = (n + hue / 30.0) % 12.0;
        let amount = saturation * lightness.min(1.0 - lightness);
        (255.0 * (lightness - amount * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0))).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", part(0.0), part(8.0), part(4.0))
}

/// Side of a tile: chips with few are drawn larger.
fn side(plan: &Floorplan) -> usize {
    if plan.grid[0] * plan.chips <= FEW { 2 * TILE } else { TILE }
}

/// Text between tags.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Upper left corner of a tile.
fn corner(plan: &Floorplan, tile: &TilePlan) -> (usize, usize) {
    let chip = tile.x / plan.grid[0].max(1);
    let step = side(plan) + GAP;
    (MARGIN + tile.x * step + chip * BETWEEN, HEAD + MARGIN + tile.y * step)
}

/// The floorplan as SVG.
#[must_use]
pub fn floorplan_svg(plan: &Floorplan) -> String {
    let (columns, step) = (plan.grid[0] * plan.chips, side(plan) + GAP);
    let grid_width = columns * step - GAP + (plan.chips - 1) * BETWEEN;
    let width = (grid_width + 2 * MARGIN).max(2 * MARGIN + 3 * ENTRY);
    let across = ((width - 2 * MARGIN) / ENTRY).max(1);
    let grid_end = HEAD + MARGIN + plan.grid[1] * step;
    let height = grid_end + plan.layers.len().div_ceil(across) * LINE + 2 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    // writing to a string cannot fail
    let _ = writeln!(
        out,
        "<text x=\"{MARGIN}\" y=\"26\" font-size=\"15\">{}: {} of {} crossbars, {:.1} % of their cells; {:.3e} bit × hops</text>\n<text x=\"{MARGIN}\" y=\"44\" fill=\"#555\">mapper {}; bars: load of the links, darkest {} flits of one inference; ring: home of a layer; below: number, name, copies × crossbars</text>",
        escaped(&plan.chip),
        plan.crossbars_used,
        plan.crossbars_total,
        100.0 * plan.utilisation,
        plan.noc_hop_bits as f64,
        [plan.mapper.as_str(), &plan.mapper_options].join(" ").trim_end(),
        plan.links.iter().map(|l| l.flits).max().unwrap_or(0)
    );
    plan.tiles.iter().enumerate().for_each(|(n, t)| tile(&mut out, plan, n, t));
    links(&mut out, plan);
    for (i, l) in plan.layers.iter().enumerate() {
        let (x, y) = (MARGIN + i % across * ENTRY, grid_end + MARGIN + i / across * LINE);
        let name: String = l.name.chars().rev().take(24).collect::<Vec<_>>().into_iter().rev().collect();
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{}\"/><text x=\"{}\" y=\"{y}\">{} {} · {} × {}</text>",
            y - 10,
            colour(l.number),
            x + 18,
            l.number,
            escaped(&name),
            l.replicas,
            l.blocks
        );
    }
    out.push_str("</svg>\n");
    out
}

/// A tile, its height shared by its layers.
fn tile(out: &mut String, plan: &Floorplan, number: usize, t: &TilePlan) {
    let ((x, y), side) = (corner(plan, t), side(plan));
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\" fill=\"#f2f2f2\" stroke=\"#999\"><title>tile {number}</title></rect>"
    );
    // segments that take turns may hold more than the tile at once
    let total: usize = t.layers.iter().map(|s| s.crossbars).sum::<usize>().max(t.crossbars).max(1);
    let mut top = y as f64;
    for s in &t.layers {
        let high = (side * s.crossbars) as f64 / total as f64;
        let name = plan.layers.get(s.layer - 1).map_or("", |l| l.name.as_str());
        let home = plan.layers.get(s.layer - 1).is_some_and(|l| l.home == number);
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{top:.2}\" width=\"{side}\" height=\"{high:.2}\" fill=\"{}\"><title>tile {number}: {} {}, {} of {} crossbars</title></rect>",
            colour(s.layer),
            s.layer,
            escaped(name),
            s.crossbars,
            t.crossbars
        );
        if high >= 9.0 {
            let middle = top + high / 2.0 + 4.0;
            let _ = writeln!(
                out,
                "<text x=\"{}\" y=\"{middle:.2}\" text-anchor=\"middle\">{}</text>",
                x + side / 2,
                s.layer
            );
        }
        if home {
            let _ = writeln!(
                out,
                "<circle cx=\"{}\" cy=\"{:.2}\" r=\"3\" fill=\"none\" stroke=\"black\"/>",
                x + 7,
                top + high / 2.0
            );
        }
        top += high;
    }
}

/// A bar for each link in use, darker with load; the two directions side by side.
fn links(out: &mut String, plan: &Floorplan) {
    let most = plan.links.iter().map(|l| l.flits).max().unwrap_or(1).max(1) as f64;
    for l in &plan.links {
        let (from, to) = (&plan.tiles[l.from], &plan.tiles[l.to]);
        let (a, b) = (corner(plan, from), corner(plan, to));
        let (low, high) = (a.min(b), a.max(b));
        let side = side(plan);
        let shift = if a < b { side / 2 - 7 } else { side / 2 + 3 };
        let (x, y, w, h) = match a.1 == b.1 {
            true => (low.0 + side, low.1 + shift, high.0 - low.0 - side, 4),
            false => (low.0 + shift, low.1 + side, 4, high.1 - low.1 - side),
        };
        let load = l.flits as f64 / most;
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"#b00020\" fill-opacity=\"{:.3}\"><title>tile {} to tile {}: {} flits</title></rect>",
            0.08 + 0.92 * load,
            l.from,
            l.to,
            l.flits
        );
    }
}

/// Writes the drawing to a file ending in `.svg`, or as a page to one ending in `.html`.
///
/// # Errors
/// `F030` for another ending, `F003` when the file cannot be written.
pub fn draw(plan: &Floorplan, path: &Path) -> Result<()> {
    let svg = floorplan_svg(plan);
    let text = match path.extension().and_then(|e| e.to_str()) {
        Some("svg") => svg,
        Some("html") => format!(
            "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{}</title></head><body>\n{svg}</body></html>\n",
            escaped(&plan.chip)
        ),
        _ => {
            return Err(Diagnostic::error("F030", format!("`{}` ends neither in .svg nor in .html", path.display()))
                .help("for instance --svg floorplan.svg")
                .into());
        }
    };
    fs::write(path, text).map_err(|e| {
        Diagnostic::error("F003", format!("cannot write the drawing `{}`: {e}", path.display()))
            .help("check that the folder exists and may be written")
            .into()
    })
}
