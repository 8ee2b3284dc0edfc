//! The event queue: integer cycles, two phases, no ties left open.
//!
//! Within a cycle an event is one number, `kind:3 | …`; the queue pops the smallest cycle and in it the smallest
//! number. In phase 0 data arrive and work ends, and steps ask for shared converters; in phase 1, whose kinds are the
//! largest, requests reach the servers, so that a server decides among all requests of a cycle in the order of their
//! routes, whatever the order in which they were raised. Behind them the mesh moves its flits, where it runs flit by
//! flit. Equal numbers are the same event twice and cannot be told apart: the order of events does not depend on the
//! order of insertion.
//!
//! Most events lie within the next cycles: a wheel of chains, and a heap for the few behind it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A vector stands in the input register of a unit whose core has gates.
    Vector {
        /// The unit.
        unit: u32,
    },
    /// A position of a stage has its whole input in the input registers.
    Loaded {
        /// The stage.
        stage: u32,
    },
    /// Every unit of a replica has an input slot more.
    Room {
        /// The stage.
        stage: u32,
        /// The replica.
        replica: u32,
    },
    /// The results of a position stand in front of the vector unit.
    Gathered {
        /// The stage.
        stage: u32,
    },
    /// The bytes of a job have left the place they came from.
    Left {
        /// Route of the job.
        route: u32,
    },
    /// A job is over; with `left` its bytes have left their origin in the same cycle.
    Done {
        /// Route of the job.
        route: u32,
        /// Whether this is also [`Event::Left`].
        left: bool,
    },
    /// The next step of a unit asks for the converters that it shares.
    Ask {
        /// Rank of its crossbar: the tie-break among those that ask in a cycle.
        rank: u32,
        /// The unit.
        unit: u32,
    },
    /// A job asks for the server of its leg (phase 1).
    Request {
        /// The server.
        server: u32,
        /// The leg: the tie-break among the requests of a cycle. Legs are numbered in the order of their routes.
        leg: u32,
    },
    /// A network moves its flits (phase 1, last).
    Flits {
        /// The network.
        mesh: u32,
    },
}

/// Bits of an index.
const INDEX: u32 = 28;
/// Largest index that fits: servers, legs, routes, stages and replicas are fewer.
pub(super) const MAX_INDEX: usize = (1 << INDEX) - 1;
/// Largest cycle that fits.
pub(super) const MAX_CYCLE: u64 = (1 << 48) - 1;

fn pack(event: Event) -> u64 {
    let (kind, index, arg) = match event {
        // first of a cycle: what a core makes of it comes in the order in which it would have been planned before
        Event::Vector { unit } => (0, unit, 0),
        Event::Loaded { stage } => (1, stage, 0),
        Event::Room { stage, replica } => (2, stage, replica),
        Event::Gathered { stage } => (3, stage, 0),
        Event::Left { route } => (4, route, 0),
        Event::Done { route, left } => (5, route, u32::from(left)),
        Event::Ask { rank, unit } => (6, rank, unit),
        Event::Request { server, leg } => (7, server, leg),
        Event::Flits { mesh } => (8, mesh, 0),
    };
    (kind << (2 * INDEX)) | (u64::from(index) << INDEX) | u64::from(arg)
}

fn unpack(key: u64) -> Event {
    let index = ((key >> INDEX) as u32) & MAX_INDEX as u32;
    let arg = key as u32 & MAX_INDEX as u32;
    match key >> (2 * INDEX) {
        0 => Event::Vector { unit: index },
        1 => Event::Loaded { stage: index },
        2 => Event::Room { stage: index, replica: arg },
        3 => Event::Gathered { stage: index },
        4 => Event::Left { route: index },
        5 => Event::Done { route: index, left: arg == 1 },
        6 => Event::Ask { rank: index, unit: arg },
        7 => Event::Request { server: index, leg: arg },
        _ => Event::Flits { mesh: index },
    }
}

/// Cycles that the wheel covers, a power of two: what waits in front of a busy part is planned far ahead.
const SPAN: u64 = 1 << 14;

/// End of a chain of nodes.
const NIL: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Node {
    key: u64,
    next: u32,
}

/// Events to come: those of this cycle, a wheel of one chain for each of the next [`SPAN`] cycles, and a heap
/// for what lies behind.
#[derive(Debug)]
pub(super) struct Queue {
    /// Cycle of the last event.
    now: u64,
    /// Events of this cycle that were planned before it, smallest last.
    current: Vec<u64>,
    /// Events of this cycle that were planned in it, smallest first: most come in order.
    fresh: VecDeque<u64>,
    /// Chain of cycle `c` at `c mod SPAN`.
    heads: Vec<u32>,
    /// One bit for each chain that is not empty.
    filled: [u64; SPAN as usize / 64],
    nodes: Vec<Node>,
    /// Chain of unused nodes.
    unused: u32,
    later: BinaryHeap<Reverse<(u64, u64)>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            now: 0,
            current: Vec::new(),
            fresh: VecDeque::new(),
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
        debug_assert!(cycle >= self.now, "time runs forward");
        let (cycle, key) = (cycle.min(MAX_CYCLE), pack(event));
        if cycle == self.now {
            if self.fresh.back().is_none_or(|last| *last <= key) {
                self.fresh.push_back(key);
            } else {
                let at = self.fresh.partition_point(|other| *other <= key);
                self.fresh.insert(at, key);
            }
        } else if cycle - self.now < SPAN {
            self.put(cycle, key);
        } else {
            self.later.push(Reverse((cycle, key)));
        }
    }
    fn put(&mut self, cycle: u64, key: u64) {
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
        let mut keys: Vec<(u64, u64)> = self.current.iter().chain(&self.fresh).map(|key| (0, *key)).collect();
        for ahead in 0..SPAN {
            let mut at = self.heads[((self.now + ahead) % SPAN) as usize];
            while at != NIL {
                let node = &self.nodes[at as usize];
                keys.push((ahead, node.key));
                at = node.next;
            }
        }
        keys.extend(self.later.iter().map(|Reverse((cycle, key))| (cycle - self.now, *key)));
        keys.sort_unstable();
        out.push(keys.len() as u64);
        out.extend(keys.into_iter().flat_map(|(ahead, key)| [ahead, key]));
    }
    /// The next event with its cycle.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(u64, Event)> {
        if self.current.is_empty() && self.fresh.is_empty() {
            self.turn()?;
        }
        let key = match (self.current.last(), self.fresh.front()) {
            (Some(planned), Some(fresh)) if planned <= fresh => self.current.pop(),
            (_, Some(_)) => self.fresh.pop_front(),
            (_, None) => self.current.pop(),
        };
        key.map(|key| (self.now, unpack(key)))
    }
    /// Goes on to the next cycle with an event.
    fn turn(&mut self) -> Option<()> {
        let near = self.distance((self.now % SPAN) as usize).map(|d| self.now + d);
        let far = self.later.peek().map(|Reverse((cycle, _))| *cycle);
        self.now = match (near, far) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        while let Some(Reverse((cycle, key))) = self.later.peek().copied()
            && cycle - self.now < SPAN
        {
            self.later.pop();
            self.put(cycle, key);
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
impl Queue {
    /// As [`Queue::pop`], but of what arrives and ends in a cycle any event may come next: number `pick` of them.
    /// Vectors for sleeping cores keep their place in front.
    pub(super) fn pop_any(&mut self, pick: usize) -> Option<(u64, Event)> {
        if self.current.is_empty() && self.fresh.is_empty() {
            self.turn()?;
        }
        let asks = pack(Event::Ask { rank: 0, unit: 0 });
        self.fresh.extend(self.current.drain(..));
        self.fresh.make_contiguous().sort_unstable();
        let free = self.fresh.partition_point(|key| *key < asks);
        let vector = self.fresh.front().is_some_and(|key| matches!(unpack(*key), Event::Vector { .. }));
        let key = self.fresh.remove(if free > 0 && !vector { pick % free } else { 0 });
        key.map(|key| (self.now, unpack(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 9] = [
        Event::Vector { unit: MAX_INDEX as u32 },
        Event::Loaded { stage: 7 },
        Event::Room { stage: 2, replica: MAX_INDEX as u32 },
        Event::Gathered { stage: MAX_INDEX as u32 },
        Event::Left { route: 3 },
        Event::Done { route: 0, left: true },
        Event::Ask { rank: 1, unit: 4 },
        Event::Request { server: 5, leg: MAX_INDEX as u32 },
        Event::Flits { mesh: 1 },
    ];

    #[test]
    fn packing_is_lossless() {
        for e in EVENTS {
            assert_eq!(unpack(pack(e)), e);
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
        assert!(matches!((a[7].1, a[8].1), (Event::Request { .. }, Event::Flits { .. })));
    }

    proptest::proptest! {
        /// The wheel pops what a sorted list pops, near and far events mixed, pushed while time goes on.
        #[test]
        fn wheel_equals_sorted_list(steps in proptest::collection::vec((0u64..40_000, 0u32..4, 0u8..3), 1..200)) {
            let mut wheel = Queue::default();
            let mut list = std::collections::BTreeMap::new();
            let mut now = 0;
            for (n, (ahead, unit, pops)) in steps.into_iter().enumerate() {
                let event =
                    if ahead % 2 == 0 { Event::Loaded { stage: unit } } else { Event::Left { route: n as u32 } };
                wheel.push(now + ahead, event);
                *list.entry((now + ahead, pack(event))).or_insert(0) += 1;
                for _ in 0..pops {
                    let expected = list.first_key_value().map(|((cycle, key), _)| (*cycle, unpack(*key)));
                    proptest::prop_assert_eq!(wheel.pop(), expected);
                    if let Some(mut first) = list.first_entry() {
                        now = first.key().0;
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
        q.push(3, Event::Request { server: 1, leg: 9 });
        q.push(3, Event::Request { server: 1, leg: 2 });
        q.push(3, Event::Done { route: 1, left: false });
        let order: Vec<_> = std::iter::from_fn(|| q.pop()).map(|(_, e)| e).collect();
        assert_eq!(order[0], Event::Done { route: 1, left: false });
        assert_eq!(order[1], Event::Request { server: 1, leg: 2 });
    }
}
