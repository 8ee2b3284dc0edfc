//! Least squares by Levenberg and Marquardt (Marquardt, J. SIAM 11, 431 (1963), doi:10.1137/0111030), for the few
//! parameters of a compact model.

/// Step of a difference quotient for a parameter of order one.
const DIFFERENCE: f64 = 1e-6;
/// Damping beyond which no step helps any more.
const MOST_DAMPING: f64 = 1e12;
/// Relative improvement below which the search ends, where it has been as small [`PATIENCE`] times in a row.
const LEAST_GAIN: f64 = 1e-10;
/// Small improvements in a row.
const PATIENCE: u32 = 4;

/// Minimises the sum of squares of `residuals` from `start`, with at most `iterations` accepted steps. Parameters
/// should be of order one. Returns the parameters and the sum of squares; residuals that are not finite are refused.
pub(super) fn minimise(start: &[f64], iterations: u32, residuals: impl Fn(&[f64]) -> Vec<f64>) -> (Vec<f64>, f64) {
    let square = |r: &[f64]| {
        let sum: f64 = r.iter().map(|r| r * r).sum();
        if sum.is_finite() { sum } else { f64::INFINITY }
    };
    let n = start.len();
    let mut p = start.to_vec();
    let mut r = residuals(&p);
    let (mut best, mut damping, mut small) = (square(&r), 1e-3, 0);
    for _ in 0..iterations {
        let columns: Vec<Vec<f64>> = (0..n)
            .map(|j| {
                let mut moved = p.clone();
                moved[j] += DIFFERENCE;
                residuals(&moved).iter().zip(&r).map(|(a, b)| (a - b) / DIFFERENCE).collect()
            })
            .collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let normal: Vec<Vec<f64>> = columns.iter().map(|a| columns.iter().map(|b| dot(a, b)).collect()).collect();
        let gradient: Vec<f64> = columns.iter().map(|a| -dot(a, &r)).collect();
        let before = best;
        while damping < MOST_DAMPING {
            let mut matrix = normal.clone();
            for (i, row) in matrix.iter_mut().enumerate() {
                row[i] += damping * row[i].max(1e-12);
            }
            if let Some(step) = solve(matrix, gradient.clone()) {
                let trial: Vec<f64> = p.iter().zip(&step).map(|(p, s)| p + s).collect();
                let found = residuals(&trial);
                if square(&found) < best {
                    (best, p, r) = (square(&found), trial, found);
                    damping = (damping / 5.0).max(1e-12);
                    break;
                }
            }
            damping *= 3.0;
        }
        small = if best > before * (1.0 - LEAST_GAIN) { small + 1 } else { 0 };
        if small == PATIENCE || damping >= MOST_DAMPING {
            break;
        }
    }
    (p, best)
}

/// Solves a small dense system by elimination with column pivots; `None` if it is singular.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| a[*i][k].abs().total_cmp(&a[*j][k].abs()))?;
        a.swap(k, pivot);
        b.swap(k, pivot);
        if a[k][k].abs() < f64::MIN_POSITIVE || !a[k][k].is_finite() {
            return None;
        }
        for i in k + 1..n {
            let share = a[i][k] / a[k][k];
            let (above, below) = a.split_at_mut(i);
            for (x, pivot) in below[0][k..].iter_mut().zip(&above[k][k..]) {
                *x -= share * pivot;
            }
            b[i] -= share * b[k];
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| a[k][j] * b[j]).sum();
        b[k] = (b[k] - known) / a[k][k];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley as two residuals, from the usual start.
    #[test]
    fn a_curved_valley_is_followed_to_its_end() {
        let (p, square) = minimise(&[-1.2, 1.0], 200, |p| vec![10.0 * (p[1] - p[0] * p[0]), 1.0 - p[0]]);
        assert!(square < 1e-18 && (p[0] - 1.0).abs() < 1e-8 && (p[1] - 1.0).abs() < 1e-8, "{p:?} {square}");
    }

    /// A straight line through points that are not on one: the closed form of linear regression.
    #[test]
    fn a_line_is_the_regression() {
        let points = [(0.0, 1.0), (1.0, 2.5), (2.0, 2.0), (3.0, 5.0)];
        let (p, _) = minimise(&[0.0, 0.0], 50, |p| points.iter().map(|(x, y)| p[0] + p[1] * x - y).collect());
        assert!((p[0] - 0.9).abs() < 1e-7 && (p[1] - 1.15).abs() < 1e-7, "{p:?}");
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let (p, square) = minimise(&[0.5], 50, |p| vec![if p[0] > 0.9 { f64::NAN } else { 1.0 - p[0] }]);
        assert!(p[0] <= 0.9 && square.is_finite());
    }
}
