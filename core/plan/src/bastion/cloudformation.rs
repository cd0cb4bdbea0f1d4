//! The target as CloudFormation templates, one an account.

use std::collections::BTreeMap;

use kagimori_id::AccountId;
use kagimori_policy::document::Document;
use kagimori_policy::print;
use serde_json::{Map, Value, json};

use super::target::GROUP_POLICY;
use super::terraform::path;
use super::{Target, TargetRole};

/// The template of each account, as JSON. They name what they make, so a stack needs `CAPABILITY_NAMED_IAM`.
pub fn cloudformation(target: &Target) -> BTreeMap<AccountId, String> {
    let mut files: BTreeMap<AccountId, String> = BTreeMap::new();
    for account in target.accounts() {
        files.insert(
            account,
            template(&format!("Roles for the people of {}", target.account), &roles(target, account)),
        );
    }
    files.insert(target.account, template("The people of the bastion", &people(target)));
    files
}

fn template(description: &str, resources: &Map<String, Value>) -> String {
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Resources": resources,
    });
    format!("{template:#}\n")
}

fn people(target: &Target) -> Map<String, Value> {
    let names: Vec<&str> = target.people.iter().map(|user| user.name()).collect();
    let group = json!({
        "Type": "AWS::IAM::Group",
        "Properties": {
            "GroupName": target.group.name(),
            "Path": path(&target.group),
            "Policies": [{"PolicyName": GROUP_POLICY, "PolicyDocument": value(&target.group_policy)}],
        },
    });
    let members = json!({
        "Type": "AWS::IAM::UserToGroupAddition",
        "Properties": {"GroupName": {"Ref": "People"}, "Users": names},
    });
    [("People".to_owned(), group), ("Members".to_owned(), members)].into_iter().collect()
}

fn roles(target: &Target, account: AccountId) -> Map<String, Value> {
    let roles: Vec<&TargetRole> = target.roles.iter().filter(|role| role.account == account).collect();
    let mut resources = Map::new();
    if let Some(first) = roles.first() {
        let boundary = json!({
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "ManagedPolicyName": first.boundary.name(),
                "Path": path(&first.boundary),
                "PolicyDocument": value(&target.boundary),
            },
        });
        resources.insert("Boundary".to_owned(), boundary);
    }
    for (number, role) in roles.into_iter().enumerate() {
        let policies: Vec<&str> = role.policies.iter().map(|policy| policy.as_str()).collect();
        let made = json!({
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": role.arn.name(),
                "Path": path(&role.arn),
                "AssumeRolePolicyDocument": value(&target.trust),
                "ManagedPolicyArns": policies,
                "PermissionsBoundary": {"Ref": "Boundary"},
                "MaxSessionDuration": role.session_seconds,
            },
        });
        resources.insert(format!("Role{}", number.saturating_add(1)), made);
    }
    resources
}

/// A document as a value. A template holds `${aws:username}` as it is: only `Fn::Sub` would replace it.
fn value(document: &Document) -> Value {
    serde_json::from_str(&print::print(document)).unwrap_or_default()
}
