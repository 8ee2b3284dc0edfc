//! Normals of the columns that fire in an event: nothing is drawn for columns at rest.
//!
//! Pulse `k` of a cell draws the normal of (row, event, k) at the cell's place among the columns that fire.

use super::arithmetic::ABREAST;
use super::kernel::CELLS;
use crate::rng::{GROUP, normals64};
use crate::simd::{LANES, Lanes};

/// What is drawn at once for a row: the key and the tick of its draws, and its address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    pub key: [u32; 2],
    pub element: u64,
    pub tick: u64,
}

/// The columns that fire in an event, whatever the row, and their places in a line of normals.
#[derive(Debug, Clone)]
pub(super) struct Firing {
    /// For each block the place of its first firing column, and a bit for each lane that fires.
    blocks: Vec<(usize, [u16; ABREAST])>,
    /// Columns that fire.
    columns: usize,
}

impl Firing {
    /// From what each column says.
    pub(super) fn new(columns: usize, fires: impl Fn(usize) -> bool) -> Self {
        let mut place = 0;
        let block = |first: usize| {
            let (start, mut lanes) = (place, [0; ABREAST]);
            for j in (first..columns.min(first + CELLS)).filter(|j| fires(*j)) {
                lanes[(j - first) / LANES] |= 1 << (j % LANES);
                place += 1;
            }
            (start, lanes)
        };
        let blocks = (0..columns).step_by(CELLS).map(block).collect();
        Self { blocks, columns: place }
    }
}

/// Normals of the firing columns of a row, drawn group by group as they are asked for.
pub(super) struct Line<'a> {
    firing: &'a Firing,
    values: Vec<f32>,
    drawn: Vec<bool>,
}

impl<'a> Line<'a> {
    /// Of the columns that fire.
    pub(super) fn new(firing: &'a Firing) -> Self {
        let groups = firing.columns.div_ceil(GROUP);
        // the last block may load sixteen numbers from the last place
        Self { firing, values: vec![0.0; groups * GROUP + LANES], drawn: vec![false; groups] }
    }

    /// Forgets what was drawn, before another address.
    pub(super) fn renew(&mut self) {
        self.drawn.fill(false);
    }

    /// The normals of a block's cells, anything where a column is at rest.
    #[inline(always)]
    pub(super) fn block<L: Lanes>(&mut self, l: L, block: usize, at: Address) -> [L::Float; ABREAST] {
        let (mut place, lanes) = self.firing.blocks[block];
        let columns: usize = lanes.iter().map(|lanes| lanes.count_ones() as usize).sum();
        for group in place / GROUP..(place + columns).div_ceil(GROUP) {
            if !self.drawn[group] {
                self.drawn[group] = true;
                let normals = normals64::<L, false>(l, at.key, at.element, at.tick, group as u32);
                let to = self.values[group * GROUP..][..GROUP].as_chunks_mut().0;
                for (to, normals) in to.iter_mut().zip(normals) {
                    l.store(normals, to);
                }
            }
        }
        let mut xi = [l.splat(0.0); ABREAST];
        for (xi, lanes) in xi.iter_mut().zip(lanes) {
            let from = self.values[place..].first_chunk().expect("sixteen numbers behind every place");
            *xi = if lanes == u16::MAX { l.load(from) } else { l.expand(lanes, from) };
            place += lanes.count_ones() as usize;
        }
        xi
    }
}
