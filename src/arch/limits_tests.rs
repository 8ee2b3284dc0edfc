//! Numbers of arch files that are too large or too small, each refused at its own value; places of overrides.
#![cfg(test)]

use super::testing::{MOS2, good, with};
use super::*;
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
        // infinite in square micrometres
        refused(&[(path, "1e308 mm2")], "A031", "0 to 1000000 mm2");
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
    for clock in ["1e308 GHz", "1e300 Hz", "1.1 THz", "0 Hz", "-1 GHz"] {
        assert_eq!(mistake(&[("cores.macro.adc", &ramp(clock))]).code, "A017", "{clock}");
    }
    good(&[("cores.macro.adc", &ramp("1 THz"))]);
    let rate = "cores.macro.adc.sar.rate";
    refused(&[(rate, "1e308 GS/s")], "A017", "at most 1 TS/s");
    refused(&[(rate, "2 TS/s")], "A017", "at most 1 TS/s");
    refused(&[("cores.macro.adc.sar.noise_lsb", "1e9")], "A017", "0 to 1000000 LSB");
}

#[test]
fn storage_is_told_as_it_was_written() {
    let path = "chip.memory.global_buffer.capacity";
    refused(&[(path, "1 bit")], "A024", "1 bit is not usable");
    refused(&[(path, "2 Tbyte")], "A024", "1 byte to 1 Tbyte");
    refused(&[(path, "1 kKiB")], "A007", "unknown unit");
}

#[test]
fn times_beyond_what_the_timing_core_counts_are_refused_at_their_value() {
    let most = "at most 16777216 cycles";
    for path in [
        "tile.bus.latency",
        "tile.vector.latency",
        "tile.buffer.edram.latency",
        "chip.noc.mesh.router.latency",
        "chip.noc.mesh.link.latency",
        "chip.memory.global_buffer.latency",
        "cores.macro.input_register.latency",
        "cores.macro.output_register.latency",
        "cores.macro.dac.bit_serial.latency",
        "cores.macro.sample_hold.latency",
        "cores.macro.shift_add.latency",
    ] {
        refused(&[(path, "20000000 cycles")], "A038", most);
        refused(&[(path, "1e300 s")], "A038", most);
    }
    for (path, value) in [("crossbars.main.t_read", "20 ms"), ("cores.macro.adc.sar.rate", "10 S/s")] {
        refused(&[(path, value)], "A038", most);
    }
    // cycles of a slower clock are longer
    refused(&[("tile.bus.clock", "1 MHz"), ("tile.bus.latency", "20000 cycles")], "A038", "20000000 cycles");
    let core = ("cores.macro.clock", "100 MHz");
    refused(&[core, ("cores.macro.shift_add.latency", "2000000 cycles")], "A038", "20000000 cycles");
    // a register and a DAC that are long together only
    let both = [("cores.macro.input_register.latency", "9 ms"), ("cores.macro.dac.bit_serial.latency", "10 ms")];
    refused(&both, "A038", "9 ms of the input register and 10 ms of the DAC");
    let slow = LINK.replace("5 ns", "1 s");
    let d = mistake(&[("chip.chips", "2"), ("chip.chip_link", &slow)]);
    assert!(d.code == "A038" && d.message.contains("chip.chip_link.serial.latency"), "{d:?}");
}

/// What the rules let pass is within what the timing core checks.
#[test]
fn the_longest_times_run() {
    let longest = "16777216 cycles";
    let chip = good(&[
        ("tile.bus.latency", longest),
        ("chip.noc.mesh.router.latency", longest),
        ("chip.memory.global_buffer.latency", longest),
        ("cores.macro.shift_add.latency", longest),
    ]);
    let timing = crate::sched::machine(&chip);
    assert!(timing.tiles.iter().all(|t| t.bus_latency == limits::MAX_CYCLES));
    assert!(timing.cores.iter().all(|c| c.shift_add == limits::MAX_CYCLES));
    let pulses = MOS2.replace("      bit_serial:\n", "      pulse_width:\n        signed: two_phase\n");
    let pulses = pulses.replacen("bits: 1\n", "bits: 8\n", 1).replace("t_read: 100 ns", "t_read: 100 us");
    let all = load_str("t.yaml", &pulses, &[]).expect_err("255 times as long");
    assert!(all.iter().any(|d| d.code == "A038" && d.message.contains("255 times 100 us")), "{all}");
}

#[test]
fn refreshes_say_which_rule_they_break() {
    let path = "chip.memory.global_buffer.refresh";
    let refresh = |interval| format!("{{ interval: {interval}, duration: 1 ns, energy: 1 pJ, source: x }}");
    refused(&[(path, &refresh("1 day"))], "A046", "above 0 s and at most 1000 s");
    refused(&[(path, &refresh("-1 s"))], "A046", "above 0 s and at most 1000 s");
    refused(&[(path, &refresh("1 ns"))], "A046", "leaves no time");
    let d = mistake(&[("clock", "1 THz"), ("cores.macro.adc.sar.rate", "1 TS/s"), (path, &refresh("100 s"))]);
    assert!(d.code == "A046" && d.message.contains("100000000000000 cycles of the clock of 1 THz"), "{d:?}");
    assert!(d.label.as_deref().is_some_and(|l| l.contains("at most 17592186044416 cycles")), "{d:?}");
}

#[test]
fn dynamic_memories_hold_a_row_in_each_bank() {
    let page = include_str!("../../docs/memories.md");
    let card = page.split("```yaml\n").find(|text| text.starts_with("dram")).expect("the page has the card");
    let card = card.split("```").next().expect("a card ends");
    let memory = |from: &str, to: &str| {
        assert!(card.contains(from), "{from}");
        card.replacen(from, to, 1)
    };
    for (from, to, code, place, words) in [
        ("capacity: 8192 MiB", "capacity: 1 byte", "A047", "capacity", "at least 131072 bytes"),
        ("capacity: 8192 MiB", "capacity: 131071 byte", "A047", "capacity", "at least 131072 bytes"),
        ("latency: 20 ns", "latency: 1 s", "A038", "latency", "at most 16777216 cycles"),
    ] {
        let d = mistake(&[("chip.memory", &memory(from, to))]);
        let told = d.label.as_deref().unwrap_or_default();
        assert!(d.code == code && d.message.contains(place) && told.contains(words), "{d:?}");
    }
    let least = memory("capacity: 8192 MiB", "capacity: 128 KiB");
    good(&[("chip.memory", &least)]);
    let slow = memory("t_rcd: 13.33 ns", "t_rcd: 1 ms");
    let d = mistake(&[("clock", "1 THz"), ("cores.macro.adc.sar.rate", "1 TS/s"), ("chip.memory", &slow)]);
    assert!(d.code == "A047" && d.message.contains("1 ms is 1000000000 cycles"), "{d:?}");
}

/// A list, a map or nothing is underlined in the override, not at the key with the old value.
#[test]
fn overrides_that_are_no_scalars_are_underlined_where_they_stand() {
    let long = "{ interval: 1 us, duration: 2 us, energy: 1 pJ, source: x }";
    for (path, value, code) in [
        ("chip.grid", "[0,0]", "A023"),
        ("chip.grid", "[1]", "A005"),
        ("chip.grid", "", "A005"),
        ("clock", "", "A005"),
        ("clock", "~", "A005"),
        ("chip.noc.mesh.router", "{}", "A004"),
        ("cores.macro.crossbars", "{}", "A012"),
        ("chip.memory.global_buffer.refresh", long, "A046"),
        ("tile", "{ a: 1 }", "A004"),
    ] {
        let all = with(&[(path, value)]).expect_err(path);
        let here: Vec<_> = all.iter().filter(|d| d.severity == crate::diag::Severity::Error).collect();
        assert!(here.iter().any(|d| d.code == code), "{path}={value}: {all}");
        for d in here {
            let place = d.place.as_ref().expect("a place");
            assert_eq!(place.file, format!("--set {path}"), "{path}={value}: {d:?}");
        }
    }
    // the key of a scalar stays where it stands
    let all = with(&[("cores.macro.crossbars", "{ man: 2 }")]).expect_err("no such crossbar");
    assert!(all.iter().any(|d| d.code == "A011" && d.place.as_ref().is_some_and(|p| p.file.starts_with("--set"))));
}
