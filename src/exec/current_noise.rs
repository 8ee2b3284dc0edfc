//! Thermal and shot noise of the currents of cells whose card has none of its own.
//!
//! A column current is integrated for the read time `T`. White noise of one-sided density `S` then has the variance
//! `S / 2T` (the noise bandwidth of an integrator). Per cell, `S = 4kT·g` (Johnson, doi:10.1103/PhysRev.32.97;
//! Nyquist, doi:10.1103/PhysRev.32.110) whether the cell is driven or not, as every line of a row group is held by
//! its driver; and `S = 2q·I` (Schottky, doi:10.1002/andp.19183622304) of the current that a driven cell carries.
//! Both are Gaussian and independent between cells, so that one normal for each column remains exact. Cells of rows
//! outside of the row group are cut off (assumed).
//!
//! A pulse of `d` time units carries `d` times the shot noise, and the column is integrated for as long as the
//! longest pulse, which gives as many times the thermal noise. The current of a voltage of several levels has shot
//! noise that grows with the digit while the noise of conductances grows with its square: with `bit_serial` digits,
//! which know one variance of a cell, such a combination is refused.

use super::ValueOptions;
use super::hardware::LayerHardware;
use crate::arch::Drive;
use crate::diag::{self, Diagnostic};

/// Boltzmann constant, joule for each kelvin (exact, SI 2019).
const BOLTZMANN: f64 = 1.380_649e-23;
/// Elementary charge, coulomb (exact, SI 2019).
const CHARGE: f64 = 1.602_176_634e-19;

/// Variances that a cell adds, in siemens squared of the conductance that digit 1 sees in one time unit, for each
/// siemens of its conductance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CurrentNoise {
    /// For each unit of strength that drives it.
    pub(super) driven: f64,
    /// In every read.
    pub(super) still: f64,
}

impl CurrentNoise {
    /// The noise of a layer's cells.
    ///
    /// # Errors
    /// R154 for shot noise where digits are voltages of several levels.
    pub(super) fn new(hardware: &LayerHardware<'_>, options: &ValueOptions) -> diag::Result<Self> {
        let (noise, core) = (hardware.xbar.noise, hardware.core);
        if noise.shot && core.drive == Drive::Voltage && hardware.digit_max > 1 && hardware.panels() == 1 {
            let text = format!(
                "crossbars {}: shot noise grows with the digit, other noise with its square; with voltages of {} levels on linear cells they have no common law",
                hardware.xbar.name,
                hardware.digit_max + 1
            );
            return Err(Diagnostic::error("R154", text)
                .help("take a DAC of one bit, of pulse widths or of amplitudes, or `shot: false`")
                .into());
        }
        let units = match core.drive {
            Drive::Voltage | Drive::Amplitude => 1.0,
            Drive::PulseWidth => f64::from((1u32 << core.dac_bits) - 1),
        };
        let (volts, seconds) = (hardware.v_digit.0, hardware.xbar.t_read.0);
        let scale = options.noise_scale * options.noise_scale;
        let shot = CHARGE / (seconds * volts);
        let thermal = 2.0 * BOLTZMANN * options.temperature.0 * units / (seconds * volts * volts);
        let of = |on: bool, value: f64| if on { value * scale } else { 0.0 };
        Ok(Self { driven: of(noise.shot, shot), still: of(noise.thermal, thermal) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::{Parameters, chip, heartbeat, tile};
    use super::super::{Fidelity, tests::options};
    use super::*;
    use crate::arch::Noise;

    fn of(p: &Parameters) -> diag::Result<CurrentNoise> {
        let (chip, tiled) = (chip(p), tile(&heartbeat(), p));
        let layer = tiled.layers.iter().next().unwrap();
        CurrentNoise::new(&LayerHardware::of(layer, &chip)?, &options(Fidelity::Noisy))
    }

    /// 100 µS at 0.1 V for 10 ns: 10 µA with 12.66 nA of shot noise and 9.10 nA of thermal noise, by hand.
    #[test]
    fn rms_currents_by_hand() {
        let noise = Noise { thermal: true, shot: true, ..Noise::default() };
        let found = of(&Parameters { noise, ..Parameters::default() }).unwrap();
        let rms = |per_siemens: f64| 0.1 * (per_siemens * 1e-4).sqrt();
        let shot = (1.602_176_634e-19 * 1e-5 / 1e-8f64).sqrt();
        let thermal = (2.0 * 1.380_649e-23 * 300.0 * 1e-4 / 1e-8f64).sqrt();
        assert!((rms(found.driven) / shot - 1.0).abs() < 1e-12 && (shot - 12.66e-9).abs() < 1e-11);
        assert!((rms(found.still) / thermal - 1.0).abs() < 1e-12 && (thermal - 9.10e-9).abs() < 1e-11);
        let pulses = Parameters { noise, dac_bits: 3, drive: Drive::PulseWidth, ..Parameters::default() };
        let longer = of(&pulses).unwrap();
        assert_eq!((longer.driven, longer.still), (found.driven, found.still * 7.0));
    }

    #[test]
    fn shot_noise_of_several_voltages_is_refused() {
        let p = Parameters {
            noise: Noise { thermal: true, shot: true, ..Noise::default() },
            dac_bits: 2,
            ..Parameters::default()
        };
        assert_eq!(of(&p).unwrap_err().iter().map(|d| d.code).collect::<Vec<_>>(), ["R154"]);
        let thermal = Parameters { noise: Noise { thermal: true, ..Noise::default() }, ..p };
        assert!(of(&thermal).is_ok_and(|n| n.driven == 0.0 && n.still > 0.0));
    }
}
