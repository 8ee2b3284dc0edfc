//! The ageing group of a card: one law, offered to every technology.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::spec::Checks;
use super::super::{Chance, Window};
use super::{ArrheniusSpec, GenerativeSpec, MetastableSwitchSpec, PowerLawSpec, StretchedExponentialSpec};
use crate::rng::{Domain, Draw};
use crate::units::{Kelvin, Second};

/// How programmed cells age: `ageing: none` or `ageing: { power_law: { … } }`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgeingSpec {
    /// Cells stay as programmed.
    #[default]
    None,
    /// `g·(1 + t/t_0)^-ν`, an exponent for each cell.
    PowerLaw(PowerLawSpec),
    /// Decay to a rest by `exp(-(t/τ)^β)`.
    StretchedExponential(StretchedExponentialSpec),
    /// Loss of the state with life and activation energy of its own.
    Arrhenius(ArrheniusSpec),
    /// Two-state switches that flip back and forth: the exact conditional law.
    MetastableSwitches(MetastableSwitchSpec),
    /// A trained generator conditioned on state and delay.
    Generative(GenerativeSpec),
}

/// Under what cells are stored: what every ageing law is told.
#[derive(Debug, Clone, Copy)]
pub struct Storage<'a> {
    /// Window of the technology.
    pub window: Window,
    /// Address of each cell.
    pub cells: &'a [u64],
    /// Time since programming.
    pub age: Second,
    /// Constant temperature meanwhile.
    pub temperature: Kelvin,
    /// World of the draws.
    pub chance: Chance,
}

impl Storage<'_> {
    /// Width of the window in siemens.
    pub(super) fn span(&self) -> f64 {
        self.window.g_max.0 - self.window.g_min.0
    }
    /// Position of a conductance in the window, 0 to 1.
    pub(super) fn level(&self, g: f64) -> f64 {
        ((g - self.window.g_min.0) / self.span()).clamp(0.0, 1.0)
    }
    /// Conductance at a position of the window.
    pub(super) fn at_level(&self, level: f64) -> f64 {
        self.window.g_min.0 + level * self.span()
    }
    /// The draws of a cell for ageing.
    pub(super) fn draw(&self, cell: u64) -> Draw {
        Draw { seed: self.chance.seed, domain: Domain::Drift, element: cell, tick: 0 }
    }
    /// `spread` times the normal of a cell, 0 without chance.
    pub(super) fn spread(&self, cell: u64, spread: f64) -> f64 {
        let scale = spread * self.chance.scale;
        if scale == 0.0 { 0.0 } else { scale * self.draw(cell).normal(0) }
    }
}

impl AgeingSpec {
    /// Notes every mistake of the group, whose path is `at` (usually `"ageing"`).
    pub(crate) fn check(&self, at: &str, checks: &mut Checks) {
        match self {
            Self::None => {}
            Self::PowerLaw(s) => s.check(&format!("{at}.power_law"), checks),
            Self::StretchedExponential(s) => s.check(&format!("{at}.stretched_exponential"), checks),
            Self::Arrhenius(s) => s.check(&format!("{at}.arrhenius"), checks),
            Self::MetastableSwitches(s) => s.check(&format!("{at}.metastable_switches"), checks),
            Self::Generative(s) => s.check(&format!("{at}.generative"), checks),
        }
    }

    /// Ages cells in place: `g[i]` (siemens, as programmed) of the cell `storage.cells[i]` becomes what it is at
    /// `storage.age`. Lengths are equal. Stuck cells are the caller's business.
    pub fn age(&self, g: &mut [f64], storage: &Storage<'_>) {
        debug_assert_eq!(g.len(), storage.cells.len());
        if storage.age.0 <= 0.0 {
            return;
        }
        match self {
            Self::None => {}
            Self::PowerLaw(s) => s.age(g, storage),
            Self::StretchedExponential(s) => s.age(g, storage),
            Self::Arrhenius(s) => s.age(g, storage),
            Self::MetastableSwitches(s) => s.age(g, storage),
            Self::Generative(s) => s.age(g, storage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::population;
    use super::*;

    const LAWS: &[&str] = &[
        "none",
        "power_law: { exponent: 0.05, spread: 0.01, onset: 1 s }",
        "stretched_exponential: { tau: 10 years, beta: 0.4, spread: 0.3 }",
        "arrhenius: { low: { tau: 30 years, energy_ev: 1.4 }, high: { tau: 10 years, energy_ev: 1.1 }, reference: 358 K }",
        "metastable_switches: { switches: 200, tau: 1 day, rest: 30 % }",
    ];

    #[test]
    fn every_law_begins_at_nothing_and_stays_in_the_window_without_chance() {
        for text in LAWS {
            let law: AgeingSpec = serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            let mut checks = Checks::default();
            law.check("ageing", &mut checks);
            assert_eq!(checks.errors(), [], "{text}");
            for g in [1e-6, 4e-6, 1e-5] {
                assert_eq!(population(&law, g, 0.0, 300.0, 3, 1.0), [g; 3], "{text}");
                let mut before = 0.0;
                for age in [1.0, 1e3, 1e6, 1e9] {
                    let now = population(&law, g, age, 300.0, 1, 0.0)[0];
                    assert!(now > 0.0 && now <= 1e-5 * (1.0 + 1e-12), "{text}");
                    assert!((now - g).abs() >= before - 1e-18, "{text}");
                    before = (now - g).abs();
                }
            }
            let back: AgeingSpec = serde_json::from_str(&serde_json::to_string(&law).unwrap()).unwrap();
            assert_eq!(back, law);
        }
    }

    #[test]
    fn mistakes_are_told_with_their_path() {
        let law: AgeingSpec = serde_saphyr::from_str(
            "stretched_exponential: { tau: 0 s, beta: 1.4, activation: { energy_ev: -1, reference: 0 K } }",
        )
        .unwrap();
        let mut checks = Checks::default();
        law.check("ageing", &mut checks);
        let fields: Vec<String> = checks.errors().into_iter().map(|e| e.field).collect();
        assert_eq!(
            fields,
            ["tau", "beta", "activation.energy_ev", "activation.reference"]
                .map(|f| format!("ageing.stretched_exponential.{f}"))
        );
        assert!(serde_saphyr::from_str::<AgeingSpec>("power_law: { exponent: 0.1, onset: 1 s, unknown: 1 }").is_err());
    }
}
