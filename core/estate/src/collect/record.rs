//! `collected.json`: which calls were made, and what became of each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Answer, Ask};
use crate::fact::Silence;

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "answered, refused, or neither")]
pub enum Outcome {
    /// It was answered.
    Answered,
    /// AWS refused it, with this code.
    Refused(String),
    /// No answer came, for this reason.
    Unanswered(Silence),
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// `iam:ListAccessKeys`
    pub call: String,
    /// Whom or what it was about; empty for the whole account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// The file of the snapshot that holds what came; empty when none does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// When it was over.
    pub at: Timestamp,
    /// Pages of the answer.
    pub pages: u32,
    /// Requests that were sent.
    pub attempts: u32,
    /// The ids that AWS gave them.
    pub request_ids: Vec<String>,
}

impl Recorded {
    pub(super) fn of(ask: &Ask, answer: &Answer, at: Timestamp) -> Self {
        let (call, about) = (call(ask), about(ask));
        let file = String::new();
        match answer {
            Answer::Given(given) => Self {
                call,
                about,
                file,
                outcome: Outcome::Answered,
                why: String::new(),
                at: given.earlier.unwrap_or(at),
                pages: given.pages,
                attempts: given.attempts,
                request_ids: given.request_ids.clone(),
            },
            Answer::Failed(failure) => Self {
                call,
                about,
                file,
                outcome: match &failure.code {
                    Some(code) => Outcome::Refused(code.clone()),
                    None => Outcome::Unanswered(failure.silence),
                },
                why: failure.message.clone(),
                at,
                pages: 0,
                attempts: failure.attempts,
                request_ids: failure.request_id.iter().cloned().collect(),
            },
        }
    }

    /// Whether something is not known because of it. That there is none of something is an answer.
    pub fn is_missing(&self) -> bool {
        match &self.outcome {
            Outcome::Answered => false,
            Outcome::Refused(code) => match self.call.as_str() {
                "iam:GetAccountPasswordPolicy" => code != "NoSuchEntity",
                // The machine asks again, or says so itself.
                "iam:GetCredentialReport" => {
                    !matches!(code.as_str(), "ReportNotPresent" | "ReportExpired" | "ReportInProgress")
                }
                call => !super::resources::is_none(call, code) && !super::center::is_none(call, code),
            },
            Outcome::Unanswered(_) => true,
        }
    }

    pub(super) fn key(&self) -> (&str, &str, Timestamp) {
        (&self.call, &self.about, self.at)
    }
}

/// All calls of an account or organization.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// When the first call was wanted.
    pub begun: Timestamp,
    /// When the last was over.
    pub ended: Timestamp,
    /// When AWS made the credential report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_generated: Option<Timestamp>,
    /// Users and roles that were not asked about, because no more were wanted.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// What is not known because of calls that failed; empty when all was answered.
    pub missing: Vec<String>,
    /// The calls.
    pub calls: Vec<Recorded>,
}

impl Record {
    pub(super) fn of(
        begun: Timestamp,
        ended: Timestamp,
        calls: Vec<Recorded>,
        report_is_missing: bool,
    ) -> Self {
        let mut missing: Vec<String> = calls
            .iter()
            .filter(|call| call.is_missing())
            .map(|call| match &call.outcome {
                Outcome::Refused(code) => format!("{}{}: {code}", call.call, of(&call.about)),
                Outcome::Unanswered(Silence::OutOfTime) => {
                    format!("{}{}: the time was over", call.call, of(&call.about))
                }
                _ => format!("{}{}: {}", call.call, of(&call.about), call.why),
            })
            .collect();
        if report_is_missing && !missing.iter().any(|call| call.contains("CredentialReport")) {
            missing.push("iam:GetCredentialReport: the report was not ready in time".to_owned());
        }
        missing.sort();
        missing.dedup();
        Self { begun, ended, report_generated: None, left_out: 0, missing, calls }
    }

    /// Whether every call was answered.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// `iam:ListAccessKeys`
pub(super) fn call(ask: &Ask) -> String {
    format!("{}:{}", ask.service, ask.operation)
}

/// Whom or what a call is about.
pub(super) fn about(ask: &Ask) -> String {
    if let Some(about) = super::center::about(ask) {
        return about;
    }
    let members = ask.input.as_object().into_iter().flatten();
    let mut members = members.filter(|(name, _)| !matches!(name.as_str(), "MaxItems" | "AllUsers"));
    members.find_map(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
}

fn of(about: &str) -> String {
    if about.is_empty() { String::new() } else { format!(" of {about}") }
}
