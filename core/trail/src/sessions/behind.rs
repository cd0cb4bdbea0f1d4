//! Sessions, summed up by who is behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::{Handed, Refused, RoleName, Session, Sessions, Used};
use crate::call::Call;
use crate::origin::Nature;

/// Roles between a person and a session, at most: a trail that says a session was made by itself has no end.
const CHAIN_MAX: usize = 16;

/// Who is behind sessions, as far as the trail tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum Who {
    /// The caller of the call that handed the session out: the ARN of a user or role, a service, the exact subject of a web
    /// or SAML identity.
    Caller(String),
    /// The source identity of the session, which AWS keeps through every role that follows.
    SourceIdentity(String),
    /// The user of IAM Identity Center, by the id in its identity store.
    IdentityCenterUser(String),
    /// A session of a role of IAM Identity Center, which names it by its user.
    IdentityCenterName(String),
    /// A product provider, by its account, who acts by temporary delegation.
    Delegate(String),
    /// An EC2 instance: AWS names the sessions of instance profiles by it.
    Instance(String),
    /// The trail does not hold the call that handed it out, and AWS told nothing else.
    NotTold,
}

/// How a session was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "each is told to people in its own words")]
pub enum How {
    /// `sts:AssumeRole`.
    AssumeRole,
    /// `sts:AssumeRoot`: centralised root access.
    AssumeRoot,
    /// `sts:AssumeRoleWithSAML`.
    Saml,
    /// `sts:AssumeRoleWithWebIdentity`.
    WebIdentity,
    /// Another call of STS that hands out sessions.
    OtherSts,
    /// The trail does not hold the call.
    NotInTrail,
}

impl How {
    pub(super) fn of(call: &Call) -> Self {
        match &*call.name {
            "AssumeRole" => Self::AssumeRole,
            "AssumeRoot" => Self::AssumeRoot,
            "AssumeRoleWithSAML" => Self::Saml,
            "AssumeRoleWithWebIdentity" => Self::WebIdentity,
            _ => Self::OtherSts,
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::AssumeRoot => "AssumeRoot",
            Self::Saml => "AssumeRoleWithSAML",
            Self::WebIdentity => "AssumeRoleWithWebIdentity",
            Self::OtherSts => "another call of STS",
            Self::NotInTrail => "not in the trail",
        }
    }
}

/// A person or workload behind sessions of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a row, all of it")]
pub struct Behind {
    /// Who.
    pub who: Who,
    /// How the sessions were come by.
    pub how: How,
    /// The roles between, from the person's side.
    pub through: Vec<RoleName>,
    /// How many sessions, used or not.
    pub sessions: u64,
    /// Of these, how many were handed out to somebody who had used MFA, to somebody who had not, and without saying.
    pub mfa: [u64; 3],
    /// Calls made with them.
    pub calls: u64,
    /// Days with calls, since 1970.
    pub days: BTreeSet<i64>,
    /// The first time that one was handed out or used, in seconds since 1970.
    pub first: i64,
    /// The last time.
    pub last: i64,
    /// What the sessions were named, and how many were: the callers' own words.
    pub named: BTreeMap<String, u64>,
    /// Source identities.
    pub source_identities: BTreeSet<String>,
    /// Users of IAM Identity Center, by id.
    pub on_behalf_of: BTreeSet<String>,
    /// From where, by calls.
    pub origins: BTreeMap<(Nature, String), u64>,
}

/// A session with the call that handed it out, and what was done with it.
type Joined<'s> = (Option<&'s Handed>, Option<&'s Used>);

impl Sessions {
    /// The roles of which there are sessions, or were attempts.
    pub fn roles(&self) -> BTreeSet<&RoleName> {
        let handed = self.handed.values().filter_map(|handed| handed.role.as_ref());
        self.used.keys().map(|(role, _)| role).chain(handed).chain(self.refused.keys()).collect()
    }

    /// Who is behind the sessions of a role; most calls first.
    pub fn behind(&self, role: &RoleName) -> Vec<Behind> {
        let mut rows: BTreeMap<(Who, How, Vec<RoleName>), Behind> = BTreeMap::new();
        for (handed, used) in self.of_role(role) {
            let (who, through) = self.who(role, handed, used);
            let how = handed.map_or(How::NotInTrail, |handed| handed.how);
            let none = || Behind::none(who.clone(), how, through.clone());
            rows.entry((who.clone(), how, through.clone())).or_insert_with(none).add(handed, used);
        }
        let mut rows: Vec<Behind> = rows.into_values().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.calls));
        rows
    }

    /// Whose attempts to assume a role were refused.
    pub fn refused(&self, role: &RoleName) -> impl Iterator<Item = (&str, Refused)> {
        self.refused.get(role).into_iter().flatten().map(|(who, refused)| (&**who, *refused))
    }

    /// The sessions of a role: those that were used, and those that were handed out and never seen again.
    fn of_role(&self, role: &RoleName) -> impl Iterator<Item = Joined<'_>> {
        let used = self.used.iter().filter(move |((of, _), _)| of == role).map(|((_, session), used)| {
            let handed = match session {
                Session::Key(key) => self.handed.get(key),
                Session::Named(_) => None,
            };
            (handed, Some(used))
        });
        let unused = self.handed.iter().filter(move |(key, handed)| {
            let session = (role.clone(), Session::Key((*key).clone()));
            handed.role.as_ref() == Some(role)
                && handed.time >= self.since
                && !self.used.contains_key(&session)
        });
        used.chain(unused.map(|(_, handed)| (Some(handed), None)))
    }

    /// Who is behind a session of a role, and through which roles.
    fn who(&self, role: &RoleName, handed: Option<&Handed>, used: Option<&Used>) -> (Who, Vec<RoleName>) {
        let delegate = used.and_then(|used| used.delegate.as_deref());
        if let Some(account) = delegate {
            return (Who::Delegate(account.to_owned()), Vec::new());
        }
        match (handed, used) {
            (Some(handed), _) => self.first_of_chain(handed),
            (None, Some(used)) => (told_by_aws(role, used), Vec::new()),
            (None, None) => (Who::NotTold, Vec::new()),
        }
    }

    /// Back through the sessions that asked for the next, as far as the trail tells.
    fn first_of_chain<'s>(&'s self, last: &'s Handed) -> (Who, Vec<RoleName>) {
        let (mut handed, mut through) = (last, Vec::new());
        let who = loop {
            let caller = Who::Caller(handed.by.to_string());
            let (Some(role), Some(key)) = (&handed.by_role, &handed.with) else { break caller };
            if through.len() == CHAIN_MAX {
                break caller;
            }
            if let Some(before) = self.handed.get(key) {
                through.push(role.clone());
                handed = before;
                continue;
            }
            let used = self.used.get(&(role.clone(), Session::Key(key.clone())));
            let told = used.map_or(Who::NotTold, |used| told_by_aws(role, used));
            if told == Who::NotTold {
                break caller;
            }
            through.push(role.clone());
            break told;
        };
        through.reverse();
        (who, through)
    }
}

/// What AWS tells of a session without the call that handed it out.
fn told_by_aws(role: &RoleName, used: &Used) -> Who {
    let text = |told: &Option<Arc<str>>| told.as_deref().map(str::to_owned);
    let named = |is_so: bool| text(&used.name).filter(|_| is_so);
    text(&used.source_identity)
        .map(Who::SourceIdentity)
        .or_else(|| text(&used.on_behalf_of).map(Who::IdentityCenterUser))
        .or_else(|| named(used.is_instance).map(Who::Instance))
        .or_else(|| named(role.name.starts_with("AWSReservedSSO_")).map(Who::IdentityCenterName))
        .unwrap_or(Who::NotTold)
}

impl Behind {
    fn none(who: Who, how: How, through: Vec<RoleName>) -> Self {
        Self {
            who,
            how,
            through,
            sessions: 0,
            mfa: [0; 3],
            calls: 0,
            days: BTreeSet::new(),
            first: i64::MAX,
            last: i64::MIN,
            named: BTreeMap::new(),
            source_identities: BTreeSet::new(),
            on_behalf_of: BTreeSet::new(),
            origins: BTreeMap::new(),
        }
    }

    fn add(&mut self, handed: Option<&Handed>, used: Option<&Used>) {
        self.sessions = self.sessions.saturating_add(1);
        let [with, without, not_told] = &mut self.mfa;
        // Whoever shows a code with AssumeRole has a long-term key, of which MFA is not told; the session's own calls tell it.
        let told = [handed.and_then(|handed| handed.mfa), used.and_then(|used| used.mfa)];
        let slot = match told.into_iter().flatten().max() {
            Some(true) => with,
            Some(false) => without,
            None => not_told,
        };
        *slot = slot.saturating_add(1);
        if let Some(handed) = handed {
            self.at(handed.time);
        }
        let Some(used) = used else { return };
        self.at(used.first);
        self.at(used.last);
        self.calls = self.calls.saturating_add(used.calls);
        self.days.extend(&used.days);
        if let Some(name) = &used.name {
            let named = self.named.entry(name.to_string()).or_default();
            *named = named.saturating_add(1);
        }
        self.source_identities.extend(used.source_identity.as_deref().map(str::to_owned));
        self.on_behalf_of.extend(used.on_behalf_of.as_deref().map(str::to_owned));
        for (origin, calls) in &used.origins {
            let known = self.origins.entry(origin.clone()).or_default();
            *known = known.saturating_add(*calls);
        }
    }

    fn at(&mut self, time: i64) {
        (self.first, self.last) = (self.first.min(time), self.last.max(time));
    }
}
