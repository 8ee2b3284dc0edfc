//! The core: one crossbar with its row drivers, sample-and-hold, converters, adders and registers.
//!
//! An MVM is so many steps (input planes × row groups, or what the data make of them), and its conversions take so many
//! cycles (of its own where the data make them stop early, the same in all of its rounds). Parts and their timing:
//! - *front end* (drive + integrate + sample): latency = interval = `drive + integrate + sample`, one step
//!   at a time, steps of successive MVMs in order;
//! - *sample-and-hold banks* (1 or 2): a bank is taken when a front end starts and given back when the last
//!   addition of the step is done ([`BackEnd::Serial`]) or when the adder has taken the last code
//!   ([`BackEnd::Pipelined`]);
//! - *converter*: `rounds` conversions one after another for each step; a code stays in the converter until
//!   the adder takes it, only then may the next conversion start. `Serial`: the first conversion of a step
//!   waits for the last addition of the step before. A pipelined converter needs `fill` more cycles until the
//!   first code of a step; while codes of the step before leave it, it fills (`Pipelined` only);
//! - *adder* (shift-and-add): latency = interval = `shift_add` for each round;
//! - *accumulator*: one result. The first addition of an MVM waits until the previous result has been
//!   handed to the output register;
//! - *output register*: one result, from hand-over until the bus has moved it away; a result may be
//!   requested `output_register` cycles after the hand-over. Writing overlaps with the next MVM. (The
//!   output buffer that PIMSIM-NN pays in every round belongs to `shift_add`; `output_register` is paid
//!   once for each MVM.)
//! - *input register*: `input_slots` vectors for each crossbar. A slot is taken when the load is issued and
//!   freed when the last front end of its MVM is over.
//!
//! Converters of a core ([`CoreTiming::shared`]) serve all of its crossbars, and shift-and-add goes with them; banks,
//! accumulators and registers stay with the crossbars. A step *asks* for them when its bank is filled and the step
//! before it of its crossbar has asked; the first step of an MVM not before the output register can take the result of
//! the MVM before, that is when the result before that one has left it: no step that has the converters waits for
//! anything outside. Arbitration: first come, first served; of those that ask in one cycle the lower crossbar goes
//! first. A step keeps the converters for all its rounds. It gets them when it asks, or when the step before has left
//! them, of whichever crossbar: `Pipelined`, when its last code is taken (a pipelined converter fills from the request
//! on, while codes of the steps before leave it); `Serial`, when its last addition is done (and fills then).
//!
//! All of them count cycles of the core's own clock, each `divider` cycles of the chip long, with an edge in cycle 0.
//! What comes from outside, a loaded vector or an emptied output register, is seen at the next edge; free slots and
//! results are handed over at edges.
//!
//! A converter that is faster than the core's clock makes a *burst* of conversions in a cycle,
//! `max(1, floor(1 / (time of a conversion × clock)))`: a round is then a burst (`rounds` is the number of conversions
//! of the busiest converter over the burst, rounded up), it takes `convert` = 1 cycle, and the adder takes it in one
//! addition round. Conversions and additions are counted, and paid for, one by one all the same.
//!
//! Times are numbers, not moments: a core is told of a load, or of an emptied register, as soon as it is
//! certain, and all that follows is planned at once. A step that has the converters is gone through in closed form:
//! with `m = max(convert, shift_add)` its additions start `m` cycles apart, because each conversion starts when the
//! code before it is taken. Where a crossbar has converters of its own, nothing outside can interfere between the first
//! front end and the last addition of an MVM, and [`Core::advance`] goes through all of it. Where it shares them, it
//! stops at each step: the request is an event, and what follows from it is planned when it comes
//! ([`Core::convert`]); since nobody overtakes, the grant is known then. Property tests compare both with machines
//! stepped cycle by cycle.

use std::collections::VecDeque;

use crate::arch::BackEnd;
use crate::sched::{CoreTiming, MvmUnit, PERIOD};

/// What [`Core::advance`] found out; cycles may lie in the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// An input slot becomes free in this cycle.
    SlotFree(u64),
    /// A result may leave the output register from this cycle on.
    ResultReady(u64),
    /// The next step asks for the shared converters in this cycle.
    Asks(u64),
}

/// Converters, and the adder behind them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Converters {
    /// Cycle in which the last code so far is taken from the converters.
    free: u64,
    /// End of the last addition so far.
    adder_free: u64,
}

impl Converters {
    /// Writes down the state with times relative to `now`.
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) {
        out.extend([self.free, self.adder_free].map(|t| now.wrapping_sub(t)));
    }
}

/// Moments of an MVM in a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Its vector is seen in the input register.
    Loaded,
    /// Its first front end starts.
    Begun,
    /// Its result may leave the output register.
    Ready,
    /// Its result has left the output register.
    Sent,
}

/// What an MVM takes of the core; small, because a network has tens of thousands of cores. `check` bounds both.
#[derive(Debug, Clone, Copy)]
struct Takes {
    steps: u32,
    /// Cycles of a round of conversions.
    convert: u32,
}

/// One crossbar and what belongs to it.
#[derive(Debug)]
pub(super) struct Core {
    /// Cycles of the chip to one of the core's; all times here are in those of the chip.
    divider: u64,
    /// Cycles of the front end of a step.
    front: u64,
    fill: u64,
    shift_add: u64,
    output_register: u64,
    rounds: u64,
    /// What an MVM takes by its number in a period; all alike where data decide nothing.
    takes: [Takes; PERIOD as usize],
    /// Whether they differ.
    paced: bool,
    banks: u64,
    serial: bool,
    /// Cycles from which on a front end can begin with the vectors that none has begun.
    loaded: VecDeque<u64>,
    /// Whether the front end is between the first and the last step of an MVM.
    front_step: u64,
    /// Number in its period of the MVM at the front end, and at the back end; 0 where all are alike.
    front_mvm: usize,
    back_mvm: usize,
    front_free: u64,
    /// Steps whose front end is planned and whose back end is not.
    held: u64,
    front_bank: usize,
    back_bank: usize,
    back_step: u64,
    /// End of the front end that filled each bank.
    filled: [u64; 2],
    bank_free: [u64; 2],
    /// Its own converters, if it does not share those of the core.
    own: Converters,
    /// Number of the shared ones.
    pub(super) shared: Option<u32>,
    /// Whether the next step has asked for them.
    asked: bool,
    accumulator_free: u64,
    /// Cycle from which the result before the present one had the output register to itself.
    room: u64,
    /// End of the last addition of a result that waits for the output register.
    waiting: Option<u64>,
    register_taken: bool,
    register_free: u64,
    /// MVMs whose last addition is planned.
    pub(super) mvms: u64,
    /// Moments of the first MVMs, and of how many they are kept.
    moments: [Vec<u64>; 4],
    traced: usize,
}

impl Core {
    /// An idle core with converters of its own, or with the given ones of several; keeps the moments of the first
    /// `traced` MVMs.
    pub(super) fn new(timing: &CoreTiming, unit: &MvmUnit, shared: Option<u32>, traced: usize) -> Self {
        let own = |cycles: u64| cycles * timing.divider;
        let converts = unit.converts(timing.convert);
        Self {
            divider: timing.divider,
            front: own(timing.drive + timing.integrate + timing.sample),
            fill: own(timing.fill),
            shift_add: own(timing.shift_add),
            output_register: own(timing.output_register),
            rounds: unit.rounds,
            takes: std::array::from_fn(|n| Takes {
                steps: unit.steps_of(n as u64) as u32,
                convert: own(converts[n]) as u32,
            }),
            paced: unit.paced.is_some() || unit.convert_paced.is_some(),
            banks: u64::from(timing.hold_banks),
            serial: timing.back_end == BackEnd::Serial,
            loaded: VecDeque::with_capacity(usize::from(timing.input_slots)),
            front_step: 0,
            front_mvm: 0,
            back_mvm: 0,
            front_free: 0,
            held: 0,
            front_bank: 0,
            back_bank: 0,
            back_step: 0,
            filled: [0; 2],
            bank_free: [0; 2],
            own: Converters::default(),
            shared,
            asked: false,
            accumulator_free: 0,
            room: 0,
            waiting: None,
            register_taken: false,
            register_free: 0,
            mvms: 0,
            moments: std::array::from_fn(|_| Vec::with_capacity(traced)),
            traced,
        }
    }
    /// The edge of its clock at which the core sees what happens in cycle `at`.
    pub(super) const fn edge(&self, at: u64) -> u64 {
        if self.divider == 1 { at } else { at.next_multiple_of(self.divider) }
    }
    /// A vector is in its slot from cycle `at` on, and the core awake from cycle `awake` on.
    pub(super) fn load(&mut self, at: u64, awake: u64) {
        let at = self.edge(at);
        self.note(Moment::Loaded, at);
        self.loaded.push_back(at.max(self.edge(awake)));
    }
    /// The bus has emptied the output register by cycle `at`; a waiting result moves in.
    pub(super) fn take_result(&mut self, at: u64) -> Option<Progress> {
        self.register_taken = false;
        self.register_free = self.edge(at);
        self.note(Moment::Sent, at);
        self.waiting.take().map(|end| self.hand_over(end))
    }

    fn note(&mut self, moment: Moment, at: u64) {
        let kept = &mut self.moments[moment as usize];
        if kept.len() < self.traced {
            kept.push(at);
        }
    }
    /// The cycles of a moment in the MVMs that are traced, as far as they have come.
    pub(super) fn moments(&self, moment: Moment) -> &[u64] {
        &self.moments[moment as usize]
    }

    /// Writes down the state with times relative to `now`.
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) {
        let ago = |cycle: u64| now.wrapping_sub(cycle);
        out.push(now % self.divider);
        out.extend([self.front_step, self.held, self.back_step, self.front_mvm as u64, self.back_mvm as u64]);
        out.extend([self.front_bank as u64, self.back_bank as u64, u64::from(self.register_taken)]);
        out.extend([u64::from(self.asked), self.shared.map_or(0, |_| ago(self.room))]);
        out.extend([self.front_free, self.accumulator_free, self.register_free].map(ago));
        self.own.state(now, out);
        let banks = self.banks as usize;
        out.extend(self.filled[..banks].iter().chain(&self.bank_free[..banks]).map(|t| ago(*t)));
        out.push(self.loaded.len() as u64);
        out.extend(self.loaded.iter().map(|t| ago(*t)));
        out.extend(self.waiting.map_or([0, 0], |t| [1, ago(t)]));
    }

    /// The MVM after number `mvm` of a period.
    const fn following(&self, mvm: usize) -> usize {
        if self.paced { (mvm + 1) % PERIOD as usize } else { 0 }
    }

    fn hand_over(&mut self, end: u64) -> Progress {
        self.register_taken = true;
        self.accumulator_free = end.max(self.register_free);
        self.room = self.register_free;
        let ready = self.accumulator_free + self.output_register;
        self.note(Moment::Ready, ready);
        Progress::ResultReady(ready)
    }

    /// Plans the back end of the next step, which has its bank filled and comes to the converters in cycle `at`; what is
    /// certain when the MVM is over with it.
    pub(super) fn convert(&mut self, at: u64, converters: &mut Converters) -> Option<Progress> {
        self.asked = false;
        let (bank, convert) = (self.back_bank, u64::from(self.takes[self.back_mvm].convert));
        let begin = match self.serial {
            true => at.max(converters.adder_free) + self.fill,
            false => (at + self.fill).max(converters.free),
        };
        let mut first = (begin + convert).max(converters.adder_free);
        if self.back_step == 0 {
            first = first.max(self.accumulator_free);
        }
        let last = first + (self.rounds - 1) * convert.max(self.shift_add);
        converters.free = last;
        converters.adder_free = last + self.shift_add;
        self.bank_free[bank] = if self.serial { converters.adder_free } else { last };
        self.held -= 1;
        self.back_bank = if self.banks == 2 { 1 - bank } else { 0 };
        self.back_step += 1;
        if self.back_step < u64::from(self.takes[self.back_mvm].steps) {
            return None;
        }
        self.back_step = 0;
        self.back_mvm = self.following(self.back_mvm);
        self.mvms += 1;
        if !self.register_taken {
            return Some(self.hand_over(converters.adder_free));
        }
        self.waiting = Some(converters.adder_free);
        None
    }

    /// Plans everything that is decided by now. Call until `None`.
    pub(super) fn advance(&mut self) -> Option<Progress> {
        loop {
            if self.held > 0 && !self.asked && (self.back_step > 0 || self.waiting.is_none()) {
                let filled = self.filled[self.back_bank];
                if self.shared.is_some() {
                    self.asked = true;
                    return Some(Progress::Asks(if self.back_step == 0 { filled.max(self.room) } else { filled }));
                }
                let mut own = self.own;
                let progress = self.convert(filled, &mut own);
                self.own = own;
                if progress.is_some() {
                    return progress;
                }
            } else if self.held < self.banks && (self.front_step > 0 || !self.loaded.is_empty()) {
                let bank = self.front_bank;
                let mut start = self.front_free.max(self.bank_free[bank]);
                if self.front_step == 0 {
                    start = start.max(self.loaded.pop_front().expect("a vector was seen above"));
                    self.note(Moment::Begun, start);
                }
                self.front_free = start + self.front;
                self.filled[bank] = self.front_free;
                self.held += 1;
                self.front_bank = if self.banks == 2 { 1 - bank } else { 0 };
                self.front_step += 1;
                if self.front_step == u64::from(self.takes[self.front_mvm].steps) {
                    self.front_step = 0;
                    self.front_mvm = self.following(self.front_mvm);
                    return Some(Progress::SlotFree(self.front_free));
                }
            } else {
                return None;
            }
        }
    }
}
