//! The samples of a run: the file given, the file beside the model, or drawn ones.

use std::path::Path;

use indexmap::IndexMap;
use ndarray::{ArrayD, ArrayView2, Axis, IxDyn};

use super::RunOptions;
use crate::data::{Dataset, LabelSource, npz};
use crate::diag::{Diagnostic, Diagnostics, Result, nearest};
use crate::graph::{Batch, EdgeId, Graph};
use crate::rng::{Domain, Draw};

/// Samples drawn when there are no data.
const DRAWN_SAMPLES: usize = 64;

/// The samples of a run, checked against the inputs of `graph`.
///
/// # Errors
/// Whatever is wrong with the data file or its fit to the network.
pub fn load(options: &RunOptions, graph: &Graph, warnings: &mut Diagnostics) -> Result<Dataset> {
    let beside = options.model.with_extension("npz");
    let all = match &options.data {
        Some(path) => read(path, graph)?,
        None if beside.exists() => read(&beside, graph)?,
        None => {
            warnings.push(
                Diagnostic::warning("D030", format!("there is no data file `{}`: {DRAWN_SAMPLES} samples are drawn from a normal law (integer inputs: 0 or 1) and there is no accuracy", beside.display()))
                    .help("put an .npz with the network's inputs there, or give one with --data"),
            );
            drawn(graph, options.seed)
        }
    };
    Ok(match options.samples {
        Some(n) if n < all.samples => all.first(n),
        Some(n) if n > all.samples => {
            warnings.push(
                Diagnostic::warning(
                    "D031",
                    format!("--samples {n} asks for more than the {} samples of the data", all.samples),
                )
                .help("all samples are run"),
            );
            all
        }
        _ => all,
    })
}

/// Reads a data file and checks names and shapes against the inputs of `graph`.
///
/// # Errors
/// What is wrong with the file, or as [`fit`].
pub fn read(path: &Path, graph: &Graph) -> Result<Dataset> {
    let data = npz::load(path)?;
    fit(&data, &path.display().to_string(), graph)?;
    Ok(data)
}

/// Checks that `data` hold what `graph` takes; `name` is used in messages.
///
/// # Errors
/// `D032` for a missing input (nearest name), `D033` for a wrong shape, `D034` for labels beyond the outputs.
pub fn fit(data: &Dataset, name: &str, graph: &Graph) -> Result<()> {
    let mut problems = Diagnostics::new();
    for (input, shape) in input_shapes(graph) {
        let Some(array) = data.inputs.get(&input) else {
            let have: Vec<&str> = data.inputs.keys().map(String::as_str).collect();
            let meant = nearest(&input, have.iter().copied()).map_or(String::new(), |n| format!("; is it `{n}`?"));
            problems.push(
                Diagnostic::error("D032", format!("`{name}` has no array `{input}`, which the network takes"))
                    .help(format!("arrays in the file: {}{meant}", have.join(", "))),
            );
            continue;
        };
        let sample = array.shape().get(1..).unwrap_or_default();
        if sample != shape {
            problems.push(
                Diagnostic::error(
                    "D033",
                    format!(
                        "array `{input}` of `{name}` has samples of shape {sample:?} and the network takes {shape:?}"
                    ),
                )
                .help("the first axis counts the samples; the others must be the network's"),
            );
        }
    }
    let outputs = output_features(graph);
    if data.labels.is_some() && data.classes.len() > outputs {
        problems.push(
            Diagnostic::error(
                "D034",
                format!("`{name}` names {} classes and the network has {outputs} outputs", data.classes.len()),
            )
            .help("labels are indices of outputs; use the classes the network was trained with"),
        );
    }
    problems.into_result(())
}

/// Shape of one sample of a value.
fn sample_shape(graph: &Graph, edge: EdgeId) -> Vec<usize> {
    let shape = &graph.edges[edge].fact.shape;
    shape[usize::from(graph.batch != Batch::Absent).min(shape.len())..].to_vec()
}

/// Names and sample shapes of the network's inputs, in its order.
fn input_shapes(graph: &Graph) -> Vec<(String, Vec<usize>)> {
    graph.inputs.iter().map(|e| (graph.edges[*e].name.clone(), sample_shape(graph, *e))).collect()
}

/// Features of one sample of the first output.
fn output_features(graph: &Graph) -> usize {
    graph.outputs.first().map_or(0, |e| sample_shape(graph, *e).iter().product())
}

/// Every input as a matrix `[samples, features]`, in the network's order. Data that went through
/// [`fit`] have them all.
#[must_use]
pub fn matrices<'a>(data: &'a Dataset, graph: &Graph) -> Vec<ArrayView2<'a, f32>> {
    input_shapes(graph)
        .iter()
        .filter_map(|(name, shape)| {
            let features: usize = shape.iter().product();
            data.inputs.get(name)?.view().into_shape_with_order((data.samples, features)).ok()
        })
        .collect()
}

fn drawn(graph: &Graph, seed: u64) -> Dataset {
    let mut inputs = IndexMap::new();
    for (i, (name, shape)) in input_shapes(graph).into_iter().enumerate() {
        let mut full = vec![DRAWN_SAMPLES];
        full.extend(&shape);
        let mut array = ArrayD::<f32>::zeros(IxDyn(&full));
        let real = graph.edges[graph.inputs[i]].fact.dtype.is_float();
        for (sample, mut row) in array.axis_iter_mut(Axis(0)).enumerate() {
            for (k, v) in row.iter_mut().enumerate() {
                let draw =
                    Draw { seed, domain: Domain::Explore, element: ((i as u64) << 40) | k as u64, tick: sample as u64 };
                // 0 and 1 are numbers of a token, places in a table and masks in any network
                *v = if real { draw.normal(0) as f32 } else { f32::from(u8::from(draw.chance(0.5, 0))) };
            }
        }
        inputs.insert(name, array);
    }
    Dataset {
        inputs,
        labels: None,
        classes: Vec::new(),
        label_source: LabelSource::None,
        label_agreement: None,
        about: "drawn from a standard normal law".into(),
        samples: DRAWN_SAMPLES,
        hash: format!("drawn-{seed}"),
    }
}
