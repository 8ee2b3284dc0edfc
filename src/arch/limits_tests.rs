//! Numbers of arch files that are too large or too small, each refused at its own value.
#![cfg(test)]

use super::testing::{good, with};
use crate::diag::Diagnostic;

/// The only mistake of the chip with these overrides.
fn mistake(sets: &[(&str, &str)]) -> Diagnostic {
    let all = with(sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
    let errors: Vec<_> = all.iter().filter(|d| d.severity == crate::diag::Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{sets:?}: {all}");
    errors[0].clone()
}

/// Refused with this code, where the override stands, with these words in the message or in what was expected.
fn refused(sets: &[(&str, &str)], code: &str, words: &str) {
    let d = mistake(sets);
    let (path, value) = sets.last().expect("an override");
    assert_eq!(d.code, code, "{sets:?}: {d:?}");
    let told = format!("{} {}", d.message, d.label.as_deref().unwrap_or_default());
    assert!(told.contains(words), "{sets:?}: {told}");
    let place = d.place.as_ref().expect("a place");
    assert_eq!(place.file, format!("--set {path}"), "{d:?}");
    assert!(value.contains(&place.text[place.span.clone()]), "{d:?}");
}

const RAMP: &str = "{ ramp: { bits: 8, per_core: 1, CLOCK, full_scale: max, noise_lsb: 0, source: x } }";
const LINK: &str = "{ serial: { links: 2, bandwidth: 1 GB/s, latency: 5 ns, transfer: 1 pJ/byte, leakage: 1 mW, \
                    area: 1 um2, source: x } }";

#[test]
fn no_price_can_overflow_a_sum() {
    for path in ["tile.bus.area", "cores.macro.adc.sar.area", "chip.memory.global_buffer.area"] {
        refused(&[(path, "1e308 um2")], "A031", "0 to 1000000 mm2");
        refused(&[(path, "1e308 mm2")], "A007", "too large");
    }
    for path in ["crossbars.main.leakage", "chip.noc.mesh.router.leakage", "chip.noc.mesh.link.leakage"] {
        refused(&[(path, "1e308 W")], "A031", "0 to 1 MW");
    }
    for path in ["tile.bus.transfer", "tile.buffer.edram.read", "chip.memory.global_buffer.write"] {
        refused(&[(path, "1e308 J/byte")], "A031", "0 to 1 kJ");
    }
    refused(&[("tile.vector.operate", "1e300 J")], "A031", "a price of 1e300 J is out of range");
    // a key that no list names
    refused(&[("cores.macro.dac.bit_serial.count", "-2 fJ")], "A031", "-2 fJ");
    let leaking = LINK.replace("1 mW", "1e308 W");
    assert_eq!(mistake(&[("chip.chip_link", &leaking)]).code, "A031");
    good(&[("tile.bus.area", "1000000 mm2"), ("crossbars.main.leakage", "1 MW"), ("tile.vector.operate", "1 kJ")]);
}

#[test]
fn converters_have_a_fastest_rate_and_a_most_noise() {
    let ramp = |clock: &str| RAMP.replace("CLOCK", &format!("clock: {clock}"));
    for clock in ["1e300 Hz", "1.1 THz", "0 Hz", "-1 GHz"] {
        assert_eq!(mistake(&[("cores.macro.adc", &ramp(clock))]).code, "A017", "{clock}");
    }
    assert_eq!(mistake(&[("cores.macro.adc", &ramp("1e308 GHz"))]).code, "A007");
    good(&[("cores.macro.adc", &ramp("1 THz"))]);
    let rate = "cores.macro.adc.sar.rate";
    refused(&[(rate, "1e308 GS/s")], "A007", "too large");
    refused(&[(rate, "2 TS/s")], "A017", "at most 1 TS/s");
    refused(&[("cores.macro.adc.sar.noise_lsb", "1e9")], "A017", "0 to 1000000 LSB");
}
