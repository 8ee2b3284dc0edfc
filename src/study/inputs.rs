//! The samples of a run: the file given, the file beside the model, or drawn ones.

use std::path::Path;

use indexmap::IndexMap;
use ndarray::{ArrayD, Axis, IxDyn};

use super::RunOptions;
use crate::data::{self, Dataset, LabelSource};
use crate::diag::{Diagnostic, Diagnostics, Result, nearest};
use crate::graph::Graph;
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
                Diagnostic::warning("D030", format!("there is no data file `{}`: {DRAWN_SAMPLES} samples are drawn from a normal law and there is no accuracy", beside.display()))
                    .help("put an .npz with the network's inputs there, or give one with --data"),
            );
            drawn(graph, options.seed)
        }
    };
    Ok(match options.samples {
        Some(n) if n < all.samples => all.first(n),
        Some(n) if n > all.samples => {
            warnings.push(Diagnostic::warning("D031", format!("--samples {n} asks for more than the {} samples of the data", all.samples)).help("all samples are run"));
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
    let data = data::load(path)?;
    fit(&data, &path.display().to_string(), graph)?;
    Ok(data)
}

/// Checks that `data` hold what `graph` takes; `name` is used in messages.
///
/// # Errors
/// `D032` for a missing input (nearest name), `D033` for a wrong shape, `D034` for labels beyond the outputs.
pub fn fit(data: &Dataset, name: &str, graph: &Graph) -> Result<()> {
    let mut problems = Diagnostics::new();
    for (input, shape) in graph.input_shapes() {
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
                    format!("array `{input}` of `{name}` has samples of shape {sample:?} and the network takes {shape:?}"),
                )
                .help("the first axis counts the samples; the others must be the network's"),
            );
        }
    }
    let outputs = graph.output_features();
    if data.labels.is_some() && data.classes.len() > outputs {
        problems.push(
            Diagnostic::error("D034", format!("`{name}` names {} classes and the network has {outputs} outputs", data.classes.len()))
                .help("labels are indices of outputs; use the classes the network was trained with"),
        );
    }
    problems.into_result(())
}

fn drawn(graph: &Graph, seed: u64) -> Dataset {
    let mut inputs = IndexMap::new();
    for (i, (name, shape)) in graph.input_shapes().into_iter().enumerate() {
        let mut full = vec![DRAWN_SAMPLES];
        full.extend(&shape);
        let mut array = ArrayD::<f32>::zeros(IxDyn(&full));
        for (sample, mut row) in array.axis_iter_mut(Axis(0)).enumerate() {
            for (k, v) in row.iter_mut().enumerate() {
                let draw = Draw { seed, domain: Domain::Explore, element: ((i as u64) << 40) | k as u64, tick: sample as u64 };
                *v = draw.normal(0) as f32;
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
