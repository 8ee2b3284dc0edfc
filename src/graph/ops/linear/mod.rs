//! Sums of products: what crossbars compute.

mod conv;
mod gemm;
mod matmul;

use super::Table;

pub use conv::Conv;
pub use gemm::Gemm;
pub use matmul::MatMul;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[("Conv", conv::new), ("Gemm", gemm::new), ("MatMul", matmul::new)];
