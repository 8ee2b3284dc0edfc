//! From the folded float graph and measured ranges to integers.
//!
//! Weights are symmetric with one scale per output channel; activations are unsigned where they
//! cannot be negative and signed otherwise; biases count accumulator steps. Scheme as in Jacob et
//! al., CVPR 2018, doi:10.1109/CVPR.2018.00286, without zero points.

use super::calibrate::Ranges;
use super::fold::Layer;
use super::plan::{Plan, Step, plan};
use super::quant_graph::{MvmOp, NodeId, QNode, QOp, QuantGraph, QuantInput};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::graph::{EdgeId, Graph};
use crate::id::{Id, IdVec};
use crate::tensor::{Quant, Window};

/// How finely to quantise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantOptions {
    /// Bits of a weight, sign included: 2 to 16.
    pub weight_bits: u8,
    /// Bits of an activation: 2 to 16.
    pub activation_bits: u8,
    /// Share of calibration magnitudes that must be representable, above 0; 1 clips nothing.
    pub percentile: f64,
}

/// Largest bias in accumulator steps. A channel whose weights vanish beside its bias would need
/// more; it gets a coarser step, in which a weight below half a step becomes 0.
const MAX_BIAS: f64 = (1u64 << 40) as f64;

/// Quantises a network.
///
/// # Errors
/// F002 for options out of range, M019 for layers that cannot go to crossbars (all in one message),
/// M021 for activations that were not calibrated.
pub fn quantise(graph: &Graph, ranges: &Ranges, options: QuantOptions) -> Result<QuantGraph> {
    check(options)?;
    let plan = plan(graph)?;
    let formats = Formats::new(graph, &plan, ranges, options)?;
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
                QOp::Mvm(weighted(layer, window, *relu, formats.of(step.inputs[0]), options.weight_bits))
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

fn check(options: QuantOptions) -> Result<()> {
    let mut found = Diagnostics::new();
    for (what, bits) in [("weights", options.weight_bits), ("activations", options.activation_bits)] {
        if !(2..=16).contains(&bits) {
            found.push(Diagnostic::error("F002", format!("{bits} bits for {what} are outside 2 to 16")));
        }
    }
    if !(options.percentile > 0.0 && options.percentile <= 1.0) {
        let message = format!("calibration percentile {} is outside 0 (excluded) to 1", options.percentile);
        found.push(Diagnostic::error("F002", message));
    }
    found.into_result(())
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
    fn new(graph: &Graph, plan: &Plan, ranges: &Ranges, options: QuantOptions) -> Result<Self> {
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
            let (limit, signed) = limits[root(&group, edge.index())].unwrap_or((0.0, false));
            let merged = (limit.max(range.limit(options.percentile)), signed || !positive[edge.index()]);
            limits[root(&group, edge.index())] = Some(merged);
        }
        let format = |(limit, signed): (f64, bool)| {
            let quant = Quant { scale: 1.0, bits: options.activation_bits, signed };
            let top = f64::from(quant.range().1);
            // an edge that is always 0 has no range of its own; any scale is right
            Quant { scale: if limit > 0.0 { limit / top } else { 1.0 / top }, ..quant }
        };
        let formats = limits.into_iter().map(|l| l.map(format)).collect();
        let group = (0..group.len()).map(|i| root(&group, i)).collect();
        found.into_result(Self { group, formats })
    }
    fn of(&self, edge: EdgeId) -> Quant {
        self.formats[self.group[edge.index()]].expect("every edge of the plan has a range")
    }
}

/// Codes of a weighted layer.
fn weighted(layer: &Layer, window: &Window, relu: bool, input: Quant, weight_bits: u8) -> MvmOp {
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
        op.weights.extend(row.iter().map(|w| (w / step).round_ties_even().clamp(-top, top) as i16));
        op.acc_scale.push(step * input.scale);
        op.bias.push((bias / (step * input.scale)).round_ties_even() as i64);
    }
    op
}
