//! The state of a cell and how pulses move it.
//!
//! A vacancy-depleted zone grows at the contact that a pulse makes repel the vacancies and refills at the
//! other one. Both follow the exponential pulse law; with the normalised state only the left zone counts
//! and `g = 1 - left` then obeys NeuroSim's law: potentiation `dg/dx = (g_inf - g)/(a_p·N_p)`, depression
//! `dg/dx = -(g - g_-)/(a_d·N_d)`.
//!
//! The number of steps that a pulse of voltage `V` and width `t` makes is
//! `x = t·r0·sinh(V_o/V_0)·exp(k_g·(V_G - V_G0))·arrhenius(T)`, where `V_o` is a softplus of `|V| - V_th`
//! and `r0` makes it 1 for the reference pulse.

use super::pulse_law::{LABELS, PulseLaw};
use super::spec::Mos2Spec;
use super::window::{ZoneShape, softplus};
use crate::units::{Kelvin, Second, Volt};

/// Boltzmann constant over the elementary charge in V/K (CODATA 2018).
const K_OVER_Q: f64 = 8.617_333_262e-5;

/// `exp(-(E/k)(1/T - 1/T0))`.
pub(super) fn arrhenius(activation_ev: f64, temperature: Kelvin, reference: Kelvin) -> f64 {
    libm::exp(-activation_ev / K_OVER_Q * (1.0 / temperature.0 - 1.0 / reference.0))
}

/// Widths of the depleted zones, each from 0 (closed) to 1 (full).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// Zone at the contact that potentiation refills.
    pub left: f64,
    /// Zone at the contact that potentiation depletes.
    pub right: f64,
}

impl State {
    /// Fully depressed.
    pub const LOWEST: Self = Self { left: 1.0, right: 0.0 };
}

/// How pulses move the state of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kinetics {
    /// Law by which a zone refills under potentiation.
    pub potentiation: PulseLaw,
    /// Law by which a zone grows under depression.
    pub depression: PulseLaw,
    /// Steps of this cell over those of the nominal one.
    pub rate: f64,
}

impl Kinetics {
    /// State after `steps` steps, positive ones potentiate.
    #[must_use]
    pub fn moved(&self, s: State, steps: f64) -> State {
        let x = steps.abs() * self.rate;
        if steps >= 0.0 {
            State { left: self.potentiation.refill(s.left, x), right: self.depression.grow(s.right, x) }
        } else {
            State { left: self.depression.grow(s.left, x), right: self.potentiation.refill(s.right, x) }
        }
    }

    /// Laws of the card at effective write gate voltage `gate`, single zones, before any stretching.
    pub(super) fn of(spec: &Mos2Spec, gate: f64) -> Self {
        let k = &spec.kinetics;
        let gain = k.nonlinearity_per_volt * (gate - spec.gate.reference.0);
        let law = |label: f64, pulses| PulseLaw::new((label.abs() - gain).clamp(LABELS[0], LABELS[1]), pulses);
        Self {
            potentiation: law(k.nonlinearity_potentiation, k.pulses_potentiation),
            depression: law(k.nonlinearity_depression, k.pulses_depression),
            rate: 1.0,
        }
    }

    /// Steps from the lowest state to the least zone resistance, and that resistance (of a full left zone).
    /// The resistance falls while the left zone refills and rises when the right one opens: one minimum.
    pub(super) fn turning_point(&self, shape: ZoneShape, pulses: f64) -> [f64; 2] {
        let at = |x: f64| shape.total(self.moved(State::LOWEST, x));
        let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = (0.0, pulses);
        for _ in 0..80 {
            let (a, b) = (high - golden * (high - low), low + golden * (high - low));
            if at(a) <= at(b) {
                high = b;
            } else {
                low = a;
            }
        }
        let x = 0.5 * (low + high);
        [x, at(x)]
    }
}

/// Rate of switching of the nominal cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    per_second: f64,
    threshold: f64,
    softness: f64,
    scale: f64,
    /// Sign of potentiating voltages.
    pub polarity: f64,
}

impl Rate {
    /// Rate law of the card at effective write gate voltage `gate` and chip temperature.
    pub(super) fn of(spec: &Mos2Spec, gate: f64, temperature: Kelvin) -> Self {
        let (k, t) = (&spec.kinetics, &spec.temperature);
        let mut rate = Self {
            per_second: 1.0,
            threshold: k.threshold.0,
            softness: k.threshold_softness.0,
            scale: k.voltage_scale.0,
            polarity: 1.0_f64.copysign(spec.programming.potentiation.0),
        };
        // ionic drift follows the mobility, (T0/T)·exp(-E/k·(1/T - 1/T0))
        let thermal = t.reference.0 / temperature.0 * arrhenius(spec.retention.activation_ev, temperature, t.reference);
        let gated = libm::exp(k.rate_per_volt * (gate - spec.gate.reference.0));
        rate.per_second = thermal * gated / rate.steps(k.reference_amplitude, k.reference_width).abs();
        rate
    }

    /// Steps of one pulse, positive if it potentiates.
    #[must_use]
    pub fn steps(&self, v: Volt, width: Second) -> f64 {
        if v.0 == 0.0 {
            // the soft threshold leaves a little rate at any voltage
            return 0.0;
        }
        let over = self.softness * softplus((v.0.abs() - self.threshold) / self.softness);
        self.polarity * 1.0_f64.copysign(v.0) * self.per_second * libm::sinh(over / self.scale) * width.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Kelvin = Kelvin(300.0);

    #[test]
    fn the_reference_pulse_is_one_step() {
        let spec = Mos2Spec::default();
        let rate = Rate::of(&spec, 0.0, ROOM);
        assert!((rate.steps(Volt(5.0), Second(1e-3)) - 1.0).abs() < 1e-12);
        assert!((rate.steps(Volt(-5.0), Second(2e-3)) + 2.0).abs() < 1e-12);
    }

    /// No voltage, no step, however soft the threshold.
    #[test]
    fn nothing_moves_without_voltage() {
        let mut spec = Mos2Spec::default();
        spec.kinetics.threshold = Volt(0.0);
        let rate = Rate::of(&spec, 0.0, ROOM);
        assert_eq!(rate.steps(Volt(0.0), Second(1.0)), 0.0);
        assert!(rate.steps(Volt(-1e-3), Second(1.0)) < 0.0);
    }

    /// A half-selected cell sees half the voltage: below threshold, almost nothing.
    #[test]
    fn half_voltage_hardly_moves_the_state() {
        let rate = Rate::of(&Mos2Spec::default(), 0.0, ROOM);
        assert!(rate.steps(Volt(2.5), Second(1e-3)) < 1e-3);
    }

    #[test]
    fn heat_and_gate_speed_up_switching() {
        let mut spec = Mos2Spec::default();
        spec.kinetics.rate_per_volt = 0.1;
        let steps = |gate, t| Rate::of(&spec, gate, Kelvin(t)).steps(Volt(5.0), Second(1e-3));
        assert!((steps(10.0, 300.0) / steps(0.0, 300.0) - 1.0_f64.exp()).abs() < 1e-9);
        // 0.5 eV from 300 K to 330 K: (300/330)·exp(0.5/8.617e-5·(1/300 - 1/330)) = 5.274
        assert!((steps(0.0, 330.0) - 5.274).abs() < 0.01, "{}", steps(0.0, 330.0));
    }

    #[test]
    fn a_gate_can_make_the_law_more_linear() {
        let spec = Mos2Spec::default();
        let (at_zero, at_twenty) = (Kinetics::of(&spec, 0.0), Kinetics::of(&spec, 20.0));
        assert!(at_twenty.potentiation.a() > at_zero.potentiation.a());
        assert!((at_twenty.depression.a() - super::super::pulse_law::curvature_of_label(2.1)).abs() < 1e-9);
    }
}
