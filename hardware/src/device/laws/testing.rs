//! Populations of cells for the tests of the laws.

use super::super::{Chance, Window};
use super::{AgeingSpec, Storage};
use crate::units::{Kelvin, Second, Siemens};

/// A window of 1 to 10 uS.
pub const WINDOW: Window = Window { g_min: Siemens(1e-6), g_max: Siemens(1e-5) };

/// `n` cells of conductance `g` after `age` seconds at a temperature.
pub fn population(law: &AgeingSpec, g: f64, age: f64, kelvin: f64, n: u64, scale: f64) -> Vec<f64> {
    let cells: Vec<u64> = (0..n).collect();
    let mut g = vec![g; cells.len()];
    let storage = Storage {
        window: WINDOW,
        cells: &cells,
        age: Second(age),
        temperature: Kelvin(kelvin),
        chance: Chance { seed: 4, scale },
    };
    law.age(&mut g, &storage);
    g
}

/// Mean and unbiased variance.
pub fn moments(x: &[f64]) -> [f64; 2] {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    [mean, x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)]
}
