//! `If` with a condition that depends on the inputs.

use std::borrow::Cow;

use super::super::{OpError, OpResult, Operator, need};
use super::subgraph::{Subgraph, named};
use crate::graph::{Attrs, Fact, Value};

/// One of two bodies. Inputs: the condition, then what the bodies read from around them.
#[derive(Debug, Clone)]
pub struct If {
    /// Runs where the condition holds.
    pub yes: Subgraph,
    /// Runs where it does not.
    pub no: Subgraph,
    /// Names that the bodies read from around them, in the order of the inputs.
    outside: Vec<String>,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let (yes, no) = (Subgraph::new(attrs.graph("then_branch")?)?, Subgraph::new(attrs.graph("else_branch")?)?);
    if yes.outputs.len() != no.outputs.len() {
        return Err(OpError::new("its branches have different numbers of outputs"));
    }
    Ok(Box::new(If { yes, no, outside: attrs.outside() }))
}

impl If {
    fn facts(&self, inputs: &[Option<&Fact>]) -> OpResult<[(Vec<Fact>, u64); 2]> {
        let facts = || named(&self.outside, inputs, 1).into_iter().map(|(n, f)| (n.into(), f.clone())).collect();
        Ok([self.yes.infer(facts())?, self.no.infer(facts())?])
    }
}

impl Operator for If {
    fn name(&self) -> &'static str {
        "If"
    }
    fn arity(&self) -> (usize, usize) {
        (1, usize::MAX)
    }
    /// The work of the larger branch: a schedule must have room for either.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        self.facts(inputs).map_or(0, |[(_, yes), (_, no)]| yes.max(no))
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let [(yes, _), (no, _)] = self.facts(inputs)?;
        for (a, b) in yes.iter().zip(&no) {
            if (a.dtype, &a.shape) != (b.dtype, &b.shape) {
                return Err(OpError::new(format!(
                    "depends on the values of the inputs, and its branches yield different things: {} {:?} and {} {:?}",
                    a.dtype, a.shape, b.dtype, b.shape
                )));
            }
        }
        Ok(yes.into_iter().map(|f| Fact::new(f.dtype, f.shape)).collect())
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let holds = need(inputs, 0)?.scalar("the condition")? != 0.0;
        let values = named(&self.outside, inputs, 1).into_iter().map(|(n, v)| (n, Cow::Borrowed(v))).collect();
        if holds { self.yes.eval(values) } else { self.no.eval(values) }
    }
}
