//! One line with known voltages on the far side of its cells: two recurrences.
//!
//! Walking from the start of a line, all that was passed is a source of voltage `E` and resistance `ρ`
//! (Thévenin); a cell of conductance `g` to voltage `d` makes it `E' = (E + ρ·g·d)/(1 + ρ·g)`,
//! `ρ' = ρ/(1 + ρ·g)`, a segment `s` adds to the resistance. Walking back, the node is the divider
//! `x = (s·E' + ρ'·x_next)/(s + ρ')`. With `y = σ·E'`, `σ = s/(s + ρ')`:
//!
//! ```text
//! y = a·d + c·y_before,   x = y + k·x_after,   y before the first = start voltage, x after the last = end voltage
//! ```
//!
//! Nothing is ever subtracted: every coefficient is a product and quotient of positive numbers, so each voltage is
//! right to a few roundings of its own size, for any wire (Thomas's algorithm for this matrix in another guise).

use super::network::Lines;

/// Coefficients of a crosspoint on its line.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C)]
pub(super) struct Step {
    /// Weight of the voltage on the far side of the cell.
    pub a: f64,
    /// Weight of what was passed.
    pub c: f64,
    /// Weight of the node after.
    pub k: f64,
}

/// Coefficients of a line, crosspoint by crosspoint: `g` are its conductances, `put` receives position and step.
pub(super) fn steps(
    lines: &Lines,
    line: usize,
    g: impl ExactSizeIterator<Item = f64>,
    mut put: impl FnMut(usize, Step),
) {
    let inner = lines.inner_resistance();
    let mut rho = lines.end_resistance(line, 0);
    let mut before = 1.0;
    let last = g.len() - 1;
    for (position, g) in g.enumerate() {
        let segment = if position == last { lines.end_resistance(line, 1) } else { inner };
        let kept = 1.0 / (1.0 + rho * g);
        rho *= kept;
        let share = 1.0 / (segment + rho);
        let sigma = segment * share;
        put(position, Step { a: sigma * rho * g, c: kept * sigma / before, k: rho * share });
        before = sigma;
        rho += segment;
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::End;
    use super::*;

    fn voltages(lines: &Lines, g: &[f64], d: &[f64], ends: [f64; 2]) -> Vec<f64> {
        let mut all = vec![Step::default(); g.len()];
        steps(lines, 0, g.iter().copied(), |p, s| all[p] = s);
        let mut before = ends[0];
        let y: Vec<f64> = all
            .iter()
            .zip(d)
            .map(|(s, d)| {
                before = s.a * d + s.c * before;
                before
            })
            .collect();
        let mut after = ends[1];
        let mut x: Vec<f64> = all
            .iter()
            .zip(&y)
            .rev()
            .map(|(s, y)| {
                after = y + s.k * after;
                after
            })
            .collect();
        x.reverse();
        x
    }

    #[test]
    fn nodes_balance_for_every_kind_of_end() {
        let ends = [End::Open, End::Driven { ohms: 0.0 }, End::Driven { ohms: 300.0 }, End::Grounded { ohms: 20.0 }];
        let (g, d) = ([1e-3, 0.0, 2e-4, 5e-2], [0.3, -0.1, 0.7, 0.2]);
        for first in ends {
            for last in ends {
                let lines = Lines { segment: 7.0, ends: [first, last], floating: vec![] };
                let x = voltages(&lines, &g, &d, [1.0, 0.4]);
                for i in 0..4 {
                    let (left, r0) = if i == 0 { (1.0, lines.end_resistance(0, 0)) } else { (x[i - 1], 7.0) };
                    let (right, r1) = if i == 3 { (0.4, lines.end_resistance(0, 1)) } else { (x[i + 1], 7.0) };
                    let sum = (x[i] - left) / r0 + (x[i] - right) / r1 + g[i] * (x[i] - d[i]);
                    assert!(sum.abs() < 1e-15, "{first:?} {last:?} {i}: {sum}");
                }
            }
        }
    }

    #[test]
    fn wires_without_resistance_are_one_node() {
        let g = [1e-3, 2e-3, 1e-3];
        for x in voltages(&Lines::one_sided(0.0), &g, &[0.0; 3], [0.8, 0.0]) {
            assert!((x - 0.8).abs() < 1e-15);
        }
        let mut soft = Lines::one_sided(0.0);
        soft.ends[0] = End::Driven { ohms: 250.0 };
        for x in voltages(&soft, &g, &[0.0; 3], [0.8, 0.0]) {
            assert!((x - 0.4).abs() < 1e-15);
        }
        let mut loose = Lines::one_sided(2.0);
        loose.floating = vec![true];
        for x in voltages(&loose, &[1e-12, 0.0, 3e-12], &[1.0, 9.0, 0.6], [5.0, 0.0]) {
            assert!((x - 0.7).abs() < 1e-11);
        }
    }
}
