//! What a passkey was asked to sign. A challenge is good for one answer, of one session, for one purpose, for two minutes.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;

/// How long an answer may take.
const SECONDS: i64 = 120;
/// Challenges that wait at the door, and as many of people who are signed in; the oldest give way to their like.
const WAITING_MOST: usize = 10_000;

/// Who was asked, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The session, or the door: the hash of the cookie of a browser that is not signed in.
    pub(crate) of: [u8; 32],
    /// What an answer does; it is compared with what is being done.
    pub(crate) purpose: String,
    /// Whoever asks is not signed in: of these anybody can make as many as they have addresses.
    pub(crate) is_at_the_door: bool,
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
        let alike = || waiting.iter().filter(|(_, (_, waits))| waits.is_at_the_door == asked.is_at_the_door);
        if alike().count() >= WAITING_MOST {
            let oldest = alike().min_by_key(|(_, (since, _))| *since).map(|(name, _)| name.clone());
            oldest.and_then(|name| waiting.remove(&name));
        }
        waiting.insert(challenge.to_vec(), (now, asked));
    }

    /// Takes a challenge that waits for this answer. It is gone after that, whatever comes of the answer: an answer is no use twice. What
    /// another session answers takes nothing away: everybody can work out what a passkey signs, and would keep others from signing. Those of
    /// the door are random, and whoever answers one that is not theirs has it from somebody.
    pub(crate) fn take(&self, challenge: &[u8], asked: &Asked, now: Timestamp) -> bool {
        let Ok(mut waiting) = self.waiting.lock() else { return false };
        if waiting.get(challenge).is_some_and(|(_, waits)| !waits.is_at_the_door && waits.of != asked.of) {
            return false;
        }
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
        let asked = Asked { of: [1; 32], purpose: "approve".to_owned(), is_at_the_door: false };
        let challenges = Challenges::default();
        let put = || challenges.put(b"c", asked.clone(), at(0));
        put();
        assert!(challenges.take(b"c", &asked, at(1)));
        assert!(!challenges.take(b"c", &asked, at(1)), "a replay");
        put();
        let other = Asked { of: [2; 32], ..asked.clone() };
        assert!(!challenges.take(b"c", &other, at(1)), "another session");
        assert!(challenges.take(b"c", &asked, at(1)), "another session takes nothing away");
        put();
        let other = Asked { purpose: "deny".to_owned(), ..asked.clone() };
        assert!(!challenges.take(b"c", &other, at(1)), "another purpose");
        assert!(!challenges.take(b"c", &asked, at(1)), "gone though the answer was wrong");
        put();
        assert!(!challenges.take(b"c", &asked, at(SECONDS)), "too late");
        put();
        challenges.clear();
        assert!(!challenges.take(b"c", &asked, at(1)), "sealed");
    }

    #[test]
    fn a_crowd_at_the_door_pushes_nobody_out_who_is_in() {
        let challenges = Challenges::default();
        let inside = Asked { of: [1; 32], purpose: "approve".to_owned(), is_at_the_door: false };
        challenges.put(b"mine", inside.clone(), at(0));
        for number in 0..=u32::try_from(WAITING_MOST).unwrap() {
            let outside = Asked { of: [2; 32], purpose: "sign in".to_owned(), is_at_the_door: true };
            challenges.put(&number.to_be_bytes(), outside, at(1));
        }
        assert_eq!(challenges.waiting.lock().unwrap().len(), WAITING_MOST + 1);
        assert!(challenges.take(b"mine", &inside, at(2)));
    }
}
