//! Windows without weights.

mod average_pool;
mod global_pool;
mod lp_pool;
mod max_pool;
mod max_unpool;

use super::Table;

pub use average_pool::{AveragePool, padded_taps};
pub use global_pool::GlobalPool;
pub use lp_pool::{GlobalLpPool, LpPool};
pub use max_pool::MaxPool;
pub use max_unpool::MaxUnpool;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("AveragePool", average_pool::new),
    ("GlobalAveragePool", global_pool::average),
    ("GlobalLpPool", lp_pool::global),
    ("GlobalMaxPool", global_pool::max),
    ("LpPool", lp_pool::new),
    ("MaxPool", max_pool::new),
    ("MaxUnpool", max_unpool::new),
];
