//! Current of a filament in series with its access transistor.
//!
//! The filament is a linear path beside a barrier path: `I_f = (g_f - g_b)·v + g_b·v_r·sinh(v/V_0)/sinh(v_r/V_0)`,
//! both of chord `g_f` at the read bias `v_r`. The measured cells behave so: from 4.5 to 75 kOhm their
//! polynomials (Synaptogen) differ from a straight line by the same current, that of the median
//! high-resistance state, hence `g_b = min(g_f, 1/R_HRS)`. The transistor is a resistor `R_a`, contained in the
//! conductance `g` of the cell, and takes part of the voltage: `v = v_f + R_a·I_f(v_f)`.

/// Largest part of the read voltage that the transistor may take; only cells far outside the window get there.
const LARGEST_DIVISION: f64 = 0.95;

/// Series network of filament and transistor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conduction {
    /// Read bias in volt.
    pub bias: f64,
    /// Access resistance in ohm.
    pub access: f64,
    /// Voltage scale of the sinh.
    pub scale: f64,
    /// Conductance of the barrier path.
    pub barrier: f64,
}

impl Conduction {
    /// Current at `v` of a cell of chord conductance `g` at the read bias.
    pub(super) fn current(&self, g: f64, v: f64) -> f64 {
        let divided = (g * self.access).min(LARGEST_DIVISION);
        let at_bias = self.bias * (1.0 - divided);
        let filament = g / (1.0 - divided);
        let barrier = filament.min(self.barrier);
        let linear = filament - barrier;
        let gain = barrier * at_bias / libm::sinh(at_bias / self.scale);
        // the total voltage is convex in the filament's: Newton from above falls monotonically
        let wanted = v.abs();
        let mut x = wanted;
        for _ in 0..60 {
            let (sinh, cosh) = (libm::sinh(x / self.scale), libm::cosh(x / self.scale));
            let excess = x + self.access * (linear * x + gain * sinh) - wanted;
            let step = excess / (1.0 + self.access * (linear + gain / self.scale * cosh));
            x -= step;
            // convergence is quadratic: the next step would be below rounding
            if step.abs() <= 1e-9 * wanted {
                break;
            }
        }
        (linear * x + gain * libm::sinh(x / self.scale)).copysign(v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nominal() -> Conduction {
        Conduction { bias: 0.2, access: 1000.0, scale: 0.47, barrier: 1.0 / 75.3e3 }
    }

    #[test]
    fn the_chord_at_the_read_bias_is_the_conductance() {
        for g in [1e-6, 1.0 / 75.3e3, 1e-4, 1.0 / 4521.0] {
            assert!((nominal().current(g, 0.2) / (0.2 * g) - 1.0).abs() < 1e-12);
            assert!((nominal().current(g, 0.7) + nominal().current(g, -0.7)).abs() < 1e-18);
        }
        assert_eq!(nominal().current(1e-5, 0.0), 0.0);
    }

    #[test]
    fn a_transistor_limits_the_current() {
        let c = nominal();
        let g = 1.0 / 4521.0;
        let without = Conduction { access: 0.0, ..c };
        assert!(c.current(g, 2.0) < without.current(g, 2.0));
        // no cell passes more than the transistor alone
        assert!(c.current(1e-2, 1.0) <= 1.0 / 1000.0);
    }

    /// Against the published polynomials: I = (1-r)·I_L + r·I_H with r from the resistance at 0.2 V.
    #[test]
    fn agrees_with_the_measured_polynomials() {
        let Ok(folder) = std::env::var("ARCHSIM_REFERENCE") else {
            eprintln!("SKIPPED: conduction against Synaptogen, ARCHSIM_REFERENCE is not set");
            return;
        };
        let path = std::path::Path::new(&folder).join("synaptogen/params.json");
        let params: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let polynomial = |name: &str, u: f64| {
            params[name].as_array().unwrap().iter().fold(0.0, |sum, c| sum * u + c.as_f64().unwrap())
        };
        let (high, low) = (
            |u| polynomial("I_HHRS_poly_highest_power_first", u),
            |u| polynomial("I_LLRS_poly_highest_power_first", u),
        );
        for ohm in [4521.0, 10e3, 30e3, 75.3e3] {
            let r = (low(0.2) / 0.2 - 1.0 / ohm) / (low(0.2) / 0.2 - high(0.2) / 0.2);
            for u in [0.1, 0.3, 0.4, 0.6, 0.8, 1.0] {
                let theirs = (1.0 - r) * low(u) + r * high(u);
                let ours = nominal().current(1.0 / ohm, u);
                assert!((ours / theirs - 1.0).abs() < 0.07, "{ohm} ohm at {u} V: {ours} against {theirs}");
            }
        }
    }
}
