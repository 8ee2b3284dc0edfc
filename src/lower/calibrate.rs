//! Ranges of activations, measured on calibration samples.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::graph::{EdgeId, Graph, Inputs, Value};
use crate::id::Id;

/// Magnitudes kept per edge for quantiles, about. With 65,536 of them the 0.999 quantile stands on
/// 66 larger ones.
const KEPT: u64 = 1 << 16;

/// What was seen on one edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Smallest value.
    pub min: f32,
    /// Largest magnitude.
    pub max_abs: f32,
    /// A subsample of the magnitudes, ascending.
    magnitudes: Vec<f32>,
}

impl Range {
    /// The magnitude that a share `percentile` (above 0, at most 1) of all values does not exceed;
    /// 1 is the exact maximum. Nearest-rank quantile.
    #[must_use]
    pub fn limit(&self, percentile: f64) -> f64 {
        if percentile >= 1.0 {
            return f64::from(self.max_abs);
        }
        let rank = (percentile * self.magnitudes.len() as f64).ceil() as usize;
        self.magnitudes.get(rank.max(1) - 1).map_or_else(|| f64::from(self.max_abs), |v| f64::from(*v))
    }
}

/// Ranges by name of the edge.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranges {
    edges: BTreeMap<String, Range>,
}

impl Ranges {
    /// What was seen on an edge.
    #[must_use]
    pub fn get(&self, edge: &str) -> Option<&Range> {
        self.edges.get(edge)
    }
    /// All ranges in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Range)> {
        self.edges.iter().map(|(n, r)| (n.as_str(), r))
    }
}

/// Whether an element belongs to the subsample: a hash of its index is below the share wanted, so
/// the choice depends neither on chunks nor on threads and does not alias with channels.
const fn chosen(index: u64, threshold: u64) -> bool {
    // finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014, doi:10.1145/2660193.2660195)
    let mut z = index.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) <= threshold
}

impl Range {
    /// Of nothing.
    const fn empty() -> Self {
        Self { min: f32::INFINITY, max_abs: 0.0, magnitudes: vec![] }
    }
    /// Takes in the elements of an edge, which stand from `first` on among all of its `total`. Returns
    /// whether all are finite.
    fn see<'a>(&mut self, elements: impl Iterator<Item = &'a f32>, first: u64, total: u64) -> bool {
        let share = u128::from(u64::MAX) * u128::from(KEPT) / u128::from(total.max(1));
        let threshold = share.min(u128::from(u64::MAX)) as u64;
        let mut finite = true;
        for (i, v) in (first..).zip(elements) {
            finite &= v.is_finite();
            self.min = self.min.min(*v);
            self.max_abs = self.max_abs.max(v.abs());
            if chosen(i, threshold) {
                self.magnitudes.push(v.abs());
            }
        }
        finite
    }
}

/// Runs the float graph on calibration samples and measures every activation, inputs included.
///
/// # Errors
/// As [`Graph::run`]; M018 when an activation is not finite.
pub fn calibrate(graph: &Graph, inputs: &Inputs) -> Result<Ranges> {
    let total = inputs.values().next().map_or(1, |a| a.shape().first().copied().unwrap_or(1)) as u64;
    let chunks = graph.run_chunks(inputs, |seen: &mut BTreeMap<EdgeId, (Range, bool)>, samples, edge, value| {
        let Value::Real(array) = &**value else { return };
        // a batch of fixed size may be filled up with repeated samples: leave those out
        let per_sample = graph.edges[edge].fact.shape.iter().skip(1).product::<usize>();
        let first = (samples.start * per_sample) as u64;
        let mut range = Range::empty();
        let finite = range.see(array.iter().take(samples.len() * per_sample), first, total * per_sample as u64);
        seen.insert(edge, (range, finite));
    })?;
    let mut found = Diagnostics::new();
    let mut ranges = Ranges::default();
    for edge in (0..graph.edges.len()).map(EdgeId::new) {
        let name = &graph.edges[edge].name;
        let mut all = Range::empty();
        let mut finite = true;
        for (range, ok) in chunks.iter().filter_map(|c| c.get(&edge)) {
            finite &= ok;
            all.min = all.min.min(range.min);
            all.max_abs = all.max_abs.max(range.max_abs);
            all.magnitudes.extend(&range.magnitudes);
        }
        if !finite {
            let message = format!("value `{name}` is infinite or not a number for some calibration sample");
            found.push(Diagnostic::error("M018", message).help("check the samples and the network"));
        }
        // edges of parts folded away are never computed
        if all.min.is_finite() {
            all.magnitudes.sort_unstable_by(f32::total_cmp);
            ranges.edges.insert(name.clone(), all);
        }
    }
    found.into_result(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Dims;
    use crate::onnx::testing::Builder;
    use ndarray::ArrayD;

    fn graph() -> Graph {
        let b = Builder::new(13).input("x", &["N", "2"]).node("Relu", &["x"], &["y"], |a| a).output("y", &["N", "2"]);
        Graph::build(&b.model(), &Dims::new()).expect("valid")
    }

    fn samples(values: Vec<f32>) -> Inputs {
        let x = ArrayD::from_shape_vec(vec![values.len() / 2, 2], values).expect("fits");
        Inputs::from([("x".into(), x)])
    }

    #[test]
    fn ranges_and_quantiles() {
        let values = (0..1000).map(|i| if i % 2 == 0 { -(i as f32) } else { i as f32 }).collect();
        let ranges = calibrate(&graph(), &samples(values)).expect("runs");
        let x = ranges.get("x").expect("inputs are measured");
        assert_eq!((x.min, x.max_abs), (-998.0, 999.0));
        assert_eq!((x.limit(1.0), x.limit(0.9), x.limit(0.001), x.limit(1e-9)), (999.0, 899.0, 0.0, 0.0));
        let y = ranges.get("y").expect("outputs are measured");
        assert_eq!((y.min, y.max_abs, y.limit(0.5)), (0.0, 999.0, 0.0));
    }

    #[test]
    fn a_subsample_is_bounded_and_close() {
        let count = 400_000;
        let values = (0..count).map(|i| i as f32 / count as f32).collect();
        let ranges = calibrate(&graph(), &samples(values)).expect("runs");
        let x = ranges.get("x").expect("measured");
        assert!((60_000..71_000).contains(&x.magnitudes.len()), "{}", x.magnitudes.len());
        for p in [0.1, 0.5, 0.99, 0.999] {
            assert!((x.limit(p) - p).abs() < 0.01, "{p}: {}", x.limit(p));
        }
    }

    #[test]
    fn a_sample_that_is_not_finite_is_named() {
        let error = calibrate(&graph(), &samples(vec![1.0, f32::NAN])).expect_err("NaN");
        assert!(error.to_string().contains("`x`"), "{error}");
    }
}
