//! `trace.json`: the Trace Event Format that ui.perfetto.dev and chrome://tracing open.
//!
//! Processes are the layers, the buffers between them, the global buffer, tiles and chips; threads are their
//! components. Slices are complete events (`ph: X`) that never overlap on a thread, messages are flows (`s`, `t`, `f`)
//! bound to the slices in which they hold a part, buffers are counters (`C`). Events stand in time order behind the
//! names.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::picture::{Picture, What};
use super::tracks::{Group, Place};
use crate::sim::Errand;

/// How cycles become times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Nanoseconds of a cycle in the file.
    drawn: f64,
    /// And on the chip.
    real: f64,
}

impl Scale {
    /// The file knows whole nanoseconds: where a cycle is shorter it is drawn as one, so that all of them can be told
    /// apart.
    pub(super) fn new(clock_hz: f64) -> Self {
        let real = 1e9 / clock_hz;
        Self { drawn: if real < 1.0 { 1.0 } else { real }, real }
    }
    /// Nanosecond of a cycle.
    fn nanoseconds(self, cycle: u64) -> u64 {
        (cycle as f64 * self.drawn).round() as u64
    }
    /// Microseconds of a cycle, as the format counts. Perfetto cuts a thousand times the number down to a whole one.
    pub(super) fn microseconds(self, cycle: u64) -> f64 {
        let whole = self.nanoseconds(cycle);
        let micro = whole as f64 / 1000.0;
        if ((micro * 1000.0) as u64) < whole { micro.next_up() } else { micro }
    }
    /// Microseconds between two cycles, so that what touches stays touching.
    fn between(self, from: u64, until: u64) -> f64 {
        let whole = self.nanoseconds(until) - self.nanoseconds(from);
        let micro = whole as f64 / 1000.0;
        if ((micro * 1000.0) as u64) < whole { micro.next_up() } else { micro }
    }
}

/// One event; what does not belong to its kind is left out.
#[derive(Debug, Serialize)]
struct Event<'a> {
    ph: &'a str,
    name: &'a str,
    cat: &'a str,
    pid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    tid: Option<usize>,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    /// A flow ends in the slice around it, not in the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Args<'a>>,
}

#[derive(Debug, Default, Serialize)]
struct Args<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane_operations: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_cycle: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_cycle: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    positions: Option<u64>,
}

/// What stands at a cycle; in one cycle slices open before flows bind to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Slice(usize),
    Counter(usize),
    /// Flow and station.
    Station(usize, usize),
    Cut,
}

/// Writes all events.
struct Writer<'a, 'p, W> {
    out: W,
    picture: &'p Picture<'a>,
    scale: Scale,
    tracks: Vec<(Place, u32)>,
    /// Processes have the numbers below.
    first_thread: usize,
    /// Nothing stands before the next event.
    first: bool,
}

impl<W: Write> Writer<'_, '_, W> {
    fn event(&mut self, event: &impl Serialize) -> io::Result<()> {
        self.out.write_all(if std::mem::take(&mut self.first) { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut self.out, event).map_err(io::Error::from)
    }
    fn process(&self, group: Group) -> usize {
        group.number(self.picture.names.chip.tiles.len())
    }
    fn thread(&self, place: Place, lane: u32) -> usize {
        self.first_thread + self.tracks.binary_search(&(place, lane)).unwrap_or_default()
    }
    fn group(&mut self, group: Group) -> io::Result<()> {
        let (pid, text) = (self.process(group), self.picture.names.group(group));
        let name = |what: &str, args| json!({ "ph": "M", "name": what, "pid": pid, "args": args });
        self.event(&name("process_name", json!({ "name": text })))?;
        self.event(&name("process_sort_index", json!({ "sort_index": pid })))
    }
    /// Names of processes and threads, and their order.
    fn names(&mut self) -> io::Result<()> {
        let tracks = std::mem::take(&mut self.tracks);
        let mut last = None;
        if !self.picture.timeline.recording.fillings.is_empty() {
            self.group(Group::Buffers)?;
        }
        for (n, (place, lane)) in tracks.iter().enumerate() {
            if last.replace(place.0) != Some(place.0) {
                self.group(place.0)?;
            }
            let (pid, tid) = (self.process(place.0), self.first_thread + n);
            let name = |what: &str, args| json!({ "ph": "M", "name": what, "pid": pid, "tid": tid, "args": args });
            let track = self.picture.track_name(*place, *lane);
            self.event(&name("thread_name", json!({ "name": track })))?;
            self.event(&name("thread_sort_index", json!({ "sort_index": n })))?;
        }
        self.tracks = tracks;
        Ok(())
    }
    fn slice(&mut self, n: usize) -> io::Result<()> {
        let s = &self.picture.slices[n];
        let about = self.picture.about(s.what);
        let cat = match s.what {
            What::Hold(_) => "message",
            What::Waiting(_) | What::Mvm(_) | What::Result(_) => "mvm",
            What::Position(_) => "position",
            What::Stall(_) => "wait",
        };
        let args = Args {
            layer: Some(about.layer),
            to: about.to,
            sample: about.sample,
            position: about.position,
            bytes: about.bytes,
            lane_operations: about.operations,
            from_cycle: Some(s.from),
            until_cycle: Some(s.until),
            positions: None,
        };
        self.event(&Event {
            ph: "X",
            name: &about.title,
            cat,
            pid: self.process(s.place.0),
            tid: Some(self.thread(s.place, s.lane)),
            ts: self.scale.microseconds(s.from),
            dur: Some(self.scale.between(s.from, s.until)),
            id: None,
            bp: None,
            s: None,
            args: Some(args),
        })
    }
    fn station(&mut self, flow: usize, n: usize) -> io::Result<()> {
        let f = &self.picture.flows[flow];
        let at = f.stations[n];
        let (ph, bp) = match n {
            0 => ("s", None),
            _ if n + 1 == f.stations.len() => ("f", Some("e")),
            _ => ("t", None),
        };
        let name = match f.errand {
            Errand::Load { .. } => "vector to crossbar",
            Errand::Read => "operands to vector unit",
            Errand::Result { .. } => "result to vector unit",
            Errand::Operate => "vector operation",
            Errand::Deliver { .. } => "output to next layer",
            Errand::Store => "output to global buffer",
        };
        self.event(&Event {
            ph,
            name,
            cat: "flow",
            pid: self.process(at.place.0),
            tid: Some(self.thread(at.place, at.lane)),
            ts: self.scale.microseconds(at.cycle),
            dur: None,
            id: Some(flow + 1),
            bp,
            s: None,
            args: None,
        })
    }
    /// An event without a thread: a counter, or a mark.
    fn plain(
        &mut self,
        ph: &str,
        name: &str,
        cat: &str,
        cycle: u64,
        s: Option<&str>,
        args: Args<'_>,
    ) -> io::Result<()> {
        self.event(&Event {
            ph,
            name,
            cat,
            pid: self.process(if s.is_some() { Group::Layers } else { Group::Buffers }),
            tid: s.map(|_| self.first_thread),
            ts: self.scale.microseconds(cycle),
            dur: None,
            id: None,
            bp: None,
            s,
            args: Some(args),
        })
    }
    fn item(&mut self, cycle: u64, item: Item) -> io::Result<()> {
        match item {
            Item::Slice(n) => self.slice(n),
            Item::Station(flow, n) => self.station(flow, n),
            Item::Counter(n) => {
                let f = self.picture.timeline.recording.fillings[n];
                let name = self.picture.buffer(f.channel);
                let args = Args { positions: Some(f.held), ..Args::default() };
                self.plain("C", &name, "buffer", cycle, None, args)
            }
            Item::Cut => {
                let name = "records end here: there are too many";
                self.plain("i", name, "cut", cycle, Some("g"), Args { from_cycle: Some(cycle), ..Args::default() })
            }
        }
    }
}

/// Writes the file.
pub(super) fn write(picture: &Picture<'_>, out: impl Write) -> io::Result<()> {
    let chip = picture.names.chip;
    let scale = Scale::new(chip.clock.si());
    let recording = &picture.timeline.recording;
    let mut items: Vec<(u64, Item)> = Vec::new();
    items.extend(picture.slices.iter().enumerate().map(|(n, s)| (s.from, Item::Slice(n))));
    items.extend(recording.fillings.iter().enumerate().map(|(n, f)| (f.cycle, Item::Counter(n))));
    for (n, f) in picture.flows.iter().enumerate() {
        items.extend(f.stations.iter().enumerate().map(|(at, s)| (s.cycle, Item::Station(n, at))));
    }
    items.extend(recording.cut.map(|cycle| (cycle, Item::Cut)));
    items.sort_unstable();
    let tracks = picture.tracks();
    // a thread with the number of its process would stand before the others
    let first_thread = Group::Chip(chip.chips).number(chip.tiles.len()) + 1;
    let mut w = Writer { out, picture, scale, tracks, first_thread, first: true };
    let about = json!({
        "program": concat!("archsim ", env!("CARGO_PKG_VERSION")),
        "chip": chip.name,
        "clock_hz": chip.clock.si(),
        "cycle_ns": scale.real,
        "drawn_cycle_ns": scale.drawn,
        "cycles": picture.timeline.cycles,
        "samples": picture.timeline.samples,
        "cut_at_cycle": recording.cut,
    });
    write!(w.out, "{{\"displayTimeUnit\":\"ns\",\"otherData\":{about},\"traceEvents\":[")?;
    w.names()?;
    for (cycle, item) in items {
        w.item(cycle, item)?;
    }
    w.out.write_all(b"\n]}\n")?;
    w.out.flush()
}
