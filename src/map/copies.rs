//! How many copies of each layer make a balanced pipeline.
//!
//! ISAAC's rule (Shafiee et al., ISCA 2016, doi:10.1109/ISCA.2016.12): a layer followed by strides Sx and Sy,
//! its own consumer's or a pool's, needs Sx · Sy copies for each copy of what follows, counted back from the
//! last layer, so that every stage yields at one rate. Multiplied up, the copies of a layer are proportional to
//! its output positions. Where positions do not take equally many input phases and row groups, the time of a
//! position counts as well.
//!
//! A chip rarely has room for a copy for each position, so the rate is scaled: the copies are the fewest with
//! which every layer is done within a time `t`, for the smallest `t` whose copies the chip has room for. The
//! crossbars that a uniform scaling leaves over, given one after another to the slowest layer, end in the same
//! `t`; crossbars left after that would make nothing faster and stay free.

use crate::arch::{Chip, XbarKindId};
use crate::id::{Id, IdVec};
use crate::lower::TiledGraph;

/// Most copies that the addresses of cells tell apart (7 bits of [`crate::rng::element`]).
pub const MOST_COPIES: usize = 128;

/// What one layer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Kind of its crossbars.
    pub kind: XbarKindId,
    /// Crossbars of one copy.
    pub blocks: usize,
    /// Output positions of one inference.
    pub positions: usize,
    /// Input phases × row groups of one position.
    pub steps: usize,
}

/// What every layer asks for.
#[must_use]
pub fn demands(tiled: &TiledGraph) -> Vec<Demand> {
    let of = |l: &crate::lower::TiledLayer| {
        let groups = l.blocks.iter().map(|b| tiled.blocks[*b].group_count()).max().unwrap_or(1);
        Demand {
            kind: l.xbar_kind,
            blocks: l.blocks.len(),
            positions: l.positions.max(1),
            steps: (l.planes.len() * groups).max(1),
        }
    };
    tiled.layers.iter().map(of).collect()
}

/// Crossbars of each kind.
#[must_use]
pub fn room(chip: &Chip) -> IdVec<XbarKindId, usize> {
    let mut room: IdVec<XbarKindId, usize> = chip.xbar_kinds.iter().map(|_| 0).collect();
    chip.xbars.iter().for_each(|x| room[x.kind] += 1);
    room
}

impl Demand {
    /// Steps until `copies` copies have computed all positions.
    #[must_use]
    pub fn time(&self, copies: usize) -> usize {
        self.steps * self.positions.div_ceil(copies.max(1))
    }
    /// Fewest copies that are done within `time` steps.
    fn copies(&self, time: usize, most: usize) -> Option<usize> {
        let each = time / self.steps;
        (each > 0).then(|| self.positions.div_ceil(each)).filter(|c| *c <= most)
    }
}

/// Copies of each layer for the fastest pipeline that `room` allows, with at most `most` copies of a layer. One
/// copy of each where not even these have room.
#[must_use]
pub fn balanced(demands: &[Demand], room: &IdVec<XbarKindId, usize>, most: usize) -> Vec<usize> {
    let within = |time: usize| -> Option<Vec<usize>> {
        let copies = demands.iter().map(|d| d.copies(time, most.max(1))).collect::<Option<Vec<_>>>()?;
        let mut left: Vec<usize> = room.iter().copied().collect();
        for (d, c) in demands.iter().zip(&copies) {
            let left = left.get_mut(d.kind.index())?;
            *left = left.checked_sub(d.blocks * c)?;
        }
        Some(copies)
    };
    // all that is feasible in a time is feasible in a longer one
    let (mut low, mut high) = (0, demands.iter().map(|d| d.time(1)).max().unwrap_or(1));
    let mut best = within(high);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match within(middle) {
            Some(copies) => (best, high) = (Some(copies), middle),
            None => low = middle,
        }
    }
    best.unwrap_or_else(|| vec![1; demands.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn demand(blocks: usize, positions: usize, steps: usize) -> Demand {
        Demand { kind: XbarKindId::new(0), blocks, positions, steps }
    }

    /// A copy more for the slowest layer, again and again, until it has no room or no use for it.
    fn greedily(demands: &[Demand], room: usize, most: usize) -> Vec<usize> {
        let mut copies = vec![1; demands.len()];
        let used = |copies: &[usize]| demands.iter().zip(copies).map(|(d, c)| d.blocks * c).sum::<usize>();
        loop {
            let slowest = (0..demands.len()).max_by_key(|i| demands[*i].time(copies[*i])).expect("not empty");
            copies[slowest] += 1;
            if used(&copies) > room || copies[slowest] > most.min(demands[slowest].positions) {
                copies[slowest] -= 1;
                return copies;
            }
        }
    }

    #[test]
    fn steps_count_where_they_differ() {
        // the same positions, three times the steps: three times the copies
        let d = [demand(1, 30, 3), demand(1, 30, 1)];
        assert_eq!(balanced(&d, &[4].into_iter().collect(), 128), [3, 1]);
        assert_eq!(balanced(&d, &[1].into_iter().collect(), 128), [1, 1], "no room: one each, placement refuses");
    }

    proptest! {
        /// Nothing is faster: giving crossbars to the slowest layer one by one ends in the same time, and never
        /// with fewer crossbars.
        #[test]
        fn as_fast_as_greedy_growth(list in prop::collection::vec((1usize..9, 1usize..60, 1usize..4), 1..7), spare in 0usize..200, most in 1usize..20) {
            let demands: Vec<Demand> = list.iter().map(|(b, p, s)| demand(*b, *p, *s)).collect();
            let room = demands.iter().map(|d| d.blocks).sum::<usize>() + spare;
            let slowest = |copies: &[usize]| demands.iter().zip(copies).map(|(d, c)| d.time(*c)).max();
            let used = |copies: &[usize]| demands.iter().zip(copies).map(|(d, c)| d.blocks * c).sum::<usize>();
            let mine = balanced(&demands, &[room].into_iter().collect(), most);
            let theirs = greedily(&demands, room, most);
            prop_assert_eq!(slowest(&mine), slowest(&theirs));
            prop_assert!(used(&mine) <= used(&theirs) && mine.iter().all(|c| (1..=most).contains(c)));
        }
    }
}
