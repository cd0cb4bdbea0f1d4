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
//!         Wanted::Calls { whose } => chain.take_found(/* every call through */ chain.judging(…)),
//!         Wanted::Nothing => break,
//!     }
//! }
//! ```

use std::collections::BTreeSet;

use kagimori_estate::access::{Access, May, Question, Subject};
use kagimori_estate::change::{Change, CredentialChange, IdentityChange};
use kagimori_id::{AccessKeyId, Arn};
use kagimori_trail::call::Call;
use rustc_hash::FxHashSet;

use super::{Class, Evidence, Found, Judgement, Judging, Replay, Telling, Touched};

/// A replay of changes, as far as it has come.
#[derive(Debug)]
pub struct Chain<'a> {
    replay: Replay<'a>,
    telling: Telling,
    touched: Option<Touched>,
    stage: Stage,
    found: Found,
}

/// What the machine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Sessions,
    Calls,
    Done,
}

/// What to read of the trail.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever drives the machine answers each")]
pub enum Wanted<'c> {
    /// The keys of all sessions whose making stands in the trail, at any time: [`kagimori_trail::call::Call::issued`].
    Sessions,
    /// The calls of the window, each to one of [`Chain::judging`].
    Calls {
        /// Whose calls alone; `None`: everybody's.
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
        telling.traced_users.extend(changes.iter().filter_map(user_of_key_gone));
        telling.traced_roles.extend(roles_within_reach(before, &telling.traced_users));
        let is_traced = !telling.traced_roles.is_empty() || !telling.traced_users.is_empty();
        let stage = if is_traced { Stage::Sessions } else { Stage::Calls };
        let replay = Replay::new(before, after)
            .altered(changes)
            .without_console(changes.iter().filter_map(no_console))
            .with_fewer_keys(changes.iter().filter_map(user_of_key_gone));
        Self { replay, telling, touched, stage, found: Found::default() }
    }

    /// What to read next.
    pub fn next(&self) -> Wanted<'_> {
        match self.stage {
            Stage::Sessions => Wanted::Sessions,
            // Calls with these keys count, whoever made them: a role in a session, a user under an earlier name.
            Stage::Calls => {
                Wanted::Calls { whose: self.touched.as_ref().filter(|touched| self.is_told_by_name(touched)) }
            }
            Stage::Done => Wanted::Nothing,
        }
    }

    /// Whether all calls that count are found by the names of those whom the changes touch: no user may have had another, and no key counts.
    fn is_told_by_name(&self, touched: &Touched) -> bool {
        let has_user = touched.principals.iter().any(|arn| arn.resource().starts_with("user/"));
        self.telling.keys.is_empty() && !has_user
    }

    /// Answers [`Wanted::Sessions`].
    pub fn take_sessions(&mut self, keys: impl IntoIterator<Item = AccessKeyId>) {
        self.telling.handed_out.extend(keys);
        self.stage = Stage::Calls;
    }

    /// A fold that judges calls, in any order; one a thread. `counts`: what became of the others is told apart.
    pub fn judging<'c>(&'c self, counts: &'c (dyn Fn(&Class) -> bool + Sync)) -> Judging<'c, 'a> {
        Judging::new(self, counts)
    }

    /// Answers [`Wanted::Calls`] with what all of [`Chain::judging`] found.
    pub fn take_found(&mut self, found: Found) {
        let known = self.telling.keys.len();
        self.telling.keys.extend(found.ended.iter().cloned());
        self.found = found;
        self.stage = if self.telling.keys.len() == known { Stage::Done } else { Stage::Calls };
    }

    /// What was found of the calls that count, and of the others; whole when [`Chain::next`] wants nothing.
    pub fn into_evidence(self) -> (Evidence, Evidence, Option<Touched>) {
        (self.found.evidence, self.found.suspected, self.touched)
    }

    /// What tells calls apart.
    pub(super) fn telling(&self) -> &Telling {
        &self.telling
    }

    /// Whether a call is of those whom the changes touch, or made with one of the keys that are told apart.
    pub(super) fn is_about(&self, call: &Call) -> bool {
        self.touched
            .as_ref()
            .is_none_or(|touched| touched.includes(call, &self.telling) || self.telling.is_untraced(call))
    }

    pub(super) fn judge(&self, class: &Class) -> Judgement {
        self.replay.judge(class)
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

/// The roles that users may assume, one by way of another: sessions of them whose making is not in the trail may be theirs.
fn roles_within_reach(access: &Access<'_>, users: &FxHashSet<Arn>) -> BTreeSet<Arn> {
    let mut found: BTreeSet<Arn> = BTreeSet::new();
    let mut open: Vec<Arn> = users.iter().cloned().collect();
    open.sort_unstable();
    while let Some(from) = open.pop() {
        let Some(caller) = access.subject(from.as_str()) else { continue };
        let question = |role: &Subject| Question {
            action: "sts:AssumeRole".to_owned(),
            resource: role.arn.to_string(),
            resource_account: Some(role.account),
            wildcard_only: false,
            common: None,
            context: Vec::new(),
            strict: false,
        };
        let roles = access.subjects().iter().filter(|subject| subject.principal.role_name().is_some());
        let reached: Vec<Arn> = roles
            .filter(|role| role.arn != from && !found.contains(&role.arn))
            .filter(|role| access.may(caller, &question(role)) > May::No)
            .map(|role| role.arn.clone())
            .collect();
        open.extend(reached.iter().cloned());
        found.extend(reached);
    }
    found
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
