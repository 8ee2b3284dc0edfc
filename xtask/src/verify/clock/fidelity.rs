//! Row on the two fidelities of the mesh. Programs and laws stand in the tests of `archsim::sim`; here they are run,
//! the long ones too, and what they print is read.

use super::super::Finding;
use super::noc::finding;
use super::yardsticks::told;

/// Lines that the tests print: six networks and seven loads of synthetic traffic.
const LINES: usize = 13;

/// Row 1b.
pub fn link_against_flit() -> Finding {
    let found = told("sim::tests::flit::", "FLIT", 0).and_then(|(_, laws)| {
        let (lines, told) = told("sim::tests::fidelity::", "FIDELITY: ", LINES)?;
        Ok((lines, laws && told))
    });
    finding(
        found,
        "errors are of `link` relative to `flit`; one inference, the interval of 12, and every message of one inference; shipped chips (router 2 cycles, link 1, flits of 4 bytes, 8 in a buffer), 4 virtual channels, iSLIP; without contention both follow one law exactly, counts are the same (tests of sim::tests::flit)",
    )
}
