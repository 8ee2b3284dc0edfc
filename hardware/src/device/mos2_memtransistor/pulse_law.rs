//! The exponential pulse law and its label.
//!
//! A state `u` in [0, 1] moves by `du/dx = (u_end - u)/(a·N)`, where one unit of `x` is one reference
//! pulse and `N` pulses cross the range. `a` follows from the nonlinearity label `NL` of NeuroSim
//! (Chen, Peng, Yu, IEEE TCAD 37, 3067 (2018), doi:10.1109/TCAD.2018.2789723):
//!
//! `max_y [(1 - exp(-y/a))/(1 - exp(-1/a)) - y] = 0.07·√2·|NL|`.

/// Greatest distance of a law from the straight line for each unit of label: NL counts 0.07 of the
/// perpendicular distance from the diagonal.
const DISTANCE_PER_LABEL: f64 = 0.07 * std::f64::consts::SQRT_2;
/// Labels between which the law is defined.
pub const LABELS: [f64; 2] = [0.01, 9.0];

/// Greatest distance from the straight line of the law with `b = 1/a`, and its derivative by `b`.
fn distance(b: f64) -> (f64, f64) {
    let full = -libm::expm1(-b);
    let y = (libm::log(b) - libm::log(full)) / b;
    let left = libm::exp(-b * y);
    let slope = (y * left * full - (1.0 - left) * (1.0 - full)) / (full * full);
    ((1.0 - left) / full - y, slope)
}

/// `a` of a label (its sign is ignored, its magnitude clamped to [`LABELS`]), by bisection.
#[must_use]
pub fn curvature_of_label(label: f64) -> f64 {
    let wanted = DISTANCE_PER_LABEL * label.abs().clamp(LABELS[0], LABELS[1]);
    let (mut low, mut high) = (1e-3_f64, 1e3_f64);
    // 60 halvings of the logarithm leave a relative error of 1e-17
    for _ in 0..60 {
        let middle = libm::sqrt(low * high);
        if distance(middle).0 < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    1.0 / libm::sqrt(low * high)
}

/// Label of `a`.
#[must_use]
pub fn label_of_curvature(a: f64) -> f64 {
    distance(1.0 / a).0 / DISTANCE_PER_LABEL
}

/// One direction of the pulse law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PulseLaw {
    label: f64,
    inverse: f64,
    pulses: f64,
    /// End point of growth; refill ends at `1 - end`.
    end: f64,
    /// Share of the remaining way covered by one reference pulse, to first order.
    rate: f64,
}

impl PulseLaw {
    /// The law of a label with `pulses` reference pulses over the whole range.
    #[must_use]
    pub fn new(label: f64, pulses: f64) -> Self {
        let label = label.abs().clamp(LABELS[0], LABELS[1]);
        Self::from_inverse(label, 1.0 / curvature_of_label(label), pulses)
    }

    fn from_inverse(label: f64, inverse: f64, pulses: f64) -> Self {
        Self { label, inverse, pulses, end: -1.0 / libm::expm1(-inverse), rate: inverse / pulses }
    }

    /// The law with `shift` added to the magnitude of its label: Newton's method from this law's own
    /// curvature, since a whole bisection for every cell of an array would cost too much.
    #[must_use]
    pub fn shifted(&self, shift: f64) -> Self {
        if shift == 0.0 {
            return *self;
        }
        let label = (self.label + shift).clamp(LABELS[0], LABELS[1]);
        let wanted = DISTANCE_PER_LABEL * label;
        let mut b = self.inverse;
        for _ in 0..40 {
            let (d, slope) = distance(b);
            let step = (wanted - d) / slope;
            // the distance is concave in b: a step back can overshoot zero, a step forward cannot
            b = (b + step).max(b / 8.0);
            // convergence is quadratic: the next step would be below rounding
            if step.abs() <= 1e-8 * b {
                break;
            }
        }
        Self::from_inverse(label, b, self.pulses)
    }

    /// The law with its number of pulses multiplied by `factor`.
    #[must_use]
    pub fn stretched(&self, factor: f64) -> Self {
        Self::from_inverse(self.label, self.inverse, self.pulses * factor)
    }

    /// `a` of the law.
    #[must_use]
    pub fn a(&self) -> f64 {
        1.0 / self.inverse
    }

    /// Reference pulses over the whole range.
    #[must_use]
    pub const fn pulses(&self) -> f64 {
        self.pulses
    }

    /// Share of the remaining way that `x` reference pulses cover.
    #[must_use]
    pub fn share(&self, x: f64) -> f64 {
        -libm::expm1(-x * self.rate)
    }

    /// State after growing from `u` by a share of the remaining way ([`PulseLaw::share`]), at most 1.
    #[must_use]
    #[inline]
    pub fn grow_by(&self, u: f64, share: f64) -> f64 {
        (u + (self.end - u) * share).min(1.0)
    }

    /// State after shrinking from `u` by a share of the remaining way, at least 0.
    #[must_use]
    #[inline]
    pub fn refill_by(&self, u: f64, share: f64) -> f64 {
        (u - (u - 1.0 + self.end) * share).max(0.0)
    }

    /// End point of growth and share of the remaining way that a pulse covers, to first order.
    pub(super) const fn end_and_rate(&self) -> [f64; 2] {
        [self.end, self.rate]
    }

    /// State after `x` reference pulses that make it grow from `u`, at most 1.
    #[must_use]
    pub fn grow(&self, u: f64, x: f64) -> f64 {
        self.grow_by(u, self.share(x))
    }

    /// State after `x` reference pulses that make it shrink from `u`, at least 0.
    #[must_use]
    pub fn refill(&self, u: f64, x: f64) -> f64 {
        self.refill_by(u, self.share(x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of the label table shipped with MLP-NeuroSim V3, which the condition regenerates.
    #[test]
    fn labels_give_the_published_curvatures() {
        for (nl, a) in [
            (0.01, 126.268_958),
            (0.25, 5.048_012),
            (1.0, 1.251_653),
            (2.4, 0.499_181),
            (3.0, 0.386_830),
            (4.22, 0.249_748),
            (4.88, 0.200_303),
            (9.0, 0.022_810),
        ] {
            let ours = curvature_of_label(nl);
            assert!((ours - a).abs() < 1.5e-6 * a.max(1.0), "NL {nl}: {ours} against {a}");
            assert!((curvature_of_label(-nl) - ours).abs() == 0.0);
            assert!((label_of_curvature(ours) - nl).abs() < 1e-9 * nl.max(1.0));
        }
    }

    /// The closed form against G = B(1 - exp(-x/A)) + Gmin, A = N·a.
    #[test]
    fn growth_is_the_published_formula() {
        let (n, nl) = (31.0, 4.22);
        let law = PulseLaw::new(nl, n);
        let a = curvature_of_label(nl) * n;
        let mut u = 0.0;
        for x in 0..=31 {
            let g = (1.0 - libm::exp(-f64::from(x) / a)) / (1.0 - libm::exp(-n / a));
            assert!((u - g).abs() < 1e-12, "{x}: {u} {g}");
            // refill is the same law seen from the other end
            assert!((law.refill(1.0, f64::from(x)) - (1.0 - g)).abs() < 1e-12);
            u = law.grow(u, 1.0);
        }
    }

    /// The closed form against a numerical solution of the differential equation by Runge–Kutta.
    #[test]
    fn closed_form_solves_the_rate_equation() {
        let law = PulseLaw::new(2.5, 64.0);
        let end = 1.0 / (1.0 - libm::exp(-1.0 / law.a()));
        let rate = |u: f64| (end - u) / (law.a() * 64.0);
        let (steps, h) = (4000, 40.0 / 4000.0);
        let mut u = 0.1;
        for _ in 0..steps {
            let k1 = rate(u);
            let k2 = rate(u + 0.5 * h * k1);
            let k3 = rate(u + 0.5 * h * k2);
            let k4 = rate(u + h * k3);
            u += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
        }
        assert!((law.grow(0.1, 40.0) - u).abs() < 1e-11, "{} {u}", law.grow(0.1, 40.0));
    }

    proptest::proptest! {
        #[test]
        fn trains_compose(nl in 0.01f64..9.0, u in 0f64..1.0, x in 0f64..40.0, y in 0f64..40.0) {
            let law = PulseLaw::new(nl, 64.0);
            proptest::prop_assert!((law.grow(law.grow(u, x), y) - law.grow(u, x + y)).abs() < 1e-9);
            proptest::prop_assert!((law.refill(law.refill(u, x), y) - law.refill(u, x + y)).abs() < 1e-9);
            proptest::prop_assert!(law.grow(u, x) >= u - 1e-12 && law.refill(u, x) <= u + 1e-12);
        }

        #[test]
        fn a_shifted_label_is_the_bisected_one(nl in 0.01f64..9.0, shift in -3f64..3.0) {
            let law = PulseLaw::new(nl, 64.0).shifted(shift);
            let direct = curvature_of_label((nl + shift).clamp(0.01, 9.0));
            proptest::prop_assert!((law.a() - direct).abs() < 1e-6 * direct, "{} {direct}", law.a());
        }
    }
}
