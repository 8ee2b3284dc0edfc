//! Branches and loops: what does not depend on the data is taken out of the network when it is read, so that
//! nothing behind this stage meets a branch or a loop.
//!
//! An `If` whose condition is known becomes its branch; a `Loop` becomes one copy of its body after another, as
//! long as trip count and condition are known; a `Scan` becomes a copy for each slice. What is known may come
//! from shapes, so the nodes before have been inferred when a node is expanded here.

use std::sync::Arc;

use super::infer::Facts;
use super::inline::{Names, bodies, made, outside, splice};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::onnx::{Attribute, Body, DType, Data, Node, Tensor};

/// A node, or the rest of a loop.
pub enum Work {
    /// A node.
    Node(Node),
    /// A loop of which some iterations stand already.
    Rest(Loop),
}

/// What a node becomes.
pub enum Expansion {
    /// Itself: the choice is made at run time.
    Stays,
    /// Other nodes, with constants.
    Becomes(Vec<Work>, Vec<Tensor>),
}

/// Whether this stage has to look at a node.
pub fn is_control(node: &Node) -> bool {
    node.domain.is_empty() && matches!(node.op_type.as_str(), "If" | "Loop" | "Scan")
}

/// Number of inputs that a node has apart from the names that its bodies read from around it.
fn own_inputs(node: &Node) -> usize {
    match node.op_type.as_str() {
        "If" => 1,
        _ => bodies(node).next().map_or(0, |b| b.inputs.len()),
    }
}

/// Lists the names that bodies read from the graph around them as further inputs of their nodes, so that whoever
/// orders nodes or drops unused ones sees them.
pub fn close(nodes: &mut [Node]) {
    for node in nodes.iter_mut().filter(|n| is_control(n)) {
        for (_, attribute) in &mut node.attributes {
            if let Attribute::Graph(body) = attribute {
                close(&mut body.nodes);
            }
        }
        let outside = outside(node);
        node.inputs.resize(own_inputs(node), String::new());
        node.inputs.extend(outside);
    }
}

/// The body in an attribute.
fn body<'a>(node: &'a Node, name: &str) -> Result<&'a Body> {
    let found = node.attributes.iter().find(|(n, _)| n == name);
    match found {
        Some((_, Attribute::Graph(body))) => Ok(body),
        _ => Err(wrong(node, &format!("has no graph in the attribute `{name}`"))),
    }
}

fn wrong(node: &Node, why: &str) -> Diagnostics {
    super::build::at_node(node, why).into()
}

fn undecided(node: &Node, why: &str) -> Diagnostics {
    let message = format!("node `{}` ({}): {why}", node.name, node.op_type);
    Diagnostic::error("M023", message)
        .help("bind dimensions with `--dim`, or export the network without the loop")
        .into()
}

/// The single number that a name stands for, where it is the same for every batch.
fn known(name: &str, facts: &[Facts]) -> Option<i64> {
    let one = |f: &Facts| f.get(name)?.value.as_deref()?.scalar("a condition").ok();
    let first = one(facts.first()?)?;
    facts.iter().all(|f| one(f) == Some(first)).then_some(first as i64)
}

/// Expands a control node.
///
/// # Errors
/// M016 when it is wrong, M023 when it cannot be unrolled, M024 when it is too large.
pub fn expand(node: &Node, facts: &[Facts], names: &mut Names) -> Result<Expansion> {
    match node.op_type.as_str() {
        "If" => {
            let (yes, no) = (body(node, "then_branch")?, body(node, "else_branch")?);
            let condition = node.inputs.first().map_or("", String::as_str);
            let Some(condition) = known(condition, facts) else { return Ok(Expansion::Stays) };
            let branch = if condition == 0 { no } else { yes };
            let (nodes, tensors) = splice(branch, &node.name, &[], &node.outputs, names)?;
            Ok(Expansion::Becomes(nodes.into_iter().map(Work::Node).collect(), tensors))
        }
        "Loop" => {
            let states = body(node, "body")?.inputs.len().checked_sub(2);
            let states = states.ok_or_else(|| wrong(node, "its body has fewer than two inputs"))?;
            let scans = (body(node, "body")?.outputs.len().checked_sub(1 + states))
                .ok_or_else(|| wrong(node, "its body yields fewer values than it carries"))?;
            let start = Loop {
                condition: node.inputs.get(1).cloned().unwrap_or_default(),
                carried: node.inputs.iter().skip(2).take(states).cloned().collect(),
                collected: vec![vec![]; scans],
                iteration: 0,
                node: Arc::new(node.clone()),
            };
            start.step(facts, names)
        }
        _ => scan(node, facts, names),
    }
}

/// A loop of which some iterations stand already.
#[derive(Clone)]
pub struct Loop {
    node: Arc<Node>,
    /// The iteration that comes next.
    iteration: usize,
    /// Name of the condition; none is always true.
    condition: String,
    /// Names of the values that it carries on.
    carried: Vec<String>,
    /// Names of what each scan output collected.
    collected: Vec<Vec<String>>,
}

impl Loop {
    /// Adds an iteration, or ends.
    ///
    /// # Errors
    /// As [`expand`].
    pub fn step(mut self, facts: &[Facts], names: &mut Names) -> Result<Expansion> {
        let node = Arc::clone(&self.node);
        let number = |name: &String| if name.is_empty() { Some(i64::MAX) } else { known(name, facts) };
        let (trips, goes) = (node.inputs.first().map_or(Some(i64::MAX), number), number(&self.condition));
        let (Some(trips), Some(goes)) = (trips, goes) else {
            if self.iteration == 0 {
                return Ok(Expansion::Stays);
            }
            return Err(undecided(&node, "whether it goes on depends on the values of the inputs"));
        };
        if goes == 0 || self.iteration as i64 >= trips {
            return self.end(names).map(|work| Expansion::Becomes(work, vec![]));
        }
        let body = body(&node, "body")?;
        let who = format!("{}/{}", node.name, self.iteration);
        let mut fresh = |what: &str| names.fresh(format!("{who}/{what}"));
        let (counter, truth) = (fresh("iteration"), fresh("condition"));
        let outputs: Vec<String> = body.outputs.iter().map(|o| fresh(o)).collect();
        let mut inputs = vec![counter.clone(), truth.clone()];
        inputs.append(&mut self.carried);
        let (nodes, mut tensors) = splice(body, &who, &inputs, &outputs, names)?;
        let mut work: Vec<Work> = nodes.into_iter().map(Work::Node).collect();
        tensors.push(scalar(counter, DType::I64, self.iteration as i64));
        tensors.push(scalar(truth, DType::Bool, 1));
        let states = inputs.len() - 2;
        self.condition.clone_from(&outputs[0]);
        self.carried = outputs[1..=states].to_vec();
        for (list, output) in self.collected.iter_mut().zip(&outputs[1 + states..]) {
            let slice = names.fresh(format!("{output}/slice"));
            let axes = vec![("axes".into(), Attribute::Ints(vec![0]))];
            work.push(Work::Node(made("Unsqueeze", &slice, vec![output.clone()], slice.clone(), axes)));
            list.push(slice);
        }
        self.iteration += 1;
        work.push(Work::Rest(self));
        Ok(Expansion::Becomes(work, tensors))
    }

    /// The outputs, after the last iteration.
    fn end(self, names: &mut Names) -> Result<Vec<Work>> {
        let node = &self.node;
        names.add(node.outputs.len(), &node.name)?;
        let mut work = Vec::new();
        let (last, scans) = node.outputs.split_at(self.carried.len().min(node.outputs.len()));
        for (from, to) in self.carried.iter().zip(last).filter(|(_, to)| !to.is_empty()) {
            work.push(Work::Node(made("Identity", &node.name, vec![from.clone()], to.clone(), vec![])));
        }
        for (slices, to) in self.collected.into_iter().zip(scans).filter(|(_, to)| !to.is_empty()) {
            work.push(Work::Node(join(node, slices, to, 0)?));
        }
        Ok(work)
    }
}

/// Slices put together along an axis.
fn join(node: &Node, slices: Vec<String>, to: &str, axis: i64) -> Result<Node> {
    if slices.is_empty() {
        return Err(undecided(node, &format!("it runs not once, so the shape of `{to}` is unknown")));
    }
    Ok(made("Concat", &node.name, slices, to.into(), vec![("axis".into(), Attribute::Int(axis))]))
}

fn scalar(name: String, dtype: DType, value: i64) -> Tensor {
    Tensor { name, dtype, shape: vec![], data: Data::I64(vec![value]) }
}

/// The list of `count` integers in an attribute; zeros where there is none.
fn ints(node: &Node, name: &str, count: usize) -> Result<Vec<i64>> {
    match node.attributes.iter().find(|(n, _)| n == name) {
        None => Ok(vec![0; count]),
        Some((_, Attribute::Ints(list))) if list.len() == count => Ok(list.clone()),
        Some(_) => Err(wrong(node, &format!("attribute `{name}` must be {count} integers"))),
    }
}

/// A `Scan` of operator set 9 or later, slice by slice.
fn scan(node: &Node, facts: &[Facts], names: &mut Names) -> Result<Expansion> {
    let wrong = |why: &str| wrong(node, why);
    if node.opset < 9 {
        return Err(wrong("is supported since operator set 9"));
    }
    let body = body(node, "body")?;
    let count = node.attributes.iter().find(|(n, _)| n == "num_scan_inputs");
    let Some((_, Attribute::Int(count))) = count else { return Err(wrong("has no attribute `num_scan_inputs`")) };
    let split =
        usize::try_from(*count).ok().filter(|c| *c > 0).and_then(|c| Some((body.inputs.len().checked_sub(c)?, c)));
    let (states, count) = split.ok_or_else(|| wrong("`num_scan_inputs` does not fit its body"))?;
    let collects = body.outputs.len().checked_sub(states);
    let collects = collects.ok_or_else(|| wrong("its body yields fewer values than it carries"))?;
    let (axes, backward) = (ints(node, "scan_input_axes", count)?, ints(node, "scan_input_directions", count)?);
    let (out_axes, out_backward) =
        (ints(node, "scan_output_axes", collects)?, ints(node, "scan_output_directions", collects)?);
    let mut steps = None;
    for (name, axis) in node.inputs[states..states + count].iter().zip(&axes) {
        for facts in facts {
            let shape = facts.get(name).map(|f| f.shape.as_slice()).ok_or_else(|| wrong("an input is missing"))?;
            let at = super::ops::axis(*axis, shape.len()).map_err(|e| wrong(&e.to_string()))?;
            if steps.replace(shape[at]).is_some_and(|n| n != shape[at]) {
                return Err(undecided(node, "its inputs differ in length, or the length depends on the batch"));
            }
        }
    }
    let mut carried = node.inputs[..states].to_vec();
    let mut collected = vec![vec![]; collects];
    let (mut work, mut tensors) = (Vec::new(), Vec::new());
    let steps = steps.unwrap_or(0);
    for step in 0..steps {
        let who = format!("{}/{step}", node.name);
        let mut inputs = std::mem::take(&mut carried);
        for (i, name) in node.inputs[states..states + count].iter().enumerate() {
            let (index, slice) = (names.fresh(format!("{who}/index")), names.fresh(format!("{who}/{name}")));
            let at = if backward[i] == 0 { step } else { steps - 1 - step };
            tensors.push(scalar(index.clone(), DType::I64, at as i64));
            let axis = vec![("axis".into(), Attribute::Int(axes[i]))];
            work.push(Work::Node(made("Gather", &slice, vec![name.clone(), index], slice.clone(), axis)));
            inputs.push(slice);
        }
        let outputs: Vec<String> = body.outputs.iter().map(|o| names.fresh(format!("{who}/{o}"))).collect();
        names.add(count + collects, &node.name)?;
        let (nodes, more) = splice(body, &who, &inputs, &outputs, names)?;
        work.extend(nodes.into_iter().map(Work::Node));
        tensors.extend(more);
        carried = outputs[..states].to_vec();
        for (i, output) in outputs[states..].iter().enumerate() {
            let slice = names.fresh(format!("{output}/slice"));
            let axis = vec![("axes".into(), Attribute::Ints(vec![out_axes[i]]))];
            work.push(Work::Node(made("Unsqueeze", &slice, vec![output.clone()], slice.clone(), axis)));
            let at = if out_backward[i] == 0 { collected[i].len() } else { 0 };
            collected[i].insert(at, slice);
        }
    }
    for (i, to) in node.outputs.iter().enumerate().filter(|(_, to)| !to.is_empty()) {
        work.push(Work::Node(match i.checked_sub(states) {
            None => made("Identity", &node.name, vec![carried[i].clone()], to.clone(), vec![]),
            Some(k) if k < collects => join(node, std::mem::take(&mut collected[k]), to, out_axes[k])?,
            Some(_) => return Err(wrong("has more outputs than its body")),
        }));
    }
    Ok(Expansion::Becomes(work, tensors))
}
