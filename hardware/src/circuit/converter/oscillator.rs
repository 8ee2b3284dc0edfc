//! Current-controlled oscillator: the input sets a frequency, a counter counts its cycles in a window.
//!
//! At full scale `2^N` cycles fit into the window, so one cycle is one LSB. The frequency deviates in gain from
//! converter to converter and bends (a parabola of height `bow` at mid-scale). Phase noise is white noise of
//! the frequency: what gathers in a window is Gaussian, with a standard deviation given in cycles.
//!
//! Where the phase starts anew with every window the counter rounds. Where the oscillator runs on, a window
//! begins at any phase `θ`: the count is `⌊c + θ⌋`, right on average, and the error that `θ` adds is uniform
//! with a variance of 1/12 before the counter's own rounding (1/6 in all, averaged over inputs).

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Converter, Instance, Transfer};
use crate::cost::AdcKind;
use crate::units::Share;

/// Where the phase stands when a window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OscillatorPhase {
    /// Started anew with each window.
    #[default]
    Reset,
    /// Wherever the last window left it.
    Free,
}

/// A converter by counting cycles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Oscillator {
    /// Resolution.
    pub bits: u8,
    /// Standard deviation of the gain between converters.
    pub gain: Share,
    /// Height of the bend at mid-scale in LSB.
    pub bow_lsb: f64,
    /// Standard deviation of the phase gathered in a window, in cycles.
    pub phase_noise: f64,
    /// Phase at the beginning of a window.
    pub phase: OscillatorPhase,
}

impl Converter for Oscillator {
    fn kind(&self) -> AdcKind {
        AdcKind::Oscillator
    }
    fn bits(&self) -> u8 {
        self.bits
    }
    fn is_ideal(&self) -> bool {
        self.gain.0 == 0.0 && self.bow_lsb == 0.0
    }
    fn noise(&self) -> f64 {
        let begin = match self.phase {
            OscillatorPhase::Reset => 0.0,
            OscillatorPhase::Free => 1.0 / 12.0,
        };
        (self.phase_noise.powi(2) + begin).sqrt()
    }
    fn transfer(&self, instance: Instance) -> Transfer {
        let full = f64::from(1u32 << self.bits);
        let gain = 1.0 + self.gain.0 * instance.normal(0);
        let bow = 4.0 * self.bow_lsb / full;
        // (1 + g)·(u + bow·u·(1 − u/full)) = k − ½, the root that goes on from bow = 0
        let level = |k: u32| {
            let cycles = (f64::from(k) - 0.5) / gain.max(1e-3);
            let b = 1.0 + bow;
            2.0 * cycles / (b + (b * b - 4.0 * bow / full * cycles).max(0.0).sqrt())
        };
        Transfer::counting((1..1u32 << self.bits).map(level).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Oscillator =
        Oscillator { bits: 6, gain: Share(0.0), bow_lsb: 0.0, phase_noise: 0.0, phase: OscillatorPhase::Reset };

    #[test]
    fn counts_cycles_of_a_bent_frequency() {
        let bent = Oscillator { gain: Share(0.1), bow_lsb: 2.0, ..PLAIN };
        let instance = Instance::new(6, 1);
        let (transfer, gain) = (bent.transfer(instance), 1.0 + 0.1 * instance.normal(0));
        for i in 0..6400 {
            let u = f64::from(i) * 0.01 + 0.001;
            let phase = gain * (u + 4.0 * 2.0 * (u / 64.0) * (1.0 - u / 64.0));
            assert_eq!(transfer.code(u), ((phase + 0.5).floor() as u32).min(63), "{u}");
        }
        assert_eq!(PLAIN.transfer(instance), Transfer::ideal(6));
    }

    #[test]
    fn a_free_phase_is_worth_a_twelfth() {
        // counting with a uniform phase, cycle by cycle, has the variance 1/6 over all inputs
        let n = 4000;
        let mut sum = 0.0;
        for i in 0..n {
            let c = 20.0 + f64::from(i) / f64::from(n);
            for t in 0..50 {
                let theta = (f64::from(t) + 0.5) / 50.0;
                sum += ((c + theta).floor() - c).powi(2) / (50.0 * f64::from(n));
            }
        }
        assert!((sum - 1.0 / 6.0).abs() < 1e-3, "{sum}");
        let free = Oscillator { phase: OscillatorPhase::Free, ..PLAIN };
        assert!((free.noise().powi(2) + 1.0 / 12.0 - sum).abs() < 1e-3);
    }
}
