//! `MatMul` with the rules of numpy: matrices in the last two dimensions, the others broadcast, a
//! one-dimensional operand is a row or column.

use super::super::{OpError, OpResult, Operator, Reach, broadcast, maybe, need, need_real};
use crate::graph::product::{Matrix, Plain, Size, product};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Matrix product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatMul;

pub(super) fn new(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(MatMul))
}

/// Shapes of one product.
pub(in crate::graph::ops) struct Plan {
    a: Vec<usize>,
    b: Vec<usize>,
    outer: Vec<usize>,
    /// Rows, inner size and columns.
    pub size: [usize; 3],
    /// Shape of the result.
    pub result: Vec<usize>,
}

impl Plan {
    /// Where the matrices of one of the products start.
    pub fn starts(&self, index: usize) -> (usize, usize) {
        (first(index, &self.outer, &self.a), first(index, &self.outer, &self.b))
    }
    /// Multiply-accumulates.
    pub fn work(&self) -> u64 {
        (self.outer.iter().chain(&self.size).product::<usize>()) as u64
    }
}

/// Shapes of the product of two shapes.
pub(in crate::graph::ops) fn plan(a: &[usize], b: &[usize]) -> OpResult<Plan> {
    if a.is_empty() || b.is_empty() {
        return Err(OpError::new("wants tensors of at least one dimension"));
    }
    let (row, column) = (a.len() == 1, b.len() == 1);
    let a = if row { vec![1, a[0]] } else { a.to_vec() };
    let b = if column { vec![b[0], 1] } else { b.to_vec() };
    let (outer_a, size_a) = a.split_at(a.len() - 2);
    let (outer_b, size_b) = b.split_at(b.len() - 2);
    if size_a[1] != size_b[0] {
        return Err(OpError::new(format!("inner sizes {} and {} differ", size_a[1], size_b[0])));
    }
    let outer = broadcast(outer_a, outer_b)?;
    let size = [size_a[0], size_a[1], size_b[1]];
    let mut result = outer.clone();
    result.extend((!row).then_some(size[0]));
    result.extend((!column).then_some(size[2]));
    Ok(Plan { outer, size, result, a, b })
}

/// Start of the matrix that a broadcast outer index reads.
fn first(mut index: usize, outer: &[usize], own: &[usize]) -> usize {
    let skip = outer.len() - (own.len() - 2);
    let (mut at, mut stride) = (0, own[own.len() - 2] * own[own.len() - 1]);
    for d in (0..outer.len()).rev() {
        let i = index % outer[d];
        index /= outer[d];
        if d >= skip {
            at += if own[d - skip] == 1 { 0 } else { i * stride };
            stride *= own[d - skip];
        }
    }
    at
}

impl Operator for MatMul {
    fn name(&self) -> &'static str {
        "MatMul"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 2)
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        let shapes = maybe(inputs, 0).zip(maybe(inputs, 1)).map(|(a, b)| plan(&a.shape, &b.shape));
        shapes.map_or(0, |p| p.map_or(0, |p| p.work()))
    }
    fn reach(&self, inputs: &[Option<&Fact>]) -> Reach {
        // every row of a meets one constant matrix
        let one = |b: &&Fact| b.value.is_some() && b.shape.len() == 2;
        if maybe(inputs, 1).filter(one).is_some() { Reach::LastAxis } else { Reach::All }
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let (a, b) = (need_real(inputs, 0)?, need_real(inputs, 1)?);
        Ok(vec![Fact::new(a.dtype, plan(&a.shape, &b.shape)?.result)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (a, b) = (need(inputs, 0)?.as_real()?, need(inputs, 1)?.as_real()?);
        let plan = plan(a.shape(), b.shape())?;
        let [n, k, m] = plan.size;
        let mut out = vec![0.0f32; plan.result.iter().product()];
        let count: usize = plan.outer.iter().product();
        let start = vec![0.0; n];
        if n * m > 0 {
            for (i, part) in out.chunks_exact_mut(n * m).enumerate().take(count) {
                let (x, y) = plan.starts(i);
                let x = Matrix::new(&elements(a)[x..x + n * k], k, false);
                let y = Plain { matrix: Matrix::new(&elements(b)[y..y + k * m], m, false), columns: m };
                product(Size { rows: n, depth: k, columns: m }, x, &y, &start, part);
            }
        }
        Ok(vec![Value::real(&plan.result, out)?])
    }
}
