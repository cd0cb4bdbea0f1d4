//! Which answer is read how: one row for each.
//!
//! An answer is known by its members; what its file is called matters only where content cannot tell.

use super::fault::Fault;
use super::object::{Object, Reading, place};
use super::{
    access_keys, account_settings, authorization_details, credential_report, mfa_devices, organization,
    organization_tree, roles, service_last_accessed, trails, user_credentials,
};
use crate::fact::Dataset;

/// One answer of AWS.
pub(super) struct Row {
    pub(super) dataset: Dataset,
    /// Its members: an object that has one of them is this answer.
    members: &'static [&'static str],
    pub(super) read: fn(&Object<'_>) -> Result<Reading, Fault>,
}

const fn row(
    dataset: Dataset,
    members: &'static [&'static str],
    read: fn(&Object<'_>) -> Result<Reading, Fault>,
) -> Row {
    Row { dataset, members, read }
}

/// The answers; the first row that has a member of the object is its reader.
const ROWS: [Row; 31] = [
    // `--query SummaryMap`: one of the counts is called `MFADevices`, as a list of devices is
    row(
        Dataset::AccountSummary,
        &["AccountMFAEnabled", "AccountAccessKeysPresent", "UsersQuota"],
        account_settings::read_bare_summary,
    ),
    row(
        Dataset::PasswordPolicy,
        &["MinimumPasswordLength", "ExpirePasswords"],
        account_settings::read_bare_password_policy,
    ),
    row(
        Dataset::AuthorizationDetails,
        &["UserDetailList", "GroupDetailList", "RoleDetailList"],
        authorization_details::read,
    ),
    row(Dataset::CredentialReport, &["Content", "ReportFormat"], credential_report::read_answer),
    row(Dataset::AccountSummary, &["SummaryMap"], account_settings::read_summary),
    row(Dataset::PasswordPolicy, &["PasswordPolicy"], account_settings::read_password_policy),
    row(Dataset::VirtualMfaDevices, &["VirtualMFADevices"], mfa_devices::read_virtual),
    row(Dataset::MfaDevices, &["MFADevices"], mfa_devices::read_of_user),
    row(Dataset::AccessKeys, &["AccessKeyMetadata"], access_keys::read_list),
    row(Dataset::AccessKeyLastUsed, &["AccessKeyLastUsed"], access_keys::read_last_used),
    // organizations list-roots has `Roots`
    row(Dataset::Roles, &["Roles"], roles::read),
    row(Dataset::ServerCertificates, &["ServerCertificateMetadataList"], account_settings::read_certificates),
    row(
        Dataset::ServiceSpecificCredentials,
        &["ServiceSpecificCredentials"],
        user_credentials::read_service_specific,
    ),
    row(Dataset::SshPublicKeys, &["SSHPublicKeys"], user_credentials::read_ssh),
    row(Dataset::AccountAliases, &["AccountAliases"], account_settings::read_aliases),
    row(Dataset::OidcProviders, &["OpenIDConnectProviderList"], account_settings::read_providers),
    row(Dataset::SamlProviders, &["SAMLProviderList"], account_settings::read_providers),
    row(Dataset::Organization, &["Organization"], organization::read_described),
    row(Dataset::OrganizationAccounts, &["Accounts"], organization::read_accounts),
    row(Dataset::OrganizationPolicies, &["Targets"], organization::read_targets),
    row(Dataset::OrganizationPolicies, &["Policy"], organization::read_policy),
    row(Dataset::OrganizationTree, &["Parents"], organization_tree::read_parents),
    row(Dataset::OrganizationTree, &["Children"], organization_tree::read_children),
    row(Dataset::OrganizationTree, &["OrganizationalUnits"], organization_tree::read_units),
    row(Dataset::OrganizationTree, &["OrganizationalUnit"], organization_tree::read_alone),
    row(Dataset::OrganizationTree, &["Roots"], organization_tree::read_alone),
    row(Dataset::OrganizationFeatures, &["EnabledFeatures"], organization::read_features),
    row(Dataset::LastAccessed, &["ServicesLastAccessed", "JobStatus"], service_last_accessed::read),
    row(Dataset::Trails, &["trailList"], trails::read_list),
    row(Dataset::EventSelectors, &["EventSelectors", "AdvancedEventSelectors"], trails::read_selectors),
    row(Dataset::TrailStatus, &["IsLogging"], trails::read_status),
];

/// The row of an object with these members.
pub(super) fn row_of(members: &[String]) -> Option<&'static Row> {
    ROWS.iter().find(|row| members.iter().any(|member| row.members.contains(&member.as_str())))
}

/// The dataset of an object with these members, some of which may be missing. Of a torn object the first members decide.
pub(super) fn dataset_of(members: &[String]) -> Option<Dataset> {
    row_of(members).map(|row| row.dataset)
}

/// What files are called in which answers are looked for by name: `stem.json`, or anything in a folder.
const NAMES: [(Dataset, &str); 25] = [
    (Dataset::AuthorizationDetails, "authorization-details"),
    (Dataset::CredentialReport, "credential-report"),
    (Dataset::AccountSummary, "account-summary"),
    (Dataset::PasswordPolicy, "password-policy"),
    (Dataset::VirtualMfaDevices, "virtual-mfa-devices"),
    (Dataset::MfaDevices, "mfa-devices"),
    (Dataset::AccessKeys, "access-keys"),
    (Dataset::AccessKeyLastUsed, "access-key-last-used"),
    (Dataset::Roles, "roles"),
    (Dataset::ServerCertificates, "server-certificates"),
    (Dataset::ServiceSpecificCredentials, "service-specific-credentials"),
    (Dataset::SshPublicKeys, "ssh-public-keys"),
    (Dataset::AccountAliases, "account-aliases"),
    (Dataset::OidcProviders, "oidc-providers"),
    (Dataset::SamlProviders, "saml-providers"),
    (Dataset::Organization, "organization"),
    (Dataset::OrganizationAccounts, "accounts"),
    (Dataset::OrganizationPolicies, "policies"),
    (Dataset::OrganizationFeatures, "organizations-features"),
    (Dataset::Trails, "trails"),
    (Dataset::EventSelectors, "event-selectors"),
    (Dataset::IdentityCenter, "sso-instances"),
    (Dataset::PermissionSets, "permission-sets"),
    (Dataset::CenterUsers, "identity-store-users"),
    (Dataset::CenterGroups, "identity-store-groups"),
];
/// Files of which each is about the thing that it is called after, by the folder they lie in.
const FOLDERS: [(Dataset, &str); 9] = [
    (Dataset::AccessKeyLastUsed, "access-key-last-used"),
    (Dataset::ResourcePolicies, "resource-policies"),
    (Dataset::LastAccessed, "last-accessed"),
    (Dataset::TrailStatus, "trail-status"),
    (Dataset::AccountAssignments, "account-assignments"),
    (Dataset::GroupMemberships, "group-memberships"),
    (Dataset::OrganizationPolicies, "policy-targets"),
    (Dataset::PermissionSets, "permission-set"),
    (Dataset::IdentityCenter, "sso-instances"),
];
/// What files begin with of which each is about one part of the organization.
const BEGINNINGS: [(Dataset, &str); 8] = [
    (Dataset::OrganizationTree, "parents-"),
    (Dataset::OrganizationTree, "units-"),
    (Dataset::OrganizationTree, "roots"),
    (Dataset::OrganizationTree, "accounts-r-"),
    (Dataset::OrganizationTree, "accounts-ou-"),
    (Dataset::OrganizationPolicies, "policies-rcp"),
    (Dataset::OrganizationPolicies, "policy-p-"),
    (Dataset::OrganizationPolicies, "targets-p-"),
];

/// The dataset whose command writes a file of this name.
pub(super) fn named(path: &str) -> Option<Dataset> {
    let (stem, folders) = place(path);
    let stem = stem.to_ascii_lowercase();
    let in_folder = |folder: &str| FOLDERS.iter().find(|(_, name)| *name == folder);
    let by_folder = folders.filter_map(in_folder).next();
    let by_name = || NAMES.iter().find(|(_, name)| *name == stem);
    let by_beginning = || BEGINNINGS.iter().find(|(_, name)| stem.starts_with(name));
    by_folder.or_else(by_name).or_else(by_beginning).map(|(dataset, _)| *dataset)
}

#[cfg(test)]
mod tests {
    use super::{Dataset, FOLDERS, NAMES, named};

    /// The names are those that the commands write, which people are told.
    #[test]
    fn every_command_writes_a_file_that_is_known_by_its_name() {
        // `collect` alone writes into the last folders.
        for (dataset, name) in NAMES.iter().chain(FOLDERS.iter().take(6)) {
            assert!(dataset.command().contains(&format!("> {name}")), "{name}");
        }
        for dataset in Dataset::ALL.into_iter().filter(|dataset| *dataset != Dataset::Trail) {
            let (_, file) = dataset.command().rsplit_once("> ").unwrap();
            assert_eq!(named(file.split(';').next().unwrap()), Some(dataset));
        }
    }
}
