//! What a read of calls leaves behind: what the trail shows, and where its calls come from. One fold for both, whoever asks.

use crate::call::Call;
use crate::origin::Origins;
use crate::sight::Sight;

/// What was seen of a trail. Parts merge in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two folds that go together")]
pub struct Seen {
    /// What the trail would have shown.
    pub sight: Sight,
    /// Where calls come from.
    pub origins: Origins,
}

impl Seen {
    /// Takes in a call.
    pub fn add(&mut self, call: &Call) {
        self.sight.add(call);
        self.origins.add(call);
    }

    /// Takes in what another thread saw.
    pub fn merge(&mut self, other: Self) {
        self.sight.merge(other.sight);
        self.origins.merge(other.origins);
    }

    /// What several threads saw.
    pub fn merged(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self::default();
        parts.into_iter().for_each(|part| whole.merge(part));
        whole
    }
}
