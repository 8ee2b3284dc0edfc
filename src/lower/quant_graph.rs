//! The quantised network, one sample at a time: integer codes on the edges that crossbars read, real values
//! where only the vector unit meets them.

use super::layout::Layout;
use super::mvm_op::MvmOp;
use super::unit::UnitOp;
use crate::define_id;
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
    /// Elements of one sample of a node.
    #[must_use]
    pub fn elements(&self, node: NodeId) -> usize {
        self.nodes[node].shape.iter().product()
    }
}
