//! Cuts weighted layers into blocks that fit one crossbar.
//!
//! A logical column needs as many physical columns as its encoding says: both polarities of every bit slice, or one of
//! biased weights; a unit column stands beside the bit lines of a crossbar and takes none. Rows are split evenly, so
//! that no block is left with a handful of rows and a converter range of its own. Groups of channels that do not mix
//! stand side by side on the diagonal of a block, as many whole ones as fit; one that is larger than a crossbar is
//! split like a layer. Blocks off the diagonal do not exist.

use std::ops::Range;

use super::quant_graph::QuantGraph;
use super::tiled::{Block, TiledGraph, TiledLayer};
use crate::arch::{Chip, XbarKindId};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::id::IdVec;
use crate::tensor::{Plane, Quant};

/// Largest number of rows, columns and layers that logical cell addresses can tell apart.
const ADDRESS_LIMIT: usize = 1 << 16;

/// Cuts every weighted layer of `graph` for the crossbars of `chip`.
///
/// # Errors
/// `P001` when one weight does not fit the columns of a crossbar, `P004` when a layer is larger than
/// cell addresses reach.
pub fn tile(graph: &QuantGraph, chip: &Chip) -> Result<TiledGraph> {
    let mut problems = Diagnostics::new();
    let mut tiled = TiledGraph { layers: IdVec::new(), blocks: IdVec::new() };
    let kind_id = chip.core_kinds.iter().next().and_then(|k| k.crossbars.first()).map(|(k, _)| *k);
    let Some(kind_id) = kind_id else {
        return Err(Diagnostic::error("P001", format!("chip `{}` has no crossbar to map onto", chip.name)).into());
    };
    for (node, n) in graph.nodes.enumerate() {
        let Some((op, input)) = graph.layer(node) else { continue };
        let rows = op.rows();
        if rows >= ADDRESS_LIMIT || op.outputs >= ADDRESS_LIMIT {
            problems.push(
                Diagnostic::error(
                    "P004",
                    format!(
                        "layer `{}` is {rows} × {} weights; at most {ADDRESS_LIMIT} rows and columns can be addressed",
                        n.origin, op.outputs
                    ),
                )
                .help("split the layer in the ONNX file"),
            );
            continue;
        }
        let kind = &chip.xbar_kinds[kind_id];
        let slices = kind.encoding.slices(op.weight_bits, &kind.slice_bits);
        let polarities = kind.encoding.polarities();
        let per_weight = polarities * slices.len();
        let cols = kind.cols / per_weight;
        if cols == 0 {
            problems.push(
                Diagnostic::error(
                    "P001",
                    format!("layer `{}`: one {}-bit weight needs {per_weight} columns ({} slices × {polarities} polarities) and crossbar `{}` has {}", n.origin, op.weight_bits, slices.len(), kind.name, kind.cols),
                )
                .help("give the crossbar more columns, more bits_per_cell, or use fewer weight bits"),
            );
            continue;
        }
        let planes = input.map(|q| planes(q, chip, kind_id)).unwrap_or_default();
        let group = dacs(chip, kind_id).min(kind.rows);
        let layer = tiled.layers.push(TiledLayer {
            node,
            origin: n.origin.clone(),
            xbar_kind: kind_id,
            rows,
            cols: op.outputs,
            groups: op.groups,
            positions: op.positions,
            input_bits: input.map_or(0, |q| q.bits),
            weight_bits: op.weight_bits,
            planes,
            slices,
            blocks: Vec::new(),
        });
        let together = kind.encoding.has_zero(op.weight_bits);
        for (rows, cols) in pieces([rows, op.outputs], op.groups, [kind.rows, cols], together) {
            let block = tiled.blocks.push(Block { layer, rows, cols, group });
            tiled.layers[layer].blocks.push(block);
        }
    }
    problems.into_result(tiled)
}

/// Rows and columns of the blocks of a matrix of so many rows and columns, of which a crossbar takes `most`;
/// `together` says whether groups may share a block, which needs weights of 0 between them.
fn pieces(size: [usize; 2], groups: usize, most: [usize; 2], together: bool) -> Vec<(Range<usize>, Range<usize>)> {
    let [rows, cols] = size.map(|n| n / groups.max(1));
    let fit = (most[0] / rows.max(1)).min(most[1] / cols.max(1));
    if groups > 1 && fit > 0 && together {
        let whole = |g: Range<usize>| (g.start * rows..g.end * rows, g.start * cols..g.end * cols);
        return even_parts(groups, fit).into_iter().map(whole).collect();
    }
    let mut pieces = Vec::new();
    for group in 0..groups.max(1) {
        let moved = |r: Range<usize>, by: usize| r.start + by..r.end + by;
        for r in even_parts(rows, most[0]) {
            let cols_of = even_parts(cols, most[1]).into_iter();
            pieces.extend(cols_of.map(|c| (moved(r.clone(), group * rows), moved(c, group * cols))));
        }
    }
    pieces
}

/// Splits `0..total` into the fewest parts of at most `most`, as equal as can be.
fn even_parts(total: usize, most: usize) -> Vec<Range<usize>> {
    let parts = total.div_ceil(most).max(1);
    (0..parts).map(|i| i * total / parts..(i + 1) * total / parts).collect()
}

fn core_of(chip: &Chip, kind: XbarKindId) -> Option<&crate::arch::CoreKind> {
    chip.core_kinds.iter().find(|c| c.crossbars.iter().any(|(k, _)| *k == kind))
}
fn planes(quant: Quant, chip: &Chip, kind: XbarKindId) -> Vec<Plane> {
    core_of(chip, kind).map(|c| quant.planes(c.dac_bits, c.signed_inputs)).unwrap_or_default()
}
fn dacs(chip: &Chip, kind: XbarKindId) -> usize {
    core_of(chip, kind).map_or(usize::MAX, |c| c.dacs_per_crossbar)
}

#[cfg(test)]
mod tests {
    use super::{even_parts, pieces};

    #[test]
    fn whole_groups_stand_on_the_diagonal() {
        // depthwise 3 × 3 over 32 channels: 9 rows and a column each, 14 of them on 128 rows
        let depthwise = pieces([288, 32], 32, [128, 64], true);
        assert_eq!(depthwise, [(0..90, 0..10), (90..189, 10..21), (189..288, 21..32)]);
        // weights without a 0 keep a crossbar to one group
        assert_eq!(pieces([288, 32], 32, [128, 64], false).len(), 32);
        // groups larger than a crossbar are split by themselves, row splits outermost
        let large = pieces([200, 6], 2, [64, 2], true);
        assert_eq!(large.len(), 2 * 2 * 2);
        assert_eq!((large[1].clone(), large[7].clone()), ((0..50, 1..3), (150..200, 4..6)));
    }

    #[test]
    fn parts_cover_everything_evenly() {
        assert_eq!(even_parts(130, 128), vec![0..65, 65..130]);
        assert_eq!(even_parts(5, 128), vec![0..5]);
        for total in 1..400 {
            let parts = even_parts(total, 37);
            assert_eq!(parts.iter().map(ExactSizeIterator::len).sum::<usize>(), total);
            assert!(parts.iter().all(|p| !p.is_empty() && p.len() <= 37));
            assert_eq!(parts.len(), total.div_ceil(37));
        }
    }
}
