//! Sums of products of bytes in plain Rust.

use super::{Block, Quad, Sums, TILE, Tile};
use crate::simd::LANES;

pub(super) fn sums(block: &Block<'_>, out: &mut Sums) {
    for (out, b) in out.0.iter_mut().zip(block.b) {
        for (r, out) in out[..block.rows].iter_mut().enumerate() {
            *out = line(block.a[r / TILE], r % TILE, b);
        }
    }
}

/// One row against sixteen columns.
fn line(a: &[Tile], row: usize, b: &[Quad]) -> [i32; LANES] {
    let mut sums = [0; LANES];
    for (tile, quads) in a.iter().zip(b.chunks_exact(TILE)) {
        for (x, quad) in tile.0[row].iter().zip(quads) {
            let x = x.map(i32::from);
            for (sum, w) in sums.iter_mut().zip(&quad.0) {
                let w = w.map(i32::from);
                *sum += (x[0] * w[0] + x[1] * w[1]) + (x[2] * w[2] + x[3] * w[3]);
            }
        }
    }
    sums
}
