//! From the raw model to the typed graph.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::DiGraph;

use super::control::{self, Expansion, Loop, Work};
use super::infer::Draft;
use super::inline::{self, Names};
use super::{Batch, Dims, Fact, Graph, Operator, Value, ops};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::onnx::{Dim, Model, Node, Tensor};

impl Graph {
    /// Types a model: operators, shapes, constants. Named dimensions other than the batch come from
    /// `dims`; the batch (an unbound first dimension of the inputs) stays free.
    ///
    /// # Errors
    /// M012 to M017 and M022 to M024, all that are found.
    pub fn build(model: &Model, dims: &Dims) -> Result<Self> {
        Self::typed(model, dims).map_err(|found| located(model, found))
    }

    fn typed(model: &Model, dims: &Dims) -> Result<Self> {
        let mut model = inline::functions(model)?;
        control::close(&mut model.nodes);
        let model = &model;
        let mut found = Diagnostics::new();
        unsupported(&model.file, &model.nodes, &mut found);
        let producers = wiring(model, &mut found);
        if found.has_errors() {
            return Err(found);
        }
        let order = order(model, &producers)?;
        let (shapes, batch) = input_shapes(model, dims, &mut found);
        let mut constants = BTreeMap::new();
        for t in &model.initialisers {
            match constant(t) {
                Ok(fact) => drop(constants.insert(t.name.clone(), fact)),
                Err(wrong) => found.extend(wrong),
            }
        }
        let nodes = needed(model, &producers, &order).into_iter().cloned().map(Work::Node).collect();
        let mut waiting = prepared(nodes, &mut found);
        if found.has_errors() {
            return Err(found);
        }
        let mut names = Names::of(model);
        let mut draft = Draft::new(model, &shapes, constants, batch)?;
        while let Some(next) = waiting.pop() {
            let expansion = match next {
                Ready::Operator(node, op) => {
                    draft.add(node, op)?;
                    continue;
                }
                Ready::Control(node) => match control::expand(&node, draft.facts(), &mut names)? {
                    Expansion::Stays => {
                        let op = operator(&node)?;
                        draft.add(node, op)?;
                        continue;
                    }
                    expansion => expansion,
                },
                Ready::Rest(rest) => rest.step(draft.facts(), &mut names)?,
            };
            if let Expansion::Becomes(work, tensors) = expansion {
                for t in tensors {
                    draft.add_constant(&t.name, &constant(&t)?);
                }
                let plain = |w: &Work| if let Work::Node(n) = w { Some(n.clone()) } else { None };
                unsupported(&model.file, &work.iter().filter_map(plain).collect::<Vec<_>>(), &mut found);
                let ready = prepared(work, &mut found);
                if found.has_errors() {
                    return Err(found);
                }
                waiting.extend(ready);
            }
        }
        Ok(draft.finish())
    }
}

/// A tensor of the file, with the element type that it has there.
fn constant(t: &Tensor) -> Result<Fact> {
    let value = Value::from_tensor(t).map_err(|e| Diagnostic::error("M009", format!("tensor `{}`: {e}", t.name)))?;
    Ok(Fact { dtype: t.dtype, ..Fact::constant(Arc::new(value)) })
}

/// What is to be inferred next.
enum Ready {
    /// A node with its operator.
    Operator(Node, Arc<dyn Operator>),
    /// A branch or loop.
    Control(Node),
    /// The rest of a loop.
    Rest(Loop),
}

/// Makes the operators of nodes; the first comes last, to be taken off the end. Reports what is wrong with any.
fn prepared(work: Vec<Work>, found: &mut Diagnostics) -> Vec<Ready> {
    let mut ready = Vec::with_capacity(work.len());
    for work in work {
        match work {
            Work::Rest(rest) => ready.push(Ready::Rest(rest)),
            Work::Node(node) if control::is_control(&node) => ready.push(Ready::Control(node)),
            Work::Node(node) => match operator(&node) {
                Ok(op) => ready.push(Ready::Operator(node, op)),
                Err(wrong) => found.extend(wrong),
            },
        }
    }
    ready.reverse();
    ready
}

/// The operator of a node.
fn operator(node: &Node) -> Result<Arc<dyn Operator>> {
    ops::make(node).map(Into::into).map_err(|e| at_node(node, &e.to_string()).into())
}

/// Adds the file where a message does not name it, and how to mend it where that is always the same.
fn located(model: &Model, found: Diagnostics) -> Diagnostics {
    let mut all = Diagnostics::new();
    for mut d in found {
        if !d.message.starts_with(&model.file) {
            d.message = format!("{}: {}", model.file, d.message);
        }
        let usual = match d.code {
            "M013" | "M014" | "M015" => "no exporter writes such a graph; export the network again",
            "M016" => "change the layer where the network was made and export it again",
            _ => "export the network again",
        };
        d.help.get_or_insert_with(|| usual.into());
        all.push(d);
    }
    all
}

/// An error at a node.
pub fn at_node(node: &Node, why: &str) -> Diagnostic {
    Diagnostic::error("M016", format!("node `{}` ({}): {why}", node.name, node.op_type))
}

/// Reports all nodes whose operator is not in the table, in one message.
fn unsupported(file: &str, nodes: &[Node], found: &mut Diagnostics) {
    let unknown = |n: &&Node| !n.domain.is_empty() || ops::find(&n.op_type).is_none();
    let list: Vec<String> = nodes
        .iter()
        .filter(unknown)
        .map(|n| {
            let domain = if n.domain.is_empty() { "ai.onnx" } else { &n.domain };
            format!("  {} of domain {domain} at node `{}`", n.op_type, n.name)
        })
        .collect();
    if !list.is_empty() {
        let message =
            format!("{}: operators that are not supported at {} node(s):\n{}", file, list.len(), list.join("\n"));
        let mut names: Vec<&str> = ops::all().map(|(n, _)| n).collect();
        names.sort_unstable();
        let help = format!("supported are {}", names.join(", "));
        found.push(Diagnostic::error("M012", message).help(help));
    }
}

/// Who produces each name: `None` for inputs and constants. Reports names produced twice or never.
fn wiring<'a>(model: &'a Model, found: &mut Diagnostics) -> BTreeMap<&'a str, Option<usize>> {
    let mut producers: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    let who = |p: Option<usize>| p.map_or("an input or tensor".into(), |i| format!("node `{}`", model.nodes[i].name));
    let outside = model.inputs.iter().map(|i| &i.name).chain(model.initialisers.iter().map(|t| &t.name));
    let inside = model.nodes.iter().enumerate().flat_map(|(i, n)| n.outputs.iter().map(move |o| (o, Some(i))));
    for (name, by) in outside.map(|n| (n, None)).chain(inside.filter(|(o, _)| !o.is_empty())) {
        if let Some(first) = producers.insert(name, by) {
            let message = format!("value `{name}` is produced by {} and again by {}", who(first), who(by));
            found.push(Diagnostic::error("M014", message));
        }
    }
    for node in &model.nodes {
        for input in node.inputs.iter().filter(|i| !i.is_empty() && !producers.contains_key(i.as_str())) {
            let near = crate::diag::nearest(input, producers.keys().copied());
            let mut d =
                Diagnostic::error("M013", format!("node `{}` reads `{input}`, which nothing produces", node.name));
            if let Some(near) = near {
                d = d.help(format!("is `{near}` meant?"));
            }
            found.push(d);
        }
    }
    for output in model.outputs.iter().filter(|o| !producers.contains_key(o.name.as_str())) {
        found.push(Diagnostic::error("M013", format!("output `{}` of the graph is never produced", output.name)));
    }
    if model.outputs.is_empty() {
        found.push(Diagnostic::error("M013", format!("{}: the graph has no output", model.file)));
    }
    producers
}

/// An order in which every node finds its inputs: that of the file where it is one.
fn order(model: &Model, producers: &BTreeMap<&str, Option<usize>>) -> Result<Vec<usize>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(model.nodes.len(), model.nodes.len());
    let ids: Vec<_> = model.nodes.iter().map(|_| graph.add_node(())).collect();
    let mut in_order = true;
    for (i, node) in model.nodes.iter().enumerate() {
        for input in &node.inputs {
            if let Some(Some(p)) = producers.get(input.as_str()) {
                graph.add_edge(ids[*p], ids[i], ());
                in_order &= *p < i;
            }
        }
    }
    if in_order {
        return Ok((0..model.nodes.len()).collect());
    }
    if let Ok(sorted) = toposort(&graph, None) {
        return Ok(sorted.into_iter().map(petgraph::graph::NodeIndex::index).collect());
    }
    let mut found = Diagnostics::new();
    for component in tarjan_scc(&graph) {
        let own_loop = component.len() == 1 && graph.contains_edge(component[0], component[0]);
        if component.len() > 1 || own_loop {
            let mut members: Vec<usize> = component.into_iter().map(petgraph::graph::NodeIndex::index).collect();
            members.sort_unstable();
            let names: Vec<String> = members.iter().map(|i| format!("`{}`", model.nodes[*i].name)).collect();
            found
                .push(Diagnostic::error("M015", format!("nodes wait for each other in a cycle: {}", names.join(", "))));
        }
    }
    Err(found)
}

/// Nodes that some output depends on, in order.
fn needed<'a>(model: &'a Model, producers: &BTreeMap<&str, Option<usize>>, order: &[usize]) -> Vec<&'a Node> {
    let mut wanted: BTreeSet<&str> = model.outputs.iter().map(|o| o.name.as_str()).collect();
    let mut keep = vec![false; model.nodes.len()];
    for i in order.iter().rev() {
        let node = &model.nodes[*i];
        if node.outputs.iter().any(|o| wanted.contains(o.as_str()) && producers.get(o.as_str()) == Some(&Some(*i))) {
            keep[*i] = true;
            wanted.extend(node.inputs.iter().map(String::as_str));
        }
    }
    order.iter().filter(|i| keep[**i]).map(|i| &model.nodes[*i]).collect()
}

/// One dimension of an input before the batch is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A number.
    Fixed(usize),
    /// The batch.
    Batch,
}

/// Names that `--dim` can bind: those of the file, and `input.axis` where there is none.
fn dimension_names(model: &Model) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for input in &model.inputs {
        for (axis, dim) in input.dims.iter().flatten().enumerate() {
            match dim {
                Dim::Fixed(_) => {}
                Dim::Symbol(s) => drop(names.insert(s.clone())),
                Dim::Unknown => drop(names.insert(format!("{}.{axis}", input.name))),
            }
        }
    }
    names
}

/// Reports a dimension that would be the batch although not every input starts with it: its samples could not be
/// taken apart, as those of a sequence that a state goes along with.
fn one_batch(model: &Model, shapes: &[Vec<Extent>], found: &mut Diagnostics) {
    let starts = |s: &Vec<Extent>| s.first() == Some(&Extent::Batch) && !s[1..].contains(&Extent::Batch);
    let odd = model.inputs.iter().zip(shapes).find(|(_, s)| !s.is_empty() && !starts(s));
    let leader = model.inputs.iter().zip(shapes).find(|(_, s)| s.first() == Some(&Extent::Batch));
    if let (Some((odd, _)), Some((leader, _))) = (odd, leader) {
        let name = match leader.dims.as_deref().and_then(<[Dim]>::first) {
            Some(Dim::Symbol(s)) => s.clone(),
            _ => format!("{}.0", leader.name),
        };
        let message = format!(
            "dimension `{name}` of input `{}` has no size, and cannot count samples, since input `{}` does not start \
             with it",
            leader.name, odd.name
        );
        found.push(Diagnostic::error("M017", message).help(format!("give `--dim {name}=value`")));
    }
}

/// Shapes of the inputs, and how they carry the batch.
fn input_shapes(model: &Model, dims: &Dims, found: &mut Diagnostics) -> (Vec<Vec<Extent>>, Batch) {
    let mut batch_names: BTreeSet<&str> = BTreeSet::new();
    let mut free = false;
    for input in &model.inputs {
        match input.dims.as_deref().and_then(<[Dim]>::first) {
            Some(Dim::Symbol(s)) if !dims.contains_key(s) => drop(batch_names.insert(s)),
            Some(Dim::Unknown) if !dims.contains_key(&format!("{}.0", input.name)) => free = true,
            _ => {}
        }
    }
    let mut shapes = Vec::new();
    let names = dimension_names(model);
    for given in dims.keys().filter(|d| !names.contains(*d)) {
        let have = match names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "none: leave the flag out".to_string(),
            list => list,
        };
        let message = format!("`--dim {given}`: no input has a dimension of that name without a size");
        found.push(Diagnostic::error("M017", message).help(format!("dimensions without a size: {have}")));
    }
    for input in &model.inputs {
        let Some(list) = &input.dims else {
            let message = format!("input `{}` has no shape", input.name);
            found.push(Diagnostic::error("M017", message).help("export the model with the shapes of its inputs"));
            continue;
        };
        let mut shape = Vec::with_capacity(list.len());
        for (axis, dim) in list.iter().enumerate() {
            let key = match dim {
                Dim::Fixed(n) => {
                    shape.push(Extent::Fixed(*n));
                    continue;
                }
                Dim::Symbol(s) => s.clone(),
                Dim::Unknown => format!("{}.{axis}", input.name),
            };
            match dims.get(&key) {
                Some(0) => {
                    let message = format!("dimension `{key}` cannot be 0");
                    found.push(Diagnostic::error("M017", message).help(format!("give `--dim {key}=value`")));
                }
                Some(n) => shape.push(Extent::Fixed(*n)),
                None if axis == 0 || batch_names.contains(key.as_str()) => shape.push(Extent::Batch),
                None => {
                    let message = format!("dimension `{key}` of input `{}` has no size", input.name);
                    found.push(Diagnostic::error("M017", message).help(format!("give `--dim {key}=value`")));
                }
            }
        }
        shapes.push(shape);
    }
    let first: Vec<Option<&Extent>> = shapes.iter().map(|s| s.first()).collect();
    let batch = match first.first() {
        _ if free || !batch_names.is_empty() => Batch::Dynamic,
        Some(Some(Extent::Fixed(n))) if first.iter().all(|f| *f == Some(&Extent::Fixed(*n))) => Batch::Fixed(*n),
        _ => Batch::Absent,
    };
    if batch == Batch::Dynamic && !found.has_errors() {
        one_batch(model, &shapes, found);
    }
    (shapes, batch)
}
