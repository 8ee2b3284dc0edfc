//! Dense tensors of the float reference, fixed-point formats, and the geometry of sliding windows.

mod encoding;
mod quant;
mod window;

pub use encoding::{Encoding, InputSum, Subtraction};
pub use quant::{Plane, Quant, SignedInputs, Slice, Take};
pub use window::Window;
