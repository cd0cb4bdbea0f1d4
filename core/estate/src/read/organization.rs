//! The organization: `describe-organization`, `list-accounts`, `list-policies`, `describe-policy`,
//! `list-targets-for-policy` and IAM's `list-organizations-features`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::Fault;
use super::wire::{Policies, PolicyFault, Text, answer, list};
use crate::id::AccountId;
use crate::model::{OrganizationAccount, Policy};

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
pub(super) fn read_described(text: &str, start: usize, length: usize) -> Result<Described, Fault> {
    let wire = answer::<WireDescribed>(text, start, length)?.organization;
    Ok(Described { id: wire.id, management_account: wire.master_account_id })
}

/// Reads `list-accounts`; and says whether another page should follow.
pub(super) fn read_accounts(
    text: &str,
    start: usize,
    length: usize,
) -> Result<(Vec<OrganizationAccount>, bool), Fault> {
    let wire: WireAccounts<'_> = answer(text, start, length)?;
    let account = |account: WireAccount| {
        let Some(status) = account.state.or(account.status) else {
            return Err(Fault::new(format!("account `{}` has neither `State` nor `Status`", account.id)));
        };
        Ok(OrganizationAccount { name: account.name.unwrap_or_default(), id: account.id, status })
    };
    let accounts = wire.accounts.into_iter().map(account).collect::<Result<_, _>>()?;
    Ok((accounts, wire.next_token.is_some()))
}

/// Reads `list-policies`; and says whether another page should follow.
pub(super) fn read_policies(
    text: &str,
    start: usize,
    length: usize,
) -> Result<(Vec<PolicySummary>, bool), Fault> {
    let wire: WirePolicies<'_> = answer(text, start, length)?;
    Ok((wire.policies.into_iter().map(WireSummary::read).collect(), wire.next_token.is_some()))
}

/// Reads `describe-policy`.
pub(super) fn read_policy(
    text: &str,
    start: usize,
    length: usize,
) -> Result<(PolicySummary, Policy, Vec<PolicyFault>), Fault> {
    let wire = answer::<WirePolicyAnswer<'_>>(text, start, length)?.policy;
    let mut documents = Policies::of(text);
    let summary = wire.policy_summary.read();
    let document =
        documents.read(wire.content, || format!("the policy `{}` of the organization", summary.id));
    Ok((summary, document, documents.faults))
}

/// Reads `list-targets-for-policy`, which does not name its policy: its file's name does, or a member added to it.
pub(super) fn read_targets(
    text: &str,
    start: usize,
    length: usize,
    path: &str,
) -> Result<(String, Vec<String>, bool), Fault> {
    let wire: WireTargets<'_> = answer(text, start, length)?;
    let Some(policy) = wire.policy_id.or_else(|| policy_of_file(path)) else {
        return Err(Fault::new("the answer does not name the policy whose targets it lists")
            .hint("name the file after the policy, as in `targets-p-examplepolicyid111.json`"));
    };
    let targets = wire.targets.into_iter().map(|target| target.target_id).collect();
    Ok((policy, targets, wire.next_token.is_some()))
}

/// Reads `iam list-organizations-features`.
pub(super) fn read_features(text: &str, start: usize, length: usize) -> Result<Vec<String>, Fault> {
    let mut features = answer::<WireFeatures>(text, start, length)?.enabled_features;
    features.sort();
    Ok(features)
}

fn policy_of_file(path: &str) -> Option<String> {
    let stem = path.rsplit('/').next()?.split('.').next()?;
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
