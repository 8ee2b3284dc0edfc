//! Current–voltage laws of cells.

use super::network::{Cell, Network};

/// Curve of the memory between its two terminals; the conductance `g` scales it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    /// `I = g·v`.
    Linear,
    /// `I = g·bias·sinh(v/scale)/sinh(bias/scale)`: chord conductance `g` at `bias` (at 0 V the slope).
    Sinh {
        /// Voltage at which `g` is given, in volt.
        bias: f64,
        /// Voltage scale in volt.
        scale: f64,
    },
}

impl Curve {
    /// Current scale in ampere of a [`Curve::Sinh`] of conductance `g`: `I = current_scale·sinh(v/scale)`.
    #[must_use]
    pub fn current_scale(g: f64, bias: f64, scale: f64) -> f64 {
        g * if bias == 0.0 { scale } else { bias / (bias / scale).sinh() }
    }
}

/// Current of every cell as a rising function of its voltage.
pub trait Law: Sync {
    /// Current in ampere and its derivative in siemens (not negative) of cell `row·cols + column` at `v` volt. The
    /// derivative only steers the iteration: an approximation costs steps, not accuracy.
    fn at(&self, cell: usize, v: f64) -> (f64, f64);
}

/// The law of the cells of a [`Network`]: memory, transistor and selector in series.
#[derive(Debug)]
pub struct Series<'a>(pub &'a Network);

impl Law for Series<'_> {
    fn at(&self, cell: usize, v: f64) -> (f64, f64) {
        let network = self.0;
        let g = network.g[cell];
        if g == 0.0 || !network.is_selected(cell / network.cols) {
            return (0.0, 0.0);
        }
        let mut ohms = 0.0;
        let mut sinhs = [None; 2];
        match network.cell {
            Cell::Resistor => {}
            Cell::Gated { access, .. } => ohms += access,
            Cell::Selector { current, scale } => sinhs[0] = Some((current, scale)),
        }
        match network.curve {
            Curve::Linear => ohms += 1.0 / g,
            Curve::Sinh { bias, scale } => sinhs[1] = Some((Curve::current_scale(g, bias, scale), scale)),
        }
        series(ohms, sinhs, v)
    }
}

/// Current and slope of a resistor in series with elements `I = i₀·sinh(v/v₀)`. The voltage is a concave function of
/// a positive current, so that Newton rises to the root from any current below it.
fn series(ohms: f64, sinhs: [Option<(f64, f64)>; 2], v: f64) -> (f64, f64) {
    let wanted = v.abs();
    let voltage = |i: f64| {
        sinhs
            .iter()
            .flatten()
            .fold((ohms * i, ohms), |(v, slope), (i0, v0)| (v + v0 * (i / i0).asinh(), slope + v0 / i.hypot(*i0)))
    };
    // an element alone carries at its share of the voltage no more than the chain
    let parts = sinhs.iter().flatten().count() + usize::from(ohms > 0.0);
    let share = wanted / parts.max(1) as f64;
    let least = if ohms > 0.0 { share / ohms } else { f64::INFINITY };
    let mut i = sinhs.iter().flatten().fold(least, |least, (i0, v0)| least.min(i0 * (share / v0).sinh()));
    let (mut at, mut slope) = voltage(i);
    for _ in 0..100 {
        let step = (wanted - at) / slope;
        i += step;
        (at, slope) = voltage(i);
        // convergence is quadratic: the next step would be below rounding
        if step.abs() <= 1e-9 * i {
            break;
        }
    }
    (i.copysign(v), 1.0 / slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_in_series_share_the_voltage() {
        for v in [-3.0, -0.4, 0.0, 1e-6, 0.2, 1.0, 5.0] {
            for sinhs in [[None; 2], [Some((1e-9, 0.05)), None], [Some((1e-9, 0.05)), Some((3e-6, 0.3))]] {
                for ohms in [1e3, 1e6] {
                    let (i, slope) = series(ohms, sinhs, v);
                    let drop =
                        |i: f64| sinhs.iter().flatten().fold(ohms * i, |sum, (i0, v0)| sum + v0 * (i / i0).asinh());
                    assert!((drop(i) - v).abs() <= 1e-13 * v.abs(), "{ohms} {v}: {}", drop(i));
                    let h = 1e-6 * i.abs().max(1e-15);
                    let expected = 2.0 * h / (drop(i + h) - drop(i - h));
                    assert!((slope / expected - 1.0).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn a_network_of_pure_resistors_follows_its_conductances() {
        let mut n = Network::passive(2, 1, vec![1e-4, 2e-4], 0.0, 0.0);
        n.cell = Cell::Gated { access: 5e3, selected: vec![false, true] };
        let g = n.conductances();
        for (cell, g) in g.iter().enumerate() {
            let (i, slope) = Series(&n).at(cell, 0.3);
            assert!((i - 0.3 * g).abs() < 1e-19 && (slope - g).abs() < 1e-18);
        }
    }
}
