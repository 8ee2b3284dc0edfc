//! The samples of a run: the file given, the file beside the model, or drawn ones.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use ndarray::{ArrayD, ArrayView2, Axis, IxDyn};

use super::RunOptions;
use crate::data::{Dataset, LabelSource, npz};
use crate::diag::{Diagnostic, Diagnostics, Result, nearest};
use crate::graph::{Batch, EdgeId, Graph};
use crate::onnx::DType;
use crate::rng::{Domain, Draw};

/// Samples drawn when there are no data.
pub const DRAWN_SAMPLES: usize = 64;

/// The samples of a run, checked against the inputs of `graph`.
///
/// # Errors
/// Whatever is wrong with the data file or its fit to the network.
pub fn load(options: &RunOptions, graph: &Graph, warnings: &mut Diagnostics) -> Result<Dataset> {
    let beside = beside(&options.model);
    let found = beside.iter().find(|p| p.exists());
    let all = match (&options.data, options.drawn, found) {
        (_, Some(samples), _) => drawn(graph, options.seed, samples),
        (Some(path), None, _) | (None, None, Some(path)) => read(path, graph)?,
        (None, None, None) => {
            let beside = &beside[0];
            warnings.push(
                Diagnostic::warning("D030", format!("there is no data file `{}`: {DRAWN_SAMPLES} samples are drawn from a normal law and there is no accuracy", beside.display()))
                    .help("put an .npz with the network's inputs there, or give one with --data"),
            );
            drawn(graph, options.seed, DRAWN_SAMPLES)
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

/// Where the data of a model are looked for: `ecg_gru.npz`, then `ecg.npz`, beside `ecg_gru.onnx`. Networks for one
/// task so share one data file.
fn beside(model: &Path) -> Vec<PathBuf> {
    let task = model.file_stem().and_then(|s| s.to_str()).and_then(|s| s.rsplit_once('_')).map(|(task, _)| task);
    let shared = task.filter(|t| !t.is_empty()).map(|t| model.with_file_name(format!("{t}.npz")));
    std::iter::once(model.with_extension("npz")).chain(shared).collect()
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

/// Samples by address: standard normal numbers; for integer inputs every value of the type equally often, if
/// it has 8 bits or fewer, else 0 and 1, which are tokens, places in a table and masks in any network.
fn drawn(graph: &Graph, seed: u64, samples: usize) -> Dataset {
    let mut inputs = IndexMap::new();
    let types = graph.inputs.iter().map(|e| graph.edges[*e].fact.dtype);
    for (i, ((name, shape), dtype)) in input_shapes(graph).into_iter().zip(types).enumerate() {
        let mut full = vec![samples];
        full.extend(&shape);
        let mut array = ArrayD::<f32>::zeros(IxDyn(&full));
        let bounds = match dtype {
            DType::Bool => Some((0.0, 2.0)),
            DType::I8 => Some((-128.0, 256.0)),
            DType::U8 => Some((0.0, 256.0)),
            other if other.is_float() => None,
            _ => Some((0.0, 2.0)),
        };
        for (sample, mut row) in array.axis_iter_mut(Axis(0)).enumerate() {
            for (k, v) in row.iter_mut().enumerate() {
                let draw =
                    Draw { seed, domain: Domain::Explore, element: ((i as u64) << 40) | k as u64, tick: sample as u64 };
                *v = match bounds {
                    None => draw.normal(0) as f32,
                    Some((low, count)) => (low + (draw.uniform(0) * count).floor()) as f32,
                };
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
        samples,
        hash: format!("drawn-{seed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_one_task_share_their_data() {
        let of =
            |model: &str| -> Vec<String> { beside(Path::new(model)).iter().map(|p| p.display().to_string()).collect() };
        assert_eq!(of("w/ecg_gru.onnx"), ["w/ecg_gru.npz", "w/ecg.npz"]);
        assert_eq!(of("breast_cancer.onnx"), ["breast_cancer.npz", "breast.npz"]);
        assert_eq!(of("w/ecg.onnx"), ["w/ecg.npz"]);
        assert_eq!(of("_x.onnx"), ["_x.npz"]);
    }
}
