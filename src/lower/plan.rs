//! Which nodes become which operation of the quantised network, before any number is quantised.

use std::sync::Arc;

use super::integer::integer;
use super::layout::Order;
use super::quant_graph::QOp;
use super::recurrent::Cell;
use super::sample::{reshapes, sample_facts};
use super::unit::{Operand, UnitOp};
use super::weights::{Store, Weights, real, row, weighted};
use crate::diag::{Diagnostic, Result};
use crate::graph::ops::{Arithmetic, Relu, Sign, Transpose};
use crate::graph::{EdgeId, Fact, Graph, Node};
use crate::id::Id;
use crate::tensor::Window;

/// What a step computes.
pub enum Step {
    /// A weighted layer.
    Weighted {
        /// Weights, bias and geometry.
        layer: Weights,
        /// Whether a rectifier is fused.
        relu: bool,
    },
    /// Work of the vector unit: on codes where an operation is given and all edges carry codes, else in real
    /// numbers.
    Digital {
        /// The operation on codes.
        integer: Option<Box<QOp>>,
        /// The operator itself.
        unit: UnitOp,
    },
    /// A recurrent layer: products with the state, and the cell.
    Recurrent {
        /// Weights and bias of the products with the state; a position for each of them.
        layer: Weights,
        /// The cell.
        cell: Cell,
    },
    /// Another shape of the same elements.
    Shape,
}

/// One node of the quantised network to be.
pub struct Planned {
    /// Position of the node in the float graph.
    pub node: usize,
    /// What it becomes.
    pub step: Step,
    /// Edges it reads that are not constant.
    pub inputs: Vec<EdgeId>,
    /// Edges it yields (that of the last node where several are fused), at least one.
    pub outputs: Vec<EdgeId>,
    /// Which of the operator's outputs those are.
    pub picked: Vec<usize>,
}

/// All steps in execution order.
pub struct Plan {
    /// The steps.
    pub steps: Vec<Planned>,
    /// Type, shape and known value of every edge for one sample.
    pub facts: Vec<Fact>,
}

/// Plans a whole graph.
///
/// # Errors
/// M019 with everything that cannot go to the chip, and why.
pub fn plan(graph: &Graph) -> Result<Plan> {
    let mut refused: Vec<String> = Vec::new();
    let facts = sample_facts(graph, &mut refused);
    for output in &graph.outputs {
        if facts[output.index()].value.is_some() {
            refused.push(format!("output `{}` does not depend on the inputs", graph.edges[*output].name));
        }
    }
    for edge in &graph.inputs {
        if facts[edge.index()].elements() == Some(0) {
            refused.push(format!("input `{}` has no elements", graph.edges[*edge].name));
        }
    }
    if !refused.is_empty() {
        let message = format!("the network cannot go to the chip:\n  {}", refused.join("\n  "));
        let help = "change these nodes, or export the network with a batch of 1 or of any size";
        return Err(Diagnostic::error("M019", message).help(help).into());
    }
    let mut planner = Planner { graph, live: live(graph, &facts), fused: vec![false; graph.nodes.len()], facts };
    let steps = (0..graph.nodes.len()).flat_map(|i| planner.node(i)).collect();
    Ok(Plan { steps, facts: planner.facts })
}

/// Nodes that an output depends on through values that are not known beforehand.
fn live(graph: &Graph, facts: &[Fact]) -> Vec<bool> {
    let mut wanted = vec![false; graph.edges.len()];
    graph.outputs.iter().for_each(|o| wanted[o.index()] = true);
    let mut live = vec![false; graph.nodes.len()];
    for (i, node) in graph.nodes.iter().enumerate().rev() {
        live[i] = node.outputs.iter().flatten().any(|o| wanted[o.index()] && facts[o.index()].value.is_none());
        if live[i] {
            // of a reshape only the first input is read, its sizes are known
            let read = if reshapes(node) { 1 } else { node.inputs.len() };
            let varying = node.inputs.iter().take(read).flatten().filter(|e| facts[e.index()].value.is_none());
            varying.for_each(|e| wanted[e.index()] = true);
        }
    }
    live
}

struct Planner<'g> {
    graph: &'g Graph,
    facts: Vec<Fact>,
    live: Vec<bool>,
    fused: Vec<bool>,
}

impl Planner<'_> {
    /// The only node that reads an edge, if there is one and the network does not yield the edge.
    fn only_reader(&self, edge: EdgeId) -> Option<usize> {
        let readers = self.graph.readers(edge);
        let mut readers = readers.iter().copied().filter(|r| self.live[*r]);
        let first = readers.next()?;
        (readers.next().is_none() && !self.graph.outputs.contains(&edge)).then_some(first)
    }

    fn node(&mut self, at: usize) -> Vec<Planned> {
        let node = &self.graph.nodes[at];
        let used = |e: &EdgeId| self.graph.outputs.contains(e) || self.graph.readers(*e).iter().any(|r| self.live[*r]);
        let outputs: Vec<(usize, EdgeId)> =
            node.outputs.iter().enumerate().filter_map(|(i, e)| Some((i, (*e).filter(|e| used(e))?))).collect();
        let Some((_, first)) = outputs.first().copied().filter(|_| self.live[at] && !self.fused[at]) else {
            return vec![];
        };
        if let Some((layer, x)) = weighted(self.graph, &self.facts, node) {
            return vec![self.layer(at, layer, x, first)];
        }
        if self.moves_nothing(node) && outputs.len() == 1 {
            let inputs = node.input(0).into_iter().collect();
            return vec![Planned { node: at, step: Step::Shape, inputs, outputs: vec![first], picked: vec![0] }];
        }
        let picked: Vec<usize> = outputs.iter().map(|(i, _)| *i).collect();
        if let Some((cell, layer)) = self.recurrent(node) {
            let step = Step::Recurrent { layer, cell };
            let outputs = outputs.iter().map(|(_, e)| *e).collect();
            return vec![Planned { node: at, step, inputs: node.input(0).into_iter().collect(), outputs, picked }];
        }
        let (mut operands, mut inputs) = (Vec::new(), Vec::new());
        for edge in &node.inputs {
            operands.push(match edge {
                None => Operand::Absent,
                Some(e) => match &self.facts[e.index()].value {
                    Some(value) => Operand::Constant(Arc::clone(value)),
                    None => {
                        inputs.push(*e);
                        Operand::Node(self.facts[e.index()].clone())
                    }
                },
            });
        }
        // an output that nobody wants has no edge, and none of its elements is kept
        let unnamed = || Fact::new(crate::onnx::DType::F32, vec![0]);
        let all = node.outputs.iter().map(|e| e.map_or_else(unnamed, |e| self.facts[e.index()].clone()));
        let (integer, look) = integer(&self.facts, node);
        let op = Arc::clone(&node.op);
        let unit = UnitOp { op, operands, outputs: all.collect(), picked: picked.clone(), look };
        if outputs.len() > 1 && unit.lane_ops() == 0 {
            // what only moves data is not a piece of work that its results share
            let one = |(i, edge): &(usize, EdgeId)| {
                let unit = UnitOp { picked: vec![*i], ..unit.clone() };
                let step = Step::Digital { integer: None, unit };
                Planned { node: at, step, inputs: inputs.clone(), outputs: vec![*edge], picked: vec![*i] }
            };
            return outputs.iter().map(one).collect();
        }
        let outputs = outputs.iter().map(|(_, e)| *e).collect();
        vec![Planned {
            node: at,
            step: Step::Digital { integer: integer.map(Box::new), unit },
            inputs,
            outputs,
            picked,
        }]
    }

    /// A cell with its products with the state.
    fn recurrent(&self, node: &Node) -> Option<(Cell, Weights)> {
        let cell = node.op::<Cell>()?.clone();
        let weights = node.input(1)?;
        let outputs = self.facts[weights.index()].shape[0];
        let bias = node.input(2).and_then(|b| real(self.graph, &self.facts, b));
        let layer = Weights {
            constant: weights,
            store: Store::ByOutput,
            factor: 1.0,
            bias: bias.map_or_else(|| vec![0.0; outputs], |b| b.iter().map(|v| f64::from(*v)).collect()),
            groups: 1,
            window: Window::dense(cell.hidden()),
            order: Order::ChannelLast,
            positions: cell.steps * cell.reads(),
        };
        Some((cell, layer))
    }

    /// A weighted layer with the bias and the rectifier that follow it.
    fn layer(&mut self, at: usize, mut layer: Weights, x: EdgeId, mut to: EdgeId) -> Planned {
        let mut relu = false;
        while let Some(reader) = self.only_reader(to).filter(|_| !relu) {
            let next = &self.graph.nodes[reader];
            let Some(after) = next.output() else { break };
            if next.op::<Relu>().is_some() {
                relu = true;
            } else if let Some(bias) = self.bias(next, to, &layer) {
                layer.bias.iter_mut().zip(bias).for_each(|(b, more)| *b += more);
            } else {
                break;
            }
            (self.fused[reader], to) = (true, after);
        }
        Planned { node: at, step: Step::Weighted { layer, relu }, inputs: vec![x], outputs: vec![to], picked: vec![0] }
    }

    /// What an addition of a constant adds to each output of a layer.
    fn bias(&self, node: &Node, from: EdgeId, layer: &Weights) -> Option<Vec<f64>> {
        node.op::<Arithmetic>().filter(|a| a.sign == Sign::Add && a.legacy.is_none())?;
        let other = node.inputs.iter().flatten().copied().find(|e| *e != from)?;
        let constant = real(self.graph, &self.facts, other)?;
        let (shape, outputs) = (&self.facts[from.index()].shape, layer.bias.len());
        if self.facts[node.output()?.index()].shape != *shape {
            return None;
        }
        if layer.order == Order::ChannelLast || layer.window.input.is_empty() || constant.len() == 1 {
            return row(constant, outputs).filter(|_| constant.len() == 1 || shape.last() == Some(&outputs));
        }
        // channels in dimension 1, all others stretched
        let spatial = layer.window.input.len();
        let at = constant.ndim().checked_sub(spatial + 1)?;
        let per_channel = constant.len() == outputs && constant.shape()[at] == outputs && shape.len() == spatial + 2;
        per_channel.then(|| constant.iter().map(|v| f64::from(*v)).collect())
    }

    fn moves_nothing(&self, node: &Node) -> bool {
        let Some(transpose) = node.op::<Transpose>() else { return reshapes(node) };
        let Some(shape) = node.input(0).map(|x| &self.facts[x.index()].shape) else { return false };
        // dimensions of one element go anywhere
        transpose
            .order(shape.len())
            .is_ok_and(|o| o.into_iter().filter(|d| shape[*d] != 1).collect::<Vec<_>>().is_sorted())
    }
}
