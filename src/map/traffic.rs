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
    columns: usize,
    flit_bytes: u64,
    flits: Vec<u64>,
}

impl Traffic {
    /// No messages yet, on a mesh of `grid` columns and rows with tiles numbered row by row.
    #[must_use]
    pub fn new(grid: [usize; 2], flit_bytes: u64) -> Self {
        let [columns, rows] = grid;
        Self {
            bits: 0,
            hop_bits: 0,
            columns: columns.max(1),
            flit_bytes: flit_bytes.max(1),
            flits: vec![0; columns * rows * DIRECTIONS],
        }
    }

    /// Sends a message of `bytes` from one tile to another, `times` over.
    pub fn send(&mut self, from: TileId, to: TileId, bytes: u64, times: u64) {
        let place = |t: TileId| (t.index() % self.columns, t.index() / self.columns);
        let ((mut x, mut y), goal) = (place(from), place(to));
        let flits = bytes.div_ceil(self.flit_bytes) * times;
        let hops = (x.abs_diff(goal.0) + y.abs_diff(goal.1)) as u64;
        if hops > 0 {
            self.bits += 8 * bytes * times;
            self.hop_bits += 8 * bytes * times * hops;
        }
        while (x, y) != goal {
            let here = (y * self.columns + x) * DIRECTIONS;
            let direction = match () {
                () if x < goal.0 => 0,
                () if x > goal.0 => 1,
                () if y < goal.1 => 2,
                () => 3,
            };
            self.flits[here + direction] += flits;
            match direction {
                0 => x += 1,
                1 => x -= 1,
                2 => y += 1,
                _ => y -= 1,
            }
        }
    }

    /// Links in use: the two tiles and the flits that cross from the first to the second.
    pub fn links(&self) -> impl Iterator<Item = (TileId, TileId, u64)> + '_ {
        self.flits.iter().enumerate().filter(|(_, flits)| **flits > 0).map(|(link, flits)| {
            let from = link / DIRECTIONS;
            let to = match link % DIRECTIONS {
                0 => from + 1,
                1 => from - 1,
                2 => from + self.columns,
                _ => from - self.columns,
            };
            (TileId::new(from), TileId::new(to), *flits)
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
        let mut t = Traffic::new([3, 2], 16);
        t.send(TileId::new(3), TileId::new(2), 20, 5);
        t.send(TileId::new(1), TileId::new(1), 99, 7);
        let links: Vec<_> = t.links().map(|(a, b, f)| (a.index(), b.index(), f)).collect();
        assert_eq!(links, [(3, 4, 10), (4, 5, 10), (5, 2, 10)]);
        assert_eq!((t.bits, t.hop_bits), (800, 2400));
        assert_eq!(t.mean_hops(), 3.0);
    }
}
