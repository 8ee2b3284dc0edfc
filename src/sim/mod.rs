//! The timing core: an event run over integer cycles. It never sees a tensor.
//!
//! ```text
//! memory ─► mesh ─► buffer port ─► bus ─► input slots ─► front end ─► hold banks ─► converter ─► adder
//!             ▲         ▲                                                                          │
//!             └── bus ──┴──────────────────────── vector unit ◄─────────────── bus ◄── output register
//! ```
//!
//! Positions flow through stages ([`stage`]), joined by channels with credits ([`channel`]); bytes move over
//! shared servers ([`transport`], with the timing of each in [`routes`]; ports and refresh of memories in [`server`],
//! banks of a dynamic one in [`dram`]); an MVM is worked off by a core
//! ([`core`]). Each of these pages states latency, interval, capacity and arbitration of its parts. What
//! waits, sleeps: it is woken by the event that it waits for.

#![expect(clippy::result_large_err, reason = "a run fails once; its diagnostic is not worth a box")]

mod build;
mod channel;
mod check;
mod core;
mod deadlock;
mod dram;
mod flits;
mod gate;
mod ledger;
mod links;
mod messages;
mod queue;
mod refresh;
mod recorder;
mod recording;
mod repeat;
mod routes;
mod run;
mod sequencer;
mod server;
mod stage;
#[cfg(test)]
mod tests;
mod timeline;
mod transport;

pub use recording::*;
pub use timeline::*;

use crate::diag::Diagnostic;
use crate::sched::Program;

/// What to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimOptions {
    /// Samples, back to back.
    pub samples: usize,
    /// Watchdog: no event may lie behind this cycle. What is run event by event ends at cycle 2^48 in any case.
    pub max_cycles: u64,
    /// Keep the times of every position and of every MVM, and write down what every part did ([`Recording`]). No
    /// sample is left out then.
    pub trace: bool,
    /// Run every sample, also those that repeat earlier ones to the cycle. The result is the same.
    pub whole: bool,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self { samples: 1, max_cycles: u64::MAX, trace: false, whole: false }
    }
}

/// Runs the program.
///
/// # Errors
/// `R001` if it stands still before all samples are finished (with the circle of waiting stages), `R002`
/// if it needs more cycles than it may, `R003` if the program cannot run at all.
pub fn run(program: &Program, options: &SimOptions) -> Result<Timeline, Diagnostic> {
    check::check(program, options.samples)?;
    let mut setup = build::build(program, options.samples, options.trace);
    let whole = options.whole || options.trace;
    match setup.world.run(options.max_cycles, options.samples, whole) {
        run::End::OutOfTime(cycle) => Err(deadlock::out_of_time(&setup.world, options.samples, cycle)),
        run::End::Quiet if setup.world.ledger.finished.len() < options.samples => {
            Err(deadlock::deadlock(&setup.world, program, options.samples))
        }
        run::End::Quiet => Ok(setup.timeline(program, options.samples)),
    }
}
