//! The timing core against a Verilog model of a core's sequencer and its bus (`tests/rtl/`), cycle for cycle.
//!
//! The model is written from the module pages of `src/sim`, compiled once by Icarus Verilog, and run with random
//! configurations as plusargs. What is compared: the cycle of each load, first front end, ready and sent result of
//! every MVM. A part that takes a cycle more on either side must be seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use archsim::arch::{BackEnd, CoreId, TileId, XbarId};
use archsim::id::{Id, IdVec};
use archsim::lower::LayerId;
use archsim::rng::{Domain, Draw};
use archsim::sched::{
    Channel, CoreTiming, Gates, Machine, MemoryTiming, MeshTiming, MvmUnit, Need, Program, Stage, StageId, TileTiming,
    Work,
};
use archsim::sim::{SimOptions, run};
use rayon::prelude::*;

/// Configurations that are compared.
const CONFIGURATIONS: u64 = 240;

/// Cycles of each event, by name and crossbar, MVM by MVM.
type Events = BTreeMap<(&'static str, usize), Vec<u64>>;

/// A machine of one core, two tiles (the second one takes the results) and one layer.
#[derive(Debug, Clone)]
struct Configuration {
    positions: usize,
    core: CoreTiming,
    tile: TileTiming,
    memory_latency: u64,
    units: Vec<MvmUnit>,
    vector_ops: u64,
    deliver_bytes: u64,
}

impl Configuration {
    /// Configuration `number`: the same on every machine.
    fn random(number: u64) -> Self {
        let mut tick = 0;
        let mut pick = |low: u64, high: u64| {
            tick += 1;
            let word = Draw { seed: 6, domain: Domain::Explore, element: number, tick }.words(0)[0];
            low + u64::from(word) % (high - low + 1)
        };
        let core = CoreTiming {
            tile: TileId::new(0),
            divider: pick(1, 8),
            drive: pick(0, 3),
            integrate: pick(1, 8),
            sample: pick(0, 2),
            shared: pick(0, 1) == 1,
            convert: pick(1, 5),
            fill: pick(0, 5),
            shift_add: pick(1, 5),
            hold_banks: pick(1, 2) as u8,
            back_end: if pick(0, 1) == 1 { BackEnd::Serial } else { BackEnd::Pipelined },
            output_register: pick(0, 4),
            input_slots: pick(1, 2) as u8,
        };
        let tile = TileTiming {
            x: 0,
            y: 0,
            bus_divider: pick(1, 8),
            bus_width: 8 << pick(0, 3),
            bus_latency: pick(0, 2),
            buffer_width: 8 << pick(0, 3),
            buffer_latency: pick(0, 3),
            buffer_bytes: 65536,
            buffer_ports: 1,
            buffer_refresh: None,
            vector_divider: pick(1, 5),
            vector_lanes: 16,
            vector_latency: pick(0, 4),
        };
        let units = (0..pick(1, 3) as usize)
            .map(|n| MvmUnit {
                xbar: XbarId::new(n),
                core: CoreId::new(0),
                load_bytes: pick(1, 200),
                steps: pick(1, 4),
                paced: None,
                convert_paced: None,
                rows_driven: 1,
                digits_counted: 0,
                columns: 1,
                rounds: pick(1, 4),
                conversions: 1,
                result_bytes: pick(1, 200),
            })
            .collect();
        // a third of them with a vector unit that holds results back
        let most = if pick(0, 2) == 0 { 2000 } else { 100 };
        let vector_ops = pick(1, most);
        let (positions, memory_latency, deliver_bytes) = (pick(3, 6) as usize, pick(0, 9), pick(1, 200));
        Self { positions, core, tile, memory_latency, units, vector_ops, deliver_bytes }
    }

    /// Source (one position that all of the layer needs, in no time over the mesh), layer, sink on the other tile.
    fn program(&self) -> Program {
        let stage = |name: &str, tile, positions, work| Stage {
            name: name.into(),
            node: None,
            tile: TileId::new(tile),
            positions,
            work,
            inputs: vec![],
            outputs: vec![],
        };
        let (n, replicas) = (self.positions, vec![self.units.clone()]);
        let layer = Work::Mvm { layer: LayerId::new(0), replicas, vector_ops: self.vector_ops };
        let stages = [
            stage("input", 0, 1, Work::Source { bytes: 1 }),
            stage("layer", 0, n, layer),
            stage("output", 1, n, Work::Sink { bytes: 1 }),
        ];
        let machine = Machine {
            tiles: [self.tile, TileTiming { x: 1, ..self.tile }].into_iter().collect(),
            cores: [self.core].into_iter().collect(),
            mesh: MeshTiming {
                grid: [2, 1],
                flit_bytes: 16,
                router: 0,
                link: 1,
                buffer_flits: 4,
                flits: None,
                chips: None,
            },
            memory: MemoryTiming { width: 1, latency: self.memory_latency, ports: 1, refresh: None, dram: None },
            gates: Gates::default(),
        };
        let mut program = Program { machine, stages: stages.into_iter().collect(), channels: IdVec::new() };
        for (from, bytes, positions, need, capacity) in
            [(0, 0, 1, Need::All, 1), (1, self.deliver_bytes, n, Need::Same, n)]
        {
            let (from, to) = (StageId::new(from), StageId::new(from + 1));
            let id = program.channels.push(Channel { from, to, bytes, positions, need, capacity });
            program.stages[from].outputs.push(id);
            program.stages[to].inputs.push(id);
        }
        program
    }

    /// What the simulator says.
    fn simulated(&self) -> Events {
        let options = SimOptions { trace: true, ..SimOptions::default() };
        let timeline = run(&self.program(), &options).unwrap_or_else(|e| panic!("{self:?}: {e}"));
        let mut events = Events::new();
        for m in &timeline.mvms {
            let of = [("load", m.loaded), ("front", m.begun), ("ready", m.ready), ("sent", m.sent)];
            of.into_iter().for_each(|(name, at)| events.entry((name, m.xbar.index())).or_default().push(at));
        }
        events
    }

    /// What the Verilog says, with a part named that takes a cycle more.
    fn verilog(&self, model: &Path, mutation: Option<&str>) -> Events {
        let (c, t) = (&self.core, &self.tile);
        let each = |f: fn(&MvmUnit) -> u64| {
            let all: Vec<String> = self.units.iter().map(|u| f(u).to_string()).collect();
            all.join(",")
        };
        // the source reads one byte, and the buffer port writes it
        let start = 1 + self.memory_latency + t.buffer_latency;
        let serial = u64::from(c.back_end == BackEnd::Serial);
        let numbers = [
            ("xbars", self.units.len() as u64),
            ("positions", self.positions as u64),
            ("start", start),
            ("core_div", c.divider),
            ("bus_div", t.bus_divider),
            ("vector_div", t.vector_divider),
            ("drive", c.drive),
            ("integrate", c.integrate),
            ("sample", c.sample),
            ("fill", c.fill),
            ("convert", c.convert),
            ("shift_add", c.shift_add),
            ("output_register", c.output_register),
            ("hold_banks", c.hold_banks.into()),
            ("input_slots", c.input_slots.into()),
            ("serial", serial),
            ("shared", c.shared.into()),
            ("bus_latency", t.bus_latency),
            ("bus_width", t.bus_width),
            ("port_latency", t.buffer_latency),
            ("port_width", t.buffer_width),
            ("vector_latency", t.vector_latency),
            ("vector_lanes", t.vector_lanes),
            ("vector_ops", self.vector_ops),
            ("deliver_bytes", self.deliver_bytes),
        ];
        let lists = [
            ("steps", each(|u| u.steps)),
            ("rounds", each(|u| u.rounds)),
            ("load_bytes", each(|u| u.load_bytes)),
            ("result_bytes", each(|u| u.result_bytes)),
        ];
        let mut vvp = Command::new("vvp");
        vvp.arg("-n").arg(model);
        vvp.args(numbers.iter().map(|(name, n)| format!("+{name}={n}")));
        vvp.args(lists.iter().map(|(name, list)| format!("+{name}={list}")));
        vvp.args(mutation.map(|m| format!("+mutate={m}")));
        let output = vvp.output().expect("vvp runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.lines().last() == Some("DONE"), "{self:?}\n{text}{}", String::from_utf8_lossy(&output.stderr));
        let mut events = Events::new();
        for words in text.lines().filter_map(|l| l.strip_prefix("E ")).map(|l| l.split(' ').collect::<Vec<_>>()) {
            let name = ["load", "front", "ready", "sent"].into_iter().find(|n| *n == words[0]).expect("a known event");
            let number = |at: usize| words[at].parse::<u64>().expect("a number");
            events.entry((name, number(1) as usize)).or_default().push(number(2));
        }
        events
    }

    /// Results that waited in the accumulator for the output register, and results that waited for the bus.
    fn stalls(&self, events: &Events) -> (usize, usize) {
        let (c, t) = (&self.core, &self.tile);
        let (mut full, mut bus) = (0, 0);
        for (n, unit) in self.units.iter().enumerate() {
            let (ready, sent) = (&events[&("ready", n)], &events[&("sent", n)]);
            let emptied = |at: &u64| at.next_multiple_of(c.divider) + c.divider * c.output_register;
            full += ready[1..].iter().zip(sent).filter(|(r, s)| **r == emptied(s)).count();
            let time = t.bus_divider * (t.bus_latency + unit.result_bytes.div_ceil(t.bus_width));
            let at_once = |at: &u64| at.next_multiple_of(t.bus_divider) + time;
            bus += ready.iter().zip(sent).filter(|(r, s)| **s > at_once(r)).count();
        }
        (full, bus)
    }
}

/// The compiled model, or none where there is no Icarus Verilog.
fn model() -> Option<PathBuf> {
    if Command::new("iverilog").arg("-V").output().is_err() {
        eprintln!("SKIPPED: iverilog is not installed (tests/install-simulators.sh); the sequencer was not compared");
        return None;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rtl");
    let model = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sequencer-{}.vvp", std::process::id()));
    let sources = ["sequencer.v", "testbench.v"].map(|f| folder.join(f));
    let output = Command::new("iverilog").args(["-g2012", "-Wall", "-o"]).arg(&model).args(sources).output();
    let output = output.expect("iverilog runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(model)
}

/// Parts of the Verilog that can be told to take a cycle more.
const VERILOG: [&str; 10] =
    ["drive", "integrate", "sample", "fill", "convert", "shift_add", "output_register", "bus", "port", "vector"];

type Change = fn(&mut Configuration);

/// The same on our side: a cycle more, or the other choice.
const OURS: [(&str, Change); 16] = [
    ("drive", |c| c.core.drive += 1),
    ("integrate", |c| c.core.integrate += 1),
    ("sample", |c| c.core.sample += 1),
    ("convert", |c| c.core.convert += 1),
    ("fill", |c| c.core.fill += 1),
    ("shift_add", |c| c.core.shift_add += 1),
    ("output_register", |c| c.core.output_register += 1),
    ("divider", |c| c.core.divider += 1),
    ("hold_banks", |c| c.core.hold_banks = 3 - c.core.hold_banks),
    ("input_slots", |c| c.core.input_slots = 3 - c.core.input_slots),
    ("shared", |c| c.core.shared = !c.core.shared),
    ("back_end", |c| {
        let serial = c.core.back_end == BackEnd::Serial;
        c.core.back_end = if serial { BackEnd::Pipelined } else { BackEnd::Serial };
    }),
    ("bus_latency", |c| c.tile.bus_latency += 1),
    ("buffer_latency", |c| c.tile.buffer_latency += 1),
    ("bus_divider", |c| c.tile.bus_divider += 1),
    ("vector_latency", |c| c.tile.vector_latency += 1),
];

#[test]
fn the_simulator_agrees_with_the_verilog_and_sees_a_cycle_more() {
    let Some(model) = model() else { return };
    let all: Vec<(Configuration, Events)> = (0..CONFIGURATIONS)
        .into_par_iter()
        .map(|n| {
            let c = Configuration::random(n);
            let (ours, theirs) = (c.simulated(), c.verilog(&model, None));
            for (key, cycles) in &ours {
                assert_eq!(Some(cycles), theirs.get(key), "{key:?} of configuration {n}\n{c:?}\n{ours:?}\n{theirs:?}");
            }
            assert!(ours.values().all(|cycles| cycles.len() == c.positions) && ours.len() == 4 * c.units.len());
            (c, ours)
        })
        .collect();
    let events: usize = all.iter().flat_map(|(_, e)| e.values()).map(Vec::len).sum();
    let count = |what: &dyn Fn(&Configuration) -> bool| all.iter().filter(|(c, _)| what(c)).count();
    let shared = count(&|c| c.core.shared && c.units.len() > 1);
    let clocks = count(&|c| c.core.divider != c.tile.bus_divider);
    let stalls: Vec<(usize, usize)> = all.iter().map(|(c, e)| c.stalls(e)).collect();
    let (full, bus) = (stalls.iter().filter(|s| s.0 > 0).count(), stalls.iter().filter(|s| s.1 > 0).count());
    println!(
        "RTL {CONFIGURATIONS} configurations, {events} events in the same cycles; {shared} share converters, {clocks} \
         have core and bus on different clocks, {full} stall at a full output register, {bus} wait for the bus"
    );
    assert!(
        shared >= 30 && clocks >= 100 && full >= 30 && bus >= 30,
        "the configurations do not cover what they should"
    );

    for name in VERILOG {
        let seen = all.iter().position(|(c, e)| c.verilog(&model, Some(name)) != *e);
        let seen = seen.unwrap_or_else(|| panic!("a cycle more of {name} in the Verilog is not seen"));
        println!("RTL caught in the Verilog, {name}: a cycle more, by configuration {seen}");
    }
    for (name, change) in OURS {
        let other = |c: &Configuration| {
            let mut c = c.clone();
            change(&mut c);
            c.simulated()
        };
        let seen = all.iter().filter(|(c, e)| other(c) != *e).count();
        println!("RTL caught in the simulator, {name}: by {seen} of {CONFIGURATIONS}");
        assert!(seen > 0, "{name} changed in the simulator is not seen");
    }
    std::fs::remove_file(model).expect("the model can be removed");
}
