//! The small answers of one account: summary, password policy, devices, keys, roles, certificates, providers, aliases.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::calendar::cli;
use crate::cast::{PRODUCTION, SANDBOX};
use crate::document::Document;
use crate::files::{Files, json};
use crate::model::{Account, Key, MfaKind};

/// Writes them.
pub(crate) fn write(account: &Account, folder: &str, files: &mut Files) {
    let mut put = |name: &str, bytes: Vec<u8>| files.insert(format!("{folder}/{name}"), bytes);
    put("account-summary.json", summary(account));
    put("password-policy.json", password_policy(account));
    put("virtual-mfa-devices.json", devices(account));
    put("access-keys.json", access_keys(account));
    put("server-certificates.json", certificates(account));
    put("ssh-public-keys.json", ssh_keys(account));
    put("service-specific-credentials.json", service_specific_credentials());
    put("account-aliases.json", json(&BTreeMap::from([("AccountAliases", vec![&account.name])])));
    put("oidc-providers.json", oidc(account));
    put("saml-providers.json", saml(account));
    if account.id != SANDBOX {
        put("roles.json", roles(account));
    }
    if account.id == PRODUCTION {
        for user in
            account.users.iter().filter(|user| user.path == "/machine/" && !user.name.starts_with("svc-b"))
        {
            for key in user.keys.iter().take(1) {
                put(&format!("access-key-last-used/{}.json", key.id), last_used(&user.name, key));
            }
        }
    }
}

fn summary(account: &Account) -> Vec<u8> {
    let present: Vec<_> = account.users.iter().filter(|user| !user.deleted).collect();
    let root = &account.root;
    let devices = present.iter().filter(|user| user.mfa.is_some()).count();
    let virtual_devices = device_list(account).len();
    let counts = BTreeMap::from([
        ("AccountAccessKeysPresent", usize::from(root.key.is_some())),
        ("AccountMFAEnabled", usize::from(root.mfa.is_some())),
        ("AccountPasswordPresent", usize::from(root.password)),
        ("AccountSigningCertificatesPresent", 0),
        ("AccessKeysPerUserQuota", 2),
        ("AssumeRolePolicySizeQuota", 2048),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("AttachedPoliciesPerUserQuota", 10),
        ("GlobalEndpointTokenVersion", 1),
        ("Groups", account.groups.len()),
        ("GroupsPerUserQuota", 10),
        ("GroupsQuota", 300),
        ("InstanceProfiles", account.roles.iter().filter(|role| role.instance_profile).count()),
        ("InstanceProfilesQuota", 1000),
        ("MFADevices", virtual_devices.max(devices)),
        ("MFADevicesInUse", devices + usize::from(root.mfa.is_some())),
        ("Policies", account.policies.len()),
        ("PoliciesQuota", 1500),
        ("PolicySizeQuota", 6144),
        ("Providers", account.oidc_providers.len() + account.saml_providers.len()),
        ("Roles", account.roles.len()),
        ("RolesQuota", 1000),
        ("ServerCertificates", account.certificates.len()),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
        ("Users", present.len()),
        ("UsersQuota", 5000),
        ("VersionsPerPolicyQuota", 5),
    ]);
    json(&BTreeMap::from([("SummaryMap", counts)]))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PasswordPolicy {
    minimum_password_length: u32,
    require_symbols: bool,
    require_numbers: bool,
    require_uppercase_characters: bool,
    require_lowercase_characters: bool,
    allow_users_to_change_password: bool,
    expire_passwords: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_password_age: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_reuse_prevention: Option<u32>,
}

/// The policy; without one, the error that the CLI prints and `2>&1` keeps.
fn password_policy(account: &Account) -> Vec<u8> {
    let Some(policy) = &account.password_policy else {
        let id = &account.id;
        return format!(
            "\nAn error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation: \
             The Password Policy with domain name {id} cannot be found.\n"
        )
        .into_bytes();
    };
    let policy = PasswordPolicy {
        minimum_password_length: policy.length,
        require_symbols: policy.symbols,
        require_numbers: policy.numbers,
        require_uppercase_characters: policy.upper,
        require_lowercase_characters: policy.lower,
        allow_users_to_change_password: true,
        expire_passwords: policy.max_age.is_some(),
        max_password_age: policy.max_age,
        password_reuse_prevention: policy.reuse,
    };
    json(&BTreeMap::from([("PasswordPolicy", policy)]))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Device {
    serial_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<DeviceOwner>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_date: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeviceOwner {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    user_id: String,
    arn: String,
    create_date: String,
}

fn devices(account: &Account) -> Vec<u8> {
    json(&BTreeMap::from([("VirtualMFADevices", device_list(account))]))
}

fn device_list(account: &Account) -> Vec<Device> {
    let serial = |name: &str| format!("arn:aws:iam::{}:mfa/{name}", account.id);
    let mut devices = Vec::new();
    if let Some(mfa) = &account.root.mfa {
        devices.push(Device {
            serial_number: serial("root-account-mfa-device"),
            user: Some(DeviceOwner {
                path: None,
                user_name: None,
                user_id: account.id.clone(),
                arn: account.root_arn(),
                create_date: cli(account.created),
            }),
            enable_date: Some(cli(mfa.enabled)),
        });
    }
    for user in account.users.iter().filter(|user| !user.deleted) {
        let Some(mfa) = user.mfa.as_ref().filter(|mfa| mfa.kind == MfaKind::Virtual) else { continue };
        let owner = DeviceOwner {
            path: Some(user.path.clone()),
            user_name: Some(user.name.clone()),
            user_id: user.id.clone(),
            arn: account.user_arn(user),
            create_date: cli(user.created),
        };
        devices.push(Device {
            serial_number: serial(&user.name),
            user: Some(owner),
            enable_date: Some(cli(mfa.enabled)),
        });
    }
    let orphan = |name: &String| Device { serial_number: serial(name), user: None, enable_date: None };
    devices.extend(account.orphan_devices.iter().map(orphan));
    devices
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyMetadata<'a> {
    user_name: &'a str,
    access_key_id: &'a str,
    status: &'static str,
    create_date: String,
}

fn metadata<'a>(name: &'a str, key: &'a Key) -> KeyMetadata<'a> {
    KeyMetadata {
        user_name: name,
        access_key_id: &key.id,
        status: if key.active { "Active" } else { "Inactive" },
        create_date: cli(key.created),
    }
}

/// One `list-access-keys` answer after the other, as a shell loop over the users writes them.
fn access_keys(account: &Account) -> Vec<u8> {
    let mut bytes = Vec::new();
    for user in account.users.iter().filter(|user| !user.deleted) {
        let keys: Vec<_> = user.keys.iter().map(|key| metadata(user.name.as_str(), key)).collect();
        bytes.extend(json(&BTreeMap::from([("AccessKeyMetadata", keys)])));
    }
    bytes
}

/// Nobody at Shiosai uses CodeCommit: an empty answer for each user, those who were deleted since too. An empty answer does not say
/// whose it is, so there must be as many as anything names users.
fn ssh_keys(account: &Account) -> Vec<u8> {
    let none = json(&BTreeMap::from([("SSHPublicKeys", [(); 0])]));
    account.users.iter().flat_map(|_| none.clone()).collect()
}

/// Nor credentials of a single service: one empty answer for all users.
fn service_specific_credentials() -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        service_specific_credentials: [(); 0],
        is_truncated: bool,
    }
    json(&Answer { service_specific_credentials: [], is_truncated: false })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyLastUsedAnswer<'a> {
    user_name: &'a str,
    access_key_last_used: KeyLastUsed<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyLastUsed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_date: Option<String>,
    service_name: &'a str,
    region: &'a str,
}

fn last_used(user: &str, key: &Key) -> Vec<u8> {
    let last = key.last_used.as_ref();
    json(&KeyLastUsedAnswer {
        user_name: user,
        access_key_last_used: KeyLastUsed {
            last_used_date: last.map(|last| cli(last.at)),
            service_name: last.map_or("N/A", |last| &last.service),
            region: last.map_or("N/A", |last| &last.region),
        },
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RoleEntry<'a> {
    path: &'a str,
    role_name: &'a str,
    role_id: &'a str,
    arn: String,
    create_date: String,
    assume_role_policy_document: &'a Document,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    max_session_duration: u32,
}

fn roles(account: &Account) -> Vec<u8> {
    let roles: Vec<_> = account
        .roles
        .iter()
        .map(|role| RoleEntry {
            path: &role.path,
            role_name: &role.name,
            role_id: &role.id,
            arn: account.role_arn(role),
            create_date: cli(role.created),
            assume_role_policy_document: &role.trust,
            description: role.description.as_deref(),
            max_session_duration: role.max_session,
        })
        .collect();
    json(&BTreeMap::from([("Roles", roles)]))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CertificateMetadata<'a> {
    path: &'static str,
    server_certificate_name: &'a str,
    server_certificate_id: String,
    arn: String,
    upload_date: String,
    expiration: String,
}

fn certificates(account: &Account) -> Vec<u8> {
    let list: Vec<_> = account
        .certificates
        .iter()
        .map(|certificate| CertificateMetadata {
            path: "/",
            server_certificate_name: certificate.name,
            server_certificate_id: format!(
                "ASCASHIOSAI{}",
                crate::random::Random::new(0, certificate.name).base32(10)
            ),
            arn: format!("arn:aws:iam::{}:server-certificate/{}", account.id, certificate.name),
            upload_date: cli(certificate.uploaded),
            expiration: cli(certificate.expires),
        })
        .collect();
    json(&BTreeMap::from([("ServerCertificateMetadataList", list)]))
}

fn oidc(account: &Account) -> Vec<u8> {
    let entry =
        |host: &&str| BTreeMap::from([("Arn", format!("arn:aws:iam::{}:oidc-provider/{host}", account.id))]);
    let list: Vec<_> = account.oidc_providers.iter().map(entry).collect();
    json(&BTreeMap::from([("OpenIDConnectProviderList", list)]))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SamlProvider {
    arn: String,
    valid_until: &'static str,
    create_date: &'static str,
}

fn saml(account: &Account) -> Vec<u8> {
    let entry = |name: &&str| SamlProvider {
        arn: format!("arn:aws:iam::{}:saml-provider/{name}", account.id),
        valid_until: "2124-12-01T02:11:44+00:00",
        create_date: "2024-12-01T02:11:45+00:00",
    };
    let list: Vec<_> = account.saml_providers.iter().map(entry).collect();
    json(&BTreeMap::from([("SAMLProviderList", list)]))
}
