//! What a traced run writes down: no part works for two at once, every message passes its way once, and the records
//! add up to what the run has counted.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::build::build;
use super::super::{Errand, Hold, Link, StallCause};
use super::flit::flitwise;
use super::repeat::net;
use super::*;
use crate::cost::PartKind;
use crate::sched::ChipRow;

/// Holds of each server in the order in which they were written down.
fn by_server(t: &Timeline) -> BTreeMap<u32, Vec<Hold>> {
    let mut all = BTreeMap::<u32, Vec<Hold>>::new();
    t.recording.holds.iter().for_each(|h| all.entry(h.server).or_default().push(*h));
    all
}

/// Two holds of one part that overlap, if there are any: the law that no resource is booked twice.
pub(super) fn double_booked(t: &Timeline) -> Option<(Hold, Hold)> {
    by_server(t).into_values().find_map(|holds| {
        let wrong = |pair: &&[Hold]| pair[0].until > pair[1].from || pair[1].until < pair[1].from;
        holds.windows(2).find(wrong).map(|pair| (pair[0], pair[1]))
    })
}

/// The parts that a message held, in the order in which it came to them: flits of a message may hold a link several
/// times.
fn parts(holds: &[Hold]) -> Vec<u32> {
    let mut parts: Vec<u32> = Vec::new();
    holds.iter().for_each(|h| {
        if !parts.contains(&h.server) {
            parts.push(h.server);
        }
    });
    parts
}

/// A message that did not pass every part of its way once and in order, or jobs that are not those of the positions.
pub(super) fn astray(t: &Timeline) -> Option<String> {
    let mut messages = BTreeMap::<(u32, u64), Vec<Hold>>::new();
    t.recording.holds.iter().for_each(|h| messages.entry((h.route, h.job)).or_default().push(*h));
    for (number, route) in t.recording.routes.iter().enumerate() {
        let number = number as u32;
        let of_route = || messages.range((number, 0)..(number + 1, 0));
        let Some((_, way)) = of_route().next() else { continue };
        let way = parts(way);
        let jobs = (route.first..route.positions * t.samples as u64).step_by(route.step as usize).count();
        if !of_route().map(|((_, job), _)| *job).eq(0..jobs as u64) {
            return Some(format!("{route:?}: not one job for each of its {jobs} positions"));
        }
        for ((_, job), holds) in of_route() {
            if parts(holds) != way || !holds.is_sorted_by_key(|h| h.from) {
                return Some(format!("{route:?}, job {job}: {holds:?}"));
            }
        }
    }
    None
}

/// Held cycles of each part; they must be its busy cycles.
fn held(t: &Timeline) -> BTreeMap<(super::super::Owner, PartKind), u64> {
    let mut sums = BTreeMap::new();
    for h in &t.recording.holds {
        let s = t.recording.servers[h.server as usize];
        *sums.entry((s.owner, s.part)).or_default() += h.until - h.from;
    }
    sums.retain(|_, cycles| *cycles > 0);
    sums
}

/// Busy cycles of the parts that messages hold.
fn busy(t: &Timeline) -> BTreeMap<(super::super::Owner, PartKind), u64> {
    let held =
        [PartKind::Memory, PartKind::Buffer, PartKind::Bus, PartKind::VectorUnit, PartKind::Link, PartKind::ChipLink];
    t.busy.iter().filter(|((_, part), _)| held.contains(part)).map(|(key, cycles)| (*key, *cycles)).collect()
}

/// All laws of a traced run.
fn lawful(program: &Program, samples: usize) -> Result<(), TestCaseError> {
    let options = SimOptions { samples, trace: true, ..SimOptions::default() };
    let t = run(program, &options).expect("runs");
    prop_assert_eq!(double_booked(&t), None);
    prop_assert_eq!(astray(&t), None);
    prop_assert_eq!(held(&t), busy(&t));
    for (id, c) in program.channels.enumerate() {
        let fillings: Vec<_> = t.recording.fillings.iter().filter(|f| f.channel == id).collect();
        prop_assert!(fillings.iter().all(|f| f.held <= c.capacity as u64));
        prop_assert!(fillings.is_sorted_by_key(|f| f.cycle));
        prop_assert_eq!(fillings.iter().map(|f| f.held).max(), Some(t.peaks[id]));
        prop_assert_eq!(fillings.last().map(|f| f.held), Some(0), "what was made is used up");
    }
    for (id, s) in t.stages.enumerate() {
        let mut sums = BTreeMap::<StallCause, u64>::new();
        for stall in t.recording.stalls.iter().filter(|x| x.stage == id) {
            *sums.entry(stall.cause).or_default() += stall.until - stall.from;
        }
        prop_assert_eq!(&sums, &s.stalls);
    }
    // watching changes nothing
    let unseen = run(program, &SimOptions { samples, whole: true, ..SimOptions::default() }).expect("runs");
    let seen = Timeline { trace: vec![], mvms: vec![], recording: Default::default(), ..t };
    prop_assert_eq!(seen, unseen);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Two tiles, clocks of their own, shared converters, latencies, two chips or one, a mesh of messages or of flits.
    #[test]
    fn parts_are_never_booked_twice(
        positions in 1usize..7, samples in 1usize..4, capacity in prop::array::uniform4(1usize..9),
        steps in prop::array::uniform2(1u64..20), slow in 0u64..300,
        core in prop::array::uniform2((1u64..6, any::<bool>())), bus in (1u64..4, 0u64..3, 1u64..80),
        port in (0u64..4, 1u64..80), vector in (1u64..6, 0u64..5), chips in any::<bool>(), flits in 0usize..4,
    ) {
        let mut program = net(positions, capacity, steps, slow);
        program.machine.cores.iter_mut().zip(core).for_each(|(c, own)| (c.divider, c.shared) = own);
        for t in program.machine.tiles.iter_mut() {
            (t.bus_divider, t.bus_latency, t.bus_width) = bus;
            (t.buffer_latency, t.buffer_width) = port;
            (t.vector_divider, t.vector_latency) = vector;
        }
        if chips {
            program.machine.mesh.chips = Some(ChipRow { columns: 1, links: 2, bytes_1024: 3000, latency: 4 });
        }
        if flits > 0 {
            program.machine = flitwise(program.machine, flits);
        }
        lawful(&program, samples)?;
    }
}

/// One position through source, layer and sink: 64 bytes, a cycle for each access.
///
/// ```text
/// cycle        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18
/// memory       r                                           w    r read, w write
/// routers        . . . .                       .  .  .  .       a router and four flits
/// port                   d l             d  s                   d deliver, l load, s store
/// bus                      l       r     d  s                   r result
/// crossbar                   f c a                              front end, conversion, addition
/// vector unit                         v
/// ```
#[test]
fn the_holds_of_one_position_are_as_drawn_by_hand() {
    let d = one_layer(machine([1, 1], QUICK_TILE), 1, mvm(vec![unit(0, 0, 1, 1)], 64));
    let t = d.run(1);
    let drawn: Vec<(&str, PartKind, u64, u64)> = t
        .recording
        .holds
        .iter()
        .map(|h| {
            let part = t.recording.servers[h.server as usize].part;
            (t.recording.routes[h.route as usize].errand.name(), part, h.from, h.until)
        })
        .collect();
    use PartKind::{Buffer, Bus, Memory, VectorUnit};
    assert_eq!(
        drawn,
        [
            // the global buffer yields the position; a router and four flits bring it to the tile in cycle 5
            ("read", Memory, 0, 1),
            ("deliver", Buffer, 5, 6),
            // port and bus move it together into the input register
            ("load", Buffer, 6, 7),
            ("load", Bus, 6, 7),
            // front end 7 to 8, conversion 8 to 9, addition 9 to 10: the result leaves
            ("result", Bus, 10, 11),
            ("operate", VectorUnit, 11, 12),
            ("deliver", Buffer, 12, 13),
            ("deliver", Bus, 12, 13),
            ("store", Buffer, 13, 14),
            ("store", Bus, 13, 14),
            // router and four flits again
            ("store", Memory, 18, 19),
        ]
    );
    let [m] = t.mvms.as_slice() else { unreachable!("one MVM") };
    assert_eq!((m.loaded, m.begun, m.ready, m.sent), (7, 7, 10, 11));
    // a position stands in the first buffer from its arrival until it is loaded
    let held: Vec<_> = t.recording.fillings.iter().map(|f| (f.channel.index(), f.cycle, f.held)).collect();
    assert_eq!(held, [(0, 6, 1), (0, 7, 0), (1, 13, 1), (1, 14, 0)]);
    let waits: Vec<_> = t.recording.stalls.iter().map(|s| (s.stage.index(), s.cause, s.from, s.until)).collect();
    assert_eq!(waits, [(1, StallCause::Input, 0, 6), (2, StallCause::Input, 0, 13)]);
}

/// Messages know their sample and position, also where copies of a layer take positions in turn.
#[test]
fn jobs_are_positions() {
    let program = net(5, [2, 3, 6, 9], [8, 3], 20);
    let t = run(&program, &SimOptions { samples: 2, trace: true, ..SimOptions::default() }).expect("runs");
    let b = StageId::new(2);
    let loads: Vec<_> = (0u32..)
        .zip(&t.recording.routes)
        .filter(|(_, r)| r.stage == b && matches!(r.errand, Errand::Load { .. }))
        .map(|(n, r)| (r.first, r.step, (0..5).map(|job| t.recording.position(n, job)).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        loads,
        [(0, 2, vec![(0, 0), (0, 2), (0, 4), (1, 1), (1, 3)]), (1, 2, vec![(0, 1), (0, 3), (1, 0), (1, 2), (1, 4)])]
    );
    let of_copies: Vec<_> =
        t.mvms.iter().filter(|m| m.stage == b).map(|m| (m.xbar.index(), m.sample, m.position)).collect();
    assert_eq!(of_copies[..3], [(2, 0, 0), (2, 0, 2), (2, 0, 4)]);
    assert_eq!(of_copies[5..7], [(3, 0, 1), (3, 0, 3)]);
}

/// Records that are too many end at a cycle; before it nothing is missing.
#[test]
fn a_cut_recording_is_whole_up_to_the_cut() {
    let program = net(6, [2, 3, 6, 9], [8, 3], 20);
    let (samples, most) = (3, 100);
    let traced = |most: Option<usize>| {
        let mut setup = build(&program, samples, true);
        if let (Some(most), Some(recorder)) = (most, &mut setup.world.transport.recorder) {
            recorder.most = most;
            recorder.messages.most = most / 4;
        }
        setup.world.run(1 << 40, samples, true);
        setup.timeline(&program, samples)
    };
    let (whole, part) = (traced(None), traced(Some(most)));
    let cut = part.recording.cut.expect("there are more");
    assert!(whole.recording.cut.is_none() && cut < whole.cycles);
    let before = |t: &Timeline| {
        let key = |h: &Hold| (h.from, h.server, h.route, h.job);
        let mut holds: Vec<_> = t.recording.holds.iter().map(key).filter(|h| h.0 < cut).collect();
        holds.sort_unstable();
        let fillings: Vec<_> = t.recording.fillings.iter().copied().filter(|f| f.cycle < cut).collect();
        (holds, fillings)
    };
    assert_eq!(before(&part), before(&whole));
    assert_eq!(part.recording.holds.len(), before(&part).0.len(), "nothing that begins behind the cut");
    assert!((most / 2..=most).contains(&part.recording.holds.len()));
    assert!(whole.recording.holds.len() > 2 * most);
    assert_eq!((part.cycles, part.mvms.len()), (whole.cycles, whole.mvms.len()), "the run goes on");
    // messages have a cut of their own
    let (messages, cut) = (&whole.recording.messages, part.recording.messages_cut.expect("there are more"));
    let before: Vec<_> = messages.iter().filter(|m| m.start < cut).copied().collect();
    assert!(before.len() > most / 8 && messages.len() > most / 2 && whole.recording.messages_cut.is_none());
    assert_eq!(part.recording.messages, before);
}

/// Link heat by hand: four messages of 64 bytes from tile 0 to tile 1, which are four flits each.
#[test]
fn links_say_what_went_over_them() {
    let program = |chips: Option<ChipRow>| {
        let mut m = machine([2, 1], QUICK_TILE);
        m.mesh.chips = chips;
        let mut d = Draft::new(m);
        let source = d.stage("input x", 0, 4, Work::Source { bytes: 64 });
        let there = d.stage("there", 1, 4, Work::Vector { load_bytes: 64, vector_ops: 64 });
        let sink = d.stage("output", 0, 4, Work::Sink { bytes: 32 });
        d.join(source, there, Need::Same, 4, 64);
        d.join(there, sink, Need::Same, 4, 32);
        d.program
    };
    let heat = |chips: Option<ChipRow>, samples: usize| {
        let t = run(&program(chips), &SimOptions { samples, ..SimOptions::default() }).expect("runs");
        t.links.iter().map(|l| (l.link, [l.messages, l.flits, l.bytes, l.busy])).collect::<Vec<_>>()
    };
    let tiles = |a, b| Link::Tiles(TileId::new(a), TileId::new(b));
    let each = [(tiles(0, 1), [4, 16, 256, 16]), (tiles(1, 0), [4, 8, 128, 8])];
    assert_eq!(heat(None, 1), each);
    // also where most samples of a batch are left out
    assert_eq!(heat(None, 50), each.map(|(link, sums)| (link, sums.map(|n| 50 * n))));
    // 64 bytes take 32 cycles over a link of 2 bytes in a cycle; the other link belongs to another row of the mesh
    let row = ChipRow { columns: 1, links: 2, bytes_1024: 2048, latency: 4 };
    let chips = |from, to, lane| Link::Chips { from, to, lane };
    assert_eq!(
        heat(Some(row), 1),
        [
            (chips(0, 1, 0), [4, 16, 256, 128]),
            (chips(0, 1, 1), [0; 4]),
            (chips(1, 0, 0), [4, 8, 128, 64]),
            (chips(1, 0, 1), [0; 4])
        ]
    );
}
