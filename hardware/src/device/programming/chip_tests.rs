//! The whole-chip path against the generic one and against closed forms.

use super::super::{ApproachSpec, LookupSpec, OpenLoopSpec, StaircaseSpec, StepLaw, WriteVerifySpec};
use super::*;
use crate::device::Pulse;
use crate::units::{Share, Siemens, Volt};

const REAL: Chance = Chance { seed: 7, scale: 1.0 };

fn law(pulses: f64, labels: [f64; 2]) -> StepLaw {
    let width = Second(100e-9);
    let nominal = [Pulse { voltage: Volt(1.5), width }, Pulse { voltage: Volt(-1.5), width }];
    StepLaw::neurosim([Siemens(1e-6), Siemens(51e-6)], nominal, pulses, labels)
}

fn verified(change: impl Fn(&mut WriteVerifySpec)) -> SchemeSpec {
    let mut spec = WriteVerifySpec { tolerance: Share(0.01), ..WriteVerifySpec::default() };
    change(&mut spec);
    SchemeSpec::WriteVerify(spec)
}

/// Targets over the window, a quarter of them at its foot.
fn place(range: Range<usize>, target: &mut [f64], addresses: &mut [u64]) {
    for ((cell, target), address) in range.zip(target).zip(addresses) {
        *target = 1e-6 + 50e-6 * (cell.saturating_mul(37) % 101).saturating_sub(25) as f64 / 75.0;
        *address = 1 << 44 | cell as u64;
    }
}

/// Every column, bit for bit, with all kinds of chance and every scheme.
#[test]
fn cells_without_dispatch_are_those_behind_it() {
    let spread = StepLaw { rate: 0.2, cycle_to_cycle: 0.02, read_noise: 0.003, ..law(64.0, [1.5, 2.5]) };
    let stairs = StaircaseSpec { width_growth: 1.3, ..StaircaseSpec::default() };
    let schemes = [
        verified(|_| {}),
        verified(|s| s.approach = ApproachSpec::Staircase(stairs)),
        verified(|s| s.approach = ApproachSpec::Lookup(LookupSpec::RaisingAmplitude)),
        SchemeSpec::OpenLoop(OpenLoopSpec::default()),
    ];
    let (mut target, mut addresses) = (vec![0.0; 3000], vec![0; 3000]);
    place(0..3000, &mut target, &mut addresses);
    for spec in schemes {
        let scheme = Scheme::new(&spread, &spec).unwrap();
        let ours = written(&scheme, &spread, &target, &addresses, REAL, Isa::best());
        // whole columns would fill pages when they differ
        assert!(ours == scheme.outcome(&spread, &target, &addresses, REAL), "{spec:?}");
        for isa in Isa::all() {
            assert!(ours == written(&scheme, &spread, &target, &addresses, REAL, isa), "{}", isa.name());
        }
    }
}

/// Any number of threads gives the same bits, and nothing is lost between blocks.
#[test]
fn threads_change_no_bit() {
    let law = StepLaw { cycle_to_cycle: 0.02, ..law(64.0, [1.5, 2.5]) };
    let scheme = Scheme::new(&law, &verified(|_| {})).unwrap();
    let cells = 3 * BLOCK + 17;
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| program_chip(&scheme, &law, cells, REAL, place))
    };
    let one = with(1);
    assert!(one == with(3));
    assert!(one == program_chip_with(&scheme, &law, cells, REAL, place));
    assert_eq!(one.cells, cells as u64);
    assert_eq!(one.pulses.iter().sum::<u64>(), one.cells);
    assert_eq!(one.error.counts.iter().sum::<u64>() + one.error.outside.iter().sum::<u64>(), one.cells);
    let sum: u64 = one.pulses.iter().enumerate().map(|(n, c)| n as u64 * c).sum();
    assert_eq!(sum, one.cost.pulses);
}

/// One pulse may take the cell anywhere and lands with a standard deviation of σ: each try hits with probability
/// `p = erf(a/(σ√2))`, so that tries are geometric and `(1 - p)^n` of the cells are left after `n`.
#[test]
fn tries_are_geometric_where_one_pulse_reaches() {
    let (sigma, accepted, most) = (0.02, 0.01, 20);
    let law = StepLaw { cycle_to_cycle: sigma, ..law(1.0, [0.01, 0.01]) };
    let spec = verified(|s| (s.back_off, s.finest, s.tries, s.tolerance) = (1.0, Share(1e-6), most, Share(accepted)));
    let scheme = Scheme::new(&law, &spec).unwrap();
    let n = 200_000;
    let out = program_chip(&scheme, &law, n, REAL, |range, target, addresses| {
        target.fill(1e-6 + 25e-6);
        range.zip(addresses).for_each(|(cell, a)| *a = cell as u64);
    });
    // the label 0.01 bends the law by 0.1 % of the window at most, which moves the centre of a landing by less
    // than 1e-3 σ of the hit probability
    let p = libm::erf(accepted / (sigma * std::f64::consts::SQRT_2));
    let mut chi2 = 0.0;
    for tries in 1..=15 {
        let expected = n as f64 * p * (1.0 - p).powi(tries - 1);
        let found = out.tries_histogram[tries as usize] as f64;
        chi2 += (found - expected).powi(2) / expected;
    }
    // 15 bins: mean 15, standard deviation 5.5; p = 1e-3 at 37.7
    assert!(chi2 < 37.7, "chi-square {chi2}");
    let mean = (1.0 - (1.0 - p).powi(most as i32)) / p;
    let error = (1.0 - p).sqrt() / p / (n as f64).sqrt();
    assert!((out.mean_pulses() - mean).abs() < 4.0 * error, "{} for {mean}", out.mean_pulses());
    let left = n as f64 * (1.0 - p).powi(most as i32);
    assert!((out.unconverged as f64 - left).abs() < 4.0 * left.sqrt() + 1.0, "{} for {left}", out.unconverged);
    // what is in range is uniform-like within it, what is not is what the last try left
    let outside = out
        .error
        .counts
        .iter()
        .enumerate()
        .filter(|(i, _)| out.error.bin(*i)[0].abs().max(out.error.bin(*i)[1].abs()) > 0.0101);
    let outside: u64 = outside.map(|(_, c)| c).sum::<u64>() + out.error.outside.iter().sum::<u64>();
    assert_eq!(outside, out.unconverged);
}
