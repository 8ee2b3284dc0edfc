//! Half sweeps for eight right-hand sides at once: a lane is a right-hand side, coefficients are shared.

use std::ops::Range;

use super::line::{Step, steps};
use super::network::Lines;
use crate::simd::{Body, DOUBLES, Doubles, Isa, run};

/// Eight numbers, one for each right-hand side.
pub(super) type Lane = [f64; DOUBLES];

/// Lines walked side by side, so that one line's recurrence fills the waiting of another's.
const ABREAST: usize = 4;
/// Crosspoints that are asked for ahead: neighbours on a bit line lie too far apart for the processor to guess.
const AHEAD: usize = 12;

/// How the crosspoints of a set of lines lie in a `[row][column]` array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Number of lines.
    pub lines: usize,
    /// Crosspoints of a line.
    pub length: usize,
    /// Distance between neighbouring lines.
    pub line: usize,
    /// Distance between neighbouring crosspoints of a line.
    pub along: usize,
}

impl Layout {
    /// Word lines of a crossbar.
    pub(super) const fn word(rows: usize, cols: usize) -> Self {
        Self { lines: rows, length: cols, line: cols, along: 1 }
    }
    /// Bit lines of a crossbar.
    pub(super) const fn bit(rows: usize, cols: usize) -> Self {
        Self { lines: cols, length: rows, line: 1, along: cols }
    }
    /// Coefficients of all lines, `[row][column]`.
    pub(super) fn steps(&self, lines: &Lines, g: &[f64], to: &mut Vec<Step>) {
        to.clear();
        to.resize(g.len(), Step::default());
        for line in 0..self.lines {
            let first = line * self.line;
            let of_line = (0..self.length).map(|p| g[first + p * self.along]);
            steps(lines, line, of_line, |p, step| to[first + p * self.along] = step);
        }
    }
}

/// A half sweep `x ← x + ω·(F(d) − x)` over lines of one kind.
pub(super) struct Half<'a> {
    /// Where the lines lie.
    pub layout: Layout,
    /// Which of them are swept.
    pub lines: Range<usize>,
    /// Coefficients, `[row][column]`.
    pub steps: &'a [Step],
    /// Start and end voltages of each line.
    pub ends: &'a [[Lane; 2]],
    /// Voltages of the other lines.
    pub d: &'a [Lane],
    /// Voltages of these lines.
    pub x: &'a mut [Lane],
    /// Room for the forward pass.
    pub room: &'a mut Vec<Lane>,
    /// Over-relaxation.
    pub omega: f64,
    /// Weights of the changes `|F(d) − x|`, `[row][column]`, if their maximum is wanted.
    pub weights: Option<&'a [f64]>,
}

impl Half<'_> {
    /// Sweeps and returns the largest weighted change of each lane (zeros without weights).
    pub(super) fn sweep(self, isa: Isa) -> Lane {
        run(isa, self)
    }
}

impl Body for Half<'_> {
    type Output = Lane;
    #[inline(always)]
    fn run<L: Doubles>(mut self, l: L) -> Lane {
        self.room.resize(self.layout.length * ABREAST, [0.0; DOUBLES]);
        let mut most = [0.0; DOUBLES];
        let Range { start: mut line, end } = self.lines;
        while line + ABREAST <= end {
            bundle::<L, ABREAST>(l, &mut self, line, &mut most);
            line += ABREAST;
        }
        while line < end {
            bundle::<L, 1>(l, &mut self, line, &mut most);
            line += 1;
        }
        most
    }
}

#[inline(always)]
fn bundle<L: Doubles, const B: usize>(l: L, half: &mut Half<'_>, line: usize, most: &mut Lane) {
    let Layout { length, line: across, along, .. } = half.layout;
    let first = line * across;
    let room = &mut half.room[..length * B];
    let mut y: [L::Double; B] = std::array::from_fn(|b| l.load_f64(&half.ends[line + b][0]));
    for (p, room) in room.chunks_exact_mut(B).enumerate() {
        if p + AHEAD < length {
            for b in 0..B {
                l.prefetch(&half.d[first + (p + AHEAD) * along + b * across]);
            }
        }
        for b in 0..B {
            let at = first + p * along + b * across;
            let step = &half.steps[at];
            y[b] = l.mul_add(l.splat_f64(step.c), y[b], l.mul_f64(l.splat_f64(step.a), l.load_f64(&half.d[at])));
            l.store_f64(y[b], &mut room[b]);
        }
    }
    let omega = l.splat_f64(half.omega);
    let mut x: [L::Double; B] = std::array::from_fn(|b| l.load_f64(&half.ends[line + b][1]));
    let mut largest = l.load_f64(most);
    for (p, room) in room.chunks_exact(B).enumerate().rev() {
        if p >= AHEAD {
            for b in 0..B {
                l.prefetch(&half.x[first + (p - AHEAD) * along + b * across]);
            }
        }
        for b in 0..B {
            let at = first + p * along + b * across;
            x[b] = l.mul_add(l.splat_f64(half.steps[at].k), x[b], l.load_f64(&room[b]));
            let old = l.load_f64(&half.x[at]);
            let change = l.sub_f64(x[b], old);
            l.store_f64(l.mul_add(omega, change, old), &mut half.x[at]);
            if let Some(weights) = half.weights {
                largest = l.max_abs(largest, l.mul_f64(l.splat_f64(weights[at]), change));
            }
        }
    }
    l.store_f64(largest, most);
}
