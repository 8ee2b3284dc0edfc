//! Parts of tensors put elsewhere.

mod concat;
mod gather;
mod pad;
mod slice;

use super::Table;

pub use concat::Concat;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[("Concat", concat::new), ("Gather", gather::new), ("Pad", pad::new), ("Slice", slice::new)];
