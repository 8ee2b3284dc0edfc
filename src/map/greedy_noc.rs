//! Greedy placement by traffic: layers in network order, each with its home on the tile that costs the fewest
//! bits × hops.
//!
//! The cost of a tile is what already placed producers send to it plus what goes between it and the nearest free
//! crossbars, which the layer would take. A layer has cores of its own while there are enough, and a home whose
//! buffer has room for its inputs while there is one. Blocks that move more bits stand nearer to the home.

use super::{Home, Mapper, Placement, Problem, hops, share};
use crate::arch::{TileId, XbarId};
use crate::diag::Result;
use crate::id::Id;
use crate::lower::{BlockId, LayerId};

/// The greedy mapper.
pub struct GreedyNoc {
    /// Most copies of a layer.
    pub copies: usize,
}

impl Mapper for GreedyNoc {
    fn place(&self, problem: &Problem<'_>) -> Result<Placement> {
        start(problem, &problem.copies(self.copies))
    }
}

/// Places `copies` copies of each layer.
///
/// # Errors
/// `P002` when they do not fit.
pub(super) fn start(problem: &Problem<'_>, copies: &[usize]) -> Result<Placement> {
    [true, false]
        .into_iter()
        .find_map(|own_cores| Floor::new(problem, own_cores).place(copies))
        .ok_or_else(|| problem.does_not_fit().into())
}

/// What is free while layers are placed.
struct Floor<'a> {
    problem: &'a Problem<'a>,
    /// Whether layers do not share cores.
    own_cores: bool,
    /// Free crossbars of each tile, last one first.
    free: Vec<Vec<XbarId>>,
    /// Tiles by distance from each tile.
    near: Vec<Vec<TileId>>,
    /// Buffer bytes taken on each tile.
    held: Vec<u64>,
    homes: Vec<TileId>,
}

impl<'a> Floor<'a> {
    fn new(problem: &'a Problem<'a>, own_cores: bool) -> Self {
        let chip = problem.chip;
        let mut free = vec![Vec::new(); chip.tiles.len()];
        for x in chip.xbars.ids().collect::<Vec<_>>().into_iter().rev() {
            free[chip.cores[chip.xbars[x].core].tile.index()].push(x);
        }
        let tiles: Vec<TileId> = chip.tiles.ids().collect();
        let near = |from: &TileId| {
            let mut list = tiles.clone();
            list.sort_by_key(|t| hops(chip, *from, *t));
            list
        };
        let near = tiles.iter().map(near).collect();
        Self { problem, own_cores, free, near, held: vec![0; tiles.len()], homes: Vec::new() }
    }

    /// Free crossbars of a tile that a layer can use.
    fn usable(&self, layer: LayerId, tile: TileId) -> usize {
        let kind = self.problem.tiled.layers[layer].xbar_kind;
        let chip = self.problem.chip;
        if chip.xbar_kinds.len() == 1 {
            return self.free[tile.index()].len();
        }
        self.free[tile.index()].iter().filter(|x| chip.xbars[**x].kind == kind).count()
    }

    fn place(mut self, copies: &[usize]) -> Option<Placement> {
        let mut placement = Placement::empty(self.problem.tiled);
        for layer in self.problem.tiled.layers.ids() {
            let units = self.units(layer, copies[layer.index()]);
            let bits: u64 = units.iter().map(|u| u.1).sum();
            let usable: Vec<usize> = self.problem.chip.tiles.ids().map(|t| self.usable(layer, t)).collect();
            let home = self.home(layer, &usable, units.len(), bits)?;
            self.homes.push(home);
            self.held[home.index()] += self.problem.flows.buffers[layer];
            for ((block, _), xbar) in units.iter().zip(self.take(layer, home, units.len())) {
                placement.blocks[*block].push(xbar);
            }
        }
        Some(placement)
    }

    /// Blocks of a layer once for each copy, with the bits they move: the first block of the first copy, which
    /// makes the home, then the others by falling bits. Copies of one block stay in order.
    fn units(&self, layer: LayerId, copies: usize) -> Vec<(BlockId, u64)> {
        let Problem { tiled, flows, .. } = self.problem;
        let l = &tiled.layers[layer];
        let mut units: Vec<(BlockId, u64)> = (0..copies)
            .flat_map(|copy| {
                let times = share(l.positions, copy, copies) as u64;
                l.blocks.iter().map(move |b| (*b, 8 * times * (flows.blocks[*b].0 + flows.blocks[*b].1)))
            })
            .collect();
        if let Some((_, rest)) = units.split_first_mut() {
            rest.sort_by_key(|(_, bits)| std::cmp::Reverse(*bits));
        }
        units
    }

    /// The tile with the lowest cost; tiles without room in their buffer only if there is no other.
    fn home(&self, layer: LayerId, usable: &[usize], units: usize, bits: u64) -> Option<TileId> {
        let Problem { chip, flows, .. } = self.problem;
        let place = |home| match home {
            Home::Memory => Some(TileId::new(0)),
            Home::Layer(l) => self.homes.get(l.index()).copied(),
        };
        let mine = Home::Layer(layer);
        let partners: Vec<(TileId, u64)> = flows
            .between
            .iter()
            .filter(|f| f.from == mine || f.to == mine)
            .filter_map(|f| Some((place(if f.from == mine { f.to } else { f.from })?, 8 * f.bytes * f.times)))
            .collect();
        let each = bits as f64 / units.max(1) as f64;
        let mut best: Option<((bool, f64), TileId)> = None;
        for tile in chip.tiles.ids().filter(|t| usable[t.index()] > 0) {
            let held = self.held[tile.index()];
            let full = held > 0 && held + flows.buffers[layer] > chip.tile_kind.buffer_bytes as u64;
            let mut cost: f64 = partners.iter().map(|(t, bits)| (bits * hops(chip, tile, *t) as u64) as f64).sum();
            let mut left = units;
            for near in &self.near[tile.index()] {
                // no use to go on once this tile cannot win
                if left == 0 || best.is_some_and(|(b, _)| (full, cost) >= b) {
                    break;
                }
                let here = usable[near.index()].min(left);
                cost += each * (here * hops(chip, tile, *near)) as f64;
                left -= here;
            }
            if best.is_none_or(|(b, _)| (full, cost) < b) {
                if left > 0 {
                    return None;
                }
                best = Some(((full, cost), tile));
            }
        }
        best.map(|(_, tile)| tile)
    }

    /// Takes the free crossbars nearest to `home`.
    fn take(&mut self, layer: LayerId, home: TileId, count: usize) -> Vec<XbarId> {
        let chip = self.problem.chip;
        let kind = self.problem.tiled.layers[layer].xbar_kind;
        let mut taken = Vec::with_capacity(count);
        for tile in &self.near[home.index()] {
            let free = &mut self.free[tile.index()];
            while taken.len() < count
                && let Some(at) = free.iter().rposition(|x| chip.xbars[*x].kind == kind)
            {
                taken.push(free.remove(at));
            }
            if taken.len() == count {
                break;
            }
        }
        if self.own_cores
            && let Some(last) = taken.last()
        {
            let core = chip.xbars[*last].core;
            self.free[chip.cores[core].tile.index()].retain(|x| chip.xbars[*x].core != core);
        }
        taken
    }
}
