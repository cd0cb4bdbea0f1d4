//! What the file comes to in AWS.

use std::collections::BTreeSet;

use kagimori_estate::Estate;
use kagimori_estate::model::Listing;
use kagimori_id::{AccountId, Arn};
use kagimori_policy::document::Document;
use kagimori_policy::quota;

use super::documents::{self, Own};
use super::{Bastion, RoleWish, Users};
use crate::replacement::length;

/// What the file comes to in AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The account with the people.
    pub account: AccountId,
    /// The group.
    pub group: Arn,
    /// Its one policy, inline.
    pub group_policy: Document,
    /// The people, in order of their names.
    pub people: Vec<Arn>,
    /// How the trust policies know them.
    pub admission: Admission,
    /// The trust policy of every role.
    pub trust: Document,
    /// The permissions boundary of every role.
    pub boundary: Document,
    /// The roles, by account and name.
    pub roles: Vec<TargetRole>,
    pub(super) own: Own,
}

/// How trust policies know the people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever tells of it has a sentence for each")]
pub enum Admission {
    /// By their ARNs.
    Named,
    /// As users of the bastion account, because the ARNs do not fit: the policies of that account say which of them.
    AnyUser,
}

/// A role of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetRole {
    /// The role.
    pub arn: Arn,
    /// Its account.
    pub account: AccountId,
    /// What it may do.
    pub policies: Vec<Arn>,
    /// The managed policy that bounds it.
    pub boundary: Arn,
    /// Its longest session.
    pub session_seconds: u32,
}

/// Why a file comes to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TargetError {
    message: String,
    hint: String,
}

/// The name of the group's policy.
pub(super) const GROUP_POLICY: &str = "bastion";
/// The name of the boundary.
const BOUNDARY: &str = "bastion-below-iam";
const GROUP_POLICY_MAX: usize = quota::INLINE_OF_GROUP.most;

impl Target {
    /// What a file comes to, with what an estate tells of the people.
    ///
    /// # Errors
    /// [`TargetError`] when the bastion account is not known, has not all of the people, or AWS would have no room.
    pub fn of(bastion: &Bastion, estate: &Estate) -> Result<Self, TargetError> {
        let id = bastion.account;
        let account = estate.accounts.get(&id).ok_or_else(|| {
            TargetError::new(format!("nothing is known of the bastion account {id}"), collect(id))
        })?;
        let people = people(bastion, estate)?;
        let partition = account.partition().to_owned();
        let arn = |account: AccountId, resource: String| {
            Arn::parse(&format!("arn:{partition}:iam::{account}:{resource}")).map_err(|error| {
                TargetError::new(error.to_string(), "write the name as IAM has it".to_owned())
            })
        };
        let group = match account.groups.get(&bastion.group) {
            Some(group) => group.arn.clone(),
            None => arn(id, format!("group/{}", bastion.group))?,
        };
        let places: BTreeSet<String> = people
            .iter()
            .filter_map(|user| Some(user.as_str().strip_suffix(user.name())?.to_owned()))
            .collect();
        let own = Own {
            users: places.into_iter().collect(),
            devices: arn(id, "mfa/".to_owned())?.as_str().to_owned(),
        };
        let mut roles = Vec::new();
        for role in &bastion.roles {
            for account in &role.accounts {
                roles.push(role_of(role, *account, &arn)?);
            }
        }
        roles.sort_by(|one, other| (one.account, &one.arn).cmp(&(other.account, &other.arn)));
        let names: Vec<String> = roles.iter().map(|role| role.arn.as_str().to_owned()).collect();
        let group_policy = documents::group(&own, &names);
        let characters = length(&group_policy);
        if characters > GROUP_POLICY_MAX {
            return Err(TargetError::new(
                format!(
                    "the policy of the group has {characters} characters, and AWS takes {GROUP_POLICY_MAX}: the roles are too many, or the users have too many paths"
                ),
                "make a group for each part of the roles: a file with fewer `[[role]]` and another `group`"
                    .to_owned(),
            ));
        }
        let root = format!("arn:{partition}:iam::{id}:root");
        let admission = match length(&documents::trust(&root, "ArnEquals", &texts(&people))) {
            fits if fits <= quota::TRUST.most => Admission::Named,
            _ => Admission::AnyUser,
        };
        let mut target = Self {
            account: id,
            group,
            group_policy,
            people,
            admission,
            trust: documents::boundary(),
            boundary: documents::boundary(),
            roles,
            own,
        };
        let (operator, who) = target.who();
        target.trust = documents::trust(&root, operator, &who);
        Ok(target)
    }

    /// The operator and the values by which trust policies know the people.
    pub(super) fn who(&self) -> (&'static str, Vec<String>) {
        match self.admission {
            Admission::Named => ("ArnEquals", texts(&self.people)),
            Admission::AnyUser => {
                let partition = self.group.partition();
                ("ArnLike", vec![format!("arn:{partition}:iam::{}:user/*", self.account)])
            }
        }
    }

    /// The accounts with roles, in order.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        self.roles.iter().map(|role| role.account).collect()
    }
}

fn texts(arns: &[Arn]) -> Vec<String> {
    arns.iter().map(|arn| arn.as_str().to_owned()).collect()
}

fn role_of(
    role: &RoleWish,
    account: AccountId,
    arn: &impl Fn(AccountId, String) -> Result<Arn, TargetError>,
) -> Result<TargetRole, TargetError> {
    let policies = role.policies.iter().map(|policy| {
        let text = policy.replace(":ACCOUNT:", &format!(":{account}:"));
        let policy = Arn::parse(&text).map_err(|error| {
            TargetError::new(error.to_string(), "write the ARN of a managed policy".to_owned())
        })?;
        match policy.account() {
            Some(of) if of != account => Err(TargetError::new(
                format!(
                    "{policy} is of the account {of}, and the role `{}` of {account} cannot have it",
                    role.name
                ),
                format!("write `ACCOUNT` in place of `{of}`, where each account has a policy of that name"),
            )),
            _ => Ok(policy),
        }
    });
    Ok(TargetRole {
        arn: arn(account, format!("role{}{}", role.path, role.name))?,
        account,
        policies: policies.collect::<Result<_, _>>()?,
        boundary: arn(account, format!("policy/{BOUNDARY}"))?,
        session_seconds: role.session_seconds,
    })
}

/// The ARNs of the people.
fn people(bastion: &Bastion, estate: &Estate) -> Result<Vec<Arn>, TargetError> {
    let id = bastion.account;
    let Some(account) = estate.accounts.get(&id) else { return Ok(Vec::new()) };
    let not_there = |name: &String| {
        TargetError::new(
            format!("the bastion account {id} has no user `{name}`"),
            "make the user first (`aws iam create-user`, a password, a fresh snapshot), or take the name out of the file"
                .to_owned(),
        )
    };
    if let Err(gap) = account.listing(Listing::Users).known() {
        return Err(TargetError::new(format!("the users of {id} are not all known: {gap}"), collect(id)));
    }
    match &bastion.users {
        Users::Listed(names) => names
            .iter()
            .map(|name| account.users.get(name).map(|user| user.arn.clone()).ok_or_else(|| not_there(name)))
            .collect(),
        Users::EveryoneBut(but) => {
            if let Some(name) = but.iter().find(|name| !account.users.contains_key(*name)) {
                return Err(not_there(name));
            }
            let people: Vec<Arn> = account
                .users
                .values()
                .filter(|user| !but.contains(&user.name))
                .map(|user| user.arn.clone())
                .collect();
            if people.is_empty() {
                let message = format!("nobody is left of the users of {id}");
                return Err(TargetError::new(message, "take somebody out of `every_user_but`".to_owned()));
            }
            Ok(people)
        }
    }
}

pub(super) fn collect(account: AccountId) -> String {
    format!(
        "collect it: `kagimori collect --account {account}`, or put the answer of `aws iam get-account-authorization-details` into `snapshots/{account}/`"
    )
}

impl TargetError {
    /// What to do next.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    fn new(message: String, hint: String) -> Self {
        Self { message, hint }
    }
}
