//! The name of a mapper with its options, as arch files and the command line give it: `NAME` or
//! `NAME:option=number,option=number`.

use std::ops::RangeInclusive;

use super::{Entry, MAPPERS};
use crate::diag::{Diagnostic, Diagnostics, Result, nearest};

/// A whole number that a mapper takes.
#[derive(Debug)]
pub struct Setting {
    /// Name in arch files and on the command line.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Its value where none is given.
    pub default: u64,
    /// Values it may have.
    pub range: RangeInclusive<u64>,
}

/// A mapper with all its options.
pub struct Choice {
    /// The mapper's row.
    pub entry: &'static Entry,
    values: Vec<u64>,
}

impl Choice {
    /// Reads `NAME` or `NAME:option=number,...`.
    ///
    /// # Errors
    /// `P005` for an unknown mapper, `P020` for an option it does not have, `P021` for a value that is not a whole
    /// number of the option's range.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, options) = text.split_once(':').unwrap_or((text, ""));
        let Some(entry) = MAPPERS.iter().find(|m| m.name == name.trim()) else {
            let names: Vec<&str> = MAPPERS.iter().map(|m| m.name).collect();
            return Err(Diagnostic::error("P005", format!("there is no mapper `{name}`"))
                .help(format!("mappers: {}{}", names.join(", "), meant(name, &names)))
                .into());
        };
        let mut values: Vec<u64> = entry.settings.iter().map(|s| s.default).collect();
        let mut problems = Diagnostics::new();
        for option in options.split(',').map(str::trim).filter(|o| !o.is_empty()) {
            let (key, value) = option.split_once('=').map_or((option, ""), |(k, v)| (k.trim(), v.trim()));
            let Some(at) = entry.settings.iter().position(|s| s.name == key) else {
                problems.push(no_such(entry, key));
                continue;
            };
            let range = &entry.settings[at].range;
            match value.parse::<u64>() {
                Ok(v) if range.contains(&v) => values[at] = v,
                _ => problems.push(
                    Diagnostic::error(
                        "P021",
                        format!(
                            "option `{key}` of mapper `{}` is `{value}`, not a whole number from {} to {}",
                            entry.name,
                            range.start(),
                            range.end()
                        ),
                    )
                    .help(format!("{}; without it {}", entry.settings[at].about, entry.settings[at].default)),
                ),
            }
        }
        problems.into_result(Self { entry, values })
    }

    /// Value of an option; 0 for one that the mapper does not have.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.entry.settings.iter().position(|s| s.name == name).map_or(0, |at| self.values[at])
    }

    /// All options with their values: `option=number,option=number`.
    #[must_use]
    pub fn options(&self) -> String {
        let pairs = self.entry.settings.iter().zip(&self.values);
        pairs.map(|(s, v)| format!("{}={v}", s.name)).collect::<Vec<_>>().join(",")
    }
}

fn meant(name: &str, names: &[&str]) -> String {
    nearest(name, names.iter().copied()).map_or(String::new(), |n| format!("; did you mean `{n}`?"))
}

fn no_such(entry: &Entry, key: &str) -> Diagnostic {
    let names: Vec<&str> = entry.settings.iter().map(|s| s.name).collect();
    let help = match names.as_slice() {
        [] => "it takes none".into(),
        _ => format!("options: {}{}", names.join(", "), meant(key, &names)),
    };
    Diagnostic::error("P020", format!("mapper `{}` has no option `{key}`", entry.name)).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Vec<&'static str> {
        Choice::parse(text).err().map_or(vec![], |all| all.iter().map(|d| d.code).collect())
    }

    #[test]
    fn options_are_read_and_written_back() {
        let c = Choice::parse("anneal: seed=3, steps=10").unwrap();
        assert_eq!((c.entry.name, c.get("seed"), c.get("steps")), ("anneal", 3, 10));
        let again = Choice::parse(&format!("anneal:{}", c.options())).unwrap();
        assert_eq!(again.options(), c.options());
    }

    #[test]
    fn all_mistakes_are_told() {
        assert_eq!(refused("sequental"), ["P005"]);
        assert_eq!(refused("sequential:copies=2"), ["P020"]);
        assert_eq!(refused("anneal:seed=-1,stps=4,copies=999,steps"), ["P021", "P020", "P021", "P021"]);
        assert_eq!(refused("anneal:"), Vec::<&str>::new());
    }
}
