//! The cell as a whole against published figures and a charge-transport simulation.

use super::*;
use crate::units::Share;

const ROOM: Kelvin = Kelvin(300.0);

fn window_at(gate: f64) -> Window {
    let mut spec = Mos2Spec { state: StateSpec::Normalised, ..Mos2Spec::default() };
    spec.gate.read = Volt(gate);
    spec.programming.headroom = Share(0.0);
    spec.build(ROOM).unwrap().window()
}

/// Sangwan et al., Nature 554, 500 (2018): gate-tunable window.
#[test]
fn the_read_gate_tunes_the_window() {
    let (high, low) = (window_at(50.0), window_at(-50.0));
    assert!((high.g_max / low.g_max / 1e4 - 1.0).abs() < 1e-3);
    assert!((high.g_max / high.g_min - 300.0).abs() < 0.2);
    assert!((low.g_max / low.g_min - 8.0).abs() < 0.01);
}

/// The default zones reach every published ratio; a top gate acts through its capacitance.
#[test]
fn both_gates_add_up() {
    let gate = GateSpec { read: Volt(20.0), top: Volt(3.0), top_ratio: 10.0, ..GateSpec::default() };
    let mut spec = Mos2Spec { gate, ..Mos2Spec::default() };
    spec.programming.headroom = Share(0.0);
    let two = spec.build(ROOM).unwrap().window();
    assert!((two.g_max / window_at(50.0).g_max - 1.0).abs() < 1e-9);
    assert!((two.g_min / window_at(50.0).g_min - 1.0).abs() < 1e-9);
}

#[test]
fn current_is_odd_and_conductance_is_that_of_the_read_bias() {
    let d = Mos2Spec::default().build(ROOM).unwrap();
    let g = 50e-9;
    for v in [0.1, 0.5, 2.0, 5.0] {
        assert!((d.current(g, Volt(v)) + d.current(g, Volt(-v))).abs() < 1e-22);
    }
    assert!((d.current(g, Volt(0.1)) / (g * 0.1) - 1.0).abs() < 1e-12);
    // sinh(2)/(1 + 2/5) over 0.1-V chord sinh(0.1)/(1 + 0.1/5)
    let expected = g * 0.1 * (2.0_f64.sinh() / 1.4) / (0.1_f64.sinh() / 1.02);
    assert!((d.current(g, Volt(2.0)) / expected - 1.0).abs() < 1e-12);
}

#[test]
fn unequal_barriers_rectify() {
    let mut spec = Mos2Spec::default();
    spec.iv.barriers = Some(BarrierSpec { left: Volt(0.30), right: Volt(0.15) });
    let d = spec.build(ROOM).unwrap();
    assert!(d.current(1e-7, Volt(-3.0)).abs() > 2.0 * d.current(1e-7, Volt(3.0)));
    // equal barriers change nothing
    spec.iv.barriers = Some(BarrierSpec { left: Volt(0.2), right: Volt(0.2) });
    let (even, plain) = (spec.build(ROOM).unwrap(), Mos2Spec::default().build(ROOM).unwrap());
    assert!((even.current(1e-7, Volt(3.0)) - plain.current(1e-7, Volt(3.0))).abs() < 1e-18);
}

#[test]
fn retention_is_the_sum_of_two_activated_exponentials() {
    let d = Mos2Spec::default().build(ROOM).unwrap();
    let w = d.window();
    let off = Chance { seed: 1, scale: 0.0 };
    let aged = |t: f64, temperature: f64| {
        let mut g = [w.g_max.0];
        d.age(&mut g, &[3], Second(t), Kelvin(temperature), off);
        (g[0] - w.g_min.0) / (w.g_max.0 - w.g_min.0)
    };
    // with the equilibrium at the lowest state the share left does not depend on where the cell started
    for t in [0.0_f64, 1e3, 1e4, 1e6, 1e8] {
        let expected = 0.1 * (-t / 1e4).exp() + 0.9 * (-t / 1e8).exp();
        assert!((aged(t, 300.0) - expected).abs() < 1e-12);
    }
    // hot ageing is cold ageing with a longer time: exp(0.5 eV/k·(1/300 - 1/360)) = 25.1
    let faster = libm::exp(0.5 / 8.617_333_262e-5 * (1.0 / 300.0 - 1.0 / 360.0));
    assert!((faster - 25.1).abs() < 0.1);
    assert!((aged(1e4, 360.0) - aged(1e4 * faster, 300.0)).abs() < 1e-12);
}

#[test]
fn traps_lower_the_share_of_cells_that_the_card_says() {
    let mut spec = Mos2Spec::default();
    spec.read.rtn_probability = Share(0.2);
    spec.read.rtn_amplitude = Share(0.5);
    let d = spec.build(ROOM).unwrap();
    let n = 10_000;
    let g = d.window().g_min.0;
    let filled = (0..n).filter(|c| d.telegraph(g, *c, Chance { seed: 4, scale: 1.0 }) < 1.0).count() as f64;
    let n = n as f64;
    assert!((filled / n - 0.2).abs() < 5.0 * (0.16 / n).sqrt());
    // the highest state does not feel them
    assert!((0..1000).all(|c| d.telegraph(d.conductance(d.highest()).0, c, Chance { seed: 4, scale: 1.0 }) == 1.0));
}

/// Conductance spread is log-normal with the card's deviation, and a shifted threshold adds to it through the
/// slope of the gate law; failed cells are as many as the card says.
#[test]
fn cells_differ_as_the_card_says() {
    let d = Mos2Spec::default().build(ROOM).unwrap();
    let n = 20_000;
    let cells: Vec<_> = (0..n).map(|c| d.cell(c, Chance { seed: 6, scale: 1.0 })).collect();
    let logs: Vec<f64> = cells.iter().map(|c| c.read_gain.ln()).collect();
    let n = n as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let s = (logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n).sqrt();
    // d ln G_on/d V_T by a difference quotient over the spread of 0.3 V
    let gated = GatedWindowSpec::default();
    let slope = (window::g_on(&gated, 0.0, 0.0, 0.3) / window::g_on(&gated, 0.0, 0.0, -0.3)).ln() / 0.6;
    let expected = (0.15_f64.powi(2) + (0.3 * slope).powi(2)).sqrt();
    assert!(mean.abs() < 5.0 * expected / n.sqrt() + 1e-3, "{mean}");
    assert!((s / expected - 1.0).abs() < 5.0 / (2.0 * n).sqrt() + 1e-3, "{s} {expected}");
    let rates = cells.iter().map(|c| c.kinetics.rate.ln().powi(2)).sum::<f64>() / n;
    assert!((rates / 0.04 - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
    let labels = cells.iter().map(|c| (label_of_curvature(c.kinetics.potentiation.a()) - 1.5).powi(2)).sum::<f64>() / n;
    assert!((labels / 0.01 - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{labels}");
    let failed = cells.iter().filter(|c| c.stuck.is_some()).count() as f64;
    assert!((failed - 0.012 * n).abs() < 5.0 * (0.012 * n).sqrt(), "{failed}");
}

/// Write voltage and read current of the charge-transport reference.
pub(super) fn reference_reads() -> Option<Vec<(f64, f64)>> {
    let Ok(folder) = std::env::var("ARCHSIM_REFERENCE") else {
        eprintln!("SKIPPED: two zones against charge transport, ARCHSIM_REFERENCE is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join("charge_transport/s4_npjset1_pulses_reads.csv");
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let columns = reader.headers().unwrap().clone();
    let at = |name: &str| columns.iter().position(|c| c == name).unwrap();
    let (v, i) = (at("V_write_V"), at("I_read_final_richardson_A"));
    Some(reader.records().map(|r| r.unwrap()).map(|r| (r[v].parse().unwrap(), r[i].parse().unwrap())).collect())
}

#[test]
fn a_fixed_window_is_the_one_in_use() {
    let ends = FixedWindowSpec { g_min: Siemens(2e-9), g_max: Siemens(50e-9) };
    let spec = Mos2Spec { window: WindowSpec::Fixed(ends), ..Mos2Spec::default() };
    let d = spec.build(ROOM).unwrap();
    assert!((d.window().g_min.0 / 2e-9 - 1.0).abs() < 1e-12 && (d.window().g_max.0 / 50e-9 - 1.0).abs() < 1e-12);
    assert!((d.conductance(d.highest()).0 / 62e-9 - 1.0).abs() < 1e-9, "a fifth of headroom above 50 nS");
}
