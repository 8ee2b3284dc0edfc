//! Gates of arch files, leakage at other temperatures, logic in other nodes.
#![cfg(test)]

use super::testing::{good, with};
use super::*;
use crate::cost::{Action, PartKind};
use crate::sched::{PowerGate, machine};
use crate::units::Kelvin;

const GATE: &str = "{ power: { after: 10 cycles, wake: 3 ns, retained: 5 %, wake_energy: 1 pJ }, clock: { tree: 0.1 pJ, gated: true }, source: 'assumed: a test' }";

#[test]
fn every_gate_reaches_the_machine_in_cycles_of_the_chip() {
    assert_eq!(machine(&good(&[])).gates, crate::sched::Gates::default());
    let at = |after, wake| Some(PowerGate { after, wake });
    let of = |path: &str, part| machine(&good(&[(path, GATE)])).gates.parts.get(&part).copied();
    assert_eq!(of("tile.vector.gating", PartKind::VectorUnit), Some(at(10, 3)));
    assert_eq!(of("tile.bus.gating", PartKind::Bus), Some(at(10, 3)));
    assert_eq!(of("tile.buffer.edram.gating", PartKind::Buffer), Some(at(10, 3)));
    assert_eq!(of("chip.noc.mesh.link.gating", PartKind::Link), Some(at(10, 3)));
    assert_eq!(of("chip.memory.global_buffer.gating", PartKind::Memory), Some(at(10, 3)));
    // ten cycles of a core at a tenth of the clock are 100 of the chip, 3 ns one of its cycles
    let chip = good(&[("cores.macro.clock", "100 MHz"), ("cores.macro.gating", GATE)]);
    let gates = machine(&chip).gates;
    assert!(gates.parts.is_empty());
    assert_eq!((gates.cores.len(), gates.cores.values().all(|g| *g == at(100, 10))), (16, true));
    let core = chip.core_kinds.iter().next().unwrap();
    assert!(core.adc.part.price(Action::Wake).is_some_and(|p| p.source.is_assumed()));
    assert!(core.dac.gating.is_some() && core.dac.price(Action::Wake).is_none());
    assert!(core.input_register.gating.is_none());
    let told = describe(&good(&[("tile.vector.gating", GATE)]));
    assert!(told.contains("asleep after 10 cycles idle, awake 3 ns later, leaks 5 % asleep"), "{told}");
}

#[test]
fn gates_out_of_range_are_refused_where_they_stand() {
    let power = |text: &str| format!("{{ power: {{ {text} }}, source: 'assumed: a test' }}");
    let cases = [
        ("tile.vector.gating", "{ source: 'assumed: a test' }".to_owned(), "A090", "say nothing"),
        ("tile.vector.gating", power("after: 1 cycle, wake: 1 s, retained: 5 %"), "A090", "power.wake"),
        ("tile.bus.gating", power("after: 1 cycle, wake: 1 ns, retained: 101 %"), "A090", "101 %"),
        ("tile.buffer.edram.gating", power("after: 1 cycle, wake: 1 ns, retained: 0 %"), "A090", "retained"),
        ("chip.memory.global_buffer.gating", power("after: 1 cycle, wake: 1 ns, retained: 0 %"), "A090", "retained"),
        (
            "cores.macro.gating",
            power("after: 1 cycle, wake: 1 ns, retained: 1 %, wake_energy: -1 pJ"),
            "A031",
            "wake_energy",
        ),
        ("cores.macro.gating", "{ clock: { tree: -1 pJ }, source: 'assumed: a test' }".into(), "A031", "tree"),
        ("cores.macro.gating", power("after: 1 cycle, wake: 1 ns"), "A004", "retained"),
    ];
    for (path, text, code, what) in cases {
        let all = with(&[(path, &text)]).expect_err(&text);
        assert!(all.iter().any(|d| d.code == code && d.message.contains(what)), "{text}: {all}");
    }
    // a core that keeps nothing is fine: its weights stand in the cells
    good(&[("cores.macro.gating", &power("after: 1 cycle, wake: 1 ns, retained: 0 %"))]);
}

#[test]
fn a_memory_with_ports_or_a_refresh_has_no_gate() {
    let refresh = "{ interval: 40 us, duration: 520 ns, energy: 1 nJ, source: 'assumed: a test' }";
    for memory in ["tile.buffer.edram", "chip.memory.global_buffer"] {
        let path = |key: &str| format!("{memory}.{key}");
        good(&[(&path("gating"), GATE)]);
        for (key, value) in [("ports", "2"), ("refresh", refresh)] {
            good(&[(&path(key), value)]);
            let all = with(&[(&path("gating"), GATE), (&path(key), value)]).expect_err(key);
            assert!(all.iter().any(|d| d.code == "A090" && d.message.contains("are not modelled")), "{memory}: {all}");
        }
    }
}

#[test]
fn links_of_a_mesh_that_runs_flit_by_flit_have_no_gates() {
    let (gate, flits) = (("chip.noc.mesh.link.gating", GATE), ("chip.noc.mesh.fidelity", "flit"));
    good(&[flits]);
    let all = with(&[gate, flits]).expect_err("both");
    assert!(all.iter().any(|d| d.code == "A090" && d.message.contains("flit by flit")), "{all}");
}

#[test]
fn leakage_follows_the_temperature_where_the_file_says_at_which_it_was_stated() {
    let leak = |c: &Chip| {
        (c.tile_kind.buffer.leakage.value.si(), c.core_kinds.iter().next().unwrap().adc.part.leakage.clone())
    };
    let law = ("leakage_temperature", "{ reference: 300 K, barrier: 0.4 V, source: a process }");
    let plain = leak(&good(&[]));
    assert_eq!(leak(&good(&[("temperature", "350 K")])), plain, "without a law nothing changes");
    assert_eq!(leak(&good(&[law])), plain);
    for kelvin in [280.0, 325.0, 350.0, 390.0] {
        let chip = good(&[law, ("temperature", &Kelvin(kelvin).to_string())]);
        let thermal = |t: f64| 1.380_649e-23 * t / 1.602_176_634e-19;
        let off = |t: f64| thermal(t).powi(2) * (-0.4 / thermal(t)).exp();
        let ratio = off(kelvin) / off(300.0);
        let hot = leak(&chip);
        assert!((hot.0 / plain.0 / ratio - 1.0).abs() < 1e-9, "{kelvin} K: {}", hot.0 / plain.0);
        assert!((hot.1.value.si() / plain.1.value.si() / ratio - 1.0).abs() < 1e-9);
        assert!(hot.1.source.to_string().contains("from 300 K to"));
        assert_eq!(chip.xbar_kinds.iter().next().unwrap().part, good(&[]).xbar_kinds.iter().next().unwrap().part);
    }
    let assumed = good(&[("leakage_temperature", "{ reference: 300 K }"), ("temperature", "350 K")]);
    assert!(leak(&assumed).1.source.is_assumed());
    for (path, value) in
        [("leakage_temperature", "{ reference: 30 K }"), ("leakage_temperature", "{ reference: 300 K, barrier: 3 V }")]
    {
        let all = with(&[(path, value)]).expect_err(value);
        assert!(all.iter().any(|d| d.code == "A091"), "{value}: {all}");
    }
}

#[test]
fn logic_is_brought_to_another_node_and_nothing_else() {
    let plain = good(&[]);
    let law = "{ from: { node: hp32, supply: 0.9 V }, to: { node: hp16, supply: 0.8 V } }";
    let chip = good(&[("technology", law)]);
    // 0.2958·0.64 − 0.1241·0.8 + 0.03024 over 0.8367·0.81 − 0.4341·0.9 + 0.1701, and 0.01 over 0.025
    let (energy, area) = (0.120_272 / 0.457_137, 0.4);
    let parts = |c: &Chip| resolve::parts(c).into_iter().map(|(name, p)| (name, p.clone())).collect::<Vec<_>>();
    let logic = ["shift_add", "input_register", "output_register", "vector_unit", "control", "router"];
    for ((name, old), (_, new)) in parts(&plain).into_iter().zip(parts(&chip)) {
        if !logic.contains(&old.kind.name()) {
            assert_eq!(old, new, "{name}");
            continue;
        }
        assert_eq!(old.leakage, new.leakage);
        assert!((new.area.value.si() / old.area.value.si() / area - 1.0).abs() < 1e-9, "{name}");
        for ((_, old), (_, new)) in old.energy.iter().zip(&new.energy) {
            assert!((new.value.si() / old.value.si() / energy - 1.0).abs() < 1e-5, "{name}");
            assert!(new.source.to_string().contains("Hp32 at 900 mV to Hp16 at 800 mV"), "{}", new.source);
        }
    }
    for bad in [
        "{ from: { node: hp32, supply: 9 V }, to: { node: hp16, supply: 0.8 V } }",
        "{ from: { node: nm180, supply: 0.5 V }, to: { node: hp16, supply: 0.8 V } }",
    ] {
        let all = with(&[("technology", bad)]).expect_err(bad);
        assert!(all.iter().any(|d| d.code == "A092"), "{all}");
    }
}
