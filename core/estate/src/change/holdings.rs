//! What a user, group or role holds: what a deletion takes with it, and what it is made with.
//!
//! A change that deletes holds all of it, so that the plan and the journal keep what would be lost, and the way back can put back what
//! AWS lets anybody put back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::edit::look;
use super::policy::document;
use super::{ChangeError, WireDocument};
use crate::fact::Known;
use crate::model::{Account, Estate, Grants, Role, User};
use kagimori_id::{AccessKeyId, Arn, UniqueId};

/// What a user, group or role holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "whoever makes or deletes one needs all of it")]
pub struct Holdings {
    /// Its inline policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inline: Vec<InlinePolicy>,
    /// The managed policies attached to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<Arn>,
    /// The boundary of a user or role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Arn>,
    /// The tags of a user or role.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The groups that a user is in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The users in a group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// The trust policy of a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<WireDocument>,
    /// The description of a role, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The longest session of a role, in seconds; left out: 3,600, which is AWS's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_session_seconds: Option<u32>,
    /// The instance profiles that hold a role.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instance_profiles: Vec<String>,
    /// What a user holds that nothing brings back.
    #[serde(skip_serializing_if = "Credentials::is_empty")]
    pub credentials: Credentials,
    /// Its unique id, which nothing else ever gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<UniqueId>,
    /// The policies, as far as the estate knows them, that name it: they would not be about another one of its name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub named_by: Vec<String>,
}

/// An inline policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a name and a text")]
pub struct InlinePolicy {
    /// Its name.
    pub name: String,
    /// Its text.
    pub document: WireDocument,
}

/// What a user holds of which AWS keeps no copy that it gives out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the kinds that AWS has")]
pub struct Credentials {
    /// A console password.
    #[serde(skip_serializing_if = "is_false")]
    pub password: bool,
    /// Access keys, which have to be inactive before they go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_keys: Vec<AccessKeyId>,
    /// Signing certificates, as many as there are: only their own list tells their ids.
    #[serde(skip_serializing_if = "is_zero")]
    pub signing_certificates: u64,
    /// Ids of SSH public keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ssh_public_keys: Vec<String>,
    /// Ids of service-specific credentials.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service_specific: Vec<String>,
    /// Serial numbers of MFA devices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mfa_devices: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// AWS's default (IAM API Reference, `CreateRole`).
const SESSION_SECONDS: u32 = 3_600;

impl Holdings {
    /// What a user, group or role holds, as far as the estate knows; of what it does not know nothing is here, and whoever deletes it
    /// looks whether there is any.
    ///
    /// # Errors
    /// [`ChangeError`] when it is not in the estate, or its policies are not known.
    pub fn of(estate: &Estate, identity: &Arn) -> Result<Self, ChangeError> {
        let account = look::account(estate, identity)?;
        let mut holds = Self::of_grants(look::grants(estate, identity)?)?;
        match identity.resource().split('/').next() {
            Some("user") => {
                let details = look::details(estate, identity)?;
                holds.tags.clone_from(look::tags(estate, identity)?);
                holds.groups.clone_from(&details.groups);
                holds.credentials = Credentials::of(account, look::user(estate, identity)?);
                holds.id = Some(details.id.clone());
            }
            Some("role") => {
                let role = look::role(estate, identity)?;
                holds.tags.clone_from(look::tags(estate, identity)?);
                holds.of_role(role)?;
                holds.id = Some(role.id.clone());
            }
            _ => holds.members = members(account, identity.name()),
        }
        Ok(holds)
    }

    fn of_grants(grants: &Grants) -> Result<Self, ChangeError> {
        if let Some(gap) = grants.gap() {
            return Err(ChangeError::NotKnown(gap.to_string()));
        }
        let inline = grants
            .inline
            .iter()
            .map(|(name, policy)| Ok(InlinePolicy { name: name.clone(), document: document(policy, name)? }));
        Ok(Self {
            inline: inline.collect::<Result<_, ChangeError>>()?,
            attached: grants.attached.clone(),
            boundary: grants.boundary.clone(),
            ..Self::default()
        })
    }

    fn of_role(&mut self, role: &Role) -> Result<(), ChangeError> {
        self.trust = Some(document(&role.trust, role.arn.as_str())?);
        self.description = role.description.value().cloned().flatten();
        let longest = role.max_session_seconds.value().copied();
        self.max_session_seconds = longest.filter(|seconds| *seconds != SESSION_SECONDS);
        self.instance_profiles.clone_from(&role.instance_profiles);
        Ok(())
    }

    /// What can be made again: everything but credentials, the unique id, and what named it.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { credentials: Credentials::default(), id: None, named_by: Vec::new(), ..self.clone() }
    }

    /// Whether two hold the same, whatever their ids are and whoever names them.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let sorted = |holds: &Self| {
            let mut holds = Self { credentials: holds.credentials.sorted(), ..holds.again() };
            holds.inline.sort_by(|one, other| one.name.cmp(&other.name));
            holds.attached.sort();
            holds.groups.sort();
            holds.members.sort();
            holds.instance_profiles.sort();
            holds
        };
        sorted(self) == sorted(other)
    }

    /// What it holds, in English and in Japanese: `2 inline policies`.
    pub(super) fn words(&self) -> Vec<(String, String)> {
        let credentials = &self.credentials;
        let counted = [
            (self.inline.len(), "inline policy", "inline policies", "インラインポリシー"),
            (self.attached.len(), "attached policy", "attached policies", "アタッチされたポリシー"),
            (self.groups.len(), "group", "groups", "グループ"),
            (self.members.len(), "member", "members", "メンバー"),
            (
                self.instance_profiles.len(),
                "instance profile",
                "instance profiles",
                "インスタンスプロファイル",
            ),
            (usize::from(credentials.password), "console password", "", "コンソールのパスワード"),
            (credentials.access_keys.len(), "access key", "access keys", "アクセスキー"),
            (credentials.mfa_devices.len(), "MFA device", "MFA devices", "MFA デバイス"),
            (credentials.ssh_public_keys.len(), "SSH public key", "SSH public keys", "SSH 公開鍵"),
            (
                usize::try_from(credentials.signing_certificates).unwrap_or(usize::MAX),
                "signing certificate",
                "signing certificates",
                "署名証明書",
            ),
            (
                credentials.service_specific.len(),
                "service-specific credential",
                "service-specific credentials",
                "サービス固有の認証情報",
            ),
        ];
        let told = counted.into_iter().filter(|(count, ..)| *count > 0);
        told.map(|(count, one, many, japanese)| {
            let english = if count == 1 { one } else { many };
            (format!("{count} {english}"), format!("{japanese} {count}"))
        })
        .collect()
    }

    /// What nothing brings back, in English and in Japanese.
    pub(super) fn lost(&self) -> Vec<(String, String)> {
        let only = Self { credentials: self.credentials.clone(), ..Self::default() };
        let id = self.id.as_ref().map(|id| (format!("the id {id}"), format!("ID {id}")));
        let named = self
            .named_by
            .iter()
            .map(|what| (format!("that {what} is about it"), format!("{what} の対象であること")));
        only.words().into_iter().chain(id).chain(named).collect()
    }
}

impl Credentials {
    /// Those of a user, as far as they are known.
    fn of(account: &Account, user: &User) -> Self {
        let report = user.report.value();
        let is_kept = |known: &Known<Option<jiff::Timestamp>>| known.value().is_some_and(Option::is_some);
        let certificates = report.iter().flat_map(|row| &row.certificates);
        let listed = user.mfa_devices.value().into_iter().flatten().map(|device| device.serial.clone());
        let virtual_ones = account.virtual_mfa_devices.value().into_iter().flatten();
        let own = virtual_ones.filter(|device| device.owner.as_ref() == Some(&user.arn));
        let mut mfa_devices: Vec<String> = listed.chain(own.map(|device| device.serial.clone())).collect();
        mfa_devices.sort();
        mfa_devices.dedup();
        let keys = user.access_keys.value().into_iter().flatten();
        Self {
            password: report.and_then(|row| row.password_enabled.value()).copied().unwrap_or_default(),
            access_keys: keys.filter_map(|key| key.id.clone()).collect(),
            signing_certificates: certificates
                .filter(|slot| is_kept(&slot.last_rotated))
                .map(|_| 1_u64)
                .sum(),
            ssh_public_keys: ids(&user.ssh_public_keys, |key| &key.id),
            service_specific: ids(&user.service_specific_credentials, |held| &held.id),
            mfa_devices,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn sorted(&self) -> Self {
        let mut all = self.clone();
        all.access_keys.sort();
        all.ssh_public_keys.sort();
        all.service_specific.sort();
        all.mfa_devices.sort();
        all
    }
}

fn ids<T>(known: &Known<Vec<T>>, id: impl Fn(&T) -> &String) -> Vec<String> {
    known.value().into_iter().flatten().map(|held| id(held).clone()).collect()
}

/// The names of the users in a group.
pub(super) fn members(account: &Account, group: &str) -> Vec<String> {
    let is_in = |user: &&User| {
        user.details.value().is_some_and(|details| details.groups.iter().any(|name| name == group))
    };
    account.users.values().filter(is_in).map(|user| user.name.clone()).collect()
}
