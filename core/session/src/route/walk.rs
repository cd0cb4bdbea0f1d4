//! The walk from a profile to what its credentials begin with, and the settings it gathers on the way.

use super::setting::{
    both, credential_source, external_id, first_serial, list, on_or_off, policy_arns, role_seconds,
    session_seconds, source_identity, tags, without_a_role,
};
use super::{
    Access, DEFAULT_ROLE_SECONDS, DEFAULT_SESSION_SECONDS, Foreign, Hop, MOST_HOPS, Origin, Route,
    RouteError, Source, Target, is_kagi,
};
use crate::extra::Extra;
use crate::heading::{Heading, heading};
use crate::login_session::LOGIN_SESSION;
use crate::profile::{Found, ProfileFiles};
use crate::sso::entitled;
use crate::sso::settings::{Misset, SSO_SETTINGS, is_sso, portal_of, role_of};
use crate::value::{Refused, RoleArn, session_name};

fn is_ours(found: &Found<'_>) -> bool {
    matches!(heading(&found.place.header), Heading::Kagi(_))
}

pub(super) struct Walk<'w, 'a> {
    pub(super) files: &'w ProfileFiles<'a>,
    /// The last role first.
    pub(super) hops: Vec<(Option<String>, Hop)>,
    /// What `read_only_extra` says.
    pub(super) extras: Vec<Extra>,
    /// What `credential_source` says.
    pub(super) foreign: Option<Foreign>,
    pub(super) found: Vec<Origin>,
    pub(super) notes: Vec<String>,
    pub(super) seen: Vec<String>,
}

impl Walk<'_, '_> {
    /// Follows `source_profile` to the profile whose key is used.
    pub(super) fn walk_to_key(&mut self, name: &str) -> Result<String, RouteError> {
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

    pub(super) fn role(&mut self, account: &str, role: &str, source: &str) -> Result<String, RouteError> {
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

    pub(super) fn note(&mut self, profile: &str, key: &str, found: &Found<'_>) {
        self.found.push(Origin {
            name: format!("{key} of `{profile}`"),
            value: found.value.clone().into_owned(),
            from: found.place.to_string(),
        });
    }

    /// A checked setting of a profile.
    pub(super) fn checked<T>(
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
        hop.seconds = self.checked(name, "duration_seconds", role_seconds)?.unwrap_or(DEFAULT_ROLE_SECONDS);
        hop.external_id = self.checked(name, "external_id", external_id)?;
        hop.session_name = self.checked(name, "role_session_name", session_name)?;
        hop.source_identity = self.checked(name, "source_identity", source_identity)?;
        hop.tags = self.checked(name, "session_tags", tags)?.unwrap_or_default();
        hop.transitive_tags = self.checked(name, "transitive_session_tags", list)?.unwrap_or_default();
        hop.policy_arns = self.checked(name, "policy_arns", policy_arns)?.unwrap_or_default();
        Ok(hop)
    }

    pub(super) fn finish(
        mut self,
        target: &Target,
        settings_of: &str,
        key_profile: String,
        access: &Access,
    ) -> Result<Route, RouteError> {
        let mfa_serial = self.serial(&key_profile)?;
        let session_seconds = self
            .checked(&key_profile, "session_seconds", session_seconds)?
            .unwrap_or(DEFAULT_SESSION_SECONDS);
        let key_itself = !self.checked(&key_profile, "session", on_or_off)?.unwrap_or(true);
        let region = self.checked(settings_of, "region", |text| Ok(text.to_owned()))?;
        let mut source = self.beginning(&key_profile)?;
        let foreign = match (self.foreign.take(), &source) {
            (Some(foreign), _) => Some(foreign),
            (None, Source::Key) => self.login(&key_profile).or_else(|| self.process(&key_profile)),
            (None, Source::Sso { .. }) => None,
        };
        let narrowed = match &mut source {
            Source::Sso { role, scoped } if self.hops.is_empty() => {
                self.narrow_sso(settings_of, access, role, scoped)?
            }
            _ => self.narrow(settings_of, access)?,
        };
        self.allow_beside(target, access, narrowed, &mut source)?;
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
        for key in SSO_SETTINGS.into_iter().chain([entitled::ROLE, entitled::TENANT]) {
            if let Some(found) = self.files.get(profile, key) {
                self.note(profile, key, &found);
            }
        }
        Ok(Source::Sso { role: Box::new(role), scoped: None })
    }

    /// botocore looks for `login_session` before `credential_process`.
    fn login(&mut self, name: &str) -> Option<Foreign> {
        let found = self.files.get(name, LOGIN_SESSION)?;
        self.note(name, LOGIN_SESSION, &found);
        Some(Foreign::Login(found.value.into_owned()))
    }

    fn process(&mut self, name: &str) -> Option<Foreign> {
        let found = self.files.get(name, "credential_process").filter(|found| !is_kagi(&found.value))?;
        self.note(name, "credential_process", &found);
        Some(Foreign::Process(found.value.into_owned()))
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
