//! Passes on the float graph that leave its outputs alone and its layers fewer.
//!
//! Every pass keeps the names of the edges that survive, so calibration and reports still speak of
//! what stands in the ONNX file.

use std::sync::Arc;

use ndarray::{ArrayD, Axis};

use crate::diag::{Diagnostic, Diagnostics};
use crate::graph::ops::{Arithmetic, BatchNorm, Conv, Dropout, Gemm, Identity, MatMul, Sigmoid, Sign, Softmax};
use crate::graph::{EdgeId, Graph, Value};

/// Runs all passes until none finds work, and drops a final softmax or sigmoid. The findings are
/// notes (M020).
pub fn simplify(graph: &mut Graph) -> Diagnostics {
    let mut notes = Diagnostics::new();
    while drop_identities(graph)
        || drop_final_activation(graph, &mut notes)
        || fuse_matmul_add(graph)
        || fold_batchnorm_behind(graph)
        || fold_batchnorm_before(graph)
    {}
    notes
}

/// Lets every reader of `old` read `new`.
fn redirect(graph: &mut Graph, old: EdgeId, new: EdgeId) {
    for input in graph.nodes.iter_mut().flat_map(|n| &mut n.inputs).filter(|i| **i == Some(old)) {
        *input = Some(new);
    }
    for output in graph.outputs.iter_mut().filter(|o| **o == old) {
        *output = new;
    }
}

/// Whether one node alone reads an edge, and the graph does not yield it.
fn private(graph: &Graph, edge: EdgeId) -> bool {
    graph.readers(edge).len() == 1 && !graph.outputs.contains(&edge)
}

/// Removes one `Identity` or `Dropout`. An identity between an input and an output stays.
pub fn drop_identities(graph: &mut Graph) -> bool {
    let found = graph.nodes.iter().position(|n| {
        // a mask that nobody reads is no second output
        let unread = |o: &EdgeId| graph.readers(*o).is_empty() && !graph.outputs.contains(o);
        let one_output = n.outputs.iter().skip(1).flatten().all(unread);
        let passes = one_output && (n.op::<Identity>().is_some() || n.op::<Dropout>().is_some());
        let bare = n.output().is_some_and(|o| graph.outputs.contains(&o))
            && n.input(0).is_some_and(|i| graph.producer(i).is_none());
        passes && !bare
    });
    let Some((at, (from, to))) = found.and_then(|i| Some((i, graph.nodes[i].input(0).zip(graph.nodes[i].output())?)))
    else {
        return false;
    };
    graph.nodes.remove(at);
    if graph.outputs.contains(&to) {
        // the name of an output is what the user knows: keep it
        let at = graph.producer(from);
        if let Some(producer) = at.filter(|_| !graph.outputs.contains(&from)) {
            for output in graph.nodes[producer].outputs.iter_mut().filter(|o| **o == Some(from)) {
                *output = Some(to);
            }
            redirect(graph, from, to);
            return true;
        }
    }
    redirect(graph, to, from);
    true
}

/// Removes a softmax or sigmoid that nothing follows: it grows with the logit, so the winning class
/// stays the same. The output then is the logits.
pub fn drop_final_activation(graph: &mut Graph, notes: &mut Diagnostics) -> bool {
    let found = graph.nodes.iter().position(|n| {
        let last = n.output().is_some_and(|o| graph.outputs.contains(&o) && graph.readers(o).is_empty());
        last && (n.op::<Softmax>().is_some() || n.op::<Sigmoid>().is_some())
    });
    let Some((at, (from, to))) = found.and_then(|i| Some((i, graph.nodes[i].input(0).zip(graph.nodes[i].output())?)))
    else {
        return false;
    };
    let node = graph.nodes.remove(at);
    let text =
        format!("node `{}` ({}) at the end is left out: the output is the logits before it", node.name, node.op.name());
    notes.push(Diagnostic::warning("M020", text).help("the winning class is the same"));
    for output in graph.outputs.iter_mut().filter(|o| **o == to) {
        *output = from;
    }
    true
}

/// The constant floating-point tensor of an optional input.
fn real(graph: &Graph, edge: Option<EdgeId>) -> Option<&ArrayD<f32>> {
    graph.constant(edge?)?.as_real().ok()
}

/// Turns `MatMul` by a constant matrix followed by `Add` of a constant row into one `Gemm`.
pub fn fuse_matmul_add(graph: &mut Graph) -> bool {
    for at in 0..graph.nodes.len() {
        let node = &graph.nodes[at];
        let Some((x, y)) = node.input(0).zip(node.output()).filter(|_| node.op::<MatMul>().is_some()) else { continue };
        let Some(weights) = real(graph, node.input(1)).filter(|w| w.ndim() == 2) else { continue };
        if graph.edges[x].fact.shape.len() != 2 || !private(graph, y) {
            continue;
        }
        let add = graph.readers(y)[0];
        let node = &graph.nodes[add];
        let plain = node.op::<Arithmetic>().is_some_and(|a| a.sign == Sign::Add && a.legacy.is_none());
        let other = node.inputs.iter().flatten().copied().find(|e| *e != y);
        let outputs = weights.shape()[1];
        let row = |b: &&ArrayD<f32>| b.shape() == [outputs] || b.shape() == [1, outputs];
        if !plain || real(graph, other).filter(row).is_none() {
            continue;
        }
        let (weights, out) = (graph.nodes[at].input(1), graph.nodes[add].output());
        let gemm = Gemm { alpha: 1.0, beta: 1.0, trans_a: false, trans_b: false };
        let node = &mut graph.nodes[at];
        node.op = Arc::new(gemm);
        node.inputs = vec![Some(x), weights, other];
        node.outputs = vec![out];
        graph.nodes.remove(add);
        return true;
    }
    false
}

/// A weighted layer in one form: weights as they act, `[outputs, …]` with the input channels second,
/// and a bias.
pub(super) struct Layer {
    /// Weights.
    pub weights: ArrayD<f64>,
    /// Bias of each output.
    pub bias: Vec<f64>,
    /// Groups of channels that do not mix.
    pub groups: usize,
    padded: bool,
}

/// Reads a `Conv`, `Gemm` or `MatMul` of a matrix with constant weights.
pub(super) fn layer(graph: &Graph, at: usize) -> Option<Layer> {
    let node = &graph.nodes[at];
    let weights = real(graph, node.input(1))?.mapv(f64::from);
    let bias = match node.input(2) {
        Some(b) => Some(real(graph, Some(b))?),
        None => None,
    };
    if let Some(conv) = node.op::<Conv>() {
        let geometry = conv.geometry(&graph.edges[node.input(0)?].fact.shape, weights.shape()).ok()?;
        let padded = geometry.window.pad.iter().chain(&geometry.pad_end).any(|p| *p > 0);
        let outputs = weights.shape()[0];
        let bias = bias.map_or_else(|| vec![0.0; outputs], |b| b.iter().map(|v| f64::from(*v)).collect());
        return Some(Layer { weights, bias, groups: conv.groups, padded });
    }
    if node.op::<MatMul>().is_some() {
        let matrix = weights.ndim() == 2 && graph.edges[node.input(0)?].fact.shape.len() == 2;
        let bias = vec![0.0; *weights.shape().last()?];
        return matrix.then(|| Layer { weights: weights.reversed_axes(), bias, groups: 1, padded: false });
    }
    let gemm = node.op::<Gemm>().filter(|g| !g.trans_a)?;
    let weights = if gemm.trans_b { weights } else { weights.reversed_axes() };
    let weights = weights.mapv(|w| w * f64::from(gemm.alpha));
    let outputs = weights.shape()[0];
    // an addend that differs from sample to sample is not a bias
    let per_output = |b: &ArrayD<f32>| (b.len() == 1 || b.shape().last() == Some(&outputs)) && b.len() <= outputs;
    let bias = match bias {
        None => vec![0.0; outputs],
        Some(b) if b.len() == 1 => vec![f64::from(gemm.beta * b.first()?); outputs],
        Some(b) if per_output(b) => b.iter().map(|v| f64::from(gemm.beta) * f64::from(*v)).collect(),
        Some(_) => return None,
    };
    Some(Layer { weights, bias, groups: 1, padded: false })
}

/// Writes a layer back to its node, with constants of its own.
fn store(graph: &mut Graph, at: usize, layer: &Layer) {
    let name = graph.nodes[at].name.clone();
    let weights = layer.weights.mapv(|w| w as f32).as_standard_layout().into_owned();
    let bias = ndarray::Array1::from_iter(layer.bias.iter().map(|b| *b as f32)).into_dyn();
    let weights = graph.add_constant(format!("{name}.weights"), Value::Real(weights));
    let bias = graph.add_constant(format!("{name}.bias"), Value::Real(bias));
    let node = &mut graph.nodes[at];
    node.inputs = vec![node.input(0), Some(weights), Some(bias)];
    if node.op::<Conv>().is_none() {
        node.op = Arc::new(Gemm { alpha: 1.0, beta: 1.0, trans_a: false, trans_b: true });
    }
}

/// Factor and offset of every channel of a batch normalisation.
fn affine(graph: &Graph, at: usize) -> Option<Vec<(f64, f64)>> {
    let node = &graph.nodes[at];
    let norm = node.op::<BatchNorm>()?;
    let mut lists = [&[][..]; 4];
    for (i, list) in lists.iter_mut().enumerate() {
        *list = real(graph, node.input(i + 1))?.as_slice()?;
    }
    norm.affine(lists).ok()
}

/// Folds one batch normalisation into the `Conv` or `Gemm` that feeds it:
/// `w' = a·w`, `b' = a·b + c` for every output channel.
pub fn fold_batchnorm_behind(graph: &mut Graph) -> bool {
    for at in 0..graph.nodes.len() {
        let Some(affine) = affine(graph, at) else { continue };
        let Some((from, to)) = graph.nodes[at].input(0).zip(graph.nodes[at].output()) else { continue };
        let Some(producer) = graph.producer(from).filter(|_| private(graph, from)) else { continue };
        let Some(mut layer) = layer(graph, producer) else { continue };
        for (o, (a, c)) in affine.iter().enumerate() {
            layer.weights.index_axis_mut(Axis(0), o).mapv_inplace(|w| w * a);
            layer.bias[o] = layer.bias[o] * a + c;
        }
        store(graph, producer, &layer);
        graph.nodes[producer].outputs = vec![Some(to)];
        graph.nodes.remove(at);
        return true;
    }
    false
}

/// Folds one batch normalisation into the `Conv` or `Gemm` that alone reads it: `w' = w·a` for every
/// input channel, `b' = b + Σ w·c`. Padding is zero *after* the normalisation, so a padded layer
/// can only take the factors; unless all offsets are zero it is left alone.
pub fn fold_batchnorm_before(graph: &mut Graph) -> bool {
    for at in 0..graph.nodes.len() {
        let Some(affine) = affine(graph, at) else { continue };
        let Some((from, to)) = graph.nodes[at].input(0).zip(graph.nodes[at].output()) else { continue };
        if !private(graph, to) {
            continue;
        }
        let reader = graph.readers(to)[0];
        if graph.nodes[reader].input(0) != Some(to) {
            continue;
        }
        let Some(mut layer) = layer(graph, reader) else { continue };
        if layer.padded && affine.iter().any(|(_, c)| *c != 0.0) {
            continue;
        }
        let (outputs, channels) = (layer.weights.shape()[0], layer.weights.shape()[1]);
        for o in 0..outputs {
            let group = o / (outputs / layer.groups).max(1);
            let mut rows = layer.weights.index_axis_mut(Axis(0), o);
            for c in 0..channels {
                let (a, offset) = affine[group * channels + c];
                let mut taps = rows.index_axis_mut(Axis(0), c);
                layer.bias[o] += offset * taps.sum();
                taps.mapv_inplace(|w| w * a);
            }
        }
        store(graph, reader, &layer);
        graph.nodes[reader].inputs[0] = Some(from);
        graph.nodes.remove(at);
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Dims, Inputs};
    use crate::onnx::testing::Builder;
    use crate::rng::{Domain, Draw};

    fn random(count: usize, element: u64) -> Vec<f32> {
        (0..count as u64)
            .map(|tick| (Draw { seed: 7, domain: Domain::Explore, element, tick }.uniform(0) * 2.0 - 1.0) as f32)
            .collect()
    }

    /// Four parameters of a batch normalisation of `n` channels named `p0…p3`.
    fn norm(b: Builder, p: &str, n: i64) -> Builder {
        let at = p.len() as u64 * 10;
        let positive = |v: Vec<f32>| v.into_iter().map(|x| x.abs() + 0.1).collect::<Vec<_>>();
        b.weights(&format!("{p}0"), &[n], &random(n as usize, at))
            .weights(&format!("{p}1"), &[n], &random(n as usize, at + 1))
            .weights(&format!("{p}2"), &[n], &random(n as usize, at + 2))
            .weights(&format!("{p}3"), &[n], &positive(random(n as usize, at + 3)))
    }

    /// Runs a graph before and after all passes; returns the nodes that are left.
    fn unchanged(b: &Builder, shape: &[usize]) -> (Vec<&'static str>, Diagnostics) {
        let mut graph = Graph::build(&b.model(), &Dims::new()).expect("valid");
        let x = ArrayD::from_shape_vec(shape, random(shape.iter().product(), 99)).expect("fits");
        let inputs = Inputs::from([("x".into(), x)]);
        let before = graph.run(&inputs).expect("runs");
        let notes = simplify(&mut graph);
        if notes.is_empty() {
            let after = graph.run(&inputs).expect("runs");
            assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
            for (a, b) in before.values().zip(after.values()) {
                assert_eq!(a.shape(), b.shape());
                for (a, b) in a.iter().zip(b) {
                    assert!((a - b).abs() < 2e-5, "{a} became {b}");
                }
            }
        }
        (graph.nodes.iter().map(|n| n.op.name()).collect(), notes)
    }

    #[test]
    fn batch_normalisation_folds_backwards_into_a_padded_convolution() {
        let b = norm(Builder::new(13), "n", 3)
            .input("x", &["N", "2", "9"])
            .weights("w", &[3, 2, 3], &random(18, 1))
            .node("Conv", &["x", "w"], &["c"], |a| a.ints("pads", &[1, 1]))
            .node("BatchNormalization", &["c", "n0", "n1", "n2", "n3"], &["d"], |a| a)
            .node("Relu", &["d"], &["y"], |a| a)
            .output("y", &["N", "3", "9"]);
        assert_eq!(unchanged(&b, &[5, 2, 9]).0, ["Conv", "Relu"]);
    }

    #[test]
    fn batch_normalisation_folds_forwards_only_without_padding() {
        let b = |pads: fn(crate::onnx::testing::Attrs) -> crate::onnx::testing::Attrs| {
            norm(Builder::new(13), "n", 4)
                .input("x", &["N", "4", "9"])
                .weights("w", &[6, 2, 3], &random(36, 1))
                .weights("b", &[6], &random(6, 2))
                .node("BatchNormalization", &["x", "n0", "n1", "n2", "n3"], &["c"], |a| a)
                .node("Conv", &["c", "w", "b"], &["y"], pads)
                .output("y", &["N", "6", "L"])
        };
        assert_eq!(unchanged(&b(|a| a.int("group", 2)), &[5, 4, 9]).0, ["Conv"]);
        assert_eq!(
            unchanged(&b(|a| a.int("group", 2).ints("pads", &[1, 0])), &[5, 4, 9]).0,
            ["BatchNormalization", "Conv"]
        );
    }

    #[test]
    fn dense_layers_take_normalisations_on_both_sides() {
        let b = norm(norm(Builder::new(13), "n", 4), "mm", 3)
            .input("x", &["N", "4"])
            .weights("w", &[4, 3], &random(12, 1))
            .weights("b", &[3], &random(3, 2))
            .node("BatchNormalization", &["x", "n0", "n1", "n2", "n3"], &["c"], |a| a)
            .node("Gemm", &["c", "w", "b"], &["d"], |a| a.float("alpha", 0.5).float("beta", 2.0))
            .node("BatchNormalization", &["d", "mm0", "mm1", "mm2", "mm3"], &["y"], |a| a)
            .output("y", &["N", "3"]);
        assert_eq!(unchanged(&b, &[7, 4]).0, ["Gemm"]);
    }

    #[test]
    fn a_shared_convolution_keeps_its_normalisation() {
        let b = norm(Builder::new(13), "n", 1)
            .input("x", &["N", "1", "4"])
            .weights("w", &[1, 1, 1], &[2.0])
            .node("Conv", &["x", "w"], &["c"], |a| a)
            .node("BatchNormalization", &["c", "n0", "n1", "n2", "n3"], &["d"], |a| a)
            .node("Add", &["c", "d"], &["y"], |a| a)
            .output("y", &["N", "1", "4"]);
        assert_eq!(unchanged(&b, &[3, 1, 4]).0, ["Conv", "BatchNormalization", "Add"]);
    }

    #[test]
    fn identities_vanish_and_matmul_takes_its_bias() {
        let b = Builder::new(13)
            .input("x", &["N", "4"])
            .weights("w", &[4, 3], &random(12, 1))
            .weights("b", &[3], &random(3, 2))
            .node("Identity", &["x"], &["i"], |a| a)
            .node("MatMul", &["i", "w"], &["m"], |a| a)
            .node("Add", &["b", "m"], &["s"], |a| a)
            .node("Dropout", &["s"], &["d"], |a| a)
            .node("Relu", &["d"], &["r"], |a| a)
            .node("Identity", &["r"], &["y"], |a| a)
            .output("y", &["N", "3"]);
        assert_eq!(unchanged(&b, &[7, 4]).0, ["Gemm", "Relu"]);
    }

    #[test]
    fn a_final_softmax_is_left_out_with_a_note() {
        let b = Builder::new(13)
            .input("x", &["N", "4"])
            .weights("w", &[4, 3], &random(12, 1))
            .node("MatMul", &["x", "w"], &["m"], |a| a)
            .node("Softmax", &["m"], &["y"], |a| a)
            .output("y", &["N", "3"]);
        let (left, notes) = unchanged(&b, &[7, 4]);
        assert_eq!(left, ["MatMul"]);
        assert!(!notes.has_errors() && notes.to_string().contains("`Softmax_1`"), "{notes}");
    }
}
