//! Numbers of a pulsed cell in units of weight, and the draw of one cell from them.
//!
//! With `ξ` fresh standard normals at each use, a cell gets
//! - bounds `b₊ = w_max·(1 + w_max_dtod·ξ)` and `b₋ = w_min·(1 + w_min_dtod·ξ)`;
//! - a gain `g = 1 + dw_min_dtod·ξ`, or `exp(dw_min_dtod·ξ)`, and an asymmetry `r = up_down_dtod·ξ`;
//! - steps `s₊ = dw_min·(g + r + min(u, 0))` and `s₋ = dw_min·(g - r - max(u, 0))` with `u = up_down`.
//!
//! Cells made consistent have the magnitudes of both steps, and bounds in order on either side of zero. A
//! corrupt cell has both bounds at one value and no step.
//! Source of the equations: PyPI aihwkit 1.1.0 (MIT licence); Gokmen and Vlasov 2016, doi:10.3389/fnins.2016.00333.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StepSpec;
use crate::device::{Chance, Checks};
use crate::rng::{Domain, Draw};

/// Numbers of a pulsed cell. Weights and steps are without dimension, `*_dtod` (device to device) and `*_std`
/// (pulse to pulse) relative standard deviations. Defaults are those of aihwkit 1.1.0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PulsedCell {
    /// Mean of the greatest weight.
    pub w_max: f64,
    /// Spread of the greatest weight.
    pub w_max_dtod: f64,
    /// Mean of the least weight.
    pub w_min: f64,
    /// Spread of the least weight.
    pub w_min_dtod: f64,
    /// Mean step of one pulse.
    pub dw_min: f64,
    /// Spread of the step from cell to cell.
    pub dw_min_dtod: f64,
    /// Whether that spread is log-normal.
    pub dw_min_dtod_log_normal: bool,
    /// Spread of the step from pulse to pulse.
    pub dw_min_std: f64,
    /// Asymmetry of up and down steps.
    pub up_down: f64,
    /// Its spread from cell to cell.
    pub up_down_dtod: f64,
    /// Spread of the value that is read about the value that pulses move, redrawn by each pulse; in `dw_min`.
    pub write_noise_std: f64,
    /// Whether setting a weight draws that spread too.
    pub apply_write_noise_on_set: bool,
    /// Probability that a cell is stuck.
    pub corrupt_devices_prob: f64,
    /// Stuck cells are uniform between plus and minus this weight.
    pub corrupt_devices_range: f64,
    /// Makes both steps positive and puts zero between the bounds.
    pub enforce_consistency: bool,
    /// Time constant of the decay towards the reset weight, in mini-batches; 0 for none.
    pub lifetime: f64,
    /// Its spread.
    pub lifetime_dtod: f64,
    /// Random walk of the weight in one mini-batch.
    pub diffusion: f64,
    /// Its spread.
    pub diffusion_dtod: f64,
    /// Mean weight after a reset.
    pub reset: f64,
    /// Its standard deviation from cell to cell, in weight.
    pub reset_dtod: f64,
    /// Its standard deviation from reset to reset, in weight.
    pub reset_std: f64,
    /// How a pulse moves the weight.
    pub step: StepSpec,
}

impl Default for PulsedCell {
    fn default() -> Self {
        Self {
            w_max: 0.6,
            w_max_dtod: 0.3,
            w_min: -0.6,
            w_min_dtod: 0.3,
            dw_min: 0.001,
            dw_min_dtod: 0.3,
            dw_min_dtod_log_normal: false,
            dw_min_std: 0.3,
            up_down: 0.0,
            up_down_dtod: 0.01,
            write_noise_std: 0.0,
            apply_write_noise_on_set: true,
            corrupt_devices_prob: 0.0,
            corrupt_devices_range: 0.1,
            enforce_consistency: true,
            lifetime: 0.0,
            lifetime_dtod: 0.0,
            diffusion: 0.0,
            diffusion_dtod: 0.0,
            reset: 0.0,
            reset_dtod: 0.0,
            reset_std: 0.01,
            step: StepSpec::default(),
        }
    }
}

/// One cell as drawn. Weights are those that a step law moves, before a reference is taken off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Instance {
    /// Least and greatest weight.
    pub low: f64,
    pub high: f64,
    /// Step up and step down, both usually positive.
    pub up: f64,
    pub down: f64,
    /// Numbers that only its step law knows.
    pub own: [f64; 2],
    /// Share of the distance from the reset weight that is lost in a mini-batch.
    pub decay: f64,
    /// Random walk of a mini-batch.
    pub diffusion: f64,
    /// Weight after a reset, as it is read.
    pub reset: f64,
}

/// Indices of the draws of a cell's parameters; part of the reproducibility contract: append only.
#[derive(Debug, Clone, Copy)]
pub(super) enum Parameter {
    High,
    Low,
    Gain,
    UpDown,
    Lifetime,
    Diffusion,
    Reset,
    /// The first number of the law's own, and the second.
    First,
    Second,
    /// Weight of a reference cell.
    Reference,
}

/// The normals of one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    chance: Chance,
    element: u64,
}

impl Spread {
    /// `deviation·ξ`, nothing drawn where nothing spreads.
    pub(super) fn normal(self, parameter: Parameter, deviation: f64) -> f64 {
        let deviation = deviation * self.chance.scale;
        if deviation == 0.0 { 0.0 } else { deviation * self.draw(parameter as u64).normal(0) }
    }
    fn draw(self, tick: u64) -> Draw {
        Draw { seed: self.chance.seed, domain: Domain::DeviceToDevice, element: self.element, tick }
    }
    /// Uniform in (0, 1) for defects; the second lane places the value.
    fn defect(self, lane: u16) -> f64 {
        Draw { seed: self.chance.seed, domain: Domain::StuckAt, element: self.element, tick: 0 }.uniform(lane)
    }
}

impl PulsedCell {
    /// The cell with this address.
    pub(super) fn instance(&self, element: u64, chance: Chance) -> Instance {
        let spread = Spread { chance, element };
        let mut high = self.w_max * (1.0 + spread.normal(Parameter::High, self.w_max_dtod));
        let mut low = self.w_min * (1.0 + spread.normal(Parameter::Low, self.w_min_dtod));
        let z = spread.normal(Parameter::Gain, self.dw_min_dtod);
        let gain = if self.dw_min_dtod_log_normal { libm::exp(z) } else { 1.0 + z };
        let asymmetry = spread.normal(Parameter::UpDown, self.up_down_dtod);
        let mut up = self.dw_min * (gain + asymmetry + self.up_down.min(0.0));
        let mut down = self.dw_min * (gain - asymmetry - self.up_down.max(0.0));
        if self.enforce_consistency {
            (up, down) = (up.abs(), down.abs());
            if low > high {
                (low, high) = (high, low);
            }
            (low, high) = (-low.abs(), high.abs());
        } else if low > high {
            low = 0.5 * (low + high);
            high = low;
        }
        let corrupt = spread.defect(0) < self.corrupt_devices_prob * chance.scale;
        if corrupt {
            let range = self.corrupt_devices_range;
            let (from, to) = (low.max(-range), high.min(range));
            low = from + (to - from) * spread.defect(1);
            (high, up, down) = (low, 0.0, 0.0);
        }
        let lifetime = self.lifetime * (1.0 + spread.normal(Parameter::Lifetime, self.lifetime_dtod));
        let mut cell = Instance {
            low,
            high,
            up,
            down,
            own: [0.0; 2],
            decay: if lifetime > 0.0 && !corrupt { (1.0 / lifetime).min(1.0) } else { 0.0 },
            diffusion: if corrupt {
                0.0
            } else {
                (self.diffusion * (1.0 + spread.normal(Parameter::Diffusion, self.diffusion_dtod))).abs()
            },
            reset: self.reset + spread.normal(Parameter::Reset, self.reset_dtod),
        };
        self.step.draw(self, &mut cell, spread);
        cell
    }

    /// Step that pulse counts of an update are reckoned in.
    #[must_use]
    pub fn granularity(&self) -> f64 {
        self.dw_min * self.step.granularity(self)
    }

    /// Notes the mistakes of the numbers.
    pub(crate) fn check(&self, c: &mut Checks) {
        let mut finite = |field: &str, v: f64| c.require(v.is_finite(), field, "must be a number", "give a number");
        for (field, v) in
            [("w_max", self.w_max), ("w_min", self.w_min), ("up_down", self.up_down), ("reset", self.reset)]
        {
            finite(field, v);
        }
        c.require(self.w_max > self.w_min, "w_max", "`w_max` must be greater than `w_min`", "exchange the two");
        c.positive("dw_min", self.dw_min);
        for (field, v) in [
            ("w_max_dtod", self.w_max_dtod),
            ("w_min_dtod", self.w_min_dtod),
            ("dw_min_dtod", self.dw_min_dtod),
            ("dw_min_std", self.dw_min_std),
            ("up_down_dtod", self.up_down_dtod),
            ("write_noise_std", self.write_noise_std),
            ("corrupt_devices_range", self.corrupt_devices_range),
            ("lifetime", self.lifetime),
            ("lifetime_dtod", self.lifetime_dtod),
            ("diffusion", self.diffusion),
            ("diffusion_dtod", self.diffusion_dtod),
            ("reset_dtod", self.reset_dtod),
            ("reset_std", self.reset_std),
        ] {
            c.not_negative(field, v);
        }
        c.within("up_down", self.up_down, -1.0, 1.0);
        c.within("corrupt_devices_prob", self.corrupt_devices_prob, 0.0, 1.0);
        self.step.check(self, c);
    }
}
