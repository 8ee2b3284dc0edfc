//! What recurrent layers share: direction, layout, shapes, and the walk along time.

use ndarray::{Array2, ArrayView2};

use super::super::{OpError, OpResult, maybe, need, need_real};
use super::Function;
use crate::graph::value::elements;
use crate::graph::{Attrs, Fact, Value};

/// Which way a layer walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the first step to the last.
    Forward,
    /// From the last step to the first.
    Reverse,
    /// Two sets of weights, one each way.
    Bidirectional,
}

impl Direction {
    /// Number of sets of weights.
    #[must_use]
    pub const fn count(self) -> usize {
        if matches!(self, Self::Bidirectional) { 2 } else { 1 }
    }
    /// Whether a set of weights walks backwards.
    #[must_use]
    pub const fn reverses(self, set: usize) -> bool {
        matches!((self, set), (Self::Reverse, _) | (Self::Bidirectional, 1))
    }
}

/// Order of dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Input `[steps, batch, inputs]`, output `[steps, directions, batch, hidden]`, states
    /// `[directions, batch, hidden]` (attribute `layout` 0).
    StepsFirst,
    /// Input `[batch, steps, inputs]`, output `[batch, steps, directions, hidden]`, states
    /// `[batch, directions, hidden]` (attribute `layout` 1).
    BatchFirst,
}

/// What all recurrent layers have.
#[derive(Debug, Clone, PartialEq)]
pub struct Recurrence {
    /// Which way it walks.
    pub direction: Direction,
    /// Number of cells.
    pub hidden: usize,
    /// Activation functions, set of weights by set of weights.
    pub activations: Vec<Function>,
    /// Limit of what enters an activation function.
    pub clip: Option<f32>,
    /// Order of dimensions.
    pub layout: Layout,
}

/// Sizes of one layer over one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Length of the sequences.
    pub steps: usize,
    /// Number of sequences.
    pub batch: usize,
    /// Width of the input.
    pub inputs: usize,
}

/// One step of one sequence, before the cell.
pub(super) struct Step<'a> {
    /// Set of weights.
    pub set: usize,
    /// `W · x` plus its half of the bias, gate by gate.
    pub input: &'a [f32],
    /// `R · h` plus its half of the bias, gate by gate.
    pub state: &'a [f32],
    /// Recurrent weights of the set, `[gates · hidden, hidden]`.
    pub recurrent: ArrayView2<'a, f32>,
    /// Their half of the bias; empty if there is none.
    pub bias: &'a [f32],
}

impl Recurrence {
    /// Reads the attributes; `usual` are the activation functions of one set of weights.
    pub(super) fn read(attrs: &mut Attrs<'_>, usual: &[Function]) -> OpResult<Self> {
        let direction = match attrs.text("direction")? {
            None | Some("forward") => Direction::Forward,
            Some("reverse") => Direction::Reverse,
            Some("bidirectional") => Direction::Bidirectional,
            Some(d) => {
                return Err(OpError::new(format!("`direction` is `{d}`, not forward, reverse or bidirectional")));
            }
        };
        if attrs.opset < 7 {
            // which outputs are used says the same
            attrs.ignore(&["output_sequence"]);
        }
        let hidden = attrs.int("hidden_size")?.and_then(|h| usize::try_from(h).ok()).filter(|h| *h > 0);
        let hidden = hidden.ok_or_else(|| OpError::new("`hidden_size` must be given and at least 1"))?;
        let clip = attrs.float("clip")?;
        if clip.is_some_and(|c| c <= 0.0) {
            return Err(OpError::new("`clip` must be positive"));
        }
        let layout =
            if attrs.opset >= 14 && attrs.flag("layout", false)? { Layout::BatchFirst } else { Layout::StepsFirst };
        let activations = Function::read(attrs, usual, direction.count())?;
        Ok(Self { direction, hidden, activations, clip, layout })
    }

    /// Activation functions of a set of weights.
    #[must_use]
    pub fn functions(&self, set: usize) -> &[Function] {
        let each = self.activations.len() / self.direction.count();
        &self.activations[set * each..(set + 1) * each]
    }
    /// An activation function of what `clip` leaves.
    #[must_use]
    pub fn activate(&self, function: Function, x: f32) -> f32 {
        function.of(self.clip.map_or(x, |c| x.clamp(-c, c)))
    }
    /// Sizes over an input of a shape.
    ///
    /// # Errors
    /// When the shape has not three dimensions.
    pub fn sizes(&self, input: &[usize]) -> OpResult<Sizes> {
        match (self.layout, input) {
            (Layout::StepsFirst, &[steps, batch, inputs]) | (Layout::BatchFirst, &[batch, steps, inputs]) => {
                Ok(Sizes { steps, batch, inputs })
            }
            _ => Err(OpError::new(format!("wants an input of three dimensions, not of shape {input:?}"))),
        }
    }
    fn output_shape(&self, s: Sizes) -> Vec<usize> {
        let sets = self.direction.count();
        match self.layout {
            Layout::StepsFirst => vec![s.steps, sets, s.batch, self.hidden],
            Layout::BatchFirst => vec![s.batch, s.steps, sets, self.hidden],
        }
    }
    fn state_shape(&self, batch: usize) -> Vec<usize> {
        let sets = self.direction.count();
        match self.layout {
            Layout::StepsFirst => vec![sets, batch, self.hidden],
            Layout::BatchFirst => vec![batch, sets, self.hidden],
        }
    }
    /// Where the state of one sequence stands in a tensor of states.
    fn state_at(&self, set: usize, sequence: usize, batch: usize) -> usize {
        let place = match self.layout {
            Layout::StepsFirst => set * batch + sequence,
            Layout::BatchFirst => sequence * self.direction.count() + set,
        };
        place * self.hidden
    }

    /// Types and shapes of the outputs of a layer with so many gates and states. `extra` are shapes of inputs
    /// behind the initial state.
    pub(super) fn infer(
        &self,
        inputs: &[Option<&Fact>],
        gates: usize,
        states: usize,
        extra: &[(usize, usize)],
    ) -> OpResult<Vec<Fact>> {
        let x = need_real(inputs, 0)?;
        let sizes = self.sizes(&x.shape)?;
        let (sets, rows) = (self.direction.count(), gates * self.hidden);
        let state = self.state_shape(sizes.batch);
        let mut due = vec![
            (1, "weights", vec![sets, rows, sizes.inputs]),
            (2, "recurrent weights", vec![sets, rows, self.hidden]),
            (3, "bias", vec![sets, 2 * rows]),
            (4, "sequence lengths", vec![sizes.batch]),
            (5, "initial state", state.clone()),
        ];
        due.extend(extra.iter().map(|(at, count)| match count {
            0 => (*at, "initial cell state", state.clone()),
            n => (*at, "peepholes", vec![sets, n * self.hidden]),
        }));
        for (at, what, shape) in due {
            match maybe(inputs, at) {
                None if at < 3 => return Err(OpError::new(format!("has no {what}"))),
                Some(fact) if fact.shape != shape => {
                    return Err(OpError::new(format!("{what} of shape {:?}, but {shape:?} is due", fact.shape)));
                }
                Some(fact) if at != 4 && !fact.dtype.is_float() => {
                    return Err(OpError::new(format!("{what} of type {}, but numbers are due", fact.dtype)));
                }
                _ => {}
            }
        }
        let mut out = vec![Fact::new(x.dtype, self.output_shape(sizes))];
        out.extend((0..states).map(|_| Fact::new(x.dtype, state.clone())));
        Ok(out)
    }

    /// Multiply-accumulates of all steps, with `more` lane operations for each cell and step.
    pub(super) fn work(&self, inputs: &[Option<&Fact>], gates: usize, more: usize) -> u64 {
        let Some(s) = maybe(inputs, 0).and_then(|x| self.sizes(&x.shape).ok()) else { return 0 };
        let cells = self.direction.count() * s.steps * s.batch * self.hidden;
        (cells * (gates * (s.inputs + self.hidden + 1) + more)) as u64
    }

    /// Walks a cell with one or two states along time; `second` is the input with the second initial state.
    /// Yields the output and the last states.
    pub(super) fn walk(
        &self,
        inputs: &[Option<&Value>],
        gates: usize,
        second: Option<usize>,
        cell: impl Fn(&Step<'_>, &mut [f32], &mut [f32]) -> OpResult<()>,
    ) -> OpResult<Vec<Value>> {
        let real = |at: usize| maybe(inputs, at).map(Value::as_real).transpose();
        let (x, w, r) = (need(inputs, 0)?.as_real()?, need(inputs, 1)?.as_real()?, need(inputs, 2)?.as_real()?);
        let sizes = self.sizes(x.shape())?;
        let Sizes { steps, batch, inputs: width } = sizes;
        let (sets, hidden, rows) = (self.direction.count(), self.hidden, gates * self.hidden);
        let lengths = lengths(inputs, sizes)?;
        let count = batch * sets * hidden;
        let initial = |at: Option<usize>| -> OpResult<Vec<f32>> {
            let given = at.map(real).transpose()?.flatten();
            Ok(given.map_or_else(|| vec![0.0; count], |a| elements(a).to_vec()))
        };
        let mut states = [initial(Some(5))?, initial(second)?];
        let mut out = vec![0.0f32; steps * count];
        let bad = |e: ndarray::ShapeError| OpError::new(e.to_string());
        let bias = real(3)?.map(elements);
        let flat = ArrayView2::from_shape((steps * batch, width), elements(x)).map_err(bad)?;
        for set in 0..sets {
            let own = |columns: usize| set * rows * columns..(set + 1) * rows * columns;
            let weights = ArrayView2::from_shape((rows, width), &elements(w)[own(width)]).map_err(bad)?;
            let recurrent = ArrayView2::from_shape((rows, hidden), &elements(r)[own(hidden)]).map_err(bad)?;
            let (of_input, of_state) = bias.map_or((&[][..], &[][..]), |b| b[own(2)].split_at(rows));
            let from_input = sums(&flat, &weights, of_input);
            let mut h = Array2::zeros((batch, hidden));
            for n in 0..batch {
                let at = self.state_at(set, n, batch);
                h.row_mut(n).assign(&ndarray::ArrayView1::from(&states[0][at..at + hidden]));
            }
            for step in 0..lengths.iter().copied().max().unwrap_or(0) {
                let from_state = sums(&h.view(), &recurrent, of_state);
                for n in (0..batch).filter(|n| step < lengths[*n]) {
                    let t = if self.direction.reverses(set) { lengths[n] - 1 - step } else { step };
                    let row = match self.layout {
                        Layout::StepsFirst => t * batch + n,
                        Layout::BatchFirst => n * steps + t,
                    };
                    let (input, state) = (from_input.row(row), from_state.row(n));
                    let (Some(input), Some(state)) = (input.as_slice(), state.as_slice()) else {
                        return Err(OpError::new("rows of a product are not contiguous"));
                    };
                    let at = self.state_at(set, n, batch);
                    let [first, second] = &mut states;
                    let (first, second) = (&mut first[at..at + hidden], &mut second[at..at + hidden]);
                    cell(&Step { set, input, state, recurrent, bias: of_state }, first, second)?;
                    h.row_mut(n).assign(&ndarray::ArrayView1::from(&*first));
                    let place = match self.layout {
                        Layout::StepsFirst => (t * sets + set) * batch + n,
                        Layout::BatchFirst => row * sets + set,
                    };
                    out[place * hidden..(place + 1) * hidden].copy_from_slice(first);
                }
            }
        }
        let shape = self.state_shape(batch);
        let mut made = vec![Value::real(&self.output_shape(sizes), out)?];
        for state in states.into_iter().take(1 + usize::from(second.is_some())) {
            made.push(Value::real(&shape, state)?);
        }
        Ok(made)
    }
}

/// Products of every row of `x` with every row of `weights`, plus one bias for all rows if there is one. Row-major,
/// which a product of ndarray need not be.
fn sums(x: &ArrayView2<'_, f32>, weights: &ArrayView2<'_, f32>, bias: &[f32]) -> Array2<f32> {
    let mut product = x.dot(&weights.t()).as_standard_layout().into_owned();
    if !bias.is_empty() {
        product += &ndarray::ArrayView1::from(bias);
    }
    product
}

/// Length of every sequence: all steps unless input 4 says otherwise.
fn lengths(inputs: &[Option<&Value>], sizes: Sizes) -> OpResult<Vec<usize>> {
    let Some(given) = maybe(inputs, 4) else { return Ok(vec![sizes.steps; sizes.batch]) };
    let fits = |n: i64| usize::try_from(n).ok().filter(|n| *n <= sizes.steps);
    let wrong = |n: i64| OpError::new(format!("a sequence length is {n}, but there are {} steps", sizes.steps));
    given.ints("the sequence lengths")?.into_iter().map(|n| fits(n).ok_or_else(|| wrong(n))).collect()
}
