//! How much the target's session may do: narrowed to reading, with what is named beside it, or elevated.

use super::setting::{
    ReasonIn, another_set, elevate_seconds, extra_of_all, no_room, not_read_only, on_or_off, reason_in,
};
use super::{Access, ELEVATED_SECONDS, RouteError, Source, SourceIdentity, Target, Walk};
use crate::extra::{extras, policy_beside};
use crate::sso::scope::Scoped;
use crate::sso::settings::{SsoRole, permission_set};
use crate::value::{Refused, RoleArn, session_name_from, shown, tag_value_from, within};

const DEFAULT_ELEVATED_SECONDS: u32 = 1800;

fn reading_policy(role: &RoleArn) -> String {
    format!("arn:{}:iam::aws:policy/ReadOnlyAccess", role.partition())
}

impl Walk<'_, '_> {
    /// Narrows the last role to reading, or marks it as elevated.
    pub(super) fn narrow(&mut self, profile: &str, access: &Access) -> Result<bool, RouteError> {
        let read_only = self.checked(profile, "read_only", on_or_off)?.unwrap_or(true);
        let elevate = self.checked(profile, "elevate_seconds", elevate_seconds)?;
        let reason_in = self.checked(profile, "reason_in", reason_in)?.unwrap_or(ReasonIn::Log);
        if *access == Access::Everyday && read_only {
            self.no_other_policies()?;
        }
        let Some((_, last)) = self.hops.last_mut() else {
            return match access {
                Access::Everyday => Ok(false),
                Access::Elevated { .. } => Err(Refused::new(
                    format!("`{}` has no role to elevate", shown(profile)),
                    "the user's own session is never narrowed: leave `--elevate` out, or name a profile with a role",
                )
                .into()),
            };
        };
        match access {
            Access::Everyday if read_only => {
                let arn = reading_policy(&last.role);
                if !last.policy_arns.contains(&arn) {
                    last.policy_arns.push(arn);
                }
                Ok(true)
            }
            Access::Everyday => Ok(false),
            Access::Elevated { reason, seconds } => {
                let seconds = seconds.or(elevate).unwrap_or(DEFAULT_ELEVATED_SECONDS);
                last.seconds = within("--for", seconds, ELEVATED_SECONDS.0, ELEVATED_SECONDS.1)?;
                match reason_in {
                    ReasonIn::Log => {}
                    ReasonIn::Tag => last.tags.push(("kagi:reason".to_owned(), tag_value_from(reason))),
                    ReasonIn::SourceIdentity => {
                        last.source_identity = Some(SourceIdentity::Text(session_name_from(reason)));
                    }
                }
                Ok(false)
            }
        }
    }

    /// A session may do what any of its session policies allows (STS, AssumeRole, `PolicyArns`: "the resulting session's
    /// permissions are the intersection of the role's identity-based policy and the session policies", of which each
    /// grants): beside another policy `ReadOnlyAccess` narrows nothing.
    fn no_other_policies(&self) -> Result<(), RouteError> {
        const KEY: &str = "policy_arns";
        let Some((Some(profile), last)) = self.hops.last() else { return Ok(()) };
        let reading = reading_policy(&last.role);
        if last.policy_arns.iter().all(|arn| *arn == reading) {
            return Ok(());
        }
        match self.files.own_or_global(profile, KEY) {
            Some(found) => Err(RouteError::Setting { place: found.place, source: not_read_only() }),
            None => Ok(()),
        }
    }

    /// What a read-only role may do beside reading. It is of one profile: what one needs the others must not get.
    pub(super) fn allow_beside(
        &mut self,
        target: &Target,
        access: &Access,
        narrowed: bool,
        source: &mut Source,
    ) -> Result<(), RouteError> {
        const KEY: &str = "read_only_extra";
        if let Some(found) = self.files.global(KEY) {
            return Err(RouteError::Setting { place: found.place, source: extra_of_all() });
        }
        // A role without a profile has settings of its source, and these are not its own.
        let Target::Profile(profile) = target else { return Ok(()) };
        let Some(found) = self.files.get(profile, KEY) else { return Ok(()) };
        let refused = |source| RouteError::Setting { place: found.place.clone(), source };
        let extras = extras(&found.value).map_err(refused)?;
        let last = match self.hops.last_mut() {
            _ if *access != Access::Everyday || extras.is_empty() => return Ok(()),
            Some((_, last)) if narrowed => last,
            None if narrowed => {
                return match source {
                    Source::Sso { scoped: Some(scoped), .. } => {
                        let Some((with, gone)) = Scoped::reading_and(&extras) else {
                            return Err(refused(no_room()));
                        };
                        *scoped = with;
                        if !gone.is_empty() {
                            self.notes.push(format!(
                                "to make room for `{KEY}` these are not read: {} (STS takes 2,048 characters)",
                                gone.join(", ")
                            ));
                        }
                        self.note(profile, KEY, &found);
                        self.extras = extras;
                        Ok(())
                    }
                    _ => Err(refused(another_set())),
                };
            }
            _ => {
                self.notes.push(format!("`{KEY}` adds nothing: the session is not narrowed to reading"));
                return Ok(());
            }
        };
        last.policy = policy_beside(&extras, &last.policy_arns).map_err(refused)?;
        self.note(profile, KEY, &found);
        self.extras = extras;
        Ok(())
    }

    /// Narrows a session of Identity Center: by another permission set, else by GetScopedCredentials.
    pub(super) fn narrow_sso(
        &mut self,
        profile: &str,
        access: &Access,
        role: &mut SsoRole,
        scoped: &mut Option<Scoped>,
    ) -> Result<bool, RouteError> {
        let read_only = self.checked(profile, "read_only", on_or_off)?.unwrap_or(true);
        let elevate = self.checked(profile, "elevate_seconds", elevate_seconds)?;
        let other = self.checked(profile, "read_only_role", permission_set)?;
        // Account access manager names roles by their ARN and knows no permission sets.
        let other = other.filter(|_| role.entitled.is_none());
        let reason_in = self.checked(profile, "reason_in", reason_in)?.unwrap_or(ReasonIn::Log);
        match access {
            Access::Everyday if !read_only => Ok(false),
            Access::Everyday => {
                match other {
                    Some(name) => role.role = name,
                    None => *scoped = Some(Scoped::reading()),
                }
                Ok(true)
            }
            Access::Elevated { reason, seconds } => {
                let seconds = seconds.or(elevate).unwrap_or(DEFAULT_ELEVATED_SECONDS);
                let seconds = within("--for", seconds, ELEVATED_SECONDS.0, ELEVATED_SECONDS.1)?;
                let told = !matches!(reason_in, ReasonIn::Log);
                *scoped = Some(Scoped::elevated(seconds, told.then_some(reason.as_str())));
                Ok(false)
            }
        }
    }
}
