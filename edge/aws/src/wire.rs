//! Between values and HTTP: what is sent for an input, and what an answer says. Pure; who sends is `transport`.
//!
//! Inputs and answers are `serde_json::Value`s as the AWS CLI reads and prints them. The rules are those of botocore's
//! `serialize.py` and `parsers.py`, protocol by protocol; `scripts/check-aws-client` compares them call by call.

mod check;
mod json;
mod policy_text;
mod query;
mod read_json;
mod read_xml;
mod refusal;
mod rest;
mod time;
mod xml;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

pub(crate) use self::check::{Wrong, check, with_tokens};
pub(crate) use self::refusal::{Said, said};
use crate::model::{At, Model, Operation, Protocol};

/// A request without host and signature.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pub(crate) method: String,
    /// Encoded, as it is sent.
    pub(crate) path: String,
    /// Neither sorted nor encoded.
    pub(crate) query: Vec<(String, String)>,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Incoming {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The id that AWS gave the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        ["x-amzn-requestid", "x-amz-request-id"].into_iter().find_map(|name| self.header(name))
    }
}

/// What is sent for an input that was checked.
pub(crate) fn outgoing(
    model: &Model,
    name: &str,
    operation: &Operation,
    input: &Value,
) -> Result<Outgoing, Wrong> {
    let shape = operation.input.as_deref().and_then(|shape| model.shape(shape));
    match model.metadata.protocol {
        Protocol::Query => query::outgoing(model, name, shape, input),
        Protocol::Json => json::outgoing(model, name, shape, input),
        Protocol::RestJson | Protocol::RestXml => rest::outgoing(model, operation, shape, input),
    }
}

/// What an answer that is no refusal says, as the AWS CLI prints it.
pub(crate) fn value(
    model: &Model,
    service: &str,
    name: &str,
    operation: &Operation,
    answer: &Incoming,
) -> Result<Value, Unreadable> {
    let protocol = model.metadata.protocol;
    // A page of a proxy that asks to sign in says 200, too.
    let is_aws_s = match protocol {
        Protocol::Query => read_xml::is_of(name, answer),
        _ => answer.request_id().is_some() || read_json::is_object(answer),
    };
    if !is_aws_s {
        return Err(Unreadable("answer of AWS"));
    }
    let Some(shape) = operation.output.as_deref().and_then(|shape| model.shape(shape)) else {
        return Ok(Value::Object(Map::new()));
    };
    let mut value = match protocol {
        Protocol::Query => read_xml::of_query(shape, operation.wrapper.as_deref(), answer)?,
        Protocol::Json => read_json::of_body(shape, answer)?,
        Protocol::RestJson | Protocol::RestXml => rest::value(protocol, shape, answer)?,
    };
    if service == "iam" {
        policy_text::decode(&mut value, shape);
    }
    Ok(value)
}

/// An answer that is not one of this operation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) &'static str);

/// The members of an input; those that are null are not given.
fn given<'v, 'm>(at: At<'m>, input: &'v Value) -> impl Iterator<Item = (&'m str, At<'m>, &'v Value)> {
    let values = input.as_object().into_iter().flatten();
    values.filter_map(move |(name, value)| {
        let (name, _) = at.shape.members.get_key_value(name)?;
        Some((name.as_str(), at.named(name)?, value)).filter(|(_, _, value)| !value.is_null())
    })
}
