//! What is open in memory and never on a disk: the key of PINs, keys of the vault that are used once, shares, the seed of a ceremony.

use std::collections::BTreeMap;

use kagimori_custody::{Digest, Mac, PersonId, RequestId, SeedId};
use kagimori_sealing::Seed;
use kagimori_sealing::boxed::OneTimeKey;
use kagimori_sealing::seal::SeedKey;
use ring::hmac;
use zeroize::Zeroizing;

/// So many wrong PINs of a request are told apart from right ones.
pub(crate) const PIN_TRIES: u8 = 3;

/// All that is open.
pub(crate) struct Open {
    pub(crate) epoch: u64,
    pins: hmac::Key,
    wrong: BTreeMap<RequestId, u8>,
    pub(crate) keys: BTreeMap<(RequestId, PersonId), OneTimeKey>,
    pub(crate) shares: BTreeMap<(RequestId, PersonId), Given>,
    /// Of tier T1: opened once, for a while, in seconds of this machine's own clock.
    pub(crate) windows: BTreeMap<SeedId, (SeedKey, u64)>,
    pub(crate) begun: BTreeMap<RequestId, OneTimeKey>,
    pub(crate) ceremonies: BTreeMap<RequestId, Enrolling>,
}

/// A share that somebody gave, and the digest by which the log knows it.
pub(crate) type Given = (Digest, Zeroizing<Vec<u8>>);

/// A seed that is being enrolled.
pub(crate) struct Enrolling {
    pub(crate) seed: Seed,
    /// The steps of its codes: two, one after the other.
    pub(crate) steps: Vec<u64>,
}

impl Open {
    pub(crate) fn new(epoch: u64, key: &[u8; 32]) -> Self {
        Self {
            epoch,
            pins: hmac::Key::new(hmac::HMAC_SHA256, key),
            wrong: BTreeMap::new(),
            keys: BTreeMap::new(),
            shares: BTreeMap::new(),
            windows: BTreeMap::new(),
            begun: BTreeMap::new(),
            ceremonies: BTreeMap::new(),
        }
    }

    /// Eight digits: of 2⁶⁴ numbers, so that each is as likely.
    pub(crate) fn pin(&self, request: &RequestId) -> Zeroizing<String> {
        let bytes = self.keyed(&["pin", request.as_str()]);
        let number = bytes.bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Zeroizing::new(format!("{:08}", number % 100_000_000))
    }

    pub(crate) fn word(&self, request: &RequestId) -> Digest {
        self.keyed(&["word", request.as_str()])
    }

    pub(crate) fn mac(&self, request: &RequestId, pin: &str) -> Mac {
        Mac(self.keyed(&["mac", request.as_str(), pin]))
    }

    /// The MAC of what was typed; `None`: too many were wrong.
    pub(crate) fn tried(&mut self, request: &RequestId, typed: &str) -> Option<Mac> {
        let wrong = self.wrong.get(request).copied().unwrap_or_default();
        if wrong >= PIN_TRIES {
            return None;
        }
        let typed = Zeroizing::new(typed.chars().filter_map(digit).collect::<String>());
        let (mac, right) = (self.mac(request, &typed), self.mac(request, &self.pin(request)));
        if !is_same(mac, right) {
            self.wrong.insert(request.clone(), wrong.saturating_add(1));
        }
        Some(mac)
    }

    /// Lets go of what belongs to requests that are over.
    pub(crate) fn keep(&mut self, is_kept: impl Fn(&RequestId) -> bool) {
        self.wrong.retain(|request, _| is_kept(request));
        self.keys.retain(|(request, _), _| is_kept(request));
        self.shares.retain(|(request, _), _| is_kept(request));
        self.begun.retain(|request, _| is_kept(request));
        self.ceremonies.retain(|request, _| is_kept(request));
    }

    /// HMAC over parts, each after its length.
    fn keyed(&self, parts: &[&str]) -> Digest {
        let mut context = hmac::Context::with_key(&self.pins);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        Digest::from_bytes(tag.as_ref().first_chunk::<32>().copied().unwrap_or_default())
    }
}

/// A digit as it is typed: full width, too, as a Japanese keyboard writes it.
fn digit(letter: char) -> Option<char> {
    match letter {
        '0'..='9' => Some(letter),
        '０'..='９' => u32::from(letter).checked_sub(0xfee0).and_then(char::from_u32),
        _ => None,
    }
}

/// In constant time.
fn is_same(left: Mac, right: Mac) -> bool {
    left.0.bytes().iter().zip(right.0.bytes()).fold(0, |sum, (left, right)| sum | (left ^ right)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> RequestId {
        RequestId::parse(name).unwrap()
    }

    #[test]
    fn a_pin_is_of_its_request_and_its_epoch() {
        let (open, next) = (Open::new(1, &[1; 32]), Open::new(2, &[2; 32]));
        assert_eq!(*open.pin(&id("a")), *open.pin(&id("a")));
        assert_ne!(*open.pin(&id("a")), *open.pin(&id("b")));
        assert_ne!(*open.pin(&id("a")), *next.pin(&id("a")));
        assert!(open.pin(&id("a")).len() == 8);
        assert_ne!(open.word(&id("a")), open.mac(&id("a"), "").0);
    }

    #[test]
    fn three_wrong_pins_are_the_last_and_right_ones_are_read_as_they_are_typed() {
        let mut open = Open::new(1, &[1; 32]);
        let (a, b) = (id("a"), id("b"));
        let pin = open.pin(&a).to_string();
        let wide: String =
            pin.chars().filter_map(|digit| char::from_u32(u32::from(digit) + 0xfee0)).collect();
        let right = open.mac(&a, &pin);
        for typed in [pin.clone(), format!("{} {}", pin.get(..4).unwrap(), pin.get(4..).unwrap()), wide] {
            assert_eq!(open.tried(&a, &typed), Some(right));
        }
        for _ in 0..3 {
            assert!(open.tried(&a, "1").is_some_and(|mac| mac != right));
        }
        assert_eq!(open.tried(&a, &pin), None);
        assert!(open.tried(&b, "1").is_some(), "of another request");
        open.keep(|request| *request == b);
        assert!(open.tried(&a, &pin).is_some());
    }
}
