//! The company's own facts, from `kagimori.toml`; the edge reads the file, this is its meaning.

pub mod against;
pub mod apply;
mod limits;
pub mod policy;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use kagimori_id::AccountId;
use kagimori_notice::{Channel, ChannelError, WireChannel};
use serde::Deserialize;

use crate::check;

/// What the company says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The instant of the snapshot.
    pub as_of: Option<Timestamp>,
    /// The zone in which pages show times: `Asia/Tokyo`.
    pub time_zone: Option<String>,
    /// The bastion account: people sign in there and assume roles elsewhere (S0).
    pub bastion: Option<AccountId>,
    /// Names of accounts, over the organization's.
    pub account_names: BTreeMap<AccountId, String>,
    /// Accounts outside the organization that are trusted, with their owner's name.
    pub trusted_accounts: BTreeMap<AccountId, String>,
    /// Who owns things, and how tags say so.
    pub owners: Owners,
    /// Thresholds.
    pub limits: Limits,
    /// Names that tell what something is for.
    pub patterns: Patterns,
    /// Findings that are accepted for a while.
    pub waivers: Vec<Waiver>,
    /// How policies are linted.
    pub policy: policy::PolicySettings,
    /// With what care plans are applied.
    pub apply: apply::Apply,
    /// How credentials are retired.
    pub retire: kagimori_retire::Settings,
    /// Where people are told, by name.
    pub channels: BTreeMap<String, Channel>,
}

/// Who owns things, and how tags say so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Owners {
    /// People and teams that exist; empty means: not told, and `owner-gone` does not arise.
    pub known: Vec<String>,
    /// Tag keys that say the owner.
    pub owner_tags: Vec<String>,
    /// Tag keys that say the purpose.
    pub purpose_tags: Vec<String>,
}

/// Thresholds of the checks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Days: an active key older than this fails `key-rotation` (CIS, Security Hub IAM.3: 90).
    pub key_rotation: i64,
    /// Days: a key or password unused for this long fails (CIS: 45).
    pub unused: i64,
    /// Days: a role unused for this long fails `role-unused`.
    pub unused_role: i64,
    /// Days: root used within this many days fails `root-used`.
    pub root_used: i64,
    /// Days: a password older than this fails `password-age`.
    pub password_age: i64,
    /// Days: an inactive key older than this fails `key-inactive-leftover`.
    pub inactive_leftover: i64,
    /// Days: an SSH key or signing certificate older than this fails `ssh-key-age`.
    pub ssh_key_age: i64,
    /// Days: a service-specific credential older than this fails `service-specific-cred`.
    pub service_specific_age: i64,
    /// Days: a server certificate that expires within this fails `server-cert-expired`.
    pub certificate_soon: i64,
    /// Days at the end of the trail that count as new for `key-unexpected-origin`.
    pub new_origin: i64,
    /// How many principals may write IAM before `iam-writer-count` fails.
    pub iam_writers: usize,
    /// Seconds: a privileged role that allows longer sessions fails `session-duration`.
    pub privileged_session: u32,
    /// `pw-length`: the shortest password.
    pub password_length: u32,
    /// `pw-reuse`: how many old passwords are remembered.
    pub password_reuse: u32,
    /// Days: `pw-expiry`.
    pub password_expiry: u32,
}

/// Names that tell what something is for; `*` and `?` are wildcards, letters without case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patterns {
    /// Names or paths of users that are machines.
    pub machine_users: Vec<String>,
    /// Names of break-glass roles.
    pub break_glass_roles: Vec<String>,
}

/// What a waiver names that is about a credential in a source tree: `kagimori scan` has no checks of the catalogue.
pub const SOURCE_KEY: &str = "source-key";

/// A finding that is accepted for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The check's id.
    pub check: String,
    /// The account, or any.
    pub account: Option<AccountId>,
    /// The resource's ARN, name or key id; `*` and `?` are wildcards.
    pub resource: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day (UTC) on which it holds.
    pub expires: Date,
}

/// Why a settings file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SettingsError {
    message: String,
    hint: String,
}

impl Settings {
    /// Reads the text of a `kagimori.toml`.
    ///
    /// # Errors
    /// [`SettingsError`] when the text is not TOML, has a key this program does not know, an account id that is not
    /// 12 digits in quotes, a date that is none, or a waiver for a check that does not exist.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let wire: Wire = toml::from_str(text).map_err(|error| SettingsError::toml(&error, text))?;
        let channels = channels(wire.channels)?;
        must_be_told("retire", &wire.retire.channels, &channels)?;
        must_be_told("apply", &wire.apply.channels, &channels)?;
        Ok(Self {
            as_of: wire.as_of.as_deref().map(instant).transpose()?,
            time_zone: wire.time_zone.map(zone).transpose()?,
            bastion: wire.bastion.as_deref().map(account).transpose()?,
            account_names: accounts(wire.accounts)?,
            trusted_accounts: accounts(wire.trusted_accounts)?,
            owners: wire.owners,
            limits: wire.limits.checked()?,
            patterns: wire.patterns,
            waivers: wire.waiver.into_iter().map(WireWaiver::read).collect::<Result<_, _>>()?,
            policy: wire.policy.read(text)?,
            apply: wire.apply,
            retire: wire.retire,
            channels,
        })
    }

    /// The name the settings give an account.
    pub fn account_name(&self, id: AccountId) -> Option<&str> {
        self.account_names.get(&id).map(String::as_str)
    }
}

impl SettingsError {
    /// What to do next.
    pub fn hint(&self) -> String {
        self.hint.clone()
    }

    fn new(message: String, hint: &str) -> Self {
        Self { message, hint: hint.to_owned() }
    }

    fn toml(error: &toml::de::Error, text: &str) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let message = error.message().replace('\n', ", ");
        Self::new(
            format!("line {line}: {message}"),
            "the book's page on reviewing shows every key with an example",
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    as_of: Option<String>,
    time_zone: Option<String>,
    bastion: Option<String>,
    #[serde(default)]
    accounts: BTreeMap<String, String>,
    #[serde(default)]
    trusted_accounts: BTreeMap<String, String>,
    #[serde(default)]
    owners: Owners,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    patterns: Patterns,
    #[serde(default)]
    waiver: Vec<WireWaiver>,
    #[serde(default)]
    policy: policy::WirePolicy,
    #[serde(default)]
    apply: apply::Apply,
    #[serde(default)]
    retire: kagimori_retire::Settings,
    #[serde(default)]
    channels: BTreeMap<String, WireChannel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireWaiver {
    check: String,
    account: Option<String>,
    resource: String,
    owner: String,
    reason: String,
    expires: String,
}

impl WireWaiver {
    fn read(self) -> Result<Waiver, SettingsError> {
        if self.check != SOURCE_KEY && check::find(&self.check).is_none() {
            let nearest = check::nearest(&self.check);
            return Err(SettingsError::new(
                format!("a waiver names the check `{}`, which does not exist", self.check),
                &match nearest {
                    Some(nearest) => format!("did you mean `{nearest}`? `kagimori checks` lists them all"),
                    None => "`kagimori checks` lists them all".to_owned(),
                },
            ));
        }
        for (key, value) in [("owner", &self.owner), ("reason", &self.reason), ("resource", &self.resource)] {
            if value.trim().is_empty() {
                let message = format!("the waiver for `{}` has an empty `{key}`", self.check);
                return Err(SettingsError::new(message, "a waiver needs an owner, a reason and a resource"));
            }
        }
        let expires = day(&self.check, &self.expires)?;
        Ok(Waiver {
            account: self.account.as_deref().map(account).transpose()?,
            check: self.check,
            resource: self.resource,
            owner: self.owner,
            reason: self.reason,
            expires,
        })
    }
}

/// The last day of a waiver.
fn day(check: &str, text: &str) -> Result<Date, SettingsError> {
    text.parse().map_err(|_| {
        let message = format!("the waiver for `{check}` expires on `{text}`, which is no date");
        SettingsError::new(message, "write it as `2027-03-31`")
    })
}

fn instant(text: &str) -> Result<Timestamp, SettingsError> {
    text.parse().map_err(|_| {
        SettingsError::new(
            format!("`as_of` is `{text}`, which is no instant"),
            "write it as `2026-11-01T00:00:00Z`",
        )
    })
}

/// The name of a zone, as the IANA database writes them; whether there is one of that name, the reader's browser knows.
fn zone(name: String) -> Result<String, SettingsError> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "/_+-".contains(letter);
    if !name.is_empty() && name.len() <= 64 && name.chars().all(is_letter) {
        return Ok(name);
    }
    Err(SettingsError::new(
        format!("`time_zone` is `{name}`, which names no zone"),
        "write it as `Asia/Tokyo`",
    ))
}

fn account(text: &str) -> Result<AccountId, SettingsError> {
    AccountId::parse(text)
        .map_err(|error| SettingsError::new(error.to_string(), "write it in quotes, with its leading zeroes"))
}

fn accounts(wire: BTreeMap<String, String>) -> Result<BTreeMap<AccountId, String>, SettingsError> {
    wire.into_iter().map(|(id, name)| Ok((account(&id)?, name))).collect()
}

fn channels(wire: BTreeMap<String, WireChannel>) -> Result<BTreeMap<String, Channel>, SettingsError> {
    let told = |error: ChannelError| SettingsError::new(error.to_string(), error.hint());
    wire.into_iter().map(|(name, wire)| Ok((name.clone(), wire.read(&name).map_err(told)?))).collect()
}

/// Whom a table tells has to be there: a typing error would leave people untold.
fn must_be_told(
    table: &str,
    names: &[String],
    channels: &BTreeMap<String, Channel>,
) -> Result<(), SettingsError> {
    let Some(name) = names.iter().find(|name| !channels.contains_key(*name)) else { return Ok(()) };
    let message = format!("[{table}] tells the channel `{name}`, and there is no table [channels.{name}]");
    Err(match kagimori_id::nearest(name, channels.keys().map(String::as_str)) {
        Some(nearest) => SettingsError::new(message, &format!("did you mean `{nearest}`?")),
        None => {
            SettingsError::new(message, "the book's page on notifying has a table of every kind of channel")
        }
    })
}

impl Default for Owners {
    fn default() -> Self {
        let keys = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            known: Vec::new(),
            owner_tags: keys(&["Owner", "owner"]),
            purpose_tags: keys(&["Purpose", "purpose"]),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            key_rotation: 90,
            unused: 45,
            unused_role: 90,
            root_used: 90,
            password_age: 365,
            inactive_leftover: 90,
            ssh_key_age: 365,
            service_specific_age: 90,
            certificate_soon: 30,
            new_origin: 7,
            iam_writers: 5,
            privileged_session: 4 * 3600,
            password_length: 14,
            password_reuse: 24,
            password_expiry: 90,
        }
    }
}

impl Default for Patterns {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            machine_users: names(&[
                "svc-*",
                "svc_*",
                "ci-*",
                "batch-*",
                "app-*",
                "bot-*",
                "*-bot",
                "*-ci",
                "/service/*",
                "/machine/*",
            ]),
            break_glass_roles: names(&["*break-glass*", "*breakglass*", "*emergency*"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn every_fault_is_named_with_what_to_do() {
        let cases = [
            (
                "x = 1",
                "line 1: unknown field `x`, expected one of `as_of`, `time_zone`, `bastion`, `accounts`, `trusted_accounts`, `owners`, `limits`, `patterns`, `waiver`, `policy`, `apply`, `retire`, `channels`",
            ),
            ("as_of = \"yesterday\"", "`as_of` is `yesterday`, which is no instant"),
            ("time_zone = \"GMT+9; x\"", "`time_zone` is `GMT+9; x`, which names no zone"),
            ("bastion = \"12\"", "`12` is not a 12-digit AWS account id"),
            ("[accounts]\n\"abc\" = \"x\"", "`abc` is not a 12-digit AWS account id"),
            (
                "[[waiver]]\ncheck = \"mfa-console-usr\"\nresource = \"*\"\nowner = \"a\"\nreason = \"b\"\nexpires = \"2027-01-01\"",
                "a waiver names the check `mfa-console-usr`, which does not exist",
            ),
            (
                "[[waiver]]\ncheck = \"mfa-console-user\"\nresource = \"*\"\nowner = \"a\"\nreason = \"b\"\nexpires = \"soon\"",
                "the waiver for `mfa-console-user` expires on `soon`, which is no date",
            ),
            (
                "[[waiver]]\ncheck = \"mfa-console-user\"\nresource = \"*\"\nowner = \" \"\nreason = \"b\"\nexpires = \"2027-01-01\"",
                "the waiver for `mfa-console-user` has an empty `owner`",
            ),
            (
                "[[waiver]]\ncheck = \"mfa-console-user\"\nresource = \"*\"\nreason = \"b\"\nexpires = \"2027-01-01\"",
                "line 1: missing field `owner`",
            ),
            (
                "[retire]\nladder = [{ off = \"0s\" }]",
                "line 2: `0s` is no length of time: write a number and a unit, such as `10min`, `6h` or `3d` (from `1s` to `3650d`)",
            ),
            (
                "[channels.sre]\nkind = \"slack\"\naddress = \"https://hooks.slack.com/services/CANARY\"",
                "the channel `sre` has a secret in `address`, and not where one is",
            ),
            (
                "[retire]\nchannels = [\"sre\", \"srx\"]\n[channels.sre]\nkind = \"slack\"\naddress = \"env:U\"",
                "[retire] tells the channel `srx`, and there is no table [channels.srx]",
            ),
            ("[channels.sre]\nkind = \"pager\"", "the channel `sre` is of a kind that there is not"),
            ("[limits]\nunused = \"long\"", "line 2: invalid type: string \"long\", expected i64"),
        ];
        for (text, message) in cases {
            let error = Settings::parse(text).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(!error.hint().is_empty());
        }
        let error = Settings::parse(cases[5].0).unwrap_err();
        assert_eq!(error.hint(), "did you mean `mfa-console-user`? `kagimori checks` lists them all");
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let settings = Settings::parse("[limits]\nunused = 60\n").unwrap();
        assert_eq!((settings.limits.unused, settings.limits.key_rotation), (60, 90));
        assert_eq!(settings.owners.owner_tags, ["Owner", "owner"]);
        assert_eq!(Settings::parse("").unwrap(), Settings::default());
        let settings = Settings::parse("[apply]\nprotected = [\"svc-pay*\"]\n").unwrap();
        assert_eq!((settings.apply.steps, settings.apply.production), (20, vec!["*prod*".to_owned()]));
        assert_eq!(settings.apply.protected, ["svc-pay*"]);
    }
}
