//! What the review must find in the company: the planted faults, told from the cast and not from the files.
//!
//! Faults of credentials follow from the company's values by the rule of their check; faults of policies and trust are
//! listed by name, as the cast planted them.

use std::collections::BTreeSet;

use crate::calendar::{AS_OF, DAY};
use crate::cast::{BASTION, DATA, MANAGEMENT, PRODUCTION, SANDBOX, STAGING};
use crate::model::{Account, Company, Role, User};

/// A fault that the review must find.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    /// The id of the check that fails.
    pub check: &'static str,
    /// The account, 12 digits.
    pub account: String,
    /// The ARN of what is at fault; for keys and passwords, of the user that holds them.
    pub arn: String,
    /// The access key's id, for faults of keys.
    pub key: Option<String>,
}

/// Limits of the default settings, in days.
const ROTATION: i64 = 90;
const UNUSED: i64 = 45;
const UNUSED_ROLE: i64 = 90;
const PASSWORD_AGE: i64 = 365;

/// Faults of policies, trust and the rest: check, account, resource part of the ARN.
const NAMED: &[(&str, &str, &str)] = &[
    ("admin-inline", BASTION, "user/daichi.okada"),
    ("admin-inline", SANDBOX, "user/jiro-test"),
    ("admin-star-star", PRODUCTION, "policy/old-everything"),
    ("admin-star-star", SANDBOX, "policy/play-admin"),
    ("admin-unattached", SANDBOX, "policy/play-admin-old"),
    ("breakglass-standing", MANAGEMENT, "role/break-glass-admin"),
    ("cloudshell", PRODUCTION, "group/console-readers"),
    ("deleted-principal", STAGING, "role/screenshot-bot"),
    ("kms-decrypt-all", DATA, "policy/decrypt-lake"),
    ("kms-decrypt-all", PRODUCTION, "policy/almost-everything"),
    ("mfa-deny-unless", BASTION, "policy/deny-unless-mfa"),
    ("mfa-device-orphan", BASTION, "mfa/mfa-test"),
    ("mfa-device-orphan", BASTION, "mfa/ryo.fujita-old"),
    ("mfa-privileged-user", BASTION, "user/daichi.okada"),
    ("mfa-privileged-user", PRODUCTION, "user/tsubasa.ogawa"),
    ("mfa-privileged-user", SANDBOX, "user/jiro-test"),
    ("mfa-privileged-user", SANDBOX, "user/play"),
    ("notaction-allow", PRODUCTION, "policy/almost-everything"),
    ("oidc-sub-wide", STAGING, "role/github-preview"),
    ("pw-none", SANDBOX, "root"),
    ("root-access-key", SANDBOX, "root"),
    ("root-mfa", DATA, "root"),
    ("root-mfa", SANDBOX, "root"),
    ("root-hardware-mfa", DATA, "root"),
    ("root-hardware-mfa", MANAGEMENT, "root"),
    ("root-hardware-mfa", SANDBOX, "root"),
    ("root-used", MANAGEMENT, "root"),
    ("root-used", SANDBOX, "root"),
    ("security-audit-role", SANDBOX, "root"),
    ("server-cert-expired", PRODUCTION, "server-certificate/www-shiosai-2024"),
    ("service-wildcard", PRODUCTION, "policy/almost-everything"),
    ("service-wildcard", PRODUCTION, "policy/rds-everything"),
    ("service-wildcard", SANDBOX, "policy/s3-everything"),
    ("service-wildcard", SANDBOX, "role/lambda-playground"),
    ("support-role", SANDBOX, "root"),
    ("trust-any", SANDBOX, "role/open-house"),
    ("trust-external-no-extid", PRODUCTION, "role/kazami-weather"),
    ("user-denied-on-group-object", STAGING, "policy/protect-testers"),
];

/// Faults that the trail shows, of a user's key that was used last.
const USED: &[(&str, &str, &str)] = &[
    ("key-noise-only", PRODUCTION, "svc-heartbeat"),
    ("key-noise-only", PRODUCTION, "svc-old-poller"),
    ("key-shared", PRODUCTION, "svc-tide-api"),
    ("key-unexpected-origin", PRODUCTION, "svc-ferry-web"),
    ("threat-heuristics", PRODUCTION, "svc-ferry-web"),
];

/// Every planted fault of the checks that this module knows; each of those checks finds these and no other.
pub(crate) fn all(company: &Company, with_trail: bool) -> BTreeSet<Planted> {
    let mut found = BTreeSet::new();
    for (check, account, resource) in NAMED {
        let arn = format!("arn:aws:iam::{account}:{resource}");
        found.insert(Planted { check, account: (*account).to_owned(), arn, key: None });
    }
    for account in &company.accounts {
        let mut ledger = Ledger { account, found: &mut found };
        account.users.iter().filter(|user| !user.deleted).for_each(|user| ledger.user(user));
        account.roles.iter().for_each(|role| ledger.role(role));
        ledger.groups();
        ledger.policies();
    }
    if with_trail {
        for (check, id, name) in USED {
            let Some(account) = company.account(id) else { continue };
            let Some(user) = account.user(name) else { continue };
            let newest = user.keys.iter().max_by_key(|key| key.last_used.as_ref().map(|used| used.at));
            let mut ledger = Ledger { account, found: &mut found };
            ledger.put(check, account.user_arn(user), newest.map(|key| key.id.clone()));
        }
    }
    found
}

struct Ledger<'a> {
    account: &'a Account,
    found: &'a mut BTreeSet<Planted>,
}

fn days(instant: i64) -> i64 {
    (AS_OF - instant).div_euclid(DAY)
}

impl Ledger<'_> {
    fn put(&mut self, check: &'static str, arn: String, key: Option<String>) {
        self.found.insert(Planted { check, account: self.account.id.clone(), arn, key });
    }

    fn user(&mut self, user: &User) {
        let arn = self.account.user_arn(user);
        let active = user.keys.iter().filter(|key| key.active).count();
        let tagged = |key: &str| user.tags.iter().any(|(tag, _)| tag == key);
        let bare = user.password.is_none() && user.keys.is_empty() && user.mfa.is_none();
        let faults = [
            ("mfa-console-user", user.password.is_some() && user.mfa.is_none()),
            ("mfa-every-user", user.mfa.is_none()),
            ("key-two-active", active > 1),
            ("key-and-password", user.password.is_some() && active > 0),
            ("service-user-with-password", user.password.is_some() && is_machine(user)),
            ("user-not-in-group", user.groups.is_empty()),
            ("user-stale", bare && user.groups.is_empty()),
            ("user-untagged", !tagged("Owner") || !tagged("Purpose")),
            ("policy-on-user", !user.grants.attached.is_empty() || !user.grants.inline.is_empty()),
            (
                "password-unused",
                user.password.as_ref().is_some_and(|p| days(p.last_used.unwrap_or(p.changed)) >= UNUSED),
            ),
            ("password-age", user.password.as_ref().is_some_and(|p| days(p.changed) > PASSWORD_AGE)),
        ];
        for (check, _) in faults.into_iter().filter(|(_, fails)| *fails) {
            self.put(check, arn.clone(), None);
        }
        self.keys(user, &arn);
    }

    fn keys(&mut self, user: &User, arn: &str) {
        for key in &user.keys {
            let last = key.last_used.as_ref().map_or(key.created, |used| used.at);
            let faults = [
                ("key-rotation", key.active && days(key.created) > ROTATION),
                ("key-unused", key.active && days(last) >= UNUSED),
            ];
            for (check, _) in faults.into_iter().filter(|(_, fails)| *fails) {
                self.put(check, arn.to_owned(), Some(key.id.clone()));
            }
        }
    }

    fn role(&mut self, role: &Role) {
        // AWS's own roles cannot be tagged or deleted.
        if role.path.starts_with("/aws-") {
            return;
        }
        let tagged = |key: &str| role.tags.iter().any(|(tag, _)| tag == key);
        let idle = role.last_used.as_ref().map_or(days(role.created), |(at, _)| days(*at));
        let arn = self.account.role_arn(role);
        if !tagged("Owner") || !tagged("Purpose") {
            self.put("role-untagged", arn.clone(), None);
        }
        if idle >= UNUSED_ROLE {
            self.put("role-unused", arn, None);
        }
    }

    fn groups(&mut self) {
        let account = self.account;
        for group in &account.groups {
            let members = |user: &&User| !user.deleted && user.groups.contains(&group.name);
            if !account.users.iter().any(|user| members(&user)) {
                self.put("group-empty", format!("arn:aws:iam::{}:group/{}", account.id, group.name), None);
            }
        }
    }

    fn policies(&mut self) {
        let account = self.account;
        let all = account.users.iter().filter(|user| !user.deleted).map(|user| &user.grants);
        let all = all.chain(account.groups.iter().map(|group| &group.grants));
        let used: BTreeSet<&String> = all
            .chain(account.roles.iter().map(|role| &role.grants))
            .flat_map(|grants| grants.attached.iter().chain(&grants.boundary))
            .collect();
        for policy in &account.policies {
            let arn = account.policy_arn(&policy.name);
            if !used.contains(&arn) {
                self.put("policy-unused", arn, None);
            }
        }
    }
}

fn is_machine(user: &User) -> bool {
    user.path == "/machine/" || user.name.starts_with("svc-") || user.name.starts_with("ci-")
}
