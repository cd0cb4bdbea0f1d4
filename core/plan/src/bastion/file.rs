//! The file: who may become what, where.

use std::collections::{BTreeMap, BTreeSet};

use kagimori_id::{AccountId, Arn};
use serde::Deserialize;

/// Who may become what, where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what the file says, all of it")]
pub struct Bastion {
    /// The account with the people.
    pub account: AccountId,
    /// The group that they are in.
    pub group: String,
    /// The people.
    pub users: Users,
    /// What they may become.
    pub roles: Vec<RoleWish>,
}

/// The people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two forms of the file")]
pub enum Users {
    /// These, by name.
    Listed(BTreeSet<String>),
    /// Every user of the account but these.
    EveryoneBut(BTreeSet<String>),
}

/// A role, the same in several accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what the file says, all of it")]
pub struct RoleWish {
    /// Its name.
    pub name: String,
    /// Its path: `/`, `/people/`.
    pub path: String,
    /// Where it is.
    pub accounts: BTreeSet<AccountId>,
    /// What it may do: ARNs of managed policies, of AWS or of each of the accounts; in these `ACCOUNT` stands for its id.
    pub policies: Vec<String>,
    /// The longest session, in seconds.
    pub session_seconds: u32,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FileError {
    message: String,
    hint: String,
}

/// AWS's default and limits (IAM API Reference, `CreateRole`).
const SESSION_SECONDS: u32 = 3_600;
const SESSION_SECONDS_MAX: u32 = 43_200;

impl Bastion {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`FileError`] when the text is not TOML, has a key that nobody knows, or says something that AWS could not have.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let wire: Wire = toml::from_str(text).map_err(|error| FileError::toml(&error, text))?;
        let account = id(&wire.bastion.account)?;
        let group = name("group", &wire.bastion.group, 128)?;
        let users = users(wire.bastion.users, wire.bastion.every_user_but)?;
        let roles: Vec<RoleWish> =
            wire.role.into_iter().map(|role| role.read(account)).collect::<Result<_, _>>()?;
        if roles.is_empty() {
            return Err(FileError::new(
                "there is no `[[role]]`: nobody could go anywhere".to_owned(),
                "add one, as in `[[role]]`, `name = \"developer\"`, `accounts = [\"444455556666\"]`, `policies = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]`",
            ));
        }
        let mut seen: BTreeMap<(AccountId, String), &str> = BTreeMap::new();
        for role in &roles {
            for account in &role.accounts {
                // IAM does not tell names of roles by their case.
                if seen.insert((*account, role.name.to_lowercase()), &role.name).is_some() {
                    return Err(FileError::new(
                        format!("the role `{}` of {account} stands there twice", role.name),
                        "put its policies into one `[[role]]`",
                    ));
                }
            }
        }
        Ok(Self { account, group, users, roles })
    }

    /// The accounts with roles.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        self.roles.iter().flat_map(|role| role.accounts.iter().copied()).collect()
    }
}

impl FileError {
    /// What to do next.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    fn new(message: String, hint: &str) -> Self {
        Self { message, hint: hint.to_owned() }
    }

    fn toml(error: &toml::de::Error, text: &str) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        let message = error.message().replace('\n', ", ");
        Self::new(format!("line {line}: {message}"), "the book's page on the bastion shows a whole file")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    bastion: WireBastion,
    #[serde(default)]
    role: Vec<WireRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireBastion {
    account: String,
    group: String,
    users: Option<Vec<String>>,
    every_user_but: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRole {
    name: String,
    #[serde(default = "root")]
    path: String,
    accounts: Vec<String>,
    policies: Vec<String>,
    session: Option<String>,
}

fn root() -> String {
    "/".to_owned()
}

impl WireRole {
    fn read(self, bastion: AccountId) -> Result<RoleWish, FileError> {
        let name = name("role", &self.name, 64)?;
        let refused =
            |message: String, hint: &str| Err(FileError::new(format!("the role `{name}` {message}"), hint));
        let is_path = self.path.starts_with('/')
            && self.path.ends_with('/')
            && !self.path.contains("//")
            && self.path.len() <= 512
            && self.path.bytes().all(|byte| byte.is_ascii_graphic() && !b"*?$\"\\".contains(&byte));
        if !is_path {
            return refused(format!("has the path `{}`", self.path), "write it as in `/people/`");
        }
        let accounts: BTreeSet<AccountId> =
            self.accounts.iter().map(|text| id(text)).collect::<Result<_, _>>()?;
        if accounts.is_empty() {
            return refused("is in no account".to_owned(), "say where: `accounts = [\"444455556666\"]`");
        }
        if accounts.contains(&bastion) {
            return refused(
                format!("is in the bastion account {bastion}, where there is nothing to do but to leave it"),
                "take that account out of its `accounts`",
            );
        }
        if self.policies.is_empty() {
            return refused(
                "may do nothing".to_owned(),
                "say what: `policies = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]`",
            );
        }
        for policy in &self.policies {
            let is_policy = Arn::parse(policy)
                .is_ok_and(|arn| arn.service() == "iam" && arn.resource().starts_with("policy/"));
            if !is_policy {
                return refused(
                    format!("has `{policy}`, which is no ARN of a managed policy"),
                    "write `arn:aws:iam::aws:policy/NAME`, or `arn:aws:iam::ACCOUNT:policy/NAME` for a policy of each of its accounts",
                );
            }
        }
        let session_seconds = match &self.session {
            None => SESSION_SECONDS,
            Some(text) => match seconds(text) {
                Some(seconds) => seconds,
                None => {
                    return refused(
                        format!("has the session `{text}`"),
                        "a session of a role is 1 to 12 hours: `\"1h\"`, `\"90m\"`",
                    );
                }
            },
        };
        Ok(RoleWish { name, path: self.path, accounts, policies: self.policies, session_seconds })
    }
}

/// `1h`, `90m`, `3600s`: 1 to 12 hours.
fn seconds(text: &str) -> Option<u32> {
    let (digits, unit) = text.split_at(text.len().checked_sub(1)?);
    let factor = match unit {
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return None,
    };
    let seconds = digits.parse::<u32>().ok()?.checked_mul(factor)?;
    (SESSION_SECONDS..=SESSION_SECONDS_MAX).contains(&seconds).then_some(seconds)
}

fn id(text: &str) -> Result<AccountId, FileError> {
    AccountId::parse(text)
        .map_err(|error| FileError::new(error.to_string(), "write it with its leading zeroes, in quotes"))
}

/// `[\w+=,.@-]+` (IAM API Reference, `CreateGroup`, `CreateRole`, `CreateUser`).
fn name(what: &str, text: &str, most: usize) -> Result<String, FileError> {
    let is_of_names = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if text.is_empty() || text.len() > most || !text.bytes().all(is_of_names) {
        return Err(FileError::new(
            format!("`{text}` is no name of a {what}"),
            &format!("1 to {most} letters, digits and `_+=,.@-`, without its path"),
        ));
    }
    Ok(text.to_owned())
}

fn users(listed: Option<Vec<String>>, but: Option<Vec<String>>) -> Result<Users, FileError> {
    let names =
        |texts: Vec<String>| texts.iter().map(|text| name("user", text, 64)).collect::<Result<_, _>>();
    match (listed, but) {
        (Some(listed), None) if listed.is_empty() => Err(FileError::new(
            "`users` is empty: nobody could come in".to_owned(),
            "name them: `users = [\"ann\", \"ben\"]`",
        )),
        (Some(listed), None) => Ok(Users::Listed(names(listed)?)),
        (None, Some(but)) => Ok(Users::EveryoneBut(names(but)?)),
        (Some(_), Some(_)) => Err(FileError::new(
            "there are both `users` and `every_user_but`".to_owned(),
            "leave one of them out",
        )),
        (None, None) => Err(FileError::new(
            "who the people are is not said".to_owned(),
            "add `users = [\"ann\", \"ben\"]`, or `every_user_but = [\"svc-deploy\"]`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        [bastion]
        account = "111122223333"
        group = "people"
        users = ["ann", "ben"]
        [[role]]
        name = "developer"
        accounts = ["444455556666", "777788889999"]
        policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
        session = "90m"
    "#;

    #[test]
    fn a_whole_file_is_read() {
        let read = Bastion::parse(WHOLE).unwrap();
        assert_eq!(read.account.to_string(), "111122223333");
        assert_eq!(read.users, Users::Listed(["ann".to_owned(), "ben".to_owned()].into()));
        assert_eq!(read.accounts().len(), 2);
        let [role] = read.roles.as_slice() else { panic!("one role") };
        assert_eq!((role.path.as_str(), role.session_seconds), ("/", 5_400));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let with = |from: &str, to: &str| Bastion::parse(&WHOLE.replace(from, to)).unwrap_err().to_string();
        for (from, to, expected) in [
            ("\"111122223333\"", "\"11112222333\"", "is not a 12-digit AWS account id"),
            ("people", "team/people", "`team/people` is no name of a group"),
            ("[\"ann\", \"ben\"]", "[]", "`users` is empty"),
            ("users = [\"ann\", \"ben\"]", "", "who the people are is not said"),
            ("users =", "every_user_but = []\nusers =", "there are both"),
            ("[\"444455556666\", \"777788889999\"]", "[]", "is in no account"),
            ("444455556666", "111122223333", "is in the bastion account 111122223333"),
            ("[\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]", "[]", "may do nothing"),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", "ReadOnlyAccess", "no ARN of a managed policy"),
            ("90m", "13h", "has the session `13h`"),
            ("90m", "59m", "has the session `59m`"),
            ("session", "sessions", "line 10: unknown field `sessions`"),
            ("name = \"developer\"", "name = \"developer\"\npath = \"people\"", "has the path `people`"),
        ] {
            let message = with(from, to);
            assert!(message.contains(expected), "{to}: {message}");
        }
        let twice = format!(
            "{WHOLE}\n[[role]]\nname = \"Developer\"\naccounts = [\"444455556666\"]\npolicies = [\"arn:aws:iam::aws:policy/ViewOnlyAccess\"]"
        );
        assert!(Bastion::parse(&twice).unwrap_err().to_string().contains("stands there twice"));
        let none = WHOLE.split("[[role]]").next().unwrap();
        assert!(Bastion::parse(none).unwrap_err().to_string().contains("no `[[role]]`"));
    }
}
