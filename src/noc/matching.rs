//! Matching of requests with resources: iSLIP and separable round-robin, on words.

use super::Allocator;
use super::router::{Turns, bits, first_from};

/// Nothing was won.
pub(super) const NONE: u8 = u8::MAX;

/// A match of up to 64 requesters with up to 64 resources.
#[derive(Debug, Clone)]
pub(super) struct Matching {
    /// Resources that a requester asks for; valid for the requesters of a run.
    pub(super) wants: [u64; 64],
    /// What a requester won, or [`NONE`]; valid for the requesters of a run.
    pub(super) won: [u8; 64],
    sought: [u64; 64],
    offers: [u64; 64],
}

impl Matching {
    pub(super) const fn new() -> Self {
        Self { wants: [0; 64], won: [NONE; 64], sought: [0; 64], offers: [0; 64] }
    }

    /// Matches `requesters` (none with empty `wants`). `ACCEPT` and `GRANT` are the places of the round-robin pointers
    /// of requesters and resources in `turns`.
    #[inline(always)]
    pub(super) fn run<const ACCEPT: usize, const GRANT: usize>(
        &mut self,
        allocator: Allocator,
        requesters: u64,
        turns: &mut Turns,
    ) {
        let (mut once, mut twice) = (0u64, 0u64);
        for i in bits(requesters) {
            twice |= once & self.wants[i];
            once |= self.wants[i];
        }
        // whom nobody rivals is granted all that it asks for
        let mut rivals = 0u64;
        for i in bits(requesters) {
            if self.wants[i] & twice != 0 {
                rivals |= 1 << i;
                continue;
            }
            let o = first_from(self.wants[i], turns[i][ACCEPT]);
            (turns[i][ACCEPT], turns[o][GRANT]) = (o as u8 + 1, i as u8 + 1);
            self.won[i] = o as u8;
        }
        if rivals != 0 {
            self.settle::<ACCEPT, GRANT>(allocator, rivals, turns);
        }
    }

    /// The match of requesters that want the same resources.
    #[inline(never)]
    fn settle<const ACCEPT: usize, const GRANT: usize>(
        &mut self,
        allocator: Allocator,
        requesters: u64,
        turns: &mut Turns,
    ) {
        let mut resources = 0;
        for i in bits(requesters) {
            self.won[i] = NONE;
            let asked = match allocator {
                Allocator::Islip { .. } => self.wants[i],
                Allocator::RoundRobin => 1 << first_from(self.wants[i], turns[i][ACCEPT]),
            };
            for o in bits(asked & !resources) {
                self.sought[o] = 0;
            }
            resources |= asked;
            for o in bits(asked) {
                self.sought[o] |= 1 << i;
            }
        }
        match allocator {
            Allocator::Islip { iterations } => self.islip::<ACCEPT, GRANT>(iterations, requesters, resources, turns),
            Allocator::RoundRobin => {
                for o in bits(resources) {
                    let i = first_from(self.sought[o], turns[o][GRANT]);
                    (turns[i][ACCEPT], turns[o][GRANT]) = (o as u8 + 1, i as u8 + 1);
                    self.won[i] = o as u8;
                }
            }
        }
    }

    fn islip<const ACCEPT: usize, const GRANT: usize>(
        &mut self,
        iterations: u32,
        mut requesters: u64,
        mut resources: u64,
        turns: &mut Turns,
    ) {
        for iteration in 0..iterations {
            let mut offered = 0u64;
            for o in bits(resources) {
                let open = self.sought[o] & requesters;
                if open == 0 {
                    continue;
                }
                let i = first_from(open, turns[o][GRANT]);
                if offered & (1 << i) == 0 {
                    offered |= 1 << i;
                    self.offers[i] = 0;
                }
                self.offers[i] |= 1 << o;
            }
            if offered == 0 {
                return;
            }
            for i in bits(offered) {
                let o = first_from(self.offers[i], turns[i][ACCEPT]);
                self.won[i] = o as u8;
                requesters &= !(1 << i);
                resources &= !(1 << o);
                if iteration == 0 {
                    (turns[i][ACCEPT], turns[o][GRANT]) = (o as u8 + 1, i as u8 + 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(allocator: Allocator, wants: &[u64], turns: &mut Turns) -> Vec<u8> {
        let mut m = Matching::new();
        m.wants[..wants.len()].copy_from_slice(wants);
        let requesters = (0..wants.len()).filter(|&i| wants[i] != 0).fold(0, |s, i| s | 1 << i);
        m.run::<0, 1>(allocator, requesters, turns);
        (0..wants.len()).map(|i| if wants[i] == 0 { NONE } else { m.won[i] }).collect()
    }

    /// Drawn by hand: two outputs grant the same input, which accepts the one its pointer comes to first.
    #[test]
    fn islip_grants_then_accepts() {
        let wants = [0b0011, 0b0101, 0, 0b1000];
        let mut turns = [[0; 5]; 64];
        let once = matched(Allocator::Islip { iterations: 1 }, &wants, &mut turns);
        // outputs 0 and 1 grant input 0, output 2 grants input 1
        assert_eq!(once, [0, 2, NONE, 3]);
        let pointers = [0, 1, 2, 3].map(|i| (turns[i][0], turns[i][1]));
        assert_eq!(pointers, [(1, 1), (3, 0), (0, 2), (4, 4)]);
        // all want one output: it goes round
        let all = [1, 1, 1, 1];
        let mut turns = [[0; 5]; 64];
        let winners: Vec<_> = (0..5)
            .map(|_| {
                let won = matched(Allocator::Islip { iterations: 1 }, &all, &mut turns);
                won.iter().position(|&w| w == 0).expect("one wins")
            })
            .collect();
        assert_eq!(winners, [0, 1, 2, 3, 0]);
    }

    /// What one iteration leaves unmatched the second finds; its pointers stay.
    #[test]
    fn further_iterations_fill_up() {
        let wants = [0b11, 0b11];
        let mut turns = [[0; 5]; 64];
        assert_eq!(matched(Allocator::Islip { iterations: 1 }, &wants, &mut turns), [0, NONE]);
        let mut turns = [[0; 5]; 64];
        assert_eq!(matched(Allocator::Islip { iterations: 2 }, &wants, &mut turns), [0, 1]);
        assert_eq!([0, 1].map(|i| (turns[i][0], turns[i][1])), [(1, 1), (0, 0)]);
    }

    /// Input first: both inputs pick output 0, one loses although output 1 is free.
    #[test]
    fn round_robin_is_input_first() {
        let wants = [0b11, 0b11];
        let mut turns = [[0; 5]; 64];
        assert_eq!(matched(Allocator::RoundRobin, &wants, &mut turns), [0, NONE]);
        assert_eq!(matched(Allocator::RoundRobin, &wants, &mut turns), [1, 0]);
    }
}
