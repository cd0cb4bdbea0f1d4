//! `--sql`: a question as SQL over the lake's tables, for other engines: the rows and columns of the answer, without those
//! that this program alone works out (`use`, `callers`). `scripts/check-sql` runs every question and compares.
//!
//! The text is the same for all engines but for the few functions that have other names; DuckDB reads the files themselves.

mod tables;

use std::fmt::Write;
use std::path::Path;

use kagimori_trail::event::SIGN_INS;
use kagimori_trail::selection::{Only, Selection, Who};

use super::{Question, View};
use crate::args::SqlEngine;

pub(super) use tables::tables;

/// Calls of users, roles and root: what services do for themselves, or with root's identity, is no use of a principal.
const OF_PRINCIPALS: &str = "
    AND (principal LIKE 'arn:%:iam::%:user/%' OR principal LIKE 'arn:%:iam::%:role/%'
      OR principal LIKE 'arn:%:sts::%:assumed-role/%' OR principal LIKE 'arn:%:iam::%:root'
      OR principal LIKE '____________:assumed-root')";

/// Whoever signed in: a user or root, whose name alone may be told, a session, a person of Identity Center.
const OF_SIGNERS: &str = "
    AND signed_in IS NOT NULL
    AND (principal LIKE 'arn:%:iam::%:user/%' OR principal LIKE 'arn:%:iam::%:root' OR principal LIKE 'arn:%:iam::%:role/%'
      OR principal LIKE 'arn:%:sts::%:assumed-role/%' OR principal LIKE '____________:user/%'
      OR coalesce(id_type, '') IN ('Unknown', 'IdentityCenterUser'))";

/// Who signs in: a session by its own ARN, a person of Identity Center by the id there.
const SIGNER: &str = "CASE WHEN coalesce(id_type, '') IN ('Unknown', 'IdentityCenterUser')
        THEN caller_account || ':identity-center/' || coalesce(on_behalf_of, user_name)
      WHEN arn LIKE 'arn:%:sts::%' THEN arn ELSE principal END";

/// The columns that questions are asked of, and which rows are calls; `copy` names a copy for another account than the caller's.
const CALLS: &str = "
  SELECT event_time, PRINCIPAL AS principal, event_source, event_name, error_code, source_ip, read_only, signed_in, sign_in_mfa,
    shared_event_id, CASE WHEN shared_event_id IS NOT NULL AND account IS DISTINCT FROM caller_account
      THEN account || ' ' || coalesce(event_id, '') END AS copy
  FROM kagimori_events
  WHERE is_update = false AND KIND
    AND NOT ((principal LIKE 'arn:%:root' OR principal LIKE '%:assumed-root') AND ((invoked_by IS NOT NULL AND invoked_by NOT LIKE 'signin.amazonaws.com%')
      OR coalesce(id_type, '') = 'AWSService'))";

/// Of a call that several accounts got a copy of (`sharedEventID`) the caller's own, else one of the others.
const COUNTED: &str = "
  FROM calls
  WHERE copy IS NULL OR copy IN (
    SELECT min(copy) FROM calls WHERE shared_event_id IS NOT NULL
    GROUP BY shared_event_id HAVING count(copy) = count(*))";

/// `s3:GetObject`.
const ACTION: &str = "regexp_replace(event_source, '\\.amazonaws\\.com$', '') || ':' || event_name AS action";

/// A root user by its account, as the answer to what was refused names it.
const NAMED: &str = "CASE WHEN principal LIKE 'arn:%:root' THEN split_part(principal, ':', 5) || ':root' \
                     ELSE principal END AS principal";

/// The SQL of a question.
pub(super) fn text(engine: SqlEngine, question: &Question, directory: &Path) -> String {
    let mut text = "WITH ".to_owned();
    if engine == SqlEngine::Duckdb {
        let files = tables::files(&directory.join("lake").to_string_lossy(), "events");
        let _ = write!(text, "kagimori_events AS (\n  SELECT * FROM {files}\n), ");
    }
    let place = conditions(&question.selection);
    let calls = |whose: &str| {
        let is_of_signers = whose == OF_SIGNERS;
        let who = if is_of_signers { SIGNER } else { "principal" };
        // What Identity Center tells of its sign-ins are events of its own.
        let kind =
            if is_of_signers { "true" } else { "lower(coalesce(event_type, '')) <> 'awsserviceevent'" };
        let calls = CALLS.replace("PRINCIPAL", who).replace("KIND", kind);
        format!("calls AS ({calls}{whose}{place}\n), ")
    };
    text += &match question.view {
        View::Principals => calls(OF_PRINCIPALS) + &principals(),
        // Whose a long-term key is, another account's too, its own row says.
        View::Actions if is_long_term(&question.selection) => {
            calls("") + &actions(engine, question.selection.access_key.as_deref())
        }
        View::Actions => calls(OF_PRINCIPALS) + &actions(engine, question.selection.access_key.as_deref()),
        View::Denied { .. } => calls(OF_PRINCIPALS) + &denied(),
        View::Console => calls(OF_SIGNERS) + &console(),
        View::Coverage => coverage(engine, &question.selection, &place),
    };
    text.push_str(";\n");
    text
}

fn is_long_term(selection: &Selection) -> bool {
    selection.access_key.as_deref().is_some_and(|key| key.starts_with("AKIA"))
}

fn principals() -> String {
    format!(
        "counted AS (
  SELECT principal AS arn, principal, {ACTION}, event_source, event_time, error_code, source_ip, read_only{COUNTED}
)
SELECT principal,
  CASE WHEN arn LIKE 'arn:%:user/%' THEN 'user' WHEN arn LIKE 'arn:%:root' THEN 'root'
    WHEN arn LIKE '%:assumed-root' THEN 'assumed-root' ELSE 'role' END AS kind,
  count(*) AS calls, count(error_code) AS failed,
  sum(CASE WHEN error_code IS NULL AND read_only = false AND event_source <> 'signin.amazonaws.com' THEN 1 ELSE 0 END)
    AS writes,
  count(DISTINCT action) AS actions, count(DISTINCT source_ip) AS addresses,
  min(event_time) AS \"first\", max(event_time) AS \"last\"
FROM counted
GROUP BY principal, arn
ORDER BY calls DESC, principal"
    )
}

/// Of a long-term key, what was done with it is told together: a user that was renamed has two ARNs.
fn actions(engine: SqlEngine, key: Option<&str>) -> String {
    let principal = match key.filter(|key| key.starts_with("AKIA")) {
        Some(key) => {
            let owner = "(SELECT min(principal) FROM calls WHERE principal LIKE 'arn:%')";
            format!("{} || coalesce(' of ' || {owner}, '') AS principal", quoted(key))
        }
        None => "principal".to_owned(),
    };
    let errors = joined(
        engine,
        ", ",
        "error_code || ' ' || CAST(calls AS VARCHAR)",
        "error_code",
        "error_code IS NOT NULL",
    );
    format!(
        "counted AS (
  SELECT {principal}, {ACTION}, event_time, error_code{COUNTED}
), ends AS (
  SELECT principal, action, error_code, count(*) AS calls, min(event_time) AS \"first\", max(event_time) AS \"last\"
  FROM counted GROUP BY principal, action, error_code
)
SELECT principal, action, sum(calls) AS calls, sum(CASE WHEN error_code IS NULL THEN calls ELSE 0 END) AS succeeded,
  {errors} AS errors,
  min(\"first\") AS \"first\", max(\"last\") AS \"last\"
FROM ends
GROUP BY principal, action
ORDER BY principal, action"
    )
}

fn denied() -> String {
    format!(
        "counted AS (
  SELECT {NAMED}, {ACTION}, error_code AS error, event_time{COUNTED}
)
SELECT principal, action, error, count(*) AS calls, min(event_time) AS \"first\", max(event_time) AS \"last\"
FROM counted
GROUP BY principal, action, error
ORDER BY calls DESC, principal, action, error"
    )
}

/// Sign-ins that tell only a name are the user's of that name in the account, when another tells the ARN.
fn console() -> String {
    // `MFAUsed` is `No` for whoever comes from an identity provider.
    let own = "principal NOT LIKE 'arn:%:sts::%' AND principal NOT LIKE 'arn:%:role/%'";
    format!(
        "counted AS (
  SELECT principal, event_time, signed_in, sign_in_mfa{COUNTED}
), named AS (
  SELECT split_part(principal, ':', 5) || ':user/' || regexp_replace(principal, '^.*/', '') AS name, max(principal) AS arn
  FROM counted WHERE principal LIKE 'arn:%:user/%' GROUP BY 1
)
SELECT coalesce(arn, principal) AS who, sum(CASE WHEN signed_in THEN 1 ELSE 0 END) AS succeeded,
  sum(CASE WHEN signed_in AND sign_in_mfa = false AND {own} THEN 1 ELSE 0 END) AS without_mfa,
  sum(CASE WHEN signed_in THEN 0 ELSE 1 END) AS failed,
  max(CASE WHEN signed_in THEN event_time END) AS last_success,
  max(CASE WHEN signed_in AND sign_in_mfa = false AND {own} THEN event_time END) AS last_without_mfa
FROM counted LEFT JOIN named ON named.name = counted.principal
GROUP BY 1
ORDER BY 1"
    )
}

/// Days without an event are a hole: of those that were asked for, else between the first and the last of the account's.
fn coverage(engine: SqlEngine, selection: &Selection, place: &str) -> String {
    let holes = joined(engine, " ", "hole", "next", "hole IS NOT NULL");
    let edge = |asked: Option<i64>, own: &str| match asked {
        Some(seconds) => format!("DATE '{}'", day(seconds)),
        None => format!("{own}(CAST(day AS DATE)) OVER (PARTITION BY account)"),
    };
    let (begin, end) = (edge(selection.since, "min"), edge(selection.until.map(|until| until - 1), "max"));
    format!(
        "days AS (
  SELECT coalesce(account, caller_account, '') AS account, coalesce(region, '') AS region, day, count(*) AS events,
    min(event_time) AS first_event, max(event_time) AS last_event
  FROM kagimori_events
  WHERE is_update = false{place}
  GROUP BY 1, 2, 3
), gaps AS (
  SELECT account, region, day, events, first_event, last_event, CAST(day AS DATE) AS today, {begin} AS begin_day, {end} AS end_day,
    lag(CAST(day AS DATE)) OVER (PARTITION BY account, region ORDER BY day) AS earlier,
    lead(CAST(day AS DATE)) OVER (PARTITION BY account, region ORDER BY day) AS later
  FROM days
), spans AS (
  SELECT account, region, day, events, first_event, last_event,
    coalesce(earlier, CAST(begin_day - INTERVAL '1' DAY AS DATE)) AS before, today AS next
  FROM gaps
  UNION ALL
  SELECT account, region, NULL, NULL, NULL, NULL, today, CAST(end_day + INTERVAL '1' DAY AS DATE) FROM gaps WHERE later IS NULL
), holes AS (
  SELECT account, region, day, events, first_event, last_event, next, date_diff('day', before, next) - 1 AS days_without,
    CASE date_diff('day', before, next) WHEN 1 THEN NULL
      WHEN 2 THEN CAST(CAST(before + INTERVAL '1' DAY AS DATE) AS VARCHAR)
      ELSE CAST(CAST(before + INTERVAL '1' DAY AS DATE) AS VARCHAR) || '..' ||
        CAST(CAST(next - INTERVAL '1' DAY AS DATE) AS VARCHAR) END AS hole
  FROM spans
)
SELECT account, region, min(day) AS \"first\", max(day) AS \"last\", min(first_event) AS first_event,
  max(last_event) AS last_event, count(day) AS days, sum(events) AS events,
  coalesce(sum(days_without), 0) AS days_without,
  {holes} AS \"without\"
FROM holes
GROUP BY account, region
ORDER BY account, region"
    )
}

/// Texts of a group as one, in an order.
fn joined(engine: SqlEngine, between: &str, text: &str, order: &str, which: &str) -> String {
    match engine {
        SqlEngine::Duckdb => {
            format!("coalesce(string_agg({text}, '{between}' ORDER BY {order}) FILTER (WHERE {which}), '')")
        }
        SqlEngine::Athena | SqlEngine::Trino => {
            format!(
                "coalesce(array_join(array_agg({text} ORDER BY {order}) FILTER (WHERE {which}), '{between}'), '')"
            )
        }
    }
}

/// ` AND …` for each condition.
fn conditions(selection: &Selection) -> String {
    let mut text = String::new();
    let mut and = |condition: String| {
        let _ = write!(text, "\n    AND {condition}");
    };
    let name = |name: &str| {
        format!("principal LIKE '%/%' AND regexp_replace(principal, '^.*/', '') = {}", quoted(name))
    };
    match &selection.who {
        None => {}
        Some(Who::Exactly(principal)) => and(format!("principal = {}", quoted(principal))),
        Some(Who::AnyOf(principals)) => {
            let principals: Vec<String> = principals.iter().map(|principal| quoted(principal)).collect();
            and(format!("principal IN ({})", principals.join(", ")));
        }
        Some(Who::Named(named)) => and(name(named)),
        Some(Who::Role(role)) => {
            and(name(role));
            and("(principal LIKE '%:role/%' OR principal LIKE '%:assumed-role/%')".to_owned());
        }
    }
    if let Some(key) = &selection.access_key {
        and(format!("access_key_id = {}", quoted(key)));
    }
    if let Some(account) = &selection.account {
        and(format!("coalesce(account, caller_account) = {}", quoted(&account.to_string())));
    }
    match selection.only {
        Only::All => {}
        Only::Denied => and("outcome = 'denied'".to_owned()),
        Only::SignIns => {
            let names: Vec<String> = SIGN_INS.iter().map(|name| quoted(name)).collect();
            and(format!("event_name IN ({})", names.join(", ")));
        }
        Only::Root => and("(principal LIKE 'arn:%:root' OR principal LIKE '%:assumed-root')".to_owned()),
    }
    // Days are folders: what lies outside is not opened.
    if let Some(since) = selection.since {
        and(format!("day >= '{}'", day(since)));
    }
    if let Some(until) = selection.until {
        and(format!("day <= '{}'", day(until - 1)));
    }
    text
}

/// The day (UTC) of a second.
fn day(seconds: i64) -> String {
    let instant = jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string();
    instant.get(..10).unwrap_or_default().to_owned()
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
