//! A binary-weighted array of unit elements: capacitors of a SAR, current sources of a voltage DAC.

use super::Instance;

/// Levels that the array makes for every code, in LSB: element `i` consists of `2^i` units, each of which
/// deviates by `sigma` of its value, so the element by `sigma·√2^i` units; one unit more closes the array.
/// The level of a code is its share of the whole array times `2^bits`.
///
/// First order in `sigma` the deviation `e_k` of level `k` has the covariance
/// `σ²·((k AND l) − k·l/2^N)`, a bridge pinned at both ends.
pub(super) fn levels(bits: u8, sigma: f64, instance: Instance, draw: u32) -> Vec<f64> {
    let element = |i: u8| {
        let units = f64::from(1u32 << i);
        (units + sigma * units.sqrt() * instance.normal(draw + u32::from(i))).max(0.0)
    };
    let elements: Vec<f64> = (0..bits).map(element).collect();
    let closing = (1.0 + sigma * instance.normal(draw + u32::from(bits))).max(0.0);
    let step = f64::from(1u32 << bits) / (elements.iter().sum::<f64>() + closing);
    let sum = |code: u32| -> f64 { (0..bits).filter(|i| code >> i & 1 == 1).map(|i| elements[usize::from(i)]).sum() };
    (0..1u32 << bits).map(|code| sum(code) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_spread_levels_are_whole() {
        let nominal = Instance { scale: 0.0, ..Instance::new(1, 2) };
        let expected: Vec<f64> = (0..32).map(f64::from).collect();
        assert_eq!(levels(5, 0.1, nominal, 0), expected);
    }
}
