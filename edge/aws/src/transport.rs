//! One POST, bounded in time and size, proxies and a company's own certificates included.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kagimori_session::credentials::Signer;
use kagimori_session::endpoint::{Endpoint, Service, host_of, is_this_machine};
use secrecy::{ExposeSecret, SecretString};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use zeroize::Zeroizing;

use crate::error::{StsError, Told, told};
use crate::failure::Lost;
use crate::proxy::Outside;
use crate::sign::{FORM, Message, form, sign};
use crate::wire::Incoming;

/// Answers that hand out credentials are a few kilobytes; session tokens have no promised maximum.
const MOST_BYTES: u64 = 256 * 1024;
/// A page of a thousand roles with all versions of their policies.
const MOST_BYTES_OF_A_PAGE: u64 = 256 * 1024 * 1024;

/// How a client of the tables waits: botocore's 60 seconds for each part, and more for all of a long page.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_WITH_A_BODY: Duration = Duration::from_secs(300);
/// Calls that may be under way to one host.
const CONNECTIONS: usize = 32;

/// A client for the calls of this crate.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    direct: ureq::Agent,
    outside: Option<Arc<Outside>>,
    pub(crate) pause: fn(Duration),
    most_bytes: u64,
    /// From then on no answer is waited for.
    until: Option<Instant>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The server's `Date`, to see whether our clock is wrong.
    pub(crate) date: Option<Timestamp>,
    /// `x-amzn-ErrorType` of services that speak JSON.
    pub(crate) error_type: Option<String>,
    pub(crate) body: Zeroizing<String>,
}

/// A call of the query protocol.
pub(crate) struct Query<'a> {
    pub(crate) operation: &'static str,
    pub(crate) service: Service,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) at: Timestamp,
    /// Whether the call may be sent again when AWS is busy: never with a code, never when it creates something.
    pub(crate) repeatable: bool,
}

/// A call that is not signed: of Identity Center, of the sign-in service.
pub(crate) struct JsonCall<'a> {
    pub(crate) operation: &'static str,
    pub(crate) url: String,
    /// What says who asks.
    pub(crate) header: Option<(&'static str, &'a SecretString)>,
    /// A POST has one.
    pub(crate) body: Option<Zeroizing<String>>,
    /// Before it is sent again when AWS is busy, in milliseconds: never what spends something.
    pub(crate) pauses: &'static [u64],
}

impl Client {
    /// A client for credentials; `certificates` is the PEM file of `AWS_CA_BUNDLE` or `ca_bundle`, if there is one.
    pub fn new(certificates: Option<&[u8]>) -> Result<Self, StsError> {
        let roots = roots(certificates)?;
        Self::with(MOST_BYTES, || {
            config(&roots)
                .user_agent(concat!("kagi/", env!("CARGO_PKG_VERSION")))
                .timeout_connect(Some(Duration::from_secs(5)))
                .timeout_global(Some(Duration::from_secs(12)))
        })
    }

    /// A client for the calls of the tables, whose answers may be long, and many under way.
    pub fn for_tables(user_agent: &str, certificates: Option<&[u8]>) -> Result<Self, StsError> {
        let roots = roots(certificates)?;
        Self::with(MOST_BYTES_OF_A_PAGE, || {
            config(&roots)
                .user_agent(user_agent)
                // S3 says in the body where a bucket is.
                .max_redirects_will_error(false)
                .timeout_connect(Some(PATIENCE))
                .timeout_send_request(Some(PATIENCE))
                .timeout_send_body(Some(PATIENCE))
                .timeout_recv_response(Some(PATIENCE))
                .timeout_recv_body(Some(PATIENCE_WITH_A_BODY))
                .max_idle_connections(4 * CONNECTIONS)
                .max_idle_connections_per_host(CONNECTIONS)
        })
    }

    fn with(most_bytes: u64, config: impl Fn() -> Config) -> Result<Self, StsError> {
        let outside = Outside::find(|name| std::env::var(name).ok())?;
        let proxy = outside.as_ref().map(|outside| outside.proxy.clone());
        Ok(Self {
            agent: config().proxy(proxy).build().new_agent(),
            direct: config().proxy(None).build().new_agent(),
            outside: outside.map(Arc::new),
            pause: std::thread::sleep,
            most_bytes,
            until: None,
        })
    }

    /// The same until an instant: what credentials are fetched with ends with the call that needs them.
    pub(crate) fn until(&self, until: Option<Instant>) -> Self {
        Self { until, ..self.clone() }
    }

    /// What is left of the time, if there is an end to it.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    fn within<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match self.left() {
            Some(left) => request.config().timeout_global(Some(left)).build(),
            None => request,
        }
    }

    /// Sends a request as it is and takes any answer.
    pub(crate) fn exchange(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: &[u8],
        left: Option<Duration>,
    ) -> Result<Incoming, Trouble> {
        let (host, _) = host_and_path(url);
        let (agent, way) = self.agent_for(host.split('?').next().unwrap_or(host));
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let trouble = |source: &ureq::Error| Trouble::of(source, &way);
        let unsendable = |error: ureq::http::Error| Trouble {
            what: format!("the request cannot be written: {error}"),
            sent: false,
            lost: Lost::Broken,
        };
        let mut response = match (method, body) {
            ("GET" | "HEAD" | "DELETE", []) => run(agent, request.body(()).map_err(unsendable)?, left),
            _ => run(agent, request.body(body).map_err(unsendable)?, left),
        }
        .map_err(|error| trouble(&error))?;
        let named = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = response.headers().iter().filter_map(named).collect();
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(self.most_bytes).read_to_vec();
        // Whatever breaks now broke after the request was taken.
        let body = body.map_err(|error| Trouble { sent: true, ..trouble(&error) })?;
        Ok(Incoming { status, headers, body: Zeroizing::new(body) })
    }

    /// Signs and sends a call.
    pub(crate) fn query(&self, query: &Query<'_>, signer: &Signer<'_>) -> Result<Reply, StsError> {
        let body = form(&query.fields);
        let (host, path) = host_and_path(&query.endpoint.url);
        let headers = [("content-type".to_owned(), FORM.to_owned())];
        let message = Message {
            method: "POST",
            host,
            path,
            query: &[],
            headers: &headers,
            body: body.as_bytes(),
            region: &query.endpoint.signing_region,
            service: query.service.name(),
            at: query.at,
            signs_path_once: false,
        };
        let signature = sign(&message, signer);
        let (agent, way) = self.agent_for(host);
        let send = || {
            let mut request = self
                .within(agent.post(&query.endpoint.url))
                .header("content-type", FORM)
                .header("x-amz-date", &signature.date)
                .header("authorization", &signature.authorization);
            if let Some(token) = signer.session_token() {
                request = request.header("x-amz-security-token", token);
            }
            read(request.send(body.as_bytes()), query.operation, &way)
        };
        let mut reply = send();
        for pause in [200, 800] {
            let busy = match &reply {
                Ok(reply) => is_busy(reply),
                // A second session of the same role hurts nobody; what changes IAM is looked after by whoever asked.
                Err(error) => error.is_connection() || error.is_broken() && query.service == Service::Sts,
            };
            if !(busy && query.repeatable) {
                break;
            }
            (self.pause)(Duration::from_millis(pause));
            reply = send();
        }
        reply
    }

    /// Sends a call that is not signed.
    pub(crate) fn json(&self, call: &JsonCall<'_>) -> Result<Reply, StsError> {
        let (host, _) = host_and_path(&call.url);
        let (agent, way) = self.agent_for(host);
        let send = || {
            let reply = match &call.body {
                Some(body) => {
                    let mut request = agent.post(&call.url).header("content-type", "application/json");
                    if let Some((name, secret)) = call.header {
                        request = request.header(name, secret.expose_secret());
                    }
                    request.send(body.as_bytes())
                }
                None => {
                    let mut request = agent.get(&call.url);
                    if let Some((name, secret)) = call.header {
                        request = request.header(name, secret.expose_secret());
                    }
                    request.call()
                }
            };
            read(reply, call.operation, &way)
        };
        let mut reply = send();
        for pause in call.pauses {
            let busy = match &reply {
                Ok(reply) => is_busy(reply),
                Err(error) => error.is_connection() || error.is_broken(),
            };
            if !busy {
                break;
            }
            (self.pause)(Duration::from_millis(*pause));
            reply = send();
        }
        reply
    }

    /// Sends a form without a signature.
    pub(crate) fn post(
        &self,
        operation: &'static str,
        url: &str,
        fields: &[(String, String)],
    ) -> Result<Reply, StsError> {
        let (host, _) = host_and_path(url);
        let body = form(fields);
        let (agent, way) = self.agent_for(host);
        let request = self.within(agent.post(url));
        read(request.header("content-type", FORM).send(body.as_bytes()), operation, &way)
    }

    /// What answers on this machine or its link: no proxy reaches it.
    pub(crate) fn near(&self) -> &ureq::Agent {
        &self.direct
    }

    /// A proxy is for the world outside, not for a test server on this machine. With it the name for messages: what a proxy
    /// refuses is not said by AWS.
    fn agent_for(&self, authority: &str) -> (&ureq::Agent, String) {
        let host = host_of(authority);
        match &self.outside {
            Some(outside) if !is_this_machine(host) && !outside.is_passed_by(host, authority) => {
                (&self.agent, format!("{authority} through the proxy {}", outside.name))
            }
            _ => (&self.direct, authority.to_owned()),
        }
    }
}

/// Sends a request; with `left` the whole exchange takes no longer.
fn run<B: ureq::AsSendBody>(
    agent: &ureq::Agent,
    request: ureq::http::Request<B>,
    left: Option<Duration>,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    match left {
        Some(left) => agent.run(agent.configure_request(request).timeout_global(Some(left)).build()),
        None => agent.run(request),
    }
}

type Config = ureq::config::ConfigBuilder<ureq::typestate::AgentScope>;

fn config(roots: &RootCerts) -> Config {
    ureq::Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots.clone()).build())
        .http_status_as_error(false)
        .max_redirects(0)
}

fn roots(certificates: Option<&[u8]>) -> Result<RootCerts, StsError> {
    let Some(pem) = certificates else { return Ok(RootCerts::WebPki) };
    let found: Vec<_> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() { Err(StsError::NoCertificates) } else { Ok(RootCerts::Specific(Arc::new(found))) }
}

/// Why there is no whole answer.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// What happened, and with whom.
    pub(crate) what: String,
    /// Whether AWS may have got the request.
    pub(crate) sent: bool,
    /// The same, for programs.
    pub(crate) lost: Lost,
}

impl Trouble {
    fn of(source: &ureq::Error, way: &str) -> Self {
        let Told { what, connection, lost } = told(source);
        Self { what: format!("{what} ({way})"), sent: !connection, lost }
    }
}

pub(crate) fn read(
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    operation: &'static str,
    host: &str,
) -> Result<Reply, StsError> {
    let failed = |source: ureq::Error| StsError::network(operation, host, &source);
    let mut response = response.map_err(failed)?;
    let date = response.headers().get("date").and_then(|value| value.to_str().ok()).and_then(http_date);
    let error_type =
        response.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(MOST_BYTES).read_to_string().map_err(failed)?;
    Ok(Reply { status, date, error_type, body: Zeroizing::new(body) })
}

fn is_busy(reply: &Reply) -> bool {
    reply.status >= 500 || reply.status == 429 || reply.body.contains("<Code>Throttling")
}

/// `https://host:port/path` → `host:port`, `/path`
pub(crate) fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.find('/') {
        Some(slash) => rest.split_at_checked(slash).unwrap_or((rest, "")),
        None => (rest, ""),
    }
}

/// RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(host_and_path("https://sts.amazonaws.com"), ("sts.amazonaws.com", ""));
        assert_eq!(host_and_path("http://127.0.0.1:45/x/y"), ("127.0.0.1:45", "/x/y"));
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap().to_string(), "1994-11-06T08:49:37Z");
    }

    #[test]
    fn a_bundle_without_certificates_is_refused() {
        assert!(matches!(Client::new(Some(b"nothing")), Err(StsError::NoCertificates)));
        assert!(Client::new(None).is_ok());
    }
}
