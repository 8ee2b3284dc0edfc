//! A linear crossbar reduced to its terminals, piece by piece.
//!
//! A node that nothing outside is connected to may be taken out of a network of conductances: its neighbours get the
//! conductances `g_a·g_b/Σg` between each two of them (star–mesh transformation). A rectangle of crosspoints is
//! reduced so to the nodes on its border. Two neighbouring ones become one when the nodes they share are taken out, and
//! in the end the conductances between drivers and sense amplifiers are left, which are the effective matrix. This is
//! nested dissection (A. George, SIAM J. Numer. Anal. 10, 345, 1973, doi:10.1137/0710032): some 35 n³ multiplications
//! and additions for n × n cells, whatever the resistances.
//!
//! Nothing is ever subtracted: conductances are sums, products and quotients of positive numbers (for Markov chains:
//! W. K. Grassmann, M. I. Taksar, D. P. Heyman, Oper. Res. 33, 1107, 1985, doi:10.1287/opre.33.5.1107), so that those
//! of microsiemens between wires of siemens, or of 1e24 siemens, lose no digits.

use super::leaf::{self, PORTS, SIDE};
use super::network::{End, Network};
use crate::simd::{Body, DOUBLES, Doubles, Isa, run};

/// Eight numbers in a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f64; DOUBLES]);

const ZERO: Line = Line([0.0; DOUBLES]);

/// Nodes that are taken out together: enough to make the rest a matrix product, few enough to stay in the first cache.
const PANEL: usize = 16;

/// A rectangle reduced to its border: west, east, north, south (as far as they are there), ground.
#[derive(Debug, Default)]
struct Piece {
    /// Nodes of each side.
    sides: [usize; 4],
    /// Node of the matrix that is the first of the border.
    first: usize,
    matrix: Symmetric,
}

/// The part above the diagonal of a symmetric matrix; what lies on and below the diagonal means nothing.
#[derive(Debug, Default)]
struct Symmetric {
    /// Lines of a row.
    stride: usize,
    lines: Vec<Line>,
}

/// Reusable room.
#[derive(Debug, Default)]
pub(super) struct Room {
    free: Vec<Vec<Line>>,
    leaf: leaf::Room,
    /// Eight leaves, `[a][b][leaf]`.
    leaves: Vec<[f64; DOUBLES]>,
    /// First crosspoints of all leaves in the order in which they are met.
    order: Vec<(usize, usize)>,
    met: usize,
    factors: Vec<Line>,
}

/// Effective matrix `[row][column]` in siemens of a network whose cells have the conductances `g`.
pub(super) fn fold(network: &Network, g: &[f64], isa: Isa, room: &mut Room) -> Vec<f64> {
    let (rows, cols) = (network.rows, network.cols);
    let all = [rows.div_ceil(SIDE), cols.div_ceil(SIDE)];
    room.order.clear();
    order([0, all[0], 0, all[1]], &mut room.order);
    room.met = 0;
    let job = Job { network, g, isa, all };
    let Piece { sides, first, matrix } = job.reduce([0, all[0], 0, all[1]], room);
    let begins: [usize; 4] = std::array::from_fn(|side| first + sides[..side].iter().sum::<usize>());
    let mut g_eff = vec![0.0; rows * cols];
    for word_end in 0..2 {
        for bit_end in 0..2 {
            for row in (0..rows).filter(|row| network.word.is_driven(*row, word_end)) {
                let from = &matrix.row(begins[word_end] + row)[begins[2 + bit_end]..];
                for col in (0..cols).filter(|col| network.bit.is_driven(*col, bit_end)) {
                    g_eff[row * cols + col] += from[col];
                }
            }
        }
    }
    room.free.push(matrix.lines);
    g_eff
}

/// The two halves of a rectangle of leaves `[first row, behind, first column, behind]`, and whether they stand side by
/// side; `None` for one leaf.
fn halves([top, bottom, left, right]: [usize; 4]) -> Option<([[usize; 4]; 2], bool)> {
    if bottom - top > right - left {
        let middle = top.midpoint(bottom);
        Some(([[top, middle, left, right], [middle, bottom, left, right]], false))
    } else if right - left > 1 {
        let middle = left.midpoint(right);
        Some(([[top, bottom, left, middle], [top, bottom, middle, right]], true))
    } else {
        None
    }
}

fn order(area: [usize; 4], to: &mut Vec<(usize, usize)>) {
    match halves(area) {
        Some((halves, _)) => halves.into_iter().for_each(|half| order(half, to)),
        None => to.push((area[0] * SIDE, area[2] * SIDE)),
    }
}

struct Job<'a> {
    network: &'a Network,
    g: &'a [f64],
    isa: Isa,
    all: [usize; 2],
}

impl Job<'_> {
    fn reduce(&self, area: [usize; 4], room: &mut Room) -> Piece {
        let Some((halves, horizontal)) = halves(area) else { return self.leaf(area, room) };
        let [one, two] = halves.map(|half| self.reduce(half, room));
        let joined = join(self.isa, &one, &two, horizontal, room);
        room.free.extend([one.matrix.lines, two.matrix.lines]);
        joined
    }

    /// A leaf, one of eight that are reduced when the first of them is met.
    fn leaf(&self, area: [usize; 4], room: &mut Room) -> Piece {
        let lane = room.met % DOUBLES;
        if lane == 0 {
            let at = &room.order[room.met..(room.met + DOUBLES).min(room.order.len())];
            let (network, g) = (self.network, self.g);
            run(self.isa, leaf::Reduce { network, g, at, room: &mut room.leaf, to: &mut room.leaves });
        }
        room.met += 1;
        let Network { word, bit, .. } = self.network;
        // an open or grounded end of all lines has no terminals
        let there = |at_border: bool, end: End| !at_border || matches!(end, End::Driven { .. });
        let present = [
            there(area[2] == 0, word.ends[0]),
            there(area[3] == self.all[1], word.ends[1]),
            there(area[0] == 0, bit.ends[0]),
            there(area[1] == self.all[0], bit.ends[1]),
        ];
        let kept: Vec<usize> = (0..PORTS).filter(|n| present.get(n / SIDE).copied().unwrap_or(true)).collect();
        let mut matrix = Symmetric::new(kept.len(), &mut room.free);
        for (a, from) in kept.iter().enumerate() {
            let row = matrix.row_mut(a);
            for (to, b) in row[a + 1..].iter_mut().zip(&kept[a + 1..]) {
                *to = room.leaves[from * PORTS + b][lane];
            }
        }
        Piece { sides: present.map(|there| if there { SIDE } else { 0 }), first: 0, matrix }
    }
}

/// Two neighbours as one: the nodes that they share are taken out.
fn join(isa: Isa, one: &Piece, two: &Piece, horizontal: bool, room: &mut Room) -> Piece {
    let [west, east, north, south] = [0, 1, 2, 3];
    let (out, into) = if horizontal { (east, west) } else { (south, north) };
    let gone = one.sides[out];
    debug_assert_eq!(gone, two.sides[into]);
    let mut sides = [0; 4];
    let (mut from_one, mut from_two) = ([0; 5], [0; 5]);
    let mut at = gone;
    for side in 0..4 {
        let along = if horizontal { side == north || side == south } else { side == west || side == east };
        (from_one[side], from_two[side]) = (at, at);
        let (a, b) = (one.sides[side], two.sides[side]);
        sides[side] = if along {
            from_two[side] = at + a;
            a + b
        } else if side == into {
            from_two[side] = 0;
            a
        } else {
            from_one[side] = 0;
            b
        };
        at += sides[side];
    }
    (from_one[4], from_two[4]) = (at, at);
    let mut matrix = Symmetric::new(at + 1, &mut room.free);
    matrix.add(one, &from_one);
    matrix.add(two, &from_two);
    run(isa, TakeOut { matrix: &mut matrix, count: gone, factors: &mut room.factors });
    Piece { sides, first: gone, matrix }
}

impl Symmetric {
    fn new(size: usize, free: &mut Vec<Vec<Line>>) -> Self {
        let stride = size.div_ceil(DOUBLES);
        let mut lines = free.pop().unwrap_or_default();
        lines.clear();
        lines.resize(size * stride, ZERO);
        Self { stride, lines }
    }
    fn row(&self, row: usize) -> &[f64] {
        flat(&self.lines[row * self.stride..(row + 1) * self.stride])
    }
    fn row_mut(&mut self, row: usize) -> &mut [f64] {
        flat_mut(&mut self.lines[row * self.stride..(row + 1) * self.stride])
    }
    /// Adds the conductances of a piece whose sides begin at the given nodes.
    fn add(&mut self, piece: &Piece, to: &[usize; 5]) {
        let sides = [piece.sides[0], piece.sides[1], piece.sides[2], piece.sides[3], 1];
        let mut row = piece.first;
        for a in 0..5 {
            for i in 0..sides[a] {
                let from = piece.matrix.row(row);
                let mut begin = row - i;
                for b in a..5 {
                    let skip = if a == b { i + 1 } else { 0 };
                    let values = &from[begin + skip..begin + sides[b]];
                    if to[a] <= to[b] {
                        let first = to[b] + skip;
                        let target = &mut self.row_mut(to[a] + i)[first..first + values.len()];
                        target.iter_mut().zip(values).for_each(|(t, v)| *t += v);
                    } else {
                        let stride = self.stride * DOUBLES;
                        let target = flat_mut(&mut self.lines);
                        let first = (to[b] + skip) * stride + to[a] + i;
                        target[first..].iter_mut().step_by(stride).zip(values).for_each(|(t, v)| *t += v);
                    }
                    begin += sides[b];
                }
                row += 1;
            }
        }
    }
}

fn flat(lines: &[Line]) -> &[f64] {
    // SAFETY: a line is eight numbers without padding.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * DOUBLES) }
}

fn flat_mut(lines: &mut [Line]) -> &mut [f64] {
    // SAFETY: a line is eight numbers without padding.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * DOUBLES) }
}

/// Takes the first `count` nodes out of a network.
struct TakeOut<'a> {
    matrix: &'a mut Symmetric,
    count: usize,
    factors: &'a mut Vec<Line>,
}

impl Body for TakeOut<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, l: L) {
        let Self { matrix, count, factors } = self;
        let stride = matrix.stride;
        factors.resize(PANEL * stride, ZERO);
        for first in (0..count).step_by(PANEL) {
            let last = (first + PANEL).min(count);
            for k in first..last {
                pivot(l, matrix, k, last, &mut factors[(k - first) * stride..(k - first + 1) * stride]);
            }
            let (panel, rest) = matrix.lines.split_at_mut(last * stride);
            let panel = &panel[first * stride..];
            let job = Update { panel, factors, rest, stride, first: last, depth: last - first };
            // as many sums in registers as there are, with room for the factors
            if L::VECTORS >= 24 { update::<L, 8, 3>(l, job) } else { update::<L, 4, 1>(l, job) }
        }
    }
}

/// Takes out node `k`: its factors, and the rows of its panel up to `last`.
#[inline(always)]
fn pivot<L: Doubles>(l: L, matrix: &mut Symmetric, k: usize, last: usize, factors: &mut [Line]) {
    let stride = matrix.stride;
    let begin = k / DOUBLES;
    let (row, rest) = matrix.lines[k * stride..].split_at_mut(stride);
    // what stands on and below the diagonal
    row[begin].0[..=k % DOUBLES].fill(0.0);
    let mut sum = l.splat_f64(0.0);
    let one = l.splat_f64(1.0);
    for v in &row[begin..] {
        sum = l.mul_add(one, l.load_f64(&v.0), sum);
    }
    let mut sums = [0.0; DOUBLES];
    l.store_f64(sum, &mut sums);
    let sum: f64 = sums.iter().sum();
    let inverse = if sum > 0.0 { 1.0 / sum } else { 0.0 };
    for (f, v) in factors[begin..].iter_mut().zip(&row[begin..]) {
        l.store_f64(l.mul_f64(l.splat_f64(inverse), l.load_f64(&v.0)), &mut f.0);
    }
    for (other, to) in (k + 1..last).zip(rest.chunks_exact_mut(stride)) {
        let factor = l.splat_f64(factors[other / DOUBLES].0[other % DOUBLES]);
        let begin = other / DOUBLES;
        for (to, v) in to[begin..].iter_mut().zip(&row[begin..]) {
            l.store_f64(l.mul_add(factor, l.load_f64(&v.0), l.load_f64(&to.0)), &mut to.0);
        }
    }
}

/// `rest += factorsᵀ·panel` above the diagonal.
struct Update<'a> {
    panel: &'a [Line],
    factors: &'a [Line],
    /// Rows from node `first` on.
    rest: &'a mut [Line],
    stride: usize,
    first: usize,
    depth: usize,
}

#[inline(always)]
fn update<L: Doubles, const TALL: usize, const WIDE: usize>(l: L, mut job: Update<'_>) {
    let rows = job.rest.len() / job.stride;
    let mut row = 0;
    while row < rows {
        let tall = (rows - row).min(TALL);
        let mut block = (job.first + row) / DOUBLES;
        while block < job.stride {
            let wide = block + WIDE <= job.stride;
            match (tall == TALL, wide) {
                (true, true) => tile::<L, TALL, WIDE>(l, &mut job, row, block),
                (true, false) => tile::<L, TALL, 1>(l, &mut job, row, block),
                (false, true) => (row..rows).for_each(|row| tile::<L, 1, WIDE>(l, &mut job, row, block)),
                (false, false) => (row..rows).for_each(|row| tile::<L, 1, 1>(l, &mut job, row, block)),
            }
            block += if wide { WIDE } else { 1 };
        }
        row += tall;
    }
}

#[inline(always)]
fn tile<L: Doubles, const TALL: usize, const WIDE: usize>(l: L, job: &mut Update<'_>, row: usize, block: usize) {
    let stride = job.stride;
    let mut sums: [[L::Double; WIDE]; TALL] =
        std::array::from_fn(|t| std::array::from_fn(|w| l.load_f64(&job.rest[(row + t) * stride + block + w].0)));
    let node = job.first + row;
    let panel = job.panel.chunks_exact(stride).zip(flat(job.factors).chunks_exact(stride * DOUBLES));
    for (from, factors) in panel.take(job.depth) {
        let v: [L::Double; WIDE] = std::array::from_fn(|w| l.load_f64(&from[block + w].0));
        let factors = &factors[node..node + TALL];
        for t in 0..TALL {
            let factor = l.splat_f64(factors[t]);
            for w in 0..WIDE {
                sums[t][w] = l.mul_add(factor, v[w], sums[t][w]);
            }
        }
    }
    for (t, sums) in sums.into_iter().enumerate() {
        for (w, sum) in sums.into_iter().enumerate() {
            l.store_f64(sum, &mut job.rest[(row + t) * stride + block + w].0);
        }
    }
}
