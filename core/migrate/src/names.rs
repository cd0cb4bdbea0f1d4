//! What names the old identity: by its ARN, by its unique id, or by what only users have.
//!
//! AWS writes a user in a stored trust policy or bucket policy as its unique id; a user that is deleted and made again has another. Sessions
//! have no `aws:username`: what asks for it denies them silently.

use kagimori_estate::Estate;
use kagimori_estate::model::{Grants, Policy};
use kagimori_id::Arn;
use kagimori_policy::print::print;
use serde::Serialize;

/// How a policy names somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "each is put right otherwise")]
pub enum Naming {
    /// The user's ARN.
    Arn,
    /// Its unique id (`AIDA…`).
    Id,
    /// `aws:username`, as a condition or as a variable.
    UserName,
    /// `aws:userid`.
    UserId,
}

/// A policy that names the user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Named {
    /// Which.
    pub place: String,
    /// How.
    pub naming: Naming,
}

/// What no snapshot tells, in English and in Japanese.
pub const NOT_SEEN: &[(&str, &str)] = &[
    (
        "KMS grants (`aws kms list-grants`): a grant stands in no policy",
        "KMS グラント（`aws kms list-grants`）：ポリシーには現れません",
    ),
    (
        "policies of resources that are not in `resource-policies/`: keys, queues, topics, secrets, repositories",
        "`resource-policies/` にないリソースのポリシー（KMS キー、キュー、トピック、シークレット、リポジトリなど）",
    ),
    ("roles of accounts that are not in this directory", "このディレクトリにないアカウントのロール"),
    (
        "access entries and `mapUsers` of EKS, Lake Formation, QuickSight, IAM users of databases",
        "EKS のアクセスエントリと `mapUsers`、Lake Formation、QuickSight、データベースの IAM ユーザー",
    ),
];

/// The policies of an estate that name a user. Of the user's own, and its groups', what only users have.
pub fn names(estate: &Estate, user: &Arn) -> Vec<Named> {
    let account = user.account().and_then(|account| estate.accounts.get(&account));
    let held = account.and_then(|account| account.users.get(user.name()));
    let details = held.and_then(|held| held.details.value());
    let id = details.map(|details| details.id.as_str()).filter(|id| !id.is_empty());
    let mut found = Vec::new();
    let mut look = |place: String, policy: &Policy, is_own: bool| {
        let Ok(document) = &policy.document else { return };
        let text = print(document);
        let lower = text.to_ascii_lowercase();
        let mut say = |naming| found.push(Named { place: place.clone(), naming });
        if !is_own && text.contains(&format!("\"{}\"", user.as_str())) {
            say(Naming::Arn);
        }
        if !is_own && id.is_some_and(|id| text.contains(id)) {
            say(Naming::Id);
        }
        // Of others' policies it may be about anybody: of a resource and a boundary it is about the user, too.
        if lower.contains("aws:username") && (is_own || place.starts_with("the policy of")) {
            say(Naming::UserName);
        }
        if lower.contains("aws:userid") && (is_own || place.starts_with("the policy of")) {
            say(Naming::UserId);
        }
    };
    for account in estate.accounts.values() {
        for role in account.roles.values() {
            look(format!("the trust policy of {}", role.arn), &role.trust, false);
            of_grants(&role.grants, role.arn.as_str(), &mut |place, policy| look(place, policy, false));
        }
        for group in account.groups.values() {
            let is_own = details.is_some_and(|details| details.groups.contains(&group.name))
                && group.arn.account() == user.account();
            of_grants(&group.grants, group.arn.as_str(), &mut |place, policy| look(place, policy, is_own));
            attached(account, &group.grants, is_own, &mut look);
        }
        for other in account.users.values() {
            let Some(details) = other.details.value() else { continue };
            let is_own = other.arn == *user;
            of_grants(&details.grants, other.arn.as_str(), &mut |place, policy| look(place, policy, is_own));
            attached(account, &details.grants, is_own, &mut look);
        }
        for policy in account.policies.values() {
            look(policy.arn.to_string(), &policy.document, false);
        }
    }
    for (arn, held) in &estate.resource_policies {
        if let Some(Some(policy)) = held.policy.value() {
            look(format!("the policy of {arn}"), policy, false);
        }
    }
    for policy in estate.organization.policies.value().into_iter().flatten() {
        if let Some(document) = policy.document.value() {
            look(format!("the policy {}", policy.id), document, false);
        }
    }
    found.sort();
    found.dedup();
    found
}

fn of_grants(grants: &Grants, owner: &str, look: &mut dyn FnMut(String, &Policy)) {
    for (name, policy) in &grants.inline {
        look(format!("the inline policy `{name}` of {owner}"), policy);
    }
}

fn attached(
    account: &kagimori_estate::model::Account,
    grants: &Grants,
    is_own: bool,
    look: &mut dyn FnMut(String, &Policy, bool),
) {
    if !is_own {
        return;
    }
    let all = grants.attached.iter().chain(&grants.boundary);
    for policy in all.filter_map(|arn| account.policies.values().find(|policy| policy.arn == *arn)) {
        look(policy.arn.to_string(), &policy.document, true);
    }
}

impl Naming {
    /// What to do, in English and in Japanese.
    pub fn advice(self) -> (&'static str, &'static str) {
        match self {
            Self::Arn => ("name the role beside the user", "ユーザーと並べてロールを追加してください"),
            Self::Id => (
                "it means the user by its unique id, which no other user of that name gets: name the role beside it",
                "一意の ID でユーザーを指しています。ロールを並べて追加してください",
            ),
            Self::UserName => (
                "sessions have no `aws:username`: write `aws:PrincipalTag/…`, or the value itself",
                "セッションには `aws:username` がありません。`aws:PrincipalTag/…` か値そのものに書き換えてください",
            ),
            Self::UserId => (
                "a session's `aws:userid` is ROLE-ID:SESSION: write `ROLE-ID:*`",
                "セッションの `aws:userid` は「ロール ID:セッション名」です。`ロール ID:*` と書いてください",
            ),
        }
    }
}
