//! The event queue: integer cycles, two phases, no ties left open.
//!
//! An event is one 128-bit number, `cycle:48 | phase:1 | kind:3 | index:24 | argument:52`; the queue pops
//! the smallest. In phase 0 work ends and data arrive; in phase 1 requests reach the servers, so that a
//! server decides among all requests of a cycle in the order of their routes, whatever the order in
//! which they were raised. Equal numbers are the same event twice and cannot be told apart: the order
//! of events does not depend on the order of insertion.
//!
//! Latencies are short, so most events lie within the next cycles: a wheel of chains. A binary heap of the
//! same numbers was measured beside it and took 68–71 against 39–42 ns of processor time for each event of
//! ten layers (`benches/sim.rs`).

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

/// Cycles that the wheel covers, a power of two.
const SPAN: u64 = 1024;

/// End of a chain of nodes.
const NIL: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Node {
    key: u128,
    next: u32,
}

/// Events to come: the sorted events of this cycle, a wheel of one chain for each of the next [`SPAN`]
/// cycles, and a heap for what lies behind.
#[derive(Debug)]
pub(super) struct Queue {
    /// Cycle of the last event.
    now: u64,
    /// Events of this cycle, smallest last.
    current: Vec<u128>,
    /// Chain of cycle `c` at `c mod SPAN`.
    heads: Vec<u32>,
    /// One bit for each chain that is not empty.
    filled: [u64; SPAN as usize / 64],
    nodes: Vec<Node>,
    /// Chain of unused nodes.
    unused: u32,
    later: BinaryHeap<Reverse<u128>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            now: 0,
            current: Vec::new(),
            heads: vec![NIL; SPAN as usize],
            filled: [0; SPAN as usize / 64],
            nodes: Vec::new(),
            unused: NIL,
            later: BinaryHeap::new(),
        }
    }
}

impl Queue {
    /// Plans an event, not before the last one popped. What lies behind [`MAX_CYCLE`] is planned for it:
    /// the run ends before.
    #[inline]
    pub(super) fn push(&mut self, cycle: u64, event: Event) {
        let cycle = cycle.min(MAX_CYCLE);
        let key = pack(cycle, event);
        if cycle == self.now {
            let at = self.current.iter().rposition(|k| *k > key).map_or(0, |i| i + 1);
            self.current.insert(at, key);
        } else if cycle - self.now < SPAN {
            self.put(cycle, key);
        } else {
            self.later.push(Reverse(key));
        }
    }
    fn put(&mut self, cycle: u64, key: u128) {
        let slot = (cycle % SPAN) as usize;
        let node = Node { key, next: self.heads[slot] };
        if self.unused == NIL {
            self.nodes.push(node);
            self.heads[slot] = (self.nodes.len() - 1) as u32;
        } else {
            self.heads[slot] = self.unused;
            self.unused = std::mem::replace(&mut self.nodes[self.unused as usize], node).next;
        }
        self.filled[slot / 64] |= 1 << (slot % 64);
    }
    /// Writes down the events to come, in order, with cycles relative to the last one popped.
    pub(super) fn state(&self, out: &mut Vec<u64>) {
        let mut keys = self.current.clone();
        for head in &self.heads {
            let mut at = *head;
            while at != NIL {
                let node = &self.nodes[at as usize];
                keys.push(node.key);
                at = node.next;
            }
        }
        keys.extend(self.later.iter().map(|Reverse(key)| *key));
        keys.sort_unstable();
        out.push(keys.len() as u64);
        let now = u128::from(self.now) << (INDEX + ARG + 4);
        out.extend(keys.into_iter().map(|k| k - now).flat_map(|k| [(k >> 64) as u64, k as u64]));
    }
    /// The next event with its cycle.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(u64, Event)> {
        if self.current.is_empty() {
            self.turn()?;
        }
        self.current.pop().map(unpack)
    }
    /// Goes on to the next cycle with an event.
    fn turn(&mut self) -> Option<()> {
        let near = self.distance((self.now % SPAN) as usize).map(|d| self.now + d);
        let far = self.later.peek().map(|Reverse(key)| unpack(*key).0);
        self.now = match (near, far) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        while let Some(Reverse(key)) = self.later.peek().copied()
            && unpack(key).0 - self.now < SPAN
        {
            self.later.pop();
            self.put(unpack(key).0, key);
        }
        let slot = (self.now % SPAN) as usize;
        self.filled[slot / 64] &= !(1 << (slot % 64));
        let mut at = std::mem::replace(&mut self.heads[slot], NIL);
        while at != NIL {
            let node = &mut self.nodes[at as usize];
            self.current.push(node.key);
            let next = std::mem::replace(&mut node.next, self.unused);
            self.unused = at;
            at = next;
        }
        self.current.sort_unstable_by(|a, b| b.cmp(a));
        Some(())
    }
    /// Cycles from the chain `here`, which is empty, to the next that is not.
    fn distance(&self, here: usize) -> Option<u64> {
        let words = self.filled.len();
        (0..=words).find_map(|n| {
            let word = (here / 64 + n) % words;
            let mut bits = self.filled[word];
            if n == 0 {
                bits &= u64::MAX << (here % 64);
            }
            (bits != 0).then(|| {
                let slot = word as u64 * 64 + u64::from(bits.trailing_zeros());
                (slot + SPAN - here as u64) % SPAN
            })
        })
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

    proptest::proptest! {
        /// The wheel pops what a sorted list pops, near and far events mixed, pushed while time goes on.
        #[test]
        fn wheel_equals_sorted_list(steps in proptest::collection::vec((0u64..3000, 0u32..4, 0u8..3), 1..200)) {
            let mut wheel = Queue::default();
            let mut list = std::collections::BTreeMap::new();
            let mut now = 0;
            for (n, (ahead, unit, pops)) in steps.into_iter().enumerate() {
                let event = if ahead % 2 == 0 { Event::SlotFree { unit } } else { Event::Release { leg: n as u32 } };
                wheel.push(now + ahead, event);
                *list.entry(pack(now + ahead, event)).or_insert(0) += 1;
                for _ in 0..pops {
                    let expected = list.first_key_value().map(|(k, _)| unpack(*k));
                    proptest::prop_assert_eq!(wheel.pop(), expected);
                    if let Some(mut first) = list.first_entry() {
                        now = unpack(*first.key()).0;
                        *first.get_mut() -= 1;
                        if *first.get() == 0 {
                            first.remove();
                        }
                    }
                }
            }
        }
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
