//! Differential pairs: how positive and negative cells stand beside each other.
//!
//! Where a column stands decides how much of the word line's drop it sees. Interleaved pairs see nearly the same,
//! so that the drop mostly cancels in their difference.

use super::fold::EffectiveMatrix;

/// Order of the bit lines of differential columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairOrder {
    /// All positive bit lines, then all negative.
    Apart,
    /// Positive and negative bit lines in turn.
    Interleaved,
}

impl PairOrder {
    /// Bit lines of column `col` of `cols`: positive and negative.
    #[must_use]
    pub const fn lines(self, col: usize, cols: usize) -> [usize; 2] {
        match self {
            Self::Apart => [col, cols + col],
            Self::Interleaved => [2 * col, 2 * col + 1],
        }
    }

    /// Conductances of the crossbar `[row][2·cols]` of those of the pairs, `[row][column]` each.
    ///
    /// # Panics
    /// If the two have not the same length, or not whole rows.
    #[must_use]
    pub fn arrange(self, positive: &[f64], negative: &[f64], cols: usize) -> Vec<f64> {
        assert!(positive.len() == negative.len() && positive.len().is_multiple_of(cols), "pairs of whole rows");
        let mut g = vec![0.0; 2 * positive.len()];
        for (at, pair) in positive.iter().zip(negative).enumerate() {
            let lines = self.lines(at % cols, cols);
            let row = &mut g[at / cols * 2 * cols..][..2 * cols];
            (row[lines[0]], row[lines[1]]) = (*pair.0, *pair.1);
        }
        g
    }

    /// Differences positive − negative of an effective matrix whose bit lines stand in this order, `[row][column]`.
    #[must_use]
    pub fn difference(self, folded: &EffectiveMatrix) -> Vec<f64> {
        let cols = folded.cols / 2;
        let of_row =
            |row: &[f64]| (0..cols).map(|col| self.lines(col, cols)).map(|[p, n]| row[p] - row[n]).collect::<Vec<_>>();
        folded.g_eff.chunks_exact(folded.cols).flat_map(of_row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::uniform;
    use super::super::{Network, fold};
    use super::*;

    #[test]
    fn orders_are_permutations_and_interleaving_cancels_drops() {
        let (rows, cols) = (24, 16);
        // differences far smaller than the pair: the drop of the common part must cancel
        let positive: Vec<f64> = (0..rows * cols).map(|at| 2e-5 + 1e-6 * uniform(1, at)).collect();
        let negative: Vec<f64> = (0..rows * cols).map(|at| 2e-5 + 1e-6 * uniform(2, at)).collect();
        let error = |order: PairOrder, ohm: f64| {
            let n = Network::passive(rows, 2 * cols, order.arrange(&positive, &negative, cols), ohm, ohm);
            let got = order.difference(&fold(&n).unwrap());
            let pairs = positive.iter().zip(&negative);
            got.iter().zip(pairs).map(|(d, (p, n))| (d - (p - n)).abs()).fold(0.0, f64::max)
        };
        for order in [PairOrder::Apart, PairOrder::Interleaved] {
            assert!(error(order, 0.0) < 1e-18);
        }
        assert!(error(PairOrder::Interleaved, 3.0) < 0.3 * error(PairOrder::Apart, 3.0));
    }
}
