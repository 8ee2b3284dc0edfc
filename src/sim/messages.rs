//! Times of messages over the mesh, which a recorder keeps: where they begin and end cannot be read off the holds of
//! parts, because a message that waits in front of the mesh, or behind it, holds nothing.
//!
//! A message begins when it is offered to the mesh and ends when what follows in its route may begin. Messages of one
//! route do not overtake each other, so the one that ends is the oldest.

use std::collections::VecDeque;

use super::recording::MessageTime;
use super::routes::Way;
use super::transport::{Leg, NONE};

/// Most messages that are kept (assumed: 200 MB).
const MOST: usize = 1 << 22;

/// The messages so far.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Way that begins and way that ends when a leg is asked for, and the cycles between its beginning and the request.
    begins: Vec<u32>,
    lead: Vec<u64>,
    ends: Vec<u32>,
    ways: Vec<Way>,
    /// Messages of each way that have not ended.
    open: Vec<VecDeque<usize>>,
    all: Vec<MessageTime>,
    /// Most messages.
    pub(super) most: usize,
    /// First cycle in which one was offered that is left out, because there are too many.
    pub(super) cut: Option<u64>,
}

impl Messages {
    /// No message yet, of routes with these legs and ways.
    pub(super) fn new(legs: &[Leg], ways: &[Way]) -> Self {
        let (mut begins, mut ends, mut lead) = (vec![NONE; legs.len()], vec![NONE; legs.len()], vec![0; legs.len()]);
        for (n, w) in ways.iter().enumerate() {
            // every message has a goal behind the mesh
            if let (Some(first), Some(next)) = (legs.get(w.legs[0] as usize), ends.get_mut(w.legs[1] as usize)) {
                begins[w.legs[0] as usize] = n as u32;
                lead[w.legs[0] as usize] = u64::from(first.before);
                *next = n as u32;
            }
        }
        let open = vec![VecDeque::new(); ways.len()];
        Self { begins, lead, ends, ways: ways.to_vec(), open, most: MOST, ..Self::default() }
    }
    /// A leg is asked for.
    pub(super) fn note(&mut self, leg: u32, now: u64) {
        let leg = leg as usize;
        // those that ask again for a server are no leg
        if leg >= self.begins.len() {
            return;
        }
        let start = now - self.lead[leg];
        let way = self.ways.get(self.begins[leg] as usize);
        if way.is_some() && self.all.len() >= self.most {
            self.cut = Some(self.cut.map_or(start, |cut| cut.min(start)));
        } else if let Some(way) = way {
            self.open[self.begins[leg] as usize].push_back(self.all.len());
            self.all.push(MessageTime {
                stage: way.stage,
                from: way.from,
                to: way.to,
                flits: way.flits,
                start,
                end: 0,
            });
        }
        if let Some(open) = self.open.get_mut(self.ends[leg] as usize)
            && let Some(oldest) = open.pop_front()
        {
            self.all[oldest].end = now;
        }
    }
    /// All of them before the cut, in order of their beginning.
    pub(super) fn finish(self) -> Vec<MessageTime> {
        let mut all = self.all;
        if let Some(cut) = self.cut {
            all.retain(|m| m.start < cut);
        }
        all.sort_by_key(|m| (m.start, m.from, m.to, m.stage, m.end));
        all
    }
}
