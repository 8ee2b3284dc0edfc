//! Terminals beyond drain and gate, and spike timing.
//!
//! **Heterosynaptic terminals** (Sangwan et al., Nature 554, 500 (2018)): contacts on the same flake act on the
//! vacancies between the two read contacts; `V_w = V_D + Σ λ_k·V_k` writes in the place of the drain voltage.
//! **Spike timing.** Overlapping pre- and postsynaptic pulses are read out as
//! `x = ±A±·exp(-|Δt|/τ±)·exp(k_G·(V_G - V_G0))` steps of the pulse law; the gate scales the rate of learning
//! (Yuan et al., Nano Lett. 21, 6432 (2021)).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mos2Memtransistor, State};
use crate::device::Pulse;
use crate::units::{Second, Volt};

/// Contacts that write beside the drain.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TerminalsSpec {
    /// Share `λ_k` of the voltage of each modulatory terminal that acts like a drain voltage; none by default.
    /// [`Mos2Memtransistor::coupling_for`] finds it from a measured change (published: about 10 times, Sangwan 2018).
    pub coupling: Vec<f64>,
}

/// Exponential window of spike timing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StdpSpec {
    /// Steps of the pulse law for a postsynaptic spike right after the presynaptic one. *Assumed*: 1.
    pub potentiation: f64,
    /// Steps of depression for the reverse order. *Assumed*: 1.
    pub depression: f64,
    /// Time constant of potentiation. *Assumed*: 20 ms.
    pub tau_potentiation: Second,
    /// Time constant of depression. *Assumed*: 20 ms.
    pub tau_depression: Second,
}

impl Default for StdpSpec {
    fn default() -> Self {
        Self { potentiation: 1.0, depression: 1.0, tau_potentiation: Second(0.02), tau_depression: Second(0.02) }
    }
}

/// Bisections of a bracket: the last bit of a double.
const HALVINGS: u32 = 100;
/// Strongest coupling looked for; a terminal farther away than the drain cannot act more strongly than it. Assumed.
const LARGEST_COUPLING: f64 = 10.0;

/// The `x` in `[low, high]` at which a rising function reaches `value`.
fn reach(mut low: f64, mut high: f64, value: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if f(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

impl Mos2Memtransistor {
    /// State after a pulse with voltages on the modulatory terminals of the card as well; terminals without a
    /// coupling on the card do nothing.
    #[must_use]
    pub fn heterosynaptic_pulse(&self, state: State, drain: Volt, terminals: &[Volt], width: Second) -> State {
        let coupled: f64 = terminals.iter().zip(&self.spec.terminals.coupling).map(|(v, c)| v.0 * c).sum();
        self.pulse(state, Volt(drain.0 + coupled), width)
    }

    /// Coupling of a terminal on which `pulses` such pulses raise the conductance from the lowest state by the
    /// factor `change` (published: 10); `None` if the window or any coupling up to 10 is too small for it.
    #[must_use]
    pub fn coupling_for(&self, change: f64, pulse: Pulse, pulses: u32) -> Option<f64> {
        let potentiating = Volt(pulse.voltage.0.abs() * self.rate.polarity);
        let lowest = self.conductance(State::LOWEST).0;
        let raised = |x: f64| self.conductance(self.kinetics.moved(State::LOWEST, x)).0 / lowest;
        let all = self.spec.kinetics.pulses_potentiation;
        let train = |c: f64| f64::from(pulses) * self.rate.steps(potentiating * c, pulse.width);
        if !(1.0..=raised(all)).contains(&change) {
            return None;
        }
        let steps = reach(0.0, all, change, raised);
        (train(LARGEST_COUPLING) >= steps).then(|| reach(0.0, LARGEST_COUPLING, steps, train))
    }

    /// Steps of the pulse law that one pair of spikes makes; `delay` is that of the postsynaptic after the
    /// presynaptic spike. Positive delays potentiate; spikes at the same time cancel.
    #[must_use]
    pub fn spike_steps(&self, delay: Second) -> f64 {
        let (s, k) = (&self.spec.stdp, &self.spec.kinetics);
        let gated = libm::exp(k.rate_per_volt * (self.write_gate - self.spec.gate.reference.0));
        let (sign, steps, tau) = if delay.0 > 0.0 {
            (1.0, s.potentiation, s.tau_potentiation)
        } else if delay.0 < 0.0 {
            (-1.0, s.depression, s.tau_depression)
        } else {
            return 0.0;
        };
        sign * steps * gated * libm::exp(-delay.0.abs() / tau.0)
    }

    /// State after one pair of spikes.
    #[must_use]
    pub fn spike_pair(&self, state: State, delay: Second) -> State {
        self.kinetics.moved(state, self.spike_steps(delay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Mos2Spec;
    use crate::units::Kelvin;

    fn build(change: impl Fn(&mut Mos2Spec)) -> Mos2Memtransistor {
        let mut spec = Mos2Spec::default();
        change(&mut spec);
        spec.build(Kelvin(300.0)).unwrap()
    }

    /// The published tenfold change by a full modulatory train, with the drain at rest.
    #[test]
    fn a_modulatory_train_changes_the_conductance_tenfold() {
        let train = Pulse { voltage: Volt(20.0), width: Second(1e-3) };
        let coupling = build(|_| ()).coupling_for(10.0, train, 64).unwrap();
        assert!(coupling > 0.1 && coupling < 0.3, "{coupling}");
        let d = build(|s| s.terminals.coupling = vec![0.0, coupling]);
        let (mut state, lowest) = (State::LOWEST, d.conductance(State::LOWEST));
        for _ in 0..64 {
            // a terminal that the card does not know does nothing
            state = d.heterosynaptic_pulse(state, Volt(0.0), &[Volt(9.0), Volt(20.0), Volt(50.0)], train.width);
        }
        assert!((d.conductance(state) / lowest - 10.0).abs() < 1e-6, "{}", d.conductance(state) / lowest);
        assert_eq!(d.coupling_for(1e4, train, 64), None);
        assert_eq!(d.coupling_for(10.0, Pulse { voltage: Volt(1e-3), ..train }, 64), None);
    }

    #[test]
    fn drain_and_terminals_add_up() {
        let d = build(|s| s.terminals.coupling = vec![0.5]);
        let (state, width) = (State::LOWEST, Second(1e-3));
        assert_eq!(d.heterosynaptic_pulse(state, Volt(3.5), &[Volt(2.0)], width), d.pulse(state, Volt(4.5), width));
    }

    /// The window falls by e within its time constant, the gate scales it, and its sign is that of the delay.
    #[test]
    fn spike_timing_has_the_exponential_window() {
        let d = build(|s| s.kinetics.rate_per_volt = 0.1);
        let ratio = d.spike_steps(Second(5e-3)) / d.spike_steps(Second(25e-3));
        assert!((ratio - 1.0_f64.exp()).abs() < 1e-12, "20 ms: {ratio}");
        let gated = build(|s| {
            s.kinetics.rate_per_volt = 0.1;
            s.gate.write = Volt(10.0);
        });
        assert!((gated.spike_steps(Second(-5e-3)) / d.spike_steps(Second(-5e-3)) - 1.0_f64.exp()).abs() < 1e-12);
        let middle = d.pulse(State::LOWEST, Volt(5.0), Second(10e-3));
        let g = |s| d.conductance(s).0;
        assert!(
            g(d.spike_pair(middle, Second(1e-3))) > g(middle) && g(d.spike_pair(middle, Second(-1e-3))) < g(middle)
        );
        assert_eq!(d.spike_pair(middle, Second(0.0)), middle);
    }
}
