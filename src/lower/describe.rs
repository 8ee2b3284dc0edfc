//! A stable text form of the quantised network.

use std::fmt::Write;

use super::quant_graph::{QOp, QuantGraph};
use crate::tensor::{Quant, Window};

/// The network as text: one node a line with shape and format; weights as bits and a checksum.
#[must_use]
pub fn describe(graph: &QuantGraph) -> String {
    let mut out = String::new();
    for (id, node) in graph.nodes.enumerate() {
        let inputs: Vec<String> = node.inputs.iter().map(ToString::to_string).collect();
        let shape: Vec<String> = node.shape.iter().map(ToString::to_string).collect();
        let op = match &node.op {
            QOp::Input => "input".into(),
            QOp::Mvm(m) => format!(
                "mvm {}x{} {} weights {} bit checksum {:08x}{}",
                m.outputs,
                m.window.rows(),
                window(&m.window),
                m.weight_bits,
                checksum(&m.weights, &m.bias),
                if m.relu { " relu" } else { "" }
            ),
            QOp::Relu => "relu".into(),
            QOp::MaxPool(w) => format!("max_pool {}", window(w)),
            QOp::AveragePool { window: w, exclude_padding } => {
                format!("average_pool {}{}", window(w), if *exclude_padding { " without padding" } else { "" })
            }
            QOp::Add => "add".into(),
            QOp::Concat => "concat".into(),
            QOp::Reshape => "reshape".into(),
        };
        // writing to a string cannot fail
        let _ = writeln!(
            out,
            "{id} {} = {op}({}) -> [{}] {}",
            node.origin,
            inputs.join(", "),
            shape.join(","),
            node.quant.map_or_else(|| "real".into(), format)
        );
    }
    let _ = writeln!(out, "output {}", graph.output);
    out
}

fn format(q: Quant) -> String {
    format!("{}{} scale {:.6e}", if q.signed { "s" } else { "u" }, q.bits, q.scale)
}

fn window(w: &Window) -> String {
    if w.kernel.is_empty() {
        return "dense".into();
    }
    format!("window {:?} over {:?} stride {:?} dilation {:?} pad {:?}", w.kernel, w.input, w.stride, w.dilation, w.pad)
}

/// FNV-1a, 32 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>) over weights and bias.
fn checksum(weights: &[i16], bias: &[i64]) -> u32 {
    let bytes = weights.iter().flat_map(|w| w.to_le_bytes()).chain(bias.iter().flat_map(|b| b.to_le_bytes()));
    bytes.fold(0x811c_9dc5, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}
