//! A stable text form of the typed graph.

use std::fmt::Write;

use super::{Batch, EdgeId, Graph};

/// The graph as text: batch, inputs, nodes with their operator and shapes, outputs, one a line.
/// Constants show their shape in angle brackets.
#[must_use]
pub fn describe(graph: &Graph) -> String {
    let mut out = match graph.batch {
        Batch::Dynamic => String::from("graph, any batch (shapes for one sample)\n"),
        Batch::Fixed(n) => format!("graph, batch of {n}\n"),
        Batch::Absent => String::from("graph, no batch\n"),
    };
    let edge = |e: &EdgeId| {
        let e = &graph.edges[*e];
        let shape = e.fact.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        if e.fact.value.is_some() { format!("{}<{shape}>", e.name) } else { format!("{}[{shape}]", e.name) }
    };
    let list = |l: &[Option<EdgeId>]| {
        l.iter().map(|e| e.as_ref().map_or_else(|| "-".into(), edge)).collect::<Vec<_>>().join(", ")
    };
    // writing to a string cannot fail
    for e in &graph.inputs {
        let _ = writeln!(out, "input {} {}", edge(e), graph.edges[*e].fact.dtype);
    }
    for n in &graph.nodes {
        let _ = writeln!(out, "node {} = {:?}({}) -> {}", n.name, n.op, list(&n.inputs), list(&n.outputs));
    }
    for e in &graph.outputs {
        let _ = writeln!(out, "output {} {}", edge(e), graph.edges[*e].fact.dtype);
    }
    out
}
