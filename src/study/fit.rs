//! Brings a network onto the chip at hand, or onto several, or onto one several times.

use super::{BATCH, RunOptions};
use crate::arch::{Chip, WhenTooSmall};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::id::{Id, IdVec};
use crate::lower::{BlockId, QuantGraph, TiledGraph};
use crate::map::{self, Placement};
use crate::sched::{self, ChannelId, Program, Segment, StageId};
use crate::sim::{MvmTime, Owner, PositionTime, Timeline};

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
    let (stages, channels, begin) = (whole.stages.len(), whole.peaks.len(), whole.cycles);
    whole.samples = part.samples;
    whole.cycles += part.cycles;
    whole.finished = part.finished.iter().map(|c| c + begin).collect();
    for mut s in part.stages.iter().cloned() {
        (s.start, s.end) = (s.start + begin, s.end + begin);
        let _: StageId = whole.stages.push(s);
    }
    for peak in part.peaks.iter() {
        let _: ChannelId = whole.peaks.push(*peak);
    }
    for (part, cycles) in part.busy {
        *whole.busy.entry(part).or_default() += cycles;
    }
    for (part, rest) in part.rests {
        let all = whole.rests.entry(part).or_default();
        *all = all.and(1, rest);
    }
    let moved = |(owner, kind, action, stage): (Owner, _, _, StageId)| {
        (owner, kind, action, StageId::new(stage.index() + stages))
    };
    for (memory, n) in part.refreshes {
        *whole.refreshes.entry(memory).or_default() += n;
    }
    whole.rows += part.rows;
    whole.counts.extend(part.counts.into_iter().map(|(key, n)| (moved(key), n)));
    whole.events += part.events;
    // the links of the chip are the same ones again
    match whole.links.is_empty() {
        true => whole.links = part.links,
        false => whole.links.iter_mut().zip(part.links).for_each(|(a, b)| {
            (a.messages, a.flits, a.bytes, a.busy) =
                (a.messages + b.messages, a.flits + b.flits, a.bytes + b.bytes, a.busy + b.busy);
        }),
    }
    let stage = |id: StageId| StageId::new(id.index() + stages);
    let moved =
        |p: PositionTime| PositionTime { stage: stage(p.stage), start: p.start + begin, end: p.end + begin, ..p };
    whole.trace.extend(part.trace.into_iter().map(moved));
    whole.mvms.extend(part.mvms.into_iter().map(|m| MvmTime {
        stage: stage(m.stage),
        loaded: m.loaded + begin,
        begun: m.begun + begin,
        ready: m.ready + begin,
        sent: m.sent + begin,
        ..m
    }));
    whole.recording.append(part.recording, stages, channels, begin);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cost::{Action, PartKind};
    use crate::sim::{SimOptions, run};

    const ISAAC: &str = include_str!("../../arch/isaac_ce.yaml");

    /// A chip of one tile with two crossbars, and a network that needs more.
    fn small() -> (Chip, QuantGraph, TiledGraph) {
        let set = |path: &str, value: &str| (path.to_owned(), value.to_owned());
        let overrides = [set("chip.grid", "[1, 1]"), set("cores.ima.crossbars.main", "2"), set("tile.cores.ima", "1")];
        let chip = crate::arch::load_str("t", ISAAC, &overrides).expect("the shipped chip");
        let graph = crate::exec::support::heartbeat();
        let tiled = crate::lower::tile(&graph, &chip).expect("fits addresses");
        (chip, graph, tiled)
    }

    fn try_with(options: &RunOptions) -> (Chip, Result<Fitted>, TiledGraph) {
        let (mut chip, graph, tiled) = small();
        let fitted = fit(options, &mut chip, &graph, &tiled, "sequential");
        (chip, fitted, tiled)
    }

    #[test]
    fn what_does_not_fit_names_every_remedy() {
        let (_, fitted, tiled) = try_with(&RunOptions::default());
        assert!(tiled.blocks.len() > 2, "{}", tiled.blocks.len());
        let found = fitted.err().expect("too small");
        let help = found.iter().next().and_then(|d| d.help.clone()).unwrap_or_default();
        let chips = format!("--chips {}", tiled.blocks.len().div_ceil(2));
        for word in [chips.as_str(), "reload", "grid"] {
            assert!(help.contains(word), "{help}");
        }
    }

    #[test]
    fn chips_are_taken_as_needed() {
        for options in [
            RunOptions { chips: Some(Chips::Auto), ..RunOptions::default() },
            RunOptions { when_too_small: Some(WhenTooSmall::Chips), ..RunOptions::default() },
        ] {
            let (chip, fitted, tiled) = try_with(&options);
            let fitted = fitted.expect("fits");
            assert_eq!(chip.chips, tiled.blocks.len().div_ceil(2));
            assert_eq!(chip.xbars.len(), 2 * chip.chips);
            let t = run(&fitted.program, &SimOptions::default()).expect("runs");
            // something went over every boundary
            for c in 0..chip.chips - 1 {
                assert!(t.counts.keys().any(|(o, p, ..)| (*o, *p) == (Owner::Chip(c), PartKind::ChipLink)), "{c}");
            }
        }
        let (_, fitted, _) = try_with(&RunOptions { chips: Some(Chips::Count(0)), ..RunOptions::default() });
        assert_eq!(fitted.err().and_then(|f| f.iter().next().map(|d| d.code)), Some("F038"));
        let (mut chip, graph, tiled) = small();
        chip.chip_link = None;
        let auto = RunOptions { chips: Some(Chips::Auto), ..RunOptions::default() };
        let refused = fit(&auto, &mut chip, &graph, &tiled, "sequential").err();
        assert_eq!(refused.and_then(|f| f.iter().next().map(|d| d.code)), Some("F037"));
    }

    #[test]
    fn segments_do_the_work_of_the_whole() {
        let reload = RunOptions { when_too_small: Some(WhenTooSmall::Reload), ..RunOptions::default() };
        let (chip, fitted, tiled) = try_with(&reload);
        let fitted = fitted.expect("fits in segments");
        assert!(fitted.segments.len() > 1);
        assert_eq!(fitted.placement.blocks.len(), tiled.blocks.len());
        let mut course = Timeline::default();
        for part in &fitted.segments {
            follow(&mut course, run(&part.program, &SimOptions::default()).expect("runs"));
        }
        assert_eq!(course.stages.len(), fitted.program.stages.len());
        let (mut many, graph, tiled) = small();
        let auto = RunOptions { chips: Some(Chips::Auto), ..RunOptions::default() };
        let whole = fit(&auto, &mut many, &graph, &tiled, "sequential").expect("fits");
        let whole = run(&whole.program, &SimOptions::default()).expect("runs");
        let sums = |t: &Timeline| {
            let mut sums: BTreeMap<(PartKind, Action), u64> = BTreeMap::new();
            for ((_, part, action, _), n) in &t.counts {
                *sums.entry((*part, *action)).or_default() += n;
            }
            sums
        };
        let (a, b) = (sums(&course), sums(&whole));
        for key in [
            (PartKind::Dac, Action::Drive),
            (PartKind::Adc, Action::Convert),
            (PartKind::InputRegister, Action::Write),
            (PartKind::VectorUnit, Action::Operate),
        ] {
            assert_eq!(a[&key], b[&key], "{key:?}");
        }
        // what is kept between segments is written once and read once
        let kept: usize = fitted.segments.iter().map(|s| s.segment.kept_bytes).sum();
        let (write, read) = ((PartKind::Memory, Action::Write), (PartKind::Memory, Action::Read));
        assert!(kept > 0);
        assert_eq!((a[&write] - b[&write], a[&read] - b[&read]), (kept as u64, kept as u64));
        assert!(chip.chips == 1 && course.cycles > 0);
    }

    #[test]
    fn the_global_buffer_must_hold_a_batch() {
        let (mut chip, graph, tiled) = small();
        chip.memory.bytes = 1000;
        let reload = RunOptions { when_too_small: Some(WhenTooSmall::Reload), ..RunOptions::default() };
        let found = fit(&reload, &mut chip, &graph, &tiled, "sequential").err().expect("too small");
        let d = found.iter().next().expect("one finding");
        assert!(d.code == "P032" && d.message.contains("has 1000"), "{d}");
        let error = sched::cut(&graph, &tiled, 0).expect_err("a layer has a block");
        assert_eq!(error.iter().next().map(|d| d.code), Some("P031"));
    }
}
