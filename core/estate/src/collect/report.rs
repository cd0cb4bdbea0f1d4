//! The credential report: AWS makes it when asked, and says by refusals how far it is.
//!
//! `GetCredentialReport` answers `ReportNotPresent` (410), `ReportExpired` (410, after four hours) or `ReportInProgress` (404);
//! `GenerateCredentialReport` says `STARTED`, `INPROGRESS`, `COMPLETE`, or `LimitExceeded` when AWS has no room for it (IAM API
//! Reference; the last was seen in the field: cq-provider-aws#1001).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Answer;

/// AWS keeps a report for four hours and makes no other before.
const YOUNG: SignedDuration = SignedDuration::from_hours(4);
const FIRST_PAUSE: SignedDuration = SignedDuration::from_millis(500);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(8);

/// What is to be done for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// GetCredentialReport
    Get,
    /// GenerateCredentialReport
    Generate,
    /// The same, not before this instant.
    WaitToGet(Timestamp),
    WaitToGenerate(Timestamp),
    /// It is there.
    Done,
    /// There will be none: AWS refused, or it was not ready in time.
    Missing,
}

/// Under way to a report.
#[derive(Debug)]
pub(super) struct Report {
    deadline: Timestamp,
    pause: SignedDuration,
    /// A report that is older than wanted is better than none.
    asked_for_another: bool,
}

impl Report {
    pub(super) fn until(deadline: Timestamp) -> Self {
        Self { deadline, pause: FIRST_PAUSE, asked_for_another: false }
    }

    /// What follows on the answer of GetCredentialReport.
    pub(super) fn after_get(&mut self, answer: &Answer, now: Timestamp) -> Step {
        match answer {
            Answer::Given(given) => {
                let is_young = generated(&given.value).is_some_and(|at| now.duration_since(at) <= YOUNG);
                if is_young || self.asked_for_another {
                    return Step::Done;
                }
                self.asked_for_another = true;
                Step::Generate
            }
            Answer::Failed(failure) => match failure.code.as_deref() {
                Some("ReportNotPresent" | "ReportExpired") => self.generate(now),
                Some("ReportInProgress") => self.wait(now, Step::WaitToGet),
                _ => Step::Missing,
            },
        }
    }

    /// What follows on the answer of GenerateCredentialReport.
    pub(super) fn after_generate(&mut self, answer: &Answer, now: Timestamp) -> Step {
        match answer {
            Answer::Given(given) => match given.value.get("State").and_then(Value::as_str) {
                Some("COMPLETE") => Step::Get,
                _ => self.wait(now, Step::WaitToGet),
            },
            Answer::Failed(failure) => match failure.code.as_deref() {
                Some("LimitExceeded") => self.wait(now, Step::WaitToGenerate),
                _ => Step::Missing,
            },
        }
    }

    /// Once more only while there is time: a report that is gone whenever it is made would be asked for without end.
    fn generate(&mut self, now: Timestamp) -> Step {
        if self.asked_for_another {
            return self.wait(now, Step::WaitToGenerate);
        }
        self.asked_for_another = true;
        Step::Generate
    }

    fn wait(&mut self, now: Timestamp, step: fn(Timestamp) -> Step) -> Step {
        let at = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if at > self.deadline { Step::Missing } else { step(at) }
    }
}

/// When AWS made a report.
pub(super) fn generated(answer: &Value) -> Option<Timestamp> {
    answer.get("GeneratedTime")?.as_str()?.parse().ok()
}
