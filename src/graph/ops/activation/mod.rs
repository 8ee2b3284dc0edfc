//! Activation functions, element by element or along an axis.

mod clip;
mod functions;
mod prelu;
mod relu;
mod sigmoid;
mod softmax;

use super::Table;

pub use functions::TABLE as FUNCTIONS;
pub use relu::Relu;
pub use sigmoid::Sigmoid;
pub use softmax::Softmax;

/// The operators of this family, by ONNX name, but for the [`FUNCTIONS`] of one number.
pub const TABLE: Table = &[
    ("Clip", clip::new),
    ("Hardmax", softmax::new::<softmax::Greatest>),
    ("LogSoftmax", softmax::new::<softmax::Logarithms>),
    ("PRelu", prelu::new),
    ("Relu", relu::new),
    ("Sigmoid", sigmoid::new),
    ("Softmax", softmax::new::<softmax::Exponentials>),
];
