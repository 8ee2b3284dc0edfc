//! How to quantise.

use super::calibration::Method;
use super::layer_bits::{ACTIVATION_BITS, LayerBits, WEIGHT_BITS};
use crate::diag::{Diagnostic, Diagnostics, Result};

/// How finely to quantise, and what is done against the loss.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantOptions {
    /// Bits of a weight, sign included: 1 (weights ±1, scaled) to 16.
    pub weight_bits: u8,
    /// Bits of an activation: 2 to 16.
    pub activation_bits: u8,
    /// What decides the largest magnitude of an activation.
    pub method: Method,
    /// Whether the weight ranges of neighbouring layers are equalised first ([`super::equalise`]).
    pub equalise: bool,
    /// Whether biases take up the mean error of the weights ([`super::bias`]).
    pub bias_correction: bool,
    /// Layers with bits of their own.
    pub layers: LayerBits,
}

impl QuantOptions {
    /// The same bits everywhere and nothing against the loss. A share `percentile` (above 0) of calibration
    /// magnitudes is representable; 1 clips nothing.
    #[must_use]
    pub const fn uniform(weight_bits: u8, activation_bits: u8, percentile: f64) -> Self {
        Self {
            weight_bits,
            activation_bits,
            method: Method::Percentile(percentile),
            equalise: false,
            bias_correction: false,
            layers: LayerBits::none(),
        }
    }

    /// Bits of the weights of a layer.
    #[must_use]
    pub fn weights(&self, layer: &str) -> u8 {
        self.layers.weights(layer).unwrap_or(self.weight_bits)
    }

    /// Bits of the activations that a layer reads.
    #[must_use]
    pub fn activations(&self, layer: &str) -> u8 {
        self.layers.activations(layer).unwrap_or(self.activation_bits)
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// F002 for every number that is out of range.
    pub fn check(&self) -> Result<()> {
        let mut found = Diagnostics::new();
        let ranges =
            [("weights", self.weight_bits, WEIGHT_BITS), ("activations", self.activation_bits, ACTIVATION_BITS)];
        for (what, bits, range) in ranges {
            if !range.contains(&bits) {
                let (low, high) = range.into_inner();
                found.push(
                    Diagnostic::error("F002", format!("{bits} bits for {what} are outside {low} to {high}"))
                        .help(format!("give {low} to {high} bits")),
                );
            }
        }
        if let Method::Percentile(share) = self.method
            && !(share > 0.0 && share <= 1.0)
        {
            let message = format!("calibration percentile {share} is outside 0 (excluded) to 1");
            found.push(Diagnostic::error("F002", message).help("1 clips nothing"));
        }
        found.into_result(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Dims, Graph, Inputs};
    use crate::lower::reference::run;
    use crate::lower::{calibrate, quantise};
    use crate::onnx::testing::Builder;
    use crate::rng::{Domain, Draw};

    const SAMPLES: usize = 400;

    fn uniform(count: usize, element: u64) -> impl Iterator<Item = f64> {
        (0..count as u64).map(move |tick| Draw { seed: 11, domain: Domain::Explore, element, tick }.uniform(0))
    }

    fn weights(count: usize, element: u64) -> Vec<f32> {
        uniform(count, element).map(|u| (2.0 * u - 1.0) as f32).collect()
    }

    /// Two layers, and samples whose values have a long tail (Laplace).
    fn network() -> (Graph, Inputs) {
        let b = Builder::new(13)
            .input("x", &["N", "4", "6"])
            .weights("w", &[8, 4, 3], &weights(96, 1))
            .weights("b", &[8], &weights(8, 2))
            .weights("v", &[48, 3], &weights(144, 3))
            .node("Conv", &["x", "w", "b"], &["c"], |a| a.ints("pads", &[1, 1]))
            .node("Relu", &["c"], &["r"], |a| a)
            .node("Flatten", &["r"], &["f"], |a| a)
            .node("Gemm", &["f", "v"], &["y"], |a| a)
            .output("y", &["N", "3"]);
        let tail = |u: f64| if u < 0.5 { (2.0 * u).max(1e-9).ln() } else { -(2.0 - 2.0 * u).max(1e-9).ln() };
        let x = uniform(SAMPLES * 24, 4).map(|u| (0.3 + tail(u)) as f32).collect();
        let x = ndarray::ArrayD::from_shape_vec(vec![SAMPLES, 4, 6], x).expect("fits");
        (Graph::build(&b.model(), &Dims::new()).expect("valid"), Inputs::from([("x".into(), x)]))
    }

    /// Root mean square of the error of the logits, and of the mean error of each of them, over the spread.
    fn error(options: &QuantOptions) -> (f64, f64) {
        let (graph, inputs) = network();
        let float = &graph.run(&inputs).expect("runs")["y"];
        let ranges = calibrate(&graph, &inputs).expect("runs");
        let quantised = quantise(&graph, &ranges, options.clone()).expect("can be quantised");
        let integer = run(&quantised, &inputs, 0..SAMPLES).expect("runs");
        let (mut squares, mut size, mut means) = (0.0, 0.0, [0.0f64; 3]);
        for (i, (a, b)) in float.iter().zip(&integer).enumerate() {
            let (a, b) = (f64::from(*a), f64::from(*b));
            squares += (a - b) * (a - b);
            size += a * a;
            means[i % 3] += (b - a) / SAMPLES as f64;
        }
        let mean = means.iter().map(|m| m * m).sum::<f64>() / 3.0;
        ((squares / size).sqrt(), (mean / (size / (3 * SAMPLES) as f64)).sqrt())
    }

    #[test]
    fn every_method_quantises_well_and_clipping_pays_at_few_bits() {
        let at = |method, bits| error(&QuantOptions { method, ..QuantOptions::uniform(12, bits, 1.0) }).0;
        for (name, make) in crate::lower::METHODS {
            assert!(at(make(0.9999), 8) < 0.03, "{name}: {}", at(make(0.9999), 8));
        }
        let (clipped, whole) = (at(Method::Mse, 3), at(Method::MinMax, 3));
        assert!(clipped < 0.8 * whole, "{clipped} {whole}");
    }

    #[test]
    fn bias_correction_takes_back_the_mean_error() {
        let at = |bias_correction| error(&QuantOptions { bias_correction, ..QuantOptions::uniform(3, 16, 1.0) });
        let (with, without) = (at(true), at(false));
        assert!(without.1 > 0.03, "the rounding must show: {without:?}");
        assert!(with.1 < 0.3 * without.1 && with.0 < without.0, "{with:?} {without:?}");
    }

    #[test]
    fn layers_take_their_own_bits() {
        let (graph, _) = network();
        let layers = |rules: &[(&'static str, &'static str)]| LayerBits::parse(rules.iter().copied()).expect("valid");
        let at = |rules: &[(&'static str, &'static str)]| {
            error(&QuantOptions { layers: layers(rules), ..QuantOptions::uniform(4, 4, 1.0) }).0
        };
        let names: Vec<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
        assert_eq!((names[0], names[3]), ("Conv_0", "Gemm_3"));
        let all = error(&QuantOptions::uniform(12, 12, 1.0)).0;
        assert_eq!(at(&[("*", "12/12")]), all, "a rule for all layers is the same as no rule");
        let (coarse, mixed) = (at(&[]), at(&[("Conv*", "12/12")]));
        assert!(all < mixed && mixed < coarse, "{all} {mixed} {coarse}");
        let (graph, inputs) = network();
        let ranges = calibrate(&graph, &inputs).expect("runs");
        let options = QuantOptions { layers: layers(&[("conv*", "4")]), ..QuantOptions::uniform(8, 8, 1.0) };
        let error = quantise(&graph, &ranges, options).expect_err("no such layer");
        assert!(error.iter().all(|d| d.code == "F021"), "{error}");
    }

    /// Signs times the mean magnitude of an output's weights, exactly.
    #[test]
    fn binary_weights_are_signs_with_the_mean_magnitude() {
        let (graph, inputs) = network();
        let ranges = calibrate(&graph, &inputs).expect("runs");
        let made = quantise(&graph, &ranges, QuantOptions::uniform(1, 8, 1.0)).expect("can be quantised");
        let (op, input) = made.nodes.ids().find_map(|n| made.layer(n)).expect("a convolution");
        let scale = input.expect("codes").scale;
        let real = weights(96, 1);
        for (o, row) in real.chunks(12).enumerate() {
            let mean = row.iter().map(|w| f64::from(w.abs())).sum::<f64>() / 12.0;
            assert!((op.acc_scale[o] / scale / mean - 1.0).abs() < 1e-9, "output {o}");
            for (r, w) in row.iter().enumerate() {
                assert_eq!(f32::from(op.weight(o, r)), w.signum(), "output {o}, row {r}");
            }
        }
    }
}
