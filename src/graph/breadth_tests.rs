//! Operators of the families `elementwise`, `activation`, `reduce`, `shape` and `index` against values computed by
//! hand; the ONNX suite (`tests/onnx_suite.rs`) is far wider, but has to be fetched.

use super::tests::{KEEP, case};
use super::{Dims, Graph, Value};
use crate::onnx::testing::{Attrs, Builder};

type Input<'a> = (&'a [usize], &'a [f32]);

#[test]
fn functions_of_one_number() {
    let x: Input = (&[4], &[-1.5, -0.5, 0.5, 2.0]);
    case("Abs", 13, &[x], &[], KEEP).gives(&[4], &[1.5, 0.5, 0.5, 2.0]);
    case("Round", 22, &[x], &[], KEEP).gives(&[4], &[-2., 0., 0., 2.]);
    case("Sign", 13, &[x], &[], KEEP).gives(&[4], &[-1., -1., 1., 1.]);
    case("LeakyRelu", 16, &[x], &[], |a| a.float("alpha", 0.1)).gives(&[4], &[-0.15, -0.05, 0.5, 2.0]);
    case("Elu", 6, &[x], &[], KEEP).gives(&[4], &[-0.776_869_8, -0.393_469_3, 0.5, 2.0]);
    case("HardSwish", 14, &[x], &[], KEEP).gives(&[4], &[-0.375, -0.208_333_3, 0.291_666_7, 1.666_666_7]);
    case("Shrink", 9, &[x], &[], |a| a.float("lambd", 1.0).float("bias", 0.5)).gives(&[4], &[-1.0, 0., 0., 1.5]);
    case("Gelu", 20, &[x], &[], KEEP).gives(&[4], &[-0.100_210_8, -0.154_268_8, 0.345_731_2, 1.954_499_7]);
    case("Gelu", 20, &[x], &[], |a| a.text("approximate", "tanh"))
        .gives(&[4], &[-0.100_428_4, -0.154_286, 0.345_714, 1.954_597_7]);
    assert!(case("Gelu", 20, &[x], &[], |a| a.text("approximate", "erf")).fails().contains("not none or tanh"));
    // nothing overflows on the way
    case("Softplus", 22, &[(&[2], &[-200., 200.])], &[], KEEP).gives(&[2], &[0., 200.]);
    case("PRelu", 16, &[x, (&[1], &[2.0])], &[], KEEP).gives(&[4], &[-3., -1., 0.5, 2.]);
    let map: Input = (&[1, 2, 2], &[-1., -2., -3., 4.]);
    case("PRelu", 6, &[map, (&[2], &[2., 3.])], &[], KEEP).gives(&[1, 2, 2], &[-2., -4., -9., 4.]);
    assert!(case("PRelu", 9, &[map, (&[3], &[2., 3., 1.])], &[], KEEP).fails().contains("cannot be broadcast"));
}

#[test]
fn two_and_more_tensors() {
    let (a, b): (Input, Input) = ((&[2, 2], &[1., 5., -3., 2.]), (&[2], &[2., 2.]));
    case("Max", 13, &[a, b, (&[], &[3.])], &[], KEEP).gives(&[2, 2], &[3., 5., 3., 3.]);
    case("Mean", 13, &[a, b], &[], KEEP).gives(&[2, 2], &[1.5, 3.5, -0.5, 2.]);
    case("Pow", 15, &[a, b], &[], KEEP).gives(&[2, 2], &[1., 25., 9., 4.]);
    case("Mod", 13, &[a, b], &[], |n| n.int("fmod", 1)).gives(&[2, 2], &[1., 1., -1., 0.]);
    assert!(case("Mod", 13, &[a, b], &[], KEEP).fails().contains("`fmod`"));
    let truth = |v: Value| v.as_real().is_err().then(|| v.shape().to_vec());
    assert_eq!(truth(case("Less", 13, &[a, b], &[], KEEP).run()), Some(vec![2, 2]));
    assert!(case("And", 13, &[a, b], &[], KEEP).fails().contains("must be bool"));
    assert_eq!(case("Mod", 13, &[], &[&[-7, 7], &[3, -3]], KEEP).run(), Value::list(vec![2, -2]));
    assert_eq!(case("Div", 13, &[], &[&[-7, 7], &[2, -2]], KEEP).run(), Value::list(vec![-3, -3]));
}

#[test]
fn reductions_of_all_sets() {
    let x: Input = (&[2, 3], &[1., 2., 3., -4., 5., 6.]);
    case("ReduceSum", 11, &[x], &[], |a| a.ints("axes", &[1])).gives(&[2, 1], &[6., 7.]);
    case("ReduceSum", 13, &[x], &[&[-2]], |a| a.int("keepdims", 0)).gives(&[3], &[-3., 7., 9.]);
    case("ReduceSum", 13, &[x], &[&[]], |a| a.int("noop_with_empty_axes", 1)).gives(&[2, 3], x.1);
    case("ReduceMax", 18, &[x], &[&[0]], KEEP).gives(&[1, 3], &[1., 5., 6.]);
    case("ReduceProd", 13, &[x], &[], KEEP).gives(&[1, 1], &[-720.]);
    case("ReduceL1", 13, &[x], &[], |a| a.ints("axes", &[0])).gives(&[1, 3], &[5., 7., 9.]);
    case("ReduceL2", 18, &[x], &[&[0]], KEEP).gives(&[1, 3], &[17f32.sqrt(), 29f32.sqrt(), 45f32.sqrt()]);
    case("ReduceLogSumExp", 18, &[(&[2], &[200., 200.])], &[], KEEP).gives(&[1], &[200.0 + 2f32.ln()]);
    let place = |op, last| {
        let inputs: [Input; 1] = [(&[1, 4], &[7., 1., 7., 1.])];
        case(
            op,
            13,
            &inputs,
            &[],
            if last { |a| a.int("axis", 1).int("select_last_index", 1) } else { |a| a.int("axis", 1) },
        )
        .run()
        .scalar("place")
        .expect("one")
    };
    assert_eq!(
        [place("ArgMax", false), place("ArgMax", true), place("ArgMin", false), place("ArgMin", true)],
        [0., 2., 1., 3.]
    );
    case("TopK", 11, &[x], &[&[2]], KEEP).gives(&[2, 2], &[3., 2., 6., 5.]);
    case("TopK", 11, &[x], &[&[1]], |a| a.int("largest", 0).int("axis", 0)).gives(&[1, 3], &[-4., 2., 3.]);
    assert!(case("TopK", 11, &[x], &[&[4]], KEEP).fails().contains("4 of 3"));
    case("CumSum", 14, &[x], &[&[1]], |a| a.int("exclusive", 1)).gives(&[2, 3], &[0., 1., 3., 0., -4., 1.]);
    case("CumSum", 14, &[x], &[&[1]], |a| a.int("reverse", 1)).gives(&[2, 3], &[6., 5., 3., 7., 11., 6.]);
    case("LogSoftmax", 13, &[(&[1, 2], &[0., 0.])], &[], KEEP).gives(&[1, 2], &[-std::f32::consts::LN_2; 2]);
    case("Hardmax", 13, &[(&[1, 3], &[1., 3., 3.])], &[], KEEP).gives(&[1, 3], &[0., 1., 0.]);
}

#[test]
fn shapes_from_constants() {
    let x: Input = (&[1, 2], &[1., 2.]);
    case("Expand", 13, &[x], &[&[2, 1]], KEEP).gives(&[2, 2], &[1., 2., 1., 2.]);
    case("Tile", 13, &[x], &[&[2, 2]], KEEP).gives(&[2, 4], &[1., 2., 1., 2., 1., 2., 1., 2.]);
    case("ConstantOfShape", 9, &[], &[&[2]], |a| a.tensor("value", &[1], &[7.])).gives(&[2], &[7., 7.]);
    assert!(case("ConstantOfShape", 9, &[], &[&[-2]], KEEP).fails().contains("is not a shape"));
    assert_eq!(case("Range", 11, &[], &[&[5], &[0], &[-2]], KEEP).run(), Value::list(vec![5, 3, 1]));
    assert!(case("Range", 11, &[], &[&[5], &[0], &[0]], KEEP).fails().contains("no end"));
    case("EyeLike", 9, &[(&[2, 3], &[0.; 6])], &[], |a| a.int("k", 1)).gives(&[2, 3], &[0., 1., 0., 0., 0., 1.]);
    let deep: Input = (&[1, 4, 1, 1], &[1., 2., 3., 4.]);
    case("DepthToSpace", 13, &[deep], &[], |a| a.int("blocksize", 2)).gives(&[1, 1, 2, 2], deep.1);
    case("SpaceToDepth", 13, &[(&[1, 1, 2, 2], deep.1)], &[], |a| a.int("blocksize", 2)).gives(&[1, 4, 1, 1], deep.1);
    assert!(case("NonZero", 13, &[x], &[], KEEP).fails().contains("must not depend on the inputs"));
    assert!(case("Unique", 11, &[x], &[], KEEP).fails().contains("must not depend on the inputs"));
}

#[test]
fn parts_put_elsewhere() {
    let x: Input = (&[2, 2], &[1., 2., 3., 4.]);
    case("GatherND", 13, &[x], &[&[1, 0]], KEEP).gives(&[], &[3.]);
    case("Trilu", 14, &[x], &[], |a| a.int("upper", 0)).gives(&[2, 2], &[1., 0., 3., 4.]);
    case("Split", 18, &[(&[3], &[1., 2., 3.])], &[], |a| a.int("num_outputs", 1)).gives(&[3], &[1., 2., 3.]);
    assert!(case("Split", 13, &[x], &[&[3]], KEEP).fails().contains("do not fit 2 elements"));
    case("ReverseSequence", 10, &[x], &[&[2, 1]], |a| a.int("batch_axis", 1).int("time_axis", 0))
        .gives(&[2, 2], &[3., 2., 1., 4.]);
    // index, depth, values off and on
    assert_eq!(
        case("OneHot", 11, &[], &[&[1, -1, 5], &[3], &[0, 9]], KEEP).run(),
        Value::int(crate::onnx::DType::I64, &[3, 3], vec![0, 9, 0, 0, 0, 9, 0, 0, 0]).expect("fits")
    );
}

/// A model with one input, then float constants, then integer lists.
fn with_constants(op: &str, x: Input<'_>, weights: &[Input<'_>], lists: &[&[i64]], attrs: fn(Attrs) -> Attrs) -> Value {
    let dims: Vec<String> = x.0.iter().map(ToString::to_string).collect();
    let mut b = Builder::new(18).input("x", &dims.iter().map(String::as_str).collect::<Vec<_>>());
    let mut names = vec!["x".to_string()];
    for (i, (shape, values)) in weights.iter().enumerate() {
        names.push(format!("w{i}"));
        b = b.weights(&names[names.len() - 1], &shape.iter().map(|n| *n as i64).collect::<Vec<_>>(), values);
    }
    for (i, list) in lists.iter().enumerate() {
        names.push(format!("l{i}"));
        b = b.ints(&names[names.len() - 1], list);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let model = b.node(op, &names, &["y"], attrs).output("y", &[]).model();
    let graph = Graph::build(&model, &Dims::new()).expect("valid");
    let input = Value::real(x.0, x.1.to_vec()).expect("fits");
    let wrong = graph.call(&[("z", input.clone())]).expect_err("no such input");
    assert_eq!(wrong.iter().count(), 2, "one input too many and one missing: {wrong}");
    let out = graph.call(&[("x", input)]).expect("runs").remove(0);
    assert_eq!(out.shape(), graph.edges[graph.outputs[0]].fact.shape, "{op}: inferred shape");
    out
}

#[test]
fn resizing() {
    let line: Input = (&[1, 1, 2], &[1., 3.]);
    let real = |v: Vec<f32>| Value::real(&[1, 1, v.len()], v).expect("fits");
    let scales: [Input; 2] = [(&[0], &[]), (&[3], &[1., 1., 2.])];
    // centres at -0.25, 0.25, 0.75 and 1.25; beyond the border it goes on as at the border
    let linear = with_constants("Resize", line, &scales, &[], |a| a.text("mode", "linear"));
    assert_eq!(linear, real(vec![1., 1.5, 2.5, 3.]));
    let corners = with_constants("Resize", line, &[scales[0], scales[0]], &[&[1, 1, 5]], |a| {
        a.text("mode", "linear").text("coordinate_transformation_mode", "align_corners")
    });
    assert_eq!(corners, real(vec![1., 1.5, 2., 2.5, 3.]));
    let kept = with_constants("Resize", line, &[scales[0], scales[0]], &[&[5, 2]], |a| {
        a.ints("axes", &[1, 2]).text("keep_aspect_ratio_policy", "not_larger")
    });
    assert_eq!(kept, real(vec![1., 3.]));
    // the middle half of the input is outside only at places beyond it
    let roi: Input = (&[6], &[0., 0., 0.5, 1., 1., 1.5]);
    let cropped = with_constants("Resize", line, &[roi, (&[3], &[1., 1., 1.5])], &[], |a| {
        a.text("mode", "linear")
            .text("coordinate_transformation_mode", "tf_crop_and_resize")
            .float("extrapolation_value", 9.)
    });
    assert_eq!(cropped, real(vec![2., 3., 9.]));
}
