//! Whole networks of many kinds through every stage: the crossbars in `ideal` give the bits of the reference,
//! both come close to the float network, and the schedule runs to its end.

use ndarray::{Array2, ArrayD, ArrayView2};

use crate::arch::Chip;
use crate::exec::support::{Parameters, chip};
use crate::exec::{self, Arrays, Fidelity, ValueOptions};
use crate::graph::{Dims, Graph, Inputs};
use crate::lower::{self, QOp, QuantGraph, QuantOptions, TiledGraph};
use crate::onnx::testing::Builder;
use crate::rng::{Domain, Draw};
use crate::sched::{self, Need, Program};
use crate::units::{Kelvin, Second};
use crate::{map, sim};

fn random(count: usize, seed: u64, element: u64) -> Vec<f32> {
    (0..count as u64)
        .map(|tick| (Draw { seed, domain: Domain::Explore, element, tick }.uniform(0) * 2.0 - 1.0) as f32)
        .collect()
}

fn input(name: &str, shape: &[usize], seed: u64) -> (String, ArrayD<f32>) {
    let values = random(shape.iter().product(), seed, name.len() as u64 + 100);
    (name.into(), ArrayD::from_shape_vec(shape, values).expect("fits"))
}

/// A chip with room for small networks.
fn roomy(rows: usize) -> Chip {
    let mut chip = chip(&Parameters { block: [rows, 16], ..Parameters::default() });
    for kind in 0..chip.core_kinds.len() {
        chip.core_kinds[crate::id::Id::new(kind)].crossbars[0].1 = 200;
    }
    (chip.tiles, chip.cores, chip.xbars) = Chip::instances(&chip.tile_kind, &chip.core_kinds, chip.grid, 1);
    chip
}

/// A network taken through all stages.
struct Through {
    quant: QuantGraph,
    tiled: TiledGraph,
    program: Program,
    timeline: sim::Timeline,
}

/// Takes a network through all stages and compares values; `tolerance` is relative to the largest output.
fn through(b: &Builder, inputs: &Inputs, samples: usize, rows: usize, tolerance: f32) -> Through {
    let mut graph = Graph::build(&b.model(), &Dims::new()).unwrap_or_else(|e| panic!("{e}"));
    lower::settle_batch(&mut graph);
    lower::fold::simplify(&mut graph);
    let ranges = lower::calibrate(&graph, inputs).unwrap_or_else(|e| panic!("{e}"));
    let bits = QuantOptions::uniform(16, 16, 1.0);
    let quant = lower::quantise(&graph, &ranges, bits).unwrap_or_else(|e| panic!("{e}"));
    let chip = roomy(rows);
    let tiled = lower::tile(&quant, &chip).unwrap_or_else(|e| panic!("{e}"));
    let placement = map::place("sequential", &quant, &tiled, &chip).unwrap_or_else(|e| panic!("{e}"));
    let program = sched::emit(&quant, &tiled, &placement, &chip).unwrap_or_else(|e| panic!("{e}"));
    let options = sim::SimOptions { samples: 2, ..sim::SimOptions::default() };
    let timeline = sim::run(&program, &options).unwrap_or_else(|e| panic!("{e}"));

    let matrices: Vec<Array2<f32>> = quant
        .inputs
        .iter()
        .map(|i| {
            let array = inputs[&i.name].as_standard_layout().into_owned();
            let features: usize = i.shape.iter().product();
            array.into_shape_with_order((samples, features)).expect("samples")
        })
        .collect();
    let views: Vec<ArrayView2<'_, f32>> = matrices.iter().map(|m| m.view()).collect();
    let values = ValueOptions {
        fidelity: Fidelity::Ideal,
        seed: 1,
        noise_scale: 1.0,
        age: Second(0.0),
        temperature: Kelvin(300.0),
    };
    let converters = exec::calibrate(&quant, &tiled, &chip, &views, 0..samples).unwrap_or_else(|e| panic!("{e}"));
    let arrays = Arrays::program(&quant, &tiled, &chip, &converters, &values).unwrap_or_else(|e| panic!("{e}"));
    let how = exec::RunOptions { compared_samples: 1, ..exec::RunOptions::default() };
    let outcome =
        exec::run(&quant, &tiled, &arrays, &views, 0..samples, &how, &|_| ()).unwrap_or_else(|e| panic!("{e}"));
    let reference = lower::reference::run(&quant, inputs, 0..samples).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(outcome.logits, reference, "crossbars and reference differ: {}", lower::describe(&quant));
    assert!(outcome.activity.layers.iter().all(|l| l.error_power == 0.0));
    let float = graph.run(inputs).unwrap_or_else(|e| panic!("{e}"));
    let float = &float[0];
    let top = float.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    assert_eq!(float.len(), reference.len());
    for (a, b) in float.iter().zip(&reference) {
        assert!((a - b).abs() <= tolerance * top, "{a} became {b} (largest {top}): {}", lower::describe(&quant));
    }
    Through { quant, tiled, program, timeline }
}

fn ops(t: &Through) -> Vec<String> {
    let name = |op: &QOp| match op {
        QOp::Unit(unit) => format!("unit {}", unit.op.name()),
        QOp::Mvm(op) => format!("mvm at {}", op.positions),
        other => format!("{other:?}").split(['(', ' ']).next().unwrap_or_default().to_lowercase(),
    };
    t.quant.nodes.iter().map(|n| name(&n.op)).collect()
}

#[test]
fn grouped_and_depthwise_convolutions() {
    for (seed, rows) in [(1, 128), (2, 20), (3, 7)] {
        let b = Builder::new(17)
            .input("x", &["N", "6", "9", "8"])
            .weights("w1", &[9, 2, 3, 3], &random(162, seed, 1))
            .weights("b1", &[9], &random(9, seed, 2))
            .weights("w2", &[9, 1, 3, 3], &random(81, seed, 3))
            .weights("w3", &[9, 4], &random(36, seed, 4))
            .node("Conv", &["x", "w1", "b1"], &["c1"], |a| {
                a.int("group", 3).ints("dilations", &[2, 1]).ints("pads", &[2, 1, 2, 1])
            })
            .node("Sigmoid", &["c1"], &["s1"], |a| a)
            .node("Conv", &["s1", "w2"], &["c2"], |a| a.int("group", 9).ints("strides", &[2, 1]))
            .node("Tanh", &["c2"], &["t2"], |a| a)
            .node("GlobalAveragePool", &["t2"], &["g"], |a| a)
            .node("Flatten", &["g"], &["f"], |a| a)
            .node("MatMul", &["f", "w3"], &["y"], |a| a)
            .output("y", &["N", "4"]);
        let t = through(&b, &Inputs::from([input("x", &[3, 6, 9, 8], seed)]), 3, rows, 2e-3);
        assert_eq!(t.tiled.layers.iter().map(lower::TiledLayer::weights).collect::<Vec<_>>(), [162, 81, 36]);
        let held = |l: &lower::TiledLayer| l.blocks.iter().map(|b| l.weights_in(&t.tiled.blocks[*b])).sum::<usize>();
        assert!(t.tiled.layers.iter().all(|l| held(l) == l.weights()), "every weight is in one block");
    }
}

/// One block of self-attention with a residual and a normalisation made of its parts.
#[test]
fn attention() {
    for seed in 1..4 {
        let heads = |b: Builder, name: &str, at: u64| {
            let [w, p, q, r, t] = ["w", "p", "q", "r", "t"].map(|s| format!("{name}{s}"));
            b.weights(&w, &[12, 12], &random(144, seed, at))
                .weights(&q, &[12], &random(12, seed, at + 1))
                .node("MatMul", &["x", &w], &[&p], |a| a)
                .node("Add", &[&q, &p], &[&r], |a| a)
                .node("Reshape", &[&r, "split"], &[&t], |a| a)
                .node("Transpose", &[&t], &[name], |a| a.ints("perm", &[0, 2, 1, 3]))
        };
        let b = Builder::new(17)
            .input("x", &["N", "5", "12"])
            .ints("split", &[0, 5, 3, 4])
            .ints("merge", &[0, 5, 12])
            .weights("half", &[], &[0.5])
            .weights("eps", &[1], &[0.01])
            .weights("wo", &[12, 12], &random(144, seed, 90))
            .weights("wc", &[12, 4], &random(48, seed, 91));
        let b = heads(heads(heads(b, "q", 10), "k", 20), "v", 30)
            .node("Transpose", &["k"], &["keys"], |a| a.ints("perm", &[0, 1, 3, 2]))
            .node("MatMul", &["q", "keys"], &["scores"], |a| a)
            .node("Mul", &["scores", "half"], &["scaled"], |a| a)
            .node("Softmax", &["scaled"], &["p"], |a| a)
            .node("MatMul", &["p", "v"], &["mixed"], |a| a)
            .node("Transpose", &["mixed"], &["m"], |a| a.ints("perm", &[0, 2, 1, 3]))
            .node("Reshape", &["m", "merge"], &["m2"], |a| a)
            .node("MatMul", &["m2", "wo"], &["o"], |a| a)
            .node("Add", &["x", "o"], &["res"], |a| a)
            .node("ReduceMean", &["res"], &["mean"], |a| a.ints("axes", &[-1]))
            .node("Sub", &["res", "mean"], &["centred"], |a| a)
            .node("Mul", &["centred", "centred"], &["square"], |a| a)
            .node("ReduceMean", &["square"], &["var"], |a| a.ints("axes", &[-1]))
            .node("Add", &["var", "eps"], &["safe"], |a| a)
            .node("Div", &["centred", "safe"], &["normal"], |a| a)
            .node("MatMul", &["normal", "wc"], &["l"], |a| a)
            .node("ReduceMean", &["l"], &["y"], |a| a.ints("axes", &[1]).int("keepdims", 0))
            .output("y", &["N", "4"]);
        let t = through(&b, &Inputs::from([input("x", &[3, 5, 12], seed)]), 3, 10, 2e-3);
        let ops = ops(&t);
        assert_eq!(ops.iter().filter(|o| *o == "mvm at 5").count(), 5, "{ops:?}");
        assert_eq!(ops.iter().filter(|o| *o == "unit MatMul").count(), 2, "{ops:?}");
        assert!(!ops.contains(&"unit Reshape".into()), "{ops:?}");
        // one operand passes row by row and the other is held
        let product = |n| matches!(&t.quant.nodes[n].op, QOp::Unit(u) if u.op.name() == "MatMul");
        let products = t.program.stages.iter().filter(|s| s.node.is_some_and(product));
        let needs: Vec<&Need> = products.flat_map(|s| &s.inputs).map(|c| &t.program.channels[*c].need).collect();
        assert_eq!(needs, [&Need::Same, &Need::All, &Need::Same, &Need::All]);
    }
}

/// A normalisation over the last axis stands between two products position by position.
#[test]
fn normalisations_are_pipelined() {
    let b = Builder::new(17)
        .input("x", &["N", "5", "12"])
        .weights("w", &[12, 8], &random(96, 1, 1))
        .weights("g", &[8], &random(8, 1, 2))
        .weights("v", &[8, 3], &random(24, 1, 3))
        .node("MatMul", &["x", "w"], &["h"], |a| a)
        .node("LayerNormalization", &["h", "g"], &["n"], |a| a)
        .node("MatMul", &["n", "v"], &["y"], |a| a)
        .output("y", &["N", "5", "3"]);
    let t = through(&b, &Inputs::from([input("x", &[3, 5, 12], 1)]), 3, 64, 1e-3);
    let needs: Vec<&sched::Need> = t.program.channels.iter().map(|c| &c.need).collect();
    use sched::Need::{All, Same};
    assert_eq!(needs, [&Same, &Same, &Same, &All], "only the end waits for everything");
    let norm = t.program.stages.iter().find_map(|s| match s.work {
        sched::Work::Vector { load_bytes, vector_ops } => Some((s.positions, load_bytes, vector_ops)),
        _ => None,
    });
    let (positions, load, work) = norm.expect("a stage of the vector unit");
    // 5 positions of 8 values, and the 8 factors, in words of 16 bits: 16 bytes and 16 / 5 bytes of each
    assert_eq!((positions, load), (5, 20));
    let QOp::Unit(unit) = &t.quant.nodes.iter().nth(2).expect("the normalisation").op else { panic!("a unit") };
    assert_eq!(work, unit.lane_ops().div_ceil(5));
}

/// Channels scaled by what they are on average, then joined along another axis than theirs.
#[test]
fn scaled_channels_and_joins_along_other_axes() {
    for seed in 1..4 {
        let b = Builder::new(17)
            .input("x", &["N", "4", "6"])
            .weights("w1", &[8, 4, 3], &random(96, seed, 1))
            .weights("d", &[2, 8, 1], &random(16, seed, 2))
            .weights("u", &[8, 2, 1], &random(16, seed, 3))
            .weights("t", &[1, 1, 8], &random(8, seed, 4))
            .weights("m", &[8, 5], &random(40, seed, 5))
            .weights("w4", &[14, 3], &random(42, seed, 6))
            .ints("from", &[1])
            .ints("to", &[99])
            .ints("axis", &[1])
            .node("Conv", &["x", "w1"], &["c"], |a| a.ints("pads", &[1, 1]))
            .node("GlobalAveragePool", &["c"], &["g"], |a| a)
            .node("Conv", &["g", "d"], &["s1"], |a| a)
            .node("Relu", &["s1"], &["s2"], |a| a)
            .node("Conv", &["s2", "u"], &["s3"], |a| a)
            .node("Sigmoid", &["s3"], &["s"], |a| a)
            .node("Mul", &["c", "s"], &["e"], |a| a)
            .node("Transpose", &["e"], &["et"], |a| a.ints("perm", &[0, 2, 1]))
            .node("Mul", &["et", "t"], &["es"], |a| a)
            .node("Concat", &["es", "et"], &["j"], |a| a.int("axis", 1))
            .node("MatMul", &["j", "m"], &["jm"], |a| a)
            .node("Slice", &["jm", "from", "to", "axis"], &["cut"], |a| a)
            .node("Transpose", &["cut"], &["cutt"], |a| a.ints("perm", &[0, 2, 1]))
            .node("Concat", &["cutt", "cutt"], &["wide"], |a| a.int("axis", 2))
            .node("MaxPool", &["wide"], &["mp"], |a| a.ints("kernel_shape", &[3]).ints("strides", &[3]))
            .node("ReduceMean", &["mp"], &["r"], |a| a.ints("axes", &[2]).int("keepdims", 0))
            .node("Concat", &["r", "r", "g1"], &["rr"], |a| a.int("axis", 1))
            .node("Gemm", &["rr", "w4"], &["y"], |a| a)
            .node("ReduceMean", &["cut"], &["g0"], |a| a.ints("axes", &[2]).int("keepdims", 0))
            .node("Slice", &["g0", "from", "four", "axis"], &["g1"], |a| a)
            .ints("four", &[5])
            .output("y", &["N", "3"]);
        let t = through(&b, &Inputs::from([input("x", &[4, 4, 6], seed)]), 4, 64, 2e-3);
        assert_eq!(t.timeline.finished.len(), 2);
    }
}

#[test]
fn constants_on_the_left_and_calls_without_a_batch() {
    for seed in 1..4 {
        let b = Builder::new(17)
            .input("x", &["7", "6"])
            .input("yy", &["3", "6"])
            .weights("a", &[4, 10], &random(40, seed, 1))
            .weights("w", &[6, 5], &random(30, seed, 2))
            .weights("v", &[6, 5], &random(30, seed, 3))
            .node("MatMul", &["x", "w"], &["p"], |a| a)
            .node("MatMul", &["yy", "v"], &["q"], |a| a)
            .node("Concat", &["p", "q"], &["j"], |a| a.int("axis", 0))
            .node("MatMul", &["a", "j"], &["m"], |a| a)
            .node("Tanh", &["m"], &["z"], |a| a)
            .output("z", &["4", "5"]);
        let inputs = Inputs::from([input("x", &[2, 7, 6], seed), input("yy", &[2, 3, 6], seed)]);
        let t = through(&b, &inputs, 2, 64, 2e-3);
        assert_eq!(ops(&t), ["input", "input", "mvm at 7", "mvm at 3", "concat", "mvm at 5", "unit Tanh"]);
    }
}

#[test]
fn fixed_batches_and_several_outputs() {
    let b = Builder::new(17)
        .input("x", &["3", "2", "8"])
        .ints("flat", &[3, 16])
        .weights("w", &[16, 5], &random(80, 1, 1))
        .weights("v", &[5, 2], &random(10, 1, 2))
        .node("Tanh", &["x"], &["t"], |a| a)
        .node("Reshape", &["t", "flat"], &["f"], |a| a)
        .node("MatMul", &["f", "w"], &["h"], |a| a)
        .node("Relu", &["h"], &["y"], |a| a)
        .node("MatMul", &["y", "v"], &["z"], |a| a)
        .output("z", &["3", "2"])
        .output("y", &["3", "5"])
        .output("t", &["3", "2", "8"]);
    let t = through(&b, &Inputs::from([input("x", &[6, 2, 8], 1)]), 6, 64, 1e-3);
    assert_eq!(t.quant.outputs.len(), 3);
    let sinks = t.program.stages.iter().filter(|s| matches!(s.work, sched::Work::Sink { .. })).count();
    assert_eq!(sinks, 3);
}

/// Recurrent layers of every kind over a sequence, between two products.
#[test]
fn recurrent_layers() {
    let cases: [(&str, usize, &str, i64); 6] = [
        ("LSTM", 4, "forward", 0),
        ("LSTM", 4, "bidirectional", 0),
        ("GRU", 3, "forward", 0),
        ("GRU", 3, "reverse", 1),
        ("GRU", 3, "bidirectional", 1),
        ("RNN", 1, "forward", 0),
    ];
    for (seed, (kind, gates, direction, before)) in cases.into_iter().enumerate() {
        let seed = seed as u64 + 1;
        let sets = if direction == "bidirectional" { 2 } else { 1 };
        let (hidden, width, steps) = (5i64, 3i64, 6i64);
        let rows = gates as i64 * hidden;
        let count = |n: i64| (sets * n) as usize;
        let b = Builder::new(17)
            .input("x", &["6", "1", "3"])
            .weights("w", &[sets, rows, width], &random(count(rows * width), seed, 1))
            .weights("r", &[sets, rows, hidden], &random(count(rows * hidden), seed, 2))
            .weights("b", &[sets, 2 * rows], &random(count(2 * rows), seed, 3))
            .weights("h0", &[sets, 1, hidden], &random(count(hidden), seed, 4))
            .weights("m", &[hidden, 4], &random(20, seed, 5))
            .node(kind, &["x", "w", "r", "b", "", "h0"], &["all", "last"], |a| {
                let a = a.int("hidden_size", hidden).text("direction", direction);
                if kind == "GRU" { a.int("linear_before_reset", before) } else { a }
            })
            .node("MatMul", &["all", "m"], &["p"], |a| a)
            .node("Add", &["p", "q"], &["z"], |a| a)
            .node("MatMul", &["last", "m"], &["l"], |a| a)
            .node("ReduceMean", &["l"], &["q"], |a| a.ints("axes", &[0, 1]))
            .output("z", &["6", &sets.to_string(), "1", "4"]);
        let t = through(&b, &Inputs::from([input("x", &[3, 6, 1, 3], seed)]), 3, 16, 2e-3);
        let recurrent: Vec<usize> = (t.quant.nodes.iter())
            .filter_map(|n| if let QOp::Recurrent(r) = &n.op { Some(r.mvm.positions) } else { None })
            .collect();
        let reads = if (kind, before) == ("GRU", 0) { 2 } else { 1 };
        assert_eq!(recurrent, vec![steps as usize * reads; sets as usize], "{kind} {direction}");
        // no step begins before the one before it is over
        for (id, stage) in t.program.stages.enumerate().filter(|(_, s)| s.inputs.iter().any(|c| s.outputs.contains(c)))
        {
            let times = &t.timeline.stages[id];
            let alone = (times.end - times.start) / stage.positions as u64;
            let unit = match &stage.work {
                sched::Work::Mvm { replicas, .. } => replicas[0][0],
                _ => panic!("a recurrent stage holds weights"),
            };
            let timing = &t.program.machine.cores[unit.core];
            let front = unit.steps * (timing.drive + timing.integrate + timing.sample);
            assert!(alone >= front + unit.rounds * timing.convert, "{kind}: {alone} cycles a step");
        }
    }
}

/// A grouped convolution by hand: crossbars, conversions and positions.
#[test]
fn counts_of_a_grouped_convolution() {
    let b = Builder::new(17)
        .input("x", &["N", "4", "6"])
        .weights("w", &[8, 2, 3], &random(48, 1, 1))
        .node("Conv", &["x", "w"], &["c"], |a| a.int("group", 2))
        .node("Sigmoid", &["c"], &["y"], |a| a)
        .output("y", &["N", "8", "4"]);
    let t = through(&b, &Inputs::from([input("x", &[2, 4, 6], 1)]), 2, 128, 1e-3);
    let layer = t.tiled.layers.iter().next().expect("one layer");
    // two groups of 6 rows and 4 columns side by side on one crossbar: half of its 96 crossings hold weights
    let block = &t.tiled.blocks[layer.blocks[0]];
    assert_eq!((layer.blocks.len(), block.rows.clone(), block.cols.clone()), (1, 0..12, 0..8));
    assert_eq!((layer.weights_in(block), layer.macs()), (48, 48 * 4));
    let work = t.program.stages.iter().find_map(|s| match &s.work {
        sched::Work::Mvm { replicas, vector_ops, .. } => Some((s.positions, replicas[0][0], *vector_ops)),
        _ => None,
    });
    let (positions, unit, vector_ops) = work.expect("a weighted stage");
    // 16-bit codes: 16 planes; 15-bit magnitudes in 4-bit cells: 4 slices, converted once for each output
    assert_eq!((positions, unit.steps, unit.conversions, unit.rows_driven), (4, 16, 8 * 4, 16 * 12));
    assert_eq!(vector_ops, 2 * 8, "scale and clip of 8 outputs");
}

#[test]
fn transposed_convolutions() {
    for (seed, groups) in [(1, 1), (2, 2)] {
        let b = Builder::new(17)
            .input("x", &["N", "4", "3", "4"])
            .weights("w", &[4, 3, 3, 2], &random(72, seed, 1))
            .weights("b", &[3 * groups], &random(3 * groups as usize, seed, 2))
            .node("ConvTranspose", &["x", "w", "b"], &["c"], |a| {
                a.int("group", groups).ints("strides", &[2, 3]).ints("pads", &[1, 0, 0, 1]).ints("dilations", &[1, 2])
            })
            .node("Relu", &["c"], &["r"], |a| a)
            .node("GlobalMaxPool", &["r"], &["y"], |a| a)
            .output("y", &["N", "C", "1", "1"]);
        let t = through(&b, &Inputs::from([input("x", &[3, 4, 3, 4], seed)]), 3, 16, 1e-3);
        assert!(ops(&t)[1].starts_with("mvm at"), "{:?}", ops(&t));
    }
}

/// Element types of ONNX: <https://onnx.ai/onnx/intro/concepts.html#element-type>.
const U8: i32 = 2;
const I8: i32 = 3;
const I32: i32 = 6;

fn small(t: &mut onnx_protobuf::TensorProto, name: &str, shape: &[i64], data_type: i32, values: &[i32]) {
    (t.name, t.dims, t.data_type, t.int32_data) = (name.into(), shape.to_vec(), data_type, values.to_vec());
}

/// A network quantised beforehand: its own scales and codes reach the crossbars.
#[test]
fn networks_quantised_beforehand_keep_their_scales() {
    let codes = |n: usize, at: u64| random(n, 1, at).into_iter().map(|v| (v * 127.0).round()).collect::<Vec<f32>>();
    let w = codes(24, 1);
    let b = Builder::new(17)
        .input("x", &["N", "2", "6"])
        .weights("s", &[], &[0.03125])
        .weights("sw", &[], &[0.0078125])
        .weights("sy", &[], &[0.0625])
        .weights("sb", &[4], &[0.01, 0.02, 0.005, 0.01])
        .tensor(|t| small(t, "z", &[], U8, &[7]))
        .tensor(|t| small(t, "zero", &[], U8, &[0]))
        .tensor(|t| small(t, "zw", &[4], I8, &[0; 4]))
        .tensor(|t| small(t, "w", &[4, 2, 3], I8, &w.iter().map(|v| *v as i32).collect::<Vec<_>>()))
        .tensor(|t| small(t, "w2", &[4, 4, 1], I8, &codes(16, 3).iter().map(|v| *v as i32).collect::<Vec<_>>()))
        .tensor(|t| small(t, "b2", &[4], I32, &[100, -200, 300, 0]))
        .weights("v", &[4, 2], &random(8, 1, 2))
        .node("QuantizeLinear", &["x", "s", "z"], &["q"], |a| a)
        .node("DequantizeLinear", &["q", "s", "z"], &["d"], |a| a)
        .node("DequantizeLinear", &["w", "sw"], &["wf"], |a| a)
        .node("Conv", &["d", "wf"], &["c"], |a| a)
        .node("QuantizeLinear", &["c", "sy", "zero"], &["qc"], |a| a)
        .node("QLinearConv", &["qc", "sy", "zero", "w2", "sb", "zw", "sy", "z", "b2"], &["q2"], |a| a)
        .node("DequantizeLinear", &["q2", "sy", "z"], &["dc"], |a| a)
        .node("GlobalAveragePool", &["dc"], &["g"], |a| a)
        .node("Flatten", &["g"], &["f"], |a| a)
        .node("MatMul", &["f", "v"], &["y"], |a| a)
        .output("y", &["N", "2"]);
    // a product at a tie of the rounding may fall to either side: one step of the last scale
    let t = through(&b, &Inputs::from([input("x", &[3, 2, 6], 1)]), 3, 64, 0.05);
    assert_eq!(t.tiled.layers.len(), 3);
    let layer = t.quant.nodes.enumerate().find_map(|(id, _)| t.quant.layer(id)).expect("a layer");
    let format = layer.1.expect("a format");
    assert_eq!((format.scale, format.bits, format.signed), (0.03125, 9, true));
    let own: Vec<i16> = w.iter().map(|v| *v as i16).collect();
    let top = |o: usize| own[o * 6..(o + 1) * 6].iter().map(|v| v.abs()).max().unwrap_or(1);
    // where the largest code is 127 the codes are the network's own; a smaller one may be a multiple
    for (o, row) in own.chunks(6).enumerate() {
        let got: Vec<i16> = (0..6).map(|r| layer.0.weight(o, r)).collect();
        let factor =
            f64::from(got[row.iter().position(|v| v.abs() == top(o)).expect("is there")]).abs() / f64::from(top(o));
        for (a, b) in row.iter().zip(&got) {
            assert!((f64::from(*a) * factor - f64::from(*b)).abs() < 0.5, "{row:?} became {got:?}");
        }
    }
}
