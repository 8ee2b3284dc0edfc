//! Cells that are not linear: Newton on the network.
//!
//! Each step replaces a cell by its tangent, a conductance with a voltage source in series, and solves the linear
//! network exactly. For rising currents the solution is the minimum of a convex function, the content of the
//! network, whose slope along the step is `Σ (I(v) − c)·Δv`, `c` being the currents that the wires carry. A step is
//! therefore shortened until that slope has sunk, which makes the method converge from anywhere.

use super::law::Law;
use super::network::{Drives, Network};
use super::solve::{Bench, Solution, linear};
use crate::diag::{Diagnostic, Result};
use crate::simd::Isa;

/// Largest difference between the law and the current of a cell, relative to the largest current of a cell.
pub const NEWTON_TOLERANCE: f64 = 1e-11;
/// Most steps.
const STEPS: usize = 100;
/// A step is taken when the slope has sunk to this part of what it was.
const SUNK: f64 = 0.5;
/// Smallest slope of a tangent relative to the largest, so that its voltage source stays finite.
const FLATTEST: f64 = 1e-12;

/// Solves for the given law.
pub(super) fn solve(
    network: &Network,
    drives: &Drives,
    law: &dyn Law,
    isa: Isa,
    bench: &mut Bench,
) -> Result<Solution> {
    let mut g = network.conductances();
    let (mut now, _) = linear(network, &g, None, drives, isa, bench)?;
    let mut emf = vec![0.0; g.len()];
    let mut halves = now.halves;
    let mut residual = f64::INFINITY;
    for _ in 0..STEPS {
        let v = now.cell_voltages();
        let points: Vec<(f64, f64)> = v.iter().enumerate().map(|(cell, v)| law.at(cell, *v)).collect();
        let largest = points.iter().fold(0.0f64, |m, p| m.max(p.0.abs()));
        let apart = points.iter().zip(&now.cell_currents).fold(0.0f64, |m, (p, c)| m.max((p.0 - c).abs()));
        residual = if apart == 0.0 { 0.0 } else { apart / largest };
        if residual <= NEWTON_TOLERANCE {
            now.cell_currents = points.into_iter().map(|p| p.0).collect();
            now.collect(network, drives);
            now.halves = halves;
            return Ok(now);
        }
        let flattest = FLATTEST * points.iter().fold(0.0f64, |m, p| m.max(p.1));
        for (at, (current, slope)) in points.iter().enumerate() {
            // a cell that carries nothing at all stays disconnected
            g[at] = if *current == 0.0 && *slope == 0.0 { 0.0 } else { slope.max(flattest) };
            emf[at] = if g[at] == 0.0 { 0.0 } else { current / g[at] - v[at] };
        }
        let (full, _) = linear(network, &g, Some(&emf), drives, isa, bench)?;
        halves += full.halves;
        now = shorten(&now, full, law);
    }
    Err(Diagnostic::failure("R123", format!("the currents of the cells are still {residual:.1e} apart from their law"))
        .help("the current of a cell must rise with its voltage; lower the voltages if it rises too steeply")
        .into())
}

/// The point between `from` and `to` where the content no longer falls steeply: the end, if possible.
fn shorten(from: &Solution, to: Solution, law: &dyn Law) -> Solution {
    let v: Vec<f64> = from.cell_voltages();
    let dv: Vec<f64> = to.cell_voltages().iter().zip(&v).map(|(a, b)| a - b).collect();
    let slope = |part: f64| -> f64 {
        let currents = from.cell_currents.iter().zip(&to.cell_currents);
        let cells = v.iter().zip(&dv).zip(currents).enumerate();
        cells.map(|(cell, ((v, dv), (c, d)))| (law.at(cell, v + part * dv).0 - (c + part * (d - c))) * dv).sum()
    };
    let steepest = SUNK * slope(0.0).abs();
    let (mut low, mut high, mut part) = (0.0, 1.0, 1.0);
    for _ in 0..40 {
        let s = slope(part);
        // an overflowing current counts as too far
        if s.abs() <= steepest || (s < 0.0 && part == 1.0) {
            break;
        }
        if s < 0.0 {
            low = part
        } else {
            high = part
        }
        part = 0.5 * (low + high);
    }
    if part == 1.0 {
        return to;
    }
    let between = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + part * (b - a)).collect();
    Solution {
        word: between(&from.word, &to.word),
        bit: between(&from.bit, &to.bit),
        cell_currents: between(&from.cell_currents, &to.cell_currents),
        ..to
    }
}
