//! VTEAM, the voltage-threshold adaptive memristor (Kvatinsky, Ramadan, Friedman, Kolodny, IEEE Trans. Circuits
//! Syst. II 62, 786 (2015), doi:10.1109/TCSII.2015.2433536).
//!
//! `dw/dt = k_off·(v/v_off - 1)^α_off·f_off(w)` for `v > v_off > 0`, `k_on·(v/v_on - 1)^α_on·f_on(w)` for
//! `v < v_on < 0`, otherwise 0. With `u = (w - w_on)/(w_off - w_on)` the resistance is `R_on + (R_off - R_on)·u` or
//! `R_on·(R_off/R_on)^u`. Windows of TEAM (doi:10.1109/TCSI.2012.2215714): `f_off = exp(-exp((w - a_off)/w_c))`,
//! `f_on = exp(-exp((a_on - w)/w_c))`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VerifySpec;
use super::spec::{Checks, Entry, SpecError};
use super::state_equation::{CorrectionSpec, StateDevice, StateEquation, StateProgrammingSpec, StateVariationSpec};
use crate::units::{Metre, Ohm, Second, Volt};

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "vteam",
    about: "VTEAM: voltage thresholds, power-law rates, linear or exponential resistance",
    example: "\
vteam:
  r_on: 5 kOhm
  r_off: 100 kOhm
  v_on: -0.5 V
  v_off: 0.5 V
",
};

/// Fields whose default is assumed.
pub(super) const ASSUMED: &[&str] = &[
    "r_on",
    "r_off",
    "v_on",
    "v_off",
    "k_on",
    "k_off",
    "conduction",
    "read_voltage",
    "programming.set",
    "programming.reset",
    "programming.width",
    "programming.verify.tries",
    "programming.verify.tolerance",
    "programming.verify.read_time",
    "programming.correction.set",
    "programming.correction.reset",
    "programming.correction.step",
    "programming.correction.width",
    "programming.correction.stretch",
    "variation.conductance",
    "variation.rate",
    "variation.cycle_to_cycle",
];

/// Card of the model. Length and exponents are the defaults of MemTorch's model of that name (*secondary*); its
/// thresholds (20 mV) would be crossed by every read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VteamSpec {
    /// Resistance at `w_on`. *Assumed*: 5 kOhm.
    pub r_on: Ohm,
    /// Resistance at `w_off`. *Assumed*: 100 kOhm.
    pub r_off: Ohm,
    /// Threshold of SET, negative. *Assumed*: -0.5 V.
    pub v_on: Volt,
    /// Threshold of RESET. *Assumed*: 0.5 V.
    pub v_off: Volt,
    /// Rate of SET in m/s, negative. *Assumed*: -5e-4.
    pub k_on: f64,
    /// Rate of RESET in m/s. *Assumed*: 5e-4.
    pub k_off: f64,
    /// Exponent of SET. *Secondary*: 3.
    pub alpha_on: f64,
    /// Exponent of RESET. *Secondary*: 1.
    pub alpha_off: f64,
    /// State of the lowest resistance. *Secondary*: 0.
    pub w_on: Metre,
    /// State of the highest resistance. *Secondary*: 3 nm.
    pub w_off: Metre,
    /// How the resistance depends on the state. *Assumed*: linear.
    pub conduction: VteamConduction,
    /// Windows near the ends; none by default.
    pub window: Option<TeamWindowSpec>,
    /// Bias at which conductances are given, within the thresholds. *Assumed*: 0.1 V.
    pub read_voltage: Volt,
    /// Which pulses program it. *Assumed*.
    pub programming: StateProgrammingSpec,
    /// Spread between and within cells.
    pub variation: StateVariationSpec,
    /// Where the numbers of the card come from.
    pub source: String,
}

impl Default for VteamSpec {
    fn default() -> Self {
        Self {
            r_on: Ohm(5e3),
            r_off: Ohm(100e3),
            v_on: Volt(-0.5),
            v_off: Volt(0.5),
            k_on: -5e-4,
            k_off: 5e-4,
            alpha_on: 3.0,
            alpha_off: 1.0,
            w_on: Metre(0.0),
            w_off: Metre(3e-9),
            conduction: VteamConduction::Linear,
            window: None,
            read_voltage: Volt(0.1),
            programming: StateProgrammingSpec {
                set: Volt(-1.0),
                reset: Volt(1.0),
                width: Second(100e-9),
                verify: Some(VerifySpec { tries: 64, ..VerifySpec::default() }),
                correction: CorrectionSpec {
                    set: Volt(-1.0),
                    reset: Volt(1.0),
                    step: Volt(0.0),
                    width: Second(1e-9),
                    stretch: 1.5,
                },
            },
            variation: StateVariationSpec::default(),
            source:
                "equations: doi:10.1109/TCSII.2015.2433536; length and exponents as in MemTorch; other numbers assumed"
                    .into(),
        }
    }
}

/// Resistance as a function of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VteamConduction {
    /// `R_on + (R_off - R_on)·u`.
    Linear,
    /// `R_on·(R_off/R_on)^u`.
    Exponential,
}

/// Exponential windows of TEAM.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamWindowSpec {
    /// Where SET ends.
    pub a_on: Metre,
    /// Where RESET ends.
    pub a_off: Metre,
    /// Width of the ends.
    pub w_c: Metre,
}

/// The laws with their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Vteam(VteamSpec);

impl Vteam {
    fn share(&self, w: f64) -> f64 {
        (w - self.0.w_on.0) / (self.0.w_off.0 - self.0.w_on.0)
    }
}

impl StateEquation for Vteam {
    const NAME: &'static str = ENTRY.name;
    fn rate(&self, w: f64, v: f64) -> f64 {
        let s = &self.0;
        let window = |way: f64, c: f64| libm::exp(-libm::exp(way / c));
        if v > s.v_off.0 {
            let f = s.window.map_or(1.0, |f| window(w - f.a_off.0, f.w_c.0));
            s.k_off * libm::pow(v / s.v_off.0 - 1.0, s.alpha_off) * f
        } else if v < s.v_on.0 {
            let f = s.window.map_or(1.0, |f| window(f.a_on.0 - w, f.w_c.0));
            s.k_on * libm::pow(v / s.v_on.0 - 1.0, s.alpha_on) * f
        } else {
            0.0
        }
    }
    fn current(&self, w: f64, v: f64) -> f64 {
        let (u, on, off) = (self.share(w), self.0.r_on.0, self.0.r_off.0);
        match self.0.conduction {
            VteamConduction::Linear => v / (on + (off - on) * u),
            VteamConduction::Exponential => v / (on * libm::pow(off / on, u)),
        }
    }
    fn bounds(&self) -> [f64; 2] {
        [self.0.w_off.0, self.0.w_on.0]
    }
    fn state_of(&self, g: f64, _: f64) -> f64 {
        let (on, off) = (self.0.r_on.0, self.0.r_off.0);
        let u = match self.0.conduction {
            VteamConduction::Linear => (1.0 / g - on) / (off - on),
            VteamConduction::Exponential => -libm::log(g * on) / libm::log(off / on),
        };
        self.0.w_on.0 + (self.0.w_off.0 - self.0.w_on.0) * u
    }
}

impl VteamSpec {
    /// Checks the card and makes the cell; the model knows no temperature.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self) -> Result<StateDevice<Vteam>, Vec<SpecError>> {
        let mut c = Checks::default();
        c.positive("r_on", self.r_on.0);
        c.require(
            self.r_off > self.r_on && self.r_off.0.is_finite(),
            "r_off",
            format!("`r_off` ({}) must be greater than `r_on` ({})", self.r_off, self.r_on),
            "exchange the two",
        );
        c.positive("v_off", self.v_off.0);
        c.positive("k_off", self.k_off);
        c.require(self.v_on.0 < 0.0, "v_on", "`v_on` must be negative", "SET is the negative polarity");
        c.require(self.k_on < 0.0, "k_on", "`k_on` must be negative", "SET moves the state towards `w_on`");
        c.within("alpha_on", self.alpha_on, 0.0, 20.0);
        c.within("alpha_off", self.alpha_off, 0.0, 20.0);
        c.require(
            self.w_off.0 > self.w_on.0,
            "w_off",
            format!("`w_off` ({}) must be greater than `w_on` ({})", self.w_off, self.w_on),
            "exchange the two",
        );
        if let Some(w) = &self.window {
            c.positive("window.w_c", w.w_c.0);
        }
        c.positive("read_voltage", self.read_voltage.0);
        c.require(
            self.read_voltage < self.v_off,
            "read_voltage",
            format!("a read at {} crosses the threshold `v_off` ({})", self.read_voltage, self.v_off),
            "read below the threshold",
        );
        self.programming.check(&mut c);
        self.variation.check(&mut c);
        c.finish(|| StateDevice::new(Vteam(self.clone()), self.read_voltage, self.programming, self.variation))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Pulse;

    /// Without windows the state moves linearly in time: 5e-4 m/s·(1.25/0.5 - 1) and 5e-4·(0.8/0.5 - 1)³.
    #[test]
    fn rates_are_the_published_power_laws() {
        let d = VteamSpec::default().build().unwrap();
        let after = |w: f64, v: f64, t: f64| d.pulse(w, Pulse { voltage: Volt(v), width: Second(t) });
        let (w, energy) = after(1e-9, 1.25, 1e-6);
        assert!((w - (1e-9 + 5e-4 * 1.5 * 1e-6)).abs() < 1e-17, "{w}");
        // the integral of v²/R over a resistance that rises linearly is a logarithm
        let (first, last): (f64, f64) = (5e3 + 95e3 / 3.0, 5e3 + 95e3 * 1.75 / 3.0);
        let exact = 1.25 * 1.25 * 1e-6 * (last / first).ln() / (last - first);
        assert!((energy / exact - 1.0).abs() < 1e-6, "{energy} {exact}");
        let (w, _) = after(2e-9, -0.8, 1e-6);
        assert!((w - (2e-9 - 5e-4 * 0.6_f64.powi(3) * 1e-6)).abs() < 1e-17, "{w}");
        for v in [-0.5, -0.1, 0.3, 0.5] {
            assert_eq!(after(1e-9, v, 1.0).0, 1e-9);
        }
    }

    #[test]
    fn states_and_conductances_belong_together() {
        for conduction in [VteamConduction::Linear, VteamConduction::Exponential] {
            let law = Vteam(VteamSpec { conduction, ..VteamSpec::default() });
            for w in [0.0, 0.4e-9, 2e-9, 3e-9] {
                let g = law.current(w, 0.1) / 0.1;
                assert!((law.state_of(g, 0.1) - w).abs() < 1e-20, "{w}");
            }
            assert!((law.current(3e-9, 1.0) * 100e3 - 1.0).abs() < 1e-12);
            assert!((law.current(0.0, 1.0) * 5e3 - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn windows_stop_the_state() {
        let window = Some(TeamWindowSpec { a_on: Metre(0.5e-9), a_off: Metre(2.5e-9), w_c: Metre(0.05e-9) });
        let law = Vteam(VteamSpec { window, ..VteamSpec::default() });
        assert!(law.rate(2.9e-9, 1.0) < 1e-6 * law.rate(1.5e-9, 1.0));
        assert!(law.rate(0.1e-9, -1.0).abs() < 1e-6 * law.rate(1.5e-9, -1.0).abs());
        // in the middle they are open
        assert!((law.rate(1.5e-9, 1.0) / 5e-4 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn cards_that_cannot_work_are_refused() {
        let fields = |change: fn(&mut VteamSpec)| {
            let mut s = VteamSpec::default();
            change(&mut s);
            s.build().unwrap_err().into_iter().map(|e| e.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(|s| (s.v_on, s.read_voltage) = (Volt(0.1), Volt(0.7))), ["v_on", "read_voltage"]);
        assert_eq!(fields(|s| s.programming.set = Volt(-0.3)), ["programming.set"]);
    }
}
