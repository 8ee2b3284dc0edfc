//! The arch file as a whole: shipped chips, schema, mistakes, overrides, hostile text.

use proptest::prelude::*;

use super::*;
use crate::circuit::converter::DacModel;
use crate::cost::{Action, PartKind};
use crate::diag::{Diagnostics, Severity, explain};
use crate::units::Second;

const MOS2: &str = include_str!("../../arch/mos2_tile.yaml");
const HFOX: &str = include_str!("../../arch/hfox_tile.yaml");
const ISAAC: &str = include_str!("../../arch/isaac_ce.yaml");
const SHIPPED: [(&str, &str); 6] = [
    ("arch/device_cards.yaml", include_str!("../../arch/device_cards.yaml")),
    ("arch/hfox_tile.yaml", HFOX),
    ("arch/isaac.yaml", include_str!("../../arch/isaac.yaml")),
    ("arch/isaac_ce.yaml", ISAAC),
    ("arch/mos2_tile.yaml", MOS2),
    ("arch/puma.yaml", include_str!("../../arch/puma.yaml")),
];

fn set(path: &str, value: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), value.to_owned())]
}

fn loaded(text: &str, overrides: &[(String, String)]) -> Chip {
    load_str("t.yaml", text, overrides).unwrap_or_else(|all| panic!("{all}"))
}

fn refused(text: &str, overrides: &[(String, String)]) -> Diagnostics {
    load_str("t.yaml", text, overrides).err().unwrap_or_else(|| panic!("{overrides:?} was accepted"))
}

/// Codes and lines of all findings but warnings.
fn mistakes(all: &Diagnostics) -> Vec<(&'static str, usize)> {
    let errors = all.iter().filter(|d| d.severity == Severity::Error);
    errors.map(|d| (d.code, d.place.as_ref().map_or(0, |p| p.line_column().0))).collect()
}

/// The text with one replacement, which must apply exactly once, and its line.
fn edit(text: &str, from: &str, to: &str) -> (String, usize) {
    assert_eq!(text.matches(from).count(), 1, "`{from}` must stand once");
    let line = text[..text.find(from).unwrap()].matches('\n').count() + 1;
    (text.replacen(from, to, 1), line)
}

#[test]
fn shipped_chips_load_and_describe_themselves() {
    for (name, text) in SHIPPED {
        let chip = load_str(name, text, &[]).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(chip.warnings.iter().all(|d| d.severity == Severity::Warning));
        let told = describe(&chip);
        assert!(told.contains(&chip.hash) && told.contains(&chip.name) && told.contains("prices"), "{told}");
        let dims = (chip.tiles.len(), chip.cores.len(), chip.xbars.len());
        let expected = match chip.name.as_str() {
            "mos2_tile" => (4, 16, 32),
            "isaac" | "isaac_ce" => (168, 2016, 16128),
            "puma" => (138, 1104, 2208),
            "device_cards" => (4, 16, 256),
            _ => (4, 48, 384),
        };
        assert_eq!(dims, expected);
    }
}

/// The parts must spend what the table they cite says they spend: ISAAC's core and tile at full load, and
/// the whole chip. The arrays are left out: their energy comes from conductances (ISAAC: 2.4 mW a core).
#[test]
fn fully_loaded_isaac_parts_draw_the_power_of_the_table() {
    for text in [HFOX, ISAAC] {
        let chip = loaded(text, &[]);
        let core = chip.core_kinds.iter().next().unwrap();
        let cycle = 100e-9; // one crossbar read
        let energy = |part: &crate::cost::Part, action| part.price(action).unwrap().value.si();
        let dynamic = |part, action, count: f64| energy(part, action) * count / cycle;
        let leakage = |part: &crate::cost::Part| part.leakage.value.si() * part.count as f64;
        let power = |got: f64, table: f64, what: &str| {
            assert!((got / table - 1.0).abs() < 2e-3, "{what}: {got} W against {table} W");
            got
        };
        let mut whole = 0.0;
        whole += power(dynamic(&core.dac, Action::Drive, 1024.0) + leakage(&core.dac), 4e-3, "DAC");
        let hold = &core.sample_hold;
        whole += power(dynamic(hold, Action::Sample, 1024.0) + leakage(hold), 0.01e-3, "S+H");
        whole += power(dynamic(&core.adc.part, Action::Convert, 1024.0) + leakage(&core.adc.part), 16e-3, "ADC");
        whole += power(dynamic(&core.shift_add, Action::Add, 1024.0) + leakage(&core.shift_add), 0.2e-3, "S+A");
        let both = |part, count| dynamic(part, Action::Read, count) + dynamic(part, Action::Write, count);
        whole += power(both(&core.input_register, 128.0), 1.24e-3, "IR");
        whole += power(both(&core.output_register, 16.0), 0.23e-3, "OR");
        whole *= 12.0;
        let tile = &chip.tile_kind;
        let buffer = dynamic(&tile.buffer, Action::Read, 1536.0) + dynamic(&tile.buffer, Action::Write, 192.0);
        whole += power(buffer, 20.7e-3, "eDRAM");
        whole += power(dynamic(&tile.bus, Action::Transfer, 1728.0), 7e-3, "bus");
        let area = |part: &crate::cost::Part| part.area.value.si() * part.count as f64;
        power(area(&core.adc.part), 9600.0, "area of the ADCs");
        power(area(&core.dac), 170.0, "area of the DACs");
        let Some(link) = &chip.chip_link else { continue };
        // the vector unit works in every lane and cycle; a tile has two of the eight ports of its router
        let lanes = cycle * 1e9 * tile.vector_lanes as f64;
        whole += power(dynamic(&tile.vector, Action::Operate, lanes), 2.65e-3, "digital units");
        whole += power(dynamic(&chip.noc.router, Action::Route, 2.0 * cycle * 1e9), 10.5e-3, "router");
        whole *= chip.tiles.len() as f64;
        whole += power(leakage(&link.part), 10.4, "links");
        power(whole, 65.8 - 2016.0 * 2.4e-3, "chip without arrays");
    }
}

#[test]
fn what_a_run_spends_in_hfox_is_cited() {
    let chip = loaded(HFOX, &[]);
    for (name, part) in resolve::parts(&chip) {
        let assumed = part.energy.iter().any(|(_, p)| p.source.is_assumed());
        assert_eq!(assumed, part.kind == PartKind::Link, "{name}");
    }
    let array = chip.xbar_kinds.iter().next().unwrap();
    assert!(array.part.price(Action::Bias).is_some_and(|p| !p.source.is_assumed()));
    // the array of the MoS2 chip rests on assumed read conditions and says so
    let chip = loaded(MOS2, &[]);
    let array = chip.xbar_kinds.iter().next().unwrap();
    assert!(array.part.price(Action::Bias).is_some_and(|p| p.source.is_assumed()));
    assert!(chip.warnings.iter().any(|d| d.code == "A036" && d.message.contains("crossbars.main.bias")));
}

#[test]
fn schema_file_is_current() {
    let committed = include_str!("../../arch/schema.json");
    assert!(committed == schema(), "arch/schema.json is old: cargo xtask generate");
    for (name, text) in SHIPPED {
        assert!(text.starts_with("# yaml-language-server: $schema=schema.json\n"), "{name}");
    }
}

#[test]
fn every_device_stands_in_some_example() {
    let mut used: Vec<String> = SHIPPED.iter().flat_map(|(_, text)| load::device_variants(text)).collect();
    used.push("ideal".into()); // not a technology: the exact reference, reached by an override
    for entry in crate::device::DEVICES {
        assert!(used.iter().any(|u| u == entry.name), "no shipped chip uses `{}`", entry.name);
    }
    let ideal = set("devices.synapse", "{ ideal: { g_min: 2 nS, g_max: 200 nS } }");
    let chip = loaded(MOS2, &ideal);
    assert_eq!(chip.xbar_kinds.iter().next().unwrap().device.kind(), "ideal");
}

/// Each edit makes one mistake: its code, and the line it must be reported on (0: the edited line).
#[test]
fn mistakes_are_found_where_they_stand() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("A001", "clock: 1 GHz", "clock: [1 GHz", ""),
        ("A002", "temperature: 300 K", "clock: 300 K", ""),
        ("A003", "bits_per_cell: 4", "bits_per_cel: 4", "did you mean `bits_per_cell`"),
        ("A004", "    device: synapse\n", "", "add `device: ...`"),
        ("A005", "rows: 128", "rows: many", ""),
        ("A005", "grid: [2, 2]", "grid: [2, 2, 2]", ""),
        ("A005", "crossbars: { main: 2 }", "crossbars: 2", ""),
        ("A006", "fidelity: noisy", "fidelity: nosy", "did you mean `noisy`"),
        ("A007", "clock: 1 GHz", "clock: 1 ns", "like `200 MHz`"),
        ("A007", "v_read: 0.1 V", "v_read: 0.1", "like `0.1 V`"),
        ("A007", "latency: 2 cycles\n        route", "latency: two\n        route", ""),
        ("A008", "lanes: 8", "lanes: -8", ""),
        ("A008", "banks: 1", "banks: 300", ""),
        ("A010", "archsim: 1", "archsim: 2", ""),
        ("A011", "device: synapse", "device: synapses", "did you mean `synapse`"),
        ("A011", "crossbars: { main: 2 }", "crossbars: { man: 2 }", "did you mean `main`"),
        ("A011", "cores: { macro: 4 }", "cores: { maco: 4 }", "did you mean `macro`"),
        ("A012", "cores: { macro: 4 }", "cores: { macro: 0 }", ""),
        ("A012", "crossbars: { main: 2 }", "crossbars: {}", ""),
        ("A013", "rows: 128", "rows: 0", ""),
        ("A013", "cols: 128", "cols: 99999", ""),
        ("A015", "bits_per_cell: 4", "bits_per_cell: 9", ""),
        ("A016", "v_read: 0.1 V", "v_read: -0.1 V", ""),
        ("A017", "bits: 8  ", "bits: 17 ", ""),
        ("A018", "per_crossbar: 1 ", "per_crossbar: 129 ", ""),
        ("A019", "bits: 1\n        per_crossbar: 128", "bits: 9\n        per_crossbar: 128", ""),
        ("A020", "per_crossbar: 128", "per_crossbar: 0", ""),
        ("A021", "clock: 1 GHz", "clock: -1 GHz", ""),
        ("A021", "clock: 1 GHz", "clock: 0 Hz", ""),
        ("A022", "capacity: 512 byte    #", "capacity: 64 byte    #", "128 rows of 8 bits"),
        ("A023", "grid: [2, 2]", "grid: [0, 2]", ""),
        ("A023", "grid: [2, 2]", "grid: [65, 2]", ""),
        ("A024", "width: 384 bit", "width: 3 bit", ""),
        ("A024", "flit: 32 bit", "flit: 0 byte", ""),
        ("A025", "name: mos2_tile", "name: ../mos2", ""),
        ("A025", "name: mos2_tile", "name: \"\"", ""),
        ("A026", "percentile: 99.99 %", "percentile: 0 %", ""),
        ("A026", "percentile: 99.9 %", "percentile: 101 %", ""),
        ("A027", "weights: 8,", "weights: 0,", ""),
        ("A028", "banks: 1", "banks: 3", ""),
        ("A029", "assumed: [v_read, t_read, area]", "assumed: [v_read, t_red, area]", "did you mean `t_read`"),
        ("A030", "buffer_flits: 8", "buffer_flits: 0", ""),
        ("A030", "lanes: 8", "lanes: 0", ""),
        ("A031", "operate: 0.2652 pJ", "operate: -0.2652 pJ", ""),
        ("A031", "operate: 0.2652 pJ", "operate: 1e308 TJ", ""),
        ("A038", "t_read: 100 ns", "t_read: 100 s", ""),
        ("A038", "rate: 1 GS/s", "rate: 1e-3 S/s", ""),
        ("A032", "age: 1 h", "age: -1 h", ""),
        (
            "A033",
            "source: \"PUMA, ASPLOS 2019, constants of its public simulator: tile control unit\"",
            "source: \" \"",
            "",
        ),
    ];
    for (code, from, to, help) in cases {
        let (text, line) = edit(MOS2, from, to);
        let all = refused(&text, &[]);
        let found = mistakes(&all);
        assert!(found.iter().any(|(c, _)| c == code), "{from} -> {to}: {all}");
        if !matches!(*code, "A001" | "A004") {
            // the line that was edited; where the edit begins with another line, the one after
            let lines = line..=line + to.matches('\n').count();
            assert!(found.len() == 1 && lines.contains(&found[0].1), "{from} -> {to}: {found:?} {all}");
        }
        let helps: Vec<&str> = all.iter().filter_map(|d| d.help.as_deref()).collect();
        assert!(helps.iter().any(|h| h.contains(help)) || help.is_empty(), "{from} -> {to}: {helps:?}");
    }
}

#[test]
fn encodings_of_weights_and_inputs_are_read_and_checked() {
    let offset = MOS2.replace("weights: { differential_pair: analog }", "weights: { offset: { sum: counted } }");
    let codes = |text: &str| -> Vec<&str> { mistakes(&refused(text, &[])).iter().map(|m| m.0).collect() };
    assert_eq!(codes(&offset), ["A080"]);
    let priced = offset.replace("      bit_serial:\n", "      pulse_width:\n        count: 2 fJ\n");
    let chip = loaded(&priced.replace("bits_per_cell: 4", "bits_per_cell: 4\n    slices: [2, 4]"), &[]);
    let xbar = chip.xbar_kinds.iter().next().unwrap();
    let core = chip.core_kinds.iter().next().unwrap();
    assert_eq!(xbar.encoding, Encoding::Offset { sum: InputSum::Counted, inversion: false });
    assert_eq!((xbar.slice_bits.as_slice(), core.drive), ([2, 4].as_slice(), Drive::PulseWidth));
    assert!(core.dac.price(Action::Count).is_some_and(|p| p.value.si() == 2e-15));
    let told = describe(&chip);
    assert!(["counted inputs", "2, 4 bit", "pulse width"].iter().all(|words| told.contains(words)), "{told}");
    assert_eq!(codes(&MOS2.replace("bits_per_cell: 4", "bits_per_cell: 4\n    slices: [5]")), ["A081"]);
    let signed = MOS2.replace("      bit_serial:\n", "      pulse_width:\n        signed: sign_magnitude\n");
    assert_eq!(codes(&signed), ["A082"]);
}

#[test]
fn device_mistakes_point_into_the_card() {
    let card = "{ ideal: { g_min: 2 uS, g_max: 200 nS } }";
    let all = refused(MOS2, &set("devices.synapse", card));
    let d = all.iter().find(|d| d.code == "A014").unwrap();
    let place = d.place.as_ref().unwrap();
    assert_eq!(&place.text[place.span.clone()], "200 nS");
    assert_eq!(place.file, "--set devices.synapse");
    // the card's temperature range is a matter of the chip's temperature as well
    let all = refused(MOS2, &set("temperature", "900 K"));
    assert!(all.iter().any(|d| d.code == "A014" && d.message.contains("900 K")), "{all}");
}

#[test]
fn warnings_do_not_stop_a_chip() {
    let all = loaded(HFOX, &set("crossbars.main.bits_per_cell", "3")).warnings;
    assert!(all.iter().any(|d| d.code == "A039" && d.message.contains("8 levels of a cell of 4")), "{all}");
    let all = loaded(MOS2, &set("cores.macro.adc.sar.rate", "1.28 GS/s")).warnings;
    assert!(all.iter().any(|d| d.code == "A034" && d.message.contains("1 GS/s")), "{all}");
    let (text, _) = edit(MOS2, "devices:\n", "devices:\n  spare: { ideal: { g_min: 1 nS, g_max: 1 uS } }\n");
    let all = loaded(&text, &[]).warnings;
    assert!(all.iter().any(|d| d.code == "A035" && d.message.contains("devices.spare")), "{all}");
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let (text, a) = edit(MOS2, "rows: 128", "row: 128");
    let (text, b) = edit(&text, "v_read: 0.1 V", "v_read: 0.1 A");
    let (text, c) = edit(&text, "mapper: sequential", "mapper: sequentiel");
    let (text, d) = edit(&text, "lanes: 8", "lanes: eight");
    let found = mistakes(&refused(&text, &[]));
    assert_eq!(found, [("A003", a), ("A007", b), ("A005", d), ("A006", c)]);
    let (text, a) = edit(MOS2, "rows: 128", "rows: 0");
    let (text, b) = edit(&text, "device: synapse", "device: nothing");
    let (text, c) = edit(&text, "buffer_flits: 8", "buffer_flits: 0");
    let found = mistakes(&refused(&text, &[]));
    assert!([("A013", a), ("A011", b), ("A030", c)].iter().all(|m| found.contains(m)), "{found:?}");
}

#[test]
fn every_code_that_is_emitted_is_documented() {
    let emitted = [
        include_str!("check.rs"),
        include_str!("load.rs"),
        include_str!("resolve.rs"),
        include_str!("yaml.rs"),
        include_str!("rules/chip.rs"),
        include_str!("rules/core.rs"),
        include_str!("rules/crossbar.rs"),
        include_str!("rules/mod.rs"),
        include_str!("rules/parts.rs"),
        include_str!("rules/wires.rs"),
    ];
    let mut count = 0;
    for part in emitted.iter().flat_map(|text| text.split('"')) {
        let digits = part.len() == 4 && part[1..].bytes().all(|b| b.is_ascii_digit());
        if digits && matches!(part.as_bytes()[0], b'A' | b'F') {
            assert!(explain(part).is_some(), "{part} has no row");
            count += 1;
        }
    }
    assert!(count > 30);
}

#[test]
fn overrides_replace_values_and_change_the_hash() {
    let plain = loaded(MOS2, &[]);
    let chip = loaded(MOS2, &set("cores.macro.adc.sar.bits", "6"));
    assert_eq!(chip.core_kinds.iter().next().unwrap().adc.bits, 6);
    assert_ne!(plain.hash, chip.hash);
    // what an override writes and what the file says are the same chip
    assert_eq!(plain.hash, loaded(MOS2, &set("cores.macro.adc.sar.bits", "8")).hash);
    let commented = MOS2.replace("clock: 1 GHz", "clock:   1 GHz   # one");
    assert_eq!(plain.hash, loaded(&commented, &[]).hash);
    let chip = loaded(MOS2, &set("chip.grid.0", "3"));
    assert_eq!(chip.tiles.len(), 6);
}

#[test]
fn overrides_add_optional_keys() {
    let wires = "{ word_line: 1 Ohm, bit_line: 1 Ohm, source: measured }";
    assert!(loaded(MOS2, &set("crossbars.main.wires", wires)).xbar_kinds.iter().all(|x| x.wires.is_some()));
    let skips = loaded(MOS2, &set("cores.macro.dac.bit_serial.skip_zero_planes", "true"));
    assert!(skips.data_decide_time() && !loaded(MOS2, &[]).data_decide_time());
    // where a choice stands, and two levels below what is there, nothing is added
    for path in ["cores.macro.adc.flash", "crossbars.main.wires.word_line"] {
        assert!(refused(MOS2, &set(path, "1 Ohm")).iter().any(|d| d.code == "F010"), "{path}");
    }
}

#[test]
fn noise_and_deviations_are_read_and_checked() {
    let noise = |text: &str| MOS2.replace("    weights: {", &format!("    noise: {text}\n    weights: {{"));
    let codes = |text: &str| -> Vec<&str> { mistakes(&refused(text, &[])).iter().map(|m| m.0).collect() };
    let good = "{ flicker: { density: 1e-6, from: 1 Hz }, telegraph: { share: 5 %, amplitude: 10 %, capture: 2 s, emission: 1 s } }";
    let chip = loaded(&noise(good), &[]);
    let xbar = chip.xbar_kinds.iter().next().unwrap();
    let bands = xbar.noise.bands(xbar.t_read).unwrap();
    assert!(
        bands.flicker.is_some_and(|f| f.density == 1e-6)
            && bands.telegraph.is_some_and(|t| t.trap.occupancy() == 1.0 / 3.0)
    );
    assert_eq!(bands.hold, Second(1e-3));
    for (bad, at) in [
        ("{ flicker: { density: 0.01, from: 1 Hz } }", "flicker"),
        ("{ flicker: { density: 1e-6, from: 2 kHz } }", "flicker"),
        ("{ telegraph: { share: 5 %, amplitude: 10 %, capture: 2 us, emission: 1 us } }", "telegraph"),
        ("{ telegraph: { share: 5 %, amplitude: 100 %, capture: 2 s, emission: 1 s } }", "telegraph"),
        ("{ hold: 1 ns, flicker: { density: 1e-6, from: 1 Hz } }", "hold"),
    ] {
        let all = refused(&noise(bad), &[]);
        assert_eq!(codes(&noise(bad)), ["A084"], "{bad}");
        assert!(all.iter().any(|d| d.message.contains(at)), "{bad}: {all}");
    }
    let dac =
        |text: &str| MOS2.replace("      bit_serial:\n", &format!("      bit_serial:\n        mismatch: {text}\n"));
    let chip = loaded(&dac("{ element: 1 %, gain: 2 % }"), &[]);
    assert!(chip.core_kinds.iter().all(|c| c.dac_model != DacModel::Ideal));
    assert_eq!(codes(&dac("{ edge: 0.1 }")), ["A085"]);
    assert_eq!(codes(&dac("{ gain: 60 % }")), ["A085"]);
}

#[test]
fn analog_chains_are_read_and_checked() {
    let chain = |text: &str| MOS2.replace("    shift_add:", &format!("    chain: {text}\n    shift_add:"));
    let codes = |text: &str| -> Vec<&str> { mistakes(&refused(&chain(text), &[])).iter().map(|m| m.0).collect() };
    let plain = "inp_res: 1.0, out_res: 0.005";
    let chip = loaded(&chain(&format!("{{ {plain}, out_bound: 10.0 }}")), &[]);
    assert!(chip.core_kinds.iter().all(|c| c.chain.is_some_and(|c| c.out_bound == 10.0)) && chip.data_decide_time());
    for (bad, at) in [
        ("{ inp_res: 1.0 }", "out_res"),
        ("{ out_res: 0.005 }", "inp_res"),
        ("{ inp_res: 1.0, out_res: 0.005, noise_management: max }", "noise_management"),
        ("{ inp_res: 1.0, out_res: 0.005, out_noise: -1.0 }", "out_noise"),
    ] {
        assert_eq!(codes(bad), ["A086"], "{bad}");
        assert!(refused(&chain(bad), &[]).iter().any(|d| d.message.contains(at)), "{bad}");
    }
}

#[test]
fn wrong_overrides_are_refused_with_the_nearest_path() {
    for (path, value, code, help) in [
        ("cores.macro.adc.sar.bit", "6", "F010", "`cores.macro.adc.sar.bits`"),
        ("crossbar.main.rows", "6", "F010", "`crossbars`"),
        ("chip.grid.7", "6", "F010", "0 to 1"),
        ("clock.x", "6", "F010", "plain value"),
        ("", "6", "F010", "keys there"),
        ("clock", "[", "F011", "YAML value"),
        ("clock", "5", "A007", "like"),
        ("crossbars.main.rows", "0", "A013", ""),
    ] {
        let all = refused(MOS2, &set(path, value));
        let d = all.iter().find(|d| d.code == code).unwrap_or_else(|| panic!("{path}={value}: {all}"));
        assert!(d.help.as_deref().unwrap_or_default().contains(help), "{path}={value}: {d:?}");
        assert_eq!(all.exit_code(), 2);
    }
}

#[test]
fn several_kinds_get_dense_ids() {
    let (text, _) = edit(MOS2, "crossbars: { main: 2 }", "crossbars: { small: 1, main: 2 }");
    let start = text.find("  main:\n").unwrap();
    let end = text.find("\ncores:").unwrap();
    let small = text[start..end].replacen("main", "small", 1).replace("rows: 128", "rows: 64");
    let small = small.replace("per_crossbar: 128", "per_crossbar: 64");
    let text = format!("{}\n{small}{}", &text[..end], &text[end..]).replace("per_crossbar: 128", "per_crossbar: 64");
    let chip = loaded(&text, &[]);
    assert_eq!(
        chip.xbar_kinds.iter().map(|k| (k.name.as_str(), k.rows)).collect::<Vec<_>>(),
        [("main", 128), ("small", 64)]
    );
    assert_eq!(chip.xbars.len(), 16 * 3);
    let first: Vec<usize> = chip.xbars.iter().take(3).map(|x| crate::id::Id::index(x.kind)).collect();
    assert_eq!(first, [1, 0, 0]);
    assert_eq!(chip.core_kinds.iter().next().unwrap().dac.count, 3 * 64);
}

#[test]
fn a_missing_file_is_named() {
    let all = load(std::path::Path::new("no/such.yaml"), &[]).unwrap_err();
    assert_eq!(all.iter().next().map(|d| d.code), Some("F001"));
}

/// Values that are wrong, extreme or of another kind nearly everywhere.
const HOSTILE: [&str; 24] = [
    "0",
    "-1",
    "1",
    "4294967295",
    "340282366920938463463374607431768211455",
    "1e308",
    ".nan",
    "true",
    "~",
    "x",
    "[]",
    "{}",
    "[0, 0]",
    "0 V",
    "-5 V",
    "1e308 TV",
    "1e308 Ts",
    "1e-300 s",
    "0 byte",
    "1e300 byte",
    "18446744073709551615 cycles",
    "1e308 J/byte",
    "{ ideal: { g_min: 0 S, g_max: 1e300 TS } }",
    "{ main: 4294967295 }",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever happens to the bytes of a chip, loading ends with a chip or with placed mistakes.
    #[test]
    fn mutated_files_never_panic(
        which in 0..SHIPPED.len(),
        edits in proptest::collection::vec((0usize..20_000, 0u8..6, any::<u8>()), 1..12),
    ) {
        let mut bytes = SHIPPED[which].1.as_bytes().to_vec();
        for (at, kind, byte) in edits {
            let at = at % bytes.len();
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, *b":{}[]#&*-\n\"'!|%,~?".get(usize::from(byte) % 19).unwrap_or(&b':')),
                4 => bytes.truncate(at.max(64)),
                _ => bytes[at] = b"0123456789-.e "[usize::from(byte) % 14],
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(all) = load_str("t.yaml", &text, &[]) {
            prop_assert!(all.has_errors());
            for place in all.iter().filter_map(|d| d.place.as_ref()) {
                prop_assert!(place.text.get(place.span.clone()).is_some());
            }
        }
    }

    /// Hostile values at any place of a chip: beyond the structural check, into rules and resolution.
    #[test]
    fn hostile_values_never_panic(which in 0..SHIPPED.len(), place in any::<prop::sample::Index>(), value in 0usize..HOSTILE.len()) {
        let text = SHIPPED[which].1;
        let paths = load::paths(text);
        let path = &paths[place.index(paths.len())];
        match load_str("t.yaml", text, &set(path, HOSTILE[value])) {
            Ok(chip) => prop_assert!(!describe(&chip).is_empty()),
            Err(all) => prop_assert_eq!(all.exit_code(), 2, "{}={}", path, HOSTILE[value]),
        }
    }

    /// Arbitrary text as a file and as an override.
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}", path in "[a-z.0-9]{0,30}") {
        prop_assert!(load_str("t.yaml", &text, &[]).is_err());
        let _ = load_str("t.yaml", MOS2, &[(path, text)]);
    }
}
