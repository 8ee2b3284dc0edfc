//! Card of the weak-RESET cell: every number by name, with its tag.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HfOxWeakReset;
use super::cell::Population;
use super::law::{ExponentialLaw, Law, LogNormalLaw, NormalLaw};
use crate::device::hfox::{HfOxTemperatureSpec, RelaxationSpec};
use crate::device::{Checks, SpecError};
use crate::units::{Kelvin, Ohm, Second, Share, Volt};

/// Fields whose default is assumed.
pub(in super::super) const ASSUMED: &[&str] = &[
    "levels",
    "programming.set",
    "programming.set_width",
    "programming.reset",
    "programming.reset_width",
    "programming.refreshes",
    "programming.tolerance",
    "programming.read_time",
    "read.voltage",
    "read.noise",
    "temperature.reference",
    "temperature.minimum",
    "temperature.maximum",
];

/// Most taps of the filter of the 1/f noise.
pub(super) const MOST_TAPS: usize = 16;

/// Card of the cell. *Majumdar* below is Majumdar et al., IEEE Trans. Electron Devices 2021 (arXiv:2107.06064),
/// with the numbers of its companion code (Learning-with-memory-device-imperfections, MIT licence).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HfOxWeakResetSpec {
    /// Law of the resistance `R0` after SET. *Published* (Majumdar): 6988 ± 381.7 Ohm within 6252 to 7897 Ohm.
    pub lrs: NormalLaw<Ohm>,
    /// How the logarithm of the resistance grows.
    pub growth: GrowthSpec,
    /// Telegraph noise; `null` without.
    pub telegraph: Option<WeakTelegraphSpec>,
    /// 1/f noise; `null` without.
    pub flicker: Option<FlickerSpec>,
    /// Levels that can be told apart. *Assumed*: 2 (the sign of a differential pair).
    pub levels: u32,
    /// Pulses that program the cell.
    pub programming: WeakProgrammingSpec,
    /// Reading and its noise.
    pub read: WeakReadSpec,
    /// Relaxation after programming; the published model has none.
    pub relaxation: Option<RelaxationSpec>,
    /// Where the laws hold.
    pub temperature: HfOxTemperatureSpec,
    /// Where the numbers of the card come from: citation, or `assumed` with the reason.
    pub source: String,
}

impl Default for HfOxWeakResetSpec {
    fn default() -> Self {
        Self {
            lrs: NormalLaw { mean: Ohm(6988.0), deviation: Ohm(381.7), low: Ohm(6252.0), high: Ohm(7897.0) },
            growth: GrowthSpec::default(),
            telegraph: Some(WeakTelegraphSpec::default()),
            flicker: Some(FlickerSpec::default()),
            levels: 2,
            programming: WeakProgrammingSpec::default(),
            read: WeakReadSpec::default(),
            relaxation: None,
            temperature: HfOxTemperatureSpec::default(),
            source: "law, noise and spread: Majumdar et al., IEEE TED 2021, arXiv:2107.06064; pulses and read assumed"
                .into(),
        }
    }
}

/// Parameters of the mean law, each drawn once for a cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GrowthSpec {
    /// `m1`: growth of `ln(R/R0)` for each pulse up to the knee. *Published* (Majumdar).
    pub before: ExponentialLaw,
    /// `m2`: growth for each pulse after the knee. *Published* (Majumdar).
    pub after: ExponentialLaw,
    /// `t*`: pulses up to the knee. *Published* (Majumdar).
    pub knee: LogNormalLaw,
    /// `c1`: `ln(R/R0)` before the first pulse. *Published* (Majumdar).
    pub offset: NormalLaw<f64>,
}

impl Default for GrowthSpec {
    fn default() -> Self {
        Self {
            before: ExponentialLaw {
                offset: 3.741_576_828_977_194_4e-5,
                scale: 6.564_678_011_593_196e-4,
                low: 3.74e-5,
                high: 7.6e-3,
            },
            after: ExponentialLaw {
                offset: 1.644_496_812_189_661e-34,
                scale: 2.889_051_695_165_131_2e-5,
                low: 0.0,
                high: 1.3e-4,
            },
            knee: LogNormalLaw {
                median: 542.538_522_407_930_8,
                sigma: 0.803_381_770_057_050_5,
                low: 41.0,
                high: 2000.0,
            },
            offset: NormalLaw {
                mean: 5.293_141_020_227_579e-3,
                deviation: 5.320_804_175_540_371e-2,
                low: -0.15,
                high: 0.15,
            },
        }
    }
}

/// A trap that is filled or emptied by pulses: a chain of two states, one step for each pulse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WeakTelegraphSpec {
    /// Probability of going from low to high with one pulse. *Published* (Majumdar): 8e-4.
    pub rise: f64,
    /// Probability of going from high to low with one pulse. *Published* (Majumdar): 2e-3.
    pub fall: f64,
    /// Largest amplitude `A_max`: that of a cell is uniform in 0 to `A_max`. *Published* (Majumdar): 0.5.
    pub amplitude: f64,
}

impl Default for WeakTelegraphSpec {
    fn default() -> Self {
        Self { rise: 8e-4, fall: 2e-3, amplitude: 0.5 }
    }
}

/// 1/f noise: uniform innovations, one for each pulse, through a filter of fractional order one half.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FlickerSpec {
    /// Gain `α`. *Published* (Majumdar): 0.025.
    pub gain: f64,
    /// Taps of the filter. *Published* (Majumdar): 15.
    pub taps: u32,
}

impl Default for FlickerSpec {
    fn default() -> Self {
        Self { gain: 0.025, taps: 15 }
    }
}

impl FlickerSpec {
    /// `b_0 = 1`, `b_k = b_(k-1)·(k - 1/2)/k`, zero beyond the taps.
    pub(super) fn coefficients(&self) -> [f64; MOST_TAPS] {
        let mut b = [0.0; MOST_TAPS];
        b[0] = 1.0;
        for k in 1..self.taps as usize {
            b[k] = b[k - 1] * (k as f64 - 0.5) / k as f64;
        }
        b
    }
}

/// One SET, then weak RESET pulses, all alike, with a read after each train.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WeakProgrammingSpec {
    /// Magnitude of the SET pulse. *Assumed*: 1.5 V.
    pub set: Volt,
    /// Width of the SET pulse. *Assumed*: 1 us.
    pub set_width: Second,
    /// Magnitude of a weak RESET pulse. *Assumed*: 1 V (the publication does not tell).
    pub reset: Volt,
    /// Width of a weak RESET pulse. *Assumed*: 1 us.
    pub reset_width: Second,
    /// Most weak RESET pulses after a SET; with it goes the lowest conductance of the window. *Published*
    /// (Majumdar, largest knee): 2000.
    pub pulses: u32,
    /// SET pulses that may begin anew a cell that went too far. *Assumed*: 3.
    pub refreshes: u32,
    /// How far below its target a cell may be, as a share of the window. *Assumed*: 5 %.
    pub tolerance: Share,
    /// Time of the read after each train. *Assumed*: 50 ns.
    pub read_time: Second,
}

impl Default for WeakProgrammingSpec {
    fn default() -> Self {
        Self {
            set: Volt(1.5),
            set_width: Second(1e-6),
            reset: Volt(1.0),
            reset_width: Second(1e-6),
            pulses: 2000,
            refreshes: 3,
            tolerance: Share(0.05),
            read_time: Second(50e-9),
        }
    }
}

/// Reading and its noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WeakReadSpec {
    /// Voltage of the reads while programming; the cell is linear. *Assumed*: 0.2 V.
    pub voltage: Volt,
    /// Noise of one read over its mean, beside what a crossbar adds. *Assumed*: 0.2 %.
    pub noise: Share,
}

impl Default for WeakReadSpec {
    fn default() -> Self {
        Self { voltage: Volt(0.2), noise: Share(0.002) }
    }
}

impl HfOxWeakResetSpec {
    /// Checks the card and makes the cell for a chip at `temperature`.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self, temperature: Kelvin) -> Result<HfOxWeakReset, Vec<SpecError>> {
        let mut c = Checks::default();
        NormalLaw::<f64>::from(self.lrs).check("lrs", f64::MIN_POSITIVE, &mut c);
        let g = &self.growth;
        g.before.check("growth.before", 0.0, &mut c);
        g.after.check("growth.after", 0.0, &mut c);
        g.knee.check("growth.knee", f64::MIN_POSITIVE, &mut c);
        g.offset.check("growth.offset", -f64::MAX, &mut c);
        if let Some(t) = &self.telegraph {
            for (field, p) in [("telegraph.rise", t.rise), ("telegraph.fall", t.fall)] {
                c.positive(field, p);
                c.within(field, p, 0.0, 1.0);
            }
            c.not_negative("telegraph.amplitude", t.amplitude);
        }
        if let Some(f) = &self.flicker {
            c.not_negative("flicker.gain", f.gain);
            c.within("flicker.taps", f64::from(f.taps), 1.0, MOST_TAPS as f64);
        }
        c.within("levels", f64::from(self.levels), 2.0, 65536.0);
        let p = &self.programming;
        for (field, value) in [
            ("programming.set", p.set.0),
            ("programming.set_width", p.set_width.0),
            ("programming.reset", p.reset.0),
            ("programming.reset_width", p.reset_width.0),
            ("programming.tolerance", p.tolerance.0),
            ("read.voltage", self.read.voltage.0),
        ] {
            c.positive(field, value);
        }
        c.not_negative("programming.read_time", p.read_time.0);
        c.within("programming.pulses", f64::from(p.pulses), 1.0, 1e9);
        c.within("read.noise", self.read.noise.0, 0.0, 0.2);
        if let Some(r) = &self.relaxation {
            r.check(&mut c);
        }
        self.temperature.check(temperature, &mut c);
        if !c.clean() {
            return Err(c.errors());
        }
        let population = Population::new(self);
        let nominal = population.draw(0.0, |_| 0.5);
        c.require(
            nominal.growth.at(u64::from(p.pulses)) > nominal.growth.at(0),
            "growth.before",
            "the resistance of the median cell does not grow",
            "raise `growth.before` or `programming.pulses`",
        );
        c.finish(|| {
            let flicker = self.flicker.map_or([0.0; MOST_TAPS], |f| f.coefficients().map(|b| f.gain * b));
            HfOxWeakReset { spec: self.clone(), population, nominal, flicker }
        })
    }
}
