//! Rows on the noisy value core: what noise costs, whether it is distributed right, how fast it is.

use std::time::Instant;

use archsim::exec::{Fidelity, RunOptions};
use archsim::report::Score;
use archsim::study::{Session, Silent};
use ndarray::Array2;

use super::Finding;
use super::ecg::{f1, scored, session, values};

/// Chips of which each is another draw of every cell: what one of them loses is a matter of luck.
const CHIPS: u64 = 8;

fn logits(s: &Session, chip: u64, scale: f64, threads: usize) -> Result<Array2<f32>, String> {
    let plain = values(s, Fidelity::Noisy, scale);
    let options = archsim::exec::ValueOptions { seed: plain.seed + chip, ..plain };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| e.to_string())?;
    pool.install(|| {
        let arrays = s.arrays(&options)?;
        Ok(s.values(&arrays, 0..s.data.samples, &RunOptions::default(), &Silent)?.logits)
    })
    .map_err(|e: archsim::diag::Diagnostics| e.to_string())
}

/// Row 5.
pub fn noisy() -> Finding {
    noisy_row().unwrap_or_else(Finding::absent)
}

fn noisy_row() -> Result<Finding, String> {
    let s = session("ecg.onnx", &[])?;
    let float = scored(&s, &s.float(&Silent).map_err(|e| e.to_string())?);
    let chips = |scale: f64| -> Result<Vec<Score>, String> {
        (0..CHIPS).map(|chip| Ok(scored(&s, &logits(&s, chip, scale, 2)?))).collect()
    };
    let (once, thrice) = (chips(1.0)?, chips(3.0)?);
    let mean = |scores: &[Score], f: &dyn Fn(&Score) -> f64| scores.iter().map(f).sum::<f64>() / scores.len() as f64;
    // standard error of the mean over chips
    let figure = |scores: &[Score], f: &dyn Fn(&Score) -> f64| {
        let m = mean(scores, f);
        let squares = scores.iter().map(|s| (f(s) - m).powi(2)).sum::<f64>();
        format!("{m:.4} ± {:.4}", (squares / (CHIPS * (CHIPS - 1)) as f64).sqrt())
    };
    let of = |c: &'static str| move |s: &Score| f1(s, c);
    let drop = |c: &'static str| {
        let of = of(c);
        let [a, b] = [&once, &thrice].map(|scores| mean(scores, &of) - f1(&float, c));
        format!("{c} {a:+.4} (× 3: {b:+.4})")
    };

    // the same bits from one thread, and from batches that start anywhere
    let (two, one) = (logits(&s, 0, 1.0, 2)?, logits(&s, 0, 1.0, 1)?);
    let same_threads = same(&two, &one);
    let options = values(&s, Fidelity::Noisy, 1.0);
    let arrays = s.arrays(&options).map_err(|e| e.to_string())?;
    let mut same_batches = true;
    for (start, end) in [(0, 1), (1, 38), (38, 1000), (1000, 1777)] {
        let how = RunOptions { chunk: Some(end - start), ..RunOptions::default() };
        let part = s.values(&arrays, start..end, &how, &Silent).map_err(|e| e.to_string())?;
        same_batches &= same(&part.logits, &two.slice(ndarray::s![start..end, ..]).to_owned());
    }

    let moments = s.column_moments(&options, 0, 4000).map_err(|e| e.to_string())?;
    // both must drop: noise that drives beats into the largest class can leave accuracy where it is
    let least = moments.iter().map(|m| m.p_value).fold(1.0, f64::min);
    let (accuracy, macro_f1) = (|s: &Score| s.accuracy, |s: &Score| s.macro_f1.unwrap_or(f64::NAN));
    let holds = mean(&thrice, &accuracy) < mean(&once, &accuracy)
        && mean(&thrice, &macro_f1) < mean(&once, &macro_f1)
        && same_threads
        && same_batches
        && least > 1e-3
        && !moments.is_empty();
    Ok(Finding {
        measured: format!(
            "accuracy {:.4} → {} (× 3: {}), macro-F1 {:.4} → {} (× 3: {}); F1 against float: {}; column moments: least p {least:.4} over {} layers; same bits for 1 and 2 threads: {same_threads}, for batches of 1, 37, 962, 777: {same_batches}",
            float.accuracy,
            figure(&once, &accuracy),
            figure(&thrice, &accuracy),
            macro_f1(&float),
            figure(&once, &macro_f1),
            figure(&thrice, &macro_f1),
            ["N", "S", "V", "F"].map(drop).join(", "),
            moments.len(),
        ),
        holds,
        configuration: format!(
            "ds2_test, {} beats, mos2_tile, network of seed 0, mean and standard error over {CHIPS} drawn chips; oracle draws every cell of every read",
            s.data.samples
        ),
    })
}

fn same(a: &Array2<f32>, b: &Array2<f32>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits())
}

/// Row 6: the best of three runs over all beats; machines are shared and the best is the least disturbed.
pub fn speed() -> Finding {
    speed_row().unwrap_or_else(Finding::absent)
}

fn speed_row() -> Result<Finding, String> {
    let s = session("ecg.onnx", &[])?;
    let options = values(&s, Fidelity::Noisy, 1.0);
    let arrays = s.arrays(&options).map_err(|e| e.to_string())?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().map_err(|e| e.to_string())?;
    let mut best = f64::INFINITY;
    let mut times = Vec::new();
    let mut reads = 0;
    for _ in 0..3 {
        let begun = Instant::now();
        let outcome = pool
            .install(|| s.values(&arrays, 0..s.data.samples, &RunOptions::default(), &Silent))
            .map_err(|e| e.to_string())?;
        let seconds = begun.elapsed().as_secs_f64();
        reads = outcome.activity.layers.iter().map(|l| l.cell_reads).sum::<u64>();
        times.push(format!("{:.4}", seconds * 1e9 / reads as f64));
        best = best.min(seconds);
    }
    let each = best * 1e9 / reads as f64;
    Ok(Finding {
        measured: format!("{each:.4} ns per cell-read over {reads} cell-reads, best of three ({})", times.join(", ")),
        holds: each <= 0.1,
        configuration: "33,626 beats, mos2_tile, noisy, two threads, everything from codes to logits".into(),
    })
}
