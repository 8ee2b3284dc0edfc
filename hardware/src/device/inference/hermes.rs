//! Phase-change memory of the Hermes core, one or two devices per polarity (Le Gallo and others 2023,
//! doi:10.1038/s41928-023-01010-1; fits of aihwkit 1.1.0, MIT licence). As [`super::pcm`] with a cubic programming
//! error and fits of `ν` and of the read noise in two branches of `ρ = g/g_max`; `t_r = 512 ns`; `t₀` 200 s (one
//! device, `g_max` 10.35 uS) or 300 s (two devices, 20.7 uS).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Inference, InferenceSpec, Statistics, gathered, polynomial, power_law};
use crate::device::{Checks, Entry, SpecError};

/// Row of the device table.
pub(in crate::device) const ENTRY: Entry = Entry {
    name: "hermes",
    about: "phase-change memory of the Hermes core, one or two devices a polarity: error, drift, read noise",
    example: "hermes: { devices: 2, cell: { g_min: 0.2 uS, g_max: 20.7 uS } }\n",
};

/// Card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HermesSpec {
    /// Devices of a polarity: 1 or 2.
    pub devices: u32,
    /// Window, factors and cost.
    pub cell: InferenceSpec,
}

impl Default for HermesSpec {
    fn default() -> Self {
        Self { devices: 2, cell: InferenceSpec::default() }
    }
}

impl HermesSpec {
    /// Checks the card and makes the cell.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self) -> Result<Inference<Hermes>, Vec<SpecError>> {
        let mut c = Checks::default();
        c.within("devices", f64::from(self.devices), 1.0, 2.0);
        self.cell.build(if self.devices == 1 { ONE } else { TWO }, c)
    }
}

/// A logarithmic fit `clamp(a·ln ρ + b, low, high)` below a knee and a polynomial above.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    knee: f64,
    slope: f64,
    offset: f64,
    range: [f64; 2],
    above: [f64; 4],
}

impl Fit {
    fn at(&self, share: f64) -> f64 {
        if share < self.knee {
            let ln = libm::log(share.max(1e-7));
            (self.slope * ln + self.offset).clamp(self.range[0], self.range[1])
        } else {
            polynomial(&self.above, share)
        }
    }
}

/// The statistics of one or two devices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hermes {
    g_max: f64,
    /// Time between programming and the first read, in seconds.
    start: f64,
    programming: [f64; 4],
    nu: Fit,
    nu_spread: Fit,
    read: Fit,
}

/// Mean drift exponent of both.
const NU: Fit =
    Fit { knee: 0.0945, slope: -0.0387, offset: -0.0182, range: [0.072, 0.13], above: [0.0736, -0.0126, -0.0436, 0.0] };

const ONE: Hermes = Hermes {
    g_max: 10.35,
    start: 200.0,
    programming: [0.157_818_17, 2.324_439_16, -2.163_108_39, 0.688_418_18],
    nu: NU,
    nu_spread: Fit {
        knee: 0.3039,
        slope: -0.0120,
        offset: -0.0023,
        range: [0.0124, 0.04],
        above: [0.0104, 0.0116, -0.0165, 0.0],
    },
    read: Fit {
        knee: 0.1591,
        slope: -0.0078,
        offset: 0.0038,
        range: [0.0179, 0.04],
        above: [0.0088, 0.0768, -0.1352, 0.0664],
    },
};

const TWO: Hermes = Hermes {
    g_max: 20.7,
    start: 300.0,
    programming: [0.166_032_22, 4.718_064_68, -8.481_012_52, 4.689_614_19],
    nu: NU,
    nu_spread: Fit {
        knee: 0.3055,
        slope: -0.0117,
        offset: -0.0057,
        range: [0.0091, 0.04],
        above: [0.0073, 0.0093, -0.0118, 0.0],
    },
    read: Fit {
        knee: 0.16,
        slope: -0.0117,
        offset: -0.0069,
        range: [0.015, 0.04],
        above: [0.0123, 0.0211, -0.0280, 0.0069],
    },
};

impl Statistics for Hermes {
    const NAME: &'static str = ENTRY.name;

    /// The least conductance is assumed: a hundredth of the greatest.
    fn defaults(&self) -> ([f64; 2], f64) {
        ([0.01 * self.g_max, self.g_max], self.start)
    }
    fn programming(&self, target: f64, [_, g_max]: [f64; 2]) -> f64 {
        polynomial(&self.programming, target / g_max) * g_max / self.g_max
    }
    fn aged(&self, target: f64, error: f64, [_, g_max]: [f64; 2], age: f64, z: f64, scale: f64) -> f64 {
        let share = target / g_max;
        let nu = self.nu.at(share) + self.nu_spread.at(share) * z;
        power_law(target + error, scale * nu, age, self.start)
    }
    fn read(&self, programmed: f64, now: f64, [_, g_max]: [f64; 2], age: f64) -> f64 {
        now * self.read.at(programmed / g_max).max(0.0) * gathered(age + self.start, 512e-9)
    }
}
