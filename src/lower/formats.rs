//! Which edges carry codes, and in which format.
//!
//! An edge carries codes if a weighted layer reads it; or if an input, a weighted layer or a unit that works
//! on codes yields it and nothing but such units and layers read it. All others are real: a chain of the
//! vector unit is not requantised at every step, and the unit sees the full accumulators of a layer. A
//! reshape moves nothing, so that its two sides carry the same.

use super::calibrate::Ranges;
use super::calibration::limit;
use super::options::QuantOptions;
use super::plan::{Plan, Step};
use super::quant_graph::QOp;
use super::unit::{Operand, UnitOp};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::graph::ops::DequantizeLinear;
use crate::graph::{EdgeId, Graph};
use crate::id::Id;
use crate::onnx::DType;
use crate::tensor::Quant;

/// Formats of all edges.
pub struct Formats {
    /// By edge; `None` where it is real.
    formats: Vec<Option<Quant>>,
    /// For each step whether it works on codes.
    pub integer: Vec<bool>,
}

/// Sets of edges.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }
    fn root(&self, edge: EdgeId) -> usize {
        let mut i = edge.index();
        while self.0[i] != i {
            i = self.0[i];
        }
        i
    }
    fn join(&mut self, a: EdgeId, b: EdgeId) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// Decides which edges carry codes and which steps work on them.
struct Kinds<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    sets: Sets,
    integer: Vec<bool>,
}

impl<'a> Kinds<'a> {
    fn new(graph: &'a Graph, plan: &'a Plan) -> Self {
        let mut sets = Sets::new(graph.edges.len());
        for step in plan.steps.iter().filter(|s| matches!(s.step, Step::Shape)) {
            sets.join(step.inputs[0], step.outputs[0]);
        }
        let on_codes =
            |s: &super::plan::Planned| matches!(s.step, Step::Weighted { .. } | Step::Digital { integer: Some(_), .. });
        let integer = plan.steps.iter().map(on_codes).collect();
        Self { graph, plan, sets, integer }
    }

    /// Whether each set carries codes, with the steps that are still held to work on codes.
    fn codes(&self) -> Vec<bool> {
        let count = self.graph.edges.len();
        let (mut from, mut only, mut read, mut wanted) =
            (vec![false; count], vec![true; count], vec![false; count], vec![false; count]);
        for edge in &self.graph.inputs {
            from[self.sets.root(*edge)] = true;
        }
        for output in &self.graph.outputs {
            only[self.sets.root(*output)] = false;
        }
        let work = self.plan.steps.iter().zip(&self.integer).filter(|(s, _)| !matches!(s.step, Step::Shape));
        for (step, integer) in work {
            for edge in &step.inputs {
                let set = self.sets.root(*edge);
                read[set] = true;
                only[set] &= *integer;
                wanted[set] |= matches!(step.step, Step::Weighted { .. });
            }
            step.outputs.iter().for_each(|e| from[self.sets.root(*e)] |= *integer);
        }
        let float = |set: usize| self.plan.facts[set].dtype.is_float();
        (0..count).map(|s| float(s) && (wanted[s] || (from[s] && only[s] && read[s]))).collect()
    }

    /// Takes steps off the list that meet real values until none does.
    fn settle(&mut self) -> Vec<bool> {
        loop {
            let codes = self.codes();
            let before = self.integer.clone();
            for (step, integer) in self.plan.steps.iter().zip(&mut self.integer) {
                if matches!(step.step, Step::Digital { .. }) {
                    *integer &= step.inputs.iter().chain(&step.outputs).all(|e| codes[self.sets.root(*e)]);
                }
            }
            if self.integer == before {
                return codes;
            }
        }
    }
}

/// The format that a network quantised beforehand states itself: values that `DequantizeLinear` yields are
/// multiples of its scale. A zero point takes a sign and thus one bit more; the lowest code of a signed type
/// without zero point (-128 of 8 bits) is clipped to the one above.
fn stated(unit: &UnitOp) -> Option<Quant> {
    let any: &dyn std::any::Any = &*unit.op;
    any.downcast_ref::<DequantizeLinear>()?;
    let (Operand::Node(codes), Operand::Constant(scale)) = (unit.operands.first()?, unit.operands.get(1)?) else {
        return None;
    };
    let zero = match unit.operands.get(2) {
        Some(Operand::Constant(zero)) => zero.scalar("the zero point").ok()?,
        Some(Operand::Node(_)) => return None,
        Some(Operand::Absent) | None => 0.0,
    };
    let (bits, signed) = match codes.dtype {
        DType::I8 => (8, true),
        DType::U8 => (8, false),
        DType::I16 => (16, true),
        DType::U16 if zero == 0.0 => (16, false),
        _ => return None,
    };
    let scale = scale.scalar("the scale").ok().filter(|s| *s > 0.0)?;
    match zero == 0.0 {
        true => Some(Quant { scale, bits, signed }),
        false if bits < 16 => Some(Quant { scale, bits: bits + 1, signed: true }),
        false => None,
    }
}

impl Formats {
    /// Formats from measured ranges.
    ///
    /// # Errors
    /// M021 for edges of codes without a range.
    pub fn new(graph: &Graph, plan: &Plan, ranges: &Ranges, options: &QuantOptions) -> Result<Self> {
        let mut kinds = Kinds::new(graph, plan);
        let codes = kinds.settle();
        let Kinds { sets: same, integer, .. } = kinds;
        // edges that only pass codes on share a format too
        let mut sets = Sets::new(graph.edges.len());
        let measured = |e: EdgeId| ranges.get(&graph.edges[e].name).is_some_and(|r| r.min >= 0.0);
        let mut positive = vec![false; graph.edges.len()];
        let mut used: Vec<EdgeId> = Vec::new();
        for edge in &graph.inputs {
            used.push(*edge);
            positive[edge.index()] = measured(*edge);
        }
        for (step, integer) in plan.steps.iter().zip(&integer) {
            let all = step.inputs.iter().all(|e| positive[e.index()]);
            let op = match &step.step {
                Step::Digital { integer: Some(op), .. } if *integer => Some(&**op),
                _ => None,
            };
            for output in &step.outputs {
                positive[output.index()] = match &step.step {
                    Step::Weighted { relu, .. } => *relu,
                    Step::Digital { .. } => op.map_or_else(|| measured(*output), |op| *op == QOp::Relu || all),
                    Step::Recurrent { .. } => measured(*output),
                    Step::Shape => all,
                };
            }
            let concat = matches!(op, Some(QOp::Concat));
            if concat || matches!(op, Some(QOp::MaxPool(_))) || matches!(step.step, Step::Shape) {
                // a joined input that others read too keeps its own, finer format and is rescaled
                let joins = step.inputs.iter().filter(|e| !concat || graph.readers(**e).len() == 1);
                joins.for_each(|e| sets.join(*e, step.outputs[0]));
            }
            used.extend(&step.outputs);
        }
        used.retain(|e| codes[same.root(*e)]);
        let mut found = Diagnostics::new();
        let mut own = vec![None; graph.edges.len()];
        for step in &plan.steps {
            if let Step::Digital { unit, .. } = &step.step
                && let Some(format) = stated(unit)
            {
                own[sets.root(step.outputs[0])] = Some(format);
            }
        }
        // an edge has the most bits that a layer reading it asks for
        let mut bits: Vec<Option<u8>> = vec![None; graph.edges.len()];
        for step in plan.steps.iter().filter(|s| matches!(s.step, Step::Weighted { .. })) {
            let bits = &mut bits[sets.root(step.inputs[0])];
            *bits = (*bits).max(Some(options.activations(&graph.nodes[step.node].name)));
        }
        let bits: Vec<u8> = bits.into_iter().map(|b| b.unwrap_or(options.activation_bits)).collect();
        let mut limits: Vec<Option<(f64, bool)>> = vec![None; graph.edges.len()];
        for edge in &used {
            let name = &graph.edges[*edge].name;
            if own[sets.root(*edge)].is_some() {
                continue;
            }
            let Some(range) = ranges.get(name) else {
                found.push(
                    Diagnostic::error("M021", format!("no range was measured for `{name}`"))
                        .help("calibrate with at least one sample"),
                );
                continue;
            };
            let set = sets.root(*edge);
            let positive = positive[edge.index()];
            let (most, signed) = limits[set].unwrap_or((0.0, false));
            limits[set] = Some((most.max(limit(range, options.method, bits[set], !positive)), signed || !positive));
        }
        let format = |(limit, signed): (f64, bool), bits: u8| {
            let quant = Quant { scale: 1.0, bits, signed };
            let top = f64::from(quant.range().1);
            // an edge that is always 0 has no range of its own; any scale is right
            Quant { scale: if limit > 0.0 { limit / top } else { 1.0 / top }, ..quant }
        };
        let mut formats = vec![None; graph.edges.len()];
        used.iter().for_each(|e| {
            let set = sets.root(*e);
            formats[e.index()] = own[set].or(limits[set].map(|l| format(l, bits[set])));
        });
        found.into_result(Self { formats, integer })
    }
    /// Format of an edge.
    pub fn of(&self, edge: EdgeId) -> Option<Quant> {
        self.formats[edge.index()]
    }
}
