//! `Loop` whose trip count or condition depends on the inputs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::arr0;

use super::super::{OpError, OpResult, Operator, maybe};
use super::subgraph::{Subgraph, named};
use crate::graph::infer::Facts;
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Most iterations. Assumed: a million steps of the smallest body take a second; a condition that never fails
/// must not hang a run.
const MAX_ITERATIONS: i64 = 1 << 20;

/// A body that repeats. Inputs: trip count, condition, the values that it carries, then what the body reads from
/// around it. What it carries keeps its shape; it collects nothing, since the length would depend on the data.
#[derive(Debug, Clone)]
pub struct Loop {
    /// What repeats.
    pub body: Subgraph,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let body = Subgraph::new(attrs.graph("body")?)?;
    if body.inputs.len() < 2 || body.outputs.len() + 1 != body.inputs.len() {
        return Err(OpError::new(
            "how often it runs depends on the values of the inputs, and so does the length of what it collects; \
             such loops are not supported",
        ));
    }
    Ok(Box::new(Loop { body }))
}

impl Loop {
    fn facts(&self, inputs: &[Option<&Fact>]) -> OpResult<(Vec<Fact>, u64)> {
        let mut facts: Facts = Facts::new();
        let outside = named(&self.body.outside, inputs, self.body.inputs.len());
        facts.extend(outside.into_iter().map(|(n, f)| (n.to_string(), f.clone())));
        facts.insert(self.body.inputs[0].clone(), Fact::new(DType::I64, []));
        facts.insert(self.body.inputs[1].clone(), Fact::new(DType::Bool, []));
        for (name, fact) in named(&self.body.inputs[2..], inputs, 2) {
            facts.insert(name.into(), Fact::new(fact.dtype, fact.shape.clone()));
        }
        self.body.infer(facts)
    }
}

impl Operator for Loop {
    fn name(&self) -> &'static str {
        "Loop"
    }
    fn arity(&self) -> (usize, usize) {
        (0, usize::MAX)
    }
    /// The work of one iteration: how many there will be is not known.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        self.facts(inputs).map_or(0, |(_, work)| work)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let made = self.facts(inputs)?.0.split_off(1);
        for (i, after) in made.iter().enumerate() {
            let before = maybe(inputs, 2 + i).ok_or_else(|| OpError::new("a value that it carries has no start"))?;
            if before.shape != after.shape {
                return Err(OpError::new(format!(
                    "how often it runs depends on the values of the inputs, and `{}` changes its shape from {:?} to {:?}",
                    self.body.inputs[2 + i],
                    before.shape,
                    after.shape
                )));
            }
        }
        Ok(made.into_iter().map(|f| Fact::new(f.dtype, f.shape)).collect())
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let number = |at: usize, what: &str, usual: i64| -> OpResult<i64> {
            Ok(maybe(inputs, at).map(|v| v.scalar(what)).transpose()?.map_or(usual, |v| v as i64))
        };
        let trips = number(0, "the trip count", i64::MAX)?;
        let mut goes = number(1, "the condition", 1)? != 0;
        let names = &self.body.inputs;
        let mut carried: Vec<Value> = inputs[2..names.len()].iter().flatten().map(|v| (*v).clone()).collect();
        let mut iteration = 0;
        while goes && iteration < trips {
            if iteration == MAX_ITERATIONS {
                return Err(OpError::new(format!("has not ended after {MAX_ITERATIONS} iterations")));
            }
            let mut values: BTreeMap<&str, Cow<'_, Value>> = BTreeMap::new();
            let outside = named(&self.body.outside, inputs, names.len());
            values.extend(outside.into_iter().map(|(n, v)| (n, Cow::Borrowed(v))));
            values.insert(&names[0], Cow::Owned(Value::Int(DType::I64, arr0(iteration).into_dyn())));
            values.insert(&names[1], Cow::Owned(Value::Int(DType::Bool, arr0(1).into_dyn())));
            values.extend(names[2..].iter().map(String::as_str).zip(carried.iter().map(Cow::Borrowed)));
            let mut made = self.body.eval(values)?;
            goes = made.remove(0).scalar("the condition")? != 0.0;
            carried = made;
            iteration += 1;
        }
        Ok(carried)
    }
}
