//! Element by element, with broadcasting.

mod arithmetic;
mod binary;
mod cast;
mod functions;
mod legacy;
mod pow;
mod predicate;
mod remainder;
mod select;
mod variadic;

use super::Table;

pub(in crate::graph::ops) use arithmetic::combine;
pub use arithmetic::{Arithmetic, Sign};
pub use functions::TABLE as FUNCTIONS;

/// The operators of this family, by ONNX name, but for the [`FUNCTIONS`] of one number.
pub const TABLE: Table = &[
    ("Add", arithmetic::add),
    ("And", binary::new),
    ("BitShift", binary::new),
    ("BitwiseAnd", binary::new),
    ("BitwiseOr", binary::new),
    ("BitwiseXor", binary::new),
    ("Cast", cast::new),
    ("CastLike", cast::like),
    ("Div", arithmetic::div),
    ("Equal", binary::new),
    ("Greater", binary::new),
    ("GreaterOrEqual", binary::new),
    ("IsInf", predicate::is_inf),
    ("IsNaN", predicate::is_nan),
    ("Less", binary::new),
    ("LessOrEqual", binary::new),
    ("Max", variadic::max),
    ("Mean", variadic::mean),
    ("Min", variadic::min),
    ("Mod", remainder::new),
    ("Mul", arithmetic::mul),
    ("Or", binary::new),
    ("Pow", pow::new),
    ("Sub", arithmetic::sub),
    ("Sum", variadic::sum),
    ("Where", select::new),
    ("Xor", binary::new),
];
