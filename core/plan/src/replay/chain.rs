//! From changes to evidence, to the end of every chain of sessions: a machine that asks for what it needs.
//!
//! What was done in a session breaks with the call that handed the session out, and so does every session that was made in it.
//! So the trail is asked for classes of calls again, with the keys of the sessions that would not have been there told apart,
//! until no key is new. Whoever drives the machine reads the trail; it decides.
//!
//! ```text
//! loop {
//!     match chain.next() {
//!         Wanted::Sessions => chain.take_sessions(…),
//!         Wanted::Classes { telling, whose } => chain.take_classes(&classes, &judgements),
//!         Wanted::Nothing => break,
//!     }
//! }
//! ```

use kagimori_estate::access::Access;
use kagimori_estate::change::{Change, CredentialChange, IdentityChange};
use kagimori_id::{AccessKeyId, Arn};

use super::{Class, Evidence, Judgement, Replay, Telling, Touched, Verdict};

/// A replay of changes, as far as it has come.
#[derive(Debug)]
pub struct Chain<'a> {
    replay: Replay<'a>,
    telling: Telling,
    touched: Option<Touched>,
    stage: Stage,
    evidence: Evidence,
}

/// What the machine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Sessions,
    Classes,
    Done,
}

/// What to read of the trail.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives the machine answers each")]
pub enum Wanted<'c> {
    /// The keys of all sessions whose making stands in the trail, at any time: [`kagimori_trail::call::Call::issued`].
    Sessions,
    /// The calls of the window in classes, told apart so.
    Classes {
        /// What tells calls apart.
        telling: &'c Telling,
        /// Whose calls; `None`: everybody's.
        whose: Option<&'c Touched>,
    },
    /// Nothing: the evidence is whole.
    Nothing,
}

impl<'a> Chain<'a> {
    /// A replay of changes over the estate before and after them; `touched`: whom they touch, or anybody.
    pub fn new(
        before: &'a Access<'a>,
        after: &'a Access<'a>,
        changes: &[Change],
        touched: Option<Touched>,
    ) -> Self {
        let mut asked = before.condition_keys();
        asked.extend(after.condition_keys());
        let mut telling = Telling::for_keys(&asked).knowing(before.estate());
        telling.origins = true;
        telling.keys.extend(changes.iter().filter_map(key_gone));
        telling.traced_roles.extend(changes.iter().filter_map(new_trust));
        let stage = if telling.traced_roles.is_empty() { Stage::Classes } else { Stage::Sessions };
        let replay = Replay::new(before, after)
            .without_console(changes.iter().filter_map(no_console))
            .with_fewer_keys(changes.iter().filter_map(user_of_key_gone));
        Self { replay, telling, touched, stage, evidence: Evidence::default() }
    }

    /// What to read next.
    pub fn next(&self) -> Wanted<'_> {
        match self.stage {
            Stage::Sessions => Wanted::Sessions,
            Stage::Classes => Wanted::Classes { telling: &self.telling, whose: self.touched.as_ref() },
            Stage::Done => Wanted::Nothing,
        }
    }

    /// Answers [`Wanted::Sessions`].
    pub fn take_sessions(&mut self, keys: impl IntoIterator<Item = AccessKeyId>) {
        self.telling.handed_out.extend(keys);
        self.stage = Stage::Classes;
    }

    /// Judges one class; in any order, on any thread.
    pub fn judge(&self, class: &Class) -> Judgement {
        self.replay.judge(class)
    }

    /// Answers [`Wanted::Classes`] with what [`Chain::judge`] said of each.
    pub fn take_classes(&mut self, judged: &[(&Class, Judgement)]) {
        self.evidence = Evidence::default();
        let known = self.telling.keys.len();
        for (class, judgement) in judged {
            self.evidence.add(class, judgement);
            if judgement.verdict == Verdict::NewlyDenied {
                self.telling.keys.extend(class.issued.iter().cloned());
            }
        }
        self.stage = if self.telling.keys.len() == known { Stage::Done } else { Stage::Classes };
    }

    /// What was found; whole when [`Chain::next`] wants nothing.
    pub fn into_evidence(self) -> (Evidence, Option<Touched>) {
        (self.evidence, self.touched)
    }
}

/// The key that a change takes away.
fn key_gone(change: &Change) -> Option<AccessKeyId> {
    match change {
        Change::Credential(CredentialChange::SetAccessKeyStatus { key, active: false, .. })
        | Change::Credential(CredentialChange::DeleteAccessKey { key, .. }) => Some(key.clone()),
        _ => None,
    }
}

/// Whose key that is.
fn user_of_key_gone(change: &Change) -> Option<Arn> {
    let Change::Credential(credential) = change else { return None };
    key_gone(change).map(|_| credential.user().clone())
}

/// The role whose trust policy would change.
fn new_trust(change: &Change) -> Option<Arn> {
    match change {
        Change::Identity(IdentityChange::SetTrustPolicy { role, .. }) => Some(role.clone()),
        _ => None,
    }
}

/// The user who could not sign in any more.
fn no_console(change: &Change) -> Option<Arn> {
    match change {
        Change::Credential(CredentialChange::SetConsoleLogin { user, enabled: false }) => Some(user.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
