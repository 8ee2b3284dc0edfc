//! What the digital units compute between weighted layers, on codes or in real numbers. The integer
//! reference and the crossbar value core both call it, so they cannot differ there.

use std::ops::Range;

use super::quant_graph::{NodeId, QOp, QuantGraph, failure};
use super::signal::{Piece, Signal};
use super::unit::UnitOp;
use crate::diag::Result;
use crate::graph::ops::OpResult;
use crate::tensor::{Quant, Window};

/// A node that is neither an input nor a weighted layer, made ready for many samples.
#[derive(Debug, Clone)]
pub struct Digital<'a> {
    kind: Kind<'a>,
    /// Name and operator of the node, for messages.
    origin: (&'a str, &'a str),
    /// Formats of the inputs.
    from: Vec<Option<Quant>>,
    /// Format of the output.
    to: Option<Quant>,
}

#[derive(Debug, Clone)]
enum Kind<'a> {
    Codes(OnCodes, Vec<Quant>, Quant),
    Reshape,
    Unit(&'a UnitOp),
    Part(&'a Range<usize>),
}

/// Work on codes, from known formats to a known format.
#[derive(Debug, Clone)]
enum OnCodes {
    Relu,
    MaxPool(Table),
    AveragePool(Table, Vec<f64>),
    Add,
    Concat,
}

/// Which elements of a channel each output position reads, padding left out.
#[derive(Debug, Clone)]
struct Table {
    plane: usize,
    taps: Vec<Vec<u32>>,
}

impl Table {
    fn new(window: &Window) -> Self {
        let one = Window { channels: 1, ..window.clone() };
        let inside = |p: &[u32]| p.iter().copied().filter(|t| *t != Window::PADDING).collect();
        let taps = one.gather().chunks_exact(one.rows().max(1)).map(inside).collect();
        Self { plane: one.input_positions(), taps }
    }
}

/// A code in another format. The factor is exactly 1 where the formats share a scale.
fn rescale(code: i32, factor: f64, to: Quant) -> i32 {
    let (low, high) = to.range();
    (f64::from(code) * factor).round_ties_even().clamp(f64::from(low), f64::from(high)) as i32
}

impl<'a> Digital<'a> {
    /// Prepares a node; `None` for inputs and weighted layers, which are computed elsewhere, and for work on
    /// codes without formats.
    #[must_use]
    pub fn new(graph: &'a QuantGraph, node: NodeId) -> Option<Self> {
        let node = &graph.nodes[node];
        let from: Vec<Option<Quant>> = node.inputs.iter().map(|i| graph.nodes[*i].quant).collect();
        let on_codes = |op| Some(Kind::Codes(op, from.iter().copied().collect::<Option<_>>()?, node.quant?));
        let kind = match &node.op {
            QOp::Input | QOp::Mvm(_) | QOp::Recurrent(_) => return None,
            QOp::Relu => on_codes(OnCodes::Relu)?,
            QOp::MaxPool(window) => on_codes(OnCodes::MaxPool(Table::new(window)))?,
            QOp::AveragePool { window, exclude_padding } => {
                let table = Table::new(window);
                let whole = window.kernel.iter().product();
                let divisor = |taps: &Vec<u32>| if *exclude_padding { taps.len().max(1) } else { whole };
                let divisors = table.taps.iter().map(|t| divisor(t) as f64).collect();
                on_codes(OnCodes::AveragePool(table, divisors))?
            }
            QOp::Add => on_codes(OnCodes::Add)?,
            QOp::Concat => on_codes(OnCodes::Concat)?,
            QOp::Reshape => Kind::Reshape,
            QOp::Unit(unit) => Kind::Unit(unit),
            QOp::Part(range) => Kind::Part(range),
        };
        Some(Self { kind, origin: (&node.origin, &node.onnx_op), from, to: node.quant })
    }

    /// Appends what one sample yields; one piece for each input.
    ///
    /// # Errors
    /// R110 when an operator cannot compute on the values it meets.
    pub fn apply(&self, inputs: &[Piece<'_>], out: &mut Signal) -> Result<()> {
        self.compute(inputs, out).map_err(|why| failure(self.origin.0, self.origin.1, &why))
    }

    fn compute(&self, inputs: &[Piece<'_>], out: &mut Signal) -> OpResult<()> {
        match &self.kind {
            Kind::Codes(op, from, to) => {
                let codes: Vec<&[i32]> =
                    inputs.iter().map(|i| if let Piece::Codes(c) = i { *c } else { &[] }).collect();
                if let Signal::Codes(out) = out {
                    op.apply(&codes, from, *to, out);
                }
            }
            Kind::Unit(unit) => return unit.apply(inputs, &self.from, self.to, out),
            Kind::Part(range) => {
                if let Piece::Real(all) = inputs[0] {
                    out.extend(all[(*range).clone()].iter().copied(), self.to);
                }
            }
            Kind::Reshape => match (inputs[0], out) {
                (Piece::Codes(codes), Signal::Codes(out)) => out.extend_from_slice(codes),
                (piece, out) => out.extend(piece.real(self.from[0]).into_iter(), self.to),
            },
        }
        Ok(())
    }
}

impl OnCodes {
    fn apply(&self, inputs: &[&[i32]], from: &[Quant], to: Quant, out: &mut Vec<i32>) {
        let factor = |i: usize| from[i].scale / to.scale;
        match self {
            Self::Relu => {
                let f = factor(0);
                out.extend(inputs[0].iter().map(|c| rescale((*c).max(0), f, to)));
            }
            Self::MaxPool(table) => {
                let f = factor(0);
                for plane in inputs[0].chunks_exact(table.plane) {
                    let highest = |taps: &Vec<u32>| taps.iter().map(|t| plane[*t as usize]).max().unwrap_or(0);
                    out.extend(table.taps.iter().map(|taps| rescale(highest(taps), f, to)));
                }
            }
            Self::AveragePool(table, divisors) => {
                let f = factor(0);
                let (low, high) = to.range();
                for plane in inputs[0].chunks_exact(table.plane) {
                    for (taps, divisor) in table.taps.iter().zip(divisors) {
                        let sum: i64 = taps.iter().map(|t| i64::from(plane[*t as usize])).sum();
                        // with one scale this is the exact mean, so ties are true ties
                        let mean = (sum as f64 * f / divisor).round_ties_even();
                        out.push(mean.clamp(f64::from(low), f64::from(high)) as i32);
                    }
                }
            }
            Self::Add => {
                let (f, g) = (factor(0), factor(1));
                let (low, high) = to.range();
                out.extend(inputs[0].iter().zip(inputs[1]).map(|(a, b)| {
                    let sum = f64::from(*a) * f + f64::from(*b) * g;
                    sum.round_ties_even().clamp(f64::from(low), f64::from(high)) as i32
                }));
            }
            Self::Concat => {
                for (i, codes) in inputs.iter().enumerate() {
                    let f = factor(i);
                    out.extend(codes.iter().map(|c| rescale(*c, f, to)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::IdVec;
    use crate::lower::layout::Layout;
    use crate::lower::quant_graph::QNode;

    fn q(scale: f64, signed: bool) -> Quant {
        Quant { scale, bits: 8, signed }
    }

    /// Applies one operation to inputs of given formats.
    fn apply(op: QOp, inputs: &[(Quant, &[i32])], to: Quant) -> Vec<i32> {
        let mut nodes = IdVec::new();
        let node = |op, inputs, quant| QNode {
            origin: String::new(),
            onnx_op: String::new(),
            op,
            inputs,
            shape: vec![],
            layout: Layout::whole(0),
            quant: Some(quant),
        };
        let ids: Vec<NodeId> = inputs.iter().map(|(f, _)| nodes.push(node(QOp::Input, vec![], *f))).collect();
        let id = nodes.push(node(op, ids, to));
        let graph = QuantGraph { inputs: vec![], nodes, outputs: vec![id] };
        let mut out = Signal::empty(Some(to));
        let pieces: Vec<Piece<'_>> = inputs.iter().map(|(_, c)| Piece::Codes(c)).collect();
        Digital::new(&graph, id).expect("digital").apply(&pieces, &mut out).expect("computes");
        out.codes().to_vec()
    }

    fn window(pad: usize, positions: usize) -> Window {
        Window {
            channels: 1,
            input: vec![4],
            output: vec![positions],
            kernel: vec![2],
            stride: vec![2],
            dilation: vec![1],
            pad: vec![pad],
        }
    }

    #[test]
    fn pools() {
        let u = q(0.5, false);
        let x: &[i32] = &[1, 2, 3, 8, 5, 5, 0, 1];
        assert_eq!(apply(QOp::MaxPool(window(0, 2)), &[(u, x)], u), [2, 8, 5, 1]);
        let average = |exclude_padding| QOp::AveragePool { window: window(1, 3), exclude_padding };
        // 1/2 → 0 and 5/2 → 2: halves go to even
        assert_eq!(apply(average(false), &[(u, &x[..4])], u), [0, 2, 4]);
        assert_eq!(apply(average(true), &[(u, &x[..4])], u), [1, 2, 8]);
        // half the scale: twice the code
        assert_eq!(apply(average(true), &[(u, &x[..4])], q(0.25, false)), [2, 5, 16]);
    }

    #[test]
    fn sums_and_joins_rescale_and_clip() {
        let (a, b) = (q(1.0, false), q(0.5, true));
        assert_eq!(apply(QOp::Add, &[(a, &[1, 200]), (b, &[-4, 127])], b), [-2, 127]);
        assert_eq!(apply(QOp::Concat, &[(a, &[1, 100]), (b, &[-3])], b), [2, 127, -3]);
        assert_eq!(apply(QOp::Relu, &[(b, &[-3, 5])], a), [0, 2]);
        assert_eq!(apply(QOp::Reshape, &[(b, &[-3, 5])], b), [-3, 5]);
    }
}
