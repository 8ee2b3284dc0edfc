//! What weighted operators lay out for the shared matrix product ([`crate::simd::product`]).

mod depthwise;
mod patches;
mod taps;

pub use depthwise::Depthwise;
pub use patches::Patches;
pub use taps::Taps;

pub use crate::simd::product::{Columns, Matrix, Plain, Size, product};
