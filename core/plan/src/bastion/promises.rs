//! What holds of an estate over all requests, proved, or a request that breaks it.

mod people;
mod roles;

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::access::Access;
use kagimori_id::{AccountId, Arn, ArnParts};
use kagimori_policy::compare;
use kagimori_policy::decision::Answer;
use kagimori_policy::document::Document;
use kagimori_policy::policies::Policies;
use kagimori_policy::request::{Context, Fact, Request};

use super::{Target, spread};
use crate::escalation::Graph;

/// What is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "whoever tells of them has a sentence for each")]
pub enum Promised {
    /// Without MFA the people may only enrol and ask for sessions.
    WithoutMfa,
    /// With MFA they may only look after themselves and become the roles.
    WithMfa,
    /// Nobody else becomes one of the roles.
    NobodyElse,
    /// No role reaches IAM, the organization, or a further role.
    BelowIam,
    /// No role becomes an administrator by way of others.
    NoEscalation,
}

/// A promise and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Promise {
    /// Which.
    pub promised: Promised,
    /// Of how many people or roles it was asked.
    pub asked: usize,
    /// What breaks it.
    pub breaches: Vec<Breach>,
    /// Of whom it cannot be told.
    pub untold: Vec<Untold>,
    /// Those who can bring about anything, because they are administrators where it would be decided, or can become one.
    pub rulers: Vec<String>,
}

/// What breaks a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breach {
    /// Of whom: an ARN.
    pub who: String,
    /// What happens.
    pub what: String,
    /// The request, where it is one.
    pub request: Option<Box<Request>>,
    /// What to change.
    pub fix: String,
}

/// Of whom a promise cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Untold {
    /// Of whom: an ARN.
    pub who: String,
    /// Why.
    pub why: String,
}

/// How a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "proved, broken, or neither")]
pub enum Held {
    /// For every request.
    Proved,
    /// There is a request that breaks it.
    Broken,
    /// Neither.
    Unknown,
}

/// What holds of an estate, at an instant.
pub fn promises(target: &Target, estate: &Estate, now: Timestamp) -> Vec<Promise> {
    let (estate, guessed) = spread::spread(target, estate);
    let graph = Graph::of(&estate, now);
    let [without, with] = people::promises(target, &estate, graph.access());
    let else_ = roles::nobody_else(target, &estate, &graph);
    let below = roles::below_iam(target, graph.access(), &guessed);
    let escalation = roles::no_escalation(target, &graph, &guessed);
    vec![without, with, else_, below, escalation]
}

impl Promise {
    fn new(promised: Promised, asked: usize) -> Self {
        Self { promised, asked, breaches: Vec::new(), untold: Vec::new(), rulers: Vec::new() }
    }

    /// How it stands.
    pub fn held(&self) -> Held {
        match (self.breaches.is_empty(), self.untold.is_empty() && self.asked > 0) {
            (false, _) => Held::Broken,
            (true, true) => Held::Proved,
            (true, false) => Held::Unknown,
        }
    }

    fn untold(&mut self, who: &Arn, why: String) {
        self.untold.push(Untold { who: who.as_str().to_owned(), why });
    }
}

impl Promised {
    /// The promise in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::WithoutMfa => {
                "without MFA the people may only enrol a device, change their password and ask for sessions"
            }
            Self::WithMfa => {
                "with MFA they may, beyond that, only look after their own devices and keys and become these roles"
            }
            Self::NobodyElse => "nobody else becomes one of the roles, and nobody without MFA",
            Self::BelowIam => "no role reaches IAM, the organization, Identity Center, or another role",
            Self::NoEscalation => "no role becomes an administrator by way of what others have",
        }
    }
}

/// `s3:GetObject on arn:…`
fn words(request: &Request) -> String {
    let on = match request.resource.as_str() {
        "*" => String::new(),
        resource => format!(" on {resource}"),
    };
    format!("{}{on}", request.action)
}

/// A witness in the account it is about, where it is one there, too: the proof makes up an account.
fn at_home(
    request: Box<Request>,
    account: AccountId,
    (inner, outer): (&Policies, &Policies),
) -> Box<Request> {
    let Some(arn) = ArnParts::parse(&request.resource) else { return request };
    if arn.account != request.resource_account {
        return request;
    }
    let (made_up, account) = (format!(":{}:", arn.account), account.to_string());
    let moved = Request {
        resource: request.resource.replacen(&made_up, &format!(":{account}:"), 1),
        ..Request::clone(&request)
    };
    let bounded = |side: &Policies| {
        let is_allowed =
            |documents: &[Document]| compare::decide(&moved, documents).answer == Answer::Allowed;
        is_allowed(&side.identity) && (side.boundary.is_empty() || is_allowed(&side.boundary))
    };
    if bounded(inner) && !bounded(outer) { Box::new(moved) } else { request }
}

fn mfa(context: &Context) -> &'static str {
    match context.get("aws:multifactorauthpresent") {
        Fact::One(value) if value.eq_ignore_ascii_case("true") => "with MFA",
        _ => "without MFA",
    }
}

/// The access of what is asked about, and what it comes from, for both files of this module.
type Asked<'a, 'e> = &'a Access<'e>;
