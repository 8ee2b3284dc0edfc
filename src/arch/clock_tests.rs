//! Clocks of parts in arch files: what they divide, what counts their cycles, converters that are faster; converters
//! that crossbars share.
#![cfg(test)]

use super::testing::{MOS2, good, with};
use super::*;
use crate::sched::machine;
use crate::units::Hertz;

#[test]
fn parts_have_the_clock_of_the_chip_or_a_whole_part_of_it() {
    let own = [("cores.macro.clock", "100 MHz"), ("tile.vector.clock", "250 MHz"), ("tile.bus.clock", "500 MHz")];
    let plain = machine(&good(&[]));
    let chip = good(&own);
    let timing = machine(&chip);
    let (tile, before) = (timing.tiles.iter().next().unwrap(), plain.tiles.iter().next().unwrap());
    assert_eq!((tile.bus_divider, tile.vector_divider), (2, 4));
    assert_eq!((before.bus_divider, before.vector_divider), (1, 1));
    // latencies written in cycles count those of the part
    assert_eq!((tile.bus_latency, tile.vector_latency), (before.bus_latency, before.vector_latency));
    let (core, before) = (timing.cores.iter().next().unwrap(), plain.cores.iter().next().unwrap());
    assert_eq!((core.divider, before.divider), (10, 1));
    assert_eq!(core.drive, before.drive);
    // 100 ns are as long on either clock
    assert_eq!((core.integrate, before.integrate), (10, 100));
    let told = describe(&chip);
    assert!(told.contains("clock        100 MHz, 10 cycles of the chip each"), "{told}");
    assert!(!describe(&good(&[])).contains("of the chip each"));
}

#[test]
fn other_clocks_are_refused_with_both_named() {
    let paths = ["cores.macro.clock", "tile.vector.clock", "tile.bus.clock"];
    for (path, clock) in paths.into_iter().flat_map(|p| ["300 MHz", "2 GHz", "0 Hz", "1 kHz"].map(|c| (p, c))) {
        let all = with(&[(path, clock)]).expect_err(clock);
        let d = all.iter().find(|d| d.code == "A043").unwrap_or_else(|| panic!("{path} {clock}: {all}"));
        assert!(d.message.contains("1 GHz") && d.message.contains(clock) && d.message.contains(path), "{d:?}");
        assert_eq!(d.place.as_ref().unwrap().file, format!("--set {path}"));
    }
}

#[test]
fn a_converter_faster_than_the_clock_makes_several_conversions_in_a_cycle() {
    let burst = |clock: &str, rate: &str| {
        let chip = good(&[("cores.macro.clock", clock), ("cores.macro.adc.sar.rate", rate)]);
        let core = chip.core_kinds.iter().next().unwrap().clone();
        assert_eq!(machine(&chip).cores.iter().next().unwrap().convert, core.adc.latency.cycles(core.clock));
        (core.burst(), chip.warnings.iter().any(|d| d.code == "A034"))
    };
    assert_eq!(burst("10 MHz", "1.28 GS/s"), (128, false));
    assert_eq!(burst("1 GHz", "1 GS/s"), (1, false));
    assert_eq!(burst("100 MHz", "330 MS/s"), (3, false));
    // 1.9 conversions a cycle are 1
    assert_eq!(burst("100 MHz", "190 MS/s"), (1, true));
    // slower than the clock: whole cycles
    assert_eq!(burst("100 MHz", "50 MS/s"), (1, false));
    assert_eq!(chip::burst(crate::units::Latency::Cycles(3), Hertz(1e6)), 1);
    let told = describe(&good(&[("cores.macro.clock", "10 MHz"), ("cores.macro.adc.sar.rate", "1.28 GS/s")]));
    assert!(told.contains("1 cycle for 128 conversions"), "{told}");
}

/// The MoS2 chip whose ADC states its converters so.
fn converters(text: &str) -> crate::diag::Result<Chip> {
    let (from, one) = (MOS2.find("    adc:\n").expect("an ADC"), "per_crossbar: 1 ");
    load_str("t.yaml", &format!("{}{}", &MOS2[..from], MOS2[from..].replacen(one, text, 1)), &[])
}

#[test]
fn converters_of_a_core_are_shared_and_counted_once() {
    let (own, shared) = (converters("per_crossbar: 2 ").unwrap(), converters("per_core: 2 ").unwrap());
    let adc = |c: &Chip| c.core_kinds.iter().next().unwrap().adc.clone();
    assert_eq!((adc(&own).number, adc(&own).shared, adc(&own).part.count), (2, false, 2 * 2));
    assert_eq!((adc(&shared).number, adc(&shared).shared, adc(&shared).part.count), (2, true, 2));
    assert!(machine(&shared).cores.iter().all(|c| c.shared) && machine(&own).cores.iter().all(|c| !c.shared));
    assert!(describe(&shared).contains("2 a core, shared by its crossbars, "), "{}", describe(&shared));
    assert!(describe(&own).contains("2 a crossbar, "));
}

#[test]
fn converters_belong_to_a_crossbar_or_to_a_core() {
    for text in ["", "per_crossbar: 1\n        per_core: 1"] {
        let all = converters(text).expect_err(text);
        assert!(all.iter().any(|d| d.code == "A044" && d.message.contains("adc.sar")), "{text}: {all}");
    }
    let all = converters("per_core: 129").expect_err("too many");
    assert!(all.iter().any(|d| d.code == "A018" && d.message.contains("per_core")), "{all}");
}
