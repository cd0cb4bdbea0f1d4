//! The answer as JSON: `kagimori.scan`. No field can hold a secret: what is known of one is a word.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kagimori_id::AccountId;
use kagimori_source::{Held, Owner, SecretState, Signing, Written};
use kagimori_terminal::schema::Schema;
use kagimori_tree::{Place, Where};
use serde::Serialize;

use super::answer::{Answer, Judged};
use super::human::sealed;

#[derive(Serialize)]
pub(super) struct Output<'a> {
    schema: Schema,
    now: Timestamp,
    complete: bool,
    systems: &'a [String],
    counts: Counts,
    findings: Vec<Finding<'a>>,
    found_nowhere: Vec<Nowhere<'a>>,
    /// Live keys of the company without `joined`: there is no trail, or there are more than are asked about.
    not_asked: usize,
    sealed: BTreeMap<&'static str, usize>,
    /// Work trees whose history was not read.
    history_not_read: &'a [String],
    problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
struct Counts {
    files: usize,
    blobs: usize,
    commits: usize,
    bytes: u64,
    passed_over: usize,
    documented_examples: usize,
    live: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    uid: &'a str,
    kind: &'static str,
    /// The key id, or what else names it.
    name: &'a str,
    account: Option<AccountId>,
    verdict: &'static str,
    severity: &'static str,
    owner: Option<&'a Owner>,
    expires: Option<Timestamp>,
    secret: Secret,
    counts: bool,
    known: bool,
    waiver: Option<Waived<'a>>,
    systems: Vec<&'a str>,
    /// What estate and trail say: `could`, `did`, `breaks`, `replacement`, `unknown`, as in `kagimori.leaked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<serde_json::Value>,
    places: Vec<Spot<'a>>,
}

#[derive(Serialize)]
struct Secret {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<kagimori_source::Why>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
}

#[derive(Serialize)]
struct Waived<'a> {
    owner: &'a str,
    reason: &'a str,
    expires: String,
}

#[derive(Serialize)]
struct Spot<'a> {
    system: &'a str,
    path: &'a str,
    #[serde(rename = "in")]
    at: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    committed: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_head: Option<bool>,
    line: usize,
    column: usize,
    offset: usize,
    kind: &'static str,
    written: &'a [Written],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secret_lines: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<&'a Signing>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    silenced: bool,
}

#[derive(Serialize)]
struct Nowhere<'a> {
    key_id: &'a str,
    #[serde(flatten)]
    owner: &'a Owner,
}

#[derive(Serialize)]
struct Problem<'a> {
    place: &'a str,
    message: &'a str,
    hint: &'a str,
}

pub(super) fn output<'a>(answer: &'a Answer<'_>) -> Output<'a> {
    let parts = &answer.parts;
    let problem = |problem: &'a kagimori_tree::Problem| Problem {
        place: &problem.place,
        message: &problem.message,
        hint: &problem.hint,
    };
    let of_estate = answer.estate_problems.iter().map(|problem| Problem {
        place: &problem.file,
        message: &problem.message,
        hint: &problem.hint,
    });
    Output {
        schema: Schema { name: "kagimori.scan", version: 1 },
        now: answer.now,
        complete: !answer.is_incomplete(),
        systems: &parts.systems,
        counts: Counts {
            files: parts.counts.files,
            blobs: parts.counts.blobs,
            commits: parts.counts.commits,
            bytes: parts.counts.bytes,
            passed_over: parts.counts.passed_over,
            documented_examples: parts.counts.examples,
            live: answer.findings.iter().filter(|judged| judged.counts()).count(),
        },
        findings: answer.findings.iter().map(|judged| finding(answer, judged)).collect(),
        found_nowhere: answer.nowhere.iter().map(|(key_id, owner)| Nowhere { key_id, owner }).collect(),
        not_asked: answer.unasked,
        sealed: parts.sealed.iter().map(|(kind, count)| (sealed(*kind), *count)).collect(),
        history_not_read: &parts.repositories,
        problems: parts.problems.iter().map(problem).chain(of_estate).collect(),
    }
}

fn finding<'a>(answer: &'a Answer<'_>, judged: &'a Judged<'_>) -> Finding<'a> {
    let finding = &judged.finding;
    let waiver = judged.waiver.map(|waiver| Waived {
        owner: &waiver.owner,
        reason: &waiver.reason,
        expires: waiver.expires.to_string(),
    });
    Finding {
        uid: &finding.uid,
        kind: finding.kind.word(),
        name: &finding.name,
        account: finding.account,
        verdict: finding.verdict.word(),
        severity: finding.severity.word(),
        owner: finding.owner.as_ref(),
        expires: finding.expires,
        secret: secret(&finding.secret),
        counts: judged.counts(),
        known: judged.is_known,
        waiver,
        systems: judged.systems().into_iter().map(|system| answer.system(system)).collect(),
        joined: judged.case.as_ref().map(crate::command::leaked::parts),
        places: finding.places.iter().map(|(held, place)| spot(answer, held, place)).collect(),
    }
}

fn secret(state: &SecretState) -> Secret {
    let (why, of, by) = match state {
        SecretState::Beside(why) => (Some(*why), None, None),
        SecretState::Possible(count) => (None, Some(*count), None),
        SecretState::Encrypted(by) => (None, None, Some(*by)),
        _ => (None, None, None),
    };
    Secret { state: state_word(state), why, of, by }
}

/// The word for what is known of a secret.
pub(super) fn state_word(state: &SecretState) -> &'static str {
    match state {
        SecretState::Proved => "proved",
        SecretState::Beside(_) => "beside",
        SecretState::Possible(_) => "possible",
        SecretState::Encrypted(_) => "encrypted",
        SecretState::SmtpPassword => "smtp-password",
        SecretState::Itself => "itself",
        _ => "not-found",
    }
}

fn spot<'a>(answer: &'a Answer<'_>, held: &'a Held, place: &'a Place) -> Spot<'a> {
    let secret_lines = match &held.beside {
        kagimori_source::Beside::Paired { line, .. } => vec![*line],
        kagimori_source::Beside::Possible(list) => list.iter().map(|(line, _)| *line).collect(),
        _ => Vec::new(),
    };
    let (commit, committed, at_head) = introduced(&place.at);
    Spot {
        system: answer.system(place.system),
        path: &place.path,
        at: where_word(&place.at),
        commit,
        committed,
        at_head,
        line: held.line,
        column: held.column,
        offset: held.offset,
        kind: held.kind.word(),
        written: &held.written,
        secret_lines,
        signed: held.signing.as_ref(),
        silenced: held.silenced,
    }
}

/// The first commit, its instant, and whether `HEAD` has it.
fn introduced(at: &Where) -> (Option<&str>, Option<Timestamp>, Option<bool>) {
    let instant = |seconds: &i64| Timestamp::from_second(*seconds).ok().filter(|_| *seconds > 0);
    match at {
        Where::Commit { commit, seconds, at_head } => {
            (Some(commit.as_str()), instant(seconds), Some(*at_head))
        }
        Where::Unreachable { commit, seconds } => (commit.as_deref(), instant(seconds), Some(false)),
        Where::CommitMessage { commit } => (Some(commit.as_str()), None, None),
        _ => (None, None, None),
    }
}

/// The word for where something stands.
pub(super) fn where_word(at: &Where) -> &'static str {
    match at {
        Where::Link => "link",
        Where::Commit { .. } => "commit",
        Where::Index => "index",
        Where::Unreachable { .. } => "unreachable",
        Where::CommitMessage { .. } => "commit-message",
        Where::TagMessage => "tag-message",
        Where::GitFolder => "git-folder",
        _ => "file",
    }
}
