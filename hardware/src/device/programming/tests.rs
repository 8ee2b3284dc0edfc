//! Schemes on cells with soft bounds: the laws of conformance, accuracy, accounts.

use super::*;
use crate::rng::{Domain, Draw};
use crate::units::{Kelvin, Share, Siemens};

/// A cell whose step shrinks towards the bound that it moves to, with spread of its rate and noise of pulses.
/// The effect of a pulse is proportional to its width and to the cube of its amplitude.
#[derive(Debug, Clone, Copy)]
struct Soft {
    /// Share of the window moved by a nominal pulse at the other bound.
    step: f64,
    /// Spread of the logarithm of the step between cells.
    rate: f64,
    /// Standard deviation of the conductance after a pulse, as a share of the window.
    noise: f64,
    /// Relative read noise.
    read: f64,
    kind: Kind,
}

/// How a pulse moves a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A step for each pulse, in both directions.
    Gradual,
    /// A raising pulse raises fully, a lowering one goes down to the depth of its amplitude.
    AbruptRise,
    /// The same upside down.
    AbruptFall,
}

const WINDOW: Window = Window { g_min: Siemens(1e-6), g_max: Siemens(21e-6) };
const UP: Pulse = Pulse { voltage: Volt(1.0), width: Second(1e-6) };
const DOWN: Pulse = Pulse { voltage: Volt(-1.2), width: Second(2e-6) };

#[derive(Debug)]
struct SoftCells {
    d: Soft,
    chance: Chance,
    addresses: Vec<u64>,
    state: Vec<f64>,
}

impl Cells for SoftCells {
    fn pulse(&mut self, pulses: &[Pulse], tick: u64) -> Programming {
        let mut cost = Programming::default();
        for ((pulse, address), u) in pulses.iter().zip(&self.addresses).zip(&mut self.state) {
            if pulse.voltage.0 == 0.0 {
                continue;
            }
            let z = |domain, tick| {
                Draw { seed: self.chance.seed, domain, element: *address, tick }.normal(0) * self.chance.scale
            };
            let nominal = if pulse.voltage.0 > 0.0 { UP } else { DOWN };
            let effect = (pulse.voltage / nominal.voltage).powi(3) * (pulse.width / nominal.width);
            let rate = self.d.step * (self.d.rate * z(Domain::DeviceToDevice, 0)).exp();
            let before = *u;
            let depth = (rate / self.d.step * (pulse.voltage / nominal.voltage) * 1.05).min(1.0);
            match (self.d.kind, pulse.voltage.0 > 0.0) {
                (Kind::Gradual, true) => *u += (1.02 - *u) * rate * effect,
                (Kind::Gradual, false) => *u -= (*u + 0.02) * rate * effect,
                (Kind::AbruptRise, true) => *u = 1.0,
                (Kind::AbruptRise, false) => *u = u.min(1.0 - depth),
                (Kind::AbruptFall, true) => *u = u.max(depth),
                (Kind::AbruptFall, false) => *u = 0.0,
            }
            *u = (*u + self.d.noise * effect.sqrt() * z(Domain::Pulse, tick)).clamp(0.0, 1.0);
            let g = WINDOW.g_min.0 + 0.5 * (before + *u) * 20e-6;
            cost.pulses += 1;
            cost.time += pulse.width;
            cost.energy += Joule(g * pulse.voltage.0 * pulse.voltage.0 * pulse.width.0);
        }
        cost
    }
    fn conductance(&self, out: &mut [f64]) {
        out.iter_mut().zip(&self.state).for_each(|(g, u)| *g = WINDOW.g_min.0 + u * 20e-6);
    }
}

impl Device for Soft {
    fn kind(&self) -> &'static str {
        "soft"
    }
    fn window(&self) -> Window {
        WINDOW
    }
    fn program(&self, target: &[f64], cells: &[u64], chance: Chance, achieved: &mut [f64]) -> Programming {
        scheme(self, SchemeSpec::default()).program(self, target, cells, chance, achieved)
    }
    fn pulses(&self) -> Option<[Pulse; 2]> {
        Some([UP, DOWN])
    }
    fn cells(&self, cells: &[u64], chance: Chance) -> Option<Box<dyn Cells>> {
        Some(Box::new(SoftCells { d: *self, chance, addresses: cells.to_vec(), state: vec![0.0; cells.len()] }))
    }
    fn age(&self, _: &mut [f64], _: &[u64], _: Second, _: Kelvin, _: Chance) {}
    fn read_moments(&self, g: &[f64], _: Volt, chance: Chance, mean: &mut [f64], variance: &mut [f64]) {
        mean.copy_from_slice(g);
        variance.iter_mut().zip(g).for_each(|(s, g)| *s = (self.read * g * chance.scale).powi(2));
    }
    fn current(&self, g: f64, v: Volt) -> f64 {
        g * v.0
    }
}

const GRADUAL: Soft = Soft { step: 0.05, rate: 0.3, noise: 0.003, read: 0.001, kind: Kind::Gradual };
const ABRUPT: Soft = Soft { step: 0.05, rate: 0.1, noise: 0.002, read: 0.001, kind: Kind::AbruptRise };
const CERTAIN: Chance = Chance { seed: 1, scale: 0.0 };
const REAL: Chance = Chance { seed: 1, scale: 1.0 };

fn scheme(d: &Soft, spec: SchemeSpec) -> Scheme {
    Scheme::new(d, &spec).unwrap()
}

fn verified(approach: ApproachSpec, change: impl Fn(&mut WriteVerifySpec)) -> SchemeSpec {
    let mut spec = WriteVerifySpec { approach, tries: 60, ..WriteVerifySpec::default() };
    change(&mut spec);
    SchemeSpec::WriteVerify(spec)
}

/// Every approach, with the cell it is meant for.
fn approaches() -> Vec<(Soft, SchemeSpec)> {
    let lookup = |l| verified(ApproachSpec::Lookup(l), |_| {});
    let stairs = StaircaseSpec { start: Share(0.2), amplitude_step: Share(0.05), width_growth: 1.05 };
    vec![
        (GRADUAL, lookup(LookupSpec::Pulses)),
        (GRADUAL, verified(ApproachSpec::Staircase(stairs), |s| s.back_off = 0.3)),
        (ABRUPT, lookup(LookupSpec::LoweringAmplitude)),
        (Soft { kind: Kind::AbruptFall, ..ABRUPT }, lookup(LookupSpec::RaisingAmplitude)),
    ]
}

fn ramp(n: usize) -> Vec<f64> {
    (0..n).map(|i| WINDOW.g_min.0 + 20e-6 * i as f64 / (n - 1) as f64).collect()
}

#[test]
fn without_chance_targets_are_met() {
    for (d, spec) in approaches() {
        let out = scheme(&d, spec.clone()).outcome(&d, &ramp(257), &vec![0; 257], CERTAIN);
        for ((g, t), converged) in out.conductance.iter().zip(ramp(257)).zip(&out.converged) {
            assert!((g - t).abs() <= 0.004 * 20e-6 && *converged, "{spec:?}: {g} for {t}");
        }
        // what is looked up ends within half a percent of a pulse, so that the order of targets is kept; stairs
        // end anywhere within the tolerance
        let stairs = matches!(&spec, SchemeSpec::WriteVerify(s) if matches!(s.approach, ApproachSpec::Staircase(_)));
        assert!(stairs || out.conductance.windows(2).all(|p| p[1] >= p[0] - 1e-12 * 20e-6), "{spec:?}");
    }
    for (d, lookup) in [(GRADUAL, LookupSpec::Pulses), (ABRUPT, LookupSpec::LoweringAmplitude)] {
        let spec = SchemeSpec::OpenLoop(OpenLoopSpec { lookup, finest: Share(0.01) });
        let out = scheme(&d, spec).outcome(&d, &ramp(257), &vec![0; 257], CERTAIN);
        for (g, t) in out.conductance.iter().zip(ramp(257)) {
            assert!((g - t).abs() <= 0.002 * 20e-6, "{lookup:?}: {g} for {t}");
        }
        assert!(out.conductance.windows(2).all(|p| p[1] >= p[0] - 1e-12 * 20e-6), "{lookup:?}");
    }
}

#[test]
fn with_chance_cells_come_into_range() {
    for (d, spec) in approaches() {
        let n = 600;
        let addresses: Vec<u64> = (0..n).collect();
        let target: Vec<f64> = (0..n).map(|i| WINDOW.g_min.0 + (0.1 + 0.7 * i as f64 / n as f64) * 20e-6).collect();
        let loose = match spec {
            SchemeSpec::WriteVerify(s) => SchemeSpec::WriteVerify(WriteVerifySpec { tolerance: Share(0.01), ..s }),
            other => other,
        };
        let out = scheme(&d, loose.clone()).outcome(&d, &target, &addresses, REAL);
        eprintln!("{loose:?}: unconverged {}, pulses {}", out.unconverged(), out.total().pulses as f64 / n as f64);
        assert!(out.unconverged() < 0.02, "{loose:?}: {}", out.unconverged());
        for ((g, target), converged) in out.conductance.iter().zip(&target).zip(&out.converged) {
            // in range by the read: the noise of the read comes on top, five standard deviations of it
            assert!(!converged || (g - target).abs() <= 0.01 * 20e-6 + 5.0 * 0.001 * g);
        }
    }
}

/// Slices, their order and repetition change nothing, and the columns add up to the totals.
#[test]
fn outcomes_belong_to_addresses() {
    for (d, spec) in approaches() {
        let scheme = scheme(&d, spec);
        let (target, addresses) = (ramp(150), (1000..1150).collect::<Vec<u64>>());
        let whole = scheme.outcome(&d, &target, &addresses, REAL);
        let mut parts = Outcome::default();
        for (from, to) in [(0, 1), (1, 77), (77, 150)] {
            parts.append(scheme.outcome(&d, &target[from..to], &addresses[from..to], REAL));
        }
        assert_eq!(whole, parts);
        let mut achieved = vec![0.0; 150];
        let cost = scheme.program(&d, &target, &addresses, REAL, &mut achieved);
        assert_eq!(achieved, whole.conductance);
        let total = whole.total();
        assert_eq!(cost.pulses, total.pulses);
        assert!((cost.energy / total.energy - 1.0).abs() < 1e-12 && (cost.time / total.time - 1.0).abs() < 1e-12);
        assert_eq!(whole.pulse_histogram().iter().sum::<u64>(), 150);
    }
}

/// What a cell spends, counted by hand: the pulses that it got, their widths, and its reads.
#[test]
fn accounts_are_those_of_the_pulses() {
    let d = Soft { rate: 0.0, noise: 0.0, read: 0.0, ..GRADUAL };
    let spec = verified(ApproachSpec::Lookup(LookupSpec::Pulses), |s| s.read_time = Second(3e-7));
    let target = [WINDOW.g_min.0, WINDOW.g_min.0 + 20e-6 * 0.5];
    let out = scheme(&d, spec).outcome(&d, &target, &[7, 8], CERTAIN);
    // the first cell is where it should be: one read at 0.1 V
    assert_eq!((out.pulses[0], out.tries[0], out.time[0]), (0, 0, 3e-7));
    assert!((out.energy[0] - 1e-6 * 0.01 * 3e-7).abs() < 1e-27);
    // the other one climbs by trains of whole pulses and a shorter one
    let (mut u, mut energy, mut time, mut pulses) = (0.0f64, 1e-6 * 0.01 * 3e-7, 3e-7, 0);
    while u < 0.5 - 0.051 * 0.5 {
        let next = u + (1.02 - u) * 0.05;
        energy += (1e-6 + 0.5 * (u + next) * 20e-6) * 1e-6;
        (u, time, pulses) = (next, time + 1e-6, pulses + 1);
    }
    let rest = (((0.5 - u) / ((1.02 - u) * 0.05)) * 100.0).round() / 100.0;
    let next = u + (1.02 - u) * 0.05 * rest;
    energy += (1e-6 + 0.5 * (u + next) * 20e-6) * 1e-6 * rest;
    energy += (1e-6 + next * 20e-6) * 0.01 * 3e-7;
    time += 1e-6 * rest + 3e-7;
    assert_eq!((out.pulses[1], out.tries[1]), (pulses + 1, 1));
    assert!((out.conductance[1] - (1e-6 + next * 20e-6)).abs() < 1e-15);
    assert!((out.energy[1] / energy - 1.0).abs() < 1e-9 && (out.time[1] / time - 1.0).abs() < 1e-9);
    assert!((out.cycles[1] - 0.5 * next).abs() < 1e-12, "half the window up is a quarter of a cycle");
}

/// Cells three times slower or quicker than the nominal one need few tries more.
#[test]
fn strange_cells_are_learned() {
    let mean = |rate: f64| {
        let d = Soft { rate, noise: 0.0, read: 0.0, ..GRADUAL };
        let spec = verified(ApproachSpec::Lookup(LookupSpec::Pulses), |_| {});
        let target = vec![WINDOW.g_min.0 + 0.6 * 20e-6; 300];
        let out = scheme(&d, spec).outcome(&d, &target, &(0..300).collect::<Vec<u64>>(), REAL);
        assert_eq!(out.unconverged(), 0.0);
        f64::from(out.tries.iter().sum::<u32>()) / 300.0
    };
    let (like, unlike) = (mean(0.0), mean(0.7));
    assert!(like == 1.0 && unlike < 8.0, "{like} {unlike}");
}

#[test]
fn mistakes_of_the_card_are_found() {
    let stairs = StaircaseSpec { start: Share(-1.0), amplitude_step: Share(0.1), width_growth: 0.5 };
    let bad = verified(ApproachSpec::Staircase(stairs), |s| {
        (s.tries, s.tolerance, s.back_off, s.finest, s.read_time) = (0, Share(0.0), 2.0, Share(2.0), Second(-1.0));
    });
    assert_eq!(bad.errors().len(), 7);
    let text = "write_verify: { approach: { staircase: { start: 40 % } }, tries: 12, tolerance: 1 % }";
    let good: SchemeSpec = serde_saphyr::from_str(text).unwrap();
    assert!(good.errors().is_empty());
    assert!(serde_saphyr::from_str::<SchemeSpec>("write_verify: { trys: 3 }").is_err());
}

#[test]
fn histograms_count_everything_once() {
    let h = Histogram::of([0.0, 0.1, 0.5, 0.99, 1.0, 1.5, -2.0], 0.0, 1.0, 4);
    assert_eq!((h.counts, h.outside), (vec![2, 0, 1, 2], [1, 1]));
}
