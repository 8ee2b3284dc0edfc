//! Both writers on a run put together by hand: two positions of a layer that overlap on its crossbar.

/// Laws of `trace.json`.
#[path = "../../../tests/trace/laws.rs"]
mod laws;
/// The reader of `trace.vcd`.
#[path = "../../../tests/trace/waves.rs"]
mod waves;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::Traced;
use super::chrome::Scale;
use super::picture::Picture;
use super::tracks::Names;
use super::vcd::{Timescale, identifier};
use crate::arch::{Chip, CoreId, TileId, XbarId};
use crate::cost::PartKind;
use crate::id::{Id, IdVec};
use crate::lower::LayerId;
use crate::sched::{Channel, ChannelId, MvmUnit, Need, Program, Stage, StageId, Work, machine};
use crate::sim::{
    Errand, Filling, Hold, MessageTime, MvmTime, Owner, PositionTime, Recording, Stall, StallCause, Timeline,
    TracedRoute, TracedServer,
};

fn chip() -> Chip {
    crate::arch::load_str("t", include_str!("../../../arch/mos2_tile.yaml"), &[]).expect("the shipped chip")
}

/// An input, a layer on crossbar 0 with a name that no VCD reader takes, an output; two positions each.
fn program(chip: &Chip) -> Program {
    let unit = MvmUnit {
        xbar: XbarId::new(0),
        core: CoreId::new(0),
        load_bytes: 48,
        steps: 8,
        paced: None,
        convert_paced: None,
        rows_driven: 100,
        digits_counted: 0,
        columns: 16,
        rounds: 1,
        conversions: 16,
        result_bytes: 32,
    };
    let layer = Work::Mvm { layer: LayerId::new(0), replicas: vec![vec![unit]], vector_ops: 16 };
    let c = ChannelId::new;
    let stage = |name: &str, work, inputs, outputs| Stage {
        name: name.into(),
        node: None,
        tile: TileId::new(0),
        positions: 2,
        work,
        inputs,
        outputs,
    };
    let channel = |from, bytes| Channel {
        from: StageId::new(from),
        to: StageId::new(from + 1),
        bytes,
        positions: 2,
        need: Need::Same,
        capacity: 2,
    };
    let stages = [
        stage("input x", Work::Source { bytes: 48 }, vec![], vec![c(0)]),
        stage("/conv/1", layer, vec![c(0)], vec![c(1)]),
        stage("output", Work::Sink { bytes: 16 }, vec![c(1)], vec![]),
    ];
    Program {
        machine: machine(chip),
        stages: stages.into_iter().collect(),
        channels: [channel(0, 48), channel(1, 16)].into_iter().collect(),
    }
}

/// ```text
/// cycle          0    5    10   15   20   25   30   35   40
/// memory         [0-2)[2-4)
/// port                [4-6)  [9-12)                        and [12-14) without a pause
/// bus                        [10-12)[12-14)  [30-31) [40-41)
/// crossbar                      0:   12 .......... 30
///                               1:   14 . 20 ................ 40
/// vector unit                                      [31-33)  [41-41)
/// ```
fn timeline() -> Timeline {
    let tile = Owner::Tile(TileId::new(0));
    let parts = [
        (Owner::Memory, PartKind::Memory),
        (tile, PartKind::Buffer),
        (tile, PartKind::Bus),
        (tile, PartKind::VectorUnit),
    ];
    let xbar = XbarId::new(0);
    let channel = ChannelId::new(0);
    let route = |stage, errand, amount| TracedRoute {
        stage: StageId::new(stage),
        errand,
        amount,
        first: 0,
        step: 1,
        positions: 2,
    };
    // both positions
    let both = |server, route, times: [(u64, u64); 2]| {
        [0, 1].map(|job| Hold { server, route, job: job as u64, from: times[job].0, until: times[job].1 })
    };
    let holds = [
        both(0, 0, [(0, 2), (2, 4)]),
        both(1, 1, [(4, 6), (6, 8)]),
        both(1, 2, [(9, 12), (12, 14)]),
        both(2, 2, [(10, 12), (12, 14)]),
        both(2, 3, [(30, 31), (40, 41)]),
        // an operation without length: no flow can be bound to it
        both(3, 4, [(31, 33), (41, 41)]),
    ];
    let filling = |cycle, held| Filling { channel, cycle, held };
    let stage = StageId::new(1);
    let mvm =
        |position, loaded, begun, ready, sent| MvmTime { stage, sample: 0, position, xbar, loaded, begun, ready, sent };
    let message = |ends: [usize; 2], flits, start| {
        let [from, to] = ends.map(TileId::new);
        MessageTime { stage, from, to, flits, start, end: start + 9 }
    };
    let position = |position, start, end| PositionTime { stage, sample: 0, position, start, end };
    Timeline {
        samples: 1,
        cycles: 50,
        finished: vec![50],
        trace: vec![position(0, 9, 35), position(1, 12, 45)],
        mvms: vec![mvm(0, 12, 12, 30, 31), mvm(1, 14, 20, 40, 41)],
        recording: Recording {
            servers: parts.map(|(owner, part)| TracedServer { owner, part, lane: 0 }).to_vec(),
            routes: vec![
                route(0, Errand::Read, 48),
                route(0, Errand::Deliver { channel }, 48),
                route(1, Errand::Load { xbar }, 48),
                route(1, Errand::Result { xbar }, 32),
                route(1, Errand::Operate, 16),
            ],
            holds: holds.into_iter().flatten().collect(),
            fillings: vec![filling(6, 1), filling(8, 2), filling(12, 1), filling(14, 0)],
            stalls: vec![
                Stall { stage, cause: StallCause::Input, from: 0, until: 6 },
                Stall { stage, cause: StallCause::Full, from: 6, until: 9 },
            ],
            messages: vec![message([0, 1], 3, 4), message([3, 0], 0, 9), message([2, 0], 1, 17)],
            ..Recording::default()
        },
        ..Timeline::default()
    }
}

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the messages of the run are as packets: that without bytes is none.
const PACKETS: &str = "cycle,source,destinations,flits\n4,0,1,3\n17,2,0,1\n";

/// The files for viewers; that of packets is compared at once.
fn written(chip: &Chip, timeline: &Timeline) -> [String; 2] {
    let program = program(chip);
    let mut files = Vec::new();
    Traced { chip, program: &program, timeline }
        .write(|name| {
            let file = Memory::default();
            files.push((name.to_owned(), file.clone()));
            Ok(file)
        })
        .unwrap();
    assert_eq!(files.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), super::TRACE_FILES);
    assert_eq!(files.pop().map(|f| String::from_utf8(f.1.0.lock().unwrap().clone())), Some(Ok(PACKETS.into())));
    [0, 1].map(|n| String::from_utf8(files[n].1.0.lock().unwrap().clone()).unwrap())
}

#[test]
fn slices_and_flows_are_those_of_the_records() {
    let chip = chip();
    let [json, _] = written(&chip, &timeline());
    let counted = laws::check(&json).unwrap();
    // layers, buffers between them, global buffer, tile 0
    assert_eq!((counted.processes, counted.slices), (4, 12 + 5 + 2 + 2));
    // two deliveries with the reads that yield them, two loads, two results (the read itself has one part)
    assert_eq!((counted.flows, counted.counters), (6, 1));
    let events: Value = serde_json::from_str(&json).unwrap();
    let events = events["traceEvents"].as_array().unwrap().clone();
    let names: Vec<&str> =
        events.iter().filter(|e| e["name"] == "thread_name").map(|e| e["args"]["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "/conv/1",
            "/conv/1 (2)",
            "/conv/1: waits",
            "port",
            "buffer port",
            "bus",
            "vector unit",
            "core 0 crossbar 0: input",
            "core 0 crossbar 0",
            "core 0 crossbar 0 (2)",
            "core 0 crossbar 0: output"
        ]
    );
    let find = |name: &str, tid: u64| {
        let found: Vec<&Value> = events.iter().filter(|e| e["ph"] == "X" && e["name"] == name).collect();
        let first = found.iter().map(|e| e["tid"].as_u64().unwrap()).min().unwrap();
        (**found.iter().find(|e| e["tid"].as_u64().unwrap() == first + tid).unwrap()).clone()
    };
    // the load of position 0 holds the port while it waits for the bus, one track above
    let [port, bus] = [0, 1].map(|tid| find("load /conv/1 0", tid));
    assert_eq!((port["ts"].as_f64(), port["dur"].as_f64()), (Some(0.009), Some(0.003)));
    assert_eq!((bus["ts"].as_f64(), bus["dur"].as_f64()), (Some(0.01), Some(0.002)));
    assert_eq!(bus["args"]["bytes"], 48);
    assert_eq!((&bus["args"]["from_cycle"], &bus["args"]["until_cycle"]), (&10.into(), &12.into()));
    assert_eq!(find("operate /conv/1 0", 0)["args"]["lane_operations"], 16);
    assert_eq!(find("deliver input x 1", 0)["args"]["to"], "/conv/1");
    // the second MVM begins while the first is on its way: it has a track of its own
    let [first, second] = [0, 1].map(|n| find(&format!("MVM of /conv/1 {n}"), 0));
    assert_eq!(second["tid"].as_u64(), first["tid"].as_u64().map(|t| t + 1));
    assert_eq!(
        find("vector of /conv/1 1", 0)["args"]["from_cycle"],
        14,
        "it waits while the first is at the front end"
    );
    // the load of position 1: port and bus at 12, then its MVM, not the first one
    let steps: Vec<(String, f64, u64)> = events
        .iter()
        .filter(|e| e["cat"] == "flow" && e["name"] == "vector to crossbar")
        .filter(|e| e["id"] == events.iter().find(|f| f["ph"] == "f" && f["tid"] == second["tid"]).unwrap()["id"])
        .map(|e| (e["ph"].as_str().unwrap().into(), e["ts"].as_f64().unwrap(), e["tid"].as_u64().unwrap()))
        .collect();
    let [port, bus] = [&port, &bus].map(|e| e["tid"].as_u64().unwrap());
    let end = second["tid"].as_u64().unwrap();
    assert_eq!(steps, [("s".into(), 0.012, port), ("t".into(), 0.012, bus), ("f".into(), 0.02, end)]);
    let counter: Vec<(f64, u64)> = events
        .iter()
        .filter(|e| e["ph"] == "C")
        .map(|e| (e["ts"].as_f64().unwrap(), e["args"]["positions"].as_u64().unwrap()))
        .collect();
    assert_eq!(counter, [(0.006, 1), (0.008, 2), (0.012, 1), (0.014, 0)]);
    let waits: Vec<&str> = events.iter().filter(|e| e["cat"] == "wait").map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(waits, [StallCause::Input.reason(), StallCause::Full.reason()]);
}

/// Every wire has in every cycle as many things as the records say.
#[test]
fn waves_are_those_of_the_records() {
    let (chip, t) = (chip(), timeline());
    let [_, vcd] = written(&chip, &t);
    let waves = waves::read(&vcd, 1);
    assert_eq!(waves.len(), 11, "{:?}", waves.keys());
    let value = |group: &str, name: &str, cycle| waves::at(&waves[&(group.into(), name.into())], cycle);
    let held = |server: u32, cycle| {
        t.recording.holds.iter().filter(|h| h.server == server && (h.from..h.until).contains(&cycle)).count() as u64
    };
    let mvms = |phase: fn(&MvmTime) -> std::ops::Range<u64>, cycle| {
        t.mvms.iter().filter(|m| phase(m).contains(&cycle)).count() as u64
    };
    assert_eq!(waves::integral(&waves[&("tile_0".into(), "bus".into())]), 6);
    for cycle in 0..t.cycles {
        assert_eq!(value("global_buffer", "port", cycle), held(0, cycle), "{cycle}");
        assert_eq!(value("tile_0", "buffer_port", cycle), held(1, cycle), "{cycle}");
        assert_eq!(value("tile_0", "bus", cycle), held(2, cycle), "{cycle}");
        assert_eq!(value("tile_0", "vector_unit", cycle), held(3, cycle), "{cycle}");
        let xbar = "core_0_crossbar_0";
        assert_eq!(value("tile_0", &format!("{xbar}_input"), cycle), mvms(|m| m.loaded..m.begun, cycle));
        assert_eq!(value("tile_0", xbar, cycle), mvms(|m| m.begun..m.ready, cycle), "{cycle}");
        assert_eq!(value("tile_0", &format!("{xbar}_output"), cycle), mvms(|m| m.ready..m.sent, cycle));
        let works = t.trace.iter().filter(|p| (p.start..p.end).contains(&cycle)).count() as u64;
        assert_eq!(value("layers", "layer1_conv_1", cycle), works, "{cycle}");
        let waits = if cycle < 6 { 1 } else { 3 * u64::from(cycle < 9) };
        assert_eq!(value("layers", "layer1_conv_1_waits", cycle), waits, "{cycle}");
        let filled = [(6, 1), (8, 2), (12, 1), (14, 0)].iter().rev().find(|(from, _)| *from <= cycle);
        assert_eq!(value("buffers", "buffer0_input_x_to_conv_1", cycle), filled.map_or(0, |f| f.1), "{cycle}");
    }
}

#[test]
fn a_cut_is_said_in_both_files() {
    let chip = chip();
    let mut t = timeline();
    t.recording.cut = Some(13);
    t.recording.holds.retain(|h| h.from < 13);
    let [json, vcd] = written(&chip, &t);
    let counted = laws::check(&json).unwrap();
    assert!(json.contains("\"cut_at_cycle\":13") && json.contains("records end here"), "{json}");
    assert!(vcd.contains("records end in cycle 13"));
    // the second MVM was loaded in cycle 14
    assert!(!json.contains("MVM of /conv/1 1") && counted.slices > 8);
    let program = program(&chip);
    let traced = Traced { chip: &chip, program: &program, timeline: &t };
    assert!(traced.warning().is_some_and(|w| w.message.contains("cycle 13 of 50")));
    assert!(Traced { timeline: &timeline(), ..traced }.warning().is_none());
}

/// What Perfetto makes of a time, which it cuts down, is the nanosecond that was meant; two cycles never become one.
#[test]
fn times_are_exact() {
    let read = |micro: f64| (micro * 1000.0) as u64;
    let scale = Scale::new(1e9);
    for cycle in (0..20_000).chain((1 << 40)..(1 << 40) + 20_000) {
        assert_eq!(read(scale.microseconds(cycle)), cycle);
    }
    let slow = Scale::new(10e6);
    assert_eq!((read(slow.microseconds(7)), slow.microseconds(10)), (700, 1.0));
    let fast = Scale::new(1.28e9);
    assert!((0..1000).all(|c| read(fast.microseconds(c)) == c), "a nanosecond stands for a shorter cycle");
    let odd = Scale::new(0.7e9);
    assert!((0..1000).all(|c| read(odd.microseconds(c + 1)) > read(odd.microseconds(c))));
}

#[test]
fn timescales_hold_whole_cycles() {
    let text = |hz: f64| format!("{:?}", Timescale::new(hz));
    for (hz, number, unit, ticks) in
        [(1e9, 1, "NS", "1.0"), (10e6, 100, "NS", "1.0"), (1.28e9, 10, "FS", "78125.0"), (2e9, 100, "PS", "5.0")]
    {
        assert_eq!(text(hz), format!("Timescale {{ number: {number}, unit: {unit}, ticks: {ticks} }}"));
    }
    assert!(text(3e9).contains("number: 1, unit: FS, ticks: 333333.3"), "{}", text(3e9));
    assert_eq!(identifier("core 0 crossbar 1: input"), "core_0_crossbar_1_input");
    assert_eq!(identifier("/features/0/Conv"), "features_0_Conv");
}

/// Nothing that is not traced has a picture.
#[test]
fn an_empty_run_writes_empty_files() {
    let chip = chip();
    let program = Program { machine: machine(&chip), stages: IdVec::new(), channels: IdVec::new() };
    let timeline = Timeline::default();
    assert!(Picture::new(Names { chip: &chip, program: &program }, &timeline).tracks().is_empty());
}
