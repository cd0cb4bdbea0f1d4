//! A hash of what decides about permissions: the same for the same identities, policies, keys and guardrails, whatever files
//! they came from and whenever those were made.

use std::fmt::Write as _;

use kagimori_estate::Estate;
use kagimori_estate::model::{Grants, Policy};
use kagimori_policy::print;
use sha2::{Digest, Sha256};

/// The hash, in hexadecimal.
pub fn fingerprint(estate: &Estate) -> String {
    let mut text = String::new();
    for account in estate.accounts.values() {
        for user in account.users.values() {
            let _ = writeln!(text, "user {}", user.arn);
            if let Some(details) = user.details.value() {
                let _ = writeln!(text, "groups {:?} tags {:?}", details.groups, details.tags);
                grants(&mut text, &details.grants);
            }
            for key in user.access_keys.value().into_iter().flatten() {
                let id = key.id.as_ref().map(|id| id.as_str());
                let _ = writeln!(text, "key {id:?} {:?}", key.active.value());
            }
        }
        for group in account.groups.values() {
            let _ = writeln!(text, "group {}", group.arn);
            grants(&mut text, &group.grants);
        }
        for role in account.roles.values() {
            let _ = writeln!(text, "role {} tags {:?}", role.arn, role.tags);
            policy(&mut text, "trust", &role.trust);
            grants(&mut text, &role.grants);
        }
        for held in account.policies.values() {
            policy(&mut text, held.arn.as_str(), &held.document);
        }
    }
    for held in estate.organization.policies.value().into_iter().flatten() {
        let _ = writeln!(text, "{} {} {:?}", held.kind, held.id, held.targets.value());
        if let Some(document) = held.document.value() {
            policy(&mut text, &held.id, document);
        }
    }
    kagimori_id::hex(&Sha256::digest(text.as_bytes()))
}

fn grants(text: &mut String, grants: &Grants) {
    for (name, held) in &grants.inline {
        policy(text, name, held);
    }
    for arn in &grants.attached {
        let _ = writeln!(text, "attached {arn}");
    }
    if let Some(arn) = &grants.boundary {
        let _ = writeln!(text, "boundary {arn}");
    }
}

fn policy(text: &mut String, name: &str, policy: &Policy) {
    let document = policy.document.as_ref().map(print::print);
    let _ = match document {
        Ok(document) => writeln!(text, "policy {name} {document}"),
        Err(error) => writeln!(text, "policy {name} damaged: {error}"),
    };
}
