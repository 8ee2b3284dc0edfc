//! Element by element, with broadcasting.

mod arithmetic;
mod cast;
mod variadic;

use super::Table;

pub(in crate::graph::ops) use arithmetic::combine;
pub use arithmetic::{Arithmetic, Sign};

/// The operators of this family, by ONNX name.
pub const TABLE: Table = &[
    ("Add", arithmetic::add),
    ("Cast", cast::new),
    ("Div", arithmetic::div),
    ("Max", variadic::max),
    ("Mean", variadic::mean),
    ("Min", variadic::min),
    ("Mul", arithmetic::mul),
    ("Sub", arithmetic::sub),
    ("Sum", variadic::sum),
];
