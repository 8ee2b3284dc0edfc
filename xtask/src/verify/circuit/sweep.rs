//! ECG accuracy against wire resistance, array size, ADC bits and slice width.

use std::fmt::Write;
use std::fs;

use archsim::data::{self, Dataset};
use archsim::exec::{Fidelity, RunOptions as RunHow};
use archsim::report::plot::{Axis, Mark, Panel, Series, svg};
use archsim::study::{Chips, RunOptions, Session, Silent};

use super::super::Finding;
use super::super::ecg::{data_folder, scored, values};
use super::or_absent;
use super::wires::{LINEAR, Wired};
use crate::root;

/// Beats of a point, evenly from all records.
const BEATS: usize = 300;
/// Beats on which activations and converters are calibrated.
const CALIBRATION: usize = 64;
/// Segment resistances in ohm.
const OHMS: [f64; 5] = [0.0, 0.3, 1.0, 3.0, 10.0];
/// Stands for no resistance on a logarithmic axis.
const LEAST: f64 = 0.1;
/// Accuracy by which a knee is defined.
const FALL: f64 = 0.05;

/// One configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    size: u32,
    ohm: f64,
    adc_bits: u32,
    cell_bits: u32,
    /// Lines driven and sensed at both ends, pairs interleaved.
    careful: bool,
    fidelity: Fidelity,
}

const STANDARD: Point =
    Point { size: 128, ohm: 0.0, adc_bits: 8, cell_bits: 2, careful: false, fidelity: Fidelity::Quantised };

/// A configuration with what was found.
struct Found {
    point: Point,
    accuracy: f64,
    macro_f1: f64,
    crossbars: usize,
}

/// Every configuration once.
fn points() -> Vec<Point> {
    let mut all: Vec<Point> = Vec::new();
    let mut add = |p: Point| {
        if !all.contains(&p) {
            all.push(p);
        }
    };
    for ohm in OHMS {
        [32, 64, 128, 256].into_iter().for_each(|size| add(Point { size, ohm, ..STANDARD }));
        add(Point { ohm, careful: true, ..STANDARD });
        add(Point { ohm, fidelity: Fidelity::Noisy, ..STANDARD });
        [1, 4].into_iter().for_each(|cell_bits| add(Point { ohm, cell_bits, ..STANDARD }));
    }
    for ohm in [0.0, 1.0, 3.0] {
        [4, 5, 6].into_iter().for_each(|adc_bits| add(Point { ohm, adc_bits, ..STANDARD }));
    }
    all
}

/// Beats to judge, and where they come from.
fn beats() -> Result<(Dataset, Dataset, &'static str), String> {
    let error = |e: archsim::diag::Diagnostics| e.to_string();
    let (all, name) = match data_folder() {
        Ok(folder) => (data::prepared::dataset(&folder.join("ecg"), "ds1_train").map_err(error)?, "ds1_train"),
        Err(_) => {
            let options = RunOptions {
                arch: root().join("arch/hfox_tile.yaml"),
                model: root().join("workloads/ecg.onnx"),
                ..RunOptions::default()
            };
            (Session::open(&options).map_err(error)?.data, "the shipped excerpt")
        }
    };
    Ok((all.spread(BEATS), all.spread(CALIBRATION), name))
}

fn measure(point: Point, beats: &Dataset, calibration: &Dataset) -> Result<Found, String> {
    let error = |e: archsim::diag::Diagnostics| format!("{point:?}: {e}");
    let sides = if point.careful { "two_sided" } else { "one_sided" };
    let lines = if point.careful { "interleaved" } else { "separate" };
    let ohm = point.ohm;
    let arch = Wired::new(
        "arch/hfox_tile.yaml",
        &format!(
            "{{ word_line: {ohm} Ohm, bit_line: {ohm} Ohm, drive: {sides}, sensing: {sides}, lines: {lines}, from: quantised, source: \"assumed: swept\" }}"
        ),
    )?;
    let set = [
        ("crossbars.main.rows", point.size),
        ("crossbars.main.cols", point.size),
        ("crossbars.main.bits_per_cell", point.cell_bits),
        ("cores.ima.dac.bit_serial.per_crossbar", point.size),
        ("cores.ima.adc.sar.bits", point.adc_bits),
    ];
    let mut set: Vec<(String, String)> = set.iter().map(|(k, v)| ((*k).to_string(), v.to_string())).collect();
    if point.fidelity == Fidelity::Quantised {
        // wires alone: their cells are linear
        set.push(("devices.cell".into(), LINEAR.into()));
    }
    let options = RunOptions {
        arch: arch.path.clone(),
        model: root().join("workloads/ecg.onnx"),
        set,
        chips: Some(Chips::Auto),
        ..RunOptions::default()
    };
    let s = Session::open_on(&options, beats.clone(), calibration.clone()).map_err(error)?;
    let arrays = s.arrays(&values(&s, point.fidelity, 1.0)).map_err(error)?;
    let logits = s.values(&arrays, 0..s.data.samples, &RunHow::default(), &Silent).map_err(error)?.logits;
    let score = scored(&s, &logits);
    Ok(Found {
        point,
        accuracy: score.accuracy,
        macro_f1: score.macro_f1.unwrap_or(f64::NAN),
        crossbars: arrays.wires.crossbars,
    })
}

/// Row 11.
pub fn row() -> Finding {
    or_absent(|| {
        let (beats, calibration, source) = beats()?;
        let mut found = Vec::new();
        for point in points() {
            found.push(measure(point, &beats, &calibration)?);
        }
        let folder = root().join("reports/wires");
        fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        fs::write(folder.join("sweep.csv"), csv(&found)).map_err(|e| e.to_string())?;
        fs::write(folder.join("sweep.svg"), svg(&panels(&found))).map_err(|e| e.to_string())?;
        let knees: Vec<(u32, f64)> = [32, 64, 128, 256].map(|size| (size, knee(&found, size))).to_vec();
        let text: Vec<String> = knees.iter().map(|(size, ohm)| format!("{size}: {ohm:.2} Ω")).collect();
        let ideal = at(&found, STANDARD).map_or(0.0, |f| f.accuracy);
        Ok(Finding {
            measured: format!(
                "{} configurations; accuracy {ideal:.3} without wire resistance; resistance of a segment at which it has fallen by {FALL}, by array size: {}; reports/wires/sweep.csv, sweep.svg, README.md",
                found.len(),
                text.join(", ")
            ),
            holds: folder.join("README.md").exists() && knees.windows(2).all(|k| k[1].1 < k[0].1),
            configuration: format!(
                "{} beats of {source}, workloads/ecg.onnx (trained on records of ds1), arch/hfox_tile.yaml with wires, 8-bit weights",
                beats.samples
            ),
        })
    })
}

fn at(found: &[Found], point: Point) -> Option<&Found> {
    found.iter().find(|f| f.point == point)
}

/// Resistance at which accuracy has fallen by [`FALL`], between the points of the sweep (logarithmically); infinite
/// if it does not.
fn knee(found: &[Found], size: u32) -> f64 {
    let of: Vec<(f64, f64)> = OHMS
        .iter()
        .filter_map(|ohm| at(found, Point { size, ohm: *ohm, ..STANDARD }).map(|f| (*ohm, f.accuracy)))
        .collect();
    let Some(target) = of.first().map(|f| f.1 - FALL) else { return f64::NAN };
    let Some(pair) = of.windows(2).find(|p| p[1].1 <= target) else { return f64::INFINITY };
    let part = (pair[0].1 - target) / (pair[0].1 - pair[1].1);
    let low = pair[0].0.max(LEAST);
    low * (pair[1].0 / low).powf(part)
}

fn csv(found: &[Found]) -> String {
    let mut out =
        "rows,cols,segment_ohm,adc_bits,bits_per_cell,lines,sides,fidelity,crossbars,accuracy,macro_f1\n".to_string();
    for f in found {
        let p = f.point;
        let (lines, sides) = if p.careful { ("interleaved", "two") } else { ("separate", "one") };
        let _ = writeln!(
            out,
            "{},{},{},{},{},{lines},{sides},{},{},{:.4},{:.4}",
            p.size,
            p.size,
            p.ohm,
            p.adc_bits,
            p.cell_bits,
            p.fidelity.name(),
            f.crossbars,
            f.accuracy,
            f.macro_f1
        );
    }
    out
}

fn panels(found: &[Found]) -> Vec<Panel> {
    let line = |name: String, make: &dyn Fn(f64) -> Point, x: &dyn Fn(f64) -> f64| {
        let point = |ohm: &f64| at(found, make(*ohm)).map(|f| [x(ohm.max(LEAST)), f.accuracy]);
        (name, OHMS.iter().filter_map(point).collect())
    };
    let same = |ohm: f64| ohm;
    // the tenth below the least accuracy: one range for all panels, in which the falls are seen
    let low = (found.iter().map(|f| f.accuracy).fold(1.0, f64::min) * 10.0).floor() / 10.0;
    let panel = |title: &str, x: Axis, lines: Vec<(String, Vec<[f64; 2]>)>| {
        let series = lines.into_iter().enumerate();
        let series = series.map(|(colour, (name, points))| Series { name, colour, mark: Mark::Dots(points) }).collect();
        Panel { title: title.into(), x, y: Axis::new("accuracy", "").within(low, 1.0), series }
    };
    let log = |label| Axis::logarithmic(label, "");
    let ohms = "resistance of a segment in Ω (left end: none)";
    let of_size = |size: u32| move |ohm: f64| Point { size, ohm, ..STANDARD };
    let sizes = [32u32, 64, 128, 256];
    let by_size = sizes.map(|s| line(format!("{s} × {s}"), &of_size(s), &same)).into();
    let scaled = sizes.map(|s| line(format!("{s} × {s}"), &of_size(s), &move |ohm| ohm * f64::from(s * s))).into();
    let lines = vec![
        line("one-sided, separate".into(), &|ohm| Point { ohm, ..STANDARD }, &same),
        line("two-sided, interleaved".into(), &|ohm| Point { ohm, careful: true, ..STANDARD }, &same),
        line("one-sided, noisy cells".into(), &|ohm| Point { ohm, fidelity: Fidelity::Noisy, ..STANDARD }, &same),
    ];
    let slices = [1, 2, 4]
        .map(|cell_bits| line(format!("{cell_bits} bit in a cell"), &|ohm| Point { ohm, cell_bits, ..STANDARD }, &same))
        .into();
    let bits = [0.0, 1.0, 3.0]
        .map(|ohm| {
            let of = (4..=8).filter_map(|adc_bits| at(found, Point { ohm, adc_bits, ..STANDARD }));
            (format!("{ohm} Ω"), of.map(|f| [f64::from(f.point.adc_bits), f.accuracy]).collect())
        })
        .into();
    vec![
        panel("Array size", log(ohms), by_size),
        panel("The same over r·n²", log("resistance of a segment × n² in Ω"), scaled),
        panel("Layout and noise, 128 × 128", log(ohms), lines),
        panel("Slice width, 128 × 128", log(ohms), slices),
        panel("ADC, 128 × 128", Axis::new("ADC bits", ""), bits),
    ]
}
