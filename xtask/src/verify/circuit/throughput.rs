//! Rows on the speed of reads.

use super::super::Finding;
use super::super::project::{cargo, run};
use super::or_absent;
use crate::root;

/// Row 6.
pub fn side_by_side() -> Finding {
    or_absent(|| {
        let (ok, output) = run(&["bash".into(), "benches/peers/aihwkit_read.sh".into()], &root())?;
        let lines: Vec<&str> = output.lines().filter(|l| l.contains(" asked: ")).collect();
        if lines.is_empty() {
            return Err(format!("the peer could not be run: {}", output.lines().last().unwrap_or_default()));
        }
        Ok(Finding {
            measured: lines.join("; "),
            holds: ok && lines.len() == 3,
            configuration: "batch 256, one thread each, the same weights and inputs, taking turns, least processor time of five turns, outputs compared in every turn; `noisy` has the converters as well"
                .into(),
        })
    })
}

/// Lines that a bench prints.
fn bench(name: &str) -> Result<Vec<String>, String> {
    let (ok, output) = cargo(&["bench", "--quiet", "--package", "archsim", "--bench", name])?;
    if ok { Ok(output.lines().map(str::to_string).collect()) } else { Err(output) }
}

/// The number before a unit.
fn before(line: &str, unit: &str) -> Option<f64> {
    line.split_once(unit)?.0.split_whitespace().last()?.parse().ok()
}

#[cfg(target_arch = "x86_64")]
fn byte_products() -> bool {
    std::arch::is_x86_feature_detected!("avx512vnni")
}

#[cfg(not(target_arch = "x86_64"))]
fn byte_products() -> bool {
    false
}

/// Row 7.
pub fn sliced() -> Finding {
    or_absent(|| {
        let lines: Vec<String> = bench("sliced")?.into_iter().filter(|l| l.contains(" ns a cell-read")).collect();
        let bytes = byte_products();
        let within = |l: &String| {
            let limit = match (l.starts_with("Noisy"), l.contains(" bytes ")) {
                (true, _) => 0.06,
                (_, true) if bytes => 0.01,
                _ => 0.03,
            };
            before(l, " ns a cell-read").is_some_and(|t| t <= limit)
        };
        Ok(Finding {
            holds: lines.len() == 6 && lines.iter().filter(|l| l.contains(" Analog ")).all(within),
            measured: format!("{}; CrossSim 3.2 on a quiet core: 0.10, 44, 141 ns", lines.join("; ")),
            configuration: format!(
                "everything from codes to outputs; both cells of a pair count; pairs are subtracted before the converter (`Analog`, asked), and for the record after it (`Digital`, twice the columns); outputs of both forms equal; byte products: {}",
                if bytes { "yes" } else { "no" }
            ),
        })
    })
}

/// Row 8.
pub fn roofline() -> Finding {
    or_absent(|| {
        let lines = bench("chain")?;
        let ideal: Vec<&String> =
            lines.iter().filter(|l| l.starts_with("ideal ") && !l.starts_with("ideal 1 ")).collect();
        Ok(Finding {
            holds: ideal.len() == 2 && ideal.iter().all(|l| before(l, " % of").is_some_and(|share| share >= 50.0)),
            measured: ideal.iter().map(|l| l.as_str()).collect::<Vec<_>>().join("; "),
            configuration: "batches of 64 and 256 through 512 × 512, one thread, least processor time; the first peak is that of a loop of independent fused multiply-adds of f32 in the same minute, beyond 100 % because products are taken of bytes where the processor has instructions for them; the second is that of such instructions on blocks in the first-level cache".into(),
        })
    })
}
