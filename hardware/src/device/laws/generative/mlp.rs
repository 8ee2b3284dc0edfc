//! A small fully connected network on sixteen samples at once: forward, backward, Adam.
//!
//! Layers are `y = W·x + b`; between them stands softsign `x/(1 + |x|)`, which needs no library function and so has
//! the same bits everywhere. Sums run in a fixed order. Adam: Kingma and Ba, ICLR 2015, arXiv 1412.6980.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rng::Draw;

/// Samples that are computed at once.
pub(super) const LANES: usize = 16;
/// One number for each sample.
pub(super) type Lane = [f32; LANES];

/// A fully connected network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mlp {
    /// Widths, from the inputs to the outputs.
    pub sizes: Vec<usize>,
    /// Layer by layer: for each input the weights to all outputs, then the biases.
    pub weights: Vec<f32>,
}

/// What a forward pass leaves for the backward pass: the values of each layer, before softsign.
#[derive(Debug, Default)]
pub(super) struct Tape(Vec<Vec<Lane>>);

impl Tape {
    /// Outputs of the network.
    pub(super) fn output(&self) -> &[Lane] {
        self.0.last().map_or(&[], Vec::as_slice)
    }
}

fn softsign(x: f32) -> f32 {
    x / (1.0 + x.abs())
}

impl Mlp {
    /// Number of weights of a network of these widths.
    #[must_use]
    pub fn count(sizes: &[usize]) -> usize {
        sizes.windows(2).map(|w| (w[0] + 1) * w[1]).sum()
    }

    /// Weights drawn evenly from `±√(3/inputs)` (unit gain before softsign), biases 0.
    pub(super) fn drawn(sizes: &[usize], draw: Draw) -> Self {
        let mut weights = Vec::with_capacity(Self::count(sizes));
        for pair in sizes.windows(2) {
            let bound = libm::sqrt(3.0 / pair[0] as f64);
            for _ in 0..pair[0] * pair[1] {
                let at = Draw { tick: draw.tick + weights.len() as u64, ..draw };
                weights.push((bound * (2.0 * at.uniform(0) - 1.0)) as f32);
            }
            weights.resize(weights.len() + pair[1], 0.0);
        }
        Self { sizes: sizes.to_vec(), weights }
    }

    /// Whether the weights fit the widths and are finite.
    #[must_use]
    pub fn is_sound(&self, inputs: usize, outputs: usize) -> bool {
        let small = self.sizes.len() >= 2 && self.sizes.iter().all(|n| (1..=4096).contains(n));
        small
            && self.sizes[0] == inputs
            && self.sizes[self.sizes.len() - 1] == outputs
            && self.weights.len() == Self::count(&self.sizes)
            && self.weights.iter().all(|w| w.is_finite())
    }

    /// Runs the network on sixteen samples.
    pub(super) fn forward(&self, input: &[Lane], tape: &mut Tape) {
        tape.0.resize_with(self.sizes.len(), Vec::new);
        tape.0[0].clear();
        tape.0[0].extend_from_slice(input);
        let mut at = 0;
        for (layer, pair) in self.sizes.windows(2).enumerate() {
            let (inputs, outputs) = (pair[0], pair[1]);
            let weights = &self.weights[at..at + (inputs + 1) * outputs];
            at += weights.len();
            let (before, after) = tape.0.split_at_mut(layer + 1);
            let shown: Vec<Lane> = match layer {
                0 => before[0].clone(),
                _ => before[layer].iter().map(|x| x.map(softsign)).collect(),
            };
            after[0].clear();
            after[0].extend((0..outputs).map(|o| {
                let mut y = [weights[inputs * outputs + o]; LANES];
                for (x, row) in shown.iter().zip(weights.chunks_exact(outputs)) {
                    for (y, x) in y.iter_mut().zip(x) {
                        *y += row[o] * x;
                    }
                }
                y
            }));
        }
    }

    /// Adds the gradient of a loss to `gradient` (one entry a weight), given its gradient `slope` at the outputs
    /// of the last forward pass, and leaves its gradient at the inputs in `slope`.
    pub(super) fn backward(&self, tape: &Tape, slope: &mut Vec<Lane>, gradient: &mut [f32]) {
        let mut at = self.weights.len();
        for (layer, pair) in self.sizes.windows(2).enumerate().rev() {
            let (inputs, outputs) = (pair[0], pair[1]);
            at -= (inputs + 1) * outputs;
            let mut back = vec![[0.0; LANES]; inputs];
            // sample by sample, so that sums over samples need no horizontal additions
            let mut turned = vec![0.0; LANES * outputs];
            for (o, s) in slope.iter().enumerate() {
                for (l, s) in s.iter().enumerate() {
                    turned[l * outputs + o] = *s;
                }
            }
            let add = |row: &mut [f32], value: &Lane| {
                for (v, slopes) in value.iter().zip(turned.chunks_exact(outputs)) {
                    for (g, s) in row.iter_mut().zip(slopes) {
                        *g += v * s;
                    }
                }
            };
            let (rows, biases) = gradient[at..at + (inputs + 1) * outputs].split_at_mut(inputs * outputs);
            add(biases, &[1.0; LANES]);
            let rows = rows.chunks_exact_mut(outputs).zip(self.weights[at..].chunks_exact(outputs));
            for ((x, back), (row, weights)) in tape.0[layer].iter().zip(&mut back).zip(rows) {
                let hidden = layer > 0;
                add(row, &if hidden { x.map(softsign) } else { *x });
                let mut sum = [0.0; LANES];
                for (w, s) in weights.iter().zip(slope.iter()) {
                    for (sum, s) in sum.iter_mut().zip(s) {
                        *sum += w * s;
                    }
                }
                *back = std::array::from_fn(|l| {
                    let d = if hidden { 1.0 / (1.0 + x[l].abs()) } else { 1.0 };
                    sum[l] * d * d
                });
            }
            *slope = back;
        }
    }
}

/// Moments of Adam.
#[derive(Debug)]
pub(super) struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    decay: [f32; 2],
}

impl Adam {
    pub(super) fn new(weights: usize) -> Self {
        Self { first: vec![0.0; weights], second: vec![0.0; weights], decay: [1.0; 2] }
    }

    /// One step down `gradient`, which is cleared.
    pub(super) fn step(&mut self, weights: &mut [f32], gradient: &mut [f32], rate: f32) {
        // decay rates and floor of the paper
        const BETA: [f32; 2] = [0.9, 0.999];
        self.decay = [self.decay[0] * BETA[0], self.decay[1] * BETA[1]];
        let (a, b) = (1.0 - self.decay[0], 1.0 - self.decay[1]);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((w, g), (m, v)) in weights.iter_mut().zip(gradient).zip(moments) {
            *m = BETA[0] * *m + (1.0 - BETA[0]) * *g;
            *v = BETA[1] * *v + (1.0 - BETA[1]) * *g * *g;
            *w -= rate * (*m / a) / ((*v / b).sqrt() + 1e-8);
            *g = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Domain;

    const DRAW: Draw = Draw { seed: 2, domain: Domain::DriftTraining, element: 0, tick: 0 };

    fn inputs() -> Vec<Lane> {
        (0..3u16).map(|i| std::array::from_fn(|l| DRAW.normal(100 + 16 * i + l as u16) as f32)).collect()
    }

    /// Backward against central differences of forward, weights and inputs.
    #[test]
    fn gradients_are_those_of_differences() {
        let mut net = Mlp::drawn(&[3, 7, 5, 2], DRAW);
        assert!(net.is_sound(3, 2) && !net.is_sound(2, 2));
        let loss = |net: &Mlp, x: &[Lane]| -> f64 {
            let mut tape = Tape::default();
            net.forward(x, &mut tape);
            tape.output().iter().flatten().enumerate().map(|(i, y)| f64::from(*y) * (1.0 + i as f64 / 9.0)).sum()
        };
        let x = inputs();
        let mut tape = Tape::default();
        net.forward(&x, &mut tape);
        let mut slope: Vec<Lane> =
            (0..2).map(|o| std::array::from_fn(|l| 1.0 + (o * LANES + l) as f32 / 9.0)).collect();
        let mut gradient = vec![0.0; net.weights.len()];
        net.backward(&tape, &mut slope, &mut gradient);
        let h = 1e-2_f32;
        for (i, g) in gradient.iter().enumerate() {
            let w = net.weights[i];
            net.weights[i] = w + h;
            let up = loss(&net, &x);
            net.weights[i] = w - h;
            let down = loss(&net, &x);
            net.weights[i] = w;
            let difference = (up - down) / f64::from(2.0 * h);
            assert!((difference - f64::from(*g)).abs() < 2e-2 * (1.0 + difference.abs()), "{i}: {g} {difference}");
        }
        let mut moved = x.clone();
        moved[1][4] += h;
        let up = loss(&net, &moved);
        moved[1][4] -= 2.0 * h;
        let difference = (up - loss(&net, &moved)) / f64::from(2.0 * h);
        assert!((difference - f64::from(slope[1][4])).abs() < 2e-2 * (1.0 + difference.abs()));
    }

    #[test]
    fn adam_finds_the_bottom_of_a_bowl() {
        let (mut w, mut adam) = (vec![4.0, -3.0], Adam::new(2));
        for _ in 0..2000 {
            let mut g = vec![2.0 * (w[0] - 1.0), 20.0 * (w[1] - 2.0)];
            adam.step(&mut w, &mut g, 0.02);
        }
        assert!((w[0] - 1.0).abs() < 1e-3 && (w[1] - 2.0).abs() < 1e-3, "{w:?}");
    }
}
