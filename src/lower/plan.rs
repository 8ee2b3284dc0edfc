//! Which nodes become which operation of the quantised network, before any number is quantised.

use super::fold::{Layer, layer};
use super::quant_graph::QOp;
use crate::diag::{Diagnostic, Result};
use crate::graph::ops::{
    Arithmetic, AveragePool, Concat, Conv, Flatten, Gemm, GlobalPool, MatMul, MaxPool, ReduceMean, Relu, Reshape, Sign,
    Squeeze, Transpose, Unsqueeze, padded_taps,
};
use crate::graph::{EdgeId, Graph, Node};
use crate::tensor::Window;

/// What a step computes.
pub enum Step {
    /// A weighted layer.
    Weighted {
        /// Weights and bias.
        layer: Layer,
        /// What each position reads.
        window: Window,
        /// Whether a rectifier is fused.
        relu: bool,
    },
    /// Anything else.
    Other(QOp),
}

/// One node of the quantised network to be.
pub struct Planned {
    /// Position of the node in the float graph.
    pub node: usize,
    /// What it becomes.
    pub op: Step,
    /// Edges it reads.
    pub inputs: Vec<EdgeId>,
    /// Edge it yields (that of the rectifier where one is fused).
    pub output: EdgeId,
}

/// All steps in execution order.
pub struct Plan {
    /// The steps.
    pub steps: Vec<Planned>,
    /// The edge of the logits.
    pub output: EdgeId,
}

/// Plans a whole graph.
///
/// # Errors
/// M019 with every node that cannot go to crossbars, and why.
pub fn plan(graph: &Graph) -> Result<Plan> {
    let mut refused: Vec<String> = Vec::new();
    let (end, output) = ending(graph, &mut refused);
    let mut steps = Vec::new();
    let mut fused = vec![false; graph.nodes.len()];
    let sizes = sizes_only(graph);
    for edge in graph.inputs.iter().map(|e| &graph.edges[*e]) {
        if !edge.batched || !edge.fact.dtype.is_float() {
            refused.push(format!("input `{}` is not a batch of floating-point samples", edge.name));
        }
    }
    for (i, node) in graph.nodes.iter().enumerate() {
        if fused[i] || end.contains(&i) || sizes[i] {
            continue;
        }
        match one(graph, node) {
            Ok((mut op, inputs)) => {
                let Some(mut to) = node.output() else { continue };
                if let Step::Weighted { relu, .. } = &mut op
                    && to != output
                    && let [reader] = graph.readers(to)[..]
                    && graph.nodes[reader].op::<Relu>().is_some()
                    && let Some(after) = graph.nodes[reader].output()
                {
                    (*relu, fused[reader], to) = (true, true, after);
                }
                steps.push(Planned { node: i, op, inputs, output: to });
            }
            Err(why) => refused.push(format!("node `{}` ({}): {why}", node.name, node.op.name())),
        }
    }
    if refused.is_empty() {
        let last = steps.iter().find(|s| s.output == output);
        if !last.is_some_and(|s| matches!(s.op, Step::Weighted { .. })) {
            refused.push("the network does not end with a weighted layer (Conv, Gemm or MatMul)".into());
        } else if !graph.readers(output).iter().all(|r| end.contains(r)) {
            refused.push("the layer that yields the output is read by other nodes too".into());
        }
    }
    if refused.is_empty() {
        return Ok(Plan { steps, output });
    }
    let message = format!("the network cannot go to crossbars:\n  {}", refused.join("\n  "));
    Err(Diagnostic::error("M019", message).help("change these layers, or keep them on the host").into())
}

/// Nodes that only compute the sizes of a reshape, as the export of `x.view(x.size(0), -1)` does. They are no
/// work: where a reshape keeps the batch in front, what it does to one sample is known without them.
fn sizes_only(graph: &Graph) -> Vec<bool> {
    let mut sizes = vec![false; graph.nodes.len()];
    // nodes stand in order, so every reader is known before what it reads
    for i in (0..sizes.len()).rev() {
        let outputs: Vec<EdgeId> = graph.nodes[i].outputs.iter().flatten().copied().collect();
        let read = outputs.iter().any(|e| !graph.readers(*e).is_empty());
        let size = |e: &EdgeId| {
            let readers = graph.readers(*e);
            let shape = |r: &usize| reshapes(&graph.nodes[*r]) && graph.nodes[*r].input(0) != Some(*e);
            !graph.outputs.contains(e) && readers.iter().all(|r| sizes[*r] || shape(r))
        };
        sizes[i] = read && outputs.iter().all(size);
    }
    sizes
}

/// Nodes at the end that only change the shape, and the edge before them.
fn ending(graph: &Graph, refused: &mut Vec<String>) -> (Vec<usize>, EdgeId) {
    let mut skipped = Vec::new();
    if graph.outputs.len() > 1 {
        let names: Vec<&str> = graph.outputs.iter().map(|o| graph.edges[*o].name.as_str()).collect();
        refused.push(format!("the network has several outputs: {}", names.join(", ")));
    }
    let mut edge = graph.outputs[0];
    while let Some(at) = graph.producer(edge) {
        let node = &graph.nodes[at];
        let Some(input) = node.input(0).filter(|_| reshapes(node)) else { break };
        if graph.readers(input).len() != 1 || !graph.edges[input].batched {
            break;
        }
        skipped.push(at);
        edge = input;
    }
    (skipped, edge)
}

fn reshapes(node: &Node) -> bool {
    node.op::<Flatten>().is_some()
        || node.op::<Reshape>().is_some()
        || node.op::<Squeeze>().is_some()
        || node.op::<Unsqueeze>().is_some()
}

type Why<T> = std::result::Result<T, String>;

/// What one node becomes, and the edges it reads.
fn one(graph: &Graph, node: &Node) -> Why<(Step, Vec<EdgeId>)> {
    let x = node.input(0).ok_or("has no input")?;
    let out = node.output().ok_or("has no output")?;
    let shape = &graph.edges[x].fact.shape;
    for edge in [x, out] {
        if !graph.edges[edge].batched && graph.constant(edge).is_none() {
            return Err(format!(
                "`{}` mixes samples of the batch or does not have it in front",
                graph.edges[edge].name
            ));
        }
    }
    let all: Vec<EdgeId> = node.inputs.iter().flatten().copied().collect();
    let varying = |edges: &[EdgeId]| edges.iter().all(|e| graph.constant(*e).is_none());
    if !varying(&[x]) && node.op::<Arithmetic>().is_none() {
        return Err("its input is constant".into());
    }
    if let Some(conv) = node.op::<Conv>() {
        let layer = layer(graph, graph_position(graph, node)).ok_or("its weights are not constant")?;
        if conv.groups != 1 {
            return Err(format!("{} groups; crossbars take only convolutions of one group", conv.groups));
        }
        let window = conv.geometry(shape, layer.weights.shape()).map_err(|e| e.to_string())?.window;
        return Ok((Step::Weighted { layer, window, relu: false }, vec![x]));
    }
    if node.op::<Gemm>().is_some() || node.op::<MatMul>().is_some() {
        let layer = layer(graph, graph_position(graph, node))
            .ok_or("only a matrix of samples times constant weights, with one bias per output, is a layer")?;
        let window = Window::dense(layer.weights.shape()[1]);
        return Ok((Step::Weighted { layer, window, relu: false }, vec![x]));
    }
    let other = |op| Ok((Step::Other(op), vec![x]));
    if node.op::<Relu>().is_some() {
        return other(QOp::Relu);
    }
    if let Some(pool) = node.op::<MaxPool>() {
        let geometry = pool.spatial.pooling(shape).map_err(|e| e.to_string())?;
        if inside(&geometry.window).contains(&0) {
            return Err("a position of its window lies in the padding alone".into());
        }
        return other(QOp::MaxPool(geometry.window));
    }
    if let Some(pool) = node.op::<AveragePool>() {
        let geometry = pool.spatial.pooling(shape).map_err(|e| e.to_string())?;
        let (inside, whole) = (inside(&geometry.window), geometry.window.rows());
        let counted = if pool.include_pad { padded_taps(&geometry) } else { inside.clone() };
        // either rule of the divisor will do where it gives the same numbers
        let exclude_padding = if counted.iter().all(|n| *n == whole) {
            false
        } else if counted == inside {
            true
        } else {
            return Err("its last window reaches beyond the padding that it counts".into());
        };
        return other(QOp::AveragePool { window: geometry.window, exclude_padding });
    }
    if let Some(pool) = node.op::<GlobalPool>() {
        let window = whole(shape);
        return other(if pool.max {
            QOp::MaxPool(window)
        } else {
            QOp::AveragePool { window, exclude_padding: false }
        });
    }
    if let Some(mean) = node.op::<ReduceMean>() {
        let list = node.input(1).and_then(|e| graph.constant(e)).map(|v| v.ints("axes")).transpose();
        let gone = list.and_then(|l| mean.reduced(shape.len(), l.as_deref())).map_err(|e| e.to_string())?;
        if shape.len() < 3 || gone != (2..shape.len()).collect::<Vec<_>>() {
            return Err(format!("a mean over dimensions {gone:?}; only one over all spatial dimensions is a pooling"));
        }
        return other(QOp::AveragePool { window: whole(shape), exclude_padding: false });
    }
    if reshapes(node) {
        return other(QOp::Reshape);
    }
    if let Some(transpose) = node.op::<Transpose>() {
        let order = transpose.order(shape.len()).map_err(|e| e.to_string())?;
        let real: Vec<usize> = order.iter().copied().filter(|d| shape[*d] != 1 || *d == 0).collect();
        if order[0] != 0 || !real.is_sorted() {
            return Err(format!("moves elements (order {order:?}), for which there is no unit"));
        }
        return other(QOp::Reshape);
    }
    if node.op::<Arithmetic>().is_some_and(|a| a.sign == Sign::Add) {
        let same = all.iter().all(|e| graph.edges[*e].fact.shape == graph.edges[out].fact.shape);
        if !varying(&all) || !same {
            return Err("only a sum of two activations of one shape can be computed".into());
        }
        return Ok((Step::Other(QOp::Add), all));
    }
    if let Some(concat) = node.op::<Concat>() {
        let axis = if concat.axis < 0 { concat.axis + shape.len() as i64 } else { concat.axis };
        if axis != 1 || !varying(&all) {
            return Err(format!("only activations along the channels (axis 1) can be joined, not along axis {axis}"));
        }
        return Ok((Step::Other(QOp::Concat), all));
    }
    Err("no crossbar and no digital unit computes this operator".into())
}

/// Position of a node that stands in the graph.
fn graph_position(graph: &Graph, node: &Node) -> usize {
    graph.nodes.iter().position(|n| std::ptr::eq(n, node)).expect("the node is one of the graph's")
}

/// Taps of each position that lie inside the input.
fn inside(window: &Window) -> Vec<usize> {
    let count = |p: &[u32]| p.iter().filter(|t| **t != Window::PADDING).count();
    window.gather().chunks_exact(window.rows()).map(count).collect()
}

/// The window over all spatial positions of one channel.
fn whole(shape: &[usize]) -> Window {
    let input = shape[2..].to_vec();
    let d = input.len();
    Window {
        channels: 1,
        kernel: input.clone(),
        input,
        output: vec![1; d],
        stride: vec![1; d],
        dilation: vec![1; d],
        pad: vec![0; d],
    }
}
