//! Drift compensation: outputs are multiplied by what a reference read has lost since programming (Le Gallo and others
//! 2018, doi:10.1063/1.5042408; aihwkit 1.1.0, MIT licence).
//!
//! At programming every row is read alone; the baseline is the mean magnitude of what the columns give, over all
//! columns or for each. The same read later gives the factor `baseline/now`.

/// What one factor covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All columns.
    Global,
    /// Each column by itself.
    PerColumn,
}

/// Baseline of a crossbar.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftCompensation {
    baseline: Vec<f64>,
    columns: usize,
}

/// Mean magnitudes of `readings` (rows × columns, row by row) in `scopes` groups of columns.
fn magnitudes(readings: &[f64], columns: usize, scopes: usize) -> Vec<f64> {
    let mut sums = vec![0.0; scopes];
    for row in readings.chunks_exact(columns) {
        for (j, y) in row.iter().enumerate() {
            sums[if scopes == 1 { 0 } else { j }] += y.abs();
        }
    }
    let each = (readings.len() / scopes).max(1) as f64;
    sums.into_iter().map(|s| s / each).collect()
}

impl DriftCompensation {
    /// Takes the baseline from the reads of single rows at programming, `readings` rows × columns.
    #[must_use]
    pub fn new(readings: &[f64], columns: usize, scope: Scope) -> Self {
        let scopes = if scope == Scope::Global { 1 } else { columns };
        Self { baseline: magnitudes(readings, columns, scopes), columns }
    }

    /// Factors of the columns from the same reads later; 1 where a column gives nothing.
    #[must_use]
    pub fn factors(&self, readings: &[f64]) -> Vec<f64> {
        let now = magnitudes(readings, self.columns, self.baseline.len());
        let factor = |k: usize| if now[k] > 0.0 { self.baseline[k] / now[k] } else { 1.0 };
        (0..self.columns).map(|j| factor(if self.baseline.len() == 1 { 0 } else { j })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns that have lost a third and a half of themselves.
    #[test]
    fn what_is_lost_comes_back() {
        let before = [3.0, -2.0, -6.0, 4.0];
        let after = [2.0, -1.0, -4.0, 2.0];
        let each = DriftCompensation::new(&before, 2, Scope::PerColumn).factors(&after);
        assert_eq!(each, [1.5, 2.0]);
        let all = DriftCompensation::new(&before, 2, Scope::Global).factors(&after);
        assert!(all.iter().all(|f| (f - 15.0 / 9.0).abs() < 1e-15), "{all:?}");
        assert_eq!(DriftCompensation::new(&[0.0], 1, Scope::Global).factors(&[0.0]), [1.0]);
    }
}
