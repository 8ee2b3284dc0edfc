//! Cells of a device model behind an access element.

use super::law::Law;
use super::network::Cell;
use crate::device::Device;
use crate::units::Volt;

/// Memory cells of a device in series with a transistor, a selector or nothing.
///
/// The memory's curve is the device's, scaled so that its chord conductance at `v_read` is `g`.
#[derive(Debug)]
pub struct Mounted<'a> {
    /// The device.
    pub device: &'a dyn Device,
    /// Chord conductances of the memory at `v_read` in siemens, `[row][column]`.
    pub g: &'a [f64],
    /// Read voltage in volt.
    pub v_read: f64,
    /// What stands in series with the memory; marks of selection are not looked at.
    pub access: &'a Cell,
}

/// A cell at some voltage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Current in ampere.
    pub current: f64,
    /// Its derivative by the voltage in siemens.
    pub slope: f64,
    /// Its derivative by the memory's conductance, divided by the voltage: 1 without access element.
    pub sensitivity: f64,
}

/// Most steps of the search for the memory's share of the voltage.
const STEPS: usize = 200;

impl Mounted<'_> {
    /// Whether currents are proportional to voltages.
    #[must_use]
    pub fn is_linear(&self) -> bool {
        self.device.read_bias().is_none() && !matches!(self.access, Cell::Selector { .. })
    }

    /// Current of the memory alone at `x` volt, and its slope.
    fn memory(&self, cell: usize, x: f64) -> (f64, f64) {
        let g = self.g[cell];
        if self.device.read_bias().is_none() || g == 0.0 {
            return (g * x, g);
        }
        let unit = g * self.v_read / self.device.current(g, Volt(self.v_read));
        let current = |x: f64| unit * self.device.current(g, Volt(x));
        // cube root of the machine epsilon: where truncation and rounding of a central difference meet
        let h = 6e-6 * x.abs().max(0.01);
        (current(x), ((current(x + h) - current(x - h)) / (2.0 * h)).max(0.0))
    }

    /// Voltage of the access element at a current, and its slope in ohm.
    fn access(&self, i: f64) -> (f64, f64) {
        match *self.access {
            Cell::Resistor => (0.0, 0.0),
            Cell::Gated { access, .. } => (access * i, access),
            Cell::Selector { current, scale } => (scale * (i / current).asinh(), scale / i.hypot(current)),
        }
    }

    /// The cell at `v` volt across memory and access element.
    #[must_use]
    pub fn point(&self, cell: usize, v: f64) -> Point {
        let wanted = v.abs();
        let (mut low, mut high, mut x) = (0.0, wanted, wanted);
        // the voltage of the chain rises with that of the memory: Newton, kept within its bracket
        for _ in 0..STEPS {
            let (i, slope) = self.memory(cell, x);
            let (drop, ohms) = self.access(i);
            let excess = x + drop - wanted;
            if excess > 0.0 {
                high = x
            } else {
                low = x
            }
            let next = x - excess / (1.0 + slope * ohms);
            let next = if next > low && next < high { next } else { 0.5 * (low + high) };
            let step = (next - x).abs();
            x = if excess == 0.0 { x } else { next };
            if step <= 1e-14 * wanted || excess == 0.0 {
                break;
            }
        }
        let (i, slope) = self.memory(cell, x);
        let lost = 1.0 + slope * self.access(i).1;
        let chord = if self.g[cell] > 0.0 && wanted > 0.0 { i / (self.g[cell] * wanted) } else { 1.0 };
        Point { current: i.copysign(v), slope: slope / lost, sensitivity: chord / lost }
    }

    /// Chord conductance in siemens at `v` volt (not 0).
    #[must_use]
    pub fn chord(&self, cell: usize, v: f64) -> f64 {
        match (self.is_linear(), self.access) {
            (true, Cell::Gated { access, .. }) => self.g[cell] / (1.0 + access * self.g[cell]),
            (true, _) => self.g[cell],
            // nothing shares the voltage: no search, no slope
            (false, Cell::Resistor) if self.g[cell] == 0.0 || v == self.v_read => self.g[cell],
            (false, Cell::Resistor) => {
                let current = |v: f64| self.device.current(self.g[cell], Volt(v));
                self.g[cell] * self.v_read / current(self.v_read) * current(v) / v
            }
            _ => self.point(cell, v).current / v,
        }
    }
}

impl Law for Mounted<'_> {
    fn at(&self, cell: usize, v: f64) -> (f64, f64) {
        let point = self.point(cell, v);
        (point.current, point.slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{HfOxSpec, Ideal, IdealSpec};
    use crate::units::{Kelvin, Siemens};

    fn ideal() -> Ideal {
        IdealSpec { g_min: Siemens(1e-6), g_max: Siemens(1e-4) }.build().unwrap()
    }

    #[test]
    fn access_elements_take_their_share() {
        let hfox = HfOxSpec::default().build(Kelvin(300.0)).unwrap();
        let devices: [&dyn Device; 2] = [&ideal(), &hfox];
        let gated = Cell::Gated { access: 3e3, selected: vec![] };
        let selector = Cell::Selector { current: 1e-7, scale: 0.03 };
        for device in devices {
            for access in [&Cell::Resistor, &gated, &selector] {
                let g = [2e-5, 9e-5, 0.0];
                let law = Mounted { device, g: &g, v_read: 0.2, access };
                for v in [-0.3, 0.01, 0.2] {
                    for cell in 0..3 {
                        let p = law.point(cell, v);
                        // the memory's voltage is what the access element leaves
                        let x = v - law.access(p.current).0;
                        assert!((law.memory(cell, x).0 - p.current).abs() <= 1e-12 * p.current.abs());
                        let h = 1e-5;
                        let slope = (law.point(cell, v + h).current - law.point(cell, v - h).current) / (2.0 * h);
                        assert!((p.slope - slope).abs() <= 2e-4 * slope, "{v} {cell}: {} {slope}", p.slope);
                        if cell == 2 {
                            continue;
                        }
                        assert!((law.chord(cell, v) - p.current / v).abs() < 1e-12 * law.chord(cell, v));
                        // the curve of a device changes with its conductance; that of a linear one does not
                        if device.read_bias().is_none() {
                            let more: Vec<f64> = g.iter().map(|g| g * (1.0 + 1e-6)).collect();
                            let other = Mounted { g: &more, ..law };
                            let by_g = (other.point(cell, v).current - p.current) / (1e-6 * g[cell]) / v;
                            assert!((p.sensitivity / by_g - 1.0).abs() < 1e-4, "{} {by_g}", p.sensitivity);
                        }
                    }
                }
                assert_eq!(law.is_linear(), device.read_bias().is_none() && *access != selector);
            }
        }
    }

    #[test]
    fn chords_at_the_read_voltage_are_the_conductances() {
        let device = HfOxSpec::default().build(Kelvin(300.0)).unwrap();
        let law = Mounted { device: &device, g: &[4e-5], v_read: 0.15, access: &Cell::Resistor };
        assert!((law.chord(0, 0.15) / 4e-5 - 1.0).abs() < 1e-12);
        assert_ne!(law.chord(0, 0.3), 4e-5);
    }
}
