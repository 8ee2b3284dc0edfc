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

/// What one run of the codec yields: outputs, the input of its last quantisation, and the scale of that.
struct Codec {
    outputs: Vec<ArrayD<f32>>,
    last: ArrayD<f32>,
    scale: f32,
}

/// How far one run of the codec is from another.
struct Apart {
    /// Positions of the same class, of each output.
    same: Vec<usize>,
    /// Largest difference of each output over what it may be if every number of the last quantised tensor is one step
    /// off.
    share: Vec<f32>,
    /// Largest margin in the other run between its class and that of the first, over what one step allows between
    /// the two, at positions of different classes.
    margin: Vec<f32>,
    /// Largest difference of a number of the last quantised tensor in its steps, and the root of the mean square.
    steps: (f32, f32),
}

impl Apart {
    fn of(mine: &Codec, other: &Codec, allowed: &[ArrayD<f32>]) -> Self {
        let mut apart = Self { same: vec![], share: vec![], margin: vec![], steps: (0.0, 0.0) };
        for ((a, b), allowed) in mine.outputs.iter().zip(&other.outputs).zip(allowed) {
            assert_eq!(a.shape(), b.shape());
            let n = allowed.shape()[0];
            let best = |row: &[f32]| (0..n).fold(0, |best, c| if row[c] > row[best] { c } else { best });
            let rows = |a: &'_ ArrayD<f32>| a.as_slice().expect("standard layout").to_vec();
            let (a, b) = (rows(a), rows(b));
            let (mut same, mut share, mut margin) = (0, 0.0f32, 0.0f32);
            for (a, b) in a.chunks(n).zip(b.chunks(n)) {
                let (i, j) = (best(a), best(b));
                same += usize::from(i == j);
                if i != j {
                    margin = margin.max((b[j] - b[i]) / allowed[[i, j]]);
                }
                share = (0..n).fold(share, |m, c| m.max((a[c] - b[c]).abs() / allowed[[c, c]]));
            }
            apart.same.push(same);
            apart.share.push(share);
            apart.margin.push(margin);
        }
        let code = |run: &Codec, v: f32| (v / run.scale).round_ties_even() * run.scale / other.scale;
        let steps = mine.last.iter().zip(&other.last).map(|(a, b)| (code(mine, *a) - code(other, *b)).abs());
        let (most, squares) = steps.fold((0.0f32, 0.0f32), |(most, sum), d| (most.max(d), sum + d * d));
        apart.steps = (most, (squares / mine.last.len() as f32).sqrt());
        apart
    }
}

/// Seventeen layers in a row measure the range of their input and round by it, so that the last bit of a sum decides
/// over steps of 1/255 of the range: onnxruntime differs from itself in the same way between its optimisation levels
/// and, more, for an input one part in 10^7 larger. Every output stays within what one step in every number of the last
/// quantised tensor allows, and the class is another only where the margin is below that.
#[test]
fn quantised_ecg_codec_differs_from_onnxruntime_by_less_than_a_step() {
    const NAME: &str = "ecg_codec_int8";
    let Some(folder) = folder("ARCHSIM_REAL_MODELS", NAME) else { return };
    let model = onnx::read(&folder.join(format!("{NAME}.onnx")), &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
    let (inputs, wanted) =
        (arrays(&folder.join(format!("{NAME}.inputs.npz"))), arrays(&folder.join(format!("{NAME}.self.npz"))));
    let mut graph = graph(&model, &inputs);
    let names: Vec<String> = graph.outputs.iter().map(|o| graph.edges[*o].name.clone()).collect();
    let last = graph.nodes.iter().rfind(|n| n.op.name() == "DynamicQuantizeLinear").expect("one at least");
    let inner = [last.inputs[0].expect("an input"), last.outputs[1].expect("a scale")];
    graph.outputs.extend(inner);
    let made = graph.run_once(inputs.values().cloned().map(Value::Real).collect()).unwrap_or_else(|e| panic!("{e}"));
    let mut made: Vec<ArrayD<f32>> = made.iter().map(|v| v.as_real().expect("real").clone()).collect();
    let scale = made.pop().expect("the scale").sum();
    let last = made.pop().expect("the input of the last quantisation");
    let ours = Codec { outputs: made, last, scale };
    let theirs = |case: &str| Codec {
        outputs: names.iter().map(|n| wanted[&format!("{case}/{n}")].clone()).collect(),
        last: wanted[&format!("{case}/last")].clone(),
        scale: wanted[&format!("{case}/scale")].sum(),
    };
    let allowed: Vec<ArrayD<f32>> = names.iter().map(|n| wanted[&format!("allowed/{n}")].clone()).collect();
    let shipped = theirs("as_shipped");
    let apart = Apart::of(&ours, &shipped, &allowed);
    let itself = ["extended", "basic", "disabled", "input_1e-7_larger"]
        .map(|case| (case.replace('_', " "), Apart::of(&theirs(case), &shipped, &allowed)));
    let all = ours.outputs[0].len() / allowed[0].shape()[0];
    for (o, output) in names.iter().enumerate() {
        let own: Vec<String> =
            itself.iter().map(|(case, a)| format!("{case} {} ({:.3})", a.same[o], a.share[o])).collect();
        println!(
            "{NAME}: {output} has the same class at {} of {all} positions, largest difference {:.3} of what one step allows, largest margin of another class {:.3} of it; onnxruntime against itself: {}",
            apart.same[o],
            apart.share[o],
            apart.margin[o],
            own.join(", ")
        );
    }
    let steps = |a: &Apart| format!("{:.2} ({:.3} rms)", a.steps.0, a.steps.1);
    let own: Vec<String> = itself.iter().map(|(case, a)| format!("{case} {}", steps(a))).collect();
    println!(
        "{NAME}: a number of the last quantised tensor differs by at most {} steps; onnxruntime's own: {}",
        steps(&apart),
        own.join(", ")
    );
    for (o, output) in names.iter().enumerate() {
        assert!(apart.same[o] * 100 >= all * 98, "{output}: the same class at only {} of {all}", apart.same[o]);
        assert!(apart.share[o] < 1.0, "{output}: more than a step apart");
        assert!(apart.margin[o] < 1.0, "{output}: another class although the margin is larger than a step");
    }
    assert!(apart.steps.1 < 1.0, "numbers are {} steps apart in the root mean square", apart.steps.1);
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
