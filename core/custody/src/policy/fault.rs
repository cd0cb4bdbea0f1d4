//! What is wrong with a policy: where, what, and what to do.

use std::fmt;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the same three for each")]
pub struct Fault {
    /// The name of the lint, for those who look it up.
    pub lint: &'static str,
    /// Where in the file: `rules.root.approvals`.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// All that is wrong; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a list")]
pub struct Faults(pub Vec<Fault>);

impl Fault {
    pub(crate) fn new(
        lint: &'static str,
        place: impl Into<String>,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { lint, place: place.into(), what: what.into(), hint: hint.into() }
    }

    /// The file is no policy at all.
    #[cfg(any(feature = "toml", test))]
    pub(crate) fn unreadable(why: &str) -> Self {
        let why = why.trim().replace('\n', " ");
        Self::new(
            "unreadable",
            "the file",
            why,
            "compare it with the example that `kagimori-desk init` writes",
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.iter().take(5);
        if let Some(first) = shown.next() {
            write!(f, "{first}")?;
        }
        shown.try_for_each(|fault| write!(f, "; {fault}"))?;
        match self.0.len().saturating_sub(5) {
            0 => Ok(()),
            left => write!(f, "; and {left} more"),
        }
    }
}

impl std::error::Error for Faults {}
