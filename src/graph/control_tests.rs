//! Branches, loops and functions against values computed by hand.

use super::{Dims, Graph, Inputs, Value};
use crate::onnx::testing::{Attrs, Builder, code_of};

fn run(model: &crate::onnx::Model, x: &[f32]) -> (Graph, Vec<f32>) {
    let graph = Graph::build(model, &Dims::new()).expect("valid");
    let value = Value::real(&[x.len()], x.to_vec()).expect("fits");
    let out = graph.run_once(vec![value]).expect("runs").remove(0);
    let out = out.as_real().expect("real").iter().copied().collect();
    (graph, out)
}

/// `y = x + c` and `y = x · c`, of the outer `x`.
fn branch(op: &str) -> Builder {
    Builder::new(13).weights("c", &[1], &[3.0]).node(op, &["x", "c"], &["inner"], |a| a).output("inner", &["2"])
}

fn choice(condition: f32) -> Builder {
    Builder::new(13)
        .input("x", &["2"])
        .weights("q", &[], &[condition])
        .node("Cast", &["q"], &["which"], |a| a.int("to", 9))
        .node("If", &["which"], &["y"], |a: Attrs| {
            a.graph("then_branch", &branch("Add")).graph("else_branch", &branch("Mul"))
        })
        .output("y", &["2"])
}

#[test]
fn a_known_branch_is_taken_when_the_network_is_read() {
    let (graph, out) = run(&choice(1.0).model(), &[1., 2.]);
    assert_eq!((out, graph.nodes[0].op.name()), (vec![4., 5.], "Add"));
    let (graph, out) = run(&choice(0.0).model(), &[1., 2.]);
    assert_eq!((out, graph.nodes.len()), (vec![3., 6.], 1));
}

#[test]
fn a_branch_that_depends_on_the_data_is_taken_at_run_time() {
    let model = Builder::new(13)
        .input("x", &["2"])
        .node("ReduceMax", &["x"], &["top"], |a| a.int("keepdims", 0))
        .node("Cast", &["top"], &["which"], |a| a.int("to", 9))
        .node("If", &["which"], &["y"], |a: Attrs| {
            a.graph("then_branch", &branch("Add")).graph("else_branch", &branch("Mul"))
        })
        .output("y", &["2"])
        .model();
    assert_eq!(run(&model, &[1., 2.]).1, [4., 5.]);
    assert_eq!(run(&model, &[-1., 0.]).1, [-3., 0.]);
}

/// A body that doubles what it carries, and yields the iteration plus the outer `x`.
fn body() -> Builder {
    Builder::new(13)
        .input("i", &[])
        .input("going", &[])
        .input("v", &["2"])
        .node("Identity", &["going"], &["goes"], |a| a)
        .node("Add", &["v", "v"], &["w"], |a| a)
        .node("Cast", &["i"], &["n"], |a| a.int("to", 1))
        .node("Add", &["x", "n"], &["seen"], |a| a)
        .output("goes", &[])
        .output("w", &["2"])
        .output("seen", &["2"])
}

fn repeated(trips: i64) -> Builder {
    Builder::new(13)
        .input("x", &["2"])
        .ints("trips", &[trips])
        .node("Loop", &["trips", "", "x"], &["last", "all"], |a: Attrs| a.graph("body", &body()))
        .output("last", &["2"])
        .output("all", &["3", "2"])
}

#[test]
fn a_loop_is_unrolled() {
    let graph = Graph::build(&repeated(3).model(), &Dims::new()).expect("valid");
    assert!(graph.nodes.iter().all(|n| n.op.name() != "Loop"));
    let out = graph.run_once(vec![Value::real(&[2], vec![1., 10.]).expect("fits")]).expect("runs");
    assert_eq!(out[0], Value::real(&[2], vec![8., 80.]).expect("fits"));
    assert_eq!(out[1], Value::real(&[3, 2], vec![1., 10., 2., 11., 3., 12.]).expect("fits"));
    let endless = Graph::build(&repeated(1 << 40).model(), &Dims::new()).expect_err("too long");
    assert_eq!(code_of(&endless), "M024");
    let never = Graph::build(&repeated(0).model(), &Dims::new()).expect_err("nothing to join");
    assert_eq!(code_of(&never), "M023");
}

#[test]
fn a_scan_is_unrolled() {
    let body = Builder::new(13)
        .input("sum", &["2"])
        .input("row", &["2"])
        .node("Add", &["sum", "row"], &["next"], |a| a)
        .node("Identity", &["next"], &["seen"], |a| a)
        .output("next", &["2"])
        .output("seen", &["2"]);
    let scan = |directions: &[i64]| {
        let directions = directions.to_vec();
        Builder::new(13)
            .input("x", &["6"])
            .ints("shape", &[3, 2])
            .weights("zero", &[2], &[0., 0.])
            .node("Reshape", &["x", "shape"], &["rows"], |a| a)
            .node("Scan", &["zero", "rows"], &["total", "y"], |a: Attrs| {
                a.graph("body", &body).int("num_scan_inputs", 1).ints("scan_input_directions", &directions)
            })
            .output("y", &["3", "2"])
            .model()
    };
    let x = [1., 2., 3., 4., 5., 6.];
    assert_eq!(run(&scan(&[0]), &x).1, [1., 2., 4., 6., 9., 12.]);
    assert_eq!(run(&scan(&[1]), &x).1, [5., 6., 8., 10., 9., 12.]);
}

#[test]
fn functions_are_inlined_with_their_attributes() {
    // f(a) = LeakyRelu(g(a), alpha = @slope), g(a) = a + a
    let inner = Builder::new(13).input("a", &[]).node("Add", &["a", "a"], &["b"], |a| a).output("b", &[]);
    let outer = Builder::new(13)
        .input("a", &[])
        .node("g", &["a"], &["c"], |a| a)
        .domain("own")
        .node("LeakyRelu", &["c"], &["b"], |a| a.reference("alpha", "slope"))
        .output("b", &[]);
    let model = |slope: Option<f32>| {
        Builder::new(13)
            .function("own", "g", &inner, |a| a)
            .function("own", "f", &outer, |a| a.float("slope", 0.5))
            .input("x", &["2"])
            .node("f", &["x"], &["y"], |a| slope.map_or(Attrs::default(), |s| a.float("slope", s)))
            .domain("own")
            .output("y", &["2"])
            .model()
    };
    assert_eq!(run(&model(None), &[1., -1.]).1, [2., -1.]);
    assert_eq!(run(&model(Some(0.25)), &[1., -1.]).1, [2., -0.5]);
    let endless = Builder::new(13).input("a", &[]).node("f", &["a"], &["b"], |a| a).domain("own").output("b", &[]);
    let model = Builder::new(13)
        .function("own", "f", &endless, |a| a)
        .input("x", &["2"])
        .node("f", &["x"], &["y"], |a| a)
        .domain("own")
        .output("y", &["2"])
        .model();
    assert_eq!(code_of(&Graph::build(&model, &Dims::new()).expect_err("calls itself")), "M022");
}

#[test]
fn a_batch_that_not_all_inputs_share_must_be_bound() {
    let model = Builder::new(13)
        .input("x", &["T", "2"])
        .input("state", &["1", "2"])
        .node("Add", &["x", "state"], &["y"], |a| a)
        .output("y", &["T", "2"])
        .model();
    let error = Graph::build(&model, &Dims::new()).expect_err("no batch");
    assert_eq!(code_of(&error), "M017");
    assert!(error.to_string().contains("`T`") && error.to_string().contains("`state`"), "{error}");
    let graph = Graph::build(&model, &Dims::from([("T".into(), 2)])).expect("bound");
    let array = |s: &[usize], v: &[f32]| ndarray::ArrayD::from_shape_vec(s.to_vec(), v.to_vec()).expect("fits");
    let inputs: Inputs =
        [("x".into(), array(&[2, 2], &[1., 2., 3., 4.])), ("state".into(), array(&[1, 2], &[10., 20.]))].into();
    assert_eq!(graph.run(&inputs).expect("runs")["y"], array(&[2, 2], &[11., 22., 13., 24.]));
}
