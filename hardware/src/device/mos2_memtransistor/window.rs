//! Gate-dependent window, and the resistances in series behind it.
//!
//! `R(V_G) = R0·exp(k_R·(V_G - V_G0))`, clamped to [1, 1e5];
//! `G_on(V_G) = G1·s²((V_G - V_T)/(2·v_s))/s²((V_G0 - V_T)/(2·v_s))` with `s(x) = ln(1 + exp(x))`;
//! `G_off = G_on/R`.

use super::kernel::Series;
use super::spec::{GatedWindowSpec, WindowSpec};
use super::state::State;

/// Largest ratio of the window: the largest published switching ratio (Yin et al., ACS AMI 2019).
const LARGEST_RATIO: f64 = 1e5;

/// `ln(1 + exp(x))` without overflow.
pub(super) fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// Highest conductance of the gated window at effective gate voltage `gate`, with `shift` added to the threshold.
pub(super) fn g_on(w: &GatedWindowSpec, gate: f64, reference: f64, shift: f64) -> f64 {
    let turn_on = |v: f64| softplus((v - w.threshold.0) / (2.0 * w.softness.0));
    let ratio = turn_on(gate - shift) / turn_on(reference);
    w.g_on.0 * ratio * ratio
}

/// Ratio of the gated window.
pub(super) fn ratio(w: &GatedWindowSpec, gate: f64, reference: f64) -> f64 {
    (w.ratio * libm::exp(w.log_ratio_per_volt * (gate - reference))).clamp(1.0, LARGEST_RATIO)
}

/// Lowest and highest conductance of the nominal cell; a fixed window is what is left below `headroom`.
pub(super) fn bounds(w: &WindowSpec, headroom: f64, gate: f64, reference: f64) -> [f64; 2] {
    match w {
        WindowSpec::Fixed(f) => [f.g_min.0, f.g_min.0 + (f.g_max.0 - f.g_min.0) / (1.0 - headroom)],
        WindowSpec::Gated(w) => {
            let on = g_on(w, gate, reference, 0.0);
            [on / ratio(w, gate, reference), on]
        }
    }
}

/// Conductance as a function of the state, at one gate voltage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Channel {
    /// Conductance of the lowest state.
    pub off: f64,
    /// Conductance of the highest state.
    pub on: f64,
    zones: Option<Zones>,
}

/// Resistances in series, in ohm.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Zones {
    channel: f64,
    left: f64,
    right: f64,
    shape: ZoneShape,
}

/// How the resistance of a zone depends on its width, and the right zone on the left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ZoneShape {
    steepness: f64,
    /// `1/(exp(steepness) - 1)`.
    unit: f64,
    right_over_left: f64,
}

impl ZoneShape {
    /// Exponent of a full zone, right over left resistance.
    pub(super) fn new(steepness: f64, right_over_left: f64) -> Self {
        Self { steepness, unit: 1.0 / libm::expm1(steepness), right_over_left }
    }
    fn resistance(&self, width: f64) -> f64 {
        if width == 0.0 { 0.0 } else { libm::expm1(self.steepness * width) * self.unit }
    }
    /// Resistance of both zones over that of a full left one.
    pub(super) fn total(&self, s: State) -> f64 {
        self.resistance(s.left) + self.right_over_left * self.resistance(s.right)
    }
}

impl Channel {
    /// One normalised conductance between `off` and `on`.
    pub(super) const fn normalised([off, on]: [f64; 2]) -> Self {
        Self { off, on, zones: None }
    }

    /// Two zones such that the state with a full left zone alone has `off` and that with the least
    /// resistance `least` (of [`ZoneShape::total`]) has `on`; `None` if no channel is conductive enough.
    pub(super) fn dual_zone([off, on]: [f64; 2], shape: ZoneShape, least: f64) -> Option<Self> {
        let left = (1.0 / off - 1.0 / on) / (1.0 - least);
        let channel = 1.0 / on - least * left;
        let zones = Zones { channel, left, right: left * shape.right_over_left, shape };
        (channel > 0.0).then_some(Self { off, on, zones: Some(zones) })
    }

    /// The same law for loops in single precision.
    pub(super) fn series(&self) -> Series {
        let ends = [self.off as f32, self.on as f32];
        self.zones.map_or(Series { ohms: [0.0; 3], steepness: 0.0, ends }, |z| Series {
            ohms: [z.channel as f32, z.left as f32, z.right as f32],
            steepness: z.shape.steepness as f32,
            ends,
        })
    }

    /// Conductance of a state.
    pub(super) fn conductance(&self, s: State) -> f64 {
        match &self.zones {
            None => self.off + (self.on - self.off) * (1.0 - s.left),
            Some(z) => {
                let (left, right) = (z.shape.resistance(s.left), z.shape.resistance(s.right));
                1.0 / (z.channel + z.left * left + z.right * right)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sangwan et al., Nature 554, 500 (2018): four orders over the gate range; 300 and 8 at its ends.
    #[test]
    fn default_window_has_the_published_spans() {
        let w = GatedWindowSpec::default();
        let span = g_on(&w, 50.0, 0.0, 0.0) / g_on(&w, -50.0, 0.0, 0.0);
        assert!((span / 1e4 - 1.0).abs() < 1e-3, "{span}");
        assert!((ratio(&w, 50.0, 0.0) - 300.0).abs() < 0.2, "{}", ratio(&w, 50.0, 0.0));
        assert!((ratio(&w, -50.0, 0.0) - 8.0).abs() < 0.01, "{}", ratio(&w, -50.0, 0.0));
        assert!((g_on(&w, 0.0, 0.0, 0.0) - w.g_on.0).abs() < 1e-20);
        assert_eq!(ratio(&w, 1000.0, 0.0), 1e5);
        assert_eq!(ratio(&w, -1000.0, 0.0), 1.0);
    }

    #[test]
    fn a_shifted_threshold_is_a_shifted_gate() {
        let w = GatedWindowSpec::default();
        assert!((g_on(&w, 3.0, 0.0, 1.5) - g_on(&w, 1.5, 0.0, 0.0)).abs() < 1e-20);
        assert!(softplus(800.0) == 800.0 && softplus(-800.0) == 0.0);
    }

    #[test]
    fn dual_zone_channel_has_the_asked_ends() {
        let shape = ZoneShape::new(12.0, 1.3);
        let best = State { left: 0.3, right: 0.25 };
        let c = Channel::dual_zone([2e-9, 200e-9], shape, shape.total(best)).unwrap();
        assert!((c.conductance(State::LOWEST) / 2e-9 - 1.0).abs() < 1e-12);
        assert!((c.conductance(best) / 200e-9 - 1.0).abs() < 1e-12);
        assert!(Channel::dual_zone([1e-12, 200e-9], shape, shape.total(best)).is_none());
    }
}
