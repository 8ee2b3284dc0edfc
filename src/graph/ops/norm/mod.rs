//! Normalisations.

mod batch_norm;

use super::Table;

pub use batch_norm::BatchNorm;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[("BatchNormalization", batch_norm::new)];
