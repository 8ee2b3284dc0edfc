//! Activation functions, element by element or along an axis.

mod clip;
mod relu;
mod sigmoid;
mod softmax;
mod tanh;

use super::Table;

pub use relu::Relu;
pub use sigmoid::Sigmoid;
pub use softmax::Softmax;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("Clip", clip::new),
    ("Relu", relu::new),
    ("Sigmoid", sigmoid::new),
    ("Softmax", softmax::new),
    ("Tanh", tanh::new),
];
