//! Codes on their way to the one page that can open them. They are sealed; each is handed over once, and forgotten with its step.

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

/// The codes that nobody has fetched yet.
#[derive(Debug, Default)]
pub(crate) struct Codes(Mutex<BTreeMap<Handed, Sealed>>);

impl Codes {
    pub(crate) fn put(&self, place: Handed, code: Sealed) {
        if let Ok(mut codes) = self.0.lock() {
            codes.insert(place, code);
        }
    }

    /// Hands it over, once, and not after its step.
    pub(crate) fn take(&self, place: &Handed, now: Timestamp) -> Option<Sealed> {
        let code = self.0.lock().ok()?.remove(place)?;
        (now.as_second() < code.until).then_some(code)
    }

    pub(crate) fn forget_old(&self, now: Timestamp) {
        if let Ok(mut codes) = self.0.lock() {
            codes.retain(|_, code| now.as_second() < code.until);
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
    fn a_code_is_handed_over_once_and_in_its_time() {
        let codes = Codes::default();
        let request = RequestId::parse("r1").unwrap();
        let place = Handed::place(&request, Mode::Direct);
        let code = Sealed { key: "k".to_owned(), sealed: "s".to_owned(), from: 0, until: 30 };
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        codes.put(place.clone(), code.clone());
        assert_eq!(codes.take(&Handed::place(&request, Mode::Phone), at(1)), None, "the operator's page");
        assert_eq!(codes.take(&place, at(29)), Some(code.clone()));
        assert_eq!(codes.take(&place, at(29)), None, "twice");
        codes.put(place.clone(), code.clone());
        assert_eq!(codes.take(&place, at(30)), None, "too late");
        codes.put(place.clone(), code);
        codes.clear();
        assert_eq!(codes.take(&place, at(1)), None, "sealed");
    }
}
