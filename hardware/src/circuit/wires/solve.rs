//! One read or write of a crossbar: all voltages and currents for one set of drives.

use super::dense;
use super::fold::not_converged;
use super::law::{Law, Series};
use super::network::{Drives, Lines, Network};
use super::newton;
use super::relax::{Chebyshev, EASY, Plane, TOLERANCE};
use crate::diag::{Diagnostic, Result};
use crate::simd::{DOUBLES, Isa};

/// Largest error that a solution may have, relative to the largest current of a bit line.
pub const SOLVE_TOLERANCE: f64 = 1e-9;
/// What the relaxation asks for, relative to the unit vector of its bound.
const AIM: f64 = 1e-11;
/// Half sweeps after which relaxation gives up.
const MOST: usize = 100_000;

/// All that flows in a crossbar. Currents in ampere, voltages in volt.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Currents that the drivers send into the word lines.
    pub row_currents: Vec<f64>,
    /// Currents that leave the bit lines at their driven ends.
    pub col_currents: Vec<f64>,
    /// Voltages of the crosspoints on the word lines, `[row][column]`.
    pub word: Vec<f64>,
    /// Voltages of the crosspoints on the bit lines, `[row][column]`.
    pub bit: Vec<f64>,
    /// Currents through the cells from word to bit line, `[row][column]`.
    pub cell_currents: Vec<f64>,
    /// Power that all drivers deliver in watt.
    pub power: f64,
    /// Bound of the error of a bit line's current by the unfinished iteration, relative to the largest of them.
    pub error_bound: f64,
    /// Half sweeps of relaxation in all.
    pub halves: usize,
}

impl Solution {
    /// Voltages across the cells, `[row][column]`.
    #[must_use]
    pub fn cell_voltages(&self) -> Vec<f64> {
        self.word.iter().zip(&self.bit).map(|(w, b)| w - b).collect()
    }
}

/// Reusable room, one for each thread.
#[derive(Debug, Default)]
pub struct Bench {
    pub(super) plane: Plane,
}

/// Solves a network whose cells follow their own description ([`Network::cell`], [`Network::curve`]).
///
/// # Errors
/// `R120`, `R121` for a network that makes no sense, `R122`, `R123` where no solution was found.
pub fn solve(network: &Network, drives: &Drives) -> Result<Solution> {
    Bench::default().solve(network, drives, Isa::best())
}

/// Solves a network whose cells follow `law`; [`Network::g`] serves as a first guess of their slopes.
///
/// # Errors
/// See [`solve`].
pub fn solve_with(network: &Network, drives: &Drives, law: &dyn Law) -> Result<Solution> {
    check(network, drives)?;
    newton::solve(network, drives, law, Isa::best(), &mut Bench::default())
}

impl Bench {
    /// [`solve`] with an instruction set of choice and room that is used again.
    ///
    /// # Errors
    /// See [`solve`].
    pub fn solve(&mut self, network: &Network, drives: &Drives, isa: Isa) -> Result<Solution> {
        check(network, drives)?;
        if network.is_linear() {
            linear(network, &network.conductances(), None, drives, isa, self).map(|(solution, _)| solution)
        } else {
            newton::solve(network, drives, &Series(network), isa, self)
        }
    }
}

fn check(network: &Network, drives: &Drives) -> Result<()> {
    network.check()?;
    let sound = |v: &[f64], lines: usize| v.len() == lines && v.iter().all(|v| v.is_finite());
    if sound(&drives.rows, network.rows) && sound(&drives.cols, network.cols) {
        return Ok(());
    }
    let text = format!(
        "{} and {} drives for {} word and {} bit lines",
        drives.rows.len(),
        drives.cols.len(),
        network.rows,
        network.cols
    );
    Err(Diagnostic::error("R120", text).help("one voltage for each line, a finite number of volt").into())
}

/// Voltages of the ends of a line at its drive.
fn ends(lines: &Lines, line: usize, drives: &[f64]) -> [f64; 2] {
    [0, 1].map(|end| if lines.is_driven(line, end) { drives[line] } else { 0.0 })
}

/// Solves for conductances `g` with voltage sources `emf` in series with the cells (pushing current from word to bit
/// line). `bench` keeps nothing of earlier networks. Returns the bound of voltages in volt beside the solution.
pub(super) fn linear(
    network: &Network,
    g: &[f64],
    emf: Option<&[f64]>,
    drives: &Drives,
    isa: Isa,
    bench: &mut Bench,
) -> Result<(Solution, f64)> {
    let Network { rows, cols, word, bit, .. } = network;
    let (rows, cols) = (*rows, *cols);
    let plane = &mut bench.plane;
    plane.prepare(isa, network, g);
    for row in 0..rows {
        plane.word.set_ends(row, ends(word, row, &drives.rows));
    }
    for col in 0..cols {
        plane.bit.set_ends(col, ends(bit, col, &drives.cols));
    }
    if let Some(emf) = emf {
        plane.word.emf.resize(plane.word.own.len(), [0.0; DOUBLES]);
        plane.bit.emf.resize(plane.bit.own.len(), [0.0; DOUBLES]);
        for (at, e) in emf.iter().enumerate() {
            let (row, col) = (at / cols, at % cols);
            let (to, lane) = plane.word.place(row, col);
            plane.word.emf[to][lane] = -e;
            let (to, lane) = plane.bit.place(col, row);
            plane.bit.emf[to][lane] = *e;
        }
    }
    let drive = drives.rows.iter().chain(&drives.cols).chain(emf.unwrap_or(&[])).fold(0.0f64, |m, v| m.max(v.abs()));
    let tolerance = AIM * drive;
    // prices in ns, measured: a crosspoint of a half sweep; a multiplication and addition of the recursion
    let relaxation = Chebyshev::new(plane.radius).halves(TOLERANCE) * g.len() as f64 * 4.0;
    let recursion = dense::operations_of_one(network) * 0.05;
    let direct = plane.radius >= EASY && relaxation > recursion;
    let (reached, halves) = if direct {
        let voltages = dense::voltages(network, g, emf, drives, isa);
        for (at, v) in voltages.iter().enumerate() {
            let (to, lane) = plane.bit.place(at % cols, at / cols);
            plane.bit.far[to][lane] = *v;
            let (to, lane) = plane.word.place(at / cols, at % cols);
            plane.word.own[to][lane] = *v;
        }
        (plane.settle(isa), 3)
    } else {
        plane.relax(isa, tolerance, MOST)
    };
    let mut solution = Solution {
        row_currents: vec![0.0; rows],
        col_currents: vec![0.0; cols],
        word: Vec::with_capacity(rows * cols),
        bit: Vec::with_capacity(rows * cols),
        cell_currents: Vec::with_capacity(rows * cols),
        power: 0.0,
        error_bound: 0.0,
        halves,
    };
    for (at, g) in g.iter().enumerate() {
        let (w, b) = (plane.word.voltage(at / cols, at % cols), plane.bit.voltage(at % cols, at / cols));
        let e = emf.map_or(0.0, |e| e[at]);
        solution.word.push(w);
        solution.bit.push(b);
        solution.cell_currents.push(g * (w - b + e));
    }
    solution.collect(network, drives);
    let largest = solution.col_currents.iter().fold(0.0f64, |m, i| m.max(i.abs()));
    let mut error = 0.0f64;
    for col in 0..cols {
        for (end, row) in [(0, 0), (1, rows - 1)] {
            let weight = plane.weights(row, col)[1];
            if bit.is_driven(col, end) && weight > 0.0 {
                error = error.max(reached / weight / bit.end_resistance(col, end));
            }
        }
    }
    if direct {
        error = error.min(solution.imbalance(network, drives));
    }
    solution.error_bound = if error == 0.0 { 0.0 } else { error / largest };
    // where nothing flows out (all floating, or drives that cancel) the voltages themselves are judged
    let sound = solution.error_bound <= SOLVE_TOLERANCE || reached <= SOLVE_TOLERANCE * drive;
    if sound { Ok((solution, reached)) } else { Err(not_converged(solution.error_bound)) }
}

impl Solution {
    /// Sum of the currents in ampere by which the nodes fail to balance. A current that is fed into a node leaves
    /// through the ends in parts that are none larger than 1, so that no output is wrong by more than this sum.
    /// Rounding alone makes it a few parts in 1e16 of `voltage/segment` for each node: of use where wires are not much
    /// better than cells.
    fn imbalance(&self, network: &Network, drives: &Drives) -> f64 {
        let Network { rows, cols, word, bit, .. } = network;
        let of = |lines: &Lines,
                  v: &[f64],
                  drives: &[f64],
                  at: usize,
                  line: usize,
                  position: usize,
                  (length, step): (usize, usize)| {
            let [start, end] = ends(lines, line, drives);
            let before = if position == 0 {
                (v[at] - start) / lines.end_resistance(line, 0)
            } else {
                (v[at] - v[at - step]) / lines.inner_resistance()
            };
            let after = if position + 1 == length {
                (v[at] - end) / lines.end_resistance(line, 1)
            } else {
                (v[at] - v[at + step]) / lines.inner_resistance()
            };
            before + after
        };
        (0..rows * cols)
            .map(|at| {
                let (row, col, i) = (at / cols, at % cols, self.cell_currents[at]);
                let on_word = of(word, &self.word, &drives.rows, at, row, col, (*cols, 1)) + i;
                let on_bit = of(bit, &self.bit, &drives.cols, at, col, row, (*rows, *cols)) - i;
                on_word.abs() + on_bit.abs()
            })
            .sum()
    }

    /// Currents of the lines and the power from the currents of the cells and the voltages.
    pub(super) fn collect(&mut self, network: &Network, drives: &Drives) {
        let cols = network.cols;
        self.row_currents.fill(0.0);
        self.col_currents.fill(0.0);
        for (at, i) in self.cell_currents.iter().enumerate() {
            self.row_currents[at / cols] += i;
            self.col_currents[at % cols] += i;
        }
        // what leaves a line through an end that is not driven does not pass its drivers
        for (end, col) in [(0, 0), (1, cols - 1)] {
            for row in 0..network.rows {
                if !network.word.is_driven(row, end) {
                    self.row_currents[row] += self.word[row * cols + col] / network.word.end_resistance(row, end);
                }
            }
        }
        for (end, row) in [(0, 0), (1, network.rows - 1)] {
            for col in 0..cols {
                if !network.bit.is_driven(col, end) {
                    self.col_currents[col] -= self.bit[row * cols + col] / network.bit.end_resistance(col, end);
                }
            }
        }
        for (lines, currents) in [(&network.word, &mut self.row_currents), (&network.bit, &mut self.col_currents)] {
            for (line, i) in currents.iter_mut().enumerate() {
                if (0..2).all(|end| !lines.is_driven(line, end)) {
                    *i = 0.0;
                }
            }
        }
        let sum = |v: &[f64], i: &[f64]| v.iter().zip(i).map(|(v, i)| v * i).sum::<f64>();
        self.power = sum(&drives.rows, &self.row_currents) - sum(&drives.cols, &self.col_currents);
    }
}
