//! Writes a traced run down while it goes on. A run that is not traced has none, and pays a branch at each grant.

use std::collections::VecDeque;

use super::messages::Messages;
use super::recording::{Errand, Filling, Hold, Recording, Stall, TracedRoute, TracedServer};
use super::routes::Way;
use super::run::World;
use super::timeline::{Owner, StallCause};
use super::transport::{Leg, Purpose};
use crate::cost::PartKind;
use crate::id::Id;
use crate::sched::{ChannelId, MvmUnit, Program, StageId, Work};

/// Most records that are kept: they make a file of some 200 MB, which a viewer in a browser still opens (assumed).
const MOST: usize = 500_000;
/// What has been written down so far.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// Grants of each leg.
    granted: Vec<u64>,
    /// The holds of each server whose ends are not known yet, in the order of their grants; behind the cut, of none.
    kept: Vec<VecDeque<Option<usize>>>,
    pub(super) holds: Vec<Hold>,
    /// The last hold of each link of a mesh that runs flit by flit.
    crossing: Vec<Option<usize>>,
    /// The last filling of each channel.
    last: Vec<Option<usize>>,
    fillings: Vec<Filling>,
    stalls: Vec<Stall>,
    pub(super) messages: Messages,
    cut: Option<u64>,
    /// Most records.
    pub(super) most: usize,
}

impl Recorder {
    /// Nothing yet.
    pub(super) fn new(legs: &[Leg], ways: &[Way], servers: usize, channels: usize) -> Self {
        let (granted, kept) = (vec![0; legs.len()], vec![VecDeque::new(); servers]);
        let (crossing, last) = (vec![None; servers], vec![None; channels]);
        Self { granted, kept, crossing, last, messages: Messages::new(legs, ways), most: MOST, ..Self::default() }
    }
    /// A leg is asked for in cycle `now`: what is granted for it, and after it, begins then or later.
    pub(super) fn request(&mut self, leg: u32, now: u64) {
        self.messages.note(leg, now);
        self.limit(now);
    }
    /// All that begins before cycle `now` is written down: here the records can end.
    pub(super) fn limit(&mut self, now: u64) {
        if self.cut.is_none() && self.holds.len() + self.fillings.len() + self.stalls.len() >= self.most {
            self.cut = Some(now);
        }
    }
    /// A leg has its server from cycle `at` to `until`, or to a cycle that is told later if it keeps it.
    pub(super) fn granted(&mut self, leg: u32, l: &Leg, at: u64, until: u64) {
        let job = &mut self.granted[leg as usize];
        let hold = Hold { server: l.server, route: l.route, job: *job, from: at, until };
        *job += 1;
        if l.keep {
            self.kept[l.server as usize].push_back(self.cut.is_none().then_some(self.holds.len()));
        }
        if self.cut.is_none() {
            self.holds.push(hold);
        }
    }
    /// A flit of a job is on a link in cycle `at`: those of a job that follow one another without a gap are one hold.
    pub(super) fn crossed(&mut self, server: u32, route: u32, job: u64, at: u64) {
        let last = &mut self.crossing[server as usize];
        match last.and_then(|n| self.holds.get_mut(n)) {
            Some(hold) if (hold.route, hold.job, hold.until) == (route, job, at) => hold.until += 1,
            _ if self.cut.is_none() => {
                *last = Some(self.holds.len());
                self.holds.push(Hold { server, route, job, from: at, until: at + 1 });
            }
            _ => {}
        }
    }
    /// Of a kept server the port that was taken first is given back in cycle `at`.
    pub(super) fn given_back(&mut self, server: u32, at: u64) {
        if let Some(Some(hold)) = self.kept[server as usize].pop_front() {
            self.holds[hold].until = at;
        }
    }
    /// A buffer holds so many positions in cycle `cycle`; what is told last of a cycle counts.
    pub(super) fn filled(&mut self, channel: usize, cycle: u64, held: u64) {
        let last = self.last[channel].and_then(|n| self.fillings.get_mut(n)).filter(|f| f.cycle == cycle);
        if let Some(last) = last {
            last.held = held;
        } else if self.cut.is_none() {
            self.last[channel] = Some(self.fillings.len());
            self.fillings.push(Filling { channel: ChannelId::new(channel), cycle, held });
        }
    }
    /// A stage has stood still.
    pub(super) fn stalled(&mut self, stage: usize, cause: StallCause, from: u64, until: u64) {
        if self.cut.is_none() && from < until {
            self.stalls.push(Stall { stage: StageId::new(stage), cause, from, until });
        }
    }
    /// All records, with the parts and ways that they are about. What was planned before the cut and begins behind it
    /// is left out.
    pub(super) fn finish(
        mut self,
        world: &World,
        program: &Program,
        servers: &[(Owner, PartKind)],
        units: &[(StageId, &MvmUnit)],
    ) -> Recording {
        if let Some(cut) = self.cut {
            self.holds.retain(|h| h.from < cut);
        }
        // within a cycle they come as events do, whose order means nothing
        self.fillings.sort_by_key(|f| (f.cycle, f.channel));
        self.stalls.sort_by_key(|s| (s.stage, s.from));
        self.stalls.dedup_by(|next, s| {
            let goes_on = (s.stage, s.cause, s.until) == (next.stage, next.cause, next.from);
            s.until = if goes_on { next.until } else { s.until };
            goes_on
        });
        self.stalls.sort_by_key(|s| (s.until, s.stage));
        let mut lane = 0;
        let mut last = None;
        let servers = servers.iter().map(|key| {
            // equal parts of an owner have neighbouring numbers
            lane = if last == Some(*key) { lane + 1 } else { 0 };
            last = Some(*key);
            TracedServer { owner: key.0, part: key.1, lane }
        });
        Recording {
            servers: servers.collect(),
            routes: world.transport.routes.iter().map(|r| traced(r.purpose, world, program, units)).collect(),
            holds: self.holds,
            fillings: self.fillings,
            stalls: self.stalls,
            cut: self.cut,
            messages_cut: self.messages.cut,
            messages: self.messages.finish(),
        }
    }
}

/// What a route is for, in terms of the program.
fn traced(purpose: Purpose, world: &World, program: &Program, units: &[(StageId, &MvmUnit)]) -> TracedRoute {
    let of = |stage: StageId, errand, amount| {
        let positions = program.stages[stage].positions as u64;
        TracedRoute { stage, errand, amount, first: 0, step: 1, positions }
    };
    let own = |stage: u32| {
        let id = StageId::new(stage as usize);
        (id, program.stages[id].work.clone())
    };
    let copy = |unit: u32, route: TracedRoute| {
        let u = &world.units[unit as usize];
        let copies = world.stages[u.stage as usize].replicas.len() as u64;
        TracedRoute { first: u64::from(u.replica), step: copies, ..route }
    };
    match purpose {
        Purpose::Load { unit } => {
            let (stage, u) = units[unit as usize];
            copy(unit, of(stage, Errand::Load { xbar: u.xbar }, u.load_bytes))
        }
        Purpose::Result { unit } => {
            let (stage, u) = units[unit as usize];
            copy(unit, of(stage, Errand::Result { xbar: u.xbar }, u.result_bytes))
        }
        Purpose::Read { stage } => match own(stage) {
            (id, Work::Source { bytes } | Work::Vector { load_bytes: bytes, .. }) => of(id, Errand::Read, bytes),
            (id, _) => of(id, Errand::Read, 0),
        },
        Purpose::Operate { stage } => match own(stage) {
            (id, Work::Mvm { vector_ops, .. } | Work::Vector { vector_ops, .. }) => of(id, Errand::Operate, vector_ops),
            (id, _) => of(id, Errand::Operate, 0),
        },
        Purpose::Deliver { channel } => {
            let id = ChannelId::new(channel as usize);
            let c = &program.channels[id];
            of(c.from, Errand::Deliver { channel: id }, c.bytes)
        }
        Purpose::Store { stage } => match own(stage) {
            (id, Work::Sink { bytes }) => of(id, Errand::Store, bytes),
            (id, _) => of(id, Errand::Store, 0),
        },
    }
}
