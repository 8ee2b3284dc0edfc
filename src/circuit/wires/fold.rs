//! A crossbar with wires as one matrix: `currents = G_effᵀ · voltages` for every read to come.
//!
//! Linear networks are reciprocal: the current that row `i` at 1 V sends into bit line `j` is the current that bit
//! line `j` at 1 V sends into row `i`. One adjoint solution with the source at a bit line's sense terminals
//! therefore yields a whole column, read off at the drivers without any subtraction; eight columns are solved at
//! once.

use rayon::prelude::*;

use super::dense;
use super::line::Step;
use super::many::{Half, Lane, Layout};
use super::network::Network;
use super::relax::{Chebyshev, EASY, Plane, TOLERANCE, bound};
use crate::diag::{Diagnostic, Result};
use crate::simd::{DOUBLES, Isa};

/// Largest error of an element that a fold may have, relative to the element.
pub const FOLD_TOLERANCE: f64 = 1e-9;
/// The relaxation aims further: errors of later use add up.
const AIM: f64 = 5e-10;
/// Elements below this part of the largest of their column are judged as if they were as large.
const SMALL: f64 = 1e-6;

/// How a fold was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Line relaxation with so many half sweeps.
    Relaxation(usize),
    /// Dense recursion over the columns, chosen where relaxation would be slower or does not converge.
    Recursion,
}

/// Currents of bit lines at virtual ground per volt of each word line, wires included.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveMatrix {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Transfer conductances in siemens, `[row][column]`.
    pub g_eff: Vec<f64>,
    /// Bound of the error of an element relative to the larger of itself and 1e-6 of the column's largest.
    pub error_bound: f64,
    /// How it was found.
    pub method: Method,
}

impl EffectiveMatrix {
    /// Currents into the bit lines in ampere for word-line voltages in volt.
    ///
    /// # Panics
    /// If there is not one voltage for each row.
    #[must_use]
    pub fn currents(&self, voltages: &[f64]) -> Vec<f64> {
        assert_eq!(voltages.len(), self.rows, "one voltage for each row");
        let mut out = vec![0.0; self.cols];
        for (g, v) in self.g_eff.chunks_exact(self.cols).zip(voltages) {
            out.iter_mut().zip(g).for_each(|(i, g)| *i += g * v);
        }
        out
    }
}

/// Reusable room for folds, one for each thread.
#[derive(Debug, Default)]
pub struct Folder {
    plane: Plane,
    word: Kind,
    bit: Kind,
    room: Vec<Lane>,
    dense: dense::Room,
}

/// Lines of one kind with eight right-hand sides.
#[derive(Debug, Default)]
struct Kind {
    steps: Vec<Step>,
    ends: Vec<[Lane; 2]>,
    x: Vec<Lane>,
    weights: Vec<f64>,
}

impl Folder {
    /// Folds a network on the instruction set of choice; results are the same bits on each.
    ///
    /// # Errors
    /// `R120`, `R121` for a network that makes no sense, `R122` if no method reaches [`FOLD_TOLERANCE`], `R124` if
    /// cells are not linear.
    pub fn fold(&mut self, network: &Network, isa: Isa) -> Result<EffectiveMatrix> {
        network.check()?;
        if !network.is_linear() {
            return Err(Diagnostic::error("R124", "a crossbar with selectors or curved cells has no effective matrix")
                .help("solve each read by itself, or fold with the chord conductances at the read voltage")
                .into());
        }
        let g = network.conductances();
        self.plane.prepare(isa, network, &g);
        let halves = Chebyshev::new(self.plane.radius).halves(TOLERANCE);
        let groups = network.cols.div_ceil(DOUBLES) as f64;
        // prices in ns, measured: a crosspoint of a half sweep of eight right-hand sides (its traffic with the second
        // cache), a multiplication and addition of the recursion
        let relaxation = halves * groups * g.len() as f64 * 7.5;
        let recursion = dense::operations(network) * 0.05;
        let easy = self.plane.radius < EASY || relaxation <= recursion;
        let relaxed = if easy { self.relaxed(network, &g, isa, halves as usize) } else { None };
        let (g_eff, error_bound, method) = match relaxed {
            Some((g_eff, bound, halves)) => (g_eff, bound, Method::Relaxation(halves)),
            None => {
                let (g_eff, bound) = dense::fold(network, &g, isa, &mut self.dense);
                (g_eff, bound, Method::Recursion)
            }
        };
        if error_bound > FOLD_TOLERANCE || error_bound.is_nan() {
            return Err(not_converged(error_bound));
        }
        Ok(EffectiveMatrix { rows: network.rows, cols: network.cols, g_eff, error_bound, method })
    }

    fn relaxed(&mut self, network: &Network, g: &[f64], isa: Isa, expected: usize) -> Option<(Vec<f64>, f64, usize)> {
        let Network { rows, cols, word, bit, .. } = network;
        let (rows, cols) = (*rows, *cols);
        let layouts = [Layout::word(rows, cols), Layout::bit(rows, cols)];
        for (kind, layout, lines) in [(&mut self.word, layouts[0], word), (&mut self.bit, layouts[1], bit)] {
            layout.steps(lines, g, &mut kind.steps);
            kind.ends.clear();
            kind.ends.resize(layout.lines, [[0.0; DOUBLES]; 2]);
            kind.x.resize(rows * cols, [0.0; DOUBLES]);
            kind.weights.clear();
        }
        for at in 0..rows * cols {
            let [word, bit] = self.plane.weights(at / cols, at % cols);
            self.word.weights.push(word);
            self.bit.weights.push(bit);
        }
        let mut g_eff = vec![0.0; rows * cols];
        let (mut worst, mut most) = (0.0f64, 0);
        for first in (0..cols).step_by(DOUBLES) {
            let targets = first..(first + DOUBLES).min(cols);
            self.bit.ends.fill([[0.0; DOUBLES]; 2]);
            for col in targets.clone() {
                for end in 0..2 {
                    self.bit.ends[col][end][col - first] = f64::from(u8::from(bit.is_driven(col, end)));
                }
            }
            self.word.x.fill([0.0; DOUBLES]);
            self.bit.x.fill([0.0; DOUBLES]);
            let mut weights = Chebyshev::new(self.plane.radius);
            // all word lines stand at 0 V: only the lines with a source get a voltage
            self.half(isa, 1, layouts[1], targets.clone(), weights.next(), false);
            let (mut omega_before, mut before) = (1.0, [f64::INFINITY; DOUBLES]);
            let mut half = 1;
            let reached = loop {
                half += 1;
                let omega = weights.next();
                let kind = half % 2;
                let weigh = half + 1 >= expected;
                let change = self.half(isa, kind, layouts[kind], 0..layouts[kind].lines, omega, weigh);
                if weigh && half > expected && kind == 0 {
                    let bounds: Lane =
                        std::array::from_fn(|l| bound(self.plane.radius, omega_before, before[l], change[l]));
                    let reached = self.read_off(network, targets.clone(), &bounds, &mut g_eff);
                    // twice as many as foreseen: rounding is reached, or the radius is wrong
                    if reached <= AIM || half > 2 * expected + 8 {
                        break reached;
                    }
                }
                (omega_before, before) = (omega, if weigh { change } else { [f64::INFINITY; DOUBLES] });
            };
            worst = worst.max(reached);
            most = most.max(half);
            if reached > FOLD_TOLERANCE || reached.is_nan() {
                return None;
            }
        }
        Some((g_eff, worst, most))
    }

    fn half(
        &mut self,
        isa: Isa,
        kind: usize,
        layout: Layout,
        lines: std::ops::Range<usize>,
        omega: f64,
        weigh: bool,
    ) -> Lane {
        let (own, other) = if kind == 0 { (&mut self.word, &self.bit) } else { (&mut self.bit, &self.word) };
        let Kind { steps, ends, x, weights } = own;
        let weights = weigh.then_some(&weights[..]);
        Half { layout, lines, steps, ends, d: &other.x, x, room: &mut self.room, omega, weights }.sweep(isa)
    }

    /// Writes the columns `targets` and returns the bound of their relative errors.
    fn read_off(&self, network: &Network, targets: std::ops::Range<usize>, bounds: &Lane, g_eff: &mut [f64]) -> f64 {
        let cols = network.cols;
        let mut largest = [0.0f64; DOUBLES];
        let mut errors = vec![[0.0; DOUBLES]; network.rows];
        for row in 0..network.rows {
            for (lane, col) in targets.clone().enumerate() {
                let mut sum = 0.0;
                for end in 0..2 {
                    if network.word.is_driven(row, end) {
                        let at = row * cols + if end == 0 { 0 } else { cols - 1 };
                        let siemens = 1.0 / network.word.end_resistance(row, end);
                        sum += self.word.x[at][lane] * siemens;
                        if self.word.weights[at] > 0.0 {
                            errors[row][lane] += bounds[lane] / self.word.weights[at] * siemens;
                        }
                    }
                }
                g_eff[row * cols + col] = sum;
                largest[lane] = largest[lane].max(sum.abs());
            }
        }
        let mut worst = 0.0f64;
        for (row, errors) in errors.iter().enumerate() {
            for (lane, col) in targets.clone().enumerate() {
                if errors[lane] > 0.0 {
                    worst = worst.max(errors[lane] / g_eff[row * cols + col].abs().max(SMALL * largest[lane]));
                }
            }
        }
        worst
    }
}

/// The failure of every method.
pub(super) fn not_converged(bound: f64) -> crate::diag::Diagnostics {
    Diagnostic::failure("R122", format!("the network of wires is not solved: the error may be {bound:.1e}"))
        .help("a line that only cells connect, or wires of far more resistance than the cells, leave voltages undetermined")
        .into()
}

/// Folds one network on this processor's best instruction set.
///
/// # Errors
/// See [`Folder::fold`].
pub fn fold(network: &Network) -> Result<EffectiveMatrix> {
    Folder::default().fold(network, Isa::best())
}

/// Folds many networks, in parallel; results stand in their order.
///
/// # Errors
/// The first network's that fails, in their order.
pub fn fold_all(networks: &[Network]) -> Result<Vec<EffectiveMatrix>> {
    let folded: Vec<_> =
        networks.par_iter().map_init(Folder::default, |folder, n| folder.fold(n, Isa::best())).collect();
    folded.into_iter().collect()
}
