//! The float reference executor: chunks of the batch in parallel, each through all nodes.

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use ndarray::{ArrayD, Axis, Slice};
use rayon::prelude::*;

use super::{Batch, EdgeId, Graph, Value};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::id::Id;

/// Samples by input name; the first dimension counts samples. Where the network has no batch dimension it comes
/// in front of the shape of one call, and may be left out for a single one.
pub type Inputs = IndexMap<String, ArrayD<f32>>;

/// Activations of one chunk may take about so many elements together (64 MiB).
const CHUNK_ELEMENTS: usize = 1 << 24;
/// Most samples of one chunk: matrix products are at full speed well below, and chunks spread over
/// threads.
const CHUNK_SAMPLES: usize = 64;

impl Graph {
    /// Outputs for all samples, by name.
    ///
    /// # Errors
    /// M018 when the inputs do not fit; M016 when a node cannot compute.
    pub fn run(&self, inputs: &Inputs) -> Result<Inputs> {
        let parts = self.run_chunks(inputs, |seen: &mut Vec<(EdgeId, Arc<Value>)>, _, edge, value| {
            if self.outputs.contains(&edge) {
                seen.push((edge, Arc::clone(value)));
            }
        })?;
        let parts: Vec<Vec<Option<ArrayD<f32>>>> = parts.into_iter().map(|p| self.yielded(&p, to_real)).collect();
        let total = self.samples(inputs)?;
        let mut outputs = Inputs::new();
        for (i, edge) in self.outputs.iter().enumerate() {
            let name = &self.edges[*edge].name;
            let arrays: Vec<_> = parts.iter().filter_map(|p| p[i].as_ref()).collect();
            let joined = match arrays.as_slice() {
                [one] if self.batch == Batch::Absent && !self.stacked(inputs) => (*one).clone(),
                calls if self.batch == Batch::Absent => {
                    let views: Vec<_> = calls.iter().map(|a| a.view()).collect();
                    ndarray::stack(Axis(0), &views).map_err(|e| {
                        Diagnostic::error("M018", format!("output `{name}` of the calls cannot be stacked: {e}"))
                    })?
                }
                _ if self.edges[*edge].batched || self.batch == Batch::Dynamic => {
                    let views: Vec<_> = arrays.iter().map(|a| a.view()).collect();
                    let all = ndarray::concatenate(Axis(0), &views).map_err(|e| {
                        Diagnostic::error("M018", format!("output `{name}` of the chunks cannot be joined: {e}"))
                    })?;
                    all.slice_axis(Axis(0), Slice::from(0..total.min(all.len_of(Axis(0))))).to_owned()
                }
                _ => {
                    let message = format!("output `{name}` does not have the samples in its first dimension");
                    return Err(Diagnostic::error("M018", message).into());
                }
            };
            outputs.insert(name.clone(), joined);
        }
        Ok(outputs)
    }

    /// Runs all samples in chunks and shows `see` every value as it is made, inputs included, with the samples
    /// that are in it; afterwards values live only as long as nodes still read them. Results in the order of
    /// the samples. Chunk borders do not depend on the number of threads.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_chunks<T: Default + Send>(
        &self,
        inputs: &Inputs,
        see: impl Fn(&mut T, &Range<usize>, EdgeId, &Arc<Value>) + Sync,
    ) -> Result<Vec<T>> {
        let total = self.samples(inputs)?;
        let size = match self.batch {
            Batch::Absent => 1,
            Batch::Fixed(n) => n,
            Batch::Dynamic => (CHUNK_ELEMENTS / self.live_elements().max(1)).clamp(1, CHUNK_SAMPLES),
        };
        let starts: Vec<usize> = (0..total.max(1)).step_by(size).collect();
        starts
            .into_par_iter()
            .map(|start| {
                let samples = start..(start + size).min(total);
                let values = self.inputs.iter().map(|e| self.take(*e, inputs, samples.clone(), size)).collect();
                let mut seen = T::default();
                self.evaluate(values, |edge, value| see(&mut seen, &samples, edge, value))?;
                Ok(seen)
            })
            .collect()
    }

    /// Runs once on values of exactly the shapes of the graph (or any batch, where it is dynamic).
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_once(&self, inputs: Vec<Value>) -> Result<Vec<Value>> {
        let mut seen = Vec::new();
        self.evaluate(inputs, |edge, value| {
            if self.outputs.contains(&edge) {
                seen.push((edge, Arc::clone(value)));
            }
        })?;
        Ok(self.yielded(&seen, Value::clone).into_iter().flatten().collect())
    }

    /// The outputs among the values that were seen; those that do not depend on the inputs are known.
    fn yielded<T>(&self, seen: &[(EdgeId, Arc<Value>)], f: impl Fn(&Value) -> T) -> Vec<Option<T>> {
        let value = |o: &EdgeId| seen.iter().find(|(e, _)| e == o).map(|(_, v)| &**v).or_else(|| self.constant(*o));
        self.outputs.iter().map(|o| value(o).map(&f)).collect()
    }

    /// How often nodes read each edge.
    fn readings(&self) -> Vec<usize> {
        let mut readings = vec![0; self.edges.len()];
        for edge in self.nodes.iter().flat_map(|n| &n.inputs).flatten() {
            readings[edge.index()] += 1;
        }
        readings
    }

    /// Most elements that are alive at once, for a batch of one where it is dynamic.
    fn live_elements(&self) -> usize {
        let mut left = self.readings();
        let size = |e: EdgeId| {
            if self.constant(e).is_some() { 0 } else { self.edges[e].fact.elements().unwrap_or(usize::MAX) }
        };
        let mut live = self.inputs.iter().map(|e| size(*e)).fold(0, usize::saturating_add);
        let mut most = live;
        for node in &self.nodes {
            live = node.outputs.iter().flatten().map(|e| size(*e)).fold(live, usize::saturating_add);
            most = most.max(live);
            for edge in node.inputs.iter().flatten() {
                left[edge.index()] -= 1;
                if left[edge.index()] == 0 {
                    live = live.saturating_sub(size(*edge));
                }
            }
        }
        most
    }

    /// Evaluates once on whole tensors: any element type, in any order, of exactly the shapes of the graph, except
    /// that dimensions which are the dynamic batch may have any size. Outputs stand in the order of the file.
    ///
    /// # Errors
    /// M018 when the inputs do not fit; M016 when a node cannot compute.
    pub fn call(&self, inputs: &[(&str, Value)]) -> Result<Vec<Value>> {
        let mut found = Diagnostics::new();
        let mut misfit = |message: String| found.push(Diagnostic::error("M018", message));
        for (name, _) in inputs.iter().filter(|(n, _)| !self.inputs.iter().any(|e| self.edges[*e].name == *n)) {
            misfit(format!("the model has no input `{name}`"));
        }
        let mut values = Vec::with_capacity(self.inputs.len());
        for edge in &self.inputs {
            let edge = &self.edges[*edge];
            let Some((_, value)) = inputs.iter().find(|(n, _)| *n == edge.name) else {
                misfit(format!("input `{}` is missing", edge.name));
                continue;
            };
            let want = &edge.fact;
            let free = |n: usize| self.batch == Batch::Dynamic && n == 1;
            let fits = value.shape().len() == want.shape.len()
                && value.shape().iter().zip(&want.shape).all(|(have, want)| have == want || free(*want));
            let kind = match value {
                Value::Real(_) => want.dtype.is_float(),
                Value::Int(dtype, _) => *dtype == want.dtype,
            };
            if !fits || !kind {
                let shape = value.shape();
                misfit(format!("input `{}` of shape {shape:?} is not a {} of {:?}", edge.name, want.dtype, want.shape));
            }
            values.push(value.clone());
        }
        found.into_result(())?;
        self.run_once(values)
    }

    /// Number of samples, after checking names and shapes.
    fn samples(&self, inputs: &Inputs) -> Result<usize> {
        let mut found = Diagnostics::new();
        let wanted: Vec<&str> = self.inputs.iter().map(|e| self.edges[*e].name.as_str()).collect();
        for name in inputs.keys().filter(|n| !wanted.contains(&n.as_str())) {
            let message = format!("the model has no input `{name}`");
            found.push(Diagnostic::error("M018", message).help(format!("its inputs are {}", wanted.join(", "))));
        }
        let mut total: Option<(usize, &str)> = None;
        for edge in &self.inputs {
            let edge = &self.edges[*edge];
            let Some(array) = inputs.get(&edge.name) else {
                found.push(Diagnostic::error("M018", format!("input `{}` is missing", edge.name)));
                continue;
            };
            let (have, want) = (array.shape(), &edge.fact.shape);
            let calls = self.batch == Batch::Absent && have.len() == want.len() + 1 && have[1..] == want[..];
            let from = usize::from(calls || (self.batch != Batch::Absent && !want.is_empty()));
            if !calls && (have.len() != want.len() || have[from..] != want[from..]) {
                let want: Vec<String> = want
                    .iter()
                    .enumerate()
                    .map(|(i, n)| if i < from { "samples".into() } else { n.to_string() })
                    .collect();
                let message = format!("input `{}` has shape {have:?}, but [{}] is wanted", edge.name, want.join(", "));
                found.push(Diagnostic::error("M018", message));
                continue;
            }
            if from == 1 {
                match total {
                    Some((n, first)) if n != have[0] => {
                        let message = format!("input `{}` has {} samples, but `{first}` has {n}", edge.name, have[0]);
                        found.push(Diagnostic::error("M018", message));
                    }
                    _ => total = Some((have[0], &edge.name)),
                }
            }
        }
        if total.is_some_and(|(n, _)| n == 0) {
            found.push(Diagnostic::error("M018", "there are no samples"));
        }
        found.into_result(total.map_or(1, |(n, _)| n))
    }

    /// Whether the inputs of a network without a batch are those of several calls.
    fn stacked(&self, inputs: &Inputs) -> bool {
        let more = |e: &EdgeId| {
            let edge = &self.edges[*e];
            inputs.get(&edge.name).is_some_and(|a| a.ndim() > edge.fact.shape.len())
        };
        self.batch == Batch::Absent && self.inputs.iter().any(more)
    }

    /// The samples of one input, repeating the last one to fill a batch of fixed size.
    fn take(&self, edge: EdgeId, inputs: &Inputs, samples: Range<usize>, size: usize) -> Value {
        let edge = &self.edges[edge];
        let array = &inputs[&edge.name];
        let part = if self.batch == Batch::Absent && array.ndim() > edge.fact.shape.len() {
            array.index_axis(Axis(0), samples.start).as_standard_layout().into_owned()
        } else if self.batch == Batch::Absent || array.ndim() == 0 {
            array.as_standard_layout().into_owned()
        } else if matches!(self.batch, Batch::Fixed(_)) && samples.len() < size {
            let index: Vec<usize> = (0..size).map(|i| (samples.start + i).min(samples.end - 1)).collect();
            array.select(Axis(0), &index).as_standard_layout().into_owned()
        } else {
            array.slice_axis(Axis(0), Slice::from(samples)).as_standard_layout().into_owned()
        };
        if edge.fact.dtype.is_float() {
            Value::Real(part)
        } else {
            Value::Int(edge.fact.dtype, part.mapv(|v| v as i64))
        }
    }

    /// All values from the inputs, node by node, each shown once. The last node that reads a value gets it
    /// for its own.
    fn evaluate(&self, inputs: Vec<Value>, mut see: impl FnMut(EdgeId, &Arc<Value>)) -> Result<()> {
        let mut left = self.readings();
        let mut values: Vec<Option<Arc<Value>>> = vec![None; self.edges.len()];
        let mut keep = |values: &mut [Option<Arc<Value>>], left: usize, edge: EdgeId, value: Value| {
            let value = Arc::new(value);
            see(edge, &value);
            values[edge.index()] = (left > 0).then_some(value);
        };
        for (edge, value) in self.inputs.iter().zip(inputs) {
            keep(&mut values, left[edge.index()], *edge, value);
        }
        for node in &self.nodes {
            let mut read = Vec::with_capacity(node.inputs.len());
            for edge in &node.inputs {
                read.push(edge.and_then(|e| {
                    left[e.index()] -= 1;
                    let value = &mut values[e.index()];
                    let value = if left[e.index()] == 0 { value.take() } else { value.clone() };
                    value.or_else(|| self.edges[e].fact.value.clone())
                }));
            }
            let made = node
                .op
                .consume(read)
                .map_err(|e| Diagnostic::error("M016", format!("node `{}` ({}): {e}", node.name, node.op.name())))?;
            for (edge, value) in node.outputs.iter().zip(made) {
                if let Some(edge) = *edge {
                    keep(&mut values, left[edge.index()], edge, value);
                }
            }
        }
        Ok(())
    }
}

fn to_real(value: &Value) -> ArrayD<f32> {
    match value {
        Value::Real(a) => a.clone(),
        Value::Int(_, a) => a.mapv(|v| v as f32),
    }
}
