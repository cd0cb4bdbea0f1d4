//! Makes a world of a description.

use jiff::Timestamp;
use kagimori_policy::document::Document;
use kagimori_policy::parse::{ParseError, Strictness, parse};
use kagimori_policy::policies::Level;

use super::center::{Assigned, Center};
use super::state::{AccessKey, AccountState, Device, Held, Owner, RoleState, State, UserState};
use crate::center::{Assignment, IdentityCenter};
use crate::company::{Account, Company, Permissions, Role, User};
use crate::managed;
use crate::mint::Mint;

/// Why a description is no company.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompanyError {
    /// An account id that is none.
    #[error("`{0}` is not a 12-digit AWS account id")]
    Account(String),
    /// A policy that cannot be read.
    #[error("a policy of {owner} cannot be read: {error}")]
    Policy {
        /// Whose it is.
        owner: String,
        /// What is wrong with it.
        error: ParseError,
    },
    /// A managed policy that does not exist.
    #[error("{owner} has the managed policy `{arn}`, which does not exist")]
    Managed {
        /// Who has it.
        owner: String,
        /// The policy.
        arn: String,
    },
    /// An assignment of what does not exist.
    #[error("`{person}` is assigned `{permission_set}` in {account}, and one of them does not exist")]
    Assignment {
        /// The user.
        person: String,
        /// The account.
        account: String,
        /// The permission set.
        permission_set: String,
    },
    /// A group that does not exist.
    #[error("{owner} is in the group `{group}`, which does not exist")]
    Group {
        /// Who is in it.
        owner: String,
        /// The group.
        group: String,
    },
}

/// An hour, the least a role's maximum can be, and what it is unless set.
const DEFAULT_MAX_SESSION_SECONDS: i64 = 3600;

pub(super) fn state(company: &Company, mint: &mut Mint, now: Timestamp) -> Result<State, CompanyError> {
    let mut builder = Builder { state: State::default(), mint, now };
    for account in &company.accounts {
        builder.account(account)?;
    }
    if let Some(center) = &company.identity_center {
        builder.identity_center(center)?;
    }
    Ok(builder.state)
}

struct Builder<'a> {
    state: State,
    mint: &'a mut Mint,
    now: Timestamp,
}

impl Builder<'_> {
    fn account(&mut self, account: &Account) -> Result<(), CompanyError> {
        let id = account.id.as_str();
        if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CompanyError::Account(id.to_owned()));
        }
        let mut made = AccountState::default();
        for (arn, text) in managed::POLICIES {
            made.managed.insert((*arn).to_owned(), document(arn, text)?);
        }
        for (name, text) in &account.managed_policies {
            let arn = format!("arn:aws:iam::{id}:policy/{name}");
            let read = document(&arn, text)?;
            made.managed.insert(arn, read);
        }
        for (level, texts) in account.service_control.iter().enumerate() {
            let owner = format!("SCP level {level} of {id}");
            let policies = texts.iter().map(|text| document(&owner, text)).collect::<Result<_, _>>()?;
            made.service_control.push(Level { id: level.to_string(), policies });
        }
        for group in &account.groups {
            let arn = format!("arn:aws:iam::{id}:group/{}", group.name);
            let held = held(&made, &arn, &group.permissions)?;
            made.groups.insert(group.name.clone(), held);
        }
        for user in &account.users {
            self.user(id, &mut made, user)?;
        }
        for role in &account.roles {
            self.role(id, &mut made, role)?;
        }
        if account.has_root_key {
            self.key(Owner { account: id.to_owned(), user: None });
        }
        self.state.accounts.insert(id.to_owned(), made);
        Ok(())
    }

    /// Every permission set becomes a role in each account where somebody has it.
    fn identity_center(&mut self, center: &IdentityCenter) -> Result<(), CompanyError> {
        let mut made = Center {
            start_url: center.start_url.clone(),
            people: center.people.iter().cloned().collect(),
            account_names: center.account_names.iter().cloned().collect(),
            tenant: center.tenant.clone(),
            entitled: center.entitlements.clone(),
            signed_in: center.people.first().cloned(),
            ..Center::default()
        };
        for assignment in &center.assignments {
            made.assigned.push(self.assignment(center, assignment)?);
        }
        self.state.center = Some(made);
        Ok(())
    }

    fn assignment(&mut self, center: &IdentityCenter, it: &Assignment) -> Result<Assigned, CompanyError> {
        let missing = || CompanyError::Assignment {
            person: it.person.clone(),
            account: it.account.clone(),
            permission_set: it.permission_set.clone(),
        };
        let set =
            center.permission_sets.iter().find(|set| set.name == it.permission_set).ok_or_else(missing)?;
        if !center.people.contains(&it.person) {
            return Err(missing());
        }
        let mut account = self.state.accounts.remove(&it.account).ok_or_else(missing)?;
        let head = format!("AWSReservedSSO_{}_", set.name);
        let known = account.roles.keys().find(|name| name.starts_with(&head)).cloned();
        let role = known.unwrap_or_else(|| head + &hex_digits(&self.mint.request_id()));
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["sts:AssumeRoleWithSAML","sts:TagSession"],
            "Principal":{{"Federated":"arn:aws:iam::{}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"}}}}]}}"#,
            it.account
        );
        let mut described =
            Role::new(&role, &trust).path(&format!("/aws-reserved/sso.amazonaws.com/{}/", center.region));
        described.permissions = set.permissions.clone();
        let result = if account.roles.contains_key(&role) {
            Ok(())
        } else {
            self.role(&it.account, &mut account, &described)
        };
        self.state.accounts.insert(it.account.clone(), account);
        result?;
        let session_seconds =
            if set.session_seconds == 0 { DEFAULT_MAX_SESSION_SECONDS } else { set.session_seconds };
        let (person, account, set) = (it.person.clone(), it.account.clone(), set.name.clone());
        Ok(Assigned { person, account, set, role, session_seconds })
    }

    fn user(&mut self, id: &str, made: &mut AccountState, user: &User) -> Result<(), CompanyError> {
        let path = path(&user.path);
        let arn = format!("arn:aws:iam::{id}:user{path}{}", user.name);
        if let Some(group) = user.groups.iter().find(|group| !made.groups.contains_key(*group)) {
            return Err(CompanyError::Group { owner: arn, group: group.clone() });
        }
        let owner = Owner { account: id.to_owned(), user: Some(user.name.clone()) };
        for _ in 0..user.access_keys {
            self.key(owner.clone());
        }
        for name in &user.mfa_devices {
            let mut device = Device::new(self.mint.mfa_seed());
            device.holder = Some((owner.clone(), self.now));
            made.devices.insert(format!("arn:aws:iam::{id}:mfa/{name}"), device);
        }
        let held = held(made, &arn, &user.permissions)?;
        let (groups, tags) = (user.groups.clone(), user.tags.clone());
        let user_id = self.mint.id("AIDA", 21);
        let state = UserState { arn, id: user_id, path, created: self.now, groups, held, tags };
        made.users.insert(user.name.clone(), state);
        Ok(())
    }

    fn role(&mut self, id: &str, made: &mut AccountState, role: &Role) -> Result<(), CompanyError> {
        let path = path(&role.path);
        let arn = format!("arn:aws:iam::{id}:role{path}{}", role.name);
        let state = RoleState {
            id: self.mint.id("AROA", 21),
            path,
            created: self.now,
            trust: document(&arn, &role.trust)?,
            trust_text: role.trust.clone(),
            held: held(made, &arn, &role.permissions)?,
            max_session_seconds: if role.max_session_seconds == 0 {
                DEFAULT_MAX_SESSION_SECONDS
            } else {
                role.max_session_seconds
            },
            tags: role.tags.clone(),
            arn,
        };
        made.roles.insert(role.name.clone(), state);
        Ok(())
    }

    fn key(&mut self, owner: Owner) {
        let (id, secret) = (self.mint.id("AKIA", 20), self.mint.secret());
        let number = self.state.keys.len() as u64;
        let key = AccessKey { secret, owner, is_active: true, created: self.now, last_used: None, number };
        self.state.keys.insert(id, key);
    }
}

/// The 16 digits at the end of a role's name.
fn hex_digits(of: &str) -> String {
    of.chars().filter(char::is_ascii_hexdigit).take(16).collect()
}

fn path(text: &str) -> String {
    if text.is_empty() { "/".to_owned() } else { text.to_owned() }
}

fn document(owner: &str, text: &str) -> Result<Document, CompanyError> {
    parse(text, Strictness::Strict).map_err(|error| CompanyError::Policy { owner: owner.to_owned(), error })
}

fn held(made: &AccountState, owner: &str, permissions: &Permissions) -> Result<Held, CompanyError> {
    let managed = |arn: &String| {
        let missing = || CompanyError::Managed { owner: owner.to_owned(), arn: arn.clone() };
        made.managed.get(arn).cloned().ok_or_else(missing)
    };
    let inline = permissions.inline.iter().map(|text| document(owner, text));
    let documents = inline.chain(permissions.attached.iter().map(managed)).collect::<Result<_, _>>()?;
    let boundary = permissions.boundary.as_ref().map(managed).transpose()?;
    Ok(Held { documents, boundary })
}
