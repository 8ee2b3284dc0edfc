//! The lower layers of archsim, which know neither a network nor an arch file: units, addressed randomness, arithmetic
//! of vectors, memory cells, priced parts, circuits. A package of its own, so that it is not compiled again when the
//! layers above it change; those, and all programs, reach it through `archsim`, which passes its modules on.
//!
//! Layers, lowest first; a module imports only what stands above it in this list.

pub mod units;
pub mod id;
pub mod simd;
pub mod rng;
pub mod diag;
pub mod tensor;
pub mod device;
pub mod cost;
pub mod circuit;
