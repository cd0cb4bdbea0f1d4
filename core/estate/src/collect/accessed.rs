//! Which services a user or role tried to use, and when last: AWS makes that of each in a job that is asked about until it is done.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Answer, Failure};
use crate::fact::Silence;

/// A job took a second, eight for all services of a large account.
const PATIENCE: SignedDuration = SignedDuration::from_secs(120);
const FIRST_PAUSE: SignedDuration = SignedDuration::from_millis(500);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(8);

/// What is allowed for it, beside what a review always needs.
pub(super) const ACTIONS: [&str; 2] =
    ["iam:GenerateServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails"];

/// A job that is under way.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) file: String,
    pub(super) until: Timestamp,
    pause: SignedDuration,
}

/// What follows on an answer about a job.
pub(super) enum Next {
    /// Ask again, not before this instant.
    Again(Timestamp, Job),
    /// It was done, or there will be nothing: this is kept.
    Over(Answer),
}

impl Job {
    pub(super) fn of(file: String, now: Timestamp) -> Self {
        Self { file, until: now + PATIENCE, pause: FIRST_PAUSE }
    }

    pub(super) fn after(mut self, answer: &Answer, now: Timestamp) -> Next {
        let Answer::Given(given) = answer else { return Next::Over(answer.clone()) };
        match given.value.get("JobStatus").and_then(Value::as_str) {
            Some("IN_PROGRESS") => {
                let at = now + self.pause;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                if at <= self.until {
                    Next::Again(at, self)
                } else {
                    Next::Over(lost("the job was not done in time"))
                }
            }
            // The reader tells a job that failed.
            _ => Next::Over(answer.clone()),
        }
    }
}

pub(super) fn lost(message: &str) -> Answer {
    Answer::Failed(Failure { silence: Silence::TooLong, message: message.to_owned(), ..Failure::default() })
}

/// Of a job the id, or nothing.
pub(super) fn id(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Given(given) => given.value.get("JobId")?.as_str().map(str::to_owned),
        Answer::Failed(_) => None,
    }
}

pub(super) fn input(id: &str) -> Value {
    json!({ "JobId": id, "MaxItems": 1000 })
}

/// Users, then roles, by name: the ARN of each, and its file. AWS's own roles (`/aws-service-role/`) are nobody's to change.
pub(super) fn whom(details: &Value) -> Vec<(String, String)> {
    let named = |list: &str, name: &str, folder: &str| {
        let entries = details.get(list).and_then(Value::as_array).into_iter().flatten();
        let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_awss =
            |entry: &&Value| text(entry, "Path").is_some_and(|path| path.starts_with("/aws-service-role/"));
        let one = |entry: &Value| {
            Some((text(entry, "Arn")?, format!("last-accessed/{folder}/{}.json", text(entry, name)?)))
        };
        let mut all: Vec<_> = entries.filter(|entry| !is_awss(entry)).filter_map(one).collect();
        all.sort_by(|one, other| one.1.cmp(&other.1));
        all
    };
    let mut all = named("UserDetailList", "UserName", "user");
    all.extend(named("RoleDetailList", "RoleName", "role"));
    all
}
