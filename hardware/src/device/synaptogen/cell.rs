//! One cell in double precision: the state machine for one voltage after another, as published (vectorised form of
//! Synaptogen 0.2.0). [`super::CellArray`] is the same for many cells at once in single precision.
//!
//! A SET out of any state but LRS needs `U <= U_SET` and takes the resistance that was drawn with the present cycle.
//! A RESET out of any state but HRS needs `U > U_R`, where `U_R` is the RESET voltage of the cycle and later the
//! largest voltage so far. Out of LRS it draws the next cycle. Up to `U_max` it moves along
//! `I(U) = a·(U_max - U)^η + c` through the old state at its RESET voltage and the new HRS at `U_max`.

use std::collections::VecDeque;

use super::conduction::Conduction;
use super::marginal::standardised;
use super::mixture::DeviceNumbers;
use super::parameters::{FEATURES, Features, Parameters};

/// Resistance state of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// High resistance: after creation and after a complete RESET.
    High,
    /// Low resistance: after a SET.
    Low,
    /// On the way from low to high: after a partial RESET.
    Between,
}

/// A set of parameters with what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The numbers.
    pub parameters: Parameters,
    /// Currents of states.
    pub conduction: Conduction,
}

impl Model {
    /// Resolves checked parameters.
    #[must_use]
    pub fn new(parameters: Parameters) -> Self {
        let conduction = Conduction::of(&parameters);
        Self { parameters, conduction }
    }

    /// Features of a latent vector in a device: `μ + σ·Γ(x)`, the first still a logarithm.
    fn features(&self, device: &DeviceNumbers, x: Features) -> Features {
        let g = standardised(&self.parameters.gamma, x);
        std::array::from_fn(|j| device[j] + device[FEATURES + j] * g[j])
    }
}

/// A cell.
#[derive(Debug, Clone)]
pub struct Cell {
    device: DeviceNumbers,
    /// Newest first, one for each lag.
    history: VecDeque<Features>,
    features: Features,
    r: f64,
    threshold: f64,
    /// Coefficients `a` and `c` of the RESET transition.
    transition: [f64; 2],
    cycle: u64,
    state: State,
}

impl Cell {
    /// A new cell in HRS, without history, whose cycle 0 has the innovation `e`.
    #[must_use]
    pub fn new(model: &Model, device: DeviceNumbers, e: Features) -> Self {
        let mut cell = Self {
            device,
            history: VecDeque::from(vec![[0.0; FEATURES]; model.parameters.lags.len()]),
            features: [0.0; FEATURES],
            r: 0.0,
            threshold: 0.0,
            transition: [0.0; 2],
            cycle: 0,
            state: State::High,
        };
        cell.draw(model, e);
        cell.r = cell.high_state(model);
        cell.threshold = cell.features[3];
        cell
    }

    fn draw(&mut self, model: &Model, e: Features) {
        let p = &model.parameters;
        let x = std::array::from_fn(|i| {
            let fresh: f64 = (0..=i).map(|j| p.innovation[i][j] * e[j]).sum();
            let past =
                |(a, x): (&[Features; FEATURES], &Features)| -> f64 { a[i].iter().zip(x).map(|(a, x)| a * x).sum() };
            fresh + p.lags.iter().zip(&self.history).map(past).sum::<f64>()
        });
        self.history.pop_back();
        self.history.push_front(x);
        self.features = model.features(&self.device, x);
    }

    /// State of the high resistance of the present cycle.
    fn high_state(&self, model: &Model) -> f64 {
        model.conduction.state_of_conductance(libm::exp10(-self.features[0]))
    }

    /// Applies a voltage; `innovation` gives the four normals of a cycle where the pulse begins one.
    pub fn apply(&mut self, model: &Model, u: f64, innovation: impl FnOnce(u64) -> Features) {
        let (p, conduction) = (&model.parameters, &model.conduction);
        let set = self.state != State::Low && u <= self.features[1];
        let reset = self.state != State::High && u > self.threshold;
        let full = u >= p.u_max.0;
        let draw = reset && self.state == State::Low;
        if set {
            self.r = conduction.state_of_conductance(1.0 / self.features[2]);
            self.state = State::Low;
            self.threshold = self.features[3];
        }
        if draw {
            self.cycle += 1;
            self.draw(model, innovation(self.cycle));
            if !full {
                let (old, new) =
                    (conduction.current(self.r, self.threshold), conduction.current(self.high_state(model), p.u_max.0));
                self.transition = [(old - new) / libm::pow((p.u_max.0 - self.threshold).abs(), p.eta), new];
            }
        }
        if reset {
            self.threshold = u;
            if full {
                self.r = self.high_state(model);
                self.state = State::High;
            } else {
                let [a, c] = self.transition;
                self.r = conduction.state_of_current(a * libm::pow((p.u_max.0 - u).abs(), p.eta) + c, u);
                self.state = State::Between;
            }
        }
    }

    /// Resistance state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }
    /// Number of the present cycle: how often the cell was reset out of LRS.
    #[must_use]
    pub const fn cycle(&self) -> u64 {
        self.cycle
    }
    /// Analogue state.
    #[must_use]
    pub const fn r(&self) -> f64 {
        self.r
    }
    /// Voltage above which a RESET moves the cell.
    #[must_use]
    pub const fn threshold(&self) -> f64 {
        self.threshold
    }
    /// Features of the present cycle.
    #[must_use]
    pub const fn features(&self) -> Features {
        self.features
    }
}
