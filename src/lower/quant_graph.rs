//! The quantised network: integer codes on every edge, one sample at a time.
//!
//! Activations are flattened channel-first; the batch dimension is not part of a shape.

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

/// A weighted layer: `acc[o] = bias[o] + Σ_r weights[o, r] · x[r]` at every window position.
#[derive(Debug, Clone, PartialEq)]
pub struct MvmOp {
    /// Which inputs each position reads. `window.rows()` is the number of weight rows.
    pub window: Window,
    /// Weight codes, shape `[outputs, rows]`, row-major.
    pub weights: Vec<i16>,
    /// Output channels.
    pub outputs: usize,
    /// Format of the weight codes (the scale of channel 0 where scales are per channel).
    pub weight_bits: u8,
    /// Bias in accumulator steps of each output channel.
    pub bias: Vec<i64>,
    /// Real value of one accumulator step of each output channel (input scale × weight scale).
    pub acc_scale: Vec<f64>,
    /// Whether negative results become 0 (a fused rectifier).
    pub relu: bool,
}

/// What a node computes.
#[derive(Debug, Clone, PartialEq)]
pub enum QOp {
    /// A network input, quantised.
    Input,
    /// A weighted layer; goes to crossbars.
    Mvm(MvmOp),
    /// Rectifier on the vector unit (where it could not be fused).
    Relu,
    /// Maximum over a window of each channel (`window.channels` = 1; applied to every channel).
    MaxPool(Window),
    /// Mean over a window of each channel, rounded half to even; divides by the kernel size, or by the
    /// taps inside the input if `exclude_padding`.
    AveragePool {
        /// Geometry for one channel.
        window: Window,
        /// Whether padding counts in the divisor.
        exclude_padding: bool,
    },
    /// Sum of two nodes of one shape, each rescaled to the output format.
    Add,
    /// Concatenation of flattened inputs, each rescaled to the output format; channel axis.
    Concat,
    /// Same codes, other shape.
    Reshape,
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
    /// Shape of one sample, channel-first.
    pub shape: Vec<usize>,
    /// Format of its codes; `None` for the output layer, whose accumulators become real logits.
    pub quant: Option<Quant>,
}

/// The network in integers.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantGraph {
    /// Inputs in the order of the ONNX file.
    pub inputs: Vec<QuantInput>,
    /// Nodes in execution order.
    pub nodes: IdVec<NodeId, QNode>,
    /// The node that yields the logits (always an [`QOp::Mvm`] without `quant`).
    pub output: NodeId,
}

impl MvmOp {
    /// Code of one output from its accumulator, in units of `acc_scale` (a real number because a
    /// converter's step need not be a whole number of accumulator steps). The one place where an
    /// accumulator becomes an activation: reference and crossbar path both call it.
    #[must_use]
    pub fn requantise(&self, output: usize, accumulator: f64, quant: Quant) -> i32 {
        let value = (accumulator + self.bias[output] as f64) * self.acc_scale[output];
        let value = if self.relu { value.max(0.0) } else { value };
        quant.code(value)
    }
    /// Real value of one output of the last layer.
    #[must_use]
    pub fn real(&self, output: usize, accumulator: f64) -> f32 {
        let value = (accumulator + self.bias[output] as f64) * self.acc_scale[output];
        (if self.relu { value.max(0.0) } else { value }) as f32
    }
}
