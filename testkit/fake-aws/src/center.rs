//! The description of an IAM Identity Center: its people, permission sets, and who has which in which account.

use crate::company::Permissions;

/// An organization's IAM Identity Center.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct IdentityCenter {
    /// The address of the AWS access portal.
    pub start_url: String,
    /// The Region it is in.
    pub region: String,
    /// Names of its users; the first one is signed in in the browser at the start.
    pub people: Vec<String>,
    /// Permission sets.
    pub permission_sets: Vec<PermissionSet>,
    /// Who has which permission set in which account.
    pub assignments: Vec<Assignment>,
    /// The tenant of account access manager; none when it is not used.
    pub tenant: String,
    /// Who is entitled to which role, by its ARN.
    pub entitlements: Vec<(String, String)>,
    /// Account ids and the names the portal shows.
    pub account_names: Vec<(String, String)>,
}

/// A permission set: a role in every account where somebody has it.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct PermissionSet {
    /// Its name.
    pub name: String,
    /// The policies of its roles.
    pub permissions: Permissions,
    /// How long sessions last; 0 stands for AWS's default of an hour.
    pub session_seconds: i64,
}

/// A permission set of a user in an account.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Assignment {
    /// The user.
    pub person: String,
    /// The account's 12 digits.
    pub account: String,
    /// The permission set.
    pub permission_set: String,
}

impl IdentityCenter {
    /// With one more assignment.
    #[must_use]
    pub fn assign(mut self, person: &str, account: &str, permission_set: &str) -> Self {
        let (person, account) = (person.to_owned(), account.to_owned());
        self.assignments.push(Assignment { person, account, permission_set: permission_set.to_owned() });
        self
    }

    /// With account access manager, and one more entitlement.
    #[must_use]
    pub fn entitle(mut self, tenant: &str, person: &str, role: &str) -> Self {
        tenant.clone_into(&mut self.tenant);
        self.entitlements.push((person.to_owned(), role.to_owned()));
        self
    }

    /// With these users.
    #[must_use]
    pub fn people(mut self, names: &[String]) -> Self {
        self.people.extend_from_slice(names);
        self
    }

    /// With one more permission set.
    #[must_use]
    pub fn permission_set(mut self, name: &str, permissions: Permissions) -> Self {
        self.permission_sets.push(PermissionSet { name: name.to_owned(), permissions, session_seconds: 0 });
        self
    }
}
