//! Capacities of channels: how much of what a stage yields may wait at the stage that reads it.
//!
//! A stage that reads one producer needs no more than the positions of its window. A join needs more: while
//! one branch works its way to a position, the other runs ahead, and its results wait. Where a tile has the
//! room a join gets whole samples; where it has not, it gets the *lead*: as many positions as the fork in front
//! of both branches must hand out before the slower branch can deliver. With less, the fork would wait for the
//! join and the join for the fork. Where even that is more than a tile has, [`super::spread`] takes work of its vector
//! unit to others.

use super::program::{Channel, ChannelId, Need, Stage, StageId, Work};
use super::spread::spread;
use crate::arch::{Chip, TileId};
use crate::diag::{Diagnostic, Result};
use crate::id::{Id, IdVec};

/// What the channels of a tile get, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    /// Joins hold whole samples, not the lead alone.
    whole: bool,
    /// Twice as much, so that loading and working overlap.
    double: bool,
}

const ROOMS: [Room; 4] = [
    Room { whole: true, double: true },
    Room { whole: true, double: false },
    Room { whole: false, double: true },
    Room { whole: false, double: false },
];

/// The least of all.
const LEAST: Room = ROOMS[ROOMS.len() - 1];

/// Gives every channel its capacity: on each tile the most that its buffer holds. Stages of the vector unit whose
/// tile cannot hold even the least move to one that can.
///
/// # Errors
/// `P003` for the tile that lacks most when even the least does not fit.
pub(super) fn fit(
    stages: &mut IdVec<StageId, Stage>,
    channels: &mut IdVec<ChannelId, Channel>,
    chip: &Chip,
) -> Result<()> {
    let room = chip.tile_kind.buffer_bytes;
    if let Err(needs) = take(stages, channels, chip) {
        spread(stages, channels, &needs, chip);
    }
    let Err(needs) = take(stages, channels, chip) else { return Ok(()) };
    let mut held = vec![0; chip.tiles.len()];
    stages.iter().zip(needs.iter()).for_each(|(s, need)| held[s.tile.index()] += need);
    let worst = held.iter().copied().enumerate().filter(|(_, held)| *held > room);
    // of equals the first
    let worst = worst.rev().max_by_key(|(_, held)| *held).map(|(tile, held)| (held, TileId::new(tile)));
    let Some((most, tile)) = worst else { return Ok(()) };
    let tile = tile.index();
    Err(Diagnostic::error(
        "P003",
        format!(
            "the inputs of the layers on tile {tile} need {most} bytes of buffer and the tile has {room}: {} too few",
            most - room
        ),
    )
    .help(format!(
        "raise the capacity of the tile's buffer to at least {} KiB, or spread the network over more tiles",
        most.div_ceil(1024)
    ))
    .into())
}

/// Gives every channel its capacity, or says how many bytes each stage needs at least.
fn take(
    stages: &IdVec<StageId, Stage>,
    channels: &mut IdVec<ChannelId, Channel>,
    chip: &Chip,
) -> std::result::Result<(), IdVec<StageId, usize>> {
    let mut tiles: Vec<Vec<StageId>> = vec![Vec::new(); chip.tiles.len()];
    stages.enumerate().for_each(|(id, s)| tiles[s.tile.index()].push(id));
    let fits = |list: &Vec<StageId>| {
        ROOMS.iter().any(|wanted| {
            let bytes = list.iter().map(|id| give(stages, channels, *id, *wanted));
            bytes.sum::<usize>() <= chip.tile_kind.buffer_bytes
        })
    };
    if tiles.iter().filter(|list| !list.is_empty()).all(fits) {
        return Ok(());
    }
    Err((0..stages.len()).map(|id| give(stages, channels, StageId::new(id), LEAST)).collect())
}

/// Gives the inputs of a stage their capacities; bytes that they take of the tile's buffer.
fn give(
    stages: &IdVec<StageId, Stage>,
    channels: &mut IdVec<ChannelId, Channel>,
    stage: StageId,
    wanted: Room,
) -> usize {
    let mut bytes = 0;
    for id in &stages[stage].inputs {
        let capacity = capacity(stages, channels, *id, wanted);
        channels[*id].capacity = capacity;
        bytes += capacity * channels[*id].bytes as usize;
    }
    // what leaves the chip waits in the global buffer
    if matches!(stages[stage].work, Work::Sink { .. }) { 0 } else { bytes }
}

fn capacity(stages: &IdVec<StageId, Stage>, channels: &IdVec<ChannelId, Channel>, id: ChannelId, room: Room) -> usize {
    let c = &channels[id];
    let consumer = &stages[c.to];
    let others: Vec<ChannelId> = if c.need == Need::Previous {
        vec![]
    } else {
        consumer.inputs.iter().copied().filter(|i| *i != id && channels[*i].need != Need::Previous).collect()
    };
    let least = c.least_capacity(consumer.positions);
    let once = match others.is_empty() {
        true => least,
        false if room.whole => c.positions.max(least),
        false => {
            others.iter().map(|o| lead(stages, channels, id, *o)).fold(least, usize::max).min(c.positions.max(least))
        }
    };
    if room.double { 2 * once } else { once }
}

/// Positions of `own` that wait at its consumer while the branch of `other` works its way to them.
fn lead(
    stages: &IdVec<StageId, Stage>,
    channels: &IdVec<ChannelId, Channel>,
    own: ChannelId,
    other: ChannelId,
) -> usize {
    let (a, b) = (&channels[own], &channels[other]);
    let (above_a, above_b) =
        (reaching(stages, channels, a.from, |_| true), reaching(stages, channels, b.from, |_| true));
    // stages stand in topological order: the last common one is the nearest fork
    let Some(fork) = (0..=a.from.index().min(b.from.index())).rev().find(|s| above_a[*s] && above_b[*s]) else {
        return 0;
    };
    let fork = StageId::new(fork);
    // where every way holds whole samples on it, the fork hands out all of a sample without waiting for what comes
    // after
    if !reaching(stages, channels, a.from, |c| c.need != Need::All)[fork.index()] {
        return 0;
    }
    let (for_a, for_b) =
        (demand(stages, channels, a.from, fork, &above_a), demand(stages, channels, b.from, fork, &above_b));
    let consumers = stages[a.to].positions;
    let (mut made, mut most) = (0, 0);
    for p in 0..consumers {
        // what the fork has handed out before the other branch delivers, and what this branch makes of it
        let handed = for_b[b.need(p).min(for_b.len() - 1)];
        while made + 1 < for_a.len() && for_a[made + 1] <= handed {
            made += 1;
        }
        let gone = if p == 0 { 0 } else { a.free(p - 1, consumers) };
        most = most.max(made.saturating_sub(gone));
    }
    most
}

/// Stages from which a stage is reached over channels that pass, itself included.
fn reaching(
    stages: &IdVec<StageId, Stage>,
    channels: &IdVec<ChannelId, Channel>,
    of: StageId,
    passes: impl Fn(&Channel) -> bool,
) -> Vec<bool> {
    let mut above = vec![false; of.index() + 1];
    above[of.index()] = true;
    for s in (0..=of.index()).rev() {
        if above[s] {
            let inputs = stages[StageId::new(s)].inputs.iter().map(|i| &channels[*i]);
            inputs.filter(|c| passes(c)).for_each(|c| above[c.from.index()] = true);
        }
    }
    above
}

/// For every number of positions of `of` the positions of `fork` without which they cannot be made.
fn demand(
    stages: &IdVec<StageId, Stage>,
    channels: &IdVec<ChannelId, Channel>,
    of: StageId,
    fork: StageId,
    above: &[bool],
) -> Vec<usize> {
    let count = stages[of].positions;
    let mut needed: Vec<Vec<usize>> = vec![Vec::new(); of.index() + 1];
    needed[of.index()] = (0..=count).collect();
    for s in (fork.index() + 1..=of.index()).rev().filter(|s| above[*s]) {
        let mine = std::mem::take(&mut needed[s]);
        if mine.is_empty() {
            continue;
        }
        for channel in stages[StageId::new(s)].inputs.iter().map(|i| &channels[*i]) {
            let from = channel.from.index();
            if from < fork.index() || from == s {
                continue;
            }
            let theirs = &mut needed[from];
            theirs.resize(count + 1, 0);
            let (mut last, mut reached) = (0, 0);
            for (t, n) in theirs.iter_mut().zip(&mine) {
                if *n != last {
                    (last, reached) = (*n, channel.need(n - 1));
                }
                *t = (*t).max(reached);
            }
        }
    }
    let found = std::mem::take(&mut needed[fork.index()]);
    if found.is_empty() { vec![0; count + 1] } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fork of eight positions before two branches that meet again: `first` says what the branch in question needs
    /// of the fork, and the other branch needs everything.
    fn lead_behind(first: Need) -> usize {
        let vector = Work::Vector { load_bytes: 1, vector_ops: 1 };
        let stage = |name: &str, inputs: &[usize]| Stage {
            name: name.into(),
            node: None,
            tile: TileId::new(0),
            positions: 8,
            work: vector.clone(),
            inputs: inputs.iter().map(|c| ChannelId::new(*c)).collect(),
            outputs: vec![],
        };
        let stages: IdVec<StageId, Stage> =
            [stage("fork", &[]), stage("own", &[0]), stage("other", &[1]), stage("join", &[2, 3])]
                .into_iter()
                .collect();
        let channel = |from: usize, to: usize, need| Channel {
            from: StageId::new(from),
            to: StageId::new(to),
            bytes: 1,
            positions: 8,
            need,
            capacity: 0,
        };
        let channels: IdVec<ChannelId, Channel> =
            [channel(0, 1, first), channel(0, 2, Need::All), channel(1, 3, Need::Same), channel(2, 3, Need::All)]
                .into_iter()
                .collect();
        lead(&stages, &channels, ChannelId::new(2), ChannelId::new(3))
    }

    /// A branch that runs along with the fork has made everything before the other begins, and all of it waits. One
    /// that holds a whole sample first lets the fork go on, and nothing has to wait behind it.
    #[test]
    fn nothing_waits_behind_what_holds_whole_samples() {
        assert_eq!(lead_behind(Need::Same), 8);
        assert_eq!(lead_behind(Need::All), 0);
    }
}
