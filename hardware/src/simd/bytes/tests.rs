#![cfg(test)]

use super::*;
use crate::rng::{Domain, Draw};
use crate::simd::Isa;

fn random(count: usize, element: u64) -> Vec<f32> {
    let draw = |tick| Draw { seed: 1, domain: Domain::Explore, element, tick }.uniform(0);
    (0..count as u64).map(|tick| (draw(tick) * 2.0 - 1.0) as f32).collect()
}

fn normals(count: usize, element: u64) -> Vec<f32> {
    let mut out = vec![0.0; count];
    crate::rng::fill_normals(Draw { seed: 1, domain: Domain::Explore, element, tick: 0 }, &mut out);
    out
}

fn whole(count: usize, element: u64, largest: f32) -> Vec<f32> {
    random(count, element).iter().map(|v| (v * (largest + 0.49)).round()).collect()
}

/// Whole numbers are worth a half each.
fn product(isa: Isa, by: Multiplier, grid: Grid, x: &[f32], w: &[f32], depth: usize) -> Vec<f32> {
    let mut rows = Rows::default();
    let count = x.len() / depth;
    let unit = if grid == Grid::Real { 1.0 } else { 0.5 };
    rows.fill(isa, grid, unit, count, x);
    assert_eq!((rows.len(), rows.is_empty()), (count, count == 0));
    let mut out = vec![f32::NAN; count * w.len() / depth];
    Columns::new(isa, w, [w.len() / depth, depth]).product(isa, by, &rows, &mut out);
    out
}

fn exact(x: &[f32], w: &[f32], depth: usize) -> Vec<f64> {
    let dot = |(x, w): (&[f32], &[f32])| x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
    x.chunks(depth).flat_map(|x| w.chunks(depth).map(move |w| (x, w))).map(dot).collect()
}

/// Every way of multiplying, number of threads and shape: whole numbers come out exactly, others with the same bits.
#[test]
fn every_multiplier_gives_the_same_bits() {
    for (count, depth, columns) in [(1, 1, 1), (5, 3, 17), (16, 64, 16), (17, 65, 33), (33, 300, 100), (70, 513, 48)] {
        for grid in [Grid::Whole(63.0), Grid::Whole(4000.0), Grid::Whole(1e6), Grid::Real] {
            for levels in [0.0, 15.0, 127.0] {
                let x = match grid {
                    Grid::Real => random(count * depth, 1),
                    Grid::Whole(largest) => whole(count * depth, 2, largest),
                };
                let mut w = random(depth * columns, 3);
                if levels > 0.0 {
                    w = whole(depth * columns, 4, levels);
                    w[0] = -levels;
                }
                let want = product(Isa::best(), Multiplier::Portable, grid, &x, &w, depth);
                if let (Grid::Whole(_), true) = (grid, levels > 0.0) {
                    let exact: Vec<f32> = exact(&x, &w, depth).iter().map(|y| (y * 0.5) as f32).collect();
                    assert_eq!(want, exact, "{count} {depth} {columns} {grid:?} {levels}");
                }
                for isa in Isa::all() {
                    for by in Multiplier::all() {
                        for threads in [1, 3] {
                            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                            let got = pool.install(|| product(isa, by, grid, &x, &w, depth));
                            let same = got.iter().zip(&want).all(|(g, w)| g.to_bits() == w.to_bits());
                            assert!(same, "{} {} {count} {depth} {columns} {grid:?} {levels}", isa.name(), by.name());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn digits_are_as_many_as_needed() {
    let w = random(64 * 4, 1);
    let real = Columns::new(Isa::best(), &w, [4, 64]);
    assert_eq!([1, 2, 3].map(|x| real.byte_products(x)), [3, 6, 7]);
    let level = |v: &f32| (v * 7.0).round() / 7.0;
    let mut few: Vec<f32> = w.iter().map(level).collect();
    few[0] = 1.0;
    assert_eq!([1, 2, 3].map(|x| Columns::new(Isa::best(), &few, [4, 64]).byte_products(x)), [1, 2, 3]);
    let halves: Vec<f32> = w.iter().map(|v| (v * 256.0).round() / 256.0).collect();
    assert_eq!([1, 2, 3].map(|x| Columns::new(Isa::best(), &halves, [4, 64]).byte_products(x)), [2, 4, 5]);
}

/// The loop that peaks are measured with multiplies as often as it says.
#[test]
fn peaks_are_of_real_products() {
    for by in Multiplier::all() {
        assert_eq!(by.spin(3), 3 * 7 * 4 * 16 * 16 * 64, "{}", by.name());
    }
}

/// Products of small numbers are exact, whatever the grid.
#[test]
fn small_numbers_are_exact() {
    for grid in [Grid::Real, Grid::Whole(3.0)] {
        let x = [1.0, -1.0, 2.0, 3.0, 0.0, 1.0];
        let w = [0.25, -0.5, 1.0, 0.0, 0.0, 1.0];
        let got = product(Isa::best(), Multiplier::best(Isa::best()), grid, &x, &w, 3);
        let unit = if grid == Grid::Real { 1.0 } else { 0.5 };
        assert_eq!(got, [2.75, 2.0, 1.75, 1.0].map(|y| y * unit));
    }
}

/// The error against double precision: within the stated bound, and on random numbers below that of one chain of fused
/// `f32` operations for every output, which is what a plain product of vectors is.
#[test]
fn errors_are_below_those_of_floats() {
    let depth = 512;
    let relu = |v: &Vec<f32>| v.iter().map(|v| v.max(0.0)).collect::<Vec<f32>>();
    let (uniform, normal) = (random(32 * depth, 1), normals(32 * depth, 2));
    let ones = |v: &Vec<f32>| v.iter().enumerate().map(|(i, v)| if i % depth == 0 { 1.0 } else { *v }).collect();
    let inputs: [(&str, Vec<f32>); 5] = [
        ("uniform", uniform.clone()),
        ("uniform with a 1", ones(&uniform)),
        ("normal", normal.clone()),
        ("rectified", relu(&normal)),
        ("uniform, positive", uniform.iter().map(|v| v.abs()).collect()),
    ];
    let weights = [("uniform", random(96 * depth, 3)), ("normal", normals(96 * depth, 4))];
    for (of_x, x) in &inputs {
        for (of_w, w) in &weights {
            let got = product(Isa::best(), Multiplier::best(Isa::best()), Grid::Real, x, w, depth);
            let exact = exact(x, w, depth);
            let most = |v: &[f32]| v.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            let (mut own, mut chain) = (0.0f64, 0.0f64);
            for (i, (got, exact)) in got.iter().zip(&exact).enumerate() {
                let (x, w) = (&x[i / 96 * depth..][..depth], &w[i % 96 * depth..][..depth]);
                let error = (f64::from(*got) - exact).abs();
                let bound = 2.2e-7 * depth as f64 * f64::from(most(x) * most(w)) + exact.abs() / 16_777_216.0;
                assert!(error <= bound, "{error} above {bound}");
                own += error.powi(2);
                let float = x.iter().zip(w).fold(0.0f32, |s, (x, w)| x.mul_add(*w, s));
                chain += (f64::from(float) - exact).powi(2);
            }
            println!(
                "inputs {of_x}, weights {of_w}: rms error over that of a chain of f32 {:.2}",
                (own / chain).sqrt()
            );
            assert!(own < chain, "inputs {of_x}, weights {of_w}: {} against {}", own.sqrt(), chain.sqrt());
        }
    }
}

#[test]
fn nothing_overflows() {
    // digits of -128 and 127 against bytes of 255: the largest sums there are
    let x = vec![127.0 * 65_793.0; MAX_DEPTH];
    for sign in [1.0f32, -1.0] {
        let mut w = vec![sign * 0.996; MAX_DEPTH];
        w[1] = 1.0;
        for by in Multiplier::all() {
            let got = product(Isa::best(), by, Grid::Real, &x, &w, MAX_DEPTH);
            let want = exact(&x, &w, MAX_DEPTH);
            assert!((f64::from(got[0]) / want[0] - 1.0).abs() < 1e-6, "{}: {got:?} {want:?}", by.name());
        }
    }
    const { assert!(3 * 255 * 128 * MAX_DEPTH < 1 << 31) };
}

#[test]
fn what_is_no_number_stays_none() {
    let x = [1.0, f32::NAN, 1.0, 2.0, f32::INFINITY, 0.0];
    let w = [1.0, 1.0, f32::NAN, 0.0];
    let got = product(Isa::best(), Multiplier::best(Isa::best()), Grid::Real, &x, &w, 2);
    assert!(got[2] == 3.0 && [0, 1, 3, 4, 5].into_iter().all(|i: usize| got[i].is_nan()), "{got:?}");
    assert_eq!(product(Isa::best(), Multiplier::Portable, Grid::Real, &[0.0; 4], &[0.0; 4], 2), [0.0; 4]);
    let mut rows = Rows::default();
    rows.fill(Isa::best(), Grid::Real, 1.0, 2, &[]);
    let mut out = [1.0; 6];
    Columns::new(Isa::best(), &[], [3, 0]).product(Isa::best(), Multiplier::Portable, &rows, &mut out);
    assert_eq!(out, [0.0; 6]);
}
