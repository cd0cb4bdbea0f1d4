//! Where notices go: `[channels.NAME]` of `kagimori.toml`.

mod reference;
mod wire;

pub use self::reference::Reference;
pub use self::wire::{ChannelError, WireChannel};

/// A language of the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every text has these two")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

/// Where notices go, and in which language.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Channel {
    /// The language of its texts.
    pub language: Language,
    /// A PEM file with the certificates that are trusted instead of the public ones; a relative path is one from the folder of
    /// `kagimori.toml`.
    pub certificates: Option<String>,
    /// How it is reached.
    pub way: Way,
}

/// How a channel is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// A Slack incoming webhook; whoever knows the address can post, so the address is a secret.
    Slack {
        /// `https://hooks.slack.com/services/…`
        address: Reference,
    },
    /// A Slack bot: `chat.postMessage`.
    SlackBot {
        /// Where Slack's API is.
        address: Address,
        /// `xoxb-…`
        token: Reference,
        /// The id of a channel or of a person, or the name of a channel.
        to: String,
    },
    /// Backlog: an issue, and comments on it.
    Backlog(Backlog),
    /// Standard Webhooks 1.0.0.
    Webhook {
        /// Where it is sent.
        address: Address,
        /// `whsec_…`: the one that is used, and while it is changed the one before; each makes a signature.
        secrets: Vec<Reference>,
    },
    /// A mail server.
    Mail(Mail),
    /// A workflow of Microsoft Teams ("when a Teams webhook request is received"); its address is a secret.
    Teams {
        /// `https://….logic.azure.com/…&sig=…`
        address: Reference,
    },
}

impl Way {
    /// The word of `kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack { .. } => "slack",
            Self::SlackBot { .. } => "slack-bot",
            Self::Backlog(_) => "backlog",
            Self::Webhook { .. } => "webhook",
            Self::Mail(_) => "mail",
            Self::Teams { .. } => "teams",
        }
    }

    /// Where it goes, as people may see it.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Slack { address } | Self::Teams { address } => address.to_string(),
            Self::SlackBot { address, to, .. } => format!("{to} at {address}"),
            Self::Backlog(backlog) => match &backlog.issue {
                Some(issue) => format!("{issue} at {}", backlog.address),
                None => format!("{} at {}", backlog.project, backlog.address),
            },
            Self::Webhook { address, .. } => address.to_string(),
            Self::Mail(mail) => format!("{} by {}:{}", mail.to.join(", "), mail.host, mail.port),
        }
    }
}

/// An address without a secret in it: `https://host[:port][/path]`, or `http` on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Reads one; the error says what is wrong with it, without repeating it.
    ///
    /// # Errors
    /// A sentence without a beginning: `is no address …`.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        Self::must_be_safe(text)?;
        if text.contains(['?', '#']) {
            return Err("has a query, which may hold a secret");
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// Whether something secret may be sent to an address: by TLS, or to this machine alone.
    ///
    /// # Errors
    /// What is wrong with it, as of [`Address::read`].
    pub fn must_be_safe(text: &str) -> Result<(), &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("is no address")?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty()
            || text.chars().any(|letter| letter.is_control() || letter == ' ' || letter == '\\')
        {
            return Err("is no address");
        }
        if authority.contains('@') {
            return Err("holds a name or a password");
        }
        match scheme {
            "https" => Ok(()),
            "http" if is_this_machine(host_of(authority)) => Ok(()),
            "http" => Err("is not encrypted: only `https` leaves this machine"),
            _ => Err("is neither `https` nor `http`"),
        }
    }

    /// Without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// `[::1]:80` → `::1`, `host:80` → `host`.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// `localhost`, 127.0.0.0/8 and ::1.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A Backlog space, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backlog {
    /// `https://example.backlog.com`
    pub address: Address,
    /// The API key.
    pub key: Reference,
    /// The project's key: `SEC`.
    pub project: String,
    /// Everything becomes a comment of this issue, `SEC-12`; `None`: an issue for each subject, with comments.
    pub issue: Option<String>,
    /// The name of the type of new issues, or its number.
    pub issue_type: String,
    /// The name of their priority, or its number.
    pub priority: String,
    /// Names, ids or mail addresses of those who are told by Backlog.
    pub tell: Vec<String>,
}

/// A mail server, and whom it brings what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The server's name: its certificate has to be of this name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is made private.
    pub security: Security,
    /// A user's name and the password.
    pub login: Option<(String, Reference)>,
    /// The sender: `Kagimori <kagimori@example.com>`.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
}

/// How a connection to a mail server is made private. There is no "if the server offers it": whoever stands between takes the offer out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Security {
    /// TLS from the first byte (`smtps://`, port 465; RFC 8314).
    Tls,
    /// STARTTLS, or nothing is sent (`smtp://`, port 587).
    StartTls,
    /// None: only on this machine.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_addresses_are_addresses() {
        for (text, expected) in [
            ("https://example.backlog.com", Ok("https://example.backlog.com")),
            ("https://example.com:8443/a/", Ok("https://example.com:8443/a")),
            ("http://127.0.0.1:8080/x", Ok("http://127.0.0.1:8080/x")),
            ("http://127.9.9.9", Ok("http://127.9.9.9")),
            ("http://[::1]:80/x", Ok("http://[::1]:80/x")),
            ("http://LOCALHOST/x", Ok("http://LOCALHOST/x")),
            ("http://example.com", Err("is not encrypted: only `https` leaves this machine")),
            ("http://127.0.0.1.example.com", Err("is not encrypted: only `https` leaves this machine")),
            ("http://localhost.example.com", Err("is not encrypted: only `https` leaves this machine")),
            ("http://127.0.0.1@example.com/", Err("holds a name or a password")),
            ("https://a:b@example.com/", Err("holds a name or a password")),
            ("https://example.com\\@127.0.0.1", Err("is no address")),
            ("https://example.com/?token=x", Err("has a query, which may hold a secret")),
            ("ftp://example.com", Err("is neither `https` nor `http`")),
            ("https://", Err("is no address")),
            ("example.com", Err("is no address")),
            ("https://exa mple.com", Err("is no address")),
        ] {
            assert_eq!(
                Address::read(text).as_ref().map(Address::as_str),
                expected.as_ref().copied(),
                "{text}"
            );
        }
    }
}
