//! Fits against cells whose card is known, and against charge transport.

use super::*;
use crate::device::mos2_memtransistor::tests::reference_reads;
use crate::units::Kelvin;

/// A card without thresholds, at the bias and with the pulses of the reference.
fn base(voltage_scale: f64) -> Mos2Spec {
    let mut spec = Mos2Spec::default();
    spec.read.voltage = Volt(0.5);
    spec.kinetics.threshold = Volt(0.0);
    spec.kinetics.threshold_softness = Volt(1e-3);
    spec.kinetics.voltage_scale = Volt(voltage_scale);
    spec.iv.scale = Volt(1e3);
    spec.iv.saturation = Volt(1e6);
    spec
}

fn pulse(v: f64) -> Pulse {
    Pulse { voltage: Volt(v), width: Second(0.1) }
}

/// The 41 reads of the charge-transport simulation; drift is linear in the field there, so the scale of the rate
/// is far above the pulses. Nine numbers came to 1.1 % with the voltage scale as a free tenth.
#[test]
fn charge_transport_reads_are_fitted() {
    let Some(reads) = reference_reads() else { return };
    let data: Vec<PulseRead> = reads.iter().map(|(v, i)| PulseRead { pulse: pulse(*v), read: Ampere(*i) }).collect();
    let fit = fit_pulses(&data, &base(100.0)).unwrap();
    eprintln!("NRMSE {}: {:?} from {:?}", fit.nrmse, fit.spec, fit.start);
    assert!(fit.nrmse < 0.02, "{}", fit.nrmse);
    // the sequence itself: depression, potentiation, depression again behind the turning point
    assert!(fit.reads[..=20].windows(2).all(|w| w[1] < w[0]));
    let top = (20..=40).max_by(|a, b| fit.reads[*a].total_cmp(&fit.reads[*b])).unwrap();
    let top_there = (20..=40).max_by(|a, b| reads[*a].1.total_cmp(&reads[*b].1)).unwrap();
    assert!(top.abs_diff(top_there) <= 1, "turns at {top}, the simulation at {top_there}");
    assert!((fit.reads[0] / fit.reads[20] / (reads[0].1 / reads[20].1) - 1.0).abs() < 0.2);
    assert!(fit.reads[40] < 0.55 * fit.reads[top]);
}

/// Reads that a known cell gave, with two amplitudes of a polarity: the fit finds the reads again, and predicts
/// a train that it has not seen.
#[test]
fn a_known_cell_is_found_again() {
    let mut truth = base(2.0);
    truth.state = StateSpec::DualZone(DualZoneSpec { steepness: 10.0, mismatch: Share(0.0) });
    truth.window = WindowSpec::Fixed(FixedWindowSpec { g_min: Siemens(2e-6), g_max: Siemens(25e-6) });
    truth.programming.headroom = Share(0.0);
    truth.kinetics.nonlinearity_per_volt = 0.0;
    truth.kinetics.reference_width = Second(0.1);
    truth.programming.width = Second(0.1);
    truth.programming.correction_width = Second(0.01);
    let device = truth.build(Kelvin(300.0)).unwrap();
    let start = State { left: 0.5, right: 0.5 };
    let play = |device: &super::super::Mos2Memtransistor, start: State, train: &[f64]| -> Vec<f64> {
        let mut state = start;
        train
            .iter()
            .map(|v| {
                state = device.pulse(state, Volt(*v), Second(0.1));
                device.conductance(state).0 * 0.5
            })
            .collect()
    };
    let train: Vec<f64> = (0..90).map(|i| [-5.0, 4.5, -4.0, 5.0, -4.5, 4.0][i / 15]).collect();
    let data: Vec<PulseRead> = play(&device, start, &train)
        .iter()
        .zip(&train)
        .map(|(i, v)| PulseRead { pulse: pulse(*v), read: Ampere(*i) })
        .collect();
    let fit = fit_pulses(&data, &base(4.0)).unwrap();
    assert!(fit.nrmse < 1e-3, "{}", fit.nrmse);
    assert!((fit.spec.kinetics.voltage_scale.0 - 2.0).abs() < 0.1, "{}", fit.spec.kinetics.voltage_scale);
    let unseen: Vec<f64> = (0..60).map(|i| [4.2, -4.8, 4.8, -4.2][i / 15]).collect();
    let fitted = fit.spec.build(Kelvin(300.0)).unwrap();
    for (a, b) in play(&fitted, fit.start, &unseen).iter().zip(play(&device, start, &unseen)) {
        assert!((a - b).abs() < 0.01 * 12.5e-6, "{a} {b}");
    }
}

#[test]
fn impossible_reads_are_told() {
    let read = |v: f64, i: f64| PulseRead { pulse: pulse(v), read: Ampere(i) };
    let field = |reads: &[PulseRead]| fit_pulses(reads, &base(2.0)).unwrap_err()[0].message.clone();
    assert!(field(&[read(5.0, 1e-6); 3]).contains("too few"));
    assert!(field(&[read(5.0, 1e-6); 20]).contains("one polarity"));
    assert!(field(&[read(5.0, -1e-6); 20]).contains("read 0"));
}
