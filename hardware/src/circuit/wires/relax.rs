//! Line relaxation with cyclic Chebyshev weights, and what it is worth.
//!
//! With all bit lines known, every word line is a tridiagonal system by itself, and the other way round. Sweeping
//! in turn is block Gauss–Seidel with two blocks; Chebyshev weights (G. H. Golub, R. S. Varga, Numer. Math. 3, 147,
//! 1961, doi:10.1007/BF01386013) take the square root of its number of sweeps without a single dot product.
//!
//! The sweep is `x ↦ T·x + f` with `T ≥ 0`, which makes an honest bound cheap. Power steps from a positive vector yield
//! a positive `u` and `ρ` with `T·u ≤ ρ·u` (Collatz–Wielandt: `ρ` is no less than the spectral radius). If the last two
//! half sweeps changed nothing by more than `ε'·u` and `ε·u` and the last but one was weighted by `ω'`, then no voltage
//! is further from the solution than `u·(|1 − ω'|·ε' + ε)/(1 − ρ)`.

use std::f64::consts::FRAC_PI_2;

use super::network::{End, Lines, Network};
use super::single::{Half, Side};
use crate::simd::{DOUBLES, Isa};

/// Most power steps for the spectral radius.
const POWER_STEPS: usize = 40;
/// Power steps end when upper and lower bound of the radius, and their distances from 1, differ by no more than this
/// factor: it costs a tenth more sweeps.
const RADIUS_FACTOR: f64 = 1.2;
/// Below this radius a sweep leaves nothing: no need to know it better.
const NEGLIGIBLE: f64 = 1e-4;
/// Error reduction after which the bound is looked at.
pub(super) const TOLERANCE: f64 = 1e-10;

/// Radius below which relaxation is always taken: a few sweeps do, and rounding leaves the recursion no bound where
/// wires conduct far better than cells.
pub(super) const EASY: f64 = 0.05;

/// The weights of successive half sweeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chebyshev {
    radius: f64,
    omega: f64,
}

impl Chebyshev {
    /// For a sweep of spectral radius `radius` (Gauss–Seidel).
    pub(super) const fn new(radius: f64) -> Self {
        Self { radius, omega: 0.0 }
    }
    /// Weight of the next half sweep; the first is 1.
    pub(super) fn next(&mut self) -> f64 {
        self.omega = match self.omega {
            0.0 => 1.0,
            1.0 => 1.0 / (1.0 - self.radius / 2.0),
            w => 1.0 / (1.0 - self.radius * w / 4.0),
        };
        self.omega
    }
    /// Half sweeps that reduce the error by `factor`; infinite if the radius is 1.
    pub(super) fn halves(&self, factor: f64) -> f64 {
        if self.radius >= 1.0 {
            return f64::INFINITY;
        }
        let reduction = self.radius.sqrt() / (1.0 + (1.0 - self.radius).sqrt());
        ((factor / 2.0).ln() / reduction.ln()).ceil().max(2.0)
    }
}

/// Error bound from the weighted changes of the last two half sweeps.
pub(super) fn bound(radius: f64, omega_before: f64, before: f64, last: f64) -> f64 {
    if radius >= 1.0 { f64::INFINITY } else { ((1.0 - omega_before).abs() * before + last) / (1.0 - radius) }
}

/// Slowest voltage to fade along a line of `count` crosspoints that nothing but its ends holds: a quarter or half wave.
fn shape(lines: &Lines, position: usize, count: usize) -> f64 {
    let [first, last] = lines.ends.map(|end| end != End::Open);
    let (from_first, from_last, count) = ((position + 1) as f64, (count - position) as f64, count as f64);
    let part = match (first, last) {
        (false, false) => 1.0,
        (true, false) => 2.0 * from_first / (2.0 * count + 1.0),
        (false, true) => 2.0 * from_last / (2.0 * count + 1.0),
        (true, true) => from_first / (count + 1.0) * 2.0,
    };
    (FRAC_PI_2 * part).sin()
}

/// Both sides of a crossbar under one right-hand side.
#[derive(Debug, Default)]
pub(super) struct Plane {
    /// Word lines.
    pub word: Side,
    /// Bit lines.
    pub bit: Side,
    rows: usize,
    cols: usize,
    /// Upper bound of the spectral radius of a sweep.
    pub radius: f64,
    before: Vec<[f64; DOUBLES]>,
}

impl Plane {
    /// Prepares the network with conductances `g`; voltages are zero afterwards.
    pub(super) fn prepare(&mut self, isa: Isa, network: &Network, g: &[f64]) {
        let Network { rows, cols, word, bit, .. } = network;
        (self.rows, self.cols) = (*rows, *cols);
        self.word.prepare(word, *rows, *cols, |i, j| g[i * cols + j]);
        self.bit.prepare(bit, *cols, *rows, |j, i| g[i * cols + j]);
        self.find_radius(isa, network);
    }

    fn half(&mut self, isa: Isa, word: bool, omega: f64, weigh: bool) -> f64 {
        let (side, other, count) =
            if word { (&mut self.word, &mut self.bit, self.rows) } else { (&mut self.bit, &mut self.word, self.cols) };
        Half { side, tell: &mut other.far, count, omega, weigh }.sweep(isa)
    }

    /// Power steps on a problem without sources; leaves the weights `1/u` of both sides.
    fn find_radius(&mut self, isa: Isa, network: &Network) {
        for row in 0..self.rows {
            for col in 0..self.cols {
                let u = shape(&network.word, col, self.cols) * shape(&network.bit, row, self.rows);
                let (at, lane) = self.word.place(row, col);
                self.word.far[at][lane] = u;
                let (at, lane) = self.bit.place(col, row);
                self.bit.own[at][lane] = u;
            }
        }
        for _ in 0..POWER_STEPS {
            self.before.clone_from(&self.bit.own);
            self.half(isa, true, 1.0, false);
            self.half(isa, false, 1.0, false);
            let (mut least, mut most) = (f64::INFINITY, 0.0f64);
            for (before, now) in self.before.as_flattened().iter().zip(self.bit.own.as_flattened()) {
                // nodes that no cell reaches keep 0
                if *now > 0.0 {
                    let ratio = now / before;
                    (least, most) = (least.min(ratio), most.max(ratio));
                }
            }
            self.radius = most;
            let known = most <= RADIUS_FACTOR * least && 1.0 - least <= RADIUS_FACTOR * (1.0 - most);
            if known || most < NEGLIGIBLE {
                break;
            }
        }
        let weigh = |u: &[[f64; DOUBLES]], to: &mut Vec<[f64; DOUBLES]>| {
            to.clear();
            to.extend(u.iter().map(|u| u.map(|u| if u > 0.0 { 1.0 / u } else { 0.0 })));
        };
        weigh(&self.word.own, &mut self.word.weights);
        weigh(&self.before, &mut self.bit.weights);
        for side in [&mut self.word, &mut self.bit] {
            side.own.fill([0.0; DOUBLES]);
            side.far.fill([0.0; DOUBLES]);
        }
    }

    /// `1/u` of a crosspoint on its word and on its bit line; 0 where nothing is to weigh.
    pub(super) fn weights(&self, row: usize, col: usize) -> [f64; 2] {
        let of = |side: &Side, line, position| {
            let (at, lane) = side.place(line, position);
            side.weights[at][lane]
        };
        [of(&self.word, row, col), of(&self.bit, col, row)]
    }

    /// Bit lines from the word lines that stand there, and one plain sweep; returns the bound.
    pub(super) fn settle(&mut self, isa: Isa) -> f64 {
        self.half(isa, false, 1.0, false);
        let before = self.half(isa, true, 1.0, true);
        let last = self.half(isa, false, 1.0, true);
        bound(self.radius, 1.0, before, last)
    }

    /// Relaxes from the voltages that stand there until no node `n` can be further than `tolerance·u(n)` from the
    /// solution, or for `most` half sweeps. Returns the bound (relative to `u`) and the half sweeps done.
    pub(super) fn relax(&mut self, isa: Isa, tolerance: f64, most: usize) -> (f64, usize) {
        let mut weights = Chebyshev::new(self.radius);
        let looked_at = weights.halves(TOLERANCE);
        let (mut omega_before, mut change_before) = (1.0, f64::INFINITY);
        let mut reached = f64::INFINITY;
        for half in 0..most {
            let omega = weights.next();
            // looking costs a multiplication and a maximum: now and then, and where the end is near
            let weigh = half % 16 >= 14 || half as f64 >= looked_at - 2.0;
            let change = self.half(isa, half % 2 == 0, omega, weigh);
            if weigh && half % 2 == 1 {
                reached = bound(self.radius, omega_before, change_before, change);
                if reached <= tolerance {
                    return (reached, half + 1);
                }
            }
            (omega_before, change_before) = (omega, if weigh { change } else { f64::INFINITY });
        }
        (reached, most)
    }
}
