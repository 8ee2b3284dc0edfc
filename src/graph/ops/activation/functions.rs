//! Activations that are functions of one number, with the numbers of their attributes.

use super::super::unary::{Rule, Unary, table};
use super::super::{OpError, OpResult, Operator, Table};
use crate::graph::Attrs;

/// `ln(1 + exp(x))`, from the side where nothing overflows.
fn softplus(x: f32) -> f32 {
    x.max(0.0) + libm::log1pf(libm::expf(-x.abs()))
}

/// `1 / (1 + exp(-x))`.
fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

/// `x` above zero, `a · (exp(x / b) - 1)` below.
fn exponential(x: f32, a: f32, b: f32) -> f32 {
    if x > 0.0 { x } else { a * libm::expm1f(x / b) }
}

static RULES: [Rule; 14] = [
    Rule::with("Celu", &[("alpha", 1.0)], |x, [a, _]| exponential(x, a, a)),
    Rule::with("Elu", &[("alpha", 1.0)], |x, [a, _]| exponential(x, a, 1.0)),
    Rule::with("HardSigmoid", &[("alpha", 0.2), ("beta", 0.5)], |x, [a, b]| (a * x + b).clamp(0.0, 1.0)),
    Rule::real("HardSwish", |x, _| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)),
    Rule::with("LeakyRelu", &[("alpha", 0.01)], |x, [a, _]| if x < 0.0 { a * x } else { x }),
    Rule::real("Mish", |x, _| x * libm::tanhf(softplus(x))),
    // the two numbers that make activations self-normalising (arXiv:1706.02515)
    Rule::with("Selu", &[("alpha", 1.673_263_2), ("gamma", 1.050_701)], |x, [a, g]| g * exponential(x, a, 1.0)),
    Rule::with("Shrink", &[("lambd", 0.5), ("bias", 0.0)], |x, [l, b]| match x {
        x if x < -l => x + b,
        x if x > l => x - b,
        _ => 0.0,
    }),
    Rule::real("Softplus", |x, _| softplus(x)),
    Rule::real("Softsign", |x, _| x / (1.0 + x.abs())),
    Rule::with("Swish", &[("alpha", 1.0)], |x, [a, _]| x * logistic(a * x)),
    Rule::real("Tanh", |x, _| libm::tanhf(x)),
    Rule::with("ThresholdedRelu", &[("alpha", 1.0)], |x, [a, _]| if x > a { x } else { 0.0 }),
    // `Gelu` with attribute `approximate` = tanh (arXiv:1606.08415, section 2)
    Rule::real("Gelu", |x, _| {
        let inner = (2.0 / std::f32::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
        0.5 * x * (1.0 + libm::tanhf(inner))
    }),
];

/// `x` times the normal distribution function.
static EXACT_GELU: Rule = Rule::real("Gelu", |x, _| 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)));

fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    if attrs.operator() == "Gelu" {
        match attrs.text("approximate")? {
            None | Some("none") => return Ok(Box::new(Unary::of(&EXACT_GELU))),
            Some("tanh") => {}
            Some(other) => return Err(OpError::new(format!("`approximate` is `{other}`, not none or tanh"))),
        }
    }
    Unary::read(attrs, &RULES)
}

/// The functions of this file, by ONNX name.
pub const TABLE: Table = &table(&RULES, new);
