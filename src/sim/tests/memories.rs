//! Memories and the bus, drawn by hand: each moment is looked at one cycle before and in the cycle in which it comes.

use proptest::prelude::*;

use super::super::Owner;
use super::super::queue::Event;
use super::super::routes::Builder;
use super::super::transport::{Purpose, Transport};
use super::mesh::course;
use super::*;
use crate::cost::PartKind;
use crate::sched::RefreshTiming;

/// A way of a tile, for so many bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Job {
    /// Buffer port alone.
    Port(u64),
    /// Buffer port, then bus.
    Read(u64),
    /// Bus alone.
    Bus(u64),
}

/// A tile of which the ways of `jobs` are routes 0, 1, 2, …
pub(super) fn tile(timing: TileTiming, jobs: &[Job]) -> Transport {
    let m = machine([1, 1], timing);
    let mut b = Builder::new(&m);
    for (n, job) in jobs.iter().enumerate() {
        let b = b.begin(StageId::new(0));
        match *job {
            Job::Port(bytes) => b.arrive(TileId::new(0), bytes),
            Job::Read(bytes) => b.read(TileId::new(0), bytes),
            Job::Bus(bytes) => b.bus(TileId::new(0), bytes),
        };
        b.end(Purpose::Deliver { channel: n as u32 });
    }
    b.transport
}

/// Looks at jobs one cycle before the given cycles, in which none may be done, and in them, in which each must be.
pub(super) fn assert_timeline(what: &str, transport: &mut Transport, starts: &[(u64, u32)], ends: &[(u32, u64)]) {
    let course = course(transport, starts);
    let done = |route: u32, by: u64| {
        let over = |(at, e): &(u64, Event)| *at <= by && matches!(e, Event::Done { route: r, .. } if *r == route);
        course.iter().any(over)
    };
    assert_eq!(starts.len(), ends.len(), "{what}: every job has its moment");
    for (route, end) in ends {
        assert!(!done(*route, end - 1), "{what}: job {route} is over in cycle {}", end - 1);
        assert!(done(*route, *end), "{what}: job {route} is not over in cycle {end}");
    }
    println!("TIMELINE {what}: {} moments", ends.len());
}

/// Buffer with one cycle before the first byte, 64 bytes a cycle.
///
/// ```text
/// cycle        0 1 2 3 4 5 6 7 8 9 10
/// one port
///   A 128 B    [A    ]                      asks in 0
///   B 192 B    . . . [B      ]              asks in 0
///   C  64 B    . . . . . . . [C  ]          asks in 0
///   D  64 B            . . . . . [D  ]      asks in 4
/// two ports
///   port       [A    ][C  ]
///   port       [B      ][D  ]               D asks in 4: B's port is free, C has the other until 5
/// ```
#[test]
fn two_ports_serve_two_and_a_third_waits() {
    let jobs = [Job::Port(128), Job::Port(192), Job::Port(64), Job::Port(64)];
    let starts = [(0, 0), (0, 1), (0, 2), (4, 3)];
    let timing = TileTiming { buffer_latency: 1, ..QUICK_TILE };
    assert_timeline("one port", &mut tile(timing, &jobs), &starts, &[(0, 3), (1, 7), (2, 9), (3, 11)]);
    let timing = TileTiming { buffer_ports: 2, ..timing };
    let mut two = tile(timing, &jobs);
    assert_timeline("two ports", &mut two, &starts, &[(0, 3), (1, 4), (2, 5), (3, 6)]);
    assert_eq!(two.busy(1), (3 + 4 + 2 + 2) / 2, "the mean of the ports");
}

/// A port that is kept until the bus is known. Six cycles before the first byte.
///
/// ```text
/// cycle        0 1 2 3 4 5 6 7 8 9 10 … 14 … 17
/// A port       [A            ]                     asks in 0
/// R port+bus         [R            bu]             asks in 3, for the bus in 9: until then its end is not known
/// B port               . . . [B           ]        asks in 4: A's port comes back in 7, R's not before
/// C port                 . . . . .   [C         ]  asks in 5, behind B: R's port in 10, B's in 14
/// ```
#[test]
fn who_waits_for_ports_gets_the_first_that_comes_free() {
    let timing = TileTiming { buffer_latency: 6, buffer_ports: 2, ..QUICK_TILE };
    let jobs = [Job::Port(64), Job::Read(64), Job::Port(64), Job::Port(64)];
    let starts = [(0, 0), (3, 1), (4, 2), (5, 3)];
    assert_timeline("kept port", &mut tile(timing, &jobs), &starts, &[(0, 7), (1, 10), (2, 14), (3, 17)]);
}

/// Refreshed every 20 cycles for 6; 64 bytes a cycle, no latency.
///
/// ```text
/// cycle      19 20 21 22 … 26 27 28 29 … 39 40 … 46 47 … 58 60 … 71 … 77 78
/// rest of it
///   refresh     [20         ]
///   A 64 B             .  .   [A ]                           asks in 22: waits 4 cycles, the rest of the refresh
/// behind an access
///   B 192 B  [B       ]                                      asks in 19, not cut
///   refresh            [22            ]                      due in 20, begins in 22
///   C 64 B         .  .  .  .  .  .    [C ]                  asks in 21
/// in one cycle
///   D 64 B                                [D]                asks in 39
///   refresh                                  [40   ]         due in 40 again: late ones do not move it
///   E 64 B                                   . . . .[E]      asks in 40 as well, and is second
/// postponed by a port that is kept
///   X bus                                                [X: the bus is taken from 55 to 70]
///   R port+bus                                             [R   . . .  bus]         asks in 58, keeps the port to 71
///   refresh                                                   .  .  .     [71 ]     due in 60
///   F 64 B                                                       .  .  .  .    [F]  asks in 62
/// ```
#[test]
fn a_refresh_delays_by_its_rest_and_is_postponed_behind_an_access() {
    let refreshed = TileTiming { buffer_refresh: Some(RefreshTiming { interval: 20, duration: 6 }), ..QUICK_TILE };
    assert_timeline("rest of a refresh", &mut tile(refreshed, &[Job::Port(64)]), &[(22, 0)], &[(0, 27)]);
    assert_timeline("no refresh", &mut tile(QUICK_TILE, &[Job::Port(64)]), &[(22, 0)], &[(0, 23)]);
    let jobs =
        [Job::Port(192), Job::Port(64), Job::Port(64), Job::Port(64), Job::Bus(960), Job::Read(64), Job::Port(64)];
    let starts = [(19, 0), (21, 1), (39, 2), (40, 3), (55, 4), (58, 5), (62, 6)];
    let ends = [(0, 22), (1, 29), (2, 40), (3, 47), (4, 70), (5, 71), (6, 78)];
    let mut all = tile(refreshed, &jobs);
    assert_timeline("postponed refresh", &mut all, &starts, &ends);
    all.settle(79);
    assert_eq!(all.refreshes(1), 3, "of cycles 20, 40, 60");
    all.settle(80);
    assert_eq!(all.refreshes(1), 4);
    assert_eq!(all.busy(1), 3 + 1 + 1 + 1 + (71 - 58) + 1 + 4 * 6);
}

/// A refresh takes both ports: every 20 cycles for 6.
///
/// ```text
/// cycle    16 17 18 19 20 21 22 … 28 29
/// A 192 B           [A       ]             asks in 19
/// B  64 B              .  .  .    [B ]     asks in 20: the other port is free, but the refresh is due
/// refresh              .  .  [22     ]     begins when both are free
/// ```
#[test]
fn a_refresh_takes_all_ports() {
    let refresh = Some(RefreshTiming { interval: 20, duration: 6 });
    let timing = TileTiming { buffer_ports: 2, buffer_refresh: refresh, ..QUICK_TILE };
    let mut t = tile(timing, &[Job::Port(192), Job::Port(64)]);
    assert_timeline("refresh of two ports", &mut t, &[(19, 0), (20, 1)], &[(0, 22), (1, 29)]);
}

/// The bus moves 64 bytes a cycle.
///
/// ```text
/// cycle        0 1 2 3 4 5 6
/// in one cycle
///   A  64 B    [A]                   all ask in 0: the order of the routes
///   B 128 B    . [B  ]
///   C 192 B    . . . [C    ]
/// one after the other
///   C 192 B    [C    ]               asks in 0
///   B 128 B      . . [B  ]           asks in 1
///   A  64 B        . . . [A]         asks in 2: comes later, so it is served later
/// ```
#[test]
fn the_bus_serves_who_comes_first_and_of_equals_the_lower_route() {
    let jobs = [Job::Bus(64), Job::Bus(128), Job::Bus(192)];
    let mut at_once = tile(QUICK_TILE, &jobs);
    assert_timeline("bus, one cycle", &mut at_once, &[(0, 2), (0, 0), (0, 1)], &[(0, 1), (1, 3), (2, 6)]);
    let mut in_turn = tile(QUICK_TILE, &jobs);
    assert_timeline("bus, in turn", &mut in_turn, &[(0, 2), (1, 1), (2, 0)], &[(2, 3), (1, 5), (0, 6)]);
}

/// A bus whose cycle is four of the chip, with one of its own before the first byte.
///
/// ```text
/// cycle         0   4   8   12  16  20
/// A  64 B        .  [A      ]            asks in 1: the edge of 4, then 1 + 1 of its cycles
/// B 128 B           .       [B          ]  asks in 4, an edge: behind A in 12, 1 + 2 of its cycles
/// ```
#[test]
fn a_bus_with_a_clock_of_its_own_begins_at_its_edges() {
    let timing = TileTiming { bus_divider: 4, bus_latency: 1, ..QUICK_TILE };
    let mut t = tile(timing, &[Job::Bus(64), Job::Bus(128)]);
    assert_timeline("bus, own clock", &mut t, &[(1, 0), (4, 1)], &[(0, 12), (1, 24)]);
}

/// What a job of the stepped machine is at.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Outside,
    /// Asks for a port since this cycle.
    AsksPort(u64),
    /// The buffer looks for its bytes until this cycle.
    Finds(u64),
    /// Asks for the bus since this cycle.
    AsksBus(u64),
    /// Moves until this cycle.
    Moves(u64),
    Over(u64),
}

/// The first of those that ask, by cycle and number.
fn first(all: &[Phase], asks: fn(&Phase) -> Option<u64>) -> Option<usize> {
    all.iter().enumerate().filter_map(|(n, p)| Some((asks(p)?, n))).min().map(|(_, n)| n)
}

/// The tile stepped cycle by cycle: in each, what is over leaves, a refresh that is due takes the ports if all are
/// free, then ports and bus go to who asked first. Ends of all jobs, and refreshes begun by then.
fn stepped(t: &TileTiming, jobs: &[(u64, Job)]) -> (Vec<u64>, u64) {
    let mut all = vec![Phase::Outside; jobs.len()];
    let (mut owed, mut refreshing, mut begun) = (0, 0, 0);
    for now in 0.. {
        for (phase, (start, job)) in all.iter_mut().zip(jobs) {
            *phase = match (*phase, job) {
                (Phase::Outside, Job::Bus(_)) if *start == now => Phase::AsksBus(now),
                (Phase::Outside, _) if *start == now => Phase::AsksPort(now),
                (Phase::Finds(until), _) if until == now => Phase::AsksBus(now),
                (Phase::Moves(until), _) if until == now => Phase::Over(now),
                (other, _) => other,
            };
        }
        let holds = |all: &[Phase], bus: bool| {
            let user = |(phase, (_, job)): (&Phase, &(u64, Job))| match (phase, job) {
                (Phase::Moves(_), Job::Bus(_)) => bus,
                (Phase::Moves(_), Job::Port(_)) => !bus,
                (Phase::Moves(_), Job::Read(_)) => true,
                (Phase::Finds(_) | Phase::AsksBus(_), Job::Read(_)) => !bus,
                _ => false,
            };
            all.iter().zip(jobs).filter(|both| user(*both)).count()
        };
        if let Some(r) = t.buffer_refresh {
            owed += u64::from(now > 0 && now % r.interval == 0);
            if owed > 0 && refreshing <= now && holds(&all, false) == 0 {
                (owed, refreshing, begun) = (owed - 1, now + r.duration, begun + 1);
            }
        }
        if all.iter().all(|p| matches!(p, Phase::Over(_))) {
            let end = |p: &Phase| if let Phase::Over(end) = p { *end } else { 0 };
            return (all.iter().map(end).collect(), begun);
        }
        while owed == 0
            && refreshing <= now
            && holds(&all, false) < t.buffer_ports as usize
            && let Some(n) = first(&all, |p| if let Phase::AsksPort(since) = p { Some(*since) } else { None })
        {
            all[n] = match jobs[n].1 {
                Job::Port(bytes) => Phase::Moves(now + t.buffer_latency + bytes.div_ceil(t.buffer_width)),
                _ if t.buffer_latency == 0 => Phase::AsksBus(now),
                _ => Phase::Finds(now + t.buffer_latency),
            };
        }
        while holds(&all, true) == 0
            && let Some(n) = first(&all, |p| if let Phase::AsksBus(since) = p { Some(*since) } else { None })
        {
            let (Job::Bus(bytes) | Job::Read(bytes) | Job::Port(bytes)) = jobs[n].1;
            all[n] = Phase::Moves(now + bytes.div_ceil(t.bus_width));
        }
    }
    unreachable!("every job comes to its end")
}

prop_compose! {
    fn job()(start in 0u64..120, kind in 0usize..3, bytes in 1u64..500) -> (u64, Job) {
        (start, [Job::Port(bytes), Job::Read(bytes), Job::Bus(bytes)][kind])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Ports, refresh and bus in any mixture are what the stepped machine makes of them.
    #[test]
    fn ports_refresh_and_bus_equal_the_stepped_machine(
        jobs in prop::collection::vec(job(), 1..14), latency in 0u64..6, ports in 1u32..4,
        refresh in prop::option::of((2u64..40, 1u64..12)),
    ) {
        let timing = TileTiming {
            buffer_latency: latency,
            buffer_ports: ports,
            buffer_refresh: refresh.map(|(more, duration)| RefreshTiming { interval: duration + more, duration }),
            ..QUICK_TILE
        };
        let list: Vec<Job> = jobs.iter().map(|j| j.1).collect();
        let mut t = tile(timing, &list);
        let starts: Vec<(u64, u32)> = jobs.iter().enumerate().map(|(n, j)| (j.0, n as u32)).collect();
        let mut ends = vec![0; jobs.len()];
        for (now, event) in course(&mut t, &starts) {
            if let Event::Done { route, .. } = event {
                ends[route as usize] = now;
            }
        }
        let last = ends.iter().copied().max().unwrap_or(0);
        t.settle(last);
        prop_assert_eq!((ends, t.refreshes(1)), stepped(&timing, &jobs));
    }
}

/// Every buffer of the mesh refreshes itself to the end of the run, also where nothing happens.
#[test]
fn refreshes_are_counted_up_to_the_end_of_the_run() {
    let timing = TileTiming { buffer_refresh: Some(RefreshTiming { interval: 20, duration: 2 }), ..QUICK_TILE };
    let mut m = machine([2, 1], timing);
    m.memory.refresh = Some(RefreshTiming { interval: 9, duration: 4 });
    let t = one_layer(m, 5, mvm(vec![unit(0, 0, 4, 1)], 64)).run(3);
    for n in 0..2 {
        let owner = Owner::Tile(TileId::new(n));
        assert_eq!(t.refreshes[&(owner, PartKind::Buffer)], t.cycles / 20, "tile {n}");
    }
    assert_eq!(t.busy[&(Owner::Tile(TileId::new(1)), PartKind::Buffer)], t.cycles / 20 * 2);
    assert_eq!(t.refreshes[&(Owner::Memory, PartKind::Memory)], t.cycles / 9);
}
