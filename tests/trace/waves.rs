//! Reads a `trace.vcd` back with the reader of the `vcd` crate.

use std::collections::BTreeMap;

use vcd::{Command, IdCode, Parser, ScopeItem, Value};

/// Values of each wire, by the names of its module and its own: from a cycle on. Timestamps are divided by `ticks`.
pub type Waves = BTreeMap<(String, String), Vec<(u64, u64)>>;

/// Reads a file.
pub fn read(text: &str, ticks: u64) -> Waves {
    let mut parser = Parser::new(text.as_bytes());
    let header = parser.parse_header().expect("a header");
    let mut names: BTreeMap<IdCode, (String, String, u32)> = BTreeMap::new();
    let [ScopeItem::Scope(chip)] = header.items.as_slice() else { panic!("one module for the chip") };
    for group in &chip.items {
        let ScopeItem::Scope(group) = group else { panic!("modules in the chip") };
        for item in &group.items {
            let ScopeItem::Var(var) = item else { panic!("wires in a module") };
            let name = (group.identifier.clone(), var.reference.clone(), var.size);
            assert!(names.insert(var.code, name).is_none(), "two wires with one code");
        }
    }
    let mut waves = Waves::new();
    let (mut cycle, mut last) = (0, None);
    let mut put = |cycle: u64, id: IdCode, bits: &[Value]| {
        let (group, name, width) = names[&id].clone();
        assert_eq!(bits.len(), width as usize, "{name}");
        let value = bits.iter().fold(0, |value, bit| value << 1 | u64::from(*bit == Value::V1));
        let wave = waves.entry((group, name)).or_default();
        assert!(wave.last().is_none_or(|(before, _)| *before < cycle), "one change in a cycle");
        wave.push((cycle, value));
    };
    for command in parser {
        match command.expect("a command") {
            Command::Timestamp(t) => {
                assert!(t % ticks == 0 && last.is_none_or(|before| before < t), "time goes on in cycles: {t}");
                last = Some(t);
                cycle = t / ticks;
            }
            Command::ChangeScalar(id, value) => put(cycle, id, &[value]),
            Command::ChangeVector(id, bits) => put(cycle, id, &bits.iter().collect::<Vec<_>>()),
            Command::Begin(_) | Command::End(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(waves.len(), names.len(), "every wire has a value from the start");
    waves
}

/// Value of a wave in a cycle.
pub fn at(wave: &[(u64, u64)], cycle: u64) -> u64 {
    wave[wave.partition_point(|(from, _)| *from <= cycle) - 1].1
}

/// Sum of a wave over all its cycles; it ends at 0.
pub fn integral(wave: &[(u64, u64)]) -> u64 {
    assert_eq!(wave.last().map(|(_, value)| *value), Some(0));
    wave.windows(2).map(|w| w[0].1 * (w[1].0 - w[0].0)).sum()
}
