//! `RNN`: one activation of `W · x + R · h + b`.

use super::super::{OpResult, Operator};
use super::{Function, Recurrence};
use crate::graph::{Attrs, Fact, Value};

/// Plain recurrent layer. Inputs: x, W `[sets, hidden, inputs]`, R `[sets, hidden, hidden]`, bias
/// `[sets, 2 · hidden]` (that of W, then that of R), sequence lengths, initial h. Outputs: every h, last h.
#[derive(Debug, Clone, PartialEq)]
pub struct Rnn {
    /// Direction, sizes, activation and layout.
    pub recurrence: Recurrence,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    Ok(Box::new(Rnn { recurrence: Recurrence::read(attrs, &[Function::Tanh])? }))
}

impl Rnn {
    /// Rows of weights for each cell.
    pub const GATES: usize = 1;

    /// One step of one sequence: `sums` is `W · x + R · h + b`, `[hidden]`; `h` is the state after the step.
    pub fn step(&self, set: usize, sums: &[f32], h: &mut [f32]) {
        let function = self.recurrence.functions(set)[0];
        for (h, sum) in h.iter_mut().zip(sums) {
            *h = self.recurrence.activate(function, *sum);
        }
    }
}

impl Operator for Rnn {
    fn name(&self) -> &'static str {
        "RNN"
    }
    fn arity(&self) -> (usize, usize) {
        (3, 6)
    }
    /// One look-up for each cell.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        self.recurrence.work(inputs, Self::GATES, 1)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        self.recurrence.infer(inputs, Self::GATES, 1, &[])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        self.recurrence.walk(inputs, Self::GATES, None, |step, h, _| {
            let sums: Vec<f32> = step.input.iter().zip(step.state).map(|(a, b)| a + b).collect();
            self.step(step.set, &sums, h);
            Ok(())
        })
    }
}
