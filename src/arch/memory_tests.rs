//! Memories in arch files: ports, refresh, dynamic memory; what is refused, and the cards of `docs/memories.md`.
#![cfg(test)]

use super::testing::{good, with};
use super::*;
use crate::cost::{Action, PartKind};
use crate::energy::instances;
use crate::sched::{RefreshTiming, machine};

/// A card of the page: the fenced text that begins with this line.
fn card(first: &str) -> &'static str {
    let page = include_str!("../../docs/memories.md");
    let text = page.split("```yaml\n").find(|text| text.starts_with(first)).expect("the page has the card");
    text.split("```").next().expect("a card ends")
}

fn refused(sets: &[(&str, &str)], code: &str, place: &str) {
    let all = with(sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
    let found = all.iter().any(|d| d.code == code && d.message.contains(place));
    assert!(found, "{code} at {place}: {all}");
}

#[test]
fn buffers_have_ports_and_refresh() {
    let plain = machine(&good(&[]));
    assert!(plain.tiles.iter().all(|t| (t.buffer_ports, t.buffer_refresh) == (1, None)));
    assert_eq!((plain.memory.ports, plain.memory.refresh, plain.memory.dram), (1, None, None));
    let ports = "tile.buffer.edram.ports";
    let timing = machine(&good(&[(ports, "2"), ("chip.memory.global_buffer.ports", "3")]));
    assert!(timing.tiles.iter().all(|t| t.buffer_ports == 2));
    assert_eq!(timing.memory.ports, 3);
    refused(&[(ports, "0")], "A045", "0 ports");
    refused(&[("chip.memory.global_buffer.ports", "65")], "A045", "65 ports");
    let refresh = "chip.memory.global_buffer.refresh";
    let chip = good(&[(refresh, card("interval"))]);
    assert_eq!(machine(&chip).memory.refresh, Some(RefreshTiming { interval: 40_000, duration: 520 }));
    let price = chip.memory.part.price(Action::Refresh).expect("a refresh has a price");
    assert!(price.source.is_assumed() && (price.value.si() - 420e-9).abs() < 1e-15, "{price:?}");
    assert!(describe(&chip).contains("refreshed every 40000 cycles for 520 cycles"), "{}", describe(&chip));
    let long = "{ interval: 100 ns, duration: 100 cycles, energy: 1 pJ, source: x }";
    refused(&[(refresh, long)], "A046", "leaves no time");
    refused(
        &[(
            "tile.buffer",
            "{ sram: { capacity: 1 KiB, width: 32 byte, latency: 1 cycle, read: 1 pJ/byte, write: 1 pJ/byte, leakage: 0 W, area: 1 um2, source: x, refresh: { interval: 1 us, duration: 1 cycle, energy: 1 pJ, source: x } } }",
        )],
        "A046",
        "no refresh",
    );
    refused(&[(refresh, "{ interval: 1 us, duration: 1 cycle, energy: -1 pJ, source: x }")], "A031", "price");
}

#[test]
fn dynamic_memory_stands_in_the_place_of_the_global_buffer() {
    let chip = good(&[("chip.memory", card("dram"))]);
    let d = machine(&chip).memory.dram.expect("a dynamic memory");
    // at 1 GHz
    assert_eq!((d.channels, d.banks, d.row_bursts, d.burst_bytes), (1, 16, 128, 64));
    assert_eq!((d.rcd, d.rp, d.cl, d.cwl, d.ras, d.wr), (14, 14, 14, 14, 33, 16));
    assert_eq!((d.rtp, d.wtr, d.rrd, d.faw, d.latency), (8, 8, 5, 22, 20));
    assert_eq!(d.refresh, RefreshTiming { interval: 7800, duration: 350 });
    // tCCD is longer than the 3.33 ns of the data
    assert_eq!((d.burst_1024, d.stream(3)), (5 * 1024, 15));
    let part = &chip.memory.part;
    assert_eq!(part.kind, PartKind::Memory);
    for action in [Action::Activate, Action::Read, Action::Write, Action::Refresh] {
        assert!(part.price(action).is_some_and(|p| !p.source.is_assumed()), "{action:?}");
    }
    assert!(part.area.source.is_assumed() && !part.leakage.source.is_assumed());
    assert_eq!(instances(&chip).iter().filter(|(_, kind)| *kind == PartKind::Memory).count(), 1);
    assert!(describe(&chip).contains("1 channels of 16 banks, rows of 8192 bytes"), "{}", describe(&chip));
    let changed = |from: &str, to: &str| {
        assert!(card("dram").contains(from), "{from}");
        card("dram").replacen(from, to, 1)
    };
    for (from, to, place) in [
        ("channels: 1", "channels: 0", "0 channels"),
        ("banks: 16", "banks: 2000", "2000 banks"),
        ("row: 8 KiB", "row: 100 byte", "a row of"),
        ("bandwidth: 19.2 GB/s", "bandwidth: 0 GB/s", "bytes a cycle"),
        ("t_cl: 13.33 ns", "t_cl: 13.33 ms", "t_cl"),
        ("t_refi: 7.8 us", "t_refi: 360 ns", "every 360 cycles"),
    ] {
        refused(&[("chip.memory", &changed(from, to))], "A047", place);
    }
    refused(&[("chip.memory", &changed("refresh: 695 nJ", "refresh: -1 nJ"))], "A031", "price");
    refused(&[("chip.memory", &changed("burst: 64 byte", "burst: 0 byte"))], "A024", "not usable");
}
