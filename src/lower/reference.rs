//! The quantised network computed exactly in integers, by direct sums: what perfect crossbars and
//! converters would give. It shares nothing with the crossbar code but the last step from an
//! accumulator to a code ([`MvmOp::requantise`]) and the digital units ([`Digital`]).

use std::ops::Range;

use ndarray::{Array2, ArrayD, ArrayView1};
use rayon::prelude::*;

use super::digital::Digital;
use super::layout::Order;
use super::mvm_op::{MvmOp, Taps, WeightCodes};
use super::quant_graph::{NodeId, QNode, QOp, QuantGraph};
use super::recurrent::RecurrentOp;
use super::signal::{Piece, Signal};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::graph::Inputs;
use crate::id::{Id, IdVec};
use crate::tensor::Quant;

/// What all nodes yield for one sample.
pub type Signals = IdVec<NodeId, Signal>;

/// A quantised network ready to run.
pub struct Reference<'a> {
    graph: &'a QuantGraph,
    nodes: Vec<Ready<'a>>,
}

/// A node with its tables.
enum Ready<'a> {
    Input(usize),
    Mvm(Mvm<'a>),
    Recurrent(&'a RecurrentOp),
    Digital(Digital<'a>),
}

/// A weighted layer with its gather table.
struct Mvm<'a> {
    op: &'a MvmOp,
    taps: Taps,
    quant: Option<Quant>,
    /// Whether every input code and every partial sum fits the narrow types.
    narrow: bool,
}

impl<'a> Reference<'a> {
    /// Prepares a network.
    #[must_use]
    pub fn new(graph: &'a QuantGraph) -> Self {
        let ready = |(id, node): (NodeId, &'a QNode)| match &node.op {
            QOp::Mvm(op) => {
                let input = graph.nodes[node.inputs[0]].quant.expect("a layer reads codes");
                let (low, high) = input.range();
                let reach = i64::from(high.max(-low));
                let weight = op.weights.iter().map(|w| i64::from(w.unsigned_abs())).max().unwrap_or(0);
                let narrow =
                    reach <= i64::from(i16::MAX) && reach * weight * op.group_rows() as i64 <= i64::from(i32::MAX);
                Ready::Mvm(Mvm { taps: Taps::new(op), op, quant: node.quant, narrow })
            }
            QOp::Recurrent(op) => Ready::Recurrent(op),
            _ => Digital::new(graph, id).map_or_else(
                || {
                    let at = graph.inputs.iter().position(|i| i.node == id);
                    Ready::Input(at.expect("every input node belongs to an input"))
                },
                Ready::Digital,
            ),
        };
        Self { graph, nodes: graph.nodes.enumerate().map(ready).collect() }
    }

    /// What all nodes yield for one sample.
    ///
    /// # Errors
    /// R110 when an operator cannot compute on the values it meets.
    pub fn sample(&self, inputs: &[ArrayView1<'_, f32>]) -> Result<Signals> {
        let mut made: Vec<Signal> = Vec::with_capacity(self.nodes.len());
        for (ready, node) in self.nodes.iter().zip(self.graph.nodes.iter()) {
            let mut out = Signal::empty(node.quant);
            match ready {
                Ready::Input(at) => out.extend(inputs[*at].iter().copied(), node.quant),
                Ready::Mvm(mvm) => out = mvm.run(made[node.inputs[0].index()].codes()),
                Ready::Recurrent(op) => {
                    let gates = made[node.inputs[0].index()].sample(0, 1).real(None);
                    let all = op.run(&gates, |_, h| Ok(products(&op.mvm, h)));
                    out.extend(all.map_err(|e| node.failure(&e))?.into_iter(), node.quant);
                }
                Ready::Digital(unit) => {
                    let from: Vec<Piece<'_>> = node.inputs.iter().map(|i| made[i.index()].sample(0, 1)).collect();
                    unit.apply(&from, &mut out)?;
                }
            }
            made.push(out);
        }
        Ok(made.into_iter().collect())
    }
}

/// Real products of one vector of codes.
fn products(op: &MvmOp, x: &[i32]) -> Vec<f32> {
    let sum = |o: usize| {
        let weights = (o * x.len()..(o + 1) * x.len()).map(|i| i64::from(op.weights.get(i)));
        weights.zip(x).map(|(w, x)| w * i64::from(*x)).sum::<i64>()
    };
    (0..op.outputs).map(|o| op.real(o, sum(o) as f64)).collect()
}

impl Mvm<'_> {
    /// Codes of all outputs, or their real values.
    fn run(&self, x: &[i32]) -> Signal {
        let sums = match &self.op.weights {
            // products of 16-bit numbers summed in 32 bits: one instruction for eight of them
            WeightCodes::I8(w) if self.narrow => {
                self.sums(x, w, |a: i16, b| i32::from(a) * i32::from(b), |c| c as i16, i64::from)
            }
            WeightCodes::I16(w) if self.narrow => {
                self.sums(x, w, |a: i16, b| i32::from(a) * i32::from(b), |c| c as i16, i64::from)
            }
            WeightCodes::I8(w) => self.sums(x, w, |a: i32, b| i64::from(a) * i64::from(b), |c| c, |s| s),
            WeightCodes::I16(w) => self.sums(x, w, |a: i32, b| i64::from(a) * i64::from(b), |c| c, |s| s),
        };
        let (positions, outputs) = (self.op.positions, self.op.outputs);
        // where the output of every element of the result stands
        let at = |i: usize| if self.op.order == Order::ChannelLast { i % outputs } else { i / positions };
        let sums = sums.iter().enumerate();
        match self.quant {
            Some(quant) => Signal::Codes(sums.map(|(i, s)| self.op.requantise(at(i), *s as f64, quant)).collect()),
            None => Signal::Real(sums.map(|(i, s)| self.op.real(at(i), *s as f64)).collect()),
        }
    }

    /// Accumulators as the output stands, from inputs of type `A`, weights `W` and sums `S`.
    fn sums<A: Copy + Default, W: Copy, S: std::iter::Sum>(
        &self,
        x: &[i32],
        weights: &[W],
        product: impl Fn(A, W) -> S,
        narrow: impl Fn(i32) -> A,
        wide: impl Fn(S) -> i64,
    ) -> Vec<i64> {
        let op = self.op;
        let (rows, positions, each) = (op.group_rows(), op.positions, op.outputs / op.groups.max(1));
        let x: Vec<A> = x.iter().map(|c| narrow(*c)).chain([A::default()]).collect();
        let mut sums = vec![0i64; op.outputs * positions];
        let (mut features, mut patch) = (Vec::with_capacity(op.rows()), Vec::with_capacity(op.rows()));
        for p in 0..positions {
            self.taps.rows(p, 0..op.rows(), &mut features);
            patch.clear();
            patch.extend(features.iter().map(|f| x[*f as usize]));
            for (o, w) in weights.chunks_exact(rows).enumerate() {
                let patch = &patch[o / each * rows..][..rows];
                let at = if op.order == Order::ChannelLast { p * op.outputs + o } else { o * positions + p };
                sums[at] = wide(patch.iter().zip(w).map(|(a, b)| product(*a, *b)).sum());
            }
        }
        sums
    }
}

/// The inputs in the order of the network, as rows of samples.
///
/// # Errors
/// M018 when a name, shape or range of samples does not fit.
fn rows(graph: &QuantGraph, inputs: &Inputs, samples: &Range<usize>) -> Result<Vec<Array2<f32>>> {
    let mut found = Diagnostics::new();
    let mut list = Vec::new();
    for input in &graph.inputs {
        let Some(array) = inputs.get(&input.name) else {
            found.push(Diagnostic::error("M018", format!("input `{}` is missing", input.name)));
            continue;
        };
        let whole = array.shape() == input.shape;
        let array = if whole && samples.end == 1 { array.view().insert_axis(ndarray::Axis(0)) } else { array.view() };
        let fits = array.ndim() > 0 && array.shape()[1..] == input.shape[..] && array.shape()[0] >= samples.end;
        if !fits {
            let (have, want) = (array.shape(), &input.shape);
            let message = format!(
                "input `{}` has shape {have:?}, but samples {samples:?} of shape {want:?} are wanted",
                input.name
            );
            found.push(Diagnostic::error("M018", message));
            continue;
        }
        let features = input.shape.iter().product::<usize>();
        let part: ArrayD<f32> =
            array.slice_axis(ndarray::Axis(0), samples.clone().into()).as_standard_layout().into_owned();
        let part = part.into_shape_with_order((samples.len(), features));
        list.push(part.expect("rows of one sample each, as checked"));
    }
    found.into_result(list)
}

/// Real values of the first output for some samples, shape `[samples, outputs]`.
///
/// # Errors
/// M018 when the inputs do not fit, R110 when an operator cannot compute on them.
pub fn run(graph: &QuantGraph, inputs: &Inputs, samples: Range<usize>) -> Result<Array2<f32>> {
    let rows = rows(graph, inputs, &samples)?;
    let reference = Reference::new(graph);
    let (outputs, quant) = (graph.elements(graph.output()), graph.nodes[graph.output()].quant);
    let one = |i: usize| {
        let mut signals = reference.sample(&rows.iter().map(|r| r.row(i)).collect::<Vec<_>>())?;
        Ok(std::mem::replace(&mut signals[graph.output()], Signal::Real(vec![])).into_real(quant))
    };
    let all: Vec<Result<Vec<f32>>> = (0..samples.len()).into_par_iter().with_min_len(16).map(one).collect();
    let logits = all.into_iter().collect::<Result<Vec<_>>>()?.concat();
    Ok(Array2::from_shape_vec((samples.len(), outputs), logits).expect("every sample yields its outputs"))
}

/// What all nodes yield for some samples, one [`Signals`] each.
///
/// # Errors
/// As [`run`].
pub fn run_signals(graph: &QuantGraph, inputs: &Inputs, samples: Range<usize>) -> Result<Vec<Signals>> {
    let rows = rows(graph, inputs, &samples)?;
    let reference = Reference::new(graph);
    let one = |i: usize| reference.sample(&rows.iter().map(|r| r.row(i)).collect::<Vec<_>>());
    let all: Vec<Result<Signals>> = (0..samples.len()).into_par_iter().map(one).collect();
    all.into_iter().collect()
}
