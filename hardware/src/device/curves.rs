//! What plots of a device show, as numbers: any technology behind [`Device`], SI units throughout.
//!
//! * [`iv`]: current against voltage at fixed conductances;
//! * [`iv_loop`]: the same while the voltage itself moves the cell, up, back, down and back;
//! * [`pulse_response`]: conductance pulse by pulse;
//! * [`device_spread`] and [`cycle_spread`]: what many cells, and one cell many times, are programmed to;
//! * [`drift_fan`]: percentiles of conductance over age;
//! * [`read_noise`]: standard deviation of a read against conductance.

use super::{Chance, Device, Pulse};
use crate::units::{Kelvin, Second, Volt};

/// `n` conductances from the lowest to the highest of the window, in siemens.
#[must_use]
pub fn levels(device: &dyn Device, n: usize) -> Vec<f64> {
    let w = device.window();
    let step = (w.g_max.0 - w.g_min.0) / (n.max(2) - 1) as f64;
    (0..n).map(|i| w.g_min.0 + step * i as f64).collect()
}

/// `n` ages from `first` to `last` in equal ratios, in seconds.
#[must_use]
pub fn ages(first: f64, last: f64, n: usize) -> Vec<f64> {
    let ratio = libm::log(last / first) / (n.max(2) - 1) as f64;
    (0..n).map(|i| first * libm::exp(ratio * i as f64)).collect()
}

/// Currents `[conductance][voltage]` in amperes.
#[must_use]
pub fn iv(device: &dyn Device, conductances: &[f64], volts: &[f64]) -> Vec<Vec<f64>> {
    conductances.iter().map(|g| volts.iter().map(|v| device.current(*g, Volt(*v))).collect()).collect()
}

/// Voltages and currents of a cell during a triangular sweep from 0 to the raising amplitude, back through 0 to
/// the lowering amplitude and back: at each of `points` voltages of a quarter the current is read and the voltage
/// then stays for `dwell`. `None` where the technology is not written by pulses.
#[must_use]
pub fn iv_loop(device: &dyn Device, points: usize, dwell: Second, cell: u64, chance: Chance) -> Option<[Vec<f64>; 2]> {
    let [up, down] = device.pulses()?;
    let mut cells = device.cells(&[cell], chance)?;
    let n = points.max(1);
    let quarter = |from: f64, to: f64| (0..n).map(move |i| from + (to - from) * i as f64 / n as f64);
    let volts: Vec<f64> = quarter(0.0, up.voltage.0)
        .chain(quarter(up.voltage.0, 0.0))
        .chain(quarter(0.0, down.voltage.0))
        .chain(quarter(down.voltage.0, 0.0))
        .chain([0.0])
        .collect();
    let mut g = [0.0];
    let mut currents = Vec::with_capacity(volts.len());
    for (tick, v) in volts.iter().enumerate() {
        cells.conductance(&mut g);
        currents.push(device.current(g[0], Volt(*v)));
        cells.pulse(&[Pulse { voltage: Volt(*v), width: dwell }], tick as u64);
    }
    Some([volts, currents])
}

/// Conductances `[pulse][cell]` from before the first pulse to after the last, in siemens; `None` where the
/// technology is not written by pulses.
#[must_use]
pub fn pulse_response(device: &dyn Device, pulses: &[Pulse], cells: &[u64], chance: Chance) -> Option<Vec<Vec<f64>>> {
    let mut written = device.cells(cells, chance)?;
    let mut g = vec![0.0; cells.len()];
    written.conductance(&mut g);
    let mut all = vec![g.clone()];
    for (tick, pulse) in pulses.iter().enumerate() {
        written.pulse(&vec![*pulse; cells.len()], tick as u64);
        written.conductance(&mut g);
        all.push(g.clone());
    }
    Some(all)
}

/// `up` raising and `down` lowering nominal pulses, `cycles` times.
#[must_use]
pub fn cycling(device: &dyn Device, up: usize, down: usize, cycles: usize) -> Option<Vec<Pulse>> {
    let [raise, lower] = device.pulses()?;
    let one = std::iter::repeat_n(raise, up).chain(std::iter::repeat_n(lower, down));
    Some(one.cycle().take((up + down) * cycles).collect())
}

/// Conductances `[target][cell]` that the cells `0..n` are programmed to.
#[must_use]
pub fn device_spread(device: &dyn Device, targets: &[f64], n: u64, chance: Chance) -> Vec<Vec<f64>> {
    let cells: Vec<u64> = (0..n).collect();
    let programmed = |target: &f64| {
        let mut g = vec![0.0; cells.len()];
        device.program(&vec![*target; cells.len()], &cells, chance, &mut g);
        g
    };
    targets.iter().map(programmed).collect()
}

/// Conductances of one cell in each of `cycles` cycles of `pulses` raising and as many lowering nominal pulses:
/// `[after raising, after lowering][cycle]`. `None` where the technology is not written by pulses.
#[must_use]
pub fn cycle_spread(
    device: &dyn Device,
    pulses: usize,
    cycles: usize,
    cell: u64,
    chance: Chance,
) -> Option<[Vec<f64>; 2]> {
    let response = pulse_response(device, &cycling(device, pulses, pulses, cycles)?, &[cell], chance)?;
    let at = |first: usize| response.iter().skip(first).step_by(2 * pulses.max(1)).map(|g| g[0]).collect();
    Some([at(pulses), at(2 * pulses)])
}

/// Percentiles `[age][share]` of the conductance of the cells `0..n` programmed to `target`, at each of `ages` (in
/// seconds) after programming; `shares` of cells that lie below, from 0 to 1.
#[must_use]
pub fn drift_fan(
    device: &dyn Device,
    target: f64,
    ages: &[f64],
    shares: &[f64],
    n: u64,
    temperature: Kelvin,
    chance: Chance,
) -> Vec<Vec<f64>> {
    let cells: Vec<u64> = (0..n).collect();
    let mut fresh = vec![0.0; cells.len()];
    device.program(&vec![target; cells.len()], &cells, chance, &mut fresh);
    let aged = |age: &f64| {
        let mut g = fresh.clone();
        device.age(&mut g, &cells, Second(*age), temperature, chance);
        percentiles(&mut g, shares)
    };
    ages.iter().map(aged).collect()
}

/// Values below which the given shares of `values` lie, linearly between neighbours; sorts the values.
#[must_use]
pub fn percentiles(values: &mut [f64], shares: &[f64]) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = |share: &f64| {
        let place = share.clamp(0.0, 1.0) * last as f64;
        let below = place.floor() as usize;
        let [low, high] = [below, (below + 1).min(last)].map(|i| values.get(i).copied().unwrap_or(f64::NAN));
        low + (high - low) * (place - below as f64)
    };
    shares.iter().map(at).collect()
}

/// Standard deviation of one read at voltage `v` of each conductance, in siemens.
#[must_use]
pub fn read_noise(device: &dyn Device, conductances: &[f64], v: Volt, chance: Chance) -> Vec<f64> {
    let (mut mean, mut variance) = (vec![0.0; conductances.len()], vec![0.0; conductances.len()]);
    device.read_moments(conductances, v, chance, &mut mean, &mut variance);
    variance.iter().map(|s| libm::sqrt(*s)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::programming::StepLaw;
    use super::*;
    use crate::device::DeviceSpec;
    use crate::units::Siemens;
    use std::sync::Arc;

    const REAL: Chance = Chance { seed: 3, scale: 1.0 };

    fn step_law() -> StepLaw {
        let width = Second(1e-7);
        let nominal = [Pulse { voltage: Volt(1.0), width }, Pulse { voltage: Volt(-1.0), width }];
        StepLaw::neurosim([Siemens(1e-6), Siemens(21e-6)], nominal, 32.0, [1.0, 1.0])
    }

    fn hfox() -> Arc<dyn Device> {
        serde_saphyr::from_str::<DeviceSpec>("hfox: {}").unwrap().build(Kelvin(300.0)).unwrap()
    }

    #[test]
    fn percentiles_lie_between_neighbours() {
        let mut values = [4.0, 1.0, 3.0, 2.0, 5.0];
        assert_eq!(percentiles(&mut values, &[0.0, 0.25, 0.5, 0.6, 1.0]), [1.0, 2.0, 3.0, 3.4, 5.0]);
        assert!(percentiles(&mut [], &[0.5])[0].is_nan());
    }

    #[test]
    fn currents_are_those_of_the_device() {
        let d = hfox();
        let (g, v) = (levels(&*d, 3), [-0.2, 0.0, 0.2]);
        for (g, line) in g.iter().zip(iv(&*d, &g, &v)) {
            assert_eq!(line[1], 0.0);
            // the read bias of the card is 0.2 V, where conductances are given
            assert!((line[2] / (0.2 * g) - 1.0).abs() < 1e-12 && line[0] == -line[2]);
        }
    }

    /// A pinched loop that runs through the origin, once around, back to where it began in current.
    #[test]
    fn sweeps_are_pinched_and_hysteretic() {
        let [v, i] = iv_loop(&step_law(), 50, Second(2e-7), 0, Chance { seed: 0, scale: 0.0 }).unwrap();
        assert_eq!(v.len(), 201);
        assert!(v.iter().zip(&i).filter(|(v, _)| **v == 0.0).all(|(_, i)| *i == 0.0));
        // on the way back from the raising amplitude the cell conducts more than on the way there
        assert!((1..50).all(|k| (v[k] - v[100 - k]).abs() < 1e-12 && i[100 - k] > i[k]));
        // and after the lowering one less
        assert!((1..50).all(|k| i[200 - k].abs() < i[100 + k].abs()));
    }

    #[test]
    fn pulses_raise_and_lower() {
        let d = StepLaw { cycle_to_cycle: 0.01, ..step_law() };
        let pulses = cycling(&d, 32, 32, 2).unwrap();
        let g = pulse_response(&d, &pulses, &[4, 9], Chance { seed: 0, scale: 0.0 }).unwrap();
        assert_eq!((g.len(), g[0].len()), (129, 2));
        assert!((g[32][0] / 21e-6 - 1.0).abs() < 1e-9 && (g[64][1] / 1e-6 - 1.0).abs() < 1e-9);
        // one cell, cycle after cycle: random walk of 32 steps cut at the bounds, so at most σ√32 wide
        let [high, low] = cycle_spread(&d, 32, 400, 4, REAL).unwrap();
        assert_eq!((high.len(), low.len()), (400, 400));
        let mean = high.iter().sum::<f64>() / 400.0;
        let deviation = (high.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / 400.0).sqrt() / 20e-6;
        assert!((0.005..0.0566).contains(&deviation), "{deviation}");
    }

    #[test]
    fn spreads_and_fans_are_those_of_the_cells() {
        let d = hfox();
        let target = d.window().g_max.0;
        let g = device_spread(&*d, &[target], 500, REAL).remove(0);
        let (ages, shares) = (ages(1.0, 1e6, 7), [0.1, 0.5, 0.9]);
        assert!((ages[1] / 10.0 - 1.0).abs() < 1e-12 && (ages[6] / 1e6 - 1.0).abs() < 1e-12);
        let fan = drift_fan(&*d, target, &ages, &shares, 500, Kelvin(300.0), REAL);
        assert!(fan.iter().all(|line| line[0] < line[1] && line[1] < line[2]));
        assert!(fan.windows(2).all(|f| f[1][1] < f[0][1]), "the median relaxes");
        let fresh = drift_fan(&*d, target, &[0.0], &[0.5], 500, Kelvin(300.0), REAL)[0][0];
        assert_eq!(fresh, percentiles(&mut g.clone(), &[0.5])[0]);
        let noise = read_noise(&*d, &[target], Volt(0.2), REAL)[0];
        let mut variance = [0.0];
        d.read_moments(&[target], Volt(0.2), REAL, &mut [0.0], &mut variance);
        assert_eq!(noise * noise, variance[0].sqrt().powi(2));
    }
}
