//! Several chips in a row: ways over their links by hand, contention, counts.

use super::super::Owner;
use super::mesh::{messages, play};
use super::*;
use crate::cost::{Action, PartKind};
use crate::sched::ChipRow;

/// Two chips of two columns; a link moves 8 bytes in a cycle and takes 10 cycles.
pub(super) fn row(rows: usize, links: usize) -> Machine {
    let mut m = machine([4, rows], QUICK_TILE);
    m.mesh.chips = Some(ChipRow { columns: 2, links, bytes_1024: 8 * 1024, latency: 10 });
    m
}

#[test]
fn a_message_is_gathered_sent_and_goes_on() {
    // 64 bytes are 4 flits: router and link of the first chip, router and the tail (3 cycles) at the gateway,
    // 8 cycles of sending and 10 of flight, then router, link, router and tail, and one cycle to write
    let done = play(&mut messages(&row(1, 1), &[(0, 3, 64)]), &[(0, 0)]);
    assert_eq!(done, [(1 + 1) + (1 + 3) + (8 + 10) + (1 + 1) + (1 + 3) + 1]);
    // the way back is as long
    assert_eq!(play(&mut messages(&row(1, 1), &[(3, 0, 64)]), &[(0, 0)]), done);
}

#[test]
fn a_link_moves_one_message_and_rows_share_links_in_turn() {
    let both = [(0, 0), (0, 1)];
    let tiles = [(1, 2, 64), (5, 6, 64)];
    let shared = play(&mut messages(&row(2, 1), &tiles), &both);
    assert_eq!(shared[1], shared[0] + 8, "the second waits until the first is sent");
    let apart = play(&mut messages(&row(2, 2), &tiles), &both);
    assert_eq!(apart[0], apart[1]);
    assert_eq!(apart[0], shared[0]);
    // opposite directions do not meet
    let crossing = play(&mut messages(&row(1, 1), &[(1, 2, 64), (2, 1, 64)]), &both);
    assert_eq!(crossing, [shared[0]; 2]);
}

#[test]
fn bytes_over_chip_links_are_counted_for_the_chip_that_sends() {
    let mut d = Draft::new(row(1, 1));
    let source = d.stage("input x", 0, 6, Work::Source { bytes: 48 });
    let pool = d.stage("pool", 3, 6, Work::Vector { load_bytes: 48, vector_ops: 1 });
    let sink = d.stage("output", 3, 6, Work::Sink { bytes: 20 });
    d.join(source, pool, Need::Same, 4, 48);
    d.join(pool, sink, Need::Same, 4, 20);
    let t = d.run(2);
    let moved = |chip| {
        let mine = t
            .counts
            .iter()
            .filter(|((o, p, a, _), _)| (*o, *p, *a) == (Owner::Chip(chip), PartKind::ChipLink, Action::Transfer));
        mine.map(|(_, n)| n).sum::<u64>()
    };
    assert_eq!((moved(0), moved(1)), (2 * 6 * 48, 2 * 6 * 20));
    assert_eq!(t.busy[&(Owner::Chip(0), PartKind::ChipLink)], 2 * 6 * 6);
    // a link to itself is no mesh link: one of the three links of the way is between the chips
    let links: u64 = t.counts.iter().filter(|((_, p, ..), _)| *p == PartKind::Link).map(|(_, n)| n).sum();
    assert_eq!(links, 2 * 6 * 2 * (3 + 2));
}
