//! Compact physics against an independent integration of the same equations by scipy.

use archsim::device::{
    Chance, Device, DriftWindowSpec, ExponentSpec, LinearIonDriftSpec, ProdromakisSpec, Pulse, StanfordPkuSpec,
    StateDevice, StateEquation, StateSample, StateVariationSpec, TeamWindowSpec, VteamSpec,
};
use archsim::units::{Kelvin, Metre, Second, Share, Volt};

use super::super::Finding;
use super::super::project::run;
use crate::root;

/// Largest difference of a state over its range, and of a current over the largest of its case. Both solvers keep
/// 1e-9 or better in a step; a SET that runs away magnifies what is left, and an abrupt corner costs a little more.
const TOLERANCE: f64 = 1e-5;
/// Cells whose noise is compared.
const CELLS: usize = 20_000;

/// One case of the peer: points of the voltage, states and currents.
struct Case {
    name: String,
    points: Vec<(Second, Volt)>,
    states: Vec<f64>,
    currents: Vec<f64>,
}

/// Row on compact physics.
pub fn compact() -> Finding {
    compact_row().unwrap_or_else(Finding::absent)
}

fn compact_row() -> Result<Finding, String> {
    let (ok, output) = run(&["bash".into(), "benches/peers/compact_physics.sh".into()], &root())?;
    if !ok {
        return Err(output.lines().rev().take(3).collect::<Vec<_>>().join(" / "));
    }
    let (mut cases, mut noise) = (Vec::<Case>::new(), None);
    for line in output.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let numbers: Vec<f64> = words.iter().filter_map(|w| w.parse().ok()).collect();
        match (words.first(), numbers[..].try_into()) {
            (Some(&"moments"), _) if numbers.len() == 3 => noise = Some([numbers[0], numbers[1], numbers[2]]),
            (Some(name), Ok::<[f64; 4], _>([t, v, state, current])) => {
                if cases.last().is_none_or(|c| c.name != *name) {
                    let name = (*name).to_string();
                    cases.push(Case { name, points: Vec::new(), states: Vec::new(), currents: Vec::new() });
                }
                if let Some(case) = cases.last_mut() {
                    case.points.push((Second(t), Volt(v)));
                    case.states.push(state);
                    case.currents.push(current);
                }
            }
            _ => {}
        }
    }
    let mut shown = Vec::new();
    let mut holds = cases.len() == 8;
    for case in &cases {
        let [state, current] = apart(case)?;
        holds &= state <= TOLERANCE && current <= TOLERANCE;
        shown.push(format!("{} state {state:.1e}, current {current:.1e}", case.name));
    }
    let [mean, deviation, cells] = noise.ok_or("the peer printed no moments")?;
    let [ours, spread] = gap_moments()?;
    let n = CELLS as f64;
    let [shift, ratio] = [
        (ours - mean).abs() / (deviation * (1.0 / n + 1.0 / cells).sqrt()),
        (spread / deviation - 1.0).abs() / (0.5 / n + 0.5 / cells).sqrt(),
    ];
    holds &= shift < 5.0 && ratio < 5.0;
    shown.push(format!(
        "gap noise after 1.5 V, 20 ns: mean {ours:.5e} m against {mean:.5e}, deviation {spread:.4e} against {deviation:.4e} ({shift:.1} and {ratio:.1} standard errors)"
    ));
    Ok(Finding {
        measured: shown.join("; "),
        holds,
        configuration: format!(
            "scipy 1.17.1, DOP853 at rtol 1e-11, equations written separately; ours Dormand-Prince 5(4), 1e-9 of the range a step; states over their range and currents over their maximum agree to {TOLERANCE:e}; noise: {CELLS} cells against Euler-Maruyama of 10 ps, five standard errors"
        ),
    })
}

/// Largest differences of a case: state over its range, current over the largest.
fn apart(case: &Case) -> Result<[f64; 2], String> {
    let drift = |window| LinearIonDriftSpec { window, ..LinearIonDriftSpec::default() }.build();
    let exponent = ExponentSpec { exponent: 2 };
    let vteam = |window| VteamSpec { window, ..VteamSpec::default() }.build();
    let team = TeamWindowSpec { a_on: Metre(0.5e-9), a_off: Metre(2.5e-9), w_c: Metre(0.1e-9) };
    let wrong = |e| format!("{}: {e:?}", case.name);
    match case.name.split_once(':').ok_or("a case without a model")? {
        ("stanford_pku", _) => Ok(compare(case, &StanfordPkuSpec::default().build(Kelvin(298.0)).map_err(wrong)?)),
        ("vteam", "plain") => Ok(compare(case, &vteam(None).map_err(wrong)?)),
        ("vteam", _) => Ok(compare(case, &vteam(Some(team)).map_err(wrong)?)),
        ("linear_ion_drift", window) => {
            let window = match window {
                "none" => DriftWindowSpec::None,
                "joglekar" => DriftWindowSpec::Joglekar(exponent),
                "biolek" => DriftWindowSpec::Biolek(exponent),
                _ => DriftWindowSpec::Prodromakis(ProdromakisSpec { exponent: 3.0, scale: 1.2 }),
            };
            Ok(compare(case, &drift(window).map_err(wrong)?))
        }
        (model, _) => Err(format!("no model `{model}`")),
    }
}

fn compare<Q: StateEquation>(case: &Case, device: &StateDevice<Q>) -> [f64; 2] {
    let [a, b] = device.law().bounds();
    let largest = case.currents.iter().fold(0.0, |m: f64, i| m.max(i.abs()));
    let response = device.waveform(case.states[0], &case.points);
    let worst = |error: &dyn Fn(&StateSample, usize) -> f64| {
        response.iter().enumerate().map(|(i, s)| error(s, i)).fold(0.0, f64::max)
    };
    [
        worst(&|s, i| ((s.state - case.states[i]) / (a - b)).abs()),
        worst(&|s, i| (s.current - case.currents[i]).abs() / largest),
    ]
}

/// Mean and standard deviation of the gap of cells that differ by gap noise alone.
fn gap_moments() -> Result<[f64; 2], String> {
    let none = Share(0.0);
    let variation = StateVariationSpec { conductance: none, rate: none, cycle_to_cycle: none };
    let spec = StanfordPkuSpec { variation, ..StanfordPkuSpec::default() };
    let device = spec.build(Kelvin(298.0)).map_err(|e| format!("{e:?}"))?;
    let addresses: Vec<u64> = (0..CELLS as u64).collect();
    let mut cells = device.cells(&addresses, Chance { seed: 2026, scale: 1.0 }).ok_or("no cells")?;
    cells.pulse(&vec![Pulse { voltage: Volt(1.5), width: Second(20e-9) }; CELLS], 0);
    let mut g = vec![0.0; CELLS];
    cells.conductance(&mut g);
    let gaps: Vec<f64> = g.iter().map(|g| device.law().state_of(*g, spec.read_voltage.0)).collect();
    let n = CELLS as f64;
    let mean = gaps.iter().sum::<f64>() / n;
    let square = gaps.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    Ok([mean, square.sqrt()])
}
