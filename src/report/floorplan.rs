//! A floorplan as text: the grid of tiles, a table of layers, totals.

use super::table::plain;
use crate::map::{Floorplan, LayerPlan, TilePlan};

/// Widest line of the grid, that of a wide terminal; wider chips are printed in bands of columns.
const WIDTH: usize = 132;
/// Layers named in one tile of a chip with many tiles; of more the number is told.
const NAMED: usize = 3;
/// Tiles of a chip with few, where all layers are named.
const FEW: usize = 36;
/// Longest name of a layer.
const NAME: usize = 36;
/// Ranges of tiles written out for one layer.
const RANGES: usize = 3;

/// The floorplan for a terminal.
#[must_use]
pub fn floorplan_text(plan: &Floorplan) -> String {
    let mut out = String::new();
    for chip in 0..plan.chips {
        if plan.chips > 1 {
            out.push_str(&format!("chip {chip}\n"));
        }
        let from = chip * plan.grid[0];
        let mine: Vec<&TilePlan> = plan.tiles.iter().filter(|t| (from..from + plan.grid[0]).contains(&t.x)).collect();
        out.push_str(&grid(&mine, from, plan.grid));
    }
    out.push_str("number of the layer, and its share of the tile's crossbars where it has not all of them\n\n");
    let mut layers = plain(&["layer", "crossbars", "copies", "cells used", "positions", "a copy", "home", "tiles"]);
    for l in &plan.layers {
        layers.add_row([
            format!("{:>3} {}", l.number, short(&l.name)),
            l.crossbars.to_string(),
            l.replicas.to_string(),
            share(l.utilisation),
            l.positions.to_string(),
            l.positions_per_replica.to_string(),
            l.home.to_string(),
            ranges(l),
        ]);
    }
    let mut totals = plain(&["", "value", "remark"]);
    let options = if plan.mapper_options.is_empty() { "no options" } else { &plan.mapper_options };
    let taken = match plan.segments {
        0 | 1 => format!("of {}", plan.crossbars_total),
        n => format!("over {n} segments that take turns on {}", plan.crossbars_total),
    };
    totals.add_row(["mapper", &plan.mapper, options]);
    totals.add_row(["crossbars in use", &plan.crossbars_used.to_string(), &taken]);
    totals.add_row(["cells in use", &share(plan.utilisation), "of those of the crossbars in use"]);
    totals.add_row([
        "between tiles",
        &format!("{:.4e} bit", plan.noc_bits as f64),
        &format!("of one inference; {:.4e} bit × hops", plan.noc_hop_bits as f64),
    ]);
    totals.add_row(["hops of a bit", &format!("{:.2}", plan.noc_mean_hops), "mean of the bits between tiles"]);
    out.push_str(&format!("{layers}\n\n{totals}\n"));
    out
}

fn share(v: f64) -> String {
    format!("{:.1} %", 100.0 * v)
}

/// The end of a long name says more than its beginning.
fn short(name: &str) -> String {
    let long = name.chars().count();
    if long <= NAME { name.into() } else { "…".to_string() + &name.chars().skip(long + 1 - NAME).collect::<String>() }
}

/// What a tile shows, a line for each of its layers.
fn lines(tile: &TilePlan, named: usize) -> Vec<String> {
    let percent = |n: usize| 100.0 * n as f64 / tile.crossbars.max(1) as f64;
    let mut lines: Vec<String> = tile
        .layers
        .iter()
        .map(|s| {
            let all = s.crossbars == tile.crossbars;
            if all { s.layer.to_string() } else { format!("{} {:.0}%", s.layer, percent(s.crossbars).max(1.0)) }
        })
        .collect();
    if lines.len() > named {
        let more = lines.len() - (named - 1);
        lines.truncate(named - 1);
        lines.push(format!("+{more} more"));
    }
    if lines.is_empty() {
        lines.push("·".into());
    }
    lines
}

/// The tiles of one chip whose first column is `from`; empty rows at the end are left out.
fn grid(tiles: &[&TilePlan], from: usize, [columns, rows]: [usize; 2]) -> String {
    let mut cells = vec![vec![String::from("·")]; columns * rows];
    let named = if tiles.len() <= FEW { usize::MAX } else { NAMED };
    for t in tiles {
        cells[t.y * columns + t.x - from] = lines(t, named);
    }
    let used = tiles.iter().filter(|t| !t.layers.is_empty()).map(|t| t.y + 1).max().unwrap_or(0);
    let width = cells.iter().flatten().map(|l| l.chars().count()).max().unwrap_or(1).max(3) + 2;
    let bands = columns.div_ceil((WIDTH / width).max(1));
    let band = columns.div_ceil(bands.max(1)).max(1);
    let mut out = String::new();
    for first in (0..columns).step_by(band) {
        let here = first..(first + band).min(columns);
        if band < columns {
            out.push_str(&format!("columns {} to {}\n", here.start, here.end - 1));
        }
        let rule: String = here.clone().map(|_| format!("+{}", "-".repeat(width - 1))).collect::<String>() + "+\n";
        for y in 0..used {
            let row = &cells[y * columns + here.start..y * columns + here.end];
            out.push_str(&rule);
            for n in 0..row.iter().map(Vec::len).max().unwrap_or(0) {
                for cell in row {
                    out.push_str(&format!("|{:^1$}", cell.get(n).map_or("", String::as_str), width - 1));
                }
                out.push_str("|\n");
            }
        }
        out.push_str(&rule);
    }
    if used < rows {
        let (s, are) = if rows - used == 1 { ("", "is") } else { ("s", "are") };
        out.push_str(&format!("{} row{s} below {are} empty\n", rows - used));
    }
    out
}

/// Tiles of a layer in ranges: `0-3, 7`.
fn ranges(layer: &LayerPlan) -> String {
    let runs: Vec<String> = layer
        .tiles
        .chunk_by(|a, b| a + 1 == *b)
        .map(|run| match run {
            [one] => one.to_string(),
            _ => format!("{}-{}", run[0], run[run.len() - 1]),
        })
        .collect();
    match runs.len() {
        n if n > RANGES => format!("{}, … ({} tiles)", runs[..RANGES].join(", "), layer.tiles.len()),
        _ => runs.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::Share;

    fn tile(x: usize, y: usize, layers: &[(usize, usize)]) -> TilePlan {
        let layers = layers.iter().map(|(layer, crossbars)| Share { layer: *layer, crossbars: *crossbars }).collect();
        TilePlan { x, y, crossbars: 8, layers }
    }

    #[test]
    fn a_grid_names_layers_and_shares() {
        let tiles = [tile(0, 0, &[(1, 8)]), tile(1, 0, &[(1, 2), (2, 4)]), tile(0, 1, &[]), tile(1, 1, &[])];
        let text = grid(&tiles.iter().collect::<Vec<_>>(), 0, [2, 2]);
        let rule = "+------+------+\n";
        assert_eq!(text, format!("{rule}|  1   |1 25% |\n|      |2 50% |\n{rule}1 row below is empty\n"));
    }

    #[test]
    fn wide_chips_stay_within_the_width() {
        let tiles: Vec<TilePlan> =
            (0..70).map(|x| tile(x, 0, &(1..6).map(|l| (l + 100, 1)).collect::<Vec<_>>())).collect();
        let text = grid(&tiles.iter().collect::<Vec<_>>(), 0, [70, 1]);
        assert!(text.lines().all(|l| l.chars().count() <= WIDTH + 1), "{text}");
        assert!(text.contains("+3 more") && text.contains("columns 0 to "));
    }
}
