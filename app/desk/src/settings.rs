//! `desk.toml`: where the desk is, what it speaks to, and whom it tells. Who may do what stands in the policy, which is in the log.

mod store;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use kagimori_journal::{Journal, Place};
use kagimori_notice::{Channel, WireChannel};
use kagimori_passkey::RelyingParty;
use serde::Deserialize;

use crate::{oidc, operators};

/// The settings, as they are used.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Whose desk it is.
    pub(crate) company: String,
    /// The address of its pages: `https://desk.example.co.jp`.
    pub(crate) origin: String,
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// Its folder: the log, its key, its copies.
    pub(crate) data: PathBuf,
    /// Where the log is.
    pub(crate) store: Place,
    /// The socket of the vault.
    pub(crate) vault: PathBuf,
    /// Proxies whose `X-Forwarded-For` is believed. None: of nobody.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// From where the numbers of `/metrics` may be read.
    pub(crate) metrics_from: Vec<IpNet>,
    /// How many hours the clock on the wall is ahead of UTC.
    pub(crate) hours_from_utc: i8,
    /// The witness that has to cosign before a code is shown; `None`: the one in this process, in `dev`.
    pub(crate) witness: Option<Witness>,
    /// Whom the clock is compared with, beside the witness: addresses whose answers tell the time.
    pub(crate) clocks: Vec<String>,
    /// Programs that file requests: their names in the policy, and the SHA-256 of their tokens in hexadecimal digits.
    pub(crate) programs: BTreeMap<String, String>,
    /// Where people are told.
    pub(crate) channels: BTreeMap<String, Channel>,
    /// Who says who somebody is, beside passkeys.
    pub(crate) oidc: Option<oidc::Settings>,
    /// The operators' own listener.
    pub(crate) operator_listener: Option<operators::Settings>,
}

/// A witness.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Witness {
    /// Its address; `add-checkpoint` is asked for below it.
    pub(crate) address: String,
    /// Its key, as C2SP writes it.
    pub(crate) key: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    company: String,
    origin: String,
    listen: SocketAddr,
    data: PathBuf,
    store: Option<String>,
    store_password: Option<String>,
    store_certificates: Option<PathBuf>,
    vault: PathBuf,
    #[serde(default)]
    trusted_proxies: Vec<IpNet>,
    #[serde(default = "this_machine")]
    metrics_from: Vec<IpNet>,
    #[serde(default)]
    hours_from_utc: i8,
    witness: Witness,
    #[serde(default = "clocks")]
    clocks: Vec<String>,
    #[serde(default)]
    programs: BTreeMap<String, String>,
    #[serde(default)]
    channels: BTreeMap<String, WireChannel>,
    oidc: Option<oidc::Wire>,
    operator_listener: Option<operators::Settings>,
}

/// Why `desk.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{path}`: {what}")]
pub(crate) struct SettingsError {
    path: PathBuf,
    what: String,
    hint: String,
}

impl SettingsError {
    /// What to do next.
    pub(crate) fn hint(&self) -> &str {
        &self.hint
    }
}

impl Settings {
    /// Reads the file; paths in it are seen from its folder.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub(crate) fn read(path: &Path) -> Result<Self, SettingsError> {
        let wrong =
            |what: String, hint: &str| SettingsError { path: path.to_owned(), what, hint: hint.to_owned() };
        let text = std::fs::read_to_string(path).map_err(|error| {
            wrong(
                format!("cannot be read: {error}"),
                "name the file with `--settings`, or make one with `kagimori-desk init`",
            )
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::of(&text, folder).map_err(|(what, hint)| wrong(what, &hint))
    }

    pub(crate) fn of(text: &str, folder: &Path) -> Result<Self, (String, String)> {
        let mut file: File = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map(|span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
            let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            (
                format!("{place}{}", error.message().replace('\n', " ")),
                "docs/desk.md lists every setting".to_owned(),
            )
        })?;
        must_be_origin(&file.origin)?;
        let mut channels = BTreeMap::new();
        for (name, wire) in std::mem::take(&mut file.channels) {
            let channel = wire.read(&name).map_err(|error| (error.to_string(), error.hint().to_owned()))?;
            channels.insert(name, channel);
        }
        let is_hash = |hash: &str| {
            hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if let Some((name, _)) = file.programs.iter().find(|(_, hash)| !is_hash(hash)) {
            let hint =
                "write 64 hexadecimal digits: `printf %s TOKEN | sha256sum`; the token itself stands nowhere";
            return Err((format!("`programs.{name}` is no SHA-256"), hint.to_owned()));
        }
        if !(-12..=14).contains(&file.hours_from_utc) {
            return Err(("`hours_from_utc` is between -12 and 14".to_owned(), "Japan is 9".to_owned()));
        }
        if file.store.is_none() && (file.store_password.is_some() || file.store_certificates.is_some()) {
            let hint = "write the address of the database as `store`, or take the line out";
            return Err((
                "`store_password` or `store_certificates` stands without `store`".to_owned(),
                hint.to_owned(),
            ));
        }
        let data = folder.join(&file.data);
        let store = match &file.store {
            Some(address) => Place::from(store::database(address, &file, folder)?),
            None => Place::from(&Journal::path_in(&data)),
        };
        Ok(Self {
            company: file.company,
            origin: file.origin.trim_end_matches('/').to_owned(),
            listen: file.listen,
            data,
            store,
            vault: folder.join(file.vault),
            trusted_proxies: file.trusted_proxies,
            metrics_from: file.metrics_from,
            hours_from_utc: file.hours_from_utc,
            witness: Some(file.witness),
            clocks: file.clocks,
            programs: file.programs,
            channels,
            oidc: file.oidc.map(|oidc| oidc.read(folder)).transpose()?,
            operator_listener: file.operator_listener.map(|listener| listener.seen_from(folder)),
        })
    }

    /// What the log is called: the desk's address without its scheme.
    pub(crate) fn log_name(&self) -> String {
        format!("{}/log", self.origin.split_once("://").map_or("", |(_, rest)| rest))
    }

    /// The desk, as passkeys know it.
    pub(crate) fn party(&self) -> RelyingParty {
        let host = self.origin.split_once("://").map_or("", |(_, rest)| rest);
        let id = host.split(['/', ':']).next().unwrap_or_default();
        RelyingParty { id: id.to_owned(), origin: self.origin.clone() }
    }
}

/// Who reads numbers from elsewhere has to be named.
pub(crate) fn this_machine() -> Vec<IpNet> {
    ["127.0.0.0/8", "::1/128"].into_iter().filter_map(|network| network.parse().ok()).collect()
}

/// Every desk has AWS to ask.
fn clocks() -> Vec<String> {
    vec!["https://sts.amazonaws.com/".to_owned()]
}

/// Passkeys and cookies want HTTPS; a browser lets `localhost` pass.
pub(crate) fn must_be_origin(origin: &str) -> Result<(), (String, String)> {
    let rest = origin.strip_prefix("https://").or_else(|| {
        origin.strip_prefix("http://").filter(|rest| rest.split([':', '/']).next() == Some("localhost"))
    });
    let host = rest.map(|rest| rest.trim_end_matches('/')).unwrap_or_default();
    if host.is_empty() || host.contains(['/', '@', '?', '#', ' ']) {
        let hint = "write the address that people open, as `https://desk.example.co.jp`; only `http://localhost:PORT` goes without TLS";
        return Err(("`origin` is no address of a desk".to_owned(), hint.to_owned()));
    }
    // A form of another origin is refused: that of the settings has to be the one that browsers send (HTML, "ASCII serialization of an origin").
    let usual = if origin.starts_with("https") { ":443" } else { ":80" };
    let is_as_sent = host.is_ascii() && !host.contains(|letter: char| letter.is_ascii_uppercase());
    if is_as_sent && !host.ends_with(usual) {
        return Ok(());
    }
    Err((
        format!(
            "browsers write `origin` in another way: no form of the desk's own pages would be taken from `{host}`"
        ),
        format!("write it in small letters, a name in Japanese in its `xn--` form, and without `{usual}`"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
company = "Shiosai"
origin = "https://desk.shiosai.example"
listen = "127.0.0.1:8440"
data = "data"
vault = "/run/kagimori/vault.sock"
hours_from_utc = 9
[witness]
address = "https://witness.shiosai.example"
key = "w+0123abcd+BA"
[channels.sre]
kind = "slack"
address = "env:SLACK"
"#;

    #[test]
    fn a_file_is_read() {
        let settings = Settings::of(GOOD, Path::new("/etc/kagimori")).unwrap();
        assert_eq!(settings.data, Path::new("/etc/kagimori/data"));
        assert_eq!(settings.vault, Path::new("/run/kagimori/vault.sock"));
        assert_eq!(settings.party().id, "desk.shiosai.example");
        assert!(settings.trusted_proxies.is_empty());
        assert_eq!(settings.channels.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (from, to, expected) in [
            ("company", "compny", "unknown field"),
            ("https://desk.shiosai.example", "http://desk.shiosai.example", "no address of a desk"),
            ("https://desk.shiosai.example", "https://a@b", "no address of a desk"),
            ("https://desk.shiosai.example", "http://localhost.evil:1", "no address of a desk"),
            ("https://desk.shiosai.example", "https://Desk.shiosai.example", "in another way"),
            ("https://desk.shiosai.example", "https://desk.shiosai.example:443", "in another way"),
            ("https://desk.shiosai.example", "https://デスク.example", "in another way"),
            ("https://desk.shiosai.example", "http://localhost:80", "in another way"),
            ("hours_from_utc = 9", "hours_from_utc = 20", "between"),
            ("127.0.0.1:8440", "8440", "invalid socket address"),
            ("[channels.sre]", "[programs]\nworkflow = 'token'\n[channels.sre]", "no SHA-256"),
            ("\"slack\"", "\"pigeon\"", "of a kind that there is not"),
            ("vault =", "store = 'postgresql://desk:hush@db.example/desk'\nvault =", "a password in it"),
            ("vault =", "store = 'journal.db'\nvault =", "does not begin with"),
            (
                "vault =",
                "store = 'postgresql://d@db.example/d'\nstore_password = 'hush'\nvault =",
                "not where one is",
            ),
            (
                "vault =",
                "store = 'postgresql://d@db.example/d'\nstore_certificates = 'nowhere.pem'\nvault =",
                "nowhere.pem",
            ),
            ("vault =", "store_password = 'env:X'\nvault =", "without `store`"),
        ] {
            let (what, hint) = Settings::of(&GOOD.replace(from, to), Path::new(".")).unwrap_err();
            assert!(what.contains(expected) && !what.contains("hush"), "{to}: {what}");
            assert!(!hint.is_empty());
        }
    }
}
