//! Rows of chips that others have published: ISAAC and PUMA. Programs and assertions stand in the tests of
//! `archsim::sim`; here they are run, the long ones too, and what they print is read.

use super::super::Finding;
use super::noc::{finding, tests};

/// What the tests of a module print behind a word; all of them must pass and print as many lines as they have to say.
pub(super) fn told(module: &str, word: &str, lines: usize) -> Result<(String, bool), String> {
    let (ok, output) = tests(module, &["--include-ignored", "--test-threads=1"])?;
    if output.contains("SKIPPED: ARCHSIM_REFERENCE") {
        return Err("ARCHSIM_REFERENCE is not set".into());
    }
    // the name of a test that runs stands before its first line
    let said: Vec<&str> =
        output.lines().filter_map(|l| l.split_once(word)).map(|(_, said)| said.trim_start()).collect();
    Ok((said.join("; "), ok && said.len() == lines))
}

/// Row 2.
pub fn isaac() -> Finding {
    finding(
        told("sim::tests::isaac_chip::", "ISAAC: ", 5),
        "pipeline: two convolutions through every stage of archsim, the second fed by the first; full use: a chain of 168 convolutions of 16 x 64 to 64 channels, three copies on each tile, 32 crossbars each, power without the filling of the chain (partial sums have 5 bytes here and 2 in ISAAC's output registers: more for registers and bus; a chain leaves vector units and routers little to do, and writes less into eDRAM than it reads); table: recalled, rounded to three digits, so 0.2 %; buffers: producer and consumer at one pace, two images, unlimited, then with the rule's positions (as fast), then with one less (deadlock)",
    )
}

/// Row 3.
pub fn puma() -> Finding {
    finding(
        told("sim::tests::puma_chip::", "PUMA: ", 6),
        "one sample, values off, `sequential`; dense layers with sigmoid as in the recorded runs, the last sigmoid left out with the other final activations",
    )
}
