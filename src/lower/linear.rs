//! A weighted layer of the float graph, and its weights changed where they stand.

use std::sync::Arc;

use ndarray::ArrayD;

use crate::graph::ops::{Conv, Gemm, MatMul};
use crate::graph::{EdgeId, Graph, Value};

/// A `Conv`, or a `Gemm` or `MatMul` of samples with a constant matrix.
#[derive(Debug, Clone)]
pub struct Linear {
    /// Position of its node.
    pub node: usize,
    /// The constant with the weights.
    pub weights: EdgeId,
    /// Factor of all weights.
    pub factor: f64,
    /// Bias of each output; its length is the number of outputs.
    pub bias: Vec<f64>,
    /// Input channels of one group.
    pub channels: usize,
    /// Taps of one channel.
    pub taps: usize,
    /// Groups of channels that do not mix.
    pub groups: usize,
    /// Whether the input is padded.
    pub padded: bool,
    /// Whether the weights are `[channels, outputs]` instead of `[outputs, channels, taps]`.
    pub transposed: bool,
}

/// The constant floating-point tensor of an optional input.
pub fn real(graph: &Graph, edge: Option<EdgeId>) -> Option<&ArrayD<f32>> {
    graph.constant(edge?)?.as_real().ok()
}

impl Linear {
    /// Reads the layer of a node, if it is one.
    #[must_use]
    pub fn of(graph: &Graph, at: usize) -> Option<Self> {
        let node = &graph.nodes[at];
        let input = &graph.edges[node.input(0)?].fact.shape;
        let edge = node.input(1)?;
        let shape = real(graph, Some(edge))?.shape();
        let bias = match node.input(2) {
            Some(b) => Some(real(graph, Some(b))?),
            None => None,
        };
        if let Some(conv) = node.op::<Conv>() {
            let geometry = conv.geometry(input, shape).ok()?;
            return Some(Self {
                node: at,
                weights: edge,
                factor: 1.0,
                bias: bias.map_or_else(|| vec![0.0; shape[0]], |b| b.iter().map(|v| f64::from(*v)).collect()),
                channels: shape[1],
                taps: shape[2..].iter().product(),
                groups: conv.groups,
                padded: geometry.window.pad.iter().chain(&geometry.pad_end).any(|p| *p > 0),
                transposed: false,
            });
        }
        let plain = Gemm { alpha: 1.0, beta: 1.0, trans_a: false, trans_b: false };
        let gemm = node.op::<MatMul>().map(|_| &plain).or_else(|| node.op::<Gemm>()).filter(|g| !g.trans_a)?;
        let &[rows, columns] = shape else { return None };
        let (channels, outputs) = if gemm.trans_b { (columns, rows) } else { (rows, columns) };
        // an addend that differs from sample to sample is not a bias
        let per_output = |b: &ArrayD<f32>| b.len() == 1 || (b.shape().last() == Some(&outputs) && b.len() == outputs);
        let beta = f64::from(gemm.beta);
        let bias = match bias {
            None => vec![0.0; outputs],
            Some(b) if !per_output(b) => return None,
            Some(b) => b.iter().map(|v| beta * f64::from(*v)).cycle().take(outputs).collect(),
        };
        (input.len() == 2).then(|| Self {
            node: at,
            weights: edge,
            factor: f64::from(gemm.alpha),
            bias,
            channels,
            taps: 1,
            groups: 1,
            padded: false,
            transposed: !gemm.trans_b,
        })
    }

    /// Shows every weight to `f` with its output and its input channel (counted over all groups).
    pub fn each(&self, graph: &Graph, mut f: impl FnMut(usize, usize, f32)) {
        let Some(weights) = real(graph, Some(self.weights)).and_then(|w| w.as_slice()) else { return };
        self.walk(|i, o, c| f(o, c, weights[i]));
    }

    /// Largest magnitude of the weights of every output, and of every input channel.
    #[must_use]
    pub fn largest(&self, graph: &Graph) -> [Vec<f64>; 2] {
        let mut largest = [vec![0.0f32; self.bias.len()], vec![0.0; self.channels * self.groups]];
        self.each(graph, |o, c, w| {
            largest[0][o] = largest[0][o].max(w.abs());
            largest[1][c] = largest[1][c].max(w.abs());
        });
        largest.map(|l| l.into_iter().map(|w| self.factor.abs() * f64::from(w)).collect())
    }

    /// Visits the weights in memory order: position, output, input channel.
    fn walk(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let outputs = self.bias.len();
        if self.transposed {
            (0..self.channels).for_each(|c| (0..outputs).for_each(|o| visit(c * outputs + o, o, c)));
            return;
        }
        let mut i = 0;
        for o in 0..outputs {
            let first = o / (outputs / self.groups) * self.channels;
            for c in first..first + self.channels {
                for _ in 0..self.taps {
                    visit(i, o, c);
                    i += 1;
                }
            }
        }
    }

    /// Lets `f` change every weight in place, given its output and its input channel. Only a constant that
    /// other nodes read too (`shared`) or another graph holds is copied first.
    pub fn change(&mut self, graph: &mut Graph, shared: bool, mut f: impl FnMut(usize, usize, f32) -> f32) {
        if shared && let Some(value) = graph.edges[self.weights].fact.value.clone() {
            let name = format!("{}.weights", graph.nodes[self.node].name);
            self.weights = graph.add_shared(name, value);
            graph.nodes[self.node].inputs[1] = Some(self.weights);
        }
        let Some(value) = graph.edges[self.weights].fact.value.as_mut() else { return };
        let Value::Real(array) = Arc::make_mut(value) else { return };
        let weights = array.as_slice_mut().expect("values of the graph are in standard layout");
        self.walk(|i, o, c| weights[i] = f(o, c, weights[i]));
    }

    /// Writes the bias to the node, with a constant of its own.
    pub fn store_bias(&self, graph: &mut Graph) {
        let name = format!("{}.bias", graph.nodes[self.node].name);
        let bias = ndarray::Array1::from_iter(self.bias.iter().map(|b| *b as f32)).into_dyn();
        let bias = graph.add_constant(name, Value::Real(bias));
        let node = &mut graph.nodes[self.node];
        node.inputs.truncate(2);
        node.inputs.push(Some(bias));
        if node.op::<Conv>().is_none() {
            let gemm = Gemm { alpha: self.factor as f32, beta: 1.0, trans_a: false, trans_b: !self.transposed };
            node.op = Arc::new(gemm);
        }
    }
}
