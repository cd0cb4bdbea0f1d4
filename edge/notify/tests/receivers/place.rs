//! A folder with secrets, made at test time, and a notifier with one channel.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kagimori_notice::{LetterId, Notice, Outcome, WireChannel, letter_id};
use kagimori_notify::{Dispatch, Notifier};

static PLACES: AtomicUsize = AtomicUsize::new(0);

/// Goes with the test.
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("place-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn secret(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    /// A notifier with the channel `sre`.
    pub(crate) fn notifier(&self, channel: &str) -> Notifier {
        let channel = toml::from_str::<WireChannel>(channel).unwrap().read("sre").unwrap();
        Notifier::new(BTreeMap::from([("sre".to_owned(), channel)]), self.0.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn id() -> LetterId {
    letter_id(&[3; 32], 7, "sre")
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

pub(crate) fn notice(credential: &str) -> Notice {
    let facts = BTreeMap::from([("key", credential.to_owned()), ("account", "111122223333".to_owned())]);
    Notice::read(&Notice::body("retire.off", &facts))
}

/// Sends a notice of a credential; it has as long as a slow machine may need.
pub(crate) fn send(notifier: &Notifier, credential: &str, is_again: bool) -> Outcome {
    send_within(Duration::from_secs(300), notifier, credential, is_again)
}

/// Sends a notice of a credential to a receiver that may never answer. It ends with its time.
pub(crate) fn send_within(time: Duration, notifier: &Notifier, credential: &str, is_again: bool) -> Outcome {
    let notice = notice(credential);
    let dispatch = Dispatch { id: id(), notice: &notice, written: Some(now()), is_again };
    let begun = Instant::now();
    let outcome = notifier.send("sre", &dispatch, time, now());
    assert!(begun.elapsed() < time + Duration::from_secs(60), "{:?} for {outcome:?}", begun.elapsed());
    outcome
}

pub(crate) fn why(outcome: Outcome) -> (String, kagimori_notice::Cause) {
    match outcome {
        Outcome::Failed { why, cause } => (why, cause),
        Outcome::Taken(receipt) => panic!("taken: {receipt:?}"),
    }
}
