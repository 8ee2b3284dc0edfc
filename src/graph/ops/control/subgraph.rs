//! The body of a branch or loop, interpreted node by node.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{OpError, OpResult, Operator, make};
use crate::graph::infer::{Facts, infer_outputs};
use crate::graph::inline::free;
use crate::graph::{Fact, Value};
use crate::onnx::{Body, Node};

/// A body with its operators.
#[derive(Debug, Clone)]
pub struct Subgraph {
    /// Names of its own inputs.
    pub inputs: Vec<String>,
    /// Names that it reads from around it.
    pub outside: Vec<String>,
    /// Names of its outputs.
    pub outputs: Vec<String>,
    constants: BTreeMap<String, Arc<Value>>,
    nodes: Vec<(Node, Arc<dyn Operator>)>,
}

fn at(node: &Node, e: &OpError) -> OpError {
    OpError::new(format!("inside, node `{}` ({}): {e}", node.name, node.op_type))
}

impl Subgraph {
    /// Makes the operators of a body.
    ///
    /// # Errors
    /// When one is not supported or wrong.
    pub fn new(body: &Body) -> OpResult<Self> {
        let mut constants = BTreeMap::new();
        for t in &body.initialisers {
            constants.insert(t.name.clone(), Arc::new(Value::from_tensor(t)?));
        }
        let op = |n: &Node| make(n).map(|op| (n.clone(), op.into())).map_err(|e| at(n, &e));
        let nodes = body.nodes.iter().map(op).collect::<OpResult<Vec<_>>>()?;
        Ok(Self { inputs: body.inputs.clone(), outside: free(body), outputs: body.outputs.clone(), constants, nodes })
    }

    /// Facts of the outputs and lane operations, given the facts of all that it reads by name.
    ///
    /// # Errors
    /// When the inputs do not fit.
    pub fn infer(&self, mut facts: Facts) -> OpResult<(Vec<Fact>, u64)> {
        let mut work = 0u64;
        facts.extend(self.constants.iter().map(|(n, v)| (n.clone(), Fact::constant(Arc::clone(v)))));
        for (node, op) in &self.nodes {
            let made = infer_outputs(node, &**op, &facts).map_err(|e| at(node, &e))?;
            let inputs: Vec<Option<&Fact>> = node.inputs.iter().map(|i| facts.get(i)).collect();
            work = work.saturating_add(op.lane_ops(&inputs, &made));
            facts.extend(node.outputs.iter().cloned().zip(made).filter(|(n, _)| !n.is_empty()));
        }
        let missing = |o: &String| OpError::new(format!("inside, nothing produces `{o}`"));
        let outputs = self.outputs.iter().map(|o| facts.get(o).cloned().ok_or_else(|| missing(o)));
        Ok((outputs.collect::<OpResult<_>>()?, work))
    }

    /// Values of the outputs, given all that it reads by name.
    ///
    /// # Errors
    /// When the inputs do not fit.
    pub fn eval<'a>(&'a self, mut values: BTreeMap<&'a str, Cow<'a, Value>>) -> OpResult<Vec<Value>> {
        values.extend(self.constants.iter().map(|(n, v)| (n.as_str(), Cow::Borrowed(&**v))));
        for (node, op) in &self.nodes {
            let missing = |i: &String| at(node, &OpError::new(format!("nothing produces `{i}`")));
            let find = |i: &String| match values.get(i.as_str()) {
                _ if i.is_empty() => Ok(None),
                Some(value) => Ok(Some(&**value)),
                None => Err(missing(i)),
            };
            let inputs = node.inputs.iter().map(find).collect::<OpResult<Vec<_>>>()?;
            let made = op.eval(&inputs).map_err(|e| at(node, &e))?;
            values.extend(node.outputs.iter().map(String::as_str).zip(made.into_iter().map(Cow::Owned)));
        }
        let missing = |o: &String| OpError::new(format!("inside, nothing produces `{o}`"));
        let output = |o: &String| values.get(o.as_str()).map(|v| v.clone().into_owned()).ok_or_else(|| missing(o));
        self.outputs.iter().map(output).collect()
    }
}

/// Pairs names with what stands at the positions of a list from `from` on.
pub(super) fn named<'a, T>(names: &'a [String], list: &[Option<&'a T>], from: usize) -> Vec<(&'a str, &'a T)> {
    let given = list.iter().skip(from);
    names.iter().zip(given).filter_map(|(n, v)| Some((n.as_str(), (*v)?))).collect()
}
