//! archsim: one ONNX network and one chip description in; energy, latency, area and accuracy out.
//!
//! Layers, lowest first; a module imports only what stands above it in this list. `ARCHITECTURE.md`
//! tells the whole story.

pub mod arch;
pub mod circuit;
pub mod cli;
pub mod cost;
pub mod data;
pub mod device;
pub mod diag;
pub mod energy;
pub mod exec;
pub mod graph;
pub mod id;
pub mod lower;
pub mod map;
pub mod onnx;
pub mod report;
pub mod rng;
pub mod sched;
pub mod sim;
pub mod simd;
pub mod study;
pub mod tensor;
pub mod units;
