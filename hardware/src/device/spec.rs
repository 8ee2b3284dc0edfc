//! What an arch file says of a memory cell, and the table of cell technologies.
//!
//! Each variant is one file (or folder) of this module. Every number of a card carries a tag in its
//! doc comment: *published* with the place, or *assumed*. A number left to an assumed default is
//! listed by [`DeviceSpec::assumed`] so that a report can say so.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Device;
use super::hfox::{self, HfOxSpec};
use super::hfox_weak_reset::{self as weak_reset, HfOxWeakResetSpec};
use super::ideal::{self, IdealSpec};
use super::inference::{self, HermesSpec, PcmSpec, ReramCmoSpec, ReramWanSpec, RramMiloSpec};
use super::linear_ion_drift::{self, LinearIonDriftSpec};
use super::me_mtj::{self, MeMtjSpec};
use super::mos2_memtransistor::{self as mos2, Mos2Spec};
use super::pulsed::{self, PulsedSpec};
use super::sram::{self, SramSpec};
use super::stanford_pku::{self, StanfordPkuSpec};
use super::synaptogen::{self, SynaptogenSpec};
use super::table::{self, TableSpec};
use super::vteam::{self, VteamSpec};
use crate::units::Kelvin;

/// Electric card of a memory cell: `devices: { synapse: { mos2_memtransistor: { … } } }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceSpec {
    /// Exact linear conductances without any spread.
    Ideal(IdealSpec),
    /// Gate-tunable MoS2 memtransistor, compact model.
    Mos2Memtransistor(Box<Mos2Spec>),
    /// One-transistor-one-resistor cell of hafnium oxide.
    #[serde(rename = "hfox")]
    HfOx(Box<HfOxSpec>),
    /// Cell of hafnium oxide under weak RESET pulses.
    #[serde(rename = "hfox_weak_reset")]
    HfOxWeakReset(Box<HfOxWeakResetSpec>),
    /// Magnetic tunnel junction switched by voltage, a binary cell.
    MeMtj(Box<MeMtjSpec>),
    /// Measured pulses from rows or a CSV file.
    Table(Box<TableSpec>),
    /// Cell written by identical pulses.
    Pulsed(Box<PulsedSpec>),
    /// Phase-change memory, array statistics.
    Pcm(Box<PcmSpec>),
    /// Phase-change memory of the Hermes core.
    Hermes(Box<HermesSpec>),
    /// Resistive memory of a 48-core chip.
    ReramWan(Box<ReramWanSpec>),
    /// Resistive memory with conductive metal oxide.
    ReramCmo(Box<ReramCmoSpec>),
    /// Resistive memory with a programming spread alone.
    RramMilo(Box<RramMiloSpec>),
    /// Filamentary RRAM of the Stanford-PKU model.
    StanfordPku(Box<StanfordPkuSpec>),
    /// Voltage-threshold adaptive memristor.
    Vteam(Box<VteamSpec>),
    /// Linear ion drift with window functions.
    LinearIonDrift(Box<LinearIonDriftSpec>),
    /// Digital SRAM bit cell.
    Sram(SramSpec),
    /// Generative one-transistor-one-resistor cell (Synaptogen).
    Synaptogen(Box<SynaptogenSpec>),
}

/// One mistake of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    /// Path of the field below the variant, for instance `read.voltage`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

/// One row of the table of technologies.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Name of the variant in an arch file.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// A card as it stands in an arch file below the device's own name.
    pub example: &'static str,
}

/// Every cell technology, in the order in which lists show them.
pub const DEVICES: &[Entry] = &[
    ideal::ENTRY,
    mos2::ENTRY,
    hfox::ENTRY,
    weak_reset::ENTRY,
    me_mtj::ENTRY,
    table::ENTRY,
    pulsed::ENTRY,
    inference::PCM,
    inference::HERMES,
    inference::RERAM_WAN,
    inference::RERAM_CMO,
    inference::RRAM_MILO,
    stanford_pku::ENTRY,
    vteam::ENTRY,
    linear_ion_drift::ENTRY,
    sram::ENTRY,
    synaptogen::ENTRY,
];

impl DeviceSpec {
    /// Name of the variant in an arch file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ideal(_) => ideal::ENTRY.name,
            Self::Mos2Memtransistor(_) => mos2::ENTRY.name,
            Self::HfOx(_) => hfox::ENTRY.name,
            Self::HfOxWeakReset(_) => weak_reset::ENTRY.name,
            Self::MeMtj(_) => me_mtj::ENTRY.name,
            Self::Table(_) => table::ENTRY.name,
            Self::Pulsed(_) => pulsed::ENTRY.name,
            Self::Pcm(_) => inference::PCM.name,
            Self::Hermes(_) => inference::HERMES.name,
            Self::ReramWan(_) => inference::RERAM_WAN.name,
            Self::ReramCmo(_) => inference::RERAM_CMO.name,
            Self::RramMilo(_) => inference::RRAM_MILO.name,
            Self::StanfordPku(_) => stanford_pku::ENTRY.name,
            Self::Vteam(_) => vteam::ENTRY.name,
            Self::LinearIonDrift(_) => linear_ion_drift::ENTRY.name,
            Self::Sram(_) => sram::ENTRY.name,
            Self::Synaptogen(_) => synaptogen::ENTRY.name,
        }
    }

    /// Where the numbers of the card come from, in the words of its author.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::Ideal(_) => "exact by definition",
            Self::Mos2Memtransistor(s) => &s.source,
            Self::HfOx(s) => &s.source,
            Self::HfOxWeakReset(s) => &s.source,
            Self::MeMtj(s) => &s.source,
            Self::Table(s) => &s.source,
            Self::Pulsed(s) => &s.source,
            Self::Pcm(_) | Self::Hermes(_) | Self::ReramWan(_) | Self::ReramCmo(_) | Self::RramMilo(_) => {
                inference::SOURCE
            }
            Self::StanfordPku(s) => &s.source,
            Self::Vteam(s) => &s.source,
            Self::LinearIonDrift(s) => &s.source,
            Self::Sram(s) => &s.source,
            Self::Synaptogen(s) => &s.source,
        }
    }

    /// Fields that stand at a default without published source, as paths below the variant.
    #[must_use]
    pub fn assumed(&self) -> Vec<&'static str> {
        match self {
            Self::Ideal(_) => Vec::new(),
            Self::Mos2Memtransistor(s) => unchanged(&**s, &Mos2Spec::default(), mos2::ASSUMED),
            Self::HfOx(s) => unchanged(&**s, &HfOxSpec::default(), hfox::ASSUMED),
            Self::HfOxWeakReset(s) => unchanged(&**s, &HfOxWeakResetSpec::default(), weak_reset::ASSUMED),
            Self::MeMtj(s) => unchanged(&**s, &MeMtjSpec::default(), me_mtj::ASSUMED),
            Self::Table(s) => unchanged(&**s, &TableSpec::default(), table::ASSUMED),
            Self::Pulsed(s) => unchanged(&**s, &PulsedSpec::default(), pulsed::ASSUMED),
            Self::Pcm(s) => unchanged(&**s, &PcmSpec::default(), inference::ASSUMED),
            Self::Hermes(s) => unchanged(&**s, &HermesSpec::default(), inference::ASSUMED),
            Self::ReramWan(s) => unchanged(&**s, &ReramWanSpec::default(), inference::ASSUMED),
            Self::ReramCmo(s) => unchanged(&**s, &ReramCmoSpec::default(), inference::ASSUMED),
            Self::RramMilo(s) => unchanged(&**s, &RramMiloSpec::default(), inference::ASSUMED),
            Self::StanfordPku(s) => unchanged(&**s, &StanfordPkuSpec::default(), stanford_pku::ASSUMED),
            Self::Vteam(s) => unchanged(&**s, &VteamSpec::default(), vteam::ASSUMED),
            Self::LinearIonDrift(s) => unchanged(&**s, &LinearIonDriftSpec::default(), linear_ion_drift::ASSUMED),
            Self::Sram(s) => unchanged(s, &SramSpec::default(), sram::ASSUMED),
            Self::Synaptogen(s) => unchanged(&**s, &SynaptogenSpec::default(), synaptogen::ASSUMED),
        }
    }

    /// Levels that the technology tells apart, where its card states them.
    #[must_use]
    pub fn levels(&self) -> Option<u32> {
        match self {
            Self::HfOx(s) => Some(s.levels),
            Self::HfOxWeakReset(s) => Some(s.levels),
            Self::MeMtj(_) | Self::Sram(_) => Some(2),
            _ => None,
        }
    }

    /// Checks the card and builds the cell for a chip at `temperature`.
    ///
    /// # Errors
    /// Every field that is out of its range, all at once.
    pub fn build(&self, temperature: Kelvin) -> Result<Arc<dyn Device>, Vec<SpecError>> {
        match self {
            Self::Ideal(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::Mos2Memtransistor(s) => s.build(temperature).map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::HfOx(s) => s.build(temperature).map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::HfOxWeakReset(s) => s.build(temperature).map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::MeMtj(s) => s.build(temperature).map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::Table(s) => s.build(temperature).map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::Pulsed(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::Pcm(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::Hermes(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::ReramWan(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::ReramCmo(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::RramMilo(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::StanfordPku(s) => s.build(temperature).map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::Vteam(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::LinearIonDrift(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::Sram(s) => s.build().map(|d| Arc::new(d) as Arc<dyn Device>),
            Self::Synaptogen(s) => s.build(temperature).map(|d| Arc::new(d) as Arc<dyn Device>),
        }
    }
}

/// Those of `paths` (dotted) whose value equals the default's.
fn unchanged<S: Serialize>(spec: &S, default: &S, paths: &[&'static str]) -> Vec<&'static str> {
    let tree = |s| serde_json::to_value(s).expect("a card of numbers and texts is valid JSON");
    let (spec, default) = (tree(spec), tree(default));
    let at = |tree: &serde_json::Value, path: &str| {
        path.split('.').try_fold(tree.clone(), |v, key| v.get(key).cloned()).filter(|v| !v.is_null())
    };
    paths.iter().copied().filter(|p| at(&spec, p).is_some_and(|v| Some(v) == at(&default, p))).collect()
}

/// Collects the mistakes of a card.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<SpecError>);

impl Checks {
    /// Notes a mistake of `field` unless `holds`.
    pub(crate) fn require(&mut self, holds: bool, field: &str, message: impl Into<String>, help: impl Into<String>) {
        if !holds {
            self.0.push(SpecError { field: field.into(), message: message.into(), help: help.into() });
        }
    }
    /// The field must be greater than zero.
    pub(crate) fn positive(&mut self, field: &str, value: f64) {
        self.require(
            value > 0.0 && value.is_finite(),
            field,
            format!("`{field}` must be greater than zero"),
            "give a positive value",
        );
    }
    /// The field must not be negative.
    pub(crate) fn not_negative(&mut self, field: &str, value: f64) {
        self.require(
            value >= 0.0 && value.is_finite(),
            field,
            format!("`{field}` must not be negative"),
            "give zero or a positive value",
        );
    }
    /// The field must lie in `[low, high]`.
    pub(crate) fn within(&mut self, field: &str, value: f64, low: f64, high: f64) {
        self.require(
            (low..=high).contains(&value),
            field,
            format!("`{field}` is {value}, outside {low} to {high}"),
            format!("choose a value between {low} and {high}"),
        );
    }
    /// The chip temperature must lie where the card's laws hold.
    pub(crate) fn temperature(&mut self, temperature: Kelvin, low: Kelvin, high: Kelvin) {
        self.require(
            low <= temperature && temperature <= high,
            "temperature",
            format!("the card holds from {low} to {high}, the chip is at {temperature}"),
            "change the chip's temperature, or widen the card's range if its numbers support it",
        );
    }
    /// Takes over the mistakes of a part, below the path `prefix`.
    pub(crate) fn extend(&mut self, prefix: &str, part: Self) {
        self.0.extend(part.0.into_iter().map(|e| SpecError { field: format!("{prefix}.{}", e.field), ..e }));
    }
    /// No mistake so far.
    pub(crate) const fn clean(&self) -> bool {
        self.0.is_empty()
    }
    /// Every mistake noted.
    pub(crate) fn errors(self) -> Vec<SpecError> {
        self.0
    }
    /// The value if no mistake was noted.
    pub(crate) fn finish<T>(self, value: impl FnOnce() -> T) -> Result<T, Vec<SpecError>> {
        if self.0.is_empty() { Ok(value()) } else { Err(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entry: &Entry) -> DeviceSpec {
        serde_saphyr::from_str(entry.example).unwrap_or_else(|e| panic!("{}: {e}", entry.name))
    }

    #[test]
    fn every_example_parses_and_builds_under_its_name() {
        for entry in DEVICES {
            let spec = parse(entry);
            assert_eq!(spec.name(), entry.name);
            let device = spec.build(Kelvin(300.0)).unwrap_or_else(|e| panic!("{}: {e:?}", entry.name));
            assert_eq!(device.kind(), entry.name);
        }
    }

    #[test]
    fn cards_survive_serialisation() {
        for entry in DEVICES {
            let spec = parse(entry);
            let back: DeviceSpec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
            assert_eq!(back.name(), spec.name());
            assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&spec).unwrap());
        }
    }

    #[test]
    fn unknown_fields_are_refused() {
        for entry in DEVICES {
            let text = format!("{{{}: {{ no_such_field: 1 }} }}", entry.name);
            assert!(serde_saphyr::from_str::<DeviceSpec>(&text).is_err(), "{}", entry.name);
        }
    }

    #[test]
    fn every_assumed_path_exists_in_the_default_card() {
        for (name, all, found) in [
            ("mos2_memtransistor", mos2::ASSUMED, DeviceSpec::Mos2Memtransistor(Box::default()).assumed()),
            ("hfox", hfox::ASSUMED, DeviceSpec::HfOx(Box::default()).assumed()),
            ("hfox_weak_reset", weak_reset::ASSUMED, DeviceSpec::HfOxWeakReset(Box::default()).assumed()),
            ("me_mtj", me_mtj::ASSUMED, DeviceSpec::MeMtj(Box::default()).assumed()),
            ("table", table::ASSUMED, DeviceSpec::Table(Box::default()).assumed()),
            ("pulsed", pulsed::ASSUMED, DeviceSpec::Pulsed(Box::default()).assumed()),
            ("pcm", inference::ASSUMED, DeviceSpec::Pcm(Box::default()).assumed()),
            ("hermes", inference::ASSUMED, DeviceSpec::Hermes(Box::default()).assumed()),
            ("stanford_pku", stanford_pku::ASSUMED, DeviceSpec::StanfordPku(Box::default()).assumed()),
            ("vteam", vteam::ASSUMED, DeviceSpec::Vteam(Box::default()).assumed()),
            ("linear_ion_drift", linear_ion_drift::ASSUMED, DeviceSpec::LinearIonDrift(Box::default()).assumed()),
            ("sram", sram::ASSUMED, DeviceSpec::Sram(SramSpec::default()).assumed()),
            ("synaptogen", synaptogen::ASSUMED, DeviceSpec::Synaptogen(Box::default()).assumed()),
        ] {
            assert_eq!(found, all, "{name}");
        }
    }

    #[test]
    fn a_number_of_the_user_is_no_longer_assumed() {
        let spec: DeviceSpec =
            serde_saphyr::from_str("mos2_memtransistor: { read: { noise: 2 %, voltage: 0.2 V } }").unwrap();
        let assumed = spec.assumed();
        assert!(!assumed.contains(&"read.noise") && !assumed.contains(&"read.voltage"));
        assert!(assumed.contains(&"retention.tau_fast"));
    }

    #[test]
    fn groups_can_be_switched_off_and_forms_chosen() {
        let text =
            "mos2_memtransistor: { state: normalised, programming: { verify: null }, variation: { yield: 92 % } }";
        let DeviceSpec::Mos2Memtransistor(s) = serde_saphyr::from_str(text).unwrap() else { panic!("another variant") };
        assert!(s.programming.verify.is_none() && s.state == crate::device::StateSpec::Normalised);
        assert_eq!(s.variation.working, crate::units::Share(0.92));
    }

    /// The schema names what the loader accepts, quantities with their units.
    #[test]
    fn the_schema_knows_every_variant() {
        let schema = serde_json::to_string(&schemars::schema_for!(DeviceSpec)).unwrap();
        for entry in DEVICES {
            assert!(schema.contains(entry.name), "{}", entry.name);
        }
        assert!(schema.contains("\"yield\"") && schema.contains("Siemens"));
    }
}
