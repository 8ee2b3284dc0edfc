//! The ledger of one inference: every line is a part, an action, a stage, a count and a price.

use std::collections::BTreeMap;

use super::{clock_of, instances, part_of, path};
use crate::arch::Chip;
use crate::cost::{Action, PartKind};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::exec::Activity;
use crate::sched::{Program, StageId, Work};
use crate::sim::{Owner, Timeline};
use crate::units::{Joule, Second};

/// One line of the ledger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Which instance acted.
    pub owner: Owner,
    /// What it is.
    pub kind: PartKind,
    /// What it did; `None` for leakage.
    pub action: Option<Action>,
    /// For which stage; `None` for what belongs to the whole chip: leakage, refresh, waking and clock cycles.
    pub stage: Option<StageId>,
    /// How often in one inference (a mean where the data decide).
    pub count: f64,
    /// Energy of one inference.
    pub energy: Joule,
    /// Whether the price is an assumption.
    pub assumed: bool,
}

/// Energy of one inference, line by line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    /// All lines, ordered by owner, part, action and stage; leakage last.
    pub lines: Vec<Line>,
    /// Time over which leakage is charged.
    pub powered: Second,
}

impl Ledger {
    /// Energy of all lines.
    #[must_use]
    pub fn total(&self) -> Joule {
        self.lines.iter().map(|l| l.energy).sum()
    }
    /// Energy of the lines that are actions.
    #[must_use]
    pub fn dynamic(&self) -> Joule {
        self.lines.iter().filter(|l| l.action.is_some()).map(|l| l.energy).sum()
    }
    /// Energy of leakage.
    #[must_use]
    pub fn leakage(&self) -> Joule {
        self.lines.iter().filter(|l| l.action.is_none()).map(|l| l.energy).sum()
    }
    /// Energy of refresh, waking and clock trees: actions that belong to no stage.
    #[must_use]
    pub fn standing(&self) -> Joule {
        self.lines.iter().filter(|l| l.action.is_some() && l.stage.is_none()).map(|l| l.energy).sum()
    }
    /// Share of the energy that rests on assumed prices; 0 for an empty ledger.
    #[must_use]
    pub fn assumed_share(&self) -> f64 {
        let total = self.total().si();
        // from +0: a sum of nothing is -0
        let assumed = self.lines.iter().filter(|l| l.assumed).fold(0.0, |sum, l| sum + l.energy.si());
        if total > 0.0 { assumed / total } else { 0.0 }
    }
    /// Dynamic energy by stage.
    #[must_use]
    pub fn by_stage(&self) -> BTreeMap<StageId, Joule> {
        let mut sums = BTreeMap::new();
        for line in &self.lines {
            if let Some(stage) = line.stage {
                *sums.entry(stage).or_insert(Joule(0.0)) += line.energy;
            }
        }
        sums
    }
    /// Energy (dynamic, leakage) by kind of part.
    #[must_use]
    pub fn by_kind(&self) -> BTreeMap<PartKind, (Joule, Joule)> {
        let mut sums = BTreeMap::new();
        for line in &self.lines {
            let sum: &mut (Joule, Joule) = sums.entry(line.kind).or_default();
            if line.action.is_some() { sum.0 += line.energy } else { sum.1 += line.energy }
        }
        sums
    }
}

/// Settles one inference: counts of a single-sample `timeline`, array energy of `activity` (a mean
/// over its samples), leakage of every part over the single-sample latency, less while it is asleep, waking and
/// clock cycles of parts with gates.
///
/// # Errors
/// `R010` when an action happened that has no price: energy is never silently zero.
pub fn settle(chip: &Chip, program: &Program, timeline: &Timeline, activity: &Activity) -> Result<Ledger> {
    let mut lines = Vec::new();
    let mut unpriced = Diagnostics::new();
    let samples = timeline.samples.max(1) as f64;
    let stages = timeline.counts.iter().map(|(&(owner, kind, action, stage), n)| (owner, kind, action, Some(stage), n));
    let refreshes = timeline.refreshes.iter().map(|(&(owner, kind), n)| (owner, kind, Action::Refresh, None, n));
    for (owner, kind, action, stage, &count) in stages.chain(refreshes) {
        let Some(price) = part_of(chip, owner, kind).and_then(|p| p.price(action)) else {
            unpriced.push(
                Diagnostic::failure(
                    "R010",
                    format!(
                        "{} did `{}` {count} times and has no price for it",
                        path(chip, owner, kind),
                        action.name()
                    ),
                )
                .help("give the part an energy for this action in the arch file (0 J with its source if it is free)"),
            );
            continue;
        };
        let count = count as f64 / samples;
        // a conversion that stops early costs its share of a whole one (assumed)
        let share = if action == Action::Convert { converted(program, activity, stage) } else { 1.0 };
        lines.push(Line {
            owner,
            kind,
            action: Some(action),
            stage,
            count,
            energy: price.value * (count * share),
            assumed: price.source.is_assumed() || share < 1.0,
        });
    }
    array_lines(chip, program, activity, &mut lines);
    standing_lines(chip, timeline, &mut lines);
    lines.sort_by_key(|l| (l.owner, l.kind, l.action, l.stage));
    let powered = Second(timeline.cycles as f64 / samples / chip.clock.si());
    for (owner, kind) in instances(chip) {
        let Some(part) = part_of(chip, owner, kind) else { continue };
        let power = part.leakage.value * part.count as f64;
        if power.si() > 0.0 {
            let gate = part.gating.as_ref().and_then(|g| g.power.as_ref());
            let rest = timeline.rests.get(&(owner, kind)).copied().unwrap_or_default();
            let saved = gate.map_or(0.0, |g| 1.0 - g.retained.value) * rest.asleep as f64;
            let on = 1.0 - saved / timeline.cycles.max(1) as f64;
            let assumed = part.leakage.source.is_assumed()
                || rest.asleep > 0 && gate.is_some_and(|g| g.retained.source.is_assumed());
            lines.push(Line {
                owner,
                kind,
                action: None,
                stage: None,
                count: part.count as f64,
                energy: power * powered * on,
                assumed,
            });
        }
    }
    unpriced.into_result(Ledger { lines, powered })
}

/// Share of a conversion's steps that the conversions of a stage took.
fn converted(program: &Program, activity: &Activity, stage: Option<StageId>) -> f64 {
    match stage.map(|stage| &program.stages[stage].work) {
        Some(Work::Mvm { layer, .. }) => activity.layers.get(*layer).map_or(1.0, |l| l.stops.share()),
        _ => 1.0,
    }
}

/// Waking and clock cycles of one inference, of all parts that have a price for them.
fn standing_lines(chip: &Chip, timeline: &Timeline, lines: &mut Vec<Line>) {
    let samples = timeline.samples.max(1) as f64;
    for (owner, kind) in instances(chip) {
        let Some(part) = part_of(chip, owner, kind) else { continue };
        let Some(gating) = &part.gating else { continue };
        let rest = timeline.rests.get(&(owner, kind)).copied().unwrap_or_default();
        let ticking = timeline.cycles.saturating_sub(if gating.clock_gated { rest.idle } else { 0 }) as f64;
        // there is a global buffer on each of several chips, and one of them works
        let parts = if kind == PartKind::Memory && !gating.clock_gated { part.count as f64 } else { 1.0 };
        let cycles = parts * ticking * (clock_of(chip, owner, kind).si() / chip.clock.si());
        for (action, count) in [(Action::Wake, rest.wakes as f64), (Action::Clock, cycles)] {
            let Some(price) = part.price(action).filter(|_| count > 0.0) else { continue };
            let (count, assumed) = (count / samples, price.source.is_assumed());
            let energy = price.value * count;
            lines.push(Line { owner, kind, action: Some(action), stage: None, count, energy, assumed });
        }
    }
}

/// Array energy of each layer, shared equally by its crossbars: it comes from voltages and
/// conductances, so it is no price of its own: it is assumed where the device card is, and where the
/// voltages were estimated instead of counted.
fn array_lines(chip: &Chip, program: &Program, activity: &Activity, lines: &mut Vec<Line>) {
    if activity.samples == 0 {
        return;
    }
    let samples = activity.samples as f64;
    for (stage, s) in program.stages.enumerate() {
        let Work::Mvm { layer, replicas, .. } = &s.work else { continue };
        let Some(layer) = activity.layers.get(*layer) else { continue };
        let units: Vec<_> = replicas.iter().flatten().collect();
        let share = 1.0 / units.len().max(1) as f64;
        for unit in &units {
            let part = &chip.xbar_kinds[chip.xbars[unit.xbar].kind].part;
            let assumed = activity.estimated || part.price(Action::Bias).is_some_and(|p| p.source.is_assumed());
            lines.push(Line {
                owner: Owner::Xbar(unit.xbar),
                kind: PartKind::Crossbar,
                action: Some(Action::Bias),
                stage: Some(stage),
                count: layer.reads as f64 / samples * share,
                energy: layer.array_energy * (share / samples),
                assumed,
            });
        }
    }
}
