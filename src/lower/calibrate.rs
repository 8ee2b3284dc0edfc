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
    /// Sum of every channel, and the elements that each sum is of.
    sums: Vec<f64>,
    count: u64,
}

impl Range {
    /// A subsample of the magnitudes, ascending.
    #[must_use]
    pub fn magnitudes(&self) -> &[f32] {
        &self.magnitudes
    }
    /// Mean of every channel (axis 1); of the only one where there is no such axis.
    #[must_use]
    pub fn means(&self) -> Vec<f64> {
        self.sums.iter().map(|s| s / self.count.max(1) as f64).collect()
    }
    /// Of a list of values of one channel.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f32>) -> Self {
        let values: Vec<f32> = values.into_iter().collect();
        let mut range = Self::empty();
        range.see(&values, [1, values.len()], 0, values.len() as u64);
        range.magnitudes.sort_unstable_by(f32::total_cmp);
        range
    }
    /// Of nothing.
    const fn empty() -> Self {
        Self { min: f32::INFINITY, max_abs: 0.0, magnitudes: vec![], sums: vec![], count: 0 }
    }
    /// Takes in the elements of an edge, `[samples, channels, plane]`, which stand from `first` on among all of
    /// its `total`. Returns whether all are finite.
    fn see(&mut self, elements: &[f32], [channels, plane]: [usize; 2], first: u64, total: u64) -> bool {
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
        self.sums.resize(channels, 0.0);
        for (i, part) in elements.chunks_exact(plane.max(1)).enumerate() {
            self.sums[i % channels] += part.iter().map(|v| f64::from(*v)).sum::<f64>();
        }
        self.count += (elements.len() / channels.max(1)) as u64;
        finite
    }
    /// Joins what was seen of other samples.
    fn join(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max_abs = self.max_abs.max(other.max_abs);
        self.magnitudes.extend(&other.magnitudes);
        self.sums.resize(other.sums.len(), 0.0);
        self.sums.iter_mut().zip(&other.sums).for_each(|(a, b)| *a += b);
        self.count += other.count;
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
        let range = Range { min: -1.0, max_abs: 1.0, magnitudes: Vec::new(), sums: Vec::new(), count: 0 };
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

/// Runs the float graph on calibration samples and measures every activation, inputs included.
///
/// # Errors
/// As [`Graph::run`]; M018 when an activation is not finite.
pub fn calibrate(graph: &Graph, inputs: &Inputs) -> Result<Ranges> {
    let total = inputs.values().next().map_or(1, |a| a.shape().first().copied().unwrap_or(1)) as u64;
    let chunks = graph.run_chunks(inputs, |seen: &mut BTreeMap<EdgeId, (Range, bool)>, samples, edge, value| {
        let Value::Real(array) = &**value else { return };
        // a batch of fixed size may be filled up with repeated samples: leave those out
        let batched = graph.edges[edge].batched;
        let shape = &graph.edges[edge].fact.shape;
        let per_sample = shape.iter().skip(usize::from(batched)).product::<usize>();
        let mine = (samples.len() * per_sample).min(array.len());
        let elements = &array.as_slice().expect("values of the graph are in standard layout")[..mine];
        let channels = shape.get(1).copied().filter(|n| batched && *n > 0 && mine.is_multiple_of(*n)).unwrap_or(1);
        let first = (samples.start * per_sample) as u64;
        let mut range = Range::empty();
        let sizes = [channels, per_sample / channels];
        let finite = range.see(elements, sizes, first, total * per_sample as u64);
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
            all.join(range);
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
    use crate::lower::Method;
    use crate::onnx::testing::Builder;
    use ndarray::ArrayD;

    fn limit(range: &Range, share: f64) -> f64 {
        crate::lower::calibration::limit(range, Method::Percentile(share), 8, true)
    }

    #[test]
    fn means_are_those_of_the_channels() {
        let ranges = calibrate(&graph(), &samples(vec![1.0, -2.0, 4.0, -6.0])).expect("runs");
        assert_eq!(ranges.get("x").expect("measured").means(), [2.5, -4.0]);
        assert_eq!(ranges.get("y").expect("measured").means(), [2.5, 0.0]);
    }

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
        assert_eq!((limit(x, 1.0), limit(x, 0.9), limit(x, 0.001), limit(x, 1e-9)), (999.0, 899.0, 0.0, 0.0));
        let y = ranges.get("y").expect("outputs are measured");
        assert_eq!((y.min, y.max_abs, limit(y, 0.5)), (0.0, 999.0, 0.0));
    }

    #[test]
    fn a_subsample_is_bounded_and_close() {
        let count = 400_000;
        let values = (0..count).map(|i| i as f32 / count as f32).collect();
        let ranges = calibrate(&graph(), &samples(values)).expect("runs");
        let x = ranges.get("x").expect("measured");
        assert!((60_000..71_000).contains(&x.magnitudes.len()), "{}", x.magnitudes.len());
        for p in [0.1, 0.5, 0.99, 0.999] {
            assert!((limit(x, p) - p).abs() < 0.01, "{p}: {}", limit(x, p));
        }
    }

    #[test]
    fn a_sample_that_is_not_finite_is_named() {
        let error = calibrate(&graph(), &samples(vec![1.0, f32::NAN])).expect_err("NaN");
        assert!(error.to_string().contains("`x`"), "{error}");
    }
}
