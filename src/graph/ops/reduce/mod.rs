//! Reductions over axes.

mod reduce_mean;

use super::Table;

pub use reduce_mean::ReduceMean;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[("ReduceMean", reduce_mean::new)];
