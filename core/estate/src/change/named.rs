//! Which policies name a user or role: they are about it by its ARN or its unique id, and about nobody once it is gone.

use kagimori_policy::print::print;

use crate::model::{Estate, Policy};
use kagimori_id::{Arn, UniqueId};

/// The policies of an estate that name a user or role, in words, in order: trust policies, policies of buckets and of the organization,
/// and identity policies of others.
pub(super) fn named_by(estate: &Estate, identity: &Arn, id: Option<&UniqueId>) -> Vec<String> {
    let names = |policy: &Policy| {
        policy.document.as_ref().is_ok_and(|document| mentions(&print(document), identity, id))
    };
    let mut found = Vec::new();
    for account in estate.accounts.values() {
        for role in account.roles.values().filter(|role| role.arn != *identity) {
            found.extend(names(&role.trust).then(|| format!("the trust policy of {}", role.arn)));
        }
        let policies = account.policies.values().filter(|policy| names(&policy.document));
        found.extend(policies.map(|policy| policy.arn.to_string()));
        for (arn, grants) in account
            .users
            .values()
            .filter_map(|user| Some((&user.arn, &user.details.value()?.grants)))
            .chain(account.groups.values().map(|group| (&group.arn, &group.grants)))
            .chain(account.roles.values().map(|role| (&role.arn, &role.grants)))
            .filter(|(arn, _)| *arn != identity)
        {
            let inline = grants.inline.iter().filter(|(_, policy)| names(policy));
            found.extend(inline.map(|(name, _)| format!("the inline policy `{name}` of {arn}")));
        }
    }
    for (arn, held) in &estate.resource_policies {
        let policy = held.policy.value().and_then(Option::as_ref);
        found.extend(policy.is_some_and(names).then(|| format!("the policy of {arn}")));
    }
    for policy in estate.organization.policies.value().into_iter().flatten() {
        found.extend(policy.document.value().is_some_and(names).then(|| format!("the policy {}", policy.id)));
    }
    found
}

/// Whether a text holds an ARN or id as a whole, in quotes.
fn mentions(text: &str, identity: &Arn, id: Option<&UniqueId>) -> bool {
    let holds = |word: &str| text.contains(&format!("\"{word}\""));
    let session = format!(
        ":assumed-role/{}/",
        if identity.resource().starts_with("role/") { identity.name() } else { "\0" }
    );
    let id = id.filter(|id| !id.as_str().is_empty());
    holds(identity.as_str()) || text.contains(&session) || id.is_some_and(|id| text.contains(id.as_str()))
}
