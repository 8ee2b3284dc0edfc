//! Dense tensors of the float reference, fixed-point formats, and the geometry of sliding windows.

mod quant;
mod window;

pub use quant::{Plane, Quant, Slice};
pub use window::Window;
