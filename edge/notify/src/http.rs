//! One call by HTTP, bounded in time and size; no redirect is followed.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kagimori_notice::{Answer, Cause};
use secrecy::{ExposeSecret, SecretString};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::Unsent;
use crate::deadline::Deadline;

/// The beginning of a body says all that is looked at; lists of issues are the longest.
const MOST_BYTES: u64 = 1024 * 1024;

/// A client for the calls of one letter.
#[derive(Debug)]
pub(crate) struct Http {
    roots: RootCerts,
    deadline: Deadline,
    now: Timestamp,
}

/// A call. The address and headers may hold secrets.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    url: &'a SecretString,
    headers: &'a [(&'static str, SecretString)],
    /// Its type and text; `None`: a GET.
    body: Option<(&'static str, &'a str)>,
    /// It changes what is there (PATCH), where others add (POST).
    changes: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn get(url: &'a SecretString) -> Self {
        Self { url, headers: &[], body: None, changes: false }
    }

    pub(crate) fn json(
        url: &'a SecretString,
        headers: &'a [(&'static str, SecretString)],
        body: &'a str,
    ) -> Self {
        // Slack warns of a missing `charset`.
        Self { url, headers, body: Some(("application/json; charset=utf-8", body)), changes: false }
    }

    pub(crate) fn form(url: &'a SecretString, body: &'a str) -> Self {
        Self { url, headers: &[], body: Some(("application/x-www-form-urlencoded", body)), changes: false }
    }

    /// The same for what is there already.
    pub(crate) fn change(url: &'a SecretString, body: &'a str) -> Self {
        Self { changes: true, ..Self::form(url, body) }
    }
}

impl Http {
    pub(crate) fn new(
        certificates: Option<&[u8]>,
        deadline: Deadline,
        now: Timestamp,
    ) -> Result<Self, Unsent> {
        Ok(Self { roots: roots(certificates)?, deadline, now })
    }

    /// Sends a call and takes any answer.
    pub(crate) fn call(&self, request: &Request<'_>) -> Result<Answer, Unsent> {
        let left = self.deadline.left();
        if left.is_zero() {
            return Err(Unsent::new(Cause::Unknown, "there was no time left to go on"));
        }
        let agent = self.agent(request.url.expose_secret(), left);
        let mut response = sent(&agent, request).map_err(|error| unsent(&error))?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let number = |name: &str| header(name).and_then(|value| value.trim().parse::<i64>().ok());
        let seconds = |seconds: i64| u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
        let retry_after = number("retry-after").map(seconds);
        let resets_in =
            number("x-ratelimit-reset").map(|at| seconds(at.saturating_sub(self.now.as_second())));
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        let read = response.body_mut().as_reader().take(MOST_BYTES).read_to_end(&mut bytes);
        // Whatever breaks now broke after the letter was taken or refused: the status tells which.
        if read.is_err() && (200..300).contains(&status) {
            return Err(Unsent::new(Cause::Unknown, "the answer broke off"));
        }
        Ok(Answer { status, retry_after, resets_in, body: String::from_utf8_lossy(&bytes).into_owned() })
    }

    fn agent(&self, url: &str, left: Duration) -> ureq::Agent {
        let config = ureq::Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(self.roots.clone()).build())
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("kagimori/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(left));
        // A proxy is for the world outside, not for a receiver on this machine.
        let config = if url.starts_with("http://") { config.proxy(None) } else { config };
        config.build().new_agent()
    }
}

fn sent(agent: &ureq::Agent, request: &Request<'_>) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let url = request.url.expose_secret();
    match request.body {
        None => agent.get(url).call(),
        Some((kind, body)) => {
            let there = if request.changes { agent.patch(url) } else { agent.post(url) };
            let mut post = there.header("content-type", kind);
            for (name, value) in request.headers {
                post = post.header(*name, value.expose_secret());
            }
            post.send(body.as_bytes())
        }
    }
}

fn roots(certificates: Option<&[u8]>) -> Result<RootCerts, Unsent> {
    let Some(pem) = certificates else { return Ok(RootCerts::WebPki) };
    let found: Vec<_> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(Unsent::channel("the file of `certificates` holds none"));
    }
    Ok(RootCerts::Specific(Arc::new(found)))
}

/// What happened, in our own words: others may quote the address.
fn unsent(error: &ureq::Error) -> Unsent {
    let before = |why: &str| Unsent::new(Cause::Busy(None), why);
    let after = |why: &str| Unsent::new(Cause::Unknown, why);
    match error {
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            before("no connection in time")
        }
        ureq::Error::Timeout(_) => after("no answer in time"),
        ureq::Error::HostNotFound => before("the name of its host is not known"),
        ureq::Error::ConnectionFailed | ureq::Error::ConnectProxyFailed(_) => {
            before("there is no connection to it")
        }
        ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
            before("the connection was refused")
        }
        // The other side's certificate is looked at before anything is sent to it.
        error if error.to_string().contains("invalid peer certificate") => {
            Unsent::channel("the certificate of the other side is not trusted")
        }
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => {
            Unsent::channel("the other side does not speak TLS as it should")
        }
        ureq::Error::Io(io) if io.to_string().contains("failed to lookup") => {
            before("the name of its host could not be looked up")
        }
        ureq::Error::Io(_) => after("the connection broke"),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
            Unsent::channel("its address or a header cannot be sent")
        }
        _ => after("what came back is no answer"),
    }
}
