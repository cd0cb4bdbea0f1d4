//! The changes that put other identity policies in place of all that a user or role has.

use kagimori_estate::Estate;
use kagimori_estate::change::{Change, IdentityChange, ManagedPolicyChange, WireDocument};
use kagimori_estate::model::Grants;
use kagimori_id::Arn;
use kagimori_policy::document::Document;
use kagimori_policy::{print, quota};

/// Characters of a managed policy.
pub(crate) const MANAGED_MAX: usize = quota::MANAGED.most;
/// Managed policies on one identity, unless the quota was raised.
pub(crate) const ATTACHED_MAX: usize = quota::ATTACHED.most;

/// Why policies cannot be replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the hint differs")]
pub enum ReplacementError {
    /// No such user or role, or its policies are not known.
    #[error("the policies of {0} are not known: its authorization details were not given")]
    NotKnown(Arn),
    /// Too long for AWS.
    #[error(
        "{characters} characters of policy do not fit into {ATTACHED_MAX} managed policies of {MANAGED_MAX}"
    )]
    TooLong {
        /// White space not counted.
        characters: usize,
    },
    /// More managed policies than AWS attaches, before the old ones are detached.
    #[error(
        "{attached} managed policies would be attached to {principal} until the old ones are detached, and the quota is {ATTACHED_MAX}"
    )]
    TooMany {
        /// On whom.
        principal: Arn,
        /// How many.
        attached: usize,
    },
}

/// Characters of the inline policies of a user or role.
pub(crate) fn inline_max(is_user: bool) -> usize {
    quota::inline(is_user).most
}

/// How long a document is, as AWS counts: without white space, which the short form has none of but in strings.
pub fn length(document: &Document) -> usize {
    print::print(document).chars().filter(|c| !c.is_ascii_whitespace()).count()
}

/// What a user or role has of its own, and the groups it is in.
pub(crate) fn holdings<'e>(estate: &'e Estate, principal: &Arn) -> Option<(&'e Grants, &'e [String])> {
    let account = estate.accounts.get(&principal.account()?)?;
    if principal.resource().starts_with("user/") {
        let user = account.users.get(principal.name()).filter(|user| user.arn == *principal)?;
        let details = user.details.value()?;
        return Some((&details.grants, &details.groups));
    }
    let role = account.roles.get(principal.name()).filter(|role| role.arn == *principal)?;
    Some((&role.grants, &[]))
}

/// The changes after which `documents` are all the identity policies of a user or role. They become one inline policy where
/// they fit into one, else managed policies. The new come first, so that nothing breaks halfway.
///
/// # Errors
/// [`ReplacementError`] when the policies are not known or the documents are too long.
pub fn replacement(
    estate: &Estate,
    principal: &Arn,
    name: &str,
    documents: &[Document],
) -> Result<Vec<Change>, ReplacementError> {
    let (grants, groups) =
        holdings(estate, principal).ok_or_else(|| ReplacementError::NotKnown(principal.clone()))?;
    let inline_max = inline_max(principal.resource().starts_with("user/"));
    let mut changes = Vec::new();
    let mut kept_inline = None;
    match documents {
        [] => {}
        [only] if length(only) <= inline_max => {
            kept_inline = Some(name);
            let is_there = grants.inline.iter().any(|(held, policy)| {
                held == name && policy.document.as_ref().is_ok_and(|document| document == only)
            });
            if !is_there {
                changes.push(Change::Identity(IdentityChange::PutInlinePolicy {
                    identity: principal.clone(),
                    name: name.to_owned(),
                    document: WireDocument(only.clone()),
                    position: None,
                }));
            }
        }
        many => changes.extend(managed(principal, name, many)?),
    }
    let identity = || principal.clone();
    for policy in &grants.attached {
        changes.push(Change::Identity(IdentityChange::DetachPolicy {
            identity: identity(),
            policy: policy.clone(),
        }));
    }
    for (held, _) in grants.inline.iter().filter(|(held, _)| Some(held.as_str()) != kept_inline) {
        changes.push(Change::Identity(IdentityChange::DeleteInlinePolicy {
            identity: identity(),
            name: held.clone(),
        }));
    }
    for group in groups.iter().filter(|group| gives_something(estate, principal, group)) {
        changes.push(Change::Identity(IdentityChange::RemoveFromGroup {
            user: identity(),
            group: group.clone(),
        }));
    }
    Ok(changes)
}

/// Whether a group may give its members anything. One without any policy can stay: leaving it takes nothing away, and who is in no
/// group is a finding of its own (`user-not-in-group`).
fn gives_something(estate: &Estate, user: &Arn, group: &str) -> bool {
    let account = user.account().and_then(|account| estate.accounts.get(&account));
    let Some(group) = account.and_then(|account| account.groups.get(group)) else { return true };
    let Grants { inline, attached, gaps, .. } = &group.grants;
    !(inline.is_empty() && attached.is_empty() && gaps.is_empty())
}

/// A managed policy for each document, made and attached.
///
/// # Errors
/// [`ReplacementError::TooLong`].
pub(crate) fn managed(
    principal: &Arn,
    name: &str,
    documents: &[Document],
) -> Result<Vec<Change>, ReplacementError> {
    let too_long = documents.len() > ATTACHED_MAX || documents.iter().any(|one| length(one) > MANAGED_MAX);
    if too_long {
        return Err(ReplacementError::TooLong { characters: documents.iter().map(length).sum() });
    }
    let mut changes = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        let policy = managed_arn(principal, name, number)
            .ok_or_else(|| ReplacementError::NotKnown(principal.clone()))?;
        let document = WireDocument(document.clone());
        changes.push(Change::ManagedPolicy(ManagedPolicyChange::CreatePolicy {
            policy: policy.clone(),
            document,
        }));
        changes.push(Change::Identity(IdentityChange::AttachPolicy {
            identity: principal.clone(),
            policy,
            position: None,
        }));
    }
    Ok(changes)
}

/// `arn:aws:iam::ACCOUNT:policy/kagimori/NAME-PRINCIPAL-1`; a policy's name has at most 128 characters.
fn managed_arn(principal: &Arn, name: &str, number: usize) -> Option<Arn> {
    let (partition, account) = (principal.partition(), principal.account()?);
    let full = format!("{name}-{}", principal.name());
    let short: String = full.chars().take(124).collect();
    let number = number.saturating_add(1);
    Arn::parse(&format!("arn:{partition}:iam::{account}:policy/kagimori/{short}-{number}")).ok()
}

impl ReplacementError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotKnown(_) => "add the account's authorization details to the directory",
            Self::TooMany { .. } => "detach a policy that is not needed first, or have the quota raised",
            Self::TooLong { .. } => "name resources more generally (`--resources type`)",
        }
    }
}
