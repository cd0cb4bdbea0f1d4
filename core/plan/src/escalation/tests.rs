//! Tests of the graph: each path of the catalogue on an estate of its own, the fictional company, and a plain second
//! implementation on random estates.

mod company;
mod corners;
mod each_path;
mod limits;
mod missing;
mod organization;
mod plain;
mod random;
mod ways;

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::May;
use kagimori_estate::read::{Assembler, File, read};
use kagimori_id::AccountId;
use serde_json::{Value, json};

use super::Graph;
use super::catalogue::paths;

/// The instant that is asked about: 2026-11-01T00:00:00Z.
const NOW: Timestamp = Timestamp::constant(1_793_491_200, 0);
const HOME: &str = "111122223333";
const AWAY: &str = "444455556666";
const MANAGEMENT: &str = "999999999999";
const BOUNDARY: &str = "limit";

/// A small estate, made by hand.
#[derive(Clone, Default, Debug)]
struct Tiny {
    users: BTreeMap<(String, String), Identity>,
    roles: BTreeMap<(String, String), Identity>,
    groups: BTreeMap<(String, String), Identity>,
    /// Customer managed policies with their number of versions.
    policies: BTreeMap<(String, String), (Vec<Value>, usize)>,
    /// SCPs and RCPs attached to the root.
    guardrails: Vec<(&'static str, Vec<Value>)>,
    /// An older version of the policy `own`.
    older: Option<Value>,
    /// There is an older version of the policy `own` without its document.
    has_unread_version: bool,
    /// Something is left out that the reader notes.
    is_incomplete: bool,
    /// The identity providers of the account; `None`: their lists are not given.
    providers: Option<Vec<String>>,
    /// An SCP attached to an organizational unit: nobody can tell whom it binds.
    has_unit: bool,
    /// The account is the management account of an organization.
    manages: bool,
    /// The organization's policies are in `tree`.
    has_lists_of_its_own: bool,
    /// Further files of the organization.
    tree: Vec<(&'static str, Value)>,
}

#[derive(Clone, Default, Debug)]
struct Identity {
    /// Statements of one inline policy.
    statements: Vec<Value>,
    /// Names of customer managed policies, or ARNs.
    attached: Vec<String>,
    groups: Vec<String>,
    boundary: bool,
    /// Another boundary than [`BOUNDARY`].
    bounded_by: Option<&'static str>,
    /// Statements of the trust policy.
    trust: Vec<Value>,
    instance_profile: bool,
    path: &'static str,
    tags: Vec<(&'static str, &'static str)>,
    /// Access keys and a password, by the credential report; `None`: not in it.
    credentials: Option<(usize, bool)>,
}

fn allow(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn deny(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": actions, "Resource": resource})
}

fn trusts(kind: &str, name: &str) -> Value {
    json!({"Effect": "Allow", "Principal": {kind: name}, "Action": "sts:AssumeRole"})
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn policy_arn(account: &str, name: &str) -> String {
    if name.starts_with("arn:") { name.to_owned() } else { format!("arn:aws:iam::{account}:policy/{name}") }
}

fn key(account: &str, name: &str) -> (String, String) {
    (account.to_owned(), name.to_owned())
}

impl Tiny {
    fn user(&mut self, account: &str, name: &str) -> &mut Identity {
        self.users.entry(key(account, name)).or_default()
    }

    fn role(&mut self, account: &str, name: &str) -> &mut Identity {
        self.roles.entry(key(account, name)).or_default()
    }

    fn group(&mut self, account: &str, name: &str) -> &mut Identity {
        self.groups.entry(key(account, name)).or_default()
    }

    fn policy(&mut self, account: &str, name: &str, statements: Vec<Value>) {
        self.policies.insert(key(account, name), (statements, 1));
    }

    fn providers_of(&self, account: &str) -> Vec<(&'static str, Value)> {
        let Some(providers) = self.providers.as_ref().filter(|_| account == HOME) else { return Vec::new() };
        let of = |kind: &str| -> Vec<Value> {
            let found = providers.iter().filter(|arn| arn.contains(kind));
            found.map(|arn| json!({"Arn": arn, "CreateDate": "2026-01-01T00:00:00+00:00"})).collect()
        };
        vec![
            ("saml-providers.json", json!({"SAMLProviderList": of(":saml-provider/")})),
            ("oidc-providers.json", json!({"OpenIDConnectProviderList": of(":oidc-provider/")})),
        ]
    }

    fn estate(&self) -> Estate {
        let mut files: Vec<(String, Option<&str>, Vec<u8>)> = Vec::new();
        for account in [HOME, AWAY] {
            let details = self.details(account).to_string().into_bytes();
            files.push((format!("snapshots/{account}/authorization-details.json"), Some(account), details));
            for (name, value) in self.providers_of(account) {
                let path = format!("snapshots/{account}/{name}");
                files.push((path, Some(account), value.to_string().into_bytes()));
            }
            if let Some(report) = self.report(account) {
                files.push((format!("snapshots/{account}/credential-report.csv"), Some(account), report));
            }
        }
        for (name, value) in self.organization() {
            files.push((format!("snapshots/organization/{name}"), None, value.to_string().into_bytes()));
        }
        let mut assembler = Assembler::default();
        for (path, account, bytes) in &files {
            let account = account.and_then(|account| AccountId::parse(account).ok());
            assembler.add(read(File { path, account, bytes }));
        }
        let estate = assembler.finish(None);
        assert!(estate.problems.is_empty() || self.is_incomplete, "{:?}", estate.problems);
        estate
    }

    fn details(&self, account: &str) -> Value {
        let of = |map: &BTreeMap<(String, String), Identity>, list: &str| -> Vec<Value> {
            let own = map.iter().filter(|((id, _), _)| id == account);
            own.map(|((_, name), identity)| identity.details(account, name, list)).collect()
        };
        let mut policies: Vec<Value> = self
            .policies
            .iter()
            .filter(|((id, _), _)| id == account)
            .map(|((_, name), (statements, versions))| managed(account, name, statements, *versions))
            .collect();
        for policy in policies.iter_mut().filter(|policy| policy["PolicyName"] == "own") {
            let older = self.older.iter().map(|statement| json!({"Document": document(std::slice::from_ref(statement)), "VersionId": "v0", "IsDefaultVersion": false, "CreateDate": "2025-09-27T00:00:00+00:00"}));
            policy["PolicyVersionList"].as_array_mut().unwrap().extend(older);
        }
        for policy in policies.iter_mut().filter(|_| self.has_unread_version) {
            let unread = json!({"VersionId": "v0", "IsDefaultVersion": false, "CreateDate": "2025-09-27T00:00:00+00:00"});
            policy["PolicyVersionList"].as_array_mut().unwrap().push(unread);
        }
        policies.push(managed(account, BOUNDARY, &[allow(&["s3:*", "iam:Get*"], "*")], 1));
        let [users, groups, roles] = [(&self.users, "User"), (&self.groups, "Group"), (&self.roles, "Role")]
            .map(|(map, kind)| of(map, kind));
        let text = json!([users, groups, roles]).to_string();
        for policy in &mut policies {
            let count = |member: &str| text.matches(&format!("\"{member}\":{}", policy["Arn"])).count();
            let (attached, bounded) = (count("PolicyArn"), count("PermissionsBoundaryArn"));
            policy["AttachmentCount"] = attached.into();
            policy["PermissionsBoundaryUsageCount"] = bounded.into();
        }
        json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies})
    }

    fn report(&self, account: &str) -> Option<Vec<u8>> {
        let mut text = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated".to_owned();
        let empty = text.len();
        for ((id, name), identity) in &self.users {
            let Some((keys, password)) = identity.credentials.filter(|_| id == account) else { continue };
            let slot = |number: usize| {
                if keys >= number { "true,2025-09-27T00:00:00Z,N/A,N/A,N/A" } else { "false,N/A,N/A,N/A,N/A" }
            };
            let date = if password { "2025-09-27T00:00:00Z" } else { "N/A" };
            let _ = write!(
                text,
                "\n{name},arn:aws:iam::{account}:user/{name},2025-09-27T00:00:00Z,{password},{date},{date},N/A,false,{},{},false,N/A,false,N/A",
                slot(1),
                slot(2)
            );
        }
        (text.len() > empty).then(|| text.into_bytes())
    }

    fn organization(&self) -> Vec<(String, Value)> {
        let manager = if self.manages { HOME } else { MANAGEMENT };
        if self.guardrails.is_empty() && !self.has_unit && !self.manages {
            return Vec::new();
        }
        let mut files = vec![(
            "organization.json".to_owned(),
            json!({"Organization": {"Id": "o-example", "Arn": format!("arn:aws:organizations::{manager}:organization/o-example"), "FeatureSet": "ALL", "MasterAccountId": manager}}),
        )];
        files.extend(self.tree.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        if self.has_lists_of_its_own {
            return files;
        }
        let full = [allow(&["*"], "*")];
        let mut given: Vec<(&str, String, Vec<Value>, &str)> =
            vec![("SERVICE_CONTROL_POLICY", "p-full0000".to_owned(), full.to_vec(), "r-root")];
        for (number, (kind, statements)) in self.guardrails.iter().enumerate() {
            given.push((kind, format!("p-own{number:05}"), statements.clone(), "r-root"));
        }
        if self.has_unit {
            let statements = vec![deny(&["iam:*"], "*")];
            given.push(("SERVICE_CONTROL_POLICY", "p-unit0000".to_owned(), statements, "ou-abcd-11111111"));
        }
        let summary = |kind: &str, id: &str| json!({"Id": id, "Arn": format!("arn:aws:organizations::{MANAGEMENT}:policy/o-example/service_control_policy/{id}"), "Name": id, "Description": "", "Type": kind, "AwsManaged": false});
        let list: Vec<Value> = given.iter().map(|(kind, id, ..)| summary(kind, id)).collect();
        files.push(("policies.json".to_owned(), json!({ "Policies": list })));
        for (kind, id, statements, target) in &given {
            let content = document(statements).to_string();
            let described = json!({"Policy": {"PolicySummary": summary(kind, id), "Content": content}});
            files.push((format!("policy-{id}.json"), described));
            let kind = if target.starts_with("r-") { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
            let targets = json!({"Targets": [{"TargetId": target, "Arn": format!("arn:aws:organizations::{MANAGEMENT}:root/o-example/{target}"), "Name": "x", "Type": kind}]});
            files.push((format!("policy-targets/{id}.json"), targets));
        }
        files
    }
}

fn managed(account: &str, name: &str, statements: &[Value], versions: usize) -> Value {
    let version = |number: usize| json!({"Document": document(statements), "VersionId": format!("v{number}"), "IsDefaultVersion": number == versions, "CreateDate": "2025-09-27T00:00:00+00:00"});
    json!({
        "PolicyName": name, "PolicyId": format!("ANPAEXAMPLE{name}"), "Arn": policy_arn(account, name), "Path": "/",
        "DefaultVersionId": format!("v{versions}"), "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 0, "IsAttachable": true,
        "CreateDate": "2025-09-27T00:00:00+00:00", "UpdateDate": "2025-09-27T00:00:00+00:00",
        "PolicyVersionList": (1..=versions).map(version).collect::<Vec<_>>(),
    })
}

impl Identity {
    fn details(&self, account: &str, name: &str, kind: &str) -> Value {
        let lower = kind.to_lowercase();
        let path = if self.path.is_empty() { "/" } else { self.path };
        let arn = format!("arn:aws:iam::{account}:{lower}{path}{name}");
        let attached: Vec<Value> = self
            .attached
            .iter()
            .map(|policy| {
                let arn = policy_arn(account, policy);
                json!({"PolicyName": arn.rsplit('/').next().unwrap(), "PolicyArn": arn})
            })
            .collect();
        let mut inline = Vec::new();
        if !self.statements.is_empty() {
            inline.push(json!({"PolicyName": "own", "PolicyDocument": document(&self.statements)}));
        }
        let tags: Vec<Value> =
            self.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let mut details = json!({
            format!("{kind}Name"): name, format!("{kind}Id"): format!("AIDAEXAMPLE{name}"), "Arn": arn, "Path": path,
            "CreateDate": "2025-09-27T00:00:00+00:00", "AttachedManagedPolicies": attached, "Tags": tags,
            format!("{kind}PolicyList"): inline,
        });
        if kind == "User" {
            details["GroupList"] = json!(self.groups);
        }
        if let Some(name) = self.boundary.then_some(BOUNDARY).or(self.bounded_by) {
            details["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": policy_arn(account, name)});
        }
        if kind == "Role" {
            details["AssumeRolePolicyDocument"] = document(&self.trust);
            let profile = json!({"InstanceProfileName": name, "InstanceProfileId": "AIPAEXAMPLE", "Arn": format!("arn:aws:iam::{account}:instance-profile/{name}"), "Path": "/", "CreateDate": "2025-09-27T00:00:00+00:00", "Roles": []});
            details["InstanceProfileList"] = if self.instance_profile { json!([profile]) } else { json!([]) };
        }
        details
    }
}

/// Every edge of a principal by the id of its path, with the ARN of the victim and how surely it holds.
fn edges(graph: &Graph<'_>, arn: &str) -> BTreeMap<(&'static str, String), May> {
    let mut found = BTreeMap::new();
    for edge in graph.edges_of(graph.by_arn[arn], &mut super::edges::Kept::default()) {
        let path = &paths()[edge.path];
        let targets = graph.worlds[edge.world].targets(super::powers::kind(path.victim));
        for place in edge.victims.open.ones() {
            found.insert((path.id.as_str(), targets.arn(place).to_owned()), edge.victims.may(place));
        }
    }
    found
}
