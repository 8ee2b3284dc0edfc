//! `GRU`: gates update, reset and candidate (`z r h`).

use ndarray::{ArrayView1, s};

use super::super::{OpResult, Operator};
use super::{Function, Recurrence};
use crate::graph::{Attrs, Fact, Value};

/// Gated recurrent unit. Inputs: x, W `[sets, 3 · hidden, inputs]`, R `[sets, 3 · hidden, hidden]`, bias
/// `[sets, 6 · hidden]` (that of W, then that of R), sequence lengths, initial h. Outputs: every h, last h.
#[derive(Debug, Clone, PartialEq)]
pub struct Gru {
    /// Direction, sizes, activations (of gates, of the candidate) and layout.
    pub recurrence: Recurrence,
    /// Whether the reset gate scales `R · h` instead of `h` itself.
    pub linear_before_reset: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let recurrence = Recurrence::read(attrs, &[Function::Sigmoid, Function::Tanh])?;
    Ok(Box::new(Gru { recurrence, linear_before_reset: attrs.flag("linear_before_reset", false)? }))
}

impl Gru {
    /// Rows of weights for each cell.
    pub const GATES: usize = 3;

    /// One step of one sequence. `input` is `W · x` and `state` is `R · h`, each with its half of the bias,
    /// `[3 · hidden]` in the order z, r, h. Without `linear_before_reset` the last third of `state` is not read;
    /// `candidate` then gives `R_h · v` plus its bias, `[hidden]`, for the state `v` scaled by the reset gate, and
    /// otherwise is not called. `h` is the state before and, when it returns, after the step.
    ///
    /// # Errors
    /// Those of `candidate`.
    pub fn step(
        &self,
        set: usize,
        input: &[f32],
        state: &[f32],
        candidate: impl FnOnce(&[f32]) -> OpResult<Vec<f32>>,
        h: &mut [f32],
    ) -> OpResult<()> {
        let (functions, n) = (self.recurrence.functions(set), h.len());
        let gate = |k: usize| self.recurrence.activate(functions[0], input[k] + state[k]);
        let reset: Vec<f32> = (n..2 * n).map(gate).collect();
        let recurrent = if self.linear_before_reset {
            reset.iter().zip(&state[2 * n..]).map(|(r, s)| r * s).collect()
        } else {
            candidate(&reset.iter().zip(&*h).map(|(r, h)| r * h).collect::<Vec<_>>())?
        };
        for k in 0..n {
            let update = gate(k);
            let fresh = self.recurrence.activate(functions[1], input[2 * n + k] + recurrent[k]);
            h[k] = (1.0 - update) * fresh + update * h[k];
        }
        Ok(())
    }
}

impl Operator for Gru {
    fn name(&self) -> &'static str {
        "GRU"
    }
    fn arity(&self) -> (usize, usize) {
        (3, 6)
    }
    /// Three look-ups and three products for each cell.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        self.recurrence.work(inputs, Self::GATES, 6)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        self.recurrence.infer(inputs, Self::GATES, 1, &[])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let n = self.recurrence.hidden;
        self.recurrence.walk(inputs, Self::GATES, None, |step, h, _| {
            let candidate = |scaled: &[f32]| {
                let mut sum = step.recurrent.slice(s![2 * n.., ..]).dot(&ArrayView1::from(scaled));
                if !step.bias.is_empty() {
                    sum += &ArrayView1::from(&step.bias[2 * n..]);
                }
                Ok(sum.to_vec())
            };
            self.step(step.set, step.input, step.state, candidate, h)
        })
    }
}
