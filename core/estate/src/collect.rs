//! What is asked of a live account, in which order, and which files become of the answers: machines without network or clock.
//!
//! `next()` says what is wanted, `take()` takes what became of it; whoever sends may have several calls under way. The files are
//! those of the AWS CLI ([`crate::read`] reads them), so that a collected estate and one from files go through the same readers. A
//! call that failed leaves the message that the CLI prints, never an empty file: what it would have told is then unknown.

mod accessed;
mod account;
mod center;
mod earlier;
mod organization;
mod record;
mod report;
mod resources;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use crate::fact::Silence;
use crate::read::silent;

pub use account::{Account, Options};
pub use earlier::Earlier;
pub use organization::{Member, Organization};
pub use record::{Outcome, Record, Recorded};

/// A call that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// For `take`.
    pub id: usize,
    /// The service as the AWS CLI calls it.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// The input; all pages of the answer are wanted.
    pub input: Value,
    /// The Region, when it is not the caller's.
    pub region: Option<String>,
}

/// What is wanted now.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "who drives the machine must do each of them")]
pub enum Wanted {
    /// A call.
    Ask(Box<Ask>),
    /// Nothing before this instant, unless an answer comes.
    Wait(Timestamp),
    /// Nothing before an answer comes.
    Answer,
    /// Nothing more.
    Nothing,
}

/// What became of a call.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "an answer or none")]
pub enum Answer {
    /// All pages of the answer, as the AWS CLI prints it.
    Given(Given),
    /// None.
    Failed(Failure),
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The answer.
    pub value: Value,
    /// How many pages it had.
    pub pages: u32,
    /// How many requests were sent.
    pub attempts: u32,
    /// The ids that AWS gave the requests.
    pub request_ids: Vec<String>,
    /// When it was given, when that was in an earlier run.
    pub earlier: Option<Timestamp>,
}

/// Why there is none.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// AWS's code, when AWS refused.
    pub code: Option<String>,
    /// Why there is not even a refusal, when there is none.
    pub silence: Silence,
    /// What happened, in a sentence.
    pub message: String,
    /// How many requests were sent.
    pub attempts: u32,
    /// The id that AWS gave the request.
    pub request_id: Option<String>,
}

impl Failure {
    /// The time for it was over before it was asked.
    pub fn out_of_time() -> Self {
        let message = "it was not asked for any more".to_owned();
        Self { silence: Silence::OutOfTime, message, ..Self::default() }
    }
}

/// Calls that wait, are under way, and were answered; `P` says what an answer is for.
#[derive(Debug)]
struct Asks<P> {
    waiting: VecDeque<(P, Ask)>,
    under_way: BTreeMap<usize, (P, Ask)>,
    next_id: usize,
    /// Calls that are to be made, and not before an instant.
    later: Vec<(Timestamp, P, Ask)>,
    /// By file, then in the order of what they are about: whoever answered first.
    files: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    recorded: Vec<Recorded>,
}

impl<P> Asks<P> {
    fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            under_way: BTreeMap::new(),
            next_id: 0,
            later: Vec::new(),
            files: BTreeMap::new(),
            recorded: Vec::new(),
        }
    }

    fn ask(&mut self, purpose: P, service: &'static str, operation: &'static str, input: Value) {
        self.ask_in(purpose, service, operation, input, None);
    }

    fn ask_in(
        &mut self,
        purpose: P,
        service: &'static str,
        operation: &'static str,
        input: Value,
        region: Option<String>,
    ) {
        let ask = Ask { id: self.next_id, service, operation, input, region };
        self.next_id += 1;
        self.waiting.push_back((purpose, ask));
    }

    fn ask_at(
        &mut self,
        at: Timestamp,
        purpose: P,
        service: &'static str,
        operation: &'static str,
        input: Value,
    ) {
        let ask = Ask { id: self.next_id, service, operation, input, region: None };
        self.next_id += 1;
        self.later.push((at, purpose, ask));
    }

    /// Calls whose time has come wait like others; gives when the next one's comes.
    fn due(&mut self, now: Timestamp) -> Option<Timestamp> {
        let later = std::mem::take(&mut self.later);
        let (due, later): (Vec<_>, Vec<_>) = later.into_iter().partition(|(at, ..)| *at <= now);
        self.waiting.extend(due.into_iter().map(|(_, purpose, ask)| (purpose, ask)));
        self.later = later;
        self.later.iter().map(|(at, ..)| *at).min()
    }

    fn next(&mut self) -> Option<Ask>
    where
        P: Clone,
    {
        let (purpose, ask) = self.waiting.pop_front()?;
        self.under_way.insert(ask.id, (purpose, ask.clone()));
        Some(ask)
    }

    /// What an answer was for, written down.
    fn answered(&mut self, id: usize, answer: &Answer, at: Timestamp) -> Option<(P, Ask)> {
        let (purpose, ask) = self.under_way.remove(&id)?;
        self.recorded.push(Recorded::of(&ask, answer, at));
        Some((purpose, ask))
    }

    /// Keeps what a call answered, or what the AWS CLI would have printed instead.
    fn keep(&mut self, file: &str, about: &str, ask: &Ask, answer: &Answer) {
        let bytes = match answer {
            Answer::Given(given) => written(&given.value),
            Answer::Failed(failure) => refusal_text(ask.operation, failure).into_bytes(),
        };
        self.files.entry(file.to_owned()).or_default().insert(about.to_owned(), bytes);
        // What is kept is what was answered last.
        if let Some(recorded) = self.recorded.last_mut() {
            file.clone_into(&mut recorded.file);
        }
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty() && self.later.is_empty()
    }

    fn finished(self) -> (Vec<(String, Vec<u8>)>, Vec<Recorded>) {
        let files =
            self.files.into_iter().map(|(name, parts)| (name, parts.into_values().flatten().collect()));
        let mut recorded = self.recorded;
        recorded.sort_by(|one, other| one.key().cmp(&other.key()));
        (files.collect(), recorded)
    }
}

fn written(value: &Value) -> Vec<u8> {
    // Values are written without fail: their keys are texts.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// As the AWS CLI tells a refusal, or that no answer came.
fn refusal_text(operation: &str, failure: &Failure) -> String {
    let message = failure.message.replace(['\n', '\r'], " ");
    match &failure.code {
        Some(code) => {
            format!("An error occurred ({code}) when calling the {operation} operation: {message}\n")
        }
        None => format!("{}: {operation}: {message}\n", silent(failure.silence)),
    }
}

/// Every call that is made of an account or organization, as IAM names actions, beside those of options.
pub const ACTIONS: [&str; 27] = [
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "iam:GenerateCredentialReport",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetAccountPasswordPolicy",
    "iam:GetAccountSummary",
    "iam:GetCredentialReport",
    "iam:ListAccessKeys",
    "iam:ListAccountAliases",
    "iam:ListMFADevices",
    "iam:ListOpenIDConnectProviders",
    "iam:ListOrganizationsFeatures",
    "iam:ListRoles",
    "iam:ListSAMLProviders",
    "iam:ListSSHPublicKeys",
    "iam:ListServerCertificates",
    "iam:ListServiceSpecificCredentials",
    "iam:ListVirtualMFADevices",
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListPolicies",
    "organizations:ListRoots",
    "organizations:ListTargetsForPolicy",
];

/// The policy of a role that collects with these options: it reads, and nothing else.
pub fn policy(options: &Options) -> Value {
    let mut actions = ACTIONS.to_vec();
    actions.extend(center::ACTIONS);
    if options.last_accessed.is_some() {
        actions.extend(accessed::ACTIONS);
    }
    if options.resource_policies {
        actions.extend(resources::ACTIONS);
    }
    actions.sort_unstable();
    actions.dedup();
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "KagimoriCollects", "Effect": "Allow", "Action": actions, "Resource": "*" }],
    })
}
