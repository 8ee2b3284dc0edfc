//! Cross-layer equalisation (Nagel et al., ICCV 2019, section 4.1, doi:10.1109/ICCV.2019.00141).
//!
//! A channel between two layers can be scaled by any positive `s` without a change of the outputs, as long as
//! what stands between them is positively homogeneous (`f(s·x) = s·f(x)`): the first layer yields `1/s` of it
//! and the second one takes `s` times as much. `s = √(r₁·r₂)/r₂` gives both sides the same range, so that one
//! step for a whole tensor fits all its channels.

use super::linear::Linear;
use crate::graph::ops::{AveragePool, Dropout, Flatten, GlobalPool, Identity, MaxPool, Relu};
use crate::graph::{EdgeId, Graph, Links, Node};

/// Most sweeps over all pairs; ranges of a chain settle geometrically.
const SWEEPS: usize = 20;
/// A sweep in which no factor is further than this from 1 is the last.
const SETTLED: f64 = 0.01;

/// Two weighted layers with a private path between them.
struct Pair {
    first: usize,
    second: usize,
    /// Input channels of the second layer that belong to one output of the first: 1, or the positions of a
    /// plane that a flattening lays out.
    spread: usize,
}

/// Equalises all pairs of layers that allow it, in place, until nothing moves. Returns the number of pairs.
pub fn equalise(graph: &mut Graph) -> usize {
    let links = Links::new(graph);
    let pairs: Vec<Pair> = (0..graph.nodes.len()).filter_map(|at| pair(graph, &links, at)).collect();
    for _ in 0..SWEEPS {
        let furthest = pairs.iter().map(|p| balance(graph, &links, p)).fold(0.0, f64::max);
        if furthest < SETTLED {
            break;
        }
    }
    pairs.len()
}

/// The pair that begins with a node.
fn pair(graph: &Graph, links: &Links, first: usize) -> Option<Pair> {
    let outputs = alone(graph, links, first)?.bias.len();
    let mut edge = graph.nodes[first].output()?;
    let mut spread = 1;
    loop {
        let &[reader] = links.readers(edge) else { return None };
        if graph.outputs.contains(&edge) || graph.nodes[reader].input(0) != Some(edge) {
            return None;
        }
        if let Some(second) = alone(graph, links, reader) {
            let fits = second.channels * second.groups == outputs * spread;
            return fits.then_some(Pair { first, second: reader, spread });
        }
        spread *= passes(graph, &graph.nodes[reader], edge)?;
        edge = graph.nodes[reader].output()?;
    }
}

/// A layer whose weights no other node reads.
fn alone(graph: &Graph, links: &Links, at: usize) -> Option<Linear> {
    let layer = Linear::of(graph, at)?;
    (links.readers(layer.weights).len() <= 1 && !graph.outputs.contains(&layer.weights)).then_some(layer)
}

/// Whether a node scales with its input, channel by channel; how many channels it makes of one.
fn passes(graph: &Graph, node: &Node, input: EdgeId) -> Option<usize> {
    if node.op::<Flatten>().is_some() {
        let (before, after) = (&graph.edges[input].fact.shape, &graph.edges[node.output()?].fact.shape);
        let plane = before.iter().skip(2).product();
        let kept = before.len() >= 2 && after.len() == 2 && before[0] == after[0] && after[1] == before[1] * plane;
        return kept.then_some(plane);
    }
    let homogeneous = node.op::<Relu>().is_some()
        || node.op::<MaxPool>().is_some()
        || node.op::<AveragePool>().is_some()
        || node.op::<GlobalPool>().is_some()
        || node.op::<Identity>().is_some()
        || node.op::<Dropout>().is_some();
    homogeneous.then_some(1)
}

/// Gives both layers of a pair the same ranges; how far the factors were from 1.
fn balance(graph: &mut Graph, links: &Links, pair: &Pair) -> f64 {
    let Some((mut first, mut second)) = Linear::of(graph, pair.first).zip(Linear::of(graph, pair.second)) else {
        return 0.0;
    };
    let ([mine, _], [_, its]) = (first.largest(graph), second.largest(graph));
    let its = its.chunks_exact(pair.spread).map(|c| c.iter().copied().fold(0.0, f64::max));
    let factor = |(a, b): (&f64, f64)| if *a > 0.0 && b > 0.0 { (a / b).sqrt() } else { 1.0 };
    let factors: Vec<f64> = mine.iter().zip(its).map(factor).collect();
    let furthest = factors.iter().map(|s| (s - 1.0).abs()).fold(0.0, f64::max);
    if furthest >= SETTLED {
        debug_assert!(links.readers(first.weights).len() <= 1, "pairs have weights of their own");
        first.bias.iter_mut().zip(&factors).for_each(|(b, s)| *b /= s);
        first.change(graph, false, |o, _, w| (f64::from(w) / factors[o]) as f32);
        first.store_bias(graph);
        second.change(graph, false, |_, c, w| (f64::from(w) * factors[c / pair.spread]) as f32);
    }
    furthest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Dims, Inputs};
    use crate::lower::fold;
    use crate::onnx::testing::Builder;
    use crate::rng::{Domain, Draw};

    fn random(count: usize, element: u64) -> Vec<f32> {
        let draw = |tick| Draw { seed: 5, domain: Domain::Explore, element, tick }.uniform(0);
        (0..count as u64).map(|tick| (draw(tick) * 2.0 - 1.0) as f32).collect()
    }

    /// Weights whose outputs differ in range by up to 2^12.
    fn uneven(outputs: usize, rows: usize, element: u64) -> Vec<f32> {
        let scale = |i: usize| (2.0f32).powi((i / rows) as i32 * 12 / outputs as i32);
        random(outputs * rows, element).into_iter().enumerate().map(|(i, w)| w * scale(i)).collect()
    }

    fn network() -> Graph {
        let b = Builder::new(13)
            .input("x", &["N", "2", "8"])
            .weights("w1", &[6, 2, 3], &uneven(6, 6, 1))
            .weights("b1", &[6], &random(6, 2))
            .weights("w2", &[6, 1, 3], &uneven(6, 3, 3))
            .weights("w3", &[4, 6, 1], &random(24, 4))
            .weights("w4", &[12, 5], &random(60, 5))
            .node("Conv", &["x", "w1", "b1"], &["c1"], |a| a.ints("pads", &[1, 1]))
            .node("Relu", &["c1"], &["r1"], |a| a)
            .node("Conv", &["r1", "w2"], &["c2"], |a| a.int("group", 6))
            .node("Relu", &["c2"], &["r2"], |a| a)
            .node("MaxPool", &["r2"], &["p"], |a| a.ints("kernel_shape", &[2]).ints("strides", &[2]))
            .node("Conv", &["p", "w3"], &["c3"], |a| a)
            .node("Flatten", &["c3"], &["f"], |a| a)
            .node("MatMul", &["f", "w4"], &["y"], |a| a)
            .output("y", &["N", "5"]);
        Graph::build(&b.model(), &Dims::new()).expect("valid")
    }

    #[test]
    fn outputs_stay_and_ranges_meet() {
        let mut graph = network();
        let x = ndarray::ArrayD::from_shape_vec(vec![7, 2, 8], random(112, 9)).expect("fits");
        let inputs = Inputs::from([("x".into(), x)]);
        let before = graph.run(&inputs).expect("runs");
        fold::simplify(&mut graph);
        assert_eq!(equalise(&mut graph), 3);
        let after = graph.run(&inputs).expect("runs");
        let largest = before["y"].iter().fold(0.0f32, |m, v| m.max(v.abs()));
        for (a, b) in before["y"].iter().zip(&after["y"]) {
            assert!((a - b).abs() < 1e-5 * largest, "{a} became {b}");
        }
        // the ranges of both sides of every channel are the same, up to where the sweeps end
        let layer = |at: usize| Linear::of(&graph, at).expect("a layer").largest(&graph);
        let layers: Vec<usize> = (0..graph.nodes.len()).filter(|i| Linear::of(&graph, *i).is_some()).collect();
        for (p, spread) in [(0, 1), (1, 1), (2, 3)] {
            let ([mine, _], [_, its]) = (layer(layers[p]), layer(layers[p + 1]));
            for (a, b) in mine.iter().zip(its.chunks(spread)) {
                let b = b.iter().copied().fold(0.0, f64::max);
                assert!((a / b - 1.0).abs() < 0.1, "pair {p}: {a} and {b}");
            }
        }
    }

    #[test]
    fn nothing_is_equalised_across_a_fork_or_a_sigmoid() {
        let model = |middle: &str, output: &str| {
            Builder::new(13)
                .input("x", &["N", "4"])
                .weights("w", &[4, 4], &random(16, 1))
                .weights("v", &[4, 4], &random(16, 2))
                .node("MatMul", &["x", "w"], &["a"], |a| a)
                .node(middle, &["a"], &["b"], |a| a)
                .node("MatMul", &["b", "v"], &["y"], |a| a)
                .output(output, &["N", "4"])
                .output("y", &["N", "4"])
                .model()
        };
        let pairs = |model| equalise(&mut Graph::build(&model, &Dims::new()).expect("valid"));
        assert_eq!(pairs(model("Sigmoid", "x")), 0);
        assert_eq!(pairs(model("Relu", "b")), 0);
        assert_eq!(pairs(model("Relu", "x")), 1);
    }
}
