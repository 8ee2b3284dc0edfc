//! Brings a network onto the chip at hand, or onto several, or onto one several times.

use super::{BATCH, RunOptions};
use crate::arch::{Chip, WhenTooSmall};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::id::{Id, IdVec};
use crate::lower::{BlockId, QuantGraph, TiledGraph};
use crate::map::{self, Placement};
use crate::sched::{self, ChannelId, Program, Segment, StageId};
use crate::sim::{Owner, Timeline};

/// A network with its places and its schedule.
pub struct Fitted {
    /// Crossbars of every block; of different blocks the same ones where segments take turns.
    pub placement: Placement,
    /// The schedule; that of all segments, one behind the other, where they take turns.
    pub program: Program,
    /// Segments that run one after another with a write of the crossbars before each; empty if there is one.
    pub segments: Vec<Scheduled>,
}

/// A segment and its schedule.
pub struct Scheduled {
    /// The part of the network.
    pub segment: Segment,
    /// Its schedule.
    pub program: Program,
}

/// Number of chips asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chips {
    /// So many.
    Count(usize),
    /// As many as are needed.
    Auto,
}

/// Crossbars of the kind that a network uses, on the whole machine.
fn there(chip: &Chip, tiled: &TiledGraph) -> usize {
    let kind = tiled.layers.iter().next().map(|l| l.xbar_kind);
    chip.xbars.iter().filter(|x| Some(x.kind) == kind).count()
}

/// Places and schedules; repeats `chip` where more chips are needed and wanted.
///
/// # Errors
/// `P002` when the network does not fit and must not take more room or time, with the remedies; `F037`,
/// `F038` for numbers of chips that cannot be; `P032` when the global buffer cannot hold what goes from one
/// segment to the next; else those of mapping and scheduling.
pub fn fit(
    options: &RunOptions,
    chip: &mut Chip,
    quant: &QuantGraph,
    tiled: &TiledGraph,
    mapper: &str,
) -> Result<Fitted> {
    if let Some(Chips::Count(count)) = options.chips {
        repeat(chip, count)?;
    }
    let policy = match options.chips {
        Some(Chips::Auto) => WhenTooSmall::Chips,
        _ => options.when_too_small.unwrap_or(chip.defaults.when_too_small),
    };
    let needed = tiled.blocks.len();
    let there = there(chip, tiled);
    let whole = |chip: &Chip| -> Result<Fitted> {
        let placement = map::place(mapper, quant, tiled, chip)?;
        let program = sched::emit(quant, tiled, &placement, chip)?;
        Ok(Fitted { placement, program, segments: Vec::new() })
    };
    if needed <= there || there == 0 {
        return whole(chip);
    }
    match policy {
        WhenTooSmall::Error => whole(chip).map_err(|found| remedies(found, chip, quant, tiled, there)),
        WhenTooSmall::Chips => {
            repeat(chip, needed.div_ceil(there / chip.chips))?;
            whole(chip)
        }
        WhenTooSmall::Reload => segments(chip, quant, tiled, mapper, there),
    }
}

fn repeat(chip: &mut Chip, count: usize) -> Result<()> {
    const MOST: usize = crate::arch::MAX_CHIPS as usize;
    if count > 1 && chip.chip_link.is_none() {
        let message = format!("{count} chips are needed and chip `{}` has no `chip.chip_link` to join them", chip.name);
        return Err(Diagnostic::error("F037", message)
            .help("describe the links between chips in the arch file, or use --when-too-small reload")
            .into());
    }
    if !(1..=MOST).contains(&count) {
        return Err(Diagnostic::error("F038", format!("{count} chips: 1 to {MOST} can stand in a row"))
            .help("a larger grid, larger crossbars or more bits_per_cell need fewer chips")
            .into());
    }
    chip.repeat(count);
    Ok(())
}

/// Says which ways there are for a network that does not fit.
fn remedies(found: Diagnostics, chip: &Chip, quant: &QuantGraph, tiled: &TiledGraph, there: usize) -> Diagnostics {
    let chips = tiled.blocks.len().div_ceil(there / chip.chips);
    let link = if chip.chip_link.is_some() { "" } else { " (after `chip.chip_link` is described)" };
    let reload = match sched::cut(quant, tiled, there) {
        Ok(segments) => format!("--when-too-small reload runs it in {} segments", segments.len()),
        Err(_) => "reload does not help: one layer alone is too large".into(),
    };
    let mut out = Diagnostics::new();
    for mut d in found.iter().cloned() {
        if d.code == "P002" {
            let grid = d.help.take().unwrap_or_default();
            d.help = Some(format!("--chips {chips}, or auto{link}; {reload}; {grid}"));
        }
        out.push(d);
    }
    out
}

fn segments(chip: &Chip, quant: &QuantGraph, tiled: &TiledGraph, mapper: &str, there: usize) -> Result<Fitted> {
    let cut = sched::cut(quant, tiled, there)?;
    if let Some(most) = cut.iter().max_by_key(|s| s.kept_bytes).filter(|s| s.kept_bytes * BATCH > chip.memory.bytes) {
        let (one, all, room) = (most.kept_bytes, most.kept_bytes * BATCH, chip.memory.bytes);
        let behind = most.graph.nodes.iter().last().map_or("", |n| n.origin.as_str());
        return Err(Diagnostic::error(
            "P032",
            format!("behind `{behind}` the global buffer must keep {one} bytes a sample, {all} for a batch of {BATCH}, and has {room}: {} too few", all - room),
        )
        .help(format!("raise the capacity of the global buffer to {} KiB, or take more chips", all.div_ceil(1024)))
        .into());
    }
    let mut fitted = Fitted {
        placement: Placement::default(),
        program: Program { machine: sched::machine(chip), stages: IdVec::new(), channels: IdVec::new() },
        segments: Vec::new(),
    };
    for segment in cut {
        let placement = map::place(mapper, &segment.graph, &segment.tiled, chip)?;
        let program = segment.emit(&placement, chip)?;
        for block in placement.blocks.iter() {
            let _: BlockId = fitted.placement.blocks.push(block.clone());
        }
        append(&mut fitted.program, &program);
        fitted.segments.push(Scheduled { segment, program });
    }
    Ok(fitted)
}

/// Puts the stages of a segment behind those of the segments before it.
fn append(whole: &mut Program, part: &Program) {
    let (stages, channels) = (whole.stages.len(), whole.channels.len());
    let stage = |id: StageId| StageId::new(id.index() + stages);
    for c in part.channels.iter() {
        let mut c = c.clone();
        (c.from, c.to) = (stage(c.from), stage(c.to));
        let _: ChannelId = whole.channels.push(c);
    }
    for s in part.stages.iter() {
        let mut s = s.clone();
        for c in s.inputs.iter_mut().chain(&mut s.outputs) {
            *c = ChannelId::new(c.index() + channels);
        }
        let _: StageId = whole.stages.push(s);
    }
}

/// Puts the course of a segment behind that of the segments before it; writes are not in between.
pub fn follow(whole: &mut Timeline, part: Timeline) {
    let (stages, begin) = (whole.stages.len(), whole.cycles);
    whole.samples = part.samples;
    whole.cycles += part.cycles;
    whole.finished = part.finished.iter().map(|c| c + begin).collect();
    for mut s in part.stages.iter().cloned() {
        (s.start, s.end) = (s.start + begin, s.end + begin);
        let _: StageId = whole.stages.push(s);
    }
    for (part, cycles) in part.busy {
        *whole.busy.entry(part).or_default() += cycles;
    }
    let moved = |(owner, kind, action, stage): (Owner, _, _, StageId)| {
        (owner, kind, action, StageId::new(stage.index() + stages))
    };
    whole.counts.extend(part.counts.into_iter().map(|(key, n)| (moved(key), n)));
    whole.events += part.events;
}
