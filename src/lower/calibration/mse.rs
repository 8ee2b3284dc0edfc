//! The clipping that makes the mean squared error of the codes least: rounding grows with the limit, clipping
//! shrinks with it (Banner et al., NeurIPS 2019, arXiv 1810.05723). The error is measured on the sample, not
//! derived from a distribution.

use super::Range;

/// Candidates of the first search: steps of an eighth of an octave over ten octaves below the maximum. Beyond
/// that no more than a thousandth of the range would be left.
const COARSE: i32 = 80;
/// Candidates between two neighbours of the best, for a resolution of about one per cent.
const FINE: i32 = 16;

/// The limit with the least error for codes up to `top`.
pub fn limit(range: &Range, top: u32) -> f64 {
    let largest = f64::from(range.max_abs);
    if largest == 0.0 {
        return 0.0;
    }
    let magnitudes = range.magnitudes();
    let best = |list: &mut dyn Iterator<Item = f64>| {
        list.map(|l| (l, error(magnitudes, l, top))).min_by(|a, b| a.1.total_cmp(&b.1)).map_or(largest, |(l, _)| l)
    };
    let octave = |eighths: f64| libm::exp2(eighths / 8.0);
    let coarse = best(&mut (0..=COARSE).map(|i| largest * octave(f64::from(-i))));
    best(&mut (-FINE / 2..=FINE / 2).map(|i| (coarse * octave(f64::from(2 * i) / f64::from(FINE))).min(largest)))
}

/// Summed squared error of codes `0 ..= top` with step `limit / top`.
pub(super) fn error(magnitudes: &[f32], limit: f64, top: u32) -> f64 {
    let step = limit / f64::from(top);
    let (inverse, top) = (1.0 / step, f64::from(top));
    let squared = |m: &f32| {
        let m = f64::from(*m);
        let error = m - step * (m * inverse).round_ties_even().min(top);
        error * error
    };
    magnitudes.iter().map(squared).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gauss, laplace};
    use super::*;

    /// Banner et al.: for a Laplace distribution of scale b the best limit at M bits solves
    /// `2α / (3·4^M) = 2b·exp(-α/b)`, which is 2.83 b, 3.89 b and 5.03 b at 2, 3 and 4 bits. They place
    /// 2^M codes at the middles of cells of `2α/2^M`; with codes at `-top ..= top` the cell is `α/top`.
    fn laplace_optimum(cell: f64) -> f64 {
        let (mut low, mut high) = (0.1, 40.0);
        for _ in 0..100 {
            let a: f64 = 0.5 * (low + high);
            // derivative of 2·exp(-a) + (cell·a)²/12
            if cell * cell * a / 6.0 < 2.0 * (-a).exp() { low = a } else { high = a }
        }
        low
    }

    #[test]
    fn the_published_optimum_of_a_laplace_distribution() {
        for (bits, published) in [(2, 2.83), (3, 3.89), (4, 5.03)] {
            let got = laplace_optimum(2.0 / f64::from(1 << bits));
            assert!((got - published).abs() < 0.01, "{bits} bits: {got}");
        }
        for bits in [4u8, 5, 6] {
            let top = (1u32 << (bits - 1)) - 1;
            let (got, want) = (limit(&laplace(), top), laplace_optimum(1.0 / f64::from(top)));
            let largest = f64::from(laplace().max_abs);
            assert!((got / want.min(largest) - 1.0).abs() < 0.06, "{bits} bits: {got}, not {want}");
        }
    }

    /// The best uniform quantiser of a standard normal with 2^M levels has the step 0.3352 at 4 bits and 0.1881
    /// at 5 (Max, IRE Trans. Inf. Theory 6(1), 1960, table II). Codes at both signs of zero are one level less.
    #[test]
    fn the_published_steps_of_a_normal_distribution() {
        for (top, below, above) in [(7u32, 0.3352, 0.3352 * 16.0 / 14.0), (15, 0.1881, 0.1881 * 32.0 / 30.0)] {
            let step = limit(&gauss(), top) / f64::from(top);
            assert!((below * 0.98..above * 1.02).contains(&step), "{top}: {step}");
        }
    }

    #[test]
    fn no_other_limit_has_less_error() {
        let range = laplace();
        for top in [1, 3, 15, 255] {
            let least = error(range.magnitudes(), limit(&range, top), top);
            for i in 1..=200 {
                let other = f64::from(range.max_abs) * f64::from(i) / 200.0;
                assert!(error(range.magnitudes(), other, top) > least * 0.995, "{top}: {other}");
            }
        }
    }
}
