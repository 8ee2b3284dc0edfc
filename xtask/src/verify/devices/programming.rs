//! Programming a whole chip by write-verify.

use std::fmt::Write;
use std::ops::Range;
use std::time::Instant;

use archsim::device::programming::{ChipOutcome, Scheme, SchemeSpec, StepLaw, WriteVerifySpec};
use archsim::device::programming::{program_chip, program_chip_with};
use archsim::device::{Chance, Pulse};
use archsim::lower::MvmOp;
use archsim::report::plot::{Axis, Mark, Panel, Series, svg};
use archsim::rng::element;
use archsim::study::{RunOptions, Session};
use archsim::tensor::{Encoding, Slice, Subtraction};
use archsim::units::{Second, Share, Siemens, Volt};

use super::super::Finding;
use super::super::project::process_time;
use crate::root;

/// Bits of a cell.
const CELL_BITS: u8 = 2;
/// Standard deviation of the conductance after one pulse, accepted error, most tries.
const CYCLE_TO_CYCLE: f64 = 0.02;
const ACCEPTED: f64 = 0.01;
const TRIES: u32 = 20;
/// Cells that are also written behind the interface of all devices.
const SAMPLE: usize = 1 << 17;
/// Cells of the check against the geometric law.
const CHECKED: usize = 1_000_000;
const SEED: u64 = 8;

/// One weighted layer: the number of its first cell and what its cells store.
struct Layer<'a> {
    first: usize,
    op: &'a MvmOp,
    slices: Vec<Slice>,
}

/// The cell of a soft-bounds law between 1 and 51 µS that `pulses` nominal pulses of 100 ns cross.
fn law(pulses: f64, labels: [f64; 2]) -> StepLaw {
    let width = Second(100e-9);
    let nominal = [1.5, -1.5].map(|v| Pulse { voltage: Volt(v), width });
    let law = StepLaw::neurosim([Siemens(1e-6), Siemens(51e-6)], nominal, pulses, labels);
    StepLaw { cycle_to_cycle: CYCLE_TO_CYCLE, ..law }
}

fn scheme(law: &StepLaw, finest: f64) -> Option<Scheme> {
    let spec = WriteVerifySpec {
        tries: TRIES,
        tolerance: Share(ACCEPTED),
        back_off: 1.0,
        finest: Share(finest),
        ..WriteVerifySpec::default()
    };
    Scheme::new(law, &SchemeSpec::WriteVerify(spec))
}

const CHANCE: Chance = Chance { seed: SEED, scale: 1.0 };

/// Row 8.
pub fn write_verify() -> Finding {
    measured().unwrap_or_else(Finding::absent)
}

fn measured() -> Result<Finding, String> {
    let options = RunOptions {
        arch: root().join("arch/isaac_ce.yaml"),
        model: root().join("workloads/resnet18.onnx"),
        values: false,
        // a range that needs no samples, room for the feature maps
        set: [("cores.ima.adc.sar.full_scale", "max"), ("tile.buffer.edram.capacity", "1 MiB")]
            .map(|(path, value)| (path.into(), value.into()))
            .to_vec(),
        chips: Some(archsim::study::Chips::Auto),
        ..RunOptions::default()
    };
    let session = Session::open(&options).map_err(|e| e.to_string())?;
    let mut layers: Vec<Layer> = Vec::new();
    let mut cells = 0;
    for layer in session.tiled.layers.iter() {
        let (op, _) = session.quant.layer(layer.node).ok_or("a layer without weights")?;
        let slices = Encoding::Pair(Subtraction::Digital).slices(op.weight_bits, &[CELL_BITS]);
        let first = cells;
        cells += 2 * slices.len() * op.weights.len();
        layers.push(Layer { first, op, slices });
    }
    let law = law(64.0, [1.5, 2.5]);
    let scheme = scheme(&law, 0.01).ok_or("the law has no pulses")?;
    let place =
        |range: Range<usize>, target: &mut [f64], address: &mut [u64]| place(&layers, &law, range, target, address);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().map_err(|e| e.to_string())?;
    let (begun, processor) = (Instant::now(), process_time()?);
    let chip = pool.install(|| program_chip(&scheme, &law, cells, CHANCE, place));
    // on a busy machine the wall says what others do: two idle cores would take half of the processor time
    let seconds = [begun.elapsed().as_secs_f64(), (process_time()? - processor) / 2.0];
    let sample = program_chip(&scheme, &law, SAMPLE, CHANCE, place);
    let equal = sample == program_chip_with(&scheme, &law, SAMPLE, CHANCE, place);
    let geometric = geometric()?;
    draw(&chip)?;
    Ok(Finding {
        measured: format!(
            "{:.1} million cells in {:.0} s of wall time on a shared machine, {:.1} s as half of the processor time; {}; the first {SAMPLE} cells behind the interface of all devices: {}; tries where one pulse reaches every target: χ² {:.1} of 15 bins against the geometric law, mean {:.4} for {:.4}, {} left after {TRIES} for {:.1} expected",
            chip.cells as f64 / 1e6,
            seconds[0],
            seconds[1],
            summary(&chip),
            if equal { "the same bits" } else { "DIFFERENT" },
            geometric.chi2,
            geometric.mean[0],
            geometric.mean[1],
            geometric.left[0],
            geometric.left[1]
        ),
        holds: (93e6..94e6).contains(&(chip.cells as f64))
            && seconds[0].min(seconds[1]) < 60.0
            && equal
            && geometric.holds(),
        configuration: format!(
            "workloads/resnet18.onnx, weights of 8 bits as magnitudes in 2-bit slices, two polarities; exponential pulse law of 64 pulses (labels 1.5 and 2.5), 1 to 51 µS, pulses of 1.5 V and 100 ns; after any one pulse, short or long, the conductance has a standard deviation of {:.0} % of the range (NeuroSim's cycle-to-cycle variation); accepted within {:.0} % of the range; a try is a train of pulses looked up on the nominal curve and a read of 0.1 V and 100 ns; two threads, histograms in reports/programming/",
            100.0 * CYCLE_TO_CYCLE,
            100.0 * ACCEPTED
        ),
    })
}

/// Targets and addresses of a range of cells: weight by weight, slices within, polarities within these.
fn place(layers: &[Layer], law: &StepLaw, range: Range<usize>, target: &mut [f64], address: &mut [u64]) {
    let (low, high) = (law.window.g_min.0, law.window.g_max.0);
    let mut at = layers.partition_point(|l| l.first <= range.start) - 1;
    for ((cell, target), address) in range.zip(target).zip(address) {
        while layers.get(at + 1).is_some_and(|l| l.first <= cell) {
            at += 1;
        }
        let Layer { first, op, slices } = &layers[at];
        let (place, weight) = ((cell - first) % (2 * slices.len()), (cell - first) / (2 * slices.len()));
        let (slice, negative) = (place / 2, place % 2 == 1);
        let stored = Encoding::Pair(Subtraction::Digital).stored(op.weights.get(weight), op.weight_bits, negative);
        let level = f64::from(slices[slice].level(u32::from(stored)));
        *target = low + (high - low) * level / f64::from((1 << CELL_BITS) - 1);
        let (output, row) = (weight / op.group_rows(), weight % op.group_rows());
        *address = element(at, op.rows_of(output).start + row, output, slice, negative, 0);
    }
}

fn summary(chip: &ChipOutcome) -> String {
    let n = chip.cells as f64;
    let share = |from: usize, to: usize| 100.0 * chip.pulses[from..to].iter().sum::<u64>() as f64 / n;
    let last = chip.pulses.len();
    format!(
        "{:.2} pulses and {:.2} tries a cell (no pulse {:.1} %, 1 to 8 {:.1} %, 9 to 32 {:.1} %, 33 to 64 {:.1} %, 65 to 128 {:.1} %, more {:.2} %), {} in all, {} one after another, {:.4} % not converged, {:.3} full cycles of endurance a cell, {:.2} at most",
        chip.mean_pulses(),
        chip.tries as f64 / n,
        share(0, 1),
        share(1, 9),
        share(9, 33),
        share(33, 65),
        share(65, 129),
        share(129, last),
        chip.cost.energy,
        chip.cost.time,
        100.0 * chip.unconverged as f64 / n,
        chip.cycles[0] / n,
        chip.cycles[1]
    )
}

/// Tries of cells that one pulse takes anywhere, beside `P(n) = p(1 - p)^(n - 1)`, `p = erf(a/(σ√2))`.
struct Geometric {
    chi2: f64,
    mean: [f64; 2],
    left: [f64; 2],
    error: f64,
}

impl Geometric {
    /// χ² of 15 bins below its 1e-3 quantile, 37.7; mean and rest within four standard errors.
    fn holds(&self) -> bool {
        self.chi2 < 37.7
            && (self.mean[0] - self.mean[1]).abs() < 4.0 * self.error
            && (self.left[0] - self.left[1]).abs() < 4.0 * self.left[1].sqrt()
    }
}

fn geometric() -> Result<Geometric, String> {
    let law = law(1.0, [0.01, 0.01]);
    let scheme = scheme(&law, 1e-6).ok_or("the law has no pulses")?;
    let out = program_chip(&scheme, &law, CHECKED, CHANCE, |range, target, address| {
        target.fill(26e-6);
        range.zip(address).for_each(|(cell, a)| *a = cell as u64);
    });
    let (p, n) = (hit(ACCEPTED / CYCLE_TO_CYCLE), CHECKED as f64);
    let expected = |tries: usize| n * p * (1.0 - p).powi(tries as i32 - 1);
    let chi2 = (1..=15).map(|t| (out.tries_histogram[t] as f64 - expected(t)).powi(2) / expected(t)).sum();
    let rest = (1.0 - p).powi(TRIES as i32);
    Ok(Geometric {
        chi2,
        mean: [out.mean_pulses(), (1.0 - rest) / p],
        left: [out.unconverged as f64, n * rest],
        error: (1.0 - p).sqrt() / p / n.sqrt(),
    })
}

/// Probability that a standard normal lies within `±x`: Simpson's rule on the density, exact to 1e-10 for `x` < 1.
fn hit(x: f64) -> f64 {
    const PANELS: i32 = 200;
    let density = |z: f64| (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    let step = x / f64::from(PANELS);
    let weight = |i: i32| if i == 0 || i == PANELS { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    2.0 * (0..=PANELS).map(|i| weight(i) * density(f64::from(i) * step)).sum::<f64>() * step / 3.0
}

/// Histograms as CSV and SVG.
fn draw(chip: &ChipOutcome) -> Result<(), String> {
    let share = 100.0 / chip.cells as f64;
    let counted = |counts: &[u64]| -> Vec<f64> {
        let last = counts.iter().rposition(|c| *c > 0).unwrap_or(0);
        counts[..=last].iter().map(|c| share * *c as f64).collect()
    };
    let panel = |title: &str, x: Axis, y: Axis, mark| Panel {
        title: title.into(),
        x,
        y,
        series: vec![Series { name: String::new(), colour: 0, mark }],
    };
    let of_cells = || Axis::new("cells", "%");
    let numbered = |counts: Vec<f64>| {
        // cells without a pulse are most: they would hide the others
        Mark::Line(counts.into_iter().enumerate().skip(1).map(|(n, c)| [n as f64, c]).collect())
    };
    let error = &chip.error;
    let error_share = error.counts.iter().map(|c| share * *c as f64).collect();
    let panels = [
        panel(
            "pulses of a cell (without those that need none)",
            Axis::new("pulses", ""),
            Axis::logarithmic("cells", "%"),
            numbered(counted(&chip.pulses)),
        ),
        panel(
            "tries of a cell",
            Axis::new("tries", ""),
            Axis::logarithmic("cells", "%"),
            numbered(counted(&chip.tries_histogram)),
        ),
        panel(
            "error",
            Axis::new("conductance − target, over the window", ""),
            of_cells(),
            Mark::Bins(error.low, error.high, error_share),
        ),
    ];
    let mut csv = "count,cells_by_pulses,cells_by_tries\n".to_string();
    for (n, (pulses, tries)) in chip.pulses.iter().zip(&chip.tries_histogram).enumerate() {
        // writing to a string cannot fail
        let _ = writeln!(csv, "{n},{pulses},{tries}");
    }
    let folder = root().join("reports/programming");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text);
    std::fs::create_dir_all(&folder)
        .and_then(|()| write("resnet18.csv", &csv))
        .and_then(|()| write("resnet18.svg", &svg(&panels)))
        .map_err(|e| e.to_string())
}
