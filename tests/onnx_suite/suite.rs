//! Runs the models of the ONNX backend test suite through the float reference and counts.
//!
//! Every model stands in a folder with `model.onnx` and `test_data_set_N/{input,output}_M.pb`. Where a shape depends on
//! an input (many models of single operators feed the shape of a `Reshape` at run time), the inputs are bound as
//! constants, and the model counts as bound.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use archsim::graph::{Dims, Graph, Value, ops};
use archsim::onnx::{self, DType, Limits, Model, Tensor, bf16_to_f32, f16_to_f32, f32_to_bf16, f32_to_f16};

/// Operators that must be there, beside those that are in the operator tables.
const LISTED: &str = "Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool \
    BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Compress Concat \
    Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear Div Dropout \
    DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu \
    Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish \
    Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log \
    LogSoftmax Loop LpPool MatMul MatMulInteger Max MaxPool Mean Min Mish Mod Mul Neg NonZero Not OneHot Or PRelu Pad \
    Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum \
    ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize \
    ReverseSequence RotaryEmbedding Round Scan Scatter ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin \
    Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh ThresholdedRelu \
    Tile TopK Transpose Trilu Unsqueeze Upsample Where Xor";

/// Relative tolerance of the ONNX backend test runner.
const RELATIVE: f64 = 1e-3;
/// Absolute tolerance of the ONNX backend test runner.
const ABSOLUTE: f64 = 1e-7;

/// What became of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All outputs of all data sets agree.
    Passed,
    /// It is on the list and does not pass.
    Failed(String),
    /// It needs an operator or an element type that is not on the list.
    Refused(String),
}

/// One model.
#[derive(Debug, Clone)]
pub struct Case {
    /// Folder and name, `node/test_abs`.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether its inputs had to be bound as constants.
    pub bound: bool,
}

/// Counts over some models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All models.
    pub total: usize,
    /// Those whose operators and element types are all on the list.
    pub listed: usize,
    /// Those that pass; all of them are on the list.
    pub passed: usize,
    /// Those of them whose inputs were bound as constants.
    pub bound: usize,
}

impl Tally {
    /// Counts.
    pub fn of(cases: &[Case]) -> Self {
        let passed = |c: &&Case| c.outcome == Outcome::Passed;
        Self {
            total: cases.len(),
            listed: cases.iter().filter(|c| !matches!(c.outcome, Outcome::Refused(_))).count(),
            passed: cases.iter().filter(passed).count(),
            bound: cases.iter().filter(passed).filter(|c| c.bound).count(),
        }
    }
    /// The line that says it all; `xtask verify` reads it.
    pub fn line(&self, folder: &str) -> String {
        let share = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
        let Self { total, listed, passed, bound } = *self;
        format!(
            "onnx-suite {folder}: on the list {listed}, passed {passed} ({:.2} %); overall {passed} of {total} ({:.2} %); \
             inputs bound as constants {bound}",
            share(passed, listed),
            share(passed, total)
        )
    }
}

/// The folder `onnx/backend/test/data`: where the variable says, or where `tests/fetch_onnx_suite.sh` puts it.
pub fn root() -> Option<PathBuf> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnx-suite/onnx/backend/test/data");
    let root = std::env::var_os("ARCHSIM_ONNX_SUITE").map_or(fetched, PathBuf::from);
    root.is_dir().then_some(root)
}

/// Runs all models of a folder of the suite, in the order of their names.
pub fn run(root: &Path, folder: &str) -> Vec<Case> {
    entries(&root.join(folder), "test_")
        .into_iter()
        .map(|path| {
            let mut bound = false;
            let outcome = catch_unwind(AssertUnwindSafe(|| model(&path, &mut bound)))
                .unwrap_or_else(|_| Outcome::Failed("panics".into()));
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Case { name: format!("{folder}/{name}"), outcome, bound }
        })
        .collect()
}

/// What stands in a folder under names with a prefix, sorted.
fn entries(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(list) = std::fs::read_dir(folder) else { return vec![] };
    let fits = |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(prefix));
    let mut paths: Vec<PathBuf> = list.flatten().map(|e| e.path()).filter(fits).collect();
    paths.sort();
    paths
}

/// Runs one model on all its data sets.
fn model(folder: &Path, bound: &mut bool) -> Outcome {
    let model = match onnx::read(&folder.join("model.onnx"), &Limits::default()) {
        Ok(model) => model,
        Err(found) => {
            let why = found.iter().next().map_or(String::new(), |d| plain(&d.message, folder));
            let out_of_scope = found.iter().any(|d| d.code == "M008" || d.message.contains("no version of the ONNX"));
            return if out_of_scope { Outcome::Refused(why) } else { Outcome::Failed(why) };
        }
    };
    let listed = |op: &str| LISTED.split_whitespace().any(|l| l == op) || ops::find(op).is_some();
    let mut strange: Vec<&str> = model.nodes.iter().map(|n| n.op_type.as_str()).filter(|op| !listed(op)).collect();
    strange.extend(model.nodes.iter().map(|n| n.domain.as_str()).filter(|d| !d.is_empty()));
    strange.sort_unstable();
    strange.dedup();
    if !strange.is_empty() {
        return Outcome::Refused(format!("needs {}", strange.join(", ")));
    }
    let sets = entries(folder, "test_data_set_");
    if sets.is_empty() {
        return Outcome::Failed("has no data".into());
    }
    for set in sets {
        if let Err(why) = data_set(&model, &set, bound) {
            return Outcome::Failed(plain(&why, folder));
        }
    }
    Outcome::Passed
}

/// A message in one line and without the folder of the suite.
fn plain(message: &str, folder: &Path) -> String {
    let message = message.replace(&format!("{}/", folder.display()), "");
    message.lines().take(3).map(str::trim).collect::<Vec<_>>().join(" ").replace('\t', " ")
}

/// Runs one data set and compares.
fn data_set(model: &Model, folder: &Path, bound: &mut bool) -> Result<(), String> {
    let tensors = |prefix: &str| -> Result<Vec<Tensor>, String> {
        let mut paths = entries(folder, prefix);
        // input_10 comes after input_9
        paths.sort_by_key(|p| p.as_os_str().len());
        paths.iter().map(|p| onnx::read_tensor(p, &Limits::default()).map_err(|e| e.to_string())).collect()
    };
    let mut inputs = tensors("input_")?;
    for (tensor, info) in inputs.iter_mut().zip(&model.inputs) {
        tensor.name.clone_from(&info.name);
    }
    let made = match call(model, &inputs) {
        Ok(made) => made,
        Err(_) => {
            *bound = true;
            let mut fixed = model.clone();
            inputs.into_iter().for_each(|t| drop(fixed.bind(t)));
            call(&fixed, &[]).map_err(|e| e.to_string())?
        }
    };
    let wanted = tensors("output_")?;
    if made.len() != wanted.len() {
        return Err(format!("yields {} outputs, not {}", made.len(), wanted.len()));
    }
    made.iter().zip(&wanted).enumerate().try_for_each(|(i, (a, b))| same(a, b).map_err(|e| format!("output {i} {e}")))
}

fn call(model: &Model, inputs: &[Tensor]) -> archsim::diag::Result<Vec<Value>> {
    let graph = Graph::build(model, &Dims::new())?;
    let value = |t| Value::from_tensor(t).expect("the reader has checked the number of elements");
    graph.call(&inputs.iter().map(|t| (t.name.as_str(), value(t))).collect::<Vec<_>>())
}

/// Compares within the tolerance of the suite: NaN equals NaN, integers are exact. A result of a 16-bit type is rounded
/// to it first, since the reference computes in `f32` throughout.
fn same(made: &Value, wanted: &Tensor) -> Result<(), String> {
    if made.shape() != wanted.shape {
        return Err(format!("has shape {:?}, not {:?}", made.shape(), wanted.shape));
    }
    let expected = Value::from_tensor(wanted).map_err(|e| e.to_string())?;
    match (made, &expected) {
        (Value::Real(a), Value::Real(b)) => {
            let round: fn(f32) -> f32 = match wanted.dtype {
                DType::F16 => |v| f16_to_f32(f32_to_f16(v)),
                DType::BF16 => |v| bf16_to_f32(f32_to_bf16(v)),
                _ => |v| v,
            };
            let close = |a: f32, b: f32| {
                let near = (f64::from(a) - f64::from(b)).abs() <= ABSOLUTE + RELATIVE * f64::from(b).abs();
                a == b || (a.is_nan() && b.is_nan()) || near
            };
            let wrong = a.iter().map(|v| round(*v)).zip(b).enumerate().find(|(_, (a, b))| !close(*a, **b));
            wrong.map_or(Ok(()), |(i, (a, b))| Err(format!("element {i} is {a}, not {b}")))
        }
        (Value::Int(t, _), Value::Int(u, _)) if t != u => Err(format!("is {t}, not {u}")),
        (Value::Int(_, a), Value::Int(_, b)) => {
            let wrong = a.iter().zip(b).enumerate().find(|(_, (a, b))| a != b);
            wrong.map_or(Ok(()), |(i, (a, b))| Err(format!("element {i} is {a}, not {b}")))
        }
        _ => Err(format!("is not {}", wanted.dtype)),
    }
}
