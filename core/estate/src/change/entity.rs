//! Users, groups and roles themselves: made with what they hold, and deleted with it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::edit::{change, look};
use super::holdings::Holdings;
use super::identity::counted;
use super::list::must_differ;
use super::named::named_by;
use super::policy::policy;
use super::tag::must_be_a_tag;
use super::{Change, ChangeError, WayBack};
use crate::fact::{Dataset, Known, SourceId};
use crate::model::{Account, Estate, Grants, Group, Policy, Role, User, UserDetails};
use kagimori_id::{Arn, UniqueId};

/// Users, groups and roles themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "whoever applies changes must say what it does for each")]
pub enum EntityChange {
    /// `iam create-user`, `create-group`, `create-role`, and then all that it holds.
    CreateIdentity {
        /// The user, group or role, with its path.
        identity: Arn,
        /// What it holds; no credentials.
        #[serde(default)]
        holds: Box<Holdings>,
    },
    /// All that it holds, and then `iam delete-user`, `delete-group`, `delete-role`.
    DeleteIdentity {
        /// The user, group or role.
        identity: Arn,
        /// All that it holds.
        #[serde(default)]
        holds: Box<Holdings>,
    },
}

/// What is changed by its service alone.
const OF_AWS: [&str; 2] = ["role/aws-service-role/", "role/aws-reserved/"];

impl EntityChange {
    /// The names of the changes in JSON.
    pub(super) const KINDS: [&str; 2] = ["create_identity", "delete_identity"];

    /// The change that deletes a user, group or role with all that the estate knows it to hold.
    ///
    /// # Errors
    /// [`ChangeError`] when it is not in the estate, is AWS's own, or what it holds is not known or in use.
    pub fn deletion(estate: &Estate, identity: &Arn) -> Result<Change, ChangeError> {
        let mut holds = Holdings::of(estate, identity)?;
        holds.named_by = named_by(estate, identity, holds.id.as_ref());
        let change = Self::DeleteIdentity { identity: identity.clone(), holds: Box::new(holds) };
        change.apply_to(&mut estate.clone())?;
        Ok(change.into())
    }

    /// Makes the change; the estate stays as it was when it fails: each arm asks everything before it writes.
    pub(super) fn apply_to(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        match self {
            Self::CreateIdentity { identity, holds } => create(estate, identity, holds),
            Self::DeleteIdentity { identity, holds } => delete(estate, identity, holds),
        }
    }

    /// What undoes the change, made to this estate.
    pub(super) fn inverse(&self) -> Self {
        match self.clone() {
            Self::CreateIdentity { identity, holds } => Self::DeleteIdentity { identity, holds },
            Self::DeleteIdentity { identity, holds } => {
                Self::CreateIdentity { identity, holds: Box::new(holds.again()) }
            }
        }
    }

    /// What it takes to go back. No policy names a group by its id.
    pub(super) fn way_back(&self) -> WayBack {
        match self {
            Self::DeleteIdentity { identity, .. } if !identity.resource().starts_with("group/") => {
                WayBack::Partly
            }
            Self::CreateIdentity { .. } | Self::DeleteIdentity { .. } => WayBack::Whole,
        }
    }

    /// The user, group or role.
    pub fn identity(&self) -> &Arn {
        let (Self::CreateIdentity { identity, .. } | Self::DeleteIdentity { identity, .. }) = self;
        identity
    }

    /// What it holds.
    pub fn holds(&self) -> &Holdings {
        let (Self::CreateIdentity { holds, .. } | Self::DeleteIdentity { holds, .. }) = self;
        holds
    }

    /// What nothing brings back once the change is made, in English and in Japanese.
    pub(super) fn lost(&self) -> Vec<(String, String)> {
        if self.way_back() == WayBack::Partly { self.holds().lost() } else { Vec::new() }
    }

    /// The sentence in Japanese.
    pub(super) fn japanese(&self) -> String {
        let held: Vec<String> = self.holds().words().into_iter().map(|(_, japanese)| japanese).collect();
        let with = if held.is_empty() { String::new() } else { format!("（{}）", held.join("、")) };
        match self {
            Self::CreateIdentity { identity, .. } => format!("{identity} を作成する{with}"),
            Self::DeleteIdentity { identity, .. } => {
                format!("{identity} を持つものすべてとともに削除する{with}")
            }
        }
    }
}

impl fmt::Display for EntityChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held: Vec<String> = self.holds().words().into_iter().map(|(english, _)| english).collect();
        let with = if held.is_empty() { String::new() } else { format!(" with {}", held.join(", ")) };
        match self {
            Self::CreateIdentity { identity, .. } => write!(f, "create {identity}{with}"),
            Self::DeleteIdentity { identity, .. } => write!(f, "delete {identity}{with}"),
        }
    }
}

fn create(estate: &mut Estate, identity: &Arn, holds: &Holdings) -> Result<(), ChangeError> {
    must_not_be_of_aws(identity)?;
    let account = look::account(estate, identity)?;
    must_differ(look::grants(estate, identity).is_ok(), || format!("{identity} is there already"))?;
    let names = names_of(account, identity)?;
    must_be_a_name(identity)?;
    // IAM API Reference, `CreateUser`: names are not distinguished by case.
    if let Some(like) = names.iter().find(|name| name.eq_ignore_ascii_case(identity.name())) {
        return Err(ChangeError::Refused(format!(
            "the account has `{like}`, from which AWS does not tell `{}`",
            identity.name()
        )));
    }
    must_fit(identity, holds)?;
    if let Some(group) = holds.groups.iter().find(|group| !account.groups.contains_key(*group)) {
        return Err(ChangeError::NotThere { kind: "group", name: group.clone() });
    }
    let members: Vec<Arn> = holds
        .members
        .iter()
        .map(|name| match account.users.get(name) {
            Some(user) => look::details(estate, &user.arn).map(|_| user.arn.clone()),
            None => Err(ChangeError::NotThere { kind: "user", name: name.clone() }),
        })
        .collect::<Result<_, _>>()?;
    for member in &members {
        change::details(estate, member)?.groups.push(identity.name().to_owned());
    }
    insert(change::account(estate, identity)?, identity, holds);
    counted(estate, identity, holds, true);
    Ok(())
}

fn insert(account: &mut Account, identity: &Arn, holds: &Holdings) {
    let name = identity.name().to_owned();
    let inline = holds.inline.iter().map(|held| (held.name.clone(), policy(&held.document)));
    let grants = Grants {
        inline: inline.collect(),
        attached: holds.attached.clone(),
        boundary: holds.boundary.clone(),
        ..Grants::default()
    };
    // An id that no policy names: AWS gives one that nobody ever had.
    let id = UniqueId::new(&format!("planned:{name}"));
    let (arn, source) = (identity.clone(), SourceId::PLANNED);
    match identity.resource().split('/').next() {
        Some("user") => {
            let details = UserDetails {
                id,
                path: path(identity),
                groups: holds.groups.clone(),
                grants,
                tags: holds.tags.clone(),
                tags_gap: None,
            };
            drop(account.users.insert(name.clone(), user(name, arn, details)));
        }
        Some("group") => {
            let group = Group { name: name.clone(), arn, id, created: None, grants, source };
            drop(account.groups.insert(name, group));
        }
        _ => {
            let trust = holds.trust.as_ref().map_or_else(Policy::contradicting, policy);
            let role = Role {
                name: name.clone(),
                id,
                path: path(identity),
                arn,
                created: None,
                trust,
                grants,
                tags: holds.tags.clone(),
                tags_gap: None,
                last_used: Known::new(None, source),
                instance_profiles: holds.instance_profiles.clone(),
                max_session_seconds: Known::new(holds.max_session_seconds.unwrap_or(3_600), source),
                description: Known::new(holds.description.clone(), source),
                last_accessed: Known::not_given(Dataset::LastAccessed),
                source,
            };
            drop(account.roles.insert(name, role));
        }
    }
}

/// A user that was just made has no credentials, and the report does not tell of it.
fn user(name: String, arn: Arn, details: UserDetails) -> User {
    fn none<T>() -> Known<Vec<T>> {
        Known::new(Vec::new(), SourceId::PLANNED)
    }
    User {
        name,
        arn,
        created: Known::not_given(Dataset::AuthorizationDetails),
        details: Known::new(details, SourceId::PLANNED),
        report: Known::not_given(Dataset::CredentialReport),
        access_keys: none(),
        mfa_devices: none(),
        service_specific_credentials: none(),
        ssh_public_keys: none(),
        last_accessed: Known::not_given(Dataset::LastAccessed),
    }
}

fn delete(estate: &mut Estate, identity: &Arn, holds: &Holdings) -> Result<(), ChangeError> {
    must_not_be_of_aws(identity)?;
    let held = Holdings::of(estate, identity)?;
    if !held.is_like(holds) {
        return Err(ChangeError::Refused(format!("{identity} does not hold just what the change names")));
    }
    let keys = look::user(estate, identity).ok().and_then(|user| user.access_keys.value());
    if let Some(key) = keys.into_iter().flatten().find(|key| key.active.value() != Some(&false)) {
        let id = key.id.as_ref().map_or("an access key", |id| id.as_str());
        return Err(ChangeError::InUse(format!("{id} of {identity} is Active")));
    }
    counted(estate, identity, &held, false);
    let name = identity.name();
    let account = change::account(estate, identity)?;
    match identity.resource().split('/').next() {
        Some("user") => {
            account.users.remove(name);
            if let Known::Known(devices) = &mut account.virtual_mfa_devices {
                devices.value.retain(|device| device.owner.as_ref() != Some(identity));
            }
        }
        Some("group") => {
            account.groups.remove(name);
            let members: Vec<String> = held.members;
            for member in members {
                if let Some(Known::Known(details)) =
                    account.users.get_mut(&member).map(|user| &mut user.details)
                {
                    details.value.groups.retain(|group| group != name);
                }
            }
        }
        _ => drop(account.roles.remove(name)),
    }
    Ok(())
}

fn must_not_be_of_aws(identity: &Arn) -> Result<(), ChangeError> {
    if OF_AWS.iter().any(|begin| identity.resource().starts_with(begin)) {
        return Err(ChangeError::Refused(format!("{identity} is made and deleted by AWS itself")));
    }
    Ok(())
}

fn names_of<'a>(account: &'a Account, identity: &Arn) -> Result<Vec<&'a String>, ChangeError> {
    match identity.resource().split('/').next() {
        Some("user") => Ok(account.users.keys().collect()),
        Some("group") => Ok(account.groups.keys().collect()),
        Some("role") => Ok(account.roles.keys().collect()),
        _ => Err(ChangeError::NotThere { kind: "user, group or role", name: identity.to_string() }),
    }
}

/// `[\w+=,.@-]+`, of 64 characters at most, of a group 128 (IAM API Reference, `CreateUser`, `CreateGroup`).
fn must_be_a_name(identity: &Arn) -> Result<(), ChangeError> {
    let (name, is_group) = (identity.name(), identity.resource().starts_with("group/"));
    let most = if is_group { 128 } else { 64 };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if name.is_empty() || name.len() > most || !name.bytes().all(is_name) {
        return Err(ChangeError::Refused(format!(
            "`{name}` is no name: 1 to {most} letters, digits and `_+=,.@-`"
        )));
    }
    Ok(())
}

/// What a user, group or role can be made with.
fn must_fit(identity: &Arn, holds: &Holdings) -> Result<(), ChangeError> {
    let refused = |why: String| Err(ChangeError::Refused(why));
    let kind = identity.resource().split('/').next().unwrap_or_default();
    let has_of_role = holds.trust.is_some()
        || holds.description.is_some()
        || holds.max_session_seconds.is_some()
        || !holds.instance_profiles.is_empty();
    let has_of_both = holds.boundary.is_some() || !holds.tags.is_empty();
    let is_strange = match kind {
        "user" => has_of_role || !holds.members.is_empty(),
        "group" => has_of_role || has_of_both || !holds.groups.is_empty(),
        _ => !holds.groups.is_empty() || !holds.members.is_empty() || holds.trust.is_none(),
    };
    if is_strange {
        return refused(format!(
            "{identity} is no {kind} that AWS could make: it has too much, or no trust policy"
        ));
    }
    if !holds.credentials.is_empty() {
        return refused(format!("{identity} cannot be made with credentials: AWS makes those"));
    }
    if holds.tags.len() > 50 {
        return refused(format!("{identity} would have more than 50 tags"));
    }
    if let Some(text) = &holds.description {
        let is_latin =
            |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
        if text.chars().count() > 1_000 || !text.chars().all(is_latin) {
            return refused("the description of a role has 1,000 characters of Latin-1 at most".to_owned());
        }
    }
    if holds.max_session_seconds.is_some_and(|seconds| !(3_600..=43_200).contains(&seconds)) {
        return refused("the longest session of a role is 3,600 to 43,200 seconds".to_owned());
    }
    holds.tags.iter().try_for_each(|(key, value)| must_be_a_tag(key, value))
}

/// `/` or `/path/`
fn path(identity: &Arn) -> String {
    let rest = identity.resource().split_once('/').map_or("", |(_, rest)| rest);
    format!("/{}", rest.strip_suffix(identity.name()).unwrap_or_default())
}
