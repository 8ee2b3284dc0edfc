//! Row of gates: timelines and energies stand in the tests of `archsim::sim`; here they are run and what they print is
//! read.

use super::super::Finding;
use super::noc::finding;
use super::yardsticks::told;

/// Row 6, parts that sleep.
pub fn timelines() -> Finding {
    finding(
        told("sim::tests::gating::", "GATING: ", 6),
        "a vector unit, a buffer port with the bus behind it, a core between two samples, two crossbars of a core, the end of the run; each moment at t - 1 and t; beside them a server stepped cycle by cycle, gates that wake at once against none, runs cut short against whole ones",
    )
}
