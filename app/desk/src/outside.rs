//! The few questions that the desk asks of other machines: the witness for its signature, and others for the time.

use std::time::Duration;

use jiff::Timestamp;

/// Whoever does not answer in this time does not answer.
const PATIENCE: Duration = Duration::from_secs(8);
/// The longest answer that is read.
const MOST_BYTES: u64 = 64 * 1024;

fn agent(address: &str) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("kagimori-desk/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(PATIENCE));
    // A proxy is for the world outside, not for a witness on this machine.
    let config = if address.starts_with("http://") { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// Posts a text; the status and the text that came back.
///
/// # Errors
/// A sentence without a beginning.
pub(crate) fn post(address: &str, body: &str) -> Result<(u16, String), String> {
    let answer = agent(address).post(address).header("content-type", "text/plain; charset=utf-8").send(body);
    read(answer)
}

/// Posts a form, with an `Authorization` of its own; the status and the text that came back.
///
/// # Errors
/// A sentence without a beginning.
pub(crate) fn post_form(
    address: &str,
    body: &str,
    authorization: Option<&str>,
) -> Result<(u16, String), String> {
    let request = agent(address)
        .post(address)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json");
    let request = match authorization {
        Some(authorization) => request.header("authorization", authorization),
        None => request,
    };
    read(request.send(body))
}

/// Gets a text.
///
/// # Errors
/// A sentence without a beginning.
pub(crate) fn get(address: &str) -> Result<(u16, String), String> {
    read(agent(address).get(address).call())
}

/// A call of the API of a desk.
///
/// # Errors
/// A sentence without a beginning.
pub(crate) fn call(
    method: &str,
    address: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(u16, String), String> {
    let mut request = ureq::http::Request::builder().method(method).uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.to_owned()).map_err(|error| error.to_string())?;
    read(agent(address).run(request))
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<(u16, String), String> {
    let mut answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string();
    text.map(|text| (status, text)).map_err(|error| error.to_string())
}

/// How far our clock is ahead of another's, in milliseconds, by the `Date` of its answer (RFC 9110 §6.6.1); `None`: it tells no time.
///
/// The date is of a whole second, so that half a second is in the middle; what the way takes is shared by halves.
pub(crate) fn offset_ms(address: &str, now: impl Fn() -> Timestamp) -> Option<i64> {
    let before = now();
    let answer = agent(address).head(address).call().ok()?;
    let after = now();
    let date = answer.headers().get("date")?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_millisecond().checked_add(500)?;
    let ours = before.as_millisecond().checked_add(after.as_millisecond())? / 2;
    ours.checked_sub(theirs)
}
