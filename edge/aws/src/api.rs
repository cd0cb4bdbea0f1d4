//! Calls of AWS's APIs by name, as the tables have them: `Api::call("iam", "UpdateAccessKey", input)`.
//!
//! A call is checked against its shape, signed, sent, sent again where `retry` says so, and read. What comes back is the JSON
//! that the AWS CLI prints for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use kagimori_id::hex;
use kagimori_session::endpoint::Variant;
use serde_json::{Map, Value};

use crate::address::{Address, address};
use crate::credentials::{Credentials, CredentialsError, Held};
use crate::error::without_request;
use crate::failure::{CallError, Lost, Name, Refusal};
use crate::model::{Model, Operation, model};
use crate::pace::Pace;
use crate::pages::{Endless, Gathered};
use crate::retry::{Attempts, Ending, Next, Quota, is_throttled, retry_after};
use crate::sign::{Message, query, sign};
use crate::transport::{Client, Trouble, host_and_path};
use crate::wire::{Incoming, Outgoing, Said, Wrong, check, outgoing, said, value, with_tokens};

/// Clocks that differ by less are no reason of a refusal (AWS allows five minutes).
const WRONG_CLOCK_SECONDS: i64 = 240;
/// No answer of AWS has more pages.
const MOST_PAGES: u32 = 100_000;
/// Beginnings of the names of operations that change nothing that a second call would change again.
const READS: [&str; 9] =
    ["Get", "List", "Describe", "Lookup", "Generate", "Simulate", "Validate", "Select", "Assume"];

/// How an [`Api`] goes about its calls.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The Region of the calls; AWS's own where a service has one address.
    pub region: Option<String>,
    /// FIPS, dual-stack.
    pub variant: Variant,
    /// Addresses that were set, by the service's name in `AWS_ENDPOINT_URL_<SERVICE>`, in small letters.
    pub set: BTreeMap<String, String>,
    /// Attempts of one call, the first included; botocore's three where nobody says.
    pub attempts: Option<u32>,
}

/// The APIs, for one caller in one Region.
#[derive(Debug, Clone)]
pub struct Api {
    client: Arc<Client>,
    credentials: Arc<Credentials>,
    settings: Settings,
    shared: Arc<Shared>,
    pace: Arc<Pace>,
    /// From then on nothing is sent, and nothing waited for.
    until: Option<Instant>,
}

/// What all calls of a client share, whoever makes them.
#[derive(Debug, Default)]
struct Shared {
    quota: Mutex<Quota>,
    /// Seconds that AWS's clock is ahead of ours, once a refusal has told.
    ahead: AtomicI64,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What the AWS CLI prints.
    pub value: Value,
    /// The ids that AWS gave the requests, a page each.
    pub request_ids: Vec<String>,
    /// How many requests were sent.
    pub attempts: u32,
    /// How many pages there are.
    pub pages: u32,
}

struct Row<'a> {
    name: Name,
    model: &'static Model,
    operation: &'static Operation,
    address: Address,
    service: &'a str,
}

impl Api {
    /// The APIs for a caller.
    #[must_use]
    pub fn new(client: Arc<Client>, credentials: Arc<Credentials>, settings: Settings) -> Self {
        Self { client, credentials, settings, shared: Arc::default(), pace: Arc::default(), until: None }
    }

    /// The same for another caller: connections and the clock stay shared; how fast calls may follow each other, and what may be
    /// spent on retries, is an account's own.
    #[must_use]
    pub fn with_credentials(&self, credentials: Arc<Credentials>) -> Self {
        let ahead = self.shared.ahead.load(Ordering::Relaxed).into();
        let shared = Arc::new(Shared { quota: Mutex::default(), ahead });
        Self { credentials, shared, pace: Arc::default(), ..self.clone() }
    }

    /// The same in another Region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let settings = Settings { region: Some(region.to_owned()), ..self.settings.clone() };
        Self { settings, ..self.clone() }
    }

    /// The same until an instant: from then on no call is sent, and no answer is waited for.
    #[must_use]
    pub fn until(&self, until: Instant) -> Self {
        Self { until: Some(until), ..self.clone() }
    }

    /// What signs a call at this moment, for whoever calls AWS by another client.
    ///
    /// # Errors
    /// Says which source has none, and what to do.
    pub fn signer(&self) -> Result<Held, CredentialsError> {
        self.credentials.get(&self.client, Timestamp::now())
    }

    /// The address that was set for a service in place of AWS's own, by its name in `AWS_ENDPOINT_URL_<SERVICE>`, in small letters.
    #[must_use]
    pub fn set_address(&self, id: &str) -> Option<&str> {
        self.settings.set.get(id).map(String::as_str)
    }

    /// The Region of the calls, if one was set.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.settings.region.as_deref()
    }

    /// Where each service is called, and for which Region it is signed; without the services that have no such address.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, (String, String))> {
        crate::model::services().filter_map(|service| {
            let settings = &self.settings;
            let found = address(model(service)?, settings.region.as_deref(), settings.variant, &settings.set);
            found.ok().map(|address| (service, (address.url, address.signing_region)))
        })
    }

    /// One call, one page. `service` and `operation` are called as in `aws SERVICE` and AWS's API reference; the input is
    /// what `--cli-input-json` takes.
    ///
    /// # Errors
    /// [`CallError::may_be_done`] tells whether AWS may have done it all the same.
    pub fn call(&self, service: &str, operation: &str, input: &Value) -> Result<Value, CallError> {
        self.page(service, operation, input).map(|reply| reply.value)
    }

    /// The same with what is known of the exchange.
    ///
    /// # Errors
    /// As of [`Api::call`].
    pub fn page(&self, service: &str, operation: &str, input: &Value) -> Result<Reply, CallError> {
        let row = self.row(service, operation)?;
        self.send(&row, input)
    }

    /// A whole answer, however many pages it has: what the AWS CLI prints.
    ///
    /// # Errors
    /// As of [`Api::call`]; of an answer that breaks off nothing is told.
    pub fn all(&self, service: &str, operation: &str, input: &Value) -> Result<Reply, CallError> {
        let row = self.row(service, operation)?;
        let Some(pages) = &row.operation.pages else { return self.send(&row, input) };
        let mut gathered = Gathered::new(pages);
        let mut whole = Reply { value: Value::Null, request_ids: Vec::new(), attempts: 0, pages: 0 };
        let mut input = input.clone();
        let mut endless = Endless::Circle;
        while whole.pages < MOST_PAGES {
            let reply = self.send(&row, &input)?;
            whole.pages += 1;
            whole.attempts += reply.attempts;
            whole.request_ids.extend(reply.request_ids);
            match gathered.take(&reply.value) {
                Ok(None) => return Ok(Reply { value: gathered.whole(), ..whole }),
                Ok(Some(tokens)) => with_page(&mut input, tokens),
                Err(why) => {
                    endless = why;
                    break;
                }
            }
        }
        let what = endless.words().to_owned();
        let lost = Lost::Broken;
        Err(CallError::Unknown { call: row.name, what, lost, attempts: whole.attempts, request_id: None })
    }

    fn row<'a>(&self, service: &'a str, operation: &str) -> Result<Row<'a>, CallError> {
        let name = Name { service: service.to_owned(), operation: operation.to_owned() };
        let found = model(service).and_then(|model| Some((model, model.operations.get(operation)?)));
        let Some((model, operation)) = found else {
            let what = "is for a call that is in no table".to_owned();
            return Err(CallError::Input { call: name, place: String::new(), what });
        };
        let settings = &self.settings;
        match address(model, settings.region.as_deref(), settings.variant, &settings.set) {
            Ok(address) => Ok(Row { name, model, operation, address, service }),
            Err(what) => Err(CallError::NotSent { call: name, what, lost: Lost::NoConnection, attempts: 0 }),
        }
    }

    fn send(&self, row: &Row<'_>, input: &Value) -> Result<Reply, CallError> {
        let wrong = |Wrong { place, what }| CallError::Input { call: row.name.clone(), place, what };
        let input = with_tokens(row.model, row.operation, input.clone(), token);
        check(row.model, row.operation, &input).map_err(wrong)?;
        let out = outgoing(row.model, &row.name.operation, row.operation, &input).map_err(wrong)?;
        let may_repeat = is_repeatable(row, &input);
        let mut attempts =
            Attempts::new(self.settings.attempts.unwrap_or(crate::DEFAULT_ATTEMPTS), may_repeat);
        let (mut clock_was_set, mut renewed) = (false, false);
        let api = row.name.to_string();
        loop {
            let wait = self.pace.with(&api, |bucket| bucket.take(Timestamp::now()));
            if self.is_over_after(wait) {
                return Err(out_of_time(row, attempts.made()));
            }
            if !wait.is_zero() {
                self.client.pause(wait);
            }
            let (sent, ahead) = match self.once(row, &out) {
                Ok(both) => both,
                // A role that was not handed out because of too many calls is asked for again.
                Err(CallError::Credentials(error)) if error.is_for_now() => {
                    match self.next(&mut attempts, &Ending::NotSent) {
                        Next::Again(pause) if !self.is_over_after(pause) => self.client.pause(pause),
                        _ => return Err(error.into()),
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            let failed = match sent {
                Ok(answer) if (200..300).contains(&answer.status) => match read(row, &answer) {
                    Ok(value) => {
                        self.pace.with(&api, |bucket| bucket.answered());
                        return Ok(self.done(&mut attempts, value, &answer));
                    }
                    Err(what) => Failed::broken(what, &answer),
                },
                Ok(answer) => Failed::refused(row, &answer, &self.credentials),
                Err(trouble) => Failed::trouble(trouble),
            };
            if failed.is_throttled() {
                self.pace.with(&api, |bucket| bucket.refused(Timestamp::now()));
            }
            if !clock_was_set && self.sets_clock(&failed, ahead) {
                clock_was_set = true;
                continue;
            }
            if !renewed && failed.is_expired() && self.credentials.forget() {
                renewed = true;
                continue;
            }
            match self.next(&mut attempts, &failed.ending) {
                Next::Again(pause) if self.is_over_after(pause) => {
                    return Err(failed.error(row, attempts.made()));
                }
                Next::Again(pause) => self.client.pause(pause),
                Next::Stop => return Err(failed.error(row, attempts.made())),
            }
        }
    }

    /// Whether the time is over when so much more of it has gone.
    fn is_over_after(&self, pause: Duration) -> bool {
        self.until.is_some_and(|until| Instant::now() + pause >= until)
    }

    /// One exchange; with it the seconds that the request's clock was ahead of ours.
    fn once(&self, row: &Row<'_>, out: &Outgoing) -> Result<(Result<Incoming, Trouble>, i64), CallError> {
        let ahead = self.shared.ahead.load(Ordering::Relaxed);
        let at = Timestamp::now() + SignedDuration::from_secs(ahead);
        let (host, base) = host_and_path(&row.address.url);
        let path = format!("{}{}", base.trim_end_matches('/'), out.path);
        let mut headers = out.headers.clone();
        if row.service == "s3" {
            let hash = kagimori_id::hex(&<sha2::Sha256 as sha2::Digest>::digest(&*out.body));
            headers.push(("x-amz-content-sha256".to_owned(), hash));
        }
        if !row.operation.unsigned {
            let held = self.credentials.get(&self.client.until(self.until), at)?;
            let message = Message {
                method: &out.method,
                host,
                path: &path,
                query: &out.query,
                headers: &headers,
                body: &out.body,
                region: &row.address.signing_region,
                service: &row.model.metadata.signing_name,
                at,
                signs_path_once: row.model.metadata.signs_path_once,
            };
            let signer = held.signer();
            let signature = sign(&message, &signer);
            headers.push(("x-amz-date".to_owned(), signature.date));
            headers.push(("authorization".to_owned(), signature.authorization));
            headers.extend(
                signer.session_token().map(|token| ("x-amz-security-token".to_owned(), token.to_owned())),
            );
        }
        let mut url = format!("{}{}", row.address.url.trim_end_matches('/'), out.path);
        if !out.query.is_empty() {
            url = format!("{url}?{}", query(&out.query));
        }
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        Ok((self.client.exchange(&out.method, &url, &headers, &out.body, left), ahead))
    }

    fn done(&self, attempts: &mut Attempts, value: Value, answer: &Incoming) -> Reply {
        self.next(attempts, &Ending::Done);
        let request_id = answer.request_id().map(str::to_owned).or_else(|| id_in(&answer.body));
        Reply { value, request_ids: request_id.into_iter().collect(), attempts: attempts.made(), pages: 1 }
    }

    fn next(&self, attempts: &mut Attempts, ending: &Ending) -> Next {
        let mut quota = self.shared.quota.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.next(ending, &mut quota, random())
    }

    /// Whether a refusal says that the clocks differ; then AWS's counts from now on.
    fn sets_clock(&self, failed: &Failed, ahead: i64) -> bool {
        let Some((code, server)) = failed.said.as_ref().map(|said| &said.code).zip(failed.server) else {
            return false;
        };
        // AWS SDKs, "clock skew": codes that mean it, and codes that may.
        let may_mean_it = matches!(
            code.as_str(),
            "RequestTimeTooSkewed"
                | "RequestExpired"
                | "RequestInTheFuture"
                | "InvalidSignatureException"
                | "SignatureDoesNotMatch"
                | "AuthFailure"
        );
        let difference = server.as_second() - Timestamp::now().as_second();
        if !may_mean_it || (difference - ahead).abs() < WRONG_CLOCK_SECONDS {
            return false;
        }
        self.shared.ahead.store(difference, Ordering::Relaxed);
        true
    }
}

/// How one attempt failed.
struct Failed {
    ending: Ending,
    what: String,
    lost: Lost,
    said: Option<Said>,
    request_id: Option<String>,
    /// AWS's clock.
    server: Option<Timestamp>,
}

impl Failed {
    fn refused(row: &Row<'_>, answer: &Incoming, credentials: &Credentials) -> Self {
        let mut said = said(row.model.metadata.protocol, answer);
        said.message = credentials.hide(without_request(&said.message));
        let named = row.operation.errors.contains(&said.code);
        let modeled = row.model.errors.get(&said.code).filter(|_| named).map(|error| error.retry);
        let after = retry_after(answer.header("x-amz-retry-after"), answer.header("retry-after"));
        Self {
            ending: Ending::Refused { code: said.code.clone(), status: answer.status, modeled, after },
            what: String::new(),
            lost: Lost::Inside,
            request_id: said.request_id.clone(),
            said: Some(said),
            server: answer.header("date").and_then(crate::transport::http_date),
        }
    }

    /// An answer that says yes and cannot be read: what was asked was done, or half of it was cut off.
    fn broken(what: String, answer: &Incoming) -> Self {
        Self {
            ending: Ending::Lost { timeout: false },
            what,
            lost: Lost::Broken,
            said: None,
            request_id: answer.request_id().map(str::to_owned),
            server: None,
        }
    }

    fn trouble(trouble: Trouble) -> Self {
        let timeout = trouble.lost == Lost::TooLong;
        let ending = if trouble.sent { Ending::Lost { timeout } } else { Ending::NotSent };
        Self { ending, what: trouble.what, lost: trouble.lost, said: None, request_id: None, server: None }
    }

    fn is_throttled(&self) -> bool {
        match &self.ending {
            Ending::Refused { code, status, modeled, .. } => is_throttled(code, *status, *modeled),
            _ => false,
        }
    }

    fn is_expired(&self) -> bool {
        let code = self.said.as_ref().map(|said| said.code.as_str());
        matches!(code, Some("ExpiredToken" | "ExpiredTokenException"))
    }

    fn error(self, row: &Row<'_>, attempts: u32) -> CallError {
        let (call, request_id, lost) = (row.name.clone(), self.request_id, self.lost);
        match (self.ending, self.said) {
            (Ending::Refused { code, status, modeled, .. }, Some(said)) => {
                let throttled = is_throttled(&code, status, modeled);
                // A 5xx is AWS's own failure, and a page of a proxy is nobody's word about what AWS did.
                if !throttled && (status >= 500 || !said.is_aws_s) {
                    let what = if said.is_aws_s {
                        format!("AWS failed: {} ({code}, HTTP {status})", said.message)
                    } else {
                        format!("the answer is none of AWS's (HTTP {status})")
                    };
                    return CallError::Unknown { call, what, lost, attempts, request_id };
                }
                let refusal = Refusal { call, code, message: said.message, status, request_id, attempts };
                if throttled {
                    CallError::Throttled(Box::new(refusal))
                } else {
                    CallError::Refused(Box::new(refusal))
                }
            }
            (Ending::NotSent, _) => CallError::NotSent { call, what: self.what, lost, attempts },
            _ => CallError::Unknown { call, what: self.what, lost, attempts, request_id },
        }
    }
}

fn out_of_time(row: &Row<'_>, attempts: u32) -> CallError {
    let (call, what) = (row.name.clone(), "the time for it was over".to_owned());
    CallError::NotSent { call, what, lost: Lost::OutOfTime, attempts }
}

fn read(row: &Row<'_>, answer: &Incoming) -> Result<Value, String> {
    value(row.model, row.service, &row.name.operation, row.operation, answer)
        .map_err(|missing| format!("the answer cannot be read: no {} (HTTP {})", missing.0, answer.status))
}

/// Whether a call may be made twice without harm: it reads, or AWS knows it again by its token.
fn is_repeatable(row: &Row<'_>, input: &Value) -> bool {
    let reads = READS.iter().any(|begin| row.name.operation.starts_with(begin));
    let shape = row.operation.input.as_deref().and_then(|shape| row.model.shape(shape));
    let has_token = shape.is_some_and(|shape| {
        shape
            .members()
            .any(|(name, at)| at.is(|member| member.idempotency_token) && input.get(name).is_some())
    });
    reads || has_token
}

fn with_page(input: &mut Value, tokens: Map<String, Value>) {
    if let Value::Object(fields) = input {
        fields.retain(|name, _| !tokens.contains_key(name));
        fields.extend(tokens.into_iter().filter(|(_, token)| !token.is_null()));
    }
}

/// The query protocol tells the request's id in the body.
fn id_in(body: &[u8]) -> Option<String> {
    let text = str::from_utf8(body).ok()?;
    let (_, rest) = text.rsplit_once("<RequestId>")?;
    Some(rest.split_once('<')?.0.to_owned())
}

/// Between 0 and 1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    // Without entropy everybody waits for half the time.
    if getrandom::fill(&mut bytes).is_err() {
        return 0.5;
    }
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

/// A token that no other call has: a UUID of version 4.
fn token() -> String {
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        return Timestamp::now().as_nanosecond().to_string();
    }
    let mut digits = hex(&bytes);
    for (place, digit) in [(12, "4"), (16, "8")] {
        digits.replace_range(place..=place, digit);
    }
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// So that tests need not wait.
impl Client {
    fn pause(&self, pause: Duration) {
        (self.pause)(pause);
    }
}
