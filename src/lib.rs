//! archsim: one ONNX network and one chip description in; energy, latency, area and accuracy out.
//!
//! Layers, lowest first; a module imports only what stands above it in this list. The lowest are those of the package
//! `archsim-hardware`, in the order of its `lib.rs`. `ARCHITECTURE.md` tells the whole story.

pub use archsim_hardware::{circuit, cost, define_id, device, diag, id, rng, simd, tensor, units};

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
