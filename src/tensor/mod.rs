//! Dense tensors of the float reference, fixed-point formats, and the geometry of sliding windows.

mod quant;
mod window;

pub use quant::{Plane, Quant, SignedInputs, Slice, Take};
pub use window::Window;
