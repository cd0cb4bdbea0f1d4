//! IAM Identity Center, as the management account or a delegated administrator sees it: what each permission set gives, who has it in which
//! account, and the people and groups of the identity store.
//!
//! An instance lives in one Region and is listed there alone. Where the caller's Region has none, each Region of the account is asked.

use serde_json::{Value, json};

use super::organization::list;
use super::{Answer, Ask, Asks};

/// What an answer is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    Instances,
    /// Of a Region that is not the caller's.
    InstancesOf(String),
    Regions,
    Sets(Instance),
    /// The accounts in which there is a role of a set.
    Accounts(Instance, String),
    Users(Instance),
    Groups(Instance),
    /// A file, and nothing that follows from it.
    File(String),
}

/// An instance, and the Region in which it is asked.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    arn: String,
    store: String,
    region: Option<String>,
}

/// Every call that is made, as IAM names actions.
pub(super) const ACTIONS: [&str; 14] = [
    "account:ListRegions",
    "identitystore:ListGroupMemberships",
    "identitystore:ListGroups",
    "identitystore:ListUsers",
    "sso:DescribePermissionSet",
    "sso:GetInlinePolicyForPermissionSet",
    "sso:GetPermissionsBoundaryForPermissionSet",
    "sso:ListAccountAssignments",
    "sso:ListAccountsForProvisionedPermissionSet",
    "sso:ListCustomerManagedPolicyReferencesInPermissionSet",
    "sso:ListInstances",
    "sso:ListManagedPoliciesInPermissionSet",
    "sso:ListPermissionSets",
    "sso:ListTagsForResource",
];

/// What is asked of each permission set, and the file of it.
const PARTS: [(&str, &str); 5] = [
    ("DescribePermissionSet", "description"),
    ("GetInlinePolicyForPermissionSet", "inline-policy"),
    ("ListManagedPoliciesInPermissionSet", "managed-policies"),
    ("ListCustomerManagedPolicyReferencesInPermissionSet", "customer-managed-policies"),
    ("GetPermissionsBoundaryForPermissionSet", "permissions-boundary"),
];

/// Asks where to begin.
pub(super) fn begin<P: From<Purpose>>(asks: &mut Asks<P>) {
    asks.ask(Purpose::Instances.into(), "sso-admin", "ListInstances", json!({}));
}

/// Keeps an answer, and asks what follows from it.
pub(super) fn take<P: From<Purpose> + Clone>(
    asks: &mut Asks<P>,
    purpose: Purpose,
    ask: &Ask,
    answer: &Answer,
) {
    let value = match answer {
        Answer::Given(given) => Some(&given.value),
        Answer::Failed(_) => None,
    };
    match purpose {
        Purpose::Instances => {
            asks.keep("sso-instances.json", "", ask, answer);
            let is_elsewhere = value.is_some_and(|value| list(value, "Instances").next().is_none());
            if is_elsewhere {
                asks.ask(
                    Purpose::Regions.into(),
                    "account",
                    "ListRegions",
                    super::resources::regions_input(),
                );
            }
            instances(asks, value, None);
        }
        Purpose::InstancesOf(region) => {
            // That there is none in a Region is what most say.
            if value.is_none_or(|value| list(value, "Instances").next().is_some()) {
                asks.keep(&format!("sso-instances/{region}.json"), "", ask, answer);
            }
            instances(asks, value, Some(&region));
        }
        Purpose::Regions => {
            for region in value.into_iter().flat_map(super::resources::regions) {
                let purpose = Purpose::InstancesOf(region.clone());
                asks.ask_in(purpose.into(), "sso-admin", "ListInstances", json!({}), Some(region));
            }
        }
        Purpose::Sets(instance) => {
            asks.keep("permission-sets.json", &instance.arn, ask, answer);
            let arns = value.into_iter().flat_map(|value| list(value, "PermissionSets"));
            arns.filter_map(Value::as_str).for_each(|arn| set(asks, &instance, arn));
        }
        Purpose::Accounts(instance, arn) => {
            let id = id_of(&arn);
            asks.keep(&format!("permission-set/{id}/accounts.json"), "", ask, answer);
            for account in
                value.into_iter().flat_map(|value| list(value, "AccountIds")).filter_map(Value::as_str)
            {
                let input =
                    json!({ "InstanceArn": instance.arn, "PermissionSetArn": arn, "AccountId": account });
                let file = Purpose::File(format!("account-assignments/{id}/{account}.json"));
                asks.ask_in(
                    file.into(),
                    "sso-admin",
                    "ListAccountAssignments",
                    input,
                    instance.region.clone(),
                );
            }
        }
        Purpose::Users(instance) => asks.keep("identity-store-users.json", &instance.store, ask, answer),
        Purpose::Groups(instance) => {
            asks.keep("identity-store-groups.json", &instance.store, ask, answer);
            let groups = value.into_iter().flat_map(|value| list(value, "Groups"));
            for group in groups.filter_map(|group| group.get("GroupId")?.as_str()) {
                let input = json!({ "IdentityStoreId": instance.store, "GroupId": group });
                let file = Purpose::File(format!("group-memberships/{group}.json"));
                let region = instance.region.clone();
                asks.ask_in(file.into(), "identitystore", "ListGroupMemberships", input, region);
            }
        }
        Purpose::File(file) => asks.keep(&file, "", ask, answer),
    }
}

fn instances<P: From<Purpose>>(asks: &mut Asks<P>, value: Option<&Value>, region: Option<&str>) {
    for instance in value.into_iter().flat_map(|value| list(value, "Instances")) {
        let text = |name: &str| instance.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(arn), Some(store)) = (text("InstanceArn"), text("IdentityStoreId")) else { continue };
        let instance = Instance { arn: arn.clone(), store: store.clone(), region: region.map(str::to_owned) };
        let sets = Purpose::Sets(instance.clone()).into();
        let region = region.map(str::to_owned);
        asks.ask_in(sets, "sso-admin", "ListPermissionSets", json!({ "InstanceArn": arn }), region.clone());
        let input = json!({ "IdentityStoreId": store });
        let users = Purpose::Users(instance.clone()).into();
        asks.ask_in(users, "identitystore", "ListUsers", input.clone(), region.clone());
        asks.ask_in(Purpose::Groups(instance).into(), "identitystore", "ListGroups", input, region);
    }
}

fn set<P: From<Purpose>>(asks: &mut Asks<P>, instance: &Instance, arn: &str) {
    let input = json!({ "InstanceArn": instance.arn, "PermissionSetArn": arn });
    let file = |name: &str| Purpose::File(format!("permission-set/{}/{name}.json", id_of(arn)));
    for (operation, name) in PARTS {
        asks.ask_in(file(name).into(), "sso-admin", operation, input.clone(), instance.region.clone());
    }
    let of_resource = json!({ "InstanceArn": instance.arn, "ResourceArn": arn });
    let region = instance.region.clone();
    asks.ask_in(file("tags").into(), "sso-admin", "ListTagsForResource", of_resource, region.clone());
    let accounts = Purpose::Accounts(instance.clone(), arn.to_owned()).into();
    asks.ask_in(accounts, "sso-admin", "ListAccountsForProvisionedPermissionSet", input, region);
}

/// `ps-…`
fn id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Whether a refusal says that there is none of what was asked for.
pub(super) fn is_none(call: &str, code: &str) -> bool {
    (call, code) == ("sso-admin:GetPermissionsBoundaryForPermissionSet", "ResourceNotFoundException")
}

/// What a call is about: the permission set, the account, the group, and the Region where it is another.
pub(super) fn about(ask: &Ask) -> Option<String> {
    let of = |name: &str| ask.input.get(name).and_then(Value::as_str).map(id_of);
    let words: Vec<&str> = match (ask.service, ask.operation) {
        ("sso-admin", "ListInstances") => ask.region.as_deref().into_iter().collect(),
        ("sso-admin", "ListPermissionSets") => of("InstanceArn").into_iter().collect(),
        ("sso-admin", _) => {
            ["PermissionSetArn", "ResourceArn", "AccountId"].into_iter().filter_map(of).collect()
        }
        ("identitystore", "ListGroupMemberships") => of("GroupId").into_iter().collect(),
        ("identitystore", _) => of("IdentityStoreId").into_iter().collect(),
        _ => return None,
    };
    Some(words.join(" "))
}
