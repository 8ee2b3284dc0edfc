//! Row on column noise: every encoding of weights with every application of inputs.

use archsim::arch::{Drive, Noise};
use archsim::exec::support::{Gaussian, Parameters, chip, encodings, heartbeat, samples, tile};
use archsim::exec::{Arrays, Fidelity, Outcome, RunOptions, ValueOptions, calibrate, column_moments_test, run};
use archsim::simd::Isa;
use archsim::tensor::SignedInputs;
use archsim::units::{Kelvin, Second};

use super::super::Finding;

/// Reads of every column by each path.
const READS: usize = 120;
/// Samples whose outputs are compared between ways to run.
const SAMPLES: usize = 12;

/// Row 10.
pub fn noise() -> Finding {
    measured().unwrap_or_else(Finding::absent)
}

/// All ways of applying digits that an application of signed inputs allows: bits of a digit and what it is.
fn drives(signed: SignedInputs) -> Vec<(u8, Drive)> {
    let voltages = [(1, Drive::Voltage), (3, Drive::Voltage), (2, Drive::Amplitude)];
    let pulses = (signed != SignedInputs::SignMagnitude).then_some((3, Drive::PulseWidth));
    voltages.into_iter().chain(pulses).collect()
}

fn measured() -> Result<Finding, String> {
    let say = |e: archsim::diag::Diagnostics| e.to_string();
    let graph = heartbeat();
    let data = samples(&graph, SAMPLES, 2);
    let values = ValueOptions {
        fidelity: Fidelity::Noisy,
        seed: 5,
        noise_scale: 1.0,
        age: Second(0.0),
        temperature: Kelvin(300.0),
    };
    let (mut least, mut where_least) = (1.0f64, String::new());
    let (mut tests, mut columns, mut configurations) = (0, 0, 0);
    let mut differing = Vec::new();
    for (encoding, signed) in encodings() {
        for (dac_bits, drive) in drives(signed) {
            // pulses on still cells before still converters leave thermal and shot noise alone
            let base = if drive == Drive::PulseWidth { Parameters::still() } else { Parameters::default() };
            // what amplitudes are for: currents that are no multiples of the voltage
            let device = Gaussian { curve: if drive == Drive::Amplitude { 0.3 } else { 0.0 }, ..base.device };
            // cells of mixed slices, row groups that divide no block
            let p = Parameters {
                encoding,
                signed,
                dac_bits,
                drive,
                device,
                slices: &[2, 3],
                noise: Noise { thermal: true, shot: drive != Drive::Voltage || dac_bits == 1, ..base.noise },
                block: [64, 20],
                group: 48,
                ..base
            };
            let name = format!("{encoding:?} {signed:?} {drive:?} of {dac_bits} bits");
            let (chip, tiled) = (chip(&p), tile(&graph, &p));
            let found = column_moments_test(&graph, &tiled, &chip, &values, &[data.view()], 0, READS).map_err(say)?;
            for test in &found {
                tests += 1;
                columns += test.columns;
                if test.p_value < least {
                    (least, where_least) = (test.p_value, format!("{name}, layer {}", tests % found.len()));
                }
            }
            let converters = calibrate(&graph, &tiled, &chip, &[data.view()], 0..SAMPLES).map_err(say)?;
            let arrays = Arrays::program(&graph, &tiled, &chip, &converters, &values).map_err(say)?;
            let with = |threads: usize, how: RunOptions, from: usize| -> Result<Outcome, String> {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| e.to_string())?;
                let run = || run(&graph, &tiled, &arrays, &[data.view()], from..SAMPLES, &how, &|_| {});
                pool.install(run).map_err(say)
            };
            let plain = RunOptions { chunk: Some(1), ..RunOptions::default() };
            let one = with(1, plain, 0)?;
            let mut same = true;
            for isa in Isa::all() {
                for chunk in [1, 5, SAMPLES] {
                    same &= with(2, RunOptions { chunk: Some(chunk), isa, ..plain }, 0)? == one;
                }
            }
            same &= with(2, plain, 7)?.logits == one.logits.slice(ndarray::s![7.., ..]);
            if !same {
                differing.push(name);
            }
            configurations += 1;
        }
    }
    let sets: Vec<&str> = Isa::all().into_iter().map(Isa::name).collect();
    Ok(Finding {
        measured: format!(
            "{configurations} encodings, {tests} layers, {columns} columns: least p {least:.4} ({where_least}); outputs differ between threads, batches or instruction sets in {} ({})",
            differing.len(),
            if differing.is_empty() { "none".into() } else { differing.join("; ") },
        ),
        holds: least > 1e-3 && differing.is_empty(),
        configuration: format!(
            "network of the size of a heartbeat classifier, cells with 2 % read noise (none with pulses), thermal noise and (but for `bit_serial` of several bits) shot noise at 300 K, slices of 2 and 3 bits, row groups of 48, {READS} reads of each column by each path, p of the means, variances and counts in ten bins (Bonferroni); 1 and 2 threads, batches of 1, 5, {SAMPLES}, instruction sets {}",
            sets.join(", ")
        ),
    })
}
