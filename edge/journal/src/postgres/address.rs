//! The address of a database, as it stands in settings: without its password.

use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};

/// Where a password comes from, each time that a session begins: one that is good for minutes is fetched anew.
pub type Password = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;

/// A database, and what is needed to reach it.
#[derive(Clone)]
pub struct Database {
    config: Config,
    password: Option<Password>,
    /// Certificates that are trusted instead of the public ones; PEM.
    roots: Option<Vec<u8>>,
    shown: String,
}

/// Why an address is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl Database {
    /// Reads `postgresql://USER@HOST:PORT/DATABASE`, or with a socket's folder `postgresql:///DATABASE?host=/run/postgresql`.
    ///
    /// Over a network TLS is always used, and the server's name and certificate are verified, as with libpq's `sslmode=verify-full`.
    ///
    /// # Errors
    /// [`AddressError`] when it cannot be read, has a password in it, or wants a network without TLS.
    pub fn parse(address: &str) -> Result<Self, AddressError> {
        let wrong = |what: &str| AddressError(what.to_owned());
        if !["postgresql://", "postgres://"].iter().any(|scheme| address.starts_with(scheme)) {
            return Err(wrong("it does not begin with `postgresql://`"));
        }
        let known = address.replace("sslmode=verify-full", "sslmode=require");
        let known = known.replace("sslmode=verify-ca", "sslmode=require");
        // What it says may repeat a password.
        let mut config = Config::from_str(&known)
            .map_err(|_| wrong("it is no address of a database, or has an option that is not known"))?;
        if config.get_password().is_some() {
            return Err(wrong("there is a password in it"));
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong("it names no host"));
        }
        match (is_local(&config), config.get_ssl_mode()) {
            (false, SslMode::Disable) => return Err(wrong("it wants a network without TLS")),
            (true, SslMode::Prefer) => config.ssl_mode(SslMode::Disable),
            (false, SslMode::Prefer) => config.ssl_mode(SslMode::Require),
            _ => &mut config,
        };
        config
            .application_name("kagimori")
            .connect_timeout(Duration::from_secs(5))
            .tcp_user_timeout(Duration::from_secs(20))
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3);
        let shown = shown(&config);
        Ok(Self { config, password: None, roots: None, shown })
    }

    /// With a password.
    #[must_use]
    pub fn with_password(mut self, password: Password) -> Self {
        self.password = Some(password);
        self
    }

    /// With certificates (PEM) that are trusted instead of the public ones.
    #[must_use]
    pub fn with_roots(mut self, pem: Vec<u8>) -> Self {
        self.roots = Some(pem);
        self
    }

    /// What a session begins with.
    pub(super) fn config(&self) -> Result<Config, String> {
        let mut config = self.config.clone();
        if let Some(password) = &self.password {
            config.password(password().map_err(|why| format!("its password: {why}"))?);
        }
        Ok(config)
    }

    pub(super) fn roots(&self) -> Option<&[u8]> {
        self.roots.as_deref()
    }
}

/// Whether nothing of it goes over a network.
fn is_local(config: &Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

/// As people are told it.
fn shown(config: &Config) -> String {
    let host = config.get_hosts().first().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let host = host.or_else(|| config.get_hostaddrs().first().map(ToString::to_string)).unwrap_or_default();
    let port = config.get_ports().first().filter(|port| **port != 5432);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    format!("postgresql://{user}{host}{port}/{}", config.get_dbname().unwrap_or_default())
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_without_a_password_and_never_without_tls() {
        for (address, shown, mode) in [
            (
                "postgresql://desk@db.example.co.jp/desk",
                "postgresql://desk@db.example.co.jp/desk",
                SslMode::Require,
            ),
            (
                "postgres://desk@db.example:6432/desk?sslmode=verify-full",
                "postgresql://desk@db.example:6432/desk",
                SslMode::Require,
            ),
            ("postgresql://desk@localhost/desk", "postgresql://desk@localhost/desk", SslMode::Disable),
            (
                "postgresql://desk@127.0.0.1/desk?sslmode=require",
                "postgresql://desk@127.0.0.1/desk",
                SslMode::Require,
            ),
            (
                "postgresql:///desk?host=/run/postgresql&user=desk",
                "postgresql://desk@/run/postgresql/desk",
                SslMode::Disable,
            ),
        ] {
            let database = Database::parse(address).unwrap();
            assert_eq!(
                (database.to_string().as_str(), database.config.get_ssl_mode()),
                (shown, mode),
                "{address}"
            );
        }
        for (address, what) in [
            ("postgresql://desk:hush@db.example/desk", "a password"),
            ("postgresql://desk@db.example/desk?password=hush", "a password"),
            ("postgresql://desk@db.example/desk?sslmode=disable", "without TLS"),
            ("postgresql://desk@localhost,db.example/desk?sslmode=disable", "without TLS"),
            ("postgresql://desk@db.example/desk?hush=1", "not known"),
            ("postgresql:///desk", "no host"),
            ("mysql://desk@db.example/desk", "does not begin"),
            ("host=db.example", "does not begin"),
        ] {
            let error = Database::parse(address).unwrap_err().to_string();
            assert!(error.contains(what) && !error.contains("hush"), "{address}: {error}");
        }
    }

    #[test]
    fn a_password_is_in_no_text() {
        let database = Database::parse("postgresql://desk@db.example/desk").unwrap();
        let database = database.with_password(Arc::new(|| Ok("hush-hush".to_owned())));
        assert_eq!(database.config().unwrap().get_password(), Some(b"hush-hush".as_slice()));
        assert!(!format!("{database:?} {database}").contains("hush"));
    }
}
