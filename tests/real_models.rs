//! Networks that people use, against onnxruntime.
//!
//! `benches/peers/onnxruntime_models.py FOLDER` fetches three and runs them; `ARCHSIM_REAL_MODELS` names the folder.
//! The light models of the ONNX project (weights made by nodes, outputs stored beside them) come with its suite, in
//! `ARCHSIM_ONNX_SUITE`; its runner feeds them the numbers 0, 1/n, 2/n, … of an input of n elements.

use std::path::{Path, PathBuf};

use archsim::graph::{Dims, Graph, Inputs, Value};
use archsim::onnx::{self, Dim, Limits, Model};
use ndarray::{ArrayD, IxDyn};

fn folder(variable: &str, what: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        println!("SKIPPED: {what}, {variable} is not set");
    }
    found
}

fn arrays(path: &Path) -> Inputs {
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut archive = ndarray_npy::NpzReader::new(file).expect("an npz file");
    let names = archive.names().expect("names");
    let array = |n: String| {
        let array: ArrayD<f32> = archive.by_name(&n).expect("an array of float32");
        (n, array.as_standard_layout().into_owned())
    };
    names.into_iter().map(array).collect()
}

/// The model with every dimension that has no size bound to that of the data.
fn graph(model: &Model, inputs: &Inputs) -> Graph {
    let mut dims = Dims::new();
    for input in &model.inputs {
        for (axis, dim) in input.dims.iter().flatten().enumerate() {
            let size = inputs[&input.name].shape()[axis];
            match dim {
                Dim::Fixed(_) => {}
                Dim::Symbol(s) => drop(dims.insert(s.clone(), size)),
                Dim::Unknown => drop(dims.insert(format!("{}.{axis}", input.name), size)),
            }
        }
    }
    Graph::build(model, &dims).unwrap_or_else(|e| panic!("{e}"))
}

/// Name of an output, what we make of it, what onnxruntime makes of it.
type Pair = (String, ArrayD<f32>, ArrayD<f32>);

/// What we and onnxruntime make of one of the three, output by output.
fn pairs(name: &str) -> Option<Vec<Pair>> {
    let folder = folder("ARCHSIM_REAL_MODELS", name)?;
    let model = onnx::read(&folder.join(format!("{name}.onnx")), &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    let (inputs, mut wanted) =
        (arrays(&folder.join(format!("{name}.inputs.npz"))), arrays(&folder.join(format!("{name}.outputs.npz"))));
    let made = graph(&model, &inputs).run(&inputs).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(made.len(), wanted.len());
    let mut pair = |(n, a): (String, ArrayD<f32>)| {
        let b = wanted.swap_remove(&n).expect("an output of that name");
        assert_eq!(a.shape(), b.shape(), "{name}: {n}");
        (n, a, b)
    };
    Some(made.into_iter().map(&mut pair).collect())
}

/// Largest difference, relative to `floor` plus the magnitude.
fn worst(a: &ArrayD<f32>, b: &ArrayD<f32>, floor: f32) -> f32 {
    let one = |(a, b): (&f32, &f32)| if a == b { 0.0 } else { (a - b).abs() / (floor + b.abs()) };
    a.iter().zip(b).map(one).fold(0.0, |m, e| if e.is_nan() { f32::INFINITY } else { m.max(e) })
}

#[test]
fn speech_detector_and_text_angle_agree_with_onnxruntime() {
    for name in ["silero_vad", "ppocr_angle"] {
        for (output, ours, theirs) in pairs(name).into_iter().flatten() {
            let error = worst(&ours, &theirs, 1.0);
            println!("{name}: {output} differs by {error:e}");
            assert!(error < 1e-4, "{name}: {output} differs by {error}");
        }
    }
}

/// Seventeen layers in a row measure the range of their input and round by it, so that the last bit of a sum decides
/// over steps of 1/255: onnxruntime with and without its own optimisations chooses the same class at 98.2 % to 99.9 %
/// of the positions of this input, and so it does for an input scaled by 1 + 1e-6.
#[test]
fn quantised_ecg_codec_chooses_the_classes_of_onnxruntime() {
    for (output, ours, theirs) in pairs("ecg_codec_int8").into_iter().flatten() {
        let classes = *theirs.shape().last().expect("classes");
        let choices = |a: &ArrayD<f32>| -> Vec<usize> {
            let rows = a.as_slice().expect("standard layout").chunks(classes);
            rows.map(|r| (0..classes).fold(0, |best, c| if r[c] > r[best] { c } else { best })).collect()
        };
        let (ours, theirs) = (choices(&ours), choices(&theirs));
        let same = ours.iter().zip(&theirs).filter(|(a, b)| a == b).count();
        println!("ecg_codec_int8: {output} has the same class at {same} of {} positions", ours.len());
        assert!(same * 100 >= ours.len() * 98, "{output}: the same class at only {same} of {}", ours.len());
    }
}

#[test]
fn light_models_yield_their_stored_outputs() {
    let Some(suite) = folder("ARCHSIM_ONNX_SUITE", "light models") else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(suite.join("light"))
        .expect("a folder `light`")
        .map(|e| e.expect("readable").path())
        .collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "onnx"));
    files.sort();
    assert_eq!(files.len(), 9, "{files:?}");
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let model = onnx::read(&file, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
        let graph = Graph::build(&model, &Dims::new()).unwrap_or_else(|e| panic!("{e}"));
        let shape = graph.edges[graph.inputs[0]].fact.shape.clone();
        let n: usize = shape.iter().product();
        // the quotient of double precision is rounded once, as numpy does
        let values = (0..n).map(|i| (i as f64 / n as f64) as f32).collect();
        let input = ArrayD::from_shape_vec(IxDyn(&shape), values).expect("fits");
        let ours = graph.run_once(vec![Value::Real(input)]).unwrap_or_else(|e| panic!("{e}")).remove(0);
        let stored = onnx::read_tensor(&file.with_file_name(format!("{name}_output_0.pb")), &Limits::default());
        let stored = Value::from_tensor(&stored.unwrap_or_else(|e| panic!("{e}"))).expect("a tensor");
        assert_eq!(ours.shape(), stored.shape(), "{name}");
        let error = worst(ours.as_real().expect("real"), stored.as_real().expect("real"), 0.0);
        println!("{name} differs by {error:e}");
        assert!(error < 1e-3, "{name} differs by {error}");
    }
}
