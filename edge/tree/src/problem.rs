//! What was given and not read.

/// Something that was not read, or not whole. An answer that stands beside one is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a place, what happened, what to do: the parts of every message"
)]
pub struct Problem {
    /// The file, the member of an archive, or the object of a repository, as it is called there.
    pub place: String,
    /// What happened: one sentence, lower case, no final period.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl Problem {
    /// A problem of a place.
    pub fn new(place: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place: place.to_owned(), message: message.into(), hint: hint.into() }
    }
}
