//! Survivors that are known, each with the reason why no test can or need tell it apart.

use std::collections::BTreeMap;

use anyhow::Context;

use super::list::Mutant;

/// Where they are listed.
const FILE: &str = "scripts/mutants.accepted";

/// By what a mutant is called without its line, because lines move.
#[derive(Debug, Default)]
pub(super) struct Accepted(BTreeMap<String, String>);

impl Accepted {
    pub(super) fn read() -> anyhow::Result<Self> {
        let path = super::root()?.join(FILE);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Self::parse(&text)
    }

    /// A line is `FILE: WHAT IS MUTATED  # WHY`.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let one = |line: &str| {
            let (mutant, why) =
                line.split_once("  # ").with_context(|| format!("{FILE}: no reason in `{line}`"))?;
            Ok((mutant.to_owned(), why.to_owned()))
        };
        lines.map(one).collect::<anyhow::Result<_>>().map(Self)
    }

    pub(super) fn reason(&self, mutant: &Mutant) -> Option<&str> {
        self.0.get(&mutant.without_place()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_survivor_needs_a_reason() {
        let text = "# heading\n\ncore/a.rs: replace == with != in f  # both are sorted\n";
        assert_eq!(Accepted::parse(text).unwrap().0["core/a.rs: replace == with != in f"], "both are sorted");
        assert!(Accepted::parse("core/a.rs: replace == with != in f").is_err());
    }
}
