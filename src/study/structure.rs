//! Structure-only runs: mapping, timing, energy and area of a network whose values nobody asks for.
//!
//! No data and no calibration are needed, formats have no meaning but their width and sign, and what the
//! floating-point network holds is dropped as soon as its codes exist.

use indexmap::IndexMap;

use crate::data::{Dataset, LabelSource};
use crate::graph::Graph;
use crate::onnx::Model;

/// Name of the fidelity in reports of runs without values.
pub const NO_VALUES: &str = "none";

/// The data of a run without values.
pub fn no_samples() -> Dataset {
    Dataset {
        inputs: IndexMap::new(),
        labels: None,
        classes: Vec::new(),
        label_source: LabelSource::None,
        label_agreement: None,
        about: "no values are run".into(),
        samples: 0,
        hash: NO_VALUES.into(),
    }
}

/// Drops the weights of a network: shapes, names and nodes stay.
pub fn forget(model: &mut Model, graph: &mut Graph) {
    model.initialisers = Vec::new();
    graph.edges.iter_mut().for_each(|e| e.fact.value = None);
}
