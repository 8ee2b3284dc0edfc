//! Digital-to-analog converters of the word lines: what a code becomes, in units of the lowest bit.
//!
//! A bit-serial DAC of one bit has one level and no linearity to lose; its drive is a voltage DAC of 1 bit.

use super::{Instance, array};
use crate::units::Share;

/// Codes as voltages, from a binary-weighted array of unit elements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoltageDac {
    /// Resolution.
    pub bits: u8,
    /// Standard deviation of a unit element, as a share of it.
    pub element: Share,
    /// Standard deviation of the amplitude between converters.
    pub gain: Share,
}

impl VoltageDac {
    /// Levels of all codes of an instance; ideal is the code itself.
    #[must_use]
    pub fn levels(&self, instance: Instance) -> Vec<f64> {
        let gain = 1.0 + self.gain.0 * instance.normal(u32::from(self.bits) + 1);
        array::levels(self.bits, self.element.0, instance, 0).into_iter().map(|level| gain * level).collect()
    }
    /// Units of time for one input: all its bits at once.
    #[must_use]
    pub const fn units_of_time(&self) -> u64 {
        1
    }
}

/// Codes as lengths of pulses of one voltage: linear in charge, as long as there are codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PulseWidthDac {
    /// Resolution.
    pub bits: u8,
    /// Standard deviation between drivers of what edges add to a pulse, in units of time.
    pub edge: f64,
    /// Standard deviation of one edge from pulse to pulse, in units of time.
    pub jitter: f64,
}

impl PulseWidthDac {
    /// Lengths of the pulses of all codes of an instance; code 0 has no pulse and no edges.
    #[must_use]
    pub fn levels(&self, instance: Instance) -> Vec<f64> {
        let edge = self.edge * instance.normal(0);
        (0..1u32 << self.bits).map(|k| if k == 0 { 0.0 } else { (f64::from(k) + edge).max(0.0) }).collect()
    }
    /// Rms random error of a pulse: its two edges.
    #[must_use]
    pub fn noise(&self) -> f64 {
        std::f64::consts::SQRT_2 * self.jitter
    }
    /// Units of time for one input: room for the longest pulse and its edges.
    #[must_use]
    pub const fn units_of_time(&self) -> u64 {
        1 << self.bits
    }
}

/// Converters of word lines as they deviate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DacModel {
    /// Every code is exact.
    Ideal,
    /// Voltages.
    Voltage(VoltageDac),
    /// Pulses.
    PulseWidth(PulseWidthDac),
}

impl DacModel {
    /// Number of the first converter of word lines among the converters of an array: columns count from 0.
    const FIRST: u32 = 1 << 31;

    /// Levels of all codes of converter `number` of an array, in codes; `None` where all are exact.
    #[must_use]
    pub fn levels(&self, array: Instance, number: usize) -> Option<Vec<f64>> {
        let instance = Instance { number: Self::FIRST + number as u32, ..array };
        match self {
            Self::Ideal => None,
            Self::Voltage(dac) => Some(dac.levels(instance)),
            Self::PulseWidth(dac) => Some(dac.levels(instance)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voltages_deviate_as_the_array_of_elements() {
        let dac = VoltageDac { bits: 6, element: Share(0.02), gain: Share(0.0) };
        let n = 4000;
        let mut square = [0.0; 64];
        for i in 0..n {
            let levels = dac.levels(Instance::new(3, i));
            levels.iter().enumerate().for_each(|(k, v)| square[k] += (v - k as f64).powi(2));
        }
        for (k, sum) in square.iter().enumerate().skip(1) {
            let closed = 0.02 * (k as f64 * (1.0 - k as f64 / 64.0)).sqrt();
            let apart = ((sum / n as f64).sqrt() / closed - 1.0) * (2.0 * n as f64).sqrt();
            assert!(apart.abs() < 5.0, "code {k}: {apart} standard errors");
        }
        let steep = VoltageDac { element: Share(0.0), gain: Share(0.1), ..dac }.levels(Instance::new(1, 1));
        assert!((steep[40] - 40.0 * steep[1]).abs() < 1e-9 && steep[1] != 1.0);
    }

    #[test]
    fn pulses_are_linear_but_for_their_edges() {
        let dac = PulseWidthDac { bits: 4, edge: 0.3, jitter: 0.1 };
        let levels = dac.levels(Instance::new(7, 7));
        assert!(levels.windows(2).skip(1).all(|w| (w[1] - w[0] - 1.0).abs() < 1e-12));
        assert!(levels[0] == 0.0 && levels[1] != 1.0);
        assert_eq!(
            (dac.units_of_time(), VoltageDac { bits: 4, element: Share(0.0), gain: Share(0.0) }.units_of_time()),
            (16, 1)
        );
        assert!((dac.noise() - 0.141_42).abs() < 1e-5);
    }
}
