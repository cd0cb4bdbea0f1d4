//! `[channels.NAME]` as it is written, and what is wrong with it. No message repeats a value that could be a secret.

use serde::Deserialize;

use super::{Address, Backlog, Channel, Language, Mail, Reference, Security, Way, is_this_machine};

/// A table `[channels.NAME]`, as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WireChannel {
    kind: Option<String>,
    language: Option<String>,
    certificates: Option<String>,
    address: Option<String>,
    token: Option<String>,
    key: Option<String>,
    secret: OneOrMore,
    password: Option<String>,
    to: OneOrMore,
    from: Option<String>,
    user: Option<String>,
    tls: Option<String>,
    project: Option<String>,
    issue: Option<String>,
    issue_type: Option<String>,
    priority: Option<String>,
    tell: OneOrMore,
}

/// A text, or a list of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum OneOrMore {
    #[default]
    None,
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn list(self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::One(text) => vec![text],
            Self::More(texts) => texts,
        }
    }

    fn is_there(&self) -> bool {
        !matches!(self, Self::None)
    }
}

/// Why a channel cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channel `{channel}` {what}")]
pub struct ChannelError {
    channel: String,
    what: String,
    hint: String,
}

impl ChannelError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// A sentence without its beginning, and what to do.
struct Wrong {
    what: String,
    hint: String,
}

impl Wrong {
    fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}

const KINDS: [&str; 6] = ["slack", "slack-bot", "backlog", "webhook", "mail", "teams"];
const BOOK: &str = "the book's page on notifying shows every kind with an example";
const BY_REFERENCE: &str = "keep it out of this file: write `env:NAME`, `file:PATH` or `exec:COMMAND` (what it prints); if it stood here, make a new one";

impl WireChannel {
    /// What the table means.
    ///
    /// # Errors
    /// [`ChannelError`] when something is missing, does not belong to the kind, is a secret itself, or would be sent without encryption.
    pub fn read(self, name: &str) -> Result<Channel, ChannelError> {
        let named = |wrong: Wrong| ChannelError {
            channel: crate::tamed(name, 40),
            what: wrong.what,
            hint: wrong.hint,
        };
        if !is_name(name) {
            return Err(named(Wrong::new(
                "has a name that is none",
                "use letters, digits, `-` and `_`, 40 at most",
            )));
        }
        self.channel().map_err(named)
    }

    fn channel(mut self) -> Result<Channel, Wrong> {
        let language = language(self.language.take().as_deref())?;
        let certificates = self.certificates.take();
        let Some(kind) = self.kind.take() else {
            return Err(Wrong::new("has no `kind`", format!("write one of {}", quoted(&KINDS))));
        };
        let way = match kind.as_str() {
            "slack" => Way::Slack { address: secret("address", self.address.take())? },
            "teams" => Way::Teams { address: secret("address", self.address.take())? },
            "slack-bot" => self.slack_bot()?,
            "backlog" => Way::Backlog(self.backlog()?),
            "webhook" => self.webhook()?,
            "mail" => Way::Mail(self.mail()?),
            _ => return Err(unknown(&kind)),
        };
        match self.left() {
            Some(left) => Err(Wrong::new(format!("is of kind `{kind}`, which has no `{left}`"), BOOK)),
            None => Ok(Channel { language, certificates, way }),
        }
    }

    fn slack_bot(&mut self) -> Result<Way, Wrong> {
        let address = self.address.take().unwrap_or_else(|| "https://slack.com/api".to_owned());
        let address = plain_address("address", &address)?;
        let token = secret("token", self.token.take())?;
        let to = std::mem::take(&mut self.to).list();
        match <[String; 1]>::try_from(to) {
            Ok([to]) if is_word(&to) => Ok(Way::SlackBot { address, token, to }),
            _ => Err(Wrong::new(
                "needs one `to`",
                "write the id of a Slack channel or person (`C0123456789`), shown in its details",
            )),
        }
    }

    fn backlog(&mut self) -> Result<Backlog, Wrong> {
        let address = needed("address", self.address.take())?;
        let address = plain_address("address", &address)?;
        let key = secret("key", self.key.take())?;
        let project = needed("project", self.project.take())?;
        let issue = self.issue.take();
        let named = |given: Option<String>, otherwise: &str| given.unwrap_or_else(|| otherwise.to_owned());
        if !is_project(&project) {
            return Err(Wrong::new(
                "has a `project` that is no key of one",
                "write it as in the keys of its issues: `SEC`",
            ));
        }
        if issue.as_deref().is_some_and(|issue| !is_issue_of(issue, &project)) {
            return Err(Wrong::new(
                "has an `issue` that is none of its project",
                format!("write it as `{project}-12`"),
            ));
        }
        Ok(Backlog {
            address,
            key,
            project,
            issue,
            issue_type: named(self.issue_type.take(), "Task"),
            priority: named(self.priority.take(), "Normal"),
            tell: std::mem::take(&mut self.tell).list(),
        })
    }

    fn webhook(&mut self) -> Result<Way, Wrong> {
        let address = needed("address", self.address.take())?;
        let address = plain_address("address", &address)?;
        let given = std::mem::take(&mut self.secret).list();
        let secrets = given.into_iter().map(|given| secret("secret", Some(given)));
        let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
        match secrets.len() {
            1..=4 => Ok(Way::Webhook { address, secrets }),
            0 => Err(Wrong::new("needs a `secret`", BY_REFERENCE)),
            _ => Err(Wrong::new("has more than 4 of `secret`", "keep the new one and the one before")),
        }
    }

    fn mail(&mut self) -> Result<Mail, Wrong> {
        let address = needed("address", self.address.take())?;
        let (scheme, host, port) = server(&address)?;
        let security = security(scheme, self.tls.take().as_deref(), &host)?;
        let port = port.unwrap_or(match security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::None => 25,
        });
        let login = match (self.user.take(), self.password.take()) {
            (Some(user), Some(password)) => Some((user, secret("password", Some(password))?)),
            (None, None) => None,
            (Some(_), None) => return Err(Wrong::new("has a `user` and no `password`", BY_REFERENCE)),
            (None, Some(_)) => {
                return Err(Wrong::new("has a `password` and no `user`", "write the name that goes with it"));
            }
        };
        let from = needed("from", self.from.take())?;
        let to = std::mem::take(&mut self.to).list();
        if to.is_empty() {
            return Err(Wrong::new("needs `to`", "write mail addresses: `to = [\"sre@example.com\"]`"));
        }
        if let Some(wrong) = to.iter().chain([&from]).find(|address| !is_mailbox(address)) {
            let what = format!("has `{}`, which is no mail address", crate::tamed(wrong, 60));
            return Err(Wrong::new(what, "write it as `sre@example.com`, or `SRE <sre@example.com>`"));
        }
        Ok(Mail { host, port, security, login, from, to })
    }

    /// A key that was written and that the kind has no use for.
    fn left(&self) -> Option<&'static str> {
        let left = [
            ("address", self.address.is_some()),
            ("token", self.token.is_some()),
            ("key", self.key.is_some()),
            ("secret", self.secret.is_there()),
            ("password", self.password.is_some()),
            ("to", self.to.is_there()),
            ("from", self.from.is_some()),
            ("user", self.user.is_some()),
            ("tls", self.tls.is_some()),
            ("project", self.project.is_some()),
            ("issue", self.issue.is_some()),
            ("issue_type", self.issue_type.is_some()),
            ("priority", self.priority.is_some()),
            ("tell", self.tell.is_there()),
        ];
        left.into_iter().find(|(_, is_there)| *is_there).map(|(key, _)| key)
    }
}

/// A name that stands in the settings, in the journal and on command lines.
fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    (1..=40).contains(&name.len()) && name.chars().all(is_letter) && !name.starts_with('-')
}

fn language(given: Option<&str>) -> Result<Language, Wrong> {
    match given {
        None | Some("en") => Ok(Language::En),
        Some("ja") => Ok(Language::Ja),
        Some(_) => Err(Wrong::new("has a `language` that there is not", "write `en` or `ja`")),
    }
}

/// A word that is near to none of ours may be anything, and is not repeated.
fn unknown(kind: &str) -> Wrong {
    match kagimori_id::nearest(kind, KINDS) {
        Some(nearest) => Wrong::new(
            format!("is of kind `{}`, which there is not", crate::tamed(kind, 20)),
            format!("did you mean `{nearest}`? There are {}", quoted(&KINDS)),
        ),
        None => Wrong::new("is of a kind that there is not", format!("write one of {}", quoted(&KINDS))),
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn needed(key: &str, given: Option<String>) -> Result<String, Wrong> {
    given.filter(|given| !given.trim().is_empty()).ok_or_else(|| Wrong::new(format!("needs `{key}`"), BOOK))
}

/// A secret is given by reference; whatever else stands there is not repeated.
fn secret(key: &str, given: Option<String>) -> Result<Reference, Wrong> {
    let given = given.ok_or_else(|| Wrong::new(format!("needs `{key}`"), BY_REFERENCE))?;
    Reference::read(&given)
        .ok_or_else(|| Wrong::new(format!("has a secret in `{key}`, and not where one is"), BY_REFERENCE))
}

fn plain_address(key: &str, given: &str) -> Result<Address, Wrong> {
    Address::read(given).map_err(|what| {
        let hint = "write `https://HOST[:PORT][/PATH]`, without name, password or query";
        Wrong::new(format!("has an `{key}` that {what}"), hint)
    })
}

/// `smtps://host[:port]`, `smtp://host[:port]`
fn server(given: &str) -> Result<(&str, String, Option<u16>), Wrong> {
    let wrong = |what: &str| {
        Wrong::new(
            format!("has an `address` that {what}"),
            "write `smtps://HOST`, or `smtp://HOST` for STARTTLS",
        )
    };
    let (scheme, rest) = given.split_once("://").ok_or_else(|| wrong("is no mail server"))?;
    if !["smtp", "smtps"].contains(&scheme) {
        return Err(wrong("is neither `smtps` nor `smtp`"));
    }
    let rest = rest.trim_end_matches('/');
    if rest.contains('@') {
        return Err(Wrong::new(
            "has a name or a password in its `address`",
            "use `user` and `password`, which is a reference",
        ));
    }
    // The rules of a web address, but for the scheme.
    Address::must_be_safe(&format!("https://{rest}")).map_err(wrong)?;
    if rest.contains(['/', '?', '#']) {
        return Err(wrong("is more than a server"));
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, Some(port.parse().map_err(|_| wrong("has a port that is no number"))?))
        }
        _ => (rest, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() { Err(wrong("is no mail server")) } else { Ok((scheme, host.to_owned(), port)) }
}

fn security(scheme: &str, tls: Option<&str>, host: &str) -> Result<Security, Wrong> {
    match (scheme, tls) {
        ("smtps", None) => Ok(Security::Tls),
        ("smtp", None | Some("starttls")) => Ok(Security::StartTls),
        ("smtp", Some("none")) if is_this_machine(host) => Ok(Security::None),
        ("smtp", Some("none")) => Err(Wrong::new(
            "would send mail without encryption to another machine",
            "take `tls = \"none\"` out: it is for a mail server on this machine",
        )),
        _ => Err(Wrong::new(
            "has a `tls` that does not go with its `address`",
            "`smtps://` is encrypted from the first byte; `smtp://` takes `starttls` (the default), or `none` on this machine",
        )),
    }
}

/// Enough to keep lines of a mail's head apart; the mail's own library reads it again.
fn is_mailbox(address: &str) -> bool {
    let inner = match address.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => address,
    };
    let is_plain = |text: &str| !text.is_empty() && !text.contains([' ', '<', '>', '@', ',', ';']);
    !address.chars().any(char::is_control)
        && inner.rsplit_once('@').is_some_and(|(name, host)| is_plain(name) && is_plain(host))
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 80
        && !text.chars().any(|letter| letter.is_control() || letter.is_whitespace())
}

/// Backlog's rule for keys of projects: capital letters, digits and `_`.
fn is_project(key: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    (1..=25).contains(&key.len()) && key.chars().all(is_letter)
}

fn is_issue_of(issue: &str, project: &str) -> bool {
    issue.rsplit_once('-').is_some_and(|(before, number)| {
        before == project && !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Channel, ChannelError> {
        toml::from_str::<WireChannel>(text).unwrap().read("sre")
    }

    fn env(name: &str) -> Reference {
        Reference::Env(name.to_owned())
    }

    #[test]
    fn every_kind_is_read() {
        let slack = read("kind = 'slack'\naddress = 'env:URL'\nlanguage = 'ja'").unwrap();
        assert_eq!((slack.language, slack.way), (Language::Ja, Way::Slack { address: env("URL") }));
        let bot = read("kind = 'slack-bot'\ntoken = 'env:T'\nto = 'C1'").unwrap();
        assert_eq!(bot.language, Language::En);
        assert_eq!(bot.way.place(), "C1 at https://slack.com/api");
        let Way::Backlog(backlog) =
            read("kind = 'backlog'\naddress = 'https://x.backlog.com/'\nkey = 'file:k'\nproject = 'SEC'\ntell = 'mika'").unwrap().way
        else {
            panic!("no backlog")
        };
        assert_eq!(
            (backlog.address.as_str(), backlog.issue_type.as_str()),
            ("https://x.backlog.com", "Task")
        );
        assert_eq!((backlog.priority.as_str(), backlog.tell), ("Normal", vec!["mika".to_owned()]));
        let hook = read("kind = 'webhook'\naddress = 'https://x.example/h'\nsecret = ['env:NEW', 'env:OLD']")
            .unwrap();
        assert!(matches!(hook.way, Way::Webhook { secrets, .. } if secrets == [env("NEW"), env("OLD")]));
        let mail = "kind = 'mail'\naddress = 'ADDRESS'\nfrom = 'K <k@example.com>'\nto = 'sre@example.com'\n";
        for (address, more, host, port, security) in [
            ("smtps://mx.example.com", "", "mx.example.com", 465, Security::Tls),
            ("smtp://mx.example.com", "", "mx.example.com", 587, Security::StartTls),
            ("smtp://mx.example.com:2525/", "tls = 'starttls'", "mx.example.com", 2525, Security::StartTls),
            ("smtp://127.0.0.1", "tls = 'none'", "127.0.0.1", 25, Security::None),
            ("smtp://[::1]:2525", "tls = 'none'", "::1", 2525, Security::None),
            ("smtps://[2001:db8::1]", "", "2001:db8::1", 465, Security::Tls),
        ] {
            let Way::Mail(mail) = read(&format!("{}{more}", mail.replace("ADDRESS", address))).unwrap().way
            else {
                panic!("no mail")
            };
            assert_eq!((mail.host.as_str(), mail.port, mail.security), (host, port, security), "{address}");
        }
        assert_eq!(
            read("kind = 'teams'\naddress = 'exec:vault read x'").unwrap().way.place(),
            "exec:vault …"
        );
    }

    #[test]
    fn what_is_wrong_is_told_without_the_secret() {
        let hook = "kind = 'webhook'\naddress = 'https://x.example/h'\n";
        let mail = "kind = 'mail'\naddress = 'smtps://mx.example.com'\nfrom = 'k@example.com'\nto = 'sre@example.com'\n";
        let backlog = "kind = 'backlog'\naddress = 'https://x.backlog.com'\nkey = 'env:K'\n";
        let cases: &[(String, &str)] = &[
            (String::new(), "has no `kind`"),
            ("kind = 'slak'".to_owned(), "is of kind `slak`, which there is not"),
            ("kind = 'CANARY'".to_owned(), "is of a kind that there is not"),
            ("kind = 'slack'".to_owned(), "needs `address`"),
            (
                "kind = 'slack'\naddress = 'https://hooks.example.com/CANARY'".to_owned(),
                "has a secret in `address`, and not where one is",
            ),
            (
                "kind = 'teams'\naddress = 'CANARY'".to_owned(),
                "has a secret in `address`, and not where one is",
            ),
            (
                "kind = 'slack-bot'\ntoken = 'CANARY'\nto = 'C1'".to_owned(),
                "has a secret in `token`, and not where one is",
            ),
            ("kind = 'slack-bot'\ntoken = 'env:T'".to_owned(), "needs one `to`"),
            ("kind = 'slack-bot'\ntoken = 'env:T'\nto = ['a', 'b']".to_owned(), "needs one `to`"),
            (format!("{hook}secret = 'whsec_CANARY'"), "has a secret in `secret`, and not where one is"),
            (format!("{hook}secret = ['env:A', 'CANARY']"), "has a secret in `secret`, and not where one is"),
            (hook.to_owned(), "needs a `secret`"),
            (
                "kind = 'webhook'\nsecret = 'env:A'\naddress = 'https://x.example/?key=CANARY'".to_owned(),
                "has an `address` that has a query, which may hold a secret",
            ),
            (
                "kind = 'webhook'\nsecret = 'env:A'\naddress = 'https://u:CANARY@x.example/'".to_owned(),
                "has an `address` that holds a name or a password",
            ),
            (
                "kind = 'webhook'\nsecret = 'env:A'\naddress = 'http://x.example/'".to_owned(),
                "has an `address` that is not encrypted: only `https` leaves this machine",
            ),
            (
                format!("{hook}secret = 'env:A'\nproject = 'SEC'"),
                "is of kind `webhook`, which has no `project`",
            ),
            (format!("{backlog}project = 'sec'"), "has a `project` that is no key of one"),
            (
                format!("{backlog}project = 'SEC'\nissue = 'OPS-1'"),
                "has an `issue` that is none of its project",
            ),
            (
                format!("{backlog}project = 'SEC'\nissue = 'SEC-'"),
                "has an `issue` that is none of its project",
            ),
            (backlog.to_owned(), "needs `project`"),
            (format!("{mail}user = 'k'"), "has a `user` and no `password`"),
            (format!("{mail}password = 'env:P'"), "has a `password` and no `user`"),
            (
                format!("{mail}user = 'k'\npassword = 'CANARY'"),
                "has a secret in `password`, and not where one is",
            ),
            (format!("{mail}tls = 'none'"), "has a `tls` that does not go with its `address`"),
            (
                mail.replace("smtps://mx.example.com", "smtp://mx.example.com") + "tls = 'none'",
                "would send mail without encryption to another machine",
            ),
            (mail.replace("smtps://", "smtps://u:CANARY@"), "has a name or a password in its `address`"),
            (
                mail.replace("smtps://mx.example.com", "mx.example.com"),
                "has an `address` that is no mail server",
            ),
            (
                mail.replace("smtps://mx.example.com", "smtps://mx.example.com:mail"),
                "has an `address` that has a port that is no number",
            ),
            (mail.replace("sre@example.com", "sre"), "has `sre`, which is no mail address"),
            (
                mail.replace("'sre@example.com'", "\"sre@example.com\\nBcc: x@example.com\""),
                "has `sre@example.com Bcc: x@example.com`, which is no mail address",
            ),
            (
                "kind = 'slack'\naddress = 'env:U'\nlanguage = 'fr'".to_owned(),
                "has a `language` that there is not",
            ),
        ];
        for (text, what) in cases {
            let error = read(text).unwrap_err();
            assert_eq!(error.to_string(), format!("the channel `sre` {what}"), "{text}");
            assert!(!error.hint().is_empty());
            assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
        }
        for name in ["", "a b", "-x", "日本", &"x".repeat(41)] {
            assert!(
                WireChannel::default()
                    .read(name)
                    .unwrap_err()
                    .to_string()
                    .contains("has a name that is none")
            );
        }
        let unread = toml::from_str::<WireChannel>("kind = 'slack'\nadress = 'CANARY'").unwrap_err();
        assert!(unread.message().contains("unknown field `adress`") && !unread.message().contains("CANARY"));
    }
}
