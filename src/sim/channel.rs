//! A channel: the finite buffer between two stages, with credits.
//!
//! - *Capacity*: `capacity` producer positions. The producer reserves a place (a credit) before its delivery
//!   asks for the bus; the place is free again when the consumer no longer needs the position, that is
//!   when a later consumer position has been loaded ([`Channel::free`]).
//! - *Order*: positions arrive in order, sample after sample.
//! - *Latency*: none of its own; a position is visible in the cycle in which its last byte is written, a
//!   credit in the cycle in which the consumer's load ends.

use crate::id::Id;
use crate::sched::{Channel, Stage};

/// State of a channel. Positions are counted over all samples.
#[derive(Debug)]
pub(super) struct Credits {
    pub(super) from: u32,
    pub(super) to: u32,
    /// Delivery route.
    pub(super) route: u32,
    positions: u64,
    capacity: u64,
    /// Producer positions of a sample that each consumer position needs.
    need: Vec<u32>,
    /// Producer positions of a sample that are free after each consumer position.
    free: Vec<u32>,
    /// Positions whose delivery was started.
    pub(super) sent: u64,
    /// Positions that have left the producer.
    pub(super) left: u64,
    /// Positions that are in the buffer or were.
    pub(super) arrived: u64,
    /// Positions that the consumer needs no more.
    pub(super) freed: u64,
    /// Most positions that were in the buffer at the end of a cycle before [`Self::changed`].
    peak: u64,
    /// Cycle of the last arrival or release.
    changed: u64,
}

impl Credits {
    /// An empty channel; the tables are unrolled here, so that the run does not compute windows.
    pub(super) fn new(channel: &Channel, consumer: &Stage, route: u32) -> Self {
        let consumers = consumer.positions;
        let mut most = 0;
        let free = (0..consumers).map(|p| {
            most = most.max(channel.free(p, consumers));
            most as u32
        });
        Self {
            from: channel.from.index() as u32,
            to: channel.to.index() as u32,
            route,
            positions: channel.positions as u64,
            capacity: channel.capacity as u64,
            free: free.collect(),
            need: (0..consumers).map(|p| channel.need(p) as u32).collect(),
            sent: 0,
            left: 0,
            arrived: 0,
            freed: 0,
            peak: 0,
            changed: 0,
        }
    }
    /// Producer positions, over all samples, that must have arrived before a consumer position starts.
    pub(super) fn needed(&self, sample: u64, position: u64) -> u64 {
        sample * self.positions + u64::from(self.need[position as usize])
    }
    /// Whether the consumer position can start.
    pub(super) fn ready(&self, sample: u64, position: u64) -> bool {
        self.arrived >= self.needed(sample, position)
    }
    /// Whether there is a place for one more position.
    pub(super) fn has_credit(&self) -> bool {
        self.sent < self.freed + self.capacity
    }
    /// The last byte of one more position is in the buffer.
    pub(super) fn arrive(&mut self, now: u64) {
        self.close(now);
        self.arrived += 1;
    }
    /// The consumer position has been loaded.
    pub(super) fn consumed(&mut self, sample: u64, position: u64, now: u64) {
        self.close(now);
        self.freed = self.freed.max(sample * self.positions + u64::from(self.free[position as usize]));
    }
    /// What has happened before cycle `now` is over: within a cycle it does not matter what came first.
    fn close(&mut self, now: u64) {
        if now > self.changed {
            self.peak = self.peak();
            self.changed = now;
        }
    }
    /// Most positions that were in the buffer at the end of a cycle.
    pub(super) fn peak(&self) -> u64 {
        self.peak.max(self.held())
    }
    /// Writes down the counts relative to `sample` samples.
    pub(super) fn state(&self, sample: u64, out: &mut Vec<u64>) {
        let done = sample * self.positions;
        out.extend([self.sent, self.left, self.arrived, self.freed].map(|n| n.wrapping_sub(done)));
    }
    /// Positions in the buffer.
    pub(super) fn held(&self) -> u64 {
        self.arrived.saturating_sub(self.freed)
    }
    /// Places in all.
    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sched::{Need, StageId, Work};
    use crate::tensor::Window;

    fn window_channel() -> Credits {
        let window = Window {
            channels: 1,
            input: vec![5],
            output: vec![3],
            kernel: vec![3],
            stride: vec![1],
            dilation: vec![1],
            pad: vec![0],
        };
        let consumer = Stage {
            name: "conv".into(),
            node: None,
            tile: Id::new(0),
            positions: 3,
            work: Work::Vector { load_bytes: 0, vector_ops: 0 },
            inputs: vec![],
            outputs: vec![],
        };
        let channel = Channel {
            from: StageId::new(0),
            to: StageId::new(1),
            bytes: 1,
            positions: 5,
            need: Need::Window(window),
            capacity: 3,
        };
        Credits::new(&channel, &consumer, 0)
    }

    #[test]
    fn a_window_of_three_needs_three_and_frees_one_by_one() {
        let mut c = window_channel();
        c.arrived = 2;
        assert!(!c.ready(0, 0), "two of three positions are not enough");
        c.arrived = 3;
        c.sent = 3;
        assert!(c.ready(0, 0) && !c.has_credit());
        c.consumed(0, 0, 1);
        assert!(c.has_credit(), "the first position is needed no more");
        c.sent = 4;
        assert!(!c.has_credit());
        c.consumed(0, 2, 2);
        assert_eq!(c.freed, 5, "the last position of a sample frees all of it");
        (c.arrived, c.freed, c.peak) = (0, 0, 0);
        (3..6).for_each(|cycle| c.arrive(cycle));
        c.arrive(7);
        c.consumed(0, 0, 7);
        assert_eq!((c.peak(), c.arrived), (3, 4), "the fourth takes the place of the first, whichever comes first");
        c.consumed(0, 2, 9);
        assert_eq!(c.needed(1, 0), 8);
    }
}
