//! ONNX files: bounded, checked import into [`Model`], in types of our own.
//!
//! Only this module sees the protobuf types. The pinned protobuf runtime can recurse without bound
//! on hostile input (RUSTSEC-2024-0437), so a file is never handed to it unchecked: its size is
//! capped, [`scan`] walks the wire format first (lengths, nesting depth, no groups, number of
//! messages), and parsing runs on a thread with a stack of known size.

mod describe;
mod external;
mod half;
mod model;
mod proto;
mod read;
mod scan;
mod tensor;
#[cfg(test)]
pub(crate) mod testing;

pub use describe::describe;
pub use half::{bf16_to_f32, f16_to_f32, f32_to_bf16, f32_to_f16};
pub use model::{Attribute, Body, DType, Data, Dim, Function, Model, Node, Tensor, ValueInfo};
pub use read::{IR, OPSETS, read, read_bytes};
pub use scan::Limits;
