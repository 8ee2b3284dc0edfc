//! Learned drift, conditioned on the state and the delay, in the manner of El-Geresy, Papavassiliou and Gündüz
//! (arXiv 2408.01539): sizes, weights and loss are ours, not those of the paper, which could not be read in full.
//!
//! **State.** `y = ln(g_max/g)/ln(g_max/g_min)`: log-resistance, 0 at the highest, 1 at the lowest conductance.
//! **Generator.** With `s = exp(-d/τ)`, the equilibrium `y_e` and standard normal noise `z`,
//! `y(d) = y_0 + (y_e - y_0)·(1 - s) + u·√(1 - s)·net(y_0, ln d, s, z)`: the network learns what is left of the
//! difference to the start after the relaxation to equilibrium, at a scale that grows with the delay. One shot, no
//! stepping in time.
//! **Training** ([`DriftTraining`]): see `train`.

mod mlp;
mod oracle;
mod train;

pub use mlp::Mlp;
pub use oracle::SwitchOracle;
pub use train::{DriftTraining, Observation, TrainingReport};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::spec::Checks;
use super::activation::{ActivationSpec, speed};
use super::ageing::Storage;
use crate::units::Second;
use mlp::{LANES, Lane, Tape};

/// Inputs of the network.
const INPUTS: usize = 4;

/// Card of learned drift: the generator, written out or in a file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GenerativeSpec {
    /// JSON file with a generator, beside the chip's file.
    pub file: Option<String>,
    /// The generator itself.
    pub model: Option<Box<DriftGenerator>>,
    /// Thermal activation of the delay; none by default.
    pub activation: Option<ActivationSpec>,
}

/// A trained generator of drift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftGenerator {
    /// The network: state, delay, remaining share and noise to the scaled residual.
    pub net: Mlp,
    /// Equilibrium y_e of the state.
    pub equilibrium: f64,
    /// Relaxation time τ of the scale.
    pub tau: Second,
    /// Scale u of the residual.
    pub unit: f64,
    /// Shortest and longest delay of the training data.
    pub delays: [Second; 2],
    /// What it was trained on.
    pub about: String,
}

impl GenerativeSpec {
    pub(super) fn check(&self, at: &str, checks: &mut Checks) {
        match (&self.model, &self.file) {
            (Some(m), _) => checks.require(
                m.is_sound(),
                &format!("{at}.model"),
                "the generator is damaged: its numbers do not fit each other",
                "write it again with the training that made it",
            ),
            (None, Some(file)) => checks.require(
                false,
                &format!("{at}.file"),
                format!("`{file}` has not been read"),
                "give the generator under `model`",
            ),
            (None, None) => {
                checks.require(false, at, "there is no generator", "give `file: drift.json` or `model: { … }`");
            }
        }
        if let Some(a) = self.activation {
            a.check(&format!("{at}.activation"), checks);
        }
    }

    pub(super) fn age(&self, g: &mut [f64], storage: &Storage<'_>) {
        let Some(model) = &self.model else { return };
        let delay = Second(storage.age.0 * speed(self.activation, storage.temperature));
        let w = storage.window;
        let decades = libm::log(w.g_max.0 / w.g_min.0);
        let mut lanes = [[0.0; LANES]; 2];
        for (g, cells) in g.chunks_mut(LANES).zip(storage.cells.chunks(LANES)) {
            for (l, (g, cell)) in g.iter().zip(cells).enumerate() {
                lanes[0][l] = libm::log(w.g_max.0 / g) / decades;
                // without chance the noise is that of the median cell
                lanes[1][l] = storage.spread(*cell, 1.0);
            }
            let later = model.sample(&lanes[0], delay, &lanes[1]);
            for (g, y) in g.iter_mut().zip(later) {
                *g = w.g_max.0 * libm::exp(-y * decades);
            }
        }
    }
}

impl DriftGenerator {
    /// Whether the numbers fit each other.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        self.net.is_sound(INPUTS, 1)
            && self.equilibrium.is_finite()
            && positive(self.tau.0)
            && positive(self.unit)
            && positive(self.delays[0].0)
            && self.delays[1].0 > self.delays[0].0
            && self.delays[1].0.is_finite()
    }

    /// Share of the distance from equilibrium that is left after a delay.
    fn left(&self, delay: f64) -> f64 {
        libm::exp(-delay / self.tau.0)
    }

    /// Logarithm of a delay, scaled so that the training data lie in [-1, 1]; beyond, the ends hold.
    fn scaled(&self, delay: f64) -> f64 {
        let [a, b] = self.delays.map(|d| libm::log(d.0));
        ((2.0 * libm::log(delay) - a - b) / (b - a)).clamp(-1.0, 1.0)
    }

    /// What the network sees of a start and a delay, and the mean relaxation and scale around which it works.
    fn frame(&self, start: f64, delay: f64) -> ([f32; INPUTS - 1], f64, f64) {
        let s = self.left(delay);
        let seen = [(2.0 * start - 1.0) as f32, self.scaled(delay) as f32, (2.0 * s - 1.0) as f32];
        (seen, start + (self.equilibrium - start) * (1.0 - s), self.unit * libm::sqrt(1.0 - s))
    }

    /// States after `delay` of sixteen cells that started at the states `start`, for standard normal `noise`.
    #[must_use]
    pub fn sample(&self, start: &[f64; LANES], delay: Second, noise: &[f64; LANES]) -> [f64; LANES] {
        let mut input: [Lane; INPUTS] = [[0.0; LANES]; INPUTS];
        let mut frames = [(0.0, 0.0); LANES];
        for l in 0..LANES {
            let (seen, centre, scale) = self.frame(start[l], delay.0);
            for (lane, x) in input.iter_mut().zip(seen) {
                lane[l] = x;
            }
            input[INPUTS - 1][l] = noise[l] as f32;
            frames[l] = (centre, scale);
        }
        let mut tape = Tape::default();
        self.net.forward(&input, &mut tape);
        let residual = tape.output().first().copied().unwrap_or([0.0; LANES]);
        std::array::from_fn(|l| frames[l].0 + frames[l].1 * f64::from(residual[l]))
    }
}
