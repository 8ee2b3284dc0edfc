//! `LSTM`: gates input, output, forget and cell (`i o f c`), with peepholes.

use super::super::{OpResult, Operator, maybe};
use super::{Function, Recurrence};
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Long short-term memory. Inputs: x, W `[sets, 4 · hidden, inputs]`, R `[sets, 4 · hidden, hidden]`, bias
/// `[sets, 8 · hidden]` (that of W, then that of R), sequence lengths, initial h, initial c, peepholes
/// `[sets, 3 · hidden]` (i, o, f). Outputs: every h, last h, last c.
#[derive(Debug, Clone, PartialEq)]
pub struct Lstm {
    /// Direction, sizes, activations (of gates, of the cell input, of the cell output) and layout.
    pub recurrence: Recurrence,
    /// Whether the forget gate is one minus the input gate.
    pub input_forget: bool,
}

pub(super) fn new(attrs: &mut Attrs<'_>) -> OpResult<Box<dyn Operator>> {
    let recurrence = Recurrence::read(attrs, &[Function::Sigmoid, Function::Tanh, Function::Tanh])?;
    Ok(Box::new(Lstm { recurrence, input_forget: attrs.flag("input_forget", false)? }))
}

impl Lstm {
    /// Rows of weights for each cell.
    pub const GATES: usize = 4;

    /// One step of one sequence. `gates` is `W · x + R · h + b` of the set of weights, `[4 · hidden]` in the order
    /// i, o, f, c; `peepholes` is `[3 · hidden]` in the order i, o, f, or empty. `h` and `c` are the states
    /// `[hidden]` before and, when it returns, after the step.
    pub fn step(&self, set: usize, gates: &[f32], peepholes: &[f32], h: &mut [f32], c: &mut [f32]) {
        let (functions, n) = (self.recurrence.functions(set), h.len());
        let (of_gate, of_cell, of_output) = (functions[0], functions[1], functions[2]);
        let peep = |gate: usize, k: usize| peepholes.get(gate * n + k).copied().unwrap_or(0.0);
        let act = |f, x| self.recurrence.activate(f, x);
        for k in 0..n {
            let input = act(of_gate, gates[k] + peep(0, k) * c[k]);
            let forget =
                if self.input_forget { 1.0 - input } else { act(of_gate, gates[2 * n + k] + peep(2, k) * c[k]) };
            c[k] = forget * c[k] + input * act(of_cell, gates[3 * n + k]);
            h[k] = act(of_gate, gates[n + k] + peep(1, k) * c[k]) * of_output.of(c[k]);
        }
    }
}

impl Operator for Lstm {
    fn name(&self) -> &'static str {
        "LSTM"
    }
    fn arity(&self) -> (usize, usize) {
        (3, 8)
    }
    /// Five look-ups and three products for each cell, and one product for each peephole.
    fn lane_ops(&self, inputs: &[Option<&Fact>], _: &[Fact]) -> u64 {
        let peepholes = if maybe(inputs, 7).is_some() { 3 } else { 0 };
        self.recurrence.work(inputs, Self::GATES, 8 + peepholes)
    }
    fn infer(&self, inputs: &[Option<&Fact>]) -> OpResult<Vec<Fact>> {
        self.recurrence.infer(inputs, Self::GATES, 2, &[(6, 0), (7, 3)])
    }
    fn eval(&self, inputs: &[Option<&Value>]) -> OpResult<Vec<Value>> {
        let peepholes = maybe(inputs, 7).map(Value::as_real).transpose()?.map_or(&[][..], elements);
        let each = 3 * self.recurrence.hidden;
        self.recurrence.walk(inputs, Self::GATES, Some(6), |step, h, c| {
            let gates: Vec<f32> = step.input.iter().zip(step.state).map(|(a, b)| a + b).collect();
            let own = peepholes.get(step.set * each..(step.set + 1) * each).unwrap_or(&[]);
            self.step(step.set, &gates, own, h, c);
            Ok(())
        })
    }
}
