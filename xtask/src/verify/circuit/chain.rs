//! Row on the analog chain.

use super::super::Finding;
use super::super::project::cargo;
use super::or_absent;

/// Row 5.
pub fn reference() -> Finding {
    or_absent(|| {
        let (ok, output) = cargo(&[
            "test",
            "--release",
            "--package",
            "archsim-hardware",
            "--lib",
            "circuit::chain::tests::forward_cases",
            "--",
            "--nocapture",
        ])?;
        if let Some(line) = output.lines().find(|l| l.contains("SKIPPED")) {
            return Err(line.to_string());
        }
        let said = |l: &&str| l.contains("largest difference") || l.contains("standard errors");
        let lines: Vec<&str> = output.lines().filter(said).map(|l| l.trim_start_matches("test ")).collect();
        Ok(Finding {
            measured: lines.join("; "),
            holds: ok && lines.len() == 16,
            configuration:
                "numbers of aihwkit 1.1.0; noisy cases 40,000 times against its 2,000, standard errors of both".into(),
        })
    })
}
