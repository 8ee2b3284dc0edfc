//! Bits of single layers: rules from patterns of layer names to bits of weights and activations.

use crate::diag::{Diagnostic, Diagnostics, Result};

/// Fewest and most bits of a weight; one bit is a sign without a zero.
pub const WEIGHT_BITS: std::ops::RangeInclusive<u8> = 1..=16;
/// Fewest and most bits of an activation.
pub const ACTIVATION_BITS: std::ops::RangeInclusive<u8> = 2..=16;

/// Rules in the order in which they were given; of those that fit a layer the last one counts, for weights and
/// activations each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerBits {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: String,
    weights: Option<u8>,
    activations: Option<u8>,
}

impl LayerBits {
    /// No rules.
    #[must_use]
    pub const fn none() -> Self {
        Self { rules: Vec::new() }
    }

    /// Reads rules from pairs of a pattern and bits: `4/8` for weights and the activations that the layer reads,
    /// `4` or `4/` for weights alone, `/8` for activations alone. In patterns `*` is any text and `?` any
    /// character.
    ///
    /// # Errors
    /// F020 for every rule that cannot be read.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut found = Diagnostics::new();
        let mut rules = Vec::new();
        for (pattern, text) in pairs {
            let (weights, activations) = text.split_once('/').unwrap_or((text, ""));
            match (bits(weights, WEIGHT_BITS), bits(activations, ACTIVATION_BITS)) {
                (Ok(weights), Ok(activations)) if weights.or(activations).is_some() && !pattern.is_empty() => {
                    rules.push(Rule { pattern: pattern.into(), weights, activations });
                }
                _ => found.push(
                    Diagnostic::error("F020", format!("bits of layers `{pattern}={text}` cannot be read"))
                        .help("for instance conv1=4/8: weights of 4 bits (1 to 16), read activations of 8 (2 to 16)"),
                ),
            }
        }
        found.into_result(Self { rules })
    }

    /// Bits of the weights of a layer, where a rule fits.
    #[must_use]
    pub fn weights(&self, layer: &str) -> Option<u8> {
        self.rules.iter().rev().filter(|r| fits(&r.pattern, layer)).find_map(|r| r.weights)
    }

    /// Bits of the activations that a layer reads, where a rule fits.
    #[must_use]
    pub fn activations(&self, layer: &str) -> Option<u8> {
        self.rules.iter().rev().filter(|r| fits(&r.pattern, layer)).find_map(|r| r.activations)
    }

    /// Reports rules that fit none of the layers.
    ///
    /// # Errors
    /// F021 for every such rule.
    pub fn check(&self, layers: &[&str]) -> Result<()> {
        let mut found = Diagnostics::new();
        for rule in self.rules.iter().filter(|r| !layers.iter().any(|l| fits(&r.pattern, l))) {
            let near = crate::diag::nearest(&rule.pattern, layers.iter().copied());
            let meant = near.map_or(String::new(), |n| format!("; is `{n}` meant?"));
            found.push(
                Diagnostic::error("F021", format!("no layer has a name like `{}`", rule.pattern))
                    .help(format!("`archsim inspect` of the network lists its layers{meant}")),
            );
        }
        found.into_result(())
    }
}

/// Bits in a text; `None` for an empty one.
fn bits(text: &str, range: std::ops::RangeInclusive<u8>) -> std::result::Result<Option<u8>, ()> {
    match text.trim() {
        "" => Ok(None),
        number => number.parse().ok().filter(|b| range.contains(b)).map(Some).ok_or(()),
    }
}

/// Whether a name is like a pattern of `*` and `?`.
fn fits(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // which lengths of the name the pattern so far can take
    let mut taken = vec![false; name.len() + 1];
    taken[0] = true;
    for p in pattern.chars() {
        if p == '*' {
            (1..taken.len()).for_each(|i| taken[i] |= taken[i - 1]);
            continue;
        }
        for i in (1..taken.len()).rev() {
            taken[i] = taken[i - 1] && (p == '?' || p == name[i - 1]);
        }
        taken[0] = false;
    }
    taken[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, want) in [
            ("conv1", "conv1", true),
            ("conv1", "conv12", false),
            ("conv*", "conv", true),
            ("*.0.*", "layer.0.conv", true),
            ("*.0.*", "layer.1.conv", false),
            ("fc?", "fc6", true),
            ("fc?", "fc", false),
            ("**a*", "bab", true),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn the_last_rule_that_fits_counts() {
        let bits = LayerBits::parse([("*", "8/8"), ("conv*", "4"), ("conv9", "/6")]).expect("valid");
        assert_eq!((bits.weights("fc"), bits.activations("fc")), (Some(8), Some(8)));
        assert_eq!((bits.weights("conv1"), bits.activations("conv1")), (Some(4), Some(8)));
        assert_eq!((bits.weights("conv9"), bits.activations("conv9")), (Some(4), Some(6)));
        assert_eq!(LayerBits::none().weights("fc"), None);
    }

    #[test]
    fn every_wrong_rule_is_reported() {
        let error = LayerBits::parse([("a", "0"), ("b", "4/17"), ("c", "/"), ("", "4"), ("d", "x/4"), ("e", "4/4")]);
        assert_eq!(error.expect_err("wrong").iter().filter(|d| d.code == "F020").count(), 5);
        let bits = LayerBits::parse([("conv1", "4"), ("cnov2", "4")]).expect("valid");
        let error = bits.check(&["conv1", "conv2"]).expect_err("one fits nothing");
        assert!(error.to_string().contains("`cnov2`") && !error.to_string().contains("`conv1`"), "{error}");
    }
}
