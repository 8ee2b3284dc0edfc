//! Charts of a device: currents, pulse trains, spreads, drift, read noise.

use super::{Axis, Mark, Panel, Series};
use crate::device::programming::{Curve, Histogram, LookupSpec};
use crate::device::{Chance, Device, curves};
use crate::units::{Kelvin, Second, Volt};

/// What is shown of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevicePlot {
    /// Current against voltage, and the loop of a sweep that moves the cell.
    Iv,
    /// Conductance pulse by pulse.
    Pulses,
    /// Histograms of programming: between cells, and of one cell between cycles.
    Spread,
    /// Conductance over age.
    Drift,
    /// Read noise against conductance.
    Noise,
}

impl DevicePlot {
    /// Names of all, as they stand on the command line.
    pub const ALL: [(&'static str, Self); 5] = [
        ("iv", Self::Iv),
        ("pulses", Self::Pulses),
        ("spread", Self::Spread),
        ("drift", Self::Drift),
        ("noise", Self::Noise),
    ];
}

/// Which random world, and how many cells of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlotOptions {
    /// Random world.
    pub chance: Chance,
    /// Cells in histograms and fans.
    pub cells: u64,
    /// Temperature of the chip.
    pub temperature: Kelvin,
}

/// Levels shown.
const LEVELS: usize = 5;
/// Points of a line.
const POINTS: usize = 121;
/// Largest voltage of a current–voltage chart where the technology has no pulses that would say more.
const VOLTS: f64 = 0.5;
/// Read voltage where conductances are given at any.
const READ: Volt = Volt(0.1);
/// Longest train shown.
const LONGEST: f64 = 2000.0;
/// Points of a long train that are drawn.
const THINNED: usize = 600;
/// Cells shown pulse by pulse.
const SINGLE: u64 = 20;
/// Cycles of one cell.
const CYCLES: usize = 200;
const BINS: usize = 80;
/// First and last age: one second and ten years.
const AGES: [f64; 2] = [1.0, 3.155_76e8];

/// The charts of one kind. Never empty: what a technology cannot show (the loop of a cell that is not written by
/// pulses) is left out; `None` where nothing would be left.
#[must_use]
pub fn device_panels(device: &dyn Device, plot: DevicePlot, options: &PlotOptions) -> Option<Vec<Panel>> {
    let panels = match plot {
        DevicePlot::Iv => [Some(iv(device)), sweep(device, options)].into_iter().flatten().collect(),
        DevicePlot::Pulses => vec![pulses(device, options)?],
        DevicePlot::Spread => {
            [Some(between_cells(device, options)), between_cycles(device, options)].into_iter().flatten().collect()
        }
        DevicePlot::Drift => vec![drift(device, options)],
        DevicePlot::Noise => vec![noise(device, options)],
    };
    Some(panels)
}

fn titled(device: &dyn Device, what: &str, x: Axis, y: Axis, series: Vec<Series>) -> Panel {
    Panel { title: format!("{}: {what}", device.kind()), x, y, series }
}

fn siemens(g: f64) -> String {
    crate::units::Siemens(g).to_string()
}

fn paired(x: &[f64], y: &[f64]) -> Vec<[f64; 2]> {
    x.iter().zip(y).map(|(x, y)| [*x, *y]).collect()
}

fn iv(device: &dyn Device) -> Panel {
    let most = device.read_bias().map_or(VOLTS, |v| v.0.abs().max(VOLTS));
    let volts: Vec<f64> = (0..POINTS).map(|i| most * (2.0 * i as f64 / (POINTS - 1) as f64 - 1.0)).collect();
    let g = curves::levels(device, LEVELS);
    let lines = curves::iv(device, &g, &volts);
    let series = g.iter().zip(lines).enumerate().map(|(colour, (g, line))| Series {
        name: siemens(*g),
        colour,
        mark: Mark::Line(paired(&volts, &line)),
    });
    titled(device, "current", Axis::new("voltage", "V"), Axis::new("current", "A"), series.collect())
}

fn sweep(device: &dyn Device, options: &PlotOptions) -> Option<Panel> {
    // a sweep in as many steps as pulses fill the window moves the cell about once through it
    let [up, _] = device.pulses()?;
    let n = 150;
    let curve = Curve::of(device, device.pulses()?, LookupSpec::Pulses)?;
    let dwell = Second(up.width.0 * curve.rise.end().max(1.0) / 20.0);
    let cells = options.cells.min(3);
    let series = (0..cells).map(|cell| {
        let [v, i] = curves::iv_loop(device, n, dwell, cell, options.chance)?;
        Some(Series { name: format!("cell {cell}"), colour: cell as usize, mark: Mark::Line(paired(&v, &i)) })
    });
    let what = format!("sweep, {dwell} a step");
    Some(titled(device, &what, Axis::new("voltage", "V"), Axis::new("current", "A"), series.collect::<Option<_>>()?))
}

fn pulses(device: &dyn Device, options: &PlotOptions) -> Option<Panel> {
    let curve = Curve::of(device, device.pulses()?, LookupSpec::Pulses)?;
    let [up, down] = [&curve.rise, &curve.fall].map(|p| p.end().clamp(1.0, LONGEST) as usize);
    let train = curves::cycling(device, up, down, 2)?;
    let cells: Vec<u64> = (0..options.cells.clamp(1, SINGLE)).collect();
    let real = curves::pulse_response(device, &train, &cells, options.chance)?;
    let nominal = curves::pulse_response(device, &train, &[0], Chance { scale: 0.0, ..options.chance })?;
    // long trains are thinned to what an eye tells apart
    let every = train.len() / THINNED + 1;
    let line = |response: &[Vec<f64>], cell: usize| {
        Mark::Line(response.iter().enumerate().step_by(every).map(|(n, g)| [n as f64, g[cell]]).collect())
    };
    let mut series: Vec<Series> = cells
        .iter()
        .map(|cell| Series {
            name: if *cell == 0 { format!("{} cells", cells.len()) } else { String::new() },
            colour: 5,
            mark: line(&real, *cell as usize),
        })
        .collect();
    series.push(Series { name: "nominal cell".into(), colour: 6, mark: line(&nominal, 0) });
    let what = format!("{up} pulses up, {down} down, twice");
    Some(titled(device, &what, Axis::new("pulse", ""), Axis::new("conductance", "S"), series))
}

/// Histograms of samples with their names, over their common range.
fn histograms(device: &dyn Device, what: &str, samples: Vec<(String, Vec<f64>)>) -> Panel {
    let all = || samples.iter().flat_map(|s| s.1.iter().copied());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    // a cell without any spread fills one bin around its value
    let room = if high > low { 0.0 } else { 0.05 * high.abs().max(f64::MIN_POSITIVE) };
    let (low, high) = (low - room, high + room);
    let series = samples.iter().enumerate().map(|(colour, (name, values))| {
        let h = Histogram::of(values.iter().copied(), low, high, BINS);
        let share = 100.0 / values.len().max(1) as f64;
        // no bins where nothing is: the outlines of other samples stay visible
        let (first, last) = (h.counts.iter().position(|c| *c > 0), h.counts.iter().rposition(|c| *c > 0));
        let (first, last) = (first.unwrap_or(0), last.unwrap_or(0));
        let heights = h.counts[first..=last].iter().map(|c| share * *c as f64).collect();
        Series { name: name.clone(), colour, mark: Mark::Bins(h.bin(first)[0], h.bin(last)[1], heights) }
    });
    titled(device, what, Axis::new("conductance", "S"), Axis::new("share", "%"), series.collect())
}

fn between_cells(device: &dyn Device, options: &PlotOptions) -> Panel {
    let targets = curves::levels(device, LEVELS);
    let spread = curves::device_spread(device, &targets, options.cells, options.chance);
    let samples = targets.iter().map(|g| format!("target {}", siemens(*g))).zip(spread).collect();
    histograms(device, &format!("{} cells programmed", options.cells), samples)
}

fn between_cycles(device: &dyn Device, options: &PlotOptions) -> Option<Panel> {
    let curve = Curve::of(device, device.pulses()?, LookupSpec::Pulses)?;
    let half = (0.5 * curve.rise.end()).clamp(1.0, LONGEST) as usize;
    let [high, low] = curves::cycle_spread(device, half, CYCLES, 0, options.chance)?;
    let samples = vec![(format!("after {half} pulses up"), high), (format!("after {half} down"), low)];
    Some(histograms(device, &format!("cell 0, {CYCLES} cycles"), samples))
}

fn drift(device: &dyn Device, options: &PlotOptions) -> Panel {
    let ages = curves::ages(AGES[0], AGES[1], 60);
    let shares = [0.05, 0.25, 0.5, 0.75, 0.95];
    let mut series = Vec::new();
    for (colour, target) in curves::levels(device, LEVELS).into_iter().skip(1).step_by(2).enumerate() {
        let (t, c) = (options.temperature, options.chance);
        let fan = curves::drift_fan(device, target, &ages, &shares, options.cells, t, c);
        let band = |low: usize, high: usize| {
            Mark::Band(ages.iter().zip(&fan).map(|(age, p)| [*age, p[low], p[high]]).collect())
        };
        let median = ages.iter().zip(&fan).map(|(age, p)| [*age, p[2]]).collect();
        let name = |words: &str| if colour == 0 { words.to_string() } else { String::new() };
        series.push(Series { name: name("5 to 95 %"), colour, mark: band(0, 4) });
        series.push(Series { name: name("25 to 75 %"), colour, mark: band(1, 3) });
        series.push(Series { name: format!("median, {}", siemens(target)), colour, mark: Mark::Line(median) });
    }
    let what = format!("{} cells at {}", options.cells, options.temperature);
    titled(device, &what, Axis::logarithmic("age", "s"), Axis::new("conductance", "S"), series)
}

fn noise(device: &dyn Device, options: &PlotOptions) -> Panel {
    let g = curves::levels(device, POINTS);
    let bias = device.read_bias().unwrap_or(READ);
    let series = [0.5, 1.0, 2.0].into_iter().enumerate().map(|(colour, times)| {
        let v = Volt(bias.0 * times);
        let sigma = curves::read_noise(device, &g, v, options.chance);
        let share: Vec<f64> = g.iter().zip(&sigma).map(|(g, s)| 100.0 * s / g).collect();
        Series { name: format!("read at {v}"), colour, mark: Mark::Line(paired(&g, &share)) }
    });
    let y = Axis::new("deviation of a read over its conductance", "%");
    titled(device, "read noise", Axis::new("conductance", "S"), y, series.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::DEVICES;

    /// Every technology of the table is drawn in every kind that it has, with finite numbers.
    #[test]
    fn every_device_is_drawn() {
        let options = PlotOptions { chance: Chance { seed: 1, scale: 1.0 }, cells: 60, temperature: Kelvin(300.0) };
        for entry in DEVICES {
            let spec: crate::device::DeviceSpec = serde_saphyr::from_str(entry.example).unwrap();
            let device = spec.build(options.temperature).unwrap();
            for (name, plot) in DevicePlot::ALL {
                let panels = device_panels(&*device, plot, &options);
                assert_eq!(panels.is_none(), plot == DevicePlot::Pulses && device.pulses().is_none(), "{name}");
                let text = super::super::svg(&panels.unwrap_or_default());
                assert!(!text.contains("NaN") && !text.contains("inf"), "{} {name}", entry.name);
            }
        }
    }
}
