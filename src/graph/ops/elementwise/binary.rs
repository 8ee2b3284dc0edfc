//! Comparisons, logic and operations on bits, of two tensors with broadcasting.

use super::super::{OpError, OpResult, Operator, Reach, Takes, need, same_type};
use super::combine;
use super::legacy::{self, Legacy};
use crate::graph::value::{less, wrap};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// What is done with two elements.
#[derive(Debug, Clone, Copy)]
enum Kernel {
    /// A truth value about two numbers; the second function is for integers of a type.
    Compare(fn(f32, f32) -> bool, fn(DType, i64, i64) -> bool),
    /// A truth value about two truth values.
    Logic(fn(i64, i64) -> i64),
    /// An integer from two of its type.
    Bits(fn(i64, i64) -> i64),
}

/// One operation.
#[derive(Debug)]
struct Rule {
    name: &'static str,
    kernel: Kernel,
}

static RULES: [Rule; 13] = [
    Rule { name: "And", kernel: Kernel::Logic(|a, b| a & b) },
    Rule { name: "BitwiseAnd", kernel: Kernel::Bits(|a, b| a & b) },
    Rule { name: "BitwiseOr", kernel: Kernel::Bits(|a, b| a | b) },
    Rule { name: "BitwiseXor", kernel: Kernel::Bits(|a, b| a ^ b) },
    Rule { name: "Equal", kernel: Kernel::Compare(|a, b| a == b, |_, a, b| a == b) },
    Rule { name: "Greater", kernel: Kernel::Compare(|a, b| a > b, |t, a, b| less(t, b, a)) },
    Rule { name: "GreaterOrEqual", kernel: Kernel::Compare(|a, b| a >= b, |t, a, b| !less(t, a, b)) },
    Rule { name: "Less", kernel: Kernel::Compare(|a, b| a < b, less) },
    Rule { name: "LessOrEqual", kernel: Kernel::Compare(|a, b| a <= b, |t, a, b| !less(t, b, a)) },
    Rule { name: "Or", kernel: Kernel::Logic(|a, b| a | b) },
    Rule { name: "Xor", kernel: Kernel::Logic(|a, b| a ^ b) },
    Rule { name: "BitShift", kernel: Kernel::Bits(|a, b| (a as u64).checked_shl(b as u32).unwrap_or(0) as i64) },
    Rule { name: "BitShift", kernel: Kernel::Bits(|a, b| (a as u64).checked_shr(b as u32).unwrap_or(0) as i64) },
];

/// An element-wise operation that is not arithmetic.
#[derive(Clone, Copy)]
pub struct Binary {
    rule: &'static Rule,
    legacy: Option<Legacy>,
}

impl std::fmt::Debug for Binary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(self.rule.name).field("legacy", &self.legacy).finish()
    }
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let name = attrs.operator();
    let mut rules = RULES.iter().filter(|r| r.name == name);
    let mut rule = rules.next();
    if name == "BitShift" {
        match attrs.text("direction")? {
            Some("LEFT") => {}
            Some("RIGHT") => rule = rules.next(),
            other => return Err(OpError::new(format!("`direction` is {other:?}, not LEFT or RIGHT"))),
        }
    }
    let rule = rule.ok_or_else(|| OpError::new(format!("`{name}` is no operation on two tensors")))?;
    Ok(Box::new(Binary { rule, legacy: legacy::read(attrs)? }))
}

impl Operator for Binary {
    fn name(&self) -> &'static str {
        self.rule.name
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        let dtype = same_type(a, b)?;
        let (takes, dtype) = match self.rule.kernel {
            Kernel::Compare(..) => (Takes::Any, DType::Bool),
            Kernel::Logic(_) => (Takes::Bool, DType::Bool),
            Kernel::Bits(_) => (Takes::Integer, dtype),
        };
        takes.check(a)?;
        Ok(vec![Fact::new(dtype, legacy::shapes(self.legacy, &a.shape, &b.shape)?.1)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let a = need(inputs, 0)?;
        let (b, shape) = legacy::align(self.legacy, a, need(inputs, 1)?)?;
        let bad = || OpError::new("mixes integers and floating-point numbers");
        Ok(vec![match (self.rule.kernel, a, &*b) {
            (Kernel::Compare(f, _), Value::Real(a), Value::Real(b)) => {
                Value::Int(DType::Bool, combine(a, b, &shape, |x, y| i64::from(f(x, y)))?)
            }
            (Kernel::Compare(_, f), Value::Int(t, a), Value::Int(_, b)) => {
                Value::Int(DType::Bool, combine(a, b, &shape, |x, y| i64::from(f(*t, x, y)))?)
            }
            (Kernel::Logic(f) | Kernel::Bits(f), Value::Int(t, a), Value::Int(_, b)) => {
                Value::Int(*t, combine(a, b, &shape, |x, y| wrap(*t, f(x, y)))?)
            }
            _ => return Err(bad()),
        }])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
