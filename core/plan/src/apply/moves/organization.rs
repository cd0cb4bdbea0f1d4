//! Policies of the organization.

use kagimori_estate::change::{OrganizationChange, WireDocument};
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::document::{text, written};
use super::super::look::Look;
use super::super::state::Expected;
use super::{Move, Names};

/// The one move of a change; `None`: what undoes it is not of its kind.
pub(super) fn one(change: &OrganizationChange, back: &OrganizationChange, names: &Names) -> Option<Move> {
    use OrganizationChange as C;
    let real = |id: &String| names.get(id).cloned().unwrap_or_else(|| id.clone());
    Some(match (change, back) {
        (C::CreateOrganizationPolicy { id, name, kind, document }, C::DeleteOrganizationPolicy { .. }) => {
            let input = json!({ "Name": name, "Type": kind, "Description": "", "Content": text(document) });
            let call = Call::organizations("CreatePolicy", input);
            let look = Look::OrganizationPolicyNamed { kind: kind.clone(), name: name.clone() };
            let made = Move::new(look, Expected::Absent, has(document), call);
            Move { learns: Some((id.clone(), "/id")), is_of_being: true, ..made }
        }
        (C::DeleteOrganizationPolicy { id }, C::CreateOrganizationPolicy { name, kind, document, .. }) => {
            let call = Call::organizations("DeletePolicy", json!({ "PolicyId": real(id) }));
            let of = [("name", Value::from(name.as_str())), ("type", Value::from(kind.as_str()))];
            let before = of.into_iter().chain([("document", written(document))]).collect();
            let look = Look::OrganizationPolicy { id: real(id) };
            let made = Move::new(look, Expected::Has(before), Expected::Absent, call);
            Move { is_of_being: true, ..made }
        }
        (C::SetOrganizationPolicy { id, document }, C::SetOrganizationPolicy { document: before, .. }) => {
            let input = json!({ "PolicyId": real(id), "Content": text(document) });
            let call = Call::organizations("UpdatePolicy", input);
            let look = Look::OrganizationPolicy { id: real(id) };
            Move::new(look, has(before), has(document), call)
        }
        (C::AttachOrganizationPolicy { id, target, .. }, C::DetachOrganizationPolicy { .. }) => {
            let call = attachment("AttachPolicy", &real(id), target);
            Move::new(look(real(id), target), Expected::Absent, Expected::is(true), call)
        }
        (C::DetachOrganizationPolicy { id, target }, C::AttachOrganizationPolicy { .. }) => {
            let call = attachment("DetachPolicy", &real(id), target);
            Move::new(look(real(id), target), Expected::is(true), Expected::Absent, call)
        }
        _ => return None,
    })
}

fn look(id: String, target: &str) -> Look {
    Look::Target { id, target: target.to_owned() }
}

fn attachment(operation: &str, id: &str, target: &str) -> Call {
    Call::organizations(operation, json!({ "PolicyId": id, "TargetId": target }))
}

fn has(document: &WireDocument) -> Expected {
    Expected::Has(vec![("document", written(document))])
}
