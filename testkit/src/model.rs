//! The company as values: accounts, users, groups, roles, policies, before they become AWS's files.

use crate::calendar::days_ago;
use crate::document::{Document, Statement};
use crate::random::Random;

/// The whole company.
#[derive(Clone, Debug)]
pub(crate) struct Company {
    pub(crate) seed: u64,
    pub(crate) accounts: Vec<Account>,
}

/// One account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: i64,
    pub(crate) root: Root,
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<Group>,
    pub(crate) roles: Vec<Role>,
    pub(crate) policies: Vec<ManagedPolicy>,
    pub(crate) password_policy: Option<PasswordPolicy>,
    pub(crate) orphan_devices: Vec<String>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) oidc_providers: Vec<&'static str>,
    pub(crate) saml_providers: Vec<&'static str>,
    pub(crate) buckets: Vec<(String, Document)>,
}

/// The root user.
#[derive(Clone, Debug, Default)]
pub(crate) struct Root {
    /// Has a password at all? Not under centralized root.
    pub(crate) password: bool,
    pub(crate) password_used: Option<i64>,
    pub(crate) mfa: Option<Mfa>,
    pub(crate) key: Option<Key>,
}

/// An IAM user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) groups: Vec<String>,
    pub(crate) grants: Grants,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) password: Option<Password>,
    pub(crate) mfa: Option<Mfa>,
    pub(crate) keys: Vec<Key>,
    /// Deleted after the credential report was made: in the report only.
    pub(crate) deleted: bool,
}

/// Policies on an identity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grants {
    pub(crate) inline: Vec<(String, Document)>,
    pub(crate) attached: Vec<String>,
    pub(crate) boundary: Option<String>,
}

/// A console password.
#[derive(Clone, Debug)]
pub(crate) struct Password {
    pub(crate) changed: i64,
    pub(crate) last_used: Option<i64>,
}

/// An MFA device.
#[derive(Clone, Debug)]
pub(crate) struct Mfa {
    pub(crate) kind: MfaKind,
    pub(crate) enabled: i64,
}

/// Kinds of MFA device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MfaKind {
    Virtual,
    Fido,
}

/// An access key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) active: bool,
    pub(crate) created: i64,
    pub(crate) last_used: Option<KeyUse>,
}

/// The last use of a key.
#[derive(Clone, Debug)]
pub(crate) struct KeyUse {
    pub(crate) at: i64,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) grants: Grants,
}

/// A role.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) description: Option<String>,
    pub(crate) trust: Document,
    pub(crate) grants: Grants,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) last_used: Option<(i64, String)>,
    pub(crate) instance_profile: bool,
    pub(crate) max_session: u32,
}

/// A managed policy of the customer.
#[derive(Clone, Debug)]
pub(crate) struct ManagedPolicy {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) created: i64,
    /// The versions, oldest first; the last is the default.
    pub(crate) versions: Vec<Document>,
}

/// The account's password policy.
#[derive(Clone, Debug)]
pub(crate) struct PasswordPolicy {
    pub(crate) length: u32,
    pub(crate) symbols: bool,
    pub(crate) numbers: bool,
    pub(crate) upper: bool,
    pub(crate) lower: bool,
    pub(crate) max_age: Option<u32>,
    pub(crate) reuse: Option<u32>,
}

/// A server certificate.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) name: &'static str,
    pub(crate) uploaded: i64,
    pub(crate) expires: i64,
}

impl Company {
    /// An account by id.
    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }
}

impl Account {
    /// An account without anybody in it.
    pub(crate) fn new(id: &str, name: &str, created: i64) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            created,
            root: Root::default(),
            users: Vec::new(),
            groups: Vec::new(),
            roles: Vec::new(),
            policies: Vec::new(),
            password_policy: None,
            orphan_devices: Vec::new(),
            certificates: Vec::new(),
            oidc_providers: Vec::new(),
            saml_providers: Vec::new(),
            buckets: Vec::new(),
        }
    }

    /// The ARN of a customer managed policy of this account.
    pub(crate) fn policy_arn(&self, name: &str) -> String {
        let path = self.policies.iter().find(|policy| policy.name == name).map_or("/", |policy| &policy.path);
        format!("arn:aws:iam::{}:policy{path}{name}", self.id)
    }

    /// The ARN of the root user, which is how trust policies name the whole account.
    pub(crate) fn root_arn(&self) -> String {
        format!("arn:aws:iam::{}:root", self.id)
    }

    /// The ARN of a user.
    pub(crate) fn user_arn(&self, user: &User) -> String {
        format!("arn:aws:iam::{}:user{}{}", self.id, user.path, user.name)
    }

    /// The ARN of a role.
    pub(crate) fn role_arn(&self, role: &Role) -> String {
        format!("arn:aws:iam::{}:role{}{}", self.id, role.path, role.name)
    }

    /// A user by name.
    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// A role by name.
    pub(crate) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// Adds a customer managed policy.
    pub(crate) fn policy(&mut self, name: &str, age: i64, versions: Vec<Document>) {
        self.policies.push(ManagedPolicy {
            name: name.to_owned(),
            path: "/".to_owned(),
            id: String::new(),
            created: days_ago(age),
            versions,
        });
    }

    /// Adds a group.
    pub(crate) fn group(&mut self, name: &str, age: i64, grants: Grants) {
        self.groups.push(Group { name: name.to_owned(), id: String::new(), created: days_ago(age), grants });
    }

    /// Gives everything its unique id and its second of the day, from the names: whatever is added to the company
    /// later leaves these as they are.
    pub(crate) fn number(&mut self, seed: u64) {
        let account = self.id.clone();
        let stream = |kind: &str, name: &str| Random::new(seed, &format!("{account}/{kind}/{name}"));
        for user in &mut self.users {
            let mut random = stream("user", &user.name);
            user.id = unique_id("AIDA", &mut random);
            user.created += random.between(0, 40_000);
            if let Some(password) = &mut user.password {
                password.changed += random.between(40_000, 80_000);
            }
            if let Some(mfa) = &mut user.mfa {
                mfa.enabled += random.between(40_000, 80_000);
            }
            for key in &mut user.keys {
                key.id = format!("AKIASHIOSAI{}", random.base32(9));
                key.created += random.between(40_000, 80_000);
            }
        }
        for group in &mut self.groups {
            let mut random = stream("group", &group.name);
            group.id = unique_id("AGPA", &mut random);
            group.created += random.between(0, 80_000);
        }
        for role in &mut self.roles {
            let mut random = stream("role", &role.name);
            role.id = unique_id("AROA", &mut random);
            role.created += random.between(0, 80_000);
        }
        for policy in &mut self.policies {
            let mut random = stream("policy", &policy.name);
            policy.id = unique_id("ANPA", &mut random);
            policy.created += random.between(0, 40_000);
        }
        if let Some(key) = &mut self.root.key {
            key.id = format!("AKIASHIOSAI{}", stream("root", "").base32(9));
        }
    }
}

fn unique_id(prefix: &str, random: &mut Random) -> String {
    format!("{prefix}SHIOSAI{}", random.base32(10))
}

impl Grants {
    /// Attached managed policies.
    pub(crate) fn attached(arns: &[&str]) -> Self {
        Self { attached: arns.iter().map(|arn| (*arn).to_owned()).collect(), ..Self::default() }
    }

    /// One inline policy.
    pub(crate) fn inline(name: &str, document: Document) -> Self {
        Self { inline: vec![(name.to_owned(), document)], ..Self::default() }
    }
}

impl User {
    /// A user without credentials, of so many days of age.
    pub(crate) fn new(name: &str, age: i64) -> Self {
        Self {
            name: name.to_owned(),
            path: "/".to_owned(),
            id: String::new(),
            created: days_ago(age),
            groups: Vec::new(),
            grants: Grants::default(),
            tags: Vec::new(),
            password: None,
            mfa: None,
            keys: Vec::new(),
            deleted: false,
        }
    }

    /// A machine's user: path `/machine/`, tagged with owner and purpose.
    pub(crate) fn machine(name: &str, age: i64, owner: &str, purpose: &str) -> Self {
        let mut user = Self::new(name, age).owned(owner, purpose);
        "/machine/".clone_into(&mut user.path);
        user
    }

    /// Tags of owner and purpose.
    pub(crate) fn owned(self, owner: &str, purpose: &str) -> Self {
        self.tag("Owner", owner).tag("Purpose", purpose)
    }

    /// One tag.
    pub(crate) fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }

    /// In a group.
    pub(crate) fn member(mut self, group: &str) -> Self {
        self.groups.push(group.to_owned());
        self
    }

    /// With policies of its own.
    pub(crate) fn grants(mut self, grants: Grants) -> Self {
        self.grants = grants;
        self
    }

    /// With a password, changed and last used so many days ago.
    pub(crate) fn password(mut self, changed: i64, last_used: Option<i64>) -> Self {
        let last_used = last_used.map(|days| days_ago(days) - 40_000);
        self.password = Some(Password { changed: days_ago(changed) - crate::calendar::DAY, last_used });
        self
    }

    /// With an MFA device enabled so many days ago.
    pub(crate) fn mfa(mut self, kind: MfaKind, age: i64) -> Self {
        self.mfa = Some(Mfa { kind, enabled: days_ago(age) - crate::calendar::DAY });
        self
    }

    /// With a key of so many days of age, and its last use.
    pub(crate) fn key(mut self, age: i64, active: bool, used: Option<(i64, &str, &str)>) -> Self {
        let last_used = used.map(|(days, service, region)| KeyUse {
            at: days_ago(days) - 30_000,
            region: region.to_owned(),
            service: service.to_owned(),
        });
        let created = days_ago(age) - crate::calendar::DAY;
        self.keys.push(Key { id: String::new(), active, created, last_used });
        self
    }
}

impl Role {
    /// A role of so many days of age.
    pub(crate) fn new(name: &str, age: i64, trust: Statement, grants: Grants) -> Self {
        Self {
            name: name.to_owned(),
            path: "/".to_owned(),
            id: String::new(),
            created: days_ago(age),
            description: None,
            trust: Document::new(vec![trust]),
            grants,
            tags: Vec::new(),
            last_used: None,
            instance_profile: false,
            max_session: 3600,
        }
    }

    /// Under a path.
    pub(crate) fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Tags of owner and purpose.
    pub(crate) fn owned(mut self, owner: &str, purpose: &str) -> Self {
        self.tags.push(("Owner".to_owned(), owner.to_owned()));
        self.tags.push(("Purpose".to_owned(), purpose.to_owned()));
        self
    }

    /// Last used so many days ago.
    pub(crate) fn used(mut self, days: i64, region: &str) -> Self {
        self.last_used = Some((days_ago(days) - 20_000, region.to_owned()));
        self
    }

    /// With a description (Latin-1 only, as AWS demands).
    pub(crate) fn described(mut self, text: &str) -> Self {
        self.description = Some(text.to_owned());
        self
    }

    /// With a longest session, in seconds.
    pub(crate) fn session(mut self, seconds: u32) -> Self {
        self.max_session = seconds;
        self
    }
}
