//! From a profile's name to its route: whose long-term key, which MFA device, which roles in which order.

mod narrow;
mod setting;

use jiff::Timestamp;

use self::setting::{
    both, credential_source, external_id, first_serial, list, on_or_off, policy_arns, source_identity, tags,
    without_a_role,
};
use crate::extra::Extra;
use crate::heading::{Heading, heading, words};
use crate::profile::{Found, Place, ProfileFiles, Twice};
use crate::sso::scope::Scoped;
use crate::sso::settings::{Misset, SSO_SETTINGS, SsoRole, is_sso, portal_of, role_of};
use crate::value::{Refused, RoleArn, seconds, session_name, shown, within};
use kagimori_id::nearest;

/// AWS takes these lengths (STS API Reference, AssumeRole and GetSessionToken).
const ROLE_SECONDS: (u32, u32) = (900, 43_200);
const SESSION_SECONDS: (u32, u32) = (900, 129_600);
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

/// What a route starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The long-term key of `key_profile`.
    Key,
    /// A permission set of Identity Center, and what its session is cut down to when no role follows.
    Sso {
        /// The permission set in an account.
        role: SsoRole,
        /// GetScopedCredentials, if that is needed.
        scoped: Option<Scoped>,
    },
}

/// Credentials that somebody else hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign {
    /// The `credential_process` of the key's profile, when it is another tool's: the source where the vault has no key.
    Process(String),
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

/// Why there is no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Nothing is known of this name.
    #[error("there is no profile `{}`", shown(.name))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The name that was probably meant.
        near: Option<String>,
    },
    /// The chain of `source_profile` comes back to where it was.
    #[error("`source_profile` goes round in a circle: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    /// The chain is too long to be meant.
    #[error("profile `{0}` passes through more than {MOST_HOPS} roles")]
    TooLong(String),
    /// A profile has two sections.
    #[error("{}", .0.sentence())]
    Twice(Box<Twice>),
    /// A setting cannot be used.
    #[error("{place}: {source}")]
    Setting {
        /// Where it stands.
        place: Place,
        /// What is wrong.
        source: Refused,
    },
    /// A role without a source.
    #[error("profile `{0}` has `role_arn` and says not from where")]
    NoSource(String),
    /// A source that is another tool's.
    #[error("profile `{profile}` gets its credentials by `{key}` ({place}), which kagi does not do")]
    Elsewhere {
        /// The profile.
        profile: String,
        /// The setting.
        key: &'static str,
        /// Where it stands.
        place: Place,
    },
    /// A value of the command line cannot be used.
    #[error(transparent)]
    Argument(#[from] Refused),
}

impl RouteError {
    /// The next step.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { near: Some(near), .. } => {
                format!("did you mean `{near}`? `kagi list` shows them all")
            }
            Self::Unknown { near: None, .. } => {
                "`kagi list` shows the profiles, `kagi add NAME` stores a key under a new one".to_owned()
            }
            Self::Cycle(_) => {
                "one of them must name the profile whose key you stored with `kagi add`".to_owned()
            }
            Self::TooLong(_) => "shorten the chain of `source_profile`".to_owned(),
            Self::Twice(_) => "keep one of them: SDKs disagree which one counts".to_owned(),
            Self::Setting { source, .. } => source.hint.clone(),
            Self::NoSource(name) => {
                format!(
                    "add `source_profile` to it, the profile whose key you stored, or set it in `[kagi {name}]`"
                )
            }
            Self::Elsewhere { profile, .. } => {
                format!(
                    "use the profile without kagi (`AWS_PROFILE={profile}`), or give it a `source_profile` whose key kagi keeps"
                )
            }
            Self::Argument(refused) => refused.hint.clone(),
        }
    }
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

fn is_ours(found: &Found<'_>) -> bool {
    matches!(heading(&found.place.header), Heading::Kagi(_))
}

struct Walk<'w, 'a> {
    files: &'w ProfileFiles<'a>,
    /// The last role first.
    hops: Vec<(Option<String>, Hop)>,
    /// What `read_only_extra` says.
    extras: Vec<Extra>,
    /// What `credential_source` says.
    foreign: Option<Foreign>,
    found: Vec<Origin>,
    notes: Vec<String>,
    seen: Vec<String>,
}

impl Walk<'_, '_> {
    /// Follows `source_profile` to the profile whose key is used.
    fn walk_to_key(&mut self, name: &str) -> Result<String, RouteError> {
        let mut name = name.to_owned();
        loop {
            self.not_twice(&name)?;
            self.seen.push(name.clone());
            let Some(role) = self.files.get(&name, "role_arn") else {
                for key in ["credential_source", "web_identity_token_file"] {
                    if let Some(found) = self.files.get(&name, key) {
                        return Err(RouteError::Setting { place: found.place, source: without_a_role(key) });
                    }
                }
                self.no_other_source(&name)?;
                return Ok(name);
            };
            let hop = self.hop(&name, &role)?;
            self.note(&name, "role_arn", &role);
            self.hops.push((Some(name.clone()), hop));
            self.foreign = self.credential_source(&name)?;
            if self.foreign.is_some() {
                return Ok(name);
            }
            let Some(source) = self.source(&name)? else { return Err(RouteError::NoSource(name)) };
            // A profile may name itself: its own key is the source (AWS CLI, "source_profile").
            if source == name {
                return Ok(name);
            }
            if self.seen.contains(&source) {
                self.seen.push(source);
                return Err(RouteError::Cycle(std::mem::take(&mut self.seen)));
            }
            if self.seen.len() > MOST_HOPS {
                return Err(RouteError::TooLong(self.seen.first().cloned().unwrap_or_default()));
            }
            name = source;
        }
    }

    fn role(&mut self, account: &str, role: &str, source: &str) -> Result<String, RouteError> {
        let region = self.files.get(source, "region");
        let partition = kagimori_id::partition(region.as_ref().map_or("", |found| &found.value));
        let role = RoleArn::of(partition, account, role)?;
        self.hops.push((None, Hop::plain(role)));
        self.walk_to_key(source)
    }

    fn source(&mut self, name: &str) -> Result<Option<String>, RouteError> {
        if let Some(found) = self.files.get(name, "source_profile") {
            self.note(name, "source_profile", &found);
            return Ok(Some(found.value.into_owned()));
        }
        self.no_other_source(name)?;
        Ok(self.files.global("source_profile").map(|found| {
            self.note(name, "source_profile", &found);
            found.value.into_owned()
        }))
    }

    /// `credential_source`, unless a stronger section names a profile. botocore refuses a profile with both.
    fn credential_source(&mut self, name: &str) -> Result<Option<Foreign>, RouteError> {
        if let Some(found) = self.files.get(name, "web_identity_token_file") {
            return Ok(self.web_identity(name, &found));
        }
        let Some(found) = self.files.get(name, "credential_source") else { return Ok(None) };
        let refused = |source| RouteError::Setting { place: found.place.clone(), source };
        if let Some(profile) = self.files.get(name, "source_profile") {
            match (is_ours(&profile), is_ours(&found)) {
                (true, false) => return Ok(None),
                (false, true) => {}
                _ => return Err(refused(both())),
            }
        }
        let foreign = credential_source(&found.value).map_err(refused)?;
        self.note(name, "credential_source", &found);
        Ok(Some(foreign))
    }

    /// botocore looks for no other source where a token file is named; only a stronger section of ours names one.
    fn web_identity(&mut self, name: &str, found: &Found<'_>) -> Option<Foreign> {
        let profile = self.files.get(name, "source_profile");
        if profile.is_some_and(|profile| is_ours(&profile) && !is_ours(found)) {
            return None;
        }
        self.note(name, "web_identity_token_file", found);
        Some(Foreign::WebIdentity(found.value.clone().into_owned()))
    }

    fn not_twice(&self, name: &str) -> Result<(), RouteError> {
        match self.files.defined_twice(name) {
            None => Ok(()),
            Some(twice) => Err(RouteError::Twice(Box::new(twice))),
        }
    }

    fn no_other_source(&self, name: &str) -> Result<(), RouteError> {
        const KEY: &str = "login_session";
        match self.files.get(name, KEY) {
            Some(Found { place, .. }) => {
                Err(RouteError::Elsewhere { profile: name.to_owned(), key: KEY, place })
            }
            None => Ok(()),
        }
    }

    fn note(&mut self, profile: &str, key: &str, found: &Found<'_>) {
        self.found.push(Origin {
            name: format!("{key} of `{profile}`"),
            value: found.value.clone().into_owned(),
            from: found.place.to_string(),
        });
    }

    /// A checked setting of a profile.
    fn checked<T>(
        &mut self,
        profile: &str,
        key: &str,
        read: impl Fn(&str) -> Result<T, Refused>,
    ) -> Result<Option<T>, RouteError> {
        let Some(found) = self.files.own_or_global(profile, key) else { return Ok(None) };
        let value = read(&found.value)
            .map_err(|source| RouteError::Setting { place: found.place.clone(), source })?;
        self.note(profile, key, &found);
        Ok(Some(value))
    }

    fn hop(&mut self, name: &str, role: &Found<'_>) -> Result<Hop, RouteError> {
        let arn = RoleArn::parse(&role.value)
            .map_err(|source| RouteError::Setting { place: role.place.clone(), source })?;
        let mut hop = Hop::plain(arn);
        let length = |text: &str| {
            seconds(text)
                .and_then(|seconds| within("duration_seconds", seconds, ROLE_SECONDS.0, ROLE_SECONDS.1))
        };
        hop.seconds = self.checked(name, "duration_seconds", length)?.unwrap_or(DEFAULT_ROLE_SECONDS);
        hop.external_id = self.checked(name, "external_id", external_id)?;
        hop.session_name = self.checked(name, "role_session_name", session_name)?;
        hop.source_identity = self.checked(name, "source_identity", source_identity)?;
        hop.tags = self.checked(name, "session_tags", tags)?.unwrap_or_default();
        hop.transitive_tags = self.checked(name, "transitive_session_tags", list)?.unwrap_or_default();
        hop.policy_arns = self.checked(name, "policy_arns", policy_arns)?.unwrap_or_default();
        Ok(hop)
    }

    fn finish(
        mut self,
        target: &Target,
        settings_of: &str,
        key_profile: String,
        access: &Access,
    ) -> Result<Route, RouteError> {
        let mfa_serial = self.serial(&key_profile)?;
        let length = |text: &str| {
            seconds(text)
                .and_then(|seconds| within("session_seconds", seconds, SESSION_SECONDS.0, SESSION_SECONDS.1))
        };
        let session_seconds =
            self.checked(&key_profile, "session_seconds", length)?.unwrap_or(DEFAULT_SESSION_SECONDS);
        let key_itself = !self.checked(&key_profile, "session", on_or_off)?.unwrap_or(true);
        let region = self.checked(settings_of, "region", |text| Ok(text.to_owned()))?;
        let mut source = self.beginning(&key_profile)?;
        let foreign = match (self.foreign.take(), &source) {
            (Some(foreign), _) => Some(foreign),
            (None, Source::Key) => self.process(&key_profile).map(Foreign::Process),
            (None, Source::Sso { .. }) => None,
        };
        let narrowed = match &mut source {
            Source::Sso { role, scoped } if self.hops.is_empty() => {
                self.narrow_sso(settings_of, access, role, scoped)?
            }
            _ => self.narrow(settings_of, access)?,
        };
        self.allow_beside(target, access, narrowed)?;
        let reason = match access {
            Access::Everyday => None,
            Access::Elevated { reason, .. } => Some(reason.clone()),
        };
        Ok(Route {
            name: target.name(),
            key_profile,
            source,
            settings_of: settings_of.to_owned(),
            mfa_serial,
            session_seconds,
            foreign,
            key_itself,
            hops: self.hops.into_iter().map(|(_, hop)| hop).collect(),
            region,
            narrowed,
            extras: self.extras,
            reason,
            found: self.found,
            notes: self.notes,
        })
    }

    /// What the route starts with.
    fn beginning(&mut self, profile: &str) -> Result<Source, RouteError> {
        if self.foreign.is_some() || !is_sso(self.files, profile) {
            return Ok(Source::Key);
        }
        let unusable = |(place, source): Misset| RouteError::Setting { place, source };
        let Some(portal) = portal_of(self.files, profile).map_err(unusable)? else { return Ok(Source::Key) };
        let role = role_of(self.files, profile, portal).map_err(unusable)?;
        for key in SSO_SETTINGS {
            if let Some(found) = self.files.get(profile, key) {
                self.note(profile, key, &found);
            }
        }
        Ok(Source::Sso { role, scoped: None })
    }

    fn process(&mut self, name: &str) -> Option<String> {
        let found = self.files.get(name, "credential_process").filter(|found| !is_kagi(&found.value))?;
        self.note(name, "credential_process", &found);
        Some(found.value.into_owned())
    }

    /// The device: of the first role's profile, as the AWS CLI reads it, else inherited from the key's profile.
    fn serial(&mut self, key_profile: &str) -> Result<Option<String>, RouteError> {
        let first = self.hops.first().and_then(|(profile, _)| profile.clone());
        for later in self.hops.iter().skip(1).filter_map(|(profile, _)| profile.as_deref()) {
            if self.files.get(later, "mfa_serial").is_some() {
                self.notes.push(format!(
                    "`mfa_serial` of `{later}` is not used: it is reached through another role, and a role's session \
                     carries no MFA (IAM User Guide, \"Configuring MFA-protected API access\")"
                ));
            }
        }
        if let Some(first) = first.filter(|first| first != key_profile)
            && let Some(serial) = self.checked(&first, "mfa_serial", first_serial)?
        {
            return Ok(Some(serial));
        }
        let inherited = self.checked(key_profile, "mfa_serial", first_serial)?;
        if inherited.is_some() && !self.hops.is_empty() {
            self.notes
                .push(format!("`mfa_serial` is inherited from `{key_profile}`; the AWS CLI would not do so"));
        }
        Ok(inherited)
    }
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

/// What `Expiration` says in the words of RFC 3339, in UTC, to the second.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    // jiff prints fractions only when there are any; AWS's expirations are whole seconds.
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}
