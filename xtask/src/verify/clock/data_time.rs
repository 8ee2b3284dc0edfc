//! Row of time that data decide: its timelines and runs stand in the tests of `archsim::sim`; here they are run and
//! what they print is read.

use super::super::Finding;
use super::noc::finding;
use super::yardsticks::told;

/// Row 9: planes that are skipped, conversions that stop early, writing until it holds.
pub fn measured() -> Finding {
    finding(
        told("sim::tests::data_time::", "DATA: ", 4),
        "ECG on `arch/mos2_tile.yaml` with single-slope ADCs of 8 bits at 1 GHz, one comparator for each pair of columns, 40 beats, noisy: predictions and deviations equal with and without stopping, energy and busy cycles of every crossbar's conversions fall alike; writing: the same network in segments on one tile of two cores; beside them cores with rounds of any length against machines stepped cycle by cycle, in the tests of the sequencer",
    )
}
