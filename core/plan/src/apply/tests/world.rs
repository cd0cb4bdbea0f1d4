//! What AWS holds and does, as values: the calls of the machine are made here.

pub(super) mod center;
mod entities;

pub(super) use self::entities::id;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::{Call, Outcome};

pub(super) const ACCOUNT: &str = "111122223333";

/// What there is. Compared without [`World::made`] and the numbers that AWS counts on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct World {
    /// By kind and name: `User mika`.
    pub(super) identities: BTreeMap<String, Identity>,
    /// By ARN.
    pub(super) policies: BTreeMap<String, Policy>,
    /// By id.
    pub(super) organization: BTreeMap<String, OrganizationPolicy>,
    pub(super) alias: Option<String>,
    /// By serial number.
    pub(super) virtual_mfa: BTreeSet<String>,
    /// What accounts and units hang under.
    pub(super) parents: BTreeMap<String, String>,
    /// By ARN.
    pub(super) providers: BTreeMap<String, Provider>,
    /// SAML providers: metadata and tags.
    pub(super) saml: BTreeMap<String, (String, BTreeMap<String, String>)>,
    /// Permission sets by ARN.
    pub(super) center: BTreeMap<String, center::PermissionSet>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Provider {
    pub(super) audiences: Vec<String>,
    pub(super) thumbprints: Vec<String>,
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Identity {
    /// Status by id.
    pub(super) keys: BTreeMap<String, String>,
    pub(super) inline: BTreeMap<String, String>,
    pub(super) attached: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) boundary: Option<String>,
    pub(super) trust: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// Empty: `/`.
    pub(super) path: String,
    pub(super) description: String,
    /// In seconds; 0: AWS's default.
    pub(super) longest_session: u64,
    pub(super) password: bool,
    pub(super) mfa: Vec<String>,
    pub(super) ssh: Vec<String>,
    pub(super) certificates: Vec<String>,
    pub(super) specific: Vec<String>,
    pub(super) profiles: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Policy {
    /// Text by number.
    pub(super) versions: BTreeMap<u32, String>,
    pub(super) default: u32,
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct OrganizationPolicy {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) text: String,
    pub(super) targets: Vec<String>,
}

impl World {
    /// The same with the policies of the organization by name: AWS gives another id each time.
    pub(super) fn without_ids(&self) -> Self {
        let named = self.organization.values().map(|held| (held.name.clone(), held.clone()));
        let sets = self.center.values().map(|held| (held.name.clone(), held.clone())).collect();
        Self { organization: named.collect(), center: sets, ..self.clone() }
    }

    /// The same with the texts of the versions of policies in order, whatever their numbers.
    pub(super) fn without_numbers(&self) -> Self {
        let mut world = self.without_ids();
        for policy in world.policies.values_mut() {
            let is_default: Vec<bool> =
                policy.versions.keys().map(|number| *number == policy.default).collect();
            let texts = std::mem::take(&mut policy.versions).into_values();
            policy.versions = (1..).zip(texts).collect();
            let place = is_default.iter().position(|is_it| *is_it).unwrap_or_default();
            policy.default = u32::try_from(place).unwrap() + 1;
        }
        world
    }
}

/// AWS: what there is, what was done, and the numbers that were given out.
#[derive(Clone, Debug, Default)]
pub(super) struct Aws {
    pub(super) world: World,
    /// The calls that changed something.
    pub(super) made: Vec<Call>,
    /// The highest number of a version that there ever was, by policy.
    highest: BTreeMap<String, u32>,
    ids: u32,
    /// The unique ids of identities that others do not have: by kind and name.
    unique: BTreeMap<String, String>,
    /// Requests to provision, and what AWS says of each when asked.
    pub(super) requests: BTreeMap<String, Vec<&'static str>>,
    /// Aliases of other accounts.
    pub(super) aliases: BTreeMap<String, String>,
}

type Answer = Result<Value, (&'static str, String)>;

fn text(input: &Value, name: &str) -> String {
    input[name].as_str().unwrap_or_default().to_owned()
}

fn no_entity(what: &str) -> (&'static str, String) {
    ("NoSuchEntity", format!("The {what} cannot be found."))
}

impl Aws {
    pub(super) fn new(world: World) -> Self {
        Self { world, ..Self::default() }
    }

    /// The highest number of a version that there ever was.
    pub(super) fn counted(&mut self, policy: &str, highest: u32) {
        self.highest.insert(policy.to_owned(), highest);
    }

    /// Whether a call looks and changes nothing.
    pub(super) fn only_looks(call: &Call) -> bool {
        ["Get", "List", "Describe"].iter().any(|verb| call.operation.starts_with(verb))
    }

    pub(super) fn call(&mut self, call: &Call) -> Outcome {
        let answer = match call.service {
            "sts" => {
                Ok(json!({ "Account": call.account.map_or_else(|| ACCOUNT.to_owned(), |id| id.to_string()) }))
            }
            "iam"
                if call.operation == "ListAccountAliases"
                    && call.account.is_some_and(|id| id.to_string() != ACCOUNT) =>
            {
                let id = call.account.map(|id| id.to_string()).unwrap_or_default();
                let alias: Vec<&String> = self.aliases.get(&id).into_iter().collect();
                Ok(json!({ "AccountAliases": alias, "IsTruncated": false }))
            }
            "iam" => self.iam(&call.operation, &call.input),
            "sso-admin" => self.sso(&call.operation, &call.input),
            "organizations" => self.organizations(&call.operation, &call.input),
            other => panic!("{other}"),
        };
        match answer {
            Ok(answer) => {
                // That may be made again: it changes nothing the second time.
                if !Self::only_looks(call) && call.operation != "ProvisionPermissionSet" {
                    self.made.push(call.clone());
                }
                Outcome::Answer(answer)
            }
            Err((code, message)) => Outcome::Refused { code: code.to_owned(), message },
        }
    }

    fn iam(&mut self, operation: &str, input: &Value) -> Answer {
        if operation == "ListAccountAliases" {
            let alias: Vec<&String> = self.world.alias.iter().collect();
            return Ok(json!({ "AccountAliases": alias, "IsTruncated": false }));
        }
        if operation.contains("SAMLProvider") {
            return self.saml_provider(operation, input);
        }
        if operation.contains("OpenIDConnectProvider") {
            return self.provider(operation, input);
        }
        if let Some(answer) = self.entity(operation, input) {
            return answer;
        }
        if input.get("PolicyArn").is_some() && !operation.contains("tach") || operation == "CreatePolicy" {
            return self.managed(operation, input);
        }
        let kind =
            ["User", "Group", "Role"].into_iter().find(|kind| input.get(format!("{kind}Name")).is_some());
        let kind = if input.get("UserName").is_some() { "User" } else { kind.unwrap() };
        let name = format!("{kind} {}", text(input, &format!("{kind}Name")));
        let Some(held) = self.world.identities.get_mut(&name) else { return Err(no_entity(&name)) };
        let verb = operation.replace(kind, "*");
        let answer = held.call(&verb, kind, input, &self.world.policies);
        let id = self.unique_id(&name);
        answer.map(|mut answer| {
            if verb == "Get*" {
                answer[kind][format!("{kind}Id")] = id.into();
            }
            answer
        })
    }

    fn managed(&mut self, operation: &str, input: &Value) -> Answer {
        if operation == "CreatePolicy" {
            let arn =
                format!("arn:aws:iam::{ACCOUNT}:policy{}{}", text(input, "Path"), text(input, "PolicyName"));
            if self.world.policies.contains_key(&arn) {
                return Err(("EntityAlreadyExists", format!("A policy called {arn} already exists.")));
            }
            let versions = [(1, text(input, "PolicyDocument"))].into();
            self.world.policies.insert(arn.clone(), Policy { versions, default: 1, ..Policy::default() });
            self.highest.insert(arn.clone(), 1);
            return Ok(json!({ "Policy": { "Arn": arn, "DefaultVersionId": "v1" } }));
        }
        let arn = text(input, "PolicyArn");
        let is_attached = self.world.identities.values().any(|held| held.attached.contains(&arn));
        let Some(held) = self.world.policies.get_mut(&arn) else { return Err(no_entity(&arn)) };
        let number = text(input, "VersionId").trim_start_matches('v').parse::<u32>().unwrap_or(0);
        match operation {
            "ListPolicyTags" => Ok(page(
                input,
                held.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })),
                "Tags",
            )),
            "TagPolicy" => {
                for tag in input["Tags"].as_array().unwrap() {
                    held.tags.insert(text(tag, "Key"), text(tag, "Value"));
                }
                Ok(json!({}))
            }
            "UntagPolicy" => {
                for key in input["TagKeys"].as_array().unwrap() {
                    held.tags.remove(key.as_str().unwrap());
                }
                Ok(json!({}))
            }
            "GetPolicy" => Ok(json!({ "Policy": { "DefaultVersionId": format!("v{}", held.default) } })),
            "ListPolicyVersions" => Ok(page(input, held.versions.keys().map(|number| {
                json!({ "VersionId": format!("v{number}"), "IsDefaultVersion": *number == held.default })
            }), "Versions")),
            "GetPolicyVersion" => {
                let found = held.versions.get(&number).ok_or_else(|| no_entity("version"))?;
                let document: Value = serde_json::from_str(found).unwrap();
                Ok(json!({ "PolicyVersion": { "Document": document } }))
            }
            "CreatePolicyVersion" => {
                if held.versions.len() == 5 {
                    return Err(("LimitExceeded", "A managed policy can have up to 5 versions.".to_owned()));
                }
                let highest = self.highest.entry(arn).or_insert(held.versions.keys().max().copied().unwrap());
                *highest += 1;
                held.versions.insert(*highest, text(input, "PolicyDocument"));
                held.default = *highest;
                Ok(json!({ "PolicyVersion": { "VersionId": format!("v{highest}") } }))
            }
            "SetDefaultPolicyVersion" => {
                held.versions.get(&number).ok_or_else(|| no_entity("version"))?;
                held.default = number;
                Ok(json!({}))
            }
            "DeletePolicyVersion" => {
                if held.default == number {
                    return Err(("DeleteConflict", "Cannot delete the default version of a policy.".to_owned()));
                }
                let highest = held.versions.keys().max().copied().unwrap();
                self.highest.entry(arn).or_insert(highest);
                held.versions.remove(&number).map(|_| json!({})).ok_or_else(|| no_entity("version"))
            }
            "DeletePolicy" => {
                if is_attached || held.versions.len() > 1 {
                    return Err(("DeleteConflict", "Cannot delete a policy attached to entities.".to_owned()));
                }
                self.world.policies.remove(&arn);
                Ok(json!({}))
            }
            other => panic!("{other}"),
        }
    }

    fn organizations(&mut self, operation: &str, input: &Value) -> Answer {
        let id = text(input, "PolicyId");
        let policies = &mut self.world.organization;
        let summary = |(id, held): (&String, &OrganizationPolicy)| json!({ "Id": id, "Name": held.name, "Type": held.kind });
        match operation {
            "ListParents" => {
                let parent = self.world.parents.get(&text(input, "ChildId"));
                let parents: Vec<Value> = parent.iter().map(|id| json!({ "Id": id })).collect();
                return Ok(json!({ "Parents": parents }));
            }
            "DescribeOrganization" => return Ok(json!({ "Organization": { "MasterAccountId": ACCOUNT } })),
            "ListPolicies" => return Ok(next(input, policies.iter().map(summary), "Policies")),
            "CreatePolicy" => {
                let name = text(input, "Name");
                if policies.values().any(|held| held.name == name) {
                    return Err((
                        "DuplicatePolicyException",
                        "A policy with the same name already exists.".to_owned(),
                    ));
                }
                self.ids += 1;
                let id = format!("p-{:08}", self.ids);
                let (kind, text) = (text(input, "Type"), text(input, "Content"));
                policies.insert(id.clone(), OrganizationPolicy { name, kind, text, targets: Vec::new() });
                return Ok(json!({ "Policy": { "PolicySummary": { "Id": id } } }));
            }
            _ => {}
        }
        let unknown =
            || ("PolicyNotFoundException", format!("You specified a policy that doesn't exist: {id}"));
        let held = policies.get_mut(&id).ok_or_else(unknown)?;
        let target = text(input, "TargetId");
        match operation {
            "DescribePolicy" => {
                Ok(json!({ "Policy": { "PolicySummary": summary((&id, held)), "Content": held.text } }))
            }
            "ListTargetsForPolicy" => {
                Ok(next(input, held.targets.iter().map(|target| json!({ "TargetId": target })), "Targets"))
            }
            "UpdatePolicy" => {
                held.text = text(input, "Content");
                Ok(json!({}))
            }
            "AttachPolicy" if held.targets.contains(&target) => {
                Err(("DuplicatePolicyAttachmentException", "The policy is attached already.".to_owned()))
            }
            "AttachPolicy" => {
                held.targets.push(target);
                held.targets.sort();
                Ok(json!({}))
            }
            "DetachPolicy" if !held.targets.contains(&target) => {
                Err(("PolicyNotAttachedException", "The policy isn't attached to the target.".to_owned()))
            }
            "DetachPolicy" => {
                held.targets.retain(|held| *held != target);
                Ok(json!({}))
            }
            "DeletePolicy" if !held.targets.is_empty() => {
                Err(("PolicyInUseException", "The policy is attached to one or more entities.".to_owned()))
            }
            "DeletePolicy" => {
                policies.remove(&id);
                Ok(json!({}))
            }
            other => panic!("{other}"),
        }
    }
}

impl Identity {
    fn call(&mut self, verb: &str, kind: &str, input: &Value, policies: &BTreeMap<String, Policy>) -> Answer {
        if let Some(answer) = self.held(verb, input) {
            return answer;
        }
        let (name, arn) = (text(input, "PolicyName"), text(input, "PolicyArn"));
        match verb {
            "Get*" => {
                let boundary = self.boundary.as_ref().map(|arn| json!({ "PermissionsBoundaryArn": arn }));
                let trust = self.trust.as_ref().map(|text| serde_json::from_str::<Value>(text).unwrap());
                let mut held = json!({ "Path": if self.path.is_empty() { "/" } else { &self.path } });
                if kind == "Role" {
                    let longest = if self.longest_session == 0 { 3_600 } else { self.longest_session };
                    held["MaxSessionDuration"] = longest.into();
                    held["Description"] = self.description.as_str().into();
                }
                if let Some(boundary) = boundary {
                    held["PermissionsBoundary"] = boundary;
                }
                if let Some(trust) = trust {
                    held["AssumeRolePolicyDocument"] = trust;
                }
                Ok(json!({ kind: held }))
            }
            "ListAccessKeys" => Ok(page(
                input,
                self.keys.iter().map(|(id, status)| json!({ "AccessKeyId": id, "Status": status })),
                "AccessKeyMetadata",
            )),
            "UpdateAccessKey" => {
                let held = self.keys.get_mut(&text(input, "AccessKeyId")).ok_or_else(|| no_entity("key"))?;
                *held = text(input, "Status");
                Ok(json!({}))
            }
            "DeleteAccessKey" => {
                let gone = self.keys.remove(&text(input, "AccessKeyId"));
                gone.map(|_| json!({})).ok_or_else(|| no_entity("key"))
            }
            "Get*Policy" => {
                let found = self.inline.get(&name).ok_or_else(|| no_entity("policy"))?;
                Ok(json!({ "PolicyDocument": serde_json::from_str::<Value>(found).unwrap() }))
            }
            "Put*Policy" => {
                self.inline.insert(name, text(input, "PolicyDocument"));
                Ok(json!({}))
            }
            "Delete*Policy" => {
                self.inline.remove(&name).map(|_| json!({})).ok_or_else(|| no_entity("policy"))
            }
            "ListAttached*Policies" => Ok(page(
                input,
                self.attached.iter().map(|arn| json!({ "PolicyArn": arn })),
                "AttachedPolicies",
            )),
            "Attach*Policy" => {
                if !policies.contains_key(&arn) {
                    return Err(no_entity(&arn));
                }
                if !self.attached.contains(&arn) {
                    self.attached.push(arn);
                    self.attached.sort();
                }
                Ok(json!({}))
            }
            "Detach*Policy" => {
                let before = self.attached.len();
                self.attached.retain(|held| *held != arn);
                if self.attached.len() == before { Err(no_entity(&arn)) } else { Ok(json!({})) }
            }
            "Put*PermissionsBoundary" => {
                self.boundary = Some(text(input, "PermissionsBoundary"));
                Ok(json!({}))
            }
            "Delete*PermissionsBoundary" => {
                self.boundary.take().map(|_| json!({})).ok_or_else(|| no_entity("boundary"))
            }
            "UpdateAssume*Policy" => {
                self.trust = Some(text(input, "PolicyDocument"));
                Ok(json!({}))
            }
            "List*Tags" => {
                let tags = self.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
                Ok(page(input, tags, "Tags"))
            }
            "Tag*" => {
                for tag in input["Tags"].as_array().unwrap() {
                    self.tags.insert(text(tag, "Key"), text(tag, "Value"));
                }
                Ok(json!({}))
            }
            "Untag*" => {
                for key in input["TagKeys"].as_array().unwrap() {
                    self.tags.remove(key.as_str().unwrap());
                }
                Ok(json!({}))
            }
            "ListGroupsFor*" => {
                Ok(page(input, self.groups.iter().map(|name| json!({ "GroupName": name })), "Groups"))
            }
            "Add*ToGroup" => {
                let group = text(input, "GroupName");
                if !self.groups.contains(&group) {
                    self.groups.push(group);
                    self.groups.sort();
                }
                Ok(json!({}))
            }
            "Remove*FromGroup" => {
                let before = self.groups.len();
                self.groups.retain(|held| *held != text(input, "GroupName"));
                if self.groups.len() == before { Err(no_entity("group")) } else { Ok(json!({})) }
            }
            other => panic!("{other}"),
        }
    }
}

/// One entry a page, so that whoever looks has to turn pages.
fn page(input: &Value, all: impl Iterator<Item = Value>, list: &str) -> Value {
    let from: usize = input["Marker"].as_str().map_or(0, |marker| marker.parse().unwrap());
    let all: Vec<Value> = all.collect();
    let here: Vec<&Value> = all.iter().skip(from).take(1).collect();
    let mut answer = json!({ list: here, "IsTruncated": from + 1 < all.len() });
    if from + 1 < all.len() {
        answer["Marker"] = (from + 1).to_string().into();
    }
    answer
}

fn next(input: &Value, all: impl Iterator<Item = Value>, list: &str) -> Value {
    let from: usize = input["NextToken"].as_str().map_or(0, |marker| marker.parse().unwrap());
    let all: Vec<Value> = all.collect();
    let here: Vec<&Value> = all.iter().skip(from).take(1).collect();
    let token = (from + 1 < all.len()).then(|| (from + 1).to_string());
    json!({ list: here, "NextToken": token })
}
