//! Stanford–PKU model of filamentary RRAM (Jiang et al., "Stanford University Resistive-Switching Random Access
//! Memory Verilog-A Model" 1.0.0, nanoHUB 2014, doi:10.4231/D37H1DN48).
//!
//! A filament leaves a gap `g` to the electrode:
//! `i = I0·exp(-g/g0)·sinh(v/V0)`, `dg/dt = -v0·exp(-Ea/kT)·sinh(γ·a0·v/(t_ox·kT/q))`,
//! `γ = γ0 - β·(g/1 nm)³`, taken as 0 where `γ·|v|/t_ox < F_min`, `T = T_chip + |v·i|·R_th`.
//! **Gap noise.** To `dg/dt` comes `N(0,1)·δ/(1 + exp((T_crit - T)/T_smth))`, drawn anew in each time step of 1 ns;
//! here a step may be longer, with the deviation scaled so that the gap diffuses alike. It acts during pulses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VerifySpec;
use super::spec::{Checks, Entry, SpecError};
use super::state_equation::{CorrectionSpec, StateDevice, StateEquation, StateProgrammingSpec, StateVariationSpec};
use crate::units::{Ampere, Kelvin, Metre, Second, Volt};

/// Boltzmann constant over the elementary charge in V/K (CODATA 2018).
const K_OVER_Q: f64 = 8.617_333_262e-5;
/// Time step of the published model, over which a draw of its gap noise holds.
const NOISE_STEP: f64 = 1e-9;

/// Row of the device table.
pub(super) const ENTRY: Entry = Entry {
    name: "stanford_pku",
    about: "Stanford-PKU filamentary RRAM: gap dynamics with self-heating and gap noise",
    example: "\
stanford_pku:
  gap_min: 0.2 nm
  gap_max: 1.7 nm
  read_voltage: 0.1 V
",
};

/// Fields whose default is assumed.
pub(super) const ASSUMED: &[&str] = &[
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
    "temperature_minimum",
    "temperature_maximum",
];

/// Card of the model. Numbers without a word are *published*: those of the Verilog-A file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StanfordPkuSpec {
    /// Prefactor `I0` of the current: 1 mA.
    pub current: Ampere,
    /// Decay length `g0` of the current: 0.25 nm.
    pub decay: Metre,
    /// Voltage scale `V0` of the current: 0.25 V.
    pub voltage_scale: Volt,
    /// Prefactor `v0` of the gap's velocity in m/s: 10.
    pub velocity: f64,
    /// Activation energy `Ea` in electronvolt: 0.6.
    pub activation_ev: f64,
    /// Hopping distance `a0`: 0.25 nm.
    pub hop: Metre,
    /// Thickness `t_ox` of the oxide: 12 nm.
    pub thickness: Metre,
    /// Field enhancement `γ0`: 16.
    pub gamma: f64,
    /// Its decrease `β` with the third power of the gap in nm: 0.8.
    pub beta: f64,
    /// Least enhanced field `F_min` that moves the gap, in V/m: 1.4e9.
    pub least_field: f64,
    /// Shortest gap: 0.2 nm.
    pub gap_min: Metre,
    /// Longest gap: 1.7 nm.
    pub gap_max: Metre,
    /// Thermal resistance `R_th` in K/W: 2100.
    pub thermal_resistance: f64,
    /// Gap noise `δ` in m/s: 0.02 (the switch of the Verilog-A file on; 0 switches it off).
    pub gap_noise: f64,
    /// Temperature `T_crit` at which half of the noise acts: 450 K.
    pub noise_temperature: Kelvin,
    /// Width `T_smth` of that: 500 K.
    pub noise_smoothing: Kelvin,
    /// Bias at which conductances are given. *Secondary*: 0.1 V (MemTorch).
    pub read_voltage: Volt,
    /// Which pulses program it. *Assumed*.
    pub programming: StateProgrammingSpec,
    /// Spread between and within cells; the gap noise comes on top.
    pub variation: StateVariationSpec,
    /// Lowest chip temperature. *Assumed*: 250 K.
    pub temperature_minimum: Kelvin,
    /// Highest chip temperature. *Assumed*: 400 K.
    pub temperature_maximum: Kelvin,
    /// Where the numbers of the card come from.
    pub source: String,
}

impl Default for StanfordPkuSpec {
    fn default() -> Self {
        Self {
            current: Ampere(1e-3),
            decay: Metre(0.25e-9),
            voltage_scale: Volt(0.25),
            velocity: 10.0,
            activation_ev: 0.6,
            hop: Metre(0.25e-9),
            thickness: Metre(12e-9),
            gamma: 16.0,
            beta: 0.8,
            least_field: 1.4e9,
            gap_min: Metre(0.2e-9),
            gap_max: Metre(1.7e-9),
            thermal_resistance: 2.1e3,
            gap_noise: 0.02,
            noise_temperature: Kelvin(450.0),
            noise_smoothing: Kelvin(500.0),
            read_voltage: Volt(0.1),
            programming: StateProgrammingSpec {
                set: Volt(1.6),
                reset: Volt(-1.5),
                width: Second(10e-9),
                verify: Some(VerifySpec { tries: 64, ..VerifySpec::default() }),
                correction: CorrectionSpec {
                    set: Volt(1.05),
                    reset: Volt(-1.05),
                    step: Volt(0.025),
                    width: Second(2e-9),
                    stretch: 1.0,
                },
            },
            variation: StateVariationSpec::default(),
            temperature_minimum: Kelvin(250.0),
            temperature_maximum: Kelvin(400.0),
            source: "doi:10.4231/D37H1DN48 (Verilog-A 1.0.0); pulses and spread assumed".into(),
        }
    }
}

/// The laws with their numbers, in a chip of one temperature.
#[derive(Debug, Clone, PartialEq)]
pub struct StanfordPku {
    spec: StanfordPkuSpec,
    temperature: f64,
}

impl StanfordPku {
    /// Temperature of the filament in kelvin.
    #[must_use]
    pub fn filament(&self, gap: f64, v: f64) -> f64 {
        self.temperature + (v * self.current(gap, v)).abs() * self.spec.thermal_resistance
    }
}

impl StateEquation for StanfordPku {
    const NAME: &'static str = ENTRY.name;
    fn rate(&self, gap: f64, v: f64) -> f64 {
        let s = &self.spec;
        let nanometres = gap * 1e9;
        let gamma = s.gamma - s.beta * nanometres * nanometres * nanometres;
        if gamma * v.abs() / s.thickness.0 < s.least_field {
            return 0.0;
        }
        let thermal = K_OVER_Q * self.filament(gap, v);
        -s.velocity * libm::exp(-s.activation_ev / thermal) * libm::sinh(gamma * s.hop.0 / s.thickness.0 * v / thermal)
    }
    fn current(&self, gap: f64, v: f64) -> f64 {
        self.spec.current.0 * libm::exp(-gap / self.spec.decay.0) * libm::sinh(v / self.spec.voltage_scale.0)
    }
    fn bounds(&self) -> [f64; 2] {
        [self.spec.gap_max.0, self.spec.gap_min.0]
    }
    fn state_of(&self, g: f64, bias: f64) -> f64 {
        let open = self.spec.current.0 * libm::sinh(bias / self.spec.voltage_scale.0);
        self.spec.decay.0 * libm::log(open / (g * bias))
    }
    fn noise(&self, gap: f64, v: f64) -> f64 {
        let s = &self.spec;
        let below = (s.noise_temperature.0 - self.filament(gap, v)) / s.noise_smoothing.0;
        s.gap_noise / (1.0 + libm::exp(below)) * libm::sqrt(NOISE_STEP)
    }
    fn noise_step(&self) -> f64 {
        NOISE_STEP
    }
    fn temperature_range(&self) -> [Kelvin; 2] {
        [self.spec.temperature_minimum, self.spec.temperature_maximum]
    }
}

impl StanfordPkuSpec {
    /// Checks the card and makes the cell for a chip at `temperature`.
    ///
    /// # Errors
    /// Every field out of its range.
    pub fn build(&self, temperature: Kelvin) -> Result<StateDevice<StanfordPku>, Vec<SpecError>> {
        let mut c = Checks::default();
        for (field, value) in [
            ("current", self.current.0),
            ("decay", self.decay.0),
            ("voltage_scale", self.voltage_scale.0),
            ("velocity", self.velocity),
            ("hop", self.hop.0),
            ("thickness", self.thickness.0),
            ("gamma", self.gamma),
            ("gap_min", self.gap_min.0),
            ("noise_smoothing", self.noise_smoothing.0),
            ("read_voltage", self.read_voltage.0),
            ("temperature_minimum", self.temperature_minimum.0),
        ] {
            c.positive(field, value);
        }
        for (field, value) in [
            ("beta", self.beta),
            ("least_field", self.least_field),
            ("thermal_resistance", self.thermal_resistance),
            ("gap_noise", self.gap_noise),
        ] {
            c.not_negative(field, value);
        }
        c.within("activation_ev", self.activation_ev, 0.0, 5.0);
        c.require(
            self.gap_max > self.gap_min,
            "gap_max",
            format!("`gap_max` ({}) must be greater than `gap_min` ({})", self.gap_max, self.gap_min),
            "exchange the two",
        );
        c.require(
            self.gamma * self.read_voltage.0 / self.thickness.0 < self.least_field,
            "read_voltage",
            format!("a read at {} is above the field `least_field` and would move the gap", self.read_voltage),
            "read at a lower voltage",
        );
        self.programming.check(&mut c);
        self.variation.check(&mut c);
        c.temperature(temperature, self.temperature_minimum, self.temperature_maximum);
        let law = StanfordPku { spec: self.clone(), temperature: temperature.0 };
        c.finish(|| StateDevice::new(law, self.read_voltage, self.programming, self.variation))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Chance, Device, Pulse};

    fn build(change: impl Fn(&mut StanfordPkuSpec)) -> StateDevice<StanfordPku> {
        let mut spec = StanfordPkuSpec::default();
        change(&mut spec);
        spec.build(Kelvin(298.0)).unwrap()
    }

    fn pulse(v: f64, ns: f64) -> Pulse {
        Pulse { voltage: Volt(v), width: Second(ns * 1e-9) }
    }

    /// The equations written out once more, with the published numbers in the unit of the table.
    #[test]
    fn rate_and_current_are_the_published_ones() {
        let d = build(|_| ());
        let i = 1e-3 * (-1.0_f64 / 0.25).exp() * (1.4_f64 / 0.25).sinh();
        assert!((d.law().current(1e-9, 1.4) / i - 1.0).abs() < 1e-12);
        let thermal = 8.617_333_262e-5 * (298.0 + 1.4 * i * 2.1e3);
        let rate = -10.0 * (-0.6 / thermal).exp() * (15.2 * 0.25 / 12.0 * 1.4 / thermal).sinh();
        assert!((d.law().rate(1e-9, 1.4) / rate - 1.0).abs() < 1e-12, "{} {rate}", d.law().rate(1e-9, 1.4));
        // (γ0 - β)·v/t_ox = F_min at v = 1.4e9·12e-9/15.2
        assert_eq!(d.law().rate(1e-9, 1.105), 0.0);
        assert!(d.law().rate(1e-9, -1.106) > 0.0);
    }

    /// Below a RESET amplitude the gap stops by itself where the enhanced field falls to `F_min`.
    #[test]
    fn reset_limits_itself() {
        let d = build(|_| ());
        for v in [1.1, 1.2, 1.3] {
            let (gap, energy) = d.pulse(0.2e-9, pulse(-v, 1e9));
            let exact = ((16.0 - 1.4e9 * 12e-9 / v) / 0.8).cbrt() * 1e-9;
            assert!((gap - exact).abs() < 1e-6 * 1e-9 && energy > 0.0, "{gap} {exact}");
        }
    }

    /// Above 1.6 V in the lowest state nothing but the bounds ends a SET.
    #[test]
    fn set_closes_the_gap() {
        let d = build(|_| ());
        assert_eq!(d.pulse(1.7e-9, pulse(1.6, 1e6)).0, 0.2e-9);
        assert_eq!(d.pulse(1.7e-9, pulse(1.3, 1e6)).0, 1.7e-9, "below the least field");
    }

    /// Under pulses too weak to move the gap it diffuses by δ/(1 + exp((450 - T)/500))·1 ns in each step, whatever
    /// the width of the pulse; more steps than are drawn one by one are scaled.
    #[test]
    fn gap_noise_diffuses_as_in_steps_of_a_nanosecond() {
        let none = crate::units::Share(0.0);
        let d = build(|s| {
            s.variation = StateVariationSpec { conductance: none, rate: none, cycle_to_cycle: none };
            s.gap_noise = 1e-3;
        });
        let n = 1000;
        let chance = Chance { seed: 8, scale: 1.0 };
        for ns in [7.0, 200.0] {
            let mut cells = d.cells(&(0..n as u64).collect::<Vec<_>>(), chance).unwrap();
            // away from the bound first
            cells.pulse(&vec![pulse(1.6, 2e3); n], 0);
            let mut g = vec![0.0; n];
            cells.pulse(&vec![pulse(-1.1, 1e3); n], 1);
            cells.conductance(&mut g);
            let gap = |g: &[f64]| -> Vec<f64> { g.iter().map(|g| d.law().state_of(*g, 0.1)).collect() };
            let before = gap(&g);
            cells.pulse(&vec![pulse(0.5, ns); n], 2);
            cells.conductance(&mut g);
            let moved: Vec<f64> = gap(&g).iter().zip(&before).map(|(a, b)| a - b).collect();
            let square = moved.iter().map(|m| m * m).sum::<f64>() / n as f64;
            let step = 1e-3 / (1.0 + ((450.0_f64 - 298.0) / 500.0).exp()) * 1e-9;
            let expected = step * step * ns;
            // five standard errors of a variance; self-heating at 0.5 V adds a fraction of a percent
            assert!((square / expected - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt() + 0.01, "{square} {expected}");
        }
    }

    #[test]
    fn a_read_that_disturbs_is_refused() {
        let spec = StanfordPkuSpec { read_voltage: Volt(1.2), ..StanfordPkuSpec::default() };
        assert_eq!(spec.build(Kelvin(298.0)).unwrap_err()[0].field, "read_voltage");
        assert!(Device::temperature_range(&build(|_| ()))[0] == Kelvin(250.0));
    }
}
