//! What users, groups and roles have.

use kagimori_estate::change::{IdentityChange, WireDocument};
use kagimori_id::Arn;
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::document::{text, written};
use super::super::look::{Look, kind_of, named, with};
use super::super::state::Expected;
use super::Move;

/// The one move of a change; `None`: what undoes it is not of its kind.
pub(super) fn one(change: &IdentityChange, back: &IdentityChange) -> Option<Move> {
    use IdentityChange as C;
    Some(match (change, back) {
        (C::PutInlinePolicy { identity, name, document, .. }, back) => {
            let before = inline_before(back)?;
            let input = [("PolicyName", json!(name)), ("PolicyDocument", json!(text(document)))];
            let look = Look::InlinePolicy { identity: identity.clone(), name: name.clone() };
            Move::new(look, before, is_document(document), of(identity, "Put", "Policy", &input))
        }
        (C::DeleteInlinePolicy { identity, name }, back) => {
            let before = inline_before(back)?;
            let look = Look::InlinePolicy { identity: identity.clone(), name: name.clone() };
            let call = of(identity, "Delete", "Policy", &[("PolicyName", json!(name))]);
            Move::new(look, before, Expected::Absent, call)
        }
        (C::AttachPolicy { identity, policy, .. }, C::DetachPolicy { .. }) => {
            let call = of(identity, "Attach", "Policy", &[("PolicyArn", json!(policy))]);
            Move::new(attachment(identity, policy), Expected::Absent, Expected::is(true), call)
        }
        (C::DetachPolicy { identity, policy }, C::AttachPolicy { .. }) => {
            let call = of(identity, "Detach", "Policy", &[("PolicyArn", json!(policy))]);
            Move::new(attachment(identity, policy), Expected::is(true), Expected::Absent, call)
        }
        (C::SetBoundary { identity, policy }, back) => {
            let call = of(identity, "Put", "PermissionsBoundary", &[("PermissionsBoundary", json!(policy))]);
            let look = Look::Boundary { identity: identity.clone() };
            Move::new(look, boundary_before(back)?, Expected::is(policy.as_str()), call)
        }
        (C::RemoveBoundary { identity }, back) => {
            let call = of(identity, "Delete", "PermissionsBoundary", &[]);
            let look = Look::Boundary { identity: identity.clone() };
            Move::new(look, boundary_before(back)?, Expected::Absent, call)
        }
        (C::SetTrustPolicy { role, document }, C::SetTrustPolicy { document: before, .. }) => {
            let input = with(named(role), &[("PolicyDocument", json!(text(document)))]);
            let call = Call::iam(role.account(), "UpdateAssumeRolePolicy", input);
            let look = Look::Trust { role: role.clone() };
            Move::new(look, is_document(before), is_document(document), call)
        }
        (C::AddToGroup { user, group, .. }, C::RemoveFromGroup { .. }) => {
            let look = Look::Membership { user: user.clone(), group: group.clone() };
            let call = membership(user, group, "AddUserToGroup");
            Move::new(look, Expected::Absent, Expected::is(true), call)
        }
        (C::RemoveFromGroup { user, group }, C::AddToGroup { .. }) => {
            let look = Look::Membership { user: user.clone(), group: group.clone() };
            let call = membership(user, group, "RemoveUserFromGroup");
            Move::new(look, Expected::is(true), Expected::Absent, call)
        }
        _ => return None,
    })
}

/// What an inline policy was, as what undoes its change says.
fn inline_before(back: &IdentityChange) -> Option<Expected> {
    match back {
        IdentityChange::PutInlinePolicy { document, .. } => Some(is_document(document)),
        IdentityChange::DeleteInlinePolicy { .. } => Some(Expected::Absent),
        _ => None,
    }
}

fn boundary_before(back: &IdentityChange) -> Option<Expected> {
    match back {
        IdentityChange::SetBoundary { policy, .. } => Some(Expected::is(policy.as_str())),
        IdentityChange::RemoveBoundary { .. } => Some(Expected::Absent),
        _ => None,
    }
}

fn attachment(identity: &Arn, policy: &Arn) -> Look {
    Look::Attachment { identity: identity.clone(), policy: policy.clone() }
}

fn is_document(document: &WireDocument) -> Expected {
    Expected::Is(written(document))
}

/// `PutUserPolicy`, `DeleteRolePermissionsBoundary` …
fn of(identity: &Arn, verb: &str, noun: &str, input: &[(&str, Value)]) -> Call {
    let operation = format!("{verb}{}{noun}", kind_of(identity));
    Call::iam(identity.account(), operation, with(named(identity), input))
}

fn membership(user: &Arn, group: &str, operation: &str) -> Call {
    Call::iam(user.account(), operation, with(named(user), &[("GroupName", json!(group))]))
}
