//! `MatMulInteger` and `QLinearMatMul`: matrix products of integers, summed in 32 bits.

use ndarray::{ArrayD, IxDyn};

use super::super::linear::{Plan, plan};
use super::super::{OpError, OpResult, Operator, maybe, need};
use super::spread::{Place, centred, saturate, scales, zeros};
use crate::graph::{Attrs, Fact, Value};
use crate::onnx::DType;

/// Product of integers; inputs A, B, zero point of A (one or one for each row), zero point of B (one or one for
/// each column).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatMulInteger;

/// Product of quantised matrices, quantised again; inputs A with scale and zero point, B with scale and zero
/// point, scale and zero point of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QLinearMatMul;

pub(super) fn integer(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(MatMulInteger))
}
pub(super) fn linear(_: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(QLinearMatMul))
}

/// Rows of A and columns of B.
const ROWS: Place = Place::along(-2);
const COLUMNS: Place = Place::along(-1);

/// Shapes of a product of integers at two positions of the inputs.
fn fact_plan(inputs: &[Option<&Fact>], a: usize, b: usize) -> OpResult<Plan> {
    let (a, b) = (need(inputs, a)?, need(inputs, b)?);
    if a.dtype.is_float() || b.dtype.is_float() {
        return Err(OpError::new(format!("wants integers, not {} and {}", a.dtype, b.dtype)));
    }
    plan(&a.shape, &b.shape)
}

/// The sums, in row-major order.
fn sums(plan: &Plan, a: &[i32], b: &[i32]) -> Vec<i32> {
    let [n, k, m] = plan.size;
    let mut out = vec![0i32; plan.result.iter().product()];
    if n * m == 0 {
        return out;
    }
    for (i, part) in out.chunks_exact_mut(n * m).enumerate() {
        let (x, y) = plan.starts(i);
        for (row, to) in part.chunks_exact_mut(m).enumerate() {
            for (j, v) in a[x + row * k..x + (row + 1) * k].iter().enumerate() {
                for (sum, w) in to.iter_mut().zip(&b[y + j * m..y + (j + 1) * m]) {
                    *sum = sum.wrapping_add(v.wrapping_mul(*w));
                }
            }
        }
    }
    out
}

/// The sums of the products of two inputs less their zero points.
fn product(a: &Value, a_zero: Option<&Value>, b: &Value, b_zero: Option<&Value>) -> OpResult<(Plan, Vec<i32>)> {
    let plan = plan(a.shape(), b.shape())?;
    let sums = sums(&plan, &centred(a, a_zero, ROWS)?, &centred(b, b_zero, COLUMNS)?);
    Ok((plan, sums))
}

impl Operator for MatMulInteger {
    fn name(&self) -> &'static str {
        "MatMulInteger"
    }
    fn arity(&self) -> (usize, usize) {
        (2, 4)
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        fact_plan(inputs, 0, 1).map_or(0, |p| p.work())
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![Fact::new(DType::I32, fact_plan(inputs, 0, 1)?.result)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let (plan, sums) = product(need(inputs, 0)?, maybe(inputs, 2), need(inputs, 1)?, maybe(inputs, 3))?;
        let sums = sums.into_iter().map(i64::from).collect();
        let sums = ArrayD::from_shape_vec(IxDyn(&plan.result), sums).map_err(|e| OpError::new(e.to_string()))?;
        Ok(vec![Value::Int(DType::I32, sums)])
    }
}

impl Operator for QLinearMatMul {
    fn name(&self) -> &'static str {
        "QLinearMatMul"
    }
    fn arity(&self) -> (usize, usize) {
        (8, 8)
    }
    fn lane_ops(&self, inputs: &[Option<&Fact>], outputs: &[Fact]) -> u64 {
        let requantised: usize = outputs.iter().filter_map(Fact::elements).sum();
        fact_plan(inputs, 0, 3).map_or(0, |p| p.work() + requantised as u64)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        Ok(vec![Fact::new(need(inputs, 7)?.dtype, fact_plan(inputs, 0, 3)?.result)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let value = |at| need(inputs, at);
        let (plan, sums) = product(value(0)?, Some(value(2)?), value(3)?, Some(value(5)?))?;
        let shape = &plan.result;
        let (of_a, of_b, of_y) = (scales(value(1)?)?, scales(value(4)?)?, scales(value(6)?)?);
        let (at_a, at_b) = (ROWS.indices(value(1)?.shape(), shape)?, COLUMNS.indices(value(4)?.shape(), shape)?);
        let Value::Int(dtype, _) = value(7)? else { return Err(OpError::new("a zero point must be an integer")) };
        let zero = zeros(Some(value(7)?))?[0];
        let steps = sums
            .iter()
            .zip(at_a.iter().zip(&at_b))
            .map(|(sum, (i, j))| (*sum as f32 * (of_a[*i as usize] * of_b[*j as usize] / of_y[0]), zero));
        Ok(vec![saturate(steps, *dtype, shape)?])
    }
}
