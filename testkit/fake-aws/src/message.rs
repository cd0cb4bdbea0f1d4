//! What goes over the wire, as values: requests, replies, and the parameters of the query protocol.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// A request as it came.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// The path as sent, percent signs and all.
    pub path: String,
    /// What stands after the question mark, as sent.
    pub query: String,
    /// Header names and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Where it came from.
    pub source_ip: IpAddr,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A response, and what becomes of it on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by hand, all of it")]
pub struct Reply {
    /// The response.
    pub response: Response,
    /// How long it is held back.
    pub delay_milliseconds: u64,
    /// The connection breaks before it is sent, though the call was carried out.
    pub is_lost: bool,
}

impl Request {
    /// The value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The parameters of query and body.
    pub(crate) fn parameters(&self) -> Parameters {
        let of_query = form_urlencoded::parse(self.query.as_bytes());
        let of_body = form_urlencoded::parse(&self.body);
        let pairs = of_query.chain(of_body).map(|(name, value)| (name.into_owned(), value.into_owned()));
        Parameters(pairs.collect())
    }
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: String) -> Self {
        Self { status, headers: vec![("Content-Type".to_owned(), content_type.to_owned())], body }
    }

    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    pub(crate) fn with_header(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }
}

/// The parameters of a call: `Tags.member.1.Key` and its like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

/// No list of the API is longer; what comes behind is not looked for.
const LONGEST_LIST: usize = 100;

impl Parameters {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// `TransitiveTagKeys.member.1`, `.2` …
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        (1..=LONGEST_LIST).map_while(|number| self.get(&format!("{name}.member.{number}"))).collect()
    }

    /// One field of a list of structures: `PolicyArns.member.1.arn` …
    pub(crate) fn fields(&self, name: &str, field: &str) -> Vec<&str> {
        (1..=LONGEST_LIST).map_while(|number| self.get(&format!("{name}.member.{number}.{field}"))).collect()
    }

    /// `Tags.member.1.Key` and `Tags.member.1.Value` …
    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        let value = |number: usize| self.get(&format!("Tags.member.{number}.Value")).unwrap_or_default();
        let keys = self.fields("Tags", "Key").into_iter().zip(1..);
        keys.map(|(key, number)| (key.to_owned(), value(number).to_owned())).collect()
    }
}
