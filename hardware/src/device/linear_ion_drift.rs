//! Linear ion drift (Strukov, Snider, Stewart, Williams, Nature 453, 80 (2008), doi:10.1038/nature06932).
//!
//! A doped region takes the share `x` of a film of thickness `D`:
//! `i = v/(R_on·x + R_off·(1 - x))`, `dx/dt = µ_v·R_on/D²·i·f(x, i)`.
//! Window `f`: none; Joglekar and Wolf, `1 - (2x - 1)^(2p)` (Eur. J. Phys. 30, 661 (2009),
//! doi:10.1088/0143-0807/30/4/001); Biolek et al., `1 - (x - stp(-i))^(2p)` (Radioengineering 18, 210 (2009));
//! Prodromakis et al., `j·(1 - ((x - ½)² + ¾)^p)` (IEEE Trans. Electron Devices 58, 3099 (2011),
//! doi:10.1109/TED.2011.2158004).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VerifySpec;
use super::spec::{Checks, Entry, SpecError};
use super::state_equation::{CorrectionSpec, StateDevice, StateEquation, StateProgrammingSpec, StateVariationSpec};
use crate::units::{Metre, Ohm, Second, Share, Volt};

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "linear_ion_drift",
    about: "linear ion drift with the windows of Joglekar, Biolek or Prodromakis",
    example: "\
linear_ion_drift:
  r_on: 100 Ohm
  r_off: 16 kOhm
  window: { biolek: { exponent: 2 } }
",
};

/// Fields whose default is assumed.
pub(super) const ASSUMED: &[&str] = &[
    "window.biolek.exponent",
    "margin",
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

/// Card of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinearIonDriftSpec {
    /// Resistance of the film doped throughout. *Published*: 100 Ohm (Strukov 2008; Joglekar 2009).
    pub r_on: Ohm,
    /// Resistance of the undoped film. *Published*: 16 kOhm, 160 times (Strukov 2008, Fig. 2b).
    pub r_off: Ohm,
    /// Thickness. *Published*: 10 nm (Strukov 2008).
    pub thickness: Metre,
    /// Mobility of the dopants in m²/(V·s). *Published*: 1e-14 (1e-10 cm²/(V·s), Strukov 2008).
    pub mobility: f64,
    /// What slows the boundary near the contacts. *Assumed*: Biolek with exponent 2.
    pub window: DriftWindowSpec,
    /// Share of the film at both contacts that the boundary does not enter: some windows would hold it there for
    /// ever. *Assumed*: 1 %.
    pub margin: Share,
    /// Bias at which conductances are given. The model has no threshold: every read moves the boundary. *Assumed*:
    /// 0.1 V.
    pub read_voltage: Volt,
    /// Which pulses program it. *Assumed*.
    pub programming: StateProgrammingSpec,
    /// Spread between and within cells.
    pub variation: StateVariationSpec,
    /// Where the numbers of the card come from.
    pub source: String,
}

impl Default for LinearIonDriftSpec {
    fn default() -> Self {
        Self {
            r_on: Ohm(100.0),
            r_off: Ohm(16e3),
            thickness: Metre(10e-9),
            mobility: 1e-14,
            window: DriftWindowSpec::Biolek(ExponentSpec { exponent: 2 }),
            margin: Share(0.01),
            read_voltage: Volt(0.1),
            programming: StateProgrammingSpec {
                set: Volt(1.0),
                reset: Volt(-1.0),
                width: Second(10e-3),
                verify: Some(VerifySpec { tries: 64, ..VerifySpec::default() }),
                correction: CorrectionSpec {
                    set: Volt(1.0),
                    reset: Volt(-1.0),
                    step: Volt(0.0),
                    width: Second(1e-6),
                    stretch: 1.5,
                },
            },
            variation: StateVariationSpec::default(),
            source: "Strukov et al., Nature 453, 80 (2008); pulses and spread assumed".into(),
        }
    }
}

/// Window function.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriftWindowSpec {
    /// `f = 1`.
    None,
    /// Joglekar and Wolf 2009.
    Joglekar(ExponentSpec),
    /// Biolek et al. 2009.
    Biolek(ExponentSpec),
    /// Prodromakis et al. 2011.
    Prodromakis(ProdromakisSpec),
}

/// Exponent of a window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentSpec {
    /// `p`; the power is `2p`.
    pub exponent: u32,
}

/// Parameters of the window of Prodromakis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProdromakisSpec {
    /// Exponent `p`.
    pub exponent: f64,
    /// Scale `j`.
    pub scale: f64,
}

impl DriftWindowSpec {
    /// `f(x)` for a current of the given sign.
    #[must_use]
    pub fn value(self, x: f64, positive: bool) -> f64 {
        let even = |y: f64, p: u32| 1.0 - (y * y).powi(p as i32);
        match self {
            Self::None => 1.0,
            Self::Joglekar(w) => even(2.0 * x - 1.0, w.exponent),
            Self::Biolek(w) => even(if positive { x } else { x - 1.0 }, w.exponent),
            Self::Prodromakis(w) => w.scale * (1.0 - libm::pow((x - 0.5) * (x - 0.5) + 0.75, w.exponent)),
        }
    }
}

/// The laws with their numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearIonDrift {
    r_on: f64,
    r_off: f64,
    /// `µ_v·R_on/D²`: rate for each ampere.
    drift: f64,
    window: DriftWindowSpec,
    margin: f64,
}

impl StateEquation for LinearIonDrift {
    const NAME: &'static str = ENTRY.name;
    fn rate(&self, x: f64, v: f64) -> f64 {
        self.drift * self.current(x, v) * self.window.value(x, v > 0.0)
    }
    fn current(&self, x: f64, v: f64) -> f64 {
        v / (self.r_on * x + self.r_off * (1.0 - x))
    }
    fn bounds(&self) -> [f64; 2] {
        [self.margin, 1.0 - self.margin]
    }
    fn state_of(&self, g: f64, _: f64) -> f64 {
        (self.r_off - 1.0 / g) / (self.r_off - self.r_on)
    }
}

impl LinearIonDriftSpec {
    /// Checks the card and makes the cell; the model knows no temperature.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self) -> Result<StateDevice<LinearIonDrift>, Vec<SpecError>> {
        let mut c = Checks::default();
        c.positive("r_on", self.r_on.0);
        c.require(
            self.r_off > self.r_on && self.r_off.0.is_finite(),
            "r_off",
            format!("`r_off` ({}) must be greater than `r_on` ({})", self.r_off, self.r_on),
            "exchange the two",
        );
        c.positive("thickness", self.thickness.0);
        c.positive("mobility", self.mobility);
        c.within("margin", self.margin.0, 0.0, 0.4);
        c.positive("read_voltage", self.read_voltage.0);
        match self.window {
            DriftWindowSpec::None => {}
            DriftWindowSpec::Joglekar(w) | DriftWindowSpec::Biolek(w) => {
                c.within("window.exponent", f64::from(w.exponent), 1.0, 100.0);
            }
            DriftWindowSpec::Prodromakis(w) => {
                c.positive("window.prodromakis.exponent", w.exponent);
                c.positive("window.prodromakis.scale", w.scale);
            }
        }
        self.programming.check(&mut c);
        self.variation.check(&mut c);
        let law = LinearIonDrift {
            r_on: self.r_on.0,
            r_off: self.r_off.0,
            drift: self.mobility * self.r_on.0 / (self.thickness.0 * self.thickness.0),
            window: self.window,
            margin: self.margin.0,
        };
        c.finish(|| StateDevice::new(law, self.read_voltage, self.programming, self.variation))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Pulse;

    fn build(window: DriftWindowSpec, margin: f64) -> StateDevice<LinearIonDrift> {
        LinearIonDriftSpec { window, margin: Share(margin), ..LinearIonDriftSpec::default() }.build().unwrap()
    }

    /// Without a window `R_off·x - (R_off - R_on)·x²/2` grows by `µ_v·R_on/D²` times the flux: solved for `x`.
    #[test]
    fn the_closed_form_of_the_flux_is_met() {
        let d = build(DriftWindowSpec::None, 0.0);
        let (r_on, r_off, k) = (100.0, 16e3, 1e4);
        for (x0, flux) in [(0.1, 0.3), (0.5, -0.4), (0.2, 0.49)] {
            let first = r_off * x0 - 0.5 * (r_off - r_on) * x0 * x0 + k * flux;
            let exact = (r_off - libm::sqrt(r_off * r_off - 2.0 * (r_off - r_on) * first)) / (r_off - r_on);
            let v = flux / 0.25;
            let (x, _) = d.pulse(x0, Pulse { voltage: Volt(v), width: Second(0.25) });
            assert!((x - exact).abs() < 1e-8, "{x} {exact}");
            // the flux alone counts: a triangle of twice the height does the same
            let wave = [(Second(0.0), Volt(0.0)), (Second(0.1), Volt(2.0 * v)), (Second(0.25), Volt(0.0))];
            assert!((d.waveform(x0, &wave)[2].state - exact).abs() < 1e-8);
        }
    }

    #[test]
    fn windows_are_the_published_ones() {
        let jog = DriftWindowSpec::Joglekar(ExponentSpec { exponent: 1 });
        assert_eq!([jog.value(0.0, true), jog.value(0.5, true), jog.value(1.0, false)], [0.0, 1.0, 0.0]);
        assert!((jog.value(0.25, true) - 0.75).abs() < 1e-15);
        let biolek = DriftWindowSpec::Biolek(ExponentSpec { exponent: 2 });
        assert_eq!([biolek.value(0.0, true), biolek.value(1.0, true)], [1.0, 0.0]);
        assert_eq!([biolek.value(0.0, false), biolek.value(1.0, false)], [0.0, 1.0]);
        let pro = DriftWindowSpec::Prodromakis(ProdromakisSpec { exponent: 1.0, scale: 2.0 });
        // (x - ½)² + ¾ is 1 at the contacts and ¾ in the middle
        assert_eq!([pro.value(0.0, true), pro.value(0.5, true), pro.value(1.0, true)], [0.0, 0.5, 0.0]);
    }

    /// The fingerprint: the loop is pinched at the origin and shrinks with frequency.
    #[test]
    fn loops_are_pinched_and_close_with_frequency() {
        let d = build(DriftWindowSpec::Joglekar(ExponentSpec { exponent: 2 }), 0.01);
        let area = |period: f64| -> f64 {
            let wave: Vec<_> = (0..=400)
                .map(|i| {
                    let phase = f64::from(i) / 400.0;
                    (Second(period * phase), Volt(libm::sin(std::f64::consts::TAU * phase)))
                })
                .collect();
            let response = d.waveform(0.1, &wave);
            assert!(response[0].current.abs() < 1e-12 && response[200].current.abs() < 1e-12);
            (0..200).map(|i| (response[i].current + response[i + 1].current) * (wave[i + 1].1.0 - wave[i].1.0)).sum()
        };
        let (slow, fast) = (area(1.0).abs(), area(0.01).abs());
        assert!(slow > 20.0 * fast, "{slow} {fast}");
    }
}
