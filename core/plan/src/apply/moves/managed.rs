//! The customer's managed policies and their versions.

use kagimori_estate::change::{ManagedPolicyChange, WireDocument};
use kagimori_id::Arn;
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::document::{text, written};
use super::super::look::Look;
use super::super::state::Expected;
use super::{Move, Names, Told};

/// The moves of a change; `None`: what undoes it is not of its kind.
pub(super) fn moves(
    change: &ManagedPolicyChange,
    back: &ManagedPolicyChange,
    Told { names, is_half, .. }: &Told<'_>,
) -> Option<Vec<Move>> {
    use ManagedPolicyChange as C;
    Some(match (change, back) {
        (C::CreatePolicy { policy, document }, C::DeletePolicy { .. }) => {
            let input = json!({
                "PolicyName": policy.name(),
                "Path": path(policy),
                "PolicyDocument": text(document),
            });
            let call = Call::iam(policy.account(), "CreatePolicy", input);
            let made = Move::new(look(policy), Expected::Absent, has(None, document), call);
            vec![Move { is_of_being: true, ..made }]
        }
        (C::DeletePolicy { policy }, C::CreatePolicy { document, .. }) => {
            let call = Call::iam(policy.account(), "DeletePolicy", json!({ "PolicyArn": policy }));
            let made = Move::new(look(policy), has(None, document), Expected::Absent, call);
            vec![Move { is_of_being: true, ..made }]
        }
        (
            C::CreatePolicyVersion { policy, version, document, makes_room },
            C::RestorePolicyVersion { version: old, document: before, .. },
        ) => {
            let old = real(policy, old, names);
            let made = created(policy, version, document, has(Some(&old), before));
            let own = names.get(&name(policy, version)).filter(|_| *is_half);
            let left = own.map(|own| left_over(policy, own));
            let room = match makes_room {
                Some(gone) => room_of(policy, gone),
                None => room(policy, own.cloned()),
            };
            left.into_iter().chain([room, made]).collect()
        }
        (
            C::RestorePolicyVersion { policy, version, document, delete },
            C::CreatePolicyVersion { document: replaced, .. },
        ) => {
            let (version, delete) = (real(policy, version, names), real(policy, delete, names));
            let input = json!({ "PolicyArn": policy, "VersionId": version });
            let call = Call::iam(policy.account(), "SetDefaultPolicyVersion", input);
            let (before, after) = (has(Some(&delete), replaced), has(Some(&version), document));
            vec![Move::new(look(policy), before, after, call), deleted(policy, delete)]
        }
        _ => return None,
    })
}

/// AWS's number of a version that the plan named.
fn real(policy: &Arn, version: &str, names: &Names) -> String {
    names.get(&name(policy, version)).cloned().unwrap_or_else(|| version.to_owned())
}

fn name(policy: &Arn, version: &str) -> String {
    format!("{policy} {version}")
}

fn created(policy: &Arn, version: &str, document: &WireDocument, before: Expected) -> Move {
    let input = json!({
        "PolicyArn": policy,
        "PolicyDocument": text(document),
        "SetAsDefault": true,
    });
    let call = Call::iam(policy.account(), "CreatePolicyVersion", input);
    let made = Move::new(look(policy), before, has(None, document), call);
    // AWS counts on from the highest number there ever was, which no list shows.
    Move { learns: Some((name(policy, version), "/version")), is_repeatable: false, ..made }
}

/// AWS keeps five versions: the oldest goes, and its text is kept in the journal.
fn room(policy: &Arn, unless: Option<String>) -> Move {
    let call = Call::iam(policy.account(), "DeletePolicyVersion", json!({ "PolicyArn": policy }));
    let look = Look::Surplus { policy: policy.clone(), unless };
    let made = Move::new(look, Expected::Present, Expected::Absent, call);
    Move { from_found: Some(("VersionId", "/version")), is_optional: true, ..made }
}

/// What this plan made before, where taking it back was begun and not finished: it goes before it is made again, or an older version
/// would have to make room for it.
fn left_over(policy: &Arn, version: &str) -> Move {
    let made = room(policy, None);
    let look = Look::LeftOver { policy: policy.clone(), version: version.to_owned() };
    Move { look, ..made }
}

/// The version that the plan names; one that is gone already makes room, too.
fn room_of(policy: &Arn, version: &str) -> Move {
    let made = room(policy, None);
    let look = Look::VersionText { policy: policy.clone(), version: version.to_owned() };
    Move { look, ..made }
}

fn deleted(policy: &Arn, version: String) -> Move {
    let input = json!({ "PolicyArn": policy, "VersionId": version });
    let call = Call::iam(policy.account(), "DeletePolicyVersion", input);
    let look = Look::Version { policy: policy.clone(), version };
    Move::new(look, Expected::is(true), Expected::Absent, call)
}

fn look(policy: &Arn) -> Look {
    Look::Policy { policy: policy.clone() }
}

fn has(version: Option<&str>, document: &WireDocument) -> Expected {
    let version = version.map(|version| ("version", Value::from(version)));
    Expected::Has(version.into_iter().chain([("document", written(document))]).collect())
}

/// `/` or `/path/`
fn path(policy: &Arn) -> &str {
    let resource = policy.resource().strip_prefix("policy").unwrap_or_default();
    resource.strip_suffix(policy.name()).unwrap_or("/")
}
