//! Facts with their origin, and gaps with their reason.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

/// A kind of input: one AWS API answer, in the form the AWS CLI writes it.
///
/// The order is the order in which sources are listed to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Dataset {
    /// `iam get-account-authorization-details`
    AuthorizationDetails,
    /// `iam get-credential-report`
    CredentialReport,
    /// `iam get-account-summary`
    AccountSummary,
    /// `iam get-account-password-policy`
    PasswordPolicy,
    /// `iam list-virtual-mfa-devices`
    VirtualMfaDevices,
    /// `iam list-mfa-devices`
    MfaDevices,
    /// `iam list-access-keys`
    AccessKeys,
    /// `iam get-access-key-last-used`
    AccessKeyLastUsed,
    /// `iam list-roles`
    Roles,
    /// `iam list-server-certificates`
    ServerCertificates,
    /// `iam list-service-specific-credentials`
    ServiceSpecificCredentials,
    /// `iam list-ssh-public-keys`
    SshPublicKeys,
    /// `iam list-account-aliases`
    AccountAliases,
    /// `iam list-open-id-connect-providers`
    OidcProviders,
    /// `iam list-saml-providers`
    SamlProviders,
    /// `organizations describe-organization`
    Organization,
    /// `organizations list-accounts`
    OrganizationAccounts,
    /// `organizations list-policies` / `describe-policy` / `list-targets-for-policy`
    OrganizationPolicies,
    /// `organizations list-parents`, `list-children`, `list-organizational-units-for-parent`, `list-accounts-for-parent`,
    /// `list-roots`
    OrganizationTree,
    /// `iam list-organizations-features`
    OrganizationFeatures,
    /// `s3api get-bucket-policy`
    ResourcePolicies,
    /// `iam get-service-last-accessed-details`
    LastAccessed,
    /// `cloudtrail describe-trails`
    Trails,
    /// `cloudtrail get-event-selectors`
    EventSelectors,
    /// `cloudtrail get-trail-status`
    TrailStatus,
    /// `sso-admin list-instances`
    IdentityCenter,
    /// `sso-admin list-permission-sets`, `describe-permission-set`, and what a permission set has
    PermissionSets,
    /// `sso-admin list-account-assignments`
    AccountAssignments,
    /// `identitystore list-users`
    CenterUsers,
    /// `identitystore list-groups`
    CenterGroups,
    /// `identitystore list-group-memberships`
    GroupMemberships,
    /// CloudTrail log files
    Trail,
}

impl Dataset {
    /// Every dataset, in order.
    pub const ALL: [Self; 32] = [
        Self::AuthorizationDetails,
        Self::CredentialReport,
        Self::AccountSummary,
        Self::PasswordPolicy,
        Self::VirtualMfaDevices,
        Self::MfaDevices,
        Self::AccessKeys,
        Self::AccessKeyLastUsed,
        Self::Roles,
        Self::ServerCertificates,
        Self::ServiceSpecificCredentials,
        Self::SshPublicKeys,
        Self::AccountAliases,
        Self::OidcProviders,
        Self::SamlProviders,
        Self::Organization,
        Self::OrganizationAccounts,
        Self::OrganizationPolicies,
        Self::OrganizationTree,
        Self::OrganizationFeatures,
        Self::ResourcePolicies,
        Self::LastAccessed,
        Self::Trails,
        Self::EventSelectors,
        Self::TrailStatus,
        Self::IdentityCenter,
        Self::PermissionSets,
        Self::AccountAssignments,
        Self::CenterUsers,
        Self::CenterGroups,
        Self::GroupMemberships,
        Self::Trail,
    ];

    /// The API operation that gives it, as IAM names actions: `iam:GetCredentialReport`.
    pub fn api(self) -> &'static str {
        match self {
            Self::AuthorizationDetails => "iam:GetAccountAuthorizationDetails",
            Self::CredentialReport => "iam:GetCredentialReport",
            Self::AccountSummary => "iam:GetAccountSummary",
            Self::PasswordPolicy => "iam:GetAccountPasswordPolicy",
            Self::VirtualMfaDevices => "iam:ListVirtualMFADevices",
            Self::MfaDevices => "iam:ListMFADevices",
            Self::AccessKeys => "iam:ListAccessKeys",
            Self::AccessKeyLastUsed => "iam:GetAccessKeyLastUsed",
            Self::Roles => "iam:ListRoles",
            Self::ServerCertificates => "iam:ListServerCertificates",
            Self::ServiceSpecificCredentials => "iam:ListServiceSpecificCredentials",
            Self::SshPublicKeys => "iam:ListSSHPublicKeys",
            Self::AccountAliases => "iam:ListAccountAliases",
            Self::OidcProviders => "iam:ListOpenIDConnectProviders",
            Self::SamlProviders => "iam:ListSAMLProviders",
            Self::Organization => "organizations:DescribeOrganization",
            Self::OrganizationAccounts => "organizations:ListAccounts",
            Self::OrganizationPolicies => "organizations:ListPolicies",
            Self::OrganizationTree => "organizations:ListParents",
            Self::OrganizationFeatures => "iam:ListOrganizationsFeatures",
            Self::ResourcePolicies => "s3:GetBucketPolicy",
            Self::LastAccessed => "iam:GetServiceLastAccessedDetails",
            Self::Trails => "cloudtrail:DescribeTrails",
            Self::EventSelectors => "cloudtrail:GetEventSelectors",
            Self::TrailStatus => "cloudtrail:GetTrailStatus",
            Self::IdentityCenter => "sso:ListInstances",
            Self::PermissionSets => "sso:ListPermissionSets",
            Self::AccountAssignments => "sso:ListAccountAssignments",
            Self::CenterUsers => "identitystore:ListUsers",
            Self::CenterGroups => "identitystore:ListGroups",
            Self::GroupMemberships => "identitystore:ListGroupMemberships",
            Self::Trail => "CloudTrail log files",
        }
    }

    /// What there is one of, in words.
    pub(crate) fn thing(self) -> &'static str {
        match self {
            Self::CredentialReport => "the users",
            Self::AccountSummary => "the counts of the account",
            Self::PasswordPolicy => "the password policy",
            Self::AccountAliases => "the alias of the account",
            Self::OidcProviders | Self::SamlProviders => "the identity providers",
            Self::Organization => "the organization",
            Self::OrganizationFeatures => "the features of the organization",
            Self::IdentityCenter => "the instances of Identity Center",
            _ => "what it tells",
        }
    }

    /// The command that writes it, to be run with the account's credentials.
    pub fn command(self) -> &'static str {
        match self {
            Self::AuthorizationDetails => {
                "aws iam get-account-authorization-details > authorization-details.json"
            }
            Self::CredentialReport => {
                "aws iam generate-credential-report; aws iam get-credential-report > credential-report.json"
            }
            Self::AccountSummary => "aws iam get-account-summary > account-summary.json",
            Self::PasswordPolicy => "aws iam get-account-password-policy > password-policy.json",
            Self::VirtualMfaDevices => "aws iam list-virtual-mfa-devices > virtual-mfa-devices.json",
            Self::MfaDevices => {
                "for u in USERS; do aws iam list-mfa-devices --user-name $u; done > mfa-devices.json"
            }
            Self::AccessKeys => {
                "for u in USERS; do aws iam list-access-keys --user-name $u; done > access-keys.json"
            }
            Self::AccessKeyLastUsed => {
                "aws iam get-access-key-last-used --access-key-id KEY > access-key-last-used/KEY.json"
            }
            Self::Roles => "aws iam list-roles > roles.json",
            Self::ServerCertificates => "aws iam list-server-certificates > server-certificates.json",
            Self::ServiceSpecificCredentials => {
                "aws iam list-service-specific-credentials --all-users > service-specific-credentials.json"
            }
            Self::SshPublicKeys => {
                "for u in USERS; do aws iam list-ssh-public-keys --user-name $u; done > ssh-public-keys.json"
            }
            Self::AccountAliases => "aws iam list-account-aliases > account-aliases.json",
            Self::OidcProviders => "aws iam list-open-id-connect-providers > oidc-providers.json",
            Self::SamlProviders => "aws iam list-saml-providers > saml-providers.json",
            Self::Organization => "aws organizations describe-organization > organization.json",
            Self::OrganizationAccounts => "aws organizations list-accounts > accounts.json",
            Self::OrganizationPolicies => {
                "aws organizations list-policies --filter SERVICE_CONTROL_POLICY > policies.json"
            }
            Self::OrganizationTree => {
                "for c in ACCOUNTS UNITS; do aws organizations list-parents --child-id $c > parents-$c.json; done"
            }
            Self::OrganizationFeatures => "aws iam list-organizations-features > organizations-features.json",
            Self::ResourcePolicies => {
                "aws s3api get-bucket-policy --bucket BUCKET > resource-policies/ACCOUNT/BUCKET.json"
            }
            Self::LastAccessed => {
                "aws iam get-service-last-accessed-details --job-id JOB > last-accessed/ACCOUNT/user/NAME.json"
            }
            Self::Trails => "aws cloudtrail describe-trails > trails.json",
            Self::EventSelectors => {
                "for t in TRAILS; do aws cloudtrail get-event-selectors --trail-name $t; done > event-selectors.json"
            }
            Self::TrailStatus => "aws cloudtrail get-trail-status --name ARN > trail-status/NAME.json",
            Self::IdentityCenter => "aws sso-admin list-instances > sso-instances.json",
            Self::PermissionSets => {
                "aws sso-admin list-permission-sets --instance-arn INSTANCE > permission-sets.json"
            }
            Self::AccountAssignments => {
                "aws sso-admin list-account-assignments --instance-arn INSTANCE --permission-set-arn SET --account-id ACCOUNT > account-assignments/SET/ACCOUNT.json"
            }
            Self::CenterUsers => {
                "aws identitystore list-users --identity-store-id STORE > identity-store-users.json"
            }
            Self::CenterGroups => {
                "aws identitystore list-groups --identity-store-id STORE > identity-store-groups.json"
            }
            Self::GroupMemberships => {
                "aws identitystore list-group-memberships --identity-store-id STORE --group-id GROUP > group-memberships/GROUP.json"
            }
            Self::Trail => "aws s3 sync s3://BUCKET/PREFIX trail/",
        }
    }
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.api())
    }
}

/// Index into [`Estate::sources`](crate::Estate::sources).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SourceId(pub u32);

impl SourceId {
    /// Of what was read from a file before all files are in order. No finished estate holds it.
    pub(crate) const UNPLACED: Self = Self(u32::MAX);
    /// Of what a change would make: no file tells of it yet.
    pub const PLANNED: Self = Self(u32::MAX - 1);

    /// The source among those of its estate.
    pub fn of(self, sources: &[Source]) -> Option<&Source> {
        sources.get(usize::try_from(self.0).ok()?)
    }
}

/// A source that is older, in days, does not tell what was not used of late.
pub const SOURCE_DAYS_MAX: i64 = 30;

/// One file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// What it is.
    pub dataset: Dataset,
    /// The file, relative to the kagimori directory.
    pub file: String,
    /// The instant the data speaks of: `GeneratedTime` of a credential report, else what the caller says of the
    /// whole snapshot, else unknown.
    pub as_of: Option<Timestamp>,
}

/// A value and the file it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub source: SourceId,
}

/// A fact, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "known or not: a third state would be a bug")]
pub enum Known<T> {
    /// Known, with its origin.
    Known(Fact<T>),
    /// Not known.
    Unknown(Gap),
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Gap {
    /// The data that would tell.
    pub dataset: Dataset,
    /// What happened to it.
    pub reason: GapReason,
}

/// What happened to data that would have told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each reason has its own sentence in both languages")]
pub enum GapReason {
    /// Nobody gave it.
    NotGiven,
    /// AWS refused it, with this error code: the file holds the AWS CLI's error message.
    Denied(String),
    /// It was asked for, and no answer came: the file holds what the AWS CLI prints then, or says that the time was over.
    Unanswered(Silence),
    /// It was given and could not be read; [`Estate::problems`](crate::Estate::problems) says why.
    Damaged,
    /// It says that more follows, and what follows was not given.
    Truncated,
    /// It is so many days old, and what it would tell may have changed since.
    TooOld(i64),
    /// It was read and does not speak of this field.
    FieldAbsent(String),
    /// Two sources contradict each other about this.
    Contradiction(String),
}

/// Why a question has no answer, not even a refusal.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each has its own words in both languages")]
pub enum Silence {
    /// Nobody was reached: the name is not known, or the connection was refused.
    NoConnection,
    /// It took too long.
    TooLong,
    /// The certificate of the other side is not trusted, or TLS failed.
    Tls,
    /// A proxy let nothing through.
    Proxy,
    /// The connection broke, or AWS failed inside.
    #[default]
    Broken,
    /// The time that was given for the run, or for the account, was over.
    OutOfTime,
}

impl Silence {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::NoConnection, Self::TooLong, Self::Tls, Self::Proxy, Self::Broken, Self::OutOfTime];

    /// In English and Japanese.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NoConnection => ("no connection", "接続不可"),
            Self::TooLong => ("no answer in time", "応答の時間切れ"),
            Self::Tls => ("TLS failed", "TLS の失敗"),
            Self::Proxy => ("the proxy let nothing through", "プロキシーによる遮断"),
            Self::Broken => ("no whole answer came", "応答の欠落"),
            Self::OutOfTime => ("the time given for the collection was over", "収集の制限時間の超過"),
        }
    }
}

impl<T> Known<T> {
    /// A known value.
    pub fn new(value: T, source: SourceId) -> Self {
        Self::Known(Fact { value, source })
    }

    /// Unknown because nobody gave `dataset`.
    pub fn not_given(dataset: Dataset) -> Self {
        Self::Unknown(Gap { dataset, reason: GapReason::NotGiven })
    }

    /// Unknown because `dataset` does not speak of `field`.
    pub fn field_absent(dataset: Dataset, field: &str) -> Self {
        Self::Unknown(Gap { dataset, reason: GapReason::FieldAbsent(field.to_owned()) })
    }

    /// The value, if known.
    pub fn value(&self) -> Option<&T> {
        self.fact().map(|fact| &fact.value)
    }

    /// The fact, if known.
    pub fn fact(&self) -> Option<&Fact<T>> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Unknown(_) => None,
        }
    }

    /// The value, or the gap that hides it.
    ///
    /// # Errors
    /// The [`Gap`], when the value is not known.
    pub fn known(&self) -> Result<&T, &Gap> {
        match self {
            Self::Known(fact) => Ok(&fact.value),
            Self::Unknown(gap) => Err(gap),
        }
    }

    /// The gap, if not known.
    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(gap) => Some(gap),
        }
    }

    /// Says which source it came from, once that has its number.
    pub(crate) fn place(&mut self, source: SourceId) {
        if let Self::Known(fact) = self {
            fact.source = source;
        }
    }

    /// The same knowledge about something derived from the value.
    pub fn map<U>(&self, derive: impl FnOnce(&T) -> U) -> Known<U> {
        match self {
            Self::Known(fact) => Known::new(derive(&fact.value), fact.source),
            Self::Unknown(gap) => Known::Unknown(gap.clone()),
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let api = self.dataset.api();
        match &self.reason {
            GapReason::NotGiven => write!(f, "{api} was not given"),
            GapReason::Denied(code) => write!(f, "{api} was refused by AWS: {code}"),
            GapReason::Unanswered(silence) => {
                write!(f, "{api} was asked for and not answered: {}", silence.words().0)
            }
            GapReason::Damaged => write!(f, "{api} could not be read"),
            GapReason::Truncated => write!(f, "{api} was given without its last page"),
            GapReason::TooOld(days) => {
                write!(f, "{api} is {days} days old, and nobody knows what happened since")
            }
            GapReason::FieldAbsent(field) => write!(f, "{api} does not tell `{field}`"),
            GapReason::Contradiction(what) => write!(f, "{api} contradicts another source about {what}"),
        }
    }
}
