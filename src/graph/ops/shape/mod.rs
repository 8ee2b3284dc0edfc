//! Shapes, types and constants: no arithmetic.

mod blocks;
mod constant;
mod constant_of_shape;
mod dropout;
mod expand;
mod eye_like;
mod flatten;
mod identity;
mod range;
mod reshape;
mod shape;
mod size;
mod squeeze;
mod tile;
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
    ("DepthToSpace", blocks::to_space),
    ("Dropout", dropout::new),
    ("Expand", expand::new),
    ("EyeLike", eye_like::new),
    ("Flatten", flatten::new),
    ("Identity", identity::new),
    ("Range", range::new),
    ("Reshape", reshape::new),
    ("Shape", shape::new),
    ("Size", size::new),
    ("SpaceToDepth", blocks::to_depth),
    ("Squeeze", squeeze::new),
    ("Tile", tile::new),
    ("Transpose", transpose::new),
    ("Unsqueeze", unsqueeze::new),
];

/// A list of integers as a shape.
fn sizes(list: &[i64]) -> OpResult<Vec<usize>> {
    let size = |n: &i64| usize::try_from(*n).map_err(|_| OpError::new(format!("{list:?} is not a shape")));
    list.iter().map(size).collect()
}
