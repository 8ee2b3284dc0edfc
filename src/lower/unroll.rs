//! Takes recurrent layers apart: products with the input (a `MatMul` over all steps), one [`Cell`] for each
//! direction, and the join of the directions.

use std::sync::Arc;

use ndarray::ArrayD;

use super::recurrent::{Cell, recurrence};
use super::sample::sample_facts;
use super::weights::real;
use crate::graph::ops::{Arithmetic, Concat, Layout, MatMul, Sign};
use crate::graph::{Batch, Edge, EdgeId, Fact, Graph, Node, Value};
use crate::id::Id;
use crate::onnx::DType;

/// The network with all recurrent layers of constant weights taken apart; the others stay as they are.
pub fn unroll(graph: &Graph) -> Graph {
    let mut made = graph.clone();
    let any = graph.nodes.iter().any(|n| recurrence(&*n.op).is_some());
    if !any || matches!(graph.batch, Batch::Fixed(n) if n > 1) {
        return made;
    }
    // whatever is refused is named by the plan
    let facts = &sample_facts(graph, &mut Vec::new());
    made.nodes.clear();
    for node in &graph.nodes {
        match Layer::read(graph, facts, node) {
            Some(layer) => layer.write(&mut made, node),
            None => made.nodes.push(node.clone()),
        }
    }
    made
}

/// A recurrent layer with constant weights over one sequence.
struct Layer<'g> {
    layout: Layout,
    sets: usize,
    steps: usize,
    hidden: usize,
    rows: usize,
    /// W, R, bias, initial h, initial c, peepholes.
    constants: [Option<&'g ArrayD<f32>>; 6],
}

impl<'g> Layer<'g> {
    fn read(graph: &'g Graph, facts: &'g [Fact], node: &Node) -> Option<Self> {
        let (r, gates) = recurrence(&*node.op)?;
        let sizes = r.sizes(&facts[node.input(0)?.index()].shape).ok()?;
        let mut constants = [None; 6];
        for (constant, at) in constants.iter_mut().zip([1, 2, 3, 5, 6, 7]) {
            if let Some(edge) = node.input(at) {
                *constant = Some(real(graph, facts, edge)?);
            }
        }
        if let Some(lengths) = node.input(4) {
            let lengths = facts[lengths.index()].value.as_ref()?.ints("lengths").ok()?;
            lengths.iter().all(|n| usize::try_from(*n) == Ok(sizes.steps)).then_some(())?;
        }
        (sizes.batch == 1 && sizes.steps > 0 && constants[0].is_some() && constants[1].is_some()).then_some(())?;
        let (sets, hidden) = (r.direction.count(), r.hidden);
        Some(Self { layout: r.layout, sets, steps: sizes.steps, hidden, rows: gates * hidden, constants })
    }

    /// The elements of a constant that belong to a set of weights.
    fn of(&self, which: usize, set: usize) -> Vec<f32> {
        let Some(all) = self.constants[which] else { return vec![] };
        // with one sequence the sets stand one behind the other in either layout
        let each = all.len() / self.sets;
        all.iter().skip(set * each).take(each).copied().collect()
    }

    /// The shape of a tensor of one step after another.
    fn sequence(&self, width: usize) -> Vec<usize> {
        match self.layout {
            Layout::StepsFirst => vec![self.steps, 1, width],
            Layout::BatchFirst => vec![1, self.steps, width],
        }
    }

    fn write(&self, graph: &mut Graph, node: &Node) {
        let mut parts: Vec<Vec<Option<EdgeId>>> = Vec::new();
        for set in 0..self.sets {
            let name = if set == 0 { node.name.clone() } else { format!("{}.reverse", node.name) };
            let edge = |graph: &mut Graph, what: &str, shape: Vec<usize>| {
                let batched = self.layout == Layout::BatchFirst && shape[0] == 1;
                let fact = Fact::new(DType::F32, shape);
                graph.edges.push(Edge { name: format!("{name}.{what}"), fact, batched })
            };
            let constant = |graph: &mut Graph, what: &str, shape: &[usize], data: Vec<f32>| {
                let value = Value::real(shape, data).ok()?;
                Some(graph.add_constant(format!("{name}.{what}"), value))
            };
            let width = self.constants[0].map_or(0, |w| w.shape()[2]);
            let matrix = ArrayD::from_shape_vec(vec![self.rows, width], self.of(0, set)).unwrap_or_default();
            let turned = matrix.reversed_axes().as_standard_layout().into_owned();
            let weights = constant(graph, "W", &[width, self.rows], turned.into_iter().collect());
            let mut from = edge(graph, "input", self.sequence(self.rows));
            let push = |graph: &mut Graph, what: &str, op, inputs, outputs| {
                graph.nodes.push(Node { name: format!("{name}{what}"), op, inputs, outputs });
            };
            push(graph, ".input", Arc::new(MatMul), vec![node.input(0), weights], vec![Some(from)]);
            let bias = self.of(2, set);
            let (of_input, of_state) = bias.split_at(bias.len() / 2);
            if !bias.is_empty() {
                let bias = constant(graph, "Wb", &[self.rows], of_input.to_vec());
                let to = edge(graph, "gates", self.sequence(self.rows));
                let add = Arithmetic { sign: Sign::Add, legacy: None };
                push(graph, ".bias", Arc::new(add), vec![Some(from), bias], vec![Some(to)]);
                from = to;
            }
            let recurrent = constant(graph, "R", &[self.rows, self.hidden], self.of(1, set));
            let bias = if bias.is_empty() { None } else { constant(graph, "Rb", &[self.rows], of_state.to_vec()) };
            let start = |which| Some(self.of(which, set)).filter(|v| !v.is_empty());
            let initial = [3, 4].map(|which| start(which).unwrap_or_else(|| vec![0.0; self.hidden]));
            let (shapes, outputs) = self.outputs(graph, node, &name);
            let op: Arc<dyn crate::graph::Operator> = Arc::new(Cell {
                op: Arc::clone(&node.op),
                set,
                steps: self.steps,
                initial,
                peepholes: self.of(5, set),
                shapes,
                measured: node.output(),
            });
            push(graph, "", op, vec![Some(from), recurrent, bias], outputs.clone());
            parts.push(outputs);
        }
        self.join(graph, node, &parts);
    }

    /// Shapes and edges of one cell: those of the layer itself where it walks in one direction.
    fn outputs(&self, graph: &mut Graph, node: &Node, name: &str) -> (Vec<Vec<usize>>, Vec<Option<EdgeId>>) {
        let shapes: Vec<Vec<usize>> = (0..node.outputs.len().max(1))
            .map(|i| match (self.layout, i) {
                (Layout::StepsFirst, 0) => vec![self.steps, 1, 1, self.hidden],
                (Layout::BatchFirst, 0) => vec![1, self.steps, 1, self.hidden],
                _ => vec![1, 1, self.hidden],
            })
            .collect();
        if self.sets == 1 {
            return (shapes, node.outputs.clone());
        }
        let edge = |(i, shape): (usize, &Vec<usize>)| {
            node.outputs.get(i).copied().flatten().map(|whole| {
                let fact = Fact::new(DType::F32, shape.clone());
                let batched = graph.edges[whole].batched;
                graph.edges.push(Edge { name: format!("{name}.{i}"), fact, batched })
            })
        };
        let edges = shapes.iter().enumerate().map(edge).collect();
        (shapes, edges)
    }

    /// Joins the directions of every output.
    fn join(&self, graph: &mut Graph, node: &Node, parts: &[Vec<Option<EdgeId>>]) {
        if self.sets == 1 {
            return;
        }
        for (i, whole) in node.outputs.iter().enumerate().filter(|(_, e)| e.is_some()) {
            let axis = match (self.layout, i) {
                (Layout::StepsFirst, 0) => 1,
                (Layout::BatchFirst, 0) => 2,
                (Layout::StepsFirst, _) => 0,
                (Layout::BatchFirst, _) => 1,
            };
            let inputs = parts.iter().map(|p| p[i]).collect();
            let name = format!("{}.join", node.name);
            graph.nodes.push(Node { name, op: Arc::new(Concat { axis }), inputs, outputs: vec![*whole] });
        }
    }
}
