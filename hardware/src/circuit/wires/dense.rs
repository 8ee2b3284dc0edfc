//! Dense recursion over the columns: exact for any wire, where relaxation converges slowly.
//!
//! Let `w` be the voltages of a column's word-line nodes and `K·w + q` the currents that flow through them to the
//! right, cells of the column included. Over the segments to the left, of resistances `D`, this becomes
//! `N·K·w' + N·q` with `N = (1 + K·D)⁻¹` for the voltages `w'` at their other ends. At the right end `K` is the end's
//! conductance; a column adds `S = G − G·B` where `B` is the response of its bit line to `w`. At the drivers the
//! currents are `N·(K·v + q)`. On the way back `w = Nᵀ·(w' − D·q)`.

use super::line::{Step, steps};
use super::matrix::{InvertRoom, Matrix};
use super::network::{Drives, Network};
use crate::simd::Isa;

/// Reusable room.
#[derive(Debug, Default)]
pub(super) struct Room {
    k: Matrix,
    n: Matrix,
    product: Matrix,
    invert: InvertRoom,
    steps: Vec<Step>,
    /// Resistances from the nodes of a bit line towards its end.
    down: Vec<f64>,
}

/// Largest room in bytes that the voltages of one vector may take.
const LARGEST_KEPT: usize = 256 << 20;

/// Multiplications and additions of one vector with all its voltages; infinite if they need too much room.
pub(super) fn operations_of_one(network: &Network) -> f64 {
    let kept = network.rows * network.rows * network.cols * size_of::<f64>();
    if kept > LARGEST_KEPT { f64::INFINITY } else { 2.0 * (network.rows as f64).powi(3) * network.cols as f64 }
}

/// The way from the last column to the first.
struct Walk<'a> {
    network: &'a Network,
    g: &'a [f64],
}

impl Walk<'_> {
    /// Resistance between column `at` and the one to its left, or the end.
    fn left(&self, row: usize, at: usize) -> f64 {
        let word = &self.network.word;
        if at == 0 { word.end_resistance(row, 0) } else { word.inner_resistance() }
    }
    /// Starts at the right end.
    fn start(&self, room: &mut Room) {
        let rows = self.network.rows;
        room.product.reset(rows, rows);
        for row in 0..rows {
            let end = self.network.word.end_resistance(row, 1);
            room.product.row_mut(row)[row] = 1.0 / end;
        }
    }
    /// `k` becomes `K` of column `at`, `n` its `N`, `product` the `K` at the left of its segments.
    ///
    /// With `ρ` the resistance of a node to both ends of its bit line without its own cell, a current into the node
    /// raises it by `ρ/(1 + g·ρ)`, and the nodes before it by the products of the line's `k`. The matrix of these `H`
    /// is symmetric and `S = G − G·H·G`, where nothing cancels: on the diagonal it is `g/(1 + g·ρ)`.
    fn step(&self, isa: Isa, at: usize, room: &mut Room) {
        let Network { rows, cols, bit, .. } = self.network;
        let (rows, cols) = (*rows, *cols);
        let Room { k, n, product, steps: line, invert, down } = room;
        std::mem::swap(k, product);
        let g = |row: usize| self.g[row * cols + at];
        line.resize(rows, Step::default());
        steps(bit, at, (0..rows).map(g), |p, step| line[p] = step);
        down.resize(rows, 0.0);
        down[rows - 1] = bit.end_resistance(at, 1);
        for row in (1..rows).rev() {
            down[row - 1] = bit.inner_resistance() + down[row] / (1.0 + down[row] * g(row));
        }
        let mut up = bit.end_resistance(at, 0);
        for cell in 0..rows {
            let rho = 1.0 / (1.0 / up + 1.0 / down[cell]);
            let to = k.row_mut(cell);
            to[cell] += g(cell) / (1.0 + g(cell) * rho);
            let mut h = rho / (1.0 + g(cell) * rho);
            for row in (0..cell).rev() {
                h *= line[row].k;
                to[row] -= g(row) * h * g(cell);
            }
            up = bit.inner_resistance() + up / (1.0 + up * g(cell));
        }
        k.mirror();
        let left: Vec<f64> = (0..rows).map(|row| self.left(row, at)).collect();
        n.reset(rows, rows);
        for row in 0..rows {
            let to = n.row_mut(row);
            to.iter_mut().zip(k.row(row)).zip(&left).for_each(|((to, k), left)| *to = k * left);
            to[row] += 1.0;
        }
        n.invert(isa, invert);
        if at > 0 {
            product.lower_product(isa, n, k);
        }
    }
}

/// Word-line voltages `[row][column]` of one vector. `emf` are voltage sources in series with the cells, pushing
/// from the word line to the bit line.
pub(super) fn voltages(network: &Network, g: &[f64], emf: Option<&[f64]>, drives: &Drives, isa: Isa) -> Vec<f64> {
    let Network { rows, cols, word, bit, .. } = network;
    let (rows, cols) = (*rows, *cols);
    let walk = Walk { network, g };
    let mut room = Room::default();
    walk.start(&mut room);
    let drive = |lines: &super::network::Lines, line, end, v: &[f64]| {
        if lines.is_driven(line, end) { v[line] } else { 0.0 }
    };
    let mut q: Vec<f64> = (0..rows).map(|r| -drive(word, r, 1, &drives.rows) / word.end_resistance(r, 1)).collect();
    let mut kept = Vec::with_capacity(cols);
    for col in (0..cols).rev() {
        let source = |row: usize| emf.map_or(0.0, |e| e[row * cols + col]);
        // the bit line with every word line at 0 V
        let mut b: Vec<f64> = Vec::with_capacity(rows);
        let mut line = vec![Step::default(); rows];
        steps(bit, col, (0..rows).map(|row| g[row * cols + col]), |p, step| line[p] = step);
        let mut y = drive(bit, col, 0, &drives.cols);
        for (row, step) in line.iter().enumerate() {
            y = step.a * source(row) + step.c * y;
            b.push(y);
        }
        let mut after = drive(bit, col, 1, &drives.cols);
        for row in (0..rows).rev() {
            after = b[row] + line[row].k * after;
            b[row] = after;
            q[row] += g[row * cols + col] * (source(row) - after);
        }
        walk.step(isa, col, &mut room);
        kept.push((room.n.clone(), q.clone()));
        let moved = q.clone();
        for (row, q) in q.iter_mut().enumerate() {
            *q = room.n.row(row).iter().zip(&moved).map(|(n, q)| n * q).sum();
        }
    }
    let mut out = vec![0.0; rows * cols];
    let mut w: Vec<f64> = (0..rows).map(|r| drive(word, r, 0, &drives.rows)).collect();
    for (col, (n, q)) in kept.iter().rev().enumerate() {
        let mut next = vec![0.0; rows];
        for row in 0..rows {
            let v = w[row] - walk.left(row, col) * q[row];
            next.iter_mut().zip(n.row(row)).for_each(|(to, n)| *to += n * v);
        }
        w = next;
        for row in 0..rows {
            out[row * cols + col] = w[row];
        }
    }
    out
}
