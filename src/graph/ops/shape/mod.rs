//! Shapes, types and constants: no arithmetic.

mod constant;
mod constant_of_shape;
mod dropout;
mod flatten;
mod identity;
mod reshape;
mod shape;
mod squeeze;
mod transpose;
mod unsqueeze;

use super::{OpError, OpResult, Table};

pub use dropout::Dropout;
pub use flatten::Flatten;
pub use identity::Identity;
pub use reshape::Reshape;
pub use squeeze::Squeeze;
pub use transpose::Transpose;
pub use unsqueeze::Unsqueeze;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("Constant", constant::new),
    ("ConstantOfShape", constant_of_shape::new),
    ("Dropout", dropout::new),
    ("Flatten", flatten::new),
    ("Identity", identity::new),
    ("Reshape", reshape::new),
    ("Shape", shape::new),
    ("Squeeze", squeeze::new),
    ("Transpose", transpose::new),
    ("Unsqueeze", unsqueeze::new),
];

/// A list of integers as a shape.
fn sizes(list: &[i64]) -> OpResult<Vec<usize>> {
    let size = |n: &i64| usize::try_from(*n).map_err(|_| OpError::new(format!("{list:?} is not a shape")));
    list.iter().map(size).collect()
}
