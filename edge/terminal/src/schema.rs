//! What a JSON answer calls itself.

/// The name and version of a JSON answer: the version changes when a field changes its meaning or goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Schema {
    /// `kagimori.review`.
    pub name: &'static str,
    /// Counted from 1.
    pub version: u32,
}
