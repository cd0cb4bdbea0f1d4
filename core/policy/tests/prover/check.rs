//! Attacks one comparison: a witness must tell the sides apart, and no request may speak against a proof.

use kagimori_policy::catalogue::Catalogue;
use kagimori_policy::compare::{self, Inclusion};
use kagimori_policy::decision::Answer;
use kagimori_policy::document::Document;
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::request::{Context, Fact, Principal, Request};
use kagimori_policy::value::instant;
use kagimori_testkit::pairs::{Pair, Pairs, Probe};
use serde_json::Value;

/// What a pair was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Proved,
    Refuted,
    NotProved,
}

/// Compares the next pair in one direction and attacks the answer with so many requests.
pub(crate) fn attack(pairs: &mut Pairs, probes: usize) -> Kind {
    let pair = pairs.pair();
    let read = |side: &[Value]| -> Vec<Document> {
        side.iter().map(|text| parse(&text.to_string(), Strictness::Lenient).unwrap()).collect()
    };
    let (inner, outer) = (read(&pair.left), read(&pair.right));
    match compare::included(&inner, &outer) {
        Inclusion::Refuted(request) => {
            assert!(allows(&inner, &request), "{pair:?}\n{request:?}");
            assert!(!allows(&outer, &request), "{pair:?}\n{request:?}");
            Kind::Refuted
        }
        Inclusion::Proved => {
            for _ in 0..probes {
                let probe = pairs.probe(&pair);
                if let Some(request) = request(&probe) {
                    let speaks_against = allows(&inner, &request) && !allows(&outer, &request);
                    assert!(!speaks_against, "{}\n{request:?}", shown(&pair));
                }
            }
            Kind::Proved
        }
        Inclusion::NotProved(why) => {
            // The search and the evaluators must agree on what a request is.
            assert!(!why.contains("does not confirm"), "{}\n{why}", shown(&pair));
            Kind::NotProved
        }
    }
}

fn shown(pair: &Pair) -> String {
    format!("{}\n{}", Value::Array(pair.left.clone()), Value::Array(pair.right.clone()))
}

fn allows(documents: &[Document], request: &Request) -> bool {
    compare::decide(request, documents).answer == Answer::Allowed
}

/// Keys that every request of a session has.
const ALWAYS: [(&str, &str); 9] = [
    ("aws:CurrentTime", "2026-06-01T00:00:00Z"),
    ("aws:EpochTime", "1780272000"),
    ("aws:PrincipalAccount", "111122223333"),
    ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/app"),
    ("aws:PrincipalType", "AssumedRole"),
    ("aws:RequestedRegion", "eu-west-1"),
    ("aws:SecureTransport", "true"),
    ("aws:userid", "AROAEXAMPLE:s"),
    ("aws:ViaAWSService", "false"),
];

/// Whether a request can have this fact of a key (`reference_policies_condition-keys`).
fn is_possible(key: &str, fact: &Fact) -> bool {
    let is_list = matches!(key, "aws:TagKeys" | "aws:CalledVia" | "aws:PrincipalOrgPaths");
    let Fact::One(text) = fact else { return is_list };
    match key {
        "aws:SecureTransport"
        | "aws:ViaAWSService"
        | "aws:MultiFactorAuthPresent"
        | "aws:PrincipalIsAWSService" => {
            matches!(text.as_str(), "true" | "false")
        }
        "aws:CurrentTime" | "aws:EpochTime" | "aws:TokenIssueTime" => instant(text).is_some(),
        "aws:SourceIp" | "aws:VpcSourceIp" => text.parse::<std::net::IpAddr>().is_ok(),
        "aws:PrincipalArn" | "aws:SourceArn" => text.starts_with("arn:") && text.split(':').count() >= 6,
        "aws:MultiFactorAuthAge" | "s3:max-keys" => text.parse::<f64>().is_ok(),
        _ => true,
    }
}

/// The request of a probe, if it is one: a known action without resources names none.
fn request(probe: &Probe) -> Option<Request> {
    let catalogue = Catalogue::embedded();
    let (service, name) = probe.action.split_once(':')?;
    let id = catalogue.action(&probe.action);
    let wildcard_only = match id {
        Some(id) if catalogue.needs_resource(id) => false,
        Some(id) => !catalogue.has_resource_types(id) || probe.resource.len().is_multiple_of(2),
        None => probe.resource.len().is_multiple_of(3),
    };
    let mut context = Context::complete();
    for (key, value) in &probe.context {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let fact = match value {
            Value::Array(values) => Fact::Many(values.iter().filter_map(text).collect()),
            value => Fact::One(text(value)?),
        };
        if !is_possible(key, &fact) {
            return None;
        }
        context.set(key, fact);
    }
    for (key, value) in ALWAYS {
        if *context.get(&key.to_lowercase()) == Fact::Absent {
            context.set(key, Fact::One(value.to_owned()));
        }
    }
    let account = "111122223333".to_owned();
    let principal = Principal::Session {
        account: account.clone(),
        role: "app".to_owned(),
        arn: format!("arn:aws:sts::{account}:assumed-role/app/s"),
    };
    let resource = if wildcard_only { "*".to_owned() } else { probe.resource.clone() };
    let is_request = !service.is_empty() && !name.is_empty();
    is_request.then_some(Request {
        principal,
        action: probe.action.clone(),
        resource,
        resource_account: account,
        wildcard_only,
        context,
    })
}
