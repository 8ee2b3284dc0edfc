//! A core stepped cycle by cycle: every part is a small state machine with a count-down. No formula. The core moves
//! only in cycles that its divider divides; loads and takers move in all.

use std::collections::VecDeque;

use super::{BackEnd, CoreTiming, Course, MvmUnit, PERIOD};

/// A hold bank.
#[derive(Clone, Copy, PartialEq)]
enum Bank {
    Free,
    /// A front end is filling it.
    Filling,
    /// Holds the sampled columns of a step; cycles until a pipelined converter can give the first code.
    Full(u64),
}

struct Machine<'a> {
    t: &'a CoreTiming,
    u: &'a MvmUnit,
    /// Inputs loaded and not begun.
    inputs: u64,
    /// Steps of the current MVM whose front end has ended; count-down of the running front end.
    front_steps: u64,
    /// MVMs whose front end, and whose last addition, is over.
    fronts: u64,
    sums: u64,
    /// Steps of the current MVM whose last code the adder has taken; MVMs of which it has taken all.
    coded_steps: u64,
    coded: u64,
    front: Option<u64>,
    banks: VecDeque<Bank>,
    /// Bank under conversion: codes taken by the adder so far in its step.
    taken: u64,
    added: u64,
    converting: Option<u64>,
    code: bool,
    adding: Option<u64>,
    /// Steps of the MVM in the accumulator that are added up.
    summed: u64,
    /// A whole result waits in the accumulator.
    complete: bool,
    register: bool,
    writing: Option<u64>,
}

/// Same task as `drive_fast`.
pub(super) fn drive(t: &CoreTiming, u: &MvmUnit, arrivals: &[u64], pauses: &[u64]) -> Course {
    let mut m = Machine {
        t,
        u,
        inputs: 0,
        front_steps: 0,
        fronts: 0,
        sums: 0,
        coded_steps: 0,
        coded: 0,
        front: None,
        banks: vec![Bank::Free; usize::from(t.hold_banks)].into(),
        taken: 0,
        added: 0,
        converting: None,
        code: false,
        adding: None,
        summed: 0,
        complete: false,
        register: false,
        writing: None,
    };
    let (mut slots, mut ready) = (Vec::new(), Vec::new());
    let mut free = u64::from(t.input_slots);
    let (mut input, mut results) = (0, 0);
    let mut load_in: Option<u64> = None;
    let mut take_in: Option<u64> = None;
    let mut now = 0;
    while results < arrivals.len() {
        // within a cycle repeat until nothing changes: parts of zero cycles pass on at once
        loop {
            let mut moved = false;
            if load_in.is_none() && free > 0 && input < arrivals.len() {
                free -= 1;
                load_in = Some(arrivals[input]);
                input += 1;
                moved = true;
            }
            if load_in == Some(0) {
                load_in = None;
                m.inputs += 1;
                moved = true;
            }
            if take_in == Some(0) {
                take_in = None;
                m.register = false;
                results += 1;
                moved = true;
            }
            let (slot, result, inner) = if now % t.divider == 0 { m.settle() } else { (false, false, false) };
            if slot {
                slots.push(now);
                free += 1;
            }
            if result {
                take_in = Some(pauses[ready.len()]);
                ready.push(now);
            }
            if !(moved || slot || result || inner) {
                break;
            }
        }
        now += 1;
        let mut clocks = vec![&mut load_in, &mut take_in];
        if now % t.divider == 0 {
            m.flow();
            clocks.extend([&mut m.front, &mut m.converting, &mut m.adding, &mut m.writing]);
        }
        clocks.into_iter().for_each(|clock| *clock = clock.map(|c| c - 1));
    }
    (slots, ready)
}

impl Machine<'_> {
    /// One round of changes at the current cycle: (slot freed, result ready, anything else moved).
    fn settle(&mut self) -> (bool, bool, bool) {
        let (t, u) = (self.t, self.u);
        let (mut slot, mut result, mut moved) = (false, false, false);
        if self.front == Some(0) {
            self.front = None;
            *self.banks.iter_mut().find(|b| **b == Bank::Filling).expect("a bank is filled") = Bank::Full(t.fill);
            self.front_steps += 1;
            if self.front_steps == u.steps_of(self.fronts) {
                (self.front_steps, self.fronts) = (0, self.fronts + 1);
                slot = true;
            }
            moved = true;
        }
        if self.adding == Some(0) {
            self.adding = None;
            self.added += 1;
            if self.added == u.rounds {
                self.added = 0;
                self.summed += 1;
                if t.back_end == BackEnd::Serial {
                    self.release_bank();
                }
                if self.summed == u.steps_of(self.sums) {
                    (self.summed, self.sums) = (0, self.sums + 1);
                    self.complete = true;
                }
            }
            moved = true;
        }
        if self.converting == Some(0) {
            self.converting = None;
            self.code = true;
            moved = true;
        }
        if self.complete && !self.register {
            self.complete = false;
            self.register = true;
            self.writing = Some(t.output_register);
            moved = true;
        }
        if self.writing == Some(0) {
            self.writing = None;
            result = true;
        }
        // the adder takes a code; the accumulator must not hold a finished result
        if self.code && self.adding.is_none() && !self.complete {
            self.code = false;
            self.adding = Some(t.shift_add);
            self.taken += 1;
            if self.taken == u.rounds {
                self.coded_steps += 1;
                if self.coded_steps == u.steps_of(self.coded) {
                    (self.coded_steps, self.coded) = (0, self.coded + 1);
                }
            }
            if self.taken == u.rounds && t.back_end == BackEnd::Pipelined {
                self.taken = 0;
                self.release_bank();
            }
            moved = true;
        }
        let serial_wait = t.back_end == BackEnd::Serial && self.taken == u.rounds;
        if serial_wait && self.adding.is_none() && self.added == 0 {
            self.taken = 0;
            moved = true;
        }
        if self.converting.is_none()
            && !self.code
            && self.taken < u.rounds
            && self.banks.front() == Some(&Bank::Full(0))
        {
            self.converting = Some(u.converts(t.convert)[(self.coded % PERIOD) as usize]);
            moved = true;
        }
        let begin = self.front_steps > 0 || self.inputs > 0;
        if self.front.is_none() && begin && self.banks.contains(&Bank::Free) {
            if self.front_steps == 0 {
                self.inputs -= 1;
            }
            let bank = self.banks.iter().position(|b| *b == Bank::Free).expect("a bank is free");
            self.banks[bank] = Bank::Filling;
            self.front = Some(t.drive + t.integrate + t.sample);
            moved = true;
        }
        (slot, result, moved)
    }

    /// A cycle goes by for banks on their way through the converter: all, or with a serial back end the first.
    fn flow(&mut self) {
        let serial = self.t.back_end == BackEnd::Serial;
        for (i, bank) in self.banks.iter_mut().enumerate() {
            if let Bank::Full(left) = bank
                && (i == 0 || !serial)
            {
                *left = left.saturating_sub(1);
            }
        }
    }

    /// The bank at the front has been converted: banks are used in turn.
    fn release_bank(&mut self) {
        self.banks.pop_front();
        self.banks.push_back(Bank::Free);
    }
}
