//! Shape inference and constant folding.
//!
//! A dynamic batch is inferred for the sizes 1, 2 and 3. What is the same in all three does not
//! depend on the batch, so shape arithmetic (`Shape` → `Gather` → `Concat` → `Reshape`) is folded
//! exactly where that is right, and stays a computation where it would bake in one batch size.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::{Extent, at_node};
use super::ops::{OpError, OpResult};
use super::{Batch, Edge, EdgeId, Fact, Graph, Node, Operator, Value};
use crate::diag::{Diagnostic, Result};
use crate::id::IdVec;
use crate::onnx::{self, Model};

/// Largest number of elements of one edge for a batch of one: 2^28, one gibibyte of `f32`.
pub const MAX_ELEMENTS: usize = 1 << 28;

/// A node with its operator.
pub struct DraftNode<'a> {
    /// The raw node.
    pub node: &'a onnx::Node,
    /// Its operator.
    pub op: Arc<dyn Operator>,
}

/// Everything but shapes.
pub struct Draft<'a> {
    /// The raw model.
    pub model: &'a Model,
    /// Shapes of the inputs.
    pub shapes: Vec<Vec<Extent>>,
    /// Initialisers.
    pub constants: BTreeMap<String, Arc<Value>>,
    /// Nodes that matter, in order.
    pub nodes: Vec<DraftNode<'a>>,
    /// The batch.
    pub batch: Batch,
}

type Facts<'a> = BTreeMap<&'a str, Fact>;

impl<'a> Draft<'a> {
    /// Infers, folds and assembles the graph.
    pub fn finish(&'a self) -> Result<Graph> {
        let dynamic = self.batch == Batch::Dynamic;
        let mut facts = self.facts(1, &Facts::new())?;
        let mut doubled = None;
        if dynamic {
            let two = self.facts(2, &facts)?;
            let three = self.facts(3, &facts)?;
            for (name, fact) in &mut facts {
                let same = |other: &Facts<'_>| match (&fact.value, &other[name].value) {
                    (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
                    _ => false,
                };
                if !(same(&two) && same(&three)) {
                    fact.value = None;
                }
            }
            doubled = Some(two);
        }
        Ok(self.assemble(&facts, doubled.as_ref()))
    }

    /// Facts of every edge for one batch size. Values are shared with those `known` for another size where they
    /// come from the same values.
    fn facts(&'a self, batch: usize, known: &Facts<'a>) -> Result<Facts<'a>> {
        let mut facts = Facts::new();
        for (name, value) in &self.constants {
            facts.insert(name, Fact::constant(Arc::clone(value)));
        }
        for (info, shape) in self.model.inputs.iter().zip(&self.shapes) {
            let size = |e: &Extent| match e {
                Extent::Fixed(n) => *n,
                Extent::Batch => batch,
            };
            let fact = Fact::new(info.dtype, shape.iter().map(size).collect::<Vec<_>>());
            if fact.elements().is_none_or(|n| n > MAX_ELEMENTS) {
                let message = format!("input `{}` of shape {:?} is too large", info.name, fact.shape);
                return Err(Diagnostic::error("M016", message).into());
            }
            facts.insert(&info.name, fact);
        }
        for DraftNode { node, op } in &self.nodes {
            let made = infer_node(node, &**op, &facts, known).map_err(|e| at_node(node, &e.to_string()))?;
            for (name, fact) in node.outputs.iter().zip(made).filter(|(n, _)| !n.is_empty()) {
                facts.insert(name, fact);
            }
        }
        Ok(facts)
    }

    fn assemble(&self, facts: &Facts<'_>, doubled: Option<&Facts<'_>>) -> Graph {
        let mut edges = IdVec::new();
        let mut ids: BTreeMap<&str, EdgeId> = BTreeMap::new();
        for (name, fact) in facts {
            let grows = |two: &[usize]| match (fact.shape.split_first(), two.split_first()) {
                (Some((one, rest)), Some((two, tail))) => *one == 1 && *two == 2 && rest == tail,
                _ => false,
            };
            let batched = match self.batch {
                Batch::Dynamic => doubled.is_some_and(|d| grows(&d[name].shape)),
                Batch::Fixed(n) => fact.value.is_none() && fact.shape.first() == Some(&n),
                Batch::Absent => false,
            };
            ids.insert(name, edges.push(Edge { name: (*name).into(), fact: fact.clone(), batched }));
        }
        let edge = |name: &String| ids.get(name.as_str()).copied();
        let constant =
            |n: &&DraftNode<'_>| !n.node.outputs.iter().filter_map(edge).all(|e| edges[e].fact.value.is_some());
        let nodes = self.nodes.iter().filter(constant);
        let nodes = nodes
            .map(|DraftNode { node, op }| Node {
                name: node.name.clone(),
                op: Arc::clone(op),
                inputs: node.inputs.iter().map(edge).collect(),
                outputs: node.outputs.iter().map(edge).collect(),
            })
            .collect();
        let named = |list: &[onnx::ValueInfo]| list.iter().filter_map(|v| edge(&v.name)).collect();
        Graph {
            inputs: named(&self.model.inputs),
            outputs: named(&self.model.outputs),
            nodes,
            batch: self.batch,
            edges,
        }
    }
}

/// Facts of the outputs of one node; its values too where all inputs are known.
fn infer_node(node: &onnx::Node, op: &dyn Operator, facts: &Facts<'_>, known: &Facts<'_>) -> OpResult<Vec<Fact>> {
    let inputs: Vec<Option<&Fact>> =
        node.inputs.iter().map(|i| if i.is_empty() { None } else { facts.get(i.as_str()) }).collect();
    let (least, most) = op.arity();
    if inputs.len() > most || inputs.iter().take(least).flatten().count() < least {
        let wants = if least == most {
            format!("{least}")
        } else if most == usize::MAX {
            format!("at least {least}")
        } else {
            format!("{least} to {most}")
        };
        return Err(OpError::new(format!("wants {wants} input(s) and has {}", inputs.iter().flatten().count())));
    }
    let mut made = op.infer(&inputs)?;
    if made.iter().any(|f| f.elements().is_none_or(|n| n > MAX_ELEMENTS)) {
        let shapes: Vec<_> = made.iter().map(|f| &f.shape).collect();
        return Err(OpError::new(format!("yields more than {MAX_ELEMENTS} elements: {shapes:?}")));
    }
    let value = |facts: &Facts<'_>, name: &String| facts.get(name.as_str()).and_then(|f| f.value.clone());
    let same = |name: &String| {
        let (a, b) = (value(facts, name), value(known, name));
        name.is_empty() || a.zip(b).is_some_and(|(a, b)| Arc::ptr_eq(&a, &b))
    };
    if node.inputs.iter().all(same) {
        for (fact, name) in made.iter_mut().zip(&node.outputs) {
            fact.value = fact.value.take().or_else(|| value(known, name));
        }
    }
    let known: Option<Vec<Option<&Value>>> = inputs
        .iter()
        .map(|f| match f {
            None => Some(None),
            Some(fact) => fact.value.as_deref().map(Some),
        })
        .collect();
    if let Some(values) = known
        && made.iter().any(|f| f.value.is_none())
    {
        for (fact, value) in made.iter_mut().zip(op.eval(&values)?) {
            fact.value = Some(Arc::new(value));
        }
    }
    Ok(made)
}
