//! From a route to calls: which, signed by what, under which key of the cache, and where to begin.

use crate::endpoint::Endpoint;
use crate::key::CacheKey;
use crate::route::{Foreign, Hop, Route, Source, SourceIdentity};
use crate::sso::entitled::Entitled;
use crate::sso::scope::Scoped;
use crate::value::{RoleArn, session_name_from};

/// AWS's cap on the sessions of roles that were assumed by a session (IAM User Guide, "Role chaining"); sessions of
/// GetSessionToken count as well (99designs/aws-vault#263).
const CHAINED_SECONDS: u32 = 3600;

/// Nothing is handed out with less than this left when it can be renewed silently: botocore begins to refresh at 15
/// minutes and would run us for every call from then on.
pub const MARGIN_SECONDS: i64 = 16 * 60;

/// A session with less than this left is not used to sign a call.
const USABLE_SECONDS: i64 = 60;

/// What is known of the long-term key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// `AKIA…`
    pub access_key_id: String,
    /// The user's name; sessions are named so.
    pub user_name: String,
    /// The device found when the key was stored.
    pub mfa_serial: Option<String>,
    /// Credentials that another tool hands out, most often a session: there is no GetSessionToken to be made of them.
    pub is_foreign: bool,
}

/// What is known of a sign-in without its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Another for each sign-in; empty when nobody is signed in.
    pub id: String,
    /// The user's name; sessions of roles behind are named so.
    pub user_name: Option<String>,
    /// The portal's address.
    pub portal: String,
}

/// The calls that lead to the target's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In order; each but the first is signed by the one before it. None: the key itself is handed out.
    pub steps: Vec<Step>,
    /// An elevated session is never renewed without being asked for.
    pub elevated: bool,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// One call and the key its answer is kept under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The call.
    pub call: Call,
    /// The device whose code it needs.
    pub mfa_serial: Option<String>,
    /// The key of the answer.
    pub key: CacheKey,
}

/// A call that returns credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// GetSessionToken
    GetSessionToken {
        /// DurationSeconds
        seconds: u32,
    },
    /// AssumeRole
    AssumeRole(AssumeRole),
    /// AssumeRoleWithWebIdentity, which nothing signs
    AssumeRoleWithWebIdentity(AssumeRole),
    /// GetRoleCredentials of the access portal
    GetRoleCredentials {
        /// accountId
        account: String,
        /// roleName
        role: String,
    },
    /// GetRoleCredentials of account access manager
    GetEntitledCredentials(Entitled),
    /// GetScopedCredentials
    GetScopedCredentials(Scoped),
}

impl Call {
    /// How long the answer is asked to last; none when AWS says it by itself.
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        match self {
            Self::GetSessionToken { seconds } => Some(*seconds),
            Self::AssumeRole(role) | Self::AssumeRoleWithWebIdentity(role) => Some(role.seconds),
            Self::GetRoleCredentials { .. } | Self::GetEntitledCredentials(_) => None,
            Self::GetScopedCredentials(scoped) => scoped.seconds,
        }
    }
}

/// The parameters of AssumeRole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRole {
    /// RoleArn
    pub role: RoleArn,
    /// RoleSessionName
    pub session_name: String,
    /// DurationSeconds
    pub seconds: u32,
    /// ExternalId
    pub external_id: Option<String>,
    /// SourceIdentity
    pub source_identity: Option<String>,
    /// Tags
    pub tags: Vec<(String, String)>,
    /// TransitiveTagKeys
    pub transitive_tags: Vec<String>,
    /// PolicyArns
    pub policy_arns: Vec<String>,
    /// Policy
    pub policy: Option<String>,
}

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The answer of the last step is good enough.
    Serve,
    /// Make the calls from this step on.
    From(usize),
}

/// Lays out the calls.
#[must_use]
pub fn plan(route: &Route, holder: &KeyHolder, endpoint: &Endpoint) -> Plan {
    let by_token = matches!(route.foreign, Some(Foreign::WebIdentity(_)));
    let serial = route.mfa_serial.clone().or_else(|| holder.mfa_serial.clone()).filter(|_| !by_token);
    let mut plan = Plan { steps: Vec::new(), elevated: route.reason.is_some(), notes: Vec::new() };
    let key_itself = holder.is_foreign || route.key_itself && serial.is_none();
    if route.key_itself && !key_itself {
        plan.notes.push("`session = off` counts only for a user without MFA".to_owned());
    }
    let direct = match route.hops.as_slice() {
        [only] => key_itself || serial.is_none() || only.seconds > CHAINED_SECONDS,
        _ => key_itself,
    };
    let mut parent =
        CacheKey::of("key 2", &[&holder.access_key_id, serial.as_deref().unwrap_or(""), endpoint.identity()]);
    let mut waiting_serial = serial;
    if !direct {
        parent = session_step(&mut plan, route, waiting_serial.take(), parent);
    }
    for (index, hop) in route.hops.iter().enumerate() {
        // What another tool hands out may be a session: AWS's cap for chained ones is kept.
        let is_own_key = direct && index == 0 && !holder.is_foreign;
        let is_by_token = by_token && index == 0;
        let role = if is_by_token {
            by_web_identity(&mut plan.notes, hop, holder)
        } else {
            assume_role(&mut plan.notes, hop, holder, is_own_key)
        };
        let is_last = index + 1 == route.hops.len();
        let key = role_key(parent, &role, is_last.then_some(route.reason.as_deref()).flatten());
        let call = if is_by_token { Call::AssumeRoleWithWebIdentity(role) } else { Call::AssumeRole(role) };
        plan.steps.push(Step { call, mfa_serial: waiting_serial.take(), key });
        parent = key;
    }
    if route.hops.is_empty() {
        plan.notes.push(if matches!(route.foreign, Some(Foreign::Login(_))) {
            "no role: the session of the console sign-in, as it is".to_owned()
        } else if holder.is_foreign {
            "no role: what the other tool prints, as it is".to_owned()
        } else if key_itself {
            "no role and no session: the key itself, which does not end (`session = off`)".to_owned()
        } else {
            "no role: the session of the user itself, which cannot be narrowed to reading".to_owned()
        });
    }
    plan
}

/// Lays out the calls of a route that starts at Identity Center.
#[must_use]
pub fn plan_signed_in(route: &Route, by: &SignedIn, endpoint: &Endpoint) -> Plan {
    let mut plan = Plan { steps: Vec::new(), elevated: route.reason.is_some(), notes: Vec::new() };
    let Source::Sso { role, scoped } = &route.source else { return plan };
    let fields = [&by.id, &role.portal.start_url, &by.portal, &role.account, &role.role];
    let mut parent = CacheKey::of("sso role 1", &fields.map(String::as_str));
    let call = match &role.entitled {
        None => Call::GetRoleCredentials { account: role.account.clone(), role: role.role.clone() },
        Some(entitled) => {
            let fields: [&str; 5] =
                [&by.id, &role.portal.start_url, &by.portal, &entitled.tenant, entitled.role.as_str()];
            parent = CacheKey::of("entitled role 1", &fields);
            Call::GetEntitledCredentials(entitled.clone())
        }
    };
    plan.steps.push(Step { call, mfa_serial: None, key: parent });
    parent = CacheKey::of("at 1", &[&parent.hex(), endpoint.identity()]);
    let user_name = by.user_name.clone().unwrap_or_else(|| {
        if !route.hops.is_empty() {
            plan.notes.push(format!(
                "who you are is not known yet, and sessions are named `kagi`: `kagi login {}` asks AWS, or set \
                 `role_session_name`",
                route.key_profile
            ));
        }
        "kagi".to_owned()
    });
    let holder = KeyHolder { access_key_id: String::new(), user_name, mfa_serial: None, is_foreign: false };
    for (index, hop) in route.hops.iter().enumerate() {
        let role = assume_role(&mut plan.notes, hop, &holder, false);
        let is_last = index + 1 == route.hops.len();
        let key = role_key(parent, &role, is_last.then_some(route.reason.as_deref()).flatten());
        plan.steps.push(Step { call: Call::AssumeRole(role), mfa_serial: None, key });
        parent = key;
    }
    if let Some(scoped) = scoped {
        let key = scoped.key(parent, route.reason.as_deref());
        plan.steps.push(Step { call: Call::GetScopedCredentials(scoped.clone()), mfa_serial: None, key });
    }
    plan
}

fn session_step(plan: &mut Plan, route: &Route, serial: Option<String>, parent: CacheKey) -> CacheKey {
    let seconds = route.session_seconds;
    let key = CacheKey::of("session 1", &[&parent.hex(), &seconds.to_string()]);
    plan.steps.push(Step { call: Call::GetSessionToken { seconds }, mfa_serial: serial, key });
    key
}

fn assume_role(notes: &mut Vec<String>, hop: &Hop, holder: &KeyHolder, direct: bool) -> AssumeRole {
    let mut seconds = hop.seconds;
    if direct && seconds > CHAINED_SECONDS {
        notes.push(format!(
            "more than one hour of `{}` needs a code of its own: AWS caps chained sessions at one hour",
            hop.role.name()
        ));
    } else if seconds > CHAINED_SECONDS {
        notes.push(format!(
            "`duration_seconds` of `{}` is cut to one hour, AWS's cap for chained sessions; it is renewed silently",
            hop.role.name()
        ));
        seconds = CHAINED_SECONDS;
    }
    let person = session_name_from(&holder.user_name);
    AssumeRole {
        role: hop.role.clone(),
        session_name: hop.session_name.clone().unwrap_or_else(|| person.clone()),
        seconds,
        external_id: hop.external_id.clone(),
        source_identity: hop.source_identity.as_ref().map(|identity| match identity {
            SourceIdentity::Person => person,
            SourceIdentity::Text(text) => text.clone(),
        }),
        tags: hop.tags.clone(),
        transitive_tags: hop.transitive_tags.clone(),
        policy_arns: hop.policy_arns.clone(),
        policy: hop.policy.clone(),
    }
}

/// The call takes neither of what only a caller with credentials may say; it is no chained one.
fn by_web_identity(notes: &mut Vec<String>, hop: &Hop, holder: &KeyHolder) -> AssumeRole {
    let plain = Hop {
        external_id: None,
        source_identity: None,
        tags: Vec::new(),
        transitive_tags: Vec::new(),
        ..hop.clone()
    };
    if plain != *hop {
        notes.push(format!(
            "the external id, source identity and tags of `{}` are not sent: AssumeRoleWithWebIdentity takes none",
            hop.role.name()
        ));
    }
    AssumeRole { seconds: hop.seconds, ..assume_role(&mut Vec::new(), &plain, holder, true) }
}

fn role_key(parent: CacheKey, role: &AssumeRole, reason: Option<&str>) -> CacheKey {
    let (parent, seconds) = (parent.hex(), role.seconds.to_string());
    let count = |items: usize| items.to_string();
    let (tags, transitive) = (count(role.tags.len()), count(role.transitive_tags.len()));
    let option =
        |value: &Option<String>| value.as_deref().map_or("-".to_owned(), |value| format!("+{value}"));
    let (external_id, identity) = (option(&role.external_id), option(&role.source_identity));
    let reason = reason.map_or("-".to_owned(), |reason| format!("+{reason}"));
    let mut fields = vec![
        parent.as_str(),
        role.role.as_str(),
        &role.session_name,
        &seconds,
        &external_id,
        &identity,
        &reason,
        &tags,
    ];
    fields.extend(role.tags.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]));
    fields.push(&transitive);
    fields.extend(role.transitive_tags.iter().map(String::as_str));
    fields.extend(role.policy_arns.iter().map(String::as_str));
    // No ARN reads like a policy, so nothing need stand for its absence.
    fields.extend(role.policy.as_deref());
    CacheKey::of("role 1", &fields)
}

impl Plan {
    /// Where to begin, given how many seconds are left of each cached answer.
    pub fn start(&self, left: impl Fn(usize) -> Option<i64>) -> Start {
        let Some(last) = self.steps.len().checked_sub(1) else { return Start::Serve };
        let of_last = left(last).filter(|left| *left > 0);
        let enough = of_last.is_some_and(|left| left >= self.margin(last));
        if enough || of_last.is_some() && !self.renewable(last, &left) {
            return Start::Serve;
        }
        let usable = |step: &usize| left(*step).is_some_and(|left| left >= self.least(*step));
        Start::From((0..last).rev().find(usable).map_or(0, |step| step + 1))
    }

    /// Whether the last answer can be had again without asking anybody.
    fn renewable(&self, last: usize, left: &impl Fn(usize) -> Option<i64>) -> bool {
        if self.elevated {
            return false;
        }
        let Some(mfa) = self.steps.iter().position(|step| step.mfa_serial.is_some()) else { return true };
        (mfa..last).any(|step| left(step).is_some_and(|left| left >= USABLE_SECONDS))
    }

    /// How many seconds the answer of a step must have left to sign the call after it. A session cut out of another ends with
    /// it, so that one has to last.
    #[must_use]
    pub fn least(&self, step: usize) -> i64 {
        match self.steps.get(step + 1).map(|after| &after.call) {
            Some(Call::GetScopedCredentials(scoped)) => match scoped.seconds {
                // The sessions of permission sets last an hour at least.
                Some(seconds) => i64::from(seconds).min(3600 - MARGIN_SECONDS),
                None => MARGIN_SECONDS,
            },
            _ => USABLE_SECONDS,
        }
    }

    /// The margin of a step: short sessions could never keep the full one.
    fn margin(&self, step: usize) -> i64 {
        let seconds = self.steps.get(step).and_then(|step| step.call.seconds());
        seconds.map_or(MARGIN_SECONDS, |seconds| MARGIN_SECONDS.min(i64::from(seconds) / 2))
    }

    /// The device whose code is needed when the calls begin at this step.
    #[must_use]
    pub fn device_from(&self, start: usize) -> Option<&str> {
        self.steps.iter().skip(start).find_map(|step| step.mfa_serial.as_deref())
    }
}

/// Whether a session that AWS returned is the one that was asked for.
#[must_use]
pub fn is_session_of(arn: &str, role: &AssumeRole) -> bool {
    arn == role.role.session_arn(&role.session_name)
}
