//! Nodes that are not weighted layers, in integers, one sample at a time.

use crate::lower::{NodeId, QNode, QOp, QuantGraph};
use crate::tensor::{Quant, Window};

/// Codes of node `id` from those of its inputs. Weighted layers and network inputs yield nothing.
pub(super) fn digital(graph: &QuantGraph, id: NodeId, inputs: &[&[i32]]) -> Vec<i32> {
    let node = &graph.nodes[id];
    let Some(to) = node.quant else { return Vec::new() };
    let from = |i: usize| graph.nodes[node.inputs[i]].quant.unwrap_or(to);
    match &node.op {
        QOp::Input | QOp::Mvm(_) => Vec::new(),
        QOp::Reshape => inputs[0].to_vec(),
        QOp::Relu => inputs[0].iter().map(|c| rescale((*c).max(0), from(0), to)).collect(),
        QOp::MaxPool(window) => pool(window, node, inputs[0], |taps| {
            let top = taps.iter().flatten().copied().max().unwrap_or(0);
            rescale(top, from(0), to)
        }),
        QOp::AveragePool { window, exclude_padding } => pool(window, node, inputs[0], |taps| {
            let inside = taps.iter().flatten().count();
            let divisor = if *exclude_padding { inside.max(1) } else { taps.len() };
            let sum: i64 = taps.iter().flatten().map(|c| i64::from(*c)).sum();
            rescale_real(sum as f64 / divisor as f64, from(0), to)
        }),
        QOp::Add => {
            (inputs[0].iter().zip(inputs[1])).map(|(a, b)| to.code(from(0).value(*a) + from(1).value(*b))).collect()
        }
        QOp::Concat => {
            (inputs.iter().enumerate()).flat_map(|(i, c)| c.iter().map(move |c| rescale(*c, from(i), to))).collect()
        }
    }
}

/// A code in another format; the same code, clipped, where the scales are equal.
fn rescale(code: i32, from: Quant, to: Quant) -> i32 {
    rescale_real(f64::from(code), from, to)
}

/// Nearest code, ties to even, of a real number of steps of `from`.
fn rescale_real(code: f64, from: Quant, to: Quant) -> i32 {
    if from.scale == to.scale {
        let (low, high) = to.range();
        code.round_ties_even().clamp(f64::from(low), f64::from(high)) as i32
    } else {
        to.code(code * from.scale)
    }
}

/// Applies `f` to the taps of every channel and position; `None` is padding.
fn pool(window: &Window, node: &QNode, input: &[i32], f: impl Fn(&[Option<i32>]) -> i32) -> Vec<i32> {
    let gather = window.gather();
    let (taps, plane) = (window.rows(), window.input_positions());
    let channels = node.shape.first().copied().unwrap_or(1);
    let mut out = Vec::with_capacity(channels * window.positions());
    let mut values = Vec::with_capacity(taps);
    for channel in input.chunks(plane).take(channels) {
        for position in gather.chunks(taps) {
            values.clear();
            values.extend(position.iter().map(|i| channel.get(*i as usize).copied()));
            out.push(f(&values));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::support::Builder;
    use super::*;

    fn format(scale: f64, signed: bool) -> Quant {
        Quant { scale, bits: 8, signed }
    }

    /// One node over copies of an input of two channels of four.
    fn one(op: QOp, copies: usize, shape: &[usize], from: Quant, to: Quant, input: &[i32]) -> Vec<i32> {
        let mut b = Builder::new(&[2, 4], from, 8, 0);
        let x = b.graph.output;
        let id = b.node(op, &vec![x; copies], shape, Some(to));
        digital(&b.graph, id, &vec![input; copies])
    }

    fn window(output: usize, kernel: usize, stride: usize, pad: usize) -> Window {
        Window {
            channels: 1,
            input: vec![4],
            output: vec![output],
            kernel: vec![kernel],
            stride: vec![stride],
            dilation: vec![1],
            pad: vec![pad],
        }
    }

    const X: [i32; 8] = [1, -2, 3, 4, -5, 6, 7, -8];

    #[test]
    fn rectifier_and_reshape() {
        let q = format(0.5, true);
        assert_eq!(one(QOp::Relu, 1, &[2, 4], q, q, &X), [1, 0, 3, 4, 0, 6, 7, 0]);
        assert_eq!(one(QOp::Reshape, 1, &[8], q, q, &X), X);
    }

    #[test]
    fn pools_work_on_each_channel_and_leave_padding_out() {
        let q = format(0.5, true);
        assert_eq!(one(QOp::MaxPool(window(3, 2, 2, 1)), 1, &[2, 3], q, q, &X), [1, 3, 4, -5, 7, -8]);
        let mean = |exclude_padding| {
            let op = QOp::AveragePool { window: window(3, 2, 2, 1), exclude_padding };
            one(op, 1, &[2, 3], q, q, &X)
        };
        // sums 1, 1, 4 and -5, 13, -8; halves go to even
        assert_eq!(mean(false), [0, 0, 2, -2, 6, -4]);
        assert_eq!(mean(true), [1, 0, 4, -5, 6, -8]);
    }

    #[test]
    fn sums_and_joins_change_the_format() {
        let (from, to) = (format(0.5, true), format(0.25, false));
        assert_eq!(one(QOp::Add, 2, &[2, 4], from, to, &X), [4, 0, 12, 16, 0, 24, 28, 0]);
        let joined = one(QOp::Concat, 2, &[4, 4], from, to, &X);
        assert_eq!(joined[..8], [2, 0, 6, 8, 0, 12, 14, 0]);
        assert_eq!(joined[8..], joined[..8]);
        assert_eq!(one(QOp::Add, 2, &[2, 4], from, format(0.01, true), &X)[3], 127);
    }
}
