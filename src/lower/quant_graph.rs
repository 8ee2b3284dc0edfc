//! The quantised network, one sample at a time: integer codes on the edges that crossbars read, real values
//! where only the vector unit meets them.

use super::layout::Layout;
use super::mvm_op::MvmOp;
use super::recurrent::RecurrentOp;
use super::unit::UnitOp;
use crate::define_id;
use crate::diag::{Diagnostic, Diagnostics};
use crate::graph::ops::OpError;
use crate::id::IdVec;
use crate::tensor::{Quant, Window};

define_id!(/// A node of the quantised graph, in execution order.
    NodeId, "node");

/// A network input and how it is quantised.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantInput {
    /// Name in the ONNX file.
    pub name: String,
    /// Shape of one sample.
    pub shape: Vec<usize>,
    /// Node that yields it.
    pub node: NodeId,
}

/// What a node computes.
#[derive(Debug, Clone, PartialEq)]
pub enum QOp {
    /// A network input, quantised where it has a format.
    Input,
    /// A weighted layer; goes to crossbars. Reads codes.
    Mvm(MvmOp),
    /// A recurrent layer; its products with the state go to crossbars. Reads real values, the products with
    /// its input, and yields every h, and the last c behind them where it is wanted.
    Recurrent(RecurrentOp),
    /// Rectifier of codes on the vector unit (where it could not be fused).
    Relu,
    /// Maximum of codes over a window of each channel (`window.channels` = 1; applied to every channel).
    MaxPool(Window),
    /// Mean of codes over a window of each channel, rounded half to even; divides by the kernel size, or by
    /// the taps inside the input if `exclude_padding`.
    AveragePool {
        /// Geometry for one channel.
        window: Window,
        /// Whether padding counts in the divisor.
        exclude_padding: bool,
    },
    /// Sum of the codes of two nodes of one shape, each rescaled to the output format.
    Add,
    /// Concatenation of flattened codes, each rescaled to the output format; channel axis.
    Concat,
    /// Same codes or values, other shape.
    Reshape,
    /// Any operator, computed in real numbers by the vector unit.
    Unit(UnitOp),
    /// One of several results of a [`QOp::Unit`], which yields them one after the other.
    Part(std::ops::Range<usize>),
}

/// A node: its operation, inputs, and the format of what it yields.
#[derive(Debug, Clone, PartialEq)]
pub struct QNode {
    /// Name of the ONNX node it comes from.
    pub origin: String,
    /// ONNX operator name it comes from.
    pub onnx_op: String,
    /// The operation.
    pub op: QOp,
    /// Nodes it reads.
    pub inputs: Vec<NodeId>,
    /// Shape of one sample: without the batch, where the ONNX value has it in front.
    pub shape: Vec<usize>,
    /// How its elements are handed on.
    pub layout: Layout,
    /// Format of its codes; `None` for real values (and for integers such as token numbers).
    pub quant: Option<Quant>,
}

/// Bits of a real value or an integer on the wires, in buffers and in the vector unit (assumed: half precision).
pub const REAL_BITS: usize = 16;

impl QNode {
    /// Bits of one element on the wires and in buffers.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.quant.map_or(REAL_BITS, |q| usize::from(q.bits))
    }
    /// The failure of a node that meets values which its operator does not take.
    #[must_use]
    pub fn failure(&self, why: &OpError) -> Diagnostics {
        failure(&self.origin, &self.onnx_op, why)
    }
}

/// R110: an operator that cannot compute a sample.
pub(super) fn failure(name: &str, op: &str, why: &OpError) -> Diagnostics {
    Diagnostic::failure("R110", format!("node `{name}` ({op}) cannot compute a sample: {why}"))
        .help("check the samples; the node does not take such values")
        .into()
}

/// The network in integers.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantGraph {
    /// Inputs in the order of the ONNX file.
    pub inputs: Vec<QuantInput>,
    /// Nodes in execution order.
    pub nodes: IdVec<NodeId, QNode>,
    /// The nodes that yield the outputs, in the order of the file; at least one.
    pub outputs: Vec<NodeId>,
}

impl QuantGraph {
    /// The node of the first output, the logits.
    #[must_use]
    pub fn output(&self) -> NodeId {
        self.outputs[0]
    }
    /// The weighted layer of a node and the format of the codes that it drives, if it is one.
    #[must_use]
    pub fn layer(&self, node: NodeId) -> Option<(&MvmOp, Option<Quant>)> {
        match &self.nodes[node].op {
            QOp::Mvm(op) => Some((op, self.nodes[node].inputs.first().and_then(|i| self.nodes[*i].quant))),
            QOp::Recurrent(op) => Some((&op.mvm, Some(op.state))),
            _ => None,
        }
    }
    /// Elements of one sample of a node.
    #[must_use]
    pub fn elements(&self, node: NodeId) -> usize {
        self.nodes[node].shape.iter().product()
    }
}
