//! The clipping that keeps most of the information: the histogram of magnitudes is compared with the same one
//! seen through the codes, and the limit with the least Kullback-Leibler divergence wins (Migacz, "8-bit
//! inference with TensorRT", GPU Technology Conference 2017; the variant compared in arXiv 2004.09602).
//!
//! The reference P is the histogram up to a candidate with everything beyond added to its last bin; Q is the same part
//! without what lies beyond, merged to one number for each code and spread evenly over the bins that are not empty.

use super::Range;

/// Bins of the histogram, as in the talk.
const BINS: usize = 2048;

/// Distance of candidates in bins. Divergences of neighbours differ by what chance puts into which bin, and the least
/// of all of them is the luckiest rather than the best: candidates stand 1/128 of the range apart.
const STRIDE: usize = 16;

/// Values that stand in the last bin of Q where nothing but clipped values does in P, so that the divergence stays
/// finite: the number by which MXNet's and onnxruntime's calibration smooth.
const FLOOR: f64 = 1e-4;

/// The limit with the least divergence for codes up to `top`. With more codes than half the bins there is nothing
/// to compare, and the limit is the maximum.
pub fn limit(range: &Range, top: u32) -> f64 {
    let (largest, codes) = (f64::from(range.max_abs), top as usize + 1);
    if largest == 0.0 || 2 * codes > BINS {
        return largest;
    }
    let width = largest / BINS as f64;
    let mut counts = vec![0.0; BINS];
    // a zero has a code of its own and loses nothing
    for m in range.magnitudes().iter().filter(|m| **m > 0.0) {
        counts[((f64::from(*m) / width) as usize).min(BINS - 1)] += 1.0;
    }
    let histogram = Histogram::new(counts);
    let candidates = (codes..=BINS).rev().step_by(STRIDE).map(|kept| (kept, histogram.divergence(kept, codes)));
    let best = candidates.min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(largest, |(kept, _)| kept as f64 * width)
}

/// `x ln x`, continued to 0.
fn entropy(x: f64) -> f64 {
    if x > 0.0 { x * libm::log(x) } else { 0.0 }
}

/// A histogram with its sums from the first bin on: the divergence of a candidate then takes a logarithm for each
/// code, not for each bin.
struct Histogram {
    counts: Vec<f64>,
    /// Values, bins that are not empty, and `n ln n` of the bins before each, one entry more than bins.
    sums: Vec<[f64; 3]>,
}

impl Histogram {
    fn new(counts: Vec<f64>) -> Self {
        let mut sums = vec![[0.0; 3]];
        for n in &counts {
            let [values, filled, own] = sums[sums.len() - 1];
            sums.push([values + n, filled + f64::from(*n > 0.0), own + entropy(*n)]);
        }
        Self { counts, sums }
    }

    /// Divergence of P, the first `kept` bins with all beyond in the last, from Q, what `codes` codes leave of them;
    /// infinite where nothing is kept.
    fn divergence(&self, kept: usize, codes: usize) -> f64 {
        let [inside, _, _] = self.sums[kept];
        let total = self.sums[self.counts.len()][0];
        let (last, clipped) = (self.counts[kept - 1], total - inside);
        if inside == 0.0 {
            return f64::INFINITY;
        }
        // Σ n ln n over P, and Σ n ln m where Q has m values in the bin
        let own = self.sums[kept - 1][2] + entropy(last + clipped);
        let mut seen = 0.0;
        for code in 0..codes {
            let (from, to) = (self.sums[code * kept / codes], self.sums[(code + 1) * kept / codes]);
            let (values, filled) = (to[0] - from[0], to[1] - from[1]);
            // clipped values in a bin of others count as these
            let with = if code + 1 == codes && last > 0.0 { clipped } else { 0.0 };
            if values > 0.0 {
                seen += (values + with) * libm::log(values / filled);
            }
        }
        if last == 0.0 {
            seen += clipped * libm::log(FLOOR);
        }
        (own - seen) / total - libm::log(total / inside)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gauss, laplace};
    use super::*;

    #[test]
    fn divergences_by_hand() {
        let of = |counts: &[f64], kept, codes| Histogram::new(counts.to_vec()).divergence(kept, codes);
        assert!(of(&[3.0; 64], 64, 8).abs() < 1e-12);
        // bins 1, 3 | 4, 4 seen by two codes: P = (1, 3, 4, 4)/12, Q = (2, 2, 4, 4)/12
        let merged = (1.0 * (1.0f64 / 2.0).ln() + 3.0 * (3.0f64 / 2.0).ln()) / 12.0;
        assert!((of(&[1.0, 3.0, 4.0, 4.0], 4, 2) - merged).abs() < 1e-12);
        // empty bins stay empty: P = Q = (2, 0, 5, 0)/7
        assert!(of(&[2.0, 0.0, 5.0, 0.0], 4, 2).abs() < 1e-12);
        // clipped to two bins: P = (1, 11)/12, Q = (1, 3)/4
        let clipped = 1.0 / 12.0 * (1.0f64 / 3.0).ln() + 11.0 / 12.0 * (11.0f64 / 9.0).ln();
        assert!((of(&[1.0, 3.0, 4.0, 4.0], 2, 2) - clipped).abs() < 1e-12);
        // five of six values clipped into an empty bin: P = (1, 5)/6, Q = (1, 0.0001)
        let alone = 1.0 / 6.0 * (1.0f64 / 6.0).ln() + 5.0 / 6.0 * (5.0f64 / 6.0 / FLOOR).ln();
        assert!((of(&[1.0, 0.0, 5.0], 2, 2) - alone).abs() < 1e-12);
        assert_eq!(of(&[0.0, 0.0, 5.0], 2, 2), f64::INFINITY);
    }

    /// One outlier far out decides the maximum and nothing else.
    #[test]
    fn an_outlier_is_clipped() {
        let bulk = gauss();
        let values = bulk.magnitudes().iter().copied().chain([50.0]);
        let got = limit(&Range::of(values), 127);
        assert!((3.0..8.0).contains(&got), "{got}");
    }

    /// Limits that an implementation of the same rule in numpy finds (bin by bin, both distributions normalised and
    /// smoothed, no running sums) on the same quantiles and candidates.
    #[test]
    fn limits_of_an_independent_implementation() {
        let outlier = Range::of(gauss().magnitudes().iter().copied().chain([50.0]));
        for (range, wanted) in [
            (gauss(), [(7, 3.754), (127, 4.215), (255, 4.215)]),
            (outlier, [(7, 3.125), (127, 4.297), (255, 6.250)]),
            (laplace(), [(7, 6.043), (127, 10.597), (255, 10.597)]),
        ] {
            for (top, want) in wanted {
                let got = limit(&range, top);
                assert!((got / want - 1.0).abs() < 0.03, "{got}, not {want} at codes up to {top}");
            }
        }
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
