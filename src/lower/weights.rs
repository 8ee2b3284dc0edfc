//! Recognises weighted layers: convolutions and products with a constant matrix.

use super::layout::Order;
use crate::graph::ops::{Conv, ConvTranspose, Gemm, MatMul};
use crate::graph::{EdgeId, Fact, Graph, Node, Value};
use crate::id::Id;
use crate::tensor::Window;

/// A weighted layer before quantisation. Its weights stay where they are in the network.
#[derive(Debug, Clone)]
pub struct Weights {
    /// The constant with the weights.
    pub constant: EdgeId,
    /// How the constant stands.
    pub store: Store,
    /// Factor of all weights.
    pub factor: f64,
    /// Bias of each output; its length is the number of outputs.
    pub bias: Vec<f64>,
    /// Groups of channels that do not mix.
    pub groups: usize,
    /// What each position reads.
    pub window: Window,
    /// How positions and channels stand.
    pub order: Order,
    /// Positions of one sample.
    pub positions: usize,
}

/// How the constant of a weighted layer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// `[outputs, rows of its group]`.
    ByOutput,
    /// `[rows, outputs]`.
    ByRow,
    /// `[channels, outputs of a group, kernel…]`, the kernel of so many taps: a transposed convolution.
    Spread(usize),
}

impl Weights {
    /// Where in the constant the weight of an output and a row of its group stands.
    pub fn place(&self, output: usize, row: usize) -> usize {
        let outputs = self.bias.len();
        match self.store {
            Store::ByOutput => output * (self.window.rows() / self.groups) + row,
            Store::ByRow => row * outputs + output,
            Store::Spread(taps) => {
                let each = outputs / self.groups;
                let channel = output / each * (self.window.channels / self.groups) + row / taps;
                (channel * each + output % each) * taps + row % taps
            }
        }
    }
}

/// The weighted layer of a node and the activation it reads, if it is one.
pub fn weighted(graph: &Graph, facts: &[Fact], node: &Node) -> Option<(Weights, EdgeId)> {
    if let Some(conv) = node.op::<Conv>() {
        return convolution(graph, facts, node, conv);
    }
    if let Some(conv) = node.op::<ConvTranspose>() {
        return spread(graph, facts, node, conv);
    }
    if let Some(gemm) = node.op::<Gemm>() {
        return product(graph, facts, node, gemm);
    }
    node.op::<MatMul>()?;
    let (a, b) = (node.input(0)?, node.input(1)?);
    let plain = Gemm { alpha: 1.0, beta: 1.0, trans_a: false, trans_b: false };
    if !is_constant(facts, a) {
        return product(graph, facts, node, &plain);
    }
    // A · X: every column of X is a position
    let &[outputs, rows] = matrix(facts, a)?.as_slice() else { return None };
    let x = &facts[b.index()].shape;
    let (positions, outer) = (*x.last()?, x.len().checked_sub(2)?);
    if x[..outer].iter().any(|n| *n != 1) || real(graph, facts, a).is_none() || is_constant(facts, b) {
        return None;
    }
    let window = Window {
        channels: rows,
        input: vec![positions],
        output: vec![positions],
        kernel: vec![1],
        stride: vec![1],
        dilation: vec![1],
        pad: vec![0],
    };
    let layer = Weights {
        constant: a,
        store: Store::ByOutput,
        factor: 1.0,
        bias: vec![0.0; outputs],
        groups: 1,
        window,
        order: Order::ChannelFirst,
        positions,
    };
    Some((layer, b))
}

/// Elements of a constant, as the network holds them.
pub fn real<'g>(graph: &'g Graph, facts: &'g [Fact], edge: EdgeId) -> Option<&'g ndarray::ArrayD<f32>> {
    graph.constant(edge).or(facts[edge.index()].value.as_deref()).and_then(|v: &Value| v.as_real().ok())
}

fn is_constant(facts: &[Fact], edge: EdgeId) -> bool {
    facts[edge.index()].value.is_some()
}

/// The two dimensions of a constant matrix, ones in front left out.
fn matrix(facts: &[Fact], edge: EdgeId) -> Option<Vec<usize>> {
    let fact = &facts[edge.index()];
    let outer = fact.shape.len().checked_sub(2)?;
    let matrix = fact.value.is_some() && fact.dtype.is_float() && fact.shape[..outer].iter().all(|n| *n == 1);
    (matrix && !fact.shape.contains(&0)).then(|| fact.shape[outer..].to_vec())
}

fn convolution(graph: &Graph, facts: &[Fact], node: &Node, conv: &Conv) -> Option<(Weights, EdgeId)> {
    let (x, w) = (node.input(0)?, node.input(1)?);
    let shape = &facts[x.index()].shape;
    let weights = real(graph, facts, w)?;
    if is_constant(facts, x) || shape[0] != 1 {
        return None;
    }
    let window = conv.geometry(shape, weights.shape()).ok()?.window;
    let outputs = weights.shape()[0];
    let bias = bias(graph, facts, node, outputs)?;
    let window = Window { channels: window.channels * conv.groups, ..window };
    let positions = window.positions();
    let layer = Weights {
        constant: w,
        store: Store::ByOutput,
        factor: 1.0,
        bias,
        groups: conv.groups,
        window,
        order: Order::ChannelFirst,
        positions,
    };
    Some((layer, x))
}

/// A transposed convolution: every element of its output reads what spreads onto it.
fn spread(graph: &Graph, facts: &[Fact], node: &Node, conv: &ConvTranspose) -> Option<(Weights, EdgeId)> {
    let (x, w) = (node.input(0)?, node.input(1)?);
    let shape = &facts[x.index()].shape;
    let weights = real(graph, facts, w)?;
    if is_constant(facts, x) || shape[0] != 1 {
        return None;
    }
    let window = Window { channels: shape[1], ..conv.window(shape, weights.shape()).ok()? };
    let (positions, taps) = (window.input_positions(), window.kernel.iter().product());
    let store = Store::Spread(taps);
    let bias = bias(graph, facts, node, weights.shape()[1] * conv.groups)?;
    let order = Order::ChannelFirst;
    Some((Weights { constant: w, store, factor: 1.0, bias, groups: conv.groups, window, order, positions }, x))
}

/// The bias of a convolution.
fn bias(graph: &Graph, facts: &[Fact], node: &Node, outputs: usize) -> Option<Vec<f64>> {
    match node.input(2) {
        Some(b) => Some(real(graph, facts, b)?.iter().map(|v| f64::from(*v)).collect()),
        None => Some(vec![0.0; outputs]),
    }
}

/// `X · B`, with every row of X a position.
fn product(graph: &Graph, facts: &[Fact], node: &Node, gemm: &Gemm) -> Option<(Weights, EdgeId)> {
    let (x, b) = (node.input(0)?, node.input(1)?);
    let shape = matrix(facts, b)?;
    let (rows, outputs) = if gemm.trans_b { (shape[1], shape[0]) } else { (shape[0], shape[1]) };
    let elements = facts[x.index()].elements()?;
    if gemm.trans_a || is_constant(facts, x) || real(graph, facts, b).is_none() || elements == 0 {
        return None;
    }
    let beta = f64::from(gemm.beta);
    let bias = match node.input(2).map(|c| real(graph, facts, c)) {
        None => vec![0.0; outputs],
        Some(c) => row(c?, outputs)?.into_iter().map(|v| beta * v).collect(),
    };
    let positions = elements / rows;
    let order = if positions == 1 { Order::ChannelFirst } else { Order::ChannelLast };
    let layer = Weights {
        constant: b,
        store: if gemm.trans_b { Store::ByOutput } else { Store::ByRow },
        factor: f64::from(gemm.alpha),
        bias,
        groups: 1,
        window: Window::dense(rows),
        order,
        positions,
    };
    Some((layer, x))
}

/// A constant that adds one number to each of `outputs`, the last dimension.
pub fn row(constant: &ndarray::ArrayD<f32>, outputs: usize) -> Option<Vec<f64>> {
    let real = || constant.iter().map(|v| f64::from(*v));
    match constant.len() {
        1 => Some(vec![real().next()?; outputs]),
        n if n == outputs && constant.shape().last() == Some(&outputs) => Some(real().collect()),
        _ => None,
    }
}
