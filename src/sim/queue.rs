//! The event queue: integer cycles, two phases, no ties left open.
//!
//! An event is one 128-bit number, `cycle:48 | phase:1 | kind:3 | index:24 | argument:52`; the queue pops
//! the smallest. In phase 0 work ends and data arrive; in phase 1 requests reach the servers, so that a
//! server decides among all requests of a cycle in the order of their routes, whatever the order in
//! which they were raised. Equal numbers are the same event twice and cannot be told apart: the order
//! of events does not depend on the order of insertion.
//!
//! A binary heap of plain numbers was measured against a wheel of buckets (`benches/sim.rs`).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A server has moved the last byte of a leg and is free.
    Release {
        /// The leg.
        leg: u32,
    },
    /// A job reaches the end of its leg.
    Advance {
        /// The job.
        job: u32,
        /// Whether the server of the leg is released in the same cycle.
        release: bool,
    },
    /// The last front end of an MVM is over: one input slot of the unit is free.
    SlotFree {
        /// The unit.
        unit: u32,
    },
    /// A result stands in the output register of a unit.
    ResultReady {
        /// The unit.
        unit: u32,
    },
    /// A job asks for the server of its leg (phase 1).
    Request {
        /// The server.
        server: u32,
        /// Route of the job: the tie-break among the requests of a cycle.
        route: u32,
        /// The job.
        job: u32,
    },
}

/// Bits of the argument.
const ARG: u32 = 52;
/// Bits of an index.
const INDEX: u32 = 24;
/// Largest index that fits: servers, legs, jobs and units are fewer.
pub(super) const MAX_INDEX: usize = (1 << INDEX) - 1;
/// Largest cycle that fits.
pub(super) const MAX_CYCLE: u64 = (1 << 48) - 1;

fn pack(cycle: u64, event: Event) -> u128 {
    let (phase, kind, index, arg) = match event {
        Event::Release { leg } => (0, 0, leg, 0),
        Event::Advance { job, release } => (0, 1, job, u64::from(release)),
        Event::SlotFree { unit } => (0, 2, unit, 0),
        Event::ResultReady { unit } => (0, 3, unit, 0),
        Event::Request { server, route, job } => (1, 4, server, (u64::from(route) << 26) | u64::from(job)),
    };
    let high = (cycle << 4) | (phase << 3) | kind;
    (u128::from(high) << (INDEX + ARG)) | (u128::from(index) << ARG) | u128::from(arg)
}

fn unpack(key: u128) -> (u64, Event) {
    let high = (key >> (INDEX + ARG)) as u64;
    let index = ((key >> ARG) as u32) & MAX_INDEX as u32;
    let arg = key as u64 & ((1 << ARG) - 1);
    let event = match high & 7 {
        0 => Event::Release { leg: index },
        1 => Event::Advance { job: index, release: arg == 1 },
        2 => Event::SlotFree { unit: index },
        3 => Event::ResultReady { unit: index },
        _ => Event::Request { server: index, route: (arg >> 26) as u32, job: (arg & ((1 << 26) - 1)) as u32 },
    };
    (high >> 4, event)
}

/// Events to come.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<u128>>,
}

impl Queue {
    /// Plans an event. What lies behind [`MAX_CYCLE`] is planned for it: the run ends before.
    #[inline]
    pub(super) fn push(&mut self, cycle: u64, event: Event) {
        self.heap.push(Reverse(pack(cycle.min(MAX_CYCLE), event)));
    }
    /// The next event with its cycle.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(u64, Event)> {
        self.heap.pop().map(|Reverse(key)| unpack(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 5] = [
        Event::Release { leg: 7 },
        Event::Advance { job: MAX_INDEX as u32, release: true },
        Event::SlotFree { unit: 3 },
        Event::ResultReady { unit: 0 },
        Event::Request { server: 5, route: (1 << 24) - 1, job: MAX_INDEX as u32 },
    ];

    #[test]
    fn packing_is_lossless() {
        for e in EVENTS {
            for cycle in [0, 1, MAX_CYCLE] {
                assert_eq!(unpack(pack(cycle, e)), (cycle, e));
            }
        }
    }

    #[test]
    fn order_is_cycle_then_phase_then_component_and_not_insertion() {
        let mut forward = Queue::default();
        let mut backward = Queue::default();
        let all: Vec<(u64, Event)> = [4, 2, 9].iter().flat_map(|c| EVENTS.map(|e| (*c, e))).collect();
        all.iter().for_each(|(c, e)| forward.push(*c, *e));
        all.iter().rev().for_each(|(c, e)| backward.push(*c, *e));
        let a: Vec<_> = std::iter::from_fn(|| forward.pop()).collect();
        let b: Vec<_> = std::iter::from_fn(|| backward.pop()).collect();
        assert_eq!(a, b);
        assert!(a.windows(2).all(|w| w[0].0 <= w[1].0));
        assert!(matches!(a[4].1, Event::Request { .. }));
    }

    #[test]
    fn requests_of_a_cycle_come_in_the_order_of_their_routes() {
        let mut q = Queue::default();
        q.push(3, Event::Request { server: 1, route: 9, job: 0 });
        q.push(3, Event::Request { server: 1, route: 2, job: 5 });
        q.push(3, Event::SlotFree { unit: 1 });
        let order: Vec<_> = std::iter::from_fn(|| q.pop()).map(|(_, e)| e).collect();
        assert_eq!(order[0], Event::SlotFree { unit: 1 });
        assert_eq!(order[1], Event::Request { server: 1, route: 2, job: 5 });
    }
}
