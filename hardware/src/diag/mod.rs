//! Diagnostics: what is wrong, where, what was expected, how to mend it.
//!
//! A stage collects every mistake it finds in [`Diagnostics`] and returns them together. Each has a
//! code that [`explain`] documents; the command line renders them with the text underlined.

mod codes;
mod nearest;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use codes::{Code, codes, explain};
pub use nearest::nearest;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The run goes on; the report lists it.
    Warning,
    /// The input is wrong: nothing is written, exit code 2.
    Error,
    /// The input was fine and the run failed (deadlock, full disk): exit code 1.
    Failure,
}

/// Where in a text file a diagnostic points.
#[derive(Debug, Clone)]
pub struct Place {
    /// Name of the file as the user gave it.
    pub file: String,
    /// Whole text of the file.
    pub text: Arc<str>,
    /// Byte range to underline.
    pub span: Range<usize>,
}

impl Place {
    /// One-based line and column of the start of the span.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.text[..self.span.start.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(1, |l| l.chars().count() + 1);
        (line, column)
    }
    /// Whether the lines around the span can be shown: no control characters, and of a width people write.
    #[must_use]
    pub fn is_legible(&self) -> bool {
        let at = self.span.start.min(self.text.len());
        let (before, after) = (self.text[..at].rsplit('\n').take(2), self.text[at..].split('\n').take(2));
        before
            .chain(after)
            .all(|l| l.len() <= LEGIBLE && !l.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r')))
    }
}

/// Longest line in bytes that is shown with a diagnostic.
const LEGIBLE: usize = 400;

/// One finding.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Code of the table in `codes/`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, with the file or node if there is no [`Place`].
    pub message: String,
    /// What was expected, printed under the underlined text.
    pub label: Option<String>,
    /// How to mend it.
    pub help: Option<String>,
    /// Where it is.
    pub place: Option<Place>,
}

impl Diagnostic {
    /// An error of the given code.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), label: None, help: None, place: None }
    }
    /// A warning of the given code.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }
    /// A failed run (exit code 1).
    pub fn failure(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Failure, ..Self::error(code, message) }
    }
    /// Adds the line on how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    /// Adds what was expected at the underlined place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
    /// The diagnostic with its place in words where the text itself cannot be shown, as in a file that is one
    /// endless line or no text at all.
    #[must_use]
    pub fn legible(mut self) -> Self {
        if let Some(place) = self.place.take_if(|p| !p.is_legible()) {
            let (line, column) = place.line_column();
            self.message = format!("{}, line {line}, column {column}: {}", place.file, self.message);
        }
        self
    }
    /// Points at a place of a file.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Warning => miette::Severity::Warning,
            Severity::Error | Severity::Failure => miette::Severity::Error,
        })
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.place.as_ref().map(|p| p as &dyn miette::SourceCode)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let length = place.span.end.saturating_sub(place.span.start);
        Some(Box::new(std::iter::once(miette::LabeledSpan::new(self.label.clone(), place.span.start, length))))
    }
}

impl miette::SourceCode for Place {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> std::result::Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let contents = self.text.read_span(span, before, after)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.file.clone(),
            contents.data(),
            *contents.span(),
            contents.line(),
            contents.column(),
            contents.line_count(),
        )))
    }
}

/// All findings of a stage, in the order found.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

/// The result of a fallible stage: the value, or everything that was wrong.
pub type Result<T> = std::result::Result<T, Diagnostics>;

impl Diagnostics {
    /// No findings yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new() }
    }
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }
    /// Adds the findings of another stage.
    pub fn extend(&mut self, other: Self) {
        self.list.extend(other.list);
    }
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
    /// Whether anything is worse than a warning.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity > Severity::Warning)
    }
    /// The findings in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }
    /// `Err` with everything if there is an error, else the value.
    ///
    /// # Errors
    /// When [`Self::has_errors`].
    pub fn into_result<T>(self, value: T) -> Result<T> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }
    /// Process exit code that these findings call for: 2 for wrong input, 1 for a failed run.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.list.iter().map(|d| d.severity).max() {
            Some(Severity::Failure) => 1,
            Some(Severity::Error) => 2,
            _ => 0,
        }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(d: Diagnostic) -> Self {
        Self { list: vec![d] }
    }
}
impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, d) in self.list.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "[{}] {}", d.code, d.message)?;
            if let Some(help) = &d.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}
impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_counts_lines_and_columns() {
        let text: Arc<str> = "a: 1\nbb: 2\n".into();
        let place = Place { file: "x.yaml".into(), text, span: 9..10 };
        assert_eq!(place.line_column(), (2, 5));
    }

    #[test]
    fn a_place_that_cannot_be_shown_is_told() {
        let at = |text: &str, span| {
            let place = Place { file: "x.yaml".into(), text: text.into(), span };
            Diagnostic::error("A000", "wrong").at(place).legible()
        };
        assert!(at("a: 1\nbb: 2\n", 9..10).place.is_some());
        for text in [format!("a: 1\nbb: {}", "[".repeat(5000)), "a: 1\nbb: \0".into()] {
            let d = at(&text, 9..10);
            assert!(d.place.is_none());
            assert_eq!(d.message, "x.yaml, line 2, column 5: wrong");
        }
    }

    #[test]
    fn exit_code_follows_the_worst() {
        let mut all = Diagnostics::new();
        assert_eq!(all.exit_code(), 0);
        all.push(Diagnostic::warning("A000", "w"));
        assert_eq!(all.exit_code(), 0);
        all.push(Diagnostic::error("A000", "e"));
        assert_eq!(all.exit_code(), 2);
    }
}
