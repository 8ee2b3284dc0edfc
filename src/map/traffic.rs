//! What a placement sends over the mesh: bits, bits × hops, and the flits of every link.
//!
//! Messages go column first (XY), as in the timing core; one that stays within its tile crosses no link.

use crate::arch::{Chip, TileId};
use crate::id::Id;

/// Ways out of a tile: east, west, south (growing y), north.
const DIRECTIONS: usize = 4;

/// Messages of one inference over the mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// Bits that travel between tiles; what stays within a tile is not counted.
    pub bits: u64,
    /// Bits × links crossed.
    pub hop_bits: u64,
    flit_bytes: u64,
    columns: usize,
    /// Column and row of each tile, and the tile at each place, row by row.
    places: Vec<(usize, usize)>,
    at: Vec<usize>,
    flits: Vec<u64>,
}

impl Traffic {
    /// No messages yet, on a full mesh whose tiles stand at these columns and rows.
    #[must_use]
    pub fn new(tiles: impl Iterator<Item = (usize, usize)>, flit_bytes: u64) -> Self {
        let places: Vec<(usize, usize)> = tiles.collect();
        let columns = places.iter().map(|p| p.0 + 1).max().unwrap_or(1);
        let mut at = vec![0; places.len()];
        for (tile, (x, y)) in places.iter().enumerate() {
            if let Some(place) = at.get_mut(y * columns + x) {
                *place = tile;
            }
        }
        let flits = vec![0; places.len() * DIRECTIONS];
        Self { bits: 0, hop_bits: 0, flit_bytes: flit_bytes.max(1), columns, places, at, flits }
    }

    /// Tile at the end of a link.
    fn beyond(&self, tile: usize, direction: usize) -> usize {
        let (x, y) = self.places[tile];
        let (x, y) = match direction {
            0 => (x + 1, y),
            1 => (x - 1, y),
            2 => (x, y + 1),
            _ => (x, y - 1),
        };
        self.at[y * self.columns + x]
    }

    /// Sends a message of `bytes` from one tile to another, `times` over.
    pub fn send(&mut self, from: TileId, to: TileId, bytes: u64, times: u64) {
        let goal = self.places[to.index()];
        let start = self.places[from.index()];
        let flits = bytes.div_ceil(self.flit_bytes) * times;
        let hops = (start.0.abs_diff(goal.0) + start.1.abs_diff(goal.1)) as u64;
        if hops > 0 {
            self.bits += 8 * bytes * times;
            self.hop_bits += 8 * bytes * times * hops;
        }
        let mut here = from.index();
        while here != to.index() {
            let (x, y) = self.places[here];
            let direction = match () {
                () if x < goal.0 => 0,
                () if x > goal.0 => 1,
                () if y < goal.1 => 2,
                () => 3,
            };
            self.flits[here * DIRECTIONS + direction] += flits;
            here = self.beyond(here, direction);
        }
    }

    /// Links in use, those from chip to chip among them: the two tiles and the flits that cross from the first to
    /// the second.
    pub fn links(&self) -> impl Iterator<Item = (TileId, TileId, u64)> + '_ {
        self.flits.iter().enumerate().filter(|(_, flits)| **flits > 0).map(|(link, flits)| {
            let (from, direction) = (link / DIRECTIONS, link % DIRECTIONS);
            (TileId::new(from), TileId::new(self.beyond(from, direction)), *flits)
        })
    }

    /// Links that a bit crosses on average, among the bits that leave their tile.
    #[must_use]
    pub fn mean_hops(&self) -> f64 {
        self.hop_bits as f64 / self.bits.max(1) as f64
    }
}

/// Links between two tiles of a chip.
#[must_use]
pub fn hops(chip: &Chip, a: TileId, b: TileId) -> usize {
    let (a, b) = (&chip.tiles[a], &chip.tiles[b]);
    a.x.abs_diff(b.x) + a.y.abs_diff(b.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a mesh of 3 × 2, 20 bytes in 16-byte flits from tile 3 (0, 1) to tile 2 (2, 0), five times: x before y,
    /// three links of 2 × 5 flits.
    #[test]
    fn a_message_goes_column_first() {
        let mut t = Traffic::new((0..6).map(|n| (n % 3, n / 3)), 16);
        t.send(TileId::new(3), TileId::new(2), 20, 5);
        t.send(TileId::new(1), TileId::new(1), 99, 7);
        let links: Vec<_> = t.links().map(|(a, b, f)| (a.index(), b.index(), f)).collect();
        assert_eq!(links, [(3, 4, 10), (4, 5, 10), (5, 2, 10)]);
        assert_eq!((t.bits, t.hop_bits), (800, 2400));
        assert_eq!(t.mean_hops(), 3.0);
    }
}
