//! Operators against values computed by hand, and the graph as a whole.

use indexmap::IndexMap;
use ndarray::{ArrayD, IxDyn};

use super::{Batch, Dims, Graph, Inputs, Value, describe};
use crate::diag::Diagnostics;
use crate::onnx::testing::{Attrs, Builder, code_of};

fn array(shape: &[usize], values: &[f32]) -> ArrayD<f32> {
    ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).expect("shape fits")
}

/// A one-node model: float inputs, then float constants, then integer lists as constants.
pub(super) struct Case<'a> {
    op: &'a str,
    opset: i64,
    inputs: &'a [(&'a [usize], &'a [f32])],
    lists: &'a [&'a [i64]],
    attrs: fn(Attrs) -> Attrs,
}

impl Case<'_> {
    fn build(&self) -> Result<Graph, Diagnostics> {
        let mut b = Builder::new(self.opset);
        let mut names = vec![];
        for (i, (shape, _)) in self.inputs.iter().enumerate() {
            names.push(format!("x{i}"));
            let dims: Vec<String> = shape.iter().map(ToString::to_string).collect();
            b = b.input(&names[i], &dims.iter().map(String::as_str).collect::<Vec<_>>());
        }
        for (i, list) in self.lists.iter().enumerate() {
            names.push(format!("l{i}"));
            b = b.ints(&format!("l{i}"), list);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Graph::build(&b.node(self.op, &names, &["y"], self.attrs).output("y", &[]).model(), &Dims::new())
    }
    pub(super) fn run(&self) -> Value {
        let graph = self.build().expect("valid");
        let inputs = self.inputs.iter().map(|(s, v)| Value::Real(array(s, v))).collect();
        let out = graph.run_once(inputs).expect("runs").remove(0);
        assert_eq!(out.shape(), graph.edges[graph.outputs[0]].fact.shape, "{}: inferred shape", self.op);
        out
    }
    pub(super) fn gives(&self, shape: &[usize], values: &[f32]) {
        let out = self.run();
        assert_eq!(out.shape(), shape, "{}", self.op);
        for (i, (a, b)) in out.as_real().expect("real").iter().zip(values).enumerate() {
            assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{}: element {i} is {a}, not {b}", self.op);
        }
    }
    pub(super) fn fails(&self) -> String {
        self.build().expect_err("must be refused").to_string()
    }
}

pub(super) const KEEP: fn(Attrs) -> Attrs = |a| a;

pub(super) fn case<'a>(
    op: &'a str,
    opset: i64,
    inputs: &'a [(&'a [usize], &'a [f32])],
    lists: &'a [&'a [i64]],
    attrs: fn(Attrs) -> Attrs,
) -> Case<'a> {
    Case { op, opset, inputs, lists, attrs }
}

#[test]
fn convolution_in_one_dimension() {
    let x: (&[usize], &[f32]) = (&[1, 2, 4], &[1., 2., 3., 4., 10., 20., 30., 40.]);
    let w: (&[usize], &[f32]) = (&[1, 2, 2], &[1., -1., 0.5, 0.]);
    // out[i] = x0[i] - x0[i+1] + x1[i] / 2
    case("Conv", 13, &[x, w], &[], KEEP).gives(&[1, 1, 3], &[4., 9., 14.]);
    case("Conv", 13, &[x, w, (&[1], &[100.])], &[], KEEP).gives(&[1, 1, 3], &[104., 109., 114.]);
    case("Conv", 13, &[x, w], &[], |a| a.ints("strides", &[2])).gives(&[1, 1, 2], &[4., 14.]);
    case("Conv", 13, &[x, w], &[], |a| a.ints("dilations", &[2])).gives(&[1, 1, 2], &[3., 8.]);
    case("Conv", 13, &[x, w], &[], |a| a.ints("pads", &[1, 0])).gives(&[1, 1, 4], &[-1., 4., 9., 14.]);
    case("Conv", 13, &[x, w], &[], |a| a.text("auto_pad", "SAME_UPPER")).gives(&[1, 1, 4], &[4., 9., 14., 24.]);
    case("Conv", 13, &[x, w], &[], |a| a.text("auto_pad", "SAME_LOWER")).gives(&[1, 1, 4], &[-1., 4., 9., 14.]);
    // two groups: each output sees its own channel
    let grouped: (&[usize], &[f32]) = (&[2, 1, 2], &[1., 1., 1., -1.]);
    case("Conv", 13, &[x, grouped], &[], |a| a.int("group", 2)).gives(&[1, 2, 3], &[3., 5., 7., -10., -10., -10.]);
    assert!(case("Conv", 13, &[x, w], &[], |a| a.int("group", 3)).fails().contains("do not fit together"));
    assert!(case("Conv", 13, &[x, w], &[], |a| a.ints("kernel_shape", &[3])).fails().contains("kernel_shape"));
    assert!(case("Conv", 13, &[x, w], &[], |a| a.ints("strides", &[0])).fails().contains("strides"));
    assert!(case("Conv", 13, &[x, w], &[], |a| a.ints("dilations", &[9])).fails().contains("reaches over"));
    assert!(case("Conv", 13, &[x, w], &[], |a| a.int("stride", 1)).fails().contains("`stride` is unknown"));
}

#[test]
fn convolution_in_more_dimensions() {
    let x: (&[usize], &[f32]) = (&[1, 1, 3, 3], &[1., 2., 3., 4., 5., 6., 7., 8., 9.]);
    let w: (&[usize], &[f32]) = (&[1, 1, 2, 2], &[1., 2., 3., 4.]);
    // 1·1 + 2·2 + 3·4 + 4·5 = 37, and so on
    case("Conv", 11, &[x, w], &[], KEEP).gives(&[1, 1, 2, 2], &[37., 47., 67., 77.]);
    let x: (&[usize], &[f32]) = (&[2, 1, 2, 2, 2], &[1., 2., 3., 4., 5., 6., 7., 8., 0., 0., 0., 0., 0., 0., 0., 1.]);
    let w: (&[usize], &[f32]) = (&[1, 1, 2, 2, 2], &[1., 1., 1., 1., 1., 1., 1., 2.]);
    case("Conv", 11, &[x, w], &[], KEEP).gives(&[2, 1, 1, 1, 1], &[44., 2.]);
}

#[test]
fn matrix_products() {
    let a: (&[usize], &[f32]) = (&[2, 2], &[1., 2., 3., 4.]);
    let b: (&[usize], &[f32]) = (&[2, 3], &[1., 0., 2., 0., 1., 3.]);
    case("MatMul", 13, &[a, b], &[], KEEP).gives(&[2, 3], &[1., 2., 8., 3., 4., 18.]);
    case("MatMul", 13, &[(&[2], &[1., 2.]), b], &[], KEEP).gives(&[3], &[1., 2., 8.]);
    case("MatMul", 13, &[a, (&[2], &[1., -1.])], &[], KEEP).gives(&[2], &[-1., -1.]);
    case("MatMul", 13, &[(&[2, 1, 2], &[1., 2., 3., 4.]), b], &[], KEEP).gives(&[2, 1, 3], &[1., 2., 8., 3., 4., 18.]);
    case("MatMul", 13, &[(&[2, 1, 1, 1], &[2., 3.]), (&[3, 1, 1], &[1., 10., 100.])], &[], KEEP)
        .gives(&[2, 3, 1, 1], &[2., 20., 200., 3., 30., 300.]);
    assert!(case("MatMul", 13, &[b, b], &[], KEEP).fails().contains("inner sizes 3 and 2"));
    let c: (&[usize], &[f32]) = (&[3], &[10., 20., 30.]);
    case("Gemm", 13, &[a, b, c], &[], KEEP).gives(&[2, 3], &[11., 22., 38., 13., 24., 48.]);
    case("Gemm", 13, &[a, b, c], &[], |a| a.float("alpha", 2.0).float("beta", 0.1))
        .gives(&[2, 3], &[3., 6., 19., 7., 10., 39.]);
    case("Gemm", 13, &[a, b], &[], |a| a.int("transA", 1)).gives(&[2, 3], &[1., 3., 11., 2., 4., 16.]);
    case("Gemm", 13, &[(&[1, 3], &[1., 2., 3.]), b], &[], |a| a.int("transB", 1)).gives(&[1, 2], &[7., 11.]);
    case("Gemm", 13, &[a, b, (&[2, 1], &[1., 2.])], &[], KEEP).gives(&[2, 3], &[2., 3., 9., 5., 6., 20.]);
    assert!(case("Gemm", 13, &[a, b, (&[2], &[1., 2.])], &[], KEEP).fails().contains("does not broadcast"));
}

#[test]
fn arithmetic_broadcasts() {
    let a: (&[usize], &[f32]) = (&[2, 2], &[1., 2., 3., 4.]);
    let b: (&[usize], &[f32]) = (&[2], &[10., 20.]);
    case("Add", 13, &[a, b], &[], KEEP).gives(&[2, 2], &[11., 22., 13., 24.]);
    case("Sub", 13, &[b, a], &[], KEEP).gives(&[2, 2], &[9., 18., 7., 16.]);
    case("Mul", 13, &[a, (&[2, 1], &[10., 20.])], &[], KEEP).gives(&[2, 2], &[10., 20., 60., 80.]);
    case("Mul", 13, &[(&[2, 1], &[1., 2.]), (&[1, 3], &[1., 2., 3.])], &[], KEEP)
        .gives(&[2, 3], &[1., 2., 3., 2., 4., 6.]);
    case("Div", 13, &[a, b], &[], KEEP).gives(&[2, 2], &[0.1, 0.1, 0.3, 0.2]);
    case("Sum", 13, &[a, b, (&[1], &[1.])], &[], KEEP).gives(&[2, 2], &[12., 23., 14., 25.]);
    // set 6: the second input starts at axis 0
    case("Add", 6, &[a, b], &[], |a| a.int("broadcast", 1).int("axis", 0)).gives(&[2, 2], &[11., 12., 23., 24.]);
    assert!(case("Add", 6, &[a, b], &[], KEEP).fails().contains("`broadcast` is not set"));
    assert!(case("Add", 13, &[a, (&[3], &[1., 2., 3.])], &[], KEEP).fails().contains("cannot be broadcast"));
    assert!(case("Sum", 6, &[a, b], &[], KEEP).fails().contains("differ"));
}

#[test]
fn activations() {
    let x: (&[usize], &[f32]) = (&[1, 3], &[-1., 0., 2.]);
    case("Relu", 13, &[x], &[], KEEP).gives(&[1, 3], &[0., 0., 2.]);
    case("Sigmoid", 13, &[x], &[], KEEP).gives(&[1, 3], &[0.268_941_4, 0.5, 0.880_797_1]);
    case("Tanh", 13, &[x], &[], KEEP).gives(&[1, 3], &[-0.761_594_2, 0., 0.964_027_6]);
    case("Clip", 6, &[x], &[], |a| a.float("min", -0.5).float("max", 1.0)).gives(&[1, 3], &[-0.5, 0., 1.]);
    case("Clip", 13, &[x, (&[], &[-0.5]), (&[], &[1.])], &[], KEEP).gives(&[1, 3], &[-0.5, 0., 1.]);
    assert!(case("Clip", 13, &[x], &[], |a| a.float("min", 0.)).fails().contains("`min` is unknown"));
}

#[test]
fn softmax_changed_with_set_13() {
    let x: (&[usize], &[f32]) = (&[1, 2, 2], &[0., 2f32.ln(), 0., 2f32.ln()]);
    case("Softmax", 13, &[x], &[], KEEP).gives(&[1, 2, 2], &[1. / 3., 2. / 3., 1. / 3., 2. / 3.]);
    case("Softmax", 12, &[x], &[], KEEP).gives(&[1, 2, 2], &[1. / 6., 2. / 6., 1. / 6., 2. / 6.]);
    case("Softmax", 13, &[x], &[], |a| a.int("axis", 1)).gives(&[1, 2, 2], &[0.5, 0.5, 0.5, 0.5]);
}

#[test]
fn batch_normalisation() {
    let x: (&[usize], &[f32]) = (&[1, 2, 2], &[1., 2., 3., 4.]);
    let p: [(&[usize], &[f32]); 5] = [x, (&[2], &[2., 1.]), (&[2], &[0., 1.]), (&[2], &[1., 3.]), (&[2], &[4., 0.25])];
    case("BatchNormalization", 15, &p, &[], |a| a.float("epsilon", 0.0)).gives(&[1, 2, 2], &[0., 1., 1., 3.]);
    assert!(case("BatchNormalization", 15, &p, &[], |a| a.int("training_mode", 1)).fails().contains("training"));
}

#[test]
fn pooling() {
    let x: (&[usize], &[f32]) = (&[1, 1, 5], &[1., 5., 2., 4., 3.]);
    case("MaxPool", 12, &[x], &[], |a| a.ints("kernel_shape", &[2]).ints("strides", &[2])).gives(&[1, 1, 2], &[5., 4.]);
    case("MaxPool", 12, &[x], &[], |a| a.ints("kernel_shape", &[2]).ints("strides", &[2]).int("ceil_mode", 1))
        .gives(&[1, 1, 3], &[5., 4., 3.]);
    case("MaxPool", 12, &[x], &[], |a| a.ints("kernel_shape", &[2]).ints("dilations", &[3]))
        .gives(&[1, 1, 2], &[4., 5.]);
    case("AveragePool", 19, &[x], &[], |a| a.ints("kernel_shape", &[2]).ints("pads", &[1, 0]).ints("strides", &[2]))
        .gives(&[1, 1, 3], &[1., 3.5, 3.5]);
    case("AveragePool", 19, &[x], &[], |a| {
        a.ints("kernel_shape", &[2]).ints("pads", &[1, 0]).ints("strides", &[2]).int("count_include_pad", 1)
    })
    .gives(&[1, 1, 3], &[0.5, 3.5, 3.5]);
    // what ceil_mode adds beyond the padding never counts
    case("AveragePool", 19, &[x], &[], |a| {
        a.ints("kernel_shape", &[3]).ints("strides", &[3]).int("ceil_mode", 1).int("count_include_pad", 1)
    })
    .gives(&[1, 1, 2], &[8. / 3., 3.5]);
    case("AveragePool", 19, &[x], &[], |a| {
        a.ints("kernel_shape", &[2]).ints("strides", &[2]).text("auto_pad", "SAME_UPPER")
    })
    .gives(&[1, 1, 3], &[3., 3., 3.]);
    case("GlobalAveragePool", 13, &[x], &[], KEEP).gives(&[1, 1, 1], &[3.]);
    case("GlobalMaxPool", 13, &[x], &[], KEEP).gives(&[1, 1, 1], &[5.]);
    assert!(case("MaxPool", 12, &[x], &[], KEEP).fails().contains("kernel_shape"));
    assert!(case("MaxPool", 12, &[x], &[], |a| a.ints("kernel_shape", &[6])).fails().contains("reaches over 6"));
}

#[test]
fn shapes_and_layout() {
    let x: (&[usize], &[f32]) = (&[2, 1, 3], &[1., 2., 3., 4., 5., 6.]);
    let v = x.1;
    case("Flatten", 13, &[x], &[], KEEP).gives(&[2, 3], v);
    case("Flatten", 13, &[x], &[], |a| a.int("axis", 0)).gives(&[1, 6], v);
    case("Flatten", 13, &[x], &[], |a| a.int("axis", -1)).gives(&[2, 3], v);
    case("Reshape", 13, &[x], &[&[0, -1]], KEEP).gives(&[2, 3], v);
    case("Reshape", 13, &[x], &[&[3, 2]], KEEP).gives(&[3, 2], v);
    assert!(case("Reshape", 14, &[x], &[&[0, 3]], |a| a.int("allowzero", 1)).fails().contains("cannot become"));
    assert!(case("Reshape", 13, &[x], &[&[-1, -1]], KEEP).fails().contains("two dimensions open"));
    assert!(case("Reshape", 13, &[x], &[&[i64::MAX, i64::MAX, 4]], KEEP).fails().contains("cannot become"));
    case("Squeeze", 13, &[x], &[&[1]], KEEP).gives(&[2, 3], v);
    case("Squeeze", 11, &[x], &[], |a| a.ints("axes", &[-2])).gives(&[2, 3], v);
    case("Squeeze", 13, &[x], &[], KEEP).gives(&[2, 3], v);
    assert!(case("Squeeze", 13, &[x], &[&[0]], KEEP).fails().contains("is not 1"));
    case("Unsqueeze", 13, &[x], &[&[0, -1]], KEEP).gives(&[1, 2, 1, 3, 1], v);
    case("Unsqueeze", 11, &[x], &[], |a| a.ints("axes", &[1])).gives(&[2, 1, 1, 3], v);
    case("Transpose", 13, &[x], &[], |a| a.ints("perm", &[2, 1, 0])).gives(&[3, 1, 2], &[1., 4., 2., 5., 3., 6.]);
    case("Transpose", 13, &[x], &[], KEEP).gives(&[3, 1, 2], &[1., 4., 2., 5., 3., 6.]);
    assert!(case("Transpose", 13, &[x], &[], |a| a.ints("perm", &[0, 0, 1])).fails().contains("twice"));
    case("Concat", 13, &[x, (&[2, 1, 1], &[8., 9.])], &[], |a| a.int("axis", -1))
        .gives(&[2, 1, 4], &[1., 2., 3., 8., 4., 5., 6., 9.]);
    case("Identity", 13, &[x], &[], KEEP).gives(&[2, 1, 3], v);
    case("Dropout", 13, &[x], &[], KEEP).gives(&[2, 1, 3], v);
    assert_eq!(case("Shape", 13, &[x], &[], KEEP).run(), Value::list(vec![2, 1, 3]));
    assert_eq!(case("Shape", 15, &[x], &[], |a| a.int("start", -2).int("end", -1)).run(), Value::list(vec![1]));
    case("Gather", 13, &[x], &[&[2, -3]], |a| a.int("axis", 2)).gives(&[2, 1, 2], &[3., 1., 6., 4.]);
    case("Slice", 13, &[x], &[&[1], &[9], &[2]], KEEP).gives(&[2, 1, 2], &[2., 3., 5., 6.]);
    case("Slice", 13, &[x], &[&[-1], &[i64::MIN], &[2], &[-2]], KEEP).gives(&[2, 1, 2], &[3., 1., 6., 4.]);
    case("Slice", 9, &[x], &[], |a| a.ints("starts", &[1]).ints("ends", &[2]).ints("axes", &[0]))
        .gives(&[1, 1, 3], &[4., 5., 6.]);
    assert!(case("Slice", 13, &[x], &[&[0], &[1], &[0], &[0]], KEEP).fails().contains("step is 0"));
    case("ReduceMean", 13, &[x], &[], |a| a.ints("axes", &[2]).int("keepdims", 0)).gives(&[2, 1], &[2., 5.]);
    case("ReduceMean", 18, &[x], &[&[0]], KEEP).gives(&[1, 1, 3], &[2.5, 3.5, 4.5]);
    case("ReduceMean", 13, &[x], &[], KEEP).gives(&[1, 1, 1], &[3.5]);
}

#[test]
fn padding() {
    let x: (&[usize], &[f32]) = (&[1, 3], &[1., 2., 3.]);
    case("Pad", 13, &[x], &[&[0, 2, 0, 1]], KEEP).gives(&[1, 6], &[0., 0., 1., 2., 3., 0.]);
    case("Pad", 10, &[x], &[], |a| a.ints("pads", &[0, 1, 0, 0]).float("value", 7.)).gives(&[1, 4], &[7., 1., 2., 3.]);
    case("Pad", 13, &[x], &[&[0, 2, 0, 1]], |a| a.text("mode", "reflect")).gives(&[1, 6], &[3., 2., 1., 2., 3., 2.]);
    case("Pad", 13, &[x], &[&[0, 2, 1, 1]], |a| a.text("mode", "edge"))
        .gives(&[2, 6], &[1., 1., 1., 2., 3., 3., 1., 1., 1., 2., 3., 3.]);
    case("Pad", 13, &[x], &[&[0, -1, 0, -1]], KEEP).gives(&[1, 1], &[2.]);
    assert!(case("Pad", 13, &[x], &[&[0, 3, 0, 0]], |a| a.text("mode", "reflect")).fails().contains("reflect further"));
    assert!(case("Pad", 13, &[x], &[&[0, i64::MIN, 0, 0]], KEEP).fails().contains("do not fit"));
}

#[test]
fn casts() {
    let x: (&[usize], &[f32]) = (&[4], &[-1.7, 2.5, 300., 0.]);
    let ints = |v: Value| v.ints("cast").expect("integers");
    assert_eq!(ints(case("Cast", 13, &[x], &[], |a| a.int("to", 7)).run()), [-1, 2, 300, 0]);
    assert_eq!(ints(case("Cast", 13, &[x], &[], |a| a.int("to", 9)).run()), [1, 1, 1, 0]);
    case("Cast", 13, &[(&[1], &[1.0 + 1.0 / 4096.0])], &[], |a| a.int("to", 10)).gives(&[1], &[1.0]);
    assert!(case("Cast", 13, &[x], &[], |a| a.int("to", 8)).fails().contains("element type 8"));
}

/// `Shape` arithmetic that keeps the batch: `Reshape(x, Concat(Gather(Shape(x), 0), -1))`.
fn shape_arithmetic() -> Builder {
    Builder::new(13)
        .input("x", &["N", "2", "2"])
        .ints("zero", &[0])
        .ints("rest", &[-1])
        .node("Shape", &["x"], &["s"], |a| a)
        .node("Gather", &["s", "zero"], &["n"], |a| a)
        .node("Concat", &["n", "rest"], &["t"], |a| a.int("axis", 0))
        .node("Reshape", &["x", "t"], &["y"], |a| a)
        .output("y", &["N", "4"])
}

#[test]
fn shape_arithmetic_does_not_bake_in_a_batch() {
    let graph = Graph::build(&shape_arithmetic().model(), &Dims::new()).expect("valid");
    assert_eq!(graph.batch, Batch::Dynamic);
    let values: Vec<f32> = (0..200 * 4).map(|v| v as f32).collect();
    let out = graph.run(&Inputs::from([("x".into(), array(&[200, 2, 2], &values))])).expect("runs");
    assert_eq!(out["y"], array(&[200, 4], &values));
    // with the batch bound, everything but the reshape itself is constant
    let bound = Graph::build(&shape_arithmetic().model(), &Dims::from([("N".into(), 2)])).expect("valid");
    assert_eq!((bound.batch, bound.nodes.len()), (Batch::Fixed(2), 1));
    let out = bound.run(&Inputs::from([("x".into(), array(&[3, 2, 2], &values[..12]))])).expect("runs");
    assert_eq!(out["y"], array(&[3, 4], &values[..12]), "a batch that does not divide the samples");
}

#[test]
fn constants_are_folded() {
    let model = Builder::new(13)
        .input("x", &["N", "2"])
        .weights("a", &[2], &[1., 2.])
        .node("Constant", &[], &["b"], |a| a.tensor("value", &[2], &[10., 20.]))
        .node("Add", &["a", "b"], &["c"], |a| a)
        .node("Mul", &["x", "c"], &["y"], |a| a)
        .output("y", &["N", "2"])
        .model();
    let graph = Graph::build(&model, &Dims::new()).expect("valid");
    assert_eq!(
        describe(&graph),
        "graph, any batch (shapes for one sample)\n\
         input x[1,2] float32\n\
         node Mul_2 = Arithmetic { sign: Mul, legacy: None }(x[1,2], c<2>) -> y[1,2]\n\
         output y[1,2] float32\n"
    );
    let out = graph.run(&Inputs::from([("x".into(), array(&[1, 2], &[1., 1.]))])).expect("runs");
    assert_eq!(out["y"], array(&[1, 2], &[11., 22.]));
}

#[test]
fn all_unsupported_operators_stand_in_one_message() {
    let model = Builder::new(13)
        .input("x", &["1"])
        .node("NonMaxSuppression", &["x"], &["a"], |a| a)
        .node("Relu", &["a"], &["b"], |a| a)
        .node("Relu", &["b"], &["y"], |a| a)
        .domain("com.acme")
        .output("y", &["1"])
        .model();
    let error = Graph::build(&model, &Dims::new()).expect_err("unsupported");
    assert_eq!((code_of(&error), error.iter().count()), ("M012", 1));
    let text = error.to_string();
    assert!(text.contains("NonMaxSuppression of domain ai.onnx at node `NonMaxSuppression_0`"), "{text}");
    assert!(text.contains("Relu of domain com.acme at node `Relu_2`"), "{text}");
}

#[test]
fn wrong_wiring_is_named() {
    let base = || Builder::new(13).input("x", &["1"]).output("y", &["1"]);
    let build = |b: Builder| Graph::build(&b.model(), &Dims::new()).expect_err("wrong");
    let dangling = build(base().node("Relu", &["xx"], &["y"], |a| a));
    assert_eq!(code_of(&dangling), "M013");
    assert!(dangling.to_string().contains("`Relu_0` reads `xx`"), "{dangling}");
    let twice = build(base().node("Relu", &["x"], &["y"], |a| a).node("Tanh", &["x"], &["y"], |a| a));
    assert_eq!(code_of(&twice), "M014");
    let cycle = build(base().node("Add", &["x", "b"], &["a"], |a| a).node("Relu", &["a"], &["b"], |a| a).node(
        "Relu",
        &["b"],
        &["y"],
        |a| a,
    ));
    assert_eq!(code_of(&cycle), "M015");
    assert!(cycle.to_string().contains("`Add_0`, `Relu_1`") && !cycle.to_string().contains("Relu_2"), "{cycle}");
    let nothing = build(base());
    assert!(nothing.to_string().contains("output `y`"), "{nothing}");
    let missing = build(base().node("Add", &["x"], &["y"], |a| a));
    assert!(missing.to_string().contains("wants 2 input(s) and has 1"), "{missing}");
}

#[test]
fn nodes_out_of_order_are_sorted() {
    let model = Builder::new(13)
        .input("x", &["N", "1"])
        .node("Relu", &["a"], &["y"], |a| a)
        .node("Tanh", &["x"], &["a"], |a| a)
        .node("Sigmoid", &["x"], &["unused"], |a| a)
        .output("y", &["N", "1"])
        .model();
    let graph = Graph::build(&model, &Dims::new()).expect("valid");
    let names: Vec<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["Tanh_1", "Relu_0"], "sorted, and without the node nobody reads");
}

#[test]
fn named_dimensions_must_be_bound() {
    let model =
        Builder::new(13).input("x", &["N", "C"]).node("Relu", &["x"], &["y"], |a| a).output("y", &["N", "C"]).model();
    let error = Graph::build(&model, &Dims::new()).expect_err("unbound");
    assert_eq!(code_of(&error), "M017");
    assert!(error.to_string().contains("`C`") && error.to_string().contains("--dim C=value"), "{error}");
    let graph = Graph::build(&model, &Dims::from([("C".into(), 3)])).expect("bound");
    assert_eq!(graph.edges[graph.outputs[0]].fact.shape, [1, 3]);
    let wrong: IndexMap<_, _> = [("x".into(), array(&[2, 4], &[0.; 8])), ("z".into(), array(&[1], &[0.]))].into();
    let error = graph.run(&wrong).expect_err("does not fit");
    assert_eq!(error.iter().count(), 2, "{error}");
    assert!(error.to_string().contains("[samples, 3]"), "{error}");
    assert!(graph.run(&[("x".into(), array(&[0, 3], &[]))].into()).is_err());
}

#[test]
fn hostile_windows_are_refused() {
    let x: (&[usize], &[f32]) = (&[1, 1, 1, 1], &[1.]);
    let inputs = [x];
    let huge = case("AveragePool", 19, &inputs, &[], |a| {
        a.ints("kernel_shape", &[1, 1])
            .ints("pads", &[1 << 31; 4])
            .ints("strides", &[1 << 31; 2])
            .int("count_include_pad", 1)
    });
    assert!(huge.fails().contains("too many elements"));
    let dense = case("MaxPool", 19, &inputs, &[], |a| a.ints("kernel_shape", &[1, 1]).ints("pads", &[1 << 31; 4]));
    assert!(dense.fails().contains("too many elements"));
}

#[test]
fn sizes_are_bounded() {
    let model = Builder::new(13)
        .input("x", &["100000", "1"])
        .input("z", &["1", "100000"])
        .node("Add", &["x", "z"], &["y"], |a| a)
        .output("y", &[])
        .model();
    let error = Graph::build(&model, &Dims::new()).expect_err("ten thousand million elements");
    assert!(error.to_string().contains("more than 268435456 elements"), "{error}");
}
