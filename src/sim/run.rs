//! The event loop and what each event means for the stages.

use super::channel::Credits;
use super::core;
use super::gate::Domain;
use super::ledger::Ledger;
use super::queue::{Event, MAX_CYCLE, Queue};
use super::repeat::Watch;
use super::sequencer::Converters;
use super::stage::{Kind, LATCHES, Muster, Progress, Unit};
use super::timeline::{Rest, StallCause};
use super::transport::{Notice, Purpose, Transport};

/// The machine and the program in motion.
pub(super) struct World {
    pub(super) queue: Queue,
    pub(super) transport: Transport,
    pub(super) stages: Vec<Progress>,
    pub(super) channels: Vec<Credits>,
    pub(super) units: Vec<Unit>,
    /// Converters that the units of a core share.
    pub(super) converters: Vec<Converters>,
    /// Cores with gates.
    pub(super) domains: Vec<Domain>,
    /// How servers, then cores, with gates had rested when the last sample was finished.
    pub(super) rested: Vec<Rest>,
    pub(super) ledger: Ledger,
    pub(super) now: u64,
    pub(super) events: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// No event is left.
    Quiet,
    /// The next event lies behind this cycle, the last that is allowed.
    OutOfTime(u64),
}

impl World {
    /// Runs until nothing is left to do, no further than cycle `last`. With `whole` every sample is run; without it,
    /// samples that repeat earlier ones to the cycle are left out ([`super::repeat`]) and only accounted for.
    pub(super) fn run(&mut self, last: u64, samples: usize, whole: bool) -> End {
        let mut watch = Watch::default();
        let (mut samples, mut seen, mut left_out) = (samples as u64, 0, 0);
        let mut until = last.min(MAX_CYCLE - 1);
        self.begin();
        while let Some((cycle, event)) = self.queue.pop() {
            if cycle > until {
                watch.settle(self);
                return End::OutOfTime(left_out + until);
            }
            self.happen(cycle, event);
            if self.ledger.finished.len() > seen {
                seen = self.ledger.finished.len();
                if !whole && let Some(gap) = watch.finished(self, seen as u64, samples, last) {
                    samples -= gap.periods * gap.samples;
                    self.stages.iter_mut().for_each(|s| s.total = s.positions * samples);
                    left_out = gap.periods * gap.cycles;
                    until = (last - left_out).min(MAX_CYCLE - 1);
                }
                if seen as u64 == samples {
                    self.rested = self.rests();
                }
            }
        }
        if let Some(end) = self.ledger.finished.last() {
            self.transport.settle(*end);
        }
        if self.ledger.finished.len() as u64 == samples {
            watch.settle(self);
        }
        End::Quiet
    }

    /// Cycle 0: what can begin, begins.
    pub(super) fn begin(&mut self) {
        for stage in 0..self.stages.len() {
            self.wake(stage);
        }
    }

    /// The next event.
    #[inline]
    pub(super) fn happen(&mut self, cycle: u64, event: Event) {
        debug_assert!(cycle >= self.now, "time runs forward");
        self.now = cycle;
        self.events += 1;
        self.handle(event);
    }

    /// How servers, then cores, with gates have rested so far.
    pub(super) fn rests(&self) -> Vec<Rest> {
        let servers = self.transport.rests(self.now).map(|(_, rest)| rest);
        servers.chain(self.domains.iter().map(|d| d.rest(self.now))).collect()
    }

    #[inline]
    fn handle(&mut self, event: Event) {
        match event {
            Event::Request { server, leg } => {
                self.transport.request(server, leg, self.now, &mut self.queue);
                // what the units make of it starts jobs, but never makes another thing certain
                while let Some((unit, notice, at)) = self.transport.told.pop() {
                    self.told(unit, notice, at);
                }
            }
            Event::Vector { unit } => self.seen(unit),
            Event::Flits { mesh } => self.transport.turn(mesh, self.now, &mut self.queue),
            Event::Loaded { stage } => {
                let stage = stage as usize;
                loop {
                    let s = &self.stages[stage];
                    if s.loaded == s.issued || !s.loads[s.ring(s.loaded)].complete(self.now) {
                        break;
                    }
                    self.loaded(stage);
                }
            }
            Event::Room { stage, replica } => {
                self.stages[stage as usize].replicas[replica as usize].room += 1;
                self.wake(stage as usize);
            }
            Event::Gathered { stage } => self.wake(stage as usize),
            Event::Ask { unit, .. } => {
                let core = &mut self.units[unit as usize].core;
                let shared = core.shared.expect("only those who share ask") as usize;
                let progress = core.convert(self.now, &mut self.converters[shared]);
                self.plan(unit, progress);
                self.turn(unit);
            }
            Event::Left { route } => self.left_origin(route),
            Event::Done { route, left } => {
                if left {
                    self.left_origin(route);
                }
                self.arrived(route);
            }
        }
    }

    /// A vector stands in the input register of a unit whose core has gates.
    fn seen(&mut self, unit: u32) {
        let u = &mut self.units[unit as usize];
        let domain = u.domain.expect("only cores with gates wait for their vectors") as usize;
        u.core.load(self.now, self.domains[domain].load(self.now));
        self.turn(unit);
    }

    /// Something is certain for a unit: what follows from it is planned.
    fn told(&mut self, unit: u32, notice: Notice, at: u64) {
        let u = &mut self.units[unit as usize];
        let s = &mut self.stages[u.stage as usize];
        match notice {
            Notice::Loaded => {
                let ring = s.ring(u.next_load);
                u.next_load += s.replicas.len() as u64;
                if let Some(all) = s.loads[ring].count(at) {
                    self.queue.push(all, Event::Loaded { stage: u.stage });
                }
                if u.domain.is_some() {
                    return self.queue.push(u.core.edge(at), Event::Vector { unit });
                }
                u.core.load(at, at);
                self.turn(unit);
            }
            Notice::Sent => {
                let progress = u.core.take_result(at);
                self.plan(unit, progress);
                self.turn(unit);
            }
            Notice::Gathered => {
                if let Some(all) = s.results.count(at) {
                    self.queue.push(all, Event::Gathered { stage: u.stage });
                }
            }
        }
    }

    /// The bytes of a job have left the tile.
    fn left_origin(&mut self, route: u32) {
        match self.transport.routes[route as usize].purpose {
            Purpose::Deliver { channel } => {
                let c = &mut self.channels[channel as usize];
                c.left += 1;
                let from = c.from as usize;
                self.wake(from);
            }
            Purpose::Store { stage } => self.loaded(stage as usize),
            // their bytes leave a place that nobody waits for
            Purpose::Read { .. } | Purpose::Operate { .. } | Purpose::Load { .. } | Purpose::Result { .. } => {}
        }
    }

    fn arrived(&mut self, route: u32) {
        match self.transport.routes[route as usize].purpose {
            Purpose::Read { stage } => self.loaded(stage as usize),
            Purpose::Operate { stage } => {
                self.stages[stage as usize].done += 1;
                self.wake(stage as usize);
            }
            Purpose::Deliver { channel } => {
                let c = &mut self.channels[channel as usize];
                c.arrive(self.now);
                let (from, to) = (c.from as usize, c.to as usize);
                self.note(channel);
                self.delivered(from);
                self.wake(to);
            }
            Purpose::Store { stage } => {
                let s = &mut self.stages[stage as usize];
                s.done += 1;
                self.delivered(stage as usize);
                self.wake(stage as usize);
            }
            // these are told to their units when they become certain
            Purpose::Load { .. } | Purpose::Result { .. } => {}
        }
    }

    /// Writes down how full a buffer is, if the run is traced.
    fn note(&mut self, channel: u32) {
        if let Some(recorder) = &mut self.transport.recorder {
            recorder.filled(channel as usize, self.now, self.channels[channel as usize].held());
        }
    }

    /// Positions that have left the tile over every output.
    fn left(&self, stage: usize) -> u64 {
        let s = &self.stages[stage];
        s.outputs.iter().map(|c| self.channels[*c as usize].left).min().unwrap_or(s.done)
    }

    /// Positions that have arrived over every output may have become more.
    fn delivered(&mut self, stage: usize) {
        let s = &mut self.stages[stage];
        let all = s.outputs.iter().map(|c| self.channels[*c as usize].arrived).min().unwrap_or(s.done);
        if all > s.delivered {
            s.delivered = all;
            let sample_over = (all % s.positions == 0 && s.kind == Kind::Sink).then(|| all / s.positions - 1);
            self.ledger.delivered(stage, all, s.issued, self.now, sample_over);
        }
    }

    /// The next position of a stage has all its input: the channels may forget.
    fn loaded(&mut self, stage: usize) {
        let s = &mut self.stages[stage];
        let (sample, position) = s.load_at;
        s.load_at = s.after(s.load_at);
        s.loaded += 1;
        if s.kind == Kind::Source {
            s.started += 1;
            s.done += 1;
        }
        for i in 0..self.stages[stage].inputs.len() {
            let channel = self.stages[stage].inputs[i];
            let c = &mut self.channels[channel as usize];
            c.consumed(sample, position, self.now);
            let from = c.from as usize;
            self.note(channel);
            self.wake(from);
        }
        self.wake(stage);
    }

    /// Lets a unit's core plan what it can.
    fn turn(&mut self, unit: u32) {
        while let Some(progress) = self.units[unit as usize].core.advance() {
            self.plan(unit, Some(progress));
        }
    }

    fn plan(&mut self, unit: u32, progress: Option<core::Progress>) {
        let u = &mut self.units[unit as usize];
        match progress {
            Some(core::Progress::SlotFree(at)) => {
                let slot = u.slots;
                u.slots += 1;
                let (stage, replica) = (u.stage, u.replica);
                if let Some(all) = self.stages[stage as usize].replicas[replica as usize].slot(slot, at) {
                    self.queue.push(all, Event::Room { stage, replica });
                }
            }
            Some(core::Progress::ResultReady(at)) => {
                u.ready = Some(at);
                if let Some(domain) = u.domain {
                    self.domains[domain as usize].done(at);
                }
                self.send_result(unit);
            }
            Some(core::Progress::Asks(at)) => {
                self.queue.push(at.max(self.now), Event::Ask { rank: u.rank, unit });
            }
            None => {}
        }
    }

    /// Sends a unit's result, as soon as it is there, if its position is next: nobody else can move the stage on.
    fn send_result(&mut self, unit: u32) {
        let u = &mut self.units[unit as usize];
        let s = &self.stages[u.stage as usize];
        if u.next_result == s.started
            && let Some(at) = u.ready.take()
        {
            u.next_result += s.replicas.len() as u64;
            self.transport.start(u.result, at.max(self.now), &mut self.queue);
        }
    }

    /// Does everything that a stage can do in this cycle.
    pub(super) fn wake(&mut self, stage: usize) {
        self.send(stage);
        self.operate(stage);
        let stall = self.issue(stage);
        let over = self.ledger.stall(stage, stall, self.now);
        if let (Some((cause, from)), Some(recorder)) = (over, &mut self.transport.recorder) {
            recorder.stalled(stage, cause, from, self.now);
        }
    }

    fn send(&mut self, stage: usize) {
        for i in 0..self.stages[stage].outputs.len() {
            let s = &self.stages[stage];
            let c = &mut self.channels[s.outputs[i] as usize];
            while c.sent < s.done && c.has_credit() {
                c.sent += 1;
                self.transport.start(c.route, self.now, &mut self.queue);
            }
        }
    }

    fn operate(&mut self, stage: usize) {
        loop {
            let s = &self.stages[stage];
            let complete = match s.kind {
                Kind::Source | Kind::Sink => false,
                Kind::Vector => s.loaded > s.started,
                Kind::Mvm => s.started < s.total && s.results.complete(self.now),
            };
            if !complete || s.started - self.left(stage) >= LATCHES {
                return;
            }
            self.transport.start(s.operate, self.now, &mut self.queue);
            let s = &mut self.stages[stage];
            s.started += 1;
            if s.kind == Kind::Mvm {
                let units = s.units(s.replica(s.started));
                s.results = Muster::of(units.len() as u32);
                units.for_each(|unit| self.send_result(unit));
            }
        }
    }

    /// Issues positions while there is input and room; tells what the next one waits for.
    fn issue(&mut self, stage: usize) -> Option<StallCause> {
        loop {
            let s = &self.stages[stage];
            if s.issued == s.total {
                return None;
            }
            let (sample, position) = s.issue_at;
            if !s.inputs.iter().all(|c| self.channels[*c as usize].ready(sample, position)) {
                return Some(StallCause::Input);
            }
            let room = match s.kind {
                Kind::Source | Kind::Sink => s.issued - self.left(stage) < LATCHES,
                Kind::Vector => s.issued == s.started,
                Kind::Mvm => s.replicas[s.replica(s.issued)].room > 0,
            };
            if !room {
                let full = s.outputs.iter().any(|c| {
                    let c = &self.channels[*c as usize];
                    c.sent < s.done && !c.has_credit()
                });
                return Some(if full { StallCause::Full } else { StallCause::Busy });
            }
            self.ledger.issued(stage, s.issued, s.delivered, self.now);
            let s = &mut self.stages[stage];
            if s.kind == Kind::Mvm {
                let (replica, ring) = (s.replica(s.issued), s.ring(s.issued));
                s.replicas[replica].room -= 1;
                let (units, load) = (s.units(replica).len() as u32, s.replicas[replica].load);
                s.loads[ring] = Muster::of(units);
                for route in load..load + units {
                    self.transport.start(route, self.now, &mut self.queue);
                }
            } else {
                self.transport.start(s.read, self.now, &mut self.queue);
            }
            s.issued += 1;
            s.issue_at = s.after(s.issue_at);
        }
    }
}
