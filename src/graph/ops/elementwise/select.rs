//! `Where`: of two tensors the one that a condition names, element by element.

use ndarray::{ArrayD, IxDyn, Zip};

use super::super::{OpError, OpResult, Operator, Reach, Takes, broadcast, need, same_type};
use crate::graph::{Attrs, Fact, Value};

/// Choice between two tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Where;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Where))
}

fn choose<T: Copy>(c: &ArrayD<i64>, a: &ArrayD<T>, b: &ArrayD<T>) -> OpResult<ArrayD<T>> {
    let shape = broadcast(&broadcast(c.shape(), a.shape())?, b.shape())?;
    let bad = || OpError::new("the shapes do not broadcast");
    let c = c.broadcast(IxDyn(&shape)).ok_or_else(bad)?;
    let a = a.broadcast(IxDyn(&shape)).ok_or_else(bad)?;
    let b = b.broadcast(IxDyn(&shape)).ok_or_else(bad)?;
    let out = Zip::from(c).and(a).and(b).map_collect(|c, a, b| if *c != 0 { *a } else { *b });
    Ok(out.as_standard_layout().into_owned())
}

impl Operator for Where {
    fn name(&self) -> &'static str {
        "Where"
    }
    fn arity(&self) -> (usize, usize) {
        (3, 3)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (c, a, b) = (need(inputs, 0)?, need(inputs, 1)?, need(inputs, 2)?);
        Takes::Bool.check(c)?;
        let shape = broadcast(&broadcast(&c.shape, &a.shape)?, &b.shape)?;
        Ok(vec![Fact::new(same_type(a, b)?, shape)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let bad = |why: &str| OpError::new(why);
        let Value::Int(_, c) = need(inputs, 0)? else { return Err(bad("the condition must be bool")) };
        Ok(vec![match (need(inputs, 1)?, need(inputs, 2)?) {
            (Value::Real(a), Value::Real(b)) => Value::Real(choose(c, a, b)?),
            (Value::Int(t, a), Value::Int(_, b)) => Value::Int(*t, choose(c, a, b)?),
            _ => return Err(bad("mixes integers and floating-point numbers")),
        }])
    }
    fn reach(&self, _: &[Option<&Fact>]) -> Reach {
        Reach::Element
    }
}
