//! What a trail tells of a root, and what it does not: nothing is concluded from its silence.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_id::AccountId;
use serde::Serialize;

/// Of which accounts, and of which time, a trail tells every sign-in of root. Of an account that is not named nothing is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Told(BTreeMap<AccountId, Span>);

/// The time of which a trail tells everything of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "made by whoever has read a trail")]
pub struct Span {
    /// From its first event on.
    pub from: Timestamp,
    /// Until its last event.
    pub until: Timestamp,
    /// Times in between of which nothing was delivered, or of which something could not be read: from, until.
    pub gaps: Vec<(Timestamp, Timestamp)>,
}

/// Whether a trail would have shown something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each leads to another answer")]
pub enum Telling {
    /// It would.
    Whole,
    /// Its events of then have not come yet.
    NotYet,
    /// It would not: there is nothing of the account, of that time, or of a day in it.
    Blind,
}

impl Told {
    /// Of these accounts.
    pub fn of(spans: impl IntoIterator<Item = (AccountId, Span)>) -> Self {
        Self(spans.into_iter().collect())
    }

    /// What is told of an account.
    pub fn span(&self, account: AccountId) -> Option<&Span> {
        self.0.get(&account)
    }

    /// The accounts of which something is told.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.0.keys().copied()
    }

    /// Whether everything between two instants would have been seen.
    pub fn telling(&self, account: AccountId, from: Timestamp, until: Timestamp) -> Telling {
        let Some(span) = self.span(account) else { return Telling::Blind };
        let is_hidden = |gap: &(Timestamp, Timestamp)| gap.0 < until && from < gap.1;
        match () {
            () if from < span.from || span.gaps.iter().any(is_hidden) => Telling::Blind,
            () if span.until < until => Telling::NotYet,
            () => Telling::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_apart_from_what_is_not_there_yet() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let account = AccountId::parse("111122223333").unwrap();
        let span = Span {
            from: at("2026-12-01T00:00:00Z"),
            until: at("2026-12-10T00:00:00Z"),
            gaps: vec![(at("2026-12-03T00:00:00Z"), at("2026-12-04T00:00:00Z"))],
        };
        let told = Told::of([(account, span)]);
        let other = AccountId::parse("444455556666").unwrap();
        for (whose, from, until, expected) in [
            (account, "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", Telling::Whole),
            (account, "2026-11-30T23:59:59Z", "2026-12-02T00:00:00Z", Telling::Blind),
            (account, "2026-12-02T23:00:00Z", "2026-12-03T00:00:01Z", Telling::Blind),
            (account, "2026-12-02T23:00:00Z", "2026-12-03T00:00:00Z", Telling::Whole),
            (account, "2026-12-09T23:59:00Z", "2026-12-10T00:00:01Z", Telling::NotYet),
            (other, "2026-12-02T00:00:00Z", "2026-12-02T00:00:01Z", Telling::Blind),
        ] {
            assert_eq!(told.telling(whose, at(from), at(until)), expected, "{from} {until}");
        }
    }
}
