//! BookSim2's own packets, so that its runs can be compared packet by packet and not by their means alone.
//!
//! - *Numbers*: Knuth's subtractive generator `x[j] = x[j − 100] − x[j − 37] mod 2^30` for destinations and his
//!   additive one, the same of 52 bits with a plus, for injection, the first 100 of every 1009 (The Art of Computer
//!   Programming, vol. 2, 3rd ed. (9th printing), 3.6; BookSim2 draws from both, each begun with the seed of the run).
//! - *Two integers a packet*, the first of them its destination: what the table's runs show, whose hops no other choice
//!   gives.
//! - *Order*: in a cycle every node whose last packet has left draws, in the order of nodes, once for each cycle that
//!   it has not drawn for, until a packet begins: so what is drawn depends on what the network lets through, and two
//!   simulators see the same packets only as long as they do the same with them.

use super::super::measure::Traffic;
use super::super::{Destination, Network, Request};

const LONG: usize = 100;
const SHORT: usize = 37;
const QUALITY: usize = 1009;

/// One of the two generators.
struct Knuth {
    bits: u32,
    minus: bool,
    state: [u64; LONG],
    drawn: Vec<u64>,
    next: usize,
}

impl Knuth {
    /// Destinations.
    fn subtractive(seed: u64) -> Self {
        Self::new(30, true, (seed + 2) & ((1 << 30) - 2), seed)
    }
    /// Shares of 2^52.
    fn additive(seed: u64) -> Self {
        Self::new(52, false, 2 * ((seed & ((1 << 30) - 1)) + 2), seed)
    }

    /// The state is `z^e` in the polynomials modulo the recurrence, with an exponent that the seed decides; squared
    /// and, for each set bit of the seed, multiplied by `z`.
    fn new(bits: u32, minus: bool, first: u64, seed: u64) -> Self {
        let mut new = Self { bits, minus, state: [0; LONG], drawn: Vec::new(), next: LONG };
        let mut x = [0u64; 2 * LONG];
        let mut power = first;
        for x in &mut x[..LONG] {
            *x = power;
            power <<= 1;
            if power >> bits != 0 {
                power -= (1 << bits) - 2;
            }
        }
        x[1] += 1;
        let (mut left, mut rounds) = (seed & ((1 << 30) - 1), 69);
        while rounds > 0 {
            for j in (1..LONG).rev() {
                (x[2 * j], x[2 * j - 1]) = (x[j], 0);
            }
            for j in (LONG..2 * LONG - 1).rev() {
                x[j - (LONG - SHORT)] = new.joined(x[j - (LONG - SHORT)], x[j]);
                x[j - LONG] = new.joined(x[j - LONG], x[j]);
            }
            if left & 1 != 0 {
                x.copy_within(0..LONG, 1);
                x[0] = x[LONG];
                x[SHORT] = new.joined(x[SHORT], x[LONG]);
            }
            if left == 0 {
                rounds -= 1;
            }
            left >>= 1;
        }
        new.state[LONG - SHORT..].copy_from_slice(&x[..SHORT]);
        new.state[..LONG - SHORT].copy_from_slice(&x[SHORT..LONG]);
        for _ in 0..10 {
            new.more(2 * LONG - 1);
        }
        new.next = LONG;
        new
    }

    fn joined(&self, a: u64, b: u64) -> u64 {
        (if self.minus { a.wrapping_sub(b) } else { a + b }) & ((1 << self.bits) - 1)
    }

    /// The next `n` numbers.
    fn more(&mut self, n: usize) {
        let mut x = self.state.to_vec();
        for j in LONG..n + LONG {
            x.push(self.joined(x[j - LONG], x[j - SHORT]));
        }
        self.state.copy_from_slice(&x[n..]);
        x.truncate(n);
        self.drawn = x;
    }

    fn draw(&mut self) -> u64 {
        if self.next == LONG {
            self.more(QUALITY);
            self.next = 0;
        }
        self.next += 1;
        self.drawn[self.next - 1]
    }
}

/// Packets of a run.
pub(super) struct BookSim2 {
    rate: f64,
    flits: u32,
    targets: Option<Vec<u32>>,
    injection: Knuth,
    destination: Knuth,
    now: u64,
    /// The first cycle that a node has not drawn for.
    undrawn: Vec<u64>,
    /// The tail of a node's packet has left in this cycle: it draws in the next.
    waits: Vec<bool>,
}

impl BookSim2 {
    /// Packets of `flits` flits with probability `rate` a cycle.
    pub(super) fn new(seed: u64, rate: f64, flits: u32, nodes: usize, targets: Option<Vec<u32>>) -> Self {
        let (injection, destination) = (Knuth::additive(seed), Knuth::subtractive(seed));
        let (undrawn, waits) = (vec![0; nodes], vec![false; nodes]);
        Self { rate, flits, targets, injection, destination, now: 0, undrawn, waits }
    }
}

impl Traffic for BookSim2 {
    fn begin(&mut self, network: &mut Network) {
        self.now = network.now();
        self.waits.fill(false);
        (0..self.waits.len() as u32).for_each(|n| network.wake(n));
    }
    fn sent(&mut self, tag: u64) {
        self.waits[tag as usize] = true;
    }
    fn packet(&mut self, node: u32) -> Option<Request> {
        let n = node as usize;
        while !self.waits[n] && self.undrawn[n] <= self.now {
            let created = self.undrawn[n];
            self.undrawn[n] += 1;
            if (self.injection.draw() as f64) < self.rate * (1u64 << 52) as f64 {
                let [drawn, _] = [(); 2].map(|()| self.destination.draw() % self.undrawn.len() as u64);
                let to = self.targets.as_ref().map_or(drawn as u32, |targets| targets[n]);
                return Some(Request { created, to: Destination::One(to), flits: self.flits, tag: u64::from(node) });
            }
        }
        None
    }
}

/// The numbers that Knuth gives for checking: seed 310952, the first of call 2010.
#[test]
fn generators_draw_the_numbers_of_the_book() {
    let checked = |mut g: Knuth| {
        (0..2010).for_each(|_| g.more(QUALITY));
        g.drawn[0]
    };
    assert_eq!(checked(Knuth::subtractive(310952)), 995_235_265);
    assert_eq!(checked(Knuth::additive(310952)) as f64 / 2f64.powi(52), 0.364_105_143_775_696_8);
}
