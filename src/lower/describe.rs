//! A stable text form of the quantised network.

use std::fmt::Write;

use super::mvm_op::MvmOp;
use super::quant_graph::{QOp, QuantGraph};
use super::unit::UnitOp;
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
            QOp::Mvm(m) => layer(m),
            QOp::Recurrent(op) => {
                format!("recurrent {} of {} steps, {}", op.cell.op.name(), op.cell.steps, layer(&op.mvm))
            }
            QOp::Unit(unit) => on_unit(unit),
            QOp::Part(range) => format!("elements {}..{}", range.start, range.end),
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
    for output in &graph.outputs {
        let _ = writeln!(out, "output {output}");
    }
    out
}

fn layer(m: &MvmOp) -> String {
    let mut text = format!("mvm {}x{}", m.outputs, m.rows());
    if m.groups > 1 {
        text.push_str(&format!(" in {} groups", m.groups));
    }
    text.push_str(&match m.positions {
        1 => format!(" {}", window(&m.window)),
        n if m.window.kernel.is_empty() => format!(" at {n} positions"),
        _ => format!(" {}", window(&m.window)),
    });
    if m.spreads {
        text.push_str(" spread");
    }
    text.push_str(&format!(" weights {} bit checksum {:08x}", m.weight_bits, checksum(m)));
    text + if m.relu { " relu" } else { "" }
}

fn on_unit(unit: &UnitOp) -> String {
    format!("unit {} of {} lane operations", unit.op.name(), unit.lane_ops())
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
fn checksum(m: &MvmOp) -> u32 {
    let weights = m.weights.iter().flat_map(i16::to_le_bytes);
    let bytes = weights.chain(m.bias.iter().flat_map(|b| b.to_le_bytes()));
    bytes.fold(0x811c_9dc5, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}
