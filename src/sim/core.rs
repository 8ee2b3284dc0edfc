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
//! front end and the last addition of an MVM, and [`Core::advance`] goes through all of it, most steps at once
//! ([`super::sequencer`]). Where it shares them, it stops at each step: the request is an event, and what follows from
//! it is planned when it comes ([`Core::convert`]); since nobody overtakes, the grant is known then. Property tests
//! compare both with machines stepped cycle by cycle.

use std::sync::Arc;

use super::sequencer::{Converters, Pipe, Sequencer};

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

/// Moments of the first MVMs of a run that is traced.
#[derive(Debug, Default)]
struct Course {
    moments: [Vec<u64>; 4],
    /// Of how many MVMs they are kept.
    mvms: usize,
}

/// One crossbar and what belongs to it. Small, because every event reads one: what crossbars have in common stands in
/// the sequencer.
#[derive(Debug)]
pub(super) struct Core {
    sequencer: Arc<Sequencer>,
    /// Cycles from which on a front end can begin with the vectors that none has begun, the first `vectors` of them.
    loaded: [u64; 2],
    pipe: Pipe,
    /// Its own converters, if it does not share those of the core.
    own: Converters,
    accumulator_free: u64,
    /// Cycle from which the result before the present one had the output register to itself.
    room: u64,
    /// End of the last addition of a result that waits for the output register.
    waiting: Option<u64>,
    register_free: u64,
    /// MVMs whose last addition is planned.
    pub(super) mvms: u64,
    course: Option<Box<Course>>,
    /// Number of the converters that it shares.
    pub(super) shared: Option<u32>,
    /// Steps of the MVM at the front end that have begun, and of the one at the back end that are planned.
    front_step: u32,
    back_step: u32,
    /// Number in its period of the MVM at the front end, and at the back end; 0 where all are alike.
    front_mvm: u8,
    back_mvm: u8,
    front_bank: u8,
    back_bank: u8,
    vectors: u8,
    /// Steps whose front end is planned and whose back end is not.
    held: u8,
    /// Whether the next step has asked for shared converters.
    asked: bool,
    register_taken: bool,
}

impl Core {
    /// An idle core with converters of its own, or with the given ones of several; keeps the moments of the first
    /// `traced` MVMs.
    pub(super) fn new(sequencer: Arc<Sequencer>, shared: Option<u32>, traced: usize) -> Self {
        let course = || Course { moments: std::array::from_fn(|_| Vec::with_capacity(traced)), mvms: traced };
        Self {
            sequencer,
            loaded: [0; 2],
            pipe: Pipe::default(),
            own: Converters::default(),
            accumulator_free: 0,
            room: 0,
            waiting: None,
            register_free: 0,
            mvms: 0,
            course: (traced > 0).then(|| Box::new(course())),
            shared,
            front_step: 0,
            back_step: 0,
            front_mvm: 0,
            back_mvm: 0,
            front_bank: 0,
            back_bank: 0,
            vectors: 0,
            held: 0,
            asked: false,
            register_taken: false,
        }
    }
    /// The edge of its clock at which the core sees what happens in cycle `at`.
    pub(super) fn edge(&self, at: u64) -> u64 {
        self.sequencer.edge(at)
    }
    /// A vector is in its slot from cycle `at` on, and the core awake from cycle `awake` on.
    pub(super) fn load(&mut self, at: u64, awake: u64) {
        let at = self.edge(at);
        self.note(Moment::Loaded, at);
        self.loaded[usize::from(self.vectors)] = at.max(self.edge(awake));
        self.vectors += 1;
    }
    /// The bus has emptied the output register by cycle `at`; a waiting result moves in.
    pub(super) fn take_result(&mut self, at: u64) -> Option<Progress> {
        self.register_taken = false;
        self.register_free = self.edge(at);
        self.note(Moment::Sent, at);
        self.waiting.take().map(|end| self.hand_over(end))
    }

    fn note(&mut self, moment: Moment, at: u64) {
        if let Some(course) = &mut self.course {
            let kept = &mut course.moments[moment as usize];
            if kept.len() < course.mvms {
                kept.push(at);
            }
        }
    }
    /// The cycles of a moment in the MVMs that are traced, as far as they have come.
    pub(super) fn moments(&self, moment: Moment) -> &[u64] {
        self.course.as_ref().map_or(&[], |course| &course.moments[moment as usize])
    }

    /// Writes down the state with times relative to `now`.
    pub(super) fn state(&self, now: u64, out: &mut Vec<u64>) {
        let ago = |cycle: u64| now.wrapping_sub(cycle);
        out.push(now % self.sequencer.divider);
        out.extend([self.front_step, self.back_step].map(u64::from));
        out.extend([self.held, self.front_mvm, self.back_mvm, self.front_bank, self.back_bank].map(u64::from));
        out.extend([self.register_taken, self.asked].map(u64::from));
        out.push(self.shared.map_or(0, |_| ago(self.room)));
        out.extend([self.pipe.front_free, self.accumulator_free, self.register_free].map(ago));
        self.own.state(now, out);
        let banks = usize::from(self.sequencer.banks);
        out.extend(self.pipe.filled[..banks].iter().chain(&self.pipe.bank_free[..banks]).map(|t| ago(*t)));
        out.push(u64::from(self.vectors));
        out.extend(self.loaded[..usize::from(self.vectors)].iter().map(|t| ago(*t)));
        out.extend(self.waiting.map_or([0, 0], |t| [1, ago(t)]));
    }

    fn hand_over(&mut self, end: u64) -> Progress {
        self.register_taken = true;
        self.accumulator_free = end.max(self.register_free);
        self.room = self.register_free;
        let ready = self.accumulator_free + self.sequencer.output_register;
        self.note(Moment::Ready, ready);
        Progress::ResultReady(ready)
    }

    /// Plans the back end of the next step, which has its bank filled and comes to the converters in cycle `at`; what
    /// is certain when the MVM is over with it.
    pub(super) fn convert(&mut self, at: u64, converters: &mut Converters) -> Option<Progress> {
        self.asked = false;
        let (sequencer, bank) = (&*self.sequencer, self.back_bank);
        let takes = sequencer.takes(self.back_mvm);
        let from = if self.back_step == 0 { self.accumulator_free } else { 0 };
        sequencer.back(&mut self.pipe, bank, converters, at, from, u64::from(takes.convert));
        self.held -= 1;
        self.back_bank = sequencer.other(bank);
        self.back_step += 1;
        if self.back_step < takes.steps {
            return None;
        }
        self.back_step = 0;
        self.back_mvm = sequencer.following(self.back_mvm);
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
                let filled = self.pipe.filled[usize::from(self.back_bank)];
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
                self.stretch();
            } else if self.held < self.sequencer.banks && (self.front_step > 0 || self.vectors > 0) {
                let mut from = 0;
                if self.front_step == 0 {
                    from = self.loaded[0];
                    self.loaded[0] = self.loaded[1];
                    self.vectors -= 1;
                }
                let start = self.sequencer.front(&mut self.pipe, self.front_bank, from);
                if self.front_step == 0 {
                    self.note(Moment::Begun, start);
                }
                self.held += 1;
                self.front_bank = self.sequencer.other(self.front_bank);
                self.front_step += 1;
                if self.front_step == self.sequencer.takes(self.front_mvm).steps {
                    self.front_step = 0;
                    self.front_mvm = self.sequencer.following(self.front_mvm);
                    return Some(Progress::SlotFree(self.pipe.front_free));
                }
            } else {
                return None;
            }
        }
    }

    /// Where front end and back end are at the same step of an MVM that has begun, goes on to its last step.
    fn stretch(&mut self) {
        let takes = self.sequencer.takes(self.back_mvm);
        if self.held == 0 && self.back_step > 0 && self.back_step + 1 < takes.steps {
            let n = takes.steps - 1 - self.back_step;
            let convert = u64::from(takes.convert);
            self.back_bank = self.sequencer.steps(&mut self.pipe, &mut self.own, self.back_bank, n, convert);
            self.front_bank = self.back_bank;
            (self.front_step, self.back_step) = (takes.steps - 1, takes.steps - 1);
        }
    }
}
