//! Elementary functions of one number.

use super::super::unary::{Rule, Unary, table};
use super::super::{OpResult, Operator, Table, Takes};
use crate::graph::Attrs;
use crate::graph::value::less;

static RULES: [Rule; 24] = [
    Rule::number("Abs", |x, _| x.abs(), |t, v| if less(t, v, 0) { v.wrapping_neg() } else { v }),
    Rule::real("Acos", |x, _| libm::acosf(x)),
    Rule::real("Acosh", |x, _| libm::acoshf(x)),
    Rule::real("Asin", |x, _| libm::asinf(x)),
    Rule::real("Asinh", |x, _| libm::asinhf(x)),
    Rule::real("Atan", |x, _| libm::atanf(x)),
    Rule::real("Atanh", |x, _| libm::atanhf(x)),
    Rule::int("BitwiseNot", Takes::Integer, |_, v| !v),
    Rule::real("Ceil", |x, _| x.ceil()),
    Rule::real("Cos", |x, _| libm::cosf(x)),
    Rule::real("Cosh", |x, _| libm::coshf(x)),
    Rule::real("Erf", |x, _| libm::erff(x)),
    Rule::real("Exp", |x, _| libm::expf(x)),
    Rule::real("Floor", |x, _| x.floor()),
    Rule::real("Log", |x, _| libm::logf(x)),
    Rule::number("Neg", |x, _| -x, |_, v| v.wrapping_neg()),
    Rule::int("Not", Takes::Bool, |_, v| 1 - v),
    Rule::real("Reciprocal", |x, _| 1.0 / x),
    // halves go to the even neighbour
    Rule::real("Round", |x, _| x.round_ties_even()),
    // the sign of zero is zero, that of NaN is NaN
    Rule::number(
        "Sign",
        |x, _| if x == 0.0 || x.is_nan() { x } else { x.signum() },
        |t, v| i64::from(less(t, 0, v)) - i64::from(less(t, v, 0)),
    ),
    Rule::real("Sin", |x, _| libm::sinf(x)),
    Rule::real("Sinh", |x, _| libm::sinhf(x)),
    Rule::real("Sqrt", |x, _| x.sqrt()),
    Rule::real("Tan", |x, _| libm::tanf(x)),
];

fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Unary::read(attrs, &RULES)
}

/// The functions of this file, by ONNX name.
pub const TABLE: Table = &table(&RULES, new);
