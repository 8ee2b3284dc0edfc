//! The row of the memtransistor: NeuroSim's label, reads after pulses fitted, loops predicted, cost of a pulse.

use std::env;
use std::fs;
use std::path::PathBuf;

use archsim::device::{
    Chance, Device, Mos2Spec, Pulse, PulseFit, PulseRead, WindowSpec, curvature_of_label, fit_pulses,
};
use archsim::units::{Ampere, Second, Volt};

use super::super::Finding;

/// Entries of NeuroSim's table of labels, to the digits that it prints.
const ENTRIES: [(f64, f64); 8] = [
    (0.01, 126.268_958),
    (0.25, 5.048_012),
    (1.0, 1.251_653),
    (2.4, 0.499_181),
    (3.0, 0.386_830),
    (4.22, 0.249_748),
    (4.88, 0.200_303),
    (9.0, 0.022_810),
];
/// Write pulses of the reference.
const WIDTH: Second = Second(0.1);
/// Cells and turns of the measurement of speed: an array of 512 × 512.
const CELLS: usize = 512 * 512;
const TURNS: u64 = 32;

/// Row 6.
pub fn row() -> Finding {
    measure().unwrap_or_else(Finding::absent)
}

/// A table of the reference: its columns by name.
struct Table {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Table {
    fn column(&self, name: &str) -> Result<Vec<f64>, String> {
        let at = self.names.iter().position(|n| n == name).ok_or(format!("no column {name}"))?;
        Ok(self.rows.iter().map(|r| r[at]).collect())
    }
}

fn text(file: &str) -> Result<String, String> {
    let folder = env::var("ARCHSIM_REFERENCE").map_err(|_| "SKIPPED: ARCHSIM_REFERENCE is not set")?;
    let path = PathBuf::from(folder).join("charge_transport").join(file);
    fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
}

fn table(file: &str) -> Result<Table, String> {
    let text = text(file)?;
    let mut lines = text.lines();
    let names = lines.next().unwrap_or_default().split(',').map(str::to_string).collect();
    let row = |l: &str| l.split(',').map(|x| x.trim().parse().map_err(|e| format!("{file}: {e}"))).collect();
    Ok(Table { names, rows: lines.map(row).collect::<Result<_, String>>()? })
}

/// The number after `"key":` in a file of the reference.
fn parameter(file: &str, key: &str) -> Result<f64, String> {
    let text = text(file)?;
    let rest = text.split(&format!("\"{key}\":")).nth(1).ok_or(format!("{file}: no {key}"))?;
    rest.split([',', '}', '\n']).next().and_then(|n| n.trim().parse().ok()).ok_or(format!("{file}: {key}"))
}

/// Root mean square of the differences over the largest value.
fn nrmse(found: &[f64], wanted: &[f64]) -> f64 {
    let largest = wanted.iter().fold(0.0, |m: f64, w| m.max(w.abs()));
    let square: f64 = found.iter().zip(wanted).map(|(f, w)| (f - w) * (f - w)).sum();
    (square / wanted.len() as f64).sqrt() / largest
}

/// The compact cell fitted to the reads of the pulse case. Vacancies drift linearly in the simulation and its contacts
/// are ohmic, so scales of rate and current stand far above the pulses.
fn fitted() -> Result<PulseFit, String> {
    let reads = table("s4_npjset1_pulses_reads.csv")?;
    let (v, i) = (reads.column("V_write_V")?, reads.column("I_read_final_richardson_A")?);
    let mut base = Mos2Spec::default();
    base.read.voltage = Volt(reads.column("V_read_V")?[0]);
    base.kinetics.threshold = Volt(0.0);
    base.kinetics.threshold_softness = Volt(1e-3);
    base.kinetics.voltage_scale = Volt(100.0);
    base.iv.scale = Volt(1e3);
    base.iv.saturation = Volt(1e6);
    let train: Vec<PulseRead> = v
        .iter()
        .zip(&i)
        .map(|(v, i)| PulseRead { pulse: Pulse { voltage: Volt(*v), width: WIDTH }, read: Ampere(*i) })
        .collect();
    fit_pulses(&train, &base).map_err(|e| format!("{e:?}"))
}

/// Error of a predicted loop: the fitted cell with conductances and rates multiplied.
fn predicted(fit: &PulseFit, file: &str, conductance: f64, rate: f64) -> Result<f64, String> {
    let reference = table(file)?;
    let mut spec = fit.spec.clone();
    if let WindowSpec::Fixed(window) = &mut spec.window {
        window.g_min = window.g_min * conductance;
        window.g_max = window.g_max * conductance;
    }
    spec.kinetics.reference_width = spec.kinetics.reference_width / rate;
    let device = spec.build(spec.temperature.reference).map_err(|e| format!("{e:?}"))?;
    let (t, v) = (reference.column("t_s")?, reference.column("V_V")?);
    let points: Vec<_> = t.iter().zip(&v).map(|(t, v)| (Second(*t), Volt(*v))).collect();
    let currents: Vec<f64> = device.waveform(fit.start, &points).iter().map(|s| s.current).collect();
    Ok(nrmse(&currents, &reference.column("I_final_richardson_A")?))
}

/// Nanoseconds of this thread's processor time for a pulse on a cell, with cycle-to-cycle noise and energy: the
/// least of a few turns.
fn cost() -> Result<f64, String> {
    let clock = || -> Result<f64, String> {
        let text = fs::read_to_string("/proc/thread-self/schedstat").map_err(|e| e.to_string())?;
        text.split_whitespace().next().and_then(|n| n.parse().ok()).ok_or_else(|| "no schedstat".to_string())
    };
    let spec = Mos2Spec::default();
    let device = spec.build(spec.temperature.reference).map_err(|e| format!("{e:?}"))?;
    let addresses: Vec<u64> = (0..CELLS as u64).map(|i| i << 12).collect();
    let mut cells = device.cells(&addresses, Chance { seed: 1, scale: 1.0 }).ok_or("no cells")?;
    let [up, down] = device.pulses().ok_or("no pulses")?.map(|p| vec![p; CELLS]);
    let (mut least, mut tick) = (f64::INFINITY, 0);
    for _ in 0..7 {
        let begun = clock()?;
        for turn in 0..TURNS {
            cells.pulse(if turn < TURNS / 2 { &up } else { &down }, tick);
            tick += 1;
        }
        least = least.min((clock()? - begun) / (TURNS * CELLS as u64) as f64);
    }
    Ok(least)
}

fn measure() -> Result<Finding, String> {
    let digits = ENTRIES.iter().map(|(nl, a)| (curvature_of_label(*nl) - a).abs()).fold(0.0, f64::max);
    let fit = fitted()?;
    let loops = "s3_npjset1_lowbarrier";
    let other = "s1_ex107_schottky_5Vs";
    let of = |case: &str, key: &str| parameter(&format!("{case}.json"), key);
    let pulses = "s4_npjset1_pulses";
    // density of electrons in the bulk follows its potential
    let density = ((of(other, "psi_bulk_V")? - of(pulses, "psi_bulk_V")?) / of(pulses, "UT_V")?).exp();
    let conductance = density * of(other, "mun")? / of(pulses, "mun")?;
    let rate = of(other, "mux")? / of(pulses, "mux")?;
    let s3 = predicted(&fit, &format!("{loops}.csv"), 1.0, 1.0)?;
    let s1 = predicted(&fit, &format!("{other}.csv"), conductance, rate)?;
    let wanted = table(&format!("{pulses}_reads.csv"))?.column("I_read_final_richardson_A")?;
    let worst = fit.reads.iter().zip(&wanted).map(|(f, w)| (f / w - 1.0).abs()).fold(0.0, f64::max);
    Ok(Finding {
        measured: format!(
            "NL(A) off by {digits:.1e} at most; 41 pulse reads NRMSE {:.2} % (worst single read {:.0} % of itself); loops predicted: s3 NRMSE {:.1} %, s1 NRMSE {:.1} % of the largest current; a pulse {:.2} ns",
            100.0 * fit.nrmse,
            100.0 * worst,
            100.0 * s3,
            100.0 * s1,
            cost()?
        ),
        holds: digits < 1e-6 && fit.nrmse <= 0.05,
        configuration: format!(
            "{} label entries; fit of eight numbers by least squares (device::fit_pulses); s3 with the fitted card unchanged; s1, another device, with conductances times {conductance:.4} and rates times {rate} from the ratios of its published density and mobilities; the compact cell cannot show how the resistance of a depleted zone falls with the voltage, nor the Schottky barriers of s1: hence the errors of the loops; cost with cycle-to-cycle noise and energy, {CELLS} cells, one thread, processor time, least of seven",
            ENTRIES.len()
        ),
    })
}
