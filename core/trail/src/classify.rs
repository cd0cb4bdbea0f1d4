//! Is use real, or only a noise of failing or empty polling?

use serde::Serialize;

/// Class of use of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "each class has its own sentence in both languages")]
pub enum UseClass {
    /// Real use: calls that succeed and do something.
    Active,
    /// Only errors, or only heartbeat reads: "last used" stays fresh and nothing comes of it.
    Noise,
    /// Real use, seldom: its rhythm is longer than half the limit for "unused".
    Rare,
    /// Real use by two or more families of workload.
    Shared,
}
