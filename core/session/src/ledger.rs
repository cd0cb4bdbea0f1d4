//! The ledger of used codes: no code of a device is sent to AWS twice, whichever process has it.
//!
//! AWS takes a code once, for any call (IAM, "Using MFA devices": wait for the next code). The person's typed code does
//! not say which 30-second step it belongs to, so codes are remembered by a keyed fingerprint for as long as AWS could
//! take them, and a code is written down *before* it is sent: a killed process then cannot cause a second use.

use serde::{Deserialize, Serialize};

use crate::value::Code;

/// RFC 6238: the length of a step.
pub const STEP_SECONDS: i64 = 30;

/// How long a code is remembered. AWS's true window is not published; ± 2 steps would already be generous.
const REMEMBERED_SECONDS: i64 = 5 * 60;

/// Used codes of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    used: Vec<Used>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Used {
    fingerprint: String,
    at: i64,
}

/// What the ledger says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Never sent: it may be, once it is recorded.
    Fresh,
    /// Sent before: wait this long, then ask for the next.
    Used {
        /// Seconds until the device shows another code.
        wait_seconds: i64,
    },
}

impl Ledger {
    /// Whether a code may be sent.
    #[must_use]
    pub fn judge(&self, fingerprint: &str, now: i64) -> Verdict {
        let used = self
            .used
            .iter()
            .any(|used| used.fingerprint == fingerprint && now - used.at < REMEMBERED_SECONDS);
        if used { Verdict::Used { wait_seconds: until_next_step(now) } } else { Verdict::Fresh }
    }

    /// Records a code that is about to be sent, and forgets those that no window can hold any more.
    pub fn record(&mut self, fingerprint: &str, now: i64) {
        self.used.retain(|used| now - used.at < REMEMBERED_SECONDS);
        self.used.push(Used { fingerprint: fingerprint.to_owned(), at: now });
    }
}

/// Seconds until the device shows another code: 1 to 30.
#[must_use]
pub fn until_next_step(now: i64) -> i64 {
    STEP_SECONDS - now.rem_euclid(STEP_SECONDS)
}

/// A code's fingerprint under a secret key: six digits alone could be guessed from a plain hash.
#[must_use]
pub fn fingerprint(key: &[u8], code: &Code) -> String {
    kagimori_id::hex(&crate::key::keyed(key, "kagi code", &[code.expose()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_fresh_once() {
        let (a, b) = (Code::parse("123456").unwrap(), Code::parse("654321").unwrap());
        let of = |code: &Code| fingerprint(b"key", code);
        let mut ledger = Ledger::default();
        assert_eq!(ledger.judge(&of(&a), 1000), Verdict::Fresh);
        ledger.record(&of(&a), 1000);
        assert_eq!(ledger.judge(&of(&a), 1001), Verdict::Used { wait_seconds: 19 });
        assert_eq!(ledger.judge(&of(&a), 1060), Verdict::Used { wait_seconds: 20 });
        assert_eq!(ledger.judge(&of(&b), 1001), Verdict::Fresh);
        // The same six digits come again by chance, long after.
        assert_eq!(ledger.judge(&of(&a), 1300), Verdict::Fresh);
        ledger.record(&of(&b), 1300);
        assert_eq!(ledger.used.len(), 1);
    }

    #[test]
    fn another_code_does_not_make_a_sent_one_fresh() {
        let mut ledger = Ledger::default();
        ledger.record("a", 1000);
        ledger.record("b", 1030);
        for code in ["a", "b"] {
            assert_eq!(ledger.judge(code, 1040), Verdict::Used { wait_seconds: 10 }, "{code}");
        }
    }

    #[test]
    fn steps() {
        assert_eq!((until_next_step(0), until_next_step(29), until_next_step(30)), (30, 1, 30));
    }
}
