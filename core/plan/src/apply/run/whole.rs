//! A deletion looked at whole before the first change, when earlier steps of the plan will have touched the same by then.

use kagimori_id::Arn;
use serde_json::{Map, Value};

use super::super::look::{CenterLook, EntityLook, InWhole, Look, Set};
use super::super::moves::Move;
use super::super::state::{Expected, Judgement, State};

/// What a move touches, and whether it is gone then.
#[derive(Clone, Debug)]
pub(super) struct Touch {
    look: Look,
    is_taken: bool,
}

impl Touch {
    pub(super) fn of(made: &Move) -> Self {
        Self { look: made.look.clone(), is_taken: made.judge(&State::Absent) == Judgement::After }
    }
}

/// What will be found of all that something holds once the moves before have been made: what they touch is theirs to look at, and is
/// taken for as it will be; all else stays as it was found.
pub(super) fn once_made(made: &Move, before: &[Touch], found: State) -> State {
    let exactly: &[(&'static str, Value)] = match &made.before {
        Expected::Whole { exactly, .. } => exactly,
        _ => &[],
    };
    if let (Look::Center(CenterLook::Whole(set)), State::Is(Value::Object(held))) = (&made.look, &found) {
        return State::Is(set_once_made(set, before, held.clone(), exactly).into());
    }
    let (Look::Entity(EntityLook::Whole { identity }), State::Is(Value::Object(mut held))) =
        (&made.look, found.clone())
    else {
        return found;
    };
    for Touch { look, is_taken } in before {
        let Some((member, one)) = listed(look, identity) else {
            settle(look, identity, &mut held, exactly);
            continue;
        };
        if let (true, Some(Value::Array(list))) = (is_taken, held.get_mut(member)) {
            list.retain(|held| held.as_str() != Some(&one));
        }
    }
    State::Is(held.into())
}

/// What of the lists of an identity a move touches: which list, and what in it.
fn listed(look: &Look, whose: &Arn) -> Option<(&'static str, String)> {
    let is_it = |arn: &Arn| arn == whose;
    // A group is named by its name alone, and so is a member of it; names are unique in an account.
    let is_named = |other: &Arn, kind: &str, name: &str| {
        let is_there = whose.account() == other.account() && whose.resource().starts_with(kind);
        is_there && whose.name().eq_ignore_ascii_case(name)
    };
    Some(match look {
        Look::AccessKey { user, key } if is_it(user) => ("access key", key.to_string()),
        Look::InlinePolicy { identity, name } if is_it(identity) => ("inline policy", name.clone()),
        Look::Attachment { identity, policy } if is_it(identity) => ("attached policy", policy.to_string()),
        Look::Membership { user, group } if is_it(user) => ("group", group.clone()),
        Look::Membership { user, group } if is_named(user, "group/", group) => {
            ("member", user.name().to_owned())
        }
        Look::Member { group, user } if is_it(group) => ("member", user.clone()),
        Look::Member { group, user } if is_named(group, "user/", user) => ("group", group.name().to_owned()),
        _ => return None,
    })
}

/// What is not a list, as the plan says it will be.
fn settle(look: &Look, whose: &Arn, held: &mut Map<String, Value>, exactly: &[(&'static str, Value)]) {
    let will_be = |member: &str| exactly.iter().find(|(name, _)| *name == member).map(|(_, value)| value);
    let member = match look {
        Look::Boundary { identity } if identity == whose => "boundary",
        Look::Trust { role } if role == whose => "trust policy",
        Look::Tag { identity, key } if identity == whose => {
            let value = will_be("tags").and_then(|tags| tags.get(key)).cloned();
            tag_once_made(key, value, held);
            return;
        }
        _ => return,
    };
    if let Some(value) = will_be(member) {
        held.insert(member.to_owned(), value.clone());
    }
}

fn tag_once_made(key: &str, value: Option<Value>, held: &mut Map<String, Value>) {
    if let Some(Value::Object(tags)) = held.get_mut("tags") {
        match value {
            Some(value) => drop(tags.insert(key.to_owned(), value)),
            None => drop(tags.remove(key)),
        }
    }
}

/// The same of a permission set.
fn set_once_made(
    set: &Set,
    before: &[Touch],
    mut held: Map<String, Value>,
    exactly: &[(&'static str, Value)],
) -> Map<String, Value> {
    for Touch { look, is_taken } in before {
        let Look::Center(look) = look else { continue };
        match look.in_whole(set) {
            Some(InWhole::One(list, one)) if *is_taken => {
                if let Some(Value::Array(list)) = held.get_mut(list) {
                    list.retain(|held| held.as_str() != Some(&one));
                }
            }
            Some(InWhole::All(list)) => drop(held.insert(list.to_owned(), Value::Array(Vec::new()))),
            Some(InWhole::Described) => {
                let described = exactly.iter().filter(|(name, _)| *name != "tags");
                held.extend(described.map(|(name, value)| ((*name).to_owned(), value.clone())));
            }
            Some(InWhole::Tag(key)) => {
                let tags = exactly.iter().find(|(name, _)| *name == "tags");
                tag_once_made(key, tags.and_then(|(_, tags)| tags.get(key)).cloned(), &mut held);
            }
            _ => {}
        }
    }
    held
}
