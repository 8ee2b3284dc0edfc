//! Shape inference and constant folding.
//!
//! A dynamic batch is inferred for the sizes 1, 2 and 3. What is the same in all three does not
//! depend on the batch, so shape arithmetic (`Shape` → `Gather` → `Concat` → `Reshape`) is folded
//! exactly where that is right, and stays a computation where it would bake in one batch size.

use std::collections::{BTreeMap, BTreeSet};
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
pub struct DraftNode {
    /// The raw node.
    pub node: onnx::Node,
    /// Its operator.
    pub op: Arc<dyn Operator>,
}

/// What is known of every edge, by name.
pub type Facts = BTreeMap<String, Fact>;

/// A graph whose nodes are being inferred.
pub struct Draft<'a> {
    /// The raw model.
    pub model: &'a Model,
    /// The batch.
    pub batch: Batch,
    /// Facts for the batch sizes that are tried.
    facts: Vec<Facts>,
    nodes: Vec<DraftNode>,
}

impl<'a> Draft<'a> {
    /// Inputs and constants; no node yet.
    ///
    /// # Errors
    /// M016 when an input is too large.
    pub fn new(
        model: &'a Model,
        shapes: &[Vec<Extent>],
        constants: BTreeMap<String, Arc<Value>>,
        batch: Batch,
    ) -> Result<Self> {
        let sizes: &[usize] = if batch == Batch::Dynamic { &[1, 2, 3] } else { &[1] };
        let known: Facts = constants.into_iter().map(|(name, value)| (name, Fact::constant(value))).collect();
        let mut facts = Vec::with_capacity(sizes.len());
        for batch in sizes {
            let mut own = known.clone();
            for (info, shape) in model.inputs.iter().zip(shapes) {
                let size = |e: &Extent| match e {
                    Extent::Fixed(n) => *n,
                    Extent::Batch => *batch,
                };
                let fact = Fact::new(info.dtype, shape.iter().map(size).collect::<Vec<_>>());
                if fact.elements().is_none_or(|n| n > MAX_ELEMENTS) {
                    let message = format!("input `{}` of shape {:?} is too large", info.name, fact.shape);
                    return Err(Diagnostic::error("M016", message).into());
                }
                own.insert(info.name.clone(), fact);
            }
            facts.push(own);
        }
        Ok(Self { model, batch, facts, nodes: vec![] })
    }

    /// Facts for the batch sizes that are tried.
    pub fn facts(&self) -> &[Facts] {
        &self.facts
    }

    /// Adds a constant that was not there at the start.
    pub fn add_constant(&mut self, name: &str, value: Value) {
        let fact = Fact::constant(Arc::new(value));
        for facts in &mut self.facts {
            facts.insert(name.into(), fact.clone());
        }
    }

    /// Adds a node whose inputs are known already, for every batch size.
    ///
    /// # Errors
    /// M013 for an input that is not known, M016 when the inputs do not fit.
    pub fn add(&mut self, node: onnx::Node, op: Arc<dyn Operator>) -> Result<()> {
        let (first, others) = self.facts.split_first_mut().expect("at least one batch size is tried");
        let made = infer_node(&node, &*op, first)?;
        for facts in others {
            // what constants yield is computed once, and is one value for all
            let shared = node.inputs.iter().filter(|i| !i.is_empty()).all(|i| {
                let value = |f: &Facts| f.get(i).and_then(|f| f.value.clone());
                value(first).zip(value(facts)).is_some_and(|(a, b)| Arc::ptr_eq(&a, &b))
            });
            let own = if shared { made.clone() } else { infer_node(&node, &*op, facts)? };
            keep(&node, own, facts);
        }
        keep(&node, made, first);
        self.nodes.push(DraftNode { node, op });
        Ok(())
    }

    /// Folds and assembles the graph.
    pub fn finish(mut self) -> Graph {
        let others = self.facts.split_off(1);
        let mut facts = self.facts.pop().expect("at least one batch size is tried");
        for (name, fact) in &mut facts {
            let same = |other: &Facts| match (&fact.value, &other[name].value) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
                _ => false,
            };
            if !others.iter().all(same) {
                fact.value = None;
            }
        }
        self.drop_unused();
        self.assemble(&facts, others.first())
    }

    /// Drops nodes that no output depends on, such as those that only a branch not taken needed.
    fn drop_unused(&mut self) {
        let mut wanted: BTreeSet<String> = self.model.outputs.iter().map(|o| o.name.clone()).collect();
        let mut kept = Vec::with_capacity(self.nodes.len());
        for draft in std::mem::take(&mut self.nodes).into_iter().rev() {
            if draft.node.outputs.iter().any(|o| wanted.contains(o)) {
                wanted.extend(draft.node.inputs.iter().filter(|i| !i.is_empty()).cloned());
                kept.push(draft);
            }
        }
        kept.reverse();
        self.nodes = kept;
    }

    fn assemble(&self, facts: &Facts, doubled: Option<&Facts>) -> Graph {
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
            ids.insert(name, edges.push(Edge { name: name.clone(), fact: fact.clone(), batched }));
        }
        let edge = |name: &String| ids.get(name.as_str()).copied();
        let constant = |n: &&DraftNode| !n.node.outputs.iter().filter_map(edge).all(|e| edges[e].fact.value.is_some());
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

/// Enters what a node yields.
fn keep(node: &onnx::Node, made: Vec<Fact>, facts: &mut Facts) {
    for (name, fact) in node.outputs.iter().zip(made).filter(|(n, _)| !n.is_empty()) {
        facts.insert(name.clone(), fact);
    }
}

/// Facts of the outputs of one node of the graph.
fn infer_node(node: &onnx::Node, op: &dyn Operator, facts: &Facts) -> Result<Vec<Fact>> {
    if let Some(input) = node.inputs.iter().find(|i| !i.is_empty() && !facts.contains_key(*i)) {
        let message = format!("node `{}` reads `{input}`, which nothing before it produces", node.name);
        return Err(Diagnostic::error("M013", message).into());
    }
    Ok(infer_outputs(node, op, facts).map_err(|e| at_node(node, &e.to_string()))?)
}

/// Facts of the outputs of one node; its values too where all inputs are known.
pub fn infer_outputs(node: &onnx::Node, op: &dyn Operator, facts: &Facts) -> OpResult<Vec<Fact>> {
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
