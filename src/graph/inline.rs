//! Puts the body of a function, branch or loop in the place of the node that calls it.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::onnx::{Attribute, Body, Function, Model, Node, Tensor};

/// Most nodes that functions and unrolled loops may make together. Assumed: a hundred times the nodes of
/// ResNet-152; a hostile file of a few kilobytes could ask for more than any memory holds.
const MAX_NODES: usize = 1 << 16;

/// Most functions that call each other in a chain. Assumed: exporters nest modules some ten deep.
const MAX_DEPTH: usize = 64;

/// The operator set of nodes made here: the last in which `Unsqueeze` takes its axes as an attribute.
pub const MADE_OPSET: i64 = 11;

/// Hands out names that nothing else has, and counts what is inlined.
pub struct Names {
    taken: BTreeSet<String>,
    nodes: usize,
}

impl Names {
    /// Knows all names of a model, those inside of attributes too.
    pub fn of(model: &Model) -> Self {
        let mut taken = BTreeSet::new();
        taken.extend(model.inputs.iter().chain(&model.outputs).map(|v| v.name.clone()));
        collect(&model.nodes, &model.initialisers, &mut taken);
        Self { taken, nodes: 0 }
    }

    /// `wanted`, or that with a number behind where it is taken.
    pub fn fresh(&mut self, wanted: String) -> String {
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }

    /// Counts nodes that are added.
    pub fn add(&mut self, nodes: usize, who: &str) -> Result<()> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("inlining `{who}` brings the network to more than {MAX_NODES} nodes");
        Err(Diagnostic::error("M024", message).help("export the network with fewer repetitions of loops").into())
    }
}

fn collect(nodes: &[Node], tensors: &[Tensor], taken: &mut BTreeSet<String>) {
    taken.extend(tensors.iter().map(|t| t.name.clone()));
    for node in nodes {
        taken.extend(node.inputs.iter().chain(&node.outputs).cloned());
        for body in bodies(node) {
            taken.extend(body.inputs.iter().chain(&body.outputs).cloned());
            collect(&body.nodes, &body.initialisers, taken);
        }
    }
}

/// Graphs in the attributes of a node.
pub fn bodies(node: &Node) -> impl Iterator<Item = &Body> {
    node.attributes.iter().filter_map(|(_, a)| if let Attribute::Graph(b) = a { Some(&**b) } else { None })
}

fn bodies_mut(node: &mut Node) -> impl Iterator<Item = &mut Body> {
    node.attributes.iter_mut().filter_map(|(_, a)| if let Attribute::Graph(b) = a { Some(&mut **b) } else { None })
}

/// Names that a body makes itself.
fn bound(body: &Body) -> BTreeSet<&str> {
    let made = body.nodes.iter().flat_map(|n| &n.outputs);
    body.inputs.iter().chain(made).chain(body.initialisers.iter().map(|t| &t.name)).map(String::as_str).collect()
}

/// Names that a body reads from the graph around it, in order and once each.
pub fn free(body: &Body) -> Vec<String> {
    let own = bound(body);
    let mut seen = BTreeSet::new();
    let inner = |n: &Node| bodies(n).flat_map(free).collect::<Vec<_>>();
    let read = body.nodes.iter().flat_map(|n| n.inputs.iter().cloned().chain(inner(n)));
    let read = read.chain(body.outputs.iter().cloned());
    read.filter(|name| !name.is_empty() && !own.contains(name.as_str()) && seen.insert(name.clone())).collect()
}

/// Names that the bodies of a node read from the graph around it, in order and once each.
pub fn outside(node: &Node) -> Vec<String> {
    let mut seen = BTreeSet::new();
    bodies(node).flat_map(free).filter(|name| seen.insert(name.clone())).collect()
}

/// Renames what a node reads, inside of its attributes too.
fn rename(node: &mut Node, scope: &BTreeMap<String, String>) {
    for input in &mut node.inputs {
        if let Some(name) = scope.get(input.as_str()) {
            input.clone_from(name);
        }
    }
    for body in bodies_mut(node) {
        let own: BTreeSet<String> = bound(body).into_iter().map(String::from).collect();
        let inner: BTreeMap<_, _> =
            scope.iter().filter(|(k, _)| !own.contains(*k)).map(|(k, v)| (k.clone(), v.clone())).collect();
        for node in &mut body.nodes {
            rename(node, &inner);
        }
        for output in &mut body.outputs {
            if let Some(name) = inner.get(output.as_str()) {
                output.clone_from(name);
            }
        }
    }
}

/// A node that this module makes.
pub fn made(op: &str, name: &str, inputs: Vec<String>, output: String, attributes: Vec<(String, Attribute)>) -> Node {
    Node {
        name: name.into(),
        op_type: op.into(),
        domain: String::new(),
        overload: String::new(),
        opset: MADE_OPSET,
        inputs,
        outputs: vec![output],
        attributes,
    }
}

/// A body in the place of `who`: inputs get the names `inputs`, outputs the names `outputs` (empty ones are not
/// wanted), everything else a name of its own behind `who/`. Names that are empty in `inputs` stay absent.
pub fn splice(
    body: &Body,
    who: &str,
    inputs: &[String],
    outputs: &[String],
    names: &mut Names,
) -> Result<(Vec<Node>, Vec<Tensor>)> {
    names.add(body.nodes.len() + outputs.len(), who)?;
    let mut scope: BTreeMap<String, String> = BTreeMap::new();
    for (i, inner) in body.inputs.iter().enumerate() {
        scope.insert(inner.clone(), inputs.get(i).cloned().unwrap_or_default());
    }
    let produced: BTreeSet<&str> = body.nodes.iter().flat_map(|n| &n.outputs).map(String::as_str).collect();
    let mut copies = Vec::new();
    for (inner, outer) in body.outputs.iter().zip(outputs).filter(|(_, o)| !o.is_empty()) {
        if produced.contains(inner.as_str()) && !scope.contains_key(inner) {
            scope.insert(inner.clone(), outer.clone());
        } else {
            copies.push((inner, outer));
        }
    }
    for inner in produced.iter().copied().chain(body.initialisers.iter().map(|t| t.name.as_str())) {
        if !inner.is_empty() && !scope.contains_key(inner) {
            let name = names.fresh(format!("{who}/{inner}"));
            scope.insert(inner.into(), name);
        }
    }
    let mut nodes = body.nodes.clone();
    for node in &mut nodes {
        node.name = format!("{who}/{}", node.name);
        rename(node, &scope);
        for output in &mut node.outputs {
            if let Some(name) = scope.get(output.as_str()) {
                output.clone_from(name);
            }
        }
    }
    for (inner, outer) in copies {
        let from = scope.get(inner).unwrap_or(inner).clone();
        nodes.push(made("Identity", &format!("{who}/{inner}"), vec![from], outer.clone(), vec![]));
    }
    let own = |t: &Tensor| Tensor { name: scope.get(&t.name).unwrap_or(&t.name).clone(), ..t.clone() };
    Ok((nodes, body.initialisers.iter().map(own).collect()))
}

/// Replaces references to attributes of the call.
fn bind(nodes: &mut [Node], given: &[(String, Attribute)]) {
    for node in nodes {
        let bound = std::mem::take(&mut node.attributes).into_iter().filter_map(|(name, value)| match value {
            Attribute::Reference(of) => given.iter().find(|(n, _)| *n == of).map(|(_, v)| (name, v.clone())),
            value => Some((name, value)),
        });
        node.attributes = bound.collect();
        for body in bodies_mut(node) {
            bind(&mut body.nodes, given);
        }
    }
}

/// The model with every call of one of its own functions replaced by the nodes of the function.
///
/// # Errors
/// M022 and M024.
pub fn functions(model: &Model) -> Result<Model> {
    let mut names = Names::of(model);
    let mut out = model.clone();
    let mut tensors = Vec::new();
    out.nodes = calls(std::mem::take(&mut out.nodes), &model.functions, 0, &mut names, &mut tensors)?;
    out.initialisers.extend(tensors);
    Ok(out)
}

fn calls(
    nodes: Vec<Node>,
    functions: &[Function],
    depth: usize,
    names: &mut Names,
    tensors: &mut Vec<Tensor>,
) -> Result<Vec<Node>> {
    let mut out = Vec::with_capacity(nodes.len());
    for mut node in nodes {
        for body in bodies_mut(&mut node) {
            let inner = std::mem::take(&mut body.nodes);
            body.nodes = calls(inner, functions, depth, names, &mut body.initialisers)?;
        }
        let called = |f: &&Function| (&f.key.0, &f.key.1, &f.key.2) == (&node.domain, &node.op_type, &node.overload);
        let Some(function) = functions.iter().find(called) else {
            out.push(node);
            continue;
        };
        let wrong = |why: String| {
            let message = format!("node `{}` calls the function `{}`, {why}", node.name, node.op_type);
            Diagnostics::from(Diagnostic::error("M022", message).help("export the network without functions"))
        };
        if depth == MAX_DEPTH {
            return Err(wrong(format!("the last of {MAX_DEPTH} calls within each other")));
        }
        let body = &function.body;
        if node.inputs.len() > body.inputs.len() || node.outputs.len() > body.outputs.len() {
            return Err(wrong(format!("which has {} inputs and {} outputs", body.inputs.len(), body.outputs.len())));
        }
        let stray = free(body);
        if let Some(name) = stray.first() {
            return Err(wrong(format!("which reads `{name}`, that nothing in it produces")));
        }
        let (mut inner, made) = splice(body, &node.name, &node.inputs, &node.outputs, names)?;
        let mut given = node.attributes.clone();
        given.extend(function.defaults.iter().filter(|(n, _)| !node.attributes.iter().any(|(m, _)| m == n)).cloned());
        bind(&mut inner, &given);
        tensors.extend(made);
        out.extend(calls(inner, functions, depth + 1, names, tensors)?);
    }
    Ok(out)
}
