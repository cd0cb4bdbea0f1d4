//! Tags of users, roles and customer managed policies. Policies ask for them (`aws:PrincipalTag`, `aws:ResourceTag`), so a tag is a
//! permission.
//!
//! No snapshot tells the tags of managed policies. A change of one says itself what it replaces, and `apply` asks AWS whether that is so.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ChangeError;
use super::deny::must_be_alterable;
use super::edit::{change, look};
use super::list::must_differ;
use crate::model::Estate;
use kagimori_id::Arn;

/// Tags of users, roles and customer managed policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "whoever applies changes must say what it does for each")]
pub enum TagChange {
    /// `iam tag-user`, `tag-role`, `tag-policy`: gives a tag, or a tag another value.
    SetTag {
        /// The user, role or managed policy.
        identity: Arn,
        /// The tag's key.
        key: String,
        /// Its value, which may be empty.
        value: String,
        /// Of a policy alone: the value that it has; left out: it has no such tag.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<String>,
    },
    /// `iam untag-user`, `untag-role`, `untag-policy`.
    RemoveTag {
        /// The user, role or managed policy.
        identity: Arn,
        /// The tag's key.
        key: String,
        /// Of a policy alone: the value that it has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<String>,
    },
}

/// Tags of one resource (`reference_iam-quotas`).
const TAGS_MAX: usize = 50;
/// Characters of a key and of a value (IAM API Reference, `Tag`).
const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 256;

impl TagChange {
    /// The names of the changes in JSON.
    pub(super) const KINDS: [&str; 2] = ["set_tag", "remove_tag"];

    /// Makes the change; the estate stays as it was when it fails: each arm asks everything before it writes.
    pub(super) fn apply_to(&self, estate: &mut Estate) -> Result<(), ChangeError> {
        let identity = self.identity();
        if is_policy(identity) {
            return self.fits_policy(estate);
        }
        if self.was().is_some() {
            let why = format!("what {identity} has is known: leave `was` out");
            return Err(ChangeError::NothingToDo(why));
        }
        match self {
            Self::SetTag { key, value, .. } => {
                must_be_alterable(identity)?;
                must_be_a_tag(key, value)?;
                let tags = change::tags(estate, identity)?;
                must_differ(tags.get(key) == Some(value), || {
                    format!("the tag `{key}` of {identity} is `{value}` already")
                })?;
                // IAM keeps the letters of a key and does not tell keys by their case (`id_tags`).
                if let Some(like) =
                    tags.keys().find(|held| *held != key && held.to_lowercase() == key.to_lowercase())
                {
                    return Err(ChangeError::Refused(format!(
                        "{identity} has the tag `{like}`, from which AWS does not tell `{key}`: write it like that"
                    )));
                }
                if !tags.contains_key(key) && tags.len() >= TAGS_MAX {
                    return Err(ChangeError::Refused(format!(
                        "{identity} has {TAGS_MAX} tags, and AWS keeps no more"
                    )));
                }
                tags.insert(key.clone(), value.clone());
            }
            Self::RemoveTag { key, .. } => {
                must_be_alterable(identity)?;
                change::tags(estate, identity)?.remove(key).map(drop).ok_or_else(|| not_there(key))?;
            }
        }
        Ok(())
    }

    /// What undoes the change, made to this estate.
    pub(super) fn inverse(&self, estate: &Estate) -> Result<Self, ChangeError> {
        if is_policy(self.identity()) {
            return Ok(self.undone());
        }
        let tags = look::tags(estate, self.identity())?;
        let was = None;
        Ok(match self.clone() {
            Self::SetTag { identity, key, .. } => match tags.get(&key).cloned() {
                Some(value) => Self::SetTag { identity, key, value, was },
                None => Self::RemoveTag { identity, key, was },
            },
            Self::RemoveTag { identity, key, .. } => {
                let value = tags.get(&key).cloned().ok_or_else(|| not_there(&key))?;
                Self::SetTag { identity, key, value, was }
            }
        })
    }

    /// What undoes a change that says itself what it replaces.
    fn undone(&self) -> Self {
        match self.clone() {
            Self::SetTag { identity, key, value, was: Some(was) } => {
                Self::SetTag { identity, key, value: was, was: Some(value) }
            }
            Self::SetTag { identity, key, value, was: None } => {
                Self::RemoveTag { identity, key, was: Some(value) }
            }
            Self::RemoveTag { identity, key, was } => {
                Self::SetTag { identity, key, value: was.unwrap_or_default(), was: None }
            }
        }
    }

    /// A policy's tags are in no estate: whether it is there, and AWS's rules, are all that can be asked.
    fn fits_policy(&self, estate: &Estate) -> Result<(), ChangeError> {
        look::policy(estate, self.identity())?;
        match self {
            Self::SetTag { key, value, was, .. } => {
                must_be_a_tag(key, value)?;
                must_differ(was.as_ref() == Some(value), || format!("the tag `{key}` is `{value}` already"))
            }
            Self::RemoveTag { key, was: None, .. } => Err(ChangeError::NotKnown(format!(
                "the value of the tag `{key}`, which no snapshot tells: say it as `was`"
            ))),
            Self::RemoveTag { .. } => Ok(()),
        }
    }

    fn was(&self) -> Option<&String> {
        let (Self::SetTag { was, .. } | Self::RemoveTag { was, .. }) = self;
        was.as_ref()
    }

    /// The user, role or managed policy.
    pub fn identity(&self) -> &Arn {
        let (Self::SetTag { identity, .. } | Self::RemoveTag { identity, .. }) = self;
        identity
    }

    /// The tag's key.
    pub fn key(&self) -> &str {
        let (Self::SetTag { key, .. } | Self::RemoveTag { key, .. }) = self;
        key
    }

    /// The sentence in Japanese.
    pub(super) fn japanese(&self) -> String {
        match self {
            Self::SetTag { identity, key, value, .. } => {
                format!("{identity} のタグ「{key}」を「{value}」にする")
            }
            Self::RemoveTag { identity, key, .. } => format!("{identity} のタグ「{key}」を外す"),
        }
    }
}

impl fmt::Display for TagChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetTag { identity, key, value, .. } => {
                write!(f, "set the tag `{key}` of {identity} to `{value}`")
            }
            Self::RemoveTag { identity, key, .. } => write!(f, "remove the tag `{key}` of {identity}"),
        }
    }
}

fn is_policy(arn: &Arn) -> bool {
    arn.resource().starts_with("policy/")
}

fn not_there(key: &str) -> ChangeError {
    ChangeError::NotThere { kind: "tag", name: key.to_owned() }
}

/// What AWS takes for a tag (IAM API Reference, `Tag`; IAM User Guide, `id_tags`).
pub(super) fn must_be_a_tag(key: &str, value: &str) -> Result<(), ChangeError> {
    let refused = |why: String| Err(ChangeError::Refused(why));
    for (what, text, most) in [("key", key, KEY_MAX), ("value", value, VALUE_MAX)] {
        let characters = text.chars().count();
        if characters > most {
            return refused(format!(
                "the {what} of a tag has {most} characters at most, and this {characters}"
            ));
        }
        if let Some(other) = text.chars().find(|character| !is_of_tags(*character)) {
            return refused(format!("the {what} of a tag does not take `{other}`"));
        }
        if text.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("aws:")) {
            return refused(format!("`{text}` begins with `aws:`, which AWS keeps for itself"));
        }
    }
    if key.is_empty() { refused("the key of a tag is not empty".to_owned()) } else { Ok(()) }
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`: letters, separators and digits of any script, and a few signs.
fn is_of_tags(character: char) -> bool {
    character.is_alphabetic()
        || character.is_numeric()
        || character.is_whitespace() && !character.is_control()
        || "_.:/=+-@".contains(character)
}
