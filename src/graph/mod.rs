//! The typed operator graph: shapes, element types, constant folding, and the float reference
//! executor.
//!
//! One operator is one file in [`ops`]; `ops/mod.rs` holds the table from ONNX names to operators.

mod attrs;
#[cfg(test)]
mod breadth_tests;
mod build;
mod control;
#[cfg(test)]
mod control_tests;
mod describe;
mod infer;
mod inline;
#[cfg(test)]
mod layer_tests;
mod links;
pub mod ops;
mod product;
mod run;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use attrs::Attrs;
pub use describe::describe;
pub use links::Links;
pub use ops::{OpError, OpResult, Operator, Reach};
pub use run::Inputs;
pub use value::{Fact, Value};

use crate::define_id;
use crate::id::IdVec;

define_id!(/// A value of the graph: an input, a constant, or what a node yields.
    EdgeId, "edge");

/// Sizes of named dimensions, as given by `--dim NAME=value`.
pub type Dims = BTreeMap<String, usize>;

/// A value of the graph.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Name in the ONNX file, or made up by a pass.
    pub name: String,
    /// Type and shape, for a batch of one where the batch is dynamic.
    pub fact: Fact,
    /// Whether the first dimension is the batch and no other depends on it.
    pub batched: bool,
}

/// A node: an operator with its edges.
#[derive(Debug, Clone)]
pub struct Node {
    /// Name in the ONNX file.
    pub name: String,
    /// What it computes.
    pub op: Arc<dyn Operator>,
    /// What it reads; `None` for absent optional inputs.
    pub inputs: Vec<Option<EdgeId>>,
    /// What it yields; `None` for unused optional outputs.
    pub outputs: Vec<Option<EdgeId>>,
}

/// How the samples of a data set meet the first dimension of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// Any number at once.
    Dynamic,
    /// Exactly so many at once.
    Fixed(usize),
    /// The inputs share no batch dimension; one run is one call.
    Absent,
}

/// The typed graph. Nodes stand in an order in which each finds its inputs ready.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Inputs in the order of the file.
    pub inputs: Vec<EdgeId>,
    /// Outputs in the order of the file.
    pub outputs: Vec<EdgeId>,
    /// All values.
    pub edges: IdVec<EdgeId, Edge>,
    /// Nodes in execution order; constant ones are folded away.
    pub nodes: Vec<Node>,
    /// The batch dimension.
    pub batch: Batch,
}

impl Node {
    /// The operator as a concrete type, if it is one.
    #[must_use]
    pub fn op<T: Operator>(&self) -> Option<&T> {
        let any: &dyn std::any::Any = &*self.op;
        any.downcast_ref()
    }
    /// The input at a position, if present.
    #[must_use]
    pub fn input(&self, position: usize) -> Option<EdgeId> {
        self.inputs.get(position).copied().flatten()
    }
    /// The first output. Every operator has one.
    #[must_use]
    pub fn output(&self) -> Option<EdgeId> {
        self.outputs.first().copied().flatten()
    }
}

impl Graph {
    /// The constant on an edge, if it is one.
    #[must_use]
    pub fn constant(&self, edge: EdgeId) -> Option<&Value> {
        self.edges[edge].fact.value.as_deref()
    }
    /// Positions in [`Self::nodes`] of the nodes that read an edge, once per reading. Looks at every node: a
    /// pass over a whole graph asks [`Links`].
    #[must_use]
    pub fn readers(&self, edge: EdgeId) -> Vec<usize> {
        let reads = |n: &Node| n.inputs.iter().filter(|i| **i == Some(edge)).count();
        self.nodes.iter().enumerate().flat_map(|(i, n)| std::iter::repeat_n(i, reads(n))).collect()
    }
    /// Position in [`Self::nodes`] of the node that yields an edge.
    #[must_use]
    pub fn producer(&self, edge: EdgeId) -> Option<usize> {
        self.nodes.iter().position(|n| n.outputs.contains(&Some(edge)))
    }
    /// Adds a constant edge.
    pub fn add_constant(&mut self, name: String, value: Value) -> EdgeId {
        self.add_shared(name, Arc::new(value))
    }
    /// Adds a constant edge whose value others may hold too.
    pub fn add_shared(&mut self, name: String, value: Arc<Value>) -> EdgeId {
        self.edges.push(Edge { name, fact: Fact::constant(value), batched: false })
    }
}
