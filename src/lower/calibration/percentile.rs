//! A quantile of the magnitudes, as in Wu et al. 2020, arXiv 2004.09602, section 4.2.

use super::Range;

/// The magnitude that a share (above 0, at most 1) of all values does not exceed; 1 is the exact maximum.
/// Nearest-rank quantile.
pub fn limit(range: &Range, share: f64) -> f64 {
    let magnitudes = range.magnitudes();
    if share >= 1.0 {
        return f64::from(range.max_abs);
    }
    let rank = (share * magnitudes.len() as f64).ceil() as usize;
    magnitudes.get(rank.max(1) - 1).map_or_else(|| f64::from(range.max_abs), |v| f64::from(*v))
}

#[cfg(test)]
mod tests {
    use super::super::testing::laplace;
    use super::*;

    #[test]
    fn quantiles_of_an_exponential_distribution() {
        for share in [0.5f64, 0.9, 0.99] {
            let want = -(1.0 - share).ln();
            assert!((limit(&laplace(), share) - want).abs() < 0.01 * want, "{share}");
        }
        assert_eq!(limit(&laplace(), 1.0), f64::from(laplace().max_abs));
    }
}
