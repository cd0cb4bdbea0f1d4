//! The organization's files: its description, accounts, policies with targets, root features.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::calendar::days_ago;
use crate::cast::{CLOSED, MANAGEMENT, ORGANIZATION, PRODUCTION};
use crate::document::{Document, Statement};
use crate::files::{Files, json};
use crate::model::Company;

/// The organization was made when the second account was.
const JOINED: i64 = 1500;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Organization {
    id: &'static str,
    arn: String,
    feature_set: &'static str,
    master_account_arn: String,
    master_account_id: &'static str,
    master_account_email: &'static str,
    available_policy_types: Vec<PolicyType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyType {
    r#type: &'static str,
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Member {
    id: String,
    arn: String,
    email: String,
    name: String,
    status: &'static str,
    state: &'static str,
    joined_method: &'static str,
    joined_timestamp: String,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    id: &'static str,
    arn: String,
    name: &'static str,
    description: &'static str,
    r#type: &'static str,
    aws_managed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    policy_summary: Summary,
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    target_id: String,
    arn: String,
    name: String,
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Features {
    organization_id: &'static str,
    enabled_features: [&'static str; 1],
}

/// Writes them.
pub(crate) fn write(company: &Company, files: &mut Files) {
    let mut put = |name: &str, bytes: Vec<u8>| files.insert(format!("snapshots/organization/{name}"), bytes);
    put("organization.json", json(&BTreeMap::from([("Organization", organization())])));
    put("accounts.json", json(&BTreeMap::from([("Accounts", members(company))])));
    let summaries: Vec<_> = policies(company).into_iter().map(|(summary, ..)| summary).collect();
    put("policies.json", json(&BTreeMap::from([("Policies", summaries)])));
    for (policy_summary, content, targets) in policies(company) {
        let id = policy_summary.id;
        let described = Described { policy_summary, content };
        put(&format!("policy-{id}.json"), json(&BTreeMap::from([("Policy", described)])));
        put(&format!("policy-targets/{id}.json"), json(&BTreeMap::from([("Targets", targets)])));
    }
    let features =
        Features { organization_id: ORGANIZATION, enabled_features: ["RootCredentialsManagement"] };
    put("organizations-features.json", json(&features));
}

fn organization() -> Organization {
    Organization {
        id: ORGANIZATION,
        arn: format!("arn:aws:organizations::{MANAGEMENT}:organization/{ORGANIZATION}"),
        feature_set: "ALL",
        master_account_arn: member_arn(MANAGEMENT),
        master_account_id: MANAGEMENT,
        master_account_email: "aws+management@shiosai.example",
        available_policy_types: vec![PolicyType { r#type: "SERVICE_CONTROL_POLICY", status: "ENABLED" }],
    }
}

fn member_arn(account: &str) -> String {
    format!("arn:aws:organizations::{MANAGEMENT}:account/{ORGANIZATION}/{account}")
}

fn members(company: &Company) -> Vec<Member> {
    let member = |id: &str, name: &str, status, created: i64| Member {
        id: id.to_owned(),
        arn: member_arn(id),
        email: format!("aws+{}@shiosai.example", name.trim_start_matches("shiosai-")),
        name: name.to_owned(),
        status,
        state: if status == "ACTIVE" { "ACTIVE" } else { "SUSPENDED" },
        joined_method: if id == MANAGEMENT { "INVITED" } else { "CREATED" },
        // Organizations answers with fractions of a second, IAM without.
        joined_timestamp: crate::calendar::cli(created.max(days_ago(JOINED))).replace('+', ".417000+"),
    };
    let mut members: Vec<_> = company
        .accounts
        .iter()
        .map(|account| member(&account.id, &account.name, "ACTIVE", account.created))
        .collect();
    members.push(member(CLOSED, "shiosai-old-web", "SUSPENDED", days_ago(JOINED)));
    members
}

fn policies(company: &Company) -> Vec<(Summary, String, Vec<Target>)> {
    let full = Summary {
        id: "p-FullAWSAccess",
        arn: "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess".to_owned(),
        name: "FullAWSAccess",
        description: "Allows access to every operation",
        r#type: "SERVICE_CONTROL_POLICY",
        aws_managed: true,
    };
    let guard = Summary {
        id: "p-7k2shio1",
        arn: format!(
            "arn:aws:organizations::{MANAGEMENT}:policy/{ORGANIZATION}/service_control_policy/p-7k2shio1"
        ),
        name: "keep-the-trail",
        description: "No one stops the trail or leaves the organization",
        r#type: "SERVICE_CONTROL_POLICY",
        aws_managed: false,
    };
    let root = || Target {
        target_id: "r-sh10".to_owned(),
        arn: format!("arn:aws:organizations::{MANAGEMENT}:root/{ORGANIZATION}/r-sh10"),
        name: "Root".to_owned(),
        r#type: "ROOT",
    };
    let account = |id: &str, name: &str| Target {
        target_id: id.to_owned(),
        arn: member_arn(id),
        name: name.to_owned(),
        r#type: "ACCOUNT",
    };
    let everything = Document::allow(&["*"], &["*"]);
    // The sandbox was moved in later, and nobody attached the guard to it.
    let guarded = vec![account(PRODUCTION, "shiosai-production"), account(crate::cast::DATA, "shiosai-data")];
    // AWS attaches it to the root and to every account; an account without it could do nothing.
    let mut targets = vec![root()];
    targets.extend(company.accounts.iter().map(|held| account(&held.id, &held.name)));
    vec![(full, everything.text(), targets), (guard, keep_the_trail().text(), guarded)]
}

fn keep_the_trail() -> Document {
    Document::new(vec![
        Statement::deny(
            &["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail"],
            &["*"],
        )
        .sid("KeepTheTrail"),
        Statement::deny(&["organizations:LeaveOrganization"], &["*"]).sid("Stay"),
    ])
}
