//! What a passkey was asked to sign. A challenge is good for one answer, of one session, for one purpose, for two minutes.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;

/// How long an answer may take.
const SECONDS: i64 = 120;
/// Challenges that wait; the oldest give way.
const WAITING_MOST: usize = 10_000;

/// Who was asked, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The session, or the door: the hash of the cookie of a browser that is not signed in.
    pub(crate) of: [u8; 32],
    /// What an answer does; it is compared with what is being done.
    pub(crate) purpose: String,
}

/// The challenges that wait for their answers.
#[derive(Debug, Default)]
pub(crate) struct Challenges {
    waiting: Mutex<BTreeMap<Vec<u8>, (i64, Asked)>>,
}

impl Challenges {
    /// Remembers a challenge.
    pub(crate) fn put(&self, challenge: &[u8], asked: Asked, now: Timestamp) {
        let now = now.as_second();
        let Ok(mut waiting) = self.waiting.lock() else { return };
        waiting.retain(|_, (since, _)| is_live(*since, now));
        if waiting.len() >= WAITING_MOST {
            let oldest = waiting.iter().min_by_key(|(_, (since, _))| *since).map(|(name, _)| name.clone());
            oldest.and_then(|name| waiting.remove(&name));
        }
        waiting.insert(challenge.to_vec(), (now, asked));
    }

    /// Takes a challenge that waits for this answer. It is gone after that, whatever comes of the answer: an answer is no use twice.
    pub(crate) fn take(&self, challenge: &[u8], asked: &Asked, now: Timestamp) -> bool {
        let Ok(mut waiting) = self.waiting.lock() else { return false };
        match waiting.remove(challenge) {
            Some((since, waits)) => is_live(since, now.as_second()) && waits == *asked,
            None => false,
        }
    }

    /// Lets all go: the desk was sealed.
    pub(crate) fn clear(&self) {
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.clear();
        }
    }
}

fn is_live(since: i64, now: i64) -> bool {
    (0..SECONDS).contains(&now.saturating_sub(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_answer_is_taken_once() {
        let asked = Asked { of: [1; 32], purpose: "approve".to_owned() };
        let challenges = Challenges::default();
        let put = || challenges.put(b"c", asked.clone(), at(0));
        put();
        assert!(challenges.take(b"c", &asked, at(1)));
        assert!(!challenges.take(b"c", &asked, at(1)), "a replay");
        put();
        let other = Asked { of: [2; 32], ..asked.clone() };
        assert!(!challenges.take(b"c", &other, at(1)), "another session");
        assert!(!challenges.take(b"c", &asked, at(1)), "gone though the answer was wrong");
        put();
        let other = Asked { purpose: "deny".to_owned(), ..asked.clone() };
        assert!(!challenges.take(b"c", &other, at(1)), "another purpose");
        put();
        assert!(!challenges.take(b"c", &asked, at(SECONDS)), "too late");
        put();
        challenges.clear();
        assert!(!challenges.take(b"c", &asked, at(1)), "sealed");
    }
}
