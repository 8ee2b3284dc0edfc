//! Statistics of programmed cells: what a target conductance has become after programming, after some time, and in a
//! read. One file per technology, each an entry of the device table; the frame is the same for all:
//!
//! - programming leaves `g_P = max(0, g + σ_P(g)·ξ)`;
//! - time makes `g_D` of it, by a law and one normal of the cell;
//! - a read has a standard deviation that grows with the logarithm of the time since programming.
//!
//! Conductances are in microsiemens inside, as published. What decides drift is the target: a cell that is aged finds
//! it again from its address, whose programming error is known.
//! Source: PyPI aihwkit 1.1.0 (IBM, MIT licence) and the papers named in each file.

pub mod compensation;
mod hermes;
mod pcm;
mod reram_cmo;
mod reram_wan;
mod rram_milo;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::{Checks, SpecError};
use super::{Chance, Device, Programming, Window};
use crate::rng::{Domain, Draw};
use crate::units::{Joule, Kelvin, Second, Siemens, Volt};

pub(super) use hermes::ENTRY as HERMES;
pub use hermes::{Hermes, HermesSpec};
pub(super) use pcm::ENTRY as PCM;
pub use pcm::{PcmLike, PcmSpec};
pub(super) use reram_cmo::ENTRY as RERAM_CMO;
pub use reram_cmo::{Acceptance, ReramCmo, ReramCmoSpec};
pub(super) use reram_wan::ENTRY as RERAM_WAN;
pub use reram_wan::{ReramWan, ReramWanSpec};
pub(super) use rram_milo::ENTRY as RRAM_MILO;
pub use rram_milo::{RramMilo, RramMiloSpec};

/// Microsiemens in a siemens.
const MICRO: f64 = 1e6;
/// Conductance of a cell that programming error has driven to nothing, in microsiemens: an open cell of 1 PΩ. Assumed.
const OPEN: f64 = 1e-9;
/// Rounds of the fixed point that finds a target again; each shrinks the error by the slope of the deviation.
const ROUNDS: usize = 40;

/// Fields of [`InferenceSpec`] whose default is assumed.
pub(super) const ASSUMED: &[&str] = &["cell.write.pulses", "cell.write.voltage", "cell.write.width"];

/// Where the statistics come from.
pub(super) const SOURCE: &str =
    "aihwkit 1.1.0 (MIT licence) and the papers of the technology; cost of programming assumed";

/// What the cards of all technologies of this kind share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InferenceSpec {
    /// Conductance of the lowest level; the technology's own where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub g_min: Option<Siemens>,
    /// Conductance of the highest level; the technology's own where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub g_max: Option<Siemens>,
    /// Factor on the programming error.
    pub programming_scale: f64,
    /// Factor on drift.
    pub drift_scale: f64,
    /// Factor on read noise.
    pub read_scale: f64,
    /// Time since programming at which read noise is taken; the technology's own where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_age: Option<Second>,
    /// What programming costs.
    pub write: WriteSpec,
}

impl Default for InferenceSpec {
    fn default() -> Self {
        Self {
            g_min: None,
            g_max: None,
            programming_scale: 1.0,
            drift_scale: 1.0,
            read_scale: 1.0,
            read_age: None,
            write: WriteSpec::default(),
        }
    }
}

/// Cost of programming a cell: the statistics tell outcomes, not pulses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WriteSpec {
    /// Pulses of an iterative programming. *Assumed*: 10.
    pub pulses: u32,
    /// Their voltage. *Assumed*: 2 V.
    pub voltage: Volt,
    /// Their width. *Assumed*: 100 ns.
    pub width: Second,
}

impl Default for WriteSpec {
    fn default() -> Self {
        Self { pulses: 10, voltage: Volt(2.0), width: Second(100e-9) }
    }
}

/// Statistics of a technology; conductances in microsiemens, times in seconds since programming.
pub trait Statistics: Debug + Clone + Send + Sync + 'static {
    /// Name in arch files.
    const NAME: &'static str;
    /// Window, and time at which read noise is taken where a card says nothing.
    fn defaults(&self) -> ([f64; 2], f64);
    /// Standard deviation of the programmed conductance.
    fn programming(&self, target: f64, window: [f64; 2]) -> f64;
    /// Conductance at an age that is not 0: programmed to `target + error`, `z` is the cell's normal (times the scale
    /// of chance), `scale` the card's factor on drift.
    fn aged(&self, target: f64, error: f64, window: [f64; 2], age: f64, z: f64, scale: f64) -> f64;
    /// Standard deviation of a read of a cell that was programmed to `programmed` and is now at `now`.
    fn read(&self, programmed: f64, now: f64, window: [f64; 2], age: f64) -> f64;
}

/// A cell of a technology with statistics.
#[derive(Debug, Clone)]
pub struct Inference<S> {
    statistics: S,
    spec: InferenceSpec,
    /// In microsiemens.
    window: [f64; 2],
    read_age: f64,
}

impl InferenceSpec {
    /// Checks the card and makes the cell of a technology.
    fn build<S: Statistics>(&self, statistics: S, mut c: Checks) -> Result<Inference<S>, Vec<SpecError>> {
        let (window, age) = statistics.defaults();
        let low = self.g_min.map_or(window[0], |g| g.0 * MICRO);
        let high = self.g_max.map_or(window[1], |g| g.0 * MICRO);
        c.positive("cell.g_min", low);
        c.require(
            high > low && high.is_finite(),
            "cell.g_max",
            format!("`g_max` ({high} uS) must be greater than `g_min` ({low} uS)"),
            "exchange the two, or raise `g_max`",
        );
        for (field, v) in [
            ("cell.programming_scale", self.programming_scale),
            ("cell.drift_scale", self.drift_scale),
            ("cell.read_scale", self.read_scale),
            ("cell.write.voltage", self.write.voltage.0),
            ("cell.write.width", self.write.width.0),
        ] {
            c.not_negative(field, v);
        }
        let read_age = self.read_age.map_or(age, |t| t.0);
        c.positive("cell.read_age", read_age);
        c.finish(|| Inference { statistics, spec: self.clone(), window: [low, high], read_age })
    }
}

impl<S: Statistics> Inference<S> {
    /// Normals of a cell times the scale of chance.
    fn normal(domain: Domain, cell: u64, tick: u64, chance: Chance) -> f64 {
        let draw = Draw { seed: chance.seed, domain, element: cell, tick };
        if chance.scale == 0.0 { 0.0 } else { chance.scale * draw.normal(0) }
    }

    fn deviation(&self, target: f64) -> f64 {
        self.spec.programming_scale * self.statistics.programming(target, self.window)
    }

    fn error(&self, target: f64, cell: u64, chance: Chance) -> f64 {
        self.deviation(target) * Self::normal(Domain::Program, cell, 0, chance)
    }

    fn aged(&self, target: f64, error: f64, age: f64, cell: u64, chance: Chance) -> f64 {
        let z = Self::normal(Domain::Drift, cell, 0, chance);
        self.statistics.aged(target, error, self.window, age, z, self.spec.drift_scale).max(0.0)
    }

    /// The target that programming turned into `g`: the fixed point of `t = g - σ_P(t)·z`.
    fn target(&self, g: f64, cell: u64, chance: Chance) -> f64 {
        let z = Self::normal(Domain::Program, cell, 0, chance);
        let mut target = g;
        for _ in 0..ROUNDS {
            let next = (g - self.deviation(target) * z).clamp(0.0, self.window[1]);
            if next == target {
                break;
            }
            target = next;
        }
        target
    }

    /// One read of a cell programmed to `target`, without way over a chip: as programmed (`age` `None`), or at an age
    /// with read number `read`. Siemens.
    #[must_use]
    pub fn sample(&self, target: Siemens, age: Option<Second>, cell: u64, read: u64, chance: Chance) -> Siemens {
        let target = target.0 * MICRO;
        let error = self.error(target, cell, chance);
        let programmed = (target + error).max(0.0);
        let Some(age) = age else { return Siemens(programmed / MICRO) };
        let now = if age.0 > 0.0 { self.aged(target, error, age.0, cell, chance) } else { programmed };
        let deviation = self.spec.read_scale * self.statistics.read(programmed, now, self.window, age.0);
        let noise = deviation * Self::normal(Domain::Read, cell, read, chance);
        Siemens((now + noise).max(0.0) / MICRO)
    }
}

impl<S: Statistics> Device for Inference<S> {
    fn kind(&self) -> &'static str {
        S::NAME
    }
    fn window(&self) -> Window {
        Window { g_min: Siemens(self.window[0] / MICRO), g_max: Siemens(self.window[1] / MICRO) }
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        let w = &self.spec.write;
        let mut cost = Programming::default();
        for ((target, cell), achieved) in target.iter().zip(cells).zip(achieved) {
            *achieved = (target + self.error(target * MICRO, *cell, chance) / MICRO).max(OPEN / MICRO);
            cost.pulses += u64::from(w.pulses);
            cost.energy += Joule(w.voltage.0 * w.voltage.0 * *achieved * w.width.0 * f64::from(w.pulses));
            cost.time += Second(w.width.0 * f64::from(w.pulses));
        }
        cost
    }
    fn age(&self, g: &mut [f64], cells: &[u64], age: Second, _temperature: Kelvin, chance: Chance) {
        if age.0 <= 0.0 {
            return;
        }
        for (g, cell) in g.iter_mut().zip(cells) {
            let programmed = *g * MICRO;
            let target = self.target(programmed, *cell, chance);
            *g = self.aged(target, programmed - target, age.0, *cell, chance).max(OPEN) / MICRO;
        }
    }
    fn read_moments(&self, g: &[f64], _v: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        mean.copy_from_slice(g);
        for (g, variance) in g.iter().zip(variance) {
            let now = g * MICRO;
            let deviation = self.spec.read_scale * self.statistics.read(now, now, self.window, self.read_age) / MICRO;
            *variance = (deviation * chance.scale) * (deviation * chance.scale);
        }
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * v.0
    }
}

/// A polynomial, constant first.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// What 1/f noise has gathered at `t` in a read that lasts `read`: `sqrt(ln((t + t_read)/(2·t_read)))`.
fn gathered(t: f64, read: f64) -> f64 {
    libm::sqrt(libm::log((t + read) / (2.0 * read)).max(0.0))
}

/// Power-law drift from `start` on: `g·((age + start)/start)^(-|ν|)`.
fn power_law(g: f64, nu: f64, age: f64, start: f64) -> f64 {
    g.max(0.0) * libm::pow((age + start) / start, -nu.abs())
}
