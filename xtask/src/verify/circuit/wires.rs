//! Rows on crossbars with wires: exactness, speed.

use std::fs;
use std::time::Instant;

use archsim::circuit::wires::{Drives, FoldCache, Folder, Network, solve};
use archsim::exec::{Arrays, Fidelity};
use archsim::report::FoldFolder;
use archsim::simd::Isa;
use archsim::study::{RunOptions, Session};

use super::super::Finding;
use super::super::project::{cargo, passed, process_time, run};
use super::or_absent;
use crate::root;

/// Runs tests of the library and returns the lines that begin with `mark`.
fn tests(filter: &str, count: usize, mark: &str) -> Result<Vec<String>, String> {
    let (ok, output) =
        cargo(&["test", "--package", "archsim-hardware", "--lib", filter, "--", "--nocapture", "--test-threads=1"])?;
    if let Some(line) = output.lines().find(|l| l.contains("SKIPPED")) {
        return Err(line.trim().to_string());
    }
    if !ok || passed(&output) != count {
        return Err(output.lines().rev().take(8).collect::<Vec<_>>().join(" / "));
    }
    // the name of the test may stand before the first line that it prints
    Ok(output.lines().filter_map(|l| l.find(mark).map(|at| l[at + mark.len()..].to_string())).collect())
}

/// The number after `label` in a line.
fn number(line: &str, label: &str) -> f64 {
    let rest = line.split(label).nth(1).unwrap_or_default().trim_start();
    rest.split([' ', ',', ';']).next().and_then(|n| n.parse().ok()).unwrap_or(f64::NAN)
}

/// Row 1.
pub fn reference() -> Finding {
    or_absent(|| {
        let lines = tests("circuit::wires::tests::reference_currents", 1, "reference ")?;
        let worst = |label: &str| lines.iter().map(|l| number(l, label)).filter(|v| !v.is_nan()).fold(0.0, f64::max);
        let (currents, folded, devices, power) = (worst("currents"), worst("folded"), worst("cells"), worst("power"));
        Ok(Finding {
            measured: format!(
                "{} cases; largest relative error of output currents {currents:.1e}, of folded ones {folded:.1e}, of cell currents {devices:.1e}, of source power {power:.1e}",
                lines.len()
            ),
            holds: lines.len() == 7 && [currents, folded, devices, power].iter().all(|e| *e < 1e-9),
            configuration: "SuperLU solutions by badcrossbar 1.1.0, 8 × 8 to 128 × 128, every vector".into(),
        })
    })
}

/// Row 2.
pub fn spice() -> Finding {
    or_absent(|| {
        let lines = tests("circuit::spice_tests", 2, "ngspice ")?;
        let worst = |tolerance: &str| {
            let of = lines.iter().filter(|l| l.ends_with(tolerance));
            let errors: Vec<f64> = of.map(|l| number(l, ": ")).collect();
            (errors.len(), errors.into_iter().fold(0.0, f64::max))
        };
        let ((linear, error), (curved, curved_error)) = (worst("of 1e-6"), worst("of 1e-4"));
        Ok(Finding {
            measured: format!("{linear} linear networks: {error:.1e} at most; {curved} non-linear: {curved_error:.1e}"),
            holds: linear >= 34 && curved >= 16 && error <= 1e-6 && curved_error <= 1e-4,
            configuration: "0T1R, 1T1R, 1S1R; one- and two-sided; separate and interleaved lines; 8, 16, 32, 64; floating lines, grounded ends, curved cells; error relative to the largest current".into(),
        })
    })
}

/// The crossbar of `benches/wires.rs`.
fn crossbar(size: usize, ohm: f64) -> Network {
    let g = (0..size * size).map(|at| 1e-6 + 24e-6 * (at as f64 * 0.618_033_988_749_894_9).fract()).collect();
    Network::passive(size, size, g, ohm, ohm)
}

/// Seconds that this thread has had a processor; machines are shared.
fn processor_time() -> Result<f64, String> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").map_err(|e| e.to_string())?;
    let nanoseconds: f64 = text.split_whitespace().next().and_then(|n| n.parse().ok()).ok_or("no schedstat")?;
    Ok(nanoseconds * 1e-9)
}

/// Processor time of a call in milliseconds: the mean of ten, the least of three such means. Some kernels count it in
/// ticks of 4 ms.
fn least(mut once: impl FnMut() -> Result<(), String>) -> Result<f64, String> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let begun = processor_time()?;
        for _ in 0..10 {
            once()?;
        }
        best = best.min((processor_time()? - begun) / 10.0);
    }
    Ok(best * 1e3)
}

fn memory(key: &str) -> Result<f64, String> {
    let text = fs::read_to_string("/proc/self/status").map_err(|e| e.to_string())?;
    let line = text.lines().find_map(|l| l.strip_prefix(key)).ok_or("no such line in /proc/self/status")?;
    line.split_whitespace().next().and_then(|k| k.parse::<f64>().ok()).map(|k| k * 1.024e-3).ok_or("no number".into())
}

/// Row 3.
pub fn speed() -> Finding {
    or_absent(|| {
        let error = |e: archsim::diag::Diagnostics| e.to_string();
        // the peak of resident memory begins anew at what is held now
        fs::write("/proc/self/clear_refs", "5").map_err(|e| e.to_string())?;
        let large = crossbar(512, 1.0);
        let drives = Drives::read(&[0.2; 512], 512);
        let held = memory("VmRSS:")?;
        solve(&large, &drives).map_err(error)?;
        let megabytes = memory("VmHWM:")? - held;
        let vector = least(|| solve(&large, &drives).map(|_| ()).map_err(error))?;
        let mut folds = Vec::new();
        for (size, ohm, most) in [(128, 1.0, 40.0), (128, 5.0, 60.0), (256, 1.0, 500.0), (256, 5.0, 500.0)] {
            let (network, mut folder) = (crossbar(size, ohm), Folder::default());
            let took = least(|| folder.fold(&network, Isa::best()).map(|_| ()).map_err(error))?;
            folds.push((format!("{size} × {size} at {ohm} Ω {took:.1} ms"), took <= most));
        }
        let mut cold = String::new();
        for (size, ohm) in [(256, 2.0), (512, 1.0)] {
            let (network, drives) = (crossbar(size, ohm), Drives::read(&vec![0.2; size], size));
            let first = solve(&network, &drives).map_err(error)?.col_currents[0];
            let took = least(|| solve(&network, &drives).map(|_| ()).map_err(error))? * 1e-3;
            cold.push_str(&format!("cold {size} {ohm} {took:.6} s, first current {first:.12e} A\n"));
        }
        let place = root().join("target/peers");
        fs::create_dir_all(&place)
            .and_then(|()| fs::write(place.join("wires.txt"), cold))
            .map_err(|e| e.to_string())?;
        let (_, output) = run(&["bash".into(), "benches/peers/badcrossbar.sh".into(), "given".into()], &root())?;
        let peer: Vec<&str> = output.lines().filter(|l| l.contains("ratio ")).collect();
        let ratios: Vec<f64> = peer.iter().map(|l| number(l, "ratio")).collect();
        let texts: Vec<String> = folds.iter().map(|f| f.0.clone()).collect();
        Ok(Finding {
            measured: format!(
                "folds: {}; one vector at 512 × 512, 1 Ω: {vector:.1} ms, {megabytes:.1} MB; {}",
                texts.join(", "),
                if peer.is_empty() { "badcrossbar could not be run".into() } else { peer.join("; ") }
            ),
            holds: folds.iter().all(|f| f.1)
                && vector <= 100.0
                && megabytes <= 50.0
                && ratios.len() == 2
                && ratios.iter().all(|r| *r >= 50.0),
            configuration: format!(
                "{}, one thread, its processor time; cells of 1 to 25 µS; peer: one after the other, processor time too, best of three",
                Isa::best().name()
            ),
        })
    })
}

/// Cells of the window of the shipped HfOx card, linear.
pub const LINEAR: &str = "{ ideal: { g_min: 13.3 uS, g_max: 222 uS } }";

/// ISAAC's chip with wires in its crossbars.
fn with_wires(arch: &str, wires: &str) -> Result<String, String> {
    let text = fs::read_to_string(root().join(arch)).map_err(|e| e.to_string())?;
    let (mut out, mut found) = (String::new(), false);
    for line in text.lines() {
        out.push_str(line);
        out.push('\n');
        if line.starts_with("    t_read:") {
            out.push_str(&format!("    wires: {wires}\n"));
            found = true;
        }
    }
    if found { Ok(out) } else { Err(format!("{arch} has no crossbars")) }
}

/// An arch file with wires, in a temporary folder, removed when dropped.
pub struct Wired {
    /// The file.
    pub path: std::path::PathBuf,
}

impl Wired {
    /// The shipped `arch` file with the given wires in each kind of crossbar.
    pub fn new(arch: &str, wires: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("archsim-wired-{}.yaml", std::process::id()));
        fs::write(&path, with_wires(arch, wires)?).map_err(|e| e.to_string())?;
        Ok(Self { path })
    }
}

impl Drop for Wired {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Row 4.
pub fn resnet() -> Finding {
    or_absent(|| {
        let error = |e: archsim::diag::Diagnostics| e.to_string();
        let wires = "{ word_line: 1 Ohm, bit_line: 1 Ohm, from: quantised, source: \"assumed: row 4\" }";
        let arch = Wired::new("arch/isaac_ce.yaml", wires)?;
        let options = RunOptions {
            arch: arch.path.clone(),
            model: root().join("workloads/resnet18.onnx"),
            values: false,
            set: [
                ("tile.buffer.edram.capacity", "1 MiB"),
                ("devices.cell", LINEAR),
                ("crossbars.main.weights", "{ differential_pair: analog }"),
                // a range that needs no samples
                ("cores.ima.adc.sar.full_scale", "max"),
            ]
            .map(|(path, value)| (path.into(), value.into()))
            .to_vec(),
            chips: Some(archsim::study::Chips::Auto),
            ..RunOptions::default()
        };
        let session = Session::open(&options).map_err(error)?;
        let values = archsim::exec::ValueOptions { fidelity: Fidelity::Quantised, ..session.value_options(&options) };
        let converters = session.converters().map_err(error)?;
        let once = session.tiled.layers.iter().map(|_| 1).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().map_err(|e| e.to_string())?;
        let program = |folds: &FoldCache| {
            let (begun, processor) = (Instant::now(), process_time()?);
            let (quant, tiled, chip) = (&session.quant, &session.tiled, &session.chip);
            let arrays = pool
                .install(|| Arrays::program_folded(quant, tiled, chip, &converters, &once, &values, folds))
                .map_err(error)?;
            // on a busy machine the wall says what others do: two idle cores would take half of the processor time
            let halved = (process_time()? - processor) / 2.0;
            Ok::<_, String>(([begun.elapsed().as_secs_f64(), halved], arrays.wires))
        };
        let folder = std::env::temp_dir().join(format!("archsim-folds-{}", std::process::id()));
        let kept = || Ok::<_, String>(FoldCache::on(Box::new(FoldFolder::open(&folder).map_err(error)?)));
        let (cold, found) = program(&kept()?)?;
        let (warm, again) = program(&kept()?)?;
        let _ = fs::remove_dir_all(&folder);
        Ok(Finding {
            measured: format!(
                "{} crossbars folded and programmed: cold {:.0} s of wall time on a shared machine, {:.1} s as half of the processor time; warm (read from disk) {:.0} s and {:.1} s; error below {:.0e}",
                found.crossbars, cold[0], cold[1], warm[0], warm[1], found.error_bound
            ),
            holds: found.crossbars >= 5000 && cold[0].min(cold[1]) <= 120.0 && warm[1] < cold[1] && again == found,
            configuration: "workloads/resnet18.onnx on arch/isaac_ce.yaml with wires of 1 Ω and linear cells of 13 to 222 µS, 128 × 128, 2 bits per cell, differential; two threads, programming and quantisation of conductances included".into(),
        })
    })
}
