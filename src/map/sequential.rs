//! Sequential placement: network order onto chip order.
//!
//! Each layer starts on a core of its own, so that layers do not share registers and converters. When
//! the chip has too few cores for that, blocks are packed without gaps instead.

use super::{Mapper, Placement};
use crate::arch::{Chip, CoreId, XbarId, XbarKindId};
use crate::diag::{Diagnostic, Result};
use crate::id::IdVec;
use crate::lower::TiledGraph;

/// The sequential mapper.
pub struct Sequential;

impl Mapper for Sequential {
    fn place(&self, tiled: &TiledGraph, chip: &Chip) -> Result<Placement> {
        place(tiled, chip, true).or_else(|| place(tiled, chip, false)).ok_or_else(|| does_not_fit(tiled, chip).into())
    }
}

fn place(tiled: &TiledGraph, chip: &Chip, align: bool) -> Option<Placement> {
    let mut free = chip.xbars.enumerate().peekable();
    let mut last_core: Option<CoreId> = None;
    let mut blocks = IdVec::new();
    for layer in tiled.layers.iter() {
        let foreign = last_core;
        for _ in &layer.blocks {
            let (xbar, x): (XbarId, _) = loop {
                let (id, x) = free.next()?;
                let shared = align && foreign == Some(x.core);
                if x.kind == layer.xbar_kind && !shared {
                    break (id, x);
                }
            };
            last_core = Some(x.core);
            blocks.push(vec![xbar]);
        }
    }
    Some(Placement { blocks })
}

fn does_not_fit(tiled: &TiledGraph, chip: &Chip) -> Diagnostic {
    let needed = tiled.blocks.len();
    let kind: Option<XbarKindId> = tiled.layers.iter().next().map(|l| l.xbar_kind);
    let there = chip.xbars.iter().filter(|x| Some(x.kind) == kind).count();
    let per_tile = (there / chip.tiles.len().max(1)).max(1);
    let tiles = needed.div_ceil(per_tile);
    let width = (tiles as f64).sqrt().ceil() as usize;
    let mut largest: Vec<(usize, &str)> = tiled.layers.iter().map(|l| (l.blocks.len(), l.origin.as_str())).collect();
    largest.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
    let largest: Vec<String> = largest.iter().take(3).map(|(n, name)| format!("`{name}` {n}")).collect();
    Diagnostic::error(
        "P002",
        format!(
            "the network needs {needed} crossbars and chip `{}` has {there}: {} too few (largest layers: {})",
            chip.name,
            needed.saturating_sub(there),
            largest.join(", ")
        ),
    )
    .help(format!(
        "{tiles} tiles would do, for instance `--set chip.grid=[{width}, {}]`; larger crossbars, more bits_per_cell or fewer weight bits also need fewer",
        tiles.div_ceil(width)
    ))
}
