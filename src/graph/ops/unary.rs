//! Functions of one number, applied to every element; a family lists its own as rules.

use super::{OpError, OpResult, Operator, Reach, Takes, need};
use crate::graph::value::wrap;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// A function of a floating-point number and the numbers of its attributes.
type RealFn = fn(f32, [f32; 2]) -> f32;
/// A function of an integer of a type.
type IntFn = fn(DType, i64) -> i64;

/// One function.
#[derive(Debug)]
pub struct Rule {
    /// ONNX name.
    pub name: &'static str,
    /// Names and defaults of its attributes.
    pub attributes: &'static [(&'static str, f32)],
    /// Element types.
    pub takes: Takes,
    /// For floating-point numbers.
    pub real: RealFn,
    /// For integers.
    pub int: IntFn,
}

impl Rule {
    /// A function of floating-point numbers.
    pub const fn real(name: &'static str, real: RealFn) -> Self {
        Self { name, attributes: &[], takes: Takes::Real, real, int: |_, v| v }
    }
    /// A function of all numbers.
    pub const fn number(name: &'static str, real: RealFn, int: IntFn) -> Self {
        Self { name, attributes: &[], takes: Takes::Number, real, int }
    }
    /// A function of integers or of truth values.
    pub const fn int(name: &'static str, takes: Takes, int: IntFn) -> Self {
        Self { name, attributes: &[], takes, real: |x, _| x, int }
    }
    /// A function of floating-point numbers with attributes.
    pub const fn with(name: &'static str, attributes: &'static [(&'static str, f32)], real: RealFn) -> Self {
        Self { name, attributes, takes: Takes::Real, real, int: |_, v| v }
    }
}

/// A function with the numbers of its attributes.
#[derive(Clone, Copy)]
pub struct Unary {
    rule: &'static Rule,
    numbers: [f32; 2],
}

impl std::fmt::Debug for Unary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.rule.name)?;
        if self.rule.attributes.is_empty() {
            return Ok(());
        }
        let mut out = f.debug_struct("");
        for ((name, _), v) in self.rule.attributes.iter().zip(self.numbers) {
            out.field(name, &v);
        }
        out.finish()
    }
}

impl Unary {
    /// The operator of a node, among the rules of a family.
    pub(super) fn read(attrs: &mut Attrs<'_>, rules: &'static [Rule]) -> OpResult<Box<dyn Operator>> {
        let rule = rules.iter().find(|r| r.name == attrs.operator());
        let rule = rule.ok_or_else(|| OpError::new(format!("`{}` is no function of one number", attrs.operator())))?;
        let mut numbers = [0.0; 2];
        for ((name, default), number) in rule.attributes.iter().zip(&mut numbers) {
            *number = attrs.float(name)?.unwrap_or(*default);
        }
        Ok(Box::new(Unary { rule, numbers }))
    }
    /// The operator of a rule without attributes.
    pub(super) const fn of(rule: &'static Rule) -> Self {
        Self { rule, numbers: [0.0; 2] }
    }
}

impl Operator for Unary {
    fn name(&self) -> &'static str {
        self.rule.name
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let x = need(inputs, 0)?;
        self.rule.takes.check(x)?;
        Ok(vec![Fact::new(x.dtype, x.shape.clone())])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        Ok(vec![match need(inputs, 0)? {
            Value::Real(a) => Value::Real(a.mapv(|x| (self.rule.real)(x, self.numbers))),
            Value::Int(t, a) => Value::Int(*t, a.mapv(|v| wrap(*t, (self.rule.int)(*t, v)))),
        }])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}

/// The table of a list of rules, for their constructor.
pub(super) const fn table<const N: usize>(
    rules: &[Rule; N],
    new: super::Constructor,
) -> [(&'static str, super::Constructor); N] {
    let mut table = [("", new); N];
    let mut i = 0;
    while i < N {
        table[i].0 = rules[i].name;
        i += 1;
    }
    table
}
