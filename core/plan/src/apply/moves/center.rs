//! Permission sets and assignments.

use std::collections::BTreeMap;

use kagimori_estate::change::{CenterChange, SetParts};
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::document::{text, written};
use super::super::look::{CenterLook, Look, PROVISIONED, Set, boundary, reference, typed, with};
use super::super::state::Expected;
use super::{Move, Names};

/// The moves of a change.
pub(super) fn moves(change: &CenterChange, names: &Names) -> Vec<Move> {
    use CenterChange as C;
    let real = names.get(change.set()).cloned().unwrap_or_else(|| change.set().to_owned());
    let set = Set { instance: change.instance().to_owned(), arn: real };
    match change {
        C::CreatePermissionSet { set: planned, made_of, .. } => {
            let mut all = vec![created(&set, planned, made_of)];
            all.extend(pieces(&set, made_of).into_iter().map(Piece::given));
            all
        }
        C::DeletePermissionSet { made_of, .. } => {
            let mut all: Vec<Move> = pieces(&set, made_of).into_iter().map(Piece::taken).collect();
            all.push(deleted(&set, made_of));
            all
        }
        C::SetPermissionSet { made_of, was, .. } => edited(&set, made_of, was),
        C::CreateAccountAssignment { account, principal, .. } => {
            let (look, input) = assignment(&set, *account, principal);
            let call = Call::sso("CreateAccountAssignment", input);
            vec![Move::new(look, Expected::Absent, Expected::is(true), call)]
        }
        C::DeleteAccountAssignment { account, principal, .. } => {
            let (look, input) = assignment(&set, *account, principal);
            let call = Call::sso("DeleteAccountAssignment", input);
            vec![Move::new(look, Expected::is(true), Expected::Nothing, call)]
        }
    }
}

fn assignment(
    set: &Set,
    account: kagimori_id::AccountId,
    principal: &kagimori_estate::center::Principal,
) -> (Look, Value) {
    let (kind, id) = typed(principal);
    let input = with(
        set.input(),
        &[
            ("TargetId", json!(account)),
            ("TargetType", json!("AWS_ACCOUNT")),
            ("PrincipalType", json!(kind)),
            ("PrincipalId", json!(id)),
        ],
    );
    (Look::Center(CenterLook::Assignment(set.clone(), account, principal.clone())), input)
}

/// What describes a set: of what the change leaves out AWS decides.
fn described(parts: &SetParts) -> Vec<(&'static str, Value)> {
    let said = [
        ("description", &parts.description),
        ("session duration", &parts.session_duration),
        ("relay state", &parts.relay_state),
    ];
    let said = said.into_iter().filter_map(|(name, text)| Some((name, json!(text.as_ref()?))));
    [("name", json!(parts.name))].into_iter().chain(said).collect()
}

/// The same as AWS is given it.
fn description(parts: &SetParts) -> Vec<(&'static str, Value)> {
    let said = [
        ("Description", &parts.description),
        ("SessionDuration", &parts.session_duration),
        ("RelayState", &parts.relay_state),
    ];
    said.into_iter().filter_map(|(name, text)| Some((name, json!(text.as_ref()?)))).collect()
}

fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn created(set: &Set, planned: &str, parts: &SetParts) -> Move {
    let input = json!({ "InstanceArn": set.instance, "Name": parts.name });
    let mut input = with(input, &description(parts));
    if !parts.tags.is_empty() {
        input = with(input, &[("Tags", tag_list(&parts.tags))]);
    }
    let look = CenterLook::Named { instance: set.instance.clone(), name: parts.name.clone() };
    let call = Call::sso("CreatePermissionSet", input);
    let made = Move::new(Look::Center(look), Expected::Absent, Expected::Has(described(parts)), call);
    Move {
        learns: Some((planned.to_owned(), "/arn")),
        is_of_being: true,
        // Two may not have one name: a second call is refused, and then looked at.
        is_repeatable: true,
        ..made
    }
}

/// What somebody put into it that the change does not name stops it.
fn deleted(set: &Set, parts: &SetParts) -> Move {
    let mut exactly = described(parts);
    exactly.push(("tags", json!(parts.tags)));
    let mut at_most = lists(parts);
    at_most.push(("assignment", Vec::new()));
    let before = Expected::Whole { exactly, at_most };
    let call = Call::sso("DeletePermissionSet", set.input());
    let look = Look::Center(CenterLook::Whole(set.clone()));
    Move { is_of_being: true, ..Move::new(look, before, Expected::Absent, call) }
}

/// Something that a set has, and that can be given again.
struct Piece {
    look: CenterLook,
    there: Expected,
    give: Call,
    take: Call,
}

impl Piece {
    fn given(self) -> Move {
        Move::new(Look::Center(self.look), Expected::Absent, self.there, self.give)
    }

    fn taken(self) -> Move {
        Move::new(Look::Center(self.look), self.there, Expected::Nothing, self.take)
    }
}

fn pieces(set: &Set, parts: &SetParts) -> Vec<Piece> {
    let of = |operation: &str, more: &[(&str, Value)]| Call::sso(operation, with(set.input(), more));
    let managed = parts.managed.iter().map(|arn| {
        let more = [("ManagedPolicyArn", json!(arn))];
        Piece {
            look: CenterLook::Managed(set.clone(), arn.clone()),
            there: Expected::is(true),
            give: of("AttachManagedPolicyToPermissionSet", &more),
            take: of("DetachManagedPolicyFromPermissionSet", &more),
        }
    });
    let customer = parts.customer_managed.iter().map(|policy| {
        let more = [("CustomerManagedPolicyReference", reference(policy))];
        Piece {
            look: CenterLook::CustomerManaged(set.clone(), policy.clone()),
            there: Expected::is(true),
            give: of("AttachCustomerManagedPolicyReferenceToPermissionSet", &more),
            take: of("DetachCustomerManagedPolicyReferenceFromPermissionSet", &more),
        }
    });
    let inline = parts.inline.iter().map(|document| Piece {
        look: CenterLook::Inline(set.clone()),
        there: Expected::Is(written(document)),
        give: of("PutInlinePolicyToPermissionSet", &[("InlinePolicy", json!(text(document)))]),
        take: of("DeleteInlinePolicyFromPermissionSet", &[]),
    });
    let bounded = parts.boundary.iter().map(|by| Piece {
        look: CenterLook::Boundary(set.clone()),
        there: Expected::Is(boundary(by)),
        give: of("PutPermissionsBoundaryToPermissionSet", &[("PermissionsBoundary", boundary(by))]),
        take: of("DeletePermissionsBoundaryFromPermissionSet", &[]),
    });
    managed.chain(customer).chain(inline).chain(bounded).collect()
}

/// What differs, each by itself, what goes before what comes; and at last the roles of the set in its accounts.
fn edited(set: &Set, to: &SetParts, was: &SetParts) -> Vec<Move> {
    let mut all = Vec::new();
    if described(to) != described(was) {
        let call = Call::sso("UpdatePermissionSet", with(set.input(), &description(to)));
        let look = Look::Center(CenterLook::Described(set.clone()));
        all.push(Move::new(look, Expected::Has(described(was)), Expected::Has(described(to)), call));
    }
    let rest = |parts: &SetParts, other: &SetParts| SetParts {
        managed: without(&parts.managed, &other.managed),
        customer_managed: without(&parts.customer_managed, &other.customer_managed),
        inline: parts.inline.clone().filter(|_| other.inline.is_none()),
        boundary: parts.boundary.clone().filter(|_| other.boundary.is_none()),
        ..SetParts::default()
    };
    // A boundary that goes, goes last: until then it bounds what was there.
    all.extend(pieces(set, &rest(to, was)).into_iter().filter(is_boundary).map(Piece::given));
    all.extend(replaced(set, to, was));
    all.extend(pieces(set, &rest(was, to)).into_iter().filter(|one| !is_boundary(one)).map(Piece::taken));
    all.extend(pieces(set, &rest(to, was)).into_iter().filter(|one| !is_boundary(one)).map(Piece::given));
    all.extend(pieces(set, &rest(was, to)).into_iter().filter(is_boundary).map(Piece::taken));
    all.extend(tags(set, to, was));
    all.push(provisioned(set, to, was));
    all
}

/// What it has is brought into its accounts, whatever AWS lists of them: only of a request that AWS answered is known what came of it,
/// so that one whose answer was lost is made again. What neither state of the set names would come along, and stops it.
fn provisioned(set: &Set, to: &SetParts, was: &SetParts) -> Move {
    let input = with(set.input(), &[("TargetType", json!("ALL_PROVISIONED_ACCOUNTS"))]);
    let look = Look::Center(CenterLook::Provisioned { set: set.clone(), request: None });
    let either = lists(to).into_iter().zip(lists(was));
    let at_most = either.map(|((name, to), (_, was))| (name, [to, was].concat())).collect();
    let before = Expected::Whole { exactly: vec![("name", json!(to.name))], at_most };
    let after = Expected::Has(vec![(PROVISIONED, json!(true))]);
    Move::new(look, before, after, Call::sso("ProvisionPermissionSet", input))
}

/// What there may be in the lists of a set that is made of this.
fn lists(parts: &SetParts) -> Vec<(&'static str, Vec<String>)> {
    let customer = parts.customer_managed.iter().map(|policy| reference(policy).to_string());
    vec![
        ("managed policy", parts.managed.iter().map(ToString::to_string).collect()),
        ("customer's managed policy", customer.collect()),
        ("inline policy", parts.inline.iter().map(|document| written(document).to_string()).collect()),
        ("boundary", parts.boundary.iter().map(|by| boundary(by).to_string()).collect()),
    ]
}

fn is_boundary(piece: &Piece) -> bool {
    matches!(piece.look, CenterLook::Boundary(_))
}

fn without<T: PartialEq + Clone>(all: &[T], others: &[T]) -> Vec<T> {
    all.iter().filter(|one| !others.contains(one)).cloned().collect()
}

/// An inline policy and a boundary in place of others.
fn replaced(set: &Set, to: &SetParts, was: &SetParts) -> Vec<Move> {
    let of = |operation: &str, more: (&str, Value)| Call::sso(operation, with(set.input(), &[more]));
    let mut all = Vec::new();
    if let (Some(now), Some(before)) = (&to.boundary, &was.boundary)
        && now != before
    {
        let call = of("PutPermissionsBoundaryToPermissionSet", ("PermissionsBoundary", boundary(now)));
        let look = Look::Center(CenterLook::Boundary(set.clone()));
        all.push(Move::new(look, Expected::Is(boundary(before)), Expected::Is(boundary(now)), call));
    }
    if let (Some(now), Some(before)) = (&to.inline, &was.inline)
        && now != before
    {
        let call = of("PutInlinePolicyToPermissionSet", ("InlinePolicy", json!(text(now))));
        let look = Look::Center(CenterLook::Inline(set.clone()));
        all.push(Move::new(look, Expected::Is(written(before)), Expected::Is(written(now)), call));
    }
    all
}

fn tags(set: &Set, to: &SetParts, was: &SetParts) -> Vec<Move> {
    let input = json!({ "InstanceArn": set.instance, "ResourceArn": set.arn });
    let value = |parts: &SetParts, key: &str| {
        parts.tags.get(key).map_or(Expected::Absent, |value| Expected::is(value.as_str()))
    };
    let keys: std::collections::BTreeSet<&String> = to.tags.keys().chain(was.tags.keys()).collect();
    let differs = keys.into_iter().filter(|key| to.tags.get(*key) != was.tags.get(*key));
    let one = |key: &String| {
        let call = match to.tags.get(key) {
            Some(value) => {
                let tags = json!([{ "Key": key, "Value": value }]);
                Call::sso("TagResource", with(input.clone(), &[("Tags", tags)]))
            }
            None => Call::sso("UntagResource", with(input.clone(), &[("TagKeys", json!([key]))])),
        };
        let look = Look::Center(CenterLook::Tag(set.clone(), key.clone()));
        Move::new(look, value(was, key), value(to, key), call)
    };
    differs.map(one).collect()
}
