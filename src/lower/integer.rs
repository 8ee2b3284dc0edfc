//! Recognises what the vector unit can do on codes: rectifiers, pools, sums and joins.

use super::quant_graph::QOp;
use super::unit::Look;
use crate::graph::ops::{Arithmetic, AveragePool, Concat, GlobalPool, MaxPool, ReduceMean, Relu, Sign, padded_taps};
use crate::graph::{Fact, Node};
use crate::id::Id;
use crate::tensor::Window;

/// The operation on codes of a node, if there is one, and how far the node looks.
pub fn integer(facts: &[Fact], node: &Node) -> (Option<QOp>, Look) {
    let none = (None, Look::Operator);
    let shapes: Option<Vec<&[usize]>> = node.inputs.iter().flatten().map(|e| varying(&facts[e.index()])).collect();
    if node.op::<ReduceMean>().is_some() {
        // its axes may be a constant second input
        let Some(x) = node.input(0).and_then(|e| varying(&facts[e.index()])) else { return none };
        return pool(facts, node, x).map_or(none, |(op, window)| (op, Look::Window(window)));
    }
    let Some(shapes) = shapes.filter(|s| !s.is_empty()) else { return none };
    if node.op::<Relu>().is_some() {
        return (Some(QOp::Relu), Look::Place);
    }
    let same = shapes.iter().all(|s| *s == shapes[0]);
    if node.op::<Arithmetic>().is_some_and(|a| a.sign == Sign::Add) {
        return if same && shapes.len() == 2 { (Some(QOp::Add), Look::Place) } else { none };
    }
    if let Some(concat) = node.op::<Concat>() {
        let rank = shapes[0].len() as i64;
        let axis = if concat.axis < 0 { concat.axis + rank } else { concat.axis };
        let outer: usize = shapes[0].iter().take(axis.max(0) as usize).product();
        return if outer == 1 { (Some(QOp::Concat), Look::Join) } else { none };
    }
    pool(facts, node, shapes[0]).map_or(none, |(op, window)| (op, Look::Window(window)))
}

fn varying(fact: &Fact) -> Option<&[usize]> {
    (fact.value.is_none() && fact.dtype.is_float()).then_some(&fact.shape)
}

/// The window of a pooling node, and what it computes on codes where it is a maximum or a mean.
fn pool(facts: &[Fact], node: &Node, shape: &[usize]) -> Option<(Option<QOp>, Window)> {
    if shape.len() < 3 || shape[0] != 1 {
        return None;
    }
    let mean =
        |window: Window| Some((Some(QOp::AveragePool { window: window.clone(), exclude_padding: false }), window));
    if let Some(pool) = node.op::<MaxPool>() {
        let window = pool.spatial.pooling(shape).ok()?.window;
        // a position of padding alone has no largest code; indices of maxima are another question
        let plain = !inside(&window).contains(&0) && node.outputs.iter().flatten().count() == 1;
        return Some((plain.then(|| QOp::MaxPool(window.clone())), window));
    }
    if let Some(pool) = node.op::<AveragePool>() {
        let geometry = pool.spatial.pooling(shape).ok()?;
        let window = geometry.window.clone();
        let (inside, whole) = (inside(&window), window.rows());
        let counted = if pool.include_pad { padded_taps(&geometry) } else { inside.clone() };
        // either rule of the divisor will do where it gives the same numbers
        let average = |exclude_padding| QOp::AveragePool { window: window.clone(), exclude_padding };
        let op = if counted.iter().all(|n| *n == whole) {
            Some(average(false))
        } else {
            (counted == inside).then(|| average(true))
        };
        return Some((op, window));
    }
    if let Some(pool) = node.op::<GlobalPool>() {
        let window = whole(shape);
        return if pool.max { Some((Some(QOp::MaxPool(window.clone())), window)) } else { mean(window) };
    }
    let reduce = node.op::<ReduceMean>()?;
    let list = node.input(1).and_then(|e| facts[e.index()].value.as_deref()).map(|v| v.ints("axes")).transpose();
    let gone = reduce.reduced(shape.len(), list.ok()?.as_deref()).ok()?;
    if gone == (2..shape.len()).collect::<Vec<_>>() { mean(whole(shape)) } else { None }
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
