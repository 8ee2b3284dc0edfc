//! The floorplan: what lives on every tile, how full it is, and what it sends.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Choice, Flows, Home, Placement, Traffic};
use crate::arch::Chip;
use crate::id::Id;
use crate::lower::{LayerId, TiledGraph};

/// What one layer takes, all copies together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Crossbars.
    pub crossbars: usize,
    /// Cells of these crossbars.
    pub cells: usize,
    /// Cells that hold a weight: two for each of its slices.
    pub held: usize,
}

/// What a layer takes under a placement.
#[must_use]
pub fn usage(tiled: &TiledGraph, placement: &Placement, chip: &Chip, layer: LayerId) -> Usage {
    let l = &tiled.layers[layer];
    let kind = &chip.xbar_kinds[l.xbar_kind];
    let mut usage = Usage { crossbars: 0, cells: 0, held: 0 };
    for b in &l.blocks {
        let (block, copies) = (&tiled.blocks[*b], placement.blocks[*b].len());
        usage.crossbars += copies;
        usage.cells += kind.rows * kind.cols * copies;
        let cells = l.weights_in(block) * l.slices.len() * kind.encoding.polarities();
        usage.held += cells * copies;
    }
    usage
}

/// A placed network, for people and for `--json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Floorplan {
    /// Name of the chip.
    pub chip: String,
    /// Name of the mapper.
    pub mapper: String,
    /// Its options, `option=number,...`.
    pub mapper_options: String,
    /// Columns and rows of tiles of one chip.
    pub grid: [usize; 2],
    /// Equal chips in a row.
    pub chips: usize,
    /// Segments of the network that take turns on the crossbars; 1 if all of it is there all the time.
    pub segments: usize,
    /// Crossbars that hold weights; those of all segments together.
    pub crossbars_used: usize,
    /// Crossbars of the chip.
    pub crossbars_total: usize,
    /// Share of the cells of the crossbars in use that hold a weight.
    pub utilisation: f64,
    /// Bits that travel between tiles in one inference.
    pub noc_bits: u64,
    /// Bits × links in one inference.
    pub noc_hop_bits: u64,
    /// Links that such a bit crosses on average.
    pub noc_mean_hops: f64,
    /// Layers in network order.
    pub layers: Vec<LayerPlan>,
    /// Tiles, chip by chip and row by row.
    pub tiles: Vec<TilePlan>,
    /// Links in use.
    pub links: Vec<LinkPlan>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerPlan {
    /// Number in the drawing, from 1.
    pub number: usize,
    /// Name of the ONNX node.
    pub name: String,
    /// Weight rows.
    pub rows: usize,
    /// Outputs.
    pub cols: usize,
    /// Crossbars of one copy.
    pub blocks: usize,
    /// Copies.
    pub replicas: usize,
    /// Crossbars of all copies.
    pub crossbars: usize,
    /// Share of their cells that hold a weight.
    pub utilisation: f64,
    /// Output positions of one inference.
    pub positions: usize,
    /// Most of them that one copy computes.
    pub positions_per_replica: usize,
    /// Tile that buffers its inputs and does its digital work.
    pub home: usize,
    /// Tiles it has crossbars on, in order.
    pub tiles: Vec<usize>,
}

/// One tile.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TilePlan {
    /// Column, counted over all chips.
    pub x: usize,
    /// Row.
    pub y: usize,
    /// Its crossbars.
    pub crossbars: usize,
    /// What lives there, in network order.
    pub layers: Vec<Share>,
}

/// A layer's share of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Number of the layer, from 1.
    pub layer: usize,
    /// Crossbars it has there.
    pub crossbars: usize,
}

/// One link of the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LinkPlan {
    /// Tile it leaves.
    pub from: usize,
    /// Neighbour it goes to.
    pub to: usize,
    /// Flits of one inference.
    pub flits: u64,
}

impl Floorplan {
    /// The floorplan of `placement`; `traffic` is what its schedule sends in one inference.
    #[must_use]
    pub fn new(
        tiled: &TiledGraph,
        placement: &Placement,
        chip: &Chip,
        traffic: &Traffic,
        mapper: &Choice,
        segments: usize,
    ) -> Self {
        let mut tiles: Vec<TilePlan> =
            chip.tiles.iter().map(|t| TilePlan { x: t.x, y: t.y, crossbars: 0, layers: vec![] }).collect();
        let tile_of = |x| chip.cores[chip.xbars[x].core].tile.index();
        chip.xbars.ids().for_each(|x| tiles[tile_of(x)].crossbars += 1);
        let mut layers = Vec::new();
        let (mut cells, mut held) = (0, 0);
        for (id, l) in tiled.layers.enumerate() {
            let number = id.index() + 1;
            let used = usage(tiled, placement, chip, id);
            (cells, held) = (cells + used.cells, held + used.held);
            let mut on = BTreeSet::new();
            for x in l.blocks.iter().flat_map(|b| &placement.blocks[*b]) {
                let tile = tile_of(*x);
                on.insert(tile);
                match tiles[tile].layers.last_mut() {
                    Some(share) if share.layer == number => share.crossbars += 1,
                    _ => tiles[tile].layers.push(Share { layer: number, crossbars: 1 }),
                }
            }
            let replicas = l.blocks.iter().map(|b| placement.blocks[*b].len()).min().unwrap_or(0);
            layers.push(LayerPlan {
                number,
                name: l.origin.clone(),
                rows: l.rows,
                cols: l.cols,
                blocks: l.blocks.len(),
                replicas,
                crossbars: used.crossbars,
                utilisation: used.held as f64 / used.cells.max(1) as f64,
                positions: l.positions,
                positions_per_replica: l.positions.div_ceil(replicas.max(1)),
                home: Flows::tile(Home::Layer(id), tiled, placement, chip).index(),
                tiles: on.into_iter().collect(),
            });
        }
        Self {
            chip: chip.name.clone(),
            mapper: mapper.entry.name.into(),
            mapper_options: mapper.options(),
            grid: chip.grid,
            chips: chip.chips,
            segments,
            crossbars_used: placement.crossbars_used(),
            crossbars_total: chip.xbars.len(),
            utilisation: held as f64 / cells.max(1) as f64,
            noc_bits: traffic.bits,
            noc_hop_bits: traffic.hop_bits,
            noc_mean_hops: traffic.mean_hops(),
            layers,
            tiles,
            links: traffic.links().map(|(a, b, flits)| LinkPlan { from: a.index(), to: b.index(), flits }).collect(),
        }
    }
}
