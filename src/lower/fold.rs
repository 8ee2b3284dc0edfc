//! Passes on the float graph that leave its outputs alone and its layers fewer.
//!
//! Every pass keeps the names of the edges that survive, so calibration and reports still speak of
//! what stands in the ONNX file. Weights change where they stand: nothing is copied but a constant that
//! something else holds too.

use std::sync::Arc;

use ndarray::ArrayD;

use super::linear::{Linear, real};
use crate::diag::{Diagnostic, Diagnostics};
use crate::graph::ops::{Arithmetic, BatchNorm, Dropout, Gemm, Identity, MatMul, Sigmoid, Sign, Softmax};
use crate::graph::{EdgeId, Graph, Links};

/// Runs all passes until none finds work, and drops a final softmax or sigmoid. The findings are
/// notes (M020).
pub fn simplify(graph: &mut Graph) -> Diagnostics {
    edit(graph, |editor, notes| {
        editor.heads(notes)
            | editor.pass(Editor::matmul_add)
            | editor.pass(Editor::norm_behind)
            | editor.pass(Editor::norm_before)
    })
}

/// Drops a final softmax or sigmoid and what passes its input on, and changes nothing else: afterwards the outputs
/// are those of the network that [`simplify`] makes, which is what outputs of a chip may be compared with. The
/// findings are notes (M020).
pub fn logits(graph: &mut Graph) -> Diagnostics {
    edit(graph, |editor, notes| editor.heads(notes))
}

/// Repeats passes until they find no work.
fn edit(graph: &mut Graph, passes: impl Fn(&mut Editor<'_>, &mut Diagnostics) -> bool) -> Diagnostics {
    let mut notes = Diagnostics::new();
    let mut editor = Editor { links: Links::new(graph), gone: vec![false; graph.nodes.len()], graph };
    while passes(&mut editor, &mut notes) {}
    let mut gone = editor.gone.into_iter();
    graph.nodes.retain(|_| gone.next() == Some(false));
    notes
}

/// A graph in work: nodes that are gone keep their place until the end.
struct Editor<'g> {
    graph: &'g mut Graph,
    links: Links,
    gone: Vec<bool>,
}

impl Editor<'_> {
    /// Offers every node to a pass; whether it found work.
    fn pass(&mut self, mut pass: impl FnMut(&mut Self, usize) -> Option<()>) -> bool {
        let mut found = false;
        for at in 0..self.gone.len() {
            found |= !self.gone[at] && pass(self, at).is_some();
        }
        found
    }

    /// What decides which values the network yields.
    fn heads(&mut self, notes: &mut Diagnostics) -> bool {
        self.pass(Self::identity) | self.pass(|e, at| e.final_activation(at, notes))
    }

    /// The first input and the first output of a node.
    fn ends(&self, at: usize) -> Option<(EdgeId, EdgeId)> {
        self.graph.nodes[at].input(0).zip(self.graph.nodes[at].output())
    }

    /// Lets every reader of `old` read `new`.
    fn redirect(&mut self, old: EdgeId, new: EdgeId) {
        for reader in self.links.readers(old).to_vec() {
            for input in self.graph.nodes[reader].inputs.iter_mut().filter(|i| **i == Some(old)) {
                *input = Some(new);
            }
            self.links.detach(reader, old);
            self.links.attach(reader, new);
        }
        for output in self.graph.outputs.iter_mut().filter(|o| **o == old) {
            *output = new;
        }
    }

    /// Takes a node out.
    fn remove(&mut self, at: usize) {
        self.gone[at] = true;
        for edge in self.graph.nodes[at].inputs.iter().flatten() {
            self.links.detach(at, *edge);
        }
        for edge in self.graph.nodes[at].outputs.iter().flatten() {
            self.links.produce(*edge, None);
        }
    }

    /// Lets a node yield `to` in place of what it yields.
    fn yields(&mut self, at: usize, to: EdgeId) {
        self.graph.nodes[at].outputs = vec![Some(to)];
        self.links.produce(to, Some(at));
    }

    /// Whether one node alone reads an edge, and the graph does not yield it.
    fn private(&self, edge: EdgeId) -> bool {
        self.links.readers(edge).len() == 1 && !self.graph.outputs.contains(&edge)
    }

    /// Removes an `Identity` or `Dropout`. One between an input and an output stays.
    fn identity(&mut self, at: usize) -> Option<()> {
        let node = &self.graph.nodes[at];
        // a mask that nobody reads is no second output
        let unread = |o: &EdgeId| self.links.readers(*o).is_empty() && !self.graph.outputs.contains(o);
        let lone = node.outputs.iter().skip(1).flatten().all(unread);
        let passes = lone && (node.op::<Identity>().is_some() || node.op::<Dropout>().is_some());
        let (from, to) = self.ends(at).filter(|_| passes)?;
        let producer = self.links.producer(from);
        if !self.graph.outputs.contains(&to) {
            self.remove(at);
            self.redirect(to, from);
            return Some(());
        }
        let producer = producer?;
        self.remove(at);
        if self.graph.outputs.contains(&from) {
            self.redirect(to, from);
            return Some(());
        }
        // the name of an output is what the user knows: keep it
        for output in self.graph.nodes[producer].outputs.iter_mut().filter(|o| **o == Some(from)) {
            *output = Some(to);
        }
        self.links.produce(to, Some(producer));
        self.redirect(from, to);
        Some(())
    }

    /// Removes a softmax or sigmoid that nothing follows: it grows with the logit, so the winning class
    /// stays the same. The output then is the logits.
    fn final_activation(&mut self, at: usize, notes: &mut Diagnostics) -> Option<()> {
        let node = &self.graph.nodes[at];
        let (from, to) = self.ends(at).filter(|_| node.op::<Softmax>().is_some() || node.op::<Sigmoid>().is_some())?;
        if !self.graph.outputs.contains(&to) || !self.links.readers(to).is_empty() {
            return None;
        }
        let (name, op) = (&node.name, node.op.name());
        let text = format!("node `{name}` ({op}) at the end is left out: the output is the logits before it");
        notes.push(Diagnostic::warning("M020", text).help("the winning class is the same"));
        self.remove(at);
        for output in self.graph.outputs.iter_mut().filter(|o| **o == to) {
            *output = from;
        }
        Some(())
    }

    /// Turns `MatMul` by a constant matrix followed by `Add` of a constant row into one `Gemm`.
    fn matmul_add(&mut self, at: usize) -> Option<()> {
        let graph = &*self.graph;
        let node = &graph.nodes[at];
        let (x, y) = self.ends(at).filter(|_| node.op::<MatMul>().is_some())?;
        let weights = real(graph, node.input(1)).filter(|w| w.ndim() == 2)?;
        if graph.edges[x].fact.shape.len() != 2 || !self.private(y) {
            return None;
        }
        let add = self.links.readers(y)[0];
        let sum = &graph.nodes[add];
        let plain = sum.op::<Arithmetic>().is_some_and(|a| a.sign == Sign::Add && a.legacy.is_none());
        let other = sum.inputs.iter().flatten().copied().find(|e| *e != y).filter(|_| plain)?;
        let outputs = weights.shape()[1];
        let row = |b: &&ArrayD<f32>| b.shape() == [outputs] || b.shape() == [1, outputs];
        real(graph, Some(other)).filter(row)?;
        let (inputs, out) = (vec![Some(x), node.input(1), Some(other)], sum.output()?);
        self.remove(add);
        let node = &mut self.graph.nodes[at];
        node.op = Arc::new(Gemm { alpha: 1.0, beta: 1.0, trans_a: false, trans_b: false });
        node.inputs = inputs;
        self.links.attach(at, other);
        self.yields(at, out);
        Some(())
    }

    /// Factor and offset of every channel of a batch normalisation.
    fn affine(&self, at: usize) -> Option<Vec<(f64, f64)>> {
        let node = &self.graph.nodes[at];
        let norm = node.op::<BatchNorm>()?;
        let mut lists = [&[][..]; 4];
        for (i, list) in lists.iter_mut().enumerate() {
            *list = real(self.graph, node.input(i + 1))?.as_slice()?;
        }
        norm.affine(lists).ok()
    }

    /// Changes the weights of a layer, and writes its bias.
    fn write(&mut self, mut layer: Linear, f: impl FnMut(usize, usize, f32) -> f32) {
        let shared = self.links.readers(layer.weights).len() > 1 || self.graph.outputs.contains(&layer.weights);
        layer.change(self.graph, shared, f);
        layer.store_bias(self.graph);
    }

    /// Folds a batch normalisation into the layer that feeds it: `w' = a·w`, `b' = a·b + c` for every
    /// output channel.
    fn norm_behind(&mut self, at: usize) -> Option<()> {
        let affine = self.affine(at)?;
        let (from, to) = self.ends(at)?;
        let producer = self.links.producer(from).filter(|_| self.private(from))?;
        let mut layer = Linear::of(self.graph, producer)?;
        for (b, (a, c)) in layer.bias.iter_mut().zip(&affine) {
            *b = *b * a + c;
        }
        self.write(layer, |o, _, w| (f64::from(w) * affine[o].0) as f32);
        self.remove(at);
        self.yields(producer, to);
        Some(())
    }

    /// Folds a batch normalisation into the layer that alone reads it: `w' = w·a` for every input channel,
    /// `b' = b + Σ w·c`. Padding is zero *after* the normalisation, so a padded layer can only take the
    /// factors; unless all offsets are zero it is left alone.
    fn norm_before(&mut self, at: usize) -> Option<()> {
        let affine = self.affine(at)?;
        let (from, to) = self.ends(at)?;
        let reader = *self.links.readers(to).first().filter(|_| self.private(to))?;
        let mut layer = Linear::of(self.graph, reader).filter(|_| self.graph.nodes[reader].input(0) == Some(to))?;
        if layer.padded && affine.iter().any(|(_, c)| *c != 0.0) {
            return None;
        }
        let mut offset = vec![0.0; layer.bias.len()];
        layer.each(self.graph, |o, c, w| offset[o] += layer.factor * affine[c].1 * f64::from(w));
        layer.bias.iter_mut().zip(offset).for_each(|(b, o)| *b += o);
        self.write(layer, |_, c, w| (f64::from(w) * affine[c].0) as f32);
        self.remove(at);
        self.graph.nodes[reader].inputs[0] = Some(from);
        self.links.attach(reader, from);
        Some(())
    }
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

    /// Nothing but the softmax goes, and the outputs are those of the simplified network under the same name.
    #[test]
    fn logits_are_the_outputs_of_the_simplified_network() {
        let b = norm(Builder::new(13), "n", 3)
            .input("x", &["N", "2", "9"])
            .weights("w", &[3, 2, 3], &random(18, 1))
            .node("Conv", &["x", "w"], &["c"], |a| a)
            .node("BatchNormalization", &["c", "n0", "n1", "n2", "n3"], &["d"], |a| a)
            .node("Softmax", &["d"], &["s"], |a| a)
            .node("Identity", &["s"], &["y"], |a| a)
            .output("y", &["N", "3", "7"]);
        let mut file = Graph::build(&b.model(), &Dims::new()).expect("valid");
        let mut folded = file.clone();
        assert_eq!(logits(&mut file).iter().count(), 1);
        assert_eq!(simplify(&mut folded).iter().count(), 1);
        assert_eq!(file.nodes.iter().map(|n| n.op.name()).collect::<Vec<_>>(), ["Conv", "BatchNormalization"]);
        let x = ArrayD::from_shape_vec(vec![5, 2, 9], random(90, 99)).expect("fits");
        let inputs = Inputs::from([("x".into(), x)]);
        let (a, b) = (file.run(&inputs).expect("runs"), folded.run(&inputs).expect("runs"));
        assert!(a[0].iter().any(|v| !(0.0..=1.0).contains(v)), "probabilities");
        assert!(a.keys().eq(b.keys()) && a[0].iter().zip(&b[0]).all(|(a, b)| (a - b).abs() < 2e-5));
    }
}
