//! The quantised network computed exactly in integers, by direct sums: what perfect crossbars and
//! converters would give. It shares nothing with the crossbar code but the last step from an
//! accumulator to a code ([`MvmOp::requantise`]) and the digital units ([`Digital`]).

use std::ops::Range;

use ndarray::{Array2, ArrayD, ArrayView1};
use rayon::prelude::*;

use super::digital::Digital;
use super::quant_graph::{MvmOp, NodeId, QNode, QOp, QuantGraph};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::graph::Inputs;
use crate::id::{Id, IdVec};
use crate::tensor::{Quant, Window};

/// Codes of all nodes of one sample, channel-first; empty for the output, which has no codes.
pub type Codes = IdVec<NodeId, Vec<i32>>;

/// A quantised network ready to run.
pub struct Reference<'a> {
    graph: &'a QuantGraph,
    nodes: Vec<Ready>,
}

/// A node with its tables.
enum Ready {
    Input(Quant),
    Mvm(Mvm),
    Digital(Digital),
}

/// A weighted layer with its gather table.
struct Mvm {
    op: MvmOp,
    table: Vec<u32>,
    quant: Option<Quant>,
    /// Whether every input code and every partial sum fits the narrow types.
    narrow: bool,
}

impl<'a> Reference<'a> {
    /// Prepares a network.
    #[must_use]
    pub fn new(graph: &'a QuantGraph) -> Self {
        let ready = |(id, node): (NodeId, &QNode)| match &node.op {
            QOp::Mvm(op) => {
                let input = graph.nodes[node.inputs[0]].quant.expect("a layer reads codes");
                let (low, high) = input.range();
                let reach = i64::from(high.max(-low));
                let weight = op.weights.iter().map(|w| i64::from(w.unsigned_abs())).max().unwrap_or(0);
                let narrow =
                    reach <= i64::from(i16::MAX) && reach * weight * op.window.rows() as i64 <= i64::from(i32::MAX);
                Ready::Mvm(Mvm { table: op.window.gather(), op: op.clone(), quant: node.quant, narrow })
            }
            _ => Digital::new(graph, id)
                .map_or_else(|| Ready::Input(node.quant.expect("inputs have a format")), Ready::Digital),
        };
        Self { graph, nodes: graph.nodes.enumerate().map(ready).collect() }
    }

    /// Codes of all nodes and the real values of the output, for one sample.
    #[must_use]
    pub fn sample(&self, inputs: &[ArrayView1<'_, f32>]) -> (Codes, Vec<f32>) {
        let mut codes: Vec<Vec<i32>> = Vec::with_capacity(self.nodes.len());
        let mut logits = Vec::new();
        for (ready, node) in self.nodes.iter().zip(self.graph.nodes.iter()) {
            let mut out = Vec::with_capacity(node.shape.iter().product());
            match ready {
                Ready::Input(quant) => {
                    let at = self.graph.inputs.iter().position(|i| i.node.index() == codes.len());
                    let values = &inputs[at.expect("every input node belongs to an input")];
                    out.extend(values.iter().map(|v| quant.code(f64::from(*v))));
                }
                Ready::Mvm(mvm) => mvm.run(&codes[node.inputs[0].index()], &mut out, &mut logits),
                Ready::Digital(unit) => {
                    let from: Vec<&[i32]> = node.inputs.iter().map(|i| codes[i.index()].as_slice()).collect();
                    unit.apply(&from, &mut out);
                }
            }
            codes.push(out);
        }
        (codes.into_iter().collect(), logits)
    }
}

impl Mvm {
    /// Appends the codes, or the real values where the layer is the last.
    fn run(&self, x: &[i32], codes: &mut Vec<i32>, logits: &mut Vec<f32>) {
        let rows = self.op.window.rows();
        let positions = self.table.len() / rows.max(1);
        let mut sums = vec![0i64; self.op.outputs * positions];
        if self.narrow {
            let x: Vec<i16> = x.iter().map(|c| *c as i16).collect();
            let mut patch = vec![0i16; rows];
            for (p, taps) in self.table.chunks_exact(rows).enumerate() {
                gather(&x, taps, &mut patch);
                for (o, w) in self.op.weights.chunks_exact(rows).enumerate() {
                    // products of 16-bit numbers summed in 32 bits: one instruction for eight of them
                    let sum: i32 = patch.iter().zip(w).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
                    sums[o * positions + p] = i64::from(sum);
                }
            }
        } else {
            let mut patch = vec![0i32; rows];
            for (p, taps) in self.table.chunks_exact(rows).enumerate() {
                gather(x, taps, &mut patch);
                for (o, w) in self.op.weights.chunks_exact(rows).enumerate() {
                    sums[o * positions + p] = patch.iter().zip(w).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
                }
            }
        }
        for (o, part) in sums.chunks_exact(positions.max(1)).enumerate() {
            match self.quant {
                Some(quant) => codes.extend(part.iter().map(|s| self.op.requantise(o, *s as f64, quant))),
                None => logits.extend(part.iter().map(|s| self.op.real(o, *s as f64))),
            }
        }
    }
}

/// The inputs of one position; padding is 0.
fn gather<T: Copy + Default>(x: &[T], taps: &[u32], patch: &mut [T]) {
    for (to, tap) in patch.iter_mut().zip(taps) {
        *to = if *tap == Window::PADDING { T::default() } else { x[*tap as usize] };
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

/// Logits of some samples, shape `[samples, outputs]`.
///
/// # Errors
/// M018 when the inputs do not fit.
pub fn run(graph: &QuantGraph, inputs: &Inputs, samples: Range<usize>) -> Result<Array2<f32>> {
    let rows = rows(graph, inputs, &samples)?;
    let reference = Reference::new(graph);
    let outputs = graph.nodes[graph.output].shape.iter().product();
    let logits: Vec<f32> = (0..samples.len())
        .into_par_iter()
        .with_min_len(16)
        .flat_map_iter(|i| reference.sample(&rows.iter().map(|r| r.row(i)).collect::<Vec<_>>()).1)
        .collect();
    Ok(Array2::from_shape_vec((samples.len(), outputs), logits).expect("every sample yields its outputs"))
}

/// Codes of all nodes for some samples, one [`Codes`] each.
///
/// # Errors
/// M018 when the inputs do not fit.
pub fn run_codes(graph: &QuantGraph, inputs: &Inputs, samples: Range<usize>) -> Result<Vec<Codes>> {
    let rows = rows(graph, inputs, &samples)?;
    let reference = Reference::new(graph);
    let one = |i: usize| reference.sample(&rows.iter().map(|r| r.row(i)).collect::<Vec<_>>()).0;
    Ok((0..samples.len()).into_par_iter().map(one).collect())
}
