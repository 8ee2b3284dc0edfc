//! What transformers add to matrix products.

mod attention_op;
mod heads;
mod rotary;

use super::Table;

pub use attention_op::Attention;
pub use rotary::RotaryEmbedding;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[("Attention", attention_op::new), ("RotaryEmbedding", rotary::new)];
