//! Eight small pieces of a crossbar at once, each reduced to its border.
//!
//! A piece is 8 × 8 crosspoints. A lane is a piece: all have the same structure, so that eight go through the same
//! star–mesh steps side by side. See [`super::mesh`] for what a piece and a step are.

use super::network::{End, Lines, Network};
use crate::simd::{Body, DOUBLES, Doubles};

/// Crosspoints along each side of a piece.
pub(super) const SIDE: usize = 8;
/// Border nodes of a piece: west, east, north, south, and the ground.
pub(super) const PORTS: usize = 4 * SIDE + 1;

/// Stands for a wire that passes where no crosspoint is, in siemens: see `NONE` of the network.
const PASSING: f64 = 1e24;

type Lane = [f64; DOUBLES];

/// A rectangle of crosspoints: `[a][b]` of the conductances between its border nodes, `a < b`, in the order west
/// (top to bottom), east, north (left to right), south, ground.
#[derive(Debug, Clone, Default)]
struct Piece {
    height: usize,
    width: usize,
    g: Vec<Lane>,
}

impl Piece {
    fn nodes(&self) -> usize {
        2 * (self.height + self.width) + 1
    }
}

/// Reusable room.
#[derive(Debug, Default)]
pub(super) struct Room {
    stack: Vec<Piece>,
    free: Vec<Vec<Lane>>,
    matrix: Vec<Lane>,
    factors: Vec<Lane>,
}

/// Reduces the pieces at the given first crosspoints (row, column); those outside of the crossbar are passing wires.
pub(super) struct Reduce<'a> {
    pub network: &'a Network,
    pub g: &'a [f64],
    pub at: &'a [(usize, usize)],
    pub room: &'a mut Room,
    /// Receives `[a][b]` of the [`PORTS`] border nodes, `a < b`.
    pub to: &'a mut Vec<Lane>,
}

impl Body for Reduce<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Doubles>(self, l: L) {
        let Self { network, g, at, room, to } = self;
        let stack = &mut room.stack;
        // pieces of one size meet like the digits of a counter: every second horizontally, then vertically
        for index in 0..SIDE * SIDE {
            let (mut row, mut col) = (0, 0);
            for bit in 0..SIDE.trailing_zeros() {
                col |= (index >> (2 * bit) & 1) << bit;
                row |= (index >> (2 * bit + 1) & 1) << bit;
            }
            let mut one = Piece { height: 1, width: 1, g: room.free.pop().unwrap_or_default() };
            one.g.clear();
            one.g.resize(5 * 5, [0.0; DOUBLES]);
            for (lane, (first_row, first_col)) in at.iter().enumerate() {
                let of = crosspoint(network, g, first_row + row, first_col + col);
                one.g.iter_mut().zip(of.as_flattened()).for_each(|(to, v)| to[lane] = *v);
            }
            stack.push(one);
            let mut carried = index + 1;
            let mut horizontal = true;
            while carried % 2 == 0 {
                let (Some(second), Some(first)) = (stack.pop(), stack.pop()) else { break };
                let made = join(l, &first, &second, horizontal, &mut room.matrix, &mut room.factors, &mut room.free);
                room.free.extend([first.g, second.g]);
                stack.push(made);
                (carried, horizontal) = (carried / 2, !horizontal);
            }
        }
        if let Some(whole) = stack.pop() {
            room.free.push(std::mem::replace(to, whole.g));
        }
    }
}

/// Nodes of a crosspoint: its sides, the ground, and its own two where the sides are ends of lines.
const WEST: usize = 0;
const EAST: usize = 1;
const NORTH: usize = 2;
const SOUTH: usize = 3;
const GROUND: usize = 4;
const WORD: usize = 5;
const BIT: usize = 6;

/// Conductances between the nodes of a crosspoint, `[a][b]`, `a < b`.
type Star = [[f64; 7]; 7];

fn add(c: &mut Star, a: usize, b: usize, siemens: f64) {
    c[a.min(b)][a.max(b)] += siemens;
}

/// Adds what a line has at one of its crosspoints: `nodes` before it, on it, after it.
fn line(c: &mut Star, lines: &Lines, index: usize, (at, count): (usize, usize), nodes: [usize; 3]) {
    let mut end = |end: usize, to: usize| match lines.ends[end] {
        End::Open => {}
        End::Driven { .. } => add(c, nodes[1], to, 1.0 / lines.end_resistance(index, end)),
        End::Grounded { .. } => add(c, nodes[1], GROUND, 1.0 / lines.end_resistance(index, end)),
    };
    if at == 0 {
        end(0, nodes[0]);
    }
    if at + 1 == count {
        end(1, nodes[2]);
    } else {
        add(c, nodes[1], nodes[2], 1.0 / lines.inner_resistance());
    }
}

/// Conductances between the four sides and ground of one crosspoint, `[a][b]`, `a < b`.
///
/// The west side is the crosspoint's node on the word line itself, the north side the one on the bit line; east and
/// south lie behind the next segments. In the first column and row the sides are the ends of the lines instead.
fn crosspoint(network: &Network, g: &[f64], row: usize, col: usize) -> [[f64; 5]; 5] {
    let Network { rows, cols, word, bit, .. } = network;
    let mut c = Star::default();
    let passes = |lines: &Lines| matches!(lines.ends[1], End::Driven { .. });
    let on_word = if col == 0 { WORD } else { WEST };
    let on_bit = if row == 0 { BIT } else { NORTH };
    match (row < *rows, col < *cols) {
        (true, true) => {
            line(&mut c, word, row, (col, *cols), [WEST, on_word, EAST]);
            line(&mut c, bit, col, (row, *rows), [NORTH, on_bit, SOUTH]);
            add(&mut c, on_word, on_bit, g[row * cols + col]);
        }
        (true, false) if passes(word) => add(&mut c, WEST, EAST, PASSING),
        (false, true) if passes(bit) => add(&mut c, NORTH, SOUTH, PASSING),
        _ => {}
    }
    for node in [BIT, WORD] {
        let legs: [f64; 7] = std::array::from_fn(|other| if other < node { c[other][node] } else { 0.0 });
        let sum: f64 = legs.iter().sum();
        if sum > 0.0 {
            for a in 0..node {
                for b in a + 1..node {
                    c[a][b] += legs[a] * (legs[b] / sum);
                }
            }
        }
    }
    std::array::from_fn(|a| std::array::from_fn(|b| c[a][b]))
}

/// Two neighbouring pieces as one.
#[inline(always)]
fn join<L: Doubles>(
    l: L,
    first: &Piece,
    second: &Piece,
    horizontal: bool,
    matrix: &mut Vec<Lane>,
    factors: &mut Vec<Lane>,
    free: &mut Vec<Vec<Lane>>,
) -> Piece {
    let (h, w) = (first.height, first.width);
    // both have one size; nodes of the whole, those that are to vanish first
    let (gone, height, width) = if horizontal { (h, h, 2 * w) } else { (w, 2 * h, w) };
    let [west, east, north, south] = [gone, gone + height, gone + 2 * height, gone + 2 * height + width];
    let ground = south + width;
    let nodes = ground + 1;
    let place = |second: bool, node: usize| {
        let s = usize::from(second);
        match node {
            n if n < h => {
                if horizontal && second {
                    n
                } else if horizontal {
                    west + n
                } else {
                    west + s * h + n
                }
            }
            n if n < 2 * h => {
                let n = n - h;
                if horizontal && !second {
                    n
                } else if horizontal {
                    east + n
                } else {
                    east + s * h + n
                }
            }
            n if n < 2 * h + w => {
                let n = n - 2 * h;
                if !horizontal && second {
                    n
                } else if !horizontal {
                    north + n
                } else {
                    north + s * w + n
                }
            }
            n if n < 2 * (h + w) => {
                let n = n - 2 * h - w;
                if !horizontal && !second {
                    n
                } else if !horizontal {
                    south + n
                } else {
                    south + s * w + n
                }
            }
            _ => ground,
        }
    };
    matrix.clear();
    matrix.resize(nodes * nodes, [0.0; DOUBLES]);
    let one = l.splat_f64(1.0);
    let mut places = [0; PORTS];
    for (is_second, piece) in [(false, first), (true, second)] {
        let n = piece.nodes();
        places[..n].iter_mut().enumerate().for_each(|(node, to)| *to = place(is_second, node));
        for a in 0..n {
            for b in a + 1..n {
                let (x, y) = (places[a].min(places[b]), places[a].max(places[b]));
                let to = &mut matrix[x * nodes + y];
                let sum = l.mul_add(one, l.load_f64(&piece.g[a * n + b]), l.load_f64(to));
                l.store_f64(sum, to);
            }
        }
    }
    factors.resize(nodes, [0.0; DOUBLES]);
    for k in 0..gone {
        let (pivot, rest) = matrix[k * nodes..].split_at_mut(nodes);
        let mut sum = l.splat_f64(0.0);
        for v in &pivot[k + 1..] {
            sum = l.mul_add(one, l.load_f64(v), sum);
        }
        let mut sums = [0.0; DOUBLES];
        l.store_f64(sum, &mut sums);
        let inverse = l.load_f64(&sums.map(|s| if s > 0.0 { 1.0 / s } else { 0.0 }));
        for (v, f) in pivot.iter().zip(factors.iter_mut()).skip(k + 1) {
            l.store_f64(l.mul_f64(l.load_f64(v), inverse), f);
        }
        for (i, row) in rest.chunks_exact_mut(nodes).enumerate() {
            let i = k + 1 + i;
            let factor = l.load_f64(&factors[i]);
            for (to, v) in row[i + 1..].iter_mut().zip(&pivot[i + 1..]) {
                l.store_f64(l.mul_add(factor, l.load_f64(v), l.load_f64(to)), to);
            }
        }
    }
    let kept = nodes - gone;
    let mut g = free.pop().unwrap_or_default();
    g.clear();
    for row in matrix.chunks_exact(nodes).skip(gone) {
        g.extend_from_slice(&row[gone..]);
    }
    debug_assert_eq!(g.len(), kept * kept);
    Piece { height, width, g }
}
