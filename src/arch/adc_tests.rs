//! Converters of every kind in arch files: cards, timing, prices, mistakes.
#![cfg(test)]

use super::*;
use crate::circuit::converter::FullScalePer;
use crate::cost::{Action, AdcKind};
use crate::diag::Severity;
use crate::units::Hertz;

const MOS2: &str = include_str!("../../arch/mos2_tile.yaml");

/// The MoS2 chip with another ADC, given in one line, and pairs subtracted as stated.
fn with(adc: &str, subtraction: &str) -> crate::diag::Result<Chip> {
    let start = MOS2.find("    adc:\n").expect("the chip has an ADC");
    let end = MOS2.find("    shift_add:\n").expect("and a shift-and-add");
    let text = format!("{}    adc: {{ {adc} }}\n{}", &MOS2[..start], &MOS2[end..]);
    load_str("t.yaml", &text.replace("differential_pair: analog", &format!("differential_pair: {subtraction}")), &[])
}

const REST: &str = "per_crossbar: 1, noise_lsb: 0.25, full_scale: max, source: a test";

fn core(adc: &str) -> CoreKind {
    let chip = with(adc, "digital").unwrap_or_else(|e| panic!("{adc}: {e}"));
    chip.core_kinds.iter().next().expect("a core").clone()
}

#[test]
fn every_kind_loads_with_the_cycles_of_its_clock() {
    for (kind, own, nanoseconds) in [
        (AdcKind::Sar, "bits: 6, mismatch: { capacitor: 1 % }", 12),
        (AdcKind::Flash, "bits: 6, mismatch: { resistor: 1 %, comparator_lsb: 0.1 }", 2),
        (AdcKind::Ramp, "bits: 6, mismatch: { step: 1 %, slope: 0.5 %, bow_lsb: 0.3 }, offset_lsb: 0.2", 128),
        (AdcKind::Pipeline, "bits: 6, mismatch: { capacitor: 0.1 %, comparator: 2 %, amplifier_gain: 2000 }", 2),
        (AdcKind::Cyclic, "bits: 6, mismatch: { capacitor: 0.1 % }", 12),
        (AdcKind::Oscillator, "bits: 6, mismatch: { gain: 1 %, phase_noise: 0.3 }, phase: free", 128),
        (AdcKind::SigmaDelta, "bits: 6, order: 2, osr: 32", 64),
        (AdcKind::SenseAmp, "bits: 1, offset_lsb: 0.1", 2),
    ] {
        let core = core(&format!("{}: {{ {own}, clock: 500 MHz, {REST} }}", kind.name()));
        assert_eq!(core.adc.model.converter.kind(), kind);
        assert_eq!(core.adc.latency.cycles(Hertz(1e9)), nanoseconds, "{}", kind.name());
        assert!(core.adc.model.noise() >= 0.25);
        let fill = if kind == AdcKind::Pipeline { 10 } else { 0 };
        assert_eq!(core.adc.fill.cycles(Hertz(1e9)), fill, "{}", kind.name());
        let price = core.adc.part.price(Action::Convert).expect("the law gives a price");
        assert!(price.value.0 > 0.0 && core.adc.part.leakage.value.0 > 0.0 && core.adc.part.area.value.0 > 0.0);
        assert!(price.source.is_assumed(), "nothing of 6 bits is published here");
    }
}

#[test]
fn the_user_overrides_the_law() {
    let own = core(&format!("sar: {{ bits: 8, rate: 1 GS/s, convert: 3 pJ, leakage: 1 uW, area: 5 um2, {REST} }}"));
    assert_eq!(own.adc.part.price(Action::Convert).map(|p| p.value.0), Some(3e-12));
    assert_eq!((own.adc.part.leakage.value.0, own.adc.part.area.value.0), (1e-6, 5.0));
    let law = core(&format!("sar: {{ bits: 8, rate: 1 GS/s, {REST} }}"));
    let price = law.adc.part.price(Action::Convert).expect("the law gives a price");
    assert!(!price.source.is_assumed() && price.source.to_string().contains("Shafiee"), "{}", price.source);
    assert!(law.adc.model.is_ideal() && own.adc.model == law.adc.model);
}

#[test]
fn ranges_are_chosen_by_every_policy() {
    for (text, policy) in [
        ("max", FullScale::Max),
        ("{ percentile: 99 % }", FullScale::Percentile(0.99)),
        ("{ fixed: 25 % }", FullScale::Fixed(0.25)),
        ("{ granular: 99 % }", FullScale::Granular(0.99)),
        ("learned", FullScale::Learned),
    ] {
        let rest = REST.replace("full_scale: max", &format!("full_scale: {text}, full_scale_per: layer"));
        let core = core(&format!("flash: {{ bits: 5, clock: 1 GHz, {rest} }}"));
        assert_eq!((core.adc.full_scale, core.adc.full_scale_per), (policy, FullScalePer::Layer));
        assert_eq!(policy.looks(), !matches!(policy, FullScale::Max | FullScale::Fixed(_)));
    }
}

/// A ramp may end with its largest code; what stops it no other way says who can.
#[test]
fn only_ramps_stop_early() {
    let ramp = |stop: &str| core(&format!("ramp: {{ bits: 6, clock: 500 MHz, {stop} {REST} }}"));
    assert!(ramp("early_stop: true,").adc.early_stop);
    assert!(!ramp("early_stop: false,").adc.early_stop && !ramp("").adc.early_stop);
    let chip = |stop: &str| with(&format!("ramp: {{ bits: 6, clock: 500 MHz, {stop} {REST} }}"), "analog").unwrap();
    assert!(chip("early_stop: true,").data_decide_time() && !chip("").data_decide_time());
    for kind in AdcKind::ALL.into_iter().filter(|k| *k != AdcKind::Ramp) {
        let own = if kind == AdcKind::SigmaDelta { "order: 2, osr: 32," } else { "" };
        let bits = if kind == AdcKind::SenseAmp { 1 } else { 6 };
        let adc = format!("{}: {{ bits: {bits}, clock: 500 MHz, early_stop: true, {own} {REST} }}", kind.name());
        let all = with(&adc, "digital").expect_err("only ramps have the key");
        let error = all.iter().find(|d| d.severity == Severity::Error).expect("refused");
        assert_eq!(all.iter().filter(|d| d.severity == Severity::Error).count(), 1);
        let message = format!("unknown key `early_stop` in `cores.macro.adc.{}`", kind.name());
        assert_eq!((error.code, &error.message), ("A003", &message));
        assert_eq!(error.help.as_deref(), Some("`early_stop` is a key of `ramp`"));
    }
    let chain = |stop| {
        let adc = format!("ramp: {{ bits: 8, clock: 500 MHz, early_stop: {stop}, {REST} }}");
        with(&format!("{adc} }}\n    chain: {{ inp_res: 1.0, out_res: 0.005"), "analog")
    };
    assert!(chain(false).is_ok());
    let all = chain(true).expect_err("a chain has no codes");
    assert_eq!(all.iter().filter(|d| d.severity == Severity::Error).map(|d| d.code).collect::<Vec<_>>(), ["A086"]);
}

#[test]
fn mistakes_are_named() {
    for (adc, subtraction, code, place) in [
        ("sar: { bits: 8, REST }", "analog", "A061", "states no rate"),
        ("sar: { bits: 8, rate: 1 GS/s, clock: 1 GHz, REST }", "analog", "A061", "a rate and a clock"),
        (
            "sar: { bits: 8, rate: 1 GS/s, mismatch: { capacitor: 300 % }, REST }",
            "analog",
            "A060",
            "mismatch.capacitor",
        ),
        (
            "flash: { bits: 8, clock: 1 GHz, mismatch: { comparator_lsb: -1 }, REST }",
            "analog",
            "A060",
            "comparator_lsb",
        ),
        ("ramp: { bits: 4, clock: 1 GHz, mismatch: { bow_lsb: 9 }, REST }", "analog", "A060", "bow_lsb"),
        (
            "pipeline: { bits: 8, clock: 1 GHz, mismatch: { amplifier_gain: 1 }, REST }",
            "analog",
            "A060",
            "amplifier_gain",
        ),
        ("sigma_delta: { bits: 8, clock: 1 GHz, order: 3, osr: 32, REST }", "analog", "A060", "order"),
        ("sense_amp: { bits: 2, clock: 1 GHz, REST }", "digital", "A060", "bits"),
        ("sense_amp: { bits: 1, clock: 1 GHz, REST }", "analog", "A062", "sense_amp"),
        ("sar: { bits: 1, clock: 1 GHz, offset_lsb: 0.1, REST }", "analog", "A062", "sar"),
        ("sar: { bits: 8, clock: 0 Hz, REST }", "analog", "A017", "clock"),
        ("sar: { bits: 8, clock: 1 GHz, RESF }", "analog", "A026", "fixed"),
    ] {
        let all =
            with(&adc.replace("REST", REST).replace("RESF", &REST.replace("max", "{ fixed: 101 % }")), subtraction)
                .err()
                .unwrap_or_else(|| panic!("{adc} was accepted"));
        let errors: Vec<_> = all.iter().filter(|d| d.severity == Severity::Error).collect();
        assert_eq!(errors.iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{adc}: {all}");
        assert!(errors[0].message.contains(place) && errors[0].place.is_some(), "{adc}: {:?}", errors[0]);
    }
}
