//! Which events a question is about. The same rule for events from files and for rows of a lake, so both give the same
//! answers.

use std::collections::BTreeSet;

use kagimori_id::{AccessKeyId, AccountId};

use crate::call::{Call, Outcome};
use crate::event::{ASSUMED_ROOT, Event, Identity, SIGN_INS};

/// Which events; every condition must hold, and the default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by callers from what a user asked for")]
pub struct Selection {
    /// Whose calls.
    pub who: Option<Who>,
    /// Calls with this access key.
    pub access_key: Option<String>,
    /// Events that this account got (`recipientAccountId`).
    pub account: Option<AccountId>,
    /// From this second on (since 1970-01-01T00:00:00Z).
    pub since: Option<i64>,
    /// Before this second.
    pub until: Option<i64>,
    /// Only events of a kind.
    pub only: Only,
}

/// Whose calls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "these are the ways to name a principal")]
pub enum Who {
    /// The principal with this text ([`Identity::principal_text`]): mostly an ARN.
    Exactly(String),
    /// Users and roles with this name, in any account and path.
    Named(String),
    /// Roles with this name, in any account and path.
    Role(String),
    /// The principals with these texts.
    AnyOf(BTreeSet<String>),
}

/// Kinds of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each has its own way to be found in a lake")]
pub enum Only {
    /// All.
    #[default]
    All,
    /// Calls that were refused for want of a permission.
    Denied,
    /// Console sign-ins, successful or not.
    SignIns,
    /// Calls of a root user, and of sessions of centralised root access.
    Root,
}

/// What a [`Selection`] looks at.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made from an event or a row of the lake")]
pub struct Facts<'a> {
    /// `eventTime` in seconds.
    pub time: i64,
    /// `recipientAccountId`, else the caller's account.
    pub account: Option<&'a str>,
    /// [`Identity::principal_text`].
    pub principal: Option<&'a str>,
    /// `userIdentity.accessKeyId`.
    pub access_key: Option<&'a str>,
    /// `eventName`.
    pub name: &'a str,
    /// `errorCode`.
    pub error: Option<&'a str>,
}

impl Selection {
    /// Whether every event is wanted.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an event is wanted.
    pub fn wants(&self, facts: &Facts<'_>) -> bool {
        self.wants_time(facts.time)
            && self.wants_account(facts.account)
            && self.wants_key(facts.access_key)
            && self.wants_principal(facts.principal)
            && self.only.wants_name(facts.name)
            && self.only.wants_error(facts.error)
    }

    /// Whether an event is wanted, from the event itself.
    pub fn wants_event(&self, event: &Event<'_>, identity: &Identity<'_>) -> bool {
        let principal = identity.principal_text();
        self.wants(&Facts {
            time: event.time,
            account: event.recipient.as_deref().or(identity.account.as_deref()),
            principal: principal.as_deref(),
            access_key: identity.access_key.as_deref(),
            name: &event.name,
            error: event.error.as_deref(),
        })
    }

    /// Whether a call is wanted.
    pub fn wants_call(&self, call: &Call) -> bool {
        let account = call.account.or(call.caller.account).map(|account| account.to_string());
        let principal = self.who.as_ref().and_then(|_| call.caller.text());
        self.wants(&Facts {
            time: call.time,
            account: account.as_deref(),
            principal: principal.as_deref(),
            access_key: call.caller.access_key.as_ref().map(AccessKeyId::as_str),
            name: &call.name,
            error: call.error.as_deref(),
        })
    }

    /// The part of the rule that looks at the time.
    pub fn wants_time(&self, time: i64) -> bool {
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }

    /// The part of the rule that looks at the account.
    pub fn wants_account(&self, account: Option<&str>) -> bool {
        self.account
            .is_none_or(|wanted| account.and_then(|account| AccountId::parse(account).ok()) == Some(wanted))
    }

    /// The part of the rule that looks at the access key.
    pub fn wants_key(&self, key: Option<&str>) -> bool {
        self.access_key.as_deref().is_none_or(|wanted| key == Some(wanted))
    }

    /// The part of the rule that looks at the principal.
    pub fn wants_principal(&self, principal: Option<&str>) -> bool {
        let by_name = match &self.who {
            None => true,
            Some(who) => principal.is_some_and(|principal| who.is(principal)),
        };
        by_name && (self.only != Only::Root || principal.is_some_and(is_root))
    }
}

impl Only {
    /// The part of the rule that looks at the event's name.
    pub fn wants_name(self, name: &str) -> bool {
        self != Self::SignIns || SIGN_INS.contains(&name)
    }

    /// The part of the rule that looks at the error.
    pub fn wants_error(self, error: Option<&str>) -> bool {
        self != Self::Denied || Outcome::of(error) == Outcome::Denied
    }
}

impl Who {
    fn is(&self, principal: &str) -> bool {
        let name = principal.rsplit('/').next();
        match self {
            Self::Exactly(text) => principal == text,
            Self::AnyOf(texts) => texts.contains(principal),
            Self::Named(wanted) => principal.contains('/') && name == Some(wanted),
            Self::Role(wanted) => {
                name == Some(wanted) && (principal.contains(":role/") || principal.contains(":assumed-role/"))
            }
        }
    }
}

/// `arn:aws:iam::111122223333:root`, `111122223333:assumed-root`
fn is_root(principal: &str) -> bool {
    principal.starts_with("arn:") && principal.ends_with(":root") || principal.ends_with(ASSUMED_ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/path/app";

    fn facts() -> Facts<'static> {
        Facts {
            time: 100,
            account: Some("111122223333"),
            principal: Some(ROLE),
            access_key: Some("ASIAIOSFODNN7EXAMPLE"),
            name: "GetObject",
            error: None,
        }
    }

    #[test]
    fn conditions() {
        let all = Selection::default();
        let who = |who| Selection { who: Some(who), ..Selection::default() };
        let only = |only| Selection { only, ..Selection::default() };
        let root = Facts { principal: Some("arn:aws:iam::111122223333:root"), ..facts() };
        let denied = Facts { error: Some("Client.UnauthorizedOperation"), ..facts() };
        let rows = [
            (all.clone(), facts(), true),
            (Selection { since: Some(100), until: Some(101), ..all.clone() }, facts(), true),
            (Selection { since: Some(101), ..all.clone() }, facts(), false),
            (Selection { until: Some(100), ..all.clone() }, facts(), false),
            (Selection { account: AccountId::parse("111122223333").ok(), ..all.clone() }, facts(), true),
            (Selection { account: AccountId::parse("444455556666").ok(), ..all.clone() }, facts(), false),
            (Selection { access_key: Some("ASIAIOSFODNN7EXAMPLE".into()), ..all.clone() }, facts(), true),
            (Selection { access_key: Some("AKIAIOSFODNN7EXAMPLE".into()), ..all }, facts(), false),
            (who(Who::Exactly(ROLE.into())), facts(), true),
            (who(Who::Exactly("app".into())), facts(), false),
            (who(Who::Named("app".into())), facts(), true),
            (who(Who::Named("pp".into())), facts(), false),
            (who(Who::Role("app".into())), facts(), true),
            (
                who(Who::Role("app".into())),
                Facts { principal: Some("arn:aws:iam::111122223333:user/app"), ..facts() },
                false,
            ),
            (only(Only::Root), facts(), false),
            (only(Only::Root), root, true),
            (only(Only::Root), Facts { principal: Some("111122223333:assumed-root"), ..facts() }, true),
            (only(Only::Denied), facts(), false),
            (only(Only::Denied), denied, true),
            (only(Only::SignIns), facts(), false),
            (only(Only::SignIns), Facts { name: "ConsoleLogin", ..facts() }, true),
        ];
        for (selection, facts, expected) in rows {
            assert_eq!(selection.wants(&facts), expected, "{selection:?} {facts:?}");
        }
    }
}
