//! Against `reference/synaptogen` (`ARCHSIM_REFERENCE`): the numbers of the model, their exact consequences, traces
//! without randomness and with all random numbers given. Double precision to 1e-9, single precision to 5e-5.

use std::path::PathBuf;

use serde_json::Value;

use super::array::CellArray;
use super::kernel::Innovations;
use super::*;
use crate::simd::{Isa, LANES, Vectors};
use crate::units::Ampere;

/// A file of the reference, or nothing and a loud line.
fn reference(name: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("ARCHSIM_REFERENCE") else {
        eprintln!("SKIPPED: Synaptogen against `{name}`, ARCHSIM_REFERENCE is not set");
        return None;
    };
    let path = PathBuf::from(folder).join("synaptogen").join(name);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

pub(super) fn json(name: &str) -> Option<Value> {
    reference(name).map(|text| serde_json::from_str(&text).unwrap())
}

/// All numbers of a value, in order.
pub(super) fn numbers(v: &Value) -> Vec<f64> {
    match v {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Number(n) => vec![n.as_f64().unwrap()],
        _ => Vec::new(),
    }
}

fn table(name: &str) -> Option<Vec<csv::StringRecord>> {
    let text = reference(name)?;
    Some(csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect())
}

fn close(got: f64, want: f64, relative: f64, what: &str) {
    assert!((got - want).abs() <= relative * want.abs(), "{what}: {got} for {want}");
}

fn letter(state: State) -> &'static str {
    match state {
        State::High => "H",
        State::Low => "L",
        State::Between => "M",
    }
}

#[test]
fn the_numbers_are_the_published_ones() {
    let Some(file) = json("params.json") else { return };
    let p = Parameters::default();
    let same = |key: &str, ours: &[f64]| assert_eq!(numbers(&file[key]), ours, "{key}");
    assert_eq!([file["U_max_V"].as_f64(), file["U_0_V"].as_f64()], [Some(p.u_max.0), Some(p.u_read.0)]);
    assert_eq!(file["eta"].as_f64(), Some(p.eta));
    same("I_HHRS_poly_highest_power_first", &p.high);
    same("I_LLRS_poly_highest_power_first", &p.low);
    same("gamma_poly_highest_power_first_rows_are_features", p.gamma.as_flattened());
    same("gmm_weights", &p.weights);
    same("gmm_mean_components_x_8", p.means.as_flattened());
    same("gmm_cholesky_lower_components_x_8_x_8", p.factors.as_flattened().as_flattened());
    for order in 1..=10 {
        let (p, var) = (Parameters::published(order), &file["var"][order.to_string()]);
        assert_eq!(numbers(&var["innovation_cholesky_lower_4x4"]), p.innovation.as_flattened());
        assert_eq!(numbers(&var["A_lag_1_to_p_each_4x4_row_is_output"]), p.lags.as_flattened().as_flattened());
    }
    let derived = &file["derived_float64"];
    let c = Conduction::of(&p);
    close(c.g_low, derived["G_LLRS_S"].as_f64().unwrap(), 1e-14, "G_LLRS");
    close(c.g_high, derived["G_HHRS_S"].as_f64().unwrap(), 1e-13, "G_HHRS");
}

#[test]
fn exact_consequences() {
    let Some(file) = json("analytic.json") else { return };
    let within = |ours: &[f64], key: &Value, what: &str| {
        let theirs = numbers(key);
        assert_eq!(ours.len(), theirs.len(), "{what}");
        for (a, b) in ours.iter().zip(theirs) {
            assert!((a - b).abs() <= 1e-10 * b.abs().max(1.0), "{what}: {a} for {b}");
        }
    };
    for order in 1..=10 {
        let radius = Latent::of(&Parameters::published(order)).spectral_radius();
        let theirs = file["companion_spectral_radius_by_order"][order.to_string()].as_f64().unwrap();
        assert!((radius - theirs).abs() < 1e-10, "order {order}: {radius} for {theirs}");
    }
    let p = Parameters::default();
    let latent = Latent::of(&p);
    let c = latent.autocovariance(40);
    within(c[0].as_flattened(), &file["latent_stationary_covariance_4x4"], "covariance");
    within(
        c.as_flattened().as_flattened(),
        &file["latent_autocovariance_lag_0_to_40_E_x_t_x_tminusk_T"],
        "autocovariance",
    );
    let cold = latent.cold_start(201);
    let by_cycle = file["latent_std_by_cycle_from_cold_start"].as_object().unwrap();
    assert_eq!(by_cycle.len(), 13);
    for (cycle, theirs) in by_cycle {
        let cycle: usize = cycle.parse().unwrap();
        let ours: Features = std::array::from_fn(|j| cold[cycle][j][j].sqrt());
        within(&ours, theirs, &format!("cold start, cycle {cycle}"));
    }
    for (j, theirs) in file["standardised_feature_Gamma_x_moments_stationary"].as_array().unwrap().iter().enumerate() {
        let m = moments(&p.gamma[j], c[0][j][j]);
        for (ours, key) in [(m.mean, "mean"), (m.deviation, "std"), (m.skewness, "skew")] {
            let theirs = theirs[key].as_f64().unwrap();
            assert!((ours - theirs).abs() < 1e-10, "feature {j}, {key}: {ours} for {theirs}");
        }
    }
    let m = MixtureMoments::of(&p);
    within(&m.mean, &file["d2d_mixture_mean_8"], "mixture mean");
    within(&m.deviation, &file["d2d_mixture_std_8"], "mixture deviation");
    within(m.correlation.as_flattened(), &file["d2d_mixture_correlation_8x8"], "mixture correlation");
}

/// Innovations of a trace: `e[cell][cycle]`, cycle 0 that of creation.
struct Given(Vec<Vec<Features>>);

impl Innovations for Given {
    #[inline(always)]
    fn next<V: Vectors>(&self, l: V, block: usize, cycles: V::Word) -> [V::Float; FEATURES] {
        let mut cycle = [0; LANES];
        l.store_word(cycles, &mut cycle);
        let mut e = [[0.0; LANES]; FEATURES];
        for (lane, cycle) in cycle.into_iter().enumerate() {
            let given = self.0.get(block * LANES + lane).and_then(|cell| cell.get(cycle as usize));
            for (j, e) in e.iter_mut().enumerate() {
                e[lane] = given.map_or(0.0, |g| g[j] as f32);
            }
        }
        [l.load(&e[0]), l.load(&e[1]), l.load(&e[2]), l.load(&e[3])]
    }
}

/// What a trace says of one cell after one pulse.
struct Expected {
    what: String,
    u: f64,
    state: String,
    cycle: Option<u64>,
    r: f64,
    current: f64,
    threshold: Option<f64>,
    /// Resistances in ohm.
    features: Option<Features>,
    at_read: Option<[f64; 2]>,
}

/// Plays a trace (pulse by pulse, cell by cell) in both precisions.
fn play(model: &Model, devices: &[DeviceNumbers], given: &Given, trace: &[Vec<Expected>]) {
    let mut cells: Vec<Cell> = devices.iter().zip(&given.0).map(|(d, e)| Cell::new(model, *d, e[0])).collect();
    let mut arrays: Vec<CellArray> =
        Isa::all().into_iter().map(|isa| CellArray::of_devices(isa, model, devices, given)).collect();
    let noise = NoiseLaw::default();
    let physical = |f: Features| [libm::exp10(f[0]), f[1], f[2], f[3]];
    for pulse in trace {
        for ((cell, want), e) in cells.iter_mut().zip(pulse).zip(&given.0) {
            cell.apply(model, want.u, |cycle| e[cycle as usize]);
            assert_eq!(letter(cell.state()), want.state, "{}", want.what);
            assert!(want.cycle.is_none_or(|n| n == cell.cycle()), "{}", want.what);
            close(cell.r(), want.r, 1e-9, &want.what);
            close(model.conduction.current(cell.r(), want.u), want.current, 1e-9, &want.what);
            want.threshold.inspect(|t| close(cell.threshold(), *t, 1e-9, &want.what));
            for (ours, theirs) in physical(cell.features()).iter().zip(want.features.iter().flatten()) {
                close(*ours, *theirs, 1e-9, &want.what);
            }
            if let Some([current, deviation]) = want.at_read {
                let ours = model.conduction.current(cell.r(), 0.2);
                close(ours, current, 1e-9, &want.what);
                close(noise.variance(ours, 0.2).sqrt(), deviation, 1e-9, &want.what);
            }
        }
        let voltages: Vec<f32> = pulse.iter().map(|e| e.u as f32).collect();
        for array in &mut arrays {
            array.apply_with(Voltages::Each(&voltages), given);
            let (mut at_pulse, mut at_read) = (vec![0.0; devices.len()], vec![0.0; devices.len()]);
            array.currents(Voltages::Each(&voltages), &mut at_pulse);
            array.currents(Voltages::All(0.2), &mut at_read);
            for (i, want) in pulse.iter().enumerate() {
                let single = |got: f32, want: f64, of: &str| close(f64::from(got), want, 5e-5, of);
                assert_eq!(letter(array.state(i)), want.state, "{}", want.what);
                assert!(want.cycle.is_none_or(|n| n == array.cycle(i)), "{}", want.what);
                single(array.r(i), want.r, &want.what);
                if want.u != 0.0 {
                    single(at_pulse[i], want.current, &want.what);
                }
                want.threshold.inspect(|t| single(array.threshold(i), *t, &want.what));
                let f = array.features(i).map(f64::from);
                for (ours, theirs) in physical(f).iter().zip(want.features.iter().flatten()) {
                    close(*ours, *theirs, 5e-5, &want.what);
                }
                want.at_read.inspect(|a| single(at_read[i], a[0], &want.what));
            }
        }
    }
}

/// Three cells at the means of the components, all innovations 0.
#[test]
fn loops_without_randomness() {
    let Some(rows) = table("trace_a_zero_noise_loops.csv") else { return };
    let model = Model::new(Parameters::default());
    let devices = model.parameters.means.clone();
    let given = Given(vec![vec![[0.0; FEATURES]; 20]; 3]);
    let number = |row: &csv::StringRecord, i: usize| row[i].parse::<f64>().unwrap();
    let trace: Vec<Vec<Expected>> = rows
        .iter()
        .map(|row| {
            let cell = |c: usize| Expected {
                what: format!("step {}, cell {c}", &row[0]),
                u: number(row, 1),
                state: row[4 + 3 * c].to_owned(),
                cycle: None,
                r: number(row, 3 + 3 * c),
                current: number(row, 2 + 3 * c),
                threshold: None,
                features: None,
                at_read: None,
            };
            (0..3).map(cell).collect()
        })
        .collect();
    assert!(trace.len() > 300);
    play(&model, &devices, &given, &trace);
}

/// Eight cells, 150 pulses each, every random number given.
#[test]
fn pulses_with_given_numbers() {
    let (Some(rows), Some(inputs)) = (table("trace_b_pulses.csv"), json("trace_b_pulses_inputs.json")) else { return };
    let model = Model::new(Parameters::default());
    let component = numbers(&inputs["component_k_0based"]);
    let z = numbers(&inputs["z_d2d_devices_x_8"]);
    let devices: Vec<DeviceNumbers> = (0..8)
        .map(|i| mixture::device(&model.parameters, component[i] as usize, z[8 * i..][..8].try_into().unwrap()))
        .collect();
    let four = |v: &Value| numbers(v).as_chunks::<4>().0.to_vec();
    let first = four(&inputs["eps_init_devices_x_4"]);
    let given =
        Given((0..8).map(|i| [vec![first[i]], four(&inputs["eps_draw_devices_x_draw_x_4"][i])].concat()).collect());
    let expected: Vec<Expected> = rows
        .iter()
        .map(|row| {
            let n = |i: usize| row[i].parse::<f64>().unwrap();
            Expected {
                what: format!("pulse {}, device {}", &row[0], &row[1]),
                u: n(2),
                state: row[3].to_owned(),
                cycle: Some(row[4].parse().unwrap()),
                r: n(5),
                threshold: Some(n(6)),
                features: Some([n(7), n(8), n(9), n(10)]),
                at_read: Some([n(11), n(13)]),
                current: n(12),
            }
        })
        .collect();
    let mut expected = expected.into_iter();
    let trace: Vec<Vec<Expected>> = (0..150).map(|_| expected.by_ref().take(8).collect()).collect();
    assert!(expected.next().is_none());
    play(&model, &devices, &given, &trace);
}

#[test]
fn the_converter() {
    let Some(rows) = table("adc_table.csv") else { return };
    assert!(rows.len() > 20);
    for row in rows {
        let n = |i: usize| row[i].parse::<f64>().unwrap();
        let q = Quantiser { minimum: Ampere(n(1)), maximum: Ampere(n(2)), bits: n(3) as u32, clamped: false };
        close(q.level(n(0)), n(4), 1e-12, &format!("{row:?}"));
    }
}

/// A cell at the mean of the first component with every innovation 0, and one that is given `e` at each cycle.
fn cell_with(model: &Model, e: Features) -> Cell {
    let mut cell = Cell::new(model, model.parameters.means[0], [0.0; FEATURES]);
    cell.apply(model, -2.0, |_| e);
    cell
}

#[test]
fn edges_of_the_state_machine() {
    let model = Model::new(Parameters::default());
    let e = [0.3, -0.2, 0.5, 0.1];
    let after = |pulses: &[f64]| {
        let mut cell = cell_with(&model, e);
        pulses.iter().for_each(|u| cell.apply(&model, *u, |_| e));
        cell
    };
    let low = cell_with(&model, e);
    let start = low.threshold();
    assert_eq!(low.state(), State::Low);
    // exactly at the threshold nothing happens; just above, the cell stays where it was
    assert_eq!(after(&[start]).state(), State::Low);
    let begun = after(&[start + 1e-9]);
    assert_eq!((begun.state(), begun.cycle()), (State::Between, 1));
    assert!((begun.r() - low.r()).abs() < 1e-6);
    // up to U_max the high state is reached without a jump, from there on exactly
    let (nearly, full) = (after(&[1.46 - 1e-9]), after(&[1.46]));
    assert_eq!((nearly.state(), full.state()), (State::Between, State::High));
    assert!((nearly.r() - full.r()).abs() < 1e-6);
    // the path does not matter, repetition and lower pulses neither, and only leaving LRS draws
    let (steps, once) = (after(&[0.9, 1.1, 1.1, 1.0, 0.2]), after(&[1.1]));
    assert!((steps.r() - once.r()).abs() < 1e-12 && steps.cycle() == 1);
    assert_eq!(after(&[0.9, 2.0]).r(), full.r());
    // HRS ignores positive voltages, LRS negative ones, everything NaN
    assert_eq!(after(&[2.0, 1.0, 3.0]).cycle(), 1);
    assert_eq!(after(&[-3.0, f64::NAN]).r(), low.r());
    // back to LRS with the features drawn at the first RESET
    let back = after(&[0.9, -2.0]);
    assert_eq!((back.state(), back.threshold()), (State::Low, once.features()[3]));
    assert!((1.0 / model.conduction.conductance(back.r()) - once.features()[2]).abs() < 1e-6);
    // a RESET voltage at or above U_max leaves only the complete RESET
    let mut high = model.parameters.means[0];
    high[3] = 1.6;
    let mut cell = Cell::new(&model, high, [0.0; FEATURES]);
    for (u, state) in [(-2.0, State::Low), (1.5, State::Low), (1.65, State::High)] {
        cell.apply(&model, u, |_| [0.0; FEATURES]);
        assert_eq!(cell.state(), state, "{u} V");
        assert!(cell.r().is_finite());
    }
}

/// A pulse that both sets and resets (a SET voltage above the RESET threshold): first SET, then RESET by the masks of
/// before, in both precisions.
#[test]
fn set_and_reset_in_one_pulse() {
    let model = Model::new(Parameters::default());
    let mut device = model.parameters.means[0];
    device[1] = 1.2;
    let given = Given(vec![vec![[0.0; FEATURES]; 5]]);
    let mut cell = Cell::new(&model, device, [0.0; FEATURES]);
    let mut array = CellArray::of_devices(Isa::best(), &model, &[device], &given);
    for u in [0.5, 0.8, 0.9, 1.3, 1.5, 1.0] {
        cell.apply(&model, u, |_| [0.0; FEATURES]);
        array.apply_with(Voltages::Each(&[u as f32]), &given);
        assert_eq!((cell.state(), cell.cycle()), (array.state(0), array.cycle(0)), "{u} V");
        close(f64::from(array.r(0)), cell.r(), 5e-5, &format!("{u} V"));
        assert!(cell.r().is_finite());
    }
}

/// Random pulses: arrays are the cells of their addresses, whatever is split, and in every instruction set.
#[test]
fn arrays_are_their_cells() {
    let model = Model::new(Parameters::default());
    let (seed, cells) = (5, 200);
    let mut whole = CellArray::new(&model, seed, 3, cells);
    let mut others: Vec<CellArray> =
        Isa::all().into_iter().map(|isa| CellArray::with_isa(isa, &model, seed, 3, cells)).collect();
    let mut parts = [CellArray::new(&model, seed, 3, 128), CellArray::new(&model, seed, 5, 72)];
    let first = 3 * BANK as u64;
    let draw = |domain, element, tick| crate::rng::Draw { seed, domain, element, tick };
    let mut single: Vec<Cell> = (first..first + cells as u64)
        .map(|a| {
            let d = draw(crate::rng::Domain::GenerativeCell, a, 0);
            let z: Vec<f64> = [d.normals(0), d.normals(1)].concat();
            let k = array::chosen(&model, seed, a);
            let numbers = mixture::device(&model.parameters, k, z.try_into().unwrap());
            Cell::new(&model, numbers, draw(crate::rng::Domain::GenerativeInnovation, a, 0).normals(0))
        })
        .collect();
    let mut apart = 0;
    for pulse in 0..60u64 {
        let u: Vec<f32> = (0..cells as u64)
            .map(|i| (draw(crate::rng::Domain::Read, i, pulse).uniform(0) * 4.0 - 2.0) as f32)
            .collect();
        whole.apply(Voltages::Each(&u));
        others.iter_mut().for_each(|a| a.apply(Voltages::Each(&u)));
        parts[0].apply(Voltages::Each(&u[..128]));
        parts[1].apply(Voltages::Each(&u[128..]));
        for (i, cell) in single.iter_mut().enumerate() {
            let address = first + i as u64;
            cell.apply(&model, f64::from(u[i]), |n| {
                draw(crate::rng::Domain::GenerativeInnovation, address, n).normals(0)
            });
            // a voltage within rounding of a threshold may go either way
            apart += usize::from((cell.state(), cell.cycle()) != (whole.state(i), whole.cycle(i)));
            if (cell.state(), cell.cycle()) == (whole.state(i), whole.cycle(i)) {
                assert!((f64::from(whole.r(i)) - cell.r()).abs() < 5e-5, "pulse {pulse}, cell {i}");
            }
        }
    }
    assert!(apart <= 60, "{apart} of 12,000 states differ");
    assert!((0..cells).any(|i| whole.cycle(i) > 5) && (0..cells).any(|i| whole.state(i) == State::Between));
    let read = |a: &CellArray| {
        let mut out = vec![0.0; a.len()];
        a.read(Voltages::All(0.2), NoiseLaw::default(), 9, &mut out);
        out
    };
    let expected = read(&whole);
    assert_eq!([read(&parts[0]), read(&parts[1])].concat(), expected);
    for other in &others {
        assert_eq!(read(other), expected);
        assert!((0..cells).all(|i| other.r(i).to_bits() == whole.r(i).to_bits()));
    }
}

/// Mean and variance over reads are those of the law, and the noise of two ticks has nothing in common.
#[test]
fn read_noise_follows_its_law() {
    let model = Model::new(Parameters::default());
    let mut array = CellArray::new(&model, 2, 0, 4096);
    array.apply(Voltages::All(-2.0));
    let mut still = vec![0.0; array.len()];
    array.currents(Voltages::All(0.2), &mut still);
    let noise = NoiseLaw::default();
    let (mut sums, mut before) = ([0.0; 3], vec![0.0; array.len()]);
    let mut out = still.clone();
    for tick in 0..64 {
        array.read(Voltages::All(0.2), noise, tick, &mut out);
        for i in 0..out.len() {
            let z = f64::from(out[i] - still[i]) / noise.variance(f64::from(still[i]), 0.2).sqrt();
            sums[0] += z;
            sums[1] += z * z;
            sums[2] += z * before[i];
            before[i] = z;
        }
    }
    let n = 64.0 * 4096.0f64;
    assert!((sums[0] / n.sqrt()).abs() < 4.5, "mean");
    assert!(((sums[1] / n - 1.0) * (n / 2.0).sqrt()).abs() < 4.5, "variance {}", sums[1] / n);
    assert!((sums[2] / n.sqrt()).abs() < 4.5, "reads are correlated");
    // 0 V is read at the smallest voltage instead
    array.read(Voltages::All(0.0), noise, 0, &mut out);
    assert!(out.iter().all(|i| i.is_finite()));
}

/// With lags reversed the memory of R_LRS falls, and its spread hardly moves (derived in the description of the model).
#[test]
fn parity_reverses_the_lags() {
    let next = |parity: Parity| {
        let c = Latent::of(&SynaptogenSpec { parity, ..SynaptogenSpec::default() }.resolved()).autocovariance(1);
        c[1][2][2] / c[0][2][2]
    };
    assert!((next(Parity::Vectorised) - 0.508).abs() < 5e-4);
    assert!((next(Parity::PerCell) - 0.299).abs() < 5e-4, "{}", next(Parity::PerCell));
}

/// Cards of a fit: accepted as they are, and every mistake named.
#[test]
fn fitted_cards_are_checked() {
    let room = crate::units::Kelvin(300.0);
    let card =
        |p: Parameters| SynaptogenSpec { parameters: ParametersSpec::Fitted(Box::new(p)), ..SynaptogenSpec::default() };
    let text = serde_json::to_string(&card(Parameters::published(3))).unwrap();
    let back: SynaptogenSpec = serde_json::from_str(&text).unwrap();
    assert_eq!(back.build(room).unwrap().model().parameters, Parameters::published(3));
    let mut p = Parameters::default();
    p.weights.push(0.1);
    p.innovation[0][2] = 1.0;
    p.eta = 0.0;
    let fields: Vec<String> = card(p).build(room).unwrap_err().into_iter().map(|e| e.field).collect();
    let all = ["eta", "means", "factors"].map(|f| format!("parameters.fitted.{f}"));
    assert_eq!(fields, [&all[..], &["parameters.fitted".to_owned()]].concat());
    let mut p = Parameters::default();
    p.lags[0][1][1] += 0.9;
    assert!(card(p).build(room).unwrap_err()[0].message.contains("spectral radius"));
    let mut p = Parameters::default();
    p.means.iter_mut().for_each(|m| m[3] = 2.0);
    assert!(card(p).build(room).unwrap_err()[0].message.contains("nominal cell"));
}
