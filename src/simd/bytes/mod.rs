//! Matrix products in fixed point: exact sums of products of bytes, at the rate of the processor's matrix unit.
//!
//! A number stands on a grid, `x ≈ q · unit`, and `q` is written in up to three signed digits of eight bits
//! ([`grid`]). Products of digits summed in `i32` are exact, so every processor finds the same bits however it takes
//! them ([`Multiplier`]): Intel's matrix unit multiplies 1024 pairs of bytes a cycle and core where it fuses 32 pairs
//! of `f32`.
//!
//! With digits numbered from the most significant one, `x = Σ x_i 256^(X−1−i)` and `w = Σ w_j 256^(W−1−j)`, the
//! product is `Σ_s 256^(X+W−2−s) Σ_{i+j=s} Σ_k x_i[k] w_j[k]`. Taken are the groups `s ≤ 2` and of the next one `x_1 w_2`:
//! all products of bytes but where three digits of `x` meet as many of `w` (seven instead of nine) or two (five instead
//! of six). The bound, with `n` elements and largest magnitudes `|x|`, `|w|`: `|y − Σ x w| ≤ 2.2·10⁻⁷ · n · |x| |w|`,
//! from half a step of `w`, three quarters of one of `x` (it is scaled in `f32`) and the products left out; then `y` is
//! rounded to `f32` once. Measured on random numbers the error is below that of a chain of `f32` operations, which it
//! would not always be with six products (tests). It is one of fixed point: relative to the largest element of a
//! vector, not to each.
//!
//! Digits of the left-hand side are stored with 128 added, since the instructions take unsigned bytes times signed
//! ones; what that adds to a column is known beforehand. In a group of digits, `x_i` stand one after the other and
//! `w_j` in reverse, so that a group is one run through both.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod columns;
mod grid;
mod multiplier;
mod portable;
mod rows;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub use columns::{Columns, MAX_DEPTH};
pub use multiplier::Multiplier;
pub use rows::{Grid, Rows};
#[cfg(target_arch = "x86_64")]
pub(crate) use vnni::{Vnni, step};

use super::LANES;

/// Four elements of sixteen columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Quad(pub [[i8; 4]; LANES]);

/// Rows of a tile, and quads of it.
const TILE: usize = 16;
/// Elements of a row of a tile.
const DEPTH: usize = 4 * TILE;

/// Sixteen rows of 64 elements, four to a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
struct Tile([[[u8; 4]; TILE]; TILE]);

/// Rows of a block of results.
const BLOCK: usize = 2 * TILE;

/// Sums of a block: two tiles of columns, each of up to [`BLOCK`] rows.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Sums([[[i32; LANES]; BLOCK]; 2]);

/// A block of results: up to 32 rows, two tiles of columns.
struct Block<'a> {
    /// Rows in use.
    rows: usize,
    /// A run of tiles of the first sixteen rows, and of the others if there are any.
    a: [&'a [Tile]; 2],
    /// A run of quads of either tile of columns, sixteen to a tile of rows.
    b: [&'a [Quad]; 2],
}
