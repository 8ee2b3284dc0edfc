//! From a program to a world at rest: routes, channels, stages and cores.

use std::collections::BTreeMap;

use super::channel::Credits;
use super::core::{Core, Moment};
use super::dram::Dram;
use super::gate::Domain;
use super::ledger::Ledger;
use super::links::links;
use super::queue::Queue;
use super::routes::{Builder, Grid, Toll, Way};
use super::run::World;
use super::sequencer::{Converters, Sequencers};
use super::stage::{Kind, Muster, Progress, Replica, Unit};
use super::timeline::{Counts, Link, MvmTime, Owner, Timeline};
use super::transport::{NONE, Purpose};
use crate::arch::TileId;
use crate::cost::{Action, PartKind};
use crate::id::Id;
use crate::sched::{Channel, MvmUnit, Program, Stage, StageId, Work};

/// A world at rest and what is needed to read it afterwards.
pub(super) struct Setup {
    pub(super) world: World,
    tolls: Vec<Toll>,
    ways: Vec<Way>,
    servers: Vec<(Owner, PartKind)>,
}

/// Routes of one stage.
struct Ways<'b, 'm> {
    build: &'b mut Builder<'m>,
    program: &'m Program,
    id: StageId,
    tile: TileId,
}

impl Ways<'_, '_> {
    fn load(&mut self, unit: &MvmUnit, number: u32) -> u32 {
        let home = self.program.machine.cores[unit.core].tile;
        self.build.begin(self.id).read(self.tile, unit.load_bytes);
        if home != self.tile {
            self.build.mesh(self.tile, home, unit.load_bytes).bus(home, unit.load_bytes);
        }
        self.build.toll(Owner::Core(unit.core), PartKind::InputRegister, Action::Write, unit.load_bytes);
        self.build.end(Purpose::Load { unit: number })
    }
    fn result(&mut self, unit: &MvmUnit, number: u32) -> u32 {
        let home = self.program.machine.cores[unit.core].tile;
        self.build.begin(self.id).bus(home, unit.result_bytes);
        if home != self.tile {
            self.build.mesh(home, self.tile, unit.result_bytes).bus(self.tile, unit.result_bytes);
        }
        self.build.toll(Owner::Core(unit.core), PartKind::OutputRegister, Action::Read, unit.result_bytes);
        self.build.end(Purpose::Result { unit: number })
    }
    /// What the stage reads (or stores) by itself, and its vector operation.
    fn work(&mut self, stage: &Stage) -> (u32, u32) {
        let number = self.id.index() as u32;
        let (b, tile) = (&mut *self.build, self.tile);
        let (memory, positions) = (TileId::new(0), stage.positions as u64);
        match stage.work {
            Work::Source { bytes } => {
                b.begin(self.id).memory(Action::Read, bytes, positions);
                (b.end(Purpose::Read { stage: number }), NONE)
            }
            Work::Sink { bytes } => {
                b.begin(self.id).read(tile, bytes).mesh(tile, memory, bytes).memory(Action::Write, bytes, positions);
                (b.end(Purpose::Store { stage: number }), NONE)
            }
            Work::Vector { load_bytes, vector_ops } => {
                b.begin(self.id).read(tile, load_bytes);
                let read = b.end(Purpose::Read { stage: number });
                b.begin(self.id).operate(tile, vector_ops);
                (read, b.end(Purpose::Operate { stage: number }))
            }
            Work::Mvm { vector_ops, .. } => {
                b.begin(self.id).operate(tile, vector_ops);
                (NONE, b.end(Purpose::Operate { stage: number }))
            }
        }
    }
    fn deliver(&mut self, stage: &Stage, channel: &Channel, number: u32) -> u32 {
        let goal = self.program.stages[channel.to].tile;
        let b = self.build.begin(self.id);
        if matches!(stage.work, Work::Source { .. }) {
            b.mesh(TileId::new(0), goal, channel.bytes).arrive(goal, channel.bytes);
        } else if goal == self.tile {
            b.write(goal, channel.bytes);
        } else {
            b.bus(self.tile, channel.bytes).mesh(self.tile, goal, channel.bytes).arrive(goal, channel.bytes);
        }
        b.end(Purpose::Deliver { channel: number })
    }
}

/// The units of all stages in the order of the unit table.
fn units_of(program: &Program) -> impl Iterator<Item = (StageId, &MvmUnit)> {
    program.stages.enumerate().flat_map(|(id, s)| {
        let replicas = if let Work::Mvm { replicas, .. } = &s.work { replicas.as_slice() } else { &[] };
        replicas.iter().flatten().map(move |u| (id, u))
    })
}

/// Builds the world of a checked program.
pub(super) fn build(program: &Program, samples: usize, trace: bool) -> Setup {
    let mut build = Builder::new(&program.machine);
    let mut units = Vec::new();
    let mut stages = Vec::new();
    let (mut shared, mut sequencers) = (BTreeMap::new(), Sequencers::default());
    let gates = &program.machine.gates.cores;
    let domains: BTreeMap<_, _> = gates.keys().zip(0u32..).collect();
    let mut delivery = vec![NONE; program.channels.len()];
    for (id, stage) in program.stages.enumerate() {
        let mut ways = Ways { build: &mut build, program, id, tile: stage.tile };
        let mut replicas = Vec::new();
        let mut most = 1;
        let from = units.len();
        if let Work::Mvm { replicas: all, .. } = &stage.work {
            for (replica, members) in all.iter().enumerate() {
                let first = units.len() as u32;
                let (mut slots, mut first_load) = (Vec::new(), None);
                for unit in members {
                    let timing = &program.machine.cores[unit.core];
                    slots.push(u64::from(timing.input_slots));
                    let load = ways.load(unit, units.len() as u32);
                    first_load.get_or_insert(load);
                    let next = shared.len() as u32;
                    let shared = timing.shared.then(|| *shared.entry(unit.core).or_insert(next));
                    let traced =
                        if trace { (stage.positions * samples + all.len() - 1 - replica) / all.len() } else { 0 };
                    units.push(Unit {
                        core: Core::new(sequencers.of(timing, unit), shared, traced),
                        stage: id.index() as u32,
                        domain: domains.get(&unit.core).copied(),
                        replica: replica as u32,
                        rank: 0,
                        result: NONE,
                        ready: None,
                        next_result: replica as u64,
                        next_load: replica as u64,
                        slots: u64::from(timing.input_slots),
                    });
                }
                most = slots.iter().copied().fold(most, u64::max);
                replicas.push(Replica::new(first..units.len() as u32, first_load.unwrap_or(NONE), &slots));
            }
            for (number, unit) in all.iter().flatten().enumerate() {
                units[from + number].result = ways.result(unit, (from + number) as u32);
            }
        }
        let (read, operate) = ways.work(stage);
        for c in &stage.outputs {
            delivery[c.index()] = ways.deliver(stage, &program.channels[*c], c.index() as u32);
        }
        let numbers = |list: &[crate::sched::ChannelId]| list.iter().map(|c| c.index() as u32).collect();
        stages.push(Progress {
            kind: match stage.work {
                Work::Source { .. } => Kind::Source,
                Work::Mvm { .. } => Kind::Mvm,
                Work::Vector { .. } => Kind::Vector,
                Work::Sink { .. } => Kind::Sink,
            },
            positions: stage.positions as u64,
            total: stage.positions as u64 * samples as u64,
            inputs: numbers(&stage.inputs),
            outputs: numbers(&stage.outputs),
            loads: vec![Muster::default(); (most as usize * replicas.len()).max(1).next_power_of_two()],
            results: Muster::of(replicas.first().map_or(0, |r| r.units.len() as u32)),
            replicas,
            read,
            operate,
            issue_at: (0, 0),
            issued: 0,
            loaded: 0,
            load_at: (0, 0),
            started: 0,
            done: 0,
            delivered: 0,
        });
    }
    let xbars = units_of(program).map(|(_, u)| u.xbar);
    let mut order: Vec<_> = xbars.enumerate().map(|(n, xbar)| (xbar, n)).collect();
    order.sort_unstable();
    order.iter().enumerate().for_each(|(rank, (_, n))| units[*n].rank = rank as u32);
    let channels = program.channels.iter().zip(delivery);
    let channels = channels.map(|(c, route)| Credits::new(c, &program.stages[c.to], route)).collect();
    let sinks = stages.iter().filter(|s| s.kind == Kind::Sink).count() as u32;
    let ledger = Ledger::new(program.stages.iter().map(|s| s.positions), samples, sinks, trace);
    if trace {
        build.record(program.channels.len());
    }
    let world = World {
        queue: Queue::default(),
        transport: build.transport,
        stages,
        channels,
        units,
        converters: vec![Converters::default(); shared.len()],
        domains: gates.values().map(|power| Domain::new(*power)).collect(),
        rested: Vec::new(),
        ledger,
        now: 0,
        events: 0,
    };
    Setup { world, tolls: build.tolls, ways: build.ways, servers: build.servers }
}

impl Setup {
    /// Reads the finished world.
    pub(super) fn timeline(mut self, program: &Program, samples: usize) -> Timeline {
        let mut counts = Counts::new();
        let mut busy = BTreeMap::new();
        for t in &self.tolls {
            let amount = t.amount * self.world.transport.routes[t.route as usize].jobs;
            if amount > 0 {
                *counts.entry((t.owner, t.part, t.action, t.stage)).or_default() += amount;
            }
        }
        for (stage, action, amount) in self.world.transport.dram.iter().flat_map(Dram::counts).filter(|c| c.2 > 0) {
            *counts.entry((Owner::Memory, PartKind::Memory, action, stage)).or_default() += amount;
        }
        let routes = &self.world.transport.routes;
        Grid::new(&program.machine).count(&self.ways, |route| routes[route as usize].jobs, &mut counts);
        let end = self.world.ledger.finished.last().copied().unwrap_or(0);
        let links = links(&program.machine, &self.servers, &self.ways, &self.world.transport);
        busy.extend(links.iter().filter(|l| l.busy > 0).filter_map(|l| match l.link {
            Link::Tiles(from, to) => Some(((Owner::Link(from, to), PartKind::Link), l.busy)),
            Link::Chips { .. } => None,
        }));
        // the links of a chip count together
        for (number, key) in self.servers.iter().enumerate().filter(|(_, (_, part))| *part != PartKind::Link) {
            // a refresh that is under way at the end is over after it
            let cycles = self.world.transport.busy(number as u32).min(end);
            if cycles > 0 {
                *busy.entry(*key).or_default() += cycles;
            }
        }
        let refreshed =
            self.servers.iter().enumerate().map(|(n, key)| (*key, self.world.transport.refreshes(n as u32)));
        let refreshes = refreshed.filter(|(_, n)| *n > 0).collect();
        let mut rests = BTreeMap::new();
        let mut rested = std::mem::take(&mut self.world.rested).into_iter();
        for ((number, _), rest) in self.world.transport.rests(0).zip(&mut rested) {
            // an edge of the mesh without neighbour is no link
            if !matches!(self.servers[number].0, Owner::Link(from, to) if from == to) {
                rests.insert(self.servers[number], rest);
            }
        }
        for (core, rest) in program.machine.gates.cores.keys().zip(rested) {
            let parts = [PartKind::Dac, PartKind::SampleHold, PartKind::Adc, PartKind::ShiftAdd];
            rests.extend(parts.map(|part| ((Owner::Core(*core), part), rest)));
        }
        let mut mvms = Vec::new();
        let units: Vec<_> = units_of(program).collect();
        for ((stage, unit), state) in units.iter().copied().zip(&self.world.units) {
            let [loaded, begun, ready, sent] =
                [Moment::Loaded, Moment::Begun, Moment::Ready, Moment::Sent].map(|m| state.core.moments(m));
            let courses = loaded.iter().zip(begun).zip(ready.iter().zip(sent));
            let copies = self.world.stages[state.stage as usize].replicas.len();
            let positions = program.stages[stage].positions;
            let place = |n: usize| state.replica as usize + n * copies;
            mvms.extend(courses.enumerate().map(|(n, ((loaded, begun), (ready, sent)))| MvmTime {
                stage,
                sample: place(n) / positions,
                position: place(n) % positions,
                xbar: unit.xbar,
                loaded: *loaded,
                begun: *begun,
                ready: *ready,
                sent: *sent,
            }));
            let n = state.core.mvms;
            let (xbar, core) = (Owner::Xbar(unit.xbar), Owner::Core(unit.core));
            let steps = unit.steps_before(n);
            let codes = unit.conversions * steps;
            for (owner, part, action, amount) in [
                (xbar, PartKind::Dac, Action::Drive, unit.in_steps(unit.rows_driven, n)),
                (xbar, PartKind::Dac, Action::Count, unit.in_steps(unit.digits_counted, n)),
                (xbar, PartKind::SampleHold, Action::Sample, unit.columns * steps),
                (xbar, PartKind::Adc, Action::Convert, codes),
                (xbar, PartKind::ShiftAdd, Action::Add, codes),
                // the planes together read each bit of the input vector once
                (core, PartKind::InputRegister, Action::Read, unit.load_bytes * n),
                (core, PartKind::OutputRegister, Action::Write, unit.result_bytes * n),
            ] {
                if amount > 0 {
                    *counts.entry((owner, part, action, stage)).or_default() += amount;
                }
            }
            let t = &program.machine.cores[unit.core];
            for (owner, part, cycles) in [
                (xbar, PartKind::Dac, t.drive * steps),
                (xbar, PartKind::Crossbar, t.integrate * steps),
                (xbar, PartKind::SampleHold, t.sample * steps),
                (xbar, PartKind::Adc, unit.converting(t.convert, n) * unit.rounds),
                (xbar, PartKind::ShiftAdd, t.shift_add * unit.rounds * steps),
                (core, PartKind::OutputRegister, t.output_register * n),
            ] {
                if cycles > 0 {
                    *busy.entry((owner, part)).or_default() += cycles * t.divider;
                }
            }
        }
        let recorder = self.world.transport.recorder.take();
        let recording = recorder.map(|r| r.finish(&self.world, program, &self.servers, &units)).unwrap_or_default();
        let finished = std::mem::take(&mut self.world.ledger.finished);
        Timeline {
            samples,
            cycles: end,
            finished,
            stages: self.world.ledger.times().collect(),
            peaks: self.world.channels.iter().map(|c| c.peak()).collect(),
            busy,
            rests,
            counts,
            refreshes,
            rows: self.world.transport.dram.as_ref().map(Dram::rows).unwrap_or_default(),
            events: self.world.events,
            links,
            trace: self.world.ledger.trace(),
            mvms,
            recording,
        }
    }
}
