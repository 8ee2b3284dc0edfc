//! The clipping that keeps most of the information: the histogram of magnitudes is compared with the same one
//! seen through the codes, and the limit with the least Kullback-Leibler divergence wins (Migacz, "8-bit
//! inference with TensorRT", GPU Technology Conference 2017; the variant compared in arXiv 2004.09602).

use super::Range;

/// Bins of the histogram, as in the talk.
const BINS: usize = 2048;
/// Distance of candidates in bins: one per cent of the histogram is more than the divergence resolves.
const STRIDE: usize = 8;

/// Share of a bin that codes leave empty, so that the divergence stays finite; as MXNet's calibration smooths.
const FLOOR: f64 = 1e-4;

/// The limit with the least divergence for codes up to `top`. With more codes than half the bins there is nothing
/// to compare, and the limit is the maximum.
pub fn limit(range: &Range, top: u32) -> f64 {
    let (largest, codes) = (f64::from(range.max_abs), top as usize + 1);
    if largest == 0.0 || 2 * codes > BINS {
        return largest;
    }
    let width = largest / BINS as f64;
    let mut histogram = vec![0.0; BINS];
    // a zero has a code of its own and loses nothing
    let values = range.magnitudes().iter().filter(|m| **m > 0.0);
    for m in values.clone() {
        histogram[((f64::from(*m) / width) as usize).min(BINS - 1)] += 1.0;
    }
    let candidates = (codes..=BINS).rev().step_by(STRIDE);
    let total = values.count() as f64;
    let score = |n: usize| {
        let (divergence, merged) = divergence(&histogram, n, codes);
        // bins of a sample differ by chance even where the values do not: the plug-in estimate is too large by
        // half a nat for every bin that a code merges, over the size of the sample (Miller 1955)
        divergence - merged / (2.0 * total)
    };
    let best = candidates.map(|n| (n, score(n))).min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(largest, |(n, _)| n as f64 * width)
}

/// Divergence of the first `kept` bins, with all beyond clipped into the last, from what `codes` codes leave of
/// them; and how many filled bins share a code with another one before them.
fn divergence(histogram: &[f64], kept: usize, codes: usize) -> (f64, f64) {
    let (inside, outside) = histogram.split_at(kept);
    let clipped: f64 = outside.iter().sum();
    let total = inside.iter().sum::<f64>() + clipped;
    let own: f64 = total - clipped;
    let (mut sum, mut merged) = (0.0, 0.0);
    for code in 0..codes {
        let bins = &inside[code * kept / codes..(code + 1) * kept / codes];
        let count: f64 = bins.iter().sum();
        let filled = bins.iter().filter(|n| **n > 0.0).count() as f64;
        merged += (filled - 1.0).max(0.0);
        for (i, n) in bins.iter().enumerate() {
            let last = code + 1 == codes && i + 1 == bins.len();
            let p = (n + if last { clipped } else { 0.0 }) / total;
            if p > 0.0 {
                // clipped values may be all that is in the last bin
                let q = if *n > 0.0 { count / filled / own } else { FLOOR };
                sum += p * libm::log(p / q);
            }
        }
    }
    (sum, merged)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gauss, laplace};
    use super::*;

    #[test]
    fn the_divergence_of_a_histogram_that_codes_keep_is_zero() {
        let flat = vec![3.0; 64];
        assert_eq!(divergence(&flat, 64, 8), (0.0, 56.0));
        // by hand: bins 1, 3 | 4, 4 clipped to two codes: P = (1, 3, 4, 4)/12, Q = (2, 2, 4, 4)/12
        let by_hand = (1.0 * (1.0f64 / 2.0).ln() + 3.0 * (3.0f64 / 2.0).ln()) / 12.0;
        let got = divergence(&[1.0, 3.0, 4.0, 4.0], 4, 2).0;
        assert!((got - by_hand).abs() < 1e-12, "{got} {by_hand}");
        // five of six values clipped into an empty bin
        let clipped = 5.0 / 6.0 * (5.0f64 / 6.0 / FLOOR).ln() + 1.0 / 6.0 * (1.0f64 / 6.0).ln();
        assert!((divergence(&[1.0, 0.0, 5.0], 2, 2).0 - clipped).abs() < 1e-12);
    }

    /// One outlier far out decides the maximum and nothing else.
    #[test]
    fn an_outlier_is_clipped() {
        let bulk = gauss();
        let values = bulk.magnitudes().iter().copied().chain([50.0]);
        let got = limit(&Range::of(values), 127);
        assert!((3.0..25.0).contains(&got), "{got}");
    }

    /// Tails are clipped, more of them with fewer codes.
    #[test]
    fn fewer_codes_clip_more() {
        for range in [laplace(), gauss()] {
            let at = |top| limit(&range, top);
            assert!(at(7) < at(127) && at(127) <= f64::from(range.max_abs), "{} {}", at(7), at(127));
            assert_eq!(at(4095), f64::from(range.max_abs));
        }
    }

    /// A rectifier that makes half of the values zero leaves the others and their limit alone.
    #[test]
    fn zeros_lose_nothing() {
        let half: Vec<f32> = gauss().magnitudes().to_vec();
        let rectified = Range::of(half.iter().copied().chain(half.iter().map(|_| 0.0)));
        assert_eq!(limit(&rectified, 255), limit(&gauss(), 255));
    }
}
