//! Training of a drift generator on observed pairs (state before, delay, state after).
//!
//! **Loss.** The network is an implicit quantile network (Dabney et al., ICML 2018, arXiv 1806.06923): its noise `z`
//! stands for the level `α = Φ(z)`, and the quantile loss of its residual, averaged over levels, is half the
//! continuous ranked probability score, which only the true conditional law minimises. No adversary: the paper's is
//! a conditional GAN, whose training is less reliable at this size.
//! **Delay discrimination.** A second network reads the delay back from the start and the change. It is trained on
//! observed pairs, and the square of the difference between its mean squared errors on generated and on observed
//! pairs is added to the loss, so that generated changes tell as much of their delay as observed ones, and no more.
//! **Normaliser.** Equilibrium: mean state at the longest tenth of delays. τ: least squares of
//! `y - y_e = (y_0 - y_e)·e^{-d/τ}`. Scale: root mean square of the residual.
//! Adam, cosine-shaped learning rate. Everything drawn is addressed: one seed, one generator.

use super::super::super::spec::SpecError;
use super::mlp::{Adam, LANES, Lane, Mlp, Tape};
use super::{DriftGenerator, INPUTS};
use crate::rng::{Domain, Draw};
use crate::units::Second;

/// One observed drift: normalised log-resistance before and after a delay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// State before.
    pub from: f64,
    /// Delay between.
    pub delay: Second,
    /// State after.
    pub to: f64,
}

/// How a generator is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriftTraining {
    /// Width of the two hidden layers of the generator.
    pub width: usize,
    /// Steps of Adam.
    pub steps: u32,
    /// Groups of sixteen observations in a step.
    pub groups: u32,
    /// Learning rate at the beginning.
    pub rate: f32,
    /// Weight of delay discrimination.
    pub delay_weight: f32,
    /// Seed of weights, noise and the choice of observations.
    pub seed: u64,
}

impl Default for DriftTraining {
    fn default() -> Self {
        Self { width: 32, steps: 12_000, groups: 32, rate: 5e-3, delay_weight: 0.1, seed: 1 }
    }
}

/// How a training went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingReport {
    /// Quantile loss over the first and the last twentieth of the steps, in units of the residual.
    pub loss: [f64; 2],
    /// Root mean square error with which the delay is read from observed and from generated pairs, over the last
    /// twentieth, in units of half the range of `ln d`.
    pub delay_error: [f64; 2],
}

/// Inputs of the network that reads the delay: start and squashed change.
const HEAD: usize = 2;
/// Memory, in steps, of the difference between the errors of delay discrimination.
const MEMORY: f64 = 100.0;
/// Fewest observations of which a law of two conditions can be learned.
const FEWEST: usize = 1000;

/// Sixteen observations and what the networks see of them.
struct Group {
    input: [Lane; INPUTS],
    /// Observed residual and level of the noise.
    target: Lane,
    level: Lane,
    /// Change at residual 0 and change of the residual by 1, in units u.
    centre: Lane,
    scale: Lane,
}

impl Group {
    fn new(model: &DriftGenerator, data: &[Observation], draw: Draw) -> Self {
        let empty = [0.0; LANES];
        let mut group = Self { input: [empty; INPUTS], target: empty, level: empty, centre: empty, scale: empty };
        for l in 0..LANES {
            let pick = (u64::from(draw.words(l as u16)[0]) * data.len() as u64) >> 32;
            let o = data[pick as usize];
            let noise = draw.normal((LANES + l) as u16);
            let (seen, centre, scale) = model.frame(o.from, o.delay.0);
            for (lane, x) in group.input.iter_mut().zip(seen) {
                lane[l] = x;
            }
            group.input[INPUTS - 1][l] = noise as f32;
            group.target[l] = ((o.to - centre) / scale) as f32;
            group.level[l] = (0.5 * libm::erfc(-noise / std::f64::consts::SQRT_2)) as f32;
            group.centre[l] = ((centre - o.from) / model.unit) as f32;
            group.scale[l] = (scale / model.unit) as f32;
        }
        group
    }

    /// What the reader of delays sees for a residual, and the slope of its second input in the residual.
    fn change(&self, residual: &Lane) -> ([Lane; HEAD], Lane) {
        let change: Lane = std::array::from_fn(|l| self.centre[l] + self.scale[l] * residual[l]);
        let inverse = change.map(|c| 1.0 / (1.0 + c.abs()));
        let squashed = std::array::from_fn(|l| change[l] * inverse[l]);
        ([self.input[0], squashed], std::array::from_fn(|l| self.scale[l] * inverse[l] * inverse[l]))
    }
}

impl DriftTraining {
    /// Trains a generator; `about` says on what. Some ten seconds on one core with the defaults.
    ///
    /// # Errors
    /// Fewer than 1000 observations, numbers that are not finite, or all delays alike.
    pub fn train(&self, data: &[Observation], about: &str) -> Result<(DriftGenerator, TrainingReport), SpecError> {
        let mut model = self.normaliser(data, about)?;
        let draw = |element, tick| Draw { seed: self.seed, domain: Domain::DriftTraining, element, tick };
        model.net = Mlp::drawn(&[INPUTS, self.width, self.width, 1], draw(1, 0));
        let mut head = Mlp::drawn(&[HEAD, self.width, 1], draw(2, 0));
        let (mut adam, mut head_adam) = (Adam::new(model.net.weights.len()), Adam::new(head.weights.len()));
        let (mut slope, mut head_slope) = (vec![0.0; model.net.weights.len()], vec![0.0; head.weights.len()]);
        let (mut tape, mut head_tape, mut unused) = (Tape::default(), Tape::default(), head_slope.clone());
        let share = 1.0 / (self.groups as usize * LANES) as f32;
        let (part, mut gap) = (self.steps.div_ceil(20), 0.0);
        let (mut loss, mut errors) = ([0.0; 2], [0.0; 2]);
        for step in 0..self.steps {
            let mut batch = [0.0; 3];
            let pull = 2.0 * self.delay_weight * gap as f32;
            for group in 0..self.groups {
                let g = Group::new(&model, data, draw(3 + u64::from(group), u64::from(step)));
                let delay = g.input[1];
                // observed pairs teach the reader of delays
                head.forward(&g.change(&g.target).0, &mut head_tape);
                let miss: Lane = std::array::from_fn(|l| head_tape.output()[0][l] - delay[l]);
                batch[1] += miss.iter().map(|e| f64::from(e * e * share)).sum::<f64>();
                head.backward(&head_tape, &mut vec![miss.map(|e| 2.0 * e * share)], &mut head_slope);
                // generated ones are read, and what the reader misses pulls on the generator
                model.net.forward(&g.input, &mut tape);
                let made = tape.output()[0];
                let (seen, steepness) = g.change(&made);
                head.forward(&seen, &mut head_tape);
                let miss: Lane = std::array::from_fn(|l| head_tape.output()[0][l] - delay[l]);
                batch[2] += miss.iter().map(|e| f64::from(e * e * share)).sum::<f64>();
                let mut back = vec![miss.map(|e| 2.0 * e * share)];
                head.backward(&head_tape, &mut back, &mut unused);
                let quantile: Lane = std::array::from_fn(|l| {
                    let over = f32::from(u8::from(g.target[l] < made[l])) - g.level[l];
                    batch[0] += f64::from(over * (made[l] - g.target[l]) * share);
                    share * over + pull * back[HEAD - 1][l] * steepness[l]
                });
                model.net.backward(&tape, &mut vec![quantile], &mut slope);
            }
            gap += (batch[2] - batch[1] - gap) / MEMORY;
            let turn = std::f64::consts::PI * f64::from(step) / f64::from(self.steps);
            let rate = self.rate * (0.5 + 0.5 * libm::cos(turn)) as f32;
            adam.step(&mut model.net.weights, &mut slope, rate);
            head_adam.step(&mut head.weights, &mut head_slope, rate);
            if step < part {
                loss[0] += batch[0] / f64::from(part);
            }
            if step + part >= self.steps {
                loss[1] += batch[0] / f64::from(part);
                errors = [errors[0] + batch[1] / f64::from(part), errors[1] + batch[2] / f64::from(part)];
            }
        }
        Ok((model, TrainingReport { loss, delay_error: errors.map(libm::sqrt) }))
    }

    /// A generator with its normaliser and an empty network.
    fn normaliser(&self, data: &[Observation], about: &str) -> Result<DriftGenerator, SpecError> {
        let wrong = |message: String| SpecError {
            field: "observations".into(),
            message,
            help: "give at least 1000 triples of state before, delay, state after, with many delays".into(),
        };
        let finite =
            |o: &Observation| o.from.is_finite() && o.to.is_finite() && o.delay.0 > 0.0 && o.delay.0.is_finite();
        if let Some(at) = data.iter().position(|o| !finite(o)) {
            return Err(wrong(format!("observation {at} is not finite or has no positive delay")));
        }
        let delays = data.iter().fold([f64::INFINITY, 0.0_f64], |[a, b], o| [a.min(o.delay.0), b.max(o.delay.0)]);
        if data.len() < FEWEST || delays[0] * 2.0 > delays[1] {
            return Err(wrong(format!("{} observations from {:e} s to {:e} s", data.len(), delays[0], delays[1])));
        }
        // the best equilibrium for a τ is a linear least squares; τ by a golden section in its logarithm
        let fit = |ln_tau: f64| {
            let tau = libm::exp(ln_tau);
            let parts = data.iter().step_by(data.len().div_ceil(20_000)).map(|o| {
                let left = libm::exp(-o.delay.0 / tau);
                (1.0 - left, o.to - o.from * left)
            });
            let (xx, xy) = parts.clone().fold((0.0, 0.0), |(a, b), (x, y)| (a + x * x, b + x * y));
            let equilibrium = xy / xx;
            (parts.map(|(x, y)| (y - equilibrium * x) * (y - equilibrium * x)).sum::<f64>(), equilibrium)
        };
        let [mut low, mut high] = [libm::log(0.1 * delays[0]), libm::log(10.0 * delays[1])];
        let golden = 0.5 * (libm::sqrt(5.0) - 1.0);
        for _ in 0..60 {
            let inner = golden * (high - low);
            if fit(high - inner).0 < fit(low + inner).0 { high = low + inner } else { low = high - inner }
        }
        let ln_tau = 0.5 * (low + high);
        let mut model = DriftGenerator {
            net: Mlp { sizes: Vec::new(), weights: Vec::new() },
            equilibrium: fit(ln_tau).1,
            tau: Second(libm::exp(ln_tau)),
            unit: 1.0,
            delays: delays.map(Second),
            about: about.to_owned(),
        };
        let square = data.iter().map(|o| {
            let (_, centre, scale) = model.frame(o.from, o.delay.0);
            (o.to - centre) * (o.to - centre) / (scale * scale)
        });
        let unit = libm::sqrt(square.sum::<f64>() / data.len() as f64);
        if !(unit > 0.0 && unit.is_finite()) {
            return Err(wrong("the observations show no drift".into()));
        }
        model.unit = unit;
        Ok(model)
    }
}
