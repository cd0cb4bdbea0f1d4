//! What a call answers: a part of a file of the snapshot, a page of it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::wire::Call;
use super::{Answers, Faults, Files, OWN};

/// The files of a snapshot, read once.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The answers of each file, one after the other.
    files: BTreeMap<String, Vec<Value>>,
    /// What lists of users' things have of each user, by file and user.
    of_users: BTreeMap<(&'static str, String), Vec<Value>>,
}

/// Files whose answers are about one user each, and the list in them.
const OF_USERS: [(&str, &str); 3] = [
    ("access-keys.json", "AccessKeyMetadata"),
    ("mfa-devices.json", "MFADevices"),
    ("ssh-public-keys.json", "SSHPublicKeys"),
];

impl Read {
    pub(super) fn of(files: &Files) -> Self {
        let documents = files.iter().map(|(name, bytes)| (name.clone(), documents(bytes)));
        let mut read = Self { files: documents.collect(), of_users: BTreeMap::new() };
        if let (None, Some(report)) = (read.files.get("credential-report.json"), report(files)) {
            read.files.insert("credential-report.json".to_owned(), vec![report]);
        }
        for (file, list) in OF_USERS {
            let answers = read.files.remove(file).unwrap_or_default();
            let items = answers.iter().filter_map(|answer| answer.get(list)?.as_array()).flatten();
            for item in items {
                let user = item.get("UserName").and_then(Value::as_str).unwrap_or_default().to_owned();
                read.of_users.entry((file, user)).or_default().push(item.clone());
            }
        }
        read
    }

    fn file(&self, name: &str) -> Option<&Value> {
        self.files.get(name)?.first()
    }
}

/// AWS says no.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

pub(super) fn refused(status: u16, code: &str, message: &str) -> Refused {
    Refused { status, code: code.to_owned(), message: message.to_owned() }
}

/// Operations about a whole account, and the files that hold their answers.
const OF_ACCOUNT: [(&str, &str); 12] = [
    ("GetAccountAuthorizationDetails", "authorization-details.json"),
    ("ListRoles", "roles.json"),
    ("GetAccountSummary", "account-summary.json"),
    ("GetAccountPasswordPolicy", "password-policy.json"),
    ("ListVirtualMFADevices", "virtual-mfa-devices.json"),
    ("ListAccountAliases", "account-aliases.json"),
    ("ListOpenIDConnectProviders", "oidc-providers.json"),
    ("ListSAMLProviders", "saml-providers.json"),
    ("ListServerCertificates", "server-certificates.json"),
    ("ListServiceSpecificCredentials", "service-specific-credentials.json"),
    ("GetCredentialReport", "credential-report.json"),
    ("DescribeTrails", "trails.json"),
];

pub(super) fn answer(
    answers: &Answers,
    faults: &Faults,
    (secret, token): &(String, String),
    call: &Call,
) -> Result<Value, Refused> {
    let Answers { accounts, organization } = answers;
    let input = |name: &str| call.input.get(name).map(String::as_str).unwrap_or_default();
    let read = accounts.get(&call.account);
    let page = faults.page.or_else(|| input("MaxItems").parse().ok()).unwrap_or(100);
    if let Some((_, file)) = OF_ACCOUNT.iter().find(|(operation, _)| *operation == call.operation) {
        let nothing;
        let whole = match read.and_then(|read| read.file(file)) {
            Some(whole) => whole,
            // A snapshot without a list is of an account without any.
            None => {
                let none = read.and_then(|read| none(read, &call.operation));
                nothing = none.ok_or_else(|| refused(404, "NoSuchEntity", "it cannot be found"))?;
                &nothing
            }
        };
        return Ok(paged(whole, input("Marker"), "Marker", page));
    }
    let per_user = |file: &'static str, list: &str| {
        let items = read.and_then(|read| read.of_users.get(&(file, input("UserName").to_owned())));
        let items = items.cloned().unwrap_or_default();
        Ok(paged(&json!({ list: items }), input("Marker"), "Marker", page))
    };
    let of_organization = |file: &str| {
        let none = nothing(&call.operation);
        Ok(paged(organization.file(file).unwrap_or(&none), input("NextToken"), "NextToken", page))
    };
    match call.operation.as_str() {
        "GenerateCredentialReport" => Ok(json!({ "State": "STARTED" })),
        "GetCallerIdentity" => Ok(json!({
            "UserId": "AIDAEXAMPLE",
            "Account": faults.posing.as_ref().filter(|_| call.account != OWN).unwrap_or(&call.account),
            "Arn": format!("arn:aws:sts::{}:assumed-role/Audit/x", call.account),
        })),
        "AssumeRole" => {
            let account = input("RoleArn").split(':').nth(4).unwrap_or_default().to_owned();
            if faults.closed.contains(&account) {
                return Err(refused(
                    403,
                    "AccessDenied",
                    "User: x is not authorized to perform: sts:AssumeRole",
                ));
            }
            Ok(json!({
                "AssumedRoleUser": { "Arn": format!("arn:aws:sts::{account}:assumed-role/Audit/x"), "AssumedRoleId": "AROA:x" },
                "Credentials": {
                    "AccessKeyId": format!("ASIA{account}EXAM"),
                    "SecretAccessKey": secret,
                    "SessionToken": token,
                    "Expiration": "2099-01-01T00:00:00Z",
                },
            }))
        }
        "GenerateServiceLastAccessedDetails" => Ok(json!({ "JobId": input("Arn") })),
        "GetServiceLastAccessedDetails" => Ok(json!({
            "JobStatus": "COMPLETED",
            "JobCreationDate": "2026-11-01T00:00:00Z",
            "JobCompletionDate": "2026-11-01T00:00:01Z",
            "JobType": "SERVICE_LEVEL",
            "ServicesLastAccessed": [{
                "ServiceName": "AWS Identity and Access Management",
                "LastAuthenticated": "2026-10-01T00:00:00Z",
                "ServiceNamespace": "iam",
                "TotalAuthenticatedEntities": 1,
            }],
        })),
        "ListAccessKeys" => per_user("access-keys.json", "AccessKeyMetadata"),
        "ListMFADevices" => per_user("mfa-devices.json", "MFADevices"),
        "ListSSHPublicKeys" => per_user("ssh-public-keys.json", "SSHPublicKeys"),
        "DescribeOrganization" => of_organization("organization.json"),
        "ListAccounts" => of_organization("accounts.json"),
        "ListRoots" => of_organization("roots.json"),
        "ListPolicies" if input("Filter") == "SERVICE_CONTROL_POLICY" => of_organization("policies.json"),
        "ListPolicies" => of_organization("policies-rcp.json"),
        "DescribePolicy" => of_organization(&format!("policy-{}.json", input("PolicyId"))),
        "ListTargetsForPolicy" => of_organization(&format!("policy-targets/{}.json", input("PolicyId"))),
        "ListAccountsForParent" => of_organization(&format!("accounts-{}.json", input("ParentId"))),
        "ListOrganizationalUnitsForParent" => of_organization(&format!("units-{}.json", input("ParentId"))),
        "ListOrganizationsFeatures" => of_organization("organizations-features.json"),
        "ListRegions" => {
            Ok(json!({ "Regions": [{ "RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT" }] }))
        }
        other if let Some(file) = of_center(other, &input) => {
            let is_bounded =
                other != "GetPermissionsBoundaryForPermissionSet" || organization.file(&file).is_some();
            let none = || refused(400, "ResourceNotFoundException", "it has no boundary");
            if is_bounded { of_organization(&file) } else { Err(none()) }
        }
        other => Err(refused(400, "InvalidAction", &format!("the fake knows no {other}"))),
    }
}

/// The file with what Identity Center answers, as `collect` calls it.
fn of_center<'i>(operation: &str, input: &impl Fn(&str) -> &'i str) -> Option<String> {
    let id = |name: &str| input(name).rsplit('/').next().unwrap_or_default().to_owned();
    let part =
        |name: &str| format!("permission-set/{}{}/{name}.json", id("PermissionSetArn"), id("ResourceArn"));
    Some(match operation {
        "ListInstances" => "sso-instances.json".to_owned(),
        "ListPermissionSets" => "permission-sets.json".to_owned(),
        "DescribePermissionSet" => part("description"),
        "GetInlinePolicyForPermissionSet" => part("inline-policy"),
        "ListManagedPoliciesInPermissionSet" => part("managed-policies"),
        "ListCustomerManagedPolicyReferencesInPermissionSet" => part("customer-managed-policies"),
        "GetPermissionsBoundaryForPermissionSet" => part("permissions-boundary"),
        "ListTagsForResource" => part("tags"),
        "ListAccountsForProvisionedPermissionSet" => part("accounts"),
        "ListAccountAssignments" => {
            format!("account-assignments/{}/{}.json", id("PermissionSetArn"), input("AccountId"))
        }
        "ListUsers" => "identity-store-users.json".to_owned(),
        "ListGroups" => "identity-store-groups.json".to_owned(),
        "ListGroupMemberships" => format!("group-memberships/{}.json", input("GroupId")),
        _ => return None,
    })
}

/// The report, where a snapshot has it as the table that it is.
fn report(files: &Files) -> Option<Value> {
    let text = files.get("credential-report.csv")?;
    Some(json!({
        "Content": STANDARD.encode(text),
        "ReportFormat": "text/csv",
        "GeneratedTime": "2026-10-31T21:00:00+00:00",
    }))
}

/// What there is none of in an account. Roles are those of the details.
fn none(read: &Read, operation: &str) -> Option<Value> {
    let list = match operation {
        "DescribeTrails" => "trailList",
        "ListAccountAliases" => "AccountAliases",
        "ListOpenIDConnectProviders" => "OpenIDConnectProviderList",
        "ListSAMLProviders" => "SAMLProviderList",
        "ListServerCertificates" => "ServerCertificateMetadataList",
        "ListServiceSpecificCredentials" => "ServiceSpecificCredentials",
        "ListVirtualMFADevices" => "VirtualMFADevices",
        "GetAccountSummary" => return Some(json!({ "SummaryMap": {} })),
        "ListRoles" => {
            let mut roles =
                read.file("authorization-details.json")?.get("RoleDetailList")?.as_array()?.clone();
            for role in roles.iter_mut().filter_map(Value::as_object_mut) {
                role.retain(|name, _| {
                    ["Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"]
                        .contains(&name.as_str())
                });
                role.insert("MaxSessionDuration".to_owned(), json!(3600));
            }
            return Some(json!({ "Roles": roles }));
        }
        _ => return None,
    };
    Some(json!({ list: [] }))
}

/// What there is none of in an organization.
fn nothing(operation: &str) -> Value {
    match operation {
        "ListRoots" => json!({ "Roots": [] }),
        "ListPolicies" => json!({ "Policies": [] }),
        "ListTargetsForPolicy" => json!({ "Targets": [] }),
        "ListAccountsForParent" => json!({ "Accounts": [] }),
        "ListOrganizationalUnitsForParent" => json!({ "OrganizationalUnits": [] }),
        "ListInstances" => json!({ "Instances": [] }),
        "GetInlinePolicyForPermissionSet" => json!({ "InlinePolicy": "" }),
        _ => json!({}),
    }
}

/// A file may hold several answers, one after the other.
fn documents(bytes: &[u8]) -> Vec<Value> {
    serde_json::Deserializer::from_slice(bytes).into_iter().map_while(Result::ok).collect()
}

/// A page of all lists of an answer together, as IAM spends one budget over users, groups, roles and policies.
fn paged(whole: &Value, token: &str, name: &str, page: usize) -> Value {
    let Some(fields) = whole.as_object() else { return whole.clone() };
    let begin: usize = token.parse().unwrap_or_default();
    let (mut at, mut answer) = (0, Map::new());
    for (key, value) in fields {
        if matches!(key.as_str(), "IsTruncated" | "Marker" | "NextToken") {
            continue;
        }
        let Some(items) = value.as_array() else {
            answer.insert(key.clone(), value.clone());
            continue;
        };
        let of_page =
            items.iter().enumerate().filter(|(index, _)| (begin..begin + page).contains(&(at + index)));
        let items_of_page: Vec<Value> = of_page.map(|(_, item)| item.clone()).collect();
        at += items.len();
        // IAM leaves an empty list of a page out; the first page has all that are there.
        if !items_of_page.is_empty() || begin == 0 {
            answer.insert(key.clone(), Value::Array(items_of_page));
        }
    }
    if at > begin + page {
        answer.insert(name.to_owned(), Value::from((begin + page).to_string()));
        if name == "Marker" {
            answer.insert("IsTruncated".to_owned(), Value::Bool(true));
        }
    }
    Value::Object(answer)
}
