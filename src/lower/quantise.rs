//! From the folded float graph and measured ranges to integers.
//!
//! Weights are symmetric with one scale per output channel; activations are unsigned where they
//! cannot be negative and signed otherwise; biases count accumulator steps. Scheme as in Jacob et
//! al., CVPR 2018, doi:10.1109/CVPR.2018.00286, without zero points.

use super::bias;
use super::calibrate::Ranges;
use super::calibration::limit;
use super::fold::Layer;
use super::options::QuantOptions;
use super::plan::{Plan, Step, plan};
use super::quant_graph::{MvmOp, NodeId, QNode, QOp, QuantGraph, QuantInput};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::graph::{EdgeId, Graph};
use crate::id::{Id, IdVec};
use crate::tensor::{Quant, Window};

/// Largest bias in accumulator steps. A channel whose weights vanish beside its bias would need
/// more; it gets a coarser step, in which a weight below half a step becomes 0.
const MAX_BIAS: f64 = (1u64 << 40) as f64;

/// Quantises a network.
///
/// # Errors
/// F002 for options out of range, F021 for bits of layers that do not exist, M019 for layers that cannot go to crossbars (all in one message),
/// M021 for activations that were not calibrated.
pub fn quantise(graph: &Graph, ranges: &Ranges, options: QuantOptions) -> Result<QuantGraph> {
    options.check()?;
    let plan = plan(graph)?;
    let weighted_steps = plan.steps.iter().filter(|s| matches!(s.op, Step::Weighted { .. }));
    options.layers.check(&weighted_steps.map(|s| graph.nodes[s.node].name.as_str()).collect::<Vec<_>>())?;
    let formats = Formats::new(graph, &plan, ranges, &options)?;
    let mut nodes: IdVec<NodeId, QNode> = IdVec::new();
    let mut at: Vec<Option<NodeId>> = vec![None; graph.edges.len()];
    let mut inputs = Vec::new();
    for edge in &graph.inputs {
        let name = graph.edges[*edge].name.clone();
        let shape = sample_shape(graph, *edge);
        let node = nodes.push(QNode {
            origin: name.clone(),
            onnx_op: "Input".into(),
            op: QOp::Input,
            inputs: vec![],
            shape: shape.clone(),
            quant: Some(formats.of(*edge)),
        });
        at[edge.index()] = Some(node);
        inputs.push(QuantInput { name, shape, node });
    }
    for step in &plan.steps {
        let sources: Vec<NodeId> =
            step.inputs.iter().map(|e| at[e.index()].expect("the plan stands in execution order")).collect();
        let node = &graph.nodes[step.node];
        let op = match &step.op {
            Step::Weighted { layer, window, relu } => {
                let input = step.inputs[0];
                let means = ranges.get(&graph.edges[input].name).filter(|_| options.bias_correction);
                let means = means.map(super::Range::means).unwrap_or_default();
                QOp::Mvm(weighted(layer, window, *relu, formats.of(input), options.weights(&node.name), &means))
            }
            Step::Other(op) => op.clone(),
        };
        let quant = (step.output != plan.output).then(|| formats.of(step.output));
        let id = nodes.push(QNode {
            origin: node.name.clone(),
            onnx_op: node.op.name().into(),
            op,
            inputs: sources,
            shape: sample_shape(graph, step.output),
            quant,
        });
        at[step.output.index()] = Some(id);
    }
    let output = at[plan.output.index()].expect("the plan ends with the output");
    Ok(QuantGraph { inputs, nodes, output })
}

/// Shape of one sample.
fn sample_shape(graph: &Graph, edge: EdgeId) -> Vec<usize> {
    graph.edges[edge].fact.shape[1..].to_vec()
}

/// Format of every edge; edges that only pass codes on share one.
struct Formats {
    group: Vec<usize>,
    formats: Vec<Option<Quant>>,
}

impl Formats {
    fn new(graph: &Graph, plan: &Plan, ranges: &Ranges, options: &QuantOptions) -> Result<Self> {
        let mut group: Vec<usize> = (0..graph.edges.len()).collect();
        fn root(group: &[usize], mut i: usize) -> usize {
            while group[i] != i {
                i = group[i];
            }
            i
        }
        let mut positive = vec![false; graph.edges.len()];
        let mut used: Vec<EdgeId> = Vec::new();
        let mut found = Diagnostics::new();
        for edge in &graph.inputs {
            used.push(*edge);
            positive[edge.index()] = ranges.get(&graph.edges[*edge].name).is_some_and(|r| r.min >= 0.0);
        }
        for step in &plan.steps {
            let all = step.inputs.iter().all(|e| positive[e.index()]);
            positive[step.output.index()] = match &step.op {
                Step::Weighted { relu, .. } => *relu,
                Step::Other(QOp::Relu) => true,
                Step::Other(_) => all,
            };
            let joins: &[EdgeId] = match &step.op {
                Step::Other(QOp::MaxPool(_) | QOp::Reshape | QOp::Concat) => &step.inputs,
                _ => &[],
            };
            for input in joins {
                // A joined input that others read too keeps its own, finer format and is rescaled.
                let concat = matches!(step.op, Step::Other(QOp::Concat));
                if concat && graph.readers(*input).len() > 1 {
                    continue;
                }
                let (a, b) = (root(&group, input.index()), root(&group, step.output.index()));
                group[a.max(b)] = a.min(b);
            }
            if step.output != plan.output {
                used.push(step.output);
            }
        }
        // an edge has the most bits that a layer reading it asks for
        let mut bits: Vec<Option<u8>> = vec![None; graph.edges.len()];
        for step in plan.steps.iter().filter(|s| matches!(s.op, Step::Weighted { .. })) {
            let bits = &mut bits[root(&group, step.inputs[0].index())];
            *bits = (*bits).max(Some(options.activations(&graph.nodes[step.node].name)));
        }
        let bits: Vec<u8> = bits.into_iter().map(|b| b.unwrap_or(options.activation_bits)).collect();
        let mut limits: Vec<Option<(f64, bool)>> = vec![None; graph.edges.len()];
        for edge in used {
            let name = &graph.edges[edge].name;
            let Some(range) = ranges.get(name) else {
                found.push(
                    Diagnostic::error("M021", format!("no range was measured for `{name}`"))
                        .help("calibrate with at least one sample"),
                );
                continue;
            };
            let (root, positive) = (root(&group, edge.index()), positive[edge.index()]);
            let (most, signed) = limits[root].unwrap_or((0.0, false));
            limits[root] = Some((most.max(limit(range, options.method, bits[root], !positive)), signed || !positive));
        }
        let format = |(limit, signed): (f64, bool), bits: u8| {
            let quant = Quant { scale: 1.0, bits, signed };
            let top = f64::from(quant.range().1);
            // an edge that is always 0 has no range of its own; any scale is right
            Quant { scale: if limit > 0.0 { limit / top } else { 1.0 / top }, ..quant }
        };
        let formats = limits.into_iter().zip(bits).map(|(l, bits)| l.map(|l| format(l, bits))).collect();
        let group = (0..group.len()).map(|i| root(&group, i)).collect();
        found.into_result(Self { group, formats })
    }
    fn of(&self, edge: EdgeId) -> Quant {
        self.formats[self.group[edge.index()]].expect("every edge of the plan has a range")
    }
}

/// Codes of a weighted layer; with the means of its input channels the bias takes up the error of the weights.
fn weighted(layer: &Layer, window: &Window, relu: bool, input: Quant, weight_bits: u8, means: &[f64]) -> MvmOp {
    let rows = window.rows();
    let outputs = layer.bias.len();
    let top = f64::from((1i32 << (weight_bits - 1)) - 1);
    let real: Vec<f64> = layer.weights.iter().copied().collect();
    let mut op = MvmOp {
        window: window.clone(),
        weights: Vec::with_capacity(outputs * rows),
        outputs,
        weight_bits,
        bias: Vec::with_capacity(outputs),
        acc_scale: Vec::with_capacity(outputs),
        relu,
    };
    for (row, bias) in real.chunks_exact(rows).zip(&layer.bias) {
        let largest = row.iter().fold(0.0f64, |m, w| m.max(w.abs()));
        let step = (largest / top).max(bias.abs() / (MAX_BIAS * input.scale));
        let step = if step > 0.0 { step } else { 1.0 };
        let codes = row.iter().map(|w| (w / step).round_ties_even().clamp(-top, top));
        let taps = rows / window.channels.max(1);
        let bias = bias + bias::shift(row.iter().copied(), codes.clone().map(|c| c * step), means, taps);
        op.weights.extend(codes.map(|c| c as i16));
        op.acc_scale.push(step * input.scale);
        op.bias.push((bias / (step * input.scale)).round_ties_even() as i64);
    }
    op
}
