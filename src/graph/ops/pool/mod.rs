//! Windows without weights.

mod average_pool;
mod global_pool;
mod max_pool;

use super::Table;

pub use average_pool::{AveragePool, padded_taps};
pub use global_pool::GlobalPool;
pub use max_pool::MaxPool;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("AveragePool", average_pool::new),
    ("GlobalAveragePool", global_pool::average),
    ("GlobalMaxPool", global_pool::max),
    ("MaxPool", max_pool::new),
];
