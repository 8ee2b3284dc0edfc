//! Ranges of activations, measured on calibration samples.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::graph::{Chunk, EdgeId, Graph, Inputs, Value};
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
    /// The answer for every edge that was not measured.
    unknown: Option<Range>,
}

impl Ranges {
    /// Ranges of a network that is not going to be evaluated: every edge answers with magnitudes up to 1
    /// (assumed; the scale of a format then means nothing) and either sign, so that codes are signed
    /// except behind a rectifier.
    #[must_use]
    pub fn unknown() -> Self {
        let range = Range { min: -1.0, max_abs: 1.0, magnitudes: Vec::new() };
        Self { edges: BTreeMap::new(), unknown: Some(range) }
    }
    /// What was seen on an edge.
    #[must_use]
    pub fn get(&self, edge: &str) -> Option<&Range> {
        self.edges.get(edge).or(self.unknown.as_ref())
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

/// Ranges of one chunk: by edge, with whether all values were finite.
fn observe(graph: &Graph, edges: &[EdgeId], chunk: &Chunk<'_>, total: u64) -> Vec<(Range, bool)> {
    let one = |edge: &EdgeId| {
        let mut range = Range { min: f32::INFINITY, max_abs: 0.0, magnitudes: vec![] };
        let Some(Value::Real(array)) = chunk.value(*edge) else { return (range, true) };
        // a batch of fixed size may be filled up with repeated samples: leave those out
        let edge = &graph.edges[*edge];
        let per_sample = edge.fact.shape.iter().skip(usize::from(edge.batched)).product::<usize>() as u64;
        let first = chunk.samples.start as u64 * per_sample;
        let count = (chunk.samples.len() as u64 * per_sample).min(array.len() as u64);
        let threshold = (u128::from(u64::MAX) * u128::from(KEPT) / u128::from((total * per_sample).max(1)))
            .min(u128::from(u64::MAX)) as u64;
        let mut finite = true;
        for (i, v) in array.iter().take(count as usize).enumerate() {
            finite &= v.is_finite();
            range.min = range.min.min(*v);
            range.max_abs = range.max_abs.max(v.abs());
            if chosen(first + i as u64, threshold) {
                range.magnitudes.push(v.abs());
            }
        }
        (range, finite)
    };
    edges.iter().map(one).collect()
}

/// Runs the float graph on calibration samples and measures every activation, inputs included.
///
/// # Errors
/// As [`Graph::run`]; M018 when an activation is not finite.
pub fn calibrate(graph: &Graph, inputs: &Inputs) -> Result<Ranges> {
    let all = (0..graph.edges.len()).map(EdgeId::new);
    let edges: Vec<EdgeId> =
        all.filter(|e| graph.constant(*e).is_none() && graph.edges[*e].fact.dtype.is_float()).collect();
    let total = inputs.values().next().map_or(1, |a| a.shape().first().copied().unwrap_or(1)) as u64;
    let chunks = graph.run_chunks(inputs, |chunk| observe(graph, &edges, chunk, total))?;
    let mut found = Diagnostics::new();
    let mut ranges = Ranges::default();
    for (i, edge) in edges.iter().enumerate() {
        let name = &graph.edges[*edge].name;
        let mut all = Range { min: f32::INFINITY, max_abs: 0.0, magnitudes: vec![] };
        let mut finite = true;
        for chunk in &chunks {
            let (range, ok) = &chunk[i];
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
