//! The exact law that learned drift is held against: metastable switches, whose law after any delay is known.
//!
//! States are log-resistances of [`DriftGenerator`]; a state is brought back to the nearest number of switches,
//! which is what the oracle counts.

use super::super::binomial::Binomial;
use super::super::metastable::MetastableSwitchSpec;
use super::mlp::LANES;
use super::{DriftGenerator, Observation};
use crate::device::Window;
use crate::rng::{Domain, Draw};
use crate::units::{Kelvin, Second};

/// Drift of metastable switches in a window of conductances, at the temperature of its times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SwitchOracle {
    /// The switches.
    pub law: MetastableSwitchSpec,
    /// Conductances of all switches off and all on.
    pub window: Window,
}

impl SwitchOracle {
    fn folds(&self) -> f64 {
        libm::log(self.window.g_max.0 / self.window.g_min.0)
    }
    fn temperature(&self) -> Kelvin {
        self.law.activation.map_or(Kelvin(300.0), |a| a.reference)
    }

    /// State with `on` switches on.
    #[must_use]
    pub fn state(&self, on: f64) -> f64 {
        let (low, high) = (self.window.g_min.0, self.window.g_max.0);
        -libm::log((low + on / f64::from(self.law.switches) * (high - low)) / high) / self.folds()
    }

    /// Number of switches that are on at a state, rounded.
    #[must_use]
    pub fn on(&self, state: f64) -> u32 {
        let (low, high) = (self.window.g_min.0, self.window.g_max.0);
        let share = (high * libm::exp(-state * self.folds()) - low) / (high - low);
        (share * f64::from(self.law.switches)).round().clamp(0.0, f64::from(self.law.switches)) as u32
    }

    /// `n` observed drifts: starts spread evenly, delays evenly in the logarithm.
    #[must_use]
    pub fn observations(&self, n: usize, delays: [Second; 2], seed: u64) -> Vec<Observation> {
        let [a, b] = delays.map(|d| libm::log(d.0));
        let switches = f64::from(self.law.switches);
        let observe = |element| {
            let draw = Draw { seed, domain: Domain::DriftTraining, element, tick: 0 };
            let on = (draw.uniform(0) * (switches + 1.0)).floor().min(switches);
            let delay = Second(libm::exp(a + draw.uniform(1) * (b - a)));
            let law = self.law.after(on as u32, delay, self.temperature());
            let count = |b: Binomial, lane| b.draw(draw, lane);
            Observation { from: self.state(on), delay, to: self.state(count(law.stay, 2) + count(law.rise, 3)) }
        };
        (0..n as u64).map(observe).collect()
    }

    /// Kolmogorov distance between the generator's law of the number on, `delay` after `on` were on, and the exact
    /// one. Free of sampling: the noise runs through `16·shots` evenly spaced levels.
    #[must_use]
    pub fn distance(&self, model: &DriftGenerator, on: u32, delay: Second, shots: u32) -> f64 {
        let n = f64::from(shots) * LANES as f64;
        let states = (0..shots).flat_map(|shot| {
            let noise = std::array::from_fn(|l| normal_quantile((f64::from(shot) * LANES as f64 + l as f64 + 0.5) / n));
            model.sample(&[self.state(f64::from(on)); LANES], delay, &noise)
        });
        self.gap(states, on, delay)
    }

    /// The same for a generator that is asked twice, for the delay `parts[0]` and then for `parts[1]` from wherever
    /// that led, against the exact law of the sum: whether the learned law composes. Random noise; the 0.1 % quantile
    /// of its own distance is `1.95/√(16·shots)`.
    #[must_use]
    pub fn chained(&self, model: &DriftGenerator, on: u32, parts: [Second; 2], shots: u32, seed: u64) -> f64 {
        let states = (0..shots).flat_map(|shot| {
            let draw = Draw { seed, domain: Domain::Drift, element: u64::from(shot), tick: 0 };
            let noise = |half| std::array::from_fn(|l| draw.normal((half * LANES + l) as u16));
            let between = model.sample(&[self.state(f64::from(on)); LANES], parts[0], &noise(0));
            model.sample(&between, parts[1], &noise(1))
        });
        self.gap(states, on, parts[0] + parts[1])
    }

    /// Kolmogorov distance of the counts of `states` from the exact law.
    fn gap(&self, states: impl Iterator<Item = f64>, on: u32, delay: Second) -> f64 {
        let mut counts = vec![0.0; self.law.switches as usize + 1];
        let mut n = 0.0;
        for state in states {
            counts[self.on(state) as usize] += 1.0;
            n += 1.0;
        }
        let exact = self.law.after(on, delay, self.temperature()).probabilities();
        let (mut sum, mut worst) = (0.0, 0.0_f64);
        for (count, p) in counts.iter().zip(exact) {
            sum += count / n - p;
            worst = worst.max(sum.abs());
        }
        worst
    }
}

/// The normal quantile of a level in (0, 1), by bisection.
fn normal_quantile(level: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    while high - low > 1e-9 {
        let middle = 0.5 * (low + high);
        if 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2) < level {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::super::{DriftTraining, GenerativeSpec, Mlp};
    use super::*;
    use crate::device::Chance;
    use crate::device::laws::{AgeingSpec, Storage};
    use crate::units::{Share, Siemens};

    const ORACLE: SwitchOracle = SwitchOracle {
        law: MetastableSwitchSpec { switches: 200, tau: Second(1000.0), rest: Share(0.3), activation: None },
        window: Window { g_min: Siemens(1e-6), g_max: Siemens(1e-5) },
    };
    const DELAYS: [Second; 2] = [Second(10.0), Second(1e4)];

    /// A short training: the full one is a row of the verification.
    #[test]
    fn a_short_training_comes_near_the_exact_law() {
        let data = ORACLE.observations(60_000, DELAYS, 3);
        let training = DriftTraining { steps: 1500, groups: 16, width: 24, ..DriftTraining::default() };
        let (model, report) = training.train(&data, "metastable switches").unwrap();
        assert!(model.is_sound() && (model.tau.0 / 1000.0 - 1.0).abs() < 0.2, "{:?}", model.tau);
        assert!(report.loss[1] < 0.97 * report.loss[0], "{report:?}");
        let [observed, generated] = report.delay_error;
        assert!((generated / observed - 1.0).abs() < 0.05, "{report:?}");
        let mut sum = 0.0;
        for on in [20, 100, 180] {
            for delay in [30.0, 300.0, 3000.0] {
                let d = ORACLE.distance(&model, on, Second(delay), 60);
                assert!(d < 0.2, "{on} {delay}: {d}");
                sum += d / 9.0;
            }
        }
        assert!(sum < 0.08, "{sum}");
        let back: DriftGenerator = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
        assert_eq!(back, model);
        runs_in_a_device(model);
    }

    #[test]
    fn a_seed_makes_one_generator() {
        let data = ORACLE.observations(2000, DELAYS, 3);
        let train = |seed| DriftTraining { steps: 20, groups: 2, seed, ..DriftTraining::default() }.train(&data, "");
        assert_eq!(train(1).unwrap(), train(1).unwrap());
        assert_ne!(train(1).unwrap().0.net, train(2).unwrap().0.net);
    }

    /// As an ageing law: the drawn population has the median of the generator, and another seed other cells.
    fn runs_in_a_device(model: DriftGenerator) {
        let start = ORACLE.state(150.0);
        let median = model.sample(&[start; LANES], Second(400.0), &[0.0; LANES])[0];
        let law = AgeingSpec::Generative(GenerativeSpec { file: None, model: Some(model.into()), activation: None });
        let cells: Vec<u64> = (0..2001).collect();
        let aged = |scale| {
            let mut g = vec![1e-5 * 10_f64.powf(-start); 2001];
            let chance = Chance { seed: 1, scale };
            let storage = Storage {
                window: ORACLE.window,
                cells: &cells,
                age: Second(400.0),
                temperature: Kelvin(300.0),
                chance,
            };
            law.age(&mut g, &storage);
            g
        };
        let expected = 1e-5 * 10_f64.powf(-median);
        assert!(aged(0.0).iter().all(|g| (g / expected - 1.0).abs() < 1e-9));
        let below = aged(1.0).iter().filter(|g| **g < expected).count() as f64;
        assert!((below - 1000.5).abs() < 4.0 * 22.4, "{below}");
    }

    #[test]
    fn observations_that_teach_nothing_are_refused() {
        let train = |data: &[Observation]| DriftTraining::default().train(data, "").unwrap_err();
        let data = ORACLE.observations(2000, DELAYS, 3);
        assert!(train(&data[..999]).message.contains("999 observations"));
        let mut bad = data.clone();
        bad[7].to = f64::NAN;
        assert!(train(&bad).message.contains("observation 7"));
        let alike: Vec<Observation> = data.iter().map(|o| Observation { delay: Second(5.0), ..*o }).collect();
        assert_eq!(train(&alike).field, "observations");
        let still: Vec<Observation> = data.iter().map(|o| Observation { from: 0.5, to: 0.5, ..*o }).collect();
        assert!(train(&still).message.contains("no drift"));
    }

    #[test]
    fn damaged_generators_are_refused() {
        let mut model = DriftGenerator {
            net: Mlp { sizes: vec![4, 1], weights: vec![0.5; 5] },
            equilibrium: 0.4,
            tau: Second(1.0),
            unit: 0.1,
            delays: [Second(0.1), Second(10.0)],
            about: String::new(),
        };
        assert!(model.is_sound());
        model.net.weights[2] = f32::NAN;
        assert!(!model.is_sound());
        model.net = Mlp { sizes: vec![4, 1], weights: vec![0.5; 4] };
        assert!(!model.is_sound());
    }
}
