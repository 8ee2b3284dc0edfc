//! Recurrent layers: the products with the input are a weighted layer of their own, taken for all steps at
//! once; the products with the state go to crossbars step by step, between which the vector unit computes the
//! cell.

use std::sync::Arc;

use ndarray::{Array1, ArrayView2};

use super::mvm_op::MvmOp;
use crate::graph::ops::{Gru, Lstm, OpError, OpResult, Recurrence, Rnn};
use crate::graph::{EdgeId, Fact, Operator, Value};
use crate::tensor::Quant;

/// One direction of a recurrent layer without its products with the input. Inputs: those products with their
/// bias, `[steps, gates · hidden]`; recurrent weights `[gates · hidden, hidden]`; their bias `[gates · hidden]`.
/// Outputs: every h, last h, last c.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The layer.
    pub op: Arc<dyn Operator>,
    /// Its set of weights.
    pub set: usize,
    /// Length of the sequence.
    pub steps: usize,
    /// Initial h and c.
    pub initial: [Vec<f32>; 2],
    /// Peepholes of the set, or none.
    pub peepholes: Vec<f32>,
    /// Shapes of the outputs.
    pub shapes: Vec<Vec<usize>>,
    /// The value of the network in which every h was measured.
    pub measured: Option<EdgeId>,
}

/// A recurrent layer on crossbars.
#[derive(Debug, Clone)]
pub struct RecurrentOp {
    /// The products with the state: one position for each step, or two where the candidate has its own.
    pub mvm: MvmOp,
    /// The rest.
    pub cell: Cell,
    /// Format of the state as it is driven onto the crossbars.
    pub state: Quant,
    /// Whether the last c is wanted behind all h.
    pub with_c: bool,
}

impl PartialEq for RecurrentOp {
    fn eq(&self, other: &Self) -> bool {
        let same = Arc::ptr_eq(&self.cell.op, &other.cell.op) && self.cell.set == other.cell.set;
        same && (&self.mvm, self.state, self.with_c) == (&other.mvm, other.state, other.with_c)
    }
}

/// What recurrent layers have in common, and the number of their gates.
pub fn recurrence(op: &dyn Operator) -> Option<(&Recurrence, usize)> {
    let any: &dyn std::any::Any = op;
    let lstm = any.downcast_ref::<Lstm>().map(|l| (&l.recurrence, Lstm::GATES));
    let gru = || any.downcast_ref::<Gru>().map(|g| (&g.recurrence, Gru::GATES));
    let rnn = || any.downcast_ref::<Rnn>().map(|r| (&r.recurrence, Rnn::GATES));
    lstm.or_else(gru).or_else(rnn)
}

impl Cell {
    /// Cells.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.initial[0].len()
    }
    fn as_op<T: Operator>(&self) -> Option<&T> {
        let any: &dyn std::any::Any = &*self.op;
        any.downcast_ref()
    }
    /// Products with the state in one step: a GRU whose reset gate scales the state itself needs those of the
    /// scaled state too.
    #[must_use]
    pub fn reads(&self) -> usize {
        1 + usize::from(self.as_op::<Gru>().is_some_and(|g| !g.linear_before_reset))
    }
    /// Whether it walks from the last step to the first.
    #[must_use]
    pub fn reversed(&self) -> bool {
        recurrence(&*self.op).is_some_and(|(r, _)| r.direction.reverses(self.set))
    }
    /// Lane operations of one step: look-ups and products of the cell as the operator states them, the sums of
    /// both halves of the gates, and the format of the new state.
    #[must_use]
    pub fn lane_ops(&self) -> usize {
        let gates = recurrence(&*self.op).map_or(0, |(_, gates)| gates);
        let cell = match (self.as_op::<Lstm>(), self.as_op::<Gru>()) {
            (Some(_), _) => 8 + self.peepholes.len() / self.hidden().max(1),
            (_, Some(_)) => 6,
            _ => 1,
        };
        self.hidden() * (cell + gates + 2)
    }

    /// Walks the sequence: `gates` are the products with the input, step by step; `product` gives those with a
    /// state at a read. Yields every h in the order of the steps, and the last c.
    ///
    /// # Errors
    /// Those of `product`.
    pub fn walk(
        &self,
        gates: &[f32],
        mut product: impl FnMut(usize, &[f32]) -> OpResult<Vec<f32>>,
    ) -> OpResult<(Vec<f32>, Vec<f32>)> {
        let [mut h, mut c] = self.initial.clone();
        let (n, width) = (h.len(), gates.len() / self.steps.max(1));
        let (reads, reversed) = (self.reads(), self.reversed());
        let mut all = vec![0.0; self.steps * n];
        for step in 0..self.steps {
            let at = if reversed { self.steps - 1 - step } else { step };
            let input = &gates[at * width..(at + 1) * width];
            let state = product(step * reads, &h)?;
            if let Some(gru) = self.as_op::<Gru>() {
                // of the products with the scaled state only those of the candidate are wanted
                let candidate = |scaled: &[f32]| Ok(product(step * reads + 1, scaled)?.split_off(2 * n));
                gru.step(self.set, input, &state, candidate, &mut h)?;
            } else {
                let sums: Vec<f32> = input.iter().zip(&state).map(|(a, b)| a + b).collect();
                if let Some(lstm) = self.as_op::<Lstm>() {
                    lstm.step(self.set, &sums, &self.peepholes, &mut h, &mut c);
                } else if let Some(rnn) = self.as_op::<Rnn>() {
                    rnn.step(self.set, &sums, &mut h);
                }
            }
            all[at * n..(at + 1) * n].copy_from_slice(&h);
        }
        Ok((all, c))
    }

    /// Where the last h stands among all.
    #[must_use]
    pub fn last(&self) -> std::ops::Range<usize> {
        let (n, at) = (self.hidden(), if self.reversed() { 0 } else { self.steps - 1 });
        at * n..(at + 1) * n
    }
}

impl RecurrentOp {
    /// Elements of one sample.
    #[must_use]
    pub fn elements(&self) -> usize {
        (self.cell.steps + usize::from(self.with_c)) * self.cell.hidden()
    }
    /// Where an output of the ONNX operator stands: every h, the last h, the last c.
    #[must_use]
    pub fn part(&self, output: usize) -> std::ops::Range<usize> {
        let all = self.cell.steps * self.cell.hidden();
        match output {
            0 => 0..all,
            1 => self.cell.last(),
            _ => all..all + self.cell.hidden(),
        }
    }
    /// Every h, and the last c where it is wanted; `product` gives the accumulated real products of state codes
    /// at a position.
    ///
    /// # Errors
    /// Those of `product`.
    pub fn run(
        &self,
        gates: &[f32],
        mut product: impl FnMut(usize, &[i32]) -> OpResult<Vec<f32>>,
    ) -> OpResult<Vec<f32>> {
        let mut codes = Vec::with_capacity(self.cell.hidden());
        let (mut all, c) = self.cell.walk(gates, |position, h| {
            codes.clear();
            codes.extend(h.iter().map(|v| self.state.code(f64::from(*v))));
            product(position, &codes)
        })?;
        if self.with_c {
            all.extend(c);
        }
        Ok(all)
    }
}

impl Operator for Cell {
    fn name(&self) -> &'static str {
        self.op.name()
    }
    fn arity(&self) -> (usize, usize) {
        (2, 3)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        let dtype = inputs.first().copied().flatten().ok_or_else(|| OpError::new("has no input"))?.dtype;
        Ok(self.shapes.iter().map(|s| Fact::new(dtype, s.clone())).collect())
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let real = |at: usize| inputs.get(at).copied().flatten().map(Value::as_real).transpose();
        let due = |at: usize| real(at)?.ok_or_else(|| OpError::new(format!("input {at} is missing")));
        let (gates, weights, bias) = (due(0)?, due(1)?, real(2)?);
        let gates: Vec<f32> = gates.iter().copied().collect();
        let flat: Vec<f32> = weights.iter().copied().collect();
        let n = self.hidden();
        let weights = ArrayView2::from_shape((flat.len() / n.max(1), n), &flat);
        let weights = weights.map_err(|e| OpError::new(e.to_string()))?;
        let (all, c) = self.walk(&gates, |_, h| {
            let sums = weights.dot(&Array1::from_vec(h.to_vec()));
            Ok(sums.iter().enumerate().map(|(i, s)| s + bias.map_or(0.0, |b| b[i])).collect())
        })?;
        let last = all[self.last()].to_vec();
        self.shapes.iter().zip([all, last, c]).map(|(shape, data)| Value::real(shape, data)).collect()
    }
}
