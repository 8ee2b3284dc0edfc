//! The networks that come with data reach the float accuracy their pages state.

use std::path::Path;

use archsim::data::npz;
use archsim::graph::Graph;
use archsim::onnx::{Limits, read};
use archsim::report::argmax;

/// Right answers of the float reference on a data file, and their share with the four digits of the pages.
fn share(model: &str, data: &str) -> (usize, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads");
    let model = read(&folder.join(model), &Limits::default()).expect("shipped network");
    let graph = Graph::build(&model, &Default::default()).expect("typed");
    let data = npz::load(&folder.join(data)).expect("shipped data");
    let outputs = graph.run(&data.inputs).expect("the data fit the network");
    let labels = data.labels.as_ref().expect("labelled");
    let right = outputs["logits"]
        .outer_iter()
        .enumerate()
        .filter(|(i, row)| labels.accepts(*i, argmax(&row.iter().copied().collect::<Vec<_>>())))
        .count();
    (right, format!("{:.4}", right as f64 / data.samples as f64))
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads").join(name);
    std::fs::read_to_string(path).expect("page")
}

#[test]
fn pages_state_what_the_float_reference_reaches() {
    // hits counted with onnxruntime 1.31.1 on the same files
    for (model, data, text, hits) in [
        ("breast_cancer.onnx", "breast_cancer.npz", "breast_cancer.md", 225),
        ("mnist_mlp.onnx", "mnist.npz", "mnist.md", 482),
        ("mnist_cnn.onnx", "mnist.npz", "mnist.md", 499),
    ] {
        let (right, share) = share(model, data);
        assert_eq!(right, hits, "{model}");
        assert!(page(text).contains(&share), "{text} does not state {share}");
    }
}
