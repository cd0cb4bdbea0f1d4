//! From a profile's name to its route: whose long-term key, which MFA device, which roles in which order.

mod check;
mod error;
mod narrow;
mod setting;
mod walk;

use jiff::Timestamp;
use kagimori_id::nearest;

pub use self::check::{Misread, misread};
pub use self::error::RouteError;
use self::walk::Walk;
use crate::extra::Extra;
use crate::heading::words;
use crate::profile::ProfileFiles;
use crate::sso::scope::Scoped;
use crate::sso::settings::SsoRole;
use crate::value::RoleArn;

/// AWS takes these lengths (STS API Reference, AssumeRole and GetSessionToken).
const ROLE_SECONDS: (u32, u32) = (900, 43_200);
const SESSION_SECONDS: (u32, u32) = (900, 129_600);
/// An elevated session ends soon, and by itself.
const ELEVATED_SECONDS: (u32, u32) = (900, 3600);
const DEFAULT_ROLE_SECONDS: u32 = 3600;
const DEFAULT_SESSION_SECONDS: u32 = 43_200;
/// Role chaining: AWS documents no depth; a config file deeper than this is a mistake.
const MOST_HOPS: usize = 16;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A profile by its name.
    Profile(String),
    /// A role without any profile.
    Role {
        /// The 12 digits.
        account: String,
        /// The role's name.
        role: String,
        /// The profile whose key it starts from.
        source: String,
    },
}

impl Target {
    /// How the target is called in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Profile(name) => name.clone(),
            Self::Role { account, role, .. } => format!("{account}/{role}"),
        }
    }
}

/// How much may be done with the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// As the profile says: narrowed to reading, unless it turns that off.
    Everyday,
    /// Everything the role may do, for a short time and a reason.
    Elevated {
        /// Why, in a person's words.
        reason: String,
        /// For how long; the profile's or the default otherwise.
        seconds: Option<u32>,
    },
}

/// The way to a target's credentials, before any key is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The target's name.
    pub name: String,
    /// The profile whose long-term key, or sign-in, is the start.
    pub key_profile: String,
    /// What it starts with.
    pub source: Source,
    /// The profile whose region and endpoints are the calls': the target, or the source of a role without a profile.
    pub settings_of: String,
    /// The MFA device named by the profiles; otherwise the one stored beside the key.
    pub mfa_serial: Option<String>,
    /// How long the MFA session shall last.
    pub session_seconds: u32,
    /// Credentials that somebody else hands out: what the route starts with in place of a key.
    pub foreign: Option<Foreign>,
    /// `session = off`: a user without MFA gets the key itself instead of a session, which may call nothing of IAM.
    pub key_itself: bool,
    /// The roles, the first assumed by the session.
    pub hops: Vec<Hop>,
    /// The region for the program's environment.
    pub region: Option<String>,
    /// Whether the last role is narrowed to reading.
    pub narrowed: bool,
    /// What it may do beside reading.
    pub extras: Vec<Extra>,
    /// The reason of an elevated session.
    pub reason: Option<String>,
    /// What was found where, for `kagi explain`.
    pub found: Vec<Origin>,
    /// What a person should know about this route.
    pub notes: Vec<String>,
}

impl Route {
    /// Whether both lead to the same credentials by the same calls, wherever their settings stand.
    #[must_use]
    pub fn leads_where(&self, other: &Self) -> bool {
        let bare = |route: &Self| Self { found: Vec::new(), notes: Vec::new(), ..route.clone() };
        bare(self) == bare(other)
    }
}

/// What a route starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The long-term key of `key_profile`.
    Key,
    /// A permission set of Identity Center, and what its session is cut down to when no role follows.
    Sso {
        /// The permission set in an account, or the entitled role.
        role: Box<SsoRole>,
        /// GetScopedCredentials, if that is needed.
        scoped: Option<Scoped>,
    },
}

/// Credentials that somebody else hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign {
    /// The `credential_process` of the key's profile, when it is another tool's: the source where the vault has no key.
    Process(String),
    /// `login_session`: what `aws login` left, renewed as botocore does.
    Login(String),
    /// `credential_source = Environment`: the variables around kagi.
    Environment,
    /// `credential_source = Ec2InstanceMetadata`
    Instance,
    /// `credential_source = EcsContainer`
    Container,
    /// `web_identity_token_file`: the first role is assumed by the token in this file.
    WebIdentity(String),
}

/// One role on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The role.
    pub role: RoleArn,
    /// Its session's length.
    pub seconds: u32,
    /// `external_id`
    pub external_id: Option<String>,
    /// `role_session_name`; otherwise the user's name.
    pub session_name: Option<String>,
    /// Who stands in CloudTrail.
    pub source_identity: Option<SourceIdentity>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Keys of tags that follow into further roles.
    pub transitive_tags: Vec<String>,
    /// Managed policies that narrow the session.
    pub policy_arns: Vec<String>,
    /// A policy that does so beside them: the session may do what any of them allows.
    pub policy: Option<String>,
}

/// `source_identity`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceIdentity {
    /// `person`: the user's name.
    Person,
    /// A fixed text.
    Text(String),
}

/// A setting and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The setting.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it stood; empty for a default.
    pub from: String,
}

/// Finds the route of a target.
pub fn resolve(files: &ProfileFiles<'_>, target: &Target, access: &Access) -> Result<Route, RouteError> {
    let mut walk = Walk {
        files,
        hops: Vec::new(),
        extras: Vec::new(),
        foreign: None,
        found: Vec::new(),
        notes: Vec::new(),
        seen: Vec::new(),
    };
    let (settings_of, key_profile) = match target {
        Target::Profile(name) => (name.as_str(), walk.walk_to_key(name)?),
        Target::Role { account, role, source } => (source.as_str(), walk.role(account, role, source)?),
    };
    walk.hops.reverse();
    walk.finish(target, settings_of, key_profile, access)
}

impl Hop {
    fn plain(role: RoleArn) -> Self {
        Self {
            role,
            seconds: DEFAULT_ROLE_SECONDS,
            external_id: None,
            session_name: None,
            source_identity: None,
            tags: Vec::new(),
            transitive_tags: Vec::new(),
            policy_arns: Vec::new(),
            policy: None,
        }
    }
}

/// Whether a `credential_process` runs kagi, wherever it lies.
#[must_use]
pub fn is_kagi(process: &str) -> bool {
    let Some(words) = words(process) else { return false };
    let program = words.first().and_then(|program| program.rsplit('/').next());
    let command = words.get(1).map(String::as_str);
    program == Some("kagi") && matches!(command, Some("credentials" | "credential-process"))
}

/// The error for a name that neither the files nor the vault know.
#[must_use]
pub fn unknown(files: &ProfileFiles<'_>, name: &str) -> RouteError {
    let names = files.names();
    let near = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
    RouteError::Unknown { name: name.to_owned(), near }
}

/// The error for a source that neither the files nor the vault know.
#[must_use]
pub fn unknown_source(files: &ProfileFiles<'_>, route: &Route) -> RouteError {
    let (name, names) = (&route.key_profile, files.names());
    let others = names.iter().map(String::as_str).filter(|other| *other != route.name);
    let near = nearest(name, others).map(str::to_owned);
    RouteError::UnknownSource { name: name.clone(), of: route.name.clone(), near }
}

/// What `Expiration` says in the words of RFC 3339, in UTC, to the second.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    // jiff prints fractions only when there are any; AWS's expirations are whole seconds.
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}
