//! Tags of users, roles and managed policies.

use kagimori_estate::change::TagChange;
use serde_json::json;

use super::super::call::Call;
use super::super::look::{Look, tagged, with};
use super::super::state::Expected;
use super::Move;

/// The one move of a change; `None`: what undoes it is not about the same tag.
pub(super) fn one(change: &TagChange, back: &TagChange) -> Option<Move> {
    if change.key() != back.key() {
        return None;
    }
    let after = match change {
        TagChange::SetTag { value, .. } => Expected::is(value.as_str()),
        TagChange::RemoveTag { .. } => Expected::Absent,
    };
    let before = match back {
        TagChange::SetTag { value, .. } => Expected::is(value.as_str()),
        TagChange::RemoveTag { .. } => Expected::Absent,
    };
    let (identity, key) = (change.identity(), change.key());
    let (verb, input) = match change {
        TagChange::SetTag { value, .. } => ("Tag", ("Tags", json!([{ "Key": key, "Value": value }]))),
        TagChange::RemoveTag { .. } => ("Untag", ("TagKeys", json!([key]))),
    };
    let (kind, name) = tagged(identity);
    let call = Call::iam(identity.account(), format!("{verb}{kind}"), with(name, &[input]));
    let look = Look::Tag { identity: identity.clone(), key: key.to_owned() };
    Some(Move::new(look, before, after, call))
}
