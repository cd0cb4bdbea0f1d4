//! Event ids, to count an event once however often it is delivered.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::activity::day;
use super::content::content;
use crate::event::Event;

/// The events that were seen, by [`event_key`]: 8 bytes each, 10 to 21 with the tables' slack (10 million events:
/// 150 MB). Kept by the caller, so that several threads may share it.
///
/// **Two events with one id.** What comes again as it was is one event. What comes with other content is an event of its
/// own: which of the two is true nobody can tell, who can write into a trail could hide an event behind its id, and so the
/// events that count are a set, whatever the order and whoever reads them.
#[derive(Clone, Debug, Default)]
pub struct EventIds {
    /// By account and day: the events of a file are of few days, and a small table stays in the processor's cache.
    seen: FxHashMap<u64, FxHashSet<Slot>>,
    /// Those with the id of another.
    others: FxHashSet<EventKey>,
}

/// What makes an event the same as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    account_day: u64,
    id: u64,
    content: u16,
}

/// How an event meets those that were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "who counts must say what it does for each")]
pub enum Met {
    /// The first with its id.
    First,
    /// It came before.
    Again,
    /// Another with its id came before: it counts, and the two contradict each other.
    Other,
}

/// 48 bits of an id, which tell it apart, and 16 of the content beside it; 0 where that is not known.
#[derive(Clone, Copy, Debug)]
struct Slot(u64);

impl Slot {
    fn of(key: EventKey) -> Self {
        Self(key.id << 16 | u64::from(key.content))
    }

    fn content(self) -> u16 {
        self.0 as u16
    }
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        self.0 >> 16 == other.0 >> 16
    }
}

impl Eq for Slot {}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 >> 16).hash(state);
    }
}

impl EventKey {
    /// The key of an event: its id, whose copy it is, its day, counted from 1970-01-01, and its content; 0: as that of any
    /// other with its id.
    pub fn of(id: &str, recipient: Option<&str>, day: i32, content: u16) -> Self {
        let recipient = recipient.map_or(0, hash);
        // Odd and random: the days of an account spread.
        let account_day = recipient ^ u64::from(day.cast_unsigned()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { account_day, id: text_key(id) ^ recipient.rotate_left(17), content }
    }

    /// A number that all events of one account and day share: threads that share the ids divide them by it.
    pub fn account_day(self) -> u64 {
        self.account_day
    }

    /// The event's content in few bits, never 0; 0 where it is not known.
    pub fn content(self) -> u16 {
        self.content
    }
}

impl EventIds {
    /// Takes an event in.
    pub fn insert(&mut self, key: EventKey) -> Met {
        let ids = self.seen.entry(key.account_day).or_default();
        let slot = Slot::of(key);
        let Some(known) = ids.get(&slot) else {
            ids.insert(slot);
            return Met::First;
        };
        let is_same = |content: u16| content == 0 || key.content == 0 || content == key.content;
        if is_same(known.content()) || !self.others.insert(key) { Met::Again } else { Met::Other }
    }

    /// How many different events there were.
    pub fn len(&self) -> usize {
        self.seen.values().map(FxHashSet::len).sum::<usize>() + self.others.len()
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

impl Met {
    /// Whether the event counts.
    pub fn counts(self) -> bool {
        self != Self::Again
    }
}

/// What makes an event the same as another: its id and whose copy it is (*CloudTrail record contents*, `eventID` and
/// `recipientAccountId`), the id in 64 bits. Ids are random UUIDs: that two of ten million different events share a key
/// has a probability of three in a million. What comes twice comes with the same time, so that the day may divide them, and
/// with the same content.
/// `None`: the event has no id, and nothing tells whether it came before.
pub fn event_key(event: &Event<'_>) -> Option<EventKey> {
    Some(EventKey::of(event.id.as_deref()?, event.recipient.as_deref(), day(event.time), content(event)))
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
    fn an_event_is_its_id_and_its_content() {
        let mut ids = EventIds::default();
        assert!(ids.is_empty());
        let key = |account_day, id, content| EventKey { account_day, id, content };
        let rows = [
            (key(1, 1, 7), Met::First),
            (key(1, 1, 7), Met::Again),
            (key(2, 1, 7), Met::First),
            (key(1, 1, 8), Met::Other),
            (key(1, 1, 8), Met::Again),
            (key(1, 1, 9), Met::Other),
            (key(1, 1, 7), Met::Again),
            // not known: as those before
            (key(1, 1, 0), Met::Again),
            (key(3, 1, 0), Met::First),
            (key(3, 1, 5), Met::Again),
        ];
        for (key, met) in rows {
            assert_eq!(ids.insert(key), met, "{key:?}");
        }
        assert_eq!(ids.len(), 5);
    }
}
