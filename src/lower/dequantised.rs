//! Takes layers on integers apart that a network quantised beforehand has: `QLinearConv` and `QLinearMatMul`
//! become the layer on real numbers between `DequantizeLinear` and `QuantizeLinear`. Their scales stay those of
//! the network, since what is dequantised is a multiple of its scale.

use std::sync::Arc;

use super::sample::sample_facts;
use crate::graph::ops::{DequantizeLinear, MatMul, Place, QLinearConv, QLinearMatMul, QuantizeLinear};
use crate::graph::{Edge, EdgeId, Fact, Graph, Node, Operator, Value};
use crate::id::Id;
use crate::onnx::DType;

/// The network with all such layers of constant weights and scales taken apart.
pub fn dequantised(graph: &Graph) -> Graph {
    let mut made = graph.clone();
    if !graph.nodes.iter().any(|n| n.op::<QLinearConv>().is_some() || n.op::<QLinearMatMul>().is_some()) {
        return made;
    }
    // whatever is refused is named by the plan
    let facts = sample_facts(graph, &mut Vec::new());
    made.nodes.clear();
    for node in &graph.nodes {
        if apart(&mut made, &facts, node).is_none() {
            made.nodes.push(node.clone());
        }
    }
    made
}

/// Writes one layer taken apart, if it is such a layer.
fn apart(graph: &mut Graph, facts: &[Fact], node: &Node) -> Option<()> {
    let conv = node.op::<QLinearConv>().map(|q| q.conv.clone());
    node.op::<QLinearMatMul>().map(|_| ()).or(conv.as_ref().map(|_| ()))?;
    let known = |at: usize| node.input(at).and_then(|e| facts[e.index()].value.as_deref());
    // scales and zero points of x, all of the weights, scale and zero point of the result
    let scale = |at: usize| known(at).filter(|v| v.shape().iter().product::<usize>() == 1);
    let (of_input, of_output) = (scale(1)?.scalar("scale").ok()?, scale(6)?);
    let axis = if conv.is_some() { 0 } else { -1 };
    let weights = DequantizeLinear { place: Place::along(axis) }.eval(&[Some(known(3)?), Some(known(4)?), known(5)]);
    let weights = weights.ok()?.into_iter().next()?;
    if known(0).is_some() || (node.input(2).is_some() && scale(2).is_none()) || of_output.as_real().is_err() {
        return None;
    }
    let bias = match known(8) {
        Some(Value::Int(_, steps)) => {
            let scales: Vec<f32> = known(4)?.as_real().ok()?.iter().copied().collect();
            let real =
                |(i, n): (usize, &i64)| (*n as f64 * of_input * f64::from(scales[i.min(scales.len() - 1)])) as f32;
            Some(Value::real(&[steps.len()], steps.iter().enumerate().map(real).collect()).ok()?)
        }
        _ => None,
    };
    let name = &node.name;
    let (x, y) = (node.input(0)?, node.output()?);
    let real = |graph: &mut Graph, what: &str, like: EdgeId| {
        let (shape, batched) = (graph.edges[like].fact.shape.clone(), graph.edges[like].batched);
        graph.edges.push(Edge { name: format!("{name}.{what}"), fact: Fact::new(DType::F32, shape), batched })
    };
    let (input, sums) = (real(graph, "x", x), real(graph, "y", y));
    let weights = graph.add_constant(format!("{name}.w"), weights);
    let bias = bias.map(|b| graph.add_constant(format!("{name}.b"), b));
    let layer: Arc<dyn Operator> = match conv {
        Some(conv) => Arc::new(conv),
        None => Arc::new(MatMul),
    };
    let whole = Place::along(0);
    let mut inputs = vec![Some(input), Some(weights)];
    inputs.extend(bias.map(Some));
    let mut push = |what: &str, op: Arc<dyn Operator>, inputs: Vec<Option<EdgeId>>, output: EdgeId| {
        graph.nodes.push(Node { name: format!("{name}{what}"), op, inputs, outputs: vec![Some(output)] });
    };
    let from = Arc::new(DequantizeLinear { place: whole });
    push(".x", from, vec![Some(x), node.input(1), node.input(2)], input);
    push("", layer, inputs, sums);
    let to = Arc::new(QuantizeLinear { place: whole, dtype: None });
    push(".y", to, vec![Some(sums), node.input(6), node.input(7)], y);
    Some(())
}
