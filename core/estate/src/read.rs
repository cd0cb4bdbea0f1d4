//! Readers: bytes of AWS's own file formats in, an [`Estate`] out.
//!
//! Two steps, so that the edge may read many files at once: [`read`] turns one file into a [`Part`] (pure, any order,
//! any thread), [`Assembler`] folds the parts of a directory into one estate, whatever order they come in.

use jiff::Timestamp;

use crate::id::AccountId;
use crate::model::Estate;

/// One file as it lies in a kagimori directory.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its path relative to the directory, for messages and evidence.
    pub path: &'a str,
    /// The account whose folder it lies in (`snapshots/<account>/`), when the layout says so.
    pub account: Option<AccountId>,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// What one file says: understood, damaged, denied, or not ours.
#[derive(Debug)]
pub struct Part {}

/// Reads one file; what it is, is told by its content and not by its name.
pub fn read(file: File<'_>) -> Part {
    let _ = file;
    Part {}
}

/// Folds the parts of a directory into an estate.
#[derive(Debug, Default)]
pub struct Assembler {}

impl Assembler {
    /// Takes in one part.
    pub fn add(&mut self, part: Part) {
        let _ = (self, part);
    }

    /// The estate. `as_of` is the instant of the snapshot for sources that do not tell their own.
    pub fn finish(self, as_of: Option<Timestamp>) -> Estate {
        let _ = as_of;
        crate::model::Estate::empty()
    }
}
