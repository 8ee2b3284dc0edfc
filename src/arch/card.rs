//! A file that holds one device card, checked like the cards of an arch file.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::check::check_against;
use super::de::NodeDe;
use super::load::read_text;
use super::tree::Sources;
use super::yaml::parse;
use crate::device::{Device, DeviceSpec};
use crate::diag::{Diagnostic, Diagnostics, Result};
use crate::units::Kelvin;

/// Loads a device card from a file: `hfox: { … }`, as it stands below the name of a device in an arch file.
///
/// # Errors
/// `F001` if the file cannot be read, `A…` for everything wrong in it, `A014` for what cannot be built.
pub fn load_card(path: &Path, temperature: Kelvin) -> Result<(DeviceSpec, Arc<dyn Device>)> {
    card_str(&path.display().to_string(), &read_text(path, "device card")?, temperature)
}

/// Loads a device card from text; `name` stands for the file in messages.
///
/// # Errors
/// As [`load_card`].
pub fn card_str(name: &str, text: &str, temperature: Kelvin) -> Result<(DeviceSpec, Arc<dyn Device>)> {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    let root = parse(&sources, id)?;
    check_against(&root, &sources, &schemars::schema_for!(DeviceSpec).to_value()).into_result(())?;
    let spec = DeviceSpec::deserialize(NodeDe(&root)).map_err(|e| {
        let span = e.span.unwrap_or_else(|| root.span.clone());
        Diagnostic::error("A009", e.message).label("cannot be used").at(sources.place(&span))
    })?;
    match spec.build(temperature) {
        Ok(device) => Ok((spec, device)),
        Err(errors) => {
            let mut all = Diagnostics::new();
            for e in errors {
                let mut path = vec![spec.name()];
                path.extend(e.field.split('.').filter(|f| !f.is_empty()));
                let d = Diagnostic::error("A014", format!("`{}`: {}", path.join("."), e.message));
                all.push(d.label("cannot be built so").help(e.help).at(sources.place(&root.nearest(&path).span)));
            }
            Err(all)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::DEVICES;

    const ROOM: Kelvin = Kelvin(300.0);

    #[test]
    fn every_example_is_a_card() {
        for entry in DEVICES {
            let (spec, device) = card_str("card.yaml", entry.example, ROOM).unwrap();
            assert_eq!((spec.name(), device.kind()), (entry.name, entry.name));
        }
    }

    #[test]
    fn mistakes_are_underlined() {
        let refused = |text: &str| card_str("card.yaml", text, ROOM).unwrap_err();
        let of = |text: &str, code: &str| {
            let all = refused(text);
            let d = all.iter().find(|d| d.code == code).unwrap_or_else(|| panic!("{all}"));
            let place = d.place.clone().unwrap();
            place.text[place.span].to_string()
        };
        assert_eq!(of("ideal: { g_min: 2 uS, g_max: 200 nS }", "A014"), "200 nS");
        assert_eq!(of("ideal: { g_min: 2 uS, g_max: 200 nF }", "A007"), "200 nF");
        assert!(refused("ideal: { g_mim: 2 uS, g_max: 200 nF }").iter().count() > 1);
        assert!(refused("").has_errors() && refused("{ ideal").has_errors());
    }
}
