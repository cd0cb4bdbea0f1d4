//! The mutants that `cargo mutants` would make.

use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// A mutant; lines and columns (of characters) count from 1.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Mutant {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) genre: Genre,
    pub(super) replacement: String,
    pub(super) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Span {
    pub(super) start: Place,
    pub(super) end: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Mutant {
    /// `FILE: WHAT IS MUTATED`.
    pub(super) fn without_place(&self) -> String {
        let place = format!("{}:{}:{}: ", self.file, self.span.start.line, self.span.start.column);
        self.name
            .strip_prefix(&place)
            .map_or_else(|| self.name.clone(), |what| format!("{}: {what}", self.file))
    }
}

/// All mutants of some files, in order.
pub(super) fn list(package: &str, globs: &[String]) -> anyhow::Result<Vec<Mutant>> {
    let mut command = Command::new("cargo");
    command.args(["mutants", "--list", "--json", "--package", package]).current_dir(super::root()?);
    for glob in globs {
        command.args(["--file", glob]);
    }
    let output = command.output().context("running cargo")?;
    ensure!(
        output.status.success(),
        "`cargo mutants` failed; `cargo install cargo-mutants --locked` brings it: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: Vec<Mutant> = serde_json::from_slice(&output.stdout)?;
    ensure!(!found.is_empty(), "nothing to mutate in {globs:?}");
    Ok(found)
}

/// So many of them, drawn by a seed, in order; the same seed draws the same from the same code, wherever its lines are.
pub(super) fn sampled(all: Vec<Mutant>, count: Option<usize>, seed: u64) -> Vec<Mutant> {
    let Some(count) = count else { return all };
    let mut drawn: Vec<(_, usize, Mutant)> = all
        .into_iter()
        .enumerate()
        .map(|(place, mutant)| {
            (Sha256::digest(format!("{seed} {place} {}", mutant.without_place())), place, mutant)
        })
        .collect();
    drawn.sort_by_key(|(digest, ..)| *digest);
    drawn.truncate(count);
    drawn.sort_by_key(|(_, place, _)| *place);
    drawn.into_iter().map(|(_, _, mutant)| mutant).collect()
}
