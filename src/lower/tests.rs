//! Lowering as a whole, on small networks.

use ndarray::ArrayD;

use super::reference::{run, run_signals};
use super::{QOp, QuantGraph, QuantOptions, Ranges, calibrate, describe, fold, quantise};
use crate::diag::Result;
use crate::graph::{Dims, Graph, Inputs};
use crate::onnx::testing::{Builder, code_of};
use crate::rng::{Domain, Draw};

const EIGHT: QuantOptions = QuantOptions::uniform(8, 8, 1.0);

fn random(count: usize, element: u64) -> Vec<f32> {
    (0..count as u64)
        .map(|tick| (Draw { seed: 3, domain: Domain::Explore, element, tick }.uniform(0) * 2.0 - 1.0) as f32)
        .collect()
}

fn input(name: &str, shape: &[usize], element: u64) -> (String, ArrayD<f32>) {
    (name.into(), ArrayD::from_shape_vec(shape, random(shape.iter().product(), element)).expect("fits"))
}

/// Two branches, every kind of node, padding, strides, a normalisation, a final softmax.
fn network() -> Builder {
    Builder::new(17)
        .input("x", &["N", "2", "16"])
        .input("r", &["N", "3"])
        .weights("w1", &[4, 2, 3], &random(24, 1))
        .weights("b1", &[4], &random(4, 2))
        .weights("w2", &[4, 4, 3], &random(48, 3))
        .weights("wr", &[3, 5], &random(15, 4))
        .weights("br", &[5], &random(5, 5))
        .weights("w3", &[3, 17], &random(51, 6))
        .weights("b3", &[3], &random(3, 7))
        .node("Conv", &["x", "w1", "b1"], &["c1"], |a| a.ints("pads", &[1, 1]).ints("strides", &[2]))
        .node("Relu", &["c1"], &["a1"], |a| a)
        .node("Conv", &["a1", "w2"], &["c2"], |a| a.text("auto_pad", "SAME_UPPER"))
        .node("Add", &["a1", "c2"], &["s"], |a| a)
        .node("Relu", &["s"], &["a2"], |a| a)
        .node("MaxPool", &["a2"], &["m"], |a| a.ints("kernel_shape", &[2]).ints("strides", &[2]))
        .node("AveragePool", &["m"], &["p"], |a| a.ints("kernel_shape", &[2]).ints("strides", &[1]))
        .node("Flatten", &["p"], &["f"], |a| a)
        .node("MatMul", &["r", "wr"], &["mr"], |a| a)
        .node("Add", &["mr", "br"], &["dr"], |a| a)
        .node("Relu", &["dr"], &["ar"], |a| a)
        .node("Concat", &["f", "ar"], &["j"], |a| a.int("axis", 1))
        .node("Gemm", &["j", "w3", "b3"], &["l"], |a| a.int("transB", 1))
        .node("Softmax", &["l"], &["y"], |a| a)
        .output("y", &["N", "3"])
}

fn samples(count: usize) -> Inputs {
    Inputs::from([input("x", &[count, 2, 16], 20), input("r", &[count, 3], 21)])
}

fn folded() -> Graph {
    let mut graph = Graph::build(&network().model(), &Dims::new()).expect("valid");
    assert_eq!(fold::simplify(&mut graph).iter().count(), 1);
    graph
}

fn quantised(options: QuantOptions) -> QuantGraph {
    let graph = folded();
    quantise(&graph, &calibrate(&graph, &samples(300)).expect("runs"), options).expect("can be quantised")
}

#[test]
fn text_form_and_structure() {
    let text = describe(&quantised(EIGHT));
    let short: Vec<String> = text
        .lines()
        .map(|l| {
            let words: Vec<&str> = l.split(" checksum ").collect();
            let tail = words.get(1).map_or("", |w| &w[8..]);
            let line = format!("{}{tail}", words[0]);
            line.split(" scale ").next().expect("a first part").to_owned()
        })
        .collect();
    assert_eq!(
        short,
        [
            "node[0] x = input() -> [2,16] s8",
            "node[1] r = input() -> [3] s8",
            "node[2] Conv_0 = mvm 4x6 window [3] over [16] stride [2] dilation [1] pad [1] weights 8 bit relu(node[0]) -> [4,8] u8",
            "node[3] Conv_2 = mvm 4x12 window [3] over [8] stride [1] dilation [1] pad [1] weights 8 bit(node[2]) -> [4,8] s8",
            "node[4] Add_3 = add(node[2], node[3]) -> [4,8] s8",
            "node[5] Relu_4 = relu(node[4]) -> [4,8] u8",
            "node[6] MaxPool_5 = max_pool window [2] over [8] stride [2] dilation [1] pad [0](node[5]) -> [4,4] u8",
            "node[7] AveragePool_6 = average_pool window [2] over [4] stride [1] dilation [1] pad [0](node[6]) -> [4,3] u8",
            "node[8] Flatten_7 = reshape(node[7]) -> [12] u8",
            "node[9] MatMul_8 = mvm 5x3 dense weights 8 bit relu(node[1]) -> [5] u8",
            "node[10] Concat_11 = concat(node[8], node[9]) -> [17] u8",
            "node[11] Gemm_12 = mvm 3x17 dense weights 8 bit(node[10]) -> [3] real",
            "output node[11]",
        ]
    );
}

#[test]
fn joined_branches_share_one_scale() {
    let g = quantised(EIGHT);
    let formats: Vec<_> = g.nodes.iter().map(|n| n.quant).collect();
    assert!(formats[7] == formats[8] && formats[8] == formats[9] && formats[9] == formats[10]);
    assert_eq!(formats[5], formats[6], "a maximum keeps the format");
    assert_ne!(formats[6], formats[7], "a mean has a range of its own");
}

/// Mean absolute deviation of the quantised logits from the float ones, over the float spread.
fn deviation(options: QuantOptions) -> f64 {
    let graph = folded();
    let inputs = samples(300);
    let float = &graph.run(&inputs).expect("runs")["l"];
    let quantised = quantise(&graph, &calibrate(&graph, &inputs).expect("runs"), options).expect("can be quantised");
    let integer = run(&quantised, &inputs, 0..300).expect("runs");
    let (mut error, mut size) = (0.0, 0.0);
    for (a, b) in float.iter().zip(&integer) {
        error += f64::from((a - b).abs());
        size += f64::from(a.abs());
    }
    error / size
}

#[test]
fn more_bits_come_closer_to_the_float_network() {
    let at = |bits| deviation(QuantOptions::uniform(bits, bits, 1.0));
    let (four, eight, twelve, sixteen) = (at(4), at(8), at(12), at(16));
    assert!(four < 0.3 && eight < 0.02 && twelve < 0.001 && sixteen < 1e-4, "{four} {eight} {twelve} {sixteen}");
    assert!(four > 4.0 * eight && eight > 4.0 * twelve, "each bit about halves it: {four} {eight} {twelve}");
}

/// Every weighted layer recomputed in real numbers from the codes of its input, by its definition.
#[test]
fn accumulators_are_exact() {
    for bits in [8, 16] {
        let g = quantised(QuantOptions::uniform(bits, bits, 0.99));
        let inputs = samples(5);
        let logits = run(&g, &inputs, 0..5).expect("runs");
        for (sample, signals) in run_signals(&g, &inputs, 0..5).expect("runs").iter().enumerate() {
            for (id, node) in g.nodes.enumerate() {
                let QOp::Mvm(op) = &node.op else { continue };
                let x = signals[node.inputs[0]].codes();
                let w = &op.window;
                let kernel = w.kernel.first().copied().unwrap_or(1);
                let length = w.input.first().copied().unwrap_or(1);
                for o in 0..op.outputs {
                    for p in 0..w.positions() {
                        let mut sum = i64::from(0u8);
                        for c in 0..w.channels {
                            for k in 0..kernel {
                                let start =
                                    (p * w.stride.first().unwrap_or(&1)) as i64 - *w.pad.first().unwrap_or(&0) as i64;
                                let at = start + k as i64;
                                if (0..length as i64).contains(&at) {
                                    sum += i64::from(op.weight(o, c * kernel + k))
                                        * i64::from(x[c * length + at as usize]);
                                }
                            }
                        }
                        let real = (sum + op.bias[o]) as f64 * op.acc_scale[o];
                        match node.quant {
                            Some(q) => {
                                let real = if op.relu { real.max(0.0) } else { real };
                                assert_eq!(signals[id].codes()[o * w.positions() + p], q.code(real));
                            }
                            None => assert_eq!(logits[[sample, o]], real as f32),
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn samples_do_not_depend_on_their_company() {
    let g = quantised(EIGHT);
    let inputs = samples(100);
    let all = run(&g, &inputs, 0..100).expect("runs");
    for i in [0, 37, 99] {
        assert_eq!(run(&g, &inputs, i..i + 1).expect("runs").row(0), all.row(i));
    }
}

fn refusal(b: &Builder) -> crate::diag::Diagnostics {
    let mut graph = Graph::build(&b.model(), &Dims::new()).expect("valid");
    fold::simplify(&mut graph);
    quantise(&graph, &Ranges::default(), EIGHT).expect_err("must be refused")
}

#[test]
fn what_cannot_go_to_the_chip_is_named_at_once() {
    let error = refusal(
        &Builder::new(17)
            .input("x", &["N", "2", "8"])
            .node("Shape", &["x"], &["s"], |a| a.int("start", 1))
            .node("Shape", &["x"], &["n"], |a| a)
            .output("s", &["2"])
            .output("n", &["3"]),
    );
    assert_eq!((code_of(&error), error.iter().count()), ("M019", 1));
    let text = error.to_string();
    for part in ["output `s` does not depend on the inputs", "output `n` does not depend"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn options_and_ranges_are_checked() {
    let graph = folded();
    let bad = QuantOptions::uniform(0, 17, 0.0);
    let error = quantise(&graph, &Ranges::default(), bad).expect_err("out of range");
    assert_eq!((code_of(&error), error.iter().count()), ("F002", 3));
    assert_eq!(code_of(&quantise(&graph, &Ranges::default(), EIGHT).expect_err("not calibrated")), "M021");
}

/// `x.view(x.size(0), -1)` is exported as arithmetic on the shape; it is the same network as with a Flatten.
#[test]
fn sizes_computed_from_the_batch_are_no_work() -> Result<()> {
    let begin = || Builder::new(17).input("x", &["N", "2", "6"]).weights("w", &[12, 3], &random(36, 1));
    let end = |b: Builder| b.node("MatMul", &["f", "w"], &["y"], |a| a).output("y", &["N", "3"]);
    let plain = end(begin().node("Flatten", &["x"], &["f"], |a| a));
    let viewed = begin()
        .ints("zero", &[0])
        .ints("rest", &[-1])
        .node("Shape", &["x"], &["s"], |a| a)
        .node("Gather", &["s", "zero"], &["n"], |a| a.int("axis", 0))
        .node("Concat", &["n", "rest"], &["to"], |a| a.int("axis", 0))
        .node("Reshape", &["x", "to"], &["f"], |a| a);
    let inputs = Inputs::from([input("x", &[5, 2, 6], 30)]);
    let logits = |b: &Builder| {
        let graph = Graph::build(&b.model(), &Dims::new())?;
        run(&quantise(&graph, &calibrate(&graph, &inputs)?, EIGHT)?, &inputs, 0..5)
    };
    assert_eq!(logits(&plain)?, logits(&end(viewed))?);
    // a size that is itself an output is no result
    let shown = begin().node("Shape", &["x"], &["y"], |a| a).output("y", &["3"]);
    assert_eq!(code_of(&refusal(&shown)), "M019");
    Ok(())
}

#[test]
fn a_channel_that_is_all_bias_survives() -> Result<()> {
    let graph = Graph::build(
        &Builder::new(17)
            .input("x", &["N", "1"])
            .weights("w", &[1, 3], &[0.0, 1e-30, 1.0])
            .weights("b", &[3], &[5.0, 7.0, 0.0])
            .node("Gemm", &["x", "w", "b"], &["y"], |a| a)
            .output("y", &["N", "3"])
            .model(),
        &Dims::new(),
    )?;
    let inputs = Inputs::from([input("x", &[4, 1], 9)]);
    let g = quantise(&graph, &calibrate(&graph, &inputs)?, EIGHT)?;
    for row in run(&g, &inputs, 0..4)?.rows() {
        assert!((row[0] - 5.0).abs() < 1e-6 && (row[1] - 7.0).abs() < 1e-6, "{row}");
    }
    Ok(())
}

#[test]
fn inputs_are_checked() {
    let g = quantised(EIGHT);
    assert_eq!(code_of(&run(&g, &samples(3), 0..4).expect_err("too few")), "M018");
    assert_eq!(code_of(&run(&g, &Inputs::new(), 0..1).expect_err("none")), "M018");
}

/// A table looked up on the vector unit; a place outside of it names the node.
#[test]
fn values_that_an_operator_does_not_take_are_named() -> Result<()> {
    let b = Builder::new(17)
        .input("x", &["N", "2"])
        .weights("table", &[3, 4], &random(12, 1))
        .weights("w", &[4, 5], &random(20, 2))
        .node("Cast", &["x"], &["i"], |a| a.int("to", 7))
        .node("Gather", &["table", "i"], &["e"], |a| a)
        .node("MatMul", &["e", "w"], &["y"], |a| a)
        .output("y", &["N", "2", "5"]);
    let graph = Graph::build(&b.model(), &Dims::new())?;
    let places =
        |v: Vec<f32>| Inputs::from([("x".into(), ArrayD::from_shape_vec(vec![v.len() / 2, 2], v).expect("fits"))]);
    let good = places(vec![0.0, 2.0, 1.0, 1.0]);
    let g = quantise(&graph, &calibrate(&graph, &good)?, EIGHT)?;
    let logits = run(&g, &good, 0..2)?;
    assert_eq!(logits.row(1).to_vec()[..5], logits.row(1).to_vec()[5..], "one place, one row of the table");
    let error = run(&g, &places(vec![0.0, 3.0]), 0..1).expect_err("outside");
    assert_eq!(code_of(&error), "R110");
    assert!(error.to_string().contains("`Gather_1`"), "{error}");
    Ok(())
}
