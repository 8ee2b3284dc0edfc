//! What is drawn: slices on tracks, flows between them, buffers that fill. Both files are written from it.

use std::collections::BTreeMap;

use super::tracks::{Component, Course, Group, Names, Place, Spot, place};
use crate::id::Id;
use crate::sched::{ChannelId, StageId};
use crate::sim::{Errand, Hold, Timeline};

/// What a slice shows: an index into the records of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A part is held for a message.
    Hold(u32),
    /// A vector waits in the input register.
    Waiting(u32),
    /// An MVM is computed.
    Mvm(u32),
    /// A result waits in the output register.
    Result(u32),
    /// A position is in work.
    Position(u32),
    /// A layer stands still.
    Stall(u32),
}

/// A time on a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slice {
    pub(super) place: Place,
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) what: What,
    /// Tracks of one place: things that overlap lie on different ones.
    pub(super) lane: u32,
}

/// A step of a message: a slice, by the track and the cycle in which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Station {
    pub(super) place: Place,
    pub(super) lane: u32,
    pub(super) cycle: u64,
}

/// The way of a message over several slices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) errand: Errand,
    pub(super) stations: Vec<Station>,
}

/// Everything that is drawn.
pub(super) struct Picture<'a> {
    pub(super) names: Names<'a>,
    pub(super) timeline: &'a Timeline,
    /// By place, then time.
    pub(super) slices: Vec<Slice>,
    pub(super) flows: Vec<Flow>,
}

/// Gives slices that overlap on one place different lanes: each the first that is free.
fn spread(slices: &mut [Slice]) {
    slices.sort_unstable();
    for of_place in slices.chunk_by_mut(|a, b| a.place == b.place) {
        let mut free: Vec<u64> = Vec::new();
        for s in of_place {
            let lane = free.iter().position(|until| *until <= s.from).unwrap_or(free.len());
            if lane == free.len() {
                free.push(0);
            }
            free[lane] = s.until;
            s.lane = lane as u32;
        }
    }
}

impl<'a> Picture<'a> {
    /// The picture of a traced run.
    pub(super) fn new(names: Names<'a>, timeline: &'a Timeline) -> Self {
        let slices = slices(&names, timeline);
        let flows = flows(timeline, &slices);
        Self { names, timeline, slices, flows }
    }
    /// Tracks in the order in which they are shown.
    pub(super) fn tracks(&self) -> Vec<(Place, u32)> {
        let mut tracks: Vec<_> = self.slices.iter().map(|s| (s.place, s.lane)).collect();
        tracks.sort_unstable();
        tracks.dedup();
        tracks
    }
}

fn slices(names: &Names<'_>, t: &Timeline) -> Vec<Slice> {
    let recording = &t.recording;
    let end = recording.cut.unwrap_or(u64::MAX);
    let mut all = Vec::new();
    let mut add = |place: Place, from: u64, until: u64, what: What| {
        if from < end {
            all.push(Slice { place, from, until, what, lane: 0 });
        }
    };
    for (n, h) in (0..).zip(&recording.holds) {
        add(place(&recording.servers[h.server as usize]), h.from, h.until, What::Hold(n));
    }
    for (n, m) in (0..).zip(&t.mvms) {
        let core = names.chip.xbars[m.xbar].core;
        let tile = Group::Tile(names.chip.cores[core].tile);
        // a vector that does not wait is not drawn
        if m.loaded < m.begun {
            add((tile, Component::Xbar(core, m.xbar, Spot::Input)), m.loaded, m.begun, What::Waiting(n));
        }
        add((tile, Component::Xbar(core, m.xbar, Spot::Mvm)), m.begun, m.ready, What::Mvm(n));
        add((tile, Component::Xbar(core, m.xbar, Spot::Output)), m.ready, m.sent, What::Result(n));
    }
    for (n, p) in (0..).zip(&t.trace) {
        add((Group::Layers, Component::Layer(p.stage, Course::Works)), p.start, p.end, What::Position(n));
    }
    for (n, s) in (0..).zip(&recording.stalls) {
        add((Group::Layers, Component::Layer(s.stage, Course::Waits)), s.from, s.until, What::Stall(n));
    }
    spread(&mut all);
    all
}

/// The ways of all messages: from what made the bytes over the parts that moved them to what takes them.
fn flows(t: &Timeline, slices: &[Slice]) -> Vec<Flow> {
    let recording = &t.recording;
    let mut held: Vec<Option<Station>> = vec![None; recording.holds.len()];
    let mut mvms: Vec<[Option<Station>; 2]> = vec![[None; 2]; t.mvms.len()];
    // nothing can be bound to a slice of no length
    for s in slices.iter().filter(|s| s.from < s.until) {
        let station = Some(Station { place: s.place, lane: s.lane, cycle: s.from });
        match s.what {
            What::Hold(n) => held[n as usize] = station,
            What::Mvm(n) => mvms[n as usize][0] = station,
            What::Result(n) => mvms[n as usize][1] = station,
            What::Waiting(_) | What::Position(_) | What::Stall(_) => {}
        }
    }
    let by_position: BTreeMap<_, usize> =
        t.mvms.iter().enumerate().map(|(n, m)| ((m.stage, m.xbar, m.sample as u64, m.position as u64), n)).collect();
    // what yields the bytes of a delivery: the vector operation of its position, or the read of a network input
    let mut makers: BTreeMap<(StageId, u64), Station> = BTreeMap::new();
    let mut messages: BTreeMap<(u32, u64), Vec<Station>> = BTreeMap::new();
    for (h, station) in recording.holds.iter().zip(&held) {
        let route = &recording.routes[h.route as usize];
        let Some(station) = station else { continue };
        if route.errand == Errand::Operate || (route.errand == Errand::Read && station.place.0 == Group::Memory) {
            makers.insert((route.stage, h.job), *station);
        }
        let way = messages.entry((h.route, h.job)).or_default();
        // flits of a message may hold a link several times: it is met once
        if way.iter().all(|s| s.place != station.place) {
            way.push(*station);
        }
    }
    let flow = |((number, job), way): ((u32, u64), Vec<Station>)| {
        let route = &recording.routes[number as usize];
        let (sample, position) = recording.position(number, job);
        let mvm = |xbar| by_position.get(&(route.stage, xbar, sample, position)).map(|n| mvms[*n]).unwrap_or_default();
        let maker = || makers.get(&(route.stage, sample * route.positions + position)).copied();
        let (before, after) = match route.errand {
            Errand::Load { xbar } => (None, mvm(xbar)[0]),
            Errand::Result { xbar } => (mvm(xbar)[1].or(mvm(xbar)[0]), maker()),
            Errand::Deliver { .. } => (maker(), None),
            // the operands of a digital layer go to its vector operation; an input goes on as a delivery
            Errand::Read if way.first().is_some_and(|s| s.place.0 != Group::Memory) => (None, maker()),
            Errand::Read | Errand::Operate | Errand::Store => (None, None),
        };
        let stations: Vec<_> = before.into_iter().chain(way).chain(after).collect();
        (stations.len() > 1).then_some(Flow { errand: route.errand, stations })
    };
    messages.into_iter().filter_map(flow).collect()
}

/// What is told about a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About<'a> {
    pub(super) title: String,
    pub(super) layer: &'a str,
    pub(super) sample: Option<u64>,
    pub(super) position: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) operations: Option<u64>,
    /// Layer that a delivery goes to.
    pub(super) to: Option<&'a str>,
}

impl<'a> Picture<'a> {
    /// Name of a layer.
    fn layer(&self, stage: StageId) -> &'a str {
        &self.names.program.stages[stage].name
    }
    /// A position in words: the sample is named where there are several.
    fn numbered(&self, what: &str, sample: u64, position: u64) -> String {
        match self.timeline.samples {
            0 | 1 => format!("{what} {position}"),
            _ => format!("{what} {sample}/{position}"),
        }
    }
    fn about_hold(&self, h: &Hold) -> About<'a> {
        let route = &self.timeline.recording.routes[h.route as usize];
        let (sample, position) = self.timeline.recording.position(h.route, h.job);
        let layer = self.layer(route.stage);
        let to = match route.errand {
            Errand::Deliver { channel } => Some(self.layer(self.names.program.channels[channel].to)),
            _ => None,
        };
        let operates = route.errand == Errand::Operate;
        About {
            title: self.numbered(&format!("{} {layer}", route.errand.name()), sample, position),
            layer,
            sample: Some(sample),
            position: Some(position),
            bytes: (!operates).then_some(route.amount),
            operations: operates.then_some(route.amount),
            to,
        }
    }
    /// What is told about a slice.
    pub(super) fn about(&self, what: What) -> About<'a> {
        let t = self.timeline;
        let of = |prefix: &str, stage: StageId, sample: usize, position: usize| {
            let layer = self.layer(stage);
            let (sample, position) = (sample as u64, position as u64);
            About {
                title: self.numbered(&format!("{prefix}{layer}"), sample, position),
                layer,
                sample: Some(sample),
                position: Some(position),
                bytes: None,
                operations: None,
                to: None,
            }
        };
        let mvm = |prefix: &str, n: u32| {
            let m = &t.mvms[n as usize];
            of(prefix, m.stage, m.sample, m.position)
        };
        match what {
            What::Hold(n) => self.about_hold(&t.recording.holds[n as usize]),
            What::Waiting(n) => mvm("vector of ", n),
            What::Mvm(n) => mvm("MVM of ", n),
            What::Result(n) => mvm("result of ", n),
            What::Position(n) => {
                let p = &t.trace[n as usize];
                let about = of("", p.stage, p.sample, p.position);
                About { title: self.numbered("position", p.sample as u64, p.position as u64), ..about }
            }
            What::Stall(n) => {
                let s = &t.recording.stalls[n as usize];
                let title = s.cause.reason().to_string();
                let layer = self.layer(s.stage);
                About { title, layer, sample: None, position: None, bytes: None, operations: None, to: None }
            }
        }
    }
    /// Name of the buffer of a channel: from which layer to which, and its places. Viewers sort counters by their
    /// names: the number in front puts them in the order of the network.
    pub(super) fn buffer(&self, channel: ChannelId) -> String {
        let channels = &self.names.program.channels;
        let (c, digits) = (&channels[channel], channels.len().to_string().len());
        let (from, to) = (self.layer(c.from), self.layer(c.to));
        format!("{:0digits$} {from} to {to} ({})", channel.index(), c.capacity)
    }
    /// Name of a track; of several for one place the later ones are numbered.
    pub(super) fn track_name(&self, place: Place, lane: u32) -> String {
        let name = self.names.component(place.1);
        if lane == 0 { name } else { format!("{name} ({})", lane + 1) }
    }
}

impl Group {
    /// Number among processes; 0 is taken by viewers.
    pub(super) fn number(self, tiles: usize) -> usize {
        match self {
            Self::Layers => 1,
            Self::Buffers => 2,
            Self::Memory => 3,
            Self::Tile(t) => 4 + t.index(),
            Self::Chip(c) => 4 + tiles + c,
        }
    }
}
