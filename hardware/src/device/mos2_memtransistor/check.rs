//! Which cards of the memtransistor make sense.

use super::Mos2Memtransistor;
use super::pulse_law::LABELS;
use super::spec::{Mos2Spec, StateSpec, WindowSpec};
use crate::device::spec::{Checks, SpecError};
use crate::units::Kelvin;

/// Largest argument of a sinh: beyond it the laws are far outside any fit.
const LARGEST_SINH: f64 = 300.0;

impl Mos2Spec {
    /// Checks the card and makes the cell for a chip at `temperature`.
    ///
    /// # Errors
    /// Every field out of its range, and a window that two zones cannot reach.
    pub fn build(&self, temperature: Kelvin) -> Result<Mos2Memtransistor, Vec<SpecError>> {
        let mut checks = Checks::default();
        self.check(&mut checks);
        checks.temperature(temperature, self.temperature.minimum, self.temperature.maximum);
        if !checks.clean() {
            return Err(checks.errors());
        }
        self.assemble(temperature).map_err(|e| vec![e])
    }

    fn check(&self, c: &mut Checks) {
        match &self.window {
            WindowSpec::Fixed(w) => {
                c.positive("window.fixed.g_min", w.g_min.0);
                c.require(
                    w.g_max > w.g_min,
                    "window.fixed.g_max",
                    format!("`g_max` ({}) must be greater than `g_min` ({})", w.g_max, w.g_min),
                    "exchange the two, or raise `g_max`",
                );
            }
            WindowSpec::Gated(w) => {
                c.positive("window.gated.g_on", w.g_on.0);
                c.positive("window.gated.softness", w.softness.0);
                c.within("window.gated.ratio", w.ratio, 1.0, 1e5);
                c.within("window.gated.log_ratio_per_volt", w.log_ratio_per_volt, -1.0, 1.0);
            }
        }
        if let StateSpec::DualZone(z) = &self.state {
            c.within("state.dual_zone.steepness", z.steepness, 1e-3, LARGEST_SINH);
            c.require(
                z.mismatch.0 > -1.0,
                "state.dual_zone.mismatch",
                "`state.dual_zone.mismatch` must be greater than -100 %",
                "0 % means equal contacts",
            );
        }
        c.within("gate.top_ratio", self.gate.top_ratio, 0.0, 100.0);
        let largest = [
            self.programming.potentiation.0.abs(),
            self.programming.depression.0.abs(),
            self.kinetics.reference_amplitude.0.abs(),
            self.read.voltage.0.abs(),
        ]
        .into_iter()
        .fold(0.0, f64::max);
        for (field, v) in [("iv.scale", self.iv.scale), ("kinetics.voltage_scale", self.kinetics.voltage_scale)] {
            c.positive(field, v.0);
            c.require(
                v.0 <= 0.0 || largest / v.0 <= LARGEST_SINH,
                field,
                format!("`{field}` ({v}) is far too small for pulses of {} V", largest),
                format!("choose at least {} V", largest / LARGEST_SINH),
            );
        }
        c.positive("iv.saturation", self.iv.saturation.0);
        if let Some(b) = &self.iv.barriers {
            c.positive("iv.barriers.left", b.left.0);
            c.positive("iv.barriers.right", b.right.0);
        }
        self.check_kinetics(c);
        let v = &self.variation;
        for (field, value) in [
            ("variation.conductance", v.conductance.0),
            ("variation.threshold", v.threshold.0),
            ("variation.nonlinearity", v.nonlinearity),
            ("variation.rate", v.rate.0),
            ("variation.cycle_to_cycle", v.cycle_to_cycle.0),
            ("read.noise", self.read.noise.0),
        ] {
            c.not_negative(field, value);
        }
        for (field, share) in [
            ("variation.yield", v.working),
            ("variation.stuck_on", v.stuck_on),
            ("read.rtn_probability", self.read.rtn_probability),
            ("read.rtn_amplitude", self.read.rtn_amplitude),
            ("retention.fast_share", self.retention.fast_share),
            ("retention.equilibrium", self.retention.equilibrium),
        ] {
            c.within(field, share.0, 0.0, 1.0);
        }
        c.positive("read.voltage", self.read.voltage.0);
        for coupling in &self.terminals.coupling {
            c.require(
                coupling.is_finite(),
                "terminals.coupling",
                format!("`terminals.coupling` has an entry {coupling}"),
                "give one number for each terminal, 0 for none",
            );
        }
        c.not_negative("stdp.potentiation", self.stdp.potentiation);
        c.not_negative("stdp.depression", self.stdp.depression);
        c.positive("stdp.tau_potentiation", self.stdp.tau_potentiation.0);
        c.positive("stdp.tau_depression", self.stdp.tau_depression.0);
        c.positive("retention.tau_fast", self.retention.tau_fast.0);
        c.positive("retention.tau_slow", self.retention.tau_slow.0);
        c.within("retention.activation_ev", self.retention.activation_ev, 0.0, 3.0);
        c.positive("temperature.minimum", self.temperature.minimum.0);
        c.positive("temperature.reference", self.temperature.reference.0);
    }

    fn check_kinetics(&self, c: &mut Checks) {
        let (k, p) = (&self.kinetics, &self.programming);
        for (field, n) in [
            ("kinetics.pulses_potentiation", k.pulses_potentiation),
            ("kinetics.pulses_depression", k.pulses_depression),
        ] {
            c.within(field, n, 1.0, 1e6);
        }
        c.within("kinetics.nonlinearity_potentiation", k.nonlinearity_potentiation, 0.0, LABELS[1]);
        c.within("kinetics.nonlinearity_depression", k.nonlinearity_depression, -LABELS[1], 0.0);
        c.positive("kinetics.reference_amplitude", k.reference_amplitude.0);
        c.positive("kinetics.reference_width", k.reference_width.0);
        c.not_negative("kinetics.threshold", k.threshold.0);
        c.positive("kinetics.threshold_softness", k.threshold_softness.0);
        c.positive("programming.width", p.width.0);
        c.positive("programming.correction_width", p.correction_width.0);
        c.within("programming.headroom", p.headroom.0, 0.0, 0.9);
        c.require(
            p.correction_width <= p.width,
            "programming.correction_width",
            format!("`correction_width` ({}) is longer than `width` ({})", p.correction_width, p.width),
            "a fine pulse is at most as long as a coarse one",
        );
        c.require(
            p.potentiation.0 * p.depression.0 < 0.0,
            "programming.depression",
            format!("`potentiation` ({}) and `depression` ({}) must have opposite signs", p.potentiation, p.depression),
            "vacancies move back only under the opposite polarity",
        );
        if let Some(v) = &p.verify {
            c.require(
                v.tries >= 1,
                "programming.verify.tries",
                "`tries` must be at least 1",
                "or write `verify: null`",
            );
            c.positive("programming.verify.tolerance", v.tolerance.0);
            c.not_negative("programming.verify.read_time", v.read_time.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Volt;

    const ROOM: Kelvin = Kelvin(300.0);

    fn fields(change: impl Fn(&mut Mos2Spec)) -> Vec<String> {
        let mut spec = Mos2Spec::default();
        change(&mut spec);
        spec.build(ROOM).err().unwrap_or_default().into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let found = fields(|s| {
            s.read.voltage = Volt(0.0);
            s.programming.depression = Volt(5.0);
            s.kinetics.pulses_depression = 0.0;
        });
        assert_eq!(found, ["kinetics.pulses_depression", "programming.depression", "read.voltage"]);
    }

    #[test]
    fn a_card_holds_within_its_temperatures() {
        let spec = Mos2Spec::default();
        assert!(spec.build(Kelvin(250.0)).is_ok() && spec.build(Kelvin(400.0)).is_ok());
        assert_eq!(spec.build(Kelvin(401.0)).unwrap_err()[0].field, "temperature");
        assert_eq!(spec.build(Kelvin(f64::NAN)).unwrap_err()[0].field, "temperature");
    }

    #[test]
    fn a_window_beyond_two_zones_is_refused() {
        assert_eq!(
            fields(
                |s| s.state = StateSpec::DualZone(crate::device::DualZoneSpec { steepness: 4.0, ..Default::default() })
            ),
            ["window"]
        );
    }

    #[test]
    fn a_gate_that_closes_the_window_is_refused() {
        assert_eq!(fields(|s| s.gate.read = Volt(-1000.0)), ["gate.read"]);
        assert_eq!(fields(|s| s.gate.write = Volt(-120.0)), ["gate.write"]);
    }

    #[test]
    fn pulses_that_move_nothing_are_refused() {
        assert_eq!(fields(|s| s.programming.potentiation = Volt(1.0)), ["programming.potentiation"]);
    }

    #[test]
    fn not_a_number_is_never_in_range() {
        assert!(!fields(|s| s.variation.rate.0 = f64::NAN).is_empty());
        assert!(!fields(|s| s.gate.read.0 = f64::NAN).is_empty());
    }
}
