//! Integers that stand for real numbers: `real = scale · (integer - zero point)`.

mod convolution;
mod dequantize;
mod dynamic;
mod product;
mod quantize;
mod spread;

use super::Table;

pub use convolution::{ConvInteger, QLinearConv};
pub use dequantize::DequantizeLinear;
pub use dynamic::DynamicQuantizeLinear;
pub use product::{MatMulInteger, QLinearMatMul};
pub use quantize::QuantizeLinear;
pub use spread::Place;

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("ConvInteger", convolution::integer),
    ("DequantizeLinear", dequantize::new),
    ("DynamicQuantizeLinear", dynamic::new),
    ("MatMulInteger", product::integer),
    ("QLinearConv", convolution::linear),
    ("QLinearMatMul", product::linear),
    ("QuantizeLinear", quantize::new),
];
