//! Denials that go by names of their own: what "off" means of a user, and the end of the sessions that were handed out so far.
//!
//! Both are inline policies, so nothing is lost that could not be put back: a console password that is deleted is gone for good
//! (AWS keeps none), one that can do nothing is not. What denies is read from the policy's name and text.

use jiff::Timestamp;
use kagimori_policy::document::{
    ActionElement, Condition, ConditionValue, ConditionValues, Document, Effect, OneOrMany, ResourceElement,
    Statement, Version,
};
use kagimori_policy::print::print;
use kagimori_policy::quota;

use super::edit::look;
use super::{Change, ChangeError, IdentityChange, WireDocument};
use crate::model::{Estate, Grants};
use kagimori_id::Arn;

/// The inline policy that denies a user or role everything.
pub const QUARANTINE: &str = "KagimoriQuarantine";

/// The inline policy that denies sessions handed out before a moment, by the name that the console gives it when somebody revokes a
/// role's sessions (IAM User Guide, `id_roles_use_revoke-sessions`): whoever does both finds one policy, not two.
pub const OLDER_SESSIONS: &str = "AWSRevokeOlderSessions";

/// What an inline policy is for, where it is one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// Everything is denied.
    Everything,
    /// The sessions that were handed out before this.
    SessionsBefore(String),
}

/// The change after which a user or role may do nothing: an explicit Deny of everything, in an inline policy of its own. It also holds in
/// every session of theirs, and what else they have stays as it is.
///
/// # Errors
/// [`ChangeError`] when the user or role is not in the estate, is in quarantine already, or AWS would refuse the policy.
pub fn quarantine(estate: &Estate, identity: &Arn) -> Result<Change, ChangeError> {
    put(estate, identity, QUARANTINE, everything())
}

/// The change after which no session of a user or role that was handed out before a moment may do anything; later ones may, and so may
/// access keys, which are no sessions.
///
/// # Errors
/// [`ChangeError`] when the user or role is not in the estate, or AWS would refuse the policy.
pub fn deny_older_sessions(
    estate: &Estate,
    identity: &Arn,
    moment: Timestamp,
) -> Result<Change, ChangeError> {
    put(estate, identity, OLDER_SESSIONS, sessions_before(moment))
}

impl Denial {
    /// What a policy of this name and text is for.
    pub(super) fn of(name: &str, WireDocument(document): &WireDocument) -> Option<Self> {
        match name {
            QUARANTINE => (*document == everything()).then_some(Self::Everything),
            OLDER_SESSIONS => {
                let [statement] = document.statements.as_slice() else { return None };
                let [condition] = statement.conditions.as_slice() else { return None };
                let [value] = condition.values.as_slice() else { return None };
                let moment: Timestamp = value.text().parse().ok()?;
                (*document == sessions_before(moment)).then(|| Self::SessionsBefore(written(moment)))
            }
            _ => None,
        }
    }
}

fn put(estate: &Estate, identity: &Arn, name: &str, document: Document) -> Result<Change, ChangeError> {
    must_be_alterable(identity)?;
    let grants = look::grants(estate, identity)?;
    must_have_room(identity, grants, name, &document)?;
    let is_like_that =
        |held: &(String, crate::model::Policy)| held.0 == name && held.1.document.as_ref() == Ok(&document);
    if grants.inline.iter().any(is_like_that) {
        return Err(ChangeError::NothingToDo(format!("{identity} has `{name}` already")));
    }
    let document = WireDocument(document);
    let (identity, name) = (identity.clone(), name.to_owned());
    Ok(IdentityChange::PutInlinePolicy { identity, name, document, position: None }.into())
}

/// A group is nobody, and roles that AWS looks after take no inline policy (IAM User Guide, `id_roles_create-service-linked-role`; IAM
/// Identity Center User Guide, `using-service-linked-roles`).
pub(super) fn must_be_alterable(identity: &Arn) -> Result<(), ChangeError> {
    let resource = identity.resource();
    let why = if resource.starts_with("role/aws-service-role/") {
        "is a service-linked role, which only its service changes"
    } else if resource.starts_with("role/aws-reserved/") {
        "is a role of IAM Identity Center: its permission set is what can be changed"
    } else if resource.starts_with("group/") {
        "is a group: name its members"
    } else {
        return Ok(());
    };
    Err(ChangeError::Refused(format!("{identity} {why}")))
}

fn must_have_room(
    identity: &Arn,
    grants: &Grants,
    name: &str,
    document: &Document,
) -> Result<(), ChangeError> {
    let most = quota::inline(identity.resource().starts_with("user/")).most;
    let others = grants.inline.iter().filter(|(held, _)| held != name);
    let others = others.filter_map(|(_, policy)| policy.document.as_ref().ok());
    let characters: usize = others.chain([document]).map(length).sum();
    if characters <= most {
        return Ok(());
    }
    Err(ChangeError::Refused(format!(
        "the inline policies of {identity} would have {characters} characters, and the quota is {most}: attach arn:{}:iam::aws:policy/AWSDenyAll instead",
        identity.partition()
    )))
}

/// As AWS counts.
fn length(document: &Document) -> usize {
    print(document).chars().filter(|character| !character.is_ascii_whitespace()).count()
}

fn everything() -> Document {
    let one = || OneOrMany::One("*".to_owned());
    document(one(), one(), Vec::new())
}

/// The text that the console writes.
fn sessions_before(moment: Timestamp) -> Document {
    let all = || OneOrMany::Many(vec!["*".to_owned()]);
    let condition = Condition {
        operator: "DateLessThan".to_owned(),
        key: "aws:TokenIssueTime".to_owned(),
        values: ConditionValues::One(ConditionValue::Text(written(moment))),
    };
    document(all(), all(), vec![condition])
}

fn document(action: OneOrMany, resource: OneOrMany, conditions: Vec<Condition>) -> Document {
    let statement = Statement {
        sid: None,
        effect: Effect::Deny,
        principal: None,
        action: ActionElement::Action(action),
        resource: Some(ResourceElement::Resource(resource)),
        conditions,
    };
    Document { version: Some(Version::V2012), id: None, statements: vec![statement] }
}

/// To the second: `2026-12-01T09:00:00Z`.
fn written(moment: Timestamp) -> String {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment).to_string()
}
