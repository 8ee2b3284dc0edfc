//! `Unique`: the different elements, or slices along an axis, and where they stood. How many there are must be known
//! before a run.

use std::cmp::Ordering;

use ndarray::{ArrayD, Axis};

use super::super::{OpResult, Operator, axis, known, need};
use crate::graph::value::less;
use crate::graph::{Attrs, Fact, Value};

/// Different elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unique {
    axis: Option<i64>,
    sorted: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Unique { axis: attrs.int("axis")?, sorted: attrs.flag("sorted", true)? }))
}

impl Unique {
    /// The different slices, then for each where it stood first, for each old one which it is, and how often each was.
    fn find<T: Copy>(self, a: &ArrayD<T>, order: impl Fn(T, T) -> Ordering) -> OpResult<(ArrayD<T>, [Vec<i64>; 3])> {
        let (a, at) = match self.axis {
            Some(d) => (a.clone(), axis(d, a.ndim())?),
            None => (a.iter().copied().collect::<ndarray::Array1<T>>().into_dyn(), 0),
        };
        let rows: Vec<Vec<T>> = a.axis_iter(Axis(at)).map(|r| r.iter().copied().collect()).collect();
        let compare = |i: &usize, j: &usize| {
            let unequal = rows[*i].iter().zip(&rows[*j]).map(|(x, y)| order(*x, *y)).find(|o| *o != Ordering::Equal);
            unequal.unwrap_or(Ordering::Equal)
        };
        let mut index: Vec<usize> = (0..rows.len()).collect();
        // stable: of equal ones the first comes first
        index.sort_by(compare);
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for i in index {
            match groups.last_mut().filter(|g| compare(&g[0], &i) == Ordering::Equal) {
                Some(group) => group.push(i),
                None => groups.push(vec![i]),
            }
        }
        if !self.sorted {
            groups.sort_by_key(|g| g[0]);
        }
        let mut inverse = vec![0; rows.len()];
        for (n, group) in groups.iter().enumerate() {
            group.iter().for_each(|i| inverse[*i] = n as i64);
        }
        let first: Vec<usize> = groups.iter().map(|g| g[0]).collect();
        let values = a.select(Axis(at), &first).as_standard_layout().into_owned();
        let counts = groups.iter().map(|g| g.len() as i64).collect();
        Ok((values, [first.into_iter().map(|i| i as i64).collect(), inverse, counts]))
    }
}

impl Operator for Unique {
    fn name(&self) -> &'static str {
        "Unique"
    }
    fn arity(&self) -> (usize, usize) {
        (1, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let found = self.eval(&[Some(known(inputs, 0, "the tensor")?)])?;
        Ok(found.into_iter().map(|v| Fact::constant(v.into())).collect())
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (values, lists) = match need(inputs, 0)? {
            Value::Real(a) => {
                let (values, lists) = self.find(a, |x, y| (x + 0.0).total_cmp(&(y + 0.0)))?;
                (Value::Real(values), lists)
            }
            Value::Int(t, a) => {
                let (values, lists) = self.find(a, |x, y| less(*t, y, x).cmp(&less(*t, x, y)))?;
                (Value::Int(*t, values), lists)
            }
        };
        Ok([values].into_iter().chain(lists.map(Value::list)).collect())
    }
}
