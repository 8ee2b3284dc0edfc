//! The table of diagnostic codes. `archsim explain CODE` prints a row; codes are never reused.
//!
//! `A` arch file, `M` model, `D` data, `F` flags, `P` mapping, `R` run.

mod arch;
mod data;
mod flags;
mod mapping;
mod model;
mod run;

/// One documented code.
#[derive(Debug)]
pub struct Code {
    /// The code, for instance `A001`.
    pub code: &'static str,
    /// What it says in a few words.
    pub title: &'static str,
    /// When it arises and what to do.
    pub text: &'static str,
}

const fn code(code: &'static str, title: &'static str, text: &'static str) -> Code {
    Code { code, title, text }
}

/// The codes, letter by letter.
const TABLES: [&[Code]; 6] = [flags::CODES, arch::CODES, model::CODES, data::CODES, mapping::CODES, run::CODES];

/// Every code, in order.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    TABLES.into_iter().flatten()
}

/// The documentation of a code, if it exists.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Code> {
    codes().find(|c| c.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        for (i, c) in codes().enumerate() {
            assert!(codes().take(i).all(|d| d.code != c.code), "{} stands twice", c.code);
        }
    }
}
