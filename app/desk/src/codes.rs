//! Codes on their way to the one page that can open them. They are sealed, and forgotten with their step. Until then whoever has that page open
//! may fetch one again: a connection that is dead without knowing it, or a page that is loaded again, loses no code. Nobody else can read it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use kagimori_custody::{Mode, RequestId};
use serde::Serialize;

/// A code that only one open page can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sealed {
    /// The vault's key of this once (X25519, base64).
    pub(crate) key: String,
    /// The code, sealed (AES-256-GCM, base64).
    pub(crate) sealed: String,
    /// When its step begins and ends, in seconds since 1970.
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// Whose page a code goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Handed {
    /// The requester's.
    Requester(RequestId),
    /// The operator's.
    Operator(RequestId),
}

impl Handed {
    /// By the mode of a request.
    pub(crate) fn place(request: &RequestId, mode: Mode) -> Self {
        match mode {
            Mode::Direct => Self::Requester(request.clone()),
            Mode::Phone => Self::Operator(request.clone()),
        }
    }
}

/// The codes whose steps are not over.
#[derive(Debug, Default)]
pub(crate) struct Codes(Mutex<BTreeMap<Handed, Sealed>>);

impl Codes {
    pub(crate) fn put(&self, place: Handed, code: Sealed) {
        if let Ok(mut codes) = self.0.lock() {
            codes.insert(place, code);
        }
    }

    /// The one that waits for a page, until its step is over; `had`: the key of the one that was handed over before.
    pub(crate) fn waiting(&self, place: &Handed, had: Option<&str>, now: Timestamp) -> Option<Sealed> {
        let codes = self.0.lock().ok()?;
        let code = codes.get(place).filter(|code| now.as_second() < code.until)?;
        (had != Some(code.key.as_str())).then(|| code.clone())
    }

    pub(crate) fn forget_old(&self, now: Timestamp) {
        if let Ok(mut codes) = self.0.lock() {
            codes.retain(|_, code| now.as_second() < code.until);
        }
    }

    /// Those of a request that was stopped.
    pub(crate) fn forget(&self, request: &RequestId) {
        if let Ok(mut codes) = self.0.lock() {
            codes.retain(|place, _| {
                let (Handed::Requester(own) | Handed::Operator(own)) = place;
                own != request
            });
        }
    }

    pub(crate) fn clear(&self) {
        if let Ok(mut codes) = self.0.lock() {
            codes.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_waits_for_its_page_as_long_as_its_step() {
        let codes = Codes::default();
        let request = RequestId::parse("r1").unwrap();
        let place = Handed::place(&request, Mode::Direct);
        let code = Sealed { key: "k".to_owned(), sealed: "s".to_owned(), from: 0, until: 30 };
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        codes.put(place.clone(), code.clone());
        let waiting = |place: &Handed, had, second| codes.waiting(place, had, at(second));
        assert_eq!(waiting(&Handed::place(&request, Mode::Phone), None, 1), None, "the operator's page");
        assert_eq!(waiting(&place, None, 29), Some(code.clone()));
        assert_eq!(waiting(&place, Some("k"), 29), None, "the same connection hears it once");
        assert_eq!(waiting(&place, None, 29), Some(code.clone()), "a page that is loaded again");
        assert_eq!(waiting(&place, Some("another"), 29), Some(code.clone()), "the next one");
        assert_eq!(waiting(&place, None, 30), None, "too late");
        codes.forget(&request);
        assert_eq!(waiting(&place, None, 1), None, "stopped");
        codes.put(place.clone(), code);
        codes.clear();
        assert_eq!(waiting(&place, None, 1), None, "sealed");
    }
}
