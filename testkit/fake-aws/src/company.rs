//! The description of a company as plain values: accounts with users, groups, roles and policies.
//!
//! Texts are kept as given and checked when a world is made of them ([`crate::World::new`]).

use crate::bastion;
use crate::center::IdentityCenter;

/// Everything that exists when the fake AWS starts.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Company {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// IAM Identity Center, when there is one.
    pub identity_center: Option<IdentityCenter>,
    /// Every id, secret, token and MFA seed is dealt out from this number.
    pub seed: u64,
}

/// An account.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Account {
    /// 12 digits.
    pub id: String,
    /// IAM users.
    pub users: Vec<User>,
    /// IAM groups.
    pub groups: Vec<Group>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Customer managed policies: name and document.
    pub managed_policies: Vec<(String, String)>,
    /// Service control policies by level, the organization's root first; empty when none is in force.
    pub service_control: Vec<Vec<String>>,
    /// Whether the root user has an access key.
    pub has_root_key: bool,
}

/// An IAM user.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its path, `/` when empty.
    pub path: String,
    /// Names of the groups it is in.
    pub groups: Vec<String>,
    /// Its policies.
    pub permissions: Permissions,
    /// Access keys it has at the start: 0 to 2.
    pub access_keys: usize,
    /// Names of enabled virtual MFA devices; the serial is `arn:aws:iam::<account>:mfa/<name>`.
    pub mfa_devices: Vec<String>,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

/// An IAM group.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its policies.
    pub permissions: Permissions,
}

/// A role.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its path, `/` when empty.
    pub path: String,
    /// The trust policy.
    pub trust: String,
    /// Its policies.
    pub permissions: Permissions,
    /// `MaxSessionDuration`; 0 stands for AWS's default of an hour.
    pub max_session_seconds: i64,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

/// The policies of a user, group or role.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Permissions {
    /// Inline policy documents.
    pub inline: Vec<String>,
    /// ARNs of managed policies: of the account, or of AWS: `AdministratorAccess`, `PowerUserAccess`, `ReadOnlyAccess`
    /// (abbreviated) under `arn:aws:iam::aws:policy/`.
    pub attached: Vec<String>,
    /// The ARN of the managed policy that is the permissions boundary.
    pub boundary: Option<String>,
}

impl Company {
    /// The bastion of S0: users in one account that may only pass MFA and assume roles elsewhere.
    pub fn bastion() -> Self {
        bastion::company()
    }

    /// The same company with one more account.
    #[must_use]
    pub fn with(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// The same company with other ids, secrets and seeds.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The account with an id, to change it before the start.
    pub fn account_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }
}

impl Account {
    /// An empty account.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// With one more user.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// With one more group.
    #[must_use]
    pub fn group(mut self, name: &str, permissions: Permissions) -> Self {
        self.groups.push(Group { name: name.to_owned(), permissions });
        self
    }

    /// With one more role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }

    /// The user with a name, to change it before the start.
    pub fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.name == name)
    }

    /// The role with a name, to change it before the start.
    pub fn role_mut(&mut self, name: &str) -> Option<&mut Role> {
        self.roles.iter_mut().find(|role| role.name == name)
    }

    /// With one more customer managed policy.
    #[must_use]
    pub fn managed_policy(mut self, name: &str, document: &str) -> Self {
        self.managed_policies.push((name.to_owned(), document.to_owned()));
        self
    }

    /// Under one more level of service control policies.
    #[must_use]
    pub fn service_control(mut self, documents: &[&str]) -> Self {
        self.service_control.push(documents.iter().map(|text| (*text).to_owned()).collect());
        self
    }

    /// With an access key of the root user.
    #[must_use]
    pub fn root_key(mut self) -> Self {
        self.has_root_key = true;
        self
    }
}

impl User {
    /// A user with one access key and nothing else.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), access_keys: 1, ..Self::default() }
    }

    /// In one more group.
    #[must_use]
    pub fn in_group(mut self, name: &str) -> Self {
        self.groups.push(name.to_owned());
        self
    }

    /// With one more enabled virtual MFA device.
    #[must_use]
    pub fn mfa(mut self, device: &str) -> Self {
        self.mfa_devices.push(device.to_owned());
        self
    }

    /// With these policies.
    #[must_use]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// With one more tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }
}

impl Role {
    /// A role with a trust policy and no permissions.
    pub fn new(name: &str, trust: &str) -> Self {
        Self { name: name.to_owned(), trust: trust.to_owned(), ..Self::default() }
    }

    /// With these policies.
    #[must_use]
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// With a `MaxSessionDuration`.
    #[must_use]
    pub fn max_session_seconds(mut self, seconds: i64) -> Self {
        self.max_session_seconds = seconds;
        self
    }

    /// At a path, `/team/`.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    /// With one more tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }
}

impl Permissions {
    /// One inline policy.
    pub fn inline(document: &str) -> Self {
        Self { inline: vec![document.to_owned()], ..Self::default() }
    }

    /// One managed policy.
    pub fn attached(arn: &str) -> Self {
        Self { attached: vec![arn.to_owned()], ..Self::default() }
    }

    /// With one more inline policy.
    #[must_use]
    pub fn and_inline(mut self, document: &str) -> Self {
        self.inline.push(document.to_owned());
        self
    }

    /// With a permissions boundary.
    #[must_use]
    pub fn bounded_by(mut self, arn: &str) -> Self {
        self.boundary = Some(arn.to_owned());
        self
    }
}
