//! Taking data away never improves a verdict: every source in turn is not given, denied, or damaged; each verdict stays as it
//! was or becomes `UNKNOWN`, at its resource or for its whole account. None passes, and none vanishes.
//!
//! The named people and machines of half the company by default; with `KAGIMORI_MATRIX=all` a larger one.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_estate::fact::GapReason;

use super::{Everything, Files, estate, everything, half, is_whole, settings, shiosai, usage};
use crate::verdict::{Outcome, Resource, ResourceKind};

/// A way for data to be missing.
#[derive(Clone, Copy, Debug)]
enum Loss {
    NotGiven,
    Denied,
    Damaged,
}

/// Files by what their name begins with, and the operation whose answer they hold.
const SOURCES: [(&str, &str); 17] = [
    ("authorization-details", "GetAccountAuthorizationDetails"),
    ("credential-report", "GetCredentialReport"),
    ("account-summary", "GetAccountSummary"),
    ("password-policy", "GetAccountPasswordPolicy"),
    ("virtual-mfa-devices", "ListVirtualMFADevices"),
    ("access-keys", "ListAccessKeys"),
    ("access-key-last-used/", "GetAccessKeyLastUsed"),
    ("roles", "ListRoles"),
    ("server-certificates", "ListServerCertificates"),
    ("saml-providers", "ListSAMLProviders"),
    ("oidc-providers", "ListOpenIDConnectProviders"),
    ("ssh-public-keys", "ListSSHPublicKeys"),
    ("service-specific-credentials", "ListServiceSpecificCredentials"),
    ("organization/organization.json", "DescribeOrganization"),
    ("organization/accounts", "ListAccounts"),
    ("organization/polic", "ListPolicies"),
    ("organization/organizations-features", "ListOrganizationsFeatures"),
];

fn cast() -> Files {
    if is_whole() { shiosai() } else { half() }
}

fn without(files: &Files, source: &str, operation: &str, loss: Loss) -> Files {
    let mut touched = false;
    let mut kept = Files::new();
    for (path, bytes) in files {
        let within = path.splitn(3, '/').nth(2).unwrap_or_default();
        let is_it = within.starts_with(source) || path.starts_with(&format!("snapshots/{source}"));
        match (is_it, loss) {
            (false, _) => {
                kept.insert(path.clone(), bytes.clone());
            }
            (true, Loss::NotGiven) => touched = true,
            (true, Loss::Denied) => {
                touched = true;
                let text = format!(
                    "\nAn error occurred (AccessDenied) when calling the {operation} operation: User: x is not authorized\n"
                );
                kept.insert(path.clone(), text.into_bytes());
            }
            (true, Loss::Damaged) => {
                touched = true;
                kept.insert(path.clone(), bytes[..bytes.len() / 2].to_vec());
            }
        }
    }
    assert!(touched, "{source} is no file of the company");
    kept
}

pub(super) fn compare(full: &Everything, less: &Everything, what: &str) {
    let mut lost = BTreeSet::new();
    let mut of_keys: BTreeMap<_, BTreeSet<Outcome>> = BTreeMap::new();
    for ((check, resource), outcome) in &less.outcomes {
        let whole = matches!(resource.kind, ResourceKind::Account | ResourceKind::Organization);
        if whole && *outcome == Outcome::Unknown {
            lost.insert((*check, resource.account));
        }
        if matches!(resource.kind, ResourceKind::AccessKey | ResourceKind::User) {
            of_keys.entry((*check, resource.arn.as_str())).or_default().insert(*outcome);
        }
    }
    let holds = |check: &'static str, resource: &Resource, before: Outcome| {
        match less.outcomes.get(&(check, resource.clone())) {
            Some(after) => *after == before || *after == Outcome::Unknown,
            // what was unknown may vanish with the thing it was about
            None if before == Outcome::Unknown => true,
            // without the list of keys the report's slots speak, under other names
            None if resource.key.is_some() => {
                let keys = of_keys.get(&(check, resource.arn.as_str()));
                keys.is_some_and(|keys| keys.contains(&before) || keys.contains(&Outcome::Unknown))
            }
            None => false,
        }
    };
    // what two sources contradict each other about is settled when one of them is gone
    let disputed: BTreeSet<(&str, &Resource)> = full
        .verdicts
        .iter()
        .filter(|verdict| {
            let reason = verdict.gap.as_ref().map(|gap| &gap.reason);
            matches!(reason, Some(GapReason::Contradiction(_)))
        })
        .map(|verdict| (verdict.check, &*verdict.resource))
        .collect();
    let broken: Vec<String> = full
        .outcomes
        .iter()
        .filter(|((check, resource), _)| !disputed.contains(&(*check, resource)))
        // nobody else names them
        .filter(|((_, resource), _)| !full.only_reported.contains(&resource.arn))
        // a thing that nobody names any more goes out of sight with its account
        .filter(|((check, resource), _)| {
            less.outcomes.contains_key(&(check, resource.clone()))
                || !lost.contains(&(*check, resource.account))
        })
        .filter(|((check, resource), before)| !holds(check, resource, **before))
        .map(|((check, resource), before)| {
            format!("{check} {}/{} was {before:?}", resource.account, resource.name)
        })
        .collect();
    assert!(
        broken.is_empty(),
        "{what}: {} broken, first: {:#?}",
        broken.len(),
        &broken[..broken.len().min(5)]
    );
}

#[test]
fn no_verdict_improves_when_a_source_is_missing() {
    let files = cast();
    let (trail, settings) = (usage(&files), settings(&files));
    let full = everything(&estate(&files), Some(&trail), &settings);
    assert!(full.outcomes.values().filter(|outcome| **outcome == Outcome::Fail).count() > 60);
    for (row, (source, operation)) in SOURCES.into_iter().enumerate() {
        for (column, loss) in [Loss::NotGiven, Loss::Denied, Loss::Damaged].into_iter().enumerate() {
            // each source in one way by default, and each way a third of the time
            if !is_whole() && row % 3 != column {
                continue;
            }
            let less =
                everything(&estate(&without(&files, source, operation, loss)), Some(&trail), &settings);
            compare(&full, &less, &format!("{source} {loss:?}"));
        }
    }
}

#[test]
fn no_verdict_improves_without_a_trail() {
    let files = cast();
    let (trail, settings, estate) = (usage(&files), settings(&files), estate(&files));
    let full = everything(&estate, Some(&trail), &settings);
    compare(&full, &everything(&estate, None, &settings), "no trail");
}

#[test]
fn the_same_input_gives_the_same_verdicts_in_any_order() {
    let files = cast();
    let settings = settings(&files);
    let renamed: Files = files
        .iter()
        .map(|(path, bytes)| (path.replace("authorization-details", "zz-details"), bytes.clone()))
        .collect();
    let (one, other) =
        (everything(&estate(&files), None, &settings), everything(&estate(&renamed), None, &settings));
    assert_eq!(one.outcomes, other.outcomes);
}
