//! Measured steps between their knots: linear in the conductance, linear in the voltage.
//!
//! Beyond the first and last conductance of a curve its end values hold. Above the highest voltage that was
//! measured its curve holds; below the lowest, steps fall in proportion to the voltage (assumed; nothing was
//! measured there). The error of the mean step between knots a distance `h` apart is at most `h²/8·max|f''|`.

use super::spec::{PulseDirection, PulseRow};
use crate::device::spec::SpecError;
use crate::units::Volt;

/// Mean and standard deviation of a step, in siemens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    pub mean: f64,
    pub spread: f64,
}

impl Step {
    fn between(a: Self, b: Self, share: f64) -> Self {
        Self { mean: a.mean + (b.mean - a.mean) * share, spread: a.spread + (b.spread - a.spread) * share }
    }
    /// The step of the share `part` of a pulse: variances add up.
    pub(super) fn of_part(self, part: f64) -> Self {
        Self { mean: self.mean * part, spread: self.spread * libm::sqrt(part) }
    }
}

/// Steps of one voltage over the conductance, knots rising; `slopes` between each knot and the next.
#[derive(Debug, Clone, PartialEq, Default)]
struct Curve {
    g: Vec<f64>,
    steps: Vec<Step>,
    slopes: Vec<Step>,
}

impl Curve {
    /// Adds a knot above all others.
    fn push(&mut self, g: f64, step: Step) {
        if let (Some(g0), Some(s0)) = (self.g.last(), self.steps.last()) {
            let slope = |a: f64, b: f64| (b - a) / (g - g0);
            self.slopes.push(Step { mean: slope(s0.mean, step.mean), spread: slope(s0.spread, step.spread) });
        }
        self.g.push(g);
        self.steps.push(step);
    }

    fn at(&self, g: f64) -> Step {
        let last = self.g.len() - 1;
        let i = self.g.partition_point(|&x| x < g).clamp(1, last) - 1;
        let (from, slope, by) = (self.steps[i], self.slopes[i], g.clamp(self.g[0], self.g[last]) - self.g[i]);
        Step { mean: from.mean + slope.mean * by, spread: from.spread + slope.spread * by }
    }
}

/// Steps of one direction over voltage and conductance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Surface {
    /// Magnitudes of the voltages, rising.
    voltages: Vec<f64>,
    curves: Vec<Curve>,
}

impl Surface {
    /// The rows of one direction; `nominal` is the voltage of rows that name none.
    ///
    /// # Errors
    /// Every conductance that stands twice, every voltage with fewer than two conductances.
    pub(super) fn new(rows: &[PulseRow], direction: PulseDirection, nominal: Volt) -> Result<Self, Vec<SpecError>> {
        let volts = |r: &PulseRow| r.voltage.unwrap_or(nominal).0.abs();
        let mut sorted: Vec<(usize, &PulseRow)> =
            rows.iter().enumerate().filter(|(_, r)| r.pulse == direction).collect();
        sorted.sort_by(|(_, a), (_, b)| volts(a).total_cmp(&volts(b)).then(a.g.0.total_cmp(&b.g.0)));
        let mut surface = Self { voltages: Vec::new(), curves: Vec::new() };
        let mut errors = Vec::new();
        for (i, row) in sorted {
            if surface.voltages.last() != Some(&volts(row)) {
                surface.voltages.push(volts(row));
                surface.curves.push(Curve::default());
            }
            let Some(curve) = surface.curves.last_mut() else { continue };
            if curve.g.last() == Some(&row.g.0) {
                errors.push(SpecError {
                    field: format!("rows.{i}.g"),
                    message: format!("{} stands twice for the same pulse", row.g),
                    help: "merge repeated measurements into one mean and spread".into(),
                });
                continue;
            }
            curve.push(row.g.0, Step { mean: row.mean.0, spread: row.spread.0 });
        }
        let name = if direction == PulseDirection::Up { "up" } else { "down" };
        let short = surface.curves.iter().position(|c| c.g.len() < 2);
        if surface.curves.is_empty() || short.is_some() {
            let at = short.map_or(String::new(), |i| format!(" at {}", Volt(surface.voltages[i])));
            errors.push(SpecError {
                field: "rows".into(),
                message: format!("the pulse `{name}`{at} is known at fewer than two conductances"),
                help: "measure it at two or more conductances".into(),
            });
        }
        if errors.is_empty() { Ok(surface) } else { Err(errors) }
    }

    /// Lowest and highest conductance that were measured.
    pub(super) fn range(&self) -> [f64; 2] {
        self.curves.iter().fold([f64::INFINITY, 0.0], |[low, high], c| [low.min(c.g[0]), high.max(c.g[c.g.len() - 1])])
    }

    /// The step of one nominal width at a conductance and the magnitude of a voltage.
    pub(super) fn step(&self, g: f64, volts: f64) -> Step {
        let i = self.voltages.partition_point(|&v| v < volts);
        if i == self.voltages.len() {
            self.curves[i - 1].at(g)
        } else if i == 0 {
            Step::between(Step { mean: 0.0, spread: 0.0 }, self.curves[0].at(g), volts / self.voltages[0])
        } else {
            let share = (volts - self.voltages[i - 1]) / (self.voltages[i] - self.voltages[i - 1]);
            Step::between(self.curves[i - 1].at(g), self.curves[i].at(g), share)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Siemens;

    fn row(volts: Option<f64>, g: f64, mean: f64) -> PulseRow {
        PulseRow {
            pulse: PulseDirection::Up,
            voltage: volts.map(Volt),
            g: Siemens(g),
            mean: Siemens(mean),
            spread: Siemens(0.1 * mean),
        }
    }

    /// A bilinear function is reproduced between all knots, in whatever order the rows come.
    #[test]
    fn bilinear_functions_are_met_exactly() {
        let f = |v: f64, g: f64| 3.0 + 2.0 * v + 0.5 * g + 0.25 * v * g;
        let rows: Vec<PulseRow> = [(2.0, 4.0), (1.0, 0.0), (2.0, 1.0), (1.0, 4.0), (3.0, 4.0), (3.0, 0.0)]
            .map(|(v, g)| row(Some(v), g, f(v, g)))
            .into();
        let s = Surface::new(&rows, PulseDirection::Up, Volt(-9.0)).unwrap();
        for (v, g) in [(1.0, 1.0), (1.3, 2.0), (2.5, 3.9), (3.0, 1.0)] {
            let step = s.step(g, v);
            assert!((step.mean - f(v, g)).abs() < 1e-12 && (step.spread - 0.1 * f(v, g)).abs() < 1e-12);
        }
        assert_eq!(s.step(2.0, 7.0), s.step(2.0, 3.0));
        assert_eq!(s.step(2.0, 0.5).mean, 0.5 * f(1.0, 2.0));
        assert_eq!(s.step(9.0, 1.0), s.step(4.0, 1.0));
        assert_eq!(s.range(), [0.0, 4.0]);
    }

    #[test]
    fn rows_that_make_no_curve_are_told() {
        let rows = [row(None, 1.0, 1.0), row(None, 2.0, 1.0), row(None, 1.0, 1.0), row(Some(3.0), 1.0, 1.0)];
        let errors = Surface::new(&rows, PulseDirection::Up, Volt(-1.0)).unwrap_err();
        assert_eq!(errors[0].field, "rows.2.g");
        assert!(errors[1].message.contains("at 3 V"), "{errors:?}");
        assert!(Surface::new(&rows, PulseDirection::Down, Volt(-1.0)).is_err());
    }
}
