//! Event ids, to count an event once however often it is delivered.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::event::Event;

/// The events that were seen, by [`event_key`]: 8 bytes each, 10 to 21 with the tables' slack (10 million events:
/// 150 MB). Kept by the caller, so that several threads may share it.
#[derive(Clone, Debug, Default)]
pub struct EventIds {
    /// By account and day: the events of a file are of few days, and a small table stays in the processor's cache.
    seen: FxHashMap<u64, FxHashSet<u64>>,
}

/// What makes an event the same as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    account_day: u64,
    id: u64,
}

impl EventKey {
    /// A number that all events of one account and day share: threads that share the ids divide them by it.
    pub fn account_day(self) -> u64 {
        self.account_day
    }
}

impl EventIds {
    /// Takes an event in; whether it is the first with its key.
    pub fn insert(&mut self, key: EventKey) -> bool {
        self.seen.entry(key.account_day).or_default().insert(key.id)
    }

    /// How many different events there were.
    pub fn len(&self) -> usize {
        self.seen.values().map(FxHashSet::len).sum()
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

/// What makes an event the same as another: its id and whose copy it is (*CloudTrail record contents*, `eventID` and
/// `recipientAccountId`), the id in 64 bits. Ids are random UUIDs: that two of ten million different events share a key
/// has a probability of three in a million. What comes twice comes with the same time, so that the day may divide them. `None`: the event has no id, and nothing tells whether it came before.
pub fn event_key(event: &Event<'_>) -> Option<EventKey> {
    let id = text_key(event.id.as_deref()?);
    let recipient = event.recipient.as_deref().map_or(0, hash);
    let day = event.time.div_euclid(86_400).cast_unsigned();
    // Odd and random: the days of an account spread.
    let account_day = recipient ^ day.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Some(EventKey { account_day, id: id ^ recipient.rotate_left(17) })
}

/// 64 bits of an id: of a UUID all 122 random bits take part.
pub(crate) fn text_key(id: &str) -> u64 {
    match uuid(id) {
        Some(bits) => (bits as u64) ^ ((bits >> 64) as u64).rotate_left(32),
        None => hash(id),
    }
}

fn uuid(text: &str) -> Option<u128> {
    let mut bits = 0_u128;
    let mut digits = 0;
    for byte in text.bytes().filter(|byte| *byte != b'-') {
        bits = bits << 4 | u128::from(char::from(byte).to_digit(16)?);
        digits += 1;
    }
    (digits == 32).then_some(bits)
}

fn hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids() {
        assert_eq!(uuid("00000000-0000-0001-0000-000000000002"), Some(1 << 64 | 2));
        assert_eq!(uuid("09284021-da7f"), None);
        assert_eq!(uuid("zz284021-da7f-4c4c-aad2-d7c1a473e53a"), None);
        assert_ne!(
            text_key("09284021-da7f-4c4c-aad2-d7c1a473e53a"),
            text_key("09284021-da7f-4c4c-aad2-d7c1a473e53b")
        );
        assert_ne!(text_key("a"), text_key("b"));
    }

    #[test]
    fn only_the_first_of_a_key_is_new() {
        let mut ids = EventIds::default();
        assert!(ids.is_empty());
        let (one, other) = (EventKey { account_day: 1, id: 1 }, EventKey { account_day: 2, id: 1 });
        assert!(ids.insert(one));
        assert!(!ids.insert(one));
        assert!(ids.insert(other));
        assert_eq!(ids.len(), 2);
    }
}
