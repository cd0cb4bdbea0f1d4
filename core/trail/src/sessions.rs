//! Who is behind the sessions of a role: the people and workloads that assumed it, and what they did with it.
//!
//! The walk: calls → [`Sessions`] (a fold; parts merge in any order) → [`Behind`], a row per person or workload. A session's
//! key joins the call that handed it out to the calls made with it, so who is behind is AWS's own word wherever the trail holds both, also
//! through other roles. Where it holds the calls alone, AWS may still tell: the source identity, the user of IAM Identity Center, the
//! instance. The name of a session is whatever the caller chose: it is shown, and no evidence.

mod behind;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kagimori_id::{AccessKeyId, AccountId, ArnParts};

pub use behind::{Behind, How, Who};

use crate::call::{Call, CheckedResource, Outcome};
use crate::event::Principal;
use crate::origin::{Nature, Reader};

/// A role by account and name: the ARN of a session does not tell the role's path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "what names a role")]
pub struct RoleName {
    /// The role's account.
    pub account: AccountId,
    /// Its name, without a path.
    pub name: Box<str>,
}

/// In place of a role's name: sessions of centralised root access to an account. No role is called so (*IAM name requirements*).
const ROOT: &str = ":root";

impl RoleName {
    /// Centralised root access to an account (`sts:AssumeRoot`), whose sessions are handed out as those of roles are.
    pub fn root(account: AccountId) -> Self {
        Self { account, name: ROOT.into() }
    }

    /// Whether it is centralised root access.
    pub fn is_root(&self) -> bool {
        &*self.name == ROOT
    }

    /// Of `arn:aws:iam::ACCOUNT:role/PATH/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/NAME[/SESSION]`, or `arn:aws:iam::ACCOUNT:root`.
    pub fn of(arn: &str) -> Option<Self> {
        let parts = ArnParts::parse(arn)?;
        if (parts.service, parts.resource) == ("iam", "root") {
            return AccountId::parse(parts.account).ok().map(Self::root);
        }
        let name = match (parts.service, parts.resource.split_once('/')?) {
            ("iam", ("role", path)) => path.rsplit('/').next()?,
            ("sts", ("assumed-role", rest)) => rest.split('/').next()?,
            _ => return None,
        };
        let account = AccountId::parse(parts.account).ok()?;
        (!name.is_empty() && !name.contains(['*', '?'])).then(|| Self { account, name: name.into() })
    }
}

/// Sessions by their keys: who was handed them, and what was done with them.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    handed: BTreeMap<AccessKeyId, Handed>,
    used: BTreeMap<(RoleName, Session), Used>,
    refused: BTreeMap<RoleName, BTreeMap<Box<str>, Refused>>,
    origins: Reader,
    /// Only what was handed out or used from this second on counts.
    since: i64,
}

/// One session of a role, as the calls made with it tell it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Session {
    Key(AccessKeyId),
    /// Calls of services on the session's behalf may hide the key; the ARN is left.
    Named(Arc<str>),
}

/// A call that handed out a session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Handed {
    time: i64,
    role: Option<RoleName>,
    /// Who asked for it.
    by: Box<str>,
    /// The session that asked for it, when it was one.
    with: Option<AccessKeyId>,
    /// The role whose session that was.
    by_role: Option<RoleName>,
    mfa: Option<bool>,
    how: How,
}

/// What was done with a session.
#[derive(Clone, Debug, Default)]
struct Used {
    name: Option<Arc<str>>,
    source_identity: Option<Arc<str>>,
    on_behalf_of: Option<Arc<str>>,
    delegate: Option<Arc<str>>,
    is_instance: bool,
    mfa: Option<bool>,
    calls: u64,
    days: BTreeSet<i64>,
    first: i64,
    last: i64,
    origins: BTreeMap<(Nature, String), u64>,
}

/// Whose attempts to assume a role were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a count")]
pub struct Refused {
    /// How often.
    pub calls: u64,
    /// The last time, in seconds since 1970.
    pub last: i64,
}

impl Sessions {
    /// Those of which something is seen from a second on. Earlier calls still tell who was handed them.
    pub fn since(since: i64) -> Self {
        Self { since, ..Self::default() }
    }

    /// Takes a call in; those that neither hand out a session nor were made with one of a role say nothing here.
    pub fn add(&mut self, call: &Call) {
        self.add_handed(call);
        self.add_used(call);
    }

    /// Another part of the same trail.
    pub fn merge(&mut self, other: Self) {
        for (key, handed) in other.handed {
            self.keep(key, handed);
        }
        for (session, used) in other.used {
            self.used.entry(session).or_default().merge(used);
        }
        for (role, refused) in other.refused {
            for (who, more) in refused {
                self.count_refused(role.clone(), who, more);
            }
        }
    }

    fn add_handed(&mut self, call: &Call) {
        if &*call.source != "sts.amazonaws.com" {
            return;
        }
        let role = call.checks.iter().find_map(|check| match &check.resource {
            CheckedResource::Arn(arn) if check.action.starts_with("sts:AssumeRole") => {
                RoleName::of(arn).filter(|role| !role.is_root())
            }
            CheckedResource::Arn(arn) if &*check.action == "sts:AssumeRoot" => RoleName::of(arn),
            _ => None,
        });
        let by = call.caller.text().unwrap_or_default().into_boxed_str();
        match (&call.issued, role) {
            (Some(key), role) if call.outcome == Outcome::Succeeded => {
                let handed = Handed {
                    time: call.time,
                    role,
                    by,
                    with: call.caller.access_key.clone(),
                    by_role: role_of(call),
                    mfa: call.caller.mfa,
                    how: How::of(call),
                };
                self.keep(key.clone(), handed);
            }
            (_, Some(role)) if call.outcome == Outcome::Denied && call.time >= self.since => {
                self.count_refused(role, by, Refused { calls: 1, last: call.time });
            }
            _ => {}
        }
    }

    /// A key is handed out once; of two that say so, the same one whatever the order.
    fn keep(&mut self, key: AccessKeyId, handed: Handed) {
        let known = self.handed.entry(key).or_insert_with(|| handed.clone());
        if handed < *known {
            *known = handed;
        }
    }

    fn count_refused(&mut self, role: RoleName, who: Box<str>, more: Refused) {
        let known =
            self.refused.entry(role).or_default().entry(who).or_insert(Refused { calls: 0, last: more.last });
        known.calls = known.calls.saturating_add(more.calls);
        known.last = known.last.max(more.last);
    }

    fn add_used(&mut self, call: &Call) {
        let Some(role) = role_of(call).filter(|_| call.time >= self.since) else { return };
        let caller = &call.caller;
        let name = caller.arn.as_deref().and_then(|arn| arn.split('/').nth(2)).map(Arc::from);
        let session = match (&caller.access_key, &caller.arn) {
            (Some(key), _) => Session::Key(key.clone()),
            (None, Some(arn)) => Session::Named(arn.clone()),
            (None, None) => return,
        };
        let origin = self.origins.place(call);
        let used = Used {
            is_instance: crate::origin::is_instance_session(call),
            name,
            source_identity: caller.source_identity.clone(),
            on_behalf_of: caller.on_behalf_of.clone(),
            delegate: caller.delegate.clone(),
            mfa: caller.mfa,
            calls: 1,
            days: BTreeSet::from([call.time.div_euclid(86_400)]),
            first: call.time,
            last: call.time,
            origins: origin.map(|origin| (origin, 1)).into_iter().collect(),
        };
        self.used.entry((role, session)).or_default().merge(used);
    }
}

/// The role whose session called.
fn role_of(call: &Call) -> Option<RoleName> {
    match &call.caller.principal {
        Principal::Role(arn) => RoleName::of(arn.as_str()),
        Principal::AssumedRoot(account) => Some(RoleName::root(*account)),
        _ => None,
    }
}

impl Used {
    fn merge(&mut self, other: Self) {
        if self.calls == 0 {
            *self = other;
            return;
        }
        // The same session: what is told twice is the same; should it not be, the order decides nothing.
        least(&mut self.name, other.name);
        least(&mut self.source_identity, other.source_identity);
        least(&mut self.on_behalf_of, other.on_behalf_of);
        least(&mut self.delegate, other.delegate);
        self.mfa = self.mfa.max(other.mfa);
        self.is_instance |= other.is_instance;
        self.calls = self.calls.saturating_add(other.calls);
        self.days.extend(other.days);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for (origin, calls) in other.origins {
            let known = self.origins.entry(origin).or_default();
            *known = known.saturating_add(calls);
        }
    }
}

fn least(known: &mut Option<Arc<str>>, told: Option<Arc<str>>) {
    if let Some(told) = told
        && known.as_ref().is_none_or(|known| told < *known)
    {
        *known = Some(told);
    }
}
