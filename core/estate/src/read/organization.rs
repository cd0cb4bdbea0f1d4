//! The organization: `describe-organization`, `list-accounts` (and `list-accounts-for-parent`, which looks the same),
//! `list-policies`, `describe-policy`, `list-targets-for-policy` and IAM's `list-organizations-features`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading};
use super::organization_tree::parent_named;
use super::wire::{Policies, Text, list};
use crate::model::OrganizationAccount;
use kagimori_id::AccountId;

/// What `describe-organization` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) id: String,
    pub(super) management_account: AccountId,
}

/// A policy of the organization, without document and targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PolicySummary {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) aws_managed: bool,
}

/// Reads `describe-organization`.
pub(super) fn read_described(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire = object.parse::<WireDescribed>()?.organization;
    let described = Described { id: wire.id, management_account: wire.master_account_id };
    Ok(Reading::whole(Content::Organization(described)))
}

/// Reads `list-accounts`. A file that is called after a root or unit is the answer of `list-accounts-for-parent`: some of the
/// accounts, and where they are.
pub(super) fn read_accounts(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireAccounts<'_> = object.parse()?;
    let truncated = wire.next_token.is_some();
    if let Some(parent) = wire.parent_id.clone().or_else(|| parent_named(object)) {
        let edges = wire.accounts.iter().map(|account| (account.id.to_string(), parent.clone())).collect();
        return Ok(Reading::page(Content::OrganizationTree(edges), truncated));
    }
    let account = |account: WireAccount| {
        let Some(status) = account.state.or(account.status) else {
            return Err(Fault::new(format!("account `{}` has neither `State` nor `Status`", account.id)));
        };
        let name = account.name.unwrap_or_else(|| account.id.to_string());
        Ok(OrganizationAccount { name, id: account.id, status })
    };
    let accounts = wire.accounts.into_iter().map(account).collect::<Result<_, _>>()?;
    Ok(Reading::page(Content::OrganizationAccounts(accounts), truncated))
}

/// Reads `list-policies`.
pub(super) fn read_policies(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WirePolicies<'_> = object.parse()?;
    let policies = wire.policies.into_iter().map(WireSummary::read).collect();
    Ok(Reading::page(Content::OrganizationPolicies(policies), wire.next_token.is_some()))
}

/// Reads `describe-policy`.
pub(super) fn read_policy(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire = object.parse::<WirePolicyAnswer<'_>>()?.policy;
    let mut documents = Policies::of(object.file());
    let summary = wire.policy_summary.read();
    let document =
        documents.read(wire.content, || format!("the policy `{}` of the organization", summary.id));
    let content = Content::OrganizationPolicy(summary, document);
    Ok(Reading { content, truncated: false, faults: documents.faults })
}

/// Reads `list-targets-for-policy`, which does not name its policy: its file's name does, or a member added to it.
pub(super) fn read_targets(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireTargets<'_> = object.parse()?;
    let Some(policy) = wire.policy_id.or_else(|| policy_of_file(object.named_after().0)) else {
        return Err(Fault::new("the answer does not name the policy whose targets it lists")
            .hint("name the file after the policy, as in `targets-p-examplepolicyid111.json`"));
    };
    let targets = wire.targets.into_iter().map(|target| target.target_id).collect();
    Ok(Reading::page(Content::OrganizationTargets(policy, targets), wire.next_token.is_some()))
}

/// Reads `iam list-organizations-features`.
pub(super) fn read_features(object: &Object<'_>) -> Result<Reading, Fault> {
    let mut features = object.parse::<WireFeatures>()?.enabled_features;
    features.sort();
    Ok(Reading::whole(Content::OrganizationFeatures(features)))
}

fn policy_of_file(stem: &str) -> Option<String> {
    match stem.split_once("-p-") {
        Some((_, rest)) => Some(format!("p-{rest}")),
        None => stem.starts_with("p-").then(|| stem.to_owned()),
    }
}

impl WireSummary {
    fn read(self) -> PolicySummary {
        PolicySummary { id: self.id, name: self.name, kind: self.kind, aws_managed: self.aws_managed }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireDescribed {
    organization: WireOrganization,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireOrganization {
    id: String,
    #[serde(alias = "ManagementAccountId")]
    master_account_id: AccountId,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAccounts<'a> {
    parent_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    accounts: Vec<WireAccount>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAccount {
    id: AccountId,
    name: Option<String>,
    status: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WirePolicies<'a> {
    #[serde(default, deserialize_with = "list")]
    policies: Vec<WireSummary>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireSummary {
    id: String,
    name: String,
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    aws_managed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WirePolicyAnswer<'a> {
    #[serde(borrow)]
    policy: WirePolicy<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WirePolicy<'a> {
    policy_summary: WireSummary,
    #[serde(borrow)]
    content: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireTargets<'a> {
    policy_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    targets: Vec<WireTarget>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireTarget {
    target_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireFeatures {
    #[serde(default, deserialize_with = "list")]
    enabled_features: Vec<String>,
}
