//! From a part of the arch file to its prices: every constant gets the source it rests on.
//!
//! A part names one `source` for all its constants. A source that begins with the word `assumed` makes
//! all of them assumptions; the list `assumed: [area, ...]` makes single ones so.

use super::{Action, Part, PartKind, Price, Source};
use crate::units::{Joule, SquareMicron, Watt};

/// The `source` and `assumed` entries of one part.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// Citation of the constants, or `assumed: reason`.
    pub source: &'a str,
    /// Names of the constants that the citation does not cover.
    pub assumed: &'a [String],
}

impl Provenance<'_> {
    /// The source of a number that rests on the named constants: assumed if one of them is.
    #[must_use]
    pub fn source(&self, fields: &[&str]) -> Source {
        let text = self.source.trim();
        if let Some(reason) = strip_assumed(text) {
            Source::Assumed(reason.to_owned())
        } else if self.assumed.iter().any(|a| fields.contains(&a.as_str())) {
            Source::Assumed(format!("beside {text}"))
        } else {
            Source::Cited(text.to_owned())
        }
    }
    /// A constant with its source.
    #[must_use]
    pub fn price<T>(&self, field: &str, value: T) -> Price<T> {
        Price { value, source: self.source(&[field]) }
    }
    /// A part whose constants are the named fields `leakage`, `area` and the actions' names.
    #[must_use]
    pub fn part(
        &self,
        kind: PartKind,
        count: usize,
        energy: &[(Action, Joule)],
        leakage: Watt,
        area: SquareMicron,
    ) -> Part {
        Part {
            kind,
            energy: energy.iter().map(|(a, e)| (*a, self.price(a.name(), *e))).collect(),
            leakage: self.price("leakage", leakage),
            area: self.price("area", area),
            count,
            gating: None,
        }
    }
}

/// The reason after the word `assumed`, if the text begins with it.
fn strip_assumed(text: &str) -> Option<&str> {
    let (word, rest) = (text.get(..7)?, text.get(7..)?);
    let whole_word = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (word.eq_ignore_ascii_case("assumed") && whole_word).then(|| rest.trim_start_matches([':', ' ', ',']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_assumed_marks_one_constant_or_all() {
        let none = Provenance { source: "ISCA 2016, Table 6", assumed: &[] };
        assert_eq!(none.source(&["area"]), Source::Cited("ISCA 2016, Table 6".into()));
        let all = Provenance { source: "Assumed: as large as a NAND gate", assumed: &[] };
        assert_eq!(all.source(&["area"]), Source::Assumed("as large as a NAND gate".into()));
        let listed = ["area".to_owned()];
        let one = Provenance { source: "x", assumed: &listed };
        assert!(one.source(&["area"]).is_assumed());
        assert!(!one.source(&["leakage"]).is_assumed());
        assert!(!Provenance { source: "assumedly µ", assumed: &[] }.source(&[]).is_assumed());
    }
}
