//! `trace.vcd`: the same as waveforms, for GTKWave and its like.
//!
//! A module for each group of tracks, a wire for each component with the number of things that it has at once: one bit
//! for ports, buses, links and vector units; for a crossbar vectors that wait, MVMs in work and results that wait; for
//! a layer positions in work, and as `waits` why it stands still (1 input, 2 a part is busy, 3 buffer full, 0 not at
//! all). The module `buffers` has the positions that each buffer holds.

use std::collections::BTreeMap;
use std::io::{self, Write};

use vcd::{IdCode, SimulationCommand, TimescaleUnit, Value};

use super::picture::{Picture, What};
use super::tracks::{Component, Group};
use crate::id::Id;
use crate::sim::StallCause;

/// Numbers of a timescale: so many units are a tick, and so many ticks a cycle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timescale {
    number: u32,
    unit: TimescaleUnit,
    ticks: f64,
}

impl Timescale {
    /// The longest tick of which a cycle is a whole number; where there is none, a femtosecond.
    pub(super) fn new(clock_hz: f64) -> Self {
        let units = [
            (TimescaleUnit::S, 1e15),
            (TimescaleUnit::MS, 1e12),
            (TimescaleUnit::US, 1e9),
            (TimescaleUnit::NS, 1e6),
            (TimescaleUnit::PS, 1e3),
            (TimescaleUnit::FS, 1.0),
        ];
        let cycle = 1e15 / clock_hz;
        let all = units.into_iter().flat_map(|(unit, fs)| [100, 10, 1].map(|number| (number, unit, fs)));
        let whole = all
            .map(|(number, unit, fs)| Self { number, unit, ticks: cycle / (f64::from(number) * fs) })
            // a clock read from a file is exact to some fifteen digits
            .find(|t| t.ticks >= 0.5 && (t.ticks - t.ticks.round()).abs() < 1e-9 * t.ticks);
        match whole {
            Some(t) => Self { ticks: t.ticks.round(), ..t },
            None => Self { number: 1, unit: TimescaleUnit::FS, ticks: cycle },
        }
    }
    fn ticks(self, cycle: u64) -> u64 {
        (cycle as f64 * self.ticks).round() as u64
    }
}

/// A wire: its name and its values, each from a cycle on.
struct Signal {
    group: String,
    name: String,
    width: u32,
    values: BTreeMap<u64, u64>,
}

/// Bits that a value needs.
fn bits(value: u64) -> u32 {
    (u64::BITS - value.leading_zeros()).max(1)
}

/// Sums of changes from cycle 0 on; a cycle in which nothing changes has none.
fn values(changes: &BTreeMap<u64, i64>) -> BTreeMap<u64, u64> {
    let (mut sum, mut values) = (0, BTreeMap::from([(0, 0)]));
    for (cycle, change) in changes.iter().filter(|(_, change)| **change != 0) {
        sum += change;
        values.insert(*cycle, sum as u64);
    }
    values
}

/// A name that every reader takes: letters, digits and underscores.
pub(super) fn identifier(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() { c } else { '_' };
        if c != '_' || !(out.is_empty() || out.ends_with('_')) {
            out.push(c);
        }
    }
    out.trim_end_matches('_').to_owned()
}

fn signals(picture: &Picture<'_>) -> Vec<Signal> {
    let mut all = Vec::new();
    for of_place in picture.slices.chunk_by(|a, b| a.place == b.place) {
        let (group, component) = of_place[0].place;
        let mut changes: BTreeMap<u64, i64> = BTreeMap::new();
        for s in of_place {
            let weight = match s.what {
                What::Stall(n) => match picture.timeline.recording.stalls[n as usize].cause {
                    StallCause::Input => 1,
                    StallCause::Busy => 2,
                    StallCause::Full => 3,
                },
                _ => 1,
            };
            *changes.entry(s.from).or_default() += weight;
            *changes.entry(s.until).or_default() -= weight;
        }
        let values = values(&changes);
        let name = identifier(&picture.names.component(component));
        let name = match component {
            Component::Layer(stage, _) => format!("layer{}_{name}", stage.index()),
            _ => name,
        };
        let group = match group {
            // where a tile stands is in the other file
            Group::Tile(t) => format!("tile_{}", t.index()),
            other => identifier(&picture.names.group(other)),
        };
        let width = bits(values.values().copied().max().unwrap_or(0));
        all.push(Signal { group, name, width, values });
    }
    let program = picture.names.program;
    for (id, c) in program.channels.enumerate() {
        let of_channel = picture.timeline.recording.fillings.iter().filter(|f| f.channel == id);
        let values: BTreeMap<u64, u64> = std::iter::once((0, 0)).chain(of_channel.map(|f| (f.cycle, f.held))).collect();
        let (from, to) = (&program.stages[c.from].name, &program.stages[c.to].name);
        let name = format!("buffer{}_{}_to_{}", id.index(), identifier(from), identifier(to));
        all.push(Signal { group: "buffers".into(), name, width: bits(c.capacity as u64), values });
    }
    all
}

/// The last `width` bits of a value, highest first.
fn vector(value: u64, width: u32) -> impl Iterator<Item = Value> {
    (0..width).rev().map(move |bit| Value::from(value >> bit & 1 == 1))
}

fn change<W: Write>(out: &mut vcd::Writer<W>, id: IdCode, width: u32, value: u64) -> io::Result<()> {
    match width {
        1 => out.change_scalar(id, value == 1),
        _ => out.change_vector(id, vector(value, width)),
    }
}

/// Writes the file.
pub(super) fn write(picture: &Picture<'_>, out: impl Write) -> io::Result<()> {
    let chip = picture.names.chip;
    let scale = Timescale::new(chip.clock.si());
    let signals = signals(picture);
    let mut out = vcd::Writer::new(out);
    out.version(concat!("archsim ", env!("CARGO_PKG_VERSION")))?;
    if let Some(cut) = picture.timeline.recording.cut {
        out.comment(&format!("records end in cycle {cut}: there are too many"))?;
    }
    out.timescale(scale.number, scale.unit)?;
    let mut ids = Vec::new();
    out.add_module(&identifier(&chip.name))?;
    for of_group in signals.chunk_by(|a, b| a.group == b.group) {
        out.add_module(&of_group[0].group)?;
        for s in of_group {
            ids.push(out.add_wire(s.width, &s.name)?);
        }
        out.upscope()?;
    }
    out.upscope()?;
    out.enddefinitions()?;
    let mut changes: Vec<(u64, usize, u64)> = Vec::new();
    for (n, s) in signals.iter().enumerate() {
        changes.extend(s.values.iter().map(|(cycle, value)| (*cycle, n, *value)));
    }
    changes.sort_unstable();
    for at in changes.chunk_by(|a, b| a.0 == b.0) {
        let cycle = at[0].0;
        out.timestamp(scale.ticks(cycle))?;
        if cycle == 0 {
            out.begin(SimulationCommand::Dumpvars)?;
        }
        for (_, n, value) in at {
            change(&mut out, ids[*n], signals[*n].width, *value)?;
        }
        if cycle == 0 {
            out.end()?;
        }
    }
    let last = changes.last().map_or(0, |c| c.0);
    if picture.timeline.cycles > last {
        out.timestamp(scale.ticks(picture.timeline.cycles))?;
    }
    out.flush()
}
