//! archsim: one ONNX network and one chip description in; energy, latency, area and accuracy out.
//!
//! Layers, lowest first; a module imports only what stands above it in this list. `ARCHITECTURE.md`
//! tells the whole story.

pub mod units;
pub mod id;
pub mod simd;
pub mod rng;
pub mod diag;
pub mod tensor;
pub mod device;
pub mod cost;
pub mod circuit;
pub mod arch;
pub mod onnx;
pub mod graph;
pub mod lower;
pub mod map;
pub mod sched;
pub mod noc;
pub mod sim;
pub mod exec;
pub mod energy;
pub mod data;
pub mod report;
pub mod study;
pub mod cli;
