//! What the estate knows of names that an event does not tell whole: IAM's users, roles and groups whose path is not in the
//! request, and the role of an instance profile; and of names that somebody else had before.
//!
//! One pure function over a call and the names of an estate, used wherever calls meet an estate, so that calls from files and
//! from a lake have the same answers. What the estate does not know stays as it is.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use kagimori_estate::Estate;
use kagimori_estate::model::Account;
use kagimori_id::{AccountId, Arn};
use kagimori_policy::request::Fact;

use crate::call::{Call, Caller, Check, CheckedResource};
use crate::event::Principal;

/// The key of a check that passes the role of an instance profile.
const INSTANCE_PROFILE: &str = "ec2:instanceprofile";

/// The names of an estate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// `user/bob` of an account → the ARNs of those who are called so.
    arns: BTreeMap<(AccountId, Box<str>), BTreeSet<Box<str>>>,
    /// An instance profile of an account → the ARN of its role.
    roles: BTreeMap<(AccountId, Box<str>), BTreeSet<Box<str>>>,
    /// The unique ids of an account's users and roles by their names, which no two of them share (`reference_iam-quotas`).
    ids: HashMap<AccountId, Ids>,
}

/// Unique ids by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ids {
    users: HashMap<Box<str>, Box<str>>,
    roles: HashMap<Box<str>, Box<str>>,
    /// The users by their ids: a user that is renamed or moved keeps its own, and nobody else ever gets it (`reference_identifiers`).
    by_id: HashMap<Box<str>, Arn>,
}

impl Names {
    /// The names of an estate.
    pub fn of(estate: &Estate) -> Self {
        let mut names = Self::default();
        estate.accounts.values().for_each(|account| names.add(account));
        names
    }

    fn add(&mut self, account: &Account) {
        let users = account.users.values().map(|user| ("user", &user.name, &user.arn));
        let groups = account.groups.values().map(|group| ("group", &group.name, &group.arn));
        let roles = account.roles.values().map(|role| ("role", &role.name, &role.arn));
        for (kind, name, arn) in users.chain(groups).chain(roles) {
            let key = (account.id, format!("{kind}/{name}").into());
            self.arns.entry(key).or_default().insert(arn.as_str().into());
        }
        let ids = self.ids.entry(account.id).or_default();
        for user in account.users.values() {
            let Some(details) = user.details.value() else { continue };
            ids.users.insert(user.name.as_str().into(), details.id.as_str().into());
            ids.by_id.insert(details.id.as_str().into(), user.arn.clone());
        }
        let roles = account.roles.values().map(|role| (&role.name, &role.id));
        ids.roles.extend(roles.map(|(name, id)| (name.as_str().into(), id.as_str().into())));
        for role in account.roles.values() {
            for profile in &role.instance_profiles {
                let key = (account.id, profile.as_str().into());
                self.roles.entry(key).or_default().insert(role.arn.as_str().into());
            }
        }
    }

    /// A call with the resources that these names tell. A resource is told when one of the estate alone is called so. Who had the name
    /// of a user or role before is known by its unique id alone: no call of his is that of the one who has it now. So is a user under a
    /// name or path that it had before.
    pub fn resolve<'c>(&self, call: &'c Call) -> Cow<'c, Call> {
        let former = self.renamed(&call.caller).or_else(|| self.former(&call.caller));
        if former.is_none() && !call.checks.iter().any(|check| self.told(check, call).is_some()) {
            return Cow::Borrowed(call);
        }
        let mut resolved = call.clone();
        if let Some(former) = former {
            resolved.caller.principal = former;
        }
        for check in &mut resolved.checks {
            if let Some(arn) = self.told(check, call) {
                check.resource = CheckedResource::Arn(arn.into());
            }
        }
        Cow::Owned(resolved)
    }

    /// The estate's user of the caller's unique id, where it is called otherwise now.
    fn renamed(&self, caller: &Caller) -> Option<Principal> {
        let id = caller.unique_id.as_deref()?;
        let of = |account: AccountId| self.ids.get(&account)?.by_id.get(id);
        let own = match &caller.principal {
            Principal::User(arn) => of(arn.account()?).filter(|own| *own != arn)?,
            Principal::UserName(account, name) => of(*account).filter(|own| own.name() != name)?,
            _ => return None,
        };
        Some(Principal::User(own.clone()))
    }

    /// Somebody else than the estate's user or role of the name.
    fn former(&self, caller: &Caller) -> Option<Principal> {
        let id = caller.unique_id.as_deref()?;
        let (account, name, is_role) = match &caller.principal {
            Principal::User(arn) => (arn.account()?, arn.name(), false),
            Principal::Role(arn) => (arn.account()?, arn.name(), true),
            Principal::UserName(account, name) => (*account, name.as_str(), false),
            _ => return None,
        };
        let ids = self.ids.get(&account)?;
        let own = if is_role { &ids.roles } else { &ids.users }.get(name)?;
        (**own != *id).then(|| Principal::UniqueId(account, id.to_owned()))
    }

    fn told(&self, check: &Check, call: &Call) -> Option<&str> {
        match &check.resource {
            CheckedResource::Pattern(pattern) if !self.arns.is_empty() => self.of_pattern(pattern),
            CheckedResource::Unknown if !self.roles.is_empty() => self.of_profile(check, call),
            _ => None,
        }
    }

    /// `arn:aws:iam::111122223333:user/*bob`: the path is not told.
    fn of_pattern(&self, pattern: &str) -> Option<&str> {
        let (head, resource) = pattern.split_once(":iam::")?;
        let (account, resource) = resource.split_once(':')?;
        let (kind, name) = resource.split_once("/*")?;
        let is_name = head.starts_with("arn:") && !name.is_empty() && !name.contains(['*', '?', '/']);
        let account = AccountId::parse(account).ok().filter(|_| is_name)?;
        one(self.arns.get(&(account, format!("{kind}/{name}").into())))
    }

    fn of_profile(&self, check: &Check, call: &Call) -> Option<&str> {
        let (_, fact) = check.context.iter().find(|(key, _)| &**key == INSTANCE_PROFILE)?;
        let Fact::One(profile) = fact else { return None };
        let told = profile.split(':').nth(4).and_then(|account| AccountId::parse(account).ok());
        let account = told.or(check.resource_account).or(call.account)?;
        let name = profile.rsplit('/').next()?.trim_start_matches('*');
        one(self.roles.get(&(account, name.into())))
    }
}

/// The one there is.
fn one(arns: Option<&BTreeSet<Box<str>>>) -> Option<&str> {
    let mut arns = arns?.iter();
    arns.next().filter(|_| arns.next().is_none()).map(AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use kagimori_estate::Assembler;
    use kagimori_estate::read::{File, read as read_file};

    use super::*;
    use crate::event::{Identity, read};

    const DETAILS: &str = r#"{"UserDetailList":[
        {"Path":"/","UserName":"bob","UserId":"AIDABOB","Arn":"arn:aws:iam::111122223333:user/bob","CreateDate":"2025-01-01T00:00:00Z","GroupList":[],"AttachedManagedPolicies":[]},
        {"Path":"/ops/","UserName":"kim","UserId":"AIDAKIM","Arn":"arn:aws:iam::111122223333:user/ops/kim","CreateDate":"2025-01-01T00:00:00Z","GroupList":[],"AttachedManagedPolicies":[]}],
        "GroupDetailList":[],"Policies":[],"RoleDetailList":[{"Path":"/app/","RoleName":"web-role","RoleId":"AROAWEB","Arn":"arn:aws:iam::111122223333:role/app/web-role",
        "CreateDate":"2025-01-01T00:00:00Z","AssumeRolePolicyDocument":"%7B%22Statement%22%3A%5B%5D%7D","InstanceProfileList":[{"InstanceProfileName":"web","Roles":[]}],
        "RolePolicyList":[],"AttachedManagedPolicies":[]}],"IsTruncated":false}"#;

    fn resources(names: &Names, source: &str, name: &str, request: &str) -> Vec<String> {
        let event = format!(
            r#"{{"eventTime":"2026-03-01T00:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1",
            "recipientAccountId":"111122223333","requestParameters":{request}}}"#
        );
        let mut all = Vec::new();
        read(event.as_bytes(), |event| {
            let call = Call::of(&event, &Identity::default());
            let resolved = names.resolve(&call);
            all.extend(resolved.checks.iter().map(|check| match &check.resource {
                CheckedResource::Arn(arn) | CheckedResource::Pattern(arn) => {
                    format!("{} {arn}", check.action)
                }
                CheckedResource::None => format!("{} -", check.action),
                CheckedResource::Unknown => format!("{} ?", check.action),
            }));
        });
        all
    }

    #[test]
    fn who_had_a_name_before_is_somebody_else() {
        let names = Names::of(&estate());
        let caller = |identity: &str| {
            let event = r#"{"eventTime":"2026-03-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets"}"#;
            let mut found = String::new();
            read(event.as_bytes(), |event| {
                let call = Call::of(&event, &Identity::parse(identity));
                found = names.resolve(&call).caller.principal.text().unwrap();
            });
            found
        };
        let user = |name: &str, id: &str| {
            caller(&format!(
                r#"{{"type":"IAMUser","principalId":"{id}","arn":"arn:aws:iam::111122223333:user/{name}","accountId":"111122223333","userName":"{name}"}}"#
            ))
        };
        let session = |id: &str, issuer: &str| {
            caller(&format!(
                r#"{{"type":"AssumedRole","principalId":"{id}:s","arn":"arn:aws:sts::111122223333:assumed-role/web-role/s","accountId":"111122223333"{issuer}}}"#
            ))
        };
        let issuer = r#","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/app/web-role"}}"#;
        for (found, expected) in [
            (user("bob", "AIDABOB"), "arn:aws:iam::111122223333:user/bob"),
            (user("bob", "AIDAOLDBOB"), "111122223333:AIDAOLDBOB"),
            // who was called otherwise, or was under another path, is who it is
            (user("oldbob", "AIDABOB"), "arn:aws:iam::111122223333:user/bob"),
            (user("team/bob", "AIDABOB"), "arn:aws:iam::111122223333:user/bob"),
            (user("bob", "AIDAKIM"), "arn:aws:iam::111122223333:user/ops/kim"),
            (
                caller(
                    r#"{"type":"IAMUser","principalId":"AIDAKIM","accountId":"111122223333","userName":"kimmy"}"#,
                ),
                "arn:aws:iam::111122223333:user/ops/kim",
            ),
            // of whom the estate holds nothing, nothing is known; nor where the event tells no unique id
            (user("gone", "AIDAGONE"), "arn:aws:iam::111122223333:user/gone"),
            (user("bob", ""), "arn:aws:iam::111122223333:user/bob"),
            (user("bob", "AKIABOB"), "arn:aws:iam::111122223333:user/bob"),
            (session("AROAWEB", issuer), "arn:aws:iam::111122223333:role/app/web-role"),
            (session("AROAOLDWEB", issuer), "111122223333:AROAOLDWEB"),
            (session("AROAWEB", ""), "arn:aws:sts::111122223333:assumed-role/web-role"),
            (session("AROAOLDWEB", ""), "111122223333:AROAOLDWEB"),
            (
                caller(
                    r#"{"type":"IAMUser","principalId":"AIDAOLDKIM","accountId":"111122223333","userName":"kim"}"#,
                ),
                "111122223333:AIDAOLDKIM",
            ),
        ] {
            assert_eq!(found, expected);
        }
    }

    fn estate() -> Estate {
        let mut assembler = Assembler::default();
        let account = AccountId::parse("111122223333").ok();
        assembler.add(read_file(File { path: "details.json", account, bytes: DETAILS.as_bytes() }));
        assembler.finish(None)
    }

    #[test]
    fn the_estate_tells_paths_and_the_roles_of_profiles() {
        let names = Names::of(&estate());
        let iam = |user: &str| format!("iam:CreateAccessKey arn:aws:iam::111122223333:user/{user}");
        for (user, expected) in [("bob", "bob"), ("kim", "ops/kim"), ("newcomer", "*newcomer")] {
            let request = format!(r#"{{"userName":"{user}"}}"#);
            assert_eq!(resources(&names, "iam", "CreateAccessKey", &request), [iam(expected)]);
        }
        let profile = |given: &str| {
            let request = format!(r#"{{"iamInstanceProfile":{given}}}"#);
            resources(&names, "ec2", "RunInstances", &request)
                .into_iter()
                .filter(|one| one.starts_with("iam:"))
                .collect::<Vec<_>>()
        };
        let role = "iam:PassRole arn:aws:iam::111122223333:role/app/web-role".to_owned();
        assert_eq!(profile(r#"{"name":"web"}"#), std::slice::from_ref(&role));
        assert_eq!(profile(r#"{"arn":"arn:aws:iam::111122223333:instance-profile/x/web"}"#), [role]);
        assert_eq!(profile(r#"{"name":"other"}"#), ["iam:PassRole ?".to_owned()]);
        assert_eq!(
            resources(&Names::default(), "iam", "CreateAccessKey", r#"{"userName":"bob"}"#),
            [iam("*bob")]
        );
    }
}
