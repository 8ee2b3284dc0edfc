//! Files that a device card names: measured pulses, trained generators of drift.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::pulse_table;
use crate::device::laws::{AgeingSpec, DriftGenerator};
use crate::device::{DeviceSpec, TableSpec};
use crate::diag::{Diagnostic, Diagnostics, Result};

/// Largest file of a device.
const MAX_FILE: u64 = 64 << 20;

/// Reads what a card names by `file:`, relative to `folder`, into the card.
///
/// # Errors
/// D090 a file cannot be read, D091 to D093 its table, D094 its generator.
pub fn resolve(spec: &mut DeviceSpec, folder: &Path) -> Result<()> {
    let DeviceSpec::Table(table) = spec else { return Ok(()) };
    let TableSpec { rows, file, ageing, .. } = &mut **table;
    let mut found = Diagnostics::new();
    if let Some(file) = file.as_deref().filter(|_| rows.is_empty()) {
        match pulse_table::read(&folder.join(file)) {
            Ok(read) => *rows = read,
            Err(e) => found.extend(e),
        }
    }
    if let Err(e) = resolve_ageing(ageing, folder) {
        found.extend(e);
    }
    found.into_result(())
}

/// Reads the generator that an ageing group names by `file:`, relative to `folder`, into the group.
///
/// # Errors
/// D090 the file cannot be read, D094 it is no sound generator.
pub fn resolve_ageing(ageing: &mut AgeingSpec, folder: &Path) -> Result<()> {
    let AgeingSpec::Generative(group) = ageing else { return Ok(()) };
    if let Some(file) = group.file.as_deref().filter(|_| group.model.is_none()) {
        let path = folder.join(file);
        let shown = path.display().to_string();
        group.model = Some(Box::new(generator(&text(&path)?, &shown)?));
    }
    Ok(())
}

/// The generator in a JSON text; `file` names it in messages.
///
/// # Errors
/// D094.
pub fn generator(text: &str, file: &str) -> Result<DriftGenerator> {
    let damaged = |what: String| {
        Diagnostic::error("D094", format!("{file}: {what}"))
            .help("the file is a generator as JSON, with `net`, `equilibrium`, `tau`, `unit`, `delays` and `about`")
    };
    let model: DriftGenerator = serde_json::from_str(text).map_err(|e| damaged(e.to_string()))?;
    if model.is_sound() { Ok(model) } else { Err(damaged("its numbers do not fit each other".into()).into()) }
}

/// The text of a bounded file.
pub(super) fn text(path: &Path) -> Result<String> {
    let failed = |e: String| {
        Diagnostic::error("D090", format!("{}: cannot be read: {e}", path.display()))
            .help("give the name of a text file of at most 64 MiB, relative to the file that names it")
    };
    let file = File::open(path).map_err(|e| failed(e.to_string()))?;
    if !file.metadata().is_ok_and(|m| m.is_file()) {
        return Err(failed("it is not a regular file".into()).into());
    }
    let mut text = String::new();
    let read = file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(|e| failed(e.to_string()))?;
    if read as u64 > MAX_FILE { Err(failed("it is too large".into()).into()) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Kelvin;

    fn codes(result: Result<()>) -> Vec<&'static str> {
        result.map_or_else(|e| e.iter().map(|d| d.code).collect(), |()| Vec::new())
    }

    #[test]
    fn named_files_are_read_into_the_card() {
        let folder = std::env::temp_dir().join(format!("archsim-device-files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("temp folder");
        let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("temp file");
        let pulses = "up: { voltage: 1 V, width: 1 us }, down: { voltage: -1 V, width: 1 us }";
        let text = format!(
            "table: {{ file: p.csv, pulses: {{ {pulses} }}, ageing: {{ generative: {{ file: g.json }} }}, source: test }}"
        );
        let spec = || serde_saphyr::from_str::<DeviceSpec>(&text).expect("card");
        assert_eq!(codes(resolve(&mut spec(), &folder)), ["D090", "D090"]);
        put(
            "p.csv",
            "pulse, g [uS], mean [nS], spread [nS]\nup, 1, 50, 5\nup, 9, 0, 5\ndown, 1, 0, 5\ndown, 9, -50, 5\n",
        );
        put("g.json", "{}");
        assert_eq!(codes(resolve(&mut spec(), &folder)), ["D094"]);
        let model = "{\"net\": {\"sizes\": [4, 1], \"weights\": [0, 0, 0, 0.1, 0]}, \"equilibrium\": 0.5, \"tau\": \"1 h\", \
            \"unit\": 0.1, \"delays\": [\"1 s\", \"1 day\"], \"about\": \"\"}";
        put("g.json", &model.replace("0.1, 0]", "0.1]"));
        assert_eq!(codes(resolve(&mut spec(), &folder)), ["D094"]);
        put("g.json", model);
        let mut card = spec();
        resolve(&mut card, &folder).expect("sound files");
        let device = card.build(Kelvin(300.0)).expect("sound card");
        assert!(device.window().g_max.0 > 8e-6 && device.window().g_min.0 < 2e-6);
        std::fs::remove_dir_all(&folder).expect("temp folder");
    }
}
