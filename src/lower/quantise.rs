//! From the folded float graph and measured ranges to integers.
//!
//! Weights are symmetric with one scale per output channel (of two bits: -1, 0, 1; of one bit: ±1, by sign, with the
//! mean magnitude as scale, Rastegari et al., ECCV 2016, doi:10.1007/978-3-319-46493-0_32); activations are unsigned
//! where they cannot be negative and signed otherwise; biases count accumulator steps. Scheme as in Jacob et al., CVPR
//! 2018, doi:10.1109/CVPR.2018.00286, without zero points.

use super::bias;
use super::calibrate::Ranges;
use super::calibration::limit;
use super::dequantised::dequantised;
use super::formats::Formats;
use super::layout::Layout;
use super::layouts::layouts;
use super::mvm_op::{MvmOp, WeightCodes};
use super::options::QuantOptions;
use super::plan::{Planned, Step, plan};
use super::quant_graph::{NodeId, QNode, QOp, QuantGraph, QuantInput};
use super::recurrent::{Cell, RecurrentOp};
use super::unroll::unroll;
use super::weights::{Store, Weights, real};
use crate::diag::Result;
use crate::graph::{EdgeId, Fact, Graph};
use crate::id::{Id, IdVec};
use crate::tensor::Quant;

/// Largest bias in accumulator steps. A channel whose weights vanish beside its bias would need
/// more; it gets a coarser step, in which a weight below half a step becomes 0.
const MAX_BIAS: f64 = (1u64 << 40) as f64;

/// Quantises a network.
///
/// # Errors
/// F002 for options out of range, F021 for bits of layers that do not exist, M019 for what cannot go to the chip (all
/// in one message), M021 for activations that were not calibrated.
pub fn quantise(graph: &Graph, ranges: &Ranges, options: QuantOptions) -> Result<QuantGraph> {
    options.check()?;
    let graph = &unroll(&dequantised(graph));
    let plan = plan(graph)?;
    let weighted_steps = plan.steps.iter().filter(|s| matches!(s.step, Step::Weighted { .. } | Step::Recurrent { .. }));
    options.layers.check(&weighted_steps.map(|s| graph.nodes[s.node].name.as_str()).collect::<Vec<_>>())?;
    let formats = Formats::new(graph, &plan, ranges, &options)?;
    let layouts = layouts(graph, &plan);
    let mut made = Made { nodes: IdVec::new(), at: vec![None; graph.edges.len()] };
    let mut inputs = Vec::new();
    let node = |edge: EdgeId, origin: &str, onnx_op: &str, op: QOp, inputs: Vec<NodeId>| QNode {
        origin: origin.into(),
        onnx_op: onnx_op.into(),
        op,
        inputs,
        shape: sample_shape(graph, &plan.facts, edge),
        layout: layouts[edge.index()],
        quant: formats.of(edge),
    };
    for edge in &graph.inputs {
        let name = &graph.edges[*edge].name;
        let input = made.push(*edge, node(*edge, name, "Input", QOp::Input, vec![]));
        inputs.push(QuantInput { name: name.clone(), shape: made.nodes[input].shape.clone(), node: input });
    }
    for (step, integer) in plan.steps.iter().zip(&formats.integer) {
        let sources = made.sources(step);
        let origin = &graph.nodes[step.node];
        let node = |edge, op, inputs| node(edge, &origin.name, origin.op.name(), op, inputs);
        let output = step.outputs[0];
        let op = match &step.step {
            Step::Weighted { layer, relu } => {
                let input = formats.of(step.inputs[0]).expect("a weighted layer reads codes");
                let means = ranges.get(&graph.edges[step.inputs[0]].name).filter(|_| options.bias_correction);
                let means = means.map(super::Range::means).unwrap_or_default();
                QOp::Mvm(weighted(graph, &plan.facts, layer, *relu, input, options.weights(&origin.name), &means))
            }
            Step::Digital { integer: Some(op), .. } if *integer => QOp::clone(op),
            Step::Digital { unit, .. } => QOp::Unit(unit.clone()),
            Step::Recurrent { layer, cell } => {
                let bits = options.weights(&origin.name);
                let state = state(graph, ranges, cell, &options, options.activations(&origin.name));
                let mvm = weighted(graph, &plan.facts, layer, false, state, bits, &[]);
                QOp::Recurrent(RecurrentOp { mvm, cell: cell.clone(), state, with_c: step.picked.contains(&2) })
            }
            Step::Shape => QOp::Reshape,
        };
        // all that a node yields stands in one piece, of which each output is a part
        let mut start = 0;
        let mut parts = Vec::new();
        for (edge, picked) in step.outputs.iter().zip(&step.picked) {
            let end = start + elements(&plan.facts, *edge);
            parts.push(match &op {
                QOp::Recurrent(op) => op.part(*picked),
                _ => start..end,
            });
            start = end;
        }
        if matches!(&op, QOp::Recurrent(op) if step.picked == [0] && !op.with_c)
            || !matches!(op, QOp::Recurrent(_)) && parts.len() == 1
        {
            made.push(output, node(output, op, sources));
            continue;
        }
        // several results stand one behind the other and are picked apart
        let mut whole = node(output, op, sources);
        whole.shape = vec![parts.iter().map(|p| p.end).max().unwrap_or(0)];
        if let QOp::Recurrent(op) = &whole.op {
            whole.shape = vec![op.elements()];
        }
        (whole.layout, whole.quant) = (Layout::whole(whole.shape[0]), None);
        let whole = made.nodes.push(whole);
        for (edge, part) in step.outputs.iter().zip(parts) {
            made.push(*edge, node(*edge, QOp::Part(part), vec![whole]));
        }
    }
    let outputs = graph.outputs.iter().map(|o| made.of(*o)).collect();
    Ok(QuantGraph { inputs, nodes: made.nodes, outputs })
}

/// The nodes so far, and which of them yields each edge.
struct Made {
    nodes: IdVec<NodeId, QNode>,
    at: Vec<Option<NodeId>>,
}

impl Made {
    fn push(&mut self, edge: EdgeId, node: QNode) -> NodeId {
        let id = self.nodes.push(node);
        self.at[edge.index()] = Some(id);
        id
    }
    fn of(&self, edge: EdgeId) -> NodeId {
        self.at[edge.index()].expect("the plan stands in execution order")
    }
    fn sources(&self, step: &Planned) -> Vec<NodeId> {
        step.inputs.iter().map(|e| self.of(*e)).collect()
    }
}

/// Shape of one sample: without the batch where it stands in front.
pub(super) fn sample_shape(graph: &Graph, facts: &[Fact], edge: EdgeId) -> Vec<usize> {
    facts[edge.index()].shape[usize::from(graph.edges[edge].batched)..].to_vec()
}

fn elements(facts: &[Fact], edge: EdgeId) -> usize {
    facts[edge.index()].shape.iter().product()
}

/// The nearest whole number, ties to even, of numbers below 2⁵¹: an addition rounds so by itself. The library's
/// function is a call for each weight where the processor is not known to have an instruction for it.
fn nearest(x: f64) -> f64 {
    const SHIFT: f64 = 1.5 * (1u64 << 52) as f64;
    (x + SHIFT) - SHIFT
}

/// The step of which all weights of an output are multiples already, as those of a network quantised
/// beforehand; the finest with at most 127 steps to the largest weight.
fn own_step(row: &[f64], largest: f64, top: f64) -> Option<f64> {
    /// Share of a step that rounding the products of scale and code to `f32` may have moved a weight by.
    const SLACK: f64 = 1e-4;
    let whole = |step: f64| row.iter().all(|w| ((w / step) - nearest(w / step)).abs() < SLACK);
    let steps = (1..=top.min(127.0) as u32).rev();
    (largest > 0.0).then(|| steps.map(|n| largest / f64::from(n)).find(|s| whole(*s))).flatten()
}

/// Format of the state of a recurrent layer: as measured, or, where the states are not among the values of the
/// network, up to 1, which tanh does not exceed (assumed for other functions).
fn state(graph: &Graph, ranges: &Ranges, cell: &Cell, options: &QuantOptions, bits: u8) -> Quant {
    let measured = cell.measured.and_then(|e| ranges.get(&graph.edges[e].name));
    let start = cell.initial[0].iter().fold(0.0f64, |m, v| m.max(f64::from(v.abs())));
    let top_value = measured.map_or(1.0, |r| limit(r, options.method, bits, true)).max(start);
    let quant = Quant { scale: 1.0, bits, signed: true };
    let top = f64::from(quant.range().1);
    Quant { scale: if top_value > 0.0 { top_value / top } else { 1.0 / top }, ..quant }
}

/// Codes of a weighted layer, one output after the other; with the means of its input channels the bias takes
/// up the error of the weights.
fn weighted(
    graph: &Graph,
    facts: &[Fact],
    layer: &Weights,
    relu: bool,
    input: Quant,
    weight_bits: u8,
    means: &[f64],
) -> MvmOp {
    let outputs = layer.bias.len();
    let rows = layer.window.rows() / layer.groups;
    let constant = real(graph, facts, layer.constant).and_then(|w| w.as_slice());
    let constant = constant.expect("constants of the network are in standard layout");
    let top = f64::from((1i32 << (weight_bits - 1)) - 1);
    let mut op = MvmOp {
        window: layer.window.clone(),
        spreads: matches!(layer.store, Store::Spread(_)),
        order: layer.order,
        positions: layer.positions,
        groups: layer.groups,
        weights: WeightCodes::with_capacity(weight_bits, outputs * rows),
        outputs,
        weight_bits,
        bias: Vec::with_capacity(outputs),
        acc_scale: Vec::with_capacity(outputs),
        relu,
    };
    let (mut row, mut codes) = (vec![0.0; rows], vec![0.0; rows]);
    for (o, bias) in layer.bias.iter().enumerate() {
        for (r, w) in row.iter_mut().enumerate() {
            *w = f64::from(constant[layer.place(o, r)]) * layer.factor;
        }
        let largest = row.iter().fold(0.0f64, |m, w| m.max(w.abs()));
        let step = match weight_bits {
            1 => row.iter().map(|w| w.abs()).sum::<f64>() / rows.max(1) as f64,
            _ => own_step(&row, largest, top).unwrap_or(largest / top),
        };
        let step = step.max(bias.abs() / (MAX_BIAS * input.scale));
        let step = if step > 0.0 { step } else { 1.0 };
        match weight_bits {
            1 => codes.iter_mut().zip(&row).for_each(|(code, w)| *code = 1f64.copysign(*w)),
            _ => codes.iter_mut().zip(&row).for_each(|(code, w)| *code = nearest(w / step).clamp(-top, top)),
        }
        let taps = rows * layer.groups / layer.window.channels.max(1);
        let channels = layer.window.channels / layer.groups;
        let first = o * layer.groups / outputs.max(1) * channels;
        let own = means.get(first..first + channels).unwrap_or_default();
        let bias = bias + bias::shift(row.iter().copied(), codes.iter().map(|c| c * step), own, taps);
        op.weights.extend(codes.iter().map(|c| *c as i16));
        op.acc_scale.push(step * input.scale);
        op.bias.push((bias / (step * input.scale)).round_ties_even() as i64);
    }
    op
}
