//! Matrix products in fixed point: exact sums of products of bytes, at the rate of the processor's matrix unit.
//!
//! A number stands on a grid, `x ≈ q · unit`, and `q` is written in up to three signed digits of eight bits
//! ([`grid`]). Products of digits summed in `i32` are exact, so every processor finds the same bits however it takes
//! them ([`Multiplier`]): Intel's matrix unit multiplies 1024 pairs of bytes a cycle and core where it fuses 32 pairs
//! of `f32`.
//!
//! With digits numbered from the most significant one, `x = Σ x_i 256^(X−1−i)` and `w = Σ w_j 256^(W−1−j)`, the product
//! is `Σ_{i,j} 256^(X+W−2−i−j) Σ_k x_i[k] w_j[k]`. Taken are the pairs of digits [`PAIRS`]: all but where three digits
//! of `x` meet as many of `w` (seven of nine) or two (five of six). The bound, with `n` elements and largest magnitudes
//! `|x|`, `|w|`: `|y − Σ x w| ≤ 2.2·10⁻⁷ · n · |x| |w|`, from half a step of `w`, three quarters of one of `x` (it is
//! scaled in `f32`) and the pairs left out; then `y` is rounded to `f32` once. Measured on random numbers the error is
//! below that of a chain of `f32` operations, which it would not always be with six pairs (tests). It is one of fixed
//! point: relative to the largest element of a vector, not to each.
//!
//! Digits of the left-hand side are stored with 128 added, since the instructions take unsigned bytes times signed
//! ones; what that adds to a column is known beforehand.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod columns;
mod grid;
mod join;
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

/// Sixteen rows of 64 elements, four to a word, the first in its lowest byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
struct Tile([[i32; TILE]; TILE]);

/// Place of an element in a row of a tile: its word, and its byte there. Neighbours stand in neighbouring words, so
/// that vectors of words become vectors of bytes lane by lane.
const fn place(element: usize) -> [usize; 2] {
    let element = element % DEPTH;
    [element % TILE, element / TILE]
}

/// Pairs of digits that are multiplied, first of the left-hand side, and which of the [`Sums`] takes them: the one of
/// their weight, 256 to the power of minus the sum of their numbers.
const PAIRS: [([usize; 2], usize); 7] =
    [([0, 0], 0), ([0, 1], 1), ([0, 2], 2), ([1, 2], 3), ([1, 1], 2), ([1, 0], 1), ([2, 0], 2)];

/// The pairs of `x` against `w` digits.
fn pairs(x: usize, w: usize) -> impl Iterator<Item = ([usize; 2], usize)> {
    PAIRS.into_iter().filter(move |([i, j], _)| *i < x && *j < w)
}

/// Weights that pairs of digits have.
const WEIGHTS: usize = 4;

/// Sums of sixteen rows and columns, one for each weight.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Sums([[[i32; LANES]; TILE]; WEIGHTS]);

/// Sixteen rows and columns: every 64 elements stand together, digit by digit.
struct Block<'a> {
    /// Rows in use.
    rows: usize,
    /// `X` tiles of rows for 64 elements each.
    a: &'a [Tile],
    /// `W` times sixteen quads of columns for 64 elements each.
    b: &'a [Quad],
}
