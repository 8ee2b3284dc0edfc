//! Sequential placement: network order onto chip order.
//!
//! Each layer starts on a core of its own, so that layers do not share registers and converters, and on a
//! tile whose buffer has room for its inputs beside those of the layers already at home there. When the chip has
//! too few tiles for that, buffers are not looked at, and when it has too few cores, blocks are packed without gaps.

use super::{Mapper, Placement, Problem};
use crate::arch::{CoreId, XbarId};
use crate::diag::Result;
use crate::id::Id;

/// The sequential mapper.
pub struct Sequential;

impl Mapper for Sequential {
    fn place(&self, problem: &Problem<'_>) -> Result<Placement> {
        pack(problem, &problem.copies(1))
    }
}

/// What a placement takes care of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Care {
    Nothing,
    Cores,
    Buffers,
}

/// Places `copies` copies of each layer one after the other.
///
/// # Errors
/// `P002` when they do not fit.
pub(super) fn pack(problem: &Problem<'_>, copies: &[usize]) -> Result<Placement> {
    [Care::Buffers, Care::Cores, Care::Nothing]
        .into_iter()
        .find_map(|care| attempt(problem, copies, care))
        .ok_or_else(|| problem.does_not_fit().into())
}

fn attempt(problem: &Problem<'_>, copies: &[usize], care: Care) -> Option<Placement> {
    let Problem { tiled, chip, flows, .. } = problem;
    let mut free = chip.xbars.enumerate();
    let mut last_core: Option<CoreId> = None;
    let mut placement = Placement::empty(tiled);
    let mut held = vec![0; chip.tiles.len()];
    for (id, layer) in tiled.layers.enumerate() {
        let foreign = last_core;
        let mut home = None;
        for _ in 0..copies[id.index()] {
            for b in &layer.blocks {
                let (xbar, x): (XbarId, _) = loop {
                    let (xbar, x) = free.next()?;
                    let tile = chip.cores[x.core].tile;
                    let shared = care >= Care::Cores && foreign == Some(x.core);
                    let full = care == Care::Buffers
                        && home.is_none()
                        && held[tile.index()] > 0
                        && held[tile.index()] + flows.buffers[id] > chip.tile_kind.buffer_bytes as u64;
                    if x.kind == layer.xbar_kind && !shared && !full {
                        if home.is_none() {
                            home = Some(tile);
                            held[tile.index()] += flows.buffers[id];
                        }
                        break (xbar, x);
                    }
                };
                last_core = Some(x.core);
                placement.blocks[*b].push(xbar);
            }
        }
    }
    Some(placement)
}
