//! Type, shape and, where it is known, value of every edge for one sample.
//!
//! The batch of one sample is 1, so whatever was computed from the size of the batch (`x.view(x.size(0), -1)`)
//! is a constant here and no work. A network without a batch dimension, or an edge that has it elsewhere,
//! is simply a tensor of one call.

use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics};
use crate::graph::{Batch, EdgeId, Fact, Graph, Node, Reach, Value};
use crate::id::Id;

/// Operators that may say [`Reach::All`] and still keep the samples of a batch apart.
const SEPARATE: &[&str] = &[
    "Add",
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "BatchNormalization",
    "Clip",
    "Concat",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "Div",
    "Flatten",
    "Gather",
    "Gemm",
    "GlobalAveragePool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "GroupNormalization",
    "InstanceNormalization",
    "LRN",
    "LayerNormalization",
    "LogSoftmax",
    "LpPool",
    "MatMul",
    "MaxPool",
    "MaxUnpool",
    "Mul",
    "Pad",
    "ReduceL1",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Resize",
    "Shape",
    "Sigmoid",
    "Slice",
    "Softmax",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Sub",
    "Tanh",
    "TopK",
    "Transpose",
    "Unsqueeze",
    "Upsample",
];

/// Operators that change the shape and move nothing.
const SHAPE_ONLY: &[&str] = &["Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"];

/// Whether a node only changes the shape of its first input.
pub fn reshapes(node: &Node) -> bool {
    SHAPE_ONLY.contains(&node.op.name())
}

/// Finds out whether the fixed first dimension of a network is a batch: if some node mixes what stands along
/// it, it is not, and one run of the network is one call with all of it. The finding is a note (M065).
pub fn settle_batch(graph: &mut Graph) -> Diagnostics {
    let mut notes = Diagnostics::new();
    let Batch::Fixed(n) = graph.batch else { return notes };
    let mut mixing = Vec::new();
    sample_facts(graph, &mut mixing);
    if let Some(first) = mixing.first().filter(|_| n > 1) {
        let text = format!("the first dimension of the inputs, {n}, is not a batch: {first}");
        notes.push(Diagnostic::warning("M065", text).help("one sample is one call with all of it"));
        graph.batch = Batch::Absent;
        (0..graph.edges.len()).for_each(|e| graph.edges[EdgeId::new(e)].batched = false);
    }
    notes
}

/// The facts of all edges for one sample; nodes that cannot take one are named in `refused`.
pub fn sample_facts(graph: &Graph, refused: &mut Vec<String>) -> Vec<Fact> {
    let many = matches!(graph.batch, Batch::Fixed(n) if n > 1);
    let alone = |edge: EdgeId| {
        let mut fact = graph.edges[edge].fact.clone();
        if many && graph.edges[edge].batched {
            fact.shape[0] = 1;
        }
        fact
    };
    let mut facts: Vec<Fact> = (0..graph.edges.len()).map(|e| alone(EdgeId::new(e))).collect();
    for node in &graph.nodes {
        let inputs: Vec<Option<&Fact>> = node.inputs.iter().map(|e| e.map(|e| &facts[e.index()])).collect();
        let known: Option<Vec<Option<&Value>>> =
            inputs.iter().map(|f| f.map_or(Some(None), |f| f.value.as_deref().map(Some))).collect();
        let mut made = node.op.infer(&inputs).unwrap_or_default();
        if let Some(values) = known
            && let Ok(values) = node.op.eval(&values)
        {
            made = values.into_iter().map(|v| Fact::constant(Arc::new(v))).collect();
        }
        let mixes = many && inputs.first().is_some_and(Option::is_some) && {
            let apart = node.op.reach(&inputs) != Reach::All || SEPARATE.contains(&node.op.name());
            let batched = |edges: &[Option<EdgeId>]| edges.iter().flatten().any(|e| graph.edges[*e].batched);
            batched(&node.inputs) && !(apart && batched(&node.outputs))
        };
        for (i, edge) in node.outputs.iter().enumerate().filter_map(|(i, e)| Some((i, (*e)?))) {
            let wanted = &facts[edge.index()].shape;
            match made.get(i) {
                Some(fact) if fact.value.is_some() => facts[edge.index()].value.clone_from(&fact.value),
                Some(fact) if !mixes && fact.shape == *wanted => {}
                // a shape written for the whole batch; what it does to one sample is clear
                _ if reshapes(node) && graph.edges[edge].batched => {}
                _ => {
                    let name = node.op.name();
                    refused.push(format!(
                        "node `{}` ({name}): mixes what stands along the fixed first dimension",
                        node.name
                    ));
                }
            }
        }
    }
    facts
}
