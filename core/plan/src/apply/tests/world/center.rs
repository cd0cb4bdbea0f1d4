//! Identity Center: permission sets by their ARNs, who has them, and roles that follow a set once it is provisioned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Answer, Aws, next, text};

/// The instance.
pub(in super::super) const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-1111111111111111";

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(in super::super) struct PermissionSet {
    pub(in super::super) name: String,
    pub(in super::super) description: Option<String>,
    pub(in super::super) duration: String,
    pub(in super::super) inline: String,
    pub(in super::super) managed: BTreeSet<String>,
    pub(in super::super) customer: BTreeSet<(String, String)>,
    pub(in super::super) boundary: Option<Value>,
    pub(in super::super) tags: BTreeMap<String, String>,
    /// Account, kind and id.
    pub(in super::super) assigned: BTreeSet<(String, String, String)>,
    /// Whether its roles are of an older state.
    pub(in super::super) is_outdated: bool,
}

impl PermissionSet {
    fn edited(&mut self) -> Value {
        self.is_outdated = !self.assigned.is_empty();
        json!({})
    }

    fn accounts(&self) -> BTreeSet<&String> {
        self.assigned.iter().map(|(account, ..)| account).collect()
    }
}

fn gone() -> (&'static str, String) {
    ("ResourceNotFoundException", "PermissionSet not found".to_owned())
}

fn pair(input: &Value) -> (String, String) {
    let reference = &input["CustomerManagedPolicyReference"];
    (text(reference, "Name"), text(reference, "Path"))
}

fn tags_of(input: &Value) -> BTreeMap<String, String> {
    let tags = input["Tags"].as_array().into_iter().flatten();
    tags.map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

impl Aws {
    pub(super) fn sso(&mut self, operation: &str, input: &Value) -> Answer {
        if operation == "ListInstances" {
            return Ok(json!({ "Instances": [{ "InstanceArn": INSTANCE, "IdentityStoreId": "d-1" }] }));
        }
        assert_eq!(text(input, "InstanceArn"), INSTANCE);
        match operation {
            "ListPermissionSets" => {
                let arns = self.world.center.keys().map(|arn| json!(arn));
                return Ok(next(input, arns, "PermissionSets"));
            }
            "CreatePermissionSet" => {
                let name = text(input, "Name");
                if self.world.center.values().any(|held| held.name == name) {
                    return Err(("ConflictException", "PermissionSet with this name exists".to_owned()));
                }
                self.ids += 1;
                let arn = format!("arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-{:016}", self.ids);
                let description = input["Description"].as_str().map(str::to_owned);
                let duration = input["SessionDuration"].as_str().unwrap_or("PT1H").to_owned();
                let made = PermissionSet {
                    name,
                    description,
                    duration,
                    tags: tags_of(input),
                    ..PermissionSet::default()
                };
                self.world.center.insert(arn.clone(), made);
                return Ok(json!({ "PermissionSet": { "PermissionSetArn": arn } }));
            }
            _ => {}
        }
        if operation == "DescribePermissionSetProvisioningStatus" {
            let told = self.requests.get_mut(&text(input, "ProvisionPermissionSetRequestId"));
            let told = told.ok_or_else(gone)?;
            let status = if told.len() > 1 { told.pop() } else { told.first().copied() };
            return Ok(
                json!({ "PermissionSetProvisioningStatus": { "Status": status, "FailureReason": "no role" } }),
            );
        }
        let arn = format!("{}{}", text(input, "PermissionSetArn"), text(input, "ResourceArn"));
        if operation == "DeletePermissionSet" {
            let held = self.world.center.get(&arn).ok_or_else(gone)?;
            if !held.assigned.is_empty() {
                return Err(("ConflictException", "PermissionSet is assigned".to_owned()));
            }
            self.world.center.remove(&arn);
            return Ok(json!({}));
        }
        let held = self.world.center.get_mut(&arn).ok_or_else(gone)?;
        let assigned = (text(input, "TargetId"), text(input, "PrincipalType"), text(input, "PrincipalId"));
        Ok(match operation {
            "DescribePermissionSet" => json!({ "PermissionSet": {
                "PermissionSetArn": arn, "Name": held.name, "Description": held.description, "SessionDuration": held.duration,
            } }),
            "GetInlinePolicyForPermissionSet" => json!({ "InlinePolicy": held.inline }),
            "ListManagedPoliciesInPermissionSet" => {
                next(input, held.managed.iter().map(|arn| json!({ "Arn": arn })), "AttachedManagedPolicies")
            }
            "ListCustomerManagedPolicyReferencesInPermissionSet" => {
                let all = held.customer.iter().map(|(name, path)| json!({ "Name": name, "Path": path }));
                next(input, all, "CustomerManagedPolicyReferences")
            }
            "GetPermissionsBoundaryForPermissionSet" => {
                let boundary = held.boundary.clone().ok_or_else(gone)?;
                json!({ "PermissionsBoundary": boundary })
            }
            "ListTagsForResource" => {
                let all = held.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
                next(input, all, "Tags")
            }
            "ListAccountsForProvisionedPermissionSet" => {
                let accounts = held.accounts().into_iter().map(|account| json!(account));
                next(input, accounts, "AccountIds")
            }
            "ListAccountAssignments" => {
                let account = text(input, "AccountId");
                let all = held.assigned.iter().filter(|(of, ..)| *of == account);
                let all = all.map(|(_, kind, id)| json!({ "PrincipalType": kind, "PrincipalId": id }));
                next(input, all, "AccountAssignments")
            }
            "UpdatePermissionSet" => {
                if let Some(text) = input["Description"].as_str() {
                    held.description = Some(text.to_owned());
                }
                if let Some(text) = input["SessionDuration"].as_str() {
                    text.clone_into(&mut held.duration);
                }
                held.edited()
            }
            "PutInlinePolicyToPermissionSet" => {
                held.inline = text(input, "InlinePolicy");
                held.edited()
            }
            "DeleteInlinePolicyFromPermissionSet" => {
                held.inline.clear();
                held.edited()
            }
            "AttachManagedPolicyToPermissionSet" => {
                if !held.managed.insert(text(input, "ManagedPolicyArn")) {
                    return Err(("ConflictException", "it is attached".to_owned()));
                }
                held.edited()
            }
            "DetachManagedPolicyFromPermissionSet" => {
                if !held.managed.remove(&text(input, "ManagedPolicyArn")) {
                    return Err(gone());
                }
                held.edited()
            }
            "AttachCustomerManagedPolicyReferenceToPermissionSet" => {
                held.customer.insert(pair(input));
                held.edited()
            }
            "DetachCustomerManagedPolicyReferenceFromPermissionSet" => {
                held.customer.remove(&pair(input));
                held.edited()
            }
            "PutPermissionsBoundaryToPermissionSet" => {
                held.boundary = Some(input["PermissionsBoundary"].clone());
                held.edited()
            }
            "DeletePermissionsBoundaryFromPermissionSet" => {
                held.boundary = None;
                held.edited()
            }
            "TagResource" => {
                held.tags.extend(tags_of(input));
                json!({})
            }
            "UntagResource" => {
                for key in input["TagKeys"].as_array().into_iter().flatten() {
                    held.tags.remove(key.as_str().unwrap_or_default());
                }
                json!({})
            }
            "ProvisionPermissionSet" => {
                assert_eq!(text(input, "TargetType"), "ALL_PROVISIONED_ACCOUNTS");
                held.is_outdated = false;
                let request = format!("r-{}", self.requests.len());
                self.requests.insert(request.clone(), vec!["SUCCEEDED", "IN_PROGRESS"]);
                json!({ "PermissionSetProvisioningStatus": { "Status": "IN_PROGRESS", "RequestId": request } })
            }
            "CreateAccountAssignment" => {
                held.assigned.insert(assigned);
                json!({ "AccountAssignmentCreationStatus": { "Status": "IN_PROGRESS" } })
            }
            "DeleteAccountAssignment" => {
                if !held.assigned.remove(&assigned) {
                    return Err(gone());
                }
                json!({ "AccountAssignmentDeletionStatus": { "Status": "IN_PROGRESS" } })
            }
            other => panic!("{other}"),
        })
    }
}
