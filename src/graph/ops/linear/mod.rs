//! Sums of products: what crossbars compute.

mod conv;
mod conv_transpose;
mod einsum;
mod gemm;
mod matmul;

use super::Table;

pub use conv::Conv;
pub use conv_transpose::ConvTranspose;
pub use einsum::Einsum;
pub use gemm::Gemm;
pub use matmul::MatMul;
pub(super) use matmul::{Plan, plan};

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("Conv", conv::new),
    ("ConvTranspose", conv_transpose::new),
    ("Einsum", einsum::new),
    ("Gemm", gemm::new),
    ("MatMul", matmul::new),
];
