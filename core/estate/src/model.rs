//! The estate: everything that exists at one moment, as far as it is known.
//!
//! An entity is split by the API that speaks of it ([`User::details`] from the authorization details,
//! [`User::report`] from the credential report), so that a missing or refused source leaves exactly its own part
//! unknown. Maps are ordered: whatever is printed from an estate comes out the same every time. A copy shares what nobody writes
//! ([`Shared`]).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_policy::document::Document;

use crate::center::IdentityCenter;
use crate::cloudtrail::DescribedTrail;
use crate::fact::{Dataset, Gap, GapReason, Known, SOURCE_DAYS_MAX, Source, SourceId};
use crate::shared::Shared;
use kagimori_id::{AccessKeyId, AccountId, Arn, ArnParts, UniqueId};

/// Everything that exists at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estate {
    /// The organization, as far as it was given.
    pub organization: Organization,
    /// IAM Identity Center, as far as it was given.
    pub identity_center: IdentityCenter,
    /// The accounts of which anything is known, the organization's list included.
    pub accounts: Shared<AccountId, Account>,
    /// The policies of resources, by the ARN of the resource (`arn:aws:s3:::BUCKET`).
    pub resource_policies: BTreeMap<String, ResourcePolicy>,
    /// The files that were read, in the order of [`SourceId`].
    pub sources: Vec<Source>,
    /// What was given and could not be read, was denied, or is torn, in order of file. Not empty means: incomplete.
    pub problems: Vec<Problem>,
}

/// Something that was given and could not be used as it should.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Problem {
    /// The file, relative to the kagimori directory.
    pub file: String,
    /// The account whose knowledge suffers, when it could be told.
    pub account: Option<AccountId>,
    /// What the file was taken to be, when it could be told.
    pub dataset: Option<Dataset>,
    /// How bad it is.
    pub kind: ProblemKind,
    /// What is wrong and where: line and column, or a JSON path. One sentence, lower case, no final period.
    pub message: String,
    /// What to do next. One sentence.
    pub hint: String,
}

/// The kinds of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each kind is summarised in its own words")]
pub enum ProblemKind {
    /// The file could not be read at all: nothing of it is used.
    Unreadable,
    /// A part of it was set aside, the rest is used.
    Partial,
    /// AWS refused the call; the file holds its error message.
    Denied,
    /// The pages do not fit together: something they refer to is missing, or something appears twice.
    Torn,
    /// It is so old that what it says of use may not hold any more.
    TooOld,
}

/// The organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Whether the accounts are in one; AWS says so where they are not (`AWSOrganizationsNotInUseException`).
    pub is_in_use: Known<bool>,
    /// Its id, `o-…`.
    pub id: Known<String>,
    /// The management account.
    pub management_account: Known<AccountId>,
    /// The accounts it lists.
    pub accounts: Known<Vec<OrganizationAccount>>,
    /// Its service control and resource control policies.
    pub policies: Known<Vec<OrganizationPolicy>>,
    /// Centralized root features that are on: `RootCredentialsManagement`, `RootSessions`.
    pub features: Known<Vec<String>>,
    /// What each account and organizational unit hangs under: a root (`r-…`) or a unit (`ou-…`). What is not in it was not
    /// given.
    pub parents: BTreeMap<String, Known<String>>,
}

/// The policy of a resource: of a bucket, queue, topic, key, function, secret or repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePolicy {
    /// The account that owns the resource; the answer does not say, its folder does.
    pub owner: Known<AccountId>,
    /// Its policy; known and `None` means that it has none.
    pub policy: Known<Option<Policy>>,
}

/// An account as the organization lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `SUSPENDED`, `PENDING_CLOSURE`; the newer `State` adds `PENDING_ACTIVATION` and `CLOSED`.
    pub status: String,
}

/// A policy of the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationPolicy {
    /// Its id, `p-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `SERVICE_CONTROL_POLICY`, `RESOURCE_CONTROL_POLICY`, …
    pub kind: String,
    /// Written by AWS (`FullAWSAccess`)?
    pub aws_managed: bool,
    /// The document, when the file holds it (`describe-policy`).
    pub document: Known<Policy>,
    /// The roots, organizational units and accounts it is attached to (`list-targets-for-policy`).
    pub targets: Known<Vec<String>>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its alias; known and `None` means it has none.
    pub alias: Known<Option<String>>,
    /// What became of each dataset: present, or why not. Every [`Dataset`] of an account is a key.
    pub datasets: BTreeMap<Dataset, Known<()>>,
    /// IAM users by name: of the authorization details, and of the credential report where those are missing.
    pub users: Shared<String, User>,
    /// Which of the four lists of the authorization details are whole ([`Account::listing`]).
    pub listings: BTreeMap<Listing, Known<()>>,
    /// Groups by name. Whether they are all, [`Account::listing`] tells.
    pub groups: Shared<String, Group>,
    /// Roles by name.
    pub roles: Shared<String, Role>,
    /// Managed policies by ARN: the customer's, and those of AWS that the authorization details hold.
    pub policies: Shared<Arn, ManagedPolicy>,
    /// The root user.
    pub root: Root,
    /// The counts of `get-account-summary` (`SummaryMap`); a missing count is not zero.
    pub summary: Known<BTreeMap<String, i64>>,
    /// The password policy; known and `None` means none is set (`NoSuchEntity`).
    pub password_policy: Known<Option<PasswordPolicy>>,
    /// Virtual MFA devices, the root user's and unassigned ones too.
    pub virtual_mfa_devices: Known<Vec<VirtualMfaDevice>>,
    /// Server certificates.
    pub server_certificates: Known<Vec<ServerCertificate>>,
    /// OpenID Connect providers.
    pub oidc_providers: Known<Vec<Arn>>,
    /// SAML providers.
    pub saml_providers: Known<Vec<Arn>>,
    /// The trails that log it: its own, and those of the organization.
    pub trails: Known<Vec<DescribedTrail>>,
    /// Users that the credential report names and the authorization details do not: deleted in between, perhaps. They are
    /// among the users, too, and what the details would tell of them is unknown.
    pub deleted_users: Vec<String>,
    /// Policies of which it is not known who has them.
    pub unplaced: Unplaced,
}

/// A list of the authorization details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the answer has these four")]
pub enum Listing {
    /// `UserDetailList`
    Users,
    /// `GroupDetailList`
    Groups,
    /// `RoleDetailList`
    Roles,
    /// `Policies`
    Policies,
}

impl Listing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Users, Self::Groups, Self::Roles, Self::Policies];

    /// The member of the answer.
    pub fn member(self) -> &'static str {
        match self {
            Self::Users => "UserDetailList",
            Self::Groups => "GroupDetailList",
            Self::Roles => "RoleDetailList",
            Self::Policies => "Policies",
        }
    }
}

/// The root user of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its row of the credential report.
    pub report: Known<CredentialReportRow>,
    /// Its MFA devices, as far as `list-mfa-devices` was asked with root's own credentials; virtual ones are in
    /// [`Account::virtual_mfa_devices`], too.
    pub mfa_devices: Vec<MfaDevice>,
}

/// An IAM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its ARN, with its path.
    pub arn: Arn,
    /// When it was created.
    pub created: Known<Timestamp>,
    /// What the authorization details say.
    pub details: Known<UserDetails>,
    /// Its row of the credential report.
    pub report: Known<CredentialReportRow>,
    /// Its access keys, by `list-access-keys` where given, else by the two slots of the report.
    pub access_keys: Known<Vec<AccessKey>>,
    /// Its MFA devices by `list-mfa-devices`: FIDO and hardware too.
    pub mfa_devices: Known<Vec<MfaDevice>>,
    /// Credentials of CodeCommit, Keyspaces, Bedrock.
    pub service_specific_credentials: Known<Vec<ServiceSpecificCredential>>,
    /// SSH public keys.
    pub ssh_public_keys: Known<Vec<SshPublicKey>>,
    /// What AWS saw it use.
    pub last_accessed: Known<LastAccessed>,
}

/// The services that AWS saw somebody try to use (`get-service-last-accessed-details`), by prefix in lower case. `None`: not
/// in the tracking period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAccessed {
    /// By service.
    pub services: BTreeMap<String, Option<Timestamp>>,
    /// Whether every service is told; otherwise one that is not named may have been used.
    pub is_whole: bool,
    /// When the job was done: what was used later it does not tell. `None`: not said.
    pub told_at: Option<Timestamp>,
}

/// What the authorization details say of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDetails {
    /// Its unique id, `AIDA…`.
    pub id: UniqueId,
    /// Its path, `/` when it has none.
    pub path: String,
    /// The names of its groups.
    pub groups: Vec<String>,
    /// Policies on the user itself, and its boundary.
    pub grants: Grants,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Why there may be other tags than these; `None`: these are all.
    pub tags_gap: Option<Gap>,
}

/// What the lists of attached policies and the policies' own counts contradict each other about.
const ATTACHED_TO_WHOM: &str = "what is attached to whom";

/// Policies that AWS counts more often than the lists name: somebody has them, and nobody can tell who.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the two ways to have a policy")]
pub struct Unplaced {
    /// Attached more often (`AttachmentCount`).
    pub attached: BTreeSet<Arn>,
    /// The boundary of more (`PermissionsBoundaryUsageCount`).
    pub bounds: BTreeSet<Arn>,
}

impl Unplaced {
    /// Whether every policy is where the lists say.
    pub fn is_empty(&self) -> bool {
        self.attached.is_empty() && self.bounds.is_empty()
    }

    /// Why a verdict that such a policy could change is not known.
    pub fn gap() -> Gap {
        let reason = GapReason::Contradiction(ATTACHED_TO_WHOM.to_owned());
        Gap { dataset: Dataset::AuthorizationDetails, reason }
    }
}

/// The policies on an identity.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Grants {
    /// Inline policies, by name.
    pub inline: Vec<(String, Policy)>,
    /// Attached managed policies.
    pub attached: Vec<Arn>,
    /// The permissions boundary.
    pub boundary: Option<Arn>,
    /// What the answer leaves out or contradicts itself about: there may be more than the lists name. Empty: they are whole.
    pub gaps: BTreeSet<Gap>,
}

impl Grants {
    /// Why there may be more than the lists name; `None`: they are whole.
    pub fn gap(&self) -> Option<&Gap> {
        self.gaps.first()
    }

    /// Whether the boundary is known: an answer about the identity was read, and no other says something else of it.
    pub fn knows_boundary(&self) -> bool {
        let lists =
            ["UserPolicyList", "GroupPolicyList", "RolePolicyList", "GroupList", "AttachedManagedPolicies"];
        self.gaps.iter().all(|gap| match &gap.reason {
            GapReason::FieldAbsent(member) => lists.contains(&member.as_str()),
            _ => false,
        })
    }
}

/// A policy document as found: what it says, or why it could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The document, or what is wrong with it.
    pub document: Result<Document, kagimori_policy::parse::ParseError>,
}

impl Policy {
    /// In place of a document that two answers tell differently.
    pub(crate) fn contradicting() -> Self {
        let document = kagimori_policy::parse::parse("", kagimori_policy::parse::Strictness::Lenient);
        Self { document }
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Arn,
    /// Its unique id, `AGPA…`.
    pub id: UniqueId,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Its policies; groups have no boundary.
    pub grants: Grants,
    /// Where this came from.
    pub source: SourceId,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its ARN, with its path.
    pub arn: Arn,
    /// Its unique id, `AROA…`.
    pub id: UniqueId,
    /// Its path.
    pub path: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Its trust policy.
    pub trust: Policy,
    /// Its policies and boundary.
    pub grants: Grants,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Why there may be other tags than these; `None`: these are all.
    pub tags_gap: Option<Gap>,
    /// When it was last used; known and `None` means not in the tracking period (400 days).
    pub last_used: Known<Option<RoleUse>>,
    /// The names of the instance profiles that hold it.
    pub instance_profiles: Vec<String>,
    /// The longest session it allows, in seconds (`list-roles` only).
    pub max_session_seconds: Known<u32>,
    /// Its description; known and `None` means that it has none (`list-roles` only).
    pub description: Known<Option<String>>,
    /// What AWS saw it use.
    pub last_accessed: Known<LastAccessed>,
    /// Where this came from.
    pub source: SourceId,
}

/// The last use of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleUse {
    /// When.
    pub at: Timestamp,
    /// In which region, when told.
    pub region: Option<String>,
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Its default version's document.
    pub document: Policy,
    /// The default version: `v3`.
    pub default_version: String,
    /// The versions beside the default that are kept, with their documents: `iam:SetDefaultPolicyVersion` makes one the
    /// default.
    pub other_versions: Known<Vec<PolicyVersion>>,
    /// How many users, groups and roles it is attached to, as AWS counts.
    pub attachments: Option<u32>,
    /// How many users and roles it bounds, as AWS counts.
    pub boundary_uses: Option<u32>,
    /// Where this came from.
    pub source: SourceId,
}

/// A version of a managed policy that is not the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// `v2`
    pub id: String,
    /// When it was written.
    pub created: Option<Timestamp>,
    /// What it says.
    pub document: Policy,
}

impl ManagedPolicy {
    /// How many versions are kept, the default among them; AWS keeps five at most.
    pub fn version_count(&self) -> Option<usize> {
        self.other_versions.value().map(|others| others.len().saturating_add(1))
    }
}

/// A row of the credential report. Dates are known, known to be absent, or not told by this report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialReportRow {
    /// The user's ARN.
    pub arn: Arn,
    /// When the user was created.
    pub created: Known<Timestamp>,
    /// Has a console password?
    pub password_enabled: Known<bool>,
    /// The last sign-in.
    pub password_last_used: Known<LastUse>,
    /// When the password was set; `None`: no password.
    pub password_last_changed: Known<Option<Timestamp>>,
    /// Has any MFA device?
    pub mfa_active: Known<bool>,
    /// The two key slots, in order.
    pub keys: [KeySlot; 2],
    /// The two signing certificate slots, in order.
    pub certificates: [CertificateSlot; 2],
    /// `additional_credentials_info`: what AWS says of more access keys or certificates than the two that the report has room for;
    /// `None`: there are no more (IAM User Guide, *Generate credential reports for your AWS account*).
    pub additional: Option<String>,
    /// Any other column this version does not know, as written.
    pub other_columns: BTreeMap<String, String>,
}

impl CredentialReportRow {
    /// Whether there are more access keys than the report has room for.
    pub fn has_more_keys(&self) -> bool {
        self.says_more("key", "certificate")
    }

    /// Whether there are more signing certificates than the report has room for.
    pub fn has_more_certificates(&self) -> bool {
        self.says_more("certificate", "key")
    }

    /// AWS documents no wording: what names neither or both may be of either.
    fn says_more(&self, of: &str, other: &str) -> bool {
        self.additional.as_ref().is_some_and(|text| {
            let text = text.to_ascii_lowercase();
            text.contains(of) || !text.contains(other)
        })
    }
}

/// An access key slot of the credential report. It has no key id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySlot {
    /// Active?
    pub active: Known<bool>,
    /// When it was created or last rotated; `None`: no key in this slot.
    pub last_rotated: Known<Option<Timestamp>>,
    /// Its last use: any signed attempt, failed ones too.
    pub last_used: Known<LastUse>,
}

/// A signing certificate slot of the credential report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSlot {
    /// Active?
    pub active: Known<bool>,
    /// When it was uploaded; `None`: none in this slot.
    pub last_rotated: Known<Option<Timestamp>>,
}

/// The last use of a credential, as AWS tracks it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "AWS's sentinels say one of these two")]
pub enum LastUse {
    /// `N/A` or `no_information`: never, since tracking began (passwords October 2014, keys 22 April 2015).
    Never,
    /// Used.
    At {
        /// When, to 15 minutes (keys) or 5 minutes (passwords).
        at: Timestamp,
        /// Region, when told.
        region: Option<String>,
        /// Service, when told.
        service: Option<String>,
    },
}

/// An access key of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id; `None` when only the credential report speaks of it.
    pub id: Option<AccessKeyId>,
    /// Its slot in the credential report, 1 or 2, when it stands there.
    pub slot: Option<u8>,
    /// Active?
    pub active: Known<bool>,
    /// When it was created.
    pub created: Known<Timestamp>,
    /// Its last use: the fresher of `get-access-key-last-used` and the report.
    pub last_used: Known<LastUse>,
}

/// A virtual MFA device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualMfaDevice {
    /// Its serial number, an ARN.
    pub serial: String,
    /// The ARN of the user or root it is assigned to.
    pub owner: Option<Arn>,
    /// When it was enabled.
    pub enabled: Option<Timestamp>,
}

/// The kinds of MFA device (IAM User Guide, *AWS Multi-factor authentication in IAM*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "AWS's serial numbers tell these apart")]
pub enum MfaKind {
    /// An authenticator application: whoever copies its seed has it, too.
    Virtual,
    /// A passkey or FIDO security key.
    SecurityKey,
    /// A hardware token that shows codes.
    HardwareToken,
    /// Text messages to a telephone, which AWS gives nobody any more.
    TextMessages,
}

impl MfaKind {
    /// The kind of a serial number: virtual devices and security keys have ARNs (`:mfa/NAME`, `:u2f/user/NAME/…`), tokens those that
    /// their maker gave them.
    pub fn of(serial: &str) -> Self {
        match ArnParts::parse(serial).and_then(|arn| arn.resource.split('/').next()) {
            Some("mfa") => Self::Virtual,
            Some("sms-mfa") => Self::TextMessages,
            Some(_) => Self::SecurityKey,
            None => Self::HardwareToken,
        }
    }

    /// Whether it is a thing that nobody can copy.
    pub fn is_hardware(self) -> bool {
        matches!(self, Self::SecurityKey | Self::HardwareToken)
    }
}

impl MfaDevice {
    /// Whether it is root's: `arn:aws:iam::111122223333:u2f/root-account/NAME`, `…:mfa/root-account-mfa-device`.
    pub fn is_of_root(&self) -> bool {
        let name = ArnParts::parse(&self.serial).and_then(|arn| Some(arn.resource.split_once('/')?.1));
        name.is_some_and(|name| name.starts_with("root-account"))
    }
}

impl VirtualMfaDevice {
    /// Whether root has it. One that nobody has enabled is nobody's, whatever it is called.
    pub fn is_of_root(&self) -> bool {
        match &self.owner {
            Some(owner) => owner.resource() == "root",
            None => self.enabled.is_some() && self.serial.ends_with(":mfa/root-account-mfa-device"),
        }
    }
}

/// An MFA device of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaDevice {
    /// Its serial number; FIDO devices have ARNs with `u2f/`, virtual ones `mfa/`, hardware tokens plain serials.
    pub serial: String,
    /// When it was enabled.
    pub enabled: Option<Timestamp>,
}

/// A service-specific credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSpecificCredential {
    /// Its id, `ACCA…`.
    pub id: String,
    /// The service.
    pub service: String,
    /// Active?
    pub active: bool,
    /// When it was created.
    pub created: Option<Timestamp>,
}

/// An SSH public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshPublicKey {
    /// Its id, `APKA…`.
    pub id: String,
    /// Active?
    pub active: bool,
    /// When it was uploaded.
    pub uploaded: Option<Timestamp>,
}

/// A server certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCertificate {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Arn,
    /// When it expires.
    pub expires: Option<Timestamp>,
}

/// The account's password policy. A field AWS leaves out is at AWS's default, which for these is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// `MinimumPasswordLength`
    pub minimum_length: Option<u32>,
    /// `RequireUppercaseCharacters`
    pub require_uppercase: Option<bool>,
    /// `RequireLowercaseCharacters`
    pub require_lowercase: Option<bool>,
    /// `RequireSymbols`
    pub require_symbols: Option<bool>,
    /// `RequireNumbers`
    pub require_numbers: Option<bool>,
    /// `PasswordReusePrevention`; left out when off.
    pub reuse_prevention: Option<u32>,
    /// `MaxPasswordAge` in days; left out when passwords do not expire.
    pub max_age_days: Option<u32>,
}

impl Estate {
    /// An estate of which nothing is known yet.
    pub fn empty() -> Self {
        Self {
            organization: Organization {
                is_in_use: Known::not_given(Dataset::Organization),
                id: Known::not_given(Dataset::Organization),
                management_account: Known::not_given(Dataset::Organization),
                accounts: Known::not_given(Dataset::OrganizationAccounts),
                policies: Known::not_given(Dataset::OrganizationPolicies),
                features: Known::not_given(Dataset::OrganizationFeatures),
                parents: BTreeMap::new(),
            },
            identity_center: IdentityCenter::unknown(),
            accounts: Shared::new(),
            resource_policies: BTreeMap::new(),
            sources: Vec::new(),
            problems: Vec::new(),
        }
    }
}

impl OrganizationAccount {
    /// Whether it is closed: nobody signs in to it or calls with its credentials any more (Organizations API Reference, `Account`,
    /// `State`; `SUSPENDED` is closed, too, and can be opened again for 90 days).
    pub fn is_closed(&self) -> bool {
        matches!(self.status.as_str(), "SUSPENDED" | "CLOSED")
    }
}

impl Estate {
    /// The same estate, of which more has been found wrong since it was read. The accounts are shared.
    pub fn with_problems(&self, more: impl IntoIterator<Item = Problem>) -> Self {
        let mut estate = self.clone();
        estate.problems.extend(more);
        estate.problems.sort();
        estate
    }

    /// The sources of which what they say of use may not hold any more at an instant.
    pub fn too_old(&self, now: Timestamp) -> Vec<Problem> {
        let moving = [Dataset::AuthorizationDetails, Dataset::CredentialReport];
        let sources = self.accounts.values().flat_map(|account| {
            let own = moving.iter().filter_map(|dataset| account.datasets.get(dataset)?.fact());
            own.map(|fact| (account.id, fact.source))
        });
        let old = sources.filter_map(|(account, source)| {
            let source = source.of(&self.sources)?;
            let days = (now.as_second() - source.as_of?.as_second()).div_euclid(86_400);
            (days > SOURCE_DAYS_MAX).then(|| Problem {
                file: source.file.clone(),
                account: Some(account),
                dataset: Some(source.dataset),
                kind: ProblemKind::TooOld,
                message: format!("it is {days} days old: what was used since is not in it"),
                hint: format!("write it again: `{}`", source.dataset.command()),
            })
        });
        old.collect()
    }
}

impl Account {
    /// An account of which nothing is known yet.
    pub fn unknown(id: AccountId) -> Self {
        let datasets = Dataset::ALL.iter().map(|dataset| (*dataset, Known::not_given(*dataset))).collect();
        Self {
            id,
            alias: Known::not_given(Dataset::AccountAliases),
            datasets,
            users: Shared::new(),
            listings: BTreeMap::new(),
            groups: Shared::new(),
            roles: Shared::new(),
            policies: Shared::new(),
            root: Root { report: Known::not_given(Dataset::CredentialReport), mfa_devices: Vec::new() },
            summary: Known::not_given(Dataset::AccountSummary),
            password_policy: Known::not_given(Dataset::PasswordPolicy),
            virtual_mfa_devices: Known::not_given(Dataset::VirtualMfaDevices),
            server_certificates: Known::not_given(Dataset::ServerCertificates),
            oidc_providers: Known::not_given(Dataset::OidcProviders),
            saml_providers: Known::not_given(Dataset::SamlProviders),
            trails: Known::not_given(Dataset::Trails),
            deleted_users: Vec::new(),
            unplaced: Unplaced::default(),
        }
    }

    /// What became of a dataset: its source, or why it is missing.
    pub fn dataset(&self, dataset: Dataset) -> Known<()> {
        self.datasets.get(&dataset).cloned().unwrap_or_else(|| Known::not_given(dataset))
    }

    /// Whether a list of the authorization details is whole, or why there may be more than it names.
    pub fn listing(&self, listing: Listing) -> Known<()> {
        let details = self.dataset(Dataset::AuthorizationDetails);
        match (details.gap(), self.listings.get(&listing)) {
            (None, Some(known)) => known.clone(),
            _ => details,
        }
    }

    /// The partition that it is in, as its ARNs say; `aws` where there is none.
    pub fn partition(&self) -> &str {
        let root = self.root.report.value().map(|row| &row.arn);
        let users = self.users.values().map(|user| &user.arn);
        let others = self.roles.values().map(|role| &role.arn);
        let groups = self.groups.values().map(|group| &group.arn);
        root.into_iter().chain(users).chain(others).chain(groups).next().map_or("aws", Arn::partition)
    }

    /// The ARN of its root user, which stands for the account, too.
    pub fn root_arn(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition(), self.id)
    }

    /// Marks a dataset as missing for a reason.
    pub fn lose(&mut self, dataset: Dataset, reason: GapReason) {
        self.datasets.insert(dataset, Known::Unknown(Gap { dataset, reason }));
    }
}
